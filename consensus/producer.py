"""When a seat may author a block: in which slot, as what, and how far into the slot.

A primary publishes at the beginning of its slot. Secondaries follow in the order of their ranks, a
quarter of a slot in and later, and only while no primary of the slot was seen. Pure: the same
position and slot give the same turn.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from chain import vrf
from chain.header import PRIMARY, RANK_MAX, SECONDARY, BlockHash
from chain.parameters import Constants
from chain.policy import AccountId
from chain.rules.lottery import (
    compute_secondary_order,
    get_alpha,
    get_rank_limit,
    is_primary,
    search_entry,
)
from chain.rules.randomness import compute_randomness
from chain.tables import Randomness, SetEntry
from consensus.forkchoice import NOTHING_RECORDED, BlockFacts, Recorded

# Waits inside a slot are fractions of it: a second and a fifth of one where a slot is four seconds.
SECONDARY_WAIT: Final = 4  # the first secondary waits a quarter of the slot ...
RANK_WAIT: Final = 20  # ... and each further rank a twentieth more,
RANKS_WAITING_MAX: Final = (
    10  # up to three quarters: the rest of the slot is for the block to travel
)

# Proves a VRF input with the seat's secret key, which stays outside.
Prove = Callable[[bytes], bytes]


class Position(NamedTuple):
    """Our head and what its state says about who may author above it."""

    head: BlockFacts
    score: int
    base: BlockHash
    base_slot: int
    entries: tuple[SetEntry, ...]
    randomness: Randomness
    base_height: int = 0
    recorded: Recorded = NOTHING_RECORDED  # the newest finality on this chain
    notice_slot: int | None = None  # when our own seat's notice of a lost journal got on this chain


class Turn(NamedTuple):
    """One block that our seat may author. ``wait_ms`` counts from the beginning of the slot."""

    parent: BlockHash
    slot: int
    kind: int
    rank: int
    proof: bytes
    output: bytes
    wait_ms: int


def compute_wait_ms(kind: int, rank: int, slot_ms: int) -> int:
    """How long after the beginning of its slot a block is published."""
    if kind == PRIMARY:
        return 0
    return slot_ms // SECONDARY_WAIT + slot_ms * min(rank, RANKS_WAITING_MAX) // RANK_WAIT


def advance_randomness(position: Position, constants: Constants, slot: int) -> Position:
    """The position with the randomness of a slot's epoch, so that a long pause is bridged once.

    Raises Invalid when the pause is longer than the rules can bridge.
    """
    epoch = slot // constants.slots_per_epoch
    if epoch <= position.randomness.epoch:
        return position
    return position._replace(randomness=compute_randomness(position.randomness, epoch))


def compute_turn(
    position: Position,
    constants: Constants,
    chain: bytes,
    seat: AccountId,
    prove: Prove,
    slot: int,
) -> Turn | None:
    """Our turn in a slot above the position, whose randomness is of the slot's epoch, if any."""
    entry = search_entry(position.entries, seat)
    if entry is None or slot <= position.head.slot:
        return None
    seed = position.randomness.seed
    proof = prove(get_alpha(chain, seed, slot))
    output = vrf.compute_output(proof)
    total = sum(item.weight for item in position.entries)
    if is_primary(output, entry.weight, total):
        kind, rank = PRIMARY, 0
    else:
        limit = min(get_rank_limit(slot, position.head.slot), RANK_MAX)
        order = compute_secondary_order(position.entries, seed, slot, limit + 1)
        if entry not in order:
            return None
        kind, rank = SECONDARY, order.index(entry)
    wait_ms = compute_wait_ms(kind, rank, constants.slot_seconds * 1_000)
    return Turn(position.head.hash, slot, kind, rank, proof, output, wait_ms)
