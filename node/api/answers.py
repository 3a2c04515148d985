"""From the ledger to answers about accounts and rules. Nothing here changes anything or waits.

Balances are projected to the present slot by the ledger's own rule for that: what is shown is what
is owned, whether a block has written it down or not.
"""

from chain.address import decode_address
from chain.codec import encode
from chain.ledger import Ledger
from chain.parameters import get_parameter_bounds
from chain.policy import AccountId
from chain.rules.aliases import find_alias
from chain.rules.context import Context
from chain.rules.electorate import PERSONS_PER_UNIT
from chain.rules.finality_record import get_lasting_ref
from chain.rules.identity import get_identified_until, is_identified
from chain.rules.payments import build_account, get_spending_floor
from chain.rules.settlement import compute_decayed, get_touched
from chain.rules.units import DEFENSIVE_PER_SIGNATURE, get_defensive_units, get_free_units
from chain.state import State
from chain.tables import ACCOUNTS, CURRENT, Account, Deposit
from chain.units import format_pai
from node.api.errors import build_bad_request
from node.api.schema import (
    AMOUNT_CONSTANTS,
    AMOUNT_PARAMETERS,
    BOND_STATES,
    AccountAnswer,
    AtAnswer,
    BoundsAnswer,
    ConstantsAnswer,
    DepositAnswer,
    KeepAnswer,
    ParametersAnswer,
    ParametersInForce,
    ProofAnswer,
    RewardSharesAnswer,
    SinksAnswer,
    build_policy_answer,
    write_address,
    write_address_or_null,
    write_amounts,
)
from node.api.schema_chain import HistoryAnswer, HistoryEntryAnswer
from node.core import Core
from node.decisions import read_sinks
from node.happenings import CHARGES
from node.history import HistoryEntry


def get_present_slot(core: Core) -> int:
    """The slot to which answers are projected; never before the head, whatever the clock says."""
    return max(core.get_clock_slot(), core.ledger.head.slot, 0)


def get_slot_time(ledger: Ledger, slot: int) -> int:
    """When a slot begins, in seconds since 1970-01-01 UTC."""
    return ledger.genesis.genesis_time + slot * ledger.constants.slot_seconds


def read_address(ledger: Ledger, text: str) -> AccountId:
    """The account of an address in a path. Raises RequestError."""
    try:
        return decode_address(ledger.genesis.prefix, text)
    except ValueError as error:
        raise build_bad_request(str(error)) from None


def build_account_answer(core: Core, account_id: AccountId) -> AccountAnswer:
    """An account as its owner has it now, with what waits for it in the mempool."""
    ledger = core.ledger
    state = ledger.state
    context = ledger.get_context(get_present_slot(core))
    row = state.accounts.get(account_id)
    savings = state.savings.get(account_id)
    deposits = savings.deposits if savings else ()
    account = row or build_account(context.step)
    now = get_touched(account, deposits, context.keep_schedule, context.step)
    later = get_touched(
        account, deposits, context.keep_schedule, context.step + context.steps_per_period
    )
    floor = get_spending_floor(state, context, account_id, now.account)
    until_slot = (
        0 if account.person is None else get_identified_until(state, context, account.person)
    )
    return AccountAnswer(
        address=write_address(ledger.genesis.prefix, account_id),
        exists=row is not None,
        at=AtAnswer(height=ledger.head.height, slot=context.slot, step=context.step),
        settlement=format_pai(now.account.settlement),
        booked=format_pai(account.settlement),
        running=format_pai(now.charge),
        after_next_period=format_pai(later.account.settlement),
        savings=format_pai(sum(deposit.amount for deposit in now.deposits)),
        spendable=format_pai(max(0, now.account.settlement - floor)),
        limit=format_pai(-floor),
        sequence=account.sequence,
        next_sequence=core.mempool.get_next_sequence(account_id),
        ref=get_lasting_ref(state).hex(),
        policy=None if account.policy is None else build_policy_answer(account.policy),
        identified=is_identified(state, context, account_id),
        identified_until_slot=until_slot,
        free_units=0 if account.person is None else get_free_units(state, context, account.person),
        defensive_units=_count_defensive_units(context, account),
        filing_units=state.assembly.require(CURRENT).persons // PERSONS_PER_UNIT,
        unit_fee=format_pai(context.parameters.unit_fee),
        deposits=[_build_deposit_answer(ledger, context, item) for item in now.deposits],
        alias=find_alias(state, account_id),
        recovery_ends_slot=_find_recovery_end(state, account_id),
        waiting=[waiting.hex() for waiting in core.mempool.get_waiting(account_id)],
    )


