"""Who has a part in what: numbers of market rows and obligations, by account, beside the chain.

Derived from the rows that blocks change, in the same batch, and undone with them; a store that has
none yet, from a snapshot or an older program, gets it when it is opened. No rule reads it: it lets
an account's own be answered without looking through everybody's.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from chain.changes import Change
from chain.codec import Record
from chain.crypto import u64
from chain.kept import INDEX, UNDO, read_row, read_rows, read_undo_rows
from chain.policy import AccountId
from chain.store import Store
from chain.tables import (
    CHAINS,
    DELIVERIES,
    LISTINGS,
    PAGES,
    Chain,
    Delivery,
    Listing,
    Page,
)
from chain.tables.table import RowT, Table

_MARKET: Final = INDEX + b"m"  # account, number, table
_LEGS: Final = INDEX + b"j"  # number of an offer or want, number of a chain that waits with it
_OBLIGATIONS: Final = INDEX + b"i"  # account, number
_MADE: Final = INDEX + b"r"  # that the rows above are there
_HERE: Final = b"\x01"
_ACCOUNT_BYTES: Final = 32
_NUMBER_BYTES: Final = 8
_ROWS_AT_ONCE: Final = 10_000

_Row = tuple[bytes, bytes | None]
_Keys = set[bytes]


class Holding(NamedTuple):
    """One row of the market that an account has a part in: its table's prefix and its number."""

    number: int
    prefix: bytes


def build_rows(changes: Sequence[Change]) -> list[_Row]:
    """What comes and goes with a block's changes."""
    rows: list[_Row] = []
    for change in changes:
        find = _FINDERS.get(change.table.prefix)
        if find is not None:
            rows += _compare(find, change.key, change.before, change.after)
    return rows


def build_undo_rows(store: Store, height: int) -> list[_Row]:
    """What comes and goes when a block is undone."""
    data = store.get(UNDO + u64(height))
    rows: list[_Row] = []
    for state_key, before in () if data is None else read_undo_rows(data):
        table = _TABLES.get(state_key[:1])
        if table is not None:
            now = read_row(store, state_key)
            old, new = (None if row is None else table.codec.decode(row) for row in (now, before))
            rows += _compare(_FINDERS[table.prefix], state_key[1:], old, new)
    return rows


def prepare(store: Store) -> None:
    """Make the rows of a store that has none yet."""
    if store.get(_MADE) is not None:
        return
    rows: list[_Row] = []
    for prefix, table in _TABLES.items():
        for key, row in read_rows(store, prefix):
            rows += _compare(_FINDERS[prefix], key[len(prefix) :], None, table.codec.decode(row))
            if len(rows) >= _ROWS_AT_ONCE:
                store.write(rows, durable=False)
                rows.clear()
    store.write([*rows, (_MADE, _HERE)], durable=False)


def read_holdings(store: Store, account: AccountId, first: int) -> Iterator[Holding]:
    """What an account has in the market, by number from one on: chains only as their proposer."""
    skip = len(_MARKET) + _ACCOUNT_BYTES
    for key, _ in store.items(_MARKET + account, u64(first)):
        number = int.from_bytes(key[skip : skip + _NUMBER_BYTES], "big")
        yield Holding(number, key[skip + _NUMBER_BYTES :])


def read_chains_of(store: Store, account: AccountId) -> list[int]:
    """The numbers of the chains that wait and in which an account has a part, or proposed."""
    found = set[int]()
    for number, prefix in read_holdings(store, account, 0):
        if prefix == CHAINS.prefix:
            found.add(number)
        elif prefix == LISTINGS.prefix:
            legs = store.items(_LEGS + u64(number))
            found |= {int.from_bytes(key[-_NUMBER_BYTES:], "big") for key, _ in legs}
    return sorted(found)


def read_obligations_of(store: Store, account: AccountId, first: int) -> Iterator[int]:
    """The numbers of the obligations in which an account has a part, from one on."""
    for key, _ in store.items(_OBLIGATIONS + account, u64(first)):
        yield int.from_bytes(key[-_NUMBER_BYTES:], "big")


def read_held(store: Store, table: Table[RowT], number: int) -> RowT | None:
    """A row by its number."""
    data = read_row(store, table.prefix + u64(number))
    return None if data is None else table.codec.decode(data)


def _compare(
    find: Callable[[bytes, Any], _Keys], key: bytes, before: Record | None, after: Record | None
) -> list[_Row]:
    old = set() if before is None else find(key, before)
    new = set() if after is None else find(key, after)
    gone = [(item, None) for item in sorted(old - new)]
    return [*gone, *((item, _HERE) for item in sorted(new - old))]


def _find_listing(key: bytes, row: Listing) -> _Keys:
    return {_MARKET + row.account + key + LISTINGS.prefix}


def _find_chain(key: bytes, row: Chain) -> _Keys:
    legs = {_LEGS + u64(number) + key for leg in row.legs for number in (leg.offer, leg.want)}
    return {_MARKET + row.proposer + key + CHAINS.prefix, *legs}


def _find_delivery(key: bytes, row: Delivery) -> _Keys:
    return {_MARKET + account + key + DELIVERIES.prefix for account in (row.seller, row.buyer)}


def _find_obligations(_key: bytes, page: Page) -> _Keys:
    return {
        _OBLIGATIONS + account + u64(item.number)
        for item in page.entries
        for account in (item.debtor, item.creditor, item.heir)
        if account is not None
    }


_FINDERS: Final[dict[bytes, Callable[[bytes, Any], _Keys]]] = {
    LISTINGS.prefix: _find_listing,
    CHAINS.prefix: _find_chain,
    DELIVERIES.prefix: _find_delivery,
    PAGES.prefix: _find_obligations,
}
_TABLES: Final[dict[bytes, Table[Any]]] = {
    table.prefix: table for table in (LISTINGS, CHAINS, DELIVERIES, PAGES)
}
