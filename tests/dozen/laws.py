"""What holds after every block, whatever was tried: nobody's is taken, bound, undone or frozen.

Each law looks at what changed and asks whose hand was in it. Time may act on everybody, but only
as he could read beforehand: what melts, falls due, was pledged, ordered or lent by himself.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from chain.actions import (
    AcceptInvoice,
    CompleteRecovery,
    ConsentReassign,
    PayInvoice,
    WriteDown,
)
from chain.changes import RowChange
from chain.facts import (
    ChainSettled,
    Charged,
    GuarantorPaid,
    LiquidityHeld,
    Matured,
    OfferSilenced,
    SetOff,
    Undelivered,
)
from chain.merkle import Tree
from chain.policy import AccountId
from chain.rules.clearing_window import get_window
from chain.rules.loan_terms import NO_CONSENT
from chain.rules.settlement import BONDED, OWN
from chain.rules.shelves import OPEN
from chain.rules.standing import fade
from chain.state import State
from chain.tables import (
    ACCOUNTS,
    CHAINS,
    CURRENT,
    DEBTS,
    LISTINGS,
    LOANS,
    PAGES,
    SAVINGS,
    SEATS,
    STANDINGS,
    TRADERS,
    Obligation,
    Savings,
)
from chain.units import SUPPLY_MAX
from tests.community import get_name
from tests.dozen.town import Closed, Town
from tests.properties.plain_ledger import count_money

Rows = Callable[[Any], list[tuple[bytes, Any]]]
FactT = TypeVar("FactT")


class Agreed(NamedTuple):
    """Who had agreed to what before the block, by his own hand."""

    to_trade: set[AccountId]  # by a standing order, or to a chain that waits
    to_answer: set[AccountId]  # for somebody's loan
    to_lend: set[AccountId]  # to set-off


def find_agreed(state: State, rows: Rows) -> Agreed:
    """The same, from the rows."""
    traders = {key for key, row in rows(TRADERS) if row.order is not None}
    consents = {item.account for _, row in rows(CHAINS) for item in row.consents}
    pledged = [row for _, row in rows(LOANS) if row.pledged_deposit != NO_CONSENT]
    guarantors = {row.guarantor for row in pledged if row.guarantor is not None}
    lenders = {item.account for item in get_window(state).lenders}
    return Agreed(traders | consents, guarantors, lenders)


def select(closed: Closed, kind: type[FactT]) -> list[FactT]:
    """The facts of a kind."""
    return [fact for fact in closed.facts if isinstance(fact, kind)]


def check_block(closed: Closed, agreed: Agreed) -> None:
    """All laws about one block."""
    check_balances(closed, agreed)
    check_keys(closed)
    check_trades(closed, agreed)
    check_obligations(closed)
    check_standing(closed)


def check_balances(closed: Closed, agreed: Agreed) -> None:
    """Nobody's balance or savings are less by somebody else's deed than what he had agreed to."""
    for paid in select(closed, GuarantorPaid):
        assert paid.guarantor in agreed.to_answer, "a guarantor who never consented"
    for held in select(closed, LiquidityHeld):
        assert held.account in agreed.to_lend | {closed.signer}, "nobody lent that"
    for change in closed.changes.of(ACCOUNTS):
        before, after = change.before, change.after
        if before is None or change.key == closed.signer:
            continue
        if after is None:
            assert before.settlement == 0, f"{get_name(change.key)} is gone, and had money"
            continue
        lost = before.settlement + _count_due(closed, change.key) - after.settlement
        assert lost <= 0, f"{get_name(change.key)} lost {lost}, and nobody says why"
        assert after.sequence == before.sequence, "somebody else used up a number"
    for saved in closed.changes.of(SAVINGS):
        if saved.key != closed.signer:
            _check_deposits(closed, saved)


def _count_due(closed: Closed, who: AccountId) -> int:
    """What time has added to a balance, less what it took by the rules."""
    matured = [item.amount for item in select(closed, Matured) if item.account == who]
    charged = [
        item.amount
        for item in select(closed, Charged)
        if item.account == who and not item.early_return
    ]
    answered = [
        item.amount
        for item in select(closed, GuarantorPaid)
        if item.guarantor == who and item.deposit < 0
    ]
    held = [item.amount for item in select(closed, LiquidityHeld) if item.account == who]
    traded = [item.amount for item in select(closed, ChainSettled) if item.account == who]
    return sum(matured) - sum(charged) - sum(answered) - sum(held) + sum(min(0, x) for x in traded)


def _check_deposits(closed: Closed, change: RowChange[Savings]) -> None:
    left = {item.id: item.amount for item in change.after.deposits} if change.after else {}
    for item in change.before.deposits if change.before else ():
        paid = sum(
            fact.amount
            for fact in select(closed, GuarantorPaid)
            if (fact.guarantor, fact.deposit) == (change.key, item.id)
        )
        matured = any(
            (fact.account, fact.deposit) == (change.key, item.id)
            for fact in select(closed, Matured)
        )
        assert matured or left.get(item.id, 0) >= item.amount - paid, "savings were taken"


def check_keys(closed: Closed) -> None:
    """Keys are changed by who has them, or by guardians after the delay that he chose."""
    recovered = {
        action.account for action in closed.actions if isinstance(action, CompleteRecovery)
    }
    for change in closed.changes.of(ACCOUNTS):
        before, after = change.before, change.after
        if before is None or after is None or change.key in recovered | {closed.signer}:
            continue
        assert before.policy == after.policy, f"{get_name(change.key)} has other keys"
    for seat in closed.changes.of(SEATS):
        assert seat.before is None or seat.after is not None, "a seat was taken away"


def check_trades(closed: Closed, agreed: Agreed) -> None:
    """Chains move the money of those alone who consented to them or ordered such."""
    for fact in select(closed, ChainSettled):
        assert fact.account in agreed.to_trade | {closed.signer}, "somebody's money was traded"
    for change in closed.changes.of(LISTINGS):
        if change.before is not None and change.after is not None:
            same = (change.before.account, change.before.price) == (
                change.after.account,
                change.after.price,
            )
            assert same or closed.signer == change.before.account, "a listing was changed"


def check_obligations(closed: Closed) -> None:
    """Nobody owes what he has not accepted, and nobody's claim is less unless he was paid."""
    before: dict[int, Obligation] = {}
    after: dict[int, Obligation] = {}
    for change in closed.changes.of(PAGES):
        before |= {item.number: item for item in change.before.entries} if change.before else {}
        after |= {item.number: item for item in change.after.entries} if change.after else {}
    cleared = {item.obligation for fact in select(closed, SetOff) for item in fact.cleared}
    silenced = {fact.obligation for fact in select(closed, OfferSilenced)}
    owed = {fact.obligation: fact for fact in select(closed, Undelivered)}
    for number in sorted(before.keys() | after.keys()):
        old, new = before.get(number), after.get(number)
        if old == new or number in cleared or number in silenced:
            continue
        if old is not None:
            _check_move(closed, number, old, new)
        elif new is not None and number in owed:  # he was paid for it, and it did not come
            assert (new.debtor, new.creditor) == (owed[number].seller, owed[number].buyer)
        else:
            assert new is not None
            assert new.state != OPEN, "somebody owes what was never offered"
            assert closed.signer == new.creditor


