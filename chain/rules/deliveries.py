"""What a chain promised is delivered, and only the buyer's own word says that it was.

A part that nobody has receipted in time becomes what the seller owes the buyer, disputed and not
to be set off for a while. Only the buyer can ask for less of it; anybody may pay it. What is
counted of an account are these facts, and nobody's opinion.
"""

from typing import Final

from msgspec.structs import replace

from chain.actions import ConfirmDelivery, ForgiveShortfall, Leg, PayShortfall
from chain.crypto import u64
from chain.errors import Code, Invalid
from chain.facts import Delivered, ShortfallPaid, Traded, Undelivered
from chain.policy import AccountId
from chain.rules.context import Context
from chain.rules.market import OVERDUE_MAX, get_trader, note_end, put_trader, take_number
from chain.rules.payments import credit, debit
from chain.state import State
from chain.tables import Delivery, Listing, Shortfall
from chain.units import format_pai

DELIVERY_PERIODS: Final = 7  # to deliver in; then come the periods of grace


def begin_delivery(
    state: State, context: Context, chain: int, leg: Leg, offer: Listing, buyer: AccountId
) -> None:
    """A seller owes a buyer goods from now on."""
    number = take_number(state, context)
    due = context.period + DELIVERY_PERIODS
    row = Delivery(
        seller=offer.account,
        buyer=buyer,
        chain=chain,
        offer=leg.offer,
        good=offer.good,
        unit=offer.unit,
        price=offer.price,
        left=leg.quantity,
        due_period=due,
        claim_period=due + context.parameters.delivery_grace_periods,
        overdue=False,
    )
    state.deliveries.put(u64(number), row)
    trader = get_trader(state, row.seller)
    put_trader(state, row.seller, replace(trader, deliveries=trader.deliveries + 1))
    note_end(state, context, due + 1, number)
    state.facts.append(
        Traded(number, chain, row.seller, buyer, row.good, leg.quantity, leg.quantity * row.price)
    )


def apply_confirm_delivery(
    state: State, context: Context, owner: AccountId, action: ConfirmDelivery
) -> None:
    """Take note that the buyer has the goods, or a part of them."""
    row = state.deliveries.get(u64(action.delivery))
    if row is None:
        raise Invalid(Code.UNKNOWN_DELIVERY, f"number {action.delivery}")
    if owner != row.buyer:
        raise Invalid(Code.NOT_THE_BUYER)
    if action.quantity > row.left:
        raise Invalid(Code.RECEIPT_TOO_LARGE, f"{row.left} left")
    state.facts.append(
        Delivered(action.delivery, row.seller, row.buyer, row.good, action.quantity, row.price)
    )
    if action.quantity < row.left:
        rest = replace(row, left=row.left - action.quantity)
        state.deliveries.put(u64(action.delivery), rest)
        return
    state.deliveries.put(u64(action.delivery), None)
    trader = get_trader(state, row.seller)
    put_trader(
        state,
        row.seller,
        replace(
            trader,
            deliveries=trader.deliveries - 1,
            overdue=trader.overdue - row.overdue,
            delivered=trader.delivered + 1,
            late=trader.late + (context.period > row.due_period),
        ),
    )


def apply_forgive_shortfall(
    state: State, _context: Context, owner: AccountId, action: ForgiveShortfall
) -> None:
    """Ask for less: the goods came late, or both have agreed otherwise."""
    row = _require_shortfall(state, action)
    if owner != row.creditor:
        raise Invalid(Code.NOT_THE_BUYER)
    _reduce(state, action.shortfall, row, action.amount, paid=False)


def apply_pay_shortfall(
    state: State, context: Context, owner: AccountId, action: PayShortfall
) -> None:
    """Pay the buyer back."""
    row = _require_shortfall(state, action)
    if owner == row.creditor:
        raise Invalid(Code.PAYMENT_TO_SELF)
    debit(state, context, owner, action.amount)
    credit(state, context, row.creditor, action.amount)
    state.facts.append(ShortfallPaid(action.shortfall, owner, row.creditor, action.amount))
    _reduce(state, action.shortfall, row, action.amount, paid=True)


def process_delivery(state: State, context: Context, number: int, row: Delivery) -> None:
    """A delivery's time has passed: it is overdue, and after its grace a shortfall."""
    if context.period <= row.due_period:
        note_end(state, context, row.due_period + 1, number)
        return
    if not row.overdue:
        row = replace(row, overdue=True)
        trader = get_trader(state, row.seller)
        order = trader.order if trader.overdue < OVERDUE_MAX else None
        put_trader(state, row.seller, replace(trader, order=order, overdue=trader.overdue + 1))
    if context.period <= row.claim_period:
        state.deliveries.put(u64(number), row)
        note_end(state, context, row.claim_period + 1, number)
        return
    state.deliveries.put(u64(number), None)
    trader = get_trader(state, row.seller)
    put_trader(
        state,
        row.seller,
        replace(trader, deliveries=trader.deliveries - 1, disputed=trader.disputed + 1),
    )
    amount = row.left * row.price
    state.facts.append(Undelivered(number, row.seller, row.buyer, row.good, row.left, amount))
    clearable = context.period + context.parameters.dispute_periods
    take_obligation(state, number, row.seller, row.buyer, amount, clearable)


def take_obligation(
    state: State,
    number: int,
    debtor: AccountId,
    creditor: AccountId,
    amount: int,
    clearable_period: int,
) -> None:
    """The one place where what was not delivered becomes a debt."""
    state.shortfalls.put(u64(number), Shortfall(debtor, creditor, amount, clearable_period))


def _require_shortfall(state: State, action: ForgiveShortfall | PayShortfall) -> Shortfall:
    row = state.shortfalls.get(u64(action.shortfall))
    if row is None:
        raise Invalid(Code.UNKNOWN_SHORTFALL, f"number {action.shortfall}")
    if action.amount > row.amount:
        raise Invalid(Code.SHORTFALL_TOO_LITTLE, f"owed: {format_pai(row.amount)}")
    return row


def _reduce(state: State, number: int, row: Shortfall, amount: int, *, paid: bool) -> None:
    if amount < row.amount:
        state.shortfalls.put(u64(number), replace(row, amount=row.amount - amount))
        return
    state.shortfalls.put(u64(number), None)
    trader = get_trader(state, row.debtor)
    put_trader(
        state,
        row.debtor,
        replace(trader, overdue=trader.overdue - 1, kept=trader.kept + paid),
    )
