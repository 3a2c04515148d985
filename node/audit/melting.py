"""How balances melt, in decimal fractions of fifty digits: never rounded, shared by no rule."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Context, Decimal, localcontext
from functools import lru_cache
from typing import Final

from chain.parameters import KEEP_ONE, KeepSchedule

DIGITS: Final = (
    50  # a balance has 19; thirty more keep a century of hours exact far below a micropai
)


@lru_cache(maxsize=4_096)
def get_power(keep: int | None, steps: int) -> Decimal:
    """(keep / 2^64) ** steps in fifty digits; ``None`` keeps everything."""
    with exact():
        return Decimal(1) if keep is None else (Decimal(keep) / KEEP_ONE) ** steps


def decay(balance: Decimal, schedule: KeepSchedule, from_step: int, to_step: int) -> Decimal:
    """What remains of a balance, segment by segment; a debt does not melt."""
    if balance <= 0:
        return balance
    at = from_step
    while at < to_step:
        index = find_segment(schedule, at)
        end = to_step if index + 1 == len(schedule) else schedule[index + 1].from_step
        end = min(end, to_step)
        balance *= get_power(schedule[index].keep, end - at)
        at = end
    return balance


def sum_over_slots(from_slot: int, to_slot: int, slots_per_step: int, factor: Decimal) -> Decimal:
    """The sum over slots of what is left of 1 that melts by ``factor`` at every step's beginning.

    By the formula of the geometric series, so that a pause of years costs no more than a slot.
    """
    first_end = min(to_slot, (from_slot // slots_per_step + 1) * slots_per_step)
    weight = Decimal(first_end - from_slot)
    steps, rest = divmod(to_slot - first_end, slots_per_step)
    if factor == 1:
        return weight + steps * slots_per_step + rest
    power = factor**steps
    return weight + slots_per_step * factor * (1 - power) / (1 - factor) + rest * power * factor


def find_segment(schedule: KeepSchedule, step: int) -> int:
    """Which segment of the schedule a step falls into."""
    index = len(schedule) - 1
    while schedule[index].from_step > step:
        index -= 1
    return index


@contextmanager
def exact() -> Iterator[None]:
    """Reckon in so many digits."""
    with localcontext(Context(prec=DIGITS)):
        yield
