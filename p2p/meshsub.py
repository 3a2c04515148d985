"""Gossip: libp2p's meshsub 1.1 on the wire, ours in bounds.

Each peer passes what is new on to the few peers of its mesh, and every second tells some others
which messages it has, so that losses mend. The library's own pubsub keeps queues and tables that
any stranger can make grow, loses messages without a word, and signs and copies anew for every
peer; this one has a limit on everything, and a message is encoded once. Judges are asked at once
and in order: a peer is not read further before they have answered.
"""

import random
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, Protocol

import trio

from chain.crypto import KeyPair, sign
from p2p.rates import Bucket, build_bucket
from p2p.recall import Recall
from p2p.rpc import (
    ED25519_NAME,
    SIGNING_PREFIX,
    Malformed,
    Message,
    Rpc,
    decode_rpc,
    encode_message,
    encode_rpc,
    encode_signed_part,
    encode_varint,
    is_authentic,
)
from p2p.transport import Judge, PeerId, TransportError, Verdict

PROTOCOL: Final = "/meshsub/1.1.0"

HEARTBEAT_SECONDS: Final = 1.0
MESH_LOW, MESH_WANTED, MESH_HIGH = 4, 5, 8  # peers that a message is passed on to at once
MESH_OUTBOUND: Final = 2  # of them, peers that we chose ourselves
TOLD_HEARTBEATS: Final = 3  # for how long we tell of a message
GOSSIP_PEERS: Final = 24  # others that are told what we have; identifiers are cheap
BACKOFF_SECONDS: Final = 10  # after a prune, before we come again
BACKOFF_SECONDS_MAX: Final = 600  # however long somebody asks us to stay away

QUEUE_BYTES_MAX: Final = 1_024 * 1_024  # what waits for one peer; then it misses messages
WRITE_BYTES: Final = 128 * 1_024  # frames that wait are written together up to here
FRAME_BYTES_MAX: Final = 1_024 * 1_024  # of one frame we read; others send as much
IDS_PER_HEARTBEAT: Final = 256  # that we ask one peer for, and it may ask us for
RESENT_BYTES_MAX: Final = 1_024 * 1_024  # what a peer gets in one heartbeat for asking
# Of one peer, and as many messages in them; what comes faster is read more slowly.
FRAMES_PER_SECOND: Final = 200.0
FRAMES_BURST: Final = 1_000.0
REOPEN_SECONDS: Final = 1.0
HELLO_SECONDS: Final = 5.0


class Channel(Protocol):
    """One stream to one peer. Everything raises TransportError."""

    async def read_frame(self, limit_bytes: int) -> bytes:
        """The next frame: a varint of its length, then so many bytes."""
        ...

    async def write(self, data: bytes) -> None:
        """Write it all."""
        ...

    async def abort(self) -> None:
        """Give the stream up. Does not raise."""
        ...


@dataclass(eq=False)
class _Mate:
    """A connected peer."""

    name: PeerId
    inbound: bool
    frames: Bucket
    messages: Bucket
    topics: set[str] = field(default_factory=set)
    queue: deque[bytes] = field(default_factory=deque)
    queue_bytes: int = 0
    bell: trio.Event = field(default_factory=trio.Event)
    is_open: bool = False  # whether our stream to it stands
    readers: int = 0
    has_missed: bool = False  # something that we would have sent it
    backoff: dict[str, float] = field(default_factory=dict)  # of topics that we know
    asked: int = 0  # of it, in this heartbeat
    wanted: int = 0  # by it, in this heartbeat
    resent_bytes: int = 0


