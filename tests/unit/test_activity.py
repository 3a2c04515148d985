"""Customers add weight: net, by weeks, of identified people, and none can be bought by volume."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chain.actions import Bond, Pay, RegisterSeat, Unbond
from chain.genesis import GenesisDeposit
from chain.rules.activity import (
    CUSTOMER_SHARE,
    CUSTOMERS_MAX,
    compute_activity,
    get_activity,
    note_payment,
    process_activity,
)
from chain.rules.context import Context
from chain.rules.epoch import compute_next_entries
from chain.rules.identity import get_home_person_key
from chain.rules.payments import build_account
from chain.rules.tally import get_seat_tally
from chain.rules.weights import ONE, WEIGHT_MAX
from chain.tables import CURRENT
from chain.units import AMOUNT_MAX
from tests.community import PAI, Community, build_genesis, build_seat_keys, get_account_id
from tests.epoch_world import DAYS, EpochWorld, get_seat_id

OWNER = get_seat_id(0)
SHOP = get_seat_id(50)  # of somebody without a seat
WHOLE = compute_activity(CUSTOMER_SHARE, 12)  # of one customer who counts whole
WEEK_SLOTS = 7 * DAYS.slots_per_period


def build(customers: int = 1) -> tuple[EpochWorld, list[bytes]]:
    """Four seats, a shop without one, and identified customers."""
    world = EpochWorld(4)
    people = [get_seat_id(100 + number) for number in range(customers)]
    for person in (*people, SHOP):
        world.state.accounts.put(person, replace(build_account(0), person=person))
        world.put_person(person)
    return world, people


def at(world: EpochWorld, week: int, day: int = 0) -> Context:
    return world.get_context(week * WEEK_SLOTS + day * DAYS.slots_per_period)


def pay(world: EpochWorld, payer: bytes, receiver: bytes, pai: int, *weeks: int) -> None:
    for week in weeks:
        note_payment(world.state, at(world, week, 3), payer, receiver, pai * PAI)


def count(world: EpochWorld, week: int) -> int:
    process_activity(world.state, at(world, week))
    return get_activity(world.state, OWNER)


def test_who_pays_in_two_of_four_weeks_is_a_customer() -> None:
    world, (customer,) = build()
    pay(world, customer, OWNER, 10, 1, 3)
    assert count(world, 4) == WHOLE == (ONE // 2) // 13


@pytest.mark.parametrize("weeks", [(3,), (3, 3), (0, 4), (0, 5), (1,)])
def test_one_full_week_is_not_enough_and_the_present_one_is_none(weeks: tuple[int, ...]) -> None:
    world, (customer,) = build()
    pay(world, customer, OWNER, 10, *weeks)
    assert count(world, 5) == 0


def test_weeks_pass_and_customers_are_forgotten() -> None:
    world, (customer,) = build()
    pay(world, customer, OWNER, 10, 0, 1)
    assert [count(world, week) for week in range(1, 7)] == [0, WHOLE, WHOLE, WHOLE, 0, 0]
    assert world.state.pairs.get(OWNER + customer) is None
    assert world.state.customers.get(OWNER) is None


def test_customers_are_counted_once_a_week() -> None:
    world, (customer,) = build()
    pay(world, customer, OWNER, 10, 0, 1)
    assert count(world, 2) == WHOLE
    world.put_person(customer)  # without anything spent
    world.state.pairs.put(OWNER + customer, None)
    process_activity(world.state, at(world, 2, 6))
    assert get_activity(world.state, OWNER) == WHOLE


def test_too_little_is_nothing() -> None:
    world, (customer,) = build()
    note_payment(world.state, at(world, 1), customer, OWNER, PAI // 2)
    note_payment(world.state, at(world, 2), customer, OWNER, PAI // 2 - 1)
    assert count(world, 3) == 0


def test_a_customer_is_shared_by_all_whom_he_pays() -> None:
    world, (customer,) = build()
    pay(world, customer, OWNER, 10, 1, 2)
    pay(world, customer, SHOP, 490, 1, 2)
    assert count(world, 3) == compute_activity(ONE * 20 // 1_000, 12)


def test_what_was_spent_long_ago_does_not_matter() -> None:
    world, (customer,) = build()
    pay(world, customer, SHOP, 5_000, 0)
    pay(world, customer, OWNER, 10, 2, 3)
    pay(world, customer, SHOP, 5_000, 5)
    assert count(world, 5) == WHOLE


def test_a_small_budget_counts_as_a_whole_one() -> None:
    world, (customer,) = build()
    note_payment(world.state, at(world, 1), customer, OWNER, 6 * PAI // 10)
    note_payment(world.state, at(world, 2), customer, OWNER, 4 * PAI // 10)
    assert count(world, 3) == compute_activity(ONE // 20, 12)
    poorer, (customer,) = build()
    poorer.parameters = replace(poorer.parameters, act_budget=100 * PAI)
    pay(poorer, customer, OWNER, 1, 1, 2)
    assert count(poorer, 3) == compute_activity(ONE * 2 // 100, 12)


@pytest.mark.parametrize("first", [True, False])
def test_money_that_goes_back_counts_for_nothing(first: bool) -> None:
    world, (customer,) = build()
    if first:
        pay(world, OWNER, customer, 20, 0)
    pay(world, customer, OWNER, 10, 1, 2)
    if not first:
        pay(world, OWNER, customer, 20, 3)
    assert count(world, 4) == 0


def test_an_owner_whose_identity_has_lapsed_still_pays_back() -> None:
    world, (customer,) = build()
    pay(world, customer, OWNER, 10, 1, 2)
    world.revoke_person(OWNER)
    pay(world, OWNER, customer, 20, 2)
    assert count(world, 3) == 0


def test_who_is_not_identified_is_no_customer() -> None:
    world, (customer,) = build()
    stranger = get_seat_id(60)
    world.state.accounts.put(stranger, build_account(0))
    pay(world, stranger, OWNER, 10, 1, 2)
    assert world.state.customers.get(OWNER) is None
    pay(world, OWNER, stranger, 10, 1, 2)
    assert world.state.customers.get(OWNER) is None
    pay(world, customer, OWNER, 10, 1, 2)
    world.revoke_person(customer)
    assert count(world, 3) == 0


def test_payments_between_others_leave_no_pair() -> None:
    world, (customer,) = build()
    pay(world, customer, SHOP, 10, 1, 2)
    assert world.state.pairs.get(SHOP + customer) is None
    person = world.state.persons.require(get_home_person_key(customer))
    assert (person.outgoing_week, person.outgoings) == (2, (10 * PAI, 10 * PAI, 0))


def test_twelve_customers_give_half_of_the_bonus() -> None:
    world, people = build(12)
    for person in people:
        pay(world, person, OWNER, 10, 1, 2)
    assert count(world, 3) == ONE // 4


def test_there_is_a_limit_of_customers_and_room_again_when_some_have_gone() -> None:
    world, people = build(CUSTOMERS_MAX + 1)
    for person in people[:CUSTOMERS_MAX]:
        pay(world, person, OWNER, 10, 0)
    pay(world, people[-1], OWNER, 10, 1)
    assert world.state.pairs.get(OWNER + people[-1]) is None
    count(world, 5)
    pay(world, people[-1], OWNER, 10, 5, 6)
    assert count(world, 7) == WHOLE


@given(st.integers(0, 10**6 * ONE), st.integers(1, ONE), st.integers(5, 50))
def test_the_bonus_rises_and_never_reaches_half(parts: int, more: int, half: int) -> None:
    assert compute_activity(parts, half) <= compute_activity(parts + more, half) <= ONE // 2


def test_amounts_stay_within_what_a_row_can_hold() -> None:
    world, (customer,) = build()
    for _ in range(3):
        note_payment(world.state, at(world, 1), customer, OWNER, AMOUNT_MAX)
    for _ in range(5):
        note_payment(world.state, at(world, 1), OWNER, customer, AMOUNT_MAX)
    assert world.state.pairs.require(OWNER + customer).nets[0] == -AMOUNT_MAX
    person = world.state.persons.require(get_home_person_key(customer))
    assert person.outgoings[0] == AMOUNT_MAX


def test_customers_weigh_in_the_next_list() -> None:
    world, people = build(12)
    for person in people:
        pay(world, person, OWNER, 10, 1, 2)
    count(world, 3)
    for seat in world.seats:  # what they may hold is not the question here
        row = world.state.seats.require(seat)
        world.state.seats.put(seat, replace(row, held=10 * ONE))
    first, *others = compute_next_entries(world.state, at(world, 3))
    assert first.weight == WEIGHT_MAX
    assert {entry.weight for entry in others} == {WEIGHT_MAX * 4 // 5}


# In blocks


def test_a_payment_in_a_block_is_noted_and_a_refused_one_is_not() -> None:
    community = Community(build_genesis())
    ann, emma = get_account_id("ann"), get_account_id("emma")
    community.extend([community.sign("emma", Pay(ann, 3 * PAI, ""), Pay(ann, PAI, ""))])
    assert community.ledger.state.pairs.require(ann + emma).nets == (4 * PAI,)
    assert community.ledger.state.customers.require(ann).people == (emma,)


def test_a_seat_that_leaves_takes_its_customers_with_it() -> None:
    community = Community(build_genesis(deposits=(GenesisDeposit(300 * PAI, 10),)))
    farid, emma = get_account_id("farid"), get_account_id("emma")
    keys = build_seat_keys("farid", chain=community.chain)
    community.extend([community.sign("farid", RegisterSeat(keys), Bond(0, 300 * PAI))])
    community.extend([community.sign("emma", Pay(farid, PAI, ""), via=farid)])
    state = community.ledger.state
    assert state.pairs.get(farid + emma) is not None
    assert state.seat_tallies.require(farid).served == 1
    community.extend([community.sign("farid", Unbond(0))])
    assert farid not in state.bonded_seats.require(CURRENT).seats
    assert state.pairs.get(farid + emma) is None
    assert state.customers.get(farid) is None
    assert state.seat_tallies.get(farid) is None


def test_a_member_is_served_once_a_period_by_his_first_server() -> None:
    community = Community(build_genesis())
    ann, boris = get_account_id("ann"), get_account_id("boris")
    state = community.ledger.state
    community.extend([community.sign("emma", Pay(boris, PAI, ""), via=ann)])
    community.extend([community.sign("emma", Pay(boris, PAI, ""), via=boris)])
    community.extend([community.sign("farid", Pay(boris, PAI, ""))])
    assert state.course.require(CURRENT).served == 2
    assert get_seat_tally(state, ann).served == 1
    assert get_seat_tally(state, boris).served == 0
    community.extend([community.sign("emma", Pay(ann, PAI, ""), via=boris)], after=20)
    assert get_seat_tally(state, boris).served == 1
