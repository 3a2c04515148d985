"""What we ask of a network, in few methods. Two twins keep it: libp2p, and one in memory.

Gossip is lossy by nature and says so; requests are answered or fail within their deadline. Whoever
uses a transport trusts nothing that comes out of it.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from enum import Enum
from typing import NamedTuple, NewType, Protocol

PeerId = NewType("PeerId", str)


class Verdict(Enum):
    """What becomes of a gossiped message; only ACCEPT is passed on to others."""

    ACCEPT = "accept"
    IGNORE = "ignore"  # a duplicate, or not for now: nobody is to blame
    REJECT = "reject"  # whoever passed this on should have known: it counts against the peer


class PeerInfo(NamedTuple):
    """A peer we are connected to."""

    id: PeerId
    address: str  # where we reached it, or it reached us from
    inbound: bool


class TransportError(Exception):
    """A peer could not be reached, did not answer in time, or answered what it may not."""


# Called without awaiting for every new message of a topic, before it is passed on. It does not
# raise: what it raises is a bug of ours, and ends ``run``.
Judge = Callable[[PeerId, bytes], Verdict]
# Answers one request; raising TransportError refuses it, anything else is a bug and ends ``run``.
Handler = Callable[[PeerId, bytes], Awaitable[bytes]]


class Doorkeeper(Protocol):
    """Who may stand in the house. Asked without awaiting, and not raising."""

    def admits(self, peer: PeerInfo) -> bool:
        """Whether a peer that has proven its name may stay. Asked before it can say anything."""
        ...

    def left(self, peer: PeerId) -> None:
        """A peer that was admitted has gone, or did not come in after all."""
        ...

    def blame(self, peer: PeerId, reason: str) -> None:
        """A peer broke the rules below our messages: frames, signatures, limits, rates."""
        ...


class Transport(Protocol):
    """Peers, gossip and requests. Everything is bounded in bytes, number and time."""

    @property
    def id(self) -> PeerId:
        """Our own name, which follows from our key."""
        ...

    @property
    def addresses(self) -> Sequence[str]:
        """Where others can reach us; empty before ``run``."""
        ...

    def run(self) -> AbstractAsyncContextManager[None]:
        """Listen and speak until the context ends; then nothing is left open."""
        ...

    def guard(self, doorkeeper: Doorkeeper) -> None:
        """Ask this doorkeeper from now on. Before ``run``; without one everybody is welcome."""
        ...

    def subscribe(self, topic: str, judge: Judge) -> None:
        """Receive a topic's messages through ``judge``. Before ``run``; once a topic."""
        ...

    def serve(self, protocol: str, handler: Handler, *, request_bytes: int) -> None:
        """Answer requests of at most so many bytes. Before ``run``; once a protocol."""
        ...

    async def connect(self, address: str) -> PeerId:
        """Reach a peer at an address that names it. Raises TransportError."""
        ...

    async def disconnect(self, peer: PeerId) -> None:
        """Close the connection to a peer, if there is one."""
        ...

    def get_peers(self) -> Sequence[PeerInfo]:
        """Whom we are connected to."""
        ...

    async def publish(self, topic: str, data: bytes) -> None:
        """Tell everybody who listens. Our own judge is not asked, and nothing is promised."""
        ...

    async def request(
        self, peer: PeerId, protocol: str, data: bytes, *, answer_bytes: int, timeout_seconds: float
    ) -> bytes:
        """One question, one answer of at most so many bytes. Raises TransportError."""
        ...

    async def ban(self, peer: PeerId, seconds: float, reason: str) -> None:
        """Disconnect a peer and refuse it for a while."""
        ...
