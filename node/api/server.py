"""The listener: Hypercorn's HTTP/1.1 on our own connections, so that each has its bounds.

Hypercorn's worker admits any number of connections, waits for ever for a client that does not read,
and speaks HTTP/2 to whoever begins with it. Here connections are counted, in all and by address,
every wait has an end, and HTTP/1.1 is all there is. The only file that imports Hypercorn.
"""

import logging
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Final

import trio
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.config import Config
from hypercorn.events import Closed, Event, RawData, Updated
from hypercorn.protocol.h11 import (
    H2CProtocolRequiredError,
    H2ProtocolAssumedError,
    H11Protocol,
)
from hypercorn.trio.task_group import TaskGroup
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import ConnectionState
from starlette.types import ASGIApp

from node.api.front import get_limit_key
from node.config import ApiSettings, parse_host_port

HEADER_BYTES_MAX: Final = 16 * 1_024  # a request's line and headers; ours are a few hundred bytes
# From the opening of a connection, or the end of an answer, to the last byte of the next headers.
IDLE_SECONDS: Final = 10.0
SEND_SECONDS: Final = 20.0  # for each piece: who reads less than 3 kB/s is let go
# Hypercorn stops listening while an answer is made and more has come than it takes; for ever, if
# nobody ever reads that. No honest client sends on so long.
BLOCKED_SECONDS: Final = 30.0
FAREWELL_SECONDS: Final = 1.0  # for handlers to end when their client is gone
_PIECE_BYTES: Final = 64 * 1_024
_RECEIVE_BYTES: Final = 64 * 1_024
BODY_PIECES_MAX: Final = 4  # of 64 KiB, received and not yet read by whoever answers
REQUESTS_PER_CONNECTION_MAX: Final = 10_000
GRACE_SECONDS: Final = 1.0  # for answers in progress when the node stops
BACKLOG: Final = 128

_log: Final = logging.getLogger("hypercorn.connection")  # what strangers provoke is kept short


class Doorway:
    """Counts connections, in all and by address."""

    __slots__ = ("_by_key", "_settings", "refused")

    def __init__(self, settings: ApiSettings) -> None:
        self._settings = settings
        self._by_key: Counter[str] = Counter()
        self.refused = 0

    @property
    def open(self) -> int:
        """How many connections are open."""
        return self._by_key.total()

    @contextmanager
    def enter(self, host: str) -> Iterator[bool]:
        """Whether there is room for a connection from this address; it is held while inside."""
        limited = get_limit_key(host, limit_loopback=self._settings.limit_loopback)
        key = limited or "loopback"
        if self.open >= self._settings.connections_max or (
            limited is not None and self._by_key[key] >= self._settings.connections_per_address_max
        ):
            self.refused += 1
            yield False
            return
        self._by_key[key] += 1
        try:
            yield True
        finally:
            self._by_key[key] -= 1
            if not self._by_key[key]:
                del self._by_key[key]


async def open_listeners(listen: str) -> Sequence[trio.SocketListener]:
    """Listen at ``host:port``. Raises OSError, also when the port is in use."""
    host, port = parse_host_port(listen)
    return await trio.open_tcp_listeners(port, host=host, backlog=BACKLOG)


def get_url(listeners: Sequence[trio.SocketListener]) -> str:
    """The URL of the first listener; who listens everywhere is asked on this machine."""
    host, port = listeners[0].socket.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared only
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def serve(
    app: ASGIApp,
    listeners: Sequence[trio.SocketListener],
    doorway: Doorway,
    stopping: trio.Event,
) -> None:
    """Serve until ``stopping``; then answers in progress have a moment to end."""
    handler = partial(_supervise, wrap(app), build_config(), doorway)
    async with trio.open_nursery() as connections:
        async with trio.open_nursery() as accepting:
            accepting.start_soon(
                partial(trio.serve_listeners, handler, listeners, handler_nursery=connections)
            )
            await stopping.wait()
            accepting.cancel_scope.cancel()
        connections.cancel_scope.deadline = trio.current_time() + GRACE_SECONDS


