"""Votes between peers: told to everybody once, judged before they go on, bounded whatever comes."""

import random

import pytest
import trio
from msgspec.structs import replace
from trio.testing import MockClock

from chain.certificates import Finality, Justification
from chain.codec import encode
from chain.crypto import compute_hash
from chain.header import SignedHeader
from chain.votes import Ack, Here, Prevote, SignedHere, SignedVote
from p2p.claims import is_further
from p2p.memory import Lines
from p2p.transport import PeerId, Verdict
from p2p.view import (
    FinalityShown,
    NewestShown,
    PeerStatusChanged,
    VotesShown,
    WayShown,
    WitnessesShown,
)
from p2p.wire import ANNOUNCEMENT_TOPIC, Announcement, Progress, get_name
from p2p.wire_votes import (
    FINALITY,
    NEWEST,
    VOTE_TOPIC,
    FinalityAnswer,
    FinalityRequest,
    NewestRequest,
    VotesRequest,
    WitnessesAnswer,
    WitnessesRequest,
)
from p2p.wire_warp import HandOffsRequest
from tests.network_world import COMMUNITY, FakeNode, World, build_block, until
from tests.unit.test_p2p_network import Villain, build_line, settle

HASH = compute_hash(b"test")
SEAT, KEY = compute_hash(b"seat"), compute_hash(b"key")


@pytest.fixture
def autojump_clock() -> MockClock:
    return MockClock(autojump_threshold=0)


def build_vote(round_: int, salt: bytes = b"") -> SignedVote:
    body = Prevote(COMMUNITY, HASH, round_, 0, HASH, 0, compute_hash(b"target", salt), round_)
    return SignedVote(SEAT, body, bytes(64))


def count_judged(node: FakeNode, word: str) -> int:
    return sum(item.startswith(word) for item in node.chain.judged)


async def test_a_vote_reaches_everybody_and_is_judged_once(autojump_clock: MockClock) -> None:
    world = World(lines=Lines(delay_seconds=(0.01, 0.05), duplicates=0.5))
    nodes = build_line(world, "abcd")
    here = SignedHere(Here(COMMUNITY, SEAT, 64, HASH), bytes(64))
    async with world.run(*nodes):
        await settle(*nodes)
        nodes[0].network.say_vote(build_vote(1))
        nodes[0].network.say_here(here)
        await trio.sleep(2)
    for node in nodes[1:]:
        assert node.chain.votes == [build_vote(1)]
        assert count_judged(node, "vote") == count_judged(node, "attendance") == 1
    assert nodes[0].chain.judged == []  # nobody is told his own


@pytest.mark.parametrize("verdict", [Verdict.IGNORE, Verdict.REJECT])
async def test_what_is_not_accepted_goes_no_further(
    autojump_clock: MockClock, verdict: Verdict
) -> None:
    world = World()
    one, middle, last = build_line(world, "abc")
    middle.chain.vote_verdict = verdict
    async with world.run(one, middle, last):
        await settle(one, middle, last)
        one.network.say_vote(build_vote(1))
        await trio.sleep(2)
        assert count_judged(middle, "vote") == 1
        assert count_judged(last, "vote") == 0
        scores = [peer.score for peer in middle.network.get_peers() if peer.id == "a"]
        assert [score > 0 for score in scores] == [verdict is Verdict.REJECT]


async def test_garbage_is_blamed_and_banned(autojump_clock: MockClock) -> None:
    world = World()
    node = world.build("a")
    villain = Villain(world, "v")
    topic = get_name(COMMUNITY, VOTE_TOPIC)
    async with world.run(node), villain.transport.run():
        await villain.transport.connect("/memory/a")
        await until(node, lambda: node.get_peer_names() == {"v"})
        await villain.transport.publish(topic, b"\xc0")
        await villain.transport.publish(topic, encode(build_vote(1)) + b"\xc0")
        await until(node, lambda: not node.get_peer_names())
        assert node.chain.votes == []


