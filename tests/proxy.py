"""A line between two peers on this machine that can get stuck and go on."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import trio

SMALL_BYTES = 4_096  # of the receive buffer, so that a stuck line is felt soon


@dataclass
class Proxy:
    """Passes bytes on, in both directions, while it may."""

    port: int
    may_pass: trio.Event = field(default_factory=trio.Event)

    def stop(self) -> None:
        """Get stuck."""
        self.may_pass = trio.Event()

    def go_on(self) -> None:
        """Pass on what waits, and what comes."""
        self.may_pass.set()

    async def pass_on(self, source: trio.SocketStream, target: trio.SocketStream) -> None:
        """One direction of one connection."""
        try:
            while True:
                await self.may_pass.wait()
                data = await source.receive_some(65_536)
                await self.may_pass.wait()
                if not data:
                    break
                await target.send_all(data)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass
        await target.aclose()


@asynccontextmanager
async def running_proxy(target_port: int) -> AsyncIterator[Proxy]:
    """A proxy in front of a port on this machine."""
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    listener.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BYTES)
    proxy = Proxy(listener.socket.getsockname()[1])
    proxy.go_on()
    ends: list[trio.SocketStream] = []
    async with listener, trio.open_nursery() as nursery:

        async def serve() -> None:
            while True:
                inbound = await listener.accept()
                outbound = await trio.open_tcp_stream("127.0.0.1", target_port)
                ends.extend((inbound, outbound))
                nursery.start_soon(proxy.pass_on, inbound, outbound)
                nursery.start_soon(proxy.pass_on, outbound, inbound)

        nursery.start_soon(serve)
        try:
            yield proxy
        finally:
            nursery.cancel_scope.cancel()
            for end in ends:
                end.socket.close()
