"""Who may come in, who must go: places, fairness between hosts, blame and bans."""

import random

import pytest
import trio
from trio.testing import MockClock

from p2p.book import Book
from p2p.roster import BAN_AT, COSTS, Places, Roster
from p2p.transport import PeerId, PeerInfo
from p2p.view import Misbehaviour

NOW_MS = 1_800_000_000_000


def build_roster(places: Places = Places(10, 2, 3, 4)) -> Roster:  # noqa: B008 - immutable
    dice = random.Random(1)

    def get_time_ms() -> int:
        return NOW_MS + round(trio.current_time() * 1_000)

    return Roster(PeerId("us"), Book(None, dice), places, dice, get_time_ms)


def come(roster: Roster, name: str, host: str = "", *, inbound: bool = True) -> bool:
    return roster.admits(PeerInfo(PeerId(name), f"/ip4/{host or name}/tcp/1", inbound))


async def test_ourselves_and_the_banned_are_not_admitted(autojump_clock: MockClock) -> None:
    roster = build_roster()
    assert not come(roster, "us")
    assert come(roster, "a")
    roster.report(PeerId("a"), Misbehaviour.INVALID_BLOCK)
    assert roster.bans == {"a": 600.0}
    assert roster.unwanted == {"a": Misbehaviour.INVALID_BLOCK.value}
    roster.left(PeerId("a"))
    assert not come(roster, "a")
    await trio.sleep(601)
    assert come(roster, "a")


async def test_no_host_takes_more_than_its_share(autojump_clock: MockClock) -> None:
    roster = build_roster()
    assert [come(roster, f"v{number}", "evil") for number in range(6)] == [True] * 4 + [False] * 2
    assert come(roster, "a")
    roster.left(PeerId("v0"))
    assert come(roster, "v9", "evil")


async def test_places_are_kept_for_those_we_choose_and_those_we_know(
    autojump_clock: MockClock,
) -> None:
    roster = build_roster()
    let_in = [come(roster, f"guest{number}") for number in range(12)]
    assert sum(let_in) == 5, "ten, less two kept, less three to look for"
    assert sum(come(roster, f"chosen{n}", inbound=False) for n in range(12)) == 3
    assert not roster.unwanted
    for name in ("friend1", "friend2"):
        roster.keep(PeerId(name))
        assert come(roster, name)
    assert len(roster.peers) == 10
    roster.keep(PeerId("friend3"))
    assert come(roster, "friend3"), "a friend more takes a guest's place"
    assert len(roster.unwanted) == 1
    assert all(name.startswith("guest") for name in roster.unwanted)


async def test_a_full_house_is_shared_between_hosts(autojump_clock: MockClock) -> None:
    roster = build_roster()
    for number in range(4):
        assert come(roster, f"v{number}", "evil")
        await trio.sleep(1)
    assert come(roster, "a")
    assert come(roster, "b"), "the crowd gives way"
    assert roster.unwanted == {"v3": "its place was needed"}
    roster.left(PeerId("v3"))
    del roster.unwanted[PeerId("v3")]
    roster.report(PeerId("v1"), Misbehaviour.FLOOD)
    assert come(roster, "c")
    assert list(roster.unwanted) == ["v1"], "who is to blame goes first"
    roster.left(PeerId("v1"))
    assert come(roster, "d")
    roster.left(PeerId("v2"))
    assert not come(roster, "e"), "now all hosts have one guest each"


async def test_who_left_frees_the_place_at_once(autojump_clock: MockClock) -> None:
    roster = build_roster()
    for _ in range(100):
        assert come(roster, "a", "evil")
        roster.left(PeerId("a"))
    assert roster.peers == {}
    assert len(roster.departed) == 100


@pytest.mark.parametrize("misbehaviour", list(Misbehaviour))
async def test_blame_fades_and_enough_of_it_bans(
    misbehaviour: Misbehaviour, autojump_clock: MockClock
) -> None:
    roster, peer = build_roster(), PeerId("a")
    cost = COSTS[misbehaviour]
    for _ in range(int((BAN_AT - 1) // cost)):
        roster.report(peer, misbehaviour)
    assert roster.bans == {}
    await trio.sleep(600)
    assert roster.get_blame(peer) == 0
    for _ in range(int(BAN_AT // cost) + 1):
        roster.report(peer, misbehaviour)
    assert roster.bans == {"a": 600.0}


async def test_a_ban_is_told_once_and_lasts_longer_each_time(autojump_clock: MockClock) -> None:
    roster, peer = build_roster(), PeerId("a")
    lengths = []
    for _ in range(3):
        for _ in range(50):
            roster.blame(peer, "frames")
        lengths.append(roster.bans.pop(peer))
        await trio.sleep(lengths[-1] + 1)
    assert lengths == [600, 1_200, 2_400]


async def test_we_do_not_blame_ourselves(autojump_clock: MockClock) -> None:
    roster = build_roster()
    for _ in range(10):
        roster.report(PeerId("us"), Misbehaviour.INVALID_BLOCK)
    assert roster.bans == {}
