"""Our meshsub on channels in memory: losses mend, meshes keep their size, nothing grows.

Each node is a ``Meshsub`` of its own; a channel hands over what is written, unless it is told to
lose it or not to take it.
"""

import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
import trio
from trio.testing import MockClock

from chain.crypto import KeyPair, build_key_pair, compute_hash, sign
from p2p import meshsub
from p2p.meshsub import Meshsub
from p2p.recall import KEPT_BYTES_MAX, SEEN_SECONDS
from p2p.rpc import (
    SIGNING_PREFIX,
    Message,
    Rpc,
    decode_rpc,
    encode_message,
    encode_rpc,
    encode_signed_part,
    encode_varint,
)
from p2p.transport import PeerId, TransportError, Verdict

TOPIC = "/test/1/topic"
ORIGIN = bytes((0x00, 0x24, 0x08, 0x01, 0x12, 0x20))


def get_keys(name: str) -> KeyPair:
    return build_key_pair(compute_hash(b"test-mesh", name.encode()))


class Pipe:
    """One direction of one line. ``lose`` says what is lost; ``is_stuck`` that nothing is taken."""

    def __init__(self) -> None:
        self.send, self.receive = trio.open_memory_channel[bytes](1_000)
        self.buffer = b""
        self.lose: Callable[[Rpc], bool] = lambda _: False
        self.is_stuck = False

    async def write(self, data: bytes) -> None:
        while self.is_stuck:
            await trio.sleep_forever()
        try:
            await self.send.send(data)
        except trio.BrokenResourceError:
            raise TransportError("nobody reads") from None

    async def read_frame(self, limit_bytes: int) -> bytes:
        while True:
            frame = self.take_frame()
            if frame is None:
                try:
                    self.buffer += await self.receive.receive()
                except (trio.EndOfChannel, trio.ClosedResourceError):
                    raise TransportError("the end") from None
            elif len(frame) > limit_bytes:
                raise TransportError("too long")
            elif not self.lose(decode_rpc(frame)):
                return frame

    def take_frame(self) -> bytes | None:
        length = shift = 0
        for place, byte in enumerate(self.buffer):
            length |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                end = place + 1 + length
                if len(self.buffer) < end:
                    return None
                frame, self.buffer = self.buffer[place + 1 : end], self.buffer[end:]
                return frame
        return None

    async def abort(self) -> None:
        self.send.close()


@dataclass
class Node:
    name: PeerId
    mesh: Meshsub
    heard: list[bytes] = field(default_factory=list)
    blamed: list[tuple[PeerId, str]] = field(default_factory=list)
    pipes: dict[PeerId, Pipe] = field(default_factory=dict)  # to others
    verdict: Verdict = Verdict.ACCEPT

    def judge(self, peer: PeerId, data: bytes) -> Verdict:
        self.heard.append(data)
        return self.verdict


