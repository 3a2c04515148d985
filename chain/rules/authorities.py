"""Who may say who is a person: admitted and retired by vote. What they said is not undone."""

from typing import Final

from msgspec.structs import replace

from chain.actions import AdmitAuthority
from chain.errors import Code, Invalid
from chain.genesis import HOME_GROUP
from chain.policy import AccountId
from chain.rules.context import Context
from chain.state import State
from chain.tables import CURRENT, Authority

SERVES: Final = -1  # in retired_slot


def check_admission(state: State, measure: AdmitAuthority) -> None:
    """Refuse to admit an authority that serves already, or one that nobody could act for."""
    known = state.authorities.get(measure.authority)
    if known is not None and known.retired_slot == SERVES:
        raise Invalid(Code.AUTHORITY_SERVES)
    if state.accounts.get(measure.authority) is None:
        raise Invalid(Code.UNKNOWN_ACCOUNT, "an authority acts through an account of its own")
    if known is not None and known.group != measure.group:
        raise Invalid(Code.AUTHORITY_SERVES, "an authority keeps its group")


def admit_authority(state: State, measure: AdmitAuthority) -> None:
    """Let it attest from now on."""
    check_admission(state, measure)
    if measure.group == HOME_GROUP and state.authorities.get(measure.authority) is None:
        assembly = state.assembly.require(CURRENT)
        authorities = (*assembly.authorities, measure.authority)
        state.assembly.put(CURRENT, replace(assembly, authorities=authorities))
    state.authorities.put(
        measure.authority,
        Authority(
            name=measure.name,
            jurisdiction=measure.jurisdiction,
            policy=measure.policy,
            group=measure.group,
            retired_slot=SERVES,
        ),
    )


def check_retirement(state: State, authority: AccountId) -> None:
    """Refuse to retire what does not serve."""
    known = state.authorities.get(authority)
    if known is None or known.retired_slot != SERVES:
        raise Invalid(Code.UNKNOWN_AUTHORITY)


def retire_authority(state: State, context: Context, authority: AccountId) -> None:
    """Take no more attestations from it; how long those it made still hold is a parameter."""
    check_retirement(state, authority)
    known = state.authorities.require(authority)
    state.authorities.put(authority, replace(known, retired_slot=context.slot))
