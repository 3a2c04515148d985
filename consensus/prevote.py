"""Whether our seat prevotes in a round, and for what: a pure reading of what it knows.

Every reason not to vote has a name; the first that applies is told. Nothing is changed here.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from enum import Enum
from typing import Final, NamedTuple

from chain.header import SECONDARY, BlockHash
from chain.parameters import Constants
from chain.votes import Prevote
from consensus.forkchoice import BlockFacts, Tree
from consensus.journal import Activation, SetRecord
from consensus.sets import Checkpoint, VoterSet, compute_level

# The longer finality stands still, the rarer the rounds, so that slow messages meet: 2^k slots.
_BACK_OFF_SLOTS: Final = (8, 32, 128, 512)
_BACK_OFF_SEATS: Final = (64, 128)  # many seats vote in every second or fourth slot only


class Skip(Enum):
    """Why no prevote is sent in a round."""

    ALREADY_VOTED = "already_voted"  # or may have, before the journal was lost
    JUSTIFIED_ALREADY = "justified_already"
    OFF_GRID = "off_grid"
    SILENT_UNTIL_NEWER = "silent_until_newer"  # the journal was lost, and nothing newer justified
    NOTICE_TOO_YOUNG = "notice_too_young"  # the key was released, but the chain must know long
    NOT_ON_LOCK = "not_on_lock"  # our head does not stand on what is justified: we are behind
    OWN_BASE = "own_base"  # nothing above the set's hand-off yet, which belongs to the set before


class Ground(NamedTuple):
    """All that a prevote depends on. ``alone``: our seat decides by itself."""

    chain: bytes
    constants: Constants
    voters: VoterSet
    record: SetRecord
    activation: Activation | None
    notice_slot: int | None
    alone: bool
    tree: Tree
    head: BlockHash
    lock: Checkpoint
    final: Checkpoint


def compute_grid(round_: int, final_round: int, seats: int) -> int:
    """k: prevotes are sent in rounds that 2^k divides."""
    gap = round_ - final_round
    return max(bisect_right(_BACK_OFF_SLOTS, gap), bisect_left(_BACK_OFF_SEATS, seats))


def find_target(
    tree: Tree, head: BlockHash, lock: Checkpoint, voters: VoterSet, round_: int, grid: int
) -> BlockFacts | None:
    """The block to prevote for; None: the head does not stand on what is justified.

    The newest block of the head's chain that is old enough for the grid, no secondary of the slot
    itself, not below what is justified, and not above the set's first hand-off.
    """
    target = None
    for facts in tree.climb_down(head):
        if facts.height < lock.height:
            return None
        too_new = facts.slot > round_ - 2**grid + 1
        competing = facts.slot == round_ and facts.kind == SECONDARY
        at_lock = facts.height == lock.height
        if target is None and (at_lock or not (too_new or competing)):
            target = facts
        if target is not None and facts.hands_off and facts.hash != voters.base:
            target = facts
        if at_lock:
            return target if facts.hash == lock.hash else None
    # The tree ends above what is justified, which our own chain has; but where the set has handed
    # over in between, the hand-off itself must be seen, for nothing above it is this set's to vote.
    is_own = target is not None and voters.base in (target.base, target.hash)
    return target if is_own else None


def compute_prevote(ground: Ground, round_: int) -> Prevote | Skip:
    """Our prevote of a round, or the reason for none."""
    for skip, applies in _SKIPS.items():
        if applies(ground, round_):
            return skip
    lock, voters = ground.lock, ground.voters
    grid = get_grid(ground, round_)
    target = find_target(ground.tree, ground.head, lock, voters, round_, grid)
    if target is None:
        return Skip.NOT_ON_LOCK
    if target.hash == voters.base and target.height > 0:
        return Skip.OWN_BASE
    if not _is_notice_old(ground, target, round_):
        return Skip.NOTICE_TOO_YOUNG
    recorded = ground.tree.get_recorded(target.hash)
    recorded_round = recorded.round if recorded.set == voters.base else voters.base_slot
    return Prevote(
        chain=ground.chain,
        set=voters.base,
        round=round_,
        level=compute_level(voters, ground.constants, round_, lock, recorded_round),
        source_hash=lock.hash,
        source_round=lock.round,
        target_hash=target.hash,
        target_height=target.height,
    )


def get_grid(ground: Ground, round_: int) -> int:
    """K of the round."""
    return compute_grid(round_, ground.final.round, len(ground.voters.entries))


def get_release_slots(constants: Constants) -> int:
    """How long a key without its journal is silent before its operator may release it."""
    return constants.release_epochs * constants.slots_per_epoch


def _is_notice_old(ground: Ground, target: BlockFacts, round_: int) -> bool:
    """Whether the chain has long known that a released key may contradict itself.

    As long as ``chain.rules.evidence`` asks for: what is signed earlier is not excused.
    """
    activation = ground.activation
    if activation is None or activation.round or ground.lock.round > activation.released_round:
        return True
    if ground.alone:
        return True
    notice_slot = ground.notice_slot
    return (
        notice_slot is not None
        and notice_slot <= target.slot
        and notice_slot + ground.constants.transaction_life_slots <= round_
    )


def _is_silent(ground: Ground, _round: int) -> bool:
    activation = ground.activation
    return activation is not None and 0 < activation.round >= ground.lock.round


# What forbids a prevote of a round whatever its target would be; the first that applies is told.
_SKIPS: Final[dict[Skip, Callable[[Ground, int], bool]]] = {
    Skip.ALREADY_VOTED: lambda ground, round_: round_ <= ground.record.prevote_round,
    Skip.JUSTIFIED_ALREADY: lambda ground, round_: round_ <= ground.lock.round,
    Skip.OFF_GRID: lambda ground, round_: round_ % 2 ** get_grid(ground, round_) != 0,
    Skip.SILENT_UNTIL_NEWER: _is_silent,
}
