"""Every mend: what the stock library does at a stranger's word, and that ours holds.

The stock library fails in a process of its own, as its documentation builds it; when a test here
finds that it does not fail any more, the mend can go. Ours faces the very same attack.
"""

import importlib.metadata
import struct
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio
from libp2p import new_host
from libp2p.crypto.ed25519 import create_new_key_pair
from libp2p.exceptions import BaseLibp2pError
from libp2p.io.utils import read_exactly
from libp2p.peer.peerinfo import info_from_p2p_addr
from libp2p.protocol_muxer.exceptions import MultiselectCommunicatorError
from libp2p.protocol_muxer.multiselect_communicator import MultiselectCommunicator
from libp2p.security.insecure.transport import PLAINTEXT_PROTOCOL_ID, InsecureTransport
from libp2p.stream_muxer.yamux import yamux
from libp2p.utils.varint import encode_varint_prefixed
from multiaddr import Multiaddr
from trio.testing import MockClock

from p2p.channel import StreamChannel
from p2p.libp2p_transport import Libp2pSettings, Libp2pTransport
from p2p.mends import apply_mends, check_version
from p2p.transport import PeerId, TransportError, Verdict
from tests import attacks
from tests.attacks import Attack, Victim, probe, resisted, running_victim
from tests.proxy import running_proxy
from tests.stock_faults import STREAM_BYTES, STREAMS, Flood, count_open_files
from tests.victim import ANYWHERE, ECHO, SINK, TOPIC, build_ours, count_remembered

pytestmark = pytest.mark.slow

QUESTION = b"honest"


def run_stock(fault: str) -> str:
    """What the stock library does, in a process of its own."""
    command = [sys.executable, "-m", "tests.stock_faults", fault]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert "RESULT " in done.stdout, done.stderr[-2_000:]
    return done.stdout.rpartition("RESULT ")[2].strip()


@asynccontextmanager
async def running_ours() -> AsyncIterator[tuple[Victim, Libp2pTransport]]:
    """Our transport in this process, to be attacked."""
    transport = build_ours()
    transport.subscribe(TOPIC, lambda peer, data: Verdict.ACCEPT)
    async with transport.run():
        victim = Victim(None, transport.addresses[0])
        yield victim, transport
        for stream in victim.held:
            stream.socket.close()


def test_another_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    check_version()
    assert importlib.metadata.version("libp2p") == "0.8.1"
    monkeypatch.setattr("p2p.mends.version", lambda _: "0.8.2")
    with pytest.raises(RuntimeError, match=r"cannot run on 0\.8\.2: install libp2p==0\.8\.1"):
        Libp2pTransport(Libp2pSettings(bytes(32)))


@pytest.mark.parametrize(
    "how",
    [
        pytest.param(attacks.undecodable_rpc, id="a gossip frame that is no protobuf"),
        pytest.param(
            attacks.build_undecodable_keys(), id="a gossip message with a key that is none"
        ),
        pytest.param(attacks.name_that_is_no_text, id="a protocol's name that is no UTF-8"),
        pytest.param(attacks.stumbling_handler, id="any fault in a stream's handler"),
    ],
)
async def test_one_packet_ends_the_stock_process(how: Attack, tmp_path: Path) -> None:
    async with running_victim("stock", tmp_path / "err") as stock, running_ours() as (ours, _):
        await how(stock)
        await how(ours)
        assert await probe(ours, ECHO, QUESTION) == QUESTION
        assert stock.process is not None
        with trio.fail_after(5):
            assert await stock.process.wait() == 1


@pytest.mark.parametrize(
    "how",
    [
        pytest.param(attacks.come_and_go, id="the place of each that ever came is taken for ever"),
        pytest.param(attacks.few_half_handshakes_held, id="the silent hold all places"),
    ],
)
async def test_few_connections_lock_everybody_out_of_stock(how: Attack, tmp_path: Path) -> None:
    async with running_victim("stock", tmp_path / "err") as stock, running_ours() as (ours, _):
        await how(stock)
        await how(ours)
        assert await probe(stock, ECHO, QUESTION, attacks.HOPELESS_SECONDS) is None
        assert stock.is_alive()
        assert await probe(ours, ECHO, QUESTION, attacks.HOPELESS_SECONDS) == QUESTION


@pytest.mark.parametrize(
    ("how", "ours_mib"),
    [
        pytest.param(attacks.build_window_overrun(SINK), 8, id="window overrun"),
        pytest.param(attacks.build_unread_streams(SINK), 16, id="windows that grow"),
    ],
)
async def test_stock_keeps_whatever_it_is_sent(
    how: Attack, ours_mib: float, tmp_path: Path
) -> None:
    growth: dict[str, float] = {}

    async def measure(kind: str) -> None:
        async with running_victim(kind, tmp_path / kind) as victim:
            before = victim.reports[-1]["rss"]
            await how(victim)
            growth[kind] = victim.get_peak() - before

    async with trio.open_nursery() as nursery:
        nursery.start_soon(measure, "stock")
        nursery.start_soon(measure, "ours")
    assert growth["stock"] > 25
    assert growth["ours"] < ours_mib


async def test_stock_remembers_everybody_who_ever_came(tmp_path: Path) -> None:
    async def come(victim: Victim) -> None:
        for _ in range(4):
            with resisted():
                async with attacks.hostile(victim):
                    await trio.sleep(0.2)

    async with running_victim("stock", tmp_path / "err") as stock:
        await come(stock)
        assert await stock.get_fresh("remembered", reports=3) >= 4
    async with running_ours() as (ours, transport):
        await come(ours)
        await until(lambda: count_remembered(transport) == 0)


