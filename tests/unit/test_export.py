"""An export is read back as it was written, by any tool; a damaged one is refused where it is."""

import io
from collections.abc import Iterator
from pathlib import Path

import msgpack  # type: ignore[import-untyped]  # it ships no types
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.actions import Pay
from chain.block import BLOCK_BYTES_MAX
from chain.codec import encode
from chain.errors import BadGenesis, Code, Invalid
from chain.store import MemoryStore
from node.history import read_history
from node.ops.export import (
    CHUNK_BYTES,
    ExportError,
    ExportParser,
    build_export,
    build_header,
    open_export,
    read_export,
)
from node.ops.intake import take_in
from tests.community import PAI, Community, get_account_id

BLOCKS = 7


@pytest.fixture(scope="module")
def community() -> Community:
    made = Community()
    for index in range(BLOCKS):
        pay = Pay(get_account_id("farid"), (index + 1) * PAI, f"rye {index}")
        made.extend([made.sign("emma", pay)], after=3)
    return made


@pytest.fixture(scope="module")
def stream(community: Community) -> bytes:
    return b"".join(build_export(community.store))


def cut(stream: bytes, size: int) -> Iterator[bytes]:
    return (stream[start : start + size] for start in range(0, len(stream), size))


def read_and_take_in(stream: bytes) -> None:
    export = read_export([stream])
    take_in(MemoryStore(), export.genesis, export.blocks, lambda _: None)


@pytest.mark.parametrize("size", [1, 2, 7, 100, CHUNK_BYTES, 10**9])
def test_what_was_written_is_read_however_it_arrives(
    community: Community, stream: bytes, size: int
) -> None:
    export = read_export(cut(stream, size))
    assert export.genesis == community.genesis
    hashes = [block.hash for block in export.blocks]
    assert hashes == [block.hash for block in community.ledger.get_blocks()]
    assert len(hashes) == BLOCKS


def test_any_messagepack_tool_reads_it(community: Community, stream: bytes) -> None:
    unpacker = msgpack.Unpacker(io.BytesIO(stream), strict_map_key=True)
    (magic, version, genesis), *blocks = list(unpacker)
    assert (magic, version, genesis) == ("pai-export", 1, encode(community.genesis))
    assert [header[2] for header, _, _ in blocks] == list(range(1, BLOCKS + 1))
    assert [len(signature) for _, signature, _ in blocks] == [64] * BLOCKS
    pay = blocks[2][2][0][0][0][7][-1]
    assert pay == [2, get_account_id("farid"), 3 * PAI, "rye 2"]


def test_a_stream_may_begin_later(community: Community) -> None:
    blocks = [block.whole_bytes for block in community.ledger.get_blocks(4)]
    export = read_export([build_header(community.genesis), *blocks])
    assert [block.header.height for block in export.blocks] == [4, 5, 6, 7]


@given(st.data())
def test_a_stream_that_breaks_off_is_no_export(stream: bytes, data: st.DataObject) -> None:
    end = data.draw(st.integers(0, len(stream) - 1))
    size = data.draw(st.sampled_from([1, 64, CHUNK_BYTES]))
    parser = ExportParser()
    whole = 0
    for chunk in cut(stream[:end], size):
        parser.feed(chunk)
        while (part := parser.take()) is not None:
            whole += len(part)
    if whole == end and end > 0:
        parser.finish()  # it breaks off between two objects: a shorter chain
    else:
        with pytest.raises(ExportError, match=r"breaks off|holds nothing"):
            parser.finish()


@settings(deadline=None)  # signatures are checked in threads, which take turns with other tests
@given(st.data())
def test_a_changed_byte_never_passes_unseen(stream: bytes, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(stream) - 1))
    change = data.draw(st.integers(1, 255))
    damaged = bytearray(stream)
    damaged[place] ^= change
    with pytest.raises((ExportError, BadGenesis, Invalid)):
        read_and_take_in(bytes(damaged))


