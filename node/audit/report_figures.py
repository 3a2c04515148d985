"""How figures are written in a report: shares and ratios of six decimals, amounts to the micropai.

Text out of exact numbers; nothing here is a float.
"""

from decimal import ROUND_HALF_EVEN, Decimal

from chain.units import format_pai


def get_share(part: int, whole: int) -> str:
    """A part of a whole; nothing of nothing is 0."""
    return get_ratio(Decimal(part), Decimal(whole))


def get_ratio(part: Decimal, whole: Decimal) -> str:
    """A quotient of six decimals; nothing of nothing is 0."""
    quotient = part / whole if whole else Decimal(0)
    return str(quotient.quantize(Decimal("0.000001"), ROUND_HALF_EVEN))


def format_exact(amount_micropai: Decimal) -> str:
    """Pai of an amount that has parts of a micropai, to the nearest micropai."""
    return format_pai(int(amount_micropai.to_integral_value(ROUND_HALF_EVEN)))
