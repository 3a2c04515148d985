"""The network as the node uses it: gossip, fetching, sync and peers put together over a transport.

``Network.run`` listens and speaks until its context ends. What happens comes out of ``events``,
one bounded channel; what the node wants goes in through a few methods. It keeps no chain of its
own: it asks the node's ``ChainView`` and ``Judges``.
"""

import random
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final, NamedTuple

import trio
from msgspec.structs import replace

from chain.block import SealedBlock
from chain.certificates import Certificate
from chain.header import SignedHeader
from chain.transaction import SealedTransaction
from chain.votes import SignedHere, SignedVote
from p2p.ask import Ask
from p2p.book import Book
from p2p.fetch import Fetcher
from p2p.gossip import Gossip
from p2p.keeper import Keeper, parse_configured
from p2p.past import Past, PastFetcher
from p2p.roster import Places, Roster
from p2p.serve import Server
from p2p.sync import Sync
from p2p.transport import PeerId, Transport
from p2p.view import (
    ChainView,
    Event,
    Judges,
    Misbehaviour,
    PeerStatusChanged,
    PeerView,
    SyncProgress,
)
from p2p.votes import Votes
from p2p.warp import Shelf, Taker, Warp
from p2p.wire import PEERS, STATUS, STATUS_ADDRESSES_MAX, PeersAnswer, PeersRequest, Status
from p2p.wire_votes import FinalityRequest, NewestRequest, VotesRequest, WitnessesRequest
from p2p.wire_warp import HandOffsRequest

# What waits for the node. A block is at most 1 MiB and three or four times that when decoded, so
# this bounds what a node that is busy can be made to hold.
EVENTS_WAITING_MAX: Final = 16


class NetworkSettings(NamedTuple):
    """What an operator may set, beside the transport's own settings."""

    community: bytes  # chain id: the hash of the genesis
    genesis_version: int
    book_path: Path | None  # the address book's file; None keeps it in memory
    peers: tuple[str, ...] = ()  # configured addresses: always wanted, their places are kept
    outbound_target: int = 8  # connections we look for ourselves
    peers_max: int = 48
    kept_slots: int = 8  # of peers_max, for configured peers and those vouched for
    per_host: int = 8  # inbound connections from one address: a village behind one router
    status_seconds: float = 5.0  # how often peers tell each other their heads
    past_blocks_per_second: int = 100  # at most, where blocks before a snapshot are fetched


