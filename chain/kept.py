"""What lies in a ledger's store, and under which keys: for the ledger, and for whoever opens none.

Auditors doubt the rows and may open no ledger over them; a snapshot is read from a store in use and
written to an empty one. Nothing is judged here.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec

from chain.block import SealedBlock
from chain.codec import Codec, Natural, Record, encode
from chain.crypto import u64
from chain.genesis import Genesis
from chain.header import BlockHash
from chain.store import Batch, Store, StoreError
from chain.tables.table import RowT, Table

# Key spaces of the store.
STATE: Final = b"s"  # state key -> row
BLOCK: Final = b"b"  # block hash -> block
CANON: Final = b"c"  # height -> hash, of the chain that is followed
UNDO: Final = b"u"  # height -> rows before that block
ASIDE: Final = b"o"  # height and hash of blocks that are kept, but not on that chain
META: Final = b"m"
GENESIS_KEY: Final = META + b"genesis"
HEAD_KEY: Final = META + b"head"
BASE_KEY: Final = META + b"base"
FIRST_KEY: Final = META + b"first"  # where blocks begin that were fetched below the base
INDEX: Final = b"i"  # whatever a node derives from blocks, in the same batch

# A final block is seldom further below the head; what is changed above it is held in memory.
OVERLAY_BLOCKS_MAX: Final = 1_024


class Head(Record, frozen=True):
    """Where the ledger stands. ``score`` counts two for a primary and one for a secondary."""

    hash: BlockHash
    height: Natural
    slot: Natural
    score: Natural


HEADS: Final = Codec(Head, 1_024)
UNDO_ROWS: Final = Codec(tuple[tuple[bytes, msgspec.Raw], ...], 2**31)
NIL: Final = encode(None)  # in undo records: there was no row


def read_genesis_bytes(store: Store) -> bytes | None:
    """The genesis that a store was founded on; None: none."""
    return store.get(GENESIS_KEY)


def read_head(store: Store) -> Head | None:
    """Where a store says that its chain ends. Raises Invalid when the record is damaged."""
    data = store.get(HEAD_KEY)
    return None if data is None else HEADS.decode(data)


def read_canonical_block(store: Store, height: int) -> bytes | None:
    """The bytes kept for a height of the chain that is followed; None: there are none."""
    block_hash = store.get(CANON + u64(height))
    return None if block_hash is None else store.get(BLOCK + block_hash)


def read_blocks(store: Store) -> Iterator[bytes]:
    """The bytes of every block kept, abandoned branches included, in no order of heights."""
    return (block for _, block in store.items(BLOCK))


def read_rows(
    store: Store, prefix: bytes = b"", start: bytes = b""
) -> Iterator[tuple[bytes, bytes]]:
    """Every row of the state whose state key begins so, by state key, in order, as of now.

    ``start``: only from the key ``prefix + start`` on.
    """
    return ((key[len(STATE) :], row) for key, row in store.items(STATE + prefix, start))


def read_numbered(store: Store, table: Table[RowT], first: int = 0) -> Iterator[tuple[int, RowT]]:
    """Numbers and rows of a table whose keys are numbers (u64), from one on, as of now."""
    for key, row in read_rows(store, table.prefix, u64(first)):
        yield int.from_bytes(key[len(table.prefix) :], "big"), table.codec.decode(row)


def read_row(store: Store, state_key: bytes) -> bytes | None:
    """One row of the state."""
    return store.get(STATE + state_key)


def read_base(store: Store) -> Head | None:
    """The block of the snapshot with which a store began; None: its genesis."""
    data = store.get(BASE_KEY)
    return None if data is None else HEADS.decode(data)


def read_first(store: Store) -> Head | None:
    """The lowest block that a store holds; None: it holds all of them, from the genesis on.

    So it does where the snapshot was of the very first block.
    """
    data = store.get(FIRST_KEY) or store.get(BASE_KEY)
    first = None if data is None else HEADS.decode(data)
    return first if first is not None and first.height > 1 else None


def read_undo_rows(data: bytes) -> list[tuple[bytes, bytes | None]]:
    """The rows before a block, from its undo record."""
    return [
        (key, None if before == NIL else before)
        for key, before in ((key, bytes(raw)) for key, raw in UNDO_ROWS.decode(data))
    ]


def read_rows_before(store: Store, height: int) -> dict[bytes, bytes | None]:
    """What rows that have changed since were after a block of the chain that is followed.

    Raises StoreError when the block is too far below the head.
    """
    head = read_head(store)
    assert head is not None, "a founded store has a head"
    if head.height - height > OVERLAY_BLOCKS_MAX:
        raise StoreError(f"block {height} is too far below the head to read the state after it")
    before: dict[bytes, bytes | None] = {}
    for above in range(head.height, height, -1):
        data = store.get(UNDO + u64(above))
        if data is None:
            raise StoreError(f"block {above} is too old to be undone")
        before.update(read_undo_rows(data))
    return before


def read_rows_at(store: Store, height: int) -> Iterator[tuple[bytes, bytes]]:
    """Every row as it was after a block of the chain that is followed, in no order; as of now.

    The chain may go on while they are read. Raises StoreError as ``read_rows_before`` does.
    """
    return _read_over(read_rows(store), read_rows_before(store, height))


def _read_over(
    rows: Iterator[tuple[bytes, bytes]], before: dict[bytes, bytes | None]
) -> Iterator[tuple[bytes, bytes]]:
    for key, row in rows:
        if key not in before:
            yield key, row
    for key, older in before.items():
        if older is not None:
            yield key, older


def write_rows(store: Store, rows: Iterable[tuple[bytes, bytes]]) -> None:
    """Put rows of a snapshot into a store that is founded later, by ``write_base``."""
    store.write([(STATE + key, row) for key, row in rows], durable=False)


def write_base(
    store: Store, genesis: Genesis, block: SealedBlock, score: int, *, index: Batch = ()
) -> None:
    """Found a store, whose rows are those after this block, on it: last, and safely on disk."""
    header = block.header
    head = encode(Head(block.hash, header.height, header.slot, score))
    store.write(
        [
            (BLOCK + block.hash, block.whole_bytes),
            (CANON + u64(header.height), block.hash),
            (BASE_KEY, head),
            (HEAD_KEY, head),
            *index,
            (GENESIS_KEY, encode(genesis)),
        ],
        durable=True,
    )


def write_below(
    store: Store, blocks: Sequence[SealedBlock], first: Head, *, index: Batch = ()
) -> None:
    """Put blocks below the lowest one held, and say where they begin now: all or nothing.

    Safely on disk: were a later batch there and this one lost, a hole would be taken for blocks.
    """
    batch: list[tuple[bytes, bytes | None]] = [(FIRST_KEY, encode(first)), *index]
    for block in blocks:
        batch.append((BLOCK + block.hash, block.whole_bytes))
        batch.append((CANON + u64(block.header.height), block.hash))
    store.write(batch, durable=True)