class Meshsub:
    """Publishes, passes on, and keeps the meshes."""

    def __init__(
        self,
        keys: KeyPair,
        open_channel: Callable[[PeerId, str], Awaitable[Channel]],
        blame: Callable[[PeerId, str], None],
        name_peer: Callable[[bytes], PeerId],
        dice: random.Random,
        first_seqno: int,
    ) -> None:
        self._keys = keys
        self._origin = ED25519_NAME + keys.public
        self._open_channel = open_channel
        self._blame = blame
        self._name_peer = name_peer
        self._dice = dice
        self._seqno = first_seqno
        self._judges: dict[str, Judge] = {}
        self._mates: dict[PeerId, _Mate] = {}
        self._meshes: dict[str, set[PeerId]] = {}
        self._recall = Recall()

    def subscribe(self, topic: str, judge: Judge) -> None:
        """Receive a topic. Before ``run``."""
        assert topic not in self._judges
        self._judges[topic] = judge
        self._meshes[topic] = set()

    async def run(self) -> None:
        """Beat until cancelled."""
        while True:
            await trio.sleep(HEARTBEAT_SECONDS)
            self._beat()

    # Peers come, speak and go.

    def knows(self, name: PeerId) -> bool:
        """Whether a peer is attended to."""
        return name in self._mates

    async def attend(self, name: PeerId, *, inbound: bool) -> None:
        """Speak to a peer as long as it is here; the caller cancels. Once a peer."""
        now = trio.current_time()
        frames = build_bucket(FRAMES_PER_SECOND, FRAMES_BURST, now)
        messages = build_bucket(FRAMES_PER_SECOND, FRAMES_BURST, now)
        mate = self._mates[name] = _Mate(name, inbound, frames, messages)
        try:
            while True:
                try:
                    await self._speak(mate)
                except TransportError:
                    mate.is_open = False
                mate.queue.clear()
                mate.queue_bytes = 0
                await trio.sleep(REOPEN_SECONDS * self._dice.uniform(1.0, 2.0))
        finally:
            if self._mates.get(name) is mate:
                self.forget(name)

    def forget(self, name: PeerId) -> None:
        """A peer has gone; it may come anew before its task has ended."""
        self._mates.pop(name, None)
        for mesh in self._meshes.values():
            mesh.discard(name)

    async def _speak(self, mate: _Mate) -> None:
        channel = await self._open_channel(mate.name, PROTOCOL)
        try:
            hello = Rpc([(topic, True) for topic in self._judges])
            with trio.fail_after(HELLO_SECONDS):
                await channel.write(_frame(encode_rpc(hello)))
            mate.is_open = True
            self._graft_newcomer(mate)
            while True:
                await mate.bell.wait()
                mate.bell = trio.Event()
                while mate.queue:
                    await channel.write(_take(mate))
        except trio.TooSlowError:
            raise TransportError("it does not read") from None
        finally:
            with trio.CancelScope() as scope:
                scope.shield = True
                await channel.abort()

    async def listen(self, name: PeerId, channel: Channel) -> None:
        """Read what a peer sends on a stream of its own, until it ends. Raises TransportError."""
        mate = self._mates.get(name)
        if mate is None or mate.readers:
            raise TransportError("one stream a peer")
        mate.readers += 1
        try:
            while True:
                data = await channel.read_frame(FRAME_BYTES_MAX)
                await trio.sleep(mate.frames.borrow(1, trio.current_time()))
                await self._take_in(mate, data)
        except Malformed as fault:
            self._blame(name, f"a bad gossip frame: {fault}")
            raise TransportError(str(fault)) from None
        finally:
            mate.readers -= 1

    async def _take_in(self, mate: _Mate, data: bytes) -> None:
        rpc = decode_rpc(data)
        if self._mates.get(mate.name) is not mate:
            return  # it has been shown out, and its line is about to close
        for topic, subscribes in rpc.subscriptions:
            self._note_subscription(mate, topic, subscribes)
        for message in rpc.messages:
            await trio.sleep(mate.messages.borrow(1, trio.current_time()))
            if self._mates.get(mate.name) is not mate:
                return
            self._judge(mate, message)
        for topic, ids in rpc.ihave:
            self._note_have(mate, topic, ids)
        self._resend(mate, rpc.iwant)
        for topic in rpc.grafts:
            self._note_graft(mate, topic)
        for topic, seconds in rpc.prunes:
            self._note_prune(mate, topic, seconds)

    def _note_subscription(self, mate: _Mate, topic: str, subscribes: bool) -> None:
        if topic not in self._judges:
            return  # whatever else it listens to is not our business, and not kept
        if subscribes and topic not in mate.topics:
            mate.topics.add(topic)
            self._graft_newcomer(mate)
        elif not subscribes:
            mate.topics.discard(topic)
            self._meshes[topic].discard(mate.name)

    # Messages.

    def publish(self, topic: str, data: bytes) -> None:
        """Tell every peer that listens, not only the mesh: our own messages must get away."""
        self._seqno += 1
        unsigned = Message(self._origin, data, self._seqno.to_bytes(8, "big"), (topic,), b"", b"")
        signature = sign(self._keys, SIGNING_PREFIX + encode_signed_part(unsigned))
        message = unsigned._replace(signature=signature)
        frame = self._keep(message)
        for mate in self._mates.values():
            if topic in mate.topics:
                self._send(mate, frame)

    def _judge(self, mate: _Mate, message: Message) -> None:
        """Check a message below its content, have it judged, pass it on."""
        if len(message.topics) != 1 or len(message.seqno) != 8:
            raise Malformed("not one topic, or no number")
        topic = message.topics[0]
        if topic not in self._judges or self._recall.is_seen(_get_id(message)):
            return
        if not is_authentic(message):
            self._blame(mate.name, "a message that its author did not sign")
            return
        verdict = self._judges[topic](mate.name, message.data)
        if verdict is Verdict.REJECT:
            self._recall.note_seen(_get_id(message))
        if verdict is not Verdict.ACCEPT:
            return  # what is ignored may be judged otherwise when it comes from another peer
        frame = self._keep(message)
        author = self._name_peer(message.origin)
        for name in self._meshes[topic]:
            if name not in (mate.name, author):
                self._send(self._mates[name], frame)

    def _keep(self, message: Message) -> bytes:
        """Remember a message for those that miss it. Its frame."""
        frame = _frame(encode_rpc(Rpc(), [encode_message(message)]))
        self._recall.note_seen(_get_id(message))
        self._recall.keep(_get_id(message), message.topics[0], frame)
        return frame

    def _send(self, mate: _Mate, frame: bytes) -> None:
        if mate.is_open and mate.queue_bytes + len(frame) <= QUEUE_BYTES_MAX:
            mate.queue.append(frame)
            mate.queue_bytes += len(frame)
            mate.bell.set()
        else:
            mate.has_missed = True

    def _note_have(self, mate: _Mate, topic: str, ids: Iterable[bytes]) -> None:
        """Ask for what we have not seen, so much of one peer in one heartbeat."""
        if topic not in self._judges:
            return
        room = IDS_PER_HEARTBEAT - mate.asked
        missing = [name for name in ids if not self._recall.is_seen(name)][: max(0, room)]
        if missing:
            mate.asked += len(missing)
            self._send(mate, _frame(encode_rpc(Rpc(iwant=missing))))

    def _resend(self, mate: _Mate, ids: Iterable[bytes]) -> None:
        for message_id in ids:
            mate.wanted += 1
            if mate.wanted > IDS_PER_HEARTBEAT or mate.resent_bytes > RESENT_BYTES_MAX:
                return
            frame = self._recall.get(message_id)
            if frame is not None:
                mate.resent_bytes += len(frame)
                self._send(mate, frame)

    # The meshes.

    def _graft_newcomer(self, mate: _Mate) -> None:
        """Take a peer into meshes that lack peers at once, not only at the next heartbeat."""
        for topic, mesh in self._meshes.items():
            if len(mesh) < MESH_LOW and self._is_eligible(mate, topic):
                self._graft(mate, topic)

    def _is_eligible(self, mate: _Mate, topic: str) -> bool:
        return (
            mate.is_open
            and topic in mate.topics
            and mate.name not in self._meshes[topic]
            and mate.backoff.get(topic, 0.0) <= trio.current_time()
        )

    def _graft(self, mate: _Mate, topic: str) -> None:
        self._meshes[topic].add(mate.name)
        mate.has_missed = True  # what came before
        self._send(mate, _frame(encode_rpc(Rpc(grafts=[topic]))))

    def _prune(self, mate: _Mate, topic: str) -> None:
        self._meshes[topic].discard(mate.name)
        mate.backoff[topic] = trio.current_time() + BACKOFF_SECONDS
        self._send(mate, _frame(encode_rpc(Rpc(prunes=[(topic, BACKOFF_SECONDS)]))))

    def _note_graft(self, mate: _Mate, topic: str) -> None:
        if topic not in self._judges or mate.name in self._meshes[topic]:
            return
        is_early = mate.backoff.get(topic, 0.0) > trio.current_time()
        if is_early or len(self._meshes[topic]) >= MESH_HIGH:
            self._prune(mate, topic)
        else:
            self._meshes[topic].add(mate.name)
            mate.has_missed = True

    def _note_prune(self, mate: _Mate, topic: str, seconds: int) -> None:
        if topic in self._judges:
            self._meshes[topic].discard(mate.name)
            wait = min(max(seconds, BACKOFF_SECONDS), BACKOFF_SECONDS_MAX)
            mate.backoff[topic] = trio.current_time() + wait

    def _beat(self) -> None:
        """Fill meshes, thin them, tell others what we have, forget what is old."""
        for topic, mesh in self._meshes.items():
            eligible = [m for m in self._mates.values() if self._is_eligible(m, topic)]
            self._dice.shuffle(eligible)
            outbound = sum(not self._mates[name].inbound for name in mesh)
            for mate in sorted(eligible, key=lambda m: m.inbound):
                if len(mesh) < MESH_LOW or (outbound < MESH_OUTBOUND and not mate.inbound):
                    self._graft(mate, topic)
                    outbound += not mate.inbound
            self._thin(topic, mesh)
            self._tell_others(topic, mesh)
        for mate in self._mates.values():
            mate.asked = mate.wanted = mate.resent_bytes = 0
            mate.has_missed = mate.has_missed and not mate.is_open
        self._recall.forget_old()

    def _thin(self, topic: str, mesh: set[PeerId]) -> None:
        if len(mesh) > MESH_HIGH:
            surplus = sorted(mesh)
            self._dice.shuffle(surplus)
            surplus.sort(key=lambda name: self._mates[name].inbound)  # our own choice stays
            for name in surplus[MESH_WANTED:]:
                self._prune(self._mates[name], topic)

    def _tell_others(self, topic: str, mesh: set[PeerId]) -> None:
        """Say which messages we have to those who may lack some."""
        ids = self._recall.get_recent(topic, TOLD_HEARTBEATS)[:IDS_PER_HEARTBEAT]
        others = [
            mate
            for mate in self._mates.values()
            if topic in mate.topics and (mate.has_missed or mate.name not in mesh)
        ]
        if ids and others:
            frame = _frame(encode_rpc(Rpc(ihave=[(topic, ids)])))
            for mate in self._dice.sample(others, min(len(others), GOSSIP_PEERS)):
                self._send(mate, frame)


def _frame(rpc: bytes) -> bytes:
    return encode_varint(len(rpc)) + rpc


def _take(mate: _Mate) -> bytes:
    """The next frames that wait for a peer, together."""
    frames = [mate.queue.popleft()]
    size_bytes = len(frames[0])
    while mate.queue and size_bytes + len(mate.queue[0]) <= WRITE_BYTES:
        frames.append(mate.queue.popleft())
        size_bytes += len(frames[-1])
    mate.queue_bytes -= size_bytes
    return b"".join(frames)


def _get_id(message: Message) -> bytes:
    return message.origin + message.seqno
