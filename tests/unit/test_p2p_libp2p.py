"""Our libp2p transport beside the stock library, and whole networks over real sockets."""

import random
import stat
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trio
from libp2p.peer.id import ID
from trio.testing import MockClock

from p2p.doorbell import HANDSHAKES_MAX, HANDSHAKES_PER_HOST, KNOCKS_BURST, Doorbell
from p2p.files import load_key
from p2p.libp2p_transport import Libp2pSettings, Libp2pTransport
from p2p.network import Network, NetworkSettings
from p2p.transport import PeerId, TransportError, Verdict
from p2p.view import BlockArrived, TransactionsArrived
from tests.network_world import COMMUNITY, FakeChain, build_block, build_chain, build_transaction
from tests.proxy import running_proxy
from tests.victim import ANYWHERE, ECHO, TOPIC, build_ours


async def until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    """Ask often: sockets do not tell when they are done."""
    with trio.fail_after(seconds):
        while not condition():  # noqa: ASYNC110 - see above
            await trio.sleep(0.02)


@pytest.mark.slow
async def test_the_stock_library_speaks_with_us() -> None:
    heard: list[bytes] = []
    ours = build_ours()

    def hear(peer: PeerId, data: bytes) -> Verdict:
        heard.append(data)
        return Verdict.ACCEPT

    ours.subscribe(TOPIC, hear)
    said = b""
    async with ours.run(), trio.open_nursery() as nursery:

        async def speak() -> None:
            while True:
                await ours.publish(TOPIC, b"from ours")
                await trio.sleep(0.3)

        nursery.start_soon(speak)
        command = [sys.executable, "-m", "tests.stock_faults", "be_a_peer", ours.addresses[0]]
        with trio.fail_after(60):
            done = await trio.run_process(
                command, capture_stdout=True, capture_stderr=True, check=False
            )
        said = done.stdout.rpartition(b"RESULT ")[2].strip()
        nursery.cancel_scope.cancel()
    assert said == b"b'question' True True b'from ours'", done.stderr[-2_000:]
    assert b"from the library" in heard


class Node:
    """A network over sockets and a made-up chain."""

    def __init__(self, chain: FakeChain, *peers: str) -> None:
        self.chain = chain
        self.transport = Libp2pTransport(Libp2pSettings(random.randbytes(32), (ANYWHERE,)))
        self.network = Network(
            self.transport,
            chain,
            chain,
            NetworkSettings(COMMUNITY, 1, None, peers=peers, status_seconds=1.0),
            get_time_ms=lambda: time.time_ns() // 1_000_000,
            dice=random.Random(),
        )
        self.transactions = 0
        self.live = 0

    async def run(self, started: trio.Event) -> None:
        async with self.network.run():
            started.set()
            async for event in self.network.events:
                if isinstance(event, BlockArrived):
                    self.live += event.live
                    self.chain.adopt(event.block)
                elif isinstance(event, TransactionsArrived):
                    self.transactions += len(event.transactions)


@pytest.mark.slow
async def test_five_nodes_gossip_and_a_late_one_catches_up() -> None:
    blocks = build_chain(700, each=1)
    async with trio.open_nursery() as nursery:

        async def start(chain: FakeChain, *peers: str) -> Node:
            node, started = Node(chain, *peers), trio.Event()
            nursery.start_soon(node.run, started)
            await started.wait()
            return node

        hub = await start(FakeChain(list(blocks)))
        nodes = [hub]
        nodes += [await start(FakeChain(list(blocks)), hub.network.addresses[0]) for _ in range(3)]
        await until(lambda: all(len(node.network.get_peers()) == 3 for node in nodes))
        await trio.sleep(2)  # meshes form
        sent = [build_transaction(100_000 + number) for number in range(200)]
        nodes[1].network.offer_transactions(sent)
        await until(lambda: all(n.transactions == 200 for n in nodes if n is not nodes[1]))
        block = build_block(blocks[-1], sent)
        nodes[1].chain.adopt(block)
        await nodes[1].network.announce_block(block)
        await until(lambda: all(len(node.chain.blocks) == 701 for node in nodes))
        late = await start(FakeChain(), nodes[2].network.addresses[0])
        await until(lambda: len(late.chain.blocks) == 701)
        assert [node.live for node in nodes] == [1, 0, 1, 1]
        assert late.chain.blocks[-1].whole_bytes == block.whole_bytes
        nursery.cancel_scope.cancel()


def count_streams(transport: Libp2pTransport) -> int:
    """Streams that are held, by the connections and by their muxers."""
    connections: list[Any] = [c for cs in transport._swarm.connections.values() for c in cs]
    return sum(len(c.streams) + len(c.muxed_conn.streams) for c in connections)