class Lines:
    """Nodes, and the lines between them."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self.nursery = nursery
        self.nodes: dict[PeerId, Node] = {}

    def build(self, name: str) -> Node:
        peer = PeerId(name)

        async def open_channel(other: PeerId, protocol: str) -> Pipe:
            await trio.lowlevel.checkpoint()
            assert protocol == "/meshsub/1.1.0"
            pipe = self.nodes[peer].pipes[other] = Pipe()
            self.nursery.start_soon(self.read, self.nodes[other], peer, pipe)
            return pipe

        mesh = Meshsub(
            get_keys(name),
            open_channel,
            lambda other, reason: node.blamed.append((other, reason)),
            lambda origin: PeerId(origin.hex()),
            random.Random(name),
            0,
        )
        node = self.nodes[peer] = Node(peer, mesh)
        mesh.subscribe(TOPIC, node.judge)
        self.nursery.start_soon(mesh.run)
        return node

    async def read(self, node: Node, sender: PeerId, pipe: Pipe) -> None:
        try:
            await node.mesh.listen(sender, pipe)
        except TransportError:
            pipe.receive.close()

    async def attend(self, node: Node, other: Node, inbound: bool) -> None:
        await node.mesh.attend(other.name, inbound=inbound)

    async def join(self, one: Node, other: Node) -> None:
        self.nursery.start_soon(self.attend, one, other, False)
        self.nursery.start_soon(self.attend, other, one, True)
        await trio.sleep(0.1)


@asynccontextmanager
async def lines() -> AsyncIterator[Lines]:
    async with trio.open_nursery() as nursery:
        yield Lines(nursery)
        nursery.cancel_scope.cancel()


async def test_lost_messages_come_with_the_next_heartbeats(autojump_clock: MockClock) -> None:
    async with lines() as world:
        one, other, third = (world.build(name) for name in "abc")
        await world.join(one, other)
        await world.join(one, third)
        pipe = one.pipes[other.name]
        one.mesh._meshes[TOPIC].discard(other.name)
        pipe.lose = lambda rpc: bool(rpc.messages)
        one.mesh.publish(TOPIC, b"lost")
        await trio.sleep(0.5)
        assert third.heard == [b"lost"]
        assert other.heard == []
        pipe.lose = lambda _: False
        await trio.sleep(3)
        assert other.heard == [b"lost"]


async def test_one_that_does_not_read_costs_little_and_holds_nobody_up(
    autojump_clock: MockClock,
) -> None:
    async with lines() as world:
        one, stuck, third = (world.build(name) for name in "abc")
        await world.join(one, stuck)
        await world.join(one, third)
        one.pipes[stuck.name].is_stuck = True
        for number in range(100):
            one.mesh.publish(TOPIC, b"%03d" % number + bytes(60_000))
            await trio.sleep(0.01)
        assert len(third.heard) == 100
        mate = one.mesh._mates[stuck.name]
        assert meshsub.QUEUE_BYTES_MAX - 70_000 < mate.queue_bytes <= meshsub.QUEUE_BYTES_MAX
        assert one.mesh._recall.kept_bytes <= KEPT_BYTES_MAX
        await trio.sleep(10)
        assert one.mesh._recall.kept_bytes == 0


async def test_meshes_keep_their_size_and_our_own_choice(autojump_clock: MockClock) -> None:
    async with lines() as world:
        hub = world.build("hub")
        others = [world.build(f"n{number}") for number in range(20)]
        for other in others[:3]:
            await world.join(hub, other)
        for other in others[3:]:
            await world.join(other, hub)
        for _ in range(30):
            await trio.sleep(1)
            mesh = hub.mesh._meshes[TOPIC]
            assert meshsub.MESH_LOW <= len(mesh) <= meshsub.MESH_HIGH
            assert len(mesh & {other.name for other in others[:3]}) >= meshsub.MESH_OUTBOUND
        for number in range(20):
            others[number].mesh.publish(TOPIC, b"%d" % number)
        await trio.sleep(3)
        for node in (hub, *others):
            assert len(node.heard) == 20 - (node is not hub)
            assert len(set(node.heard)) == len(node.heard)


async def test_who_was_pruned_stays_away_for_a_while(autojump_clock: MockClock) -> None:
    async with lines() as world:
        one, other = world.build("a"), world.build("b")
        await world.join(one, other)
        assert other.name in one.mesh._meshes[TOPIC]
        one.mesh._prune(one.mesh._mates[other.name], TOPIC)
        await trio.sleep(0.1)
        assert other.mesh._meshes[TOPIC] == set()
        other.mesh._graft(other.mesh._mates[one.name], TOPIC)
        await trio.sleep(0.1)
        assert one.mesh._meshes[TOPIC] == other.mesh._meshes[TOPIC] == set()
        await trio.sleep(meshsub.BACKOFF_SECONDS + 2)
        assert other.name in one.mesh._meshes[TOPIC]
        assert one.name in other.mesh._meshes[TOPIC]


async def test_who_comes_back_is_spoken_to_again(autojump_clock: MockClock) -> None:
    async with lines() as world:
        one, other = world.build("a"), world.build("b")
        await world.join(one, other)
        one.pipes[other.name].receive.close()
        one.mesh.publish(TOPIC, b"into the void")
        await trio.sleep(10)
        one.mesh.publish(TOPIC, b"again")
        await trio.sleep(1)
        assert other.heard[-1] == b"again"
        assert len(one.mesh._mates) == 1


async def test_who_was_shown_out_is_not_listened_to_while_its_line_closes(
    autojump_clock: MockClock,
) -> None:
    async with lines() as world:
        one, guest = world.build("a"), world.build("b")
        scope = trio.CancelScope()

        async def attend() -> None:
            with scope:
                await one.mesh.attend(guest.name, inbound=True)

        world.nursery.start_soon(attend)
        world.nursery.start_soon(world.attend, guest, one, False)
        await trio.sleep(0.1)
        assert one.mesh._meshes[TOPIC] == {guest.name}
        scope.cancel()
        await trio.sleep(0.1)
        guest.mesh._graft(guest.mesh._mates[one.name], TOPIC)
        guest.mesh.publish(TOPIC, b"but I am here")
        await trio.sleep(0.1)
        assert one.mesh._meshes[TOPIC] == set()
        one.mesh.publish(TOPIC, b"to whoever is here")
        await trio.sleep(3)  # heartbeats go through the mesh
        assert one.heard == []


# Hostile frames.


def build_message(name: str, number: int = 1, **changes: object) -> Message:
    keys = get_keys(name)
    message = Message(ORIGIN + keys.public, b"data", number.to_bytes(8, "big"), (TOPIC,), b"", b"")
    message = message._replace(**changes)  # type: ignore[arg-type]  # changes are free in tests
    signature = sign(keys, SIGNING_PREFIX + encode_signed_part(message))
    return message if message.signature else message._replace(signature=signature)


@asynccontextmanager
async def meeting_a_stranger() -> AsyncIterator[tuple[Node, Pipe]]:
    """A node, and the pipe on which a stranger speaks to it."""
    async with lines() as world:
        node, stranger = world.build("a"), world.build("s")
        world.nursery.start_soon(world.attend, node, stranger, True)
        await trio.sleep(0.1)
        pipe = Pipe()
        world.nursery.start_soon(world.read, node, stranger.name, pipe)
        await trio.sleep(0.1)
        yield node, pipe


async def say(pipe: Pipe, rpc: Rpc, messages: tuple[Message, ...] = ()) -> None:
    data = encode_rpc(rpc, [encode_message(message) for message in messages])
    await pipe.write(encode_varint(len(data)) + data)
    await trio.sleep(0.1)


async def test_a_message_is_judged_once(autojump_clock: MockClock) -> None:
    async with meeting_a_stranger() as (node, pipe):
        message = build_message("author")
        await say(pipe, Rpc(), (message, message))
        await say(pipe, Rpc(), (message,))
        assert node.heard == [b"data"]
        node.verdict = Verdict.REJECT
        rejected = build_message("author", 2)
        await say(pipe, Rpc(), (rejected, rejected))
        assert len(node.heard) == 2
        node.verdict = Verdict.IGNORE
        ignored = build_message("author", 3)
        await say(pipe, Rpc(), (ignored, ignored))
        assert len(node.heard) == 4, "another peer's copy may be judged otherwise"
        assert node.blamed == []
        await trio.sleep(SEEN_SECONDS + meshsub.HEARTBEAT_SECONDS)
        assert node.mesh._recall.count_seen() == 0


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(build_message("a", signature=bytes(64)), id="signature"),
        pytest.param(build_message("a", signature=b"short"), id="short signature"),
        pytest.param(build_message("a", origin=ORIGIN + get_keys("b").public), id="another's name"),
        pytest.param(build_message("a", origin=b"\x12\x20" + bytes(32)), id="a name without key"),
        pytest.param(build_message("a", origin=b""), id="no name"),
        pytest.param(build_message("a")._replace(data=b"other"), id="another text"),
    ],
)
async def test_forged_messages_are_blamed_and_not_heard(
    message: Message, autojump_clock: MockClock
) -> None:
    async with meeting_a_stranger() as (node, pipe):
        await say(pipe, Rpc(), (message,))
        assert node.heard == []
        assert node.blamed == [("s", "a message that its author did not sign")]
        await say(pipe, Rpc(), (build_message("a"),))
        assert node.heard == [b"data"]


@pytest.mark.parametrize(
    "message",
    [
        build_message("a", topics=()),
        build_message("a", topics=(TOPIC, TOPIC)),
        build_message("a", seqno=b"short"),
    ],
)
async def test_malformed_messages_end_the_stream(
    message: Message, autojump_clock: MockClock
) -> None:
    async with meeting_a_stranger() as (node, pipe):
        await say(pipe, Rpc(), (message,))
        assert [peer for peer, _ in node.blamed] == ["s"]
        with pytest.raises(TransportError):
            await say(pipe, Rpc(), (build_message("a"),))
        assert node.heard == []


async def test_a_second_stream_is_refused(autojump_clock: MockClock) -> None:
    async with meeting_a_stranger() as (node, _):
        with pytest.raises(TransportError, match="one stream"):
            await node.mesh.listen(PeerId("s"), Pipe())
        with pytest.raises(TransportError):
            await node.mesh.listen(PeerId("nobody"), Pipe())


async def test_what_strangers_name_is_not_remembered(autojump_clock: MockClock) -> None:
    async with meeting_a_stranger() as (node, pipe):
        for number in range(100):
            topics = [f"{number} {index}" for index in range(20)]
            await say(
                pipe,
                Rpc(
                    subscriptions=[(topic, True) for topic in topics],
                    ihave=[(topic, [b"id"]) for topic in topics],
                    grafts=topics,
                    prunes=[(topic, 2**60) for topic in topics],
                ),
            )
        mate = node.mesh._mates[PeerId("s")]
        assert mate.topics == set()
        assert mate.backoff == {}
        assert mate.asked == 0
        await say(pipe, Rpc(prunes=[(TOPIC, 2**60)]))
        assert mate.backoff[TOPIC] <= trio.current_time() + meshsub.BACKOFF_SECONDS_MAX


async def test_a_stranger_gets_and_sends_so_much_in_a_heartbeat(
    autojump_clock: MockClock,
) -> None:
    async with meeting_a_stranger() as (node, pipe):
        mate = node.mesh._mates[PeerId("s")]
        for number in range(30):
            node.mesh.publish(TOPIC, bytes(60_000) + b"%d" % number)
        ids = node.mesh._recall.get_recent(TOPIC, 1)
        mate.queue.clear()
        mate.queue_bytes = 0
        for _ in range(5):
            await say(pipe, Rpc(iwant=ids))
        assert mate.resent_bytes <= meshsub.RESENT_BYTES_MAX + 70_000
        await say(pipe, Rpc(ihave=[(TOPIC, [b"%d" % n for n in range(3_000)])]))
        assert mate.asked <= meshsub.IDS_PER_HEARTBEAT


async def test_a_flood_is_read_slowly(autojump_clock: MockClock) -> None:
    async with meeting_a_stranger() as (node, pipe):
        began = trio.current_time()
        for part in range(20):
            messages = tuple(build_message("a", part * 100 + n) for n in range(100))
            data = encode_rpc(Rpc(), [encode_message(message) for message in messages])
            await pipe.write(encode_varint(len(data)) + data)
        while len(node.heard) < 2_000:  # noqa: ASYNC110 - the clock jumps
            await trio.sleep(0.1)
        took = trio.current_time() - began
    assert took == pytest.approx(5, abs=0.5), "a thousand at once, then 200 a second"
