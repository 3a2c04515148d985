"""The stock library at work: ``python -m tests.stock_faults NAME``, and its faults.

None needs an attacker. Each prints what the library did. A process of its own each, since our
mends, once applied, hold for the whole process.
"""

import socket
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import trio
import trio.lowlevel
from libp2p.abc import INetStream
from libp2p.crypto.ed25519 import create_new_key_pair
from libp2p.exceptions import BaseLibp2pError
from libp2p.host.ping import ID as PING
from libp2p.io.utils import read_exactly
from libp2p.network.exceptions import SwarmException
from libp2p.peer.peerinfo import PeerInfo, info_from_p2p_addr
from libp2p.protocol_muxer.multiselect_communicator import MultiselectCommunicator
from libp2p.utils.varint import encode_varint_prefixed, read_varint_prefixed_bytes
from multiaddr import Multiaddr

from tests.proxy import running_proxy
from tests.victim import ANYWHERE, ECHO, TOPIC, build_stock_host, running_stock

STREAMS = 24  # to be written to at once
STREAM_BYTES = 250_000  # within the first credit; all together more than a socket buffers


def count_open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@dataclass(eq=False)
class Flood:
    """A reader that always has more."""

    data: bytes

    async def read(self, length: int | None = None) -> bytes:
        await trio.lowlevel.checkpoint()
        data, self.data = self.data[:length], self.data[length:]
        return data


async def read_any_name() -> str:
    """A protocol's name of 4 MiB, before any handshake."""
    name = b"/" * 2**22 + b"\n"
    read = await MultiselectCommunicator(Flood(encode_varint_prefixed(name))).read()  # type: ignore[arg-type]  # it only reads
    return str(len(read))


async def lose_gossip() -> str:
    """A hundred messages at once, between two hosts."""
    one, other = build_stock_host(), build_stock_host()
    async with running_stock(one) as speaker, running_stock(other) as listener:
        await one.connect(info_from_p2p_addr(other.get_addrs()[0]))
        await speaker.wait_for_subscription(other.get_id(), TOPIC)
        await trio.sleep(2)
        for number in range(100):
            await speaker.publish(TOPIC, b"%d" % number)
        heard = 0
        with trio.move_on_after(3):
            async for _ in listener.subscribed_topics_receive[TOPIC]:
                heard += 1
    return str(heard)


async def refuse_to_dial_again() -> str:
    """A peer that was not there when first dialled, and is a moment later."""
    keys = create_new_key_pair()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = Multiaddr(f"/ip4/127.0.0.1/tcp/{free.getsockname()[1]}")
    one, other = build_stock_host(), build_stock_host(keys)
    info = PeerInfo(other.get_id(), [address])
    async with one.run([Multiaddr(ANYWHERE)]):
        with suppress(SwarmException):
            await one.connect(info)
        async with other.run([address]):
            try:
                await one.connect(info)
            except SwarmException as error:
                return "blocked" if "recently failed" in str(error) else str(error)
    return "dialled"


async def share_a_port() -> str:
    """Two hosts that listen at one port."""
    one, other = build_stock_host(), build_stock_host()
    async with one.run([Multiaddr(ANYWHERE)]):
        address = Multiaddr(str(one.get_addrs()[0]).partition("/p2p/")[0])
        async with other.run([address]):
            return "shared" if other.get_addrs() else "refused"


async def leave_sockets_open() -> str:
    """Two hosts that were connected when their time was up."""
    before = count_open_files()
    with trio.CancelScope() as scope:
        one, other = build_stock_host(), build_stock_host()
        async with one.run([Multiaddr(ANYWHERE)]), other.run([Multiaddr(ANYWHERE)]):
            await one.connect(info_from_p2p_addr(other.get_addrs()[0]))
            scope.cancel()
            await trio.lowlevel.checkpoint()
    await trio.sleep(0.5)
    return "open" if count_open_files() > before else "closed"


async def cut_frames() -> str:
    """Writes that are given up while the line is stuck; then the line is good again."""
    one, other = build_stock_host(), build_stock_host()

    async def echo(stream: INetStream) -> None:
        await stream.write(encode_varint_prefixed(await read_varint_prefixed_bytes(stream)))

    other.set_stream_handler(ECHO, echo)  # type: ignore[arg-type]  # its protocols are text too
    async with one.run([Multiaddr(ANYWHERE)]), other.run([Multiaddr(ANYWHERE)]):
        port = int(str(other.get_addrs()[0]).split("/")[4])
        async with running_proxy(port) as proxy:
            address = f"/ip4/127.0.0.1/tcp/{proxy.port}/p2p/{other.get_id()}"
            await one.connect(info_from_p2p_addr(Multiaddr(address)))
            await trio.sleep(0.5)
            streams = [await one.new_stream(other.get_id(), [ECHO]) for _ in range(STREAMS)]  # type: ignore[list-item]  # its protocols are text too
            proxy.stop()
            with trio.move_on_after(1):
                async with trio.open_nursery() as nursery:
                    for stream in streams[1:]:
                        nursery.start_soon(stream.write, b"\xff" * STREAM_BYTES)
            proxy.go_on()
            answer = b""
            with trio.move_on_after(4), suppress(BaseLibp2pError):
                await streams[0].write(encode_varint_prefixed(b"again"))
                answer = await read_varint_prefixed_bytes(streams[0])
    return "whole" if answer == b"again" else "broken"


async def be_a_peer() -> str:
    """Meet a peer of ours as the library would: identify, ping, ask, gossip both ways."""
    host = build_stock_host()
    info = info_from_p2p_addr(Multiaddr(sys.argv[2]))
    async with running_stock(host) as pubsub:
        await host.connect(info)
        stream = await host.new_stream(info.peer_id, [ECHO])  # type: ignore[list-item]  # its protocols are text too
        await stream.write(encode_varint_prefixed(b"question"))
        await stream.close_write()  # type: ignore[attr-defined]  # of the class, not the interface
        answered = await read_varint_prefixed_bytes(stream)
        ping = await host.new_stream(info.peer_id, [PING])
        await ping.write(bytes(32))
        pinged = await read_exactly(ping, 32)
        identified: list[str] = []
        with trio.move_on_after(5):
            while ECHO not in identified:
                await trio.sleep(0.1)
                identified = host.get_peerstore().get_protocols(info.peer_id)
        heard = b""
        with trio.move_on_after(10):
            while heard != b"from ours":
                await pubsub.publish(TOPIC, b"from the library")
                with trio.move_on_after(0.3):
                    async for message in pubsub.subscribed_topics_receive[TOPIC]:
                        if message.data == b"from ours":
                            heard = message.data
                            break
    return f"{answered!r} {pinged == bytes(32)} {ECHO in identified} {heard!r}"


FAULTS = {
    "be_a_peer": be_a_peer,
    "read_any_name": read_any_name,
    "lose_gossip": lose_gossip,
    "refuse_to_dial_again": refuse_to_dial_again,
    "share_a_port": share_a_port,
    "leave_sockets_open": leave_sockets_open,
    "cut_frames": cut_frames,
}

if __name__ == "__main__":
    print("RESULT", trio.run(FAULTS[sys.argv[1]]), flush=True)
