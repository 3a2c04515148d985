"""Each promise about sets and records, broken on purpose, is noticed by its own number."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from chain.changes import Changes
from chain.errors import InvariantBroken
from chain.invariants import INVARIANTS, check_invariants
from chain.rules.sets import build_set_record
from chain.state import State
from chain.tables import (
    CURRENT,
    PREVIOUS,
    Ancestor,
    AncestorPage,
    Anchor,
    Bonded,
    NextSet,
    SeatSet,
    SetEntry,
)
from tests.community import Community
from tests.unit.test_finality_record import grow, record_at
from tests.unit.test_sets import hand_over

Fault = Callable[[State], None]
BASE = bytes([7]) * 32
NUMBERS = (10, 11, 12, 13, 14, 15, 16)


def get_entries(state: State) -> tuple[SetEntry, ...]:
    return state.sets.require(CURRENT).entries


def name_next(change: Callable[[tuple[SetEntry, ...]], tuple[SetEntry, ...]]) -> Fault:
    def fault(state: State) -> None:
        state.next_sets.put(CURRENT, NextSet(change(get_entries(state))))

    return fault


def hand_on(state: State) -> None:
    """As the child of a hand-off does it, from the hand-off on."""
    following = state.next_sets.require(CURRENT)
    before = state.sets.require(CURRENT)
    state.next_sets.put(CURRENT, None)
    state.sets.put(PREVIOUS, before)
    state.sets.put(CURRENT, SeatSet(BASE, 20, following.entries))
    state.set_records.put(BASE, build_set_record(following.entries, 20))


def then(fault: Fault) -> Fault:
    def faults(state: State) -> None:
        hand_on(state)
        fault(state)

    return faults


def forget_previous(state: State) -> None:
    state.sets.put(PREVIOUS, None)


def follow_unnamed(state: State) -> None:
    state.next_sets.put(CURRENT, NextSet(()))
    state.next_sets.put(CURRENT, state.next_sets.get_kept(CURRENT))


def follow_another(state: State) -> None:
    current = state.sets.require(CURRENT)
    state.sets.put(CURRENT, replace(current, entries=current.entries[1:]))
    state.set_records.put(BASE, build_set_record(current.entries[1:], 20))


def follow_backwards(state: State) -> None:
    state.sets.put(CURRENT, replace(state.sets.require(CURRENT), base_slot=0))


def change_record(**changes: object) -> Fault:
    def fault(state: State) -> None:
        record = state.set_records.require(BASE)
        state.set_records.put(BASE, replace(record, **changes))

    return fault


def add_record(state: State) -> None:
    state.set_records.put(bytes(32), build_set_record(get_entries(state), 3))


def change_round(**changes: object) -> Fault:
    def fault(state: State) -> None:
        recorded = state.recorded.require(CURRENT)
        last = replace(recorded.rounds[-1], **changes)
        state.recorded.put(CURRENT, replace(recorded, rounds=(*recorded.rounds[:-1], last)))

    return fault


def add_anchor(state: State) -> None:
    state.anchors.put(bytes(16), Anchor(None, None))


def add_wrong_anchor(state: State) -> None:
    change_round(round=99)(state)
    add_anchor(state)


def leave_too_soon(state: State) -> None:
    change_round(round=99)(state)
    newest = state.recorded.require(CURRENT).rounds[-1]
    state.anchors.put(newest.target_hash[:16], Anchor(None, 3))


def drop_oldest_anchor(state: State) -> None:
    change_round(round=99)(state)
    state.anchors.put(state.recorded.require(CURRENT).oldest_anchor, None)


def change_bonded(change: Callable[[tuple[bytes, ...]], tuple[bytes, ...]]) -> Fault:
    def fault(state: State) -> None:
        seats = state.bonded_seats.require(CURRENT).seats
        state.bonded_seats.put(CURRENT, Bonded(change(seats)))

    return fault


def count_seat(state: State) -> None:
    money = state.money.require(CURRENT)
    state.money.put(CURRENT, replace(money, seats_bonded=money.seats_bonded + 1))


def put_page(key: bytes, page: AncestorPage) -> Fault:
    def fault(state: State) -> None:
        state.ancestors.put(key, page)

    return fault


FAULTS: list[tuple[int, Fault]] = [
    (10, name_next(lambda _: ())),
    (10, name_next(lambda entries: entries[::-1])),
    (10, name_next(lambda entries: (*entries, entries[-1]))),
    (10, name_next(lambda entries: (replace(entries[0], weight=0), *entries[1:]))),
    (
        10,
        name_next(lambda entries: (replace(entries[0], vrf_key=entries[1].vote_key), *entries[1:])),
    ),
    (11, then(forget_previous)),
    (11, then(follow_backwards)),
    (11, then(follow_unnamed)),
    (11, then(follow_another)),
    (12, then(change_record(total_weight=1))),
    (12, then(change_record(heaviest=1))),
    (12, then(change_record(root=bytes(32)))),
    (12, then(change_record(slot=21))),
    (12, add_record),
    (13, change_round(target_height=3)),
    (13, change_round(target_slot=0)),
    (13, change_round(bits=b"\x07")),
    (14, add_anchor),
    (14, add_wrong_anchor),
    (14, leave_too_soon),
    (14, drop_oldest_anchor),
    (15, change_bonded(lambda seats: seats[1:])),
    (15, change_bonded(lambda seats: seats[::-1])),
    (15, change_bonded(lambda seats: (seats[0], *seats[:-1]))),
    (15, count_seat),
    (16, put_page(bytes(4), AncestorPage(0, (Ancestor(bytes(32), 0),)))),
    (16, put_page(bytes(4), AncestorPage(0, ()))),
    (16, put_page(bytes([0, 0, 0, 9]), AncestorPage(144, (Ancestor(bytes(32), 3),) * 2))),
]


def build(number: int) -> Community:
    """A community just after a hand-off, or with something on record as final."""
    c = Community()
    if number in (11, 12):
        hand_over(c)
    elif number in (13, 14):
        blocks = grow(c, 7)
        record_at(c, blocks, 5)
    else:
        grow(c, 3)
    return c


@pytest.mark.parametrize(("number", "fault"), FAULTS, ids=range(len(FAULTS)))
def test_a_broken_promise_is_named(number: int, fault: Fault) -> None:
    c = build(number)
    fault(c.ledger.state)
    changes, _ = c.ledger.state.take_changes()
    broken = {item for item, check in INVARIANTS.items() if check(Changes(changes))}
    assert number in broken
    with pytest.raises(InvariantBroken, match=r"^L\d+ "):
        check_invariants(changes)


def test_what_a_child_of_a_hand_off_does_breaks_none() -> None:
    c = build(11)
    hand_on(c.ledger.state)
    changes, _ = c.ledger.state.take_changes()
    check_invariants(changes)


def test_every_promise_has_a_fault_here() -> None:
    assert {number for number, _ in FAULTS} == set(NUMBERS)
