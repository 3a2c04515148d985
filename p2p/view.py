"""What the network and the node say to each other: one view, three judges, a handful of events.

The node implements ``ChainView`` and ``Judges``; both are asked without awaiting and must answer
at once. The network tells what happened through one bounded channel of events. Nothing here
touches a socket or a disk.
"""

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple, Protocol

from chain.block import SealedBlock
from chain.certificates import Certificate
from chain.header import BlockHash, SignedHeader
from chain.proof import SetList
from chain.transaction import SealedTransaction
from chain.votes import SignedHere, SignedVote
from p2p.transport import PeerId, Verdict
from p2p.wire import Head, Progress, Status
from p2p.wire_votes import (
    FinalityAnswer,
    FinalityRequest,
    NewestAnswer,
    NewestRequest,
    VotesAnswer,
    VotesRequest,
    WitnessesAnswer,
    WitnessesRequest,
)
from p2p.wire_warp import HandOffsAnswer


class ChainView(Protocol):
    """What the node shows of its chain. Synchronous, cheap, never raising."""

    def get_status(self) -> Status:
        """Community, genesis version, head, and the wall clock now.

        The network puts in its own addresses; the node may leave them empty.
        """
        ...

    def get_locator(self) -> Sequence[BlockHash]:
        """Hashes of our own chain from the head down, ever sparser, the genesis hash last.

        At most ``wire.LOCATOR_MAX``; the newest ten one by one, then each step twice as far.
        """
        ...

    def has_block(self, block_hash: BlockHash) -> bool:
        """Whether the block is held, or known to be bad: whether fetching it would be a waste."""
        ...

    def get_headers(self, locator: Sequence[BlockHash], limit: int) -> Sequence[SignedHeader]:
        """Headers of our chain after the first hash of the locator that lies on it, ascending.

        Empty when none does. At most ``limit``.
        """
        ...

    def get_block(self, block_hash: BlockHash) -> bytes | None:
        """The whole bytes of a block, of whichever branch, or None."""
        ...

    def get_ancestors(self, block_hash: BlockHash, limit: int) -> Sequence[BlockHash]:
        """A block of our chain and those below it, downwards, as far as they are held.

        Empty when it is not on our chain. At most ``limit``.
        """
        ...

    def find_transaction(self, leaf_hash: bytes) -> SealedTransaction | None:
        """A waiting transaction by ``chain.block.compute_leaf_hash`` of its whole bytes, or None.

        Signatures are part of what is hashed: a transaction signed by other keys is another one.
        """
        ...

    def is_set_known(self, set_hash: BlockHash) -> bool:
        """Whether the list that this hand-off block calls is known here."""
        ...

    def get_finality(self, question: FinalityRequest) -> FinalityAnswer:
        """Hand-offs that lead on from a set, or what is newer in it; all within an answer."""
        ...

    def get_votes(self, question: VotesRequest) -> VotesAnswer:
        """The votes of a round that are held, our own among them if we voted."""
        ...

    def get_newest(self, question: NewestRequest) -> NewestAnswer:
        """The newest messages of a seat that were seen here, signed by our own seat."""
        ...

    def get_witnesses(self, question: WitnessesRequest) -> WitnessesAnswer:
        """What is kept of what a set has justified in a round, or over it; or what parts."""
        ...


class Judges(Protocol):
    """What the node says about a stranger's word before we pass it on. Synchronous, not raising."""

    def judge_transactions(
        self, peer: PeerId, transactions: tuple[SealedTransaction, ...]
    ) -> Verdict:
        """Transactions not met before. ACCEPT relays the bundle, REJECT counts against the peer."""
        ...

    def judge_header(self, peer: PeerId, announced: SignedHeader) -> Verdict:
        """A fresh header not met before: signature, set, election. ACCEPT relays and fetches."""
        ...

    def judge_branch(self, peer: PeerId, headers: tuple[SignedHeader, ...]) -> Verdict:
        """Linked headers after a block we hold, that a peer says are a better chain.

        The least is that their signatures are of the seats they name, as far as those are known
        here. REJECT blames the peer, IGNORE drops them without blame, ACCEPT fetches the bodies.
        """
        ...

    def judge_certificate(self, peer: PeerId, certificate: Certificate) -> Verdict:
        """The certificate that came with an announcement. IGNORE: it cannot be judged here.

        ACCEPT when it holds, whether or not it is news.
        """
        ...

    def judge_vote(self, peer: PeerId, vote: SignedVote) -> Verdict:
        """A vote not met before: known set, its seat, a round near the clock, signature."""
        ...

    def judge_here(self, peer: PeerId, here: SignedHere) -> Verdict:
        """An attendance not met before: round near the clock, known seat, signature."""
        ...