@pytest.mark.parametrize(
    ("bad", "match"),
    [
        (b"", "holds nothing"),
        (b"\xc1", "is not MessagePack"),
        (b"\x01", "does not begin like an export"),
        (encode(("pai-export", 2, b"")), "does not begin like an export"),
        (encode(("pai-import", 1, b"")), "does not begin like an export"),
        (encode(("pai-export", 1, b"no genesis")), "does not begin like an export"),
        (b"\x91" * 5_000, "is not MessagePack"),
        (b"\xdd\xff\xff\xff\xff\x01", "breaks off"),
        (b"\xc6\xff\xff\xff\xff\x01", "breaks off"),
    ],
)
def test_what_is_no_export_is_told(bad: bytes, match: str) -> None:
    with pytest.raises(ExportError, match=match):
        read_export([bad])


def test_an_object_larger_than_any_can_be_is_not_collected(community: Community) -> None:
    parser = ExportParser()
    parser.feed(build_header(community.genesis))
    assert parser.take() is not None
    parser.feed(b"\xc6\x10\x00\x00\x00")
    for _ in range(BLOCK_BYTES_MAX // CHUNK_BYTES):
        parser.feed(bytes(CHUNK_BYTES))
        assert parser.take() is None
    parser.feed(bytes(CHUNK_BYTES))
    with pytest.raises(ExportError, match="larger than any can be"):
        parser.take()


def test_blocks_out_of_order_are_told(community: Community) -> None:
    first, second, third, *_ = (block.whole_bytes for block in community.ledger.get_blocks())
    assert second
    with pytest.raises(ExportError, match="has block 3 where 2 should be"):
        list(read_export([build_header(community.genesis), first, third]).blocks)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="cannot read"), open_export(tmp_path / "none"):
        pass


def test_a_store_without_a_chain_has_no_export() -> None:
    with pytest.raises(ExportError, match="start the node first"):
        list(build_export(MemoryStore()))


def test_taking_in_gives_the_same_chain_and_what_is_derived_from_it(
    community: Community, stream: bytes
) -> None:
    store = MemoryStore()
    advanced: list[int] = []
    intake = take_in(store, community.genesis, read_export([stream]).blocks, advanced.append)
    assert intake == (BLOCKS, BLOCKS, community.ledger.root)
    assert sum(advanced) == BLOCKS
    assert b"".join(build_export(store)) == stream
    history = read_history(store, get_account_id("farid"), None, 100)
    assert [entry.memo for entry in history.entries if entry.kind == "received"] == [
        f"rye {index}" for index in reversed(range(BLOCKS))
    ]


def test_taking_in_goes_on_where_it_ended_and_refuses_another_chain(
    community: Community, stream: bytes
) -> None:
    store = MemoryStore()
    objects = list(build_export(community.store))
    half = b"".join(objects[:4])
    take_in(store, community.genesis, read_export([half]).blocks, lambda _: None)
    again = take_in(store, community.genesis, read_export([stream]).blocks, lambda _: None)
    assert again == (BLOCKS - 3, BLOCKS, community.ledger.root)
    other = Community()
    for _ in range(2):
        other.extend(after=5)
    blocks = read_export([b"".join(build_export(other.store))]).blocks
    with pytest.raises(ExportError, match="from block 1 on it is another chain"):
        take_in(store, community.genesis, blocks, lambda _: None)


def test_a_block_that_breaks_a_rule_ends_the_intake_and_those_before_stay(
    community: Community,
) -> None:
    store = MemoryStore()
    blocks = list(community.ledger.get_blocks())
    with pytest.raises(Invalid) as caught:
        take_in(store, community.genesis, [*blocks[:3], blocks[4]], lambda _: None)
    assert caught.value.code is Code.WRONG_PARENT
    again = take_in(store, community.genesis, iter(()), lambda _: None)
    assert again.height == 3
