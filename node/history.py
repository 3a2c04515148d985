"""What a node derives from blocks, in the same batch as each block, so that people can look back.

Rows of the store outside the state root: by account what happened to it, by transaction where it
is, by height what lists of blocks show, by seat how many blocks it made. They come with a block and
go when it is undone.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from chain.actions import Pay
from chain.block import SealedBlock
from chain.codec import Bytes32, Codec, Natural, Record, encode
from chain.crypto import u32, u64
from chain.header import BlockHash, SignedHeader, decode_header
from chain.kept import INDEX
from chain.policy import AccountId
from chain.store import Store
from chain.tables import RANDOMNESS, Randomness

_ENTRY: Final = INDEX + b"a"  # account, height and number turned round: newest first
_EPOCH: Final = INDEX + b"e"  # epoch with blocks -> the randomness at its beginning
_HEIGHT: Final = INDEX + b"f"  # height -> BlockRow
_BASE: Final = INDEX + b"b"  # the randomness after the block of the snapshot we began with
_ASIDE: Final = INDEX + b"k"  # height -> accounts with entries, beside payers and receivers
_SEAT: Final = INDEX + b"s"  # seat -> number of blocks
_TRANSACTION: Final = INDEX + b"t"  # transaction id -> Place

_TURNED: Final = 2**64 - 1
_CURSOR_BYTES: Final = 12
# Above this a header is kept beside its block, so that a list of headers need not read bodies.
_HEADER_APART_BYTES: Final = 4_096
_ROW_BYTES_MAX: Final = 64 * 1_024 * 1_024  # a million accounts with a deposit due at once


class TransactionPlace(NamedTuple):
    """Where a transaction is. ``status``: "waiting", "in_block" or "unknown"."""

    status: str
    height: int | None = None
    position: int | None = None  # within the block
    slot: int | None = None
    hash: BlockHash | None = None


class HistoryEntry(NamedTuple):
    """One thing that happened to an account."""

    height: int
    slot: int
    transaction: bytes | None  # None: by itself, such as a deposit that matured
    kind: str  # paid received saved matured prolonged withdrawn bonded unbonded seat keys fee
    amount: int
    counterparty: AccountId | None
    memo: str


class HistoryPage(NamedTuple):
    """Entries, newest first, and what to pass as ``before`` for older ones; None at the end."""

    entries: tuple[HistoryEntry, ...]
    next: str | None


class BlockSummary(NamedTuple):
    """What lists of blocks show."""

    height: int
    slot: int
    hash: BlockHash
    seat: AccountId
    kind: int
    rank: int
    transactions: int
    size_bytes: int
    score: int  # of the chain up to here


class Happening(NamedTuple):
    """An entry before it has its place: what a block did to an account."""

    account: AccountId
    transaction: bytes | None
    kind: str
    amount: int
    counterparty: AccountId | None
    memo: str


class BlockRow(Record, frozen=True):
    """What is kept by height of the chain that is followed."""

    hash: BlockHash
    score: Natural
    transactions: Natural
    size_bytes: Natural
    header: bytes  # signed; empty when the block is small enough to be read for it


class _EntryRow(Record, frozen=True):
    slot: Natural
    transaction: Bytes32 | None
    kind: str
    amount: Natural
    counterparty: Bytes32 | None
    memo: str


class _Place(Record, frozen=True):
    height: Natural
    position: Natural


_BLOCK_ROWS: Final = Codec(BlockRow, _ROW_BYTES_MAX)
_ENTRY_ROWS: Final = Codec(_EntryRow, _ROW_BYTES_MAX)
_PLACES: Final = Codec(_Place, _ROW_BYTES_MAX)
_ACCOUNTS: Final = Codec(tuple[Bytes32, ...], _ROW_BYTES_MAX)

_Rows = list[tuple[bytes, bytes | None]]


def build_rows(
    store: Store, block: SealedBlock, score: int, happenings: list[Happening], undo_height: int
) -> _Rows:
    """The rows that come with a block. ``undo_height``: of a block that will not be undone."""
    header = block.header
    entries = [
        (
            _ENTRY + item.account + _turn(header.height, number),
            encode(
                _EntryRow(
                    header.slot,
                    item.transaction,
                    item.kind,
                    item.amount,
                    item.counterparty,
                    item.memo,
                )
            ),
        )
        for number, item in enumerate(happenings)
    ]
    rows: _Rows = [
        *_build_places(block, score),
        (_SEAT + header.seat, encode(_count_blocks(store, header.seat) + 1)),
        *entries,
    ]
    aside = tuple(sorted({item.account for item in happenings} - _name_accounts(block)))
    if aside:
        rows.append((_ASIDE + u64(header.height), encode(aside)))
    if undo_height > 0:
        rows.append((_ASIDE + u64(undo_height), None))
    return rows


def build_rows_below(store: Store, blocks: Sequence[SealedBlock], scores: Sequence[int]) -> _Rows:
    """The rows that come with blocks below those held: what can be told without executing them."""
    made = Counter(block.header.seat for block in blocks)
    rows: _Rows = [
        (_SEAT + seat, encode(_count_blocks(store, seat) + made[seat])) for seat in sorted(made)
    ]
    for block, score in zip(blocks, scores, strict=True):
        rows += _build_places(block, score)
    return rows


def _build_places(block: SealedBlock, score: int) -> _Rows:
    """What is kept of a height, and where each transaction of its block is."""
    header = block.header
    size_bytes = len(block.whole_bytes)
    apart = size_bytes > _HEADER_APART_BYTES
    signed = encode(SignedHeader(header, block.block.signature)) if apart else b""
    row = BlockRow(block.hash, score, len(block.transactions), size_bytes, signed)
    return [
        (_HEIGHT + u64(header.height), encode(row)),
        *(
            (_TRANSACTION + sealed.id, encode(_Place(header.height, position)))
            for position, sealed in enumerate(block.transactions)
        ),
    ]


def build_undo_rows(store: Store, block: SealedBlock) -> _Rows:
    """The rows that go when a block is undone."""
    header = block.header
    aside = store.get(_ASIDE + u64(header.height))
    accounts = _name_accounts(block)
    if aside is not None:
        accounts.update(_ACCOUNTS.decode(aside))
    keys = [
        key
        for account in sorted(accounts)
        for key, _ in store.items(_ENTRY + account + u64(_TURNED - header.height))
    ]
    return [
        (_HEIGHT + u64(header.height), None),
        (_ASIDE + u64(header.height), None),
        (_SEAT + header.seat, encode(_count_blocks(store, header.seat) - 1)),
        *((_TRANSACTION + sealed.id, None) for sealed in block.transactions),
        *((key, None) for key in keys),
    ]


def _name_accounts(block: SealedBlock) -> set[AccountId]:
    """The accounts that transactions themselves name as payers and receivers: nearly all."""
    accounts = set()
    for sealed in block.transactions:
        accounts.add(sealed.body.account)
        accounts.update(item.to for item in sealed.body.actions if isinstance(item, Pay))
    return accounts


def build_epoch_row(randomness: Randomness) -> tuple[bytes, bytes | None]:
    """The row that comes with the first block of an epoch, so that branches can be judged."""
    return _EPOCH + u64(randomness.epoch), encode(randomness)


def build_epoch_undo_row(epoch: int) -> tuple[bytes, bytes | None]:
    """The same when that block is undone."""
    return _EPOCH + u64(epoch), None


def build_base_rows(block: SealedBlock, score: int, randomness: Randomness) -> _Rows:
    """The rows of a chain that begins with the block of a snapshot."""
    return [
        *_build_places(block, score),
        (_SEAT + block.header.seat, encode(1)),
        (_BASE, encode(randomness)),
    ]


def read_base_randomness(store: Store) -> Randomness | None:
    """The randomness after the block of the snapshot; None: the chain begins with its genesis."""
    data = store.get(_BASE)
    return None if data is None else RANDOMNESS.codec.decode(data)


def read_epoch_row(store: Store, epoch: int) -> Randomness:
    """The randomness at the beginning of an epoch of which the chain has a block."""
    data = store.get(_EPOCH + u64(epoch))
    assert data is not None, "every epoch with a block has its row"
    return RANDOMNESS.codec.decode(data)


def read_row(store: Store, height: int) -> BlockRow | None:
    """What is kept of a height, from 1 on."""
    data = store.get(_HEIGHT + u64(height))
    return None if data is None else _BLOCK_ROWS.decode(data)


def read_header_apart(row: BlockRow) -> SignedHeader | None:
    """The header that is kept apart from its block, if it is."""
    return decode_header(row.header) if row.header else None


def read_place(store: Store, transaction_id: bytes) -> tuple[int, int] | None:
    """Height and position of a transaction on the chain that is followed."""
    data = store.get(_TRANSACTION + transaction_id)
    if data is None:
        return None
    place = _PLACES.decode(data)
    return place.height, place.position


def read_history(store: Store, account: AccountId, before: str | None, limit: int) -> HistoryPage:
    """What happened to an account, newest first. Raises ValueError on a bad ``before``."""
    start = b"" if before is None else bytes.fromhex(before)
    if before is not None and len(start) != _CURSOR_BYTES:
        raise ValueError("no such place in a history")
    entries: list[HistoryEntry] = []
    prefix = _ENTRY + account
    for key, data in store.items(prefix, start):
        place = key[len(prefix) :]
        if len(entries) == limit:
            return HistoryPage(tuple(entries), place.hex())
        row = _ENTRY_ROWS.decode(data)
        height = _TURNED - int.from_bytes(place[:8], "big")
        entries.append(
            HistoryEntry(
                height,
                row.slot,
                row.transaction,
                row.kind,
                row.amount,
                row.counterparty,
                row.memo,
            )
        )
    return HistoryPage(tuple(entries), None)


def read_blocks_by_seat(store: Store) -> Iterator[tuple[AccountId, int]]:
    """How many blocks each seat made."""
    for key, data in store.items(_SEAT):
        yield key[len(_SEAT) :], _COUNTS.decode(data)


_COUNTS: Final = Codec(int, 16)


def _count_blocks(store: Store, seat: AccountId) -> int:
    data = store.get(_SEAT + seat)
    return 0 if data is None else _COUNTS.decode(data)


def _turn(height: int, number: int) -> bytes:
    """A key that is smaller for what came later."""
    return u64(_TURNED - height) + u32(2**32 - 1 - number)
