"""Addresses for people: bech32m (BIP 350) of the 32-byte account id, with the community's prefix.

The checksum finds any four wrong characters. Upper case is accepted whole (QR codes), mixed case
never.
"""

from typing import Final

from chain.policy import AccountId

_ALPHABET: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_VALUES: Final = {character: value for value, character in enumerate(_ALPHABET)}
_GENERATORS: Final = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_BECH32M: Final = 0x2BC830A3
_CHECKSUM_LENGTH: Final = 6
_ADDRESS_LENGTH_MAX: Final = 90  # bech32's own bound, within which its promises about errors hold
PREFIX_LENGTH_MAX: Final = 16  # with 52 characters of data and the checksum: below bech32's 90


def encode_address(prefix: str, account: AccountId) -> str:
    """The address of an account under a community's prefix."""
    values = _regroup(account, 8, 5)
    expanded = _expand_prefix(prefix) + values + [0] * _CHECKSUM_LENGTH
    checksum = _compute_polymod(expanded) ^ _BECH32M
    tail = [(checksum >> 5 * (5 - index)) & 31 for index in range(_CHECKSUM_LENGTH)]
    return prefix + "1" + "".join(_ALPHABET[value] for value in values + tail)


def decode_address(prefix: str, address: str) -> AccountId:
    """The account of an address. Raises ValueError with a sentence for people."""
    text = address.strip()
    if len(text) > _ADDRESS_LENGTH_MAX:
        raise ValueError(f"{text[:20]!r}... is too long for an address")
    if not text.isascii():  # a Kelvin sign has the small letter k
        raise ValueError(f"{text!r} is not an address: it has letters that are not Latin")
    if text not in (text.lower(), text.upper()):
        raise ValueError(f"{text!r} mixes capital and small letters: copy the address again")
    text = text.lower()
    given, separator, data = text.rpartition("1")
    if not separator or any(character not in _VALUES for character in data):
        raise ValueError(f"{text!r} is not an address: it looks like {prefix}1q...")
    values = [_VALUES[character] for character in data]
    if _compute_polymod(_expand_prefix(given) + values) != _BECH32M:
        raise ValueError(f"{text!r} has a typing error: its checksum does not fit")
    if given != prefix:
        raise ValueError(f"{text!r} belongs to another community: ours begin with {prefix}1")
    account = bytes(_regroup(values[:-_CHECKSUM_LENGTH], 5, 8, pad=False))
    if len(account) != 32 or encode_address(prefix, account) != text:
        raise ValueError(f"{text!r} is not an account's address")
    return account


def is_prefix(prefix: str) -> bool:
    """Whether a community may use this prefix: small Latin letters and digits, a letter first."""
    return (
        0 < len(prefix) <= PREFIX_LENGTH_MAX
        and prefix.isascii()
        and prefix.isalnum()
        and prefix == prefix.lower()
        and prefix[0].isalpha()
    )


def _expand_prefix(prefix: str) -> list[int]:
    codes = prefix.encode()
    return [code >> 5 for code in codes] + [0] + [code & 31 for code in codes]


def _compute_polymod(values: list[int]) -> int:
    checksum = 1
    for value in values:
        top = checksum >> 25
        checksum = (checksum & 0x1FFFFFF) << 5 ^ value
        for index, generator in enumerate(_GENERATORS):
            if top >> index & 1:
                checksum ^= generator
    return checksum


def _regroup(
    values: bytes | list[int], width: int, new_width: int, *, pad: bool = True
) -> list[int]:
    """The same bits in groups of another width; without ``pad`` a short rest is dropped."""
    accumulator = bits = 0
    groups = []
    for value in values:
        accumulator = accumulator << width | value
        bits += width
        while bits >= new_width:
            bits -= new_width
            groups.append(accumulator >> bits & ((1 << new_width) - 1))
        accumulator &= (1 << bits) - 1
    if pad and bits:
        groups.append(accumulator << (new_width - bits))
    return groups
