"""The boundary of an epoch: slashes, then duty and what is held, then rewards.

It happens once, in the first block of a later epoch, for the epoch of its parent; epochs without
blocks have none. What a hand-off would install follows from the state after it.
"""

from typing import NamedTuple

from msgspec.structs import replace

from chain.policy import AccountId
from chain.rules.activity import get_activity, process_activity
from chain.rules.bonded import get_bonded_seats, is_listed
from chain.rules.context import Context
from chain.rules.rewards import process_rewards
from chain.rules.slashing import process_slashes
from chain.rules.takeover import KEYS_WAIT_EPOCHS, get_next_keys
from chain.rules.tally import (
    get_counted_seats,
    get_course,
    get_epoch_tally,
    get_seat_tally,
    put_seat_tally,
    to_bits,
)
from chain.rules.weights import (
    Standing,
    compute_duty,
    compute_effective,
    compute_held,
    compute_peak,
    compute_raw,
    compute_stake,
    compute_weights,
    limit_gains,
)
from chain.state import State
from chain.tables import CURRENT, EpochTally, Seat, SeatTally, SetEntry


class RollCalls(NamedTuple):
    """Roll-calls of an epoch that teach, and which of them each seat delivered, as bits."""

    expected: int
    delivered: dict[AccountId, int]


def process_epoch(state: State, context: Context) -> None:
    """Do the boundary work for the parent's epoch. Called before hand-off and randomness."""
    process_slashes(state, context)
    process_activity(state, context)
    _process_standings(state, context)
    process_rewards(state, context)
    _begin_tallies(state, context)


def compute_next_entries(state: State, context: Context) -> tuple[SetEntry, ...]:
    """The list that a hand-off in this block would install; empty: none can happen."""
    serving = {entry.seat for entry in state.sets.require(CURRENT).entries}
    listed: list[tuple[AccountId, Seat]] = []
    for seat in get_bonded_seats(state):
        row = state.seats.require(seat)
        if seat in serving or context.epoch >= row.registered_epoch + KEYS_WAIT_EPOCHS:
            listed.append((seat, row))
    standings = [_get_standing(state, context, seat, row) for seat, row in listed]
    entries = []
    for (seat, row), weight in zip(listed, compute_weights(standings), strict=True):
        if weight:
            vote, vrf, standby = get_next_keys(state, context, seat, row)
            entries.append(SetEntry(seat, vote, standby, vrf, weight))
    return tuple(entries)


def find_roll_calls(state: State, tally: EpochTally) -> RollCalls:
    """What the tallies say: which roll-calls teach, by weight or by finality, and whom.

    A round that less than 11/20 attended, and whose window decided nothing, teaches nothing: a lone
    survivor would become the whole set. Where a window decided, members must have voted in it.
    """
    weights = {entry.seat: entry.weight for entry in state.sets.require(CURRENT).entries}
    needed = 11 * sum(weights.values())
    tallies = {seat: get_seat_tally(state, seat) for seat in get_counted_seats(state)}
    attended = {seat: to_bits(item.attended) for seat, item in tallies.items()}
    expected = decided = to_bits(tally.decided)
    called = 0
    for bits in attended.values():
        called |= bits
    for place in range(called.bit_length()):
        present = sum(weight for seat, weight in weights.items() if attended[seat] >> place & 1)
        if 20 * present >= needed:
            expected |= 1 << place
    delivered = {}
    for seat, item in tallies.items():
        bits = attended[seat] & expected
        if seat in weights:
            bits &= ~decided | to_bits(item.voted)
        delivered[seat] = bits
    return RollCalls(expected, delivered)


def _process_standings(state: State, context: Context) -> None:
    """Duty, peak and what is held, of bonded seats; an epoch that teaches nothing keeps all."""
    calls = find_roll_calls(state, get_epoch_tally(state))
    if not calls.expected:
        return
    expected = calls.expected.bit_count()
    seats: list[tuple[AccountId, Seat]] = []
    for seat in get_bonded_seats(state):
        row = state.seats.require(seat)
        duty = compute_duty(row.duty, calls.delivered[seat].bit_count(), expected)
        seats.append((seat, replace(row, duty=duty, peak=compute_peak(duty, row.peak))))
    course = get_course(state)
    epoch = context.parent_slot // context.constants.slots_per_epoch
    window = epoch // context.constants.gain_window_epochs
    gained = course.gained if course.gain_window == window else 0
    raws = [_compute_raw(state, context, seat, row) for seat, row in seats]
    gains = limit_gains(raws, [row.held for _, row in seats], gained)
    for (seat, row), limited in zip(seats, gains.limited, strict=True):
        state.seats.put(seat, replace(row, held=compute_held(limited, row.held)))
    state.course.put(CURRENT, replace(course, gain_window=window, gained=gained + gains.gained))


def _get_standing(state: State, context: Context, seat: AccountId, row: Seat) -> Standing:
    """A seat's standing after the boundary: what it holds is at least its limited raw weight."""
    stake = _compute_stake(state, context, seat, row)
    raw = min(_compute_raw(state, context, seat, row), row.held)
    return Standing(stake, get_activity(state, seat), raw)


def _compute_raw(state: State, context: Context, seat: AccountId, row: Seat) -> int:
    effective = compute_effective(row.duty, row.peak)
    stake = _compute_stake(state, context, seat, row)
    return compute_raw(stake, effective, get_activity(state, seat))


def _compute_stake(state: State, context: Context, seat: AccountId, row: Seat) -> int:
    """A bond counts while what its owner owes leaves the minimum of it."""
    debt = min(0, state.accounts.require(seat).settlement)
    minimum = context.constants.bond_min
    return compute_stake(row.bond, minimum) if row.bond + debt >= minimum else 0


def _begin_tallies(state: State, context: Context) -> None:
    """Begin the epoch's tallies; what is not yet paid goes on, of seats that are still bonded."""
    bonded = get_bonded_seats(state)
    for seat in get_counted_seats(state):
        tally = get_seat_tally(state, seat)
        waiting, served = (tally.waiting, tally.served) if is_listed(bonded, seat) else (0, 0)
        kept = SeatTally(b"", b"", 0, 0, 0, waiting=waiting, served=served)
        put_seat_tally(state, seat, kept)
    state.epoch_tally.put(
        CURRENT,
        EpochTally(
            first_height=context.height, decided=b"", certificates=0, settled=False, points=0
        ),
    )
