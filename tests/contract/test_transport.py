"""What every transport promises: one suite, run in memory under a mock clock and over libp2p.

Invariant: whatever peers do, a request is answered or fails within its deadline, only accepted
gossip is passed on, and nothing is left open.
"""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from p2p.libp2p_transport import Libp2pSettings, Libp2pTransport
from p2p.memory import MemoryNetwork, MemoryTransport
from p2p.transport import PeerId, PeerInfo, Transport, TransportError, Verdict

TOPIC = "/test/1/topic"
ECHO = "/test/1/echo"
LIMIT = 1_000


@pytest.fixture(params=["memory", "libp2p"])
def twin(request: pytest.FixtureRequest) -> str:
    kind: str = request.param
    return kind


@pytest.fixture
def clock(twin: str) -> MockClock | None:
    """Memory runs on a mock clock; sockets need the real one."""
    return MockClock(autojump_threshold=0) if twin == "memory" else None


@pytest.fixture
def build(twin: str) -> Callable[[], Transport]:
    """Makes another transport of the same kind, all on one network."""
    network = MemoryNetwork(seed=1)
    names = iter(range(1, 100))

    def build_one() -> Transport:
        number = next(names)
        if twin == "memory":
            return MemoryTransport(network, f"peer{number}")
        key = number.to_bytes(32, "big")
        return Libp2pTransport(Libp2pSettings(key, listen=("/ip4/127.0.0.1/tcp/0",)))

    return build_one


@dataclass
class Listener:
    """Judges as told, and remembers."""

    verdict: Verdict = Verdict.ACCEPT
    heard: list[tuple[PeerId, bytes]] = field(default_factory=list)

    def judge(self, peer: PeerId, data: bytes) -> Verdict:
        self.heard.append((peer, data))
        return self.verdict

    def get_data(self) -> list[bytes]:
        return [data for _, data in self.heard]


async def echo(peer: PeerId, data: bytes) -> bytes:
    await trio.lowlevel.checkpoint()
    return data


