"""The state that one task owns: chain, mempool, consensus, seat, and what waits to be done.

Only the core's task changes it, by the functions of branches, production and effects; between any
two awaits it is whole, so that what is asked synchronously gets a true answer.
"""

from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, Protocol

import trio

from chain.block import BlockParts, SealedBlock
from chain.certificates import Certificate
from chain.header import BlockHash, Header
from chain.ledger import Execution, Ledger
from chain.policy import AccountId
from chain.proof import Checkpoint
from chain.transaction import SealedTransaction
from chain.votes import SignedHere, SignedVote, Vote
from consensus.effects import Effect
from consensus.engine import is_wanted, step
from consensus.events import Event, HeadChanged
from consensus.forkchoice import BlockFacts
from consensus.state import Consensus
from node.board import Board
from node.chainkeeper import ChainKeeper
from node.clock import GenesisClock
from node.decisions import find_moved
from node.events import BlockApplied, BlockUndone, TransactionDropped
from node.exchange.desk import SetOffDesk
from node.keys import SeatHolder
from node.logs import Log
from node.mempool import BYTES_MAX, Mempool
from node.signatures import KnownSignatures
from p2p.rates import Bucket
from p2p.transport import PeerId
from p2p.view import Event as NetworkEvent
from p2p.view import Misbehaviour
from p2p.wire_votes import FinalityRequest, NewestRequest, VotesRequest, WitnessesRequest
from p2p.wire_warp import HandOffsRequest

# What was judged between two looks of the core's task: votes of two rounds of the largest set.
PENDING_MAX: Final = 1_024

VoteKey = tuple[BlockHash, AccountId, type[Vote], int]

# Runs a function in a worker thread, or in a simulation right here.
RunInThread = Callable[..., Awaitable[Any]]


class Outside(Protocol):
    """The network as the core uses it; ``p2p.network.Network`` satisfies it."""

    @property
    def events(self) -> trio.MemoryReceiveChannel[NetworkEvent]:
        """What happened out there."""
        ...

    async def announce_block(self, block: SealedBlock, certificate: Certificate | None) -> None:
        """Tell everybody about a block of our own, with the certificate that its header names."""
        ...

    def say_vote(self, vote: SignedVote) -> None:
        """Tell everybody of a vote of our own."""
        ...

    def say_here(self, here: SignedHere) -> None:
        """Tell everybody that our seat attends."""
        ...

    def ask_finality(self, peer: PeerId, question: FinalityRequest) -> None:
        """Ask a peer what is final above what we have."""
        ...

    def ask_votes(self, peer: PeerId, question: VotesRequest) -> None:
        """Ask a peer for the votes from a round on."""
        ...

    def ask_newest(self, question: NewestRequest) -> None:
        """Ask all peers for the newest messages of a seat."""
        ...

    def ask_witnesses(self, peer: PeerId, question: WitnessesRequest) -> None:
        """Ask a peer who is guilty of a contradiction."""
        ...

    def ask_way(self, peer: PeerId, question: HandOffsRequest) -> None:
        """Ask a peer which hand-offs lead on from a set."""
        ...

    def offer_transactions(self, transactions: Iterable[SealedTransaction]) -> None:
        """Pass on transactions of our own members."""
        ...

    def report(self, peer: PeerId, misbehaviour: Misbehaviour) -> None:
        """Blame a peer."""
        ...

    def wake_sync(self) -> None:
        """Look whether somebody has a better chain, or the blocks that we lack."""
        ...


class DraftedBlock(NamedTuple):
    """A block of our own before it is signed."""

    header: Header
    header_bytes: bytes
    execution: Execution
    transactions: tuple[SealedTransaction, ...]
    parts: BlockParts


class Search(NamedTuple):
    """Where a peer's sets part from ours: what it knows of ours, by place from the first one on."""

    claimed: BlockHash  # the peer's own set
    known: int  # up to here it goes on as we do; -1: not known yet
    unknown: int  # from here on it does not
    asked: int | None = None  # the place of the question that is under way


def _wait(*_: object) -> None:
    """Before the task runs there is nobody to tell; what is better then is found again."""


