"""Nodes on memory lines: gossip reaches everybody, blocks are rebuilt, peers are kept and judged.

Everything runs under a mock clock on lines whose luck follows from a seed.
"""

from collections.abc import Callable
from contextlib import AsyncExitStack
from itertools import pairwise
from pathlib import Path

import pytest
import trio
from msgspec.structs import replace
from trio.testing import MockClock

from chain.block import SealedBlock, compute_leaf_hash
from chain.codec import encode
from chain.header import SignedHeader
from p2p.gossip import SEEN_SECONDS
from p2p.keeper import SILENT_MAX
from p2p.memory import Lines, MemoryTransport
from p2p.network import EVENTS_WAITING_MAX
from p2p.transport import PeerId, TransportError, Verdict
from p2p.view import Misbehaviour, OffsetMeasured, PeerBanned, PeerStatusChanged
from p2p.wire import (
    BUNDLE_BYTES,
    BUNDLE_TOPIC,
    OUTLINE,
    STATUS,
    TRANSACTIONS,
    Announcement,
    Bundle,
    Head,
    Outline,
    OutlineAnswer,
    Status,
    TransactionsAnswer,
    get_name,
)
from tests.network_world import (
    COMMUNITY,
    GENESIS_HASH,
    PROGRESS,
    FakeNode,
    World,
    build_block,
    build_parts,
    build_transaction,
    until,
)

DELAY = Lines(delay_seconds=(0.01, 0.05))


@pytest.fixture
def autojump_clock() -> MockClock:
    return MockClock(autojump_threshold=0)


def build_line(world: World, names: str) -> list[FakeNode]:
    """Each dials the one before it, and nobody looks for more."""
    nodes = [world.build(names[0], outbound_target=0)]
    for before, name in pairwise(names):
        nodes.append(world.build(name, peers=(f"/memory/{before}",), outbound_target=0))
    return nodes


async def settle(*nodes: FakeNode) -> None:
    """Until everybody has a peer."""
    for node in nodes:
        await until(node, lambda node=node: node.get_peer_names())
    await trio.sleep(2)


# Transactions.


