"""Transactions before they are said: what they will cost, and the bytes that are signed.

Pure: what the node told goes in, a draft or a signed transaction comes out. The price is worked out
as the ledger will (chain.rules.units), so that a person sees the fee before agreeing to it, and
``fee_max`` holds the ledger to it.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from chain.actions import Action, Pay, Propose, Reveal
from chain.codec import encode
from chain.crypto import SIGNATURE_BYTES, KeyPair
from chain.policy import AccountId, Policy
from chain.rules.units import (
    BYTES_PER_UNIT,
    UNITS_NEW_ACCOUNT,
    UNITS_NEW_ROW,
    count_new_rows,
    is_defensive,
)
from chain.transaction import (
    ACTIONS_MAX,
    TRANSACTION_BYTES_MAX,
    TRANSACTION_VERSION,
    KeySignature,
    SealedTransaction,
    SignedTransaction,
    Transaction,
    sign_transaction,
)
from wallet.client import Account
from wallet.terminal import Exit, Failure

VALID_SECONDS: Final = 600  # an outcome is certain after ten minutes, whatever happens on the way
_PRICINGS_MAX: Final = 4  # a fee lengthens the bytes it is paid for, at most by two widths


class Envelope(NamedTuple):
    """What a transaction says besides its actions; it is renewed when the person has agreed."""

    chain: bytes
    account: AccountId
    sequence: int
    valid_until_slot: int
    via: AccountId | None
    ref: bytes


class Draft(NamedTuple):
    """What a person is asked to agree to: actions, their weight in units, and the fee at most."""

    policy: Policy
    actions: tuple[Action, ...]
    units: int
    fee_max: int


def get_valid_until(clock_slot: int, slot_seconds: int, life_slots: int) -> int:
    """The slot until which a transaction signed now shall be valid."""
    return max(0, clock_slot) + max(1, min(VALID_SECONDS // slot_seconds, life_slots // 2))


def build_draft(
    envelope: Envelope,
    policy: Policy,
    actions: Sequence[Action],
    account: Account,
    *,
    unborn: frozenset[AccountId] = frozenset(),
    units_waiting: int = 0,
) -> Draft:
    """A draft with its price.

    ``account`` is what the node says of the payer, ``unborn`` are receivers that do not exist yet,
    ``units_waiting`` weigh transactions that the node holds and no block yet has. Raises Failure
    when it would not fit one transaction.
    """
    reveals = must_reveal(account)
    said = (Reveal(policy), *actions) if reveals else tuple(actions)
    if len(said) > ACTIONS_MAX:
        raise Failure(
            Exit.USAGE,
            "At most {count} payments fit one transaction: make several files.",
            count=ACTIONS_MAX - reveals,
        )
    draft = Draft(policy, said, 0, 0)
    for _ in range(_PRICINGS_MAX):
        size_bytes = _compute_size(draft, envelope)
        units = compute_units(said, policy.threshold, size_bytes, unborn)
        units += account.filing_units * sum(isinstance(action, Propose) for action in said)
        priced = Draft(policy, said, units, compute_fee(units, said, account, units_waiting))
        if priced == draft:
            break
        draft = priced
    return draft


def must_reveal(account: Account) -> bool:
    """Whether the next transaction states the policy: it is not known, and none waits that does."""
    return account.policy is None and account.next_sequence == account.sequence


def compute_units(
    actions: Sequence[Action], signatures: int, size_bytes: int, unborn: frozenset[AccountId]
) -> int:
    """The weight of a transaction, as the ledger counts it."""
    units = signatures + len(actions) + (size_bytes + BYTES_PER_UNIT - 1) // BYTES_PER_UNIT
    receivers = {action.to for action in actions if isinstance(action, Pay)}
    units += UNITS_NEW_ACCOUNT * len(receivers & unborn)
    return units + UNITS_NEW_ROW * count_new_rows(actions)


def compute_fee(
    units: int, actions: Sequence[Action], account: Account, units_waiting: int = 0
) -> int:
    """What is to be paid for units beyond the free ones, in micropai."""
    rest = units
    if is_defensive(actions):
        rest -= min(rest, account.defensive_units)
    if account.identified:
        rest -= min(rest, max(0, account.free_units - units_waiting))
    return rest * account.unit_fee


def build_body(draft: Draft, envelope: Envelope) -> Transaction:
    """The body that is to be signed."""
    return Transaction(
        version=TRANSACTION_VERSION,
        account=envelope.account,
        sequence=envelope.sequence,
        valid_until_slot=envelope.valid_until_slot,
        ref=envelope.ref,
        via=envelope.via,
        fee_max=draft.fee_max,
        actions=draft.actions,
    )


def sign_draft(
    draft: Draft, envelope: Envelope, keys: list[tuple[int, KeyPair]]
) -> SealedTransaction:
    """The transaction, signed with the keys at these indexes of the policy."""
    return sign_transaction(envelope.chain, build_body(draft, envelope), keys)


def _compute_size(draft: Draft, envelope: Envelope) -> int:
    """Bytes of the signed transaction. Raises Failure when no node would take it."""
    signatures = tuple(
        KeySignature(index, bytes(SIGNATURE_BYTES)) for index in range(draft.policy.threshold)
    )
    size_bytes = len(encode(SignedTransaction(build_body(draft, envelope), signatures)))
    if size_bytes > TRANSACTION_BYTES_MAX:
        raise Failure(
            Exit.USAGE,
            "The payments with their memos are more than {count} bytes: make several files.",
            count=TRANSACTION_BYTES_MAX,
        )
    return size_bytes
