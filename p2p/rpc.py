"""The frames of meshsub 1.1: libp2p's pubsub messages in protobuf, exactly the fields we use.

Decoding is strict and bounded: a frame is read once, in one pass, and what is not well formed or
has more of anything than we ever need is refused whole. Fields that we do not know are skipped.
"""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from chain.crypto import Signed, is_signed

VARINT: Final = 0
FIXED64: Final = 1
BYTES: Final = 2
FIXED32: Final = 5
VARINT_BYTES_MAX: Final = 10

SUBSCRIPTIONS_MAX: Final = 64  # we subscribe to two topics
MESSAGES_MAX: Final = 256  # what answers one request for messages
IDS_MAX: Final = 5_000  # what other implementations send at most
CONTROLS_MAX: Final = 64
TEXT_BYTES_MAX: Final = 256  # of a topic; ours have 60

SIGNING_PREFIX: Final = b"libp2p-pubsub:"
# An Ed25519 peer's name holds its key: identity hash, 36 bytes, protobuf of type and key.
ED25519_NAME: Final = bytes((0x00, 0x24, 0x08, 0x01, 0x12, 0x20))


class Message(NamedTuple):
    """What somebody published. ``key`` is only needed where ``origin`` does not hold the key."""

    origin: bytes
    data: bytes
    seqno: bytes
    topics: tuple[str, ...]
    signature: bytes
    key: bytes


class Rpc(NamedTuple):
    """One frame."""

    subscriptions: Sequence[tuple[str, bool]] = ()
    messages: Sequence[Message] = ()
    ihave: Sequence[tuple[str, Sequence[bytes]]] = ()
    iwant: Sequence[bytes] = ()
    grafts: Sequence[str] = ()
    prunes: Sequence[tuple[str, int]] = ()  # with the seconds to stay away


class Malformed(Exception):
    """A frame that is none."""


def encode_varint(value: int) -> bytes:
    """An unsigned integer, seven bits a byte, low ones first."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _field(number: int, data: bytes) -> bytes:
    return bytes((number << 3 | BYTES,)) + encode_varint(len(data)) + data


def _number(number: int, value: int) -> bytes:
    return bytes((number << 3 | VARINT,)) + encode_varint(value)


def encode_signed_part(message: Message) -> bytes:
    """What the publisher signs, after the prefix: everything but signature and key."""
    return b"".join(
        (
            _field(1, message.origin),
            _field(2, message.data),
            _field(3, message.seqno),
            *(_field(4, topic.encode()) for topic in message.topics),
        )
    )


def is_authentic(message: Message) -> bool:
    """Whether the author whose name holds its key has signed this. Others' keys we do not take."""
    if len(message.origin) != 38 or not message.origin.startswith(ED25519_NAME):
        return False
    signed = SIGNING_PREFIX + encode_signed_part(message)
    claim = Signed(message.origin[len(ED25519_NAME) :], signed, message.signature)
    return len(message.signature) == 64 and is_signed(claim)


def encode_message(message: Message) -> bytes:
    """A message as it travels."""
    out = encode_signed_part(message) + _field(5, message.signature)
    return out + _field(6, message.key) if message.key else out


def encode_rpc(rpc: Rpc, encoded_messages: Sequence[bytes] = ()) -> bytes:
    """One frame without its length. Messages may come encoded, since most are sent many times."""
    control = b"".join(
        (
            *(
                _field(1, _field(1, topic.encode()) + b"".join(_field(2, i) for i in ids))
                for topic, ids in rpc.ihave
            ),
            *([_field(2, b"".join(_field(1, i) for i in rpc.iwant))] if rpc.iwant else []),
            *(_field(3, _field(1, topic.encode())) for topic in rpc.grafts),
            *(
                _field(4, _field(1, topic.encode()) + _number(3, seconds))
                for topic, seconds in rpc.prunes
            ),
        )
    )
    return b"".join(
        (
            *(
                _field(1, _number(1, subscribes) + _field(2, topic.encode()))
                for topic, subscribes in rpc.subscriptions
            ),
            *(_field(2, encode_message(message)) for message in rpc.messages),
            *(_field(2, message) for message in encoded_messages),
            *([_field(3, control)] if control else []),
        )
    )


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    for here in range(at, min(at + VARINT_BYTES_MAX, len(data))):
        value |= (data[here] & 0x7F) << shift
        if data[here] < 0x80:
            return value, here + 1
        shift += 7
    raise Malformed("a number without end")


