"""A chain that begins with a snapshot goes on like any other, and takes nothing from a liar."""

import random
from itertools import islice
from pathlib import Path

import pytest
from msgspec.structs import replace

from chain.actions import Pay
from chain.block import SealedBlock
from chain.checks import DirectChecks
from chain.codec import encode
from chain.errors import Code, Invalid
from chain.kept import read_rows
from chain.ledger import Ledger
from chain.leveldb import LevelStore
from chain.store import MemoryStore, Store, StoreError
from node.certified import (
    build_list_row,
    build_proof,
    build_target_row,
    read_target,
    read_trusted,
)
from node.chainkeeper import ChainKeeper
from node.founding import build_genesis_checkpoint, check_age
from node.ops.export import ExportError, build_export
from node.ops.snapshot import (
    SnapshotError,
    is_snapshot_beginning,
    open_snapshot,
    take_snapshot,
    write_snapshot,
)
from node.stores import FolderStores
from tests.certified import build_target, get_seats
from tests.community import PAI, Community, get_account_id

BLOCKS = 60
FINAL = 40
LATER = 20


def count(_: int) -> None:
    pass


@pytest.fixture(scope="module")
def community() -> Community:
    made = Community()
    for index in range(BLOCKS + LATER):
        pay = Pay(get_account_id(f"newcomer {index}"), PAI, "")
        made.extend([made.sign("emma", pay, fee_max=PAI)], after=1 + index % 3)
    return made


@pytest.fixture(scope="module")
def blocks(community: Community) -> list[SealedBlock]:
    return list(community.ledger.get_blocks())


def note_final(community: Community, store: Store, block: SealedBlock) -> None:
    """What a node of which this block is the newest final one has kept."""
    seats = get_seats(community.ledger, community.seat_names)
    target = build_target(seats, block.header)
    store.write(
        [build_list_row(community.chain, seats.entries), build_target_row(target)], durable=False
    )


@pytest.fixture(scope="module")
def server(community: Community, blocks: list[SealedBlock]) -> ChainKeeper:
    keeper = ChainKeeper(MemoryStore(), community.genesis, DirectChecks())
    for block in blocks[:BLOCKS]:
        keeper.extend(block, durable=False)
    note_final(community, keeper.ledger.store, blocks[FINAL - 1])
    return keeper


