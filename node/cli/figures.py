"""How a report's exact texts are shown: amounts, ratios and shares in the person's notation.

Digits are cut for the eye only; the document keeps all of them.
"""

from decimal import Decimal
from typing import Final

from chain.units import parse_pai
from wallet.words import Words

BAR_WIDTH: Final = 24
_CENT: Final = 10_000  # micropai


def tell_amount(words: Words, text: str) -> str:
    """An exact amount, its point where the others in a column have theirs."""
    return words.amount(parse_pai(text), decimals=6)


def tell_rounded(words: Words, text: str) -> str:
    """An amount to the hundredth, for tables too wide for all digits."""
    cents = (parse_pai(text) + _CENT // 2) // _CENT
    return words.amount(cents * _CENT)


def tell_number(words: Words, text: str) -> str:
    """A ratio with three decimals."""
    return words.amount(int(Decimal(text) * 1_000) * 1_000, decimals=3)


def tell_percent(words: Words, share: str) -> str:
    """A share of one as a percentage."""
    return words.percent(int(Decimal(share) * 1_000_000), 1_000_000)
