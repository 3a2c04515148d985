"""The client keeps apart what differs for money: refused, never sent, and nobody knows."""

import json
from collections.abc import AsyncIterator, Callable

import httpx
import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock

from chain.errors import Code, Invalid
from tests.wallet_node import WalletNode
from wallet.client import (
    ANSWER_BYTES_MAX,
    TOTAL_SECONDS,
    Micropai,
    NodeClient,
    Refused,
    Unanswered,
    Unreachable,
)
from wallet.terminal import Exit, Failure

URL = "http://node.test"
ID = bytes(32)

Handler = Callable[[httpx.Request], httpx.Response]


def build_client(handler: Handler) -> NodeClient:
    return NodeClient(URL, transport=httpx.MockTransport(handler))


def fail_with(error: type[httpx.TransportError]) -> Handler:
    def handle(request: httpx.Request) -> httpx.Response:
        raise error("because", request=request)

    return handle


def reply(status: int, document: object) -> Handler:
    return lambda _request: httpx.Response(status, content=json.dumps(document).encode())


def refusal(code: int, **rest: object) -> dict[str, object]:
    return {"code": code, "name": "N", "message": "m", "detail": "d", "temporary": False, **rest}


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (httpx.ConnectError, Unreachable),
        (httpx.ConnectTimeout, Unreachable),
        (httpx.PoolTimeout, Unreachable),
        (httpx.ProxyError, Unreachable),
        (httpx.ReadTimeout, Unanswered),
        (httpx.WriteTimeout, Unanswered),
        (httpx.ReadError, Unanswered),
        (httpx.WriteError, Unanswered),
        (httpx.CloseError, Unanswered),
        (httpx.RemoteProtocolError, Unanswered),
        (httpx.LocalProtocolError, Unanswered),
    ],
)
async def test_a_broken_line(error: type[httpx.TransportError], expected: type[Failure]) -> None:
    async with build_client(fail_with(error)) as client:
        for ask in (client.get_status, lambda: client.submit(b"x")):
            with pytest.raises(expected) as caught:
                await ask()
            assert caught.value.code is Exit.UNREACHABLE
            assert URL in str(caught.value)


@pytest.mark.parametrize("status", [400, 409, 422, 429, 503])
async def test_a_refusal_of_the_ledger_has_its_code(status: int) -> None:
    async with build_client(reply(status, refusal(301))) as client:
        with pytest.raises(Invalid) as caught:
            await client.submit(b"x")
        assert caught.value.code is Code.INSUFFICIENT_BALANCE
        assert caught.value.detail == "d"


async def test_other_refusals_are_told_as_the_node_tells_them() -> None:
    for document in (refusal(0), refusal(99_999)):
        async with build_client(reply(400, document)) as client:
            with pytest.raises(Refused, match="m d"):
                await client.submit(b"x")


@pytest.mark.parametrize(
    ("status", "document"),
    [
        (503, refusal(0, name="BUSY")),
        (500, refusal(0)),
        (500, None),
        (502, "<html>"),
        (404, None),
        (200, {"id": "00", "status": "waiting"}),
        (202, {"other": 1}),
        (302, None),
    ],
)
async def test_an_answer_without_a_reason_leaves_the_outcome_open(
    status: int, document: object
) -> None:
    async with build_client(reply(status, document)) as client:
        with pytest.raises(Unanswered):
            await client.submit(b"x")


@given(body=st.binary(max_size=200), status=st.sampled_from([200, 202, 400, 404, 500]))
def test_whatever_comes_back_is_one_of_our_failures(body: bytes, status: int) -> None:
    async def ask() -> None:
        async with build_client(lambda _request: httpx.Response(status, content=body)) as client:
            for question in (
                client.get_status,
                lambda: client.get_account("pai1x"),
                lambda: client.get_outcome(ID),
                lambda: client.get_history("pai1x"),
                lambda: client.submit(b"x"),
            ):
                with pytest.raises((Failure, Invalid)):
                    await question()

    trio.run(ask)