async def test_votes_that_are_refused_ban_who_goes_on_sending_them(
    autojump_clock: MockClock,
) -> None:
    world = World()
    node = world.build("a")
    node.chain.vote_verdict = Verdict.REJECT
    villain = Villain(world, "v")
    async with world.run(node), villain.transport.run():
        await villain.transport.connect("/memory/a")
        await until(node, lambda: node.get_peer_names() == {"v"})
        for number in range(8):
            vote = encode(build_vote(1, bytes((number,))))
            await villain.transport.publish(get_name(COMMUNITY, VOTE_TOPIC), vote)
        await until(node, lambda: not node.get_peer_names())
        assert count_judged(node, "vote") <= 5


async def test_a_flood_of_votes_is_not_judged_beyond_the_rate(autojump_clock: MockClock) -> None:
    world = World()
    node = world.build("a")
    villain = Villain(world, "v")
    async with world.run(node), villain.transport.run():
        await villain.transport.connect("/memory/a")
        await until(node, lambda: node.get_peer_names() == {"v"})
        for number in range(2_000):
            await villain.transport.publish(
                get_name(COMMUNITY, VOTE_TOPIC), encode(build_vote(number))
            )
        await until(node, lambda: not node.get_peer_names())
    assert 1_200 < len(node.chain.judged) < 1_600


def build_announcement(certificate: Justification | None, salt: bytes = b"") -> Announcement:
    block = build_block(None, salt=salt)
    return Announcement(SignedHeader(block.header, block.block.signature), certificate, None)


def build_named(salt: bytes = b"") -> Justification:
    """The certificate that a made-up header names."""
    header = build_block(None, salt=salt).header
    body = Prevote(COMMUNITY, HASH, header.lock_round, 0, HASH, 0, header.lock_hash, header.height)
    return Justification(body, b"\x01", (bytes(64),))


async def test_an_announcement_carries_its_certificate_even_if_the_bare_header_came_first(
    autojump_clock: MockClock,
) -> None:
    world = World()
    one, other = build_line(world, "ab")
    villain = Villain(world, "v")
    topic = get_name(COMMUNITY, ANNOUNCEMENT_TOPIC)
    async with world.run(one, other), villain.transport.run():
        await settle(one, other)
        await villain.transport.connect("/memory/a")
        await until(one, lambda: "v" in one.get_peer_names())
        await villain.transport.publish(topic, encode(build_announcement(None)))
        await trio.sleep(1)
        await villain.transport.publish(topic, encode(build_announcement(build_named())))
        await trio.sleep(1)
        assert count_judged(other, "header") == 1
        assert count_judged(other, "certificate") == 1
        await villain.transport.publish(topic, encode(build_announcement(build_named())))
        await trio.sleep(1)
        assert count_judged(one, "certificate") == 1, "once a header"


async def test_a_header_with_a_bad_certificate_blames_its_bearer(autojump_clock: MockClock) -> None:
    world = World()
    one, last = build_line(world, "ab")
    one.chain.vote_verdict = Verdict.REJECT
    villain = Villain(world, "v")
    async with world.run(one, last), villain.transport.run():
        await settle(one, last)
        await villain.transport.connect("/memory/a")
        await until(one, lambda: "v" in one.get_peer_names())
        topic = get_name(COMMUNITY, ANNOUNCEMENT_TOPIC)
        await villain.transport.publish(topic, encode(build_announcement(build_named())))
        await trio.sleep(1)
        assert [peer.score > 0 for peer in one.network.get_peers() if peer.id == "v"] == [True]
        assert count_judged(last, "header") == 0


def test_an_announcement_carries_only_what_its_header_names() -> None:
    other = Justification(build_vote(9).body, b"\x01", (bytes(64),))  # type: ignore[arg-type] # a prevote
    with pytest.raises(ValueError, match="does not name"):
        build_announcement(other)
    good = build_named()
    ack = Ack(COMMUNITY, HASH, good.body.round, 0, good.body.target_hash, 1)
    with pytest.raises(ValueError, match="two certificates"):
        Announcement(build_announcement(None).header, good, Finality(ack, b"\x01", (bytes(64),)))


