"""The state as rules see it: typed tables over kept rows, with the changes of one block on top.

Nothing reaches the store from here. ``take_changes`` hands over what a block changed; ``savepoint``
and ``roll_back`` let one refused transaction leave no trace. Money on its way through a block is
tallied in plain integers and put into its row once.
"""

from collections.abc import Iterable
from itertools import groupby
from operator import attrgetter
from typing import Any, Final, Generic, Protocol, cast

import msgspec

from chain.changes import Change
from chain.codec import Record
from chain.facts import Fact
from chain.tables import (
    ACCOUNTS,
    ACCUSATIONS,
    ACTIVE,
    ALIASES,
    ANCESTORS,
    ANCHORS,
    ASSEMBLY,
    ATTESTATIONS,
    AUTHORITIES,
    BONDED_SEATS,
    BOOKS,
    CHAINS,
    COURSES,
    CREDIT,
    CREDIT_DAYS,
    CUSTOMERS,
    DEALINGS,
    DEBTS,
    DELIVERIES,
    EPOCH_TALLIES,
    FIGURES,
    KEY_CHANGES,
    LEAVERS,
    LISTINGS,
    LOANS,
    MARKET,
    MARKET_DAYS,
    MONEY,
    NEXT_SETS,
    NOTICES,
    OFFENDERS,
    PAGES,
    PAIRS,
    PARTIES,
    PERSONS,
    PROPOSALS,
    RANDOMNESS,
    RECORDED,
    RECOVERIES,
    REGISTER,
    ROLL_CALLED,
    ROSTERS,
    RULES,
    SAVINGS,
    SEAT_TALLIES,
    SEATS,
    SERVED,
    SET_RECORDS,
    SETS,
    SHELVES,
    SPENDING,
    STANDINGS,
    TIPS,
    TRADERS,
    USED_KEYS,
    WINDOWS,
    Table,
)
from chain.tables.table import RowT

# Decoded rows a table keeps in each of two generations: in all at most 262,144, which is about
# 80 MB of accounts. The older generation goes when the younger is full, and what is asked for
# again moves to the younger: what is in use stays, without a list of who was asked for when.
ROWS_KEPT_MAX: Final = 131_072


class RowReader(Protocol):
    """Where kept rows come from: bytes by state key."""

    def __call__(self, state_key: bytes, /) -> bytes | None:
        """The kept row's bytes, or None."""
        ...


_Undo = list[tuple["Rows[Any]", bytes, Record | None]]  # where, which, and what it was


class Rows(Generic[RowT]):
    """One table: the kept rows that were asked for, as the block in progress has changed them."""

    __slots__ = ("_before", "_below", "_older", "_read", "_rows", "_table", "_undo")

    def __init__(self, table: Table[RowT], read: RowReader, undo: _Undo) -> None:
        self._table = table
        self._read = read
        self._below: Rows[RowT] | None = None
        self._undo = undo
        self._rows: dict[bytes, RowT | None] = {}
        self._older: dict[bytes, RowT | None] = {}
        self._before: dict[bytes, RowT | None] = {}  # the kept rows of those that were put

    @property
    def table(self) -> Table[RowT]:
        """Which table these are rows of."""
        return self._table

    def stand_on(self, below: "Rows[RowT]") -> None:
        """Take kept rows from there, decoded, and not from the store."""
        self._below = below

    def get(self, key: bytes) -> RowT | None:
        """The row as it stands now, or None."""
        try:
            return self._rows[key]
        except KeyError:
            return self._load(key)

    def require(self, key: bytes) -> RowT:
        """The row that rules rely on being there."""
        row = self.get(key)
        assert row is not None, f"{self._table.name} has no row {key.hex()}"
        return row

    def put(self, key: bytes, row: RowT | None) -> None:
        """Set the row; None removes it."""
        try:
            before = self._rows[key]
        except KeyError:
            before = self._load(key)
        self._undo.append((self, key, before))
        self._before.setdefault(key, before)
        self._rows[key] = row

    def put_back(self, key: bytes, row: RowT | None) -> None:
        """Set a row that was put to what it was."""
        self._rows[key] = row

    def forget_changes(self) -> None:
        """All rows are as they were kept again: what is kept from now on may be another row."""
        self._before = {}

    def take_changes(self) -> list[Change]:
        """The rows that differ from the kept ones; they are as they were kept again."""
        if not self._before:
            return []
        table = cast("Table[Record]", self._table)
        rows = self._rows
        changes = []
        for key, before in self._before.items():
            after = rows[key]
            rows[key] = before
            if before is not after and before != after:
                changes.append(Change(table, key, before, after))
        self._before = {}
        return changes

    def get_reversal(self, key: bytes, before: bytes | None) -> Change:
        """The change that brings the kept row back to what it was."""
        row = None if before is None else self._table.codec.decode(before)
        return Change(cast("Table[Record]", self._table), key, self.get_kept(key), row)

    def keep(self, key: bytes, row: RowT | None) -> None:
        """Remember a row as it is kept."""
        self._rows[key] = row
        self._age()

    def follow(self, changes: Iterable[Change]) -> None:
        """Remember rows that have been committed."""
        rows = cast("dict[bytes, Record | None]", self._rows)
        for change in changes:
            rows[change.key] = change.after
        self._age()

    def get_kept(self, key: bytes) -> RowT | None:
        """The row as it was before the block in progress, or None."""
        return self._before[key] if key in self._before else self.get(key)

    def _load(self, key: bytes) -> RowT | None:
        if key in self._older:
            row = self._older[key]
        elif self._below is not None:
            row = self._below.get_kept(key)
        else:
            data = self._read(self._table.prefix + key)
            row = None if data is None else self._table.codec.decode(data)
        self.keep(key, row)
        return row

    def _age(self) -> None:
        """Begin another generation when this one is full; that of a large genesis is not kept.

        What the block in progress has put goes along, and hides what the older one says of it.
        """
        if len(self._rows) - len(self._before) >= ROWS_KEPT_MAX:
            self._older = self._rows if len(self._rows) < 2 * ROWS_KEPT_MAX else {}
            self._rows = {key: self._rows[key] for key in self._before}


