"""Actions by which an account's keys are shown, changed, and brought back when they are lost.

The id always stays. Guardians are named by a salted hash and known to nobody until they act.
"""

from typing import Annotated, Final

from msgspec import Meta

from chain.codec import Bytes32, Bytes64, Natural, Record
from chain.policy import KEYS_MAX, AccountId, Policy

CANCELS_MAX: Final = 255


class Reveal(Record, frozen=True, tag=1):
    """The policy behind the account's id: the first action of the first spend, and only there."""

    policy: Policy


class ChangePolicy(Record, frozen=True, tag=6):
    """Give the account another key policy. Id and sequence stay."""

    policy: Policy


class SetGuardians(Record, frozen=True, tag=7):
    """Name who may bring the account back, by a salted hash of their policy; nil: nobody.

    ``cancels_max``: how often in 90 periods the account's own keys may stop them.
    """

    guardians: Bytes32 | None
    delay_periods: Natural
    cancels_max: Annotated[int, Meta(ge=0, le=CANCELS_MAX)]


class GuardianSignature(Record, frozen=True):
    """One guardian's consent, by the key at this index of the guardians' policy."""

    key_index: Annotated[int, Meta(ge=0, le=KEYS_MAX - 1)]
    signature: Bytes64


class StartRecovery(Record, frozen=True, tag=8):
    """Ask for other keys for an account whose keys are lost. Whoever sends it lends the bond."""

    account: AccountId
    guardians: Policy
    salt: Bytes32
    policy: Policy
    signatures: Annotated[tuple[GuardianSignature, ...], Meta(min_length=1, max_length=KEYS_MAX)]


class CancelRecovery(Record, frozen=True, tag=9):
    """Stop the recovery of the transaction's own account; the guardians lose the bond."""


class CompleteRecovery(Record, frozen=True, tag=10):
    """Give an account the keys its guardians asked for, when the delay has passed."""

    account: AccountId
