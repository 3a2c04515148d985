"""Who is identified. Identity gives quotas, votes and seats; it never gates sending or receiving.

A person is a tag within the home group of authorities; his standing is kept by tag, so that it
follows the human being and not the account.
"""

from collections.abc import Iterable
from typing import Final

from chain.crypto import u32
from chain.genesis import HOME_GROUP
from chain.policy import AccountId
from chain.rules.context import Context
from chain.state import State

NOT_YET: Final = 0


def get_person_key(group: int, tag: bytes) -> bytes:
    """The key of a person's row."""
    return u32(group) + tag


def get_home_person_key(tag: bytes) -> bytes:
    """The key of a person of the home group."""
    return get_person_key(HOME_GROUP, tag)


def is_identified(state: State, context: Context, account_id: AccountId) -> bool:
    """Whether the account's owner is identified in this block's slot."""
    account = state.accounts.get(account_id)
    if account is None or account.person is None:
        return False
    person = state.persons.require(get_home_person_key(account.person))
    return context.slot < person.identified_until_slot


def compute_identified_until(until_slots: Iterable[int], threshold: int, grace_slots: int) -> int:
    """The slot until which at least ``threshold`` live attestations hold, grace included."""
    latest = sorted(until_slots, reverse=True)
    return latest[threshold - 1] + grace_slots if len(latest) >= threshold else NOT_YET
