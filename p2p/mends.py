"""libp2p 0.8.1, mended: each function names one fault that a stranger could use, and ends it.

Most faults are met by leaving the faulty part out: we give Swarm and BasicHost no resource
manager, no notifees, no listeners and no pubsub of the library's. What is left is mended here, in
place, for this very version; another one is refused. Whatever the library raises becomes a
``TransportError``.
"""

import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from typing import Any, Final
from weakref import WeakKeyDictionary

import trio
from libp2p.abc import INetConn, INetStream, IRawConnection, ISecureConn, ISecureTransport
from libp2p.crypto.ed25519 import create_new_key_pair
from libp2p.crypto.x25519 import create_new_key_pair as create_noise_key_pair
from libp2p.custom_types import TProtocol
from libp2p.host.basic_host import BasicHost
from libp2p.identity.identify_push.identify_push import ID_PUSH
from libp2p.io.exceptions import ConnectionClosedError, IOException
from libp2p.io.trio import TrioTCPStream
from libp2p.network.config import ConnectionConfig
from libp2p.network.connection import swarm_connection
from libp2p.network.stream.exceptions import StreamEOF
from libp2p.network.stream.net_stream import NetStream as Stream
from libp2p.network.swarm import Swarm
from libp2p.peer.id import ID
from libp2p.peer.peerstore import PeerStore
from libp2p.protocol_muxer.exceptions import MultiselectCommunicatorError
from libp2p.protocol_muxer.multiselect_communicator import MultiselectCommunicator
from libp2p.security.exceptions import HandshakeFailure
from libp2p.security.noise.transport import PROTOCOL_ID as NOISE
from libp2p.security.noise.transport import Transport as Noise
from libp2p.stream_muxer.yamux import yamux
from libp2p.tools.anyio_service import background_trio_service
from libp2p.transport.upgrader import TransportUpgrader
from libp2p.utils.varint import read_varint_prefixed_bytes_limited
from multiaddr import Multiaddr

from p2p.rates import Bucket, build_bucket
from p2p.transport import PeerId, TransportError

__all__ = ["Stream"]  # the library's, for those who use what is here

VERSION: Final = "0.8.1"

NAME_BYTES_MAX: Final = 1_024  # of a protocol in a negotiation; ours have 60
WINDOW_BYTES: Final = 256 * 1_024  # what yamux starts with; 2.5 MB/s on a line of 100 ms
WRITE_SECONDS: Final = 5.0  # for one frame of 64 kB: 100 kbit/s
# A frame costs about 0.1 ms of Python however small it is. In frames of 64 kB it is 64 MB/s.
FRAMES_PER_SECOND: Final = 1_000.0
FRAMES_BURST: Final = 4_000.0
NEGOTIATION_SECONDS: Final = 5.0
HANDSHAKE_SECONDS: Final = 5.0
LET_GO_SECONDS: Final = 5.0
CLOSE_SECONDS: Final = 2.0

# Whether a peer that has proven its name may stay: name, address, whether it came to us.
Gate = Callable[[PeerId, str, bool], bool]


def check_version() -> None:
    """Refuse to run on a libp2p that these mends were not made for. Raises RuntimeError."""
    found = version("libp2p")
    if found != VERSION:
        raise RuntimeError(
            f"this node mends libp2p {VERSION} in many places and cannot run on {found}: "
            f"install libp2p=={VERSION}"
        )


@contextmanager
def translating() -> Iterator[None]:
    """Whatever the library raises becomes a TransportError; nothing of ours runs inside."""
    try:
        yield
    except TransportError:
        raise
    except Exception as fault:  # the library raises what it likes at a stranger's word
        raise TransportError(f"{type(fault).__name__}: {str(fault)[:200]}") from fault


@contextmanager
def containing() -> Iterator[None]:
    """The same, and there is nobody to tell."""
    with suppress(TransportError), translating():
        yield


def apply_mends() -> None:
    """Mend the library's classes. Once or more, before the first connection."""
    check_version()
    silence_logs()
    limit_names()
    enforce_windows()
    send_credit_by_halves()
    write_whole_frames()
    pace_frames()


