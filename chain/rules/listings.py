"""What members offer and want, and what they consent to beforehand.

An offer or want binds nobody yet. A standing order lets chains of one's own offers and wants
happen unasked, as long as they change one's balance, in all, by no more than was signed. It ends
with a recovery of the account, not with a change of its keys.
"""

from typing import Final

from msgspec.structs import replace

from chain.actions import CancelOrder, ChangeListing, Offer, SetOrder, Want, WithdrawListing
from chain.crypto import u64
from chain.errors import Code, Invalid
from chain.policy import AccountId
from chain.rules.context import Context
from chain.rules.market import (
    OVERDUE_MAX,
    get_end_period,
    get_trader,
    note_end,
    put_trader,
    take_number,
)
from chain.rules.obligations import OBLIGATION_MAX
from chain.rules.recovery import get_recovered_slot
from chain.state import State
from chain.tables import Listing, Order
from chain.units import SUPPLY_MAX

LIFE_PERIODS_MAX: Final = 360


def apply_offer(state: State, context: Context, owner: AccountId, action: Offer) -> None:
    """Offer goods or work."""
    _list(state, context, owner, action, is_want=False)


def apply_want(state: State, context: Context, owner: AccountId, action: Want) -> None:
    """Want goods or work."""
    _list(state, context, owner, action, is_want=True)


def _list(
    state: State, context: Context, owner: AccountId, action: Offer | Want, *, is_want: bool
) -> None:
    _check_bounds(context, action)
    trader = get_trader(state, owner)
    if trader.listings >= context.parameters.offers_max:
        raise Invalid(Code.TOO_MANY_LISTINGS, f"{trader.listings} open")
    put_trader(state, owner, replace(trader, listings=trader.listings + 1))
    number = take_number(state, context)
    row = Listing(
        account=owner,
        is_want=is_want,
        good=action.good,
        unit=action.unit,
        price=action.price,
        left=action.quantity,
        place=action.place,
        until_slot=action.until_slot,
        note=action.note,
    )
    state.listings.put(u64(number), row)
    note_end(state, context, get_end_period(context, row.until_slot), number)


def apply_change_listing(
    state: State, context: Context, owner: AccountId, action: ChangeListing
) -> None:
    """Other terms for an own offer or want; what was traded of it stays traded."""
    row = _require_own(state, owner, action.listing)
    _check_bounds(context, action)
    if action.until_slot < row.until_slot:
        note_end(state, context, get_end_period(context, action.until_slot), action.listing)
    state.listings.put(
        u64(action.listing),
        replace(row, price=action.price, left=action.quantity, until_slot=action.until_slot),
    )


def apply_withdraw_listing(
    state: State, _context: Context, owner: AccountId, action: WithdrawListing
) -> None:
    """Take back an own offer or want."""
    end_listing(state, action.listing, _require_own(state, owner, action.listing))


def apply_set_order(state: State, context: Context, owner: AccountId, action: SetOrder) -> None:
    """Consent beforehand, from now on; what an earlier order had left is void."""
    if max(action.give_max, action.take_max) > SUPPLY_MAX or not is_within_life(
        context, action.until_slot, LIFE_PERIODS_MAX
    ):
        raise Invalid(Code.ORDER_OUT_OF_BOUNDS)
    trader = get_trader(state, owner)
    if trader.overdue > OVERDUE_MAX:
        raise Invalid(Code.TOO_MANY_OVERDUE, f"{trader.overdue} overdue")
    order = Order(
        give_max=action.give_max,
        take_max=action.take_max,
        chains_a_period=action.chains_a_period,
        until_slot=action.until_slot,
        since_slot=context.slot,
        moved=0,
        period=context.period,
        chains=0,
    )
    put_trader(state, owner, replace(trader, order=order))


def apply_cancel_order(
    state: State, _context: Context, owner: AccountId, _action: CancelOrder
) -> None:
    """Take the consent back."""
    trader = get_trader(state, owner)
    if trader.order is None:
        raise Invalid(Code.NO_ORDER)
    put_trader(state, owner, replace(trader, order=None))


def use_order(state: State, context: Context, account_id: AccountId, delta: int) -> Order | None:
    """The account's order after one more chain of this effect, or None: it does not admit that."""
    order = get_trader(state, account_id).order
    if order is None or not order.since_slot <= context.slot <= order.until_slot:
        return None
    if get_recovered_slot(state, account_id) >= order.since_slot:
        return None
    chains = order.chains + 1 if order.period == context.period else 1
    moved = order.moved + delta
    if chains > order.chains_a_period or not -order.give_max <= moved <= order.take_max:
        return None
    return replace(order, moved=moved, period=context.period, chains=chains)


def end_listing(state: State, number: int, row: Listing) -> None:
    """Forget an offer or want."""
    state.listings.put(u64(number), None)
    trader = get_trader(state, row.account)
    put_trader(state, row.account, replace(trader, listings=trader.listings - 1))


def is_within_life(context: Context, until_slot: int, periods: int) -> bool:
    """Whether something may last until that slot: not over yet, and not beyond so many periods."""
    return context.slot <= until_slot <= context.slot + periods * context.constants.slots_per_period


def _check_bounds(context: Context, terms: Offer | Want | ChangeListing) -> None:
    if terms.price * terms.quantity > OBLIGATION_MAX or not is_within_life(
        context, terms.until_slot, LIFE_PERIODS_MAX
    ):
        raise Invalid(Code.LISTING_OUT_OF_BOUNDS)


def _require_own(state: State, owner: AccountId, number: int) -> Listing:
    row = state.listings.get(u64(number))
    if row is None:
        raise Invalid(Code.UNKNOWN_LISTING, f"number {number}")
    if row.account != owner:
        raise Invalid(Code.NOT_YOUR_LISTING, f"number {number}")
    return row
