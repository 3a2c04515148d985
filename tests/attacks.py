"""Attacks of the network on a victim in a process of its own, bounded in number and time.

Only processes that a test has started itself are attacked, on this machine's loopback addresses.
Each attack is a function of the victim's address; it may fail in whatever way once the victim
defends itself. The same attacks show the library failing and ours holding.
"""

import json
import random
import struct
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import PIPE
from typing import Any

import trio
from libp2p.exceptions import BaseLibp2pError
from libp2p.peer.id import ID
from libp2p.pubsub.pb.rpc_pb2 import (
    RPC,
    ControlGraft,
    ControlIHave,
    ControlIWant,
    ControlMessage,
    ControlPrune,
    Message,
    PeerInfo,
)
from libp2p.stream_muxer.yamux.yamux import YAMUX_HEADER_FORMAT, Yamux, YamuxStream

from chain.crypto import build_key_pair, sign
from p2p.addresses import parse_address
from p2p.libp2p_transport import Libp2pSettings, Libp2pTransport
from p2p.meshsub import PROTOCOL as MESHSUB
from p2p.rpc import encode_varint
from p2p.transport import PeerId, TransportError

ELSEWHERE = "127.0.0.2"  # another address of this machine: the attacker is not the honest peer
MULTISTREAM = b"\x13/multistream/1.0.0\n"
ECHO = "/test/1/echo"
TOPIC = "/test/1/topic"
PROBE_SECONDS = 15.0
HOPELESS_SECONDS = 3.0


@dataclass
class Victim:
    """What is attacked: a process and what it reports, or a transport in this one."""

    process: trio.Process | None
    address: str = ""
    reports: list[dict[str, float]] = field(default_factory=list)
    changed: trio.Event = field(default_factory=trio.Event)
    held: list[trio.SocketStream] = field(default_factory=list)  # by the attacker
    met: int = 0  # connections that attackers have made

    @property
    def peer(self) -> PeerId:
        return PeerId(self.address.rpartition("/")[2])

    def is_alive(self) -> bool:
        return self.process is None or self.process.poll() is None

    def get_peak(self, name: str = "rss") -> float:
        return max(report[name] for report in self.reports)

    async def get_fresh(self, name: str = "rss", reports: int = 2) -> float:
        """What the report after the next says: the next may be half over."""
        wanted = len(self.reports) + reports
        with trio.move_on_after(10):
            while len(self.reports) < wanted and self.is_alive():
                await self.changed.wait()
        return self.reports[-1][name]

    async def listen(self) -> None:
        assert self.process is not None
        assert self.process.stdout is not None
        rest = b""
        async for data in self.process.stdout:
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                said = json.loads(line)
                if "address" in said:
                    self.address = said["address"]
                else:
                    self.reports.append(said)
            self.changed.set()
            self.changed = trio.Event()


@asynccontextmanager
async def running_victim(kind: str, errors: Path) -> AsyncIterator[Victim]:
    """Start a victim; it ends with the context, or when nobody reads its reports any more."""
    command = [sys.executable, "-m", "tests.victim", kind]
    with errors.open("wb") as stderr:
        process = await trio.lowlevel.open_process(command, stdout=PIPE, stderr=stderr)
        victim = Victim(process)
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(victim.listen)
                with trio.fail_after(30):
                    while not victim.reports:
                        await victim.changed.wait()
                yield victim
                nursery.cancel_scope.cancel()
        finally:
            for stream in victim.held:
                stream.socket.close()
            process.kill()
            with trio.CancelScope() as scope:
                scope.shield = True
                await process.wait()


@asynccontextmanager
async def running_peer(seed: int = 0) -> AsyncIterator[Libp2pTransport]:
    """Our own transport, to be honest or hostile with."""
    key = (seed or random.getrandbits(200)).to_bytes(32, "big")
    transport = Libp2pTransport(Libp2pSettings(key, ("/ip4/127.0.0.1/tcp/0",)))
    async with transport.run():
        yield transport


async def probe(
    victim: Victim, protocol: str, question: bytes, seconds: float = PROBE_SECONDS
) -> bytes | None:
    """Whether an honest newcomer is answered, with patience; None if not."""
    answer = None
    async with running_peer() as honest:
        with trio.move_on_after(seconds):
            while answer is None and victim.is_alive():
                try:
                    peer = await honest.connect(victim.address)
                    answer = await honest.request(
                        peer, protocol, question, answer_bytes=2**20, timeout_seconds=5
                    )
                except TransportError:
                    await trio.sleep(0.3)
    return answer


