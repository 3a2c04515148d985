"""Whatever a record says has one byte string; every other byte string says nothing, or itself."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.codec import Codec, Record, encode
from chain.crypto import u32
from chain.errors import Code, Invalid
from tests.properties.records import RECORDS, build_strategy
from tests.vectors.packing import is_canonical, pack, unpack

LIMIT_BYTES = 1_024 * 1_024
fewer = settings(max_examples=settings().max_examples // 6)  # there are five dozen records
names = pytest.mark.parametrize("kind", RECORDS, ids=lambda kind: kind.__name__)


def accepts(codec: Codec[Any], data: bytes) -> bool:
    """Whether the bytes are accepted; then they must be what both libraries write for them."""
    try:
        value = codec.decode(data)
    except Invalid as refused:
        if refused.code not in {Code.MALFORMED, Code.NOT_CANONICAL, Code.TOO_LARGE}:
            raise
        return False
    assert encode(value) == data
    assert is_canonical(data)
    return True


@names
@fewer
@given(data=st.data())
def test_what_is_written_is_read_again(kind: type[Record], data: st.DataObject) -> None:
    value = data.draw(build_strategy(kind))
    written = encode(value)
    assert Codec(kind, LIMIT_BYTES).decode(written) == value
    assert pack(unpack(written)) == written


@names
@fewer
@given(data=st.data())
def test_mutated_bytes_say_nothing_or_themselves(kind: type[Record], data: st.DataObject) -> None:
    written = bytearray(encode(data.draw(build_strategy(kind))))
    codec = Codec(kind, LIMIT_BYTES)
    for _ in range(data.draw(st.integers(1, 8))):
        place = data.draw(st.integers(0, len(written) - 1))
        written[place] = data.draw(st.integers(0, 255))
        accepts(codec, bytes(written))


@names
@fewer
@given(data=st.data())
def test_no_other_bytes_say_the_same(kind: type[Record], data: st.DataObject) -> None:
    written = encode(data.draw(build_strategy(kind)))
    codec = Codec(kind, LIMIT_BYTES)
    assert accepts(codec, written)
    cut = data.draw(st.integers(0, len(written) - 1))
    assert not accepts(codec, written[:cut])
    assert not accepts(codec, written + written)
    assert not accepts(codec, written + b"\xc0")
    fields = unpack(written)
    assert isinstance(fields, list)
    assert not accepts(codec, pack(fields[:-1]))
    assert not accepts(codec, pack([*fields, None]))
    rest = written[1 if len(fields) < 16 else 3 :]
    for header in (b"\xdc" + len(fields).to_bytes(2, "big"), b"\xdd" + u32(len(fields))):
        assert header + rest == written or not accepts(codec, header + rest)


@given(st.binary(max_size=200))
def test_random_bytes_say_nothing_or_themselves(data: bytes) -> None:
    for kind in RECORDS:
        accepts(Codec(kind, LIMIT_BYTES), data)
