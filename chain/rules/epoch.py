"""The work of an epoch's end, done once by the first block of a later one."""

from chain.rules.context import Context
from chain.rules.weights import Standing, compute_raw, compute_stake, compute_weights
from chain.state import State
from chain.tables import CURRENT, SetEntry


def process_epoch(state: State, context: Context) -> None:
    """Settle the parent's epoch."""


def compute_next_entries(state: State, context: Context) -> tuple[SetEntry, ...]:
    """The set that a hand-off in this block would name, by seat id; empty: there is none."""
    seats = [
        (seat, state.seats.require(seat)) for seat in state.bonded_seats.require(CURRENT).seats
    ]
    standings = []
    for _, row in seats:
        stake = compute_stake(row.bond, context.constants.bond_min)
        raw = compute_raw(stake, max(row.duty, row.peak >> 1), 0)
        standings.append(Standing(stake, 0, raw))
    return tuple(
        SetEntry(seat, row.vote_key, row.standby_key, row.vrf_key, weight)
        for (seat, row), weight in zip(seats, compute_weights(standings), strict=True)
        if weight
    )
