"""Sets of seats follow each other at hand-off blocks, one after the other and never side by side.

A hand-off block names the next set and is itself made under the old one; its children are under the
new one. Only a final set hands over, and only shortly after something was recorded as final: so
votes of at most two sets can matter at a time.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from msgspec.structs import replace

from chain.certificates import SEATS_IN_SET_MAX, compute_set_root
from chain.codec import Bytes32
from chain.header import BlockHash
from chain.records import FinalityRecord
from chain.rules.ancestry import get_ancestor
from chain.rules.context import Context
from chain.rules.epoch import compute_next_entries
from chain.rules.takeover import process_key_changes
from chain.state import State
from chain.tables import (
    CURRENT,
    PREVIOUS,
    NextSet,
    RecordedRound,
    SeatSet,
    Served,
    SetEntry,
    SetRecord,
)

# Weights have changed enough when the shares that moved are together more than a fiftieth.
CHANGE_PARTS: Final = 50


class ChainFacts(NamedTuple):
    """What a block's state says to those who vote.

    ``seat_set`` is that of its children; ``recorded`` the highest block that it or its ancestors
    have recorded as final, of whichever set.
    """

    seat_set: SeatSet
    is_handoff: bool
    recorded: RecordedRound


def get_chain_facts(state: State, block_hash: BlockHash) -> ChainFacts:
    """The facts of a block, from the state right after it."""
    is_handoff = state.next_sets.get(CURRENT) is not None
    return ChainFacts(get_seat_set(state, block_hash), is_handoff, get_recorded(state))


def get_seat_set(state: State, parent_hash: BlockHash) -> SeatSet:
    """The set of the blocks above this one, from the state right after it."""
    following = state.next_sets.get(CURRENT)
    if following is None:
        return state.sets.require(CURRENT)
    return SeatSet(parent_hash, state.tips.require(CURRENT).slot, following.entries)


def get_recorded(state: State) -> RecordedRound:
    """The highest block that the chain has recorded as final; the genesis at first."""
    return state.recorded.require(CURRENT).rounds[-1]


def find_set(state: State, set_hash: BlockHash) -> SeatSet | None:
    """The set of this name, if it is the present one or the one before."""
    for key in (CURRENT, PREVIOUS):
        row = state.sets.get(key)
        if row is not None and row.base == set_hash:
            return row
    return None


def is_handoff_recorded(state: State) -> bool:
    """Whether the hand-off to the present set is recorded as final, itself or by what follows."""
    return get_recorded(state).target_slot >= state.sets.require(CURRENT).base_slot


def found_set(state: State, chain: bytes, entries: tuple[SetEntry, ...]) -> None:
    """Write down the first set."""
    state.sets.put(CURRENT, SeatSet(base=chain, base_slot=0, entries=entries))
    state.set_records.put(chain, build_set_record(entries, 0))
    _note_served(state, entries, 0)


def process_set(state: State, context: Context) -> None:
    """If the parent is a hand-off, its set begins with this block."""
    following = state.next_sets.get(CURRENT)
    if following is None:
        return
    current = state.sets.require(CURRENT)
    base, base_slot = context.parent_hash, context.parent_slot
    state.sets.put(PREVIOUS, current)
    state.sets.put(CURRENT, SeatSet(base, base_slot, following.entries))
    state.next_sets.put(CURRENT, None)
    before = state.set_records.require(current.base)
    state.set_records.put(current.base, replace(before, following=base))
    state.set_records.put(base, build_set_record(following.entries, base_slot))
    _forget_sets(state, context)


def build_set_record(entries: Sequence[SetEntry], slot: int) -> SetRecord:
    """What is kept of a set when its list is gone."""
    weights = [entry.weight for entry in entries]
    return SetRecord(compute_set_root(entries), sum(weights), max(weights), slot, None)


def process_handoff(
    state: State, context: Context, finality: FinalityRecord | None
) -> Bytes32 | None:
    """Hand over to another set if that is due; answers what the header must say.

    ``finality`` is what the block itself carries. Called once an epoch, after its boundary's work.
    """
    if not context.begins_epoch or not _is_fresh(state, context, finality):
        return None
    entries = compute_next_entries(state, context)
    if not entries or not is_change_due(state, context, entries):
        return None
    check_entries(entries)
    state.next_sets.put(CURRENT, NextSet(entries))
    process_key_changes(state, context)
    _note_served(state, entries, context.slot)
    return compute_set_root(entries)


def _is_fresh(state: State, context: Context, finality: FinalityRecord | None) -> bool:
    """Whether the present set is final, and finality at most a window old."""
    slot = get_recorded(state).target_slot
    if finality is not None:
        target = get_ancestor(state, context, finality.finality.body.target_height)
        if target is not None and target.hash == finality.finality.body.target_hash:
            slot = max(slot, target.slot)
        elif finality.finality.body.target_hash == state.sets.require(CURRENT).base:
            slot = max(slot, state.sets.require(CURRENT).base_slot)
    return (
        slot >= state.sets.require(CURRENT).base_slot
        and context.slot - slot <= context.constants.window_slots
    )


def is_change_due(state: State, context: Context, entries: Sequence[SetEntry]) -> bool:
    """Whether this set differs enough from the present one, or the present one is old."""
    current = state.sets.require(CURRENT)
    constants = context.constants
    if context.slot - current.base_slot >= constants.base_age_epochs * constants.slots_per_epoch:
        return True
    if [_get_keys(entry) for entry in current.entries] != [_get_keys(entry) for entry in entries]:
        return True
    total = sum(entry.weight for entry in current.entries)
    following = sum(entry.weight for entry in entries)
    moved = sum(
        abs(after.weight * total - before.weight * following)
        for before, after in zip(current.entries, entries, strict=True)
    )
    return moved * CHANGE_PARTS > total * following


def _get_keys(entry: SetEntry) -> tuple[bytes, ...]:
    return entry.seat, entry.vote_key, entry.standby_key, entry.vrf_key


def check_entries(entries: Sequence[SetEntry]) -> None:
    """A list that rules made is in order: its seats rise, all weigh, and no key occurs twice."""
    seats = [entry.seat for entry in entries]
    keys = [key for entry in entries for key in _get_keys(entry)[1:]]
    assert seats == sorted(set(seats)), "seats of a set rise"
    assert len(keys) == len(set(keys)), "keys of a set are all different"
    assert len(seats) <= SEATS_IN_SET_MAX, "a set has room for so many seats"
    assert min(entry.weight for entry in entries) > 0, "every seat of a set weighs something"


def _note_served(state: State, entries: Sequence[SetEntry], slot: int) -> None:
    for entry in entries:
        if state.served.get(entry.seat) is None:
            state.served.put(entry.seat, Served(slot))


def _forget_sets(state: State, context: Context) -> None:
    """Drop what is kept of sets that were followed by another one too long ago.

    A set that is in force is kept however old it is, and so is the one before.
    """
    constants = context.constants
    outdated = context.slot - constants.set_list_keep_periods * constants.slots_per_period
    recorded = state.recorded.require(CURRENT)
    oldest = recorded.oldest_set
    previous = state.sets.require(PREVIOUS).base
    while oldest != previous:
        following = state.set_records.require(oldest).following
        assert following is not None, "a set before the previous one was followed"
        if state.set_records.require(following).slot > outdated:
            break
        state.set_records.put(oldest, None)
        state.accusations.put(oldest, None)
        oldest = following
    if oldest != recorded.oldest_set:
        state.recorded.put(CURRENT, replace(recorded, oldest_set=oldest))
