"""Addresses are bech32m (BIP 350): typing errors are found, and nothing is read two ways."""

import random
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain import address
from chain.address import decode_address, encode_address, is_prefix
from tests.community import get_account_id

ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
EMMA = get_account_id("emma")
TEXT = encode_address("pai", EMMA)

# BIP 350, "Test vectors for Bech32m": valid strings, and invalid ones that a checksum can tell.
VALID = [
    "A1LQFN3A",
    "a1lqfn3a",
    "an83characterlonghumanreadablepartthatcontainsthetheexcludedcharactersbioandnumber11sg7hg6",
    "abcdef1l7aum6echk45nj3s0wdvt2fg8x9yrzpqzd3ryx",
    "11llllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllludsr8",
    "split1checkupstagehandshakeupstreamerranterredcaperredlc445v",
    "?1v759aa",
]
INVALID = ["M1VUXWEZ", "16plkw9", "in1muywd", "mm1crxm3i", "au1s5cgom", "y1b0jsk6g", "lt1igcx5c0"]


def has_bech32m_checksum(text: str) -> bool:
    prefix, _, data = text.lower().rpartition("1")
    if not prefix or any(character not in ALPHABET for character in data):
        return False
    values = [ALPHABET.index(character) for character in data]
    return address._compute_polymod(address._expand_prefix(prefix) + values) == address._BECH32M


@pytest.mark.parametrize("text", VALID)
def test_valid_strings_of_the_standard(text: str) -> None:
    assert has_bech32m_checksum(text)


@pytest.mark.parametrize("text", INVALID)
def test_invalid_strings_of_the_standard(text: str) -> None:
    assert not has_bech32m_checksum(text)


@given(st.binary(min_size=32, max_size=32), st.from_regex(r"[a-z][a-z0-9]{0,15}", fullmatch=True))
def test_writing_and_reading_gives_the_account_back(account: bytes, prefix: str) -> None:
    text = encode_address(prefix, account)
    assert text.startswith(prefix + "1")
    assert has_bech32m_checksum(text)
    assert decode_address(prefix, text) == account
    assert decode_address(prefix, f"  {text.upper()}\n") == account


def get_complaint(text: str, prefix: str = "pai") -> str:
    with pytest.raises(ValueError, match=r".") as caught:
        decode_address(prefix, text)
    return str(caught.value)


def test_every_single_and_many_double_errors_are_found() -> None:
    source = random.Random(350)
    data = range(4, len(TEXT))
    for place, letter in product(data, ALPHABET):
        if letter != TEXT[place]:
            assert "typing error" in get_complaint(TEXT[:place] + letter + TEXT[place + 1 :])
    for _ in range(2_000):
        wrong = list(TEXT)
        for place in source.sample(data, source.randint(2, 4)):
            wrong[place] = source.choice(ALPHABET.replace(wrong[place], ""))
        assert "typing error" in get_complaint("".join(wrong))


def test_swapped_neighbours_are_found() -> None:
    for place in range(4, len(TEXT) - 1):
        one, other = TEXT[place], TEXT[place + 1]
        if one != other:
            assert "typing error" in get_complaint(TEXT[:place] + other + one + TEXT[place + 2 :])


def test_a_lost_or_doubled_letter_is_found() -> None:
    for place in range(4, len(TEXT)):
        get_complaint(TEXT[:place] + TEXT[place + 1 :])
        get_complaint(TEXT[:place] + TEXT[place] + TEXT[place:])


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (TEXT[:10].upper() + TEXT[10:], "mixes capital and small"),
        (encode_address("other", EMMA), "belongs to another community"),
        (TEXT.replace("1", "", 1), "is not an address"),
        ("", "is not an address"),
        ("emma", "is not an address"),
        ("pai1", "typing error"),
        ("pai1" + "q" * 100, "too long"),
        (encode_address("kai", EMMA).upper().replace("K", "\u212a"), "letters that are not Latin"),
        ("пай1qqqqqq", "letters that are not Latin"),
    ],
)
def test_what_is_no_address_gets_a_sentence(text: str, complaint: str) -> None:
    assert complaint in get_complaint(text, "kai" if "\u212a" in text else "pai")


def test_an_address_of_another_length_is_no_account() -> None:
    for size_bytes in (0, 20, 31, 33):
        assert "is not an account" in get_complaint(encode_address("pai", bytes(size_bytes)))


def test_needless_bits_are_refused() -> None:
    values = [ALPHABET.index(letter) for letter in TEXT[4:-6]]
    values[-1] |= 1  # 256 bits fill 51 letters and one bit of the 52nd
    expanded = address._expand_prefix("pai") + values + [0] * 6
    checksum = address._compute_polymod(expanded) ^ address._BECH32M
    tail = [(checksum >> 5 * (5 - index)) & 31 for index in range(6)]
    forged = "pai1" + "".join(ALPHABET[value] for value in values + tail)
    assert has_bech32m_checksum(forged)
    assert "is not an account" in get_complaint(forged)


@pytest.mark.parametrize(
    ("prefix", "good"),
    [
        ("pai", True),
        ("a", True),
        ("x1", True),
        ("a" * 16, True),
        ("", False),
        ("a" * 17, False),
        ("1a", False),
        ("Pai", False),
        ("па", False),
        ("a-b", False),
        ("a\u0663", False),
    ],
)
def test_prefixes_are_small_latin_letters_and_digits(prefix: str, good: bool) -> None:
    assert is_prefix(prefix) is good
