"""A process to be attacked: ``python -m tests.victim KIND`` with KIND stock, ours or network.

``stock`` is libp2p as its documentation builds it, ``ours`` our transport alone, ``network`` a
whole node's network over a made-up chain. Each prints its address and then, five times a second,
how much memory it holds and how many peers it remembers.
"""

import json
import random
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import trio
from libp2p import new_host
from libp2p.abc import IHost, INetStream
from libp2p.crypto.ed25519 import create_new_key_pair
from libp2p.crypto.keys import KeyPair
from libp2p.network.config import ConnectionConfig
from libp2p.pubsub.gossipsub import PROTOCOL_ID_V11, GossipSub
from libp2p.pubsub.pubsub import Pubsub
from libp2p.tools.anyio_service import background_trio_service
from libp2p.utils.varint import encode_varint_prefixed, read_varint_prefixed_bytes
from multiaddr import Multiaddr

from p2p.libp2p_transport import Libp2pSettings, Libp2pTransport
from p2p.network import Network, NetworkSettings
from p2p.transport import PeerId, Verdict
from tests.network_world import COMMUNITY, FakeChain, build_chain

ECHO = "/test/1/echo"
BOOM = "/test/1/boom"
SINK = "/test/1/sink"
TOPIC = "/test/1/topic"
CONNECTIONS_MAX = 6  # so that few connections suffice to fill the house
ANYWHERE = "/ip4/127.0.0.1/tcp/0"
REPORT_SECONDS = 0.2


def get_rss_mib() -> float:
    """Resident memory of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 2**20


async def report(address: str, get_remembered: Callable[[], int]) -> None:
    """Say where we are, then how we are."""
    print(json.dumps({"address": address}), flush=True)
    while True:
        tasks = trio.lowlevel.current_statistics().tasks_living
        said = {"rss": get_rss_mib(), "tasks": tasks, "remembered": get_remembered()}
        print(json.dumps(said), flush=True)
        await trio.sleep(REPORT_SECONDS)


def build_stock_host(keys: KeyPair | None = None) -> IHost:
    """A host as the documentation builds it, only smaller."""
    config = ConnectionConfig(
        max_connections=CONNECTIONS_MAX,
        min_connections=0,
        low_watermark=0,
        high_watermark=CONNECTIONS_MAX,
    )
    return new_host(key_pair=keys or create_new_key_pair(), connection_config=config)


@asynccontextmanager
async def running_stock(host: IHost) -> AsyncIterator[Pubsub]:
    """The host with gossip, as the documentation runs it, but with a heartbeat of a second."""
    router = GossipSub(
        [PROTOCOL_ID_V11], degree=4, degree_low=3, degree_high=6, heartbeat_interval=1
    )
    pubsub = Pubsub(host, router)
    async with (
        host.run([Multiaddr(ANYWHERE)]),
        background_trio_service(pubsub),
        background_trio_service(router),
    ):
        await pubsub.wait_until_ready()
        await pubsub.subscribe(TOPIC)
        yield pubsub


async def run_stock() -> None:
    host = build_stock_host()

    async def echo(stream: INetStream) -> None:
        await stream.write(encode_varint_prefixed(await read_varint_prefixed_bytes(stream)))
        await stream.close()

    async def sleep(stream: INetStream) -> None:
        await trio.sleep_forever()

    async def stumble(stream: INetStream) -> None:
        raise RuntimeError("some fault that a stranger found")

    host.set_stream_handler(ECHO, echo)  # type: ignore[arg-type]  # its protocols are text too
    host.set_stream_handler(SINK, sleep)  # type: ignore[arg-type]  # the same
    host.set_stream_handler(BOOM, stumble)  # type: ignore[arg-type]  # the same
    async with running_stock(host):
        address = str(host.get_addrs()[0])
        gone: dict[object, float] = host.get_network().auto_connector._recent_disconnects  # type: ignore[attr-defined]  # of the class, not the interface
        await report(address, lambda: len(gone) + len(host.get_peerstore().peer_ids()) - 1)


def build_ours(listen: str = ANYWHERE, key: bytes = b"") -> Libp2pTransport:
    """Our transport with the same protocols, and no more places."""
    settings = Libp2pSettings(key or random.randbytes(32), (listen,), (), CONNECTIONS_MAX)
    transport = Libp2pTransport(settings)

    async def echo(peer: PeerId, data: bytes) -> bytes:
        await trio.lowlevel.checkpoint()
        return data

    async def sleep(stream: INetStream) -> None:
        await trio.sleep_forever()

    async def stumble(stream: INetStream) -> None:
        raise RuntimeError("some fault that a stranger found")

    transport.serve(ECHO, echo, request_bytes=2**20)
    transport._host.set_stream_handler(SINK, sleep)  # type: ignore[arg-type]  # its protocols are text too
    transport._host.set_stream_handler(BOOM, stumble)  # type: ignore[arg-type]  # the same
    return transport


def count_remembered(transport: Libp2pTransport) -> int:
    """How many peers that are not here our transport knows about."""
    return len(transport._host.get_peerstore().peer_ids()) - 1 + len(transport._peers)


async def run_ours() -> None:
    transport = build_ours()
    transport.subscribe(TOPIC, lambda peer, data: Verdict.ACCEPT)
    async with transport.run():
        await report(transport.addresses[0], lambda: count_remembered(transport))


async def run_network() -> None:
    transport = Libp2pTransport(Libp2pSettings(random.randbytes(32), (ANYWHERE,)))
    chain = FakeChain(build_chain(300))
    network = Network(
        transport,
        chain,
        chain,
        NetworkSettings(COMMUNITY, 1, None),
        get_time_ms=lambda: time.time_ns() // 1_000_000,
        dice=random.Random(),
    )

    async def take_events() -> None:
        async for _ in network.events:
            pass

    async with network.run(), trio.open_nursery() as nursery:
        nursery.start_soon(take_events)
        await report(transport.addresses[0], lambda: count_remembered(transport))


if __name__ == "__main__":
    trio.run({"stock": run_stock, "ours": run_ours, "network": run_network}[sys.argv[1]])