@dataclass(slots=True)
class Passage:
    """What a way from one head to another leaves behind and takes up. Bounded by what may wait.

    A way may be thousands of blocks long, so blocks themselves are not kept. When there is too
    much, the newest goes: what is older must be done first.
    """

    included: set[bytes] = field(default_factory=set)  # ids
    abandoned: deque[SealedTransaction] = field(default_factory=deque)  # oldest first
    abandoned_bytes: int = 0

    def leave(self, transactions: Sequence[SealedTransaction]) -> None:
        """Take note of an undone block, which is older than all that were undone before it."""
        for sealed in reversed(transactions):
            self.abandoned.appendleft(sealed)
            self.abandoned_bytes += len(sealed.whole_bytes)
        while self.abandoned_bytes > BYTES_MAX:
            self.abandoned_bytes -= len(self.abandoned.pop().whole_bytes)

    def take_up(self, transactions: Sequence[SealedTransaction]) -> None:
        """Take note of an applied block."""
        self.included.update(sealed.id for sealed in transactions)


@dataclass(slots=True)
class Owner:
    """Everything the core's task owns."""

    keeper: ChainKeeper
    mempool: Mempool
    consensus: Consensus
    clock: GenesisClock
    known: KnownSignatures
    seat: SeatHolder | None
    board: Board
    log: Log
    run_in_thread: RunInThread
    outside: Outside | None = None
    trusted: Checkpoint | None = None  # by the operator; None: the genesis
    # Begins to replay another chain beside ours: from this block of ours, up these of the tree.
    replace_chain: Callable[[BlockFacts, list[BlockFacts]], None] = _wait
    announce: Callable[[SealedBlock], None] = _wait
    # Of branches that part from ours where we have no way back: the first block of each, refused.
    out_of_reach: dict[BlockHash, None] = field(default_factory=dict)
    drafted: DraftedBlock | None = None
    setoff: SetOffDesk = field(default_factory=SetOffDesk)
    bodies: dict[BlockHash, SealedBlock] = field(default_factory=dict)  # of blocks that wait
    pending: deque[Event] = field(default_factory=lambda: deque(maxlen=PENDING_MAX))
    wake_ms: int = 0
    # Of announcements: blocks of a seat and slot. Of peers: signatures that failed, as a rate.
    announced: dict[tuple[AccountId, int], tuple[BlockHash, ...]] = field(default_factory=dict)
    doubts: dict[PeerId, Bucket] = field(default_factory=dict)
    voted: dict[VoteKey, tuple[Vote, ...]] = field(default_factory=dict)  # what seats said of late
    searches: dict[PeerId, Search] = field(default_factory=dict)  # for where their sets part
    acquainted: set[PeerId] = field(default_factory=set)  # whom we asked for votes since they came

    @property
    def ledger(self) -> Ledger:
        """The ledger of the chain that is followed."""
        return self.keeper.ledger

    def is_wanted(self, block_hash: BlockHash) -> bool:
        """Whether the block is neither on our chain, nor in the tree, nor known to be bad."""
        return is_wanted(self.consensus, block_hash) and (
            self.keeper.find_canonical(block_hash) is None
        )

    def change_head(self, passage: "Passage") -> list[Effect]:
        """Let mempool and consensus follow the ledger; returns what consensus wants then."""
        self.mempool.follow(self.ledger, passage.included, passage.abandoned)
        return step(self.consensus, HeadChanged(self.clock.get_ms(), self.keeper.get_position()))

    def tell_applied(self, block: SealedBlock, seconds: float, *, produced_here: bool) -> None:
        """Count a block that was applied, and tell subscribers."""
        header, tally = block.header, self.board.tally
        tally.transactions_applied += len(block.transactions)
        if produced_here:
            tally.blocks_produced += 1
        else:
            tally.blocks_imported += 1
            tally.import_seconds += seconds
        names = tuple(sealed.id for sealed in block.transactions)
        self.board.publish(
            BlockApplied(
                header.height, header.slot, block.hash, header.seat, names, produced_here, seconds
            )
        )
        for moved in find_moved(self.ledger, block):
            self.board.publish(moved)

    def tell_undone(self, block: SealedBlock) -> None:
        """Tell subscribers of a block that was taken back."""
        names = tuple(sealed.id for sealed in block.transactions)
        self.board.publish(BlockUndone(block.header.height, block.hash, names))

    def tell_dropped(self) -> None:
        """Tell subscribers what has left the mempool without a block."""
        for dropped in self.mempool.take_dropped():
            self.board.publish(TransactionDropped(dropped.id, dropped.code))

    def report(self, peer: PeerId, misbehaviour: Misbehaviour) -> None:
        """Blame a peer, if there is a network to tell it to."""
        if self.outside is not None:
            self.outside.report(peer, misbehaviour)
