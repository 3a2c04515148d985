"""Ways to spoil bytes and values: what a stranger may send, from a seed that says it all."""

import math
import random

from tests.vectors.packing import pack, unpack

# Bytes that begin something in MessagePack, and edges of lengths.
INTERESTING = bytes((*range(0x90, 0xA2), *range(0xC0, 0xE0), 0x00, 0x01, 0x7F, 0x80, 0xFF))
NUMBERS = (
    0, 1, 2, 23, 31, 32, 127, 128, 255, 256, 65_535, 65_536, 2**31, 2**32 - 1, 2**32, 2**40,
    2**63 - 1, 2**63, 2**64 - 1, -1, -32, -33, -128, -(2**31), -(2**63),
)  # fmt: skip
ODD_VALUES: tuple[object, ...] = (
    None,
    True,
    False,
    0.0,
    1.0,
    math.nan,
    "",
    "е\u0308",
    "\x00",
    b"",
    [],
    {},
    {1: 2},
)


def spoil_bytes(source: random.Random, data: bytes, other: bytes) -> bytes:
    """The bytes with a few small changes, or parts of another message in them."""
    spoiled = bytearray(data)
    for _ in range(source.choice((1, 1, 1, 2, 3, 8))):
        place = source.randrange(len(spoiled) + 1)
        end = place + source.choice((1, 1, 2, 4, 8, 32))
        match source.randrange(7):
            case 0 if place < len(spoiled):
                spoiled[place] ^= 1 << source.randrange(8)
            case 1 if place < len(spoiled):
                spoiled[place] = source.choice(INTERESTING)
            case 2:
                del spoiled[place:end]
            case 3:
                spoiled[place:place] = bytes(source.choices(INTERESTING, k=end - place))
            case 4:
                spoiled[place:place] = spoiled[place:end]
            case 5:
                begin = source.randrange(len(other) + 1)
                spoiled[place:end] = other[begin : begin + end - place]
            case _:
                del spoiled[place:]
    return bytes(spoiled)


def spoil_value(source: random.Random, data: bytes) -> bytes:
    """The message with one of its values changed, in the shortest encoding or a longer one."""
    value = unpack(data)
    parent = value
    while isinstance(parent, list) and parent:
        place = source.randrange(len(parent))
        child = parent[place]
        if isinstance(child, list) and child and source.random() < 0.85:
            parent = child
            continue
        parent[place] = _change(source, child, parent)
        break
    packed = pack(value)
    return lengthen(source, packed) if source.random() < 0.3 else packed


def _change(source: random.Random, child: object, parent: list[object]) -> object:
    match source.randrange(4):
        case 0:
            return source.choice(ODD_VALUES)
        case 1:
            return source.choice(NUMBERS)
        case 2:
            return source.choice(parent)
        case _:
            return _nudge(source, child)


def _nudge(source: random.Random, child: object) -> object:
    """A value of the same type, close to the one that was there."""
    match child:
        case int():
            return max(-(2**63), min(2**64 - 1, child + source.choice((-1, 1, 2**32))))
        case bytes():
            return child[:-1] if source.random() < 0.5 else child + b"\x00"
        case str():
            return child + source.choice(("a", "\u0301", "\U0001e08f", "\n", "я" * 80))
        case _:
            return [child]


def lengthen(source: random.Random, data: bytes) -> bytes:
    """The same value to a lenient reader: one of its bytes, if it is a header, made longer."""
    for place in source.sample(range(len(data)), min(len(data), 40)):
        head = data[place]
        if head < 0x80:
            longer = source.choice((b"\xcc", b"\xcd\x00", b"\xd0", b"\xcf" + bytes(7)))
            return data[:place] + longer + data[place:]
        if 0x90 <= head < 0xA0:
            longer = source.choice((b"\xdc\x00", b"\xdd\x00\x00\x00"))
            return data[:place] + longer + bytes((head - 0x90,)) + data[place + 1 :]
        if 0xA0 <= head < 0xC0:
            longer = source.choice((b"\xd9", b"\xda\x00"))
            return data[:place] + longer + bytes((head - 0xA0,)) + data[place + 1 :]
        if head == 0xC4:
            return data[:place] + b"\xc5\x00" + data[place + 1 :]
    return data
