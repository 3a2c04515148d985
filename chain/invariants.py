"""Promises the ledger keeps in every block, checked in production by the rows that changed.

Each is a function over changes, independent of the rules it watches. One that fails raises
``InvariantBroken`` with its number: a bug, after which a node must not go on.
"""

from collections.abc import Callable, Sequence
from typing import Final, cast

from chain.codec import Record
from chain.errors import InvariantBroken
from chain.rules.settlement import BONDED, get_due_step
from chain.state import Change
from chain.tables import (
    ACCOUNTS,
    MONEY,
    SAVINGS,
    SEATS,
    TIPS,
    Account,
    Money,
    Savings,
    Seat,
    Tip,
)
from chain.units import AMOUNT_MAX, SUPPLY_MAX, format_pai


def check_invariants(changes: Sequence[Change]) -> None:
    """Check every promise on what a block changed. Raises InvariantBroken."""
    for number, check in INVARIANTS.items():
        problem = check(changes)
        if problem is not None:
            raise InvariantBroken(f"L{number} {check.__name__.removeprefix('find_')}: {problem}")


def find_lost_money(changes: Sequence[Change]) -> str | None:
    """L1: accounts, savings, bonds, funds and pot together change only by what is burned."""
    difference = sum(_count_money(change.after) - _count_money(change.before) for change in changes)
    return f"{difference} micropai appeared" if difference else None


def find_excess_supply(changes: Sequence[Change]) -> str | None:
    """L2: issued less burned stays within 0 and the supply's bound; issue happens at genesis."""
    for change in _select(changes, MONEY.prefix):
        before, after = cast("Money | None", change.before), cast("Money", change.after)
        if not 0 <= after.issued - after.burned <= SUPPLY_MAX:
            return f"{format_pai(after.issued)} issued, {format_pai(after.burned)} burned"
        if before is not None and (after.issued != before.issued or after.burned < before.burned):
            return "money was issued, or unburned, after genesis"
    return None


def find_bad_funds(changes: Sequence[Change]) -> str | None:
    """L3: no fund, pot or count is negative."""
    for change in _select(changes, MONEY.prefix):
        for name in Money.__struct_fields__:
            if getattr(change.after, name) < 0:
                return f"{name} is negative"
    return None


def find_bad_balance(changes: Sequence[Change]) -> str | None:
    """L4: no balance leaves what an account may hold, and none falls below zero without credit."""
    for change in _select(changes, ACCOUNTS.prefix):
        after = cast("Account | None", change.after)
        if after is not None and not 0 <= after.settlement <= AMOUNT_MAX:
            return f"{change.key.hex()} holds {after.settlement}"
        if after is None and cast("Account", change.before).settlement:
            return f"{change.key.hex()} was removed with money"
    return None


def find_sequence_fallen(changes: Sequence[Change]) -> str | None:
    """L5: sequences and deposit numbers only rise, and time only passes."""
    for change in _select(changes, ACCOUNTS.prefix):
        before, after = cast("Account | None", change.before), cast("Account | None", change.after)
        if before is None or after is None:
            continue
        if (
            after.sequence < before.sequence
            or after.deposits_made < before.deposits_made
            or after.touched_step < before.touched_step
        ):
            return change.key.hex()
    return None


def find_bad_savings(changes: Sequence[Change]) -> str | None:
    """L6: savings are in order, hold something, and the account knows when one falls due."""
    due = {
        change.key: cast("Account", change.after).due_step
        for change in _select(changes, ACCOUNTS.prefix)
        if change.after is not None
    }
    for change in _select(changes, SAVINGS.prefix):
        after = cast("Savings | None", change.after)
        deposits = after.deposits if after else ()
        ids = [deposit.id for deposit in deposits]
        if ids != sorted(set(ids)) or any(deposit.amount <= 0 for deposit in deposits):
            return f"{change.key.hex()} has deposits out of order or empty"
        if due.get(change.key) != get_due_step(deposits):
            return f"{change.key.hex()} does not know its next due step"
    return None


def find_bad_bonds(changes: Sequence[Change]) -> str | None:
    """L7: what a seat counts as its bond changes by what its owner's bonded deposits change."""
    moved: dict[bytes, int] = {}
    for change in changes:
        if change.table.prefix == SAVINGS.prefix:
            moved[change.key] = (
                moved.get(change.key, 0) + _count_bond(change.after) - _count_bond(change.before)
            )
        elif change.table.prefix == SEATS.prefix:
            before, after = cast("Seat | None", change.before), cast("Seat | None", change.after)
            difference = (after.bond if after else 0) - (before.bond if before else 0)
            moved[change.key] = moved.get(change.key, 0) - difference
    wrong = [key for key, difference in moved.items() if difference]
    return wrong[0].hex() if wrong else None


def find_standing_tip(changes: Sequence[Change]) -> str | None:
    """L8: every block raises slot and height."""
    for change in _select(changes, TIPS.prefix):
        before, after = cast("Tip | None", change.before), cast("Tip", change.after)
        if before is not None and (after.slot <= before.slot or after.height != before.height + 1):
            return f"from {before} to {after}"
    return None


INVARIANTS: Final[dict[int, Callable[[Sequence[Change]], str | None]]] = {
    1: find_lost_money,
    2: find_excess_supply,
    3: find_bad_funds,
    4: find_bad_balance,
    5: find_sequence_fallen,
    6: find_bad_savings,
    7: find_bad_bonds,
    8: find_standing_tip,
}


def _select(changes: Sequence[Change], prefix: bytes) -> list[Change]:
    return [change for change in changes if change.table.prefix == prefix]


def _count_money(row: Record | None) -> int:
    """What a row holds; issued money counts against what it became."""
    if isinstance(row, Account):
        return row.settlement
    if isinstance(row, Savings):
        return sum(deposit.amount for deposit in row.deposits)
    if isinstance(row, Money):
        funds = row.pot + row.reserve + row.social + row.operators + row.active + row.municipality
        return funds - (row.issued - row.burned)
    return 0


def _count_bond(row: Record | None) -> int:
    if not isinstance(row, Savings):
        return 0
    return sum(deposit.amount for deposit in row.deposits if deposit.seat_bond == BONDED)
