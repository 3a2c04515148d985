"""Promises the ledger keeps in every block, checked in production by the rows that changed.

Each is a function over changes, independent of the rules it watches. One that fails raises
``InvariantBroken`` with its number: a bug, after which a node must not go on.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

from chain.changes import Change, Changes
from chain.codec import Record
from chain.credit_invariants import (
    check_floors,
    check_reserve,
    find_bad_dealings,
    find_bad_debts,
    find_wrong_sums,
)
from chain.errors import InvariantBroken
from chain.invariants_epochs import find_bad_offender, find_bad_standing, find_key_come_back
from chain.invariants_exchange import (
    check_entered,
    find_bad_obligation,
    find_lost_page,
    find_miscounted_obligations,
    find_stray_escrow,
)
from chain.invariants_identity import (
    find_bad_recovery,
    find_changed_statement,
    find_divided_person,
    find_miscounted_statements,
    find_shared_name,
)
from chain.invariants_market import (
    find_altered_delivery,
    find_altered_listing,
    find_miscounted_trade,
    find_order_exceeded,
    find_unearned_record,
    find_unfounded_shortfall,
)
from chain.invariants_sets import (
    find_bad_set_list,
    find_broken_line_of_sets,
    find_fallen_finality,
    find_miscounted_seats,
    find_stray_anchor,
    find_torn_ancestry,
    find_wrong_set_record,
)
from chain.invariants_votes import find_bad_ballot, find_wrong_claims
from chain.policy import compute_account_id
from chain.rules.context import Context
from chain.rules.settlement import BONDED, get_due_step
from chain.state import State
from chain.tables import (
    ACCOUNTS,
    COMMON_FUNDS,
    MONEY,
    RECOVERIES,
    SAVINGS,
    SEATS,
    TIPS,
    WINDOWS,
    Account,
    Money,
    Recovery,
    Savings,
    Table,
    Window,
)
from chain.units import AMOUNT_MAX, SUPPLY_MAX, format_pai


def check_invariants(
    changed: Iterable[Change], state: State | None = None, context: Context | None = None
) -> None:
    """Check every promise on what a block changed. Raises InvariantBroken.

    With the state before the block and the block's context, L20, L24 and L43 too.
    """
    changes = Changes(changed)
    for number, check in INVARIANTS.items():
        problem = check(changes)
        if problem is not None:
            raise InvariantBroken(f"L{number} {check.__name__.removeprefix('find_')}: {problem}")
    if state is not None and context is not None:
        check_floors(changes, state, context)
        check_reserve(changes, state)
        check_entered(changes, state)


def find_lost_money(changes: Changes) -> str | None:
    """L1: accounts, savings, bonds, funds and pot together change only by what is burned."""
    difference = sum(
        (change.after.settlement if change.after else 0)
        - (change.before.settlement if change.before else 0)
        for change in changes.of(ACCOUNTS)
    )
    for table in _ALSO_HOLD_MONEY:
        for each in changes.of(table):
            difference += _count_money(each.after) - _count_money(each.before)
    return f"{difference} micropai appeared" if difference else None


def find_excess_supply(changes: Changes) -> str | None:
    """L2: issued less burned stays within 0 and the supply's bound; issue happens at genesis."""
    for change in changes.of(MONEY):
        before, after = change.before, change.after
        assert after is not None, "the funds have a row"
        if not 0 <= after.issued - after.burned <= SUPPLY_MAX:
            return f"{format_pai(after.issued)} issued, {format_pai(after.burned)} burned"
        if before is not None and (after.issued != before.issued or after.burned < before.burned):
            return "money was issued, or unburned, after genesis"
    return None


def find_bad_funds(changes: Changes) -> str | None:
    """L3: no fund, pot or count is negative."""
    for change in changes.of(MONEY):
        for name in Money.__struct_fields__:
            if getattr(change.after, name) < 0:
                return f"{name} is negative"
    return None


def find_bad_balance(changes: Changes) -> str | None:
    """L4: no balance leaves what an account may hold; a debtor owes no more than all money is."""
    for change in changes.of(ACCOUNTS):
        after = change.after
        if after is not None and not -SUPPLY_MAX <= after.settlement <= AMOUNT_MAX:
            return f"{change.key.hex()} holds {after.settlement}"
    return None


def find_sequence_fallen(changes: Changes) -> str | None:
    """L5: sequences and deposit numbers only rise, and time only passes, while an account lives.

    Only one that is empty, nobody's and under its first policy may end, or begin anew.
    """
    for change in changes.of(ACCOUNTS):
        before, after = change.before, change.after
        if before is None:
            continue
        if (
            after is None
            or after.sequence < before.sequence
            or after.deposits_made < before.deposits_made
            or after.touched_step < before.touched_step
        ) and not _may_end(change.key, before):
            return change.key.hex()
    return None


