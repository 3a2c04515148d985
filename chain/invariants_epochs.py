"""Promises about what epochs count and change, each a function over the rows a block changed.

Numbers L17 to L19; ``chain.invariants`` lists them among the others.
"""

from collections.abc import Sequence
from typing import Final, cast

from chain.rules.weights import ONE
from chain.state import Change
from chain.tables import (
    CUSTOMERS,
    OFFENDERS,
    SEATS,
    USED_KEYS,
    Customers,
    Offenders,
    Seat,
)

HELD_MAX: Final = 6 * ONE  # four seats' worth of bond, and customers for half as much again


def find_bad_standing(changes: Sequence[Change]) -> str | None:
    """L17: duty is at most its peak, which is at most one; no seat holds more than is possible."""
    for change in changes:
        if change.table is SEATS:
            seat = cast("Seat", change.after)
            if not seat.duty <= seat.peak <= ONE or seat.held > HELD_MAX:
                return f"{change.key.hex()} has {seat.duty}, {seat.peak}, {seat.held}"
        elif change.table is CUSTOMERS:
            customers = cast("Customers | None", change.after)
            if customers is not None and customers.activity > ONE // 2:
                return f"{change.key.hex()} has customers for more than half"
    return None


def find_bad_offender(changes: Sequence[Change]) -> str | None:
    """L18: offenders are in order, and nobody has lost more than what answered for him."""
    for change in changes:
        if change.table is OFFENDERS and change.after is not None:
            entries = cast("Offenders", change.after).entries
            seats = [item.seat for item in entries]
            if seats != sorted(set(seats)):
                return "out of order"
            if any(item.taken > item.base for item in entries):
                return "more was taken than there was"
    return None


def find_key_come_back(changes: Sequence[Change]) -> str | None:
    """L19: a key that a seat has had stays marked as its own, for ever."""
    for change in changes:
        if change.table is USED_KEYS and change.before is not None:
            return change.key.hex()
    return None
