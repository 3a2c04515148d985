"""What a chain promised is delivered, and only the buyer's own word says that it was.

A part that nobody has receipted in time becomes an obligation of the seller to the buyer, disputed
and not to be set off for a while. What is counted of an account are these facts, and nobody's
opinion.
"""

from typing import Final

from msgspec.structs import replace

from chain.actions import ConfirmDelivery, Leg
from chain.crypto import u64
from chain.errors import Code, Invalid
from chain.facts import Delivered, Traded, Undelivered
from chain.policy import AccountId
from chain.rules.context import Context
from chain.rules.market import (
    FACT,
    OVERDUE_MAX,
    get_recorded_trader,
    get_trader,
    note_end,
    put_trader,
    take_number,
)
from chain.rules.obligations import open_shortfall
from chain.state import State
from chain.tables import Delivery, Listing, Shortfall

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
    _count_awaited(state, buyer, 1)
    note_end(state, context, due + 1, number)
    state.facts.append(
        Traded(number, chain, row.seller, buyer, row.good, leg.quantity, leg.quantity * row.price)
    )


def _count_awaited(state: State, buyer: AccountId, change: int) -> None:
    """Goods are on their way to an account, which stays until it has them or is owed for them."""
    trader = get_trader(state, buyer)
    put_trader(state, buyer, replace(trader, awaited=trader.awaited + change))


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
    _count_awaited(state, row.buyer, -1)
    trader = get_recorded_trader(state, context, row.seller)
    put_trader(
        state,
        row.seller,
        replace(
            trader,
            deliveries=trader.deliveries - 1,
            overdue=trader.overdue - row.overdue,
            delivered=trader.delivered + FACT,
            late=trader.late + FACT * (context.period > row.due_period),
        ),
    )


def process_delivery(state: State, context: Context, number: int, row: Delivery) -> None:
    """A delivery's time has passed: it is overdue, and after its grace a debt."""
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
    _owe_what_is_left(state, context, number, row)


def _owe_what_is_left(state: State, context: Context, number: int, row: Delivery) -> None:
    """What was not delivered becomes a debt like any other, disputed for a while."""
    state.deliveries.put(u64(number), None)
    _count_awaited(state, row.buyer, -1)
    trader = get_recorded_trader(state, context, row.seller)
    put_trader(
        state,
        row.seller,
        replace(trader, deliveries=trader.deliveries - 1, disputed=trader.disputed + FACT),
    )
    amount = row.left * row.price
    clearable_period = context.period + context.parameters.dispute_periods
    clearable_slot = clearable_period * context.constants.slots_per_period
    obligation = open_shortfall(state, context, row, amount, Shortfall(number, clearable_slot))
    state.facts.append(
        Undelivered(number, obligation, row.seller, row.buyer, row.good, row.left, amount)
    )
