"""Authorities at work: they attest, renew and revoke, each at a bounded pace.

What a person took follows his tag. The tag changes accounts only when the old one owes nothing and
nobody else attests it there, so that one clerk can neither give a person fresh credit nor take a
person whom another authority knows. None of this touches money, payments, seats or counted votes.
"""

from typing import Final

from msgspec.structs import replace

from chain.actions import Attest, Renew, Revoke
from chain.errors import Code, Invalid
from chain.genesis import HOME_GROUP
from chain.policy import AccountId
from chain.rules.context import Context
from chain.rules.debts import owes
from chain.rules.electorate import register_person
from chain.rules.identity import (
    NEVER_SLOT,
    PERSON_KIND,
    build_person,
    find_attestations,
    get_identified_until,
    get_person_key,
    is_held,
    is_running,
)
from chain.rules.payments import build_account
from chain.rules.standing import open_standing
from chain.state import State
from chain.tables import RECENT_PERIODS, Attestation, Authority, Recent

ATTESTED_UNTIL_MAX: Final = 2**48  # nine million years of seconds: "for ever", and sums stay small


def apply_attest(state: State, context: Context, owner: AccountId, action: Attest) -> None:
    """State whose account this is; of a person at home it brings the account to life."""
    authority = _require_authority(state, owner)
    _check_until(action.until_slot, context.slot)
    key = action.subject + owner
    old = state.attestations.get(key)
    if old is not None and is_running(context, authority, old):
        raise Invalid(Code.ATTESTED_ALREADY)
    new = False
    if action.kind == PERSON_KIND:
        new = _bring_person(state, context, owner, authority.group, action)
    elif state.accounts.get(action.subject) is None:
        raise Invalid(Code.UNKNOWN_SUBJECT)
    if new:
        _count(state, context, owner, new=1)
    if old is None or old.revoked_slot != NEVER_SLOT:
        _add_attested(state, owner, 1)
    state.attestations.put(
        key,
        Attestation(
            kind=action.kind,
            jurisdiction=action.jurisdiction,
            commitment=action.commitment,
            tag=action.tag,
            from_slot=context.slot,
            until_slot=action.until_slot,
            revoked_slot=NEVER_SLOT,
        ),
    )


def apply_renew(state: State, context: Context, owner: AccountId, action: Renew) -> None:
    """Let an attestation run on, even one that has ended; never shorten it."""
    authority = _require_authority(state, owner)
    key = action.subject + owner
    item = _require_attestation(state, authority, action.subject, key)
    _check_until(action.until_slot, max(context.slot, item.until_slot))
    state.attestations.put(
        key, replace(item, commitment=action.commitment, until_slot=action.until_slot)
    )


def apply_revoke(state: State, context: Context, owner: AccountId, action: Revoke) -> None:
    """Take an attestation back. Of those that count, only so many in so many periods."""
    authority = _require_authority(state, owner)
    key = action.subject + owner
    item = state.attestations.get(key)
    if item is None:
        raise Invalid(Code.NOT_ATTESTED)
    if item.revoked_slot != NEVER_SLOT:
        raise Invalid(Code.ATTESTATION_REVOKED)
    if item.kind == PERSON_KIND and is_running(context, authority, item):
        _count(state, context, owner, revoked=1)
    _add_attested(state, owner, -1)
    state.attestations.put(key, replace(item, revoked_slot=context.slot))


