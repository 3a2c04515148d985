"""A snapshot is the state and nothing else: each part proves itself, and no other is believed."""

import random
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from chain.actions import Pay
from chain.codec import encode
from chain.crypto import compute_hash
from chain.errors import Code, Invalid
from chain.kept import read_rows, read_rows_at
from chain.merkle import Tree, compute_leaf, get_path, verify_proof
from chain.snapshot import (
    PART_BYTES_AIM,
    PART_BYTES_MAX,
    PARTS,
    Part,
    Place,
    Split,
    check_part,
    choose_cuts,
    compute_subtree,
    list_places,
    measure_paths,
)
from chain.store import MemoryStore, StoreError
from node.shelf import fill_shelf
from node.shelf import read_part as find_part
from tests.community import PAI, Community, get_account_id

REFUSED = {Code.BAD_SNAPSHOT, Code.BAD_SNAPSHOT_ROWS}

Rows = list[tuple[bytes, bytes]]


def build_rows(count: int, size: int, seed: int = 1) -> Rows:
    drawn = random.Random(seed)
    return [
        (b"a" + compute_hash(b"row", drawn.randbytes(8)), drawn.randbytes(size))
        for _ in range(count)
    ]


def read_part(shelf: MemoryStore, prefix: str) -> Part:
    part = find_part(shelf, prefix)
    assert part is not None
    return part


def compute_root(rows: Rows) -> bytes:
    tree = Tree()
    tree.apply_update(tree.compute_update(rows))
    return tree.root


def lay_out(rows: Rows) -> tuple[bytes, tuple[Split, ...], MemoryStore]:
    shelf = MemoryStore()
    splits = fill_shelf(shelf, rows)
    return compute_root(rows), splits, shelf


@pytest.mark.parametrize(
    ("count", "size"), [(1, 10), (2, 10), (40, 100), (3_000, 300), (60, 60_000)]
)
def test_the_parts_of_a_state_are_all_its_rows_each_once(count: int, size: int) -> None:
    rows = build_rows(count, size)
    root, splits, shelf = lay_out(rows)
    found: Rows = []
    for place in list_places(root, splits):
        part = read_part(shelf, place.prefix)
        check_part(place, part)
        assert PARTS.decode(encode(part)) == part
        found += part.rows
    assert sorted(found) == sorted(rows)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 17, 300])
def test_the_root_of_leaves_is_that_of_the_tree_which_grew(count: int) -> None:
    rows = build_rows(count, 20)
    leaves = sorted((get_path(key).hex(), compute_leaf(get_path(key), row)) for key, row in rows)
    assert compute_subtree(leaves, 0) == compute_root(rows)


def test_parts_are_no_larger_than_one_answer() -> None:
    rows = build_rows(1_500, 900)
    paths = [(get_path(key), encode((key, row))) for key, row in rows]
    sizes: dict[str, int] = {}
    measure_paths(paths, sizes)
    splits, parts = choose_cuts(sizes)
    assert splits[0] == ""
    assert all(sizes[prefix] <= PART_BYTES_AIM < PART_BYTES_MAX for prefix in parts)
    assert sum(sizes[prefix] for prefix in parts) == sizes[""]


def drop_row(part: Part) -> Part:
    return Part(part.rows[1:])


def change_row(part: Part) -> Part:
    (key, row), *rest = part.rows
    return Part(((key, row + b"x"), *rest))


def add_row(part: Part) -> Part:
    drawn = random.Random(9)
    prefix = get_path(part.rows[0][0]).hex()[0]
    while True:
        key = b"a" + drawn.randbytes(32)
        if get_path(key).hex()[0] == prefix:
            rows = sorted((*part.rows, (key, b"row")), key=lambda item: get_path(item[0]))
            return Part(tuple(rows))


