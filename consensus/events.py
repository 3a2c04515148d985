"""What consensus hears, and what it wants done: events and effects, all of them data.

Time comes in every event as milliseconds since genesis and may be negative. Effects are carried out
in the order in which they stand; above all, a journal is stored before a header is signed.
"""

from enum import Enum
from typing import NamedTuple

from chain.header import BlockHash
from chain.policy import AccountId
from consensus.forkchoice import BlockFacts
from consensus.journal import Journal
from consensus.producer import Position, Turn


class Started(NamedTuple):
    """The node has taken up what it kept and is about to meet others; nothing is signed before."""

    time_ms: int


class Ticked(NamedTuple):
    """Time has passed, at least up to the last Wake."""

    time_ms: int


class HeaderSeen(NamedTuple):
    """A live header of a seat came. The signature is right; ``kind``: PRIMARY only if proven."""

    time_ms: int
    seat: AccountId
    slot: int
    kind: int


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


class HeadChanged(NamedTuple):
    """The chain that is followed ends elsewhere now, by whatever cause."""

    time_ms: int
    position: Position


class ChainReplaced(NamedTuple):
    """Another chain took the place of ours, from further back than blocks can be undone."""

    time_ms: int
    position: Position


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
    GUARDED = "guarded"  # listening since this slot
    WAITS_FOR_OPERATOR = "waits_for_operator"  # median offset in milliseconds
    KEY_USED_ELSEWHERE = "key_used_elsewhere"  # slot that we did not sign
    PAUSE_TOO_LONG = "pause_too_long"  # epochs


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
    | Missed
    | Wake
    | Warn
)