async def test_transactions_travel_in_bundles_to_everybody(autojump_clock: MockClock) -> None:
    world = World(lines=DELAY)
    nodes = build_line(world, "abcd")
    sent = [build_transaction(number) for number in range(300)]
    async with world.run(*nodes):
        await settle(*nodes)
        nodes[0].network.offer_transactions(sent)
        for node in nodes[1:]:
            await until(node, lambda node=node: len(node.get_transactions()) == 300)
    for node in nodes[1:]:
        assert [s.id for s in node.get_transactions()] == [s.id for s in sent]
        bundles = -(-sum(len(s.whole_bytes) + 3 for s in sent) // BUNDLE_BYTES)
        assert len(node.chain.judged) == bundles


async def test_few_transactions_wait_a_tenth_of_a_second(autojump_clock: MockClock) -> None:
    world = World()
    one, other = build_line(world, "ab")
    async with world.run(one, other):
        await settle(one, other)
        began = trio.current_time()
        one.network.offer_transactions([build_transaction(1)])
        await trio.sleep(0.05)
        one.network.offer_transactions([build_transaction(2)])
        await until(other, lambda: len(other.get_transactions()) == 2)
        assert trio.current_time() - began == pytest.approx(0.1, abs=0.01)
    assert other.chain.judged == ["2 transactions of a"]


async def test_what_was_met_before_is_not_judged_again(autojump_clock: MockClock) -> None:
    world = World()
    one, other = build_line(world, "ab")
    transactions = [build_transaction(number) for number in range(3)]
    async with world.run(one, other):
        await settle(one, other)
        for _ in range(3):
            one.network.offer_transactions(transactions[:2])
            await trio.sleep(1)
        assert other.chain.judged == ["2 transactions of a"]
        one.network.offer_transactions(transactions)
        await trio.sleep(1)
        assert other.chain.judged[1:] == ["1 transactions of a"]
        await trio.sleep(SEEN_SECONDS)
        one.network.offer_transactions(transactions)
        await trio.sleep(1)
        assert other.chain.judged[2:] == ["3 transactions of a"]


async def test_bad_transactions_are_not_passed_on_and_cost_the_sender(
    autojump_clock: MockClock,
) -> None:
    world = World()
    one, middle, last = build_line(world, "abc")
    middle.chain.verdict = Verdict.REJECT
    async with world.run(one, middle, last):
        await settle(one, middle, last)
        for number in range(4):
            one.network.offer_transactions([build_transaction(number)])
            await trio.sleep(0.5)
        await until(middle, lambda: middle.get_peer_names() == {"c"})
        assert last.get_transactions() == []
        await trio.sleep(30)
        assert "a" not in middle.get_peer_names(), "it is banned"


async def test_a_node_too_busy_for_gossip_loses_events_not_memory(
    autojump_clock: MockClock,
) -> None:
    world = World()
    one, other = build_line(world, "ab")
    async with world.run(one, other):
        await settle(one, other)
        other.pause = trio.Event()
        for number in range(3 * EVENTS_WAITING_MAX):
            one.network.offer_transactions([build_transaction(number)])
            await trio.sleep(0.2)
        other.events.clear()
        other.pause.set()
        other.pause = None
        await trio.sleep(1)
        assert len(other.events) <= EVENTS_WAITING_MAX + 1


# A peer that speaks our language and uses it badly.


class Villain:
    """A bare transport with answers of its own."""

    def __init__(self, world: World, name: str, head: Head | None = None) -> None:
        self.transport = MemoryTransport(world.lines, name)
        self.status = Status(COMMUNITY, 1, head or Head(GENESIS_HASH, 0, 0, 0), (), 0, PROGRESS)
        self.answer(STATUS.subject, lambda _: encode(self.status))

    def answer(self, subject: str, answer: Callable[[bytes], bytes]) -> None:
        async def handle(peer: PeerId, data: bytes) -> bytes:
            await trio.lowlevel.checkpoint()
            return answer(data)

        self.transport.serve(get_name(COMMUNITY, subject), handle, request_bytes=2**20)


async def test_malformed_gossip_bans_at_the_second_time(autojump_clock: MockClock) -> None:
    world = World()
    node = world.build("a")
    villain = Villain(world, "v")
    topic = get_name(COMMUNITY, BUNDLE_TOPIC)
    async with world.run(node), villain.transport.run():
        await villain.transport.connect("/memory/a")
        await until(node, lambda: node.get_peer_names() == {"v"})
        good = build_transaction(1).whole_bytes
        await villain.transport.publish(topic, encode(Bundle((good, b"nonsense"))))
        await trio.sleep(2)
        assert node.get_peer_names() == {"v"}
        await villain.transport.publish(topic, b"\xc0")
        await until(node, lambda: not node.get_peer_names())
        assert node.get_transactions() == []
        await until(node, lambda: any(isinstance(item, PeerBanned) for item in node.events))
        with pytest.raises(TransportError):
            await villain.transport.connect("/memory/a")
        await trio.sleep(600)
        await villain.transport.connect("/memory/a")


async def test_a_flood_is_not_judged_beyond_the_rate(autojump_clock: MockClock) -> None:
    world = World()
    node = world.build("a")
    villain = Villain(world, "v")
    topic = get_name(COMMUNITY, BUNDLE_TOPIC)
    async with world.run(node), villain.transport.run():
        await villain.transport.connect("/memory/a")
        await until(node, lambda: node.get_peer_names() == {"v"})
        for number in range(2_000):
            bundle = Bundle((build_transaction(number).whole_bytes,))
            await villain.transport.publish(topic, encode(bundle))
        await until(node, lambda: not node.get_peer_names())
    assert 1_200 < len(node.chain.judged) < 1_600


async def test_bad_questions_are_refused_and_blamed(autojump_clock: MockClock) -> None:
    world = World()
    node = world.build("a")
    villain = Villain(world, "v")

    async def ask(subject: str, data: bytes) -> bytes:
        return await villain.transport.request(
            PeerId("a"),
            get_name(COMMUNITY, subject),
            data,
            answer_bytes=2**20,
            timeout_seconds=5,
        )

    async with world.run(node), villain.transport.run():
        await villain.transport.connect("/memory/a")
        told = STATUS.answer.decode(await ask("status", encode(villain.status)))
        assert told.head == node.chain.get_status().head
        for _ in range(2):
            with pytest.raises(TransportError):
                await ask("status", b"\xc0")
        await until(node, lambda: not node.get_peer_names())


# Blocks.


async def test_a_block_is_rebuilt_from_what_is_held(autojump_clock: MockClock) -> None:
    world = World(lines=DELAY)
    one, other = build_line(world, "ab")
    transactions = [build_transaction(number) for number in range(50)]
    other.chain.fill(transactions[:20] + transactions[25:])
    block = build_block(None, transactions)
    async with world.run(one, other):
        await settle(one, other)
        await one.network.announce_block(block)
        await until(other, other.get_arrived)
    (arrived,) = other.get_arrived()
    assert arrived.live
    assert arrived.block.whole_bytes == block.whole_bytes
    assert arrived.block == block
    assert (other.count_asked("outline"), other.count_asked("transactions")) == (1, 1)
    assert other.count_asked("blocks") == 0


async def test_a_block_is_rebuilt_with_what_consensus_put_on_record(
    autojump_clock: MockClock,
) -> None:
    world = World(lines=DELAY)
    one, other = build_line(world, "ab")
    transactions = [build_transaction(number) for number in range(5)]
    other.chain.fill(transactions[:2])
    first = build_block(None, parts=build_parts(4))
    second = build_block(first, transactions, parts=build_parts(200))
    async with world.run(one, other):
        await settle(one, other)
        for block in (first, second):
            await one.network.announce_block(block)
            await until(other, lambda: other.chain.has_block(block.hash))  # noqa: B023 - waited for here
    assert [event.block for event in other.get_arrived()] == [first, second]
    assert all(event.block.parts.roll_call for event in other.get_arrived())
    assert (other.count_asked("outline"), other.count_asked("transactions")) == (2, 1)
    assert other.count_asked("blocks") == 0


async def test_what_is_held_whole_or_empty_is_not_asked_for(autojump_clock: MockClock) -> None:
    world = World()
    one, other = build_line(world, "ab")
    transactions = [build_transaction(number) for number in range(5)]
    other.chain.fill(transactions)
    first = build_block(None)
    second = build_block(first, transactions)
    async with world.run(one, other):
        await settle(one, other)
        for block in (first, second):
            await one.network.announce_block(block)
            await until(other, lambda: other.chain.has_block(block.hash))  # noqa: B023 - waited for here
    assert [event.block for event in other.get_arrived()] == [first, second]
    assert (other.count_asked("outline"), other.count_asked("transactions")) == (1, 0)


async def test_a_block_crosses_many_hops_fast(autojump_clock: MockClock) -> None:
    world = World(lines=Lines(delay_seconds=(0.05, 0.05)))
    nodes = build_line(world, "abcdef")
    block = build_block(None, [build_transaction(number) for number in range(20)])
    async with world.run(*nodes):
        await settle(*nodes)
        began = trio.current_time()
        await nodes[0].network.announce_block(block)
        await until(nodes[-1], nodes[-1].get_arrived)
        # A hop asks twice, there and back, and waits for the hop before it: 0.2 s each.
        assert trio.current_time() - began < 5 * 0.25
    assert all(node.get_arrived()[0].block == block for node in nodes[1:])


async def test_headers_that_are_refused_are_neither_fetched_nor_passed_on(
    autojump_clock: MockClock,
) -> None:
    world = World()
    one, middle, last = build_line(world, "abc")
    async with world.run(one, middle, last):
        await settle(one, middle, last)
        for verdict in (Verdict.IGNORE, Verdict.REJECT):
            middle.chain.verdict = verdict
            await one.network.announce_block(build_block(None, salt=verdict.value.encode()))
            await trio.sleep(1)
    assert middle.chain.judged == ["header 1 of a", "header 1 of a"]
    assert middle.count_asked("outline") == 0
    assert middle.get_arrived() == last.get_arrived() == []


@pytest.mark.parametrize("lie", ["leaves", "frame", "parts", "transactions", "nothing"])
async def test_a_wrong_body_accuses_who_sent_it(lie: str, autojump_clock: MockClock) -> None:
    world = World()
    honest, node = build_line(world, "ab")
    villain = Villain(world, "v")
    transactions = [build_transaction(number) for number in range(4)]
    others = [build_transaction(100 + number) for number in range(4)]
    block = build_block(None, transactions, parts=build_parts(4))
    wrong = build_block(None, others)

    right, false = build_outline(block), build_outline(wrong)
    other_parts = replace(right.frame, body=replace(right.frame.body, roll_call=None))
    told = {
        "leaves": Outline(right.frame, false.leaves),
        "parts": Outline(other_parts, right.leaves),
        "frame": false,
        "transactions": right,
        "nothing": None,
    }[lie]
    villain.answer(OUTLINE.subject, lambda _: encode(OutlineAnswer(told)))
    wholes = tuple(sealed.whole_bytes for sealed in others)
    villain.answer(TRANSACTIONS.subject, lambda _: encode(TransactionsAnswer(wholes)))
    async with world.run(honest, node), villain.transport.run():
        await villain.transport.connect("/memory/b")
        await settle(honest, node)
        await until(node, lambda: "v" in node.get_peer_names())
        announced = build_announcement(block)
        await villain.transport.publish(get_name(COMMUNITY, "announcements"), announced)
        await trio.sleep(0.2)
        await honest.network.announce_block(block)
        await until(node, node.get_arrived)
        assert node.get_arrived()[0].block == block
        assert node.get_arrived()[0].peer == "a"
        blamed = {peer.id: peer.score for peer in node.network.get_peers()}
        assert blamed.get(PeerId("a")) == 0
        assert ("v" not in blamed or blamed[PeerId("v")] > 0) == (lie != "nothing")


async def test_whoever_is_first_and_then_silent_holds_up_no_block(
    autojump_clock: MockClock,
) -> None:
    world = World()
    honest, node = build_line(world, "ab")
    villains = [Villain(world, name) for name in "uvw"]
    block = build_block(None, [build_transaction(number) for number in range(4)])

    async def wait(_peer: PeerId, _data: bytes) -> bytes:
        await trio.sleep(OUTLINE.timeout_seconds - 0.1)
        return encode(OutlineAnswer(None))

    async with AsyncExitStack() as stack:
        await stack.enter_async_context(world.run(honest, node))
        for villain in villains:
            villain.transport.serve(get_name(COMMUNITY, OUTLINE.subject), wait, request_bytes=2**20)
            await stack.enter_async_context(villain.transport.run())
            await villain.transport.connect("/memory/b")
        await settle(honest, node)
        await until(node, lambda: len(node.get_peer_names()) == 4)
        for villain in villains:
            await villain.transport.publish(
                get_name(COMMUNITY, "announcements"), build_announcement(block)
            )
        await trio.sleep(0.2)
        began = trio.current_time()
        await honest.network.announce_block(block)
        await until(node, node.get_arrived)
        assert trio.current_time() - began < 2.5
    assert node.get_arrived()[0].peer == "a"


async def test_a_block_too_large_to_be_sent_is_not_taken_in(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World()
    honest, node = build_line(world, "ab")
    block = build_block(None, [build_transaction(number) for number in range(4)])
    monkeypatch.setattr("p2p.fetch.BLOCK_BYTES_MAX", len(block.whole_bytes) - 1)
    async with world.run(honest, node):
        await settle(honest, node)
        await honest.network.announce_block(block)
        await trio.sleep(2)
        assert node.get_arrived() == []
        assert [peer.score for peer in node.network.get_peers()] == [0]


def build_announcement(block: SealedBlock) -> bytes:
    return encode(Announcement(SignedHeader(block.header, block.block.signature), None, None))


def build_outline(block: SealedBlock) -> Outline:
    frame = build_block(None).block
    body = replace(block.block.body, transactions=())
    leaves = tuple(compute_leaf_hash(sealed.whole_bytes) for sealed in block.transactions)
    return Outline(replace(frame, header=block.header, body=body), leaves)


# Peers.


async def test_peers_learn_of_one_another(autojump_clock: MockClock) -> None:
    world = World(lines=DELAY)
    hub = world.build("hub", outbound_target=3)
    others = [world.build(f"n{i}", peers=("/memory/hub",), outbound_target=3) for i in range(5)]
    async with world.run(hub, *others):
        for node in others:
            await until(node, lambda node=node: len(node.get_peer_names()) >= 3, 300)


async def test_a_restarted_node_finds_its_peers_in_its_book(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    world = World()
    one = world.build("a")
    path = tmp_path / "peers.json"
    async with world.run(one):
        async with world.run(world.build("b", peers=("/memory/a",), book_path=path)):
            await until(one, lambda: one.get_peer_names() == {"b"})
            await trio.sleep(10)
        again = world.build("b", book_path=path)
        async with world.run(again):
            await until(again, lambda: again.get_peer_names() == {"a"})


async def test_a_configured_peer_is_dialled_until_it_is_there(autojump_clock: MockClock) -> None:
    world = World()
    node = world.build("a", peers=("/memory/b",), outbound_target=0)
    dials: list[float] = []
    connect = node.transport.connect

    async def note_dial(address: str) -> PeerId:
        dials.append(trio.current_time())
        return await connect(address)

    node.transport.connect = note_dial  # type: ignore[method-assign]  # of this one, to see what it does
    async with world.run(node):
        await trio.sleep(300)
        assert 10 < len(dials) < 25, "each wait is twice as long, up to half a minute"
        gaps = [after - before for before, after in pairwise(dials)]
        assert gaps[0] < 3
        assert max(gaps) < 32
        async with world.run(world.build("b")):
            await until(node, lambda: node.get_peer_names() == {"b"})
        await until(node, lambda: not node.get_peer_names())
        async with world.run(world.build("b")):
            await until(node, lambda: list_departures(node) == [False, True, False])


async def test_configured_peers_that_are_dead_hold_up_none_that_live(
    autojump_clock: MockClock,
) -> None:
    world = World()
    dead = [f"/memory/dead{number}" for number in range(8)]
    node = world.build("a", peers=(*dead, "/memory/b"), outbound_target=0)
    connect = node.transport.connect

    async def connect_slowly(address: str) -> PeerId:
        if address in dead:
            await trio.sleep(10)  # as long as a dial may take when nobody says no
        return await connect(address)

    node.transport.connect = connect_slowly  # type: ignore[method-assign]  # of this one, to be slow
    async with world.run(world.build("b"), node):
        await until(node, lambda: node.get_peer_names() == {"b"}, 25)


def list_departures(node: FakeNode) -> list[bool]:
    """Of each change of a peer's status, whether it went."""
    return [event.head is None for event in node.events if isinstance(event, PeerStatusChanged)]


async def test_who_knows_peers_and_reaches_none_is_cut_off(autojump_clock: MockClock) -> None:
    world = World()
    hermit = world.build("hermit")
    one, other = build_line(world, "ab")
    async with world.run(hermit, other):
        assert not hermit.network.is_cut_off(), "there is nobody to be reached"
        assert other.network.is_cut_off()
        async with world.run(one):
            await until(other, lambda: not other.network.is_cut_off())
            await until(one, lambda: not one.network.is_cut_off())
        await until(other, other.network.is_cut_off)


async def test_who_is_silent_is_let_go_and_found_again(autojump_clock: MockClock) -> None:
    world = World()
    one, other = build_line(world, "ab")
    async with world.run(one, other):
        await settle(one, other)
        world.lines.split("a", "b")
        began = trio.current_time()
        await until(one, lambda: not one.get_peer_names(), 120)
        await until(other, lambda: not other.get_peer_names(), 120)
        assert trio.current_time() - began < (SILENT_MAX + 1) * (STATUS.timeout_seconds + 6)
        world.lines.heal()
        await until(one, lambda: one.get_peer_names() == {"b"}, 120)


async def test_another_genesis_version_is_shown_out(autojump_clock: MockClock) -> None:
    world = World()
    node = world.build("a")
    villain = Villain(world, "v")
    villain.status = Status(COMMUNITY, 2, villain.status.head, (), 0, PROGRESS)
    async with world.run(node), villain.transport.run():
        await villain.transport.connect("/memory/a")
        await trio.sleep(3)
        assert node.get_peer_names() == set()
        with pytest.raises(TransportError):
            await villain.transport.connect("/memory/a")


async def test_another_community_does_not_stay(autojump_clock: MockClock) -> None:
    world = World()
    node = world.build("a")
    stranger = world.build("s", community=bytes(32), peers=("/memory/a",))
    async with world.run(node, stranger):
        await until(node, lambda: node.get_peer_names() == {"s"})
        await until(node, lambda: not node.get_peer_names())
        assert not any(isinstance(event, PeerStatusChanged) and event.head for event in node.events)


async def test_clocks_are_compared_by_the_middle_of_a_question(autojump_clock: MockClock) -> None:
    world = World(lines=Lines(delay_seconds=(0.2, 0.2)))
    one, other = build_line(world, "ab")
    other.chain.clock_offset_ms = 5_000
    async with world.run(one, other):
        await settle(one, other)
        await until(one, lambda: any(isinstance(event, OffsetMeasured) for event in one.events))
        (peer,) = one.network.get_peers()
        assert (peer.offset_ms, peer.round_trip_ms) == (5_000, 400)
        (peer,) = other.network.get_peers()
        assert peer.offset_ms == -5_000


async def test_the_node_can_have_a_peer_banned(autojump_clock: MockClock) -> None:
    world = World()
    one, other = build_line(world, "ab")
    async with world.run(one, other):
        await settle(one, other)
        assert [peer.kept for peer in other.network.get_peers()] == [True]
        one.network.report(PeerId("b"), Misbehaviour.INVALID_BLOCK)
        await until(one, lambda: not one.get_peer_names())
        await trio.sleep(300)
        assert one.get_peer_names() == set()
        await trio.sleep(400)
        assert one.get_peer_names() == {"b"}, "ten minutes the first time"
        other.network.report(PeerId("a"), Misbehaviour.INVALID_BLOCK)
        await until(other, lambda: not other.get_peer_names())
        await until(other, lambda: other.get_peer_names() == {"a"}, 120)


async def test_the_same_seed_gives_the_same_story() -> None:
    def tell() -> list[str]:
        world = World(seed=7, lines=Lines(0.2, 0.2, (0.01, 0.3)))
        story: list[str] = []

        async def live() -> None:
            nodes = build_line(world, "abc")
            async with world.run(*nodes):
                await trio.sleep(5)
                for number in range(20):
                    nodes[0].network.offer_transactions([build_transaction(number)])
                    await trio.sleep(0.3)
                await trio.sleep(20)
            for node in nodes:
                story.extend(f"{node.name} {line}" for line in node.chain.judged)

        trio.run(live, clock=MockClock(autojump_threshold=0))
        return story

    told = await trio.to_thread.run_sync(tell)
    assert 20 < len(told) < 40, "some were lost"
    assert told == await trio.to_thread.run_sync(tell)
