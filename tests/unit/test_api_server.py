"""A connection is bounded in every direction: bytes, time, number; whatever the stranger sends."""

from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest
import trio
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, Router
from trio.testing import (
    lockstep_stream_pair,
    memory_stream_pair,
    open_stream_to_socket_listener,
)

from node.api.front import Front
from node.api.server import (
    BLOCKED_SECONDS,
    FAREWELL_SECONDS,
    GRACE_SECONDS,
    HEADER_BYTES_MAX,
    IDLE_SECONDS,
    SEND_SECONDS,
    Connection,
    Doorway,
    build_config,
    get_url,
    open_listeners,
    serve,
    wrap,
)
from node.config import ApiSettings

SETTINGS = ApiSettings(request_seconds=30, connections_max=4, connections_per_address_max=2)
LONG = 1_000_000


async def get_hello(_request: Request) -> Response:
    return PlainTextResponse("hello")


async def get_long(_request: Request) -> Response:
    return PlainTextResponse("~" * LONG)


async def get_never(_request: Request) -> Response:
    await trio.sleep_forever()
    raise AssertionError


async def get_broken(_request: Request) -> Response:
    raise ZeroDivisionError


ROUTER = Router(
    [
        Route("/", get_hello),
        Route("/long", get_long),
        Route("/never", get_never),
        Route("/broken", get_broken),
    ]
)

Client = Callable[[trio.abc.Stream], Awaitable[None]]


async def meet(client: Client, *, lockstep: bool = False) -> float:
    """Let a client meet a connection over memory; seconds until the connection has ended."""
    ours, theirs = lockstep_stream_pair() if lockstep else memory_stream_pair()
    began = trio.current_time()
    app = wrap(Front(ROUTER, SETTINGS))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(client, theirs)
        connection = Connection(app, build_config(), ours, ("192.0.2.1", 1), ("::", 2))
        await connection.run()
        ended = trio.current_time()
        nursery.cancel_scope.cancel()
    return ended - began


def send_and_read(*pieces: bytes, into: bytearray) -> Client:
    async def client(stream: trio.abc.Stream) -> None:
        for piece in pieces:
            await stream.send_all(piece)
        while data := await stream.receive_some(65_536):
            into.extend(data)

    return client


GET = b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n"


async def test_requests_follow_each_other_on_one_connection(autojump_clock: object) -> None:
    got = bytearray()
    seconds = await meet(send_and_read(GET % b"/", GET % b"/", into=got))
    assert got.count(b"hello") == 2
    assert seconds == pytest.approx(IDLE_SECONDS)


async def test_who_says_nothing_is_let_go(autojump_clock: object) -> None:
    got = bytearray()
    assert await meet(send_and_read(into=got)) == pytest.approx(IDLE_SECONDS)
    assert not got


async def test_trickling_headers_gain_no_time(autojump_clock: object) -> None:
    async def client(stream: trio.abc.Stream) -> None:
        for letter in b"GET / HTTP/1.1\r\nX: " + b"y" * 1_000:
            await stream.send_all(bytes([letter]))
            await trio.sleep(1)

    assert await meet(client) == pytest.approx(IDLE_SECONDS)


async def test_headers_have_a_cap() -> None:
    got = bytearray()
    await meet(send_and_read(b"GET / HTTP/1.1\r\nX: " + b"y" * 2 * HEADER_BYTES_MAX, into=got))
    assert got.startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x00\x01\x02\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET \xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    ],
)
async def test_garbage_is_refused_and_the_connection_closed(garbage: bytes) -> None:
    got = bytearray()
    await meet(send_and_read(garbage, into=got))
    assert bytes(got[9:12]) in (b"", b"400", b"404", b"405"), bytes(got[:100])


@pytest.mark.parametrize(
    "greeting",
    [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n\r\n",
    ],
)
async def test_nobody_gets_another_protocol(greeting: bytes) -> None:
    got = bytearray()
    await meet(send_and_read(greeting, into=got))
    assert b"hello" not in got


