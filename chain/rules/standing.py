"""How much a person is good for: a base that grows with his sales, and what he earns, net.

Only what an identified person received from another one, less what he paid him, is counted; and
what one side of a pair has had counted the other cannot. So money that is passed round opens no
more credit than one sale. What was once found good fades, with the half-life of turnover, and by
nothing else: no authority and no vote can take a limit away from one day to the next.
"""

from typing import Final, NamedTuple

from msgspec.structs import replace

from chain.parameters import BASIS_POINTS, Parameters
from chain.policy import AccountId
from chain.rules.context import Context
from chain.rules.credit_days import get_credit, is_braked, note_sales
from chain.rules.identity import get_home_person_key, get_identified_until, is_identified
from chain.rules.settlement import compute_power
from chain.state import State
from chain.tables import Dealing, Standing
from chain.units import MICROPAI_PER_PAI

SINCE_GENESIS: Final = -1
DEALING_MIN: Final = MICROPAI_PER_PAI  # two persons begin to deal with at least 1 pai
STEPS_OF_BASE: Final = 50  # sales are counted when they raise a limit by this part of the base

_NOBODY_YET: Final = Standing(since_period=SINCE_GENESIS, sales=0, earned=0, limit=0, period=0)
_NO_DEALING: Final = Dealing(
    net=0, lifetime=0, lower_sales=0, higher_sales=0, lower_earned=0, higher_earned=0, period=0
)


class Caps(NamedTuple):
    """What the parameters make of the base; amounts in micropai."""

    tenth: int  # of the base: what every identified person is good for, and a buyer adds at most
    growth: int  # what sales may add to that
    pair: int  # of net receipts from one partner
    earned: int  # of the sum of counted net receipts, before it is halved
    step: int


def get_caps(parameters: Parameters) -> Caps:
    """The caps under these parameters."""
    base = parameters.base
    tenth = base // 10
    return Caps(
        tenth=tenth,
        growth=base - tenth,
        pair=base * parameters.pair_cap_bp // BASIS_POINTS,
        earned=2 * (base * parameters.earned_cap_bp // BASIS_POINTS),
        step=max(1, base // STEPS_OF_BASE),
    )


def fade(amount: int, context: Context, from_period: int) -> int:
    """What is left of an amount, of either sign, of so long ago; towards zero."""
    periods = context.period - from_period
    if not periods or not amount:
        return amount
    power = compute_power(context.constants.credit_keep, periods)
    return amount * power >> 128 if amount > 0 else -(-amount * power >> 128)


def get_standing(state: State, context: Context, tag: bytes) -> Standing:
    """A person's standing, brought to this period."""
    row = state.standings.get(get_home_person_key(tag)) or _NOBODY_YET
    if row.period == context.period:
        return row
    return replace(
        row,
        earned=fade(row.earned, context, row.period),
        limit=fade(row.limit, context, row.period),
        period=context.period,
    )


def compute_limit(caps: Caps, standing: Standing) -> int:
    """What an identified person of this standing, brought to now, is good for."""
    return caps.tenth + min(caps.growth, standing.sales) + min(caps.earned, standing.earned) // 2


def get_limit(state: State, context: Context, tag: bytes) -> int:
    """What a person may owe, loans apart: never less than what is left of what he once could."""
    standing = get_standing(state, context, tag)
    if context.slot >= get_identified_until(state, context, tag):
        return standing.limit
    return max(standing.limit, compute_limit(get_caps(context.parameters), standing))


def hold_limit(state: State, context: Context, tag: bytes, used: int) -> None:
    """Remember a person's limit when he uses more of it than is remembered."""
    standing = get_standing(state, context, tag)
    if used > standing.limit:
        limit = get_limit(state, context, tag)
        state.standings.put(get_home_person_key(tag), replace(standing, limit=limit))


def open_standing(state: State, context: Context, tag: bytes) -> None:
    """Begin the standing of a person who is identified for the first time, ever.

    Whoever attests a new tag in the home group calls this; it is what makes a person young.
    """
    key = get_home_person_key(tag)
    if state.standings.get(key) is None:
        state.standings.put(
            key, replace(_NOBODY_YET, since_period=context.period, period=context.period)
        )
        note_sales(state, context.period, persons=1, sales=0)


def note_dealing(
    state: State, context: Context, payer: AccountId, receiver: AccountId, amount: int
) -> None:
    """Take note that one identified person paid another; count it when that makes a step."""
    buyer, seller = state.accounts.require(payer).person, state.accounts.require(receiver).person
    if buyer is None or seller is None:
        return
    lower = seller < buyer
    key = seller + buyer if lower else buyer + seller
    row = state.dealings.get(key)
    if row is None and amount < DEALING_MIN:
        return  # before anybody's identity is looked at
    if not all(is_identified(state, context, account) for account in (payer, receiver)):
        return
    if row is None:
        net = lifetime = amount
        own_sales = other_sales = own_earned = other_earned = 0
    else:
        # From here on all is seen from the seller's side.
        net, lifetime = row.net, row.lifetime
        own_sales, other_sales = row.lower_sales, row.higher_sales
        own_earned, other_earned = row.lower_earned, row.higher_earned
        if not lower:
            net, lifetime = -net, -lifetime
            own_sales, other_sales = other_sales, own_sales
            own_earned, other_earned = other_earned, own_earned
        if row.period != context.period:
            net = fade(net, context, row.period)
            own_earned = fade(own_earned, context, row.period)
            other_earned = fade(other_earned, context, row.period)
        net += amount
        lifetime += amount
    caps = get_caps(context.parameters)
    sales = max(0, min(caps.tenth - other_sales, lifetime) - own_sales)
    earned = max(0, min(caps.pair - other_earned, net) - own_earned)
    if sales + earned >= caps.step:
        sales, earned = _count(state, context, caps, seller, sales, earned)
        own_sales, own_earned = own_sales + sales, own_earned + earned
    state.dealings.put(
        key,
        Dealing(net, lifetime, own_sales, other_sales, own_earned, other_earned, context.period)
        if lower
        else Dealing(
            -net, -lifetime, other_sales, own_sales, other_earned, own_earned, context.period
        ),
    )


def _count(
    state: State, context: Context, caps: Caps, seller: bytes, sales: int, earned: int
) -> tuple[int, int]:
    """Add to a seller's standing as much as his caps have room for; returns what was added."""
    standing = get_standing(state, context, seller)
    sales = max(0, min(sales, caps.growth - standing.sales))
    earned = max(0, min(earned, caps.earned - standing.earned))
    if sales and not _may_grow(state, context, caps, standing, sales):
        sales = 0
    if sales + earned < caps.step:
        return 0, 0
    if sales:
        note_sales(state, standing.since_period, persons=0, sales=sales)
    state.standings.put(
        get_home_person_key(seller),
        replace(standing, sales=standing.sales + sales, earned=standing.earned + earned),
    )
    return sales, earned


def _may_grow(state: State, context: Context, caps: Caps, standing: Standing, sales: int) -> bool:
    """Whether a base may grow: not under the brake, and the young only within their share."""
    credit = get_credit(state)
    if standing.since_period >= credit.mature_before:
        young = credit.young * caps.tenth + credit.young_sales + sales
        whole = credit.persons * caps.tenth + credit.sales + sales
        if young * BASIS_POINTS > whole * context.parameters.young_base_bp:
            return False
    return not is_braked(state, context)