async def test_questions_are_answered_or_told_to_have_failed(autojump_clock: MockClock) -> None:
    world = World()
    one, other = build_line(world, "ab")
    other.chain.votes.append(build_vote(5))
    async with world.run(one, other):
        await settle(one, other)
        one.network.ask_finality(PeerId("b"), FinalityRequest(HASH, 0, 0))
        one.network.ask_votes(PeerId("b"), VotesRequest(4))
        one.network.ask_newest(NewestRequest(SEAT, KEY, bytes(16)))
        one.network.ask_finality(PeerId("nobody"), FinalityRequest(HASH, 0, 0))
        one.network.ask_witnesses(PeerId("b"), WitnessesRequest(HASH, 5))
        one.network.ask_way(PeerId("b"), HandOffsRequest(HASH))  # which it does not serve
        await trio.sleep(2)
    shown = [item for item in one.events if isinstance(item, FinalityShown)]
    assert sorted(shown, key=lambda item: item.peer) == [
        FinalityShown(PeerId("b"), FinalityAnswer((), None, None)),
        FinalityShown(PeerId("nobody"), None),
    ]
    votes = [item.answer.votes for item in one.events if isinstance(item, VotesShown)]
    assert votes == [(build_vote(5),)]
    assert [item.peer for item in one.events if isinstance(item, NewestShown)] == ["b"]
    asked = WitnessesRequest(HASH, 5)
    assert WitnessesShown(PeerId("b"), asked, WitnessesAnswer(())) in one.events
    assert WayShown(PeerId("b"), None) in one.events


async def test_one_question_a_peer_and_silence_ends_it(autojump_clock: MockClock) -> None:
    world = World()
    node = world.build("a")
    villain = Villain(world, "v")
    asked = 0

    async def hang(peer: PeerId, data: bytes) -> bytes:
        nonlocal asked
        asked += 1
        await trio.sleep_forever()
        raise AssertionError

    villain.transport.serve(get_name(COMMUNITY, FINALITY.subject), hang, request_bytes=64)
    villain.answer(NEWEST.subject, lambda _: random.Random(1).randbytes(64))
    async with world.run(node), villain.transport.run():
        await villain.transport.connect("/memory/a")
        await until(node, lambda: node.get_peer_names() == {"v"})
        for _ in range(5):
            node.network.ask_finality(PeerId("v"), FinalityRequest(HASH, 0, 0))
        await trio.sleep(FINALITY.timeout_seconds + 1)
        assert asked == 1
        assert FinalityShown(PeerId("v"), None) in node.events
        for _ in range(2):  # what is no answer is blamed
            node.network.ask_newest(NewestRequest(SEAT, KEY, bytes(16)))
            await trio.sleep(1)
        await until(node, lambda: not node.get_peer_names())


async def test_progress_is_told_as_it_changes(autojump_clock: MockClock) -> None:
    world = World()
    node = world.build("a")
    villain = Villain(world, "v")
    async with world.run(node), villain.transport.run():
        await villain.transport.connect("/memory/a")
        await until(node, lambda: node.get_peer_names() == {"v"})
        further = Progress(HASH, 3, 9, 8, contradicted=False)
        villain.status = villain.status.__class__(COMMUNITY, 1, villain.status.head, (), 0, further)
        await trio.sleep(10)
    told = [item.progress for item in node.events if isinstance(item, PeerStatusChanged)]
    assert told[-1] is None  # it has gone
    assert further in told


def test_who_saw_a_contradiction_is_further_than_who_did_not() -> None:
    ours = Progress(HASH, 9, 20, 20, contradicted=False)
    behind = Progress(HASH, 3, 5, 5, contradicted=False)
    assert not is_further(behind, ours)
    assert is_further(replace(behind, contradicted=True), ours)
    assert not is_further(replace(behind, contradicted=True), replace(ours, contradicted=True))
