"""Who buys from those who keep the chain: customers add up to half to a seat's weight.

A payment counts by weeks of seven periods, and only between identified people of whom one owns a
bonded seat. What counts is net, is a share of all that the customer spends, and is worth no more
than a twentieth of him: neither volume nor money passed in a circle buys weight.
"""

from typing import Final

from msgspec.structs import replace

from chain.policy import AccountId
from chain.rules.bonded import get_bonded_seats, is_listed
from chain.rules.context import Context
from chain.rules.identity import get_home_person_key, is_identified
from chain.rules.tally import get_course
from chain.rules.weights import ONE
from chain.state import State
from chain.tables import CURRENT, Customers, Pair, Person
from chain.units import AMOUNT_MAX

WEEK_PERIODS: Final = 7
WEEKS: Final = 4  # full weeks that count; the week in progress is kept beside them
WEEKS_PAID_MIN: Final = 2  # in so many of them a customer must have paid
CUSTOMER_SHARE: Final = ONE // 20
# The bonus of 128 customers is 46 of 50 %. Others are counted when one of these has not traded with
# the owner for four weeks. It bounds what a week's first boundary reads.
CUSTOMERS_MAX: Final = 128


def get_week(context: Context) -> int:
    """The week of this block's period."""
    return context.period // WEEK_PERIODS


def note_payment(
    state: State, context: Context, payer: AccountId, receiver: AccountId, amount: int
) -> None:
    """Somebody paid somebody; called once for each payment, after it was made."""
    bonded = get_bonded_seats(state)
    tag = state.accounts.require(payer).person
    if tag is not None:
        # His free units change this row anyway: it costs a payment next to nothing.
        key = get_home_person_key(tag)
        person = _add_outgoing(state.persons.require(key), get_week(context), amount)
        state.persons.put(key, person)
        if is_listed(bonded, receiver) and is_identified(state, context, payer):
            _note_trade(state, context, receiver, payer, amount)
    if is_listed(bonded, payer) and is_identified(state, context, receiver):
        _note_trade(state, context, payer, receiver, -amount)


def _add_outgoing(person: Person, week: int, amount: int) -> Person:
    """Add to what a person spends in this week."""
    first, *earlier = _shift(person.outgoings, week - person.outgoing_week)
    outgoings = (min(AMOUNT_MAX, first + amount), *earlier)
    return replace(person, outgoing_week=week, outgoings=outgoings)


def _note_trade(
    state: State, context: Context, owner: AccountId, customer: AccountId, amount: int
) -> None:
    """Add to what an owner got of a customer in this week; below zero: he paid the customer."""
    key = owner + customer
    pair = state.pairs.get(key)
    week = get_week(context)
    if pair is None:
        customers = state.customers.get(owner) or Customers(people=(), activity=0)
        if len(customers.people) >= CUSTOMERS_MAX:
            return
        people = (*customers.people, customer)
        state.customers.put(owner, replace(customers, people=people))
        pair = Pair(week=week, nets=(0,), paid=0)
    pair = _bring(pair, week)
    first, *earlier = pair.nets
    net = max(-AMOUNT_MAX, min(AMOUNT_MAX, first + amount))
    paid = pair.paid | (amount > 0)
    state.pairs.put(key, replace(pair, nets=(net, *earlier), paid=paid))


def get_activity(state: State, owner: AccountId) -> int:
    """What the owner's customers add to his seat's weight, of ONE."""
    customers = state.customers.get(owner)
    return customers.activity if customers else 0


def process_activity(state: State, context: Context) -> None:
    """At a week's first boundary count every owner's customers, and forget those who left."""
    course, week = get_course(state), get_week(context)
    if course.week == week:
        return
    state.course.put(CURRENT, replace(course, week=week))
    for owner in get_bonded_seats(state):
        customers = state.customers.get(owner)
        if customers is not None:
            counted = _count_customers(state, context, owner, customers)
            state.customers.put(owner, counted)


def _count_customers(
    state: State, context: Context, owner: AccountId, customers: Customers
) -> Customers | None:
    week = get_week(context)
    parts, stayed = 0, []
    for customer in customers.people:
        key = owner + customer
        pair = _bring(state.pairs.require(key), week)
        if not any(pair.nets) and not pair.paid:
            state.pairs.put(key, None)
            continue
        stayed.append(customer)
        parts += _compute_part(state, context, customer, pair)
    if not stayed:
        return None
    return Customers(tuple(stayed), compute_activity(parts, context.parameters.act_half))


def _compute_part(state: State, context: Context, customer: AccountId, pair: Pair) -> int:
    """What one customer is worth: his net payments of his spending, at most a twentieth."""
    net = sum(pair.nets[1:])
    weeks = (pair.paid >> 1).bit_count()
    if net < context.parameters.act_pair or weeks < WEEKS_PAID_MIN:
        return 0
    if not is_identified(state, context, customer):
        return 0
    tag = state.accounts.require(customer).person
    assert tag is not None
    person = state.persons.require(get_home_person_key(tag))
    spent = sum(_shift(person.outgoings, get_week(context) - person.outgoing_week)[1:])
    return min(CUSTOMER_SHARE, ONE * net // max(spent, context.parameters.act_budget))


def compute_activity(parts: int, act_half: int) -> int:
    """The bonus, of ONE: half of it at ``act_half`` whole customers, never above one half."""
    customers = parts * ONE // CUSTOMER_SHARE
    return (ONE // 2) * customers // (customers + act_half * ONE)


def _bring(pair: Pair, week: int) -> Pair:
    """The pair with this week first."""
    if pair.week == week:
        return pair
    passed = min(week - pair.week, WEEKS + 1)
    paid = pair.paid << passed & (1 << WEEKS + 1) - 1
    return Pair(week=week, nets=_shift(pair.nets, passed), paid=paid)


def _shift(amounts: tuple[int, ...], weeks: int) -> tuple[int, ...]:
    """Amounts by weeks, the newest first, after some weeks have passed; never empty."""
    if not weeks and amounts:
        return amounts
    return ((0,) * min(weeks, WEEKS + 1) + (amounts or (0,)))[: WEEKS + 1]
