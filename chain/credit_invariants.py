"""Promises about credit that the ledger keeps in every block, by the rows that changed.

L20 and L24 also ask the rows that did not change: who spends below zero must be good for it, and
what is owed bounds the reserve. The others are functions of the changes alone, like those of
``chain.invariants``.
"""

from typing import cast

from chain.changes import Changes
from chain.codec import Record
from chain.crypto import u64
from chain.errors import InvariantBroken
from chain.rules.context import Context
from chain.rules.debts import sum_grants
from chain.rules.identity import get_home_person_key
from chain.rules.settlement import sum_saved
from chain.rules.standing import fade
from chain.state import State
from chain.tables import (
    ACCOUNTS,
    CREDIT,
    CURRENT,
    DEALINGS,
    DEBTS,
    LOANS,
    MONEY,
    SAVINGS,
    STANDINGS,
    Savings,
    Table,
)
from chain.tables.table import RowT


def check_floors(changes: Changes, state: State, context: Context) -> None:
    """L20: who fell below zero, or deeper, is good for it. Raises InvariantBroken.

    The state is as it was before the block; the changes are the block's.
    """
    deeper = [
        (change.key, change.after)
        for change in changes.of(ACCOUNTS)
        if change.after is not None
        and change.after.settlement < 0
        and (change.before is None or change.after.settlement < change.before.settlement)
    ]
    if not deeper:
        return
    standings = {change.key: change.after for change in changes.of(STANDINGS)}
    debts = {change.key: change.after for change in changes.of(DEBTS)}
    for account_id, account in deeper:
        limit = 0
        if account.person is not None:
            key = get_home_person_key(account.person)
            standing = standings[key] if key in standings else state.standings.get(key)
            limit = fade(standing.limit, context, standing.period) if standing else 0
        owed = debts[account_id] if account_id in debts else state.debts.get(account_id)
        if owed is not None:
            limit = max(0, limit - owed.pledged) + sum_grants(owed, context.period)
        if account.settlement < -limit:
            raise InvariantBroken(
                f"L20 floor: {account_id.hex()} holds {account.settlement}, floor {-limit}"
            )


def check_reserve(changes: Changes, state: State) -> None:
    """L24: the reserve rises no further than to a tenth of what is owed. Raises InvariantBroken.

    The state is as it was before the block; the changes are the block's.
    """
    for change in changes.of(MONEY):
        before, after = change.before, change.after
        if before is None or after is None or after.reserve <= before.reserve:
            continue
        credit = next((item.after for item in changes.of(CREDIT)), None)
        debt = (credit or state.credit.require(CURRENT)).debt
        if after.reserve > debt // 10:
            raise InvariantBroken(f"L24 reserve: {after.reserve} held, {debt} owed")


def find_wrong_sums(changes: Changes) -> str | None:
    """L21: the sums of debt, savings, loans and counted sales change by what their rows change."""
    debt = 0
    for change in changes.of(ACCOUNTS):
        if change.before is not None and change.before.settlement < 0:
            debt += change.before.settlement
        if change.after is not None and change.after.settlement < 0:
            debt -= change.after.settlement
    saved = sum(
        _sum_saved(change.after) - _sum_saved(change.before) for change in changes.of(SAVINGS)
    )
    granted = _sum_growth(changes, LOANS, "counted")
    sales = _sum_growth(changes, STANDINGS, "sales")
    debt -= _sum_growth(changes, CREDIT, "debt")
    saved -= _sum_growth(changes, CREDIT, "saved")
    granted -= _sum_growth(changes, CREDIT, "granted")
    sales -= _sum_growth(changes, CREDIT, "sales")
    if debt or saved or granted or sales:
        return f"debt by {debt}, savings by {saved}, loans by {granted}, sales by {sales}"
    return None


def find_bad_dealings(changes: Changes) -> str | None:
    """L22: what pairs count as sales is what standings count, and is never taken back."""
    counted = 0
    for change in changes.of(DEALINGS):
        before, after = change.before, change.after
        if after is None or not change.key[:32] < change.key[32:]:
            return f"{change.key.hex()} is gone, or not in order"
        lower = after.lower_sales - (before.lower_sales if before else 0)
        higher = after.higher_sales - (before.higher_sales if before else 0)
        if lower < 0 or higher < 0:
            return f"{change.key.hex()} counts less than before"
        counted += lower + higher
    counted -= _sum_growth(changes, STANDINGS, "sales")
    return f"{counted} more in dealings than in standings" if counted else None


def find_bad_debts(changes: Changes) -> str | None:
    """L23: what an account was granted stands in its loans, and what it owes is something."""
    ended = {change.key for change in changes.of(LOANS) if change.after is None}
    for change in changes.of(DEBTS):
        debts = change.after
        if debts is None:
            continue
        if not {grant.loan for grant in debts.grants} <= set(debts.loans):
            return f"{change.key.hex()} has a grant of no loan"
        creditors = [claim.creditor for claim in debts.claims]
        if creditors != sorted(set(creditors)) or any(not claim.amount for claim in debts.claims):
            return f"{change.key.hex()} has claims out of order or empty"
        for loan_id in debts.loans:
            if u64(loan_id) in ended:
                return f"{change.key.hex()} has a loan that is over"
    return None


def _sum_growth(changes: Changes, table: Table[RowT], name: str) -> int:
    """What a column of a table grew by in all."""
    return sum(_get(change.after, name) - _get(change.before, name) for change in changes.of(table))


def _get(row: Record | None, name: str) -> int:
    return 0 if row is None else cast("int", getattr(row, name))


def _sum_saved(row: Savings | None) -> int:
    return sum_saved(row.deposits) if row else 0
