"""One value has one byte string; every other is refused, and so is whatever is above its cap."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.actions import Pay
from chain.codec import Amount, Codec, Natural, Record, T, check_text, encode
from chain.errors import Code, Invalid
from tests.vectors.packing import get_extension, pack

NUMBERS = Codec(Natural, 64)


class Row(Record, frozen=True):
    number: Natural
    word: str
    flag: bool
    nothing: int | None


ROWS = Codec(Row, 64)


def get_refusal(codec: Codec[T], data: bytes) -> Code:
    with pytest.raises(Invalid) as caught:
        codec.decode(data)
    return caught.value.code


@pytest.mark.parametrize(
    "data",
    ["cc01", "cd0001", "ce00000001", "cf0000000000000001", "d001", "d10001", "d200000001"],
)
def test_the_long_forms_of_one_are_refused(data: str) -> None:
    assert NUMBERS.decode(b"\x01") == 1
    assert get_refusal(NUMBERS, bytes.fromhex(data)) is Code.NOT_CANONICAL


@pytest.mark.parametrize("data", ["c3", "c2", "ca3f800000", "cb3ff0000000000000", "ff", "a131", ""])
def test_what_is_no_natural_number_is_malformed(data: str) -> None:
    assert get_refusal(NUMBERS, bytes.fromhex(data)) is Code.MALFORMED


def test_numbers_end_below_two_to_the_sixty_third() -> None:
    largest = 2**63 - 1
    assert NUMBERS.decode(encode(largest)) == largest
    assert get_refusal(NUMBERS, encode(largest + 1)) is Code.MALFORMED
    assert get_refusal(NUMBERS, encode(2**64 - 1)) is Code.MALFORMED


def test_an_amount_is_at_least_one() -> None:
    amounts = Codec(Amount, 16)
    assert amounts.decode(b"\x01") == 1
    assert get_refusal(amounts, b"\x00") is Code.MALFORMED


def test_bytes_behind_the_value_are_refused() -> None:
    assert get_refusal(NUMBERS, b"\x01\x01") is Code.MALFORMED


def test_a_row_has_exactly_its_fields() -> None:
    good = ROWS.decode(pack([7, "seven", True, None]))
    assert good == Row(7, "seven", flag=True, nothing=None)
    for wrong in ([7, "seven", True], [7, "seven", True, None, 0], {"number": 7}, [7, b"x", 1, 0]):
        assert get_refusal(ROWS, pack(wrong)) is Code.MALFORMED


def test_a_true_is_no_one_and_a_one_is_no_true() -> None:
    assert get_refusal(ROWS, pack([True, "", True, None])) is Code.MALFORMED
    assert get_refusal(ROWS, pack([1, "", 1, None])) is Code.MALFORMED


def test_long_headers_of_arrays_and_text_are_refused() -> None:
    short = pack([7, "seven", True, None])
    assert get_refusal(ROWS, b"\xdc\x00\x04" + short[1:]) is Code.NOT_CANONICAL
    long_word = short.replace(b"\xa5seven", b"\xd9\x05seven")
    assert get_refusal(ROWS, long_word) is Code.NOT_CANONICAL


def test_maps_and_extensions_are_refused() -> None:
    assert get_refusal(ROWS, pack({})) is Code.MALFORMED
    assert get_refusal(NUMBERS, get_extension()) is Code.MALFORMED


def test_more_bytes_than_the_cap_are_not_looked_at() -> None:
    assert get_refusal(NUMBERS, b"\x01" + bytes(64)) is Code.TOO_LARGE


def test_a_huge_array_is_refused_before_memory_is_taken_for_it() -> None:
    many = Codec(tuple[int, ...], 64)
    assert get_refusal(many, b"\xdd\xff\xff\xff\xff\x01") is Code.MALFORMED


def test_broken_utf8_is_malformed() -> None:
    broken = pack([7, "seven", True, None]).replace(b"seven", b"sev\xff\xff")
    assert get_refusal(ROWS, broken) is Code.MALFORMED


def refuses(text: str, limit_bytes: int = 140) -> bool:
    try:
        check_text(text, limit_bytes)
    except ValueError:
        return True
    return False


@pytest.mark.parametrize(
    "text", ["", "potatoes", "Спасибо за мёд 🍯", "ҡымыҙ, 5 ₽", "é", "日本語", "№ 7 – «да»…"]
)
def test_plain_text_passes(text: str) -> None:
    check_text(text, 140)


@pytest.mark.parametrize(
    "text",
    ["e\u0301", "\u212b", "и\u0306", "a\nb", "\x1b[2J", "a\x7f", "\u0085", "\u0378", "\ufdd0"],
)
def test_text_that_is_not_plain_is_refused(text: str) -> None:
    assert refuses(text)


def test_a_text_is_measured_in_bytes() -> None:
    check_text("я" * 70, 140)
    assert refuses("я" * 71)


def test_characters_newer_than_unicode_14_are_refused() -> None:
    # Kawi, CJK extension H, and a combining letter that only Unicode 15 would reorder.
    for text in ("\U00011f04", "\U00031350", "a\U0001e08f\u0323", "\U0001fae8"):
        assert refuses(text)
    check_text("\U0001fae7", 140)  # of Unicode 14.0


def test_a_memo_that_is_not_plain_makes_a_payment_malformed() -> None:
    payments = Codec(Pay, 300)
    good = Pay(bytes(32), 1, "мёд")
    assert payments.decode(encode(good)) == good
    bad = encode(good).replace("мёд".encode(), "ме\u0308д".encode()).replace(b"\xa6", b"\xa8")
    assert get_refusal(payments, bad) is Code.MALFORMED


@given(st.text(max_size=40))
def test_what_passes_is_in_normal_form_and_printable(text: str) -> None:
    if not refuses(text, 1_000):
        assert unicodedata.normalize("NFC", text) == text
        assert not any(unicodedata.category(character) in {"Cc", "Cn"} for character in text)


EVERYDAY = [*range(0x20, 0x7F), *range(0xA0, 0x250), *range(0x400, 0x483), *range(0x48A, 0x530)]


@given(st.text(alphabet=st.sampled_from([chr(code) for code in EVERYDAY]), max_size=20))
def test_everyday_writing_is_always_in_normal_form(text: str) -> None:
    check_text(text, 1_000)
    assert unicodedata.is_normalized("NFC", text)
