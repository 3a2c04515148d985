"""Who is identified. Identity gives quotas, votes and seats; it never gates sending or receiving.

A person is a tag within a group of authorities, and what he has and did is kept by tag, so that it
follows the human being and not the account. Until when he is identified follows from attestations,
retirements and parameters, and is kept nowhere: a vote on any of them counts from its own block.
"""

from functools import lru_cache
from typing import Final

from chain.crypto import u32
from chain.genesis import HOME_GROUP
from chain.policy import AccountId
from chain.rules.context import Context
from chain.state import State
from chain.tables import Attestation, Authority, Person

NOT_YET: Final = 0
NEVER_SLOT: Final = -1
PERSON_KIND: Final = "person"  # attestations of other kinds make nobody a person


@lru_cache(maxsize=64)
def get_group_key(group: int) -> bytes:
    """What the keys of a group's rows begin with; every payment asks for that of the home group."""
    return u32(group)


def get_person_key(group: int, tag: bytes) -> bytes:
    """The key of a person's row."""
    return get_group_key(group) + tag


def get_home_person_key(tag: bytes) -> bytes:
    """The key of a person of the home group."""
    return get_group_key(HOME_GROUP) + tag


def is_identified(state: State, context: Context, account_id: AccountId) -> bool:
    """Whether the account's owner is identified in this block's slot."""
    account = state.accounts.get(account_id)
    if account is None or account.person is None:
        return False
    return context.slot < get_identified_until(state, context, account.person)


def get_identified_until(
    state: State, context: Context, tag: bytes, group: int = HOME_GROUP
) -> int:
    """The slot until which the person is identified, grace included; 0 when not at all."""
    person = state.persons.get(get_person_key(group, tag))
    return NOT_YET if person is None else get_until(state, context, tag, person, group)


def get_until(
    state: State, context: Context, tag: bytes, person: Person, group: int = HOME_GROUP
) -> int:
    """The same of a person whose row is known."""
    if not _is_held_by(state, group, tag, person.account):
        return NOT_YET
    ends = [
        get_end_slot(context, authority, item)
        for authority, item in find_attestations(state, group, tag, person.account)
    ]
    return compute_identified_until(
        ends, context.parameters.identity_threshold, get_grace_slots(context)
    )


def get_identified_since(
    state: State, context: Context, tag: bytes, *, without: AccountId | None = None
) -> int | None:
    """The slot since which as many attestations as needed have run; None when not identified.

    A person who moved to another account, or was attested anew, begins again. ``without`` is an
    authority whose word is not to count.
    """
    person = state.persons.get(get_home_person_key(tag))
    if person is None or not is_held(state, HOME_GROUP, tag, person.account):
        return None
    starts = sorted(
        item.from_slot
        for authority, item in find_attestations(
            state, HOME_GROUP, tag, person.account, without=without
        )
        if context.slot < get_end_slot(context, authority, item) + get_grace_slots(context)
    )
    threshold = context.parameters.identity_threshold
    return starts[threshold - 1] if len(starts) >= threshold else None


def compute_identified_until(until_slots: list[int], threshold: int, grace_slots: int) -> int:
    """The slot until which at least ``threshold`` attestations hold, grace included."""
    if len(until_slots) < threshold:
        return NOT_YET
    if len(until_slots) == 1:  # nearly always: every payment of a member asks
        return until_slots[0] + grace_slots
    return sorted(until_slots, reverse=True)[threshold - 1] + grace_slots


def is_held(state: State, group: int, tag: bytes, account_id: AccountId) -> bool:
    """Whether the account is the person's: at home the account says so too."""
    person = state.persons.get(get_person_key(group, tag))
    return (
        person is not None
        and person.account == account_id
        and _is_held_by(state, group, tag, account_id)
    )


def _is_held_by(state: State, group: int, tag: bytes, account_id: AccountId) -> bool:
    if group != HOME_GROUP:
        return True
    account = state.accounts.get(account_id)
    return account is not None and account.person == tag


def find_attestations(
    state: State,
    group: int,
    tag: bytes,
    account_id: AccountId,
    *,
    without: AccountId | None = None,
) -> list[tuple[Authority, Attestation]]:
    """What authorities of the group say of the person on this account and have not revoked."""
    roster = state.rosters.get(get_group_key(group))
    found = []
    for authority_id in roster.authorities if roster else ():
        if authority_id == without:
            continue
        item = state.attestations.get(account_id + authority_id)
        if (
            item is not None
            and item.tag == tag
            and item.revoked_slot == NEVER_SLOT
            and item.kind == PERSON_KIND
        ):
            found.append((state.authorities.require(authority_id), item))
    return found


def get_end_slot(context: Context, authority: Authority, item: Attestation) -> int:
    """When an attestation ends: those of a retired authority run out in any case."""
    if authority.retired_slot == NEVER_SLOT:
        return item.until_slot
    periods = context.parameters.retire_runout_periods
    return min(
        item.until_slot, authority.retired_slot + periods * context.constants.slots_per_period
    )


def get_grace_slots(context: Context) -> int:
    """How long an attestation that has ended still counts."""
    return context.parameters.attest_grace_periods * context.constants.slots_per_period


def is_running(context: Context, authority: Authority, item: Attestation) -> bool:
    """Whether an attestation counts in this block's slot."""
    end_slot = get_end_slot(context, authority, item) + get_grace_slots(context)
    return item.revoked_slot == NEVER_SLOT and context.slot < end_slot


def build_person(account_id: AccountId, number: int = 0) -> Person:
    """A person who has not used anything yet."""
    return Person(
        account=account_id,
        used_period=0,
        used_units=0,
        number=number,
        outgoing_week=0,
        outgoings=(),
    )