def _read_fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    at = 0
    while at < len(data):
        tag, at = _read_varint(data, at)
        kind = tag & 7
        if kind == VARINT:
            value, at = _read_varint(data, at)
            yield tag >> 3, value
            continue
        if kind == BYTES:
            length, at = _read_varint(data, at)
        elif kind in (FIXED32, FIXED64):
            length = 4 if kind == FIXED32 else 8
        else:
            raise Malformed(f"a field of kind {kind}")
        if length > len(data) - at:
            raise Malformed("a field beyond the end")
        if kind == BYTES:
            yield tag >> 3, data[at : at + length]
        at += length


def _read_bytes(data: bytes) -> Iterator[tuple[int, bytes]]:
    return ((number, value) for number, value in _read_fields(data) if isinstance(value, bytes))


def _read_text(value: bytes) -> str:
    if len(value) > TEXT_BYTES_MAX:
        raise Malformed("a long topic")
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise Malformed("a topic that is no text") from None


def _decode_message(data: bytes) -> Message:
    parts: dict[int, bytes] = {}
    topics: list[str] = []
    for number, value in _read_bytes(data):
        if number == 4:
            topics.append(_read_text(value))
        else:
            parts[number] = value
    return Message(
        parts.get(1, b""),
        parts.get(2, b""),
        parts.get(3, b""),
        tuple(topics),
        parts.get(5, b""),
        parts.get(6, b""),
    )


def _decode_topic_and_number(data: bytes, topic_at: int, number_at: int) -> tuple[str, int]:
    topic, number = "", 0
    for field, value in _read_fields(data):
        if field == topic_at and isinstance(value, bytes):
            topic = _read_text(value)
        elif field == number_at and isinstance(value, int):
            number = value
    return topic, number


def _decode_control(data: bytes) -> Rpc:
    """The part of a frame that is about the mesh."""
    ihave: list[tuple[str, Sequence[bytes]]] = []
    iwant: list[bytes] = []
    grafts: list[str] = []
    prunes: list[tuple[str, int]] = []
    for kind, value in _read_bytes(data):
        if kind == 1:
            ids = [name for field, name in _read_bytes(value) if field == 2]
            ihave.append((_decode_topic_and_number(value, 1, 0)[0], ids))
        elif kind == 2:
            iwant.extend(name for field, name in _read_bytes(value) if field == 1)
        elif kind == 3:
            grafts.append(_decode_topic_and_number(value, 1, 0)[0])
        elif kind == 4:
            prunes.append(_decode_topic_and_number(value, 1, 3))
    return Rpc((), (), ihave, iwant, grafts, prunes)


def decode_rpc(data: bytes) -> Rpc:
    """The frame of these bytes. Raises Malformed."""
    subscriptions: list[tuple[str, bool]] = []
    messages: list[Message] = []
    control = Rpc()
    for number, value in _read_bytes(data):
        if number == 1:
            topic, subscribes = _decode_topic_and_number(value, 2, 1)
            subscriptions.append((topic, bool(subscribes)))
        elif number == 2:
            messages.append(_decode_message(value))
        elif number == 3:
            control = _decode_control(value)
    if (
        len(subscriptions) > SUBSCRIPTIONS_MAX
        or len(messages) > MESSAGES_MAX
        or max(len(control.iwant), sum(len(ids) for _, ids in control.ihave)) > IDS_MAX
        or len(control.grafts) + len(control.prunes) + len(control.ihave) > CONTROLS_MAX
    ):
        raise Malformed("more in one frame than anybody needs")
    return control._replace(subscriptions=subscriptions, messages=messages)
