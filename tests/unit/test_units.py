"""Money is read and written exactly, and never as a float."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.units import AMOUNT_MAX, format_pai, parse_pai


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("12", 12_000_000),
        ("0.5", 500_000),
        ("3,25", 3_250_000),
        ("-1", -1_000_000),
        ("1 000.000001", 1_000_000_001),
        ("1\u00a0000", 1_000_000_000),
        ("0", 0),
    ],
)
def test_amounts_are_read(text: str, amount: int) -> None:
    assert parse_pai(text) == amount


@pytest.mark.parametrize(
    "text", ["", "1.0000001", "1e3", "1.", ".5", "1,000,000", "--1", "٣", "1_0", "NaN", "9" * 14]
)
def test_what_is_no_amount_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match=r"amount|account can hold"):
        parse_pai(text)


def test_an_amount_fits_an_account() -> None:
    assert parse_pai(format_pai(AMOUNT_MAX)) == AMOUNT_MAX
    with pytest.raises(ValueError, match="more than an account can hold"):
        parse_pai(format_pai(AMOUNT_MAX + 1))


@given(st.integers(-AMOUNT_MAX, AMOUNT_MAX))
def test_writing_and_reading_loses_nothing(amount: int) -> None:
    assert parse_pai(format_pai(amount)) == amount


def test_zeros_at_the_end_are_not_written() -> None:
    assert [format_pai(amount) for amount in (1_500_000, 10_000_000, 1, -2_000_000)] == [
        "1.5",
        "10",
        "0.000001",
        "-2",
    ]
