"""What a seat weighs: its bond, concave and capped; its duty; its customers. All in integers.

ONE is a million. Nobody holds more than an eighth, or in small communities six fifths of his share
by what seats hold; 65,536 steps are enough to keep newcomers' crumbs from being rounded up.
"""

from collections.abc import Sequence
from math import isqrt
from typing import Final, NamedTuple

ONE: Final = 1_000_000
BOND_CAP: Final = 16  # a bond beyond 16 times the minimum, four seats' worth, adds nothing
DORMANT: Final = ONE // 4
WEIGHT_MAX: Final = 65_536


class Standing(NamedTuple):
    """What decides a seat's weight: stake and raw weight, both with activity's bonus or without."""

    stake: int
    activity: int
    raw: int


def compute_stake(bond: int, bond_min: int) -> int:
    """1.0 at the least bond, 4.0 at sixteen times that, by the square root; 0 below the least."""
    if bond < bond_min:
        return 0
    return isqrt(min(bond, BOND_CAP * bond_min) * ONE * ONE // bond_min)


def compute_raw(stake: int, effective_duty: int, activity: int) -> int:
    """Weight before limits: stake, times duty squared, times what customers add."""
    if effective_duty < DORMANT:
        return 0
    return stake * (effective_duty * effective_duty // ONE) // ONE * (ONE + activity) // ONE


def compute_cap(standings: Sequence[Standing]) -> int:
    """The largest c with c * den <= num * sum(min(raw, c)), num/den the share nobody exceeds.

    The share is the larger of 1/8 and 6 max(f) / (5 sum(f)), f the fraction of a full seat that
    each seat's raw weight is: counted by what newcomers hold, not by heads.
    """
    raws = sorted((item.raw for item in standings), reverse=True)
    fractions = [
        ONE * item.raw // (item.stake * (ONE + item.activity) // ONE)
        for item in standings
        if item.raw
    ]
    if not any(fractions):
        return max(raws, default=0)
    numerator, denominator = 6 * max(fractions), 5 * sum(fractions)
    if 8 * numerator < denominator:
        numerator, denominator = 1, 8
    rest = sum(raws)
    for capped, raw in enumerate(raws):
        # With the `capped` largest held to c: c * den <= num * (capped * c + rest).
        cap = numerator * rest // (denominator - numerator * capped)
        if raw <= cap:
            return min(raws[0], cap)
        rest -= raw
    raise AssertionError("the share is at least one seat's even part, so some seat is below it")


def compute_weights(standings: Sequence[Standing]) -> list[int]:
    """Weights in steps of 1/65,536 of the heaviest; 0 where nothing is held."""
    cap = compute_cap(standings)
    capped = [min(item.raw, cap) for item in standings]
    heaviest = max(capped, default=0)
    return [WEIGHT_MAX * raw // heaviest if heaviest else 0 for raw in capped]