async def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Ask often: sockets do not tell when they are done."""
    with trio.fail_after(seconds):
        while not condition():  # noqa: ASYNC110 - see above
            await trio.sleep(0.02)


async def test_stock_reads_names_of_any_length() -> None:
    assert int(run_stock("read_any_name")) == 2**22
    apply_mends()
    for name in (b"/" * 2_000 + b"\n", b"\xff\xfe\n", b"no newline", b""):
        reader: Any = Flood(encode_varint_prefixed(name))
        with pytest.raises(MultiselectCommunicatorError):
            await MultiselectCommunicator(reader).read()
    reader = Flood(encode_varint_prefixed(b"/good/1\n"))
    assert await MultiselectCommunicator(reader).read() == "/good/1"


async def test_stock_takes_frames_as_fast_as_they_come(autojump_clock: MockClock) -> None:
    apply_mends()
    ping = struct.pack(yamux.YAMUX_HEADER_FORMAT, 0, yamux.TYPE_PING, yamux.FLAG_SYN, 0, 1)
    took = []
    readers: list[Any] = [read_exactly, vars(yamux)["read_exactly"]]
    for read in readers:
        reader, began = Flood(ping * 8_000), trio.current_time()
        for _ in range(8_000):
            assert await read(reader, yamux.HEADER_SIZE) == ping
        took.append(round(trio.current_time() - began, 1))
    assert took == [0.0, 4.0], "the stock library's, then ours: 4,000 at once, then 1,000 a second"


async def test_stock_speaks_plaintext(tmp_path: Path) -> None:
    async def comes_in(victim: Victim) -> bool:
        keys = create_new_key_pair()
        plain = {PLAINTEXT_PROTOCOL_ID: InsecureTransport(keys)}
        host = new_host(key_pair=keys, sec_opt=plain)
        async with host.run([Multiaddr(ANYWHERE)]):
            try:
                await host.connect(info_from_p2p_addr(Multiaddr(victim.address)))
            except BaseLibp2pError:
                return False
            finally:
                await host.close()
            return True

    async with running_victim("stock", tmp_path / "err") as stock, running_ours() as (ours, _):
        assert await comes_in(stock)
        assert not await comes_in(ours)


async def test_stock_loses_gossip_without_a_word() -> None:
    assert int(run_stock("lose_gossip")) < 50
    heard: list[bytes] = []
    one, other = build_ours(), build_ours()

    def hear(peer: PeerId, data: bytes) -> Verdict:
        heard.append(data)
        return Verdict.ACCEPT

    one.subscribe(TOPIC, lambda peer, data: Verdict.ACCEPT)
    other.subscribe(TOPIC, hear)
    sent = [b"%d" % number for number in range(100)]
    async with one.run(), other.run():
        await one.connect(other.addresses[0])
        with trio.fail_after(10):
            while b"first" not in heard:
                await one.publish(TOPIC, b"first")
                await trio.sleep(0.1)
        for data in sent:
            await one.publish(TOPIC, data)
        await until(lambda: sent[-1] in heard)
    assert [data for data in heard if data != b"first"] == sent


async def test_stock_refuses_for_a_minute_whom_it_missed_once() -> None:
    assert run_stock("refuse_to_dial_again") == "blocked"
    one, other = build_ours(), build_ours()
    async with other.run():
        address = other.addresses[0]
    other = build_ours(address.rpartition("/p2p/")[0], other._settings.host_key)
    async with one.run():
        with pytest.raises(TransportError):
            await one.connect(address)
        async with other.run():
            assert await one.connect(address) == other.id


async def test_stock_shares_its_port_with_a_second_process() -> None:
    assert run_stock("share_a_port") == "shared"
    one = build_ours()
    async with one.run():
        other = build_ours(one.addresses[0].rpartition("/p2p/")[0])
        in_use = pytest.RaisesExc(OSError, match="in use")
        with pytest.RaisesGroup(in_use, flatten_subgroups=True):
            async with other.run():
                pass


async def test_stock_leaves_sockets_open_when_it_is_cancelled() -> None:
    assert run_stock("leave_sockets_open") == "open"
    before = count_open_files()
    with trio.CancelScope() as scope:
        one, other = build_ours(), build_ours()
        async with one.run(), other.run():
            await one.connect(other.addresses[0])
            scope.cancel()
            await trio.lowlevel.checkpoint()
    assert count_open_files() == before


async def test_stock_cuts_a_frame_when_a_deadline_ends_a_write() -> None:
    assert run_stock("cut_frames") == "broken"
    one, other = build_ours(), build_ours()
    async with one.run(), other.run(), running_proxy(get_port(other)) as proxy:
        await one.connect(f"/ip4/127.0.0.1/tcp/{proxy.port}/p2p/{other.id}")
        channels = [await one._open_channel(other.id, ECHO) for _ in range(STREAMS)]
        proxy.stop()
        async with trio.open_nursery() as nursery:
            for channel in channels:
                nursery.start_soon(write_for_a_second, channel)
            await trio.sleep(1.5)
            proxy.go_on()
        answer = await one.request(other.id, ECHO, b"again", answer_bytes=100, timeout_seconds=8)
    assert answer == b"again"


def get_port(transport: Libp2pTransport) -> int:
    return int(transport.addresses[0].split("/")[4])


async def write_for_a_second(channel: StreamChannel) -> None:
    with resisted(), trio.move_on_after(1):
        await channel.write(b"\xff" * STREAM_BYTES)
