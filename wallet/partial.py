"""A transaction that still lacks signatures, as a file or a line of text that its signers pass on.

The file is JSON with bytes in hexadecimal: the community, the policy, the body, and the signatures
there are. The line holds the same in base 32, capital, as short as a QR code can have it. Whoever
signs reads the body itself; nothing else is believed.
"""

import base64
import binascii
import sys
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from chain.codec import Bytes32, Codec, encode
from chain.crypto import KeyPair, Signed, is_signed, sign
from chain.errors import Invalid
from chain.policy import Policy
from chain.transaction import (
    TRANSACTION_BYTES_MAX,
    KeySignature,
    SealedTransaction,
    SignedTransaction,
    Transaction,
    get_signing_message,
    seal,
)
from wallet.terminal import Exit, Failure

FORMAT: Final = "pai partly signed transaction 1"
LINE_BEGIN: Final = "PAI-SIGN:"
STDIN: Final = "-"
_FILE_BYTES_MAX: Final = 8 * TRANSACTION_BYTES_MAX
_BODY: Final = Codec(Transaction, TRANSACTION_BYTES_MAX)
_POLICY: Final = Codec(Policy, TRANSACTION_BYTES_MAX)
_LINE: Final = Codec(
    tuple[Bytes32, Policy, Transaction, tuple[KeySignature, ...]], 2 * TRANSACTION_BYTES_MAX
)


class Partial(NamedTuple):
    """A body, the policy it must satisfy, and the signatures so far, each of which verifies."""

    chain: bytes
    policy: Policy
    body: Transaction
    signatures: tuple[KeySignature, ...]

    @property
    def missing(self) -> int:
        """How many signatures are still to come."""
        return self.policy.threshold - len(self.signatures)


class _PolicyPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    threshold: int
    keys: list[str]


class _SignaturePart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    key_index: int
    signature: str


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: str
    community: str
    policy: _PolicyPart
    body: str
    signatures: list[_SignaturePart]


def add_signatures(partial: Partial, keys: list[tuple[int, KeyPair]]) -> Partial:
    """The same with signatures by these keys of the policy; never more than it asks for."""
    message = get_signing_message(partial.chain, encode(partial.body))
    there = {item.key_index: item for item in partial.signatures}
    for index, key in sorted(keys):
        if index not in there and len(there) < partial.policy.threshold:
            there[index] = KeySignature(index, sign(key, message))
    return partial._replace(signatures=tuple(there[index] for index in sorted(there)))


def finish(partial: Partial) -> SealedTransaction:
    """The complete transaction. Raises Failure while signatures are missing."""
    if partial.missing > 0:
        raise Failure(
            Exit.USAGE,
            "Signatures still needed before this can be sent: {count}.",
            count=partial.missing,
        )
    return seal(SignedTransaction(partial.body, partial.signatures))


def write_partial(path: Path, partial: Partial) -> None:
    """Write the file for the next signer."""
    file = _File(
        format=FORMAT,
        community=partial.chain.hex(),
        policy=_PolicyPart(partial.policy.threshold, [key.hex() for key in partial.policy.keys]),
        body=encode(partial.body).hex(),
        signatures=[
            _SignaturePart(item.key_index, item.signature.hex()) for item in partial.signatures
        ],
    )
    temporary = path.with_name(f".{path.name}.new")  # others' signatures survive a crash of ours
    try:
        temporary.write_bytes(msgspec.json.format(msgspec.json.encode(file), indent=1) + b"\n")
        temporary.replace(path)
    except OSError as error:
        raise Failure(
            Exit.USAGE, "{path} cannot be written: {reason}.", path=path, reason=error.strerror
        ) from None


def format_line(partial: Partial) -> str:
    """The transaction as one line of capital letters and digits: to be copied, or shown as QR."""
    packed = encode((partial.chain, partial.policy, partial.body, partial.signatures))
    return LINE_BEGIN + base64.b32encode(packed).decode().rstrip("=")


def read_partial(path: Path, chain: bytes) -> Partial:
    """The transaction of a file, JSON or a line; - is standard input.

    Raises Failure: unreadable, another community, a false signature.
    """
    try:
        if str(path) == STDIN:
            data = sys.stdin.buffer.read(_FILE_BYTES_MAX)
        else:
            with path.open("rb") as stream:
                data = stream.read(_FILE_BYTES_MAX)
    except OSError as error:
        raise Failure(
            Exit.USAGE, "{path} cannot be read: {reason}.", path=path, reason=error.strerror
        ) from None
    try:
        partial = _decode(data)
    except (msgspec.MsgspecError, ValueError, Invalid):
        raise Failure(Exit.USAGE, "{path} is not a partly signed transaction.", path=path) from None
    if not _holds(partial):
        raise Failure(Exit.USAGE, "{path} is not a partly signed transaction.", path=path)
    if partial.chain != chain:
        raise Failure(Exit.USAGE, "{path} belongs to another community.", path=path)
    return partial


def _decode(data: bytes) -> Partial:
    """The transaction of a file's bytes. Raises ValueError, Invalid, MsgspecError."""
    text = data.strip()
    if text.upper().startswith(LINE_BEGIN.encode()):
        letters = b"".join(text[len(LINE_BEGIN) :].upper().split())
        try:
            packed = base64.b32decode(letters + b"=" * (-len(letters) % 8))
        except binascii.Error as error:
            raise ValueError(str(error)) from None
        return Partial(*_LINE.decode(packed))
    file = msgspec.json.decode(data, type=_File)
    if file.format != FORMAT:
        raise ValueError(file.format)
    return Partial(
        bytes.fromhex(file.community),
        _read_policy(file.policy),
        _BODY.decode(bytes.fromhex(file.body)),
        tuple(
            KeySignature(item.key_index, bytes.fromhex(item.signature)) for item in file.signatures
        ),
    )


def _read_policy(part: _PolicyPart) -> Policy:
    keys = tuple(bytes.fromhex(key) for key in part.keys)
    return _POLICY.decode(encode(Policy(part.threshold, keys)))


def _holds(partial: Partial) -> bool:
    """Whether there are no more signatures than asked for, each by another key, each good."""
    indexes = [item.key_index for item in partial.signatures]
    if indexes != sorted(set(indexes)) or partial.missing < 0:
        return False
    message = get_signing_message(partial.chain, encode(partial.body))
    return all(
        0 <= item.key_index < len(partial.policy.keys)
        and is_signed(Signed(partial.policy.keys[item.key_index], message, item.signature))
        for item in partial.signatures
    )