async def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Ask often, since nobody tells."""
    with trio.fail_after(seconds):
        while not condition():  # noqa: ASYNC110 - see above
            await trio.sleep(0.02)


@asynccontextmanager
async def running(*transports: Transport) -> AsyncIterator[None]:
    async with trio.open_nursery() as nursery:

        async def live(transport: Transport, started: trio.Event) -> None:
            async with transport.run():
                started.set()
                await trio.sleep_forever()

        for transport in transports:
            started = trio.Event()
            nursery.start_soon(live, transport, started)
            await started.wait()
        yield
        nursery.cancel_scope.cancel()


async def join(one: Transport, other: Transport) -> None:
    assert await one.connect(other.addresses[0]) == other.id
    await until(lambda: any(peer.id == one.id for peer in other.get_peers()))


async def test_peers_connect_and_see_each_other(
    clock: MockClock | None, build: Callable[[], Transport]
) -> None:
    one, other = build(), build()
    assert list(one.addresses) == []
    async with running(one, other):
        await join(one, other)
        assert await one.connect(other.addresses[0]) == other.id
        assert [(p.id, p.inbound) for p in one.get_peers()] == [(other.id, False)]
        assert [(p.id, p.inbound) for p in other.get_peers()] == [(one.id, True)]
        assert one.get_peers()[0].address == other.addresses[0]
    assert list(one.addresses) == []
    assert list(one.get_peers()) == []


async def test_nobody_answers_at_a_wrong_address(
    clock: MockClock | None, build: Callable[[], Transport]
) -> None:
    one, other = build(), build()
    async with running(one, other):
        address = other.addresses[0]
        for wrong in ("", "/", "nonsense", one.addresses[0], address.replace(other.id, "nobody")):
            with pytest.raises(TransportError):
                await one.connect(wrong)
    async with running(one):
        with pytest.raises(TransportError):
            await one.connect(address)


async def test_gossip_reaches_all_also_those_who_are_no_neighbours(
    clock: MockClock | None, build: Callable[[], Transport]
) -> None:
    line = [build() for _ in range(4)]
    listeners = [Listener() for _ in line]
    for transport, listener in zip(line, listeners, strict=True):
        transport.subscribe(TOPIC, listener.judge)
    async with running(*line):
        for one, other in pairwise(line):
            await join(one, other)

        async def publish_until_heard(number: int) -> None:
            with trio.fail_after(10):
                while b"hello %d" % number not in listeners[-1].get_data():
                    await line[0].publish(TOPIC, b"hello %d" % number)
                    await trio.sleep(0.3)

        await publish_until_heard(0)  # meshes have formed
        for listener in listeners:
            listener.heard.clear()
        sent = [os.urandom(20) for _ in range(50)]
        for data in sent:
            await line[0].publish(TOPIC, data)
        await until(lambda: set(sent) <= set(listeners[-1].get_data()))
    for listener in listeners[1:]:
        fresh = [data for data in listener.get_data() if data in sent]
        assert fresh == sent, "each once, in order"
    assert not set(sent) & set(listeners[0].get_data()), "our own judge is not asked"
    assert {peer for peer, _ in listeners[2].heard} == {line[1].id}


@pytest.mark.parametrize("verdict", [Verdict.REJECT, Verdict.IGNORE])
async def test_what_is_not_accepted_is_not_passed_on(
    clock: MockClock | None, build: Callable[[], Transport], verdict: Verdict
) -> None:
    line = [build() for _ in range(3)]
    listeners = [Listener() for _ in line]
    for transport, listener in zip(line, listeners, strict=True):
        transport.subscribe(TOPIC, listener.judge)
    async with running(*line):
        await join(line[0], line[1])
        await join(line[1], line[2])
        with trio.fail_after(10):
            while not listeners[2].heard:
                await line[0].publish(TOPIC, b"good")
                await trio.sleep(0.3)
        listeners[1].verdict = verdict
        await line[0].publish(TOPIC, b"bad")
        await until(lambda: b"bad" in listeners[1].get_data())
        listeners[1].verdict = Verdict.ACCEPT
        await line[0].publish(TOPIC, b"last")
        await until(lambda: b"last" in listeners[2].get_data())
    assert b"bad" not in listeners[2].get_data()


async def test_requests_are_answered(
    clock: MockClock | None, build: Callable[[], Transport]
) -> None:
    one, other = build(), build()
    asked: list[PeerId] = []

    async def answer(peer: PeerId, data: bytes) -> bytes:
        asked.append(peer)
        return await echo(peer, data)

    other.serve(ECHO, answer, request_bytes=LIMIT)
    async with running(one, other):
        await join(one, other)
        for data in (b"", b"x", bytes(LIMIT)):
            answered = await one.request(
                other.id, ECHO, data, answer_bytes=LIMIT, timeout_seconds=5
            )
            assert answered == data
        assert asked == [one.id] * 3

        async def ask(number: int) -> None:
            data = number.to_bytes(4, "big")
            assert data == await one.request(
                other.id, ECHO, data, answer_bytes=LIMIT, timeout_seconds=5
            )

        async with trio.open_nursery() as nursery:
            for number in range(20):
                nursery.start_soon(ask, number)


async def test_a_block_of_half_a_megabyte_comes_as_an_answer(
    clock: MockClock | None, build: Callable[[], Transport]
) -> None:
    one, other = build(), build()
    block = os.urandom(512 * 1_024)

    async def answer(peer: PeerId, data: bytes) -> bytes:
        await trio.lowlevel.checkpoint()
        return block

    for transport in (one, other):
        transport.serve(ECHO, answer, request_bytes=LIMIT)
    async with running(one, other):
        await join(one, other)
        for asker, asked in ((one, other), (other, one)):
            answered = await asker.request(
                asked.id, ECHO, b"", answer_bytes=2**20, timeout_seconds=10
            )
            assert answered == block


async def test_limits_of_requests_hold(
    clock: MockClock | None, build: Callable[[], Transport]
) -> None:
    one, other = build(), build()
    asked: list[int] = []

    async def answer(peer: PeerId, data: bytes) -> bytes:
        asked.append(len(data))
        return await echo(peer, data)

    async def refuse(peer: PeerId, data: bytes) -> bytes:
        await trio.lowlevel.checkpoint()
        raise TransportError("not today")

    async def sleep(peer: PeerId, data: bytes) -> bytes:
        await trio.sleep(3_600)
        return data

    other.serve(ECHO, answer, request_bytes=LIMIT)
    other.serve("/test/1/refuse", refuse, request_bytes=LIMIT)
    other.serve("/test/1/sleep", sleep, request_bytes=LIMIT)
    async with running(one, other):
        with pytest.raises(TransportError):
            await one.request(other.id, ECHO, b"", answer_bytes=LIMIT, timeout_seconds=5)
        await join(one, other)
        with pytest.raises(TransportError):  # a request that is too large
            await one.request(
                other.id, ECHO, bytes(LIMIT + 1), answer_bytes=2 * LIMIT, timeout_seconds=5
            )
        assert asked == []
        with pytest.raises(TransportError):  # an answer that is too large
            await one.request(other.id, ECHO, bytes(LIMIT), answer_bytes=10, timeout_seconds=5)
        assert asked == [LIMIT]
        for protocol in ("/test/1/refuse", "/test/1/unknown"):
            with pytest.raises(TransportError):
                await one.request(other.id, protocol, b"", answer_bytes=LIMIT, timeout_seconds=5)
        began = trio.current_time()
        with pytest.raises(TransportError, match=r"within 0\.5 s"):
            await one.request(
                other.id, "/test/1/sleep", b"", answer_bytes=LIMIT, timeout_seconds=0.5
            )
        assert 0.4 < trio.current_time() - began < 3
        assert await one.request(  # and the connection is as good as before
            other.id, ECHO, b"still here", answer_bytes=LIMIT, timeout_seconds=5
        )


async def test_a_peer_that_was_disconnected_may_come_back(
    clock: MockClock | None, build: Callable[[], Transport]
) -> None:
    one, other = build(), build()
    other.serve(ECHO, echo, request_bytes=LIMIT)
    async with running(one, other):
        for _ in range(5):
            await join(one, other)
            answered = await one.request(
                other.id, ECHO, b"hi", answer_bytes=LIMIT, timeout_seconds=5
            )
            assert answered == b"hi"
            await one.disconnect(other.id)
            await until(lambda: not one.get_peers() and not other.get_peers())
        await one.disconnect(other.id)
        with pytest.raises(TransportError):
            await one.request(other.id, ECHO, b"", answer_bytes=LIMIT, timeout_seconds=5)


async def test_who_is_gone_is_noticed_and_found_again_under_the_same_name(
    clock: MockClock | None, build: Callable[[], Transport]
) -> None:
    one, other = build(), build()
    async with running(one):
        for _ in range(2):
            async with running(other):
                await join(one, other)
            await until(lambda: not one.get_peers())


async def test_a_banned_peer_is_shown_out_and_not_let_in(
    clock: MockClock | None, build: Callable[[], Transport]
) -> None:
    one, other = build(), build()
    async with running(one, other):
        await join(one, other)
        await other.ban(one.id, 1.0, "test")
        await until(lambda: not one.get_peers() and not other.get_peers())
        await one_is_refused(one, other)
        with pytest.raises(TransportError):
            await other.connect(one.addresses[0])
        await trio.sleep(1.2)
        await join(one, other)


async def one_is_refused(one: Transport, other: Transport) -> None:
    """Whether the dial fails or the line goes dead at once is the transport's choice."""
    with suppress(TransportError):
        await one.connect(other.addresses[0])
    await until(lambda: not one.get_peers() and not other.get_peers())


