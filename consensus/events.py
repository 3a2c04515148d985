"""What consensus hears, and what it wants done: events and effects, all of them data.

Time comes in every event as milliseconds since genesis and may be negative. Effects are carried out
in the order in which they stand; above all, a journal is stored before a header is signed.
"""

from enum import Enum
from typing import NamedTuple

from chain.certificates import Certificate
from chain.header import BlockHash, SignedHeader
from chain.policy import AccountId
from chain.records import Evidence
from chain.votes import Here, SignedHere, SignedVote, Vote
from consensus.catchup import Claim, HandOffStep, Request
from consensus.forkchoice import NOTHING_RECORDED, BlockFacts, Recorded
from consensus.journal import Journal
from consensus.parting import AskWitnesses, PartingShown, WitnessesShown
from consensus.pool import Newest
from consensus.producer import Position, Turn
from consensus.sets import Checkpoint, VoterSet


class Started(NamedTuple):
    """The node has taken up what it kept and is about to meet others; nothing is signed before."""

    time_ms: int


class Ticked(NamedTuple):
    """Time has passed, at least up to the last Wake."""

    time_ms: int


class HeaderSeen(NamedTuple):
    """A live header of a seat, rightly signed. ``kind``: PRIMARY only if proven. ``signed``: it."""

    time_ms: int
    seat: AccountId
    slot: int
    kind: int
    signed: SignedHeader | None = None


class BlockHeld(NamedTuple):
    """A block whose header its seat signed and whose body matches. ``live``: not from sync."""

    time_ms: int
    facts: BlockFacts
    size_bytes: int
    live: bool


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


Event = (
    Started
    | Ticked
    | HeaderSeen
    | BlockHeld
    | AnchorShown
    | HeadChanged
    | ChainReplaced
    | BlockRefused
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
    | PartingShown
    | WitnessesShown
    | PeerClaimed
    | Answered
    | NewestShown
    | VotesWanted
    | ReleaseCommanded
)


class Place(NamedTuple):
    """The block has its place in the tree: keep its body."""

    hash: BlockHash


class Forget(NamedTuple):
    """These blocks are of no use now: drop their bodies. They may come again."""

    blocks: tuple[BlockFacts, ...]


class FetchParents(NamedTuple):
    """A block waits for one that we do not hold."""


class Follow(NamedTuple):
    """Make this block the head: undo and execute what lies between."""

    hash: BlockHash


class Draft(NamedTuple):
    """Put together the block of this turn, and come back with its header."""

    turn: Turn


class StoreJournal(NamedTuple):
    """Write the journal whole and safely; nothing after this may be done before it is."""

    journal: Journal


class SignHeader(NamedTuple):
    """Sign the header that was drafted, make its block the head and tell everybody."""

    header: bytes


class SignVote(NamedTuple):
    """Sign this vote, which the journal holds, tell everybody, and bring it in as ``VoteSeen``.

    Signatures are deterministic: what is signed again is the same message.
    """

    body: Vote


class SignHere(NamedTuple):
    """Sign that we attend a roll-call, tell everybody, and bring it in as ``HereSeen``."""

    body: Here


class KeepCertificate(NamedTuple):
    """A certificate of which we had none: keep it and serve it, whoever made it."""

    certificate: Certificate


class Finalised(NamedTuple):
    """A higher block is final, and all below it."""

    set: BlockHash
    checkpoint: Checkpoint


class SetEntered(NamedTuple):
    """A hand-off is final: from now on votes are those of its set."""

    set: BlockHash


class TellOffence(NamedTuple):
    """A seat has signed what contradicts itself: keep the proof, and pass it on."""

    evidence: Evidence


class TellConflict(NamedTuple):
    """Two decisions contradict each other. Keep both; told again when more guilty are known."""

    first: Certificate
    second: Certificate
    guilty: tuple[AccountId, ...]


class AskNewest(NamedTuple):
    """Ask all peers, until it comes no more, for the newest messages of our own seat they saw."""


class Ask(NamedTuple):
    """Ask one peer; it answers with certificates or hand-offs, then ``Answered``."""

    peer: str
    request: Request


class Missed(NamedTuple):
    """Our seat was primary of this slot and signed nothing."""

    slot: int


class Wake(NamedTuple):
    """Come back at this time, or when something happens."""

    time_ms: int


class Concern(Enum):
    """What an operator should hear of, with one figure each."""

    CLOCK_OFF = "clock_off"  # median offset in milliseconds
    CLOCK_JUMPED = "clock_jumped"
    DATED_AHEAD = "dated_ahead"  # blocks that wait for their slot from now on
    GUARDED = "guarded"  # listening since this slot
    WAITS_FOR_OPERATOR = "waits_for_operator"  # median offset in milliseconds
    KEY_USED_ELSEWHERE = "key_used_elsewhere"  # slot that we did not sign
    PAUSE_TOO_LONG = "pause_too_long"  # epochs
    JOURNAL_LOST = "journal_lost"  # the round above which the seat may vote again
    FINALITY_STANDS = "finality_stands"  # slots since the last final round
    FINALITY_CONFLICT = "finality_conflict"  # seats that contradict themselves
    JUSTIFIED_BUT_INVALID = "justified_but_invalid"  # round
    RELEASE_REFUSED = "release_refused"  # slots until it may be asked for again; 0: no notice
    RELEASED = "released"  # the round above which the seat votes


class Warn(NamedTuple):
    """Tell the operator."""

    concern: Concern
    figure: int


Effect = (
    Place
    | Forget
    | FetchParents
    | Follow
    | Draft
    | StoreJournal
    | SignHeader
    | SignVote
    | SignHere
    | KeepCertificate
    | Finalised
    | SetEntered
    | TellOffence
    | TellConflict
    | AskNewest
    | Ask
    | AskWitnesses
    | Missed
    | Wake
    | Warn
)
