"""Canonical MessagePack: one value, one byte string.

Arrays of exact length, integers in shortest form, byte strings, NFC text, booleans and nil.
Whatever does not re-encode to itself is refused, and so is whatever is above its cap. The types
carry the caps; nesting is as deep as the types nest: nine arrays at most. Text means the same to
every version of Python that may run a node.
"""

import re
import unicodedata
from typing import Annotated, Final, Generic, TypeVar

import msgspec
from msgspec import Meta

from chain.errors import Code, Invalid
from chain.units import AMOUNT_MAX

T = TypeVar("T")

Natural = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Amount = Annotated[int, Meta(ge=1, le=AMOUNT_MAX)]
Bytes16 = Annotated[bytes, Meta(min_length=16, max_length=16)]
Bytes32 = Annotated[bytes, Meta(min_length=32, max_length=32)]
Bytes64 = Annotated[bytes, Meta(min_length=64, max_length=64)]


class Record(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """A frozen row or message, encoded as an array of its fields in order. It holds no cycles."""


encode: Final = msgspec.msgpack.Encoder().encode


class Codec(Generic[T]):
    """Decodes one kind of value, canonical bytes only, up to a number of bytes."""

    __slots__ = ("_decode", "kind", "limit_bytes")

    def __init__(self, kind: type[T], limit_bytes: int) -> None:
        self.kind = kind
        self.limit_bytes = limit_bytes
        self._decode = msgspec.msgpack.Decoder(kind).decode

    def decode(self, data: bytes) -> T:
        """The value of these bytes. Raises Invalid: TOO_LARGE, MALFORMED or NOT_CANONICAL."""
        if len(data) > self.limit_bytes:
            raise Invalid(Code.TOO_LARGE, f"{len(data)} bytes, at most {self.limit_bytes}")
        try:
            value = self._decode(data)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise Invalid(Code.MALFORMED, str(error)) from None
        if encode(value) != data:
            raise Invalid(Code.NOT_CANONICAL)
        return value


def check_text(text: str, limit_bytes: int) -> None:
    """Refuse text that is longer than its cap in UTF-8, or not plain. Raises ValueError.

    Plain text is in normal form C, of characters of Unicode 14.0, none of them a control character:
    a memo must not be able to drive somebody's terminal.
    """
    if len(text.encode()) > limit_bytes:
        raise ValueError(f"text of more than {limit_bytes} bytes")
    if _EVERYDAY_TEXT.fullmatch(text):
        return
    if _NEWER_CHARACTERS.search(text):
        raise ValueError("text with characters that Unicode 14.0 does not have")
    for character in text:
        category = unicodedata.category(character)
        if category == "Cn":
            raise ValueError("text with characters that Unicode 14.0 does not have")
        if category == "Cc":
            raise ValueError("text with control characters")
    if not unicodedata.is_normalized("NFC", text):
        raise ValueError("text is not in Unicode normal form C")


# Russian and western European writing: none of it is changed by normal form C, whatever stands
# beside what. It spares nearly every memo the slow way.
_EVERYDAY_TEXT: Final = re.compile(
    "[ -~\u00a0-\u024f\u0400-\u0482\u048a-\u052f\u2010-\u2027\u20bd\u2116]*"
)

# Python 3.11 knows Unicode 14.0 and Python 3.12 knows 15.0. What is assigned has one normal form
# for ever, but what is unassigned to one and a combining mark to the other has two: a memo with
# such a character would be good on some nodes and bad on others. These came with 15.0.
_NEWER_CHARACTERS: Final = re.compile(
    "[\u0cf3\u0ece\U00010efd-\U00010eff\U0001123f-\U00011241\U00011b00-\U00011b09"
    "\U00011f00-\U00011f10\U00011f12-\U00011f3a\U00011f3e-\U00011f59\U0001342f"
    "\U00013439-\U00013455\U0001b132\U0001b155\U0001d2c0-\U0001d2d3\U0001df25-\U0001df2a"
    "\U0001e030-\U0001e06d\U0001e08f\U0001e4d0-\U0001e4f9\U0001f6dc\U0001f774-\U0001f776"
    "\U0001f77b-\U0001f77f\U0001f7d9\U0001fa75-\U0001fa77\U0001fa87\U0001fa88"
    "\U0001faad-\U0001faaf\U0001fabb-\U0001fabd\U0001fabf\U0001face\U0001facf\U0001fada\U0001fadb"
    "\U0001fae8\U0001faf7\U0001faf8\U0002b739\U00031350-\U000323af]"
)
