"""Chains of trades: goods and work go round, and money moves only by what does not come out even.

A chain is proposed by anybody and happens as a whole or not at all, when everybody in it has
consented: by a standing order that covers what it does to his balance, or to this very chain.
Nothing of it is kept back until then; a chain that has become impossible, or in which a price has
changed, is refused.
"""

from collections.abc import Iterable
from itertools import pairwise
from typing import Final, NamedTuple

from msgspec.structs import replace

from chain.actions import AcceptChain, DeclineChain, Leg, ProposeChain
from chain.crypto import u64
from chain.errors import Code, Invalid
from chain.facts import ChainSettled
from chain.goods import is_reachable, is_under
from chain.policy import AccountId
from chain.rules.context import Context
from chain.rules.deliveries import begin_delivery
from chain.rules.listings import end_listing, is_within_life, use_order
from chain.rules.market import get_end_period, get_trader, note_end, put_trader, take_number
from chain.rules.payments import credit, debit
from chain.rules.recovery import get_recovered_slot
from chain.state import State
from chain.tables import Chain, Consent, Listing, Order
from chain.terms import Term, compute_terms_digest

CHAIN_PERIODS_MAX: Final = 28
CHAINS_WAITING_MAX: Final = 64  # that one account proposed: an honest matchmaker has fewer


class Deal(NamedTuple):
    """One leg with the rows that it names."""

    leg: Leg
    offer: Listing
    want: Listing

    @property
    def amount(self) -> int:
        """What the buyer pays for the leg, in micropai."""
        return self.offer.price * self.leg.quantity


def compute_chain_digest(chain: bytes, deals: Iterable[Deal], expires_slot: int) -> bytes:
    """What a member consents to, of the rows as they stand."""
    terms = [
        Term(leg, offer.account, want.account, offer.good, offer.unit, offer.price)
        for leg, offer, want in deals
    ]
    return compute_terms_digest(chain, terms, expires_slot)


def apply_propose_chain(
    state: State, context: Context, owner: AccountId, action: ProposeChain
) -> None:
    """Let a chain happen, or wait for those who have not consented."""
    if not is_within_life(context, action.expires_slot, CHAIN_PERIODS_MAX):
        raise Invalid(Code.CHAIN_EXPIRY_OUT_OF_BOUNDS)
    deals = find_deals(state, context, action.legs)
    deltas = compute_deltas(deals)
    digest = compute_chain_digest(context.chain, deals, action.expires_slot)
    consents: tuple[Consent, ...] = ()
    if action.digest is not None:
        if owner not in deltas:
            raise Invalid(Code.NOT_IN_CHAIN)
        if action.digest != digest:
            raise Invalid(Code.OTHER_CHAIN)
        consents = (Consent(owner, context.slot),)
    number = take_number(state, context)
    if not _find_waiting(state, context, deltas, consents):
        _perform(state, context, number, deals, consents)
        return
    trader = get_trader(state, owner)
    if trader.proposals >= CHAINS_WAITING_MAX:
        raise Invalid(Code.TOO_MANY_CHAINS, f"{trader.proposals} waiting")
    put_trader(state, owner, replace(trader, proposals=trader.proposals + 1))
    row = Chain(owner, action.legs, action.expires_slot, digest, consents)
    state.chains.put(u64(number), row)
    note_end(state, context, get_end_period(context, row.expires_slot), number)


def apply_accept_chain(
    state: State, context: Context, owner: AccountId, action: AcceptChain
) -> None:
    """Consent to a chain that waits; it happens now if nobody else is waited for."""
    row = _require_waiting(state, context, action.chain)
    deals = find_deals(state, context, row.legs)
    digest = compute_chain_digest(context.chain, deals, row.expires_slot)
    if not action.digest == digest == row.digest:
        raise Invalid(Code.OTHER_CHAIN, f"number {action.chain}")
    deltas = compute_deltas(deals)
    if owner not in deltas:
        raise Invalid(Code.NOT_IN_CHAIN, f"number {action.chain}")
    valid = get_consents(state, row)
    if any(item.account == owner for item in valid):
        raise Invalid(Code.CONSENTED_ALREADY)
    consents = tuple(sorted((*valid, Consent(owner, context.slot)), key=lambda item: item.account))
    if _find_waiting(state, context, deltas, consents):
        state.chains.put(u64(action.chain), replace(row, consents=consents))
        return
    end_chain(state, action.chain, row)
    _perform(state, context, action.chain, deals, consents)


def apply_decline_chain(
    state: State, context: Context, owner: AccountId, action: DeclineChain
) -> None:
    """Refuse a chain that one is in, or take back one's own proposal."""
    row = _require_waiting(state, context, action.chain)
    if owner != row.proposer and owner not in find_parties(state, row.legs):
        raise Invalid(Code.NOT_IN_CHAIN, f"number {action.chain}")
    end_chain(state, action.chain, row)


