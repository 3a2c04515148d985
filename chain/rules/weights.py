"""What a seat weighs: its bond, concave and capped; its duty; its customers. All in integers.

ONE is a million. Duty follows attendance and fades within hours, but for a week not below half of
its peak; newcomers enter slowly, however many. Nobody holds more than an eighth, or in small
communities six fifths of his share by what seats hold; 65,536 steps are enough to keep newcomers'
crumbs from being rounded up.
"""

from collections.abc import Sequence
from math import isqrt
from typing import Final, NamedTuple

ONE: Final = 1_000_000
BOND_CAP: Final = 16  # a bond beyond 16 times the minimum, four seats' worth, adds nothing
DORMANT: Final = ONE // 4
WEIGHT_MAX: Final = 65_536
DUTY_SHIFT: Final = 3  # duty moves an eighth of the way to an epoch's attendance
FADE_SHIFT: Final = 8  # peak and held lose a 256th an epoch: a week to fall by half
GAIN_SHIFT: Final = 4  # all seats together gain at most a sixteenth of what is held an epoch ...
GAIN_WINDOW_SHIFT: Final = 2  # ... and a quarter in a window of epochs


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


def compute_duty(duty: int, delivered: int, expected: int) -> int:
    """Duty after an epoch in which some of the expected roll-calls were attended; not for none."""
    return duty + (ONE * delivered // expected >> DUTY_SHIFT) - (duty >> DUTY_SHIFT)


def compute_peak(duty: int, peak: int) -> int:
    """The highest duty of late, slowly forgotten."""
    return max(duty, peak - (peak >> FADE_SHIFT))


def compute_effective(duty: int, peak: int) -> int:
    """The duty that counts: whoever is kept away loses at most half of his at once."""
    return max(duty, peak >> 1)


class Gains(NamedTuple):
    """Raw weights after the entry limit, in the order given, and how much was gained in all."""

    limited: list[int]
    gained: int


def limit_gains(raws: Sequence[int], helds: Sequence[int], gained_before: int) -> Gains:
    """Let seats gain, beyond what they hold, a sixteenth of all that is held.

    ``gained_before`` is what was gained in the window so far, of which a quarter is the bound.
    Where nobody holds anything there is nobody to protect, and nothing is limited.
    """
    gains = [max(0, raw - held) for raw, held in zip(raws, helds, strict=True)]
    wanted, all_held = sum(gains), sum(helds)
    limit = min(all_held >> GAIN_SHIFT, max(0, (all_held >> GAIN_WINDOW_SHIFT) - gained_before))
    if wanted <= limit or not all_held:
        return Gains(list(raws), wanted)
    limited = [
        min(raw, held) + gain * limit // wanted
        for raw, held, gain in zip(raws, helds, gains, strict=True)
    ]
    return Gains(limited, sum(gain * limit // wanted for gain in gains))


def compute_held(limited: int, held: int) -> int:
    """What a seat holds after an epoch: its limited weight, or most of what it held before."""
    return max(limited, held - (held >> FADE_SHIFT))


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
