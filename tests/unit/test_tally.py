"""What an epoch's end makes of roll-calls and finality: whom they teach about, and when nobody."""

import pytest
from msgspec.structs import replace

from chain.header import PRIMARY, SECONDARY
from chain.rules.epoch import find_roll_calls, process_epoch
from chain.rules.tally import (
    get_course,
    get_epoch_tally,
    get_place,
    get_seat_tally,
    note_attendance,
    note_block,
    note_finality,
    note_late_acks,
)
from chain.rules.weights import ONE
from tests.community import CONSTANTS
from tests.epoch_world import DAYS, EpochWorld, build_finality, get_seat_id

COOP = replace(CONSTANTS, slots_per_epoch=900, window_slots=64)
STRANGER = get_seat_id(99)


def test_an_epoch_counts_its_roll_calls_up_to_the_last_window_and_a_little() -> None:
    places = {r: p for r in range(900) if (p := get_place(COOP, 0, r)) is not None}
    assert places == {64 * number: number for number in range(1, 14)}
    later = {r: p for r in range(800, 1900) if (p := get_place(COOP, 1, r)) is not None}
    assert list(later) == list(range(960, 1733, 64))
    assert len(set(later.values())) == len(later)
    assert max(later) + 64 + 4 <= 1800


def test_rounds_before_which_no_head_is_old_enough_are_not_counted() -> None:
    assert get_place(DAYS, 0, 5) is None
    assert get_place(DAYS, 0, 10) is not None


def build() -> EpochWorld:
    return EpochWorld(4, 1)


def attend(world: EpochWorld, vote_round: int, *numbers: int) -> None:
    context = world.get_context(vote_round + 2)
    note_attendance(world.state, context, vote_round, [world.seats[n] for n in numbers])


def decide(world: EpochWorld, vote_round: int, *numbers: int, slot: int | None = None) -> None:
    context = world.get_context(slot or vote_round + 1)
    signers = [world.seats[number] for number in numbers]
    note_finality(world.state, context, build_finality(vote_round, 1), signers, world.seats[0])


def count(world: EpochWorld) -> tuple[int, list[int]]:
    calls = find_roll_calls(world.state, get_epoch_tally(world.state))
    return calls.expected.bit_count(), [calls.delivered[seat].bit_count() for seat in world.seats]


def test_who_attends_where_enough_attend_has_delivered() -> None:
    world = build()
    attend(world, 10, 0, 1, 2, 4)
    attend(world, 15, 0, 1, 3)
    attend(world, 15, 4)
    assert count(world) == (2, [2, 2, 1, 1, 2])


def test_where_less_than_eleven_twentieths_attend_nothing_is_learned() -> None:
    world = build()
    attend(world, 10, 0, 1, 4)  # half of the weight; newcomers weigh nothing
    assert count(world) == (0, [0, 0, 0, 0, 0])


def test_where_a_window_decides_in_time_the_roll_call_teaches_and_members_must_vote() -> None:
    world = build()
    attend(world, 10, 0, 1, 4)
    decide(world, 12, 0, 2, 3, slot=15)
    assert count(world) == (1, [1, 0, 0, 0, 1])


def test_what_is_recorded_after_the_window_decides_nothing() -> None:
    world = build()
    attend(world, 10, 0, 1)
    decide(world, 12, 0, 1, 2, slot=16)
    assert count(world) == (0, [0, 0, 0, 0, 0])


def test_late_acks_are_votes_too() -> None:
    world = build()
    attend(world, 10, 0, 1, 2, 3)
    decide(world, 12, 0, 1, 2)
    note_late_acks(world.state, world.get_context(18), 12, [world.seats[3]], world.seats[1])
    assert count(world) == (1, [1, 1, 1, 1, 0])
    assert get_seat_tally(world.state, world.seats[3]).acks == 1


def test_late_acks_of_an_earlier_epoch_count_nowhere() -> None:
    world = build()
    note_late_acks(world.state, world.get_context(31), 29, [world.seats[3]], world.seats[1])
    assert world.state.seat_tallies.get(world.seats[3]) is None
    assert world.state.seat_tallies.get(world.seats[1]) is None


def test_nothing_is_kept_of_who_is_neither_bonded_nor_in_the_set() -> None:
    world = build()
    context = world.get_context(12)
    note_attendance(world.state, context, 10, [STRANGER])
    note_finality(world.state, context, build_finality(11, 1), [STRANGER], world.seats[0])
    assert world.state.seat_tallies.get(STRANGER) is None


def test_tallies_begin_anew_at_the_boundary() -> None:
    world = build()
    attend(world, 10, 0, 1, 2, 3)
    decide(world, 12, 0, 1, 2)
    note_block(world.state, world.get_context(13), world.seats[0], PRIMARY)
    note_block(world.state, world.get_context(14), world.seats[1], SECONDARY)
    assert get_epoch_tally(world.state).points == 3
    world.parent_slot, world.height = 29, 7
    process_epoch(world.state, world.get_context(30))
    assert get_epoch_tally(world.state).first_height == 7
    assert world.state.seat_tallies.get(world.seats[2]) is None
    assert get_seat_tally(world.state, world.seats[0]).waiting == 2
    assert get_course(world.state).waiting == 3


def test_an_epoch_that_teaches_nothing_changes_no_seat() -> None:
    world = build()
    before = world.get_rows()
    assert not world.run({0, 1})
    assert not world.run(set())
    assert world.get_rows() == before
    world.run({0, 1, 2})
    assert world.get_rows() != before


@pytest.mark.parametrize("here", [1, 2])
def test_a_lone_survivor_does_not_become_the_set(here: int) -> None:
    world = EpochWorld(4)
    for _ in range(24 * 7):
        world.run(set(range(here)))
    assert [world.get_row(number).duty for number in range(4)] == [ONE] * 4
    world.run(range(4))
    assert world.get_share(range(here)) == here / 4
