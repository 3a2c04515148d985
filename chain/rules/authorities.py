"""Authorities come and go by the members' vote, and by nothing else.

A retired one does nothing any more, and what it attested runs out slowly: no vote and no pressure
on one authority cuts off a community's members at a stroke.
"""

from msgspec.structs import replace

from chain.crypto import u32
from chain.errors import Code, Invalid
from chain.policy import AccountId
from chain.rules.context import Context
from chain.rules.identity import NEVER_SLOT
from chain.state import State
from chain.tables import AUTHORITIES_MAX, Authority, Roster


def admit_authority(
    state: State,
    context: Context,
    authority_id: AccountId,
    *,
    name: str,
    jurisdiction: str,
    group: int,
) -> None:
    """Let an account attest in a group; a retired authority of the group may come back.

    Raises Invalid: AUTHORITY_EXISTS, TOO_MANY_AUTHORITIES.
    """
    known = state.authorities.get(authority_id)
    if known is not None and (known.retired_slot == NEVER_SLOT or known.group != group):
        raise Invalid(Code.AUTHORITY_EXISTS)
    roster = state.rosters.get(u32(group))
    others = tuple(
        other
        for other in (roster.authorities if roster else ())
        if other != authority_id and not _has_run_out(state, context, other)
    )
    if len(others) >= AUTHORITIES_MAX:
        raise Invalid(Code.TOO_MANY_AUTHORITIES, f"at most {AUTHORITIES_MAX}")
    state.rosters.put(u32(group), Roster((*others, authority_id)))
    row = known or build_authority(name, jurisdiction, group, 0)
    state.authorities.put(
        authority_id, replace(row, name=name, jurisdiction=jurisdiction, retired_slot=NEVER_SLOT)
    )


def retire_authority(state: State, context: Context, authority_id: AccountId) -> None:
    """Let an authority attest no more; what it has attested runs out.

    Raises Invalid: UNKNOWN_AUTHORITY, AUTHORITY_RETIRED.
    """
    authority = state.authorities.get(authority_id)
    if authority is None:
        raise Invalid(Code.UNKNOWN_AUTHORITY)
    if authority.retired_slot != NEVER_SLOT:
        raise Invalid(Code.AUTHORITY_RETIRED)
    state.authorities.put(authority_id, replace(authority, retired_slot=context.slot))


def build_authority(name: str, jurisdiction: str, group: int, attested: int) -> Authority:
    """An authority as it begins."""
    return Authority(
        name=name,
        jurisdiction=jurisdiction,
        group=group,
        retired_slot=NEVER_SLOT,
        attested=attested,
        recent=(),
    )


def _has_run_out(state: State, context: Context, authority_id: AccountId) -> bool:
    """Whether nothing that the authority attested can count any more, grace included."""
    retired_slot = state.authorities.require(authority_id).retired_slot
    if retired_slot == NEVER_SLOT:
        return False
    parameters = context.parameters
    periods = parameters.retire_runout_periods + parameters.attest_grace_periods
    return context.slot >= retired_slot + periods * context.constants.slots_per_period