CHANGES: dict[str, Callable[[Part], Part]] = {
    "a row dropped": drop_row,
    "a row changed": change_row,
    "a row added": add_row,
    "rows swapped": lambda part: Part(part.rows[::-1]),
    "a row twice": lambda part: Part((part.rows[0], *part.rows)),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_part_that_is_not_the_state_is_refused(name: str) -> None:
    rows = build_rows(100, 30)
    root, splits, shelf = lay_out(rows)
    places = list_places(root, splits)
    place = max(places, key=lambda item: len(read_part(shelf, item.prefix).rows))
    part = read_part(shelf, place.prefix)
    check_part(place, part)
    with pytest.raises(Invalid) as caught:
        check_part(place, CHANGES[name](part))
    assert caught.value.code is Code.BAD_SNAPSHOT_ROWS


def test_a_part_of_another_place_is_refused() -> None:
    root, splits, shelf = lay_out(build_rows(100, 30))
    first, second, *_ = list_places(root, splits)
    with pytest.raises(Invalid) as caught:
        check_part(first, read_part(shelf, second.prefix))
    assert caught.value.code is Code.BAD_SNAPSHOT_ROWS
    with pytest.raises(Invalid):
        check_part(Place(second.prefix, first.hash), read_part(shelf, second.prefix))


OUTLINES: dict[str, Callable[[tuple[Split, ...]], tuple[Split, ...]]] = {
    "no root": lambda splits: splits[1:],
    "nothing": lambda _: (),
    "order": lambda splits: (splits[0], splits[2], splits[1], *splits[3:]),
    "twice": lambda splits: (splits[0], *splits),
    "stranger": lambda splits: (*splits, Split("ffff", bytes(512))),
    "byte": lambda splits: (
        splits[0],
        replace(splits[1], node=splits[1].node[:-1] + b"x"),
        *splits[2:],
    ),
    "moved": lambda splits: (splits[0], replace(splits[1], prefix="1"), *splits[3:]),
}


@pytest.mark.parametrize("name", OUTLINES)
def test_an_outline_that_does_not_hang_on_the_root_is_refused(name: str) -> None:
    rows = build_rows(6_000, 800)
    root, splits, _ = lay_out(rows)
    assert len(splits) == 17
    assert len(list_places(root, splits)) == 256
    with pytest.raises(Invalid) as caught:
        list_places(root, OUTLINES[name](splits))
    assert caught.value.code is Code.BAD_SNAPSHOT


def grow(community: Community, blocks: int) -> None:
    for index in range(blocks):
        name = f"newcomer {index}"
        pay = Pay(get_account_id(name), PAI, "")
        community.extend([community.sign("emma", pay, fee_max=PAI)])


def test_the_state_after_an_earlier_block_is_read_while_the_chain_goes_on() -> None:
    community = Community()
    grow(community, 5)
    height, root = community.ledger.head.height, community.ledger.root
    then = list(read_rows(community.store))
    grow(community, 7)
    rows = read_rows_at(community.store, height)
    grow(community, 2)
    assert sorted(rows) == then
    assert compute_root(list(read_rows_at(community.store, height))) == root
    assert community.ledger.root != root


def test_a_block_whose_undo_is_gone_cannot_be_read_any_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    community = Community()
    grow(community, 4)
    monkeypatch.setattr("chain.kept.OVERLAY_BLOCKS_MAX", 2)
    read_rows_at(community.store, 2)
    with pytest.raises(StoreError, match="too far below"):
        read_rows_at(community.store, 1)


def test_rows_are_proven_under_the_root_of_an_earlier_block() -> None:
    community = Community()
    grow(community, 5)
    ledger = community.ledger
    height, root = ledger.head.height, ledger.root
    keys = [b"a" + get_account_id(name) for name in ("emma", "farid", "newcomer 4", "newcomer 8")]
    then = {key: ledger.prove(key)[0] for key in keys}
    grow(community, 9)
    assert then[keys[3]] is None
    assert ledger.prove(keys[3])[0] is not None
    generation, now = ledger.tree.generation, ledger.root
    for key in keys:
        row, proof = ledger.prove(key, height)
        assert row == then[key]
        assert verify_proof(root, key, row, proof)
        assert verify_proof(now, key, *ledger.prove(key, ledger.head.height))
    assert (ledger.tree.generation, ledger.root) == (generation, now)
