"""Money as integers. One pai is a million micropai; nothing here or in any rule is a float."""

import re
from typing import Final

MICROPAI_PER_PAI: Final = 1_000_000
AMOUNT_MAX: Final = 2**63 - 1  # an amount and a balance fit a signed 64-bit integer everywhere
SUPPLY_MAX: Final = 2**62 - 1  # all money together stays below, so that no sum of ours can overflow

_DECIMAL: Final = re.compile(r"(-?)(\d{1,13})(?:[.,](\d{1,6}))?", re.ASCII)


def parse_pai(text: str) -> int:
    """Amount in micropai of a decimal text such as ``12``, ``0.5`` or ``3,25``.

    Raises ValueError with a sentence for people when the text is no amount, has more than six
    decimals, or exceeds what an account can hold.
    """
    match = _DECIMAL.fullmatch(text.strip().replace("\u00a0", "").replace(" ", ""))
    if match is None:
        raise ValueError(
            f"{text!r} is not an amount: write digits and at most six decimals, like 12.50"
        )
    sign, whole, fraction = match.groups()
    amount_micropai = int(whole) * MICROPAI_PER_PAI + int((fraction or "").ljust(6, "0"))
    if amount_micropai > AMOUNT_MAX:
        raise ValueError(f"{text!r} is more than an account can hold")
    return -amount_micropai if sign else amount_micropai


def format_pai(amount_micropai: int) -> str:
    """Decimal text of an amount: exact, with no trailing zeros, a point as separator."""
    sign = "-" if amount_micropai < 0 else ""
    whole, fraction = divmod(abs(amount_micropai), MICROPAI_PER_PAI)
    return f"{sign}{whole}.{fraction:06d}".rstrip("0").rstrip(".")