@contextmanager
def resisted() -> Iterator[None]:
    """The victim may cut an attack short in any way."""
    try:
        yield
    except* (TransportError, BaseLibp2pError, OSError, trio.BrokenResourceError, trio.TooSlowError):
        pass


async def knock(victim: Victim) -> trio.SocketStream:
    """A bare TCP connection to the victim, from elsewhere."""
    parsed = parse_address(victim.address)
    assert parsed is not None
    assert parsed.port is not None
    stream = await trio.open_tcp_stream(parsed.host, parsed.port, local_address=ELSEWHERE)
    victim.met += 1
    return stream


@dataclass
class Hostile:
    """A peer that has shaken hands and now does as it likes."""

    transport: Libp2pTransport
    victim: Victim

    async def open(self, protocol: str) -> Any:
        """A negotiated stream."""
        host: Any = self.transport._host
        return await host.new_stream(ID.from_base58(self.victim.peer), [protocol])

    def get_muxed(self) -> Yamux:
        """The connection's yamux. Raises TransportError when the victim has hung up."""
        connections: Any = self.transport._swarm.connections.get(ID.from_base58(self.victim.peer))
        if not connections:
            raise TransportError("the victim has hung up")
        muxed: Yamux = connections[0].muxed_conn
        return muxed


@asynccontextmanager
async def hostile(victim: Victim) -> AsyncIterator[Hostile]:
    """Shake hands with the victim."""
    async with running_peer() as transport:
        await transport.connect(victim.address)
        victim.met += 1
        yield Hostile(transport, victim)


Attack = Callable[[Victim], Awaitable[None]]


# Before the handshake.


async def garbage(victim: Victim) -> None:
    for number in range(60):
        with resisted():
            async with await knock(victim) as stream:
                await stream.send_all(random.randbytes((1, 20, 500, 5_000)[number % 4]))
                if number % 2:
                    await trio.aclose_forcefully(stream)


async def half_handshakes(victim: Victim) -> None:
    """Many connections that say nothing, or begin and stop."""
    async with AsyncExitStack() as stack:
        for number in range(60):
            with resisted():
                stream = await stack.enter_async_context(await knock(victim))
                if number % 2:
                    await stream.send_all(MULTISTREAM)
        await trio.sleep(1)


async def few_half_handshakes_held(victim: Victim) -> None:
    """As many silent connections as a small house has places, held to the end of the probe."""
    for _ in range(8):
        with resisted():
            victim.held.append(await knock(victim))
    await trio.sleep(0.5)


async def endless_name(victim: Victim) -> None:
    """A protocol's name of 64 MiB, of which 48 come."""
    with resisted(), trio.fail_after(10):
        async with await knock(victim) as stream:
            await stream.send_all(MULTISTREAM + encode_varint(2**26))
            for _ in range(48):
                await stream.send_all(b"x" * 2**20)
            await trio.sleep(1)


# Streams and frames.


async def name_that_is_no_text(victim: Victim) -> None:
    with resisted():
        async with hostile(victim) as us:
            stream = await us.get_muxed().open_stream()
            await stream.write(MULTISTREAM + b"\x06/\xff\xfe\xfd\xfc\n")
            await trio.sleep(0.7)


async def stumbling_handler(victim: Victim) -> None:
    """A handler of the victim's that has a fault."""
    with resisted():
        async with hostile(victim) as us:
            await us.open("/test/1/boom")
            await trio.sleep(0.7)


async def streams_without_negotiation(victim: Victim) -> None:
    with resisted():
        async with hostile(victim) as us:
            with trio.move_on_after(6):
                for number in range(3_000):
                    header = struct.pack(YAMUX_HEADER_FORMAT, 0, 1, 1, 1_001 + 2 * number, 0)
                    await us.get_muxed()._write_frame(header)
            await trio.sleep(1)


