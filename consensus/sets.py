"""Sets of voters, what they have justified and made final, and how much weight decides when.

A set is named by the hand-off block that called it. Its checkpoints rise by round; the first is the
hand-off block itself, which needs no certificate. Levels open with the time since finality.
"""

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from chain.certificates import Finality, Justification, compute_quorum, is_guarded
from chain.header import BlockHash
from chain.parameters import Constants
from chain.policy import AccountId
from chain.tables import SetEntry
from chain.votes import LEVEL_MAX

# The set in force, the one before it while its votes still come, those that branches hand off to,
# and those that a late node passes on its way.
SETS_KNOWN_MAX: Final = 48


@dataclass(frozen=True, slots=True)
class VoterSet:
    """The set that a hand-off block calls, by seat id; the genesis calls the first."""

    base: BlockHash
    base_slot: int
    base_height: int
    entries: tuple[SetEntry, ...]
    total_weight: int
    heaviest: int
    by_seat: dict[AccountId, SetEntry] = field(compare=False, repr=False)


class Checkpoint(NamedTuple):
    """A block that a set has justified, or made final; nil certificates: the set's base."""

    round: int
    level: int
    hash: BlockHash
    height: int
    justification: Justification | None
    finality: Finality | None


def build_voters(
    base: BlockHash, base_slot: int, base_height: int, entries: tuple[SetEntry, ...]
) -> VoterSet:
    """The set of a hand-off block."""
    assert entries, "a hand-off that would leave no seat does not happen"
    weights = [entry.weight for entry in entries]
    by_seat = {entry.seat: entry for entry in entries}
    return VoterSet(base, base_slot, base_height, entries, sum(weights), max(weights), by_seat)


def build_base(voters: VoterSet) -> Checkpoint:
    """The set's own hand-off block: justified and final at level 0 from the beginning."""
    return Checkpoint(voters.base_slot, 0, voters.base, voters.base_height, None, None)


def build_justified(certificate: Justification) -> Checkpoint:
    """What a justification justifies."""
    body = certificate.body
    return Checkpoint(
        body.round, body.level, body.target_hash, body.target_height, certificate, None
    )


def build_final(finality: Finality, justification: Justification | None) -> Checkpoint:
    """What a finality makes final."""
    body = finality.body
    return Checkpoint(
        body.round, body.level, body.target_hash, body.target_height, justification, finality
    )


def find_voter(voters: VoterSet, seat: AccountId) -> SetEntry | None:
    """A seat's place in the set."""
    return voters.by_seat.get(seat)


def compute_weight(voters: VoterSet, seats: set[AccountId]) -> int:
    """The weight of these seats in the set."""
    return sum(voters.by_seat[seat].weight for seat in seats if seat in voters.by_seat)


def compute_gap_level(voters: VoterSet, constants: Constants, gap_slots: int) -> int:
    """The level that so long a time without recorded finality opens."""
    first, second, guarded = (
        epochs * constants.slots_per_epoch for epochs in constants.level_epochs
    )
    total, heaviest, level = voters.total_weight, voters.heaviest, 0
    for candidate, opens in zip(range(1, LEVEL_MAX + 1), (first, second), strict=True):
        if gap_slots >= (guarded if is_guarded(total, heaviest, candidate) else opens):
            level = candidate
    return level


def compute_level(
    voters: VoterSet, constants: Constants, round_: int, source: Checkpoint, recorded_round: int
) -> int:
    """The level of a prevote: never below its source's, and by what its target's chain records.

    ``recorded_round``: of the newest finality of this set on the target's chain; the base's slot
    when there is none.
    """
    gap_slots = round_ - min(source.round, recorded_round)
    return max(source.level, compute_gap_level(voters, constants, gap_slots))


def is_quorum(voters: VoterSet, weight: int, level: int) -> bool:
    """Whether so much weight decides at this level."""
    return weight >= compute_quorum(voters.total_weight, level)


def is_alone(voters: VoterSet, seat: AccountId) -> bool:
    """Whether a seat decides by itself at level 0, so that nobody else can know of finality."""
    entry = find_voter(voters, seat)
    return entry is not None and is_quorum(voters, entry.weight, 0)
