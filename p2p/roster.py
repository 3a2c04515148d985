"""Who is connected, how each behaves, and who may come in: slots, rates, blame, bans.

Some places are kept for peers that the operator named or the node vouches for. Of the others no
host may take more than its share, and when the house is full the host with the most guests gives
one up for a host with fewer. Blame fades; too much of it disconnects and bans.
"""

import random
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import trio

from p2p.addresses import get_host
from p2p.book import Book
from p2p.rates import Bucket, build_bucket
from p2p.transport import PeerId, PeerInfo
from p2p.view import Misbehaviour, PeerView
from p2p.wire import Head, Progress

BAN_AT: Final = 90.0
FORGIVEN_PER_SECOND: Final = 1 / 6  # all is forgiven after ten minutes
# What each kind of misbehaviour costs. What cannot happen by accident bans at the second time
# within a minute.
COSTS: Final = {
    Misbehaviour.MALFORMED: 50.0,
    Misbehaviour.INVALID: 25.0,
    Misbehaviour.WRONG_BODY: 50.0,
    Misbehaviour.INVALID_BLOCK: 100.0,
    Misbehaviour.WRONG_COMMUNITY: 100.0,
    Misbehaviour.EMPTY_PROMISE: 20.0,
    Misbehaviour.FLOOD: 10.0,
    Misbehaviour.SLOW: 2.0,
}
BAN_SECONDS: Final = 600.0  # the first time; each further one lasts twice as long
BAN_SECONDS_MAX: Final = 86_400.0
KEPT_BAN_SECONDS: Final = 60.0  # a peer of the operator's choice: a pause, so that nothing spins
STANDINGS_MAX: Final = 1_024  # blame is remembered for so many peers that have gone

# The transport reads no peer faster than that, so that an honest one is never blamed for a burst;
# the bytes are several times what a full community says.
GOSSIP_PER_SECOND: Final = 250.0
GOSSIP_BYTES_PER_SECOND: Final = 2.0 * 1_024 * 1_024
QUESTIONS_PER_SECOND: Final = 50.0
ANSWER_BYTES_PER_SECOND: Final = 8.0 * 1_024 * 1_024  # a fast line's worth; answers wait, not fail
BURST_SECONDS: Final = 5.0


class Places(NamedTuple):
    """How many may be here at once."""

    peers_max: int
    kept: int  # of these, for peers that are named or vouched for
    outbound: int  # of these, for connections we look for ourselves
    per_host: int


@dataclass(eq=False)
class Peer:
    """A connected peer and what it has told and asked."""

    info: PeerInfo
    since: float  # when it was admitted
    gossip: Bucket
    gossip_bytes: Bucket
    questions: Bucket
    answer_bytes: Bucket
    scope: trio.CancelScope | None = None  # of the task that talks to it, once there is one
    head: Head | None = None
    head_since: float = 0.0
    progress: Progress | None = None
    told: tuple[str, ...] = ()  # what it says its addresses are
    addresses: tuple[str, ...] = ()  # what of that can be believed
    offset_ms: int | None = None
    round_trip_ms: int | None = None
    silent: int = 0  # questions about its status that it left unanswered in a row
    asking: dict[str, trio.Lock] = field(default_factory=dict)
    answering: Counter[str] = field(default_factory=Counter)


class _Standing(NamedTuple):
    blame: float
    at: float


