"""What consensus wants done: effects, all of them data; ``consensus.events`` is what it hears.

They are carried out in the order in which they stand; above all, a journal is stored before a
header is signed.
"""

from enum import Enum
from typing import NamedTuple

from chain.certificates import Certificate
from chain.header import BlockHash
from chain.policy import AccountId
from chain.records import Evidence
from chain.votes import Here, Vote
from consensus.catchup import Request
from consensus.forkchoice import BlockFacts
from consensus.journal import Journal
from consensus.producer import Turn
from consensus.sets import Checkpoint


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


class AskWitnesses(NamedTuple):
    """Ask a peer for justifications of this round, or of later ones from an earlier source."""

    peer: str
    set: BlockHash
    round: int


OfFinality = (
    KeepCertificate
    | Finalised
    | SetEntered
    | TellOffence
    | TellConflict
    | AskNewest
    | Ask
    | AskWitnesses
)


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
    | OfFinality
    | Missed
    | Wake
    | Warn
)