def _count_defensive_units(context: Context, account: Account) -> int:
    """A policy not yet revealed asks for one signature at least."""
    if account.policy is None:
        return context.parameters.defensive_units + DEFENSIVE_PER_SIGNATURE
    return get_defensive_units(context, account)


def _build_deposit_answer(ledger: Ledger, context: Context, deposit: Deposit) -> DepositAnswer:
    constants = ledger.constants
    returned = compute_decayed(
        deposit.amount, context.keep_schedule, deposit.since_step, context.step
    )
    return DepositAnswer(
        id=deposit.id,
        amount=format_pai(deposit.amount),
        since_step=deposit.since_step,
        until_step=deposit.until_step,
        until_time=get_slot_time(ledger, deposit.until_step * constants.slots_per_step),
        renew_periods=deposit.renew_steps // context.steps_per_period,
        bond=BOND_STATES[deposit.seat_bond],
        release_step=deposit.release_step,
        return_now=format_pai(returned),
    )


def build_history_answer(
    core: Core, account_id: AccountId, before: str | None, limit: int
) -> HistoryAnswer:
    """A page of what happened to an account. Raises RequestError on a bad ``before``."""
    try:
        page = core.get_history(account_id, before, limit)
    except ValueError as error:
        raise build_bad_request(f"before: {error}") from None
    entries = [_build_entry_answer(core.ledger, entry) for entry in page.entries]
    return HistoryAnswer(entries=entries, next=page.next, since_slot=core.ledger.base.slot)


def _build_entry_answer(ledger: Ledger, entry: HistoryEntry) -> HistoryEntryAnswer:
    return HistoryEntryAnswer(
        height=entry.height,
        slot=entry.slot,
        time=get_slot_time(ledger, entry.slot),
        transaction=None if entry.transaction is None else entry.transaction.hex(),
        kind=entry.kind,
        amount=format_pai(entry.amount),
        counterparty=write_address_or_null(ledger.genesis.prefix, entry.counterparty),
        memo=entry.memo,
        sinks=_build_sinks(ledger, entry) if entry.kind in CHARGES else None,
    )


def _build_sinks(ledger: Ledger, entry: HistoryEntry) -> SinksAnswer:
    present = ledger.state.rules.require(CURRENT).parameters.sinks
    return SinksAnswer(**write_amounts(read_sinks(ledger.store, entry.height, present), ()))


def build_proof_answer(ledger: Ledger, account_id: AccountId) -> ProofAnswer:
    """An account's row under the present root, or that there is none, and the proof of it."""
    key = ACCOUNTS.prefix + account_id
    row, proof = ledger.prove(key)
    return ProofAnswer(
        state_root=ledger.root.hex(),
        height=ledger.head.height,
        key=key.hex(),
        row=None if row is None else row.hex(),
        proof=encode(proof).hex(),
    )


def build_parameters_answer(ledger: Ledger) -> ParametersAnswer:
    """The rules' figures: fixed at genesis, in force by vote, and the schedule of demurrage."""
    constants = write_amounts(ledger.constants, AMOUNT_CONSTANTS)
    constants["credit_keep"] = str(ledger.constants.credit_keep)
    rules = ledger.state.rules.require(CURRENT)
    parameters = write_amounts(rules.parameters, AMOUNT_PARAMETERS)
    sinks, shares = rules.parameters.sinks, rules.parameters.reward_shares
    parameters["sinks"] = SinksAnswer(**write_amounts(sinks, ()))
    parameters["reward_shares"] = RewardSharesAnswer(**write_amounts(shares, ()))
    return ParametersAnswer(
        constants=ConstantsAnswer(**constants),
        parameters=ParametersInForce(**parameters),
        keep_schedule=[
            KeepAnswer(
                from_step=segment.from_step,
                keep=None if segment.keep is None else str(segment.keep),
            )
            for segment in rules.keep_schedule
        ],
        bounds={
            name: BoundsAnswer(*map(format_pai if name in AMOUNT_PARAMETERS else str, bounds))
            for name, bounds in get_parameter_bounds(ledger.constants, rules.parameters).items()
        },
    )


def _find_recovery_end(state: State, account_id: AccountId) -> int | None:
    row = state.recoveries.get(account_id)
    return None if row is None or row.pending is None else row.pending.ends_slot
