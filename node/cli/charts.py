"""Small drawings for terminals: bars and sparklines out of block characters. Pure.

They show proportions at a glance beside exact figures, never instead of them.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

_EIGHTHS: Final = " ▏▎▍▌▋▊▉█"
_LEVELS: Final = "▁▂▃▄▅▆▇█"


def draw_bar(part: Decimal | int, whole: Decimal | int, width: int) -> str:
    """A bar of ``part`` of ``whole``, as wide as ``width`` characters when they are equal."""
    if whole <= 0 or part <= 0:
        return ""
    eighths = min(int(Decimal(part) * width * 8 / Decimal(whole)), width * 8)
    full, rest = divmod(eighths, 8)
    return "█" * full + _EIGHTHS[rest].strip()


def draw_sparkline(values: Sequence[Decimal | int], width: int) -> str:
    """The newest values as a row of levels, the highest one full; nothing at all is a low line."""
    shown = values[-width:]
    highest = max(shown, default=0)
    if highest <= 0:
        return _LEVELS[0] * len(shown)
    top = len(_LEVELS) - 1
    return "".join(
        _LEVELS[min(top, int(Decimal(max(value, 0)) * top / Decimal(highest) + Decimal("0.5")))]
        for value in shown
    )