async def test_a_websocket_is_declined() -> None:
    got = bytearray()
    request = (
        b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    await meet(send_and_read(request, into=got))
    assert got.startswith(b"HTTP/1.1 403 ")


async def test_a_body_nobody_asked_for_does_not_pile_up(autojump_clock: object) -> None:
    sent = 0

    async def client(stream: trio.abc.Stream) -> None:
        nonlocal sent
        await stream.send_all(b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n")
        with suppress(trio.BrokenResourceError):
            while True:
                await stream.send_all(bytes(65_536))
                sent += 65_536

    assert await meet(client, lockstep=True) <= BLOCKED_SECONDS + FAREWELL_SECONDS
    assert sent < 2 * 1_024 * 1_024


async def test_who_does_not_read_is_let_go(autojump_clock: object) -> None:
    async def client(stream: trio.abc.Stream) -> None:
        await stream.send_all(GET % b"/long")
        await trio.sleep_forever()

    assert await meet(client, lockstep=True) == pytest.approx(SEND_SECONDS)


async def test_an_answer_and_leave_to_go_on_are_not_sent_at_once(autojump_clock: object) -> None:
    got = bytearray()
    asked = b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n"
    await meet(send_and_read(asked, into=got), lockstep=True)
    assert got.startswith(b"HTTP/1.1 100 ")
    assert got.count(b"HTTP/1.1 ") == 2
    assert got.endswith(b"hello")


async def test_a_long_answer_arrives_whole(autojump_clock: object) -> None:
    got = bytearray()
    await meet(send_and_read(GET % b"/long", into=got), lockstep=True)
    assert got.count(b"~") == LONG


async def test_a_request_that_takes_too_long_is_given_up(autojump_clock: object) -> None:
    got = bytearray()
    seconds = await meet(send_and_read(GET % b"/never", into=got))
    assert got.startswith(b"HTTP/1.1 503 ")
    assert b'"TOO_SLOW"' in got
    assert seconds == pytest.approx(SETTINGS.request_seconds + IDLE_SECONDS)


async def test_a_client_that_leaves_ends_its_request(autojump_clock: object) -> None:
    async def client(stream: trio.abc.Stream) -> None:
        await stream.send_all(GET % b"/never")
        await trio.sleep(3)
        await stream.aclose()

    assert await meet(client) == pytest.approx(3 + FAREWELL_SECONDS)


async def test_a_fault_of_ours_is_an_answer(autojump_clock: object) -> None:
    got = bytearray()
    await meet(send_and_read(GET % b"/broken", into=got))
    assert got.startswith(b"HTTP/1.1 500 ")


def test_doors_are_counted_in_all_and_by_address() -> None:
    doorway = Doorway(SETTINGS)
    with doorway.enter("192.0.2.1") as first, doorway.enter("192.0.2.1") as second:
        assert (first, second) == (True, True)
        with doorway.enter("192.0.2.1") as third:
            assert not third
        with doorway.enter("2001:db8::1") as fourth, doorway.enter("2001:db8::2") as fifth:
            assert (fourth, fifth) == (True, True)
            with doorway.enter("2001:db8::3") as sixth, doorway.enter("198.51.100.1") as seventh:
                assert (sixth, seventh) == (False, False)
        assert doorway.open == 2
    assert doorway.open == 0
    assert doorway.refused == 3


async def test_over_real_sockets_connections_are_limited_and_stopping_is_bounded() -> None:
    listeners = await open_listeners("127.0.0.1:0")
    settings = ApiSettings(connections_per_address_max=1, limit_loopback=True)
    doorway, stopping = Doorway(settings), trio.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve, Front(ROUTER, settings), listeners, doorway, stopping)
        first = await open_stream_to_socket_listener(listeners[0])
        await first.send_all(GET % b"/never")
        second = await open_stream_to_socket_listener(listeners[0])
        with trio.fail_after(5):
            assert await second.receive_some() == b"", "the second one is closed at once"
        assert (doorway.open, doorway.refused) == (1, 1)
        stopping.set()
        with trio.fail_after(5 + GRACE_SECONDS):
            assert await first.receive_some() == b""
        await first.aclose()
        await second.aclose()
    assert doorway.open == 0


async def test_a_port_in_use_is_refused() -> None:
    listeners = await open_listeners("127.0.0.1:0")
    url = get_url(listeners)
    with pytest.raises(OSError, match="in use"):
        await open_listeners(url.removeprefix("http://"))
    for listener in listeners:
        await listener.aclose()