def find_deals(state: State, context: Context, legs: tuple[Leg, ...]) -> list[Deal]:
    """The legs with their rows, each possible and all together within what is left.

    Raises Invalid.
    """
    pairs = [(leg.offer, leg.want) for leg in legs]
    if any(pair >= following for pair, following in pairwise(pairs)):
        raise Invalid(Code.LEGS_OUT_OF_ORDER)
    deals, taken = [], dict[int, int]()
    for leg in legs:
        offer = _require_open(state, context, leg.offer, is_want=False)
        want = _require_open(state, context, leg.want, is_want=True)
        check_match(offer, want)
        for number, row in ((leg.offer, offer), (leg.want, want)):
            taken[number] = taken.get(number, 0) + leg.quantity
            if taken[number] > row.left:
                raise Invalid(Code.NOT_ENOUGH_LEFT, f"number {number}, {row.left} left")
        deals.append(Deal(leg, offer, want))
    return deals


def check_match(offer: Listing, want: Listing) -> None:
    """Refuse an offer that is not what is wanted. Raises Invalid."""
    if offer.account == want.account:
        raise Invalid(Code.TRADE_WITH_SELF)
    if (
        offer.unit != want.unit
        or not is_under(offer.good, want.good)
        or not is_reachable(offer.place, want.place)
    ):
        raise Invalid(Code.GOODS_DO_NOT_MATCH)
    if offer.price > want.price:
        raise Invalid(Code.PRICE_ABOVE_MAXIMUM)


def compute_deltas(deals: Iterable[Deal]) -> dict[AccountId, int]:
    """What the deals do to everybody's balance, in order of accounts; they sum to nothing."""
    deltas: dict[AccountId, int] = {}
    for deal in deals:
        seller, buyer = deal.offer.account, deal.want.account
        deltas[seller] = deltas.get(seller, 0) + deal.amount
        deltas[buyer] = deltas.get(buyer, 0) - deal.amount
    return dict(sorted(deltas.items()))


def find_parties(state: State, legs: tuple[Leg, ...]) -> set[AccountId]:
    """Who is in a chain, as far as its offers and wants are still there."""
    numbers = [number for leg in legs for number in (leg.offer, leg.want)]
    rows = [state.listings.get(u64(number)) for number in numbers]
    return {row.account for row in rows if row is not None}


def get_consents(state: State, row: Chain) -> tuple[Consent, ...]:
    """The consents that still count: a recovery of the account voids them."""
    return tuple(
        item for item in row.consents if get_recovered_slot(state, item.account) < item.slot
    )


def end_chain(state: State, number: int, row: Chain) -> None:
    """Forget a chain that waits."""
    state.chains.put(u64(number), None)
    trader = get_trader(state, row.proposer)
    put_trader(state, row.proposer, replace(trader, proposals=trader.proposals - 1))


def _find_waiting(
    state: State, context: Context, deltas: dict[AccountId, int], consents: tuple[Consent, ...]
) -> list[AccountId]:
    """Who has consented neither to this chain nor, by an order, to what it does."""
    consented = {item.account for item in consents}
    return [
        account_id
        for account_id, delta in deltas.items()
        if account_id not in consented and use_order(state, context, account_id, delta) is None
    ]


def _perform(
    state: State, context: Context, number: int, deals: list[Deal], consents: tuple[Consent, ...]
) -> None:
    """Move the money, take the goods off their lists, and begin the deliveries."""
    deltas = compute_deltas(deals)
    consented = {item.account for item in consents}
    for account_id, delta in deltas.items():
        if account_id not in consented:
            order = use_order(state, context, account_id, delta)
            assert order is not None
            _put_order(state, account_id, order)
    for account_id, delta in deltas.items():
        if delta < 0:
            debit(state, context, account_id, -delta)
    for account_id, delta in deltas.items():
        if delta > 0:
            credit(state, context, account_id, delta)
        state.facts.append(ChainSettled(number, account_id, delta))
    for deal in deals:
        for listing in (deal.leg.offer, deal.leg.want):
            _take(state, listing, deal.leg.quantity)
        begin_delivery(state, context, number, deal.leg, deal.offer, deal.want.account)


def _put_order(state: State, account_id: AccountId, order: Order) -> None:
    put_trader(state, account_id, replace(get_trader(state, account_id), order=order))


def _take(state: State, number: int, quantity: int) -> None:
    row = state.listings.require(u64(number))
    if row.left == quantity:
        end_listing(state, number, row)
    else:
        state.listings.put(u64(number), replace(row, left=row.left - quantity))


def _require_open(state: State, context: Context, number: int, *, is_want: bool) -> Listing:
    row = state.listings.get(u64(number))
    if row is None or row.is_want != is_want or context.slot > row.until_slot:
        raise Invalid(Code.UNKNOWN_LISTING, f"number {number}")
    return row


def _require_waiting(state: State, context: Context, number: int) -> Chain:
    row = state.chains.get(u64(number))
    if row is None or context.slot > row.expires_slot:
        raise Invalid(Code.UNKNOWN_CHAIN, f"number {number}")
    return row
