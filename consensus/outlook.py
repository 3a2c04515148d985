"""What an operator wants to know of finality: how far it is, and why it goes no further."""

from enum import Enum
from typing import Final, NamedTuple

from chain.certificates import compute_quorum
from chain.header import BlockHash
from chain.policy import AccountId
from consensus.conflicts import is_named
from consensus.gadget import is_behind_final
from consensus.sets import compute_level
from consensus.state import Consensus, Signing
from consensus.voting import get_voting

HEARD_SLOTS: Final = 8  # a seat that was heard within so many slots is online ...
HEARD_GRID_SLOTS: Final = 32  # ... or within two of the rarest rounds while finality stands still


class Standstill(Enum):
    """Why nothing becomes final; the first that applies."""

    NONE = "none"
    CONFLICT = "conflict"  # two final certificates contradict each other
    BEHIND = "behind"  # more is final than we hold
    TOO_FEW = "too_few"  # the seats that are heard weigh less than the quorum
    SLOW = "slow"  # enough are heard: it should go on


class Outlook(NamedTuple):
    """Finality as this node sees it. Weights are those of the set in force."""

    set: BlockHash
    seats: int
    total_weight: int
    heard_weight: int  # of seats heard of late
    level: int  # of a prevote made now
    quorum: int  # at this level
    lock_round: int
    lock_hash: BlockHash
    lock_height: int
    final_round: int
    final_level: int  # of its certificate
    final_hash: BlockHash
    final_height: int
    gap_slots: int  # since the last final round
    voting: Signing  # whether our seat votes, and if not, why
    standstill: Standstill
    guilty: tuple[AccountId, ...]  # who contradicts himself where two decisions do
    named: bool  # whether they weigh what the decisions promise; else more are looked for


def get_outlook(state: Consensus, time_ms: int) -> Outlook:
    """A snapshot."""
    gadget, slot = state.gadget, state.get_slot(time_ms)
    voters, lock, final = gadget.voters, gadget.lock, gadget.final
    recorded = state.position.recorded  # of the head, also while it has lost its place in the tree
    recorded_round = recorded.round if recorded.set == voters.base else voters.base_slot
    level = compute_level(voters, state.settings.constants, slot, lock, recorded_round)
    gap_slots = max(slot - final.round, 0)
    quorum = compute_quorum(voters.total_weight, level)
    since_slot = slot - (HEARD_SLOTS if gap_slots < HEARD_GRID_SLOTS else HEARD_GRID_SLOTS)
    heard_weight = gadget.pool.compute_heard_weight(voters, since_slot, slot)
    return Outlook(
        set=voters.base,
        seats=len(voters.entries),
        total_weight=voters.total_weight,
        heard_weight=heard_weight,
        level=level,
        quorum=quorum,
        lock_round=lock.round,
        lock_hash=lock.hash,
        lock_height=lock.height,
        final_round=final.round,
        final_level=final.level,
        final_hash=final.hash,
        final_height=final.height,
        gap_slots=gap_slots,
        voting=get_voting(state, time_ms),
        standstill=_get_standstill(state, gap_slots, heard_weight, quorum),
        guilty=gadget.guilty,
        named=is_named(gadget),
    )


def _get_standstill(state: Consensus, gap_slots: int, heard_weight: int, quorum: int) -> Standstill:
    gadget = state.gadget
    if gadget.conflict is not None:
        return Standstill.CONFLICT
    if gap_slots <= HEARD_SLOTS:
        return Standstill.NONE
    head, final = state.position.head, gadget.final
    stands = state.tree.descends(head.hash, final.hash, final.height)
    if is_behind_final(gadget, head.height) or not stands:
        return Standstill.BEHIND
    return Standstill.TOO_FEW if heard_weight < quorum else Standstill.SLOW
