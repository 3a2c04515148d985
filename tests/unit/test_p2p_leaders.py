"""Whose chain is fetched: the best claim of those who have failed least often in a row."""

import trio
from trio.testing import MockClock

from p2p.leaders import FAILED_MAX, Leaders
from p2p.sync import DISTRUST_SECONDS
from p2p.transport import PeerId, PeerInfo
from p2p.wire import Head
from tests.network_world import World

GOOD, BETTER = PeerId("good"), PeerId("better")


def open_leaders() -> Leaders:
    """Two peers far ahead of us, one of which claims more."""
    network = World().build("late").network
    for name, score in ((GOOD, 200), (BETTER, 300)):
        peer = network._roster.welcome(PeerInfo(name, f"/memory/{name}", inbound=True))
        peer.head = Head(name.encode().ljust(32), 200, 200, score)
    return network._sync._leaders


def get_choice(leaders: Leaders) -> str | None:
    peer = leaders.choose()
    return None if peer is None else peer.info.id


async def test_the_best_claim_comes_first_until_it_leads_nowhere(
    autojump_clock: MockClock,
) -> None:
    leaders = open_leaders()
    assert get_choice(leaders) == BETTER
    leaders.note_failure(BETTER, DISTRUST_SECONDS)
    assert get_choice(leaders) == GOOD
    await trio.sleep(DISTRUST_SECONDS + 1)
    assert leaders.get_left_alone() == set()
    assert get_choice(leaders) == GOOD, "it is left alone no more, and has failed all the same"
    leaders.note_failure(GOOD, DISTRUST_SECONDS)
    await trio.sleep(DISTRUST_SECONDS + 1)
    assert get_choice(leaders) == BETTER, "each has failed once"


async def test_who_has_shown_what_it_claimed_is_as_good_as_new(autojump_clock: MockClock) -> None:
    leaders = open_leaders()
    for _ in range(3):
        leaders.note_failure(BETTER, 1)
    await trio.sleep(2)
    assert get_choice(leaders) == GOOD
    leaders.note_success(BETTER)
    assert get_choice(leaders) == BETTER


async def test_where_all_have_failed_somebody_is_asked_but_nobody_is_trusted(
    autojump_clock: MockClock,
) -> None:
    leaders = open_leaders()
    leaders.note_failure(GOOD, DISTRUST_SECONDS)
    for _ in range(2):
        leaders.note_failure(BETTER, DISTRUST_SECONDS)
    assert leaders.find_trusted() is None
    assert get_choice(leaders) == GOOD


async def test_names_without_end_are_not_remembered(autojump_clock: MockClock) -> None:
    leaders = open_leaders()
    leaders.note_failure(BETTER, 1)
    for number in range(FAILED_MAX + 9):
        leaders.note_failure(PeerId(f"name {number}"), 1)
    assert len(leaders._failed) == FAILED_MAX
    await trio.sleep(2)
    leaders.leave_alone(GOOD, 1)
    assert leaders.get_left_alone() == {GOOD}
    assert set(leaders._left_alone) == {GOOD}
    assert get_choice(leaders) == BETTER, "whose failure is forgotten"
