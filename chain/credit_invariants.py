"""Promises about credit that the ledger keeps in every block, by the rows that changed.

L20 also asks the rows that did not change: who spends below zero must be good for it. The others
are functions of the changes alone, like those of ``chain.invariants``.
"""

from collections.abc import Sequence
from typing import cast

from chain.codec import Record
from chain.crypto import u64
from chain.errors import InvariantBroken
from chain.rules.context import Context
from chain.rules.debts import sum_grants
from chain.rules.identity import get_home_person_key
from chain.rules.settlement import sum_saved
from chain.rules.standing import fade
from chain.state import Change, State
from chain.tables import (
    ACCOUNTS,
    CREDIT,
    DEALINGS,
    DEBTS,
    LOANS,
    SAVINGS,
    STANDINGS,
    Account,
    Dealing,
    Debts,
    Savings,
    Standing,
)


def check_floors(changes: Sequence[Change], state: State, context: Context) -> None:
    """L20: who fell below zero, or deeper, is good for it. Raises InvariantBroken.

    The state is as it was before the block; the changes are the block's.
    """
    deeper = []
    for change in changes:
        if change.table is ACCOUNTS and change.after is not None:
            after = cast("Account", change.after).settlement
            if after < 0 and (
                change.before is None or after < cast("Account", change.before).settlement
            ):
                deeper.append(change)
    if not deeper:
        return
    standings = {change.key: change.after for change in changes if change.table is STANDINGS}
    debts = {change.key: change.after for change in changes if change.table is DEBTS}
    for change in deeper:
        account = cast("Account", change.after)
        limit = 0
        if account.person is not None:
            key = get_home_person_key(account.person)
            standing = cast("Standing | None", standings.get(key, state.standings.get(key)))
            limit = fade(standing.limit, context, standing.period) if standing else 0
        owed = cast("Debts | None", debts.get(change.key, state.debts.get(change.key)))
        if owed is not None:
            limit = max(0, limit - owed.pledged) + sum_grants(owed, context.period)
        if account.settlement < -limit:
            raise InvariantBroken(
                f"L20 floor: {change.key.hex()} holds {account.settlement}, floor {-limit}"
            )


def find_wrong_sums(changes: Sequence[Change]) -> str | None:
    """L21: the sums of debt, savings, loans and counted sales change by what their rows change."""
    debt = saved = granted = sales = 0
    for change in changes:
        table = change.table
        if table is ACCOUNTS:
            before = cast("Account | None", change.before)
            after = cast("Account | None", change.after)
            if before is not None and before.settlement < 0:
                debt += before.settlement
            if after is not None and after.settlement < 0:
                debt -= after.settlement
        elif table is SAVINGS:
            saved += _sum_saved(change.after) - _sum_saved(change.before)
        elif table is LOANS:
            granted += _get(change.after, "counted") - _get(change.before, "counted")
        elif table is STANDINGS:
            sales += _get(change.after, "sales") - _get(change.before, "sales")
        elif table is CREDIT:
            debt -= _get(change.after, "debt") - _get(change.before, "debt")
            saved -= _get(change.after, "saved") - _get(change.before, "saved")
            granted -= _get(change.after, "granted") - _get(change.before, "granted")
            sales -= _get(change.after, "sales") - _get(change.before, "sales")
    if debt or saved or granted or sales:
        return f"debt by {debt}, savings by {saved}, loans by {granted}, sales by {sales}"
    return None


def find_bad_dealings(changes: Sequence[Change]) -> str | None:
    """L22: what pairs count as sales is what standings count, and is never taken back."""
    counted = 0
    for change in changes:
        if change.table is DEALINGS:
            before = cast("Dealing | None", change.before)
            after = cast("Dealing | None", change.after)
            if after is None or not change.key[:32] < change.key[32:]:
                return f"{change.key.hex()} is gone, or not in order"
            lower = after.lower_sales - (before.lower_sales if before else 0)
            higher = after.higher_sales - (before.higher_sales if before else 0)
            if lower < 0 or higher < 0:
                return f"{change.key.hex()} counts less than before"
            counted += lower + higher
        elif change.table is STANDINGS:
            counted -= _get(change.after, "sales") - _get(change.before, "sales")
    return f"{counted} more in dealings than in standings" if counted else None


def find_bad_debts(changes: Sequence[Change]) -> str | None:
    """L23: what an account was granted stands in its loans, and what it owes is something."""
    ended = {change.key for change in changes if change.table is LOANS and change.after is None}
    for change in changes:
        if change.table is not DEBTS or change.after is None:
            continue
        debts = cast("Debts", change.after)
        if not {grant.loan for grant in debts.grants} <= set(debts.loans):
            return f"{change.key.hex()} has a grant of no loan"
        creditors = [claim.creditor for claim in debts.claims]
        if creditors != sorted(set(creditors)) or any(not claim.amount for claim in debts.claims):
            return f"{change.key.hex()} has claims out of order or empty"
        for loan_id in debts.loans:
            if u64(loan_id) in ended:
                return f"{change.key.hex()} has a loan that is over"
    return None


def _get(row: Record | None, name: str) -> int:
    return 0 if row is None else cast("int", getattr(row, name))


def _sum_saved(row: Record | None) -> int:
    return sum_saved(row.deposits) if isinstance(row, Savings) else 0
