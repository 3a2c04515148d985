"""What time does to a loan: its plan, its term, the grace after it, and who pays in the end.

A queue by period names the loans to look at; each block looks at a bounded number of them, oldest
first, and nobody is missed. Looking again is harmless. At its term a loan lifts no limit any more:
that needs no look. A guarantor never pays more than he answered for, nor more than he may spend.
"""

from typing import Final

from msgspec.structs import replace

from chain.crypto import u64
from chain.errors import Code, Invalid
from chain.facts import GuarantorPaid, PledgeFreed
from chain.policy import AccountId
from chain.rules.context import Context
from chain.rules.credit_days import DAYS_AT_ONCE, get_credit, get_day, note_overdue, put_day
from chain.rules.debts import compute_granted, get_debts, put_debts
from chain.rules.payments import credit, debit, get_spending_floor
from chain.rules.savings import find_deposit, replace_deposit
from chain.rules.settlement import FREE, PLEDGED, touch
from chain.state import State
from chain.tables import CURRENT, Claim, Grant, Loan

ASKED: Final = 0
GRANTED: Final = 1
IN_GRACE: Final = 2
OVERDUE: Final = 3

OWN_LIMIT: Final = -1  # what a guarantor pledges, if no deposit
NO_CONSENT: Final = -2

LOANS_AT_ONCE: Final = 16  # that a block looks at
DUE_MAX: Final = 1_024  # loans that fall due in one period
ASK_PERIODS: Final = 28  # a loan may be asked for
LOOK_AGAIN_PERIODS: Final = 28  # at one that is overdue


def get_loan(state: State, loan_id: int) -> Loan:
    """The loan of this number. Raises Invalid when there is none."""
    loan = state.loans.get(u64(loan_id))
    if loan is None:
        raise Invalid(Code.UNKNOWN_LOAN, f"loan {loan_id}")
    return loan


def put_loan(state: State, loan_id: int, loan: Loan | None) -> None:
    """Keep a loan; None: it is over."""
    state.loans.put(u64(loan_id), loan)


def get_until(loan: Loan) -> int:
    """The first period in which a granted loan lifts no limit any more."""
    return loan.from_period + loan.term_periods


def get_next_look(loan: Loan, period: int) -> int:
    """When a granted loan changes next: its plan, or its term."""
    steps = [loan.from_period + item.after_periods for item in loan.plan]
    return min((step for step in steps if step > period), default=get_until(loan))


def check_day(state: State, period: int) -> None:
    """Refuse to let more loans fall due in a period than blocks can look at in time."""
    if len(get_day(state, period).due) >= DUE_MAX:
        raise Invalid(Code.LOAN_DAY_FULL, f"{DUE_MAX} loans")


def schedule(state: State, context: Context, loan_id: int, loan: Loan, period: int) -> None:
    """Keep a loan, and have it looked at in a period to come."""
    period = max(period, context.period + 1)
    put_loan(state, loan_id, replace(loan, look_period=period))
    day = get_day(state, period)
    put_day(state, period, replace(day, due=(*day.due, loan_id)))


def process_loans(state: State, context: Context) -> None:
    """Look at the loans whose period has come, the longest waiting first."""
    period = get_credit(state).due_from
    if period > context.period:
        return
    last = min(context.period, period + DAYS_AT_ONCE)
    left = LOANS_AT_ONCE
    while period <= last:
        due = get_day(state, period).due
        for loan_id in due[:left]:
            look_at(state, context, loan_id)
        if due:
            put_day(state, period, replace(get_day(state, period), due=due[left:]))
        if len(due) > left:
            break
        left -= len(due)
        period += 1
    state.credit.put(CURRENT, replace(get_credit(state), due_from=period))


def look_at(state: State, context: Context, loan_id: int) -> None:
    """Let time act on a loan; nothing when there is nothing to do yet."""
    loan = state.loans.get(u64(loan_id))
    if loan is None or context.period < loan.look_period:
        return
    if loan.state == ASKED:
        end_loan(state, context, loan_id, loan)
    elif loan.state == GRANTED:
        if context.period >= get_until(loan):
            _end_term(state, context, loan_id, loan)
        else:
            _follow_plan(state, context, loan_id, loan)
    else:
        _look_at_unpaid(state, context, loan_id, loan)


def _follow_plan(state: State, context: Context, loan_id: int, loan: Loan) -> None:
    loan = _count_grant(state, loan, compute_granted(build_grant(loan_id, loan), context.period))
    schedule(state, context, loan_id, loan, get_next_look(loan, context.period))


def _end_term(state: State, context: Context, loan_id: int, loan: Loan) -> None:
    debts = get_debts(state, loan.debtor)
    grants = tuple(grant for grant in debts.grants if grant.loan != loan_id)
    put_debts(state, loan.debtor, replace(debts, grants=grants))
    loan = replace(_count_grant(state, loan, 0), state=IN_GRACE)
    loan = _find_unpaid(state, context, loan)
    if not loan.unpaid:
        end_loan(state, context, loan_id, loan)
        return
    over = get_until(loan) + context.parameters.loan_grace_periods
    schedule(state, context, loan_id, loan, over)


def _look_at_unpaid(state: State, context: Context, loan_id: int, loan: Loan) -> None:
    loan = _find_unpaid(state, context, loan)
    over = get_until(loan) + context.parameters.loan_grace_periods
    if loan.state == IN_GRACE and context.period >= over:
        loan = replace(loan, state=OVERDUE)
        if loan.unpaid and loan.guarantor is not None:
            loan = _let_guarantor_pay(state, context, loan)
    if not loan.unpaid:
        end_loan(state, context, loan_id, loan)
        return
    following = over if loan.state == IN_GRACE else context.period + LOOK_AGAIN_PERIODS
    schedule(state, context, loan_id, loan, following)


