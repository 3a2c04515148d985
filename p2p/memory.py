"""The network in memory: bad lines from a seed, no sockets, deterministic under a mock clock.

Whatever the lines do follows from the seed and from what is sent: loss, delay, duplicates. A
partition drops what crosses it, silently, as a cut cable does. It keeps the promises of
``Transport`` and nothing below them: no handshakes, no frames.
"""

import random
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count
from typing import Final, NamedTuple

import trio

from p2p.transport import (
    Doorkeeper,
    Handler,
    Judge,
    PeerId,
    PeerInfo,
    TransportError,
    Verdict,
)

PREFIX: Final = "/memory/"
DIAL_SECONDS: Final = 5.0  # how long a dial over a cut line takes to fail
SEEN_MESSAGES_MAX: Final = 4_096  # twice what gossip of a minute brings in the largest tests
LETTERS_WAITING_MAX: Final = 4_096  # beyond it messages are lost, as in any queue


class Lines(NamedTuple):
    """How bad the lines are."""

    loss: float = 0.0  # share of messages, and of requests, that never arrive
    duplicates: float = 0.0  # share of messages that arrive twice
    delay_seconds: tuple[float, float] = (0.0, 0.0)  # one way, drawn evenly for each message


class _Letter(NamedTuple):
    due: float
    number: int  # letters due at one moment arrive in the order they were sent
    sender: PeerId
    topic: str
    message: tuple[PeerId, int]  # who published it, and which of its messages it is
    data: bytes


class MemoryNetwork:
    """All the lines between memory transports."""

    def __init__(self, seed: int, lines: Lines = Lines()) -> None:  # noqa: B008 - immutable
        self.lines = lines
        self.nodes: dict[PeerId, MemoryTransport] = {}
        self.numbers = count()
        self._seed = seed
        self._dice: dict[tuple[PeerId, PeerId], random.Random] = {}
        self._islands: tuple[frozenset[PeerId], ...] = ()

    def split(self, *islands: Iterable[str]) -> None:
        """Cut every line between peers of different islands, and to peers on none."""
        self._islands = tuple(frozenset(PeerId(name) for name in island) for island in islands)

    def heal(self) -> None:
        """Mend all lines."""
        self._islands = ()

    def is_cut(self, one: PeerId, other: PeerId) -> bool:
        """Whether nothing passes between the two."""
        return bool(self._islands) and not any(
            one in island and other in island for island in self._islands
        )

    def get_dice(self, sender: PeerId, receiver: PeerId) -> random.Random:
        """The chance of one line in one direction: other lines do not disturb it."""
        line = (sender, receiver)
        if line not in self._dice:
            self._dice[line] = random.Random(f"{self._seed}/{sender}/{receiver}")  # noqa: S311 - lines are not secrets
        return self._dice[line]

    def draw_delay(self, sender: PeerId, receiver: PeerId) -> float:
        """Seconds that the next message of this line takes."""
        return self.get_dice(sender, receiver).uniform(*self.lines.delay_seconds)


@dataclass
class _Call:
    """A request under way: answered when ``done`` is set, refused when there is no answer."""

    answer: bytes | None = None
    refusal: str = "the peer went away"
    done: trio.Event = field(default_factory=trio.Event)