class Roster:
    """The doorkeeper: knows who is here and how they behave."""

    def __init__(
        self,
        own: PeerId,
        book: Book,
        places: Places,
        dice: random.Random,
        get_time_ms: Callable[[], int],
    ) -> None:
        self._own = own
        self._book = book
        self._places = places
        self._dice = dice
        self._get_time_ms = get_time_ms
        self._standings: OrderedDict[PeerId, _Standing] = OrderedDict()
        self._kept: set[PeerId] = set()
        self.peers: dict[PeerId, Peer] = {}
        self.departed: list[Peer] = []  # whose affairs are still to be settled
        self.unwanted: dict[PeerId, str] = {}  # to be disconnected, and why
        self.bans: dict[PeerId, float] = {}  # to be told to the transport, in seconds
        self.bell = trio.Event()  # rings when there is something in one of these

    def keep(self, peer: PeerId) -> None:
        """Keep a place for this peer from now on."""
        self._kept.add(peer)

    def is_kept(self, peer: PeerId) -> bool:
        """Whether a place is kept for the peer."""
        return peer in self._kept

    def admits(self, peer: PeerInfo) -> bool:
        """Whether a newcomer finds a place; if so it is on the list from this moment."""
        if peer.id == self._own or self._book.is_banned(peer.id, self._get_time_ms()):
            return False
        if peer.id in self.peers:
            self.peers[peer.id].info = peer
            return True
        if not self._has_place(peer):
            return False
        self.welcome(peer)
        return True

    def _has_place(self, peer: PeerInfo) -> bool:
        if peer.id in self._kept:
            return len(self.peers) < self._places.peers_max or self._make_room(peer)
        guests = [p for p in self.peers.values() if p.info.id not in self._kept]
        if not peer.inbound:
            return len(guests) < self._places.peers_max - self._places.kept
        inbound = [p for p in guests if p.info.inbound]
        host = get_host(peer.address)
        if sum(get_host(p.info.address) == host for p in inbound) >= self._places.per_host:
            return False
        room = self._places.peers_max - self._places.kept - self._places.outbound
        return len(inbound) < room or self._make_room(peer)

    def _make_room(self, newcomer: PeerInfo) -> bool:
        """Give up the worst guest of the host with most guests, if that is fairer."""
        guests = [
            peer
            for peer in self.peers.values()
            if peer.info.inbound
            and peer.info.id not in self._kept
            and peer.info.id not in self.unwanted
        ]
        crowd = Counter(get_host(peer.info.address) for peer in guests)
        host = get_host(newcomer.address)
        if not guests:
            return False
        worst = max(
            guests,
            key=lambda p: (
                crowd[get_host(p.info.address)],
                self.get_blame(p.info.id),
                p.since,
            ),
        )
        fairer = crowd[get_host(worst.info.address)] > crowd[host] + 1
        if not fairer and newcomer.id not in self._kept:
            return False
        self.dismiss(worst.info.id, "its place was needed")
        return True

    def welcome(self, info: PeerInfo) -> Peer:
        """Put a peer on the list."""
        now = trio.current_time()

        def build(per_second: float) -> Bucket:
            return build_bucket(per_second, per_second * BURST_SECONDS, now)

        peer = Peer(
            info,
            now,
            build(GOSSIP_PER_SECOND),
            build(GOSSIP_BYTES_PER_SECOND),
            build(QUESTIONS_PER_SECOND),
            build(ANSWER_BYTES_PER_SECOND),
        )
        self.peers[info.id] = peer
        return peer

    def left(self, peer: PeerId) -> None:
        """A peer has gone: its place is free from this moment."""
        gone = self.peers.pop(peer, None)
        if gone is not None:
            self.departed.append(gone)
            self.bell.set()

    def dismiss(self, peer: PeerId, reason: str) -> None:
        """Have a peer disconnected."""
        self.unwanted[peer] = reason
        self.bell.set()

    def get_blame(self, peer: PeerId) -> float:
        """What is not yet forgiven."""
        standing = self._standings.get(peer)
        if standing is None:
            return 0.0
        return max(0.0, standing.blame - (trio.current_time() - standing.at) * FORGIVEN_PER_SECOND)

    def blame(self, peer: PeerId, reason: str) -> None:
        """A peer broke the rules below our messages."""
        self._add_blame(peer, COSTS[Misbehaviour.MALFORMED], reason)

    def report(self, peer: PeerId, misbehaviour: Misbehaviour) -> None:
        """A peer broke the rules of our messages."""
        self._add_blame(peer, COSTS[misbehaviour], misbehaviour.value)

    def takes_gossip(self, peer: PeerId, size_bytes: int) -> bool:
        """Whether a message of gossip is within a peer's share; else it is blamed."""
        known, now = self.peers.get(peer), trio.current_time()
        if known is None:
            return False  # it has been shown out
        if known.gossip.take(1, now) and known.gossip_bytes.take(size_bytes, now):
            return True
        self.report(peer, Misbehaviour.FLOOD)
        return False

    def _add_blame(self, peer: PeerId, cost: float, reason: str) -> None:
        if peer == self._own or peer in self.bans:
            return
        blame = self.get_blame(peer) + cost
        if blame >= BAN_AT:
            most = KEPT_BAN_SECONDS if peer in self._kept else BAN_SECONDS_MAX
            self.bans[peer] = self._book.ban(
                peer, min(BAN_SECONDS, most), most, self._get_time_ms()
            )
            self.unwanted[peer] = reason
            self.bell.set()
            blame = 0.0
        self._standings[peer] = _Standing(blame, trio.current_time())
        self._standings.move_to_end(peer)
        if len(self._standings) > STANDINGS_MAX:
            self._standings.popitem(last=False)

    def count_outbound(self) -> int:
        """How many connections we made ourselves."""
        return sum(not peer.info.inbound for peer in self.peers.values())

    def get_views(self) -> Sequence[PeerView]:
        """The peers as operators see them."""
        return [
            PeerView(
                peer.info.id,
                peer.info.address,
                peer.info.inbound,
                peer.info.id in self._kept,
                peer.head,
                round(self.get_blame(peer.info.id)),
                peer.offset_ms,
                peer.round_trip_ms,
            )
            for peer in self.peers.values()
        ]

    def get_ranked(self) -> list[Peer]:
        """Peers that have told their head, by the score they claim, highest first; ties by lot."""
        heads = [peer for peer in self.peers.values() if peer.head is not None]
        self._dice.shuffle(heads)
        return sorted(heads, key=lambda peer: peer.head.score if peer.head else 0, reverse=True)
