"""What offences cost: a hundredth for one alone, everything for a third; whatever the order."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chain.facts import FundGot, Reported, Slashed
from chain.rules.credit_days import NO_CREDIT
from chain.rules.epoch import process_epoch
from chain.rules.settlement import FREE, UNBONDING, get_due_step
from chain.rules.slashing import compute_slash, process_slashes
from chain.rules.tally import OFFENDERS_MAX, RELEASED, Offence, note_offence
from chain.rules.weights import ONE
from chain.tables import CURRENT, Savings
from tests.epoch_world import CHAIN, DAYS, EpochWorld, get_seat_id

PERIOD = DAYS.slots_per_period
BOND = 16 * DAYS.bond_min


def accuse(
    world: EpochWorld,
    *numbers: int,
    slot: int = 5,
    kind: str = "S1",
    reporter: int = 9,
    total_weight: int = 10,
) -> None:
    for number in numbers:
        offence = Offence(
            get_seat_id(number), kind, CHAIN, slot, 1, total_weight, world.seats[reporter]
        )
        note_offence(world.state, world.get_context(slot), offence)


def settle(world: EpochWorld, slot: int = 30) -> None:
    world.parent_slot = slot - 1
    process_slashes(world.state, world.get_context(slot))
    world.keep()


def get_lost(world: EpochWorld) -> list[int]:
    return [BOND - sum(d.amount for d in get_deposits(world, n)) for n in range(len(world.seats))]


def get_deposits(world: EpochWorld, number: int) -> tuple:  # type: ignore[type-arg]  # of deposits
    row = world.state.savings.get(world.seats[number])
    return row.deposits if row else ()


@pytest.mark.parametrize(
    ("shares", "part"),
    [
        ([ONE // 3], 10_000),  # one accident, however heavy
        ([ONE // 100, ONE // 100], 10_000),
        ([ONE // 10] * 2, 90_000),
        ([ONE // 4] * 2, 562_500),
        ([ONE // 10] * 4, 810_000),
        ([ONE // 3, ONE // 3, ONE // 3], ONE),
        ([ONE] * 3, ONE),
    ],
)
def test_the_part_that_is_lost(shares: list[int], part: int) -> None:
    assert compute_slash(shares) == part


@given(st.lists(st.integers(0, ONE), min_size=1, max_size=20), st.integers(0, ONE))
def test_more_offenders_never_cost_less(shares: list[int], another: int) -> None:
    assert ONE // 100 <= compute_slash(shares) <= compute_slash([*shares, another]) <= ONE


def test_an_accident_costs_a_hundredth_a_twentieth_of_it_to_the_reporter() -> None:
    world = EpochWorld(10)
    accuse(world, 2)
    assert get_lost(world) == [0] * 10  # nothing before the epoch's end
    settle(world)
    lost = BOND // 100
    assert get_lost(world) == [0, 0, lost, *[0] * 7]
    assert world.get_row(2).bond == BOND - lost
    reward = lost // 20
    assert world.state.accounts.require(world.seats[9]).settlement == reward
    money = world.state.money.require(CURRENT)
    assert money.reserve == (lost - reward) // 2
    assert money.social == lost - reward - money.reserve
    assert world.facts == [
        Slashed(world.seats[2], 0, lost),
        Reported(world.seats[9], reward),
        FundGot("reserve", money.reserve),
        FundGot("social", money.social),
    ]


def test_who_reports_himself_gets_nothing_back() -> None:
    world = EpochWorld(10)
    accuse(world, 2, reporter=2)
    settle(world)
    assert world.state.accounts.require(world.seats[2]).settlement == 0


def test_an_offence_is_paid_for_once_within_the_time_for_evidence() -> None:
    world = EpochWorld(10)
    accuse(world, 2)
    settle(world)
    accuse(world, 2, slot=35)
    settle(world, 60)
    assert get_lost(world)[2] == BOND // 100
    accuse(world, 2, slot=28 * PERIOD + 1)
    settle(world, 28 * PERIOD + 30)
    assert get_lost(world)[2] > BOND // 100


def test_earlier_offenders_are_topped_up() -> None:
    world = EpochWorld(10)
    accuse(world, 2)
    settle(world)
    accuse(world, 3, 4, slot=35)
    settle(world, 60)
    part = compute_slash([ONE // 10] * 3)
    assert get_lost(world) == [0, 0, *[BOND * part // ONE] * 3, 0, 0, 0, 0, 0]


def test_the_order_of_reports_does_not_matter() -> None:
    results = set()
    for order in permutations((1, 2, 3)):
        world = EpochWorld(10)
        for index, number in enumerate(order):
            accuse(world, number, slot=5 + 30 * index)
            settle(world, 30 + 30 * index)
        results.add(tuple(get_lost(world)))
    assert len(results) == 1


def test_offences_of_long_ago_weigh_no_more_and_are_forgotten() -> None:
    world = EpochWorld(10)
    accuse(world, 2)
    settle(world)
    slot = 28 * PERIOD
    settle(world, slot)
    assert world.state.offenders.get(CURRENT) is None
    accuse(world, 3, slot=slot + 1)
    settle(world, slot + 30)
    assert get_lost(world)[3] == BOND // 100


def test_after_a_pause_what_was_not_settled_is() -> None:
    world = EpochWorld(10)
    accuse(world, 2)
    settle(world, 50 * PERIOD)
    assert get_lost(world)[2] == BOND // 100
    assert world.state.offenders.get(CURRENT) is None


def test_a_notice_of_release_leaves_a_tenth() -> None:
    world = EpochWorld(10)
    accuse(world, 2, kind=RELEASED)
    accuse(world, 3, kind=RELEASED)
    accuse(world, 3, kind="S2")
    settle(world)
    part = compute_slash([ONE // 10] * 2)
    assert get_lost(world)[2] == BOND * (part // 10) // ONE
    assert get_lost(world)[3] == BOND * part // ONE


def test_bonds_on_their_way_back_still_answer_and_savings_do_not() -> None:
    world = EpochWorld(10)
    owner = world.seats[2]
    (bond,) = get_deposits(world, 2)
    third = bond.amount // 4
    parts = (
        replace(bond, id=0, amount=third, seat_bond=FREE),
        replace(bond, id=1, amount=third, seat_bond=UNBONDING, release_step=9_000),
        replace(bond, id=2, amount=2 * third),
    )
    world.state.savings.put(owner, Savings(parts))
    world.state.credit.put(CURRENT, replace(NO_CREDIT, saved=third))
    account = world.state.accounts.require(owner)
    world.state.accounts.put(owner, replace(account, due_step=get_due_step(parts)))
    world.state.seats.put(owner, replace(world.get_row(2), bond=2 * third))
    world.state.credit.put(CURRENT, replace(NO_CREDIT, saved=third))
    world.keep()
    accuse(world, 2, 3, 4, 5)
    settle(world)
    left = get_deposits(world, 2)
    lost = -(-3 * third * compute_slash([ONE // 10] * 4) // ONE)
    assert [item.id for item in left] == [0, 2]  # the one on its way is gone whole
    assert left[0].amount == third
    assert sum(item.amount for item in left) == 4 * third - lost
    assert world.get_row(2).bond == left[1].amount


def test_who_loses_everything_is_no_seat_any_more() -> None:
    world = EpochWorld(10)
    for _ in range(2):
        world.run(range(10))
    accuse(world, 0, 1, 2, 3, 4, slot=65)
    world.parent_slot = 89
    process_epoch(world.state, world.get_context(90))
    world.keep()
    assert get_lost(world)[:5] == [BOND] * 5
    assert world.state.savings.get(world.seats[0]) is None
    row = world.get_row(0)
    assert (row.bond, row.duty, row.peak, row.held) == (0, 0, 0, 0)
    assert world.state.bonded_seats.require(CURRENT).seats == tuple(world.seats[5:])
    assert world.state.money.require(CURRENT).seats_bonded == 5
    world.run(range(5, 10))
    assert world.state.seat_tallies.get(world.seats[0]) is None


def test_a_seat_of_another_time_can_offend_and_has_nothing_left() -> None:
    world = EpochWorld(10)
    world.state.savings.put(world.seats[2], None)
    world.state.seats.put(world.seats[2], replace(world.get_row(2), bond=0))
    changes, _ = world.state.take_changes()
    world.state.keep(changes)
    accuse(world, 2)
    process_slashes(world.state, world.get_context(30))
    (offender,) = world.state.offenders.require(CURRENT).entries
    assert offender.taken == 0


def test_there_is_room_for_so_many_offenders_and_no_more() -> None:
    world = EpochWorld(10)
    for number in range(OFFENDERS_MAX + 20):
        accuse(world, number, slot=PERIOD if number < 100 else 5)
    row = world.state.offenders.require(CURRENT)
    assert len(row.entries) == OFFENDERS_MAX
    kept = {item.seat for item in row.entries}
    assert {get_seat_id(number) for number in range(100)} <= kept  # the newest ones stay