def silence_logs() -> None:
    """The library logs every stranger's fault as an error, partly through the root logger.

    There it would even install a handler of its own. What matters reaches us as blame.
    """
    logger = logging.getLogger("libp2p")
    logger.setLevel(logging.CRITICAL + 1)
    swarm_connection.logging = logger  # type: ignore[assignment, attr-defined]  # it only calls its methods


def limit_names() -> None:
    """A protocol's name is read to whatever length it claims, and crashes us if it is no UTF-8."""

    async def read(self: MultiselectCommunicator) -> str:
        try:
            data = await read_varint_prefixed_bytes_limited(self.read_writer, NAME_BYTES_MAX)
            if data[-1:] != b"\n":
                raise MultiselectCommunicatorError("no newline at the end of a name")
            return data[:-1].decode()
        except (UnicodeDecodeError, IOException, ValueError) as error:
            raise MultiselectCommunicatorError("not a name") from error

    MultiselectCommunicator.read = read  # type: ignore[method-assign]  # that is what a mend does


def enforce_windows() -> None:
    """An exceeded receive window is only logged, and what is sent so is kept in memory."""

    def get_window(self: yamux.YamuxStream) -> int:
        window: int = self.__dict__["window"]
        return window

    def set_window(self: yamux.YamuxStream, window: int) -> None:
        self.__dict__["window"] = window
        if window < 0:
            self.conn.__dict__["is_overrun"] = True

    read_body = yamux.Yamux._read_data_body  # noqa: SLF001 - the place of the fault

    async def read_data_body(self: yamux.Yamux, length: int) -> bytes:
        if length > WINDOW_BYTES or self.__dict__.get("is_overrun"):
            raise trio.TooSlowError  # the one exception for which the caller ends the connection
        return await read_body(self, length)

    if not isinstance(yamux.YamuxStream.__dict__.get("recv_window"), property):
        yamux.YamuxStream.recv_window = property(get_window, set_window)  # type: ignore[assignment]  # that is what a mend does
        yamux.Yamux._read_data_body = read_data_body  # type: ignore[method-assign]  # noqa: SLF001 - the same


def send_credit_by_halves() -> None:
    """Credit is sent with nearly every read, twice over, and the window grows to 16 MiB a stream.

    It stays as large as it is at first: 32 streams of a connection hold 8 MiB at most.
    """

    async def update(self: yamux.YamuxStream, *, bytes_read: int = 0) -> None:  # noqa: ARG001 - the library's shape
        async with self.window_lock:
            buffered = len(self.conn.stream_buffers.get(self.stream_id, b""))
            credit = WINDOW_BYTES - (self.recv_window + buffered)
            if credit < WINDOW_BYTES // 2:
                return
            self.recv_window += credit
        await self.send_window_update(credit, skip_lock=True)

    yamux.YamuxStream._auto_tune_and_send_window_update = update  # type: ignore[method-assign]  # noqa: SLF001 - the place of the fault


def write_whole_frames() -> None:
    """A write that is cancelled, say by a deadline, leaves half a frame and a dead connection.

    A frame once begun is written whole; who does not take it within ``WRITE_SECONDS`` is let go.
    """

    async def write_frame(self: yamux.Yamux, data: bytes) -> None:
        async with self._write_lock:
            with trio.move_on_after(WRITE_SECONDS) as limit:
                limit.shield = True
                await self.secured_conn.write(data)
        if limit.cancelled_caught:
            await self.secured_conn.close()
            raise ConnectionClosedError("the peer does not read")
        await trio.lowlevel.checkpoint()

    yamux.Yamux._write_frame = write_frame  # type: ignore[method-assign]  # noqa: SLF001 - the place of the fault


