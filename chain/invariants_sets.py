"""Promises about sets, finality on record, anchors and bonded seats, checked in every block.

Functions over changes, independent of the rules they watch; ``invariants`` numbers them.
"""

from collections.abc import Sequence
from itertools import pairwise

from chain.certificates import SEATS_IN_SET_MAX, compute_set_root
from chain.changes import Changes
from chain.tables import (
    ANCESTORS,
    ANCHORS,
    BONDED_SEATS,
    CURRENT,
    MONEY,
    NEXT_SETS,
    PREVIOUS,
    RECORDED,
    SET_RECORDS,
    SETS,
    NextSet,
    SeatSet,
    SetEntry,
    SetRecord,
)


def find_bad_set_list(changes: Changes) -> str | None:
    """L10: the seats of a list rise, each weighs something, and no key occurs twice."""
    lists: list[SeatSet | NextSet | None] = [change.after for change in changes.of(SETS)]
    lists += [change.after for change in changes.of(NEXT_SETS)]
    for item in lists:
        if item is None:
            continue
        entries = item.entries
        seats = [entry.seat for entry in entries]
        keys = [key for one in entries for key in (one.vote_key, one.vrf_key, one.standby_key)]
        if not 0 < len(seats) <= SEATS_IN_SET_MAX or seats != sorted(set(seats)):
            return f"{len(seats)} seats, or out of order"
        if min(entry.weight for entry in entries) <= 0 or len(set(keys)) != len(keys):
            return "a seat without weight, or a key that occurs twice"
    return None


def find_broken_line_of_sets(changes: Changes) -> str | None:
    """L11: a new set follows the one that was in force, which stays as the previous one."""
    sets = {change.key: change for change in changes.of(SETS)}
    current = sets.get(CURRENT)
    if current is None or current.before is None:
        return "the previous set changed alone" if PREVIOUS in sets else None
    before, after = current.before, current.after
    assert before is not None, "a set gives way only to the next"
    assert after is not None, "a set gives way only to the next"
    if PREVIOUS not in sets or sets[PREVIOUS].after != before:
        return "the set before is not kept as it was"
    if after.base_slot <= before.base_slot:
        return f"from the set of slot {before.base_slot} to that of slot {after.base_slot}"
    named = next((change.before for change in changes.of(NEXT_SETS)), None)
    if named is None:
        return "no hand-off has named the set"
    return None if named.entries == after.entries else "another set than the hand-off named"


def find_wrong_set_record(changes: Changes) -> str | None:
    """L12: what is kept of a set is the root and the weights of its list, from its slot on."""
    records = {
        change.key: change.after for change in changes.of(SET_RECORDS) if change.before is None
    }
    for change in changes.of(SETS):
        after = change.after
        if change.key != CURRENT or after is None:
            continue
        record = records.pop(after.base, None)
        if record is None or not _is_record_of(record, after.entries, after.base_slot):
            return f"set {after.base.hex()}"
    return "a record without its set" if records else None


def _is_record_of(record: SetRecord, entries: Sequence[SetEntry], slot: int) -> bool:
    weights = [entry.weight for entry in entries]
    return (record.root, record.total_weight, record.heaviest, record.slot) == (
        compute_set_root(entries),
        sum(weights),
        max(weights),
        slot,
    )


def find_fallen_finality(changes: Changes) -> str | None:
    """L13: what is recorded as final only rises; what was recorded lately only gains acks."""
    for change in changes.of(RECORDED):
        before, after = change.before, change.after
        assert after is not None, "what is final stays on record"
        rises = [(item.target_height, item.target_slot) for item in after.rounds]
        if any(one[0] >= other[0] or one[1] >= other[1] for one, other in pairwise(rises)):
            return f"targets {rises} do not rise"
        if before is None:
            continue
        last = before.rounds[-1]
        if rises[-1] < (last.target_height, last.target_slot):
            return f"from height {last.target_height} down"
        known = {item.target_hash: item.bits for item in before.rounds}
        for item in after.rounds:
            bits = known.get(item.target_hash, item.bits)
            if any(one & ~other for one, other in zip(bits, item.bits, strict=True)):
                return f"acks of round {item.round} were lost"
    return None


def find_stray_anchor(changes: Changes) -> str | None:
    """L14: anchors come with what is recorded as final, leave with it, and go from the oldest."""
    after = next((change.after for change in changes.of(RECORDED)), None)
    kept = {item.target_hash[:16] for item in after.rounds} if after is not None else set()
    for change in changes.of(ANCHORS):
        if after is None:
            return f"{change.key.hex()} without a record"
        if change.after is not None and (change.after.left_slot is None) != (change.key in kept):
            return f"{change.key.hex()} is not told rightly to be among the rounds kept"
        if change.before is None and change.key != after.rounds[-1].target_hash[:16]:
            return f"{change.key.hex()} is not the newest final block"
        if change.after is None and change.key == after.oldest_anchor:
            return f"{change.key.hex()} is gone and yet the oldest"
    return None


def find_miscounted_seats(changes: Changes) -> str | None:
    """L15: the list of bonded seats is in order, and as long as their number says."""
    lengths, counts = 0, 0
    for change in changes.of(BONDED_SEATS):
        seats = change.after.seats if change.after else ()
        if list(seats) != sorted(set(seats)):
            return "out of order"
        lengths += len(seats) - (len(change.before.seats) if change.before else 0)
    for each in changes.of(MONEY):
        counts += each.after.seats_bonded if each.after else 0
        counts -= each.before.seats_bonded if each.before else 0
    return f"{counts} by number, {lengths} by the list" if counts != lengths else None


def find_torn_ancestry(changes: Changes) -> str | None:
    """L16: a block writes down its parent and nothing else, in the order of slots."""
    pages = changes.of(ANCESTORS)
    if len(pages) > 1:
        return "more than one page changed"
    for change in pages:
        before, after = change.before, change.after
        assert after is not None, "pages of ancestors are written over, never taken away"
        kept = before.blocks if before and before.first_height == after.first_height else ()
        if after.blocks[:-1] != kept:
            return f"page of height {after.first_height} was rewritten"
        slots = [block.slot for block in after.blocks]
        if slots != sorted(set(slots)):
            return f"slots {slots} do not rise"
    return None
