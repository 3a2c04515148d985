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
from chain.tables import CURRENT

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


def is_attested_without(state: State, context: Context, tag: bytes, authority: AccountId) -> bool:
    """Whether a person of the home group would be identified without one authority's word."""
    subject = state.persons.require(get_home_person_key(tag)).account
    grace_slots = context.parameters.attest_grace_periods * context.constants.slots_per_period
    count = 0
    for other in state.assembly.require(CURRENT).authorities:
        item = state.attestations.get(subject + other) if other != authority else None
        if item is not None and item.tag == tag and item.revoked_slot < 0:
            count += context.slot < item.until_slot + grace_slots
    return count >= context.parameters.identity_threshold


def compute_identified_until(until_slots: Iterable[int], threshold: int, grace_slots: int) -> int:
    """The slot until which at least ``threshold`` live attestations hold, grace included."""
    latest = sorted(until_slots, reverse=True)
    return latest[threshold - 1] + grace_slots if len(latest) >= threshold else NOT_YET