async def test_answers_are_typed_and_tolerant() -> None:
    node = WalletNode()
    async with NodeClient(URL, transport=node.transport) as client:
        status = await client.get_status()
        assert status.community.id == node.community.chain
        assert status.head.height == 0
        account = await client.get_account(str(status.seat))
        assert account.exists
        assert isinstance(account.settlement, Micropai)
        assert account.after_next_period < account.settlement
        assert (await client.get_outcome(ID)).status == "unknown"
        assert (await client.get_history(str(status.seat))).entries == ()

    def grow(request: httpx.Request) -> httpx.Response:
        document = json.loads(node.answer(request).content)
        return httpx.Response(200, content=json.dumps({**document, "newer": [1, {}]}).encode())

    async with build_client(grow) as client:
        assert await client.get_status() == status
        assert (await client.get_json("/v1/status"))["newer"] == [1, {}]


@pytest.mark.parametrize("amount", ["1.0000001", "1e3", "", "a", 1, None, "9" * 14])
async def test_amounts_are_exact_or_refused(amount: object) -> None:
    node = WalletNode()

    def spoil(request: httpx.Request) -> httpx.Response:
        document = json.loads(node.answer(request).content)
        document["settlement"] = amount
        return httpx.Response(200, content=json.dumps(document).encode())

    address = node._write_address(next(iter(node.community.seat_names)))
    async with build_client(spoil) as client:
        with pytest.raises(Unanswered):
            await client.get_account(address)


class Endless(httpx.AsyncByteStream):
    """A body that never ends; slow or as fast as it can."""

    def __init__(self, pause_seconds: float) -> None:
        self.pause_seconds = pause_seconds
        self.sent = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            await trio.sleep(self.pause_seconds)
            self.sent += 65_536
            yield bytes(65_536)


# When a body is cut off, httpx leaves its own generators to trio's collector, which remarks on it.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_an_answer_without_end_is_cut(autojump_clock: MockClock) -> None:
    endless = Endless(0)
    async with build_client(lambda _request: httpx.Response(200, stream=endless)) as client:
        with pytest.raises(Unanswered):
            await client.get_status()
    assert endless.sent <= ANSWER_BYTES_MAX + 65_536


async def test_a_trickling_answer_is_cut(autojump_clock: MockClock) -> None:
    began = trio.current_time()
    async with build_client(lambda _request: httpx.Response(200, stream=Endless(3))) as client:
        with pytest.raises(Unanswered, match="in time"):
            await client.submit(b"x")
    assert trio.current_time() - began == pytest.approx(TOTAL_SECONDS)


async def test_a_node_that_is_not_there() -> None:
    """A real socket, on a port that nobody listens on."""
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listeners[0].socket.getsockname()[1]
    for listener in listeners:
        await listener.aclose()
    async with NodeClient(f"http://127.0.0.1:{port}") as client:
        with pytest.raises(Unreachable):
            await client.get_status()


async def test_a_node_that_hangs_up() -> None:
    """A real socket that takes the request and closes: nobody knows whether it was read."""

    async def hang_up(stream: trio.SocketStream) -> None:
        await stream.receive_some(65_536)
        await stream.aclose()

    async with trio.open_nursery() as nursery:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        port = listeners[0].socket.getsockname()[1]
        nursery.start_soon(trio.serve_listeners, hang_up, listeners)
        async with NodeClient(f"http://127.0.0.1:{port}/") as client:
            with pytest.raises(Unanswered):
                await client.submit(b"x")
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize(
    "url",
    ["", "node", "127.0.0.1:4511", "ftp://node", "http://", "http://[::1", "http://a:99999999"],
)
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(Failure) as caught:
        NodeClient(url)
    assert caught.value.code is Exit.USAGE


def test_no_proxy_stands_before_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    real = httpx.AsyncClient

    def note(**settings: object) -> httpx.AsyncClient:
        asked.append(settings["trust_env"])
        return real()

    monkeypatch.setattr(httpx, "AsyncClient", note)
    for url in (
        "http://127.0.0.1:1",
        "http://localhost:1",
        "http://[::1]:1",
        "https://pai.example",
    ):
        NodeClient(url)
    assert asked == [False, False, False, True]