class TransactionsArrived(NamedTuple):
    """Transactions that the judge accepted. Dropped when the channel is full: gossip is lossy."""

    peer: PeerId
    transactions: tuple[SealedTransaction, ...]


class BlockArrived(NamedTuple):
    """A block whose body matches its header; nothing else is checked.

    ``live``: its header was announced and accepted by the judge; such blocks are dropped when the
    channel is full, and sync brings them. Otherwise sync fetched it: those come in the order of
    their heights, each after its parent, and wait for room in the channel.
    """

    peer: PeerId
    block: SealedBlock
    live: bool


class PeerStatusChanged(NamedTuple):
    """A peer came or is further; ``head`` is None when it went. Dropped when full."""

    peer: PeerId
    head: Head | None
    progress: Progress | None = None


class OffsetMeasured(NamedTuple):
    """A peer's clock minus ours, by the mid-point of one request. Dropped when full."""

    peer: PeerId
    offset_ms: int
    round_trip_ms: int


class PeerBanned(NamedTuple):
    """A peer is refused for a while, for the last of its offences. Dropped when full."""

    peer: PeerId
    seconds: float
    reason: str


class ListShown(NamedTuple):
    """The list that a header calls, of a chain that sync brings; it has the header's root.

    Comes before the blocks above that header. Waits for room.
    """

    peer: PeerId
    header: SignedHeader
    entries: SetList


class FinalityShown(NamedTuple):
    """A peer's answer to what we asked about finality; None: it failed. Waits for room."""

    peer: PeerId
    answer: FinalityAnswer | None


class VotesShown(NamedTuple):
    """Votes that we asked for. Waits for room."""

    peer: PeerId
    answer: VotesAnswer


class NewestShown(NamedTuple):
    """A peer's answer about the newest messages of our seat. Waits for room."""

    peer: PeerId
    question: NewestRequest
    answer: NewestAnswer


class WitnessesShown(NamedTuple):
    """A peer's answer about a contradiction, and who is guilty of it. Waits for room."""

    peer: PeerId
    question: WitnessesRequest
    answer: WitnessesAnswer


class WayShown(NamedTuple):
    """A peer's answer to which hand-offs lead on from a set; None: it failed. Waits for room."""

    peer: PeerId
    answer: HandOffsAnswer | None


# Answers to what the node has asked.
AnswerShown = ListShown | FinalityShown | VotesShown | NewestShown | WitnessesShown | WayShown

Event = (
    TransactionsArrived
    | BlockArrived
    | PeerStatusChanged
    | OffsetMeasured
    | PeerBanned
    | AnswerShown
)


class Misbehaviour(Enum):
    """What a peer can be blamed for; p2p/peers.py says what each costs."""

    MALFORMED = "sent bytes that are not what the protocol asks for"
    INVALID = "passed on what it should have refused"
    WRONG_BODY = "sent a body that does not match its header"
    INVALID_BLOCK = "sent a block that the rules refuse"
    WRONG_COMMUNITY = "belongs to another community, or to other rules"
    EMPTY_PROMISE = "claimed a better chain and did not show it"
    FLOOD = "sent more than its share"
    SLOW = "did not answer in time"


class SyncProgress(NamedTuple):
    """How far we are: ``target_height`` is what the peers claim, 0 when nobody is known."""

    syncing: bool
    height: int
    target_height: int


class PeerView(NamedTuple):
    """A peer as operators see it."""

    id: PeerId
    address: str
    inbound: bool
    kept: bool  # configured, or vouched for: its place is reserved
    head: Head | None
    score: int
    offset_ms: int | None
    round_trip_ms: int | None
