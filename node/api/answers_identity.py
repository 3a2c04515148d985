"""From the ledger to answers about identity, names and recoveries. Nothing here waits."""

from chain.kept import read_rows
from chain.ledger import Ledger
from chain.policy import AccountId
from chain.rules.aliases import find_account, find_alias, get_alias_price, get_name_key
from chain.rules.attestations import get_pace
from chain.rules.context import Context
from chain.rules.identity import (
    get_end_slot,
    get_grace_slots,
    get_identified_since,
    get_identified_until,
    is_held,
    is_identified,
)
from chain.rules.recovery import CANCEL_WINDOW_PERIODS, get_guard
from chain.tables import (
    RECENT_PERIODS,
    ROSTERS,
    Attestation,
    Guard,
    PendingRecovery,
    Recovery,
    Roster,
)
from chain.units import format_pai
from node.api.answers import get_present_slot, get_slot_time
from node.api.errors import build_not_found
from node.api.schema import build_policy_answer, write_address
from node.api.schema_identity import (
    AliasAnswer,
    AttestationAnswer,
    AuthoritiesAnswer,
    AuthorityAnswer,
    GuardAnswer,
    IdentityAnswer,
    PendingRecoveryAnswer,
    RecoveryAnswer,
)
from node.core import Core


def build_alias_answer(ledger: Ledger, name: str) -> AliasAnswer:
    """Whose a name is, written exactly so. Raises RequestError when nobody's."""
    account_id = find_account(ledger.state, name)
    if account_id is None:
        raise build_not_found(name)
    row = ledger.state.aliases.require(get_name_key(name))
    return AliasAnswer(
        name=name,
        address=write_address(ledger.genesis.prefix, account_id),
        since_slot=row.since_slot,
    )


def build_identity_answer(core: Core, account_id: AccountId) -> IdentityAnswer:
    """Who vouches for an account now."""
    ledger = core.ledger
    state, context = ledger.state, ledger.get_context(get_present_slot(core))
    account = state.accounts.get(account_id)
    tag = None if account is None else account.person
    return IdentityAnswer(
        address=write_address(ledger.genesis.prefix, account_id),
        identified=is_identified(state, context, account_id),
        identified_until_slot=0 if tag is None else get_identified_until(state, context, tag),
        identified_since_slot=None if tag is None else get_identified_since(state, context, tag),
        tag=None if tag is None else tag.hex(),
        attestations=[
            _build_attestation_answer(ledger, context, account_id, authority_id, item)
            for roster in _read_rosters(ledger)
            for authority_id in roster.authorities
            if (item := state.attestations.get(account_id + authority_id)) is not None
        ],
        alias=find_alias(state, account_id),
        alias_price=format_pai(get_alias_price(state, context, account_id)),
    )


def _build_attestation_answer(
    ledger: Ledger,
    context: Context,
    account_id: AccountId,
    authority_id: AccountId,
    item: Attestation,
) -> AttestationAnswer:
    authority = ledger.state.authorities.require(authority_id)
    ends_slot = get_end_slot(context, authority, item) + get_grace_slots(context)
    revoked = item.revoked_slot >= 0
    held = item.kind != "person" or is_held(ledger.state, authority.group, item.tag, account_id)
    return AttestationAnswer(
        authority=write_address(ledger.genesis.prefix, authority_id),
        authority_name=authority.name,
        group=authority.group,
        kind=item.kind,
        jurisdiction=item.jurisdiction,
        commitment=item.commitment.hex(),
        tag=item.tag.hex(),
        from_slot=item.from_slot,
        until_slot=item.until_slot,
        ends_slot=ends_slot,
        revoked_slot=item.revoked_slot if revoked else None,
        counts=not revoked and held and context.slot < ends_slot,
    )


def build_recovery_answer(core: Core, account_id: AccountId) -> RecoveryAnswer:
    """Who may bring an account's keys back, and whether they are about to."""
    ledger, constants = core.ledger, core.ledger.constants
    context = ledger.get_context(get_present_slot(core))
    row = ledger.state.recoveries.get(account_id)
    guard = None if row is None else get_guard(row, context.slot)
    follows = row is not None and row.following_slot > context.slot
    return RecoveryAnswer(
        address=write_address(ledger.genesis.prefix, account_id),
        guard=_build_guard_answer(guard),
        following=_build_guard_answer(row.following) if row and follows else None,
        following_slot=row.following_slot if row and follows else None,
        started=0 if row is None else row.started,
        pending=None
        if row is None or row.pending is None
        else _build_pending_answer(ledger, context, row, row.pending),
        recovered_slot=row.recovered_slot if row and row.recovered_slot >= 0 else None,
        bond=format_pai(constants.recovery_bond),
        delay_periods_min=constants.recovery_min_periods,
        delay_periods_default=constants.recovery_default_periods,
        delay_periods_max=constants.recovery_max_periods,
        cancels_default=constants.recovery_cancels,
    )


def _build_guard_answer(guard: Guard | None) -> GuardAnswer | None:
    if guard is None:
        return None
    return GuardAnswer(
        guardians=guard.guardians.hex(),
        delay_periods=guard.delay_periods,
        cancels_max=guard.cancels_max,
    )


def _build_pending_answer(
    ledger: Ledger, context: Context, row: Recovery, pending: PendingRecovery
) -> PendingRecoveryAnswer:
    since = context.period - CANCEL_WINDOW_PERIODS
    used = sum(period > since for period in row.cancelled_periods)
    return PendingRecoveryAnswer(
        policy=build_policy_answer(pending.policy),
        lender=write_address(ledger.genesis.prefix, pending.lender),
        bond=format_pai(pending.bond),
        ends_slot=pending.ends_slot,
        ends_time=get_slot_time(ledger, pending.ends_slot),
        cancels_left=max(0, pending.guard.cancels_max - used),
    )


def build_authorities_answer(core: Core) -> AuthoritiesAnswer:
    """Who may say who is who."""
    ledger = core.ledger
    context = ledger.get_context(get_present_slot(core))
    return AuthoritiesAnswer(
        needed=context.parameters.identity_threshold,
        authorities=[
            _build_authority_answer(ledger, context, authority_id)
            for roster in _read_rosters(ledger)
            for authority_id in roster.authorities
        ],
    )


def _build_authority_answer(
    ledger: Ledger, context: Context, authority_id: AccountId
) -> AuthorityAnswer:
    row = ledger.state.authorities.require(authority_id)
    recent = [item for item in row.recent if item.period > context.period - RECENT_PERIODS]
    return AuthorityAnswer(
        address=write_address(ledger.genesis.prefix, authority_id),
        name=row.name,
        jurisdiction=row.jurisdiction,
        group=row.group,
        retired_slot=row.retired_slot if row.retired_slot >= 0 else None,
        attested=row.attested,
        pace=get_pace(context, row),
        new_recently=sum(item.new for item in recent),
        revoked_recently=sum(item.revoked for item in recent),
    )


def _read_rosters(ledger: Ledger) -> list[Roster]:
    """The lists of all groups, by group; there are few."""
    groups = sorted(
        key[len(ROSTERS.prefix) :] for key, _ in read_rows(ledger.store, ROSTERS.prefix)
    )
    return [ledger.state.rosters.require(group) for group in groups]