def _check_move(closed: Closed, number: int, old: Obligation, new: Obligation | None) -> None:
    """What somebody did to an obligation is what his side may do."""
    (action,) = [item for item in closed.actions if getattr(item, "obligation", -1) == number]
    if new is not None and new.state == OPEN:
        if old.state != OPEN:
            assert isinstance(action, AcceptInvoice), "an offer binds"
            assert closed.signer == new.debtor
        if old.creditor != new.creditor:
            assert isinstance(action, ConsentReassign)
            assert (closed.signer, old.heir) == (old.debtor, new.creditor)
        assert (old.debtor, old.amount) == (new.debtor, new.amount)
    if old.state == OPEN:
        left = new.remaining if new else 0
        assert left <= old.remaining
        if left < old.remaining:
            _check_lowered(closed, old, action, old.remaining - left)


def _check_lowered(closed: Closed, old: Obligation, action: object, amount: int) -> None:
    if isinstance(action, WriteDown):
        assert closed.signer == old.creditor, "somebody else let the debtor off"
    else:
        assert isinstance(action, PayInvoice), "a claim is less, and nobody paid"
        assert action.amount == amount


def check_standing(closed: Closed) -> None:
    """What somebody is good for falls no faster than it fades: no word of others takes it."""
    for change in closed.changes.of(STANDINGS):
        if change.before is not None:
            assert change.after is not None, "a standing was struck out"
            left = fade(change.before.limit, closed.context, change.before.period)
            assert change.after.limit >= left - 1, "a limit fell faster than it fades"
    for debts in closed.changes.of(DEBTS):
        claims = {item.creditor: item.amount for item in debts.after.claims} if debts.after else {}
        known = {item.creditor: item.amount for item in debts.before.claims} if debts.before else {}
        for creditor, amount in claims.items():
            if amount > known.get(creditor, 0):
                paid = [
                    fact.amount
                    for fact in select(closed, GuarantorPaid)
                    if (fact.guarantor, fact.debtor) == (creditor, debts.key)
                ]
                assert amount - known.get(creditor, 0) <= sum(paid), "a claim of nothing"


def check_whole(town: Town) -> None:
    """All rows together: money is conserved and bounded, sums and root are those of the rows."""
    rows = list(town.read_all())
    assert count_money(rows) == 0, "money appeared, or is gone"
    assert Tree().compute_update(rows).root == town.ledger.root
    accounts, money = dict(town.read(ACCOUNTS)), town.state.money.require(CURRENT)
    assert money.accounts == len(accounts)
    assert sum(abs(row.settlement) for row in accounts.values()) < SUPPLY_MAX
    credit = town.state.credit.require(CURRENT)
    assert credit.debt == -sum(min(0, row.settlement) for row in accounts.values())
    savings = [item for _, row in town.read(SAVINGS) for item in row.deposits]
    assert credit.saved == sum(item.amount for item in savings if item.seat_bond in OWN)
    assert credit.granted == sum(row.counted for _, row in town.read(LOANS))
    bonded = sum(item.amount for item in savings if item.seat_bond == BONDED)
    assert sum(row.bond for _, row in town.read(SEATS)) == bonded