@pytest.fixture(scope="module")
def file(server: ChainKeeper, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("snapshot") / "snapshot"
    written = write_snapshot(server.ledger.store, path, count)
    assert written.height == FINAL
    assert written.size_bytes == path.stat().st_size
    assert list(path.parent.iterdir()) == [path]
    return path


def take(community: Community, file: Path, store: Store | None = None) -> ChainKeeper:
    store = MemoryStore() if store is None else store
    trusted = build_genesis_checkpoint(community.genesis)
    with open_snapshot(file) as opened:
        take_snapshot(store, community.genesis, trusted, opened, DirectChecks(), count)
    return ChainKeeper(store, community.genesis, DirectChecks())


def test_a_chain_from_a_snapshot_is_the_chain(
    community: Community, blocks: list[SealedBlock], file: Path
) -> None:
    whole = ChainKeeper(MemoryStore(), community.genesis, DirectChecks())
    for block in blocks[:FINAL]:
        whole.extend(block, durable=False)
    taken = take(community, file)
    assert taken.ledger.head == taken.ledger.base == whole.ledger.head
    for block in blocks[FINAL:]:
        taken.extend(block, durable=False)
        whole.extend(block, durable=False)
        assert taken.ledger.root == whole.ledger.root
        assert taken.ledger.head == whole.ledger.head
        assert taken.get_position() == whole.get_position()
    again = ChainKeeper(taken.ledger.store, community.genesis, DirectChecks())
    assert again.ledger.head == whole.ledger.head
    assert list(read_rows(again.ledger.store)) == list(read_rows(whole.ledger.store))


def test_what_lies_above_the_snapshot_is_answered_as_ever_and_what_lies_below_not(
    community: Community, blocks: list[SealedBlock], file: Path
) -> None:
    whole = ChainKeeper(MemoryStore(), community.genesis, DirectChecks())
    taken = take(community, file)
    for block in blocks:
        whole.extend(block, durable=False)
        if block.header.height > FINAL:
            taken.extend(block, durable=False)
    for height in range(FINAL, len(blocks) + 1):
        assert taken.get_header(height) == whole.get_header(height)
        assert taken.get_randomness_at(height) == whole.get_randomness_at(height)
        assert taken.get_score_at(height) == whole.get_score_at(height)
    assert taken.get_summaries(1, 100) == whole.get_summaries(FINAL, 100)
    assert all(taken.ledger.get_hash(height) is None for height in range(FINAL))
    assert taken.find_canonical(community.chain) is None
    assert taken.get_locator(64)[-1] == blocks[FINAL - 1].hash
    assert taken.get_headers(whole.get_locator(64)[-1:], 10) == []
    assert taken.get_headers([blocks[FINAL - 1].hash], 100) == whole.get_headers(
        [blocks[FINAL - 1].hash], 100
    )
    seat = blocks[-1].header.seat
    assert taken.find_newest_of(seat, 0) == whole.find_newest_of(seat, 0)
    assert taken.find_newest_of(bytes(32), 0) is None
    with pytest.raises(ExportError, match=f"no blocks before {FINAL}"):
        list(build_export(taken.ledger.store))


def test_blocks_are_undone_down_to_the_snapshot_and_no_further(
    community: Community, blocks: list[SealedBlock], file: Path
) -> None:
    taken = take(community, file)
    root = taken.ledger.root
    for block in blocks[FINAL:]:
        taken.extend(block, durable=False)
    while taken.ledger.head != taken.ledger.base:
        assert taken.ledger.can_return_to(taken.ledger.head.height - 1)
        taken.undo()
    assert taken.ledger.root == root
    assert not taken.ledger.can_return_to(FINAL - 1)
    with pytest.raises(StoreError, match="too old to be undone"):
        taken.ledger.undo()


def test_whoever_began_with_a_snapshot_can_prove_it_and_hand_it_on(
    community: Community, server: ChainKeeper, file: Path, tmp_path: Path
) -> None:
    taken = take(community, file)
    store = taken.ledger.store
    target = read_target(store)
    assert read_trusted(store) == build_genesis_checkpoint(community.genesis)
    assert target is not None
    assert build_proof(store, community.chain, target) == build_proof(
        server.ledger.store, community.chain, target
    )
    write_snapshot(store, tmp_path / "again", count)
    assert (tmp_path / "again").read_bytes() == file.read_bytes()


def test_a_node_of_which_no_block_is_final_gives_no_snapshot(
    community: Community, tmp_path: Path
) -> None:
    keeper = ChainKeeper(MemoryStore(), community.genesis, DirectChecks())
    with pytest.raises(SnapshotError, match="nothing to prove"):
        write_snapshot(keeper.ledger.store, tmp_path / "file", count)
    assert list(tmp_path.iterdir()) == []


def test_a_snapshot_of_another_community_is_refused(file: Path) -> None:
    other = Community(replace(Community().genesis, name="Other"))
    with pytest.raises(SnapshotError, match="another community"):
        take(other, file)


def test_a_checkpoint_that_is_trusted_must_be_on_the_way(community: Community, file: Path) -> None:
    trusted = replace(build_genesis_checkpoint(community.genesis), set_root=bytes(32))
    with open_snapshot(file) as opened, pytest.raises(Invalid) as caught:
        take_snapshot(MemoryStore(), community.genesis, trusted, opened, DirectChecks(), count)
    assert caught.value.code is Code.WRONG_NEXT_LIST


def test_a_start_older_than_bonds_stay_locked_is_refused(community: Community) -> None:
    checkpoint = build_genesis_checkpoint(community.genesis)
    constants = community.genesis.constants
    last = constants.unbonding_periods * constants.slots_per_period
    check_age(checkpoint, community.genesis, last)
    with pytest.raises(Invalid) as caught:
        check_age(checkpoint, community.genesis, last + 1)
    assert caught.value.code is Code.CHECKPOINT_TOO_OLD


def test_no_byte_of_a_snapshot_can_be_changed_and_none_left_out(
    community: Community, file: Path, tmp_path: Path
) -> None:
    """What is taken in spite of a change is the very same state: no other can be."""
    data = file.read_bytes()
    drawn = random.Random(2026)
    changed = tmp_path / "changed"
    for _ in range(150):
        damaged = bytearray(data)
        damaged[drawn.randrange(len(data))] ^= 1 << drawn.randrange(8)
        changed.write_bytes(damaged)
        with pytest.raises((Invalid, SnapshotError)):
            take(community, changed)
    for size in (0, 3, 4, 100, len(data) // 2, len(data) - 1):
        changed.write_bytes(data[:size])
        with pytest.raises(SnapshotError):
            take(community, changed)
    changed.write_bytes(data + data[-50:])
    with pytest.raises(SnapshotError):
        take(community, changed)


def test_other_files_are_no_snapshots(file: Path, tmp_path: Path) -> None:
    assert is_snapshot_beginning(file.read_bytes()[:64])
    assert is_snapshot_beginning(b"")
    assert not is_snapshot_beginning(encode(("pai-export", 1, b"")))
    (tmp_path / "empty").write_bytes(b"")
    with pytest.raises(SnapshotError, match="is empty"), open_snapshot(tmp_path / "empty"):
        pass
    with pytest.raises(SnapshotError, match="cannot read"), open_snapshot(tmp_path / "none"):
        pass


def test_a_snapshot_half_taken_is_no_chain(
    community: Community, file: Path, tmp_path: Path
) -> None:
    """As after kill -9: parts are there, the genesis is not; the next start clears them away."""
    stores = FolderStores(tmp_path / "chain")
    store = stores.open_first()
    trusted = build_genesis_checkpoint(community.genesis)
    with open_snapshot(file) as opened:
        few = opened._replace(parts=islice(opened.parts, 3))
        with pytest.raises(SnapshotError, match="breaks off"):
            take_snapshot(store, community.genesis, trusted, few, DirectChecks(), count)
    with pytest.raises(StoreError, match="its genesis is missing"):
        Ledger(store, community.genesis)
    store.close()
    opened_store = stores.open()
    assert ChainKeeper(opened_store, community.genesis, DirectChecks()).ledger.head.height == 0
    opened_store.close()
    assert [path.name for path in tmp_path.iterdir()] == ["chain"]


def test_a_snapshot_settles_in_its_folder(community: Community, file: Path, tmp_path: Path) -> None:
    stores = FolderStores(tmp_path / "chain")
    store = stores.open_first()
    take(community, file, store)
    store.close()
    stores.settle()
    kept = LevelStore(tmp_path / "chain")
    assert ChainKeeper(kept, community.genesis, DirectChecks()).ledger.head.height == FINAL
    kept.close()