class MemoryTransport:
    """One peer of a memory network. Its address is its name."""

    def __init__(self, network: MemoryNetwork, name: str) -> None:
        self._network = network
        self._id = PeerId(name)
        self._judges: dict[str, Judge] = {}
        self._handlers: dict[str, tuple[Handler, int]] = {}
        self._doorkeeper: Doorkeeper | None = None
        self._peers: dict[PeerId, PeerInfo] = {}
        self._banned_until: dict[PeerId, float] = {}
        self._seen: OrderedDict[tuple[PeerId, int], None] = OrderedDict()
        self._letters: list[_Letter] = []
        self._post_arrived = trio.Event()
        self._nursery: trio.Nursery | None = None

    @property
    def id(self) -> PeerId:
        """Our own name."""
        return self._id

    @property
    def addresses(self) -> Sequence[str]:
        """Our one address; empty before ``run``."""
        return () if self._nursery is None else (PREFIX + self._id,)

    @asynccontextmanager
    async def run(self) -> AsyncIterator[None]:
        """Be reachable until the context ends."""
        assert self._id not in self._network.nodes
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            self._network.nodes[self._id] = self
            nursery.start_soon(self._deliver_letters)
            try:
                yield
            finally:
                del self._network.nodes[self._id]
                for peer in list(self._peers):
                    self._part(peer)
                self._letters.clear()
                self._nursery = None
                nursery.cancel_scope.cancel()

    def guard(self, doorkeeper: Doorkeeper) -> None:
        """Ask this doorkeeper from now on."""
        self._doorkeeper = doorkeeper

    def subscribe(self, topic: str, judge: Judge) -> None:
        """Receive a topic's messages through ``judge``."""
        assert topic not in self._judges
        self._judges[topic] = judge

    def serve(self, protocol: str, handler: Handler, *, request_bytes: int) -> None:
        """Answer requests of at most so many bytes."""
        assert protocol not in self._handlers
        self._handlers[protocol] = (handler, request_bytes)

    async def connect(self, address: str) -> PeerId:
        """Reach a peer by its name. Raises TransportError."""
        peer = PeerId(address.removeprefix(PREFIX))
        if not address.startswith(PREFIX) or peer == self._id:
            raise TransportError(f"{address} is no address of another peer here")
        await trio.lowlevel.checkpoint()
        if peer in self._peers:
            return peer
        await trio.sleep(self._network.draw_delay(self._id, peer))
        other = self._network.nodes.get(peer)
        if other is None:
            raise TransportError(f"nobody answers at {address}")
        if self._network.is_cut(self._id, peer):
            await trio.sleep(DIAL_SECONDS)
            raise TransportError(f"no way to {address}")
        theirs = PeerInfo(self._id, PREFIX + self._id, inbound=True)
        ours = PeerInfo(peer, address, inbound=False)
        if peer not in self._peers:
            if not self._welcomes(ours):
                raise TransportError(f"{address} is not welcome")
            self._peers[peer] = ours
            if not other._welcomes(theirs):  # noqa: SLF001 - the other end of the line
                self._lose(peer)
                raise TransportError(f"we are not welcome at {address}")
            other._peers[self._id] = theirs  # noqa: SLF001 - the other end of the line
        return peer

    def _welcomes(self, peer: PeerInfo) -> bool:
        if self._banned_until.get(peer.id, 0.0) > trio.current_time():
            return False
        return self._doorkeeper is None or self._doorkeeper.admits(peer)

    async def disconnect(self, peer: PeerId) -> None:
        """Close the connection to a peer, if there is one."""
        self._part(peer)
        await trio.lowlevel.checkpoint()

    def _part(self, peer: PeerId) -> None:
        if peer in self._peers:
            self._lose(peer)
            other = self._network.nodes.get(peer)
            if other is not None:
                other._lose(self._id)  # noqa: SLF001 - the other end of the line

    def _lose(self, peer: PeerId) -> None:
        if self._peers.pop(peer, None) is not None and self._doorkeeper is not None:
            self._doorkeeper.left(peer)

    def get_peers(self) -> Sequence[PeerInfo]:
        """Whom we are connected to."""
        return tuple(self._peers.values())

    async def ban(self, peer: PeerId, seconds: float, reason: str) -> None:  # noqa: ARG002 - nobody logs here
        """Disconnect a peer and refuse it for a while."""
        self._banned_until[peer] = trio.current_time() + seconds
        await self.disconnect(peer)

    async def publish(self, topic: str, data: bytes) -> None:
        """Tell everybody who listens."""
        message = (self._id, next(self._network.numbers))
        self._remember(message)
        self._send_letters(topic, message, data, but=self._id)
        await trio.lowlevel.checkpoint()

    def _send_letters(
        self, topic: str, message: tuple[PeerId, int], data: bytes, *, but: PeerId
    ) -> None:
        for peer in self._peers:
            other = self._network.nodes.get(peer)
            if peer == but or other is None or topic not in other._judges:  # noqa: SLF001 - its twin
                continue
            dice, lines = self._network.get_dice(self._id, peer), self._network.lines
            copies = 0 if dice.random() < lines.loss else 1
            copies += copies * (dice.random() < lines.duplicates)
            for _ in range(copies):
                due = trio.current_time() + self._network.draw_delay(self._id, peer)
                number = next(self._network.numbers)
                other._accept_letter(  # noqa: SLF001 - the other end of the line
                    _Letter(due, number, self._id, topic, message, data)
                )

    def _accept_letter(self, letter: _Letter) -> None:
        if len(self._letters) < LETTERS_WAITING_MAX:
            heappush(self._letters, letter)
            self._post_arrived.set()

    async def _deliver_letters(self) -> None:
        """One task delivers all letters, so that their order does not hang on the scheduler."""
        while True:
            due = self._letters[0].due if self._letters else float("inf")
            if due > trio.current_time():
                self._post_arrived = trio.Event()
                with trio.move_on_at(due):
                    await self._post_arrived.wait()
                continue
            self._read_letter(heappop(self._letters))
            await trio.lowlevel.checkpoint()

    def _read_letter(self, letter: _Letter) -> None:
        if letter.sender not in self._peers or self._network.is_cut(letter.sender, self._id):
            return
        if letter.message in self._seen:
            return
        verdict = self._judges[letter.topic](letter.sender, letter.data)
        if verdict is not Verdict.IGNORE:
            self._remember(letter.message)
        if verdict is Verdict.ACCEPT:
            self._send_letters(letter.topic, letter.message, letter.data, but=letter.sender)

    def _remember(self, message: tuple[PeerId, int]) -> None:
        self._seen[message] = None
        if len(self._seen) > SEEN_MESSAGES_MAX:
            self._seen.popitem(last=False)

    async def request(
        self, peer: PeerId, protocol: str, data: bytes, *, answer_bytes: int, timeout_seconds: float
    ) -> bytes:
        """One question, one answer of at most so many bytes. Raises TransportError."""
        call = _Call()
        with trio.move_on_after(timeout_seconds) as deadline:
            await self._cross(peer)
            other = self._network.nodes.get(peer)
            if other is None or peer not in self._peers:
                raise TransportError(f"not connected to {peer}")
            other._answer_call(self._id, protocol, data, call)  # noqa: SLF001 - its twin
            await call.done.wait()
            await self._cross(peer)
        if deadline.cancelled_caught:
            raise TransportError(f"{peer} did not answer within {timeout_seconds} s")
        if call.answer is None:
            raise TransportError(f"{peer} refused: {call.refusal}")
        if len(call.answer) > answer_bytes:
            raise TransportError(f"{peer} answered with {len(call.answer)} bytes")
        return call.answer

    async def _cross(self, peer: PeerId) -> None:
        """Pass a line once; over a cut one, and when bad luck has it, never."""
        if peer not in self._peers:
            await trio.lowlevel.checkpoint()
            raise TransportError(f"not connected to {peer}")
        await trio.sleep(self._network.draw_delay(self._id, peer))
        lost = self._network.get_dice(self._id, peer).random() < self._network.lines.loss
        if lost or self._network.is_cut(self._id, peer):
            await trio.sleep_forever()

    def _answer_call(self, caller: PeerId, protocol: str, data: bytes, call: _Call) -> None:
        if self._nursery is None or protocol not in self._handlers:
            call.refusal = f"it does not speak {protocol}"
            call.done.set()
            return
        handler, request_bytes = self._handlers[protocol]
        if len(data) > request_bytes:
            call.refusal = f"a request of {len(data)} bytes"
            call.done.set()
            return
        self._nursery.start_soon(self._handle_call, handler, caller, data, call)

    async def _handle_call(
        self, handler: Handler, caller: PeerId, data: bytes, call: _Call
    ) -> None:
        try:
            call.answer = await handler(caller, data)
        except TransportError as refusal:
            call.refusal = str(refusal)
        finally:
            call.done.set()