async def test_no_stream_is_kept_when_it_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("p2p.mends.LET_GO_SECONDS", 0.3)
    one, other = build_ours(), build_ours()

    async def answer_and_stay(stream: Any) -> None:
        await stream.read(100)
        await stream.write(b"\x01x")
        await trio.sleep(3_600)

    other._host.set_stream_handler("/test/1/stay", answer_and_stay)  # type: ignore[arg-type]  # its protocols are text too
    async with one.run(), other.run():
        await one.connect(other.addresses[0])
        await until(lambda: count_streams(one) == count_streams(other) == 4)  # gossip's, both ways
        for protocol in (ECHO, "/test/1/stay"):
            for _ in range(20):
                answered = await one.request(
                    other.id, protocol, b"x", answer_bytes=10, timeout_seconds=5
                )
                assert answered == b"x"
            await until(lambda: count_streams(one) == 4)
        with pytest.raises(TransportError):
            await one.request(other.id, "/test/1/no", b"", answer_bytes=10, timeout_seconds=5)
        await until(lambda: count_streams(one) == 4)


def test_the_host_key_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "host.key"
    key = load_key(path)
    assert load_key(path) == key
    assert len(key) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    name = Libp2pTransport(Libp2pSettings(key)).id
    assert name == Libp2pTransport(Libp2pSettings(key)).id
    assert name.startswith("12D3KooW")
    path.write_bytes(b"short")
    with pytest.raises(ValueError, match="holds 5 bytes instead of 32"):
        load_key(path)


async def test_no_host_has_all_our_handshakes(autojump_clock: MockClock) -> None:
    door = Doorbell()
    assert [door.rings("one") for _ in range(HANDSHAKES_PER_HOST)] == [True] * HANDSHAKES_PER_HOST
    assert not door.rings("one")
    assert door.rings("other")
    door.leave("one")
    assert door.rings("one")
    others = sum(door.rings(f"host {number}") for number in range(100))
    assert others == HANDSHAKES_MAX - HANDSHAKES_PER_HOST - 1


async def test_no_host_knocks_too_often(autojump_clock: MockClock) -> None:
    door = Doorbell()

    def knock(times: int) -> int:
        let_in = 0
        for _ in range(times):
            if door.rings("one"):
                let_in += 1
                door.leave("one")
        return let_in

    assert knock(200) == KNOCKS_BURST
    await trio.sleep(5)
    assert knock(200) == 20
    await trio.sleep(3_600)
    assert knock(200) == KNOCKS_BURST


async def test_announced_addresses_are_told_instead_of_those_listened_on() -> None:
    settings = Libp2pSettings(bytes(32), (ANYWHERE,), ("/dns4/node.example.org/tcp/4001",))
    transport = Libp2pTransport(settings)
    async with transport.run():
        assert transport.addresses == (f"/dns4/node.example.org/tcp/4001/p2p/{transport.id}",)


async def test_a_peer_that_lost_its_line_and_comes_anew_is_spoken_to_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("p2p.libp2p_transport.CROSSING_SECONDS", 0.2)
    key = random.randbytes(32)
    one, before, after = build_ours(), build_ours(key=key), build_ours(key=key)
    heard: list[bytes] = []

    def hear(_peer: PeerId, data: bytes) -> Verdict:
        heard.append(data)
        return Verdict.ACCEPT

    for transport in (one, before, after):
        transport.subscribe(TOPIC, hear)
    async with one.run(), running_proxy(int(one.addresses[0].split("/")[4])) as proxy:
        async with before.run():
            await before.connect(f"/ip4/127.0.0.1/tcp/{proxy.port}/p2p/{one.id}")
            await until(lambda: count_streams(one) == 4)
            await trio.sleep(0.3)
            proxy.stop()  # from here on nobody hears of the other's end
        async with after.run():
            await after.connect(one.addresses[0])
            await until(lambda: len(one._swarm.connections[ID.from_base58(after.id)]) == 1)
            answered = await one.request(after.id, ECHO, b"x", answer_bytes=10, timeout_seconds=2)
            assert answered == b"x"
            await until(lambda: count_streams(one) == count_streams(after) == 4)
            await one.publish(TOPIC, b"news")
            await until(lambda: heard == [b"news"])
            assert [peer.id for peer in one.get_peers()] == [after.id]
        await until(lambda: not one.get_peers())


async def test_who_comes_back_while_its_former_line_closes_is_not_lost() -> None:
    key = random.randbytes(32)
    one, before, after = build_ours(), build_ours(key=key), build_ours(key=key)
    async with one.run(), before.run(), after.run():
        await before.connect(one.addresses[0])
        await until(lambda: count_streams(one) == count_streams(before) == 4)
        await one.disconnect(before.id)
        await after.connect(one.addresses[0])
        await until(lambda: not before.get_peers())
        await trio.sleep(0.5)  # by now all of the former line has been cleared away
        for here, there in ((one, after), (after, one)):
            answered = await here.request(there.id, ECHO, b"x", answer_bytes=10, timeout_seconds=2)
            assert answered == b"x"
        assert [peer.id for peer in one.get_peers()] == [after.id]
        assert len(one._swarm.get_connections()) == 1