def build_window_overrun(protocol: str) -> Attack:
    """48 MiB into a stream that nobody reads, without asking for credit."""

    async def window_overrun(victim: Victim) -> None:
        with resisted():
            async with hostile(victim) as us:
                stream = await us.open(protocol)
                muxed: YamuxStream = stream.muxed_stream
                with trio.move_on_after(10):
                    for _ in range(48 * 16):
                        header = struct.pack(YAMUX_HEADER_FORMAT, 0, 0, 0, muxed.stream_id, 2**16)
                        await muxed.conn._write_frame(header + bytes(2**16))
                await trio.sleep(1)

    return window_overrun


def build_unread_streams(protocol: str) -> Attack:
    """As much as credit allows, in many streams that nobody reads."""

    async def unread_streams(victim: Victim) -> None:
        with resisted():
            async with hostile(victim) as us:

                async def fill() -> None:
                    with resisted(), trio.move_on_after(4):
                        stream = await us.open(protocol)
                        while True:
                            await stream.write(bytes(2**16))

                async with trio.open_nursery() as nursery:
                    for _ in range(40):
                        nursery.start_soon(fill)

    return unread_streams


async def pings(victim: Victim) -> None:
    """8,000 pings on the muxer's own level, each to be answered."""
    with resisted():
        async with hostile(victim) as us:
            muxed = us.get_muxed()
            with trio.move_on_after(6):
                for number in range(40):
                    ping = struct.pack(YAMUX_HEADER_FORMAT, 0, 2, 1, 0, number)
                    await muxed.secured_conn.write(ping * 200)


# Gossip.


def build_message(topic: str, **changes: Any) -> Message:
    fields: dict[str, Any] = {
        "data": b"x",
        "topicIDs": [topic],
        "from_id": b"\x12\x20" + b"\x01" * 32,
        "seqno": random.randbytes(8),
        "signature": b"s" * 64,
    }
    return Message(**(fields | changes))


def get_frame(rpc: Any) -> bytes:
    data: bytes = rpc.SerializeToString()
    return encode_varint(len(data)) + data


async def speak(us: Hostile, frames: Iterable[bytes]) -> None:
    """Say these things on a gossip stream."""
    stream = await us.open(MESHSUB)
    with trio.move_on_after(8):
        for frame in frames:
            await stream.write(frame)
        await trio.sleep(0.7)


async def send_gossip(victim: Victim, frames: Iterable[bytes]) -> None:
    with resisted():
        async with hostile(victim) as us:
            await speak(us, frames)


async def undecodable_rpc(victim: Victim) -> None:
    await send_gossip(victim, [encode_varint(12) + b"\xff\xff\xff\xff garbage"])


async def endless_length(victim: Victim) -> None:
    await send_gossip(victim, [b"\xff" * 20])


async def huge_length(victim: Victim) -> None:
    await send_gossip(victim, [encode_varint(50 * 2**20) + bytes(2**20)])


async def end_inside_a_message(victim: Victim) -> None:
    with resisted():
        async with hostile(victim) as us:
            stream = await us.open(MESHSUB)
            await stream.write(encode_varint(1_000) + b"x" * 100)
            await stream.close()
            await trio.sleep(0.5)


def build_undecodable_keys(topic: str = TOPIC) -> Attack:
    async def undecodable_keys(victim: Victim) -> None:
        keys = [b"\xff\xff\xff\xff", b"\x08\x09\x12\x01a", b"\x08\x01\x12\x01a"]
        rpcs = [RPC(publish=[build_message(topic, key=key)]) for key in keys]
        await send_gossip(victim, [get_frame(rpc) for rpc in rpcs])

    return undecodable_keys


def build_undecodable_authors(topic: str = TOPIC) -> Attack:
    async def undecodable_authors(victim: Victim) -> None:
        names = [b"", b"\xff", b"\x00\x24", b"\x00\x24\x08\x01\x12\x20", bytes(40), b"\x12\x20"]
        names += [
            bytes([0, 4 + len(key), 8, kind, 0x12, len(key)]) + key
            for kind in (0, 1, 2, 3, 4, 9)
            for key in (b"\x01" * 32, b"a", b"")
        ]
        rpcs = [RPC(publish=[build_message(topic, from_id=name)]) for name in names]
        await send_gossip(victim, [get_frame(rpc) for rpc in rpcs])

    return undecodable_authors


