"""What consensus hears: events, all of them data; ``consensus.effects`` is what it wants done.

Time comes in every event as milliseconds since genesis and may be negative.
"""

from typing import NamedTuple

from chain.certificates import Certificate, Finality, Justification
from chain.header import BlockHash, SignedHeader
from chain.policy import AccountId
from chain.votes import SignedHere, SignedVote
from consensus.catchup import Claim, HandOffStep
from consensus.forkchoice import NOTHING_RECORDED, BlockFacts, Recorded
from consensus.pool import Newest
from consensus.producer import Position, Turn
from consensus.sets import VoterSet


class Started(NamedTuple):
    """The node has taken up what it kept and is about to meet others; nothing is signed before."""

    time_ms: int


class Ticked(NamedTuple):
    """Time has passed, at least up to the last Wake."""

    time_ms: int


class HeaderSeen(NamedTuple):
    """A live header of a seat came. The signature is right; ``kind``: PRIMARY only if proven.

    ``signed``: the header itself, so that two of a slot can be shown to others.
    """

    time_ms: int
    seat: AccountId
    slot: int
    kind: int
    signed: SignedHeader | None = None


class BlockHeld(NamedTuple):
    """A block whose header its seat signed and whose body matches.

    ``live``: not from sync. ``kept``: it lay on our own disk at the start.
    """

    time_ms: int
    facts: BlockFacts
    size_bytes: int
    live: bool
    kept: bool = False


class AnchorShown(NamedTuple):
    """A block of our own chain, far below the head, on which a branch may stand."""

    time_ms: int
    facts: BlockFacts
    score: int
    recorded: Recorded = NOTHING_RECORDED


class HeadChanged(NamedTuple):
    """The chain that is followed ends elsewhere now, by whatever cause."""

    time_ms: int
    position: Position


class ChainReplaced(NamedTuple):
    """Another chain took the place of ours, from further back than blocks can be undone.

    ``voters``: the set in force, where the chain came with a proof that its hand-off is final.
    """

    time_ms: int
    position: Position
    voters: VoterSet | None = None


class PastHeld(NamedTuple):
    """The node holds all blocks now: branches that it could not go to before may be tried again."""

    time_ms: int


class BlockRefused(NamedTuple):
    """The rules refused a block that we hold; nothing above it can be followed."""

    time_ms: int
    hash: BlockHash


class Drafted(NamedTuple):
    """The header of a turn's block, not signed yet."""

    time_ms: int
    turn: Turn
    header: bytes


class ClockJumped(NamedTuple):
    """Wall and monotonic clock have parted by more than a slot."""

    time_ms: int


class OffsetMeasured(NamedTuple):
    """A peer's clock less ours, in milliseconds."""

    time_ms: int
    peer: str
    offset_ms: int


class PeerLeft(NamedTuple):
    """A peer has gone."""

    time_ms: int
    peer: str


class OperatorConfirmed(NamedTuple):
    """The operator says that the clock is right."""

    time_ms: int


class SetShown(NamedTuple):
    """The list that a hand-off block calls, known by executing that block or by its proof.

    Told before the head changes to the block or one above it. ``trusted``: our chain has come to
    the operator's checkpoint, and this set votes there, or above.
    """

    time_ms: int
    voters: VoterSet
    trusted: bool = False


class VoteSeen(NamedTuple):
    """A vote whose signature holds for its seat's key in its set; our own come by this door too.

    ``live``: as it was sent, not as an answer to what we asked.
    """

    time_ms: int
    vote: SignedVote
    live: bool


class HereSeen(NamedTuple):
    """A seat attends a roll-call; the signature is right."""

    time_ms: int
    here: SignedHere


class CertificateSeen(NamedTuple):
    """A certificate that holds for the list of its set: gossiped, announced, recorded or asked."""

    time_ms: int
    certificate: Certificate


class HandOffsShown(NamedTuple):
    """A peer's answer: hand-offs from a set that we know upwards, each checked by the one before.

    ``consensus.catchup.check_hand_offs`` checks them.
    """

    time_ms: int
    peer: str
    steps: tuple[HandOffStep, ...]


class PeerClaimed(NamedTuple):
    """A peer says how far it has come; nothing is believed, it decides whom to ask."""

    time_ms: int
    peer: str
    claim: Claim


class Answered(NamedTuple):
    """A peer's answer to a request of ours has been told in full, or it has failed."""

    time_ms: int
    peer: str
    good: bool


class NewestShown(NamedTuple):
    """An answer to ``AskNewest``: a seat, proven, shows the newest messages of ours it has seen.

    What is not 0 stands under our own signature.
    """

    time_ms: int
    seat: AccountId
    newest: Newest


class VotesWanted(NamedTuple):
    """Somebody asks for what we voted in a round."""

    time_ms: int
    round: int


class ReleaseCommanded(NamedTuple):
    """The operator wants a key that had lost its journal to vote again."""

    time_ms: int


class PartingShown(NamedTuple):
    """A set that is over has made something final that our own chain does not have.

    ``voters``: that set. ``justification`` and ``finality``: of the hand-off with which it has
    ended on our chain. ``witness``: the justification of the other block, if it came along.
    """

    time_ms: int
    voters: VoterSet
    justification: Justification
    finality: Finality
    other: Finality
    witness: Justification | None


class WitnessesShown(NamedTuple):
    """Justifications of the set in which decisions part, from our disk or a peer's. They hold."""

    time_ms: int
    justifications: tuple[Justification, ...]


Event = (
    Started
    | Ticked
    | HeaderSeen
    | BlockHeld
    | AnchorShown
    | HeadChanged
    | ChainReplaced
    | BlockRefused
    | PastHeld
    | Drafted
    | ClockJumped
    | OffsetMeasured
    | PeerLeft
    | OperatorConfirmed
    | SetShown
    | VoteSeen
    | HereSeen
    | CertificateSeen
    | HandOffsShown
    | PeerClaimed
    | Answered
    | NewestShown
    | VotesWanted
    | ReleaseCommanded
    | PartingShown
    | WitnessesShown
)
