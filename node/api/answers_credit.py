"""From the ledger to answers about credit: limits, loans, and what may be lent."""

from chain.crypto import u64
from chain.kept import read_numbered
from chain.ledger import Ledger
from chain.parameters import BASIS_POINTS
from chain.policy import AccountId
from chain.rules.context import Context
from chain.rules.credit_days import get_credit, get_day, is_braked
from chain.rules.debts import compute_granted, get_debts, sum_grants
from chain.rules.loan_terms import (
    ASK_PERIODS,
    ASKED,
    GRANTED,
    NO_CONSENT,
    build_grant,
    get_until,
)
from chain.rules.loans import COMMITTEE_PERIODS
from chain.rules.payments import build_account, get_spending_floor
from chain.rules.settlement import get_touched
from chain.rules.standing import get_limit
from chain.tables import CURRENT, LOANS, Loan
from chain.units import format_pai
from node.api.answers import get_present_slot, get_slot_time
from node.api.errors import build_not_found
from node.api.paging import cut_page
from node.api.schema import write_address, write_address_or_null
from node.api.schema_actions_credit import InstalmentAnswer
from node.api.schema_credit import (
    LOAN_STATES,
    ClaimAnswer,
    CreditAnswer,
    LendingAnswer,
    LoanAnswer,
    LoansAnswer,
)
from node.core import Core


def build_credit_answer(core: Core, account_id: AccountId) -> CreditAnswer:
    """How far an account may go below zero now, and what it owes by name."""
    ledger = core.ledger
    state, context = ledger.state, ledger.get_context(get_present_slot(core))
    account = state.accounts.get(account_id) or build_account(context.step)
    savings = state.savings.get(account_id)
    deposits = savings.deposits if savings else ()
    now = get_touched(account, deposits, context.keep_schedule, context.step).account
    debts = get_debts(state, account_id)
    prefix = ledger.genesis.prefix
    return CreditAnswer(
        address=write_address(prefix, account_id),
        own=format_pai(0 if now.person is None else get_limit(state, context, now.person)),
        pledged=format_pai(debts.pledged),
        lent=format_pai(sum_grants(debts, context.period)),
        floor=format_pai(get_spending_floor(state, context, account_id, now)),
        used=format_pai(max(0, -now.settlement)),
        unpaid=format_pai(debts.unpaid),
        loans=[
            _build_loan(ledger, context, number, state.loans.require(u64(number)))
            for number in debts.loans
        ],
        claims=[
            ClaimAnswer(
                creditor=write_address(prefix, item.creditor), amount=format_pai(item.amount)
            )
            for item in debts.claims
        ],
    )


def build_loans_answer(core: Core, first: int, limit: int) -> LoansAnswer:
    """A page of all loans, and what may be lent."""
    ledger = core.ledger
    context = ledger.get_context(get_present_slot(core))
    page, following = cut_page(read_numbered(ledger.store, LOANS, first), limit)
    return LoansAnswer(
        lending=_build_lending(ledger, context),
        loans=[_build_loan(ledger, context, *item) for item in page],
        next=following,
    )


def build_loan_answer(core: Core, number: int) -> LoanAnswer:
    """One loan. Raises RequestError when there is none, or none any more."""
    ledger = core.ledger
    loan = ledger.state.loans.get(u64(number))
    if loan is None:
        raise build_not_found(f"loan {number}")
    return _build_loan(ledger, ledger.get_context(get_present_slot(core)), number, loan)


def _build_loan(ledger: Ledger, context: Context, number: int, loan: Loan) -> LoanAnswer:
    prefix = ledger.genesis.prefix
    granted = loan.state == GRANTED
    lifts = compute_granted(build_grant(number, loan), context.period) if granted else 0
    until = loan.from_period + ASK_PERIODS if loan.state == ASKED else get_until(loan)
    return LoanAnswer(
        loan=number,
        state=LOAN_STATES[loan.state],
        debtor=write_address(prefix, loan.debtor),
        amount=format_pai(loan.amount),
        lifts=format_pai(lifts),
        unpaid=format_pai(loan.unpaid),
        term_periods=loan.term_periods,
        plan=[
            InstalmentAnswer(after_periods=item.after_periods, left=format_pai(item.left))
            for item in loan.plan
        ],
        purpose=loan.purpose,
        guarantor=write_address_or_null(prefix, loan.guarantor),
        pledge=format_pai(loan.pledge),
        consent=loan.pledged_deposit != NO_CONSENT,
        pledged_deposit=loan.pledged_deposit if loan.pledged_deposit >= 0 else None,
        by_committee=loan.by_committee,
        from_period=loan.from_period,
        until_period=until,
        until_time=get_slot_time(ledger, until * ledger.constants.slots_per_period),
    )


def _build_lending(ledger: Ledger, context: Context) -> LendingAnswer:
    state, parameters = ledger.state, context.parameters
    whole, today = get_credit(state), get_day(state, context.period)
    reserve = state.money.require(CURRENT).reserve
    most = (whole.saved + reserve) * parameters.grants_share_bp // BASIS_POINTS
    same_window = whole.committee_window == context.period // COMMITTEE_PERIODS
    used = whole.committee_granted if same_window else 0
    allowed = whole.debt * parameters.committee_28_bp // BASIS_POINTS
    member = parameters.committee_member_bases * parameters.base
    has_committee = whole.committee is not None
    return LendingAnswer(
        committee=write_address_or_null(ledger.genesis.prefix, whole.committee),
        committee_left=format_pai(max(0, allowed - used)) if has_committee else None,
        committee_member=format_pai(member) if has_committee else None,
        granted=format_pai(whole.granted),
        grants_most=format_pai(most),
        debt=format_pai(whole.debt),
        reserve=format_pai(reserve),
        lost=format_pai(whole.lost + today.lost),
        overdue=format_pai(whole.overdue + today.overdue),
        inflow=format_pai(whole.inflow + today.inflow),
        braked=is_braked(state, context),
        loans_made=whole.loans_made,
    )