async def hostile_controls(victim: Victim) -> None:
    controls = [
        ControlMessage(prune=[ControlPrune(topicID=TOPIC, backoff=2**63)]),
        ControlMessage(graft=[ControlGraft(topicID=TOPIC)] * 60),
        ControlMessage(
            prune=[
                ControlPrune(
                    topicID=TOPIC,
                    backoff=1,
                    peers=[PeerInfo(peerID=b"\xff"), PeerInfo(peerID=b"", signedPeerRecord=b"x")],
                )
            ]
        ),
        ControlMessage(
            ihave=[ControlIHave(topicID=TOPIC, messageIDs=[random.randbytes(40)] * 4_000)]
        ),
        ControlMessage(iwant=[ControlIWant(messageIDs=[b"zz", b"", b"\xff" * 3] * 1_000)]),
    ]
    rpcs = [RPC(control=control) for control in controls]
    rpcs += [RPC(senderRecord=b"\xff\xff"), RPC(senderRecord=b"")]
    many = [RPC.SubOpts(subscribe=True, topicid=f"t{number}") for number in range(4_000)]
    rpcs.append(RPC(subscriptions=many))
    await send_gossip(victim, [get_frame(rpc) for rpc in rpcs])


async def forge(us: Hostile, topic: str) -> None:
    """4,000 messages with signatures that do not verify, from an author whose key is known."""
    author = b"\x00\x24\x08\x01\x12\x20" + build_key_pair(bytes(32)).public
    rpcs = [
        RPC(publish=[build_message(topic, from_id=author) for _ in range(200)]) for _ in range(20)
    ]
    await speak(us, [get_frame(rpc) for rpc in rpcs])


def build_forged_messages(topic: str = TOPIC) -> Attack:
    async def forged_messages(victim: Victim) -> None:
        with resisted():
            async with hostile(victim) as us:
                await forge(us, topic)

    return forged_messages


def build_signed_nonsense(topic: str = TOPIC) -> Attack:
    """2,000 messages, well signed by the attacker, that say nothing."""

    async def signed_nonsense(victim: Victim) -> None:
        keys = build_key_pair(random.randbytes(32))
        author = b"\x00\x24\x08\x01\x12\x20" + keys.public
        frames = []
        for part in range(10):
            messages = []
            for number in range(200):
                seqno = (part * 200 + number).to_bytes(8, "big")
                message = build_message(topic, from_id=author, seqno=seqno)
                message.ClearField("signature")
                message.signature = sign(keys, b"libp2p-pubsub:" + message.SerializeToString())
                messages.append(message)
            frames.append(get_frame(RPC(publish=messages)))
        await send_gossip(victim, frames)

    return signed_nonsense


# Connections.


async def come_and_go(victim: Victim) -> None:
    """A peer that comes and goes eight times: more often than a small house has places."""
    async with running_peer() as transport:
        for _ in range(8):
            with resisted():
                await transport.connect(victim.address)
                victim.met += 1
                await transport.disconnect(victim.peer)
                await trio.sleep(0.25)  # until the closing has been told


async def crowd(victim: Victim) -> None:
    """Thirty strangers of one host who shake hands and stay a while."""

    async def stay() -> None:
        with resisted():
            async with hostile(victim):
                await trio.sleep(2)

    async with trio.open_nursery() as nursery:
        for _ in range(30):
            nursery.start_soon(stay)


# Questions.


def build_question_flood(protocol: str, question: bytes) -> Attack:
    """600 questions as fast as they can be asked, and the answers not read."""

    async def question_flood(victim: Victim) -> None:
        with resisted():
            async with hostile(victim) as us:

                async def ask() -> None:
                    with resisted():
                        stream = await us.open(protocol)
                        await stream.write(encode_varint(len(question)) + question)

                with trio.move_on_after(8):
                    for _ in range(20):
                        async with trio.open_nursery() as nursery:
                            for _ in range(30):
                                nursery.start_soon(ask)
                await trio.sleep(1)

    return question_flood


def build_bad_questions(protocol: str) -> Attack:
    """Lengths that lie, questions that never end, and nonsense."""

    async def bad_questions(victim: Victim) -> None:
        with resisted():
            async with hostile(victim) as us:
                for data in (b"\xff" * 9, encode_varint(2**31), b"\x05ab", b"\x03abc", b"\x00"):
                    with resisted():
                        stream = await us.open(protocol)
                        await stream.write(data)
                await trio.sleep(1)

    return bad_questions