def refresh_unpaid(state: State, context: Context, loan_id: int) -> None:
    """Find anew what is missing of a loan whose term is over; it ends when nothing is."""
    loan = get_loan(state, loan_id)
    if loan.state in (IN_GRACE, OVERDUE):
        loan = _find_unpaid(state, context, loan)
        if loan.unpaid:
            put_loan(state, loan_id, loan)
        else:
            end_loan(state, context, loan_id, loan)


def _find_unpaid(state: State, context: Context, loan: Loan) -> Loan:
    """The loan with what is missing of it now: what the debtor is below his floor by, at most."""
    account = touch(state, context, loan.debtor, state.accounts.require(loan.debtor))
    debts = get_debts(state, loan.debtor)
    floor = get_spending_floor(state, context, loan.debtor, account)
    of_others = debts.unpaid - loan.unpaid
    unpaid = min(loan.amount, max(0, floor - account.settlement - of_others))
    return _set_unpaid(state, loan, unpaid)


def _set_unpaid(state: State, loan: Loan, unpaid: int) -> Loan:
    change = unpaid - loan.unpaid
    if change:
        debts = get_debts(state, loan.debtor)
        put_debts(state, loan.debtor, replace(debts, unpaid=debts.unpaid + change))
        note_overdue(state, get_until(loan), change)
    return replace(loan, unpaid=unpaid)


def _let_guarantor_pay(state: State, context: Context, loan: Loan) -> Loan:
    """Have the guarantor pay what he answered for, and free him of the rest."""
    guarantor = loan.guarantor
    assert guarantor is not None
    amount = min(loan.pledge, loan.unpaid)
    deposit_id = loan.pledged_deposit
    account = touch(state, context, guarantor, state.accounts.require(guarantor))
    release_pledge(state, context, loan)
    if deposit_id == OWN_LIMIT:
        floor = get_spending_floor(state, context, guarantor, account)
        amount = min(amount, max(0, account.settlement - floor))
        if amount:
            debit(state, context, guarantor, amount)
    else:
        account = state.accounts.require(guarantor)
        deposit = find_deposit(state, guarantor, deposit_id)
        replace_deposit(state, guarantor, account, replace(deposit, amount=deposit.amount - amount))
    loan = replace(loan, guarantor=None, pledge=0, pledged_deposit=NO_CONSENT)
    if not amount:
        return loan
    credit(state, context, loan.debtor, amount)
    _add_claim(state, loan.debtor, guarantor, amount)
    state.facts.append(GuarantorPaid(guarantor, loan.debtor, amount, deposit_id))
    return _set_unpaid(state, loan, loan.unpaid - amount)


def _add_claim(state: State, debtor: AccountId, creditor: AccountId, amount: int) -> None:
    debts = get_debts(state, debtor)
    others = tuple(claim for claim in debts.claims if claim.creditor != creditor)
    amount += sum(claim.amount for claim in debts.claims if claim.creditor == creditor)
    claims = sorted((*others, Claim(creditor, amount)), key=lambda claim: claim.creditor)
    put_debts(state, debtor, replace(debts, claims=tuple(claims)))


def release_pledge(state: State, context: Context, loan: Loan) -> None:
    """Free a guarantor who has consented: his limit or his deposit is his own again."""
    guarantor = loan.guarantor
    if guarantor is None or loan.pledged_deposit == NO_CONSENT:
        return
    if loan.pledged_deposit == OWN_LIMIT:
        debts = get_debts(state, guarantor)
        put_debts(state, guarantor, replace(debts, pledged=debts.pledged - loan.pledge))
        return
    account = touch(state, context, guarantor, state.accounts.require(guarantor))
    deposit = find_deposit(state, guarantor, loan.pledged_deposit)
    assert deposit.seat_bond == PLEDGED
    # It bore no demurrage while it was pledged: if its term has passed, it ends now.
    until = max(deposit.until_step, context.step + 1)
    state.facts.append(PledgeFreed(guarantor, deposit.id, until))
    replace_deposit(state, guarantor, account, replace(deposit, seat_bond=FREE, until_step=until))


def end_loan(state: State, context: Context, loan_id: int, loan: Loan) -> None:
    """Free the guarantor, and forget the loan."""
    release_pledge(state, context, loan)
    _count_grant(state, loan, 0)
    _set_unpaid(state, loan, 0)
    debts = get_debts(state, loan.debtor)
    put_debts(
        state,
        loan.debtor,
        replace(
            debts,
            grants=tuple(grant for grant in debts.grants if grant.loan != loan_id),
            loans=tuple(other for other in debts.loans if other != loan_id),
        ),
    )
    put_loan(state, loan_id, None)


def build_grant(loan_id: int, loan: Loan) -> Grant:
    """What lifts the debtor's limit."""
    return Grant(
        loan=loan_id,
        amount=loan.amount,
        from_period=loan.from_period,
        until_period=get_until(loan),
        plan=loan.plan,
    )


def _count_grant(state: State, loan: Loan, counted: int) -> Loan:
    """Keep the sum of all grants true."""
    if counted != loan.counted:
        whole = get_credit(state)
        granted = whole.granted + counted - loan.counted
        state.credit.put(CURRENT, replace(whole, granted=granted))
    return replace(loan, counted=counted)
