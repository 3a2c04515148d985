"""The network over libp2p: TCP, Noise, yamux, meshsub 1.1, and one stream for each request.

It accepts and dials itself, so that no host can hold more than its share of our handshakes, and it
keeps a time and a size on everything a peer may send. What the library is used for, and where it
had to be mended, stands in p2p/mends.py.
"""

import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import Final, NamedTuple
from weakref import WeakSet

import trio
from libp2p.abc import IMuxedConn, INetStream
from libp2p.custom_types import TProtocol
from libp2p.io.trio import TrioTCPStream
from libp2p.network.connection.raw_connection import RawConnection
from libp2p.network.connection.swarm_connection import SwarmConn
from libp2p.network.swarm import Swarm
from libp2p.peer.id import ID
from multiaddr import Multiaddr

from chain.crypto import build_key_pair
from p2p.addresses import Endpoint, check_endpoint, parse_address
from p2p.channel import StreamChannel, Talk, close_quietly
from p2p.doorbell import HANDSHAKES_MAX, Doorbell
from p2p.mends import (
    HANDSHAKE_SECONDS,
    Stream,
    apply_mends,
    build_host,
    containing,
    format_address,
    get_endpoint,
    house,
    translating,
    wrap_socket,
)
from p2p.meshsub import PROTOCOL as MESHSUB
from p2p.meshsub import Meshsub
from p2p.transport import Doorkeeper, Handler, Judge, PeerId, PeerInfo, TransportError

DIAL_SECONDS: Final = 10.0  # TCP, Noise and yamux over a bad line
REQUEST_SECONDS: Final = 10.0  # how long a question may take to arrive
ANSWER_SECONDS: Final = 20.0  # how long an answer may take to leave
ABORT_SECONDS: Final = 1.0
# A peer uses eight kinds of streams; twice as many of each may overlap. All of a connection's hold
# 8 MiB at most.
STREAMS_MAX: Final = 32
ACCEPT_AGAIN_SECONDS: Final = 0.1
# Two peers may dial each other at one moment. One that comes later than that, while we take it to
# be here, has lost its line: a power cut or a torn cable tells nobody.
CROSSING_SECONDS: Final = 20.0


class Libp2pSettings(NamedTuple):
    """What an operator may set."""

    host_key: bytes  # 32 bytes; who has them is this peer
    listen: tuple[str, ...] = ("/ip4/0.0.0.0/tcp/4001",)
    announce: tuple[str, ...] = ()  # addresses told to others instead of those listened on
    connections_max: int = 64  # peers; those who only shake hands come on top


