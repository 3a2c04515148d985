"""Tables of a TOML file that know their place, and what may be written in them.

Every error names file, table and key. A key nobody asked for is an error too: a typing error must
not silently change a constitution. ``note`` is admitted everywhere and read by nobody.
"""

import tomllib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, Final, TypeVar

from chain.address import decode_address, is_prefix
from chain.codec import check_text
from chain.genesis import NAME_BYTES_MAX
from chain.parameters import KEEP_ONE
from chain.policy import AccountId
from chain.units import parse_pai

T = TypeVar("T")
D = TypeVar("D")

NOTE: Final = "note"
COUNT_MAX: Final = 2**63 - 1


class ConstitutionError(Exception):
    """The file is no constitution. The message names file, table, key and what to do."""


class Table:
    """One table of a file: hands out its keys, and knows its place for errors."""

    __slots__ = ("_asked", "_file", "_place", "_values")

    def __init__(self, file: str, place: str, values: dict[str, Any]) -> None:
        self._file = file
        self._place = place
        self._values = values
        self._asked = {NOTE}

    def fault(self, key: str, problem: str) -> ConstitutionError:
        """An error about a key of this table."""
        where = f"[{self._place}] {key}" if self._place else key
        return ConstitutionError(f"{self._file}: {where}: {problem}")

    def read(self, key: str, parse: Callable[[Any], T]) -> T:
        """The parsed value under a key that must be there; ``parse`` raises ValueError."""
        self._asked.add(key)
        if key not in self._values:
            raise self.fault(key, "this key is missing: add it")
        try:
            return parse(self._values[key])
        except ValueError as error:
            raise self.fault(key, str(error)) from None

    def read_or(self, key: str, parse: Callable[[Any], T], default: D) -> T | D:
        """The parsed value under a key, or the default when the key is absent."""
        self._asked.add(key)
        return self.read(key, parse) if key in self._values else default

    def table(self, key: str) -> "Table":
        """The table under a key."""
        values = self.read(key, lambda value: value)
        if not isinstance(values, dict):
            raise self.fault(key, "write this as a table [...] of its own")
        return Table(self._file, self._below(key), values)

    def tables(self, key: str) -> Iterator["Table"]:
        """The tables of the array under a key; none when it is absent."""
        items: Any = self.read_or(key, lambda value: value, ())
        if not isinstance(items, list | tuple) or any(not isinstance(item, dict) for item in items):
            raise self.fault(key, "write each of these as a table [[...]] of its own")
        for number, item in enumerate(items, start=1):
            yield Table(self._file, f"{self._below(key)} {number}", item)

    def close(self) -> None:
        """Refuse keys that nobody asked for."""
        for key in self._values:
            if key not in self._asked:
                near = get_close_matches(key, sorted(self._asked), 1)
                if near:
                    raise self.fault(key, f"there is no such key, did you mean {near[0]}?")
                raise self.fault(key, "there is no such key, remove it")

    def _below(self, key: str) -> str:
        return f"{self._place}.{key}" if self._place else key


def parse_toml(data: bytes, file: str) -> Table:
    """The root table of a TOML file. Raises ConstitutionError."""
    try:
        return Table(file, "", tomllib.loads(data.decode(), parse_float=Decimal))
    except UnicodeDecodeError:
        raise ConstitutionError(f"{file}: the file is not UTF-8 text") from None
    except ValueError as error:  # of TOML itself, or a number with thousands of digits
        raise ConstitutionError(f"{file}: this is not TOML: {error}") from None
    except RecursionError:
        raise ConstitutionError(f"{file}: the file nests too deeply") from None


def parse_count(value: object) -> int:
    """A whole number from 0."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= COUNT_MAX:
        raise ValueError(f"{value!r} is not a whole number from 0: write digits without quotes")
    return value


def parse_amount(value: object) -> int:
    """Micropai of an amount of pai, written as a text or as a number."""
    match value:
        case bool():
            raise ValueError("this is not an amount: write it like '12.50'")
        case int() | Decimal() | str():
            amount_micropai = parse_pai(str(value))
            if amount_micropai < 0:
                raise ValueError(f"{str(value)!r} is below zero: nobody is born with debts")
            return amount_micropai
    raise ValueError("this is not an amount: write it like '12.50'")


def parse_fraction(value: object) -> int:
    """The numerator of a fraction of 2^64, as a text: TOML's own integers end at 2^63."""
    if not isinstance(value, str) or not value.isascii() or not value.isdigit():
        raise ValueError(f"{value!r} is not a fraction of 2^64: write its digits in quotes")
    fraction = int(value)
    if not 0 < fraction < KEEP_ONE:
        raise ValueError("a fraction of 2^64 lies between 0 and 18446744073709551616")
    return fraction


def parse_text(value: object) -> str:
    """A name for people, of a length the chain admits."""
    return parse_text_of(NAME_BYTES_MAX)(value)


def parse_text_of(limit_bytes: int) -> Callable[[object], str]:
    """A parser of texts for people, up to so many bytes."""

    def parse(value: object) -> str:
        if not isinstance(value, str) or not value.strip():
            raise ValueError("write a text in quotes")
        check_text(value, limit_bytes)
        return value

    return parse


def parse_prefix(value: object) -> str:
    """The first letters of a community's addresses."""
    if not isinstance(value, str) or not is_prefix(value):
        raise ValueError("the prefix of addresses is 1 to 16 small Latin letters and digits")
    return value


def parse_time(value: object) -> int:
    """Seconds since 1970-01-01 UTC of a date with time; without a zone it is in UTC."""
    if isinstance(value, datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=UTC)
        if moment.microsecond:
            raise ValueError("a community begins at a whole second: leave out the fraction")
        return int(moment.timestamp())
    raise ValueError("write a moment like 2026-03-01T08:00:00Z")


def parse_hash(value: object) -> bytes:
    """32 bytes in hexadecimal digits: a hash or a public key."""
    return _parse_hex(value, 32)


def parse_signature(value: object) -> bytes:
    """64 bytes in hexadecimal digits."""
    return _parse_hex(value, 64)


def parse_address(prefix: str, value: object) -> AccountId:
    """An account, of its address under the community's prefix."""
    match value:
        case str():
            return decode_address(prefix, value)
    raise ValueError(f"write an address in quotes: it looks like {prefix}1q...")


def parse_list(value: object, parse: Callable[[Any], T]) -> tuple[T, ...]:
    """A list of parsed values."""
    match value:
        case list():
            return tuple(parse(item) for item in value)
    raise ValueError("write a list in brackets: [..., ...]")


def _parse_hex(value: object, length: int) -> bytes:
    if isinstance(value, str) and len(value) == 2 * length and value.isascii():
        try:
            return bytes.fromhex(value)
        except ValueError:
            pass
    raise ValueError(f"write {2 * length} hexadecimal digits in quotes")