def find_bad_savings(changes: Changes) -> str | None:
    """L6: savings are in order, hold something, and the account knows when one falls due.

    An account that did not change knows what it knew: a guarantor's, whose deposit is free again.
    """
    due = {
        change.key: change.after.due_step if change.after else None
        for change in changes.of(ACCOUNTS)
    }
    for each in changes.of(SAVINGS):
        deposits = each.after.deposits if each.after else ()
        ids = [deposit.id for deposit in deposits]
        if ids != sorted(set(ids)) or any(deposit.amount <= 0 for deposit in deposits):
            return f"{each.key.hex()} has deposits out of order or empty"
        known = get_due_step(each.before.deposits if each.before else ())
        if due.get(each.key, known) != get_due_step(deposits):
            return f"{each.key.hex()} does not know its next due step"
    return None


def find_bad_bonds(changes: Changes) -> str | None:
    """L7: what a seat counts as its bond changes by what its owner's bonded deposits change."""
    moved: dict[bytes, int] = {}
    for change in changes.of(SAVINGS):
        moved[change.key] = _count_bond(change.after) - _count_bond(change.before)
    for each in changes.of(SEATS):
        difference = (each.after.bond if each.after else 0) - (
            each.before.bond if each.before else 0
        )
        moved[each.key] = moved.get(each.key, 0) - difference
    wrong = [key for key, difference in moved.items() if difference]
    return wrong[0].hex() if wrong else None


def find_standing_tip(changes: Changes) -> str | None:
    """L8: every block raises slot and height, and the score by one or two."""
    for change in changes.of(TIPS):
        before, after = change.before, change.after
        assert after is not None, "the tip has a row"
        if before is not None and (
            after.slot <= before.slot
            or after.height != before.height + 1
            or not 1 <= after.score - before.score <= 2
        ):
            return f"from {before} to {after}"
    return None


def find_miscounted_accounts(changes: Changes) -> str | None:
    """L9: the number of accounts changes by those that are born less those that end."""
    born = sum(
        (change.after is not None) - (change.before is not None) for change in changes.of(ACCOUNTS)
    )
    for each in changes.of(MONEY):
        born -= each.after.accounts if each.after else 0
        born += each.before.accounts if each.before else 0
    return f"{born} accounts were not counted" if born else None


INVARIANTS: Final[dict[int, Callable[[Changes], str | None]]] = {
    1: find_lost_money,
    2: find_excess_supply,
    3: find_bad_funds,
    4: find_bad_balance,
    5: find_sequence_fallen,
    6: find_bad_savings,
    7: find_bad_bonds,
    8: find_standing_tip,
    9: find_miscounted_accounts,
    21: find_wrong_sums,
    22: find_bad_dealings,
    23: find_bad_debts,
    10: find_bad_set_list,
    11: find_broken_line_of_sets,
    12: find_wrong_set_record,
    13: find_fallen_finality,
    14: find_stray_anchor,
    15: find_miscounted_seats,
    16: find_torn_ancestry,
    17: find_bad_standing,
    18: find_bad_offender,
    19: find_key_come_back,
    30: find_divided_person,
    31: find_changed_statement,
    32: find_miscounted_statements,
    33: find_bad_recovery,
    34: find_shared_name,
    35: find_wrong_claims,
    36: find_bad_ballot,
    40: find_bad_obligation,
    41: find_miscounted_obligations,
    42: find_lost_page,
    44: find_stray_escrow,
    45: find_altered_listing,
    46: find_order_exceeded,
    47: find_miscounted_trade,
    48: find_altered_delivery,
    49: find_unfounded_shortfall,
    50: find_unearned_record,
}


def _may_end(account_id: bytes, account: Account) -> bool:
    return (
        account.settlement == 0
        and account.due_step < 0
        and account.person is None
        and (account.policy is None or compute_account_id(account.policy) == account_id)
    )


_ALSO_HOLD_MONEY: Final[tuple[Table[Any], ...]] = (SAVINGS, RECOVERIES, WINDOWS, MONEY)


def _count_money(row: Record | None) -> int:
    """What a row holds; issued money counts against what it became."""
    if isinstance(row, Savings):
        return sum(deposit.amount for deposit in row.deposits)
    if isinstance(row, Recovery):
        return row.pending.bond if row.pending else 0
    if isinstance(row, Window):
        return sum(lender.escrow for lender in row.lenders)
    if isinstance(row, Money):
        funds: int = sum(getattr(row, name) for name in COMMON_FUNDS)
        return funds - (row.issued - row.burned)
    return 0


def _count_bond(row: Savings | None) -> int:
    deposits = row.deposits if row else ()
    return sum(deposit.amount for deposit in deposits if deposit.seat_bond == BONDED)
