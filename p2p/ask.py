"""One question to one peer, encoded, timed and decoded; what is malformed is blamed on the peer.

A peer has one question of a kind in hand at a time: the next one waits for the answer.
"""

from typing import TypeVar

import trio

from chain.codec import Record, encode
from chain.errors import Invalid
from p2p.roster import Roster
from p2p.transport import PeerId, Transport, TransportError
from p2p.view import Misbehaviour
from p2p.wire import Exchange, get_name

Q = TypeVar("Q", bound=Record)
A = TypeVar("A", bound=Record)


class Ask:
    """Asks peers."""

    def __init__(self, transport: Transport, roster: Roster, community: bytes) -> None:
        self._transport = transport
        self._roster = roster
        self._community = community

    async def __call__(self, name: PeerId, exchange: Exchange[Q, A], question: Q) -> A:
        """The peer's answer. Raises TransportError."""
        peer = self._roster.peers.get(name)
        if peer is None:
            raise TransportError(f"not connected to {name}")
        async with peer.asking.setdefault(exchange.subject, trio.Lock()):
            data = await self._transport.request(
                name,
                get_name(self._community, exchange.subject),
                encode(question),
                answer_bytes=exchange.answer.limit_bytes,
                timeout_seconds=exchange.timeout_seconds,
            )
        try:
            return exchange.answer.decode(data)
        except Invalid as fault:
            self._roster.report(name, Misbehaviour.MALFORMED)
            raise TransportError(f"{name} answered nonsense: {fault}") from None
