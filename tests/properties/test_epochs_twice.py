"""The boundary's work, done twice: by the rules, and by the second ledger from plain rows.

Whatever attended, voted, was recorded, made or served, both leave the same rows.
"""

import random
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import asdict, replace

from chain.codec import Record, encode
from chain.header import PRIMARY, SECONDARY
from chain.rules.context import Context
from chain.rules.epoch import process_epoch
from chain.rules.tally import (
    note_attendance,
    note_block,
    note_finality,
    note_late_acks,
    note_service,
)
from chain.tables import CURRENT, Bonded
from tests.epoch_world import DAYS, EPOCH_SLOTS, EpochWorld, build_finality
from tests.vectors import epochs as second

Rows = dict[bytes, list[Any]]


def read_rows(world: EpochWorld) -> Rows:
    """The rows that a boundary reads or writes, as plain lists."""
    state, rows = world.state, {}
    for seat in world.seats:
        rows[b"s" + seat] = _plain(state.seats.require(seat))
        rows[b"a" + seat] = [state.accounts.require(seat).settlement]
        rows[b"D" + seat] = _plain(state.seat_tallies.get(seat))
    rows[b"B" + CURRENT] = _plain(state.bonded_seats.require(CURRENT))
    rows[b"v" + CURRENT] = _plain(state.sets.require(CURRENT))
    rows[b"m" + CURRENT] = _plain(state.money.require(CURRENT))
    rows[b"T" + CURRENT] = _plain(state.epoch_tally.get(CURRENT))
    rows[b"Q" + CURRENT] = _plain(state.course.get(CURRENT))
    return {key: row for key, row in rows.items() if row is not None}


def _plain(row: Record | None) -> Any:
    return None if row is None else msgspec.msgpack.decode(encode(row))


def do_again(rows: Rows, world: EpochWorld, context: Context) -> None:
    """The boundary's work by the second ledger."""
    constants, parameters = asdict(world.constants), asdict(world.parameters)
    parameters["reward_shares"] = list(asdict(parameters["reward_shares"]).values())
    epoch = context.parent_slot // constants["slots_per_epoch"]
    second.change_standings(rows, constants, epoch)
    is_paid = rows.get(b"Q" + CURRENT, [0] * 7)[5] < context.period
    for seat, amount in second.pay_rewards(rows, parameters, context.period).items():
        rows[b"a" + seat][0] += amount
    second.begin_tallies(rows, context.height, is_paid=is_paid)


def play(world: EpochWorld, source: random.Random) -> Context:
    """An epoch of notes at random; answers the context of the next one's first block."""
    first, state = world.epoch * EPOCH_SLOTS, world.state
    members = [entry.seat for entry in state.sets.require(CURRENT).entries]
    for slot in range(first + 1, first + EPOCH_SLOTS):
        context = world.get_context(slot)
        author = source.choice(members)
        note_block(state, context, author, source.choice((PRIMARY, SECONDARY)))
        call = (slot - 1) // 5 * 5
        if source.random() < 0.4:
            note_attendance(state, context, call, source.sample(world.seats, len(members) // 2))
        if source.random() < 0.3:
            vote_round = slot - source.randint(1, 4)
            signers = source.sample(members, source.randint(0, len(members)))
            height = world.height - source.randint(0, 20)
            note_finality(
                state, context, build_finality(vote_round, max(0, height)), signers, author
            )
            late = [seat for seat in members if seat not in signers and source.random() < 0.5]
            note_late_acks(state, context, vote_round, late, author)
        if source.random() < 0.2:
            note_service(state, source.choice([*world.seats, None]))
        world.height += 1
    if source.random() < 0.2:
        bonded = state.bonded_seats.require(CURRENT).seats
        state.bonded_seats.put(CURRENT, Bonded(tuple(s for s in bonded if source.random() < 0.9)))
    world.parent_slot, world.epoch = first + EPOCH_SLOTS - 1, world.epoch + 1
    return world.get_context(first + EPOCH_SLOTS)


@settings(max_examples=20)
@given(st.integers(0, 2**32))
def test_rules_and_the_second_ledger_leave_the_same_rows(seed: int) -> None:
    source = random.Random(seed)
    old, new = source.randint(2, 7), source.randint(0, 4)
    bonds = [source.randint(DAYS.bond_min, 20 * DAYS.bond_min) for _ in range(old + new)]
    world = EpochWorld(old, new, bonds=bonds)
    world.parameters = replace(world.parameters, reward_epochs=source.choice((1, 3, 168)))
    for _ in range(30):
        context = play(world, source)
        rows = read_rows(world)
        process_epoch(world.state, context)
        do_again(rows, world, context)
        assert read_rows(world) == rows
        if source.random() < 0.5:
            world.hand_over(context)