@dataclass
class Doorkeeper:
    """Admits whom it is told to."""

    welcome: bool = True
    asked: list[PeerInfo] = field(default_factory=list)
    inside: set[PeerId] = field(default_factory=set)

    def admits(self, peer: PeerInfo) -> bool:
        self.asked.append(peer)
        if self.welcome:
            self.inside.add(peer.id)
        return self.welcome

    def left(self, peer: PeerId) -> None:
        self.inside.discard(peer)

    def blame(self, peer: PeerId, reason: str) -> None:
        raise AssertionError(f"{peer}: {reason}")


async def test_the_doorkeeper_is_asked_for_both_directions(
    clock: MockClock | None, build: Callable[[], Transport]
) -> None:
    one, other = build(), build()
    ours, theirs = Doorkeeper(), Doorkeeper()
    one.guard(ours)
    other.guard(theirs)
    async with running(one, other):
        await join(one, other)
        assert [(p.id, p.inbound) for p in ours.asked] == [(other.id, False)]
        assert [(p.id, p.inbound) for p in theirs.asked] == [(one.id, True)]
        assert ours.asked[0].address == other.addresses[0]
        assert (ours.inside, theirs.inside) == ({other.id}, {one.id})
        await one.disconnect(other.id)
        await until(lambda: not one.get_peers() and not other.get_peers())
        await until(lambda: not ours.inside and not theirs.inside)
        theirs.welcome = False
        await one_is_refused(one, other)
        await until(lambda: not ours.inside and not theirs.inside)
        ours.welcome = False
        theirs.welcome = True
        with pytest.raises(TransportError):
            await one.connect(other.addresses[0])
        await until(lambda: not other.get_peers())
        await until(lambda: not ours.inside and not theirs.inside)


async def test_a_bug_in_a_handler_is_not_swallowed(
    clock: MockClock | None, build: Callable[[], Transport]
) -> None:
    one, other = build(), build()

    async def stumble(peer: PeerId, data: bytes) -> bytes:
        await trio.lowlevel.checkpoint()
        raise AssertionError("a promise of our own is broken")

    other.serve(ECHO, stumble, request_bytes=LIMIT)
    with pytest.raises(BaseExceptionGroup) as caught:  # noqa: PT012 - it comes out of the context
        async with running(one, other):
            await join(one, other)
            with pytest.raises(TransportError):
                await one.request(other.id, ECHO, b"", answer_bytes=LIMIT, timeout_seconds=2)
            await trio.sleep(5)
    assert caught.group_contains(AssertionError, match="a promise of our own")


def count_open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_nothing_is_left_open(
    clock: MockClock | None, build: Callable[[], Transport]
) -> None:
    before = count_open_files()
    tasks = trio.lowlevel.current_statistics().tasks_living
    for _ in range(2):
        one, other = build(), build()
        for transport in (one, other):
            transport.subscribe(TOPIC, Listener().judge)
            transport.serve(ECHO, echo, request_bytes=LIMIT)
        async with running(one, other):
            await join(one, other)
            await one.publish(TOPIC, b"x")
            await one.request(other.id, ECHO, b"x", answer_bytes=LIMIT, timeout_seconds=5)
    await until(lambda: trio.lowlevel.current_statistics().tasks_living == tasks)
    assert count_open_files() == before
