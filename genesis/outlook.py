"""What the figures of a constitution come to, by the ledger's own arithmetic.

Members ask what becomes of their money, not for a fraction of 2^64: of a balance held still, what
remains after a step, a period, a month, a year.
"""

from typing import Final, NamedTuple

from chain.parameters import Constants, KeepSchedule
from chain.rules.settlement import compute_decayed
from chain.units import MICROPAI_PER_PAI

EXAMPLE: Final = 1_000 * MICROPAI_PER_PAI
_HOUR: Final = 3_600
YEAR_SECONDS: Final = 31_557_600  # 365.25 days
MONTH_SECONDS: Final = YEAR_SECONDS // 12


class Horizon(NamedTuple):
    """After so many steps, so long in seconds, so much of 1,000 pai remains, in micropai."""

    steps: int
    seconds: int
    remains: int


def compute_outlook(constants: Constants, schedule: KeepSchedule) -> tuple[Horizon, ...]:
    """What remains of 1,000 pai after a step, a period and 28 periods.

    After a month, the twelfth of a year, and a year too, where a period is an hour or longer.
    """
    step = constants.slot_seconds * constants.slots_per_step
    period = constants.slot_seconds * constants.slots_per_period
    lengths = {step, period, 28 * period}
    if period >= _HOUR:
        lengths |= {MONTH_SECONDS, YEAR_SECONDS}
    return tuple(
        Horizon(
            seconds // step,
            seconds,
            compute_decayed(EXAMPLE, schedule, 0, seconds // step),
        )
        for seconds in sorted(lengths)
    )