class Mark(msgspec.Struct, frozen=True, gc=False):
    """A point to roll back to."""

    undo_length: int
    facts_length: int
    pot: int
    fees: int
    accounts_born: int
    debt: int
    saved: int


class _Opened(Generic[RowT]):
    """A table of a state, opened when it is first asked for: a view is made for every head."""

    def __init__(self, table: Table[RowT]) -> None:
        self.table = table
        self._name = ""

    def __set_name__(self, _owner: type, name: str) -> None:
        self._name = name

    def __get__(self, state: "State", _owner: type | None = None) -> Rows[RowT]:
        rows = cast("Rows[RowT]", state.get_table(self.table.prefix))
        state.__dict__[self._name] = rows  # from now on it is found without asking here
        return rows


class State:
    """All tables of one ledger, and what the block in progress has done so far."""

    # money
    accounts, savings = _Opened(ACCOUNTS), _Opened(SAVINGS)
    # credit
    standings, dealings = _Opened(STANDINGS), _Opened(DEALINGS)
    loans, debts = _Opened(LOANS), _Opened(DEBTS)
    credit, credit_days = _Opened(CREDIT), _Opened(CREDIT_DAYS)
    # market
    listings, traders = _Opened(LISTINGS), _Opened(TRADERS)
    chains, deliveries = _Opened(CHAINS), _Opened(DELIVERIES)
    market, market_days = _Opened(MARKET), _Opened(MARKET_DAYS)
    # identity
    persons = _Opened(PERSONS)
    authorities = _Opened(AUTHORITIES)
    attestations, rosters = _Opened(ATTESTATIONS), _Opened(ROSTERS)
    # keys and names
    recoveries, aliases = _Opened(RECOVERIES), _Opened(ALIASES)
    # seats
    seats, used_keys = _Opened(SEATS), _Opened(USED_KEYS)
    sets, leavers = _Opened(SETS), _Opened(LEAVERS)
    key_changes, notices = _Opened(KEY_CHANGES), _Opened(NOTICES)
    # votes
    proposals, assembly = _Opened(PROPOSALS), _Opened(ASSEMBLY)
    figures, spending = _Opened(FIGURES), _Opened(SPENDING)
    register, active = _Opened(REGISTER), _Opened(ACTIVE)
    # obligations and their set-off
    pages, shelves = _Opened(PAGES), _Opened(SHELVES)
    books, parties = _Opened(BOOKS), _Opened(PARTIES)
    windows = _Opened(WINDOWS)
    # what consensus put on record
    next_sets, set_records = _Opened(NEXT_SETS), _Opened(SET_RECORDS)
    served = _Opened(SERVED)
    recorded = _Opened(RECORDED)
    roll_called = _Opened(ROLL_CALLED)
    accusations = _Opened(ACCUSATIONS)
    ancestors = _Opened(ANCESTORS)
    # epochs
    bonded_seats = _Opened(BONDED_SEATS)
    epoch_tally = _Opened(EPOCH_TALLIES)
    seat_tallies = _Opened(SEAT_TALLIES)
    course = _Opened(COURSES)
    customers = _Opened(CUSTOMERS)
    pairs = _Opened(PAIRS)
    offenders = _Opened(OFFENDERS)
    # the chain
    randomness = _Opened(RANDOMNESS)
    anchors = _Opened(ANCHORS)
    tips = _Opened(TIPS)
    money = _Opened(MONEY)
    rules = _Opened(RULES)

    def __init__(self, read: RowReader, below: "State | None" = None) -> None:
        self.read = read
        self._below = below
        self._undo: _Undo = []
        self._tables: dict[bytes, Rows[Any]] = {}  # those that are open
        self.facts: list[Fact] = []
        self.pot = 0  # demurrage charged in this block, on its way to the funds
        self.fees = 0  # fees of this block, on their way to the operators' pool
        self.accounts_born = 0  # born less removed in this block
        self.debt = self.saved = 0  # what debts and free savings grew by in this block

    def open_view(self) -> "State":
        """Another state over the same kept rows, to try things out on; stale after any block."""
        return State(self.read, self)

    def get_tables(self) -> list[Table[Record]]:
        """All tables there are."""
        return list(_TABLES.values())

    def get_table(self, prefix: bytes) -> Rows[Record]:
        """The rows whose state keys begin with this byte."""
        rows = self._tables.get(prefix)
        if rows is None:
            rows = self._tables[prefix] = Rows(_TABLES[prefix], self.read, self._undo)
            if self._below is not None:
                rows.stand_on(self._below.get_table(prefix))
        return rows

    def savepoint(self) -> Mark:
        """A mark of everything as it stands."""
        return Mark(
            len(self._undo),
            len(self.facts),
            self.pot,
            self.fees,
            self.accounts_born,
            self.debt,
            self.saved,
        )

    def roll_back(self, mark: Mark) -> None:
        """Undo all that happened since the mark."""
        while len(self._undo) > mark.undo_length:
            rows, key, before = self._undo.pop()
            rows.put_back(key, before)
        del self.facts[mark.facts_length :]
        self.pot, self.fees, self.accounts_born = mark.pot, mark.fees, mark.accounts_born
        self.debt, self.saved = mark.debt, mark.saved

    def take_changes(self) -> tuple[list[Change], list[Fact]]:
        """What the block changed, table by table, and its facts; the state is as before it."""
        assert self.pot == self.fees == self.accounts_born == 0, "money left on its way"
        assert self.debt == self.saved == 0, "credit left uncounted"
        changes: list[Change] = []
        for prefix in _TABLES:
            if prefix in self._tables:
                changes += self._tables[prefix].take_changes()
        facts, self.facts = self.facts, []
        self._undo.clear()
        return changes, facts

    def discard(self) -> None:
        """Forget the block in progress."""
        self.roll_back(Mark(0, 0, 0, 0, 0, 0, 0))
        for rows in self._tables.values():
            rows.forget_changes()

    def get_reversal(self, state_key: bytes, before: bytes | None) -> Change:
        """The change that brings a row back to what it was; the row's bytes may be None."""
        return self.get_table(state_key[:1]).get_reversal(state_key[1:], before)

    def keep(self, changes: Iterable[Change]) -> None:
        """Remember rows that have been committed."""
        for table, some in groupby(changes, attrgetter("table")):
            self.get_table(table.prefix).follow(some)


def _list_tables() -> dict[bytes, Table[Record]]:
    """All tables by prefix, in the order in which a block's changes are taken and kept."""
    tables: dict[bytes, Table[Record]] = {}
    for opened in State.__dict__.values():
        if isinstance(opened, _Opened):
            table = cast("Table[Record]", opened.table)
            assert table.prefix not in tables, f"two tables begin with {table.prefix!r}"
            tables[table.prefix] = table
    return tables


_TABLES: Final = _list_tables()
