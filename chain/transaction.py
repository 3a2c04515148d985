"""What a member says: one signed list of actions, all or nothing.

``[version, account, sequence, valid_until_slot, ref, via, fee_max, actions]`` and exactly as many
signatures as the account's policy asks for. Bytes are decoded once, here, into frozen types; rules
meet nothing else. Numbers of actions are protocol and never reused.
"""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from chain.codec import (
    Amount,
    Bytes16,
    Bytes32,
    Bytes64,
    Codec,
    Natural,
    Record,
    check_text,
    encode,
)
from chain.crypto import SIGN_TRANSACTION, KeyPair, compute_hash, sign

TRANSACTION_VERSION: Final = 1
TRANSACTION_BYTES_MAX: Final = 16_384  # 64 actions with memos fit; a stranger's junk stays small
ACTIONS_MAX: Final = 64  # payroll of a small firm in one transaction
KEYS_MAX: Final = 16
MEMO_BYTES_MAX: Final = 140

AccountId = Bytes32
Ref = Bytes16


class Policy(Record, frozen=True):
    """Who may act for an account: any ``threshold`` of these keys, sorted and distinct."""

    threshold: Annotated[int, Meta(ge=1, le=KEYS_MAX)]
    keys: Annotated[tuple[Bytes32, ...], Meta(min_length=1, max_length=KEYS_MAX)]

    def __post_init__(self) -> None:
        if list(self.keys) != sorted(set(self.keys)):
            raise ValueError("keys of a policy are sorted and distinct")
        if self.threshold > len(self.keys):
            raise ValueError("a policy cannot ask for more signatures than it has keys")


def compute_account_id(policy: Policy) -> AccountId:
    """The id of the account that this policy founds; it stays when the policy changes."""
    return compute_hash(b"account", encode(policy))


class Reveal(Record, frozen=True, tag=1):
    """The policy behind the account's id: the first action of the first spend, and only there."""

    policy: Policy


class Pay(Record, frozen=True, tag=2):
    """Money from the transaction's account to another."""

    to: AccountId
    amount: Amount
    memo: str

    def __post_init__(self) -> None:
        if self.memo:
            check_text(self.memo, MEMO_BYTES_MAX)


class Save(Record, frozen=True, tag=3):
    """A deposit out of the balance, for a term: free of demurrage, and not for paying."""

    amount: Amount
    term_periods: Natural


class Prolong(Record, frozen=True, tag=4):
    """At the deposit's term, begin another of so many periods; 0 takes that back."""

    deposit: Natural
    term_periods: Natural


class Withdraw(Record, frozen=True, tag=5):
    """Return a deposit, or part of it, before its term, at the price of its demurrage."""

    deposit: Natural
    amount: Amount


class ChangePolicy(Record, frozen=True, tag=6):
    """Give the account another key policy. Id and sequence stay."""

    policy: Policy


class SeatKeys(Record, frozen=True):
    """The three public keys of a seat and a proof of possession by each, in the same order."""

    vote: Bytes32
    vrf: Bytes32
    standby: Bytes32
    proofs: tuple[Bytes64, Bytes64, Bytes64]


class RegisterSeat(Record, frozen=True, tag=20):
    """Open a seat for the account's owner, an identified person."""

    keys: SeatKeys


class Bond(Record, frozen=True, tag=21):
    """Lend a deposit, or part of it, to the account's own seat."""

    deposit: Natural
    amount: Amount


class Unbond(Record, frozen=True, tag=22):
    """Ask for a bonded deposit back; it is released when the time for evidence is over."""

    deposit: Natural


Action = Reveal | Pay | Save | Prolong | Withdraw | ChangePolicy | RegisterSeat | Bond | Unbond


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