class Network:
    """Everything between the node and other nodes."""

    events: trio.MemoryReceiveChannel[Event]

    def __init__(
        self,
        transport: Transport,
        view: ChainView,
        judges: Judges,
        settings: NetworkSettings,
        *,
        get_time_ms: Callable[[], int],  # wall clock, for bans, the book's ages and offsets
        dice: random.Random,  # jitter and choice among peers
        shelf: Shelf | None = None,  # what we hand to those who begin with a snapshot
        taker: Taker | None = None,  # if we may begin with one ourselves
        past: Past | None = None,  # if the blocks before it are fetched afterwards
    ) -> None:
        """Raises ValueError when a configured peer's address is none."""
        configured = parse_configured(settings.peers)
        self._transport = transport
        self._view = view
        self._settings = settings
        self._configured = configured
        self._tell, self.events = trio.open_memory_channel[Event](EVENTS_WAITING_MAX)
        self._book = book = Book(settings.book_path, dice)
        places = _build_places(settings)
        self._roster = Roster(transport.id, book, places, dice, get_time_ms)
        self._ask = Ask(transport, self._roster, settings.community)
        self._fetcher = Fetcher(self._ask, view, self._roster, self._tell, dice)
        self._gossip = Gossip(
            transport, self._roster, judges, settings.community, self._tell_now, self._fetcher
        )
        self._votes = Votes(
            transport, self._roster, judges, self._ask, settings.community, self._tell
        )
        self._warp = None if taker is None else Warp(self._ask, self._roster, taker, dice)
        self._sync = Sync(
            self._ask,
            view,
            judges,
            self._roster,
            self._fetcher,
            self._tell,
            dice,
            self._is_warping,
        )
        self._past = None if past is None else self._build_past(past, dice)
        self._keeper = Keeper(
            transport,
            self._roster,
            book,
            configured,
            outbound_target=places.outbound,
            status_seconds=settings.status_seconds,
            ask_status=self._ask_status,
            ask_peers=self._ask_peers,
            tell=self._tell_now,
            get_time_ms=get_time_ms,
            is_ours=self._is_ours,
            dice=dice,
        )
        server = Server(view, self._roster, self._fetcher, self._keeper, self._get_status, shelf)
        server.open(transport, settings.community)
        transport.guard(self._roster)

    def _build_past(self, past: Past, dice: random.Random) -> PastFetcher:
        pace = self._settings.past_blocks_per_second
        return PastFetcher(self._ask, self._roster, past, pace, dice, self._is_catching_up)

    @asynccontextmanager
    async def run(self) -> AsyncIterator[None]:
        """Listen and speak until the context ends; then nothing is left open."""
        async with self._transport.run(), trio.open_nursery() as nursery:
            nursery.start_soon(self._fetcher.run)
            nursery.start_soon(self._gossip.run)
            nursery.start_soon(self._votes.run)
            nursery.start_soon(self._sync.run)
            if self._warp is not None:
                nursery.start_soon(self._warp.run)
            if self._past is not None:
                nursery.start_soon(self._past.run)
            nursery.start_soon(self._keeper.run)
            try:
                yield
            finally:
                nursery.cancel_scope.cancel()

    @property
    def id(self) -> PeerId:
        """Our own name."""
        return self._transport.id

    @property
    def addresses(self) -> Sequence[str]:
        """Where others can reach us, once we run."""
        return self._transport.addresses

    async def announce_block(
        self, block: SealedBlock, certificate: Certificate | None = None
    ) -> None:
        """Tell everybody about a block of our own making, and hold it ready for those who ask.

        ``certificate``: the one that its header names.
        """
        self._fetcher.remember(block)
        announced = SignedHeader(block.header, block.block.signature)
        await self._gossip.announce(announced, certificate)

    def say_vote(self, vote: SignedVote) -> None:
        """Tell everybody of a vote of our own seat."""
        self._votes.say_vote(vote)

    def say_here(self, here: SignedHere) -> None:
        """Tell everybody that our own seat attends."""
        self._votes.say_here(here)

    def ask_finality(self, peer: PeerId, question: FinalityRequest) -> None:
        """Ask a peer for what is final above what we have; ``FinalityShown`` comes in any case."""
        self._votes.ask_finality(peer, question)

    def ask_votes(self, peer: PeerId, question: VotesRequest) -> None:
        """Ask a peer for the votes of a round; ``VotesShown`` comes if it answers."""
        self._votes.ask_votes(peer, question)

    def ask_newest(self, question: NewestRequest) -> None:
        """Ask all peers for the newest of a seat; ``NewestShown`` for each that answers."""
        self._votes.ask_newest(question)

    def ask_witnesses(self, peer: PeerId, question: WitnessesRequest) -> None:
        """Ask a peer who is guilty of a contradiction; ``WitnessesShown`` comes if it answers."""
        self._votes.ask_witnesses(peer, question)

    def ask_way(self, peer: PeerId, question: HandOffsRequest) -> None:
        """Ask a peer which hand-offs lead on from a set; ``WayShown`` comes in any case."""
        self._votes.ask_way(peer, question)

    def offer_transactions(self, transactions: Iterable[SealedTransaction]) -> None:
        """Queue transactions of our own members; they leave in bundles within 0.1 s."""
        self._gossip.offer(transactions)

    def report(self, peer: PeerId, misbehaviour: Misbehaviour) -> None:
        """Blame a peer; enough blame disconnects and bans it for a while."""
        self._roster.report(peer, misbehaviour)

    def vouch(self, peer: PeerId) -> None:
        """Keep a place for this peer from now on: it belongs to a seat or is well known to us."""
        self._roster.keep(peer)

    def wake_sync(self) -> None:
        """Look at once whether somebody has a better chain, not only at the next second."""
        self._sync.wake()

    def get_peers(self) -> Sequence[PeerView]:
        """Whom we are connected to."""
        return self._roster.get_views()

    def get_sync_progress(self) -> SyncProgress:
        """How far we are behind what peers claim."""
        return self._sync.get_progress()

    def is_cut_off(self) -> bool:
        """Whether there are peers to be reached, and none has told us yet how far it is."""
        is_alone = not any(peer.head is not None for peer in self._roster.peers.values())
        return is_alone and (bool(self._configured) or self._book.has_met())

    def _is_warping(self) -> bool:
        return self._warp is not None and self._warp.is_due()

    def _is_catching_up(self) -> bool:
        return self._is_warping() or self._sync.get_progress().syncing

    def _tell_now(self, event: Event) -> None:
        """Tell the node if there is room; what is told so can be lost and comes again."""
        if isinstance(event, PeerStatusChanged):
            self._sync.wake()
        with suppress(trio.WouldBlock):
            self._tell.send_nowait(event)

    def _get_status(self) -> Status:
        addresses = tuple(self.addresses[:STATUS_ADDRESSES_MAX])
        return replace(self._view.get_status(), addresses=addresses)

    def _is_ours(self, status: Status) -> bool:
        settings = self._settings
        return (status.community, status.genesis_version) == (
            settings.community,
            settings.genesis_version,
        )

    async def _ask_status(self, peer: PeerId) -> Status:
        return await self._ask(peer, STATUS, self._get_status())

    async def _ask_peers(self, peer: PeerId) -> PeersAnswer:
        return await self._ask(peer, PEERS, PeersRequest())


def _build_places(settings: NetworkSettings) -> Places:
    quarter = settings.peers_max // 4  # a small house still has room for guests
    return Places(
        settings.peers_max,
        min(settings.kept_slots, quarter),
        min(settings.outbound_target, quarter),
        settings.per_host,
    )
