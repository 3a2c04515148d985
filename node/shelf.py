"""The rows of one block's state, laid out by path in a store of their own: a snapshot to hand out.

The store sorts them, however many there are; memory holds one part at a time. What is asked for is
read from there, while the chain goes on elsewhere.
"""

from collections.abc import Generator, Iterable, Iterator
from itertools import islice
from typing import Final

from chain.codec import Codec, encode
from chain.header import BlockHash
from chain.merkle import compute_leaf, get_path
from chain.snapshot import (
    OUTLINES,
    PART_BYTES_MAX,
    Outline,
    Part,
    RowBytes,
    Split,
    StateKey,
    build_splits,
    choose_cuts,
    compute_subtree,
    measure_paths,
)
from chain.store import Store
from chain.tables.table import ROW_BYTES_MAX

_ROW: Final = b"r"  # path -> key and row
_OUTLINE_KEY: Final = b"outline"  # written last: a shelf that has it is whole
_ROWS_AT_ONCE: Final = 1_024  # some ten milliseconds
_FRAME_BYTES: Final = 16  # of MessagePack around a row and its key, at most
_ENTRIES: Final = Codec(tuple[StateKey, RowBytes], ROW_BYTES_MAX + 1_024)


def fill_shelf(shelf: Store, rows: Iterable[tuple[bytes, bytes]]) -> tuple[Split, ...]:
    """Lay rows out in an empty store; returns the nodes of their outline."""
    pieces = lay_out(shelf, rows)
    while True:
        try:
            next(pieces)
        except StopIteration as end:
            splits: tuple[Split, ...] = end.value
            return splits


def lay_out(
    shelf: Store, rows: Iterable[tuple[bytes, bytes]]
) -> Generator[None, None, tuple[Split, ...]]:
    """The same in pieces of some milliseconds, for whoever has other things to do between."""
    source = iter(rows)
    while some := list(islice(source, _ROWS_AT_ONCE)):
        entries = [(_ROW + get_path(key), encode((key, row))) for key, row in some]
        shelf.write(entries, durable=False)
        yield
    sizes: dict[str, int] = {"": 0}
    stored = shelf.items(_ROW)
    while some := list(islice(stored, _ROWS_AT_ONCE)):
        measure_paths(((key[len(_ROW) :], data) for key, data in some), sizes)
        yield
    splits, prefixes = choose_cuts(sizes)
    hashes: dict[str, bytes] = {}
    for prefix in prefixes:
        leaves = [
            (path.hex(), compute_leaf(path, row)) for path, _, row in _read_below(shelf, prefix)
        ]
        hashes[prefix] = compute_subtree(leaves, len(prefix))
        yield
    return build_splits(splits, hashes)


def finish_shelf(shelf: Store, outline: Outline) -> None:
    """Put the outline beside its rows: now the shelf is whole."""
    shelf.write([(_OUTLINE_KEY, encode(outline))], durable=True)


def read_outline(shelf: Store) -> Outline | None:
    """The outline of a whole shelf; None: it was never finished."""
    data = shelf.get(_OUTLINE_KEY)
    return None if data is None else OUTLINES.decode(data)


def read_part(shelf: Store, prefix: str) -> Part | None:
    """All rows below a place of the outline; None where that is no place of a part."""
    rows: list[tuple[bytes, bytes]] = []
    size_bytes = _FRAME_BYTES
    for _, key, row in _read_below(shelf, prefix):
        rows.append((key, row))
        size_bytes += len(key) + len(row) + _FRAME_BYTES
        if size_bytes > PART_BYTES_MAX:
            return None
    return Part(tuple(rows)) if rows else None


def name_shelf(height: int, block_hash: BlockHash) -> str:
    """The name of the shelf of a block's state; names ascend with height."""
    return f"{height:020}-{block_hash.hex()[:16]}"


def _read_below(shelf: Store, prefix: str) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Path, key and row of everything below a prefix of hexadecimal digits, by path."""
    whole = len(prefix) & ~1
    start = bytes.fromhex(prefix[whole:] + "0") if len(prefix) > whole else b""
    for stored, data in shelf.items(_ROW + bytes.fromhex(prefix[:whole]), start):
        path = stored[len(_ROW) :]
        if not path.hex().startswith(prefix):
            return
        key, row = _ENTRIES.decode(data)
        yield path, key, row