def pace_frames() -> None:
    """Floods of pings, resets and window updates are answered as fast as they come.

    A connection has so many frames a second; what comes faster waits in the line.
    """
    read_exactly: Callable[[Any, int], Awaitable[bytes]] = vars(yamux)["read_exactly"]
    if getattr(read_exactly, "is_paced", False):
        return
    buckets: WeakKeyDictionary[Any, Bucket] = WeakKeyDictionary()

    async def read_paced(reader: Any, length: int) -> bytes:
        if length == yamux.HEADER_SIZE:
            now = trio.current_time()
            if reader not in buckets:
                buckets[reader] = build_bucket(FRAMES_PER_SECOND, FRAMES_BURST, now)
            wait = buckets[reader].borrow(1, now)
            if wait > 0:
                await trio.sleep(wait)
        return await read_exactly(reader, length)

    vars(read_paced)["is_paced"] = True  # a mark, lest it be wrapped twice
    vars(yamux)["read_exactly"] = read_paced


class GatedNoise:
    """Noise, and a gate right behind it. The library would accept plaintext too, and anybody."""

    def __init__(self, noise: Noise, gate: Gate) -> None:
        self._noise = noise
        self._gate = gate

    async def secure_inbound(self, conn: IRawConnection) -> ISecureConn:
        """Shake hands with somebody who came, and ask the gate."""
        return self._ask_gate(await self._noise.secure_inbound(conn), conn, True)

    async def secure_outbound(self, conn: IRawConnection, peer_id: ID) -> ISecureConn:
        """Shake hands with somebody we went to, and ask the gate."""
        return self._ask_gate(await self._noise.secure_outbound(conn, peer_id), conn, False)

    def _ask_gate(self, secured: ISecureConn, conn: IRawConnection, inbound: bool) -> ISecureConn:
        peer = PeerId(str(secured.get_remote_peer()))
        if not self._gate(peer, format_address(conn.get_remote_address()), inbound):
            raise HandshakeFailure("not welcome")
        return secured


def wrap_socket(stream: trio.SocketStream, endpoint: tuple[str, int]) -> TrioTCPStream:
    """The library's stream. It does not find the address of an IPv6 socket by itself."""
    wrapped = TrioTCPStream(stream)
    wrapped._cached_remote_address = endpoint  # noqa: SLF001 - what it would find for IPv4
    return wrapped


def get_endpoint(stream: trio.SocketStream) -> tuple[str, int] | None:
    """Where a connection comes from; None when it has gone already."""
    try:
        endpoint: tuple[str, int] = stream.socket.getpeername()[:2]
    except OSError:
        return None
    return endpoint


def format_address(endpoint: tuple[str, int] | None) -> str:
    """An address as a peer's socket shows it, without a name."""
    host, port = endpoint if endpoint is not None else ("0.0.0.0", 0)  # noqa: S104 - unknown
    return f"/{'ip6' if ':' in host else 'ip4'}/{host}/tcp/{port}"


def build_host(
    seed: bytes,
    gate: Gate,
    *,
    connections_max: int,
    get_addresses: Callable[[], list[str]],
    on_stream: Callable[[PeerId], bool],
    on_stream_end: Callable[[PeerId], None],
    on_gone: Callable[[PeerId], None],
) -> BasicHost:
    """A host of the parts that hold: Noise, yamux, multistream, identify, ping.

    It has no resource manager (its limits are by the hour and not by the host), no automatic
    dialling or pruning, and no notifees: those remember every peer that ever was. Inbound
    connections do not pass the swarm's own entrance, which keeps the place of each for ever.
    """
    keys = create_new_key_pair(seed)
    noise = Noise(keys, create_noise_key_pair().private_key)
    secured: dict[TProtocol, ISecureTransport] = {NOISE: GatedNoise(noise, gate)}  # type: ignore[dict-item]  # has both methods
    muxers = {TProtocol(yamux.PROTOCOL_ID): yamux.Yamux}
    own = ID.from_pubkey(keys.public_key)
    store = PeerStore()
    store.add_key_pair(own, keys)
    config = ConnectionConfig(
        max_connections=connections_max,
        min_connections=0,
        low_watermark=0,
        high_watermark=connections_max,
        max_connections_per_peer=2,  # both may have dialled at the same moment
        inbound_upgrade_timeout=HANDSHAKE_SECONDS,
        outbound_upgrade_timeout=HANDSHAKE_SECONDS,
        inbound_stream_protocol_negotiation_timeout=NEGOTIATION_SECONDS,
        outbound_stream_protocol_negotiation_timeout=NEGOTIATION_SECONDS,
    )
    swarm = Swarm(own, store, TransportUpgrader(secured, muxers), [], connection_config=config)
    host = BasicHost(
        swarm,
        addrs_factory=lambda _: [Multiaddr(text) for text in get_addresses()],
        disable_identify_address_discovery=True,
    )
    host.remove_stream_handler(ID_PUSH)  # nobody asks what strangers push
    swarm.notifees.clear()
    swarm.auto_connector = swarm.connection_pruner = Idle()  # type: ignore[assignment]  # has what is called
    contain_streams(host, swarm, on_stream, on_stream_end)
    forget_the_gone(swarm, on_gone)
    return host


