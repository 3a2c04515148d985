"""What consensus knows: our head and seat, the tree, the guard, and what waits. Data, no decisions.

``engine.step`` changes it and nothing else does; blocks, signing and votes are functions over it in
rooms of their own.
"""

from dataclasses import dataclass, field
from enum import Enum
from typing import Final, NamedTuple

from chain.parameters import Constants
from chain.policy import AccountId
from chain.proof import Checkpoint
from consensus.arrivals import Arrivals
from consensus.effects import Concern, Effect, Warn
from consensus.forkchoice import Tree
from consensus.gadget import Gadget, build_gadget
from consensus.guard import ClockGuard
from consensus.journal import Journal, find_newest_record
from consensus.producer import Position, Prove, Turn
from consensus.sets import VoterSet, build_voters

NEAR_SLOTS: Final = 8  # a head no older than this is not worth waiting for a better one


class Signing(Enum):
    """Whether the node signs, and if not, why."""

    SIGNS = "signs"
    NO_SEAT = "no_seat"
    STOPPED = "stopped"  # something was decided that cannot be
    REFUSED = "refused"  # the key signs elsewhere
    NOT_IN_SET = "not_in_set"
    ASKING = "asking"  # others may know newer messages of ours than the journal
    LISTENING = "listening"  # just started, and far behind the clock
    GUARDED = "guarded"  # others' messages say that our clock is wrong
    WAITS_FOR_OPERATOR = "waits_for_operator"
    CATCHING_UP = "catching_up"


class OwnSeat(NamedTuple):
    """Our seat: its public keys, a way to prove VRF inputs, and what it has signed.

    ``lost``: there was no journal, or none that could be read; ``journal`` is an empty one then.
    """

    id: AccountId
    vote_key: bytes
    vrf_key: bytes
    prove: Prove
    journal: Journal
    lost: bool = False


class Settings(NamedTuple):
    """What never changes while a node runs."""

    chain: bytes
    constants: Constants

    @property
    def slot_ms(self) -> int:
        """The length of a slot."""
        return self.constants.slot_seconds * 1_000


class Rest(NamedTuple):
    """A time without anything planned, and how many certificates waited when it began."""

    since_ms: int
    until_ms: int
    waiting: int


@dataclass(slots=True)
class Consensus:
    """The state of the machine."""

    settings: Settings
    seat: OwnSeat | None
    position: Position
    advanced: Position  # the same, with the randomness of the epoch we are in
    tree: Tree
    gadget: Gadget
    awaits: Checkpoint | None = None  # the operator's, while our chain has not come to its block
    guard: ClockGuard = field(default_factory=ClockGuard)
    arrivals: Arrivals = field(default_factory=Arrivals)
    journal: Journal | None = None
    stored: Journal | None = None  # as it was last told to be written
    key_used_elsewhere: bool = False
    listen_until_ms: int | None = None  # None: not started, what was kept is still being read
    synced_slot: int | None = None  # in which sync last brought an old block
    primaries_seen: set[int] = field(default_factory=set)
    turn: Turn | None = None  # above the present head in ``turn_slot``
    turn_slot: int | None = None  # None: to be computed
    drafting: Turn | None = None
    primary_slot: int | None = None  # of which we are primary and have signed nothing yet
    signing: Signing = Signing.SIGNS  # as last told
    told: set[Concern] = field(default_factory=set)
    heads_since_prune: int = 0
    blocks_since_prune: int = 0
    rest: Rest | None = None  # None: whatever comes may change what is planned
    slot_ms: int = field(init=False)

    def __post_init__(self) -> None:
        self.slot_ms = self.settings.slot_ms  # asked many times of every event

    def get_slot(self, time_ms: int) -> int:
        """The slot of a time; negative before genesis."""
        return time_ms // self.slot_ms

    def is_behind(self, slot: int) -> bool:
        """Whether our head is much older than the clock."""
        return self.position.head.slot < slot - NEAR_SLOTS

    def tell_once(self, concern: Concern, figure: int) -> list[Effect]:
        """Warn of something that goes on, the first time."""
        if concern in self.told:
            return []
        self.told.add(concern)
        return [Warn(concern, figure)]


def build_consensus(
    settings: Settings,
    position: Position,
    seat: OwnSeat | None,
    voters: VoterSet | None = None,
) -> Consensus:
    """The state of a node that has opened its chain and heard nothing yet.

    ``voters``: the set of the newest hand-off that is known to be final; without it that of the
    position's base.
    """
    if voters is None:
        voters = build_position_voters(position)
    record = find_newest_record(seat.journal, settings.chain) if seat else None
    state = Consensus(
        settings=settings,
        seat=seat,
        position=position,
        advanced=position,
        tree=Tree(position.head, position.score, position.recorded),
        gadget=build_gadget(voters, record),
        journal=seat.journal if seat else None,
        stored=seat.journal if seat else None,
    )
    state.gadget.recovery.has_no_journal = seat is not None and seat.lost
    state.tree.set_root(state.gadget.lock.hash, state.gadget.lock.height)
    return state


def build_position_voters(position: Position) -> VoterSet:
    """The set that makes blocks above the head."""
    return build_voters(position.base, position.base_slot, position.base_height, position.entries)
