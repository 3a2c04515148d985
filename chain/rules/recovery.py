"""Lost keys are not lost lives: guardians whom the owner chose can bring an account other keys.

It takes a delay of the owner's choice, in which the account's own keys work as ever and can stop
it; so guardians cannot act behind an owner's back. How often they can be stopped is the owner's
choice too, made beforehand: so a thief who holds the keys cannot stop them for ever. A change of
guardians waits for the old delay, so that a thief cannot change them first.
"""

from typing import Final

from msgspec.structs import replace

from chain.actions import CancelRecovery, CompleteRecovery, SetGuardians, StartRecovery
from chain.checks import SignatureChecks
from chain.crypto import Signed
from chain.errors import Code, Invalid
from chain.facts import RecoveryBond
from chain.guardians import compute_guardians_hash, get_recovery_message
from chain.policy import AccountId
from chain.rules.context import Context
from chain.rules.payments import credit, debit
from chain.state import State
from chain.tables import Guard, PendingRecovery, Recovery

CANCEL_WINDOW_PERIODS: Final = 90
NOTHING_FOLLOWS: Final = -1
NEVER_RECOVERED: Final = -1


def apply_set_guardians(
    state: State, context: Context, owner: AccountId, action: SetGuardians
) -> None:
    """Name guardians, or none: at once if there were none, else after their own delay."""
    guard = None
    if action.guardians is not None:
        low, high = context.constants.recovery_min_periods, context.constants.recovery_max_periods
        if not low <= action.delay_periods <= high:
            raise Invalid(Code.RECOVERY_DELAY_OUT_OF_BOUNDS, f"{low} to {high} periods")
        guard = Guard(action.guardians, action.delay_periods, action.cancels_max)
    row = state.recoveries.get(owner)
    if row is None:
        row = Recovery(
            guard=None,
            following=None,
            following_slot=NOTHING_FOLLOWS,
            started=0,
            cancelled_periods=(),
            pending=None,
            recovered_slot=NEVER_RECOVERED,
        )
    present = get_guard(row, context.slot)
    if present is None:
        row = replace(row, guard=guard, following=None, following_slot=NOTHING_FOLLOWS)
    else:
        slot = context.slot + present.delay_periods * context.constants.slots_per_period
        row = replace(row, guard=present, following=guard, following_slot=slot)
    state.recoveries.put(owner, row)


def apply_start_recovery(
    state: State,
    context: Context,
    owner: AccountId,
    action: StartRecovery,
    checks: SignatureChecks,
) -> None:
    """Begin to give an account other keys, at the word of its guardians and for a bond."""
    row = state.recoveries.get(action.account)
    guard = None if row is None else get_guard(row, context.slot)
    if row is None or guard is None:
        raise Invalid(Code.NO_GUARDIANS)
    if row.pending is not None:
        raise Invalid(Code.RECOVERY_RUNS)
    if compute_guardians_hash(action.guardians, action.salt) != guard.guardians:
        raise Invalid(Code.WRONG_GUARDIANS)
    _check_consents(context, row, action, checks)
    bond = context.constants.recovery_bond
    debit(state, context, owner, bond)
    state.facts.append(RecoveryBond(owner, bond, "lent"))
    pending = PendingRecovery(
        guard=guard,
        policy=action.policy,
        lender=owner,
        bond=bond,
        ends_slot=context.slot + guard.delay_periods * context.constants.slots_per_period,
    )
    state.recoveries.put(action.account, replace(row, started=row.started + 1, pending=pending))


def apply_cancel_recovery(
    state: State, context: Context, owner: AccountId, _action: CancelRecovery
) -> None:
    """Stop the recovery of one's own account, as often as was allowed when it began."""
    row, pending = _require_pending(state, owner)
    since = context.period - CANCEL_WINDOW_PERIODS
    cancelled = tuple(period for period in row.cancelled_periods if period > since)
    if len(cancelled) >= pending.guard.cancels_max:
        raise Invalid(
            Code.TOO_MANY_CANCELS,
            f"{pending.guard.cancels_max} in {CANCEL_WINDOW_PERIODS} periods",
        )
    state.recoveries.put(
        owner, replace(row, cancelled_periods=(*cancelled, context.period), pending=None)
    )
    state.fees += pending.bond
    state.facts.append(RecoveryBond(pending.lender, pending.bond, "lost"))


def apply_complete_recovery(
    state: State, context: Context, _owner: AccountId, action: CompleteRecovery
) -> None:
    """Give the account its new keys, when the delay has passed; anybody may ask for that.

    The guard it was recovered under stands again, whatever the old keys have set since.
    """
    row, pending = _require_pending(state, action.account)
    if context.slot < pending.ends_slot:
        raise Invalid(Code.RECOVERY_TOO_EARLY, f"at slot {pending.ends_slot}")
    account = state.accounts.require(action.account)
    state.accounts.put(action.account, replace(account, policy=pending.policy))
    state.recoveries.put(
        action.account,
        replace(
            row,
            guard=pending.guard,
            following=None,
            following_slot=NOTHING_FOLLOWS,
            pending=None,
            recovered_slot=context.slot,
        ),
    )
    credit(state, context, pending.lender, pending.bond)
    state.facts.append(RecoveryBond(pending.lender, pending.bond, "returned"))


def get_guard(row: Recovery, slot: int) -> Guard | None:
    """The guard in force in a slot."""
    if 0 <= row.following_slot <= slot:
        return row.following
    return row.guard


def get_recovered_slot(state: State, account_id: AccountId) -> int:
    """When the account was last recovered, -1: never. What it ordered before then has lapsed."""
    row = state.recoveries.get(account_id)
    return NEVER_RECOVERED if row is None else row.recovered_slot


def _require_pending(state: State, account_id: AccountId) -> tuple[Recovery, PendingRecovery]:
    row = state.recoveries.get(account_id)
    if row is None or row.pending is None:
        raise Invalid(Code.NO_RECOVERY)
    return row, row.pending


def _check_consents(
    context: Context, row: Recovery, action: StartRecovery, checks: SignatureChecks
) -> None:
    """Refuse unless exactly as many guardians have signed as their policy asks for."""
    keys = action.guardians.keys
    indexes = [item.key_index for item in action.signatures]
    if (
        len(indexes) != action.guardians.threshold
        or indexes != sorted(set(indexes))
        or indexes[-1] >= len(keys)
    ):
        raise Invalid(
            Code.BAD_GUARDIAN_SIGNATURES, f"{action.guardians.threshold} of {len(keys)} keys"
        )
    message = get_recovery_message(context.chain, action.account, row.started, action.policy)
    for item in action.signatures:
        if not checks.holds(Signed(keys[item.key_index], message, item.signature)):
            raise Invalid(Code.BAD_GUARDIAN_SIGNATURES, "one does not verify")
