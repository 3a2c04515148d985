"""The first minutes of the schedules of many seats and many nodes, and that these find what breaks.

The whole of them is ``make simulate-long``.
"""

import pytest

from chain.actions import Unbond
from tests.community import get_account_id
from tests.simulation.directed import HEALTHY
from tests.simulation.faults import at
from tests.simulation.lodging import House
from tests.simulation.long import (
    check_finality,
    let_join,
    two_hundred_nodes,
    two_hundred_seats,
)
from tests.simulation.options import Options
from tests.simulation.watch import Broken
from tests.simulation.world import World

ROLL_CALL_SLOTS = 68  # the first roll-call of a cooperative, and time for it to be heard


def test_two_hundred_seats_on_ten_nodes_vote_attend_and_make_blocks() -> None:
    told = two_hundred_seats(ROLL_CALL_SLOTS)
    assert "196 seats in the last set" in told
    assert "16 rounds made something final" in told


def test_lodgers_hand_over_join_and_leave() -> None:
    world = World(Options(1, 300, 4, frozenset({"payments"})), lodgers=8, newcomers=2)
    world.lines.quality = HEALTHY
    for place, name in enumerate(world.newcomers):
        let_join(world, name, 3 + place)
    at(world, 190, world.members.send, world.newcomers[0], Unbond(0))
    world.run()
    first, second = (get_account_id(name) for name in world.newcomers)
    sets = list(world.watch.sets.values())
    there = [(first in item.by_seat, second in item.by_seat) for item in sets]
    assert there[0] == (False, False)
    assert (True, True) in there
    assert there[-1] == (False, True)
    founders = {get_account_id(name) for name in world.seats}
    assert all(founders <= item.by_seat.keys() for item in sets)
    check_finality(world)


def test_many_nodes_with_a_seat_each() -> None:
    assert "66 seats in the last set" in two_hundred_nodes(7, nodes=66)


def test_canary_a_lodger_that_signs_before_its_journal_is_found_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(House, "_store", lambda _house: None)
    with pytest.raises(Broken, match="I3"):
        two_hundred_seats(8)


def test_canary_lodgers_that_stay_away_from_a_roll_call_are_missed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(House, "_attend", lambda *_arguments: None)
    with pytest.raises(Broken, match="I16"):
        two_hundred_seats(ROLL_CALL_SLOTS)


def test_canary_votes_that_do_not_come_stop_finality(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(House, "_vote", lambda *_arguments: None)
    with pytest.raises(Broken, match="I10"):
        two_hundred_seats(16)
