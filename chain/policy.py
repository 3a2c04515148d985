"""Who may act for an account, and the id that follows from the first such policy.

Keys may change; the id never does.
"""

from typing import Annotated, Final

from msgspec import Meta

from chain.codec import Bytes32, Record, encode
from chain.crypto import compute_hash

KEYS_MAX: Final = 16

AccountId = Bytes32


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
