"""What guardians agree on and sign: formats only, for rules and for wallets."""

from typing import Final

from chain.codec import encode
from chain.crypto import SIGN_RECOVERY, compute_hash
from chain.policy import AccountId, Policy

SALT_BYTES: Final = 32


def compute_guardians_hash(guardians: Policy, salt: bytes) -> bytes:
    """What the ledger keeps of guardians, so that nobody learns from it whom to press."""
    return compute_hash(b"guardians", salt, encode(guardians))


def get_recovery_message(chain: bytes, account: AccountId, started: int, policy: Policy) -> bytes:
    """What a guardian signs: these keys, for this account, in this recovery and no other."""
    return SIGN_RECOVERY + chain + encode((account, started, policy))
