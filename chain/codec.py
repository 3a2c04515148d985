"""Canonical MessagePack: one value, one byte string.

Arrays of exact length, integers in shortest form, byte strings, NFC text, booleans and nil.
Whatever does not re-encode to itself is refused, and so is whatever is above its cap. The types
carry the caps; nesting is as deep as the types nest, at most eight.
"""

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
    """Refuse text that is not NFC or longer than its cap in UTF-8. Raises ValueError."""
    if not text.isascii() and not unicodedata.is_normalized("NFC", text):
        raise ValueError("text is not in Unicode normal form C")
    if len(text.encode()) > limit_bytes:
        raise ValueError(f"text of more than {limit_bytes} bytes")
