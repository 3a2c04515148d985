"""What a member says: one signed list of actions, all or nothing.

``[version, account, sequence, valid_until_slot, ref, via, fee_max, actions]`` and exactly as many
signatures as the account's policy asks for. Bytes are decoded once, here, into frozen types; rules
meet nothing else. Numbers of actions are protocol and never reused.
"""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from chain.actions import Action
from chain.codec import (
    Bytes16,
    Bytes64,
    Codec,
    Natural,
    Record,
    encode,
)
from chain.crypto import SIGN_TRANSACTION, KeyPair, compute_hash, sign
from chain.policy import KEYS_MAX, AccountId

TRANSACTION_VERSION: Final = 1
TRANSACTION_BYTES_MAX: Final = 16_384  # 64 actions with memos fit; a stranger's junk stays small
ACTIONS_MAX: Final = 64  # payroll of a small firm in one transaction

Ref = Bytes16


class Transaction(Record, frozen=True):
    """The signed body. ``ref`` names a final block, ``via`` the seat whose server helped."""

    version: Natural
    account: AccountId
    sequence: Natural
    valid_until_slot: Natural
    ref: Ref
    via: AccountId | None
    fee_max: Natural
    actions: Annotated[tuple[Action, ...], Meta(min_length=1, max_length=ACTIONS_MAX)]


class KeySignature(Record, frozen=True):
    """One signature, by the key at this index of the policy."""

    key_index: Annotated[int, Meta(ge=0, le=KEYS_MAX - 1)]
    signature: Bytes64


class SignedTransaction(Record, frozen=True):
    """What travels: the body and its signatures, in ascending order of key index."""

    body: Transaction
    signatures: Annotated[tuple[KeySignature, ...], Meta(min_length=1, max_length=KEYS_MAX)]


class SealedTransaction(msgspec.Struct, frozen=True, gc=False):
    """A decoded transaction with the bytes and hashes everybody asks for, computed once."""

    signed: SignedTransaction
    body_bytes: bytes
    whole_bytes: bytes
    id: bytes  # hash of the body: the same whichever keys have signed

    @property
    def body(self) -> Transaction:
        """The signed body."""
        return self.signed.body


_CODEC: Final = Codec(SignedTransaction, TRANSACTION_BYTES_MAX)


def compute_transaction_id(body_bytes: bytes) -> bytes:
    """The transaction's id: a hash of the body without signatures."""
    return compute_hash(b"transaction", body_bytes)


def get_signing_message(chain: bytes, body_bytes: bytes) -> bytes:
    """What a member's key signs: tag, community and body, so that nothing can be replayed."""
    return SIGN_TRANSACTION + chain + body_bytes


def seal(signed: SignedTransaction) -> SealedTransaction:
    """The transaction with its bytes and its id."""
    return _seal(signed, encode(signed))


def _seal(signed: SignedTransaction, whole_bytes: bytes) -> SealedTransaction:
    body_bytes = encode(signed.body)
    return SealedTransaction(signed, body_bytes, whole_bytes, compute_transaction_id(body_bytes))


def decode_transaction(data: bytes) -> SealedTransaction:
    """The transaction of these bytes. Raises Invalid when they are not canonical."""
    return _seal(_CODEC.decode(data), data)


def sign_transaction(
    chain: bytes, body: Transaction, keys: list[tuple[int, KeyPair]]
) -> SealedTransaction:
    """Sign with the keys at these indexes of the policy, in ascending order."""
    message = get_signing_message(chain, encode(body))
    signatures = tuple(KeySignature(index, sign(key, message)) for index, key in sorted(keys))
    return seal(SignedTransaction(body, signatures))