def wrap(app: ASGIApp) -> ASGIWrapper:
    """The application as Hypercorn calls it."""
    return ASGIWrapper(app)  # type: ignore[arg-type]  # the same protocol under another name


def build_config() -> Config:
    """Hypercorn's settings."""
    config = Config()
    config.h11_max_incomplete_size = HEADER_BYTES_MAX
    config.keep_alive_max_requests = REQUESTS_PER_CONNECTION_MAX
    config.include_server_header = False
    config.max_app_queue_size = BODY_PIECES_MAX
    config.errorlog = None  # what the application lets fall is logged by the application
    return config


async def _supervise(
    app: ASGIWrapper, config: Config, doorway: Doorway, stream: trio.SocketStream
) -> None:
    """One connection from its beginning to its end, whatever the stranger does."""
    async with stream:
        try:
            client = stream.socket.getpeername()[:2]
            server = stream.socket.getsockname()[:2]
        except OSError:
            return  # gone before we looked
        with doorway.enter(client[0]) as admitted:
            if not admitted:
                return
            try:
                await Connection(app, config, stream, client, server).run()
            except Exception:  # noqa: BLE001 - a task's supervisor: this connection ends, no other
                _log.exception("connection failed")


class Connection:
    """One accepted connection: bytes to Hypercorn's protocol and back, each wait with its end."""

    __slots__ = ("_deadline", "_protocol", "_reading", "_sending", "_stream", "_talk", "_tasks")

    def __init__(
        self,
        app: ASGIWrapper,
        config: Config,
        stream: trio.abc.Stream,
        client: tuple[str, int],
        server: tuple[str, int],
    ) -> None:
        self._stream = stream
        self._deadline = trio.current_time() + IDLE_SECONDS
        self._reading = trio.CancelScope()
        # An answer may be on its way when the protocol has a "100 Continue" to say: one by one.
        self._sending = trio.Lock()
        self._talk = trio.CancelScope()
        self._tasks = TaskGroup()
        self._protocol = H11Protocol(
            app,
            config,
            WorkerContext(None),
            self._tasks,
            ConnectionState({}),
            ssl=False,
            client=client,
            server=server,
            send=self._send,
        )

    async def run(self) -> None:
        """Talk until the client goes, or says nothing, or does not read, for too long."""
        with trio.CancelScope() as whole:
            async with self._tasks:
                with self._talk:
                    await self._listen()
                # Whoever still makes an answer learns that nobody waits for it, or is told so.
                whole.deadline = trio.current_time() + FAREWELL_SECONDS
                await self._protocol.handle(Closed())

    async def _listen(self) -> None:
        while data := await self._receive():
            with trio.move_on_after(BLOCKED_SECONDS) as blocked:
                try:
                    await self._protocol.handle(RawData(data))
                except (H2CProtocolRequiredError, H2ProtocolAssumedError):
                    return
            if blocked.cancelled_caught:
                return
        await self._protocol.handle(RawData(b""))

    async def _receive(self) -> bytes:
        """The client's next bytes; none when it went or took too long."""
        with trio.CancelScope(deadline=self._deadline) as self._reading:
            try:
                return bytes(await self._stream.receive_some(_RECEIVE_BYTES))
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                pass
        return b""

    async def _send(self, event: Event) -> None:
        match event:
            case RawData():
                async with self._sending:
                    for start in range(0, len(event.data), _PIECE_BYTES):
                        if not await self._send_piece(event.data[start : start + _PIECE_BYTES]):
                            await self._end()
                            return
            case Closed():
                await self._end()
            case Updated():
                self._deadline = trio.current_time() + IDLE_SECONDS if event.idle else math.inf
                self._reading.deadline = self._deadline

    async def _send_piece(self, data: bytes) -> bool:
        """Send it; False when the client is gone or does not read."""
        with trio.move_on_after(SEND_SECONDS):
            try:
                await self._stream.send_all(data)
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                return False
            return True
        return False

    async def _end(self) -> None:
        """Close; whoever reads or writes here finds out."""
        self._talk.cancel()
        await self._stream.aclose()
