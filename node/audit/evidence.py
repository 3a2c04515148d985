"""What a replay leaves for checks and reports, and the ways to read it."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from chain.codec import Record
from chain.genesis import Genesis
from chain.parameters import Parameters
from chain.policy import AccountId
from chain.tables import (
    COMMON_FUNDS,
    CURRENT,
    MONEY,
    RULES,
    SAVINGS,
    WINDOWS,
    Deposit,
    Money,
    Rules,
    Table,
)
from chain.tables.table import RowT
from node.audit.findings import Check, Finding, Sentence
from node.audit.history import History


class Evidence(NamedTuple):
    """What a replay leaves for checks: the rows at its end, the counts, and where it ended."""

    genesis: Genesis
    rows: Mapping[bytes, Record]
    history: History
    slot: int
    state_root: bytes
    clock_slot: int | None  # of the auditor's own clock; None: do not ask

    @property
    def step(self) -> int:
        """The step of demurrage at the end."""
        return self.slot // self.genesis.constants.slots_per_step

    @property
    def money(self) -> Money:
        """The row of funds and supply."""
        row = self.rows[MONEY.prefix + CURRENT]
        assert isinstance(row, Money)
        return row

    @property
    def parameters(self) -> Parameters:
        """The parameters in force at the end."""
        row = self.rows[RULES.prefix + CURRENT]
        assert isinstance(row, Rules)
        return row.parameters


def select(rows: Mapping[bytes, Record], table: Table[RowT]) -> Iterator[tuple[bytes, RowT]]:
    """The rows of one table by their keys."""
    for key, row in rows.items():
        if key[:1] == table.prefix:
            assert isinstance(row, table.row_type)
            yield key[1:], row


def sum_funds(money: Money) -> int:
    """What lies in all common funds, the pot included."""
    return sum(getattr(money, name) for name in COMMON_FUNDS)


def sum_escrows(rows: Mapping[bytes, Record]) -> int:
    """What is put aside for a set-off; it is its owners' settlement."""
    windows = [row for _, row in select(rows, WINDOWS)]
    return sum(lender.escrow for window in windows for lender in window.lenders)


def get_deposits(evidence: Evidence) -> Iterator[tuple[AccountId, int, Deposit]]:
    """Every deposit with its owner and its number."""
    for account_id, row in select(evidence.rows, SAVINGS):
        for item in row.deposits:
            yield account_id, item.id, item


def build_finding(
    check: Check, detail: Sentence, expected: str | None, found: str | None
) -> Finding:
    """A finding about the community as a whole."""
    return Finding(check=check, detail=detail, expected=expected, found=found)


def build_row_finding(
    check: Check,
    table: Table[RowT],
    key: bytes,
    detail: Sentence,
    expected: str | None,
    found: str | None,
) -> Finding:
    """A finding about one row."""
    return Finding(
        check=check,
        detail=detail,
        table=table.name,
        key=key.hex(),
        expected=expected,
        found=found,
    )