class Libp2pTransport:
    """``Transport`` over libp2p."""

    def __init__(self, settings: Libp2pSettings) -> None:
        """Raises RuntimeError on a libp2p of another version, ValueError on a bad address."""
        apply_mends()
        self._settings = settings
        self._endpoints = [check_endpoint(text) for text in settings.listen]
        self._doorkeeper: Doorkeeper | None = None
        self._doorbell = Doorbell()
        self._listening: list[str] = []
        self._peers: dict[PeerId, PeerInfo] = {}
        self._since: dict[PeerId, float] = {}  # when each arrived
        self._scopes: dict[PeerId, trio.CancelScope] = {}
        self._dialled: dict[PeerId, str] = {}  # addresses, while we shake hands
        self._entering: dict[str, PeerId] = {}  # who is admitted from where, while we shake hands
        self._streams: Counter[PeerId] = Counter()
        self._banned_until: dict[PeerId, float] = {}
        self._sockets: WeakSet[trio.SocketStream] = WeakSet()
        self._nursery: trio.Nursery | None = None
        self._host = build_host(
            settings.host_key,
            self._admits,
            connections_max=settings.connections_max + HANDSHAKES_MAX,
            get_addresses=lambda: [text.rpartition("/p2p/")[0] for text in self.addresses],
            on_stream=self._admits_stream,
            on_stream_end=self._release_stream,
            on_gone=self._note_gone,
        )
        self._swarm: Swarm = self._host.get_network()  # type: ignore[assignment]  # what we built it of
        self._id = PeerId(str(self._host.get_id()))
        self._meshsub = Meshsub(
            build_key_pair(settings.host_key),
            self._open_channel,
            self._blame,
            lru_cache(maxsize=1_024)(lambda origin: PeerId(str(ID(origin)))),
            random.Random(),  # noqa: S311 - choice among peers, not secrets
            time.time_ns(),
        )
        self._host.set_stream_handler(TProtocol(MESHSUB), self._house_talk(self._listen))

    @property
    def id(self) -> PeerId:
        """Our own name, which follows from our key."""
        return self._id

    @property
    def addresses(self) -> Sequence[str]:
        """Where others can reach us; empty before ``run``."""
        told = self._settings.announce or tuple(self._listening)
        return tuple(f"{text}/p2p/{self._id}" for text in told) if self._listening else ()

    @asynccontextmanager
    async def run(self) -> AsyncIterator[None]:
        """Listen and speak until the context ends. Raises OSError when an address is taken."""
        try:
            async with trio.open_nursery() as nursery:
                self._nursery = nursery
                opened, closing = trio.Event(), trio.Event()
                nursery.start_soon(house, self._swarm, opened, closing)
                try:
                    await opened.wait()
                    for endpoint in self._endpoints:
                        await self._listen_at(endpoint, nursery)
                    nursery.start_soon(self._meshsub.run)
                    yield
                finally:
                    self._listening.clear()
                    nursery.cancel_scope.cancel()
                    closing.set()
        finally:
            # Only now has the swarm closed; a connection that it lost track of is closed here.
            self._nursery = None
            for peer in list(self._peers):
                self._note_gone(peer)
            for stream in list(self._sockets):
                stream.socket.close()

    async def _listen_at(self, endpoint: Endpoint, nursery: trio.Nursery) -> None:
        """Listen, alone: the library's way would let a second process listen at the same port."""
        for listener in await trio.open_tcp_listeners(endpoint.port, host=endpoint.host):
            number = listener.socket.getsockname()[1]
            self._listening.append(f"/{endpoint.kind}/{endpoint.host}/tcp/{number}")
            nursery.start_soon(self._open_door, nursery, listener)

    async def _open_door(self, nursery: trio.Nursery, listener: trio.SocketListener) -> None:
        async with listener:
            while True:
                try:
                    stream = await listener.accept()
                except OSError:  # no more file descriptors, say: it passes
                    await trio.sleep(ACCEPT_AGAIN_SECONDS)
                    continue
                nursery.start_soon(self._accept, stream)

    async def _accept(self, stream: trio.SocketStream) -> None:
        """Shake hands with somebody who came, if his host has not too many at it already."""
        endpoint = get_endpoint(stream)
        if endpoint is None or not self._doorbell.rings(endpoint[0]):
            await trio.aclose_forcefully(stream)
            return
        address, lines = format_address(endpoint), list[IMuxedConn]()
        try:
            with trio.move_on_after(HANDSHAKE_SECONDS), containing():
                raw = RawConnection(self._wrap(stream, endpoint), initiator=False)
                lines.append(await self._swarm.upgrade_inbound_raw_conn(raw, Multiaddr(address)))
        finally:
            self._doorbell.leave(endpoint[0])
            admitted = self._entering.pop(address, None)
            if not lines:
                await trio.aclose_forcefully(stream)
        if admitted is not None:
            if lines and self._is_long_here(admitted):
                self._let_go_of_lines(admitted, but=lines[0])
            self._note_arrived(PeerInfo(admitted, address, inbound=True))

    def _admits(self, peer: PeerId, address: str, inbound: bool) -> bool:
        """The gate behind the handshake."""
        now = trio.current_time()
        if peer == self._id or self._banned_until.get(peer, 0.0) > now:
            return False
        lines = len(self._swarm.connections.get(ID.from_base58(peer), ()))
        if lines >= 2 and not self._is_long_here(peer):
            return False
        info = PeerInfo(peer, address if inbound else self._dialled.get(peer, address), inbound)
        if self._doorkeeper is not None and not self._doorkeeper.admits(info):
            return False
        if inbound:
            self._entering[address] = peer
        return True

    def _is_long_here(self, peer: PeerId) -> bool:
        """Whether a peer arrived so long ago that it would not dial us if it still had its line."""
        return trio.current_time() - self._since.get(peer, trio.current_time()) > CROSSING_SECONDS

    def _let_go_of_lines(self, peer: PeerId, *, but: IMuxedConn | None = None) -> None:
        """Be done with a peer, or begin anew with it on its newest line."""
        for line in self._swarm.get_connections(ID.from_base58(peer)):
            if line.muxed_conn is not but:
                assert isinstance(line, SwarmConn)
                # At once: nothing is said into it any more, and a new one is not taken for it.
                self._swarm.remove_conn(line)
                self._close_soon(line.close)
        self._note_gone(peer)

    def _note_arrived(self, info: PeerInfo) -> None:
        """Take up with a peer that was admitted, if its connection stands."""
        if self._nursery is None or info.id in self._peers:
            return
        if not self._swarm.connections.get(ID.from_base58(info.id)):
            self._note_gone(info.id)
            return
        self._peers[info.id] = info
        self._since[info.id] = trio.current_time()
        scope = self._scopes[info.id] = trio.CancelScope()
        self._nursery.start_soon(self._attend, info, scope)

    async def _attend(self, info: PeerInfo, scope: trio.CancelScope) -> None:
        with scope:
            await self._meshsub.attend(info.id, inbound=info.inbound)

    def _note_gone(self, peer: PeerId) -> None:
        self._peers.pop(peer, None)
        self._since.pop(peer, None)
        self._streams.pop(peer, None)
        self._meshsub.forget(peer)
        scope = self._scopes.pop(peer, None)
        if scope is not None:
            scope.cancel()
        if self._doorkeeper is not None:
            self._doorkeeper.left(peer)

    def guard(self, doorkeeper: Doorkeeper) -> None:
        """Ask this doorkeeper from now on."""
        self._doorkeeper = doorkeeper

    def _blame(self, peer: PeerId, reason: str) -> None:
        if self._doorkeeper is not None:
            self._doorkeeper.blame(peer, reason)

    def subscribe(self, topic: str, judge: Judge) -> None:
        """Receive a topic's messages through ``judge``."""
        self._meshsub.subscribe(topic, judge)

    def serve(self, protocol: str, handler: Handler, *, request_bytes: int) -> None:
        """Answer requests of at most so many bytes."""

        async def answer(peer: PeerId, channel: StreamChannel) -> None:
            with trio.fail_after(REQUEST_SECONDS):
                data = await channel.read_frame(request_bytes)
            answered = await handler(peer, data)
            with trio.fail_after(ANSWER_SECONDS):
                await channel.write_last_frame(answered)

        self._host.set_stream_handler(TProtocol(protocol), self._house_talk(answer))

    async def _listen(self, peer: PeerId, channel: StreamChannel) -> None:
        """A peer may speak before we have noted that it arrived."""
        with trio.move_on_after(HANDSHAKE_SECONDS):
            while not self._meshsub.knows(peer):  # noqa: ASYNC110 - a moment, once a connection
                await trio.sleep(0.02)
        await self._meshsub.listen(peer, channel)

    def _house_talk(self, talk: Talk) -> Callable[[INetStream], Awaitable[None]]:
        """Run what is ours outside the library's tasks, so that a bug of ours is not contained."""

        async def handle(stream: INetStream) -> None:
            if self._nursery is not None:
                done = trio.Event()
                self._nursery.start_soon(self._talk, stream, talk, done)
                await done.wait()

        return handle

    async def _talk(self, stream: INetStream, talk: Talk, done: trio.Event) -> None:
        assert isinstance(stream, Stream)
        channel = StreamChannel(stream)
        try:
            await talk(PeerId(str(stream.muxed_conn.peer_id)), channel)
        except (TransportError, trio.TooSlowError):
            await channel.abort()
        finally:
            done.set()

    def _admits_stream(self, peer: PeerId) -> bool:
        """Count a stream in."""
        if self._streams[peer] >= STREAMS_MAX:
            self._blame(peer, "too many streams")
            return False
        self._streams[peer] += 1
        return True

    def _release_stream(self, peer: PeerId) -> None:
        """Count a stream out."""
        self._streams[peer] -= 1
        if self._streams[peer] <= 0:
            del self._streams[peer]

    async def connect(self, address: str) -> PeerId:
        """Reach a peer at an address that names it. Raises TransportError."""
        parsed = parse_address(address)
        if parsed is None or parsed.port is None or parsed.peer == self._id:
            raise TransportError(f"{address} is no address of another peer")
        if parsed.peer not in self._peers:
            try:
                with trio.move_on_after(DIAL_SECONDS) as limit:
                    await self._dial(parsed.peer, address, parsed.host, parsed.port)
            finally:
                self._note_arrived(PeerInfo(parsed.peer, address, inbound=False))
            if limit.cancelled_caught or parsed.peer not in self._peers:
                raise TransportError(f"nobody answers at {address}")
        return parsed.peer

    async def _dial(self, peer: PeerId, address: str, host: str, port: int) -> None:
        """Dial ourselves: the library would refuse a peer for a minute after one failure."""
        try:
            stream = await trio.open_tcp_stream(host, port)
        except OSError as error:
            raise TransportError(f"nobody answers at {address}: {error}") from None
        self._dialled[peer] = address
        is_up = False
        try:
            with translating():
                raw = RawConnection(self._wrap(stream, (host, port)), initiator=True)
                await self._swarm.upgrade_outbound_raw_conn(raw, ID.from_base58(peer))
            is_up = True
        finally:
            self._dialled.pop(peer, None)
            if not is_up:
                await trio.aclose_forcefully(stream)

    async def disconnect(self, peer: PeerId) -> None:
        """Close the connection to a peer, if there is one."""
        self._let_go_of_lines(peer)
        await trio.lowlevel.checkpoint()

    def _close_soon(self, close: Callable[[], Awaitable[None]]) -> None:
        """It may take a moment to tell a peer that does not read, so nobody waits for it."""
        if self._nursery is not None:
            self._nursery.start_soon(close_quietly, close)

    def get_peers(self) -> Sequence[PeerInfo]:
        """Whom we are connected to."""
        return tuple(self._peers.values())

    async def publish(self, topic: str, data: bytes) -> None:
        """Tell everybody who listens. Our own judge is not asked, and nothing is promised."""
        self._meshsub.publish(topic, data)
        await trio.lowlevel.checkpoint()

    async def _open_channel(self, peer: PeerId, protocol: str) -> StreamChannel:
        if peer not in self._peers:
            raise TransportError(f"not connected to {peer}")
        with translating():
            stream = await self._host.new_stream(ID.from_base58(peer), [TProtocol(protocol)])
        assert isinstance(stream, Stream)
        return StreamChannel(stream)

    async def request(
        self, peer: PeerId, protocol: str, data: bytes, *, answer_bytes: int, timeout_seconds: float
    ) -> bytes:
        """One question, one answer of at most so many bytes. Raises TransportError."""
        answer = None
        with trio.move_on_after(timeout_seconds):
            channel = await self._open_channel(peer, protocol)
            try:
                await channel.write_last_frame(data)
                answer = await channel.read_frame(answer_bytes)
            finally:
                if answer is None:
                    with trio.move_on_after(ABORT_SECONDS) as limit:
                        limit.shield = True
                        await channel.abort()
        if answer is None:
            raise TransportError(f"{peer} did not answer within {timeout_seconds} s")
        if self._nursery is not None:
            self._nursery.start_soon(channel.finish)
        return answer

    async def ban(self, peer: PeerId, seconds: float, reason: str) -> None:  # noqa: ARG002 - nobody logs here
        """Disconnect a peer and refuse it for a while."""
        now = trio.current_time()
        self._banned_until = {p: until for p, until in self._banned_until.items() if until > now}
        self._banned_until[peer] = now + seconds
        await self.disconnect(peer)

    def _wrap(self, stream: trio.SocketStream, endpoint: tuple[str, int]) -> TrioTCPStream:
        self._sockets.add(stream)
        return wrap_socket(stream, endpoint)