class Idle:
    """Stands where the library dials and prunes by itself, which is our keeper's business."""

    async def start(self) -> None:
        """Do nothing."""

    async def stop(self) -> None:
        """Do nothing."""

    async def run_background_task(self, nursery: trio.Nursery) -> None:
        """Do nothing."""

    async def maybe_connect(self) -> None:
        """Do nothing."""

    async def maybe_prune_connections(self) -> None:
        """Do nothing."""


def contain_streams(
    host: BasicHost,
    swarm: Swarm,
    on_stream: Callable[[PeerId], bool],
    on_stream_end: Callable[[PeerId], None],
) -> None:
    """Any exception in a stream's handler, even in the negotiation, would end the whole host."""
    handle = host._swarm_stream_handler  # noqa: SLF001 - the library's own negotiation

    async def handle_contained(stream: INetStream) -> None:
        peer = PeerId(str(stream.muxed_conn.peer_id))
        if not on_stream(peer):
            with containing():
                await stream.reset()
            return
        try:
            with containing():
                await handle(stream)
                assert isinstance(stream, Stream)
                await let_go(stream)
        finally:
            on_stream_end(peer)

    swarm.set_stream_handler(handle_contained)


async def let_go(stream: Stream) -> None:
    """End a stream that we are done with. One that the peer does not end too would stay for ever.

    The peer is given a moment to do it: an answer that is still on its way must not be cut off.
    """
    muxed: Any = stream.muxed_stream  # yamux', with all its flags
    with trio.move_on_after(LET_GO_SECONDS), suppress(StreamEOF):
        while not muxed.recv_closed and not muxed.reset_received:
            await stream.read(4_096)
    if muxed.closed:
        await stream.close()  # it only takes it off the list of the connection's streams
    else:
        await stream.reset()


def forget_the_gone(swarm: Swarm, on_gone: Callable[[PeerId], None]) -> None:
    """The swarm remembers when each peer that ever was has gone, and its keys and addresses."""

    async def notify_disconnected(conn: INetConn) -> None:
        await trio.lowlevel.checkpoint()
        peer_id = conn.muxed_conn.peer_id
        if not swarm.connections.get(peer_id):
            with containing():
                swarm.peerstore.clear_peerdata(peer_id)
            on_gone(PeerId(str(peer_id)))

    swarm.notify_disconnected = notify_disconnected  # type: ignore[method-assign]  # of this swarm only


async def house(swarm: Swarm, opened: trio.Event, closing: trio.Event) -> None:
    """Run a swarm, say when it is ``opened``, and when ``closing`` is set close it in order.

    A swarm that is cancelled leaves its sockets open, so nobody cancels it before its time is up.
    """
    with trio.CancelScope() as scope:
        scope.shield = True
        async with background_trio_service(swarm):
            await swarm.event_background_nursery_created.wait()
            opened.set()
            await closing.wait()
            with trio.move_on_after(CLOSE_SECONDS), containing():
                async with trio.open_nursery() as nursery:
                    for connection in swarm.get_connections():  # one by one takes 0.2 s each
                        nursery.start_soon(connection.close)
                await swarm.close()
            scope.cancel()