def get_pace(context: Context, authority: Authority) -> int:
    """How many new persons, and how many revocations, an authority may make in 28 periods."""
    parameters = context.parameters
    return max(parameters.attest_rate, authority.attested * parameters.attest_rate_bp // 10_000)


def _require_authority(state: State, owner: AccountId) -> Authority:
    authority = state.authorities.get(owner)
    if authority is None:
        raise Invalid(Code.NOT_AN_AUTHORITY)
    if authority.retired_slot != NEVER_SLOT:
        raise Invalid(Code.AUTHORITY_RETIRED)
    return authority


def _require_attestation(
    state: State, authority: Authority, subject: AccountId, key: bytes
) -> Attestation:
    """What may be renewed: not revoked, and of whoever still has the account."""
    item = state.attestations.get(key)
    if item is None:
        raise Invalid(Code.NOT_ATTESTED)
    if item.revoked_slot != NEVER_SLOT:
        raise Invalid(Code.ATTESTATION_REVOKED)
    if item.kind == PERSON_KIND and not is_held(state, authority.group, item.tag, subject):
        raise Invalid(Code.NOT_ATTESTED, "the person has another account now")
    return item


def _check_until(until_slot: int, after_slot: int) -> None:
    if not after_slot < until_slot <= ATTESTED_UNTIL_MAX:
        raise Invalid(Code.BAD_ATTESTATION_TERM, f"later than slot {after_slot}")


def _bring_person(
    state: State, context: Context, owner: AccountId, group: int, action: Attest
) -> bool:
    """Give the person this account. Returns whether that counts as a new person.

    One whom others identify already is not new, nor is one whom this authority attests again on
    the same account; one whom it moves is.
    """
    key = get_person_key(group, action.tag)
    person = state.persons.get(key)
    if person is not None and person.account != action.subject:
        _leave(state, context, owner, group, action.tag, person.account)
        new = True
    else:
        own = state.attestations.get(action.subject + owner)
        again = own is not None and own.tag == action.tag and own.kind == PERSON_KIND
        until_slot = get_identified_until(state, context, action.tag, group)
        new = not again and context.slot >= until_slot
    if group == HOME_GROUP:
        _enter(state, context, action.tag, action.subject)
    elif state.accounts.get(action.subject) is None:
        raise Invalid(Code.UNKNOWN_SUBJECT)
    if person is None:
        number = register_person(state, action.tag) if group == HOME_GROUP else 0
        person = build_person(action.subject, number)
        if group == HOME_GROUP:
            open_standing(state, context, action.tag)
    state.persons.put(key, replace(person, account=action.subject))
    return new


def _leave(
    state: State, context: Context, owner: AccountId, group: int, tag: bytes, old: AccountId
) -> None:
    """Take the person off the old account, if nobody else attests him there and it owes nothing."""
    if not is_held(state, group, tag, old):
        return
    own = state.attestations.get(old + owner)
    for authority, item in find_attestations(state, group, tag, old):
        if item is not own and is_running(context, authority, item):
            raise Invalid(Code.PERSON_HELD_ELSEWHERE, authority.name)
    if own is not None and own.tag == tag:
        if own.revoked_slot == NEVER_SLOT:
            _add_attested(state, owner, -1)
        state.attestations.put(old + owner, None)
    if group == HOME_GROUP:
        _check_unburdened(state, old)
        state.accounts.put(old, replace(state.accounts.require(old), person=None))


def _enter(state: State, context: Context, tag: bytes, subject: AccountId) -> None:
    """Make the account the person's; one that is another's must be neither attested nor in debt."""
    account = state.accounts.get(subject)
    if account is None:
        state.accounts_born += 1
        account = build_account(context.step)
    elif account.person not in (None, tag):
        other = account.person
        assert other is not None, "none was excluded"
        if any(
            is_running(context, authority, item)
            for authority, item in find_attestations(state, HOME_GROUP, other, subject)
        ):
            raise Invalid(Code.ACCOUNT_OF_ANOTHER)
        _check_unburdened(state, subject)
    state.accounts.put(subject, replace(account, person=tag))


def _check_unburdened(state: State, account_id: AccountId) -> None:
    """Refuse to part a person and an account while it owes, or has bonded a seat."""
    if owes(state, account_id):
        raise Invalid(Code.PERSON_OWES)
    seat = state.seats.get(account_id)
    if seat is not None and seat.bond:
        raise Invalid(Code.PERSON_HAS_SEAT)


def _add_attested(state: State, owner: AccountId, number: int) -> None:
    authority = state.authorities.require(owner)
    state.authorities.put(owner, replace(authority, attested=authority.attested + number))


def _count(
    state: State, context: Context, owner: AccountId, *, new: int = 0, revoked: int = 0
) -> None:
    """Note what the authority did in this period. Raises Invalid above its pace."""
    authority = state.authorities.require(owner)
    recent = [item for item in authority.recent if item.period > context.period - RECENT_PERIODS]
    if not recent or recent[-1].period != context.period:
        recent.append(Recent(context.period, 0, 0))
    last = recent[-1]
    recent[-1] = replace(last, new=last.new + new, revoked=last.revoked + revoked)
    pace = get_pace(context, authority)
    if new and sum(item.new for item in recent) > pace:
        raise Invalid(Code.TOO_MANY_NEW_PERSONS, f"{pace} in {RECENT_PERIODS} periods")
    if revoked and sum(item.revoked for item in recent) > pace:
        raise Invalid(Code.TOO_MANY_REVOCATIONS, f"{pace} in {RECENT_PERIODS} periods")
    state.authorities.put(owner, replace(authority, recent=tuple(recent)))
