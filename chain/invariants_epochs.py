"""Promises about what epochs count and change, each a function over the rows a block changed.

Numbers L17 to L19; ``chain.invariants`` lists them among the others.
"""

from typing import Final

from chain.changes import Changes
from chain.rules.weights import ONE
from chain.tables import CUSTOMERS, OFFENDERS, SEATS, USED_KEYS

HELD_MAX: Final = 6 * ONE  # four seats' worth of bond, and customers for half as much again


def find_bad_standing(changes: Changes) -> str | None:
    """L17: duty is at most its peak, which is at most one; no seat holds more than is possible."""
    for change in changes.of(SEATS):
        seat = change.after
        assert seat is not None, "a seat's row stays"
        if not seat.duty <= seat.peak <= ONE or seat.held > HELD_MAX:
            return f"{change.key.hex()} has {seat.duty}, {seat.peak}, {seat.held}"
    for each in changes.of(CUSTOMERS):
        if each.after is not None and each.after.activity > ONE // 2:
            return f"{each.key.hex()} has customers for more than half"
    return None


def find_bad_offender(changes: Changes) -> str | None:
    """L18: offenders are in order, and nobody has lost more than what answered for him."""
    for change in changes.of(OFFENDERS):
        entries = change.after.entries if change.after else ()
        seats = [item.seat for item in entries]
        if seats != sorted(set(seats)):
            return "out of order"
        if any(item.taken > item.base for item in entries):
            return "more was taken than there was"
    return None


def find_key_come_back(changes: Changes) -> str | None:
    """L19: a key that a seat has had stays marked as its own, for ever."""
    for change in changes.of(USED_KEYS):
        if change.before is not None:
            return change.key.hex()
    return None
