"""Loans for production, without interest: asked for, secured, granted, returned, written off.

They lift a debtor's limit until their term; no money changes hands. Savings are lent first: all
loans together stay within a part of savings and reserve. What a guarantor pledges is his own, a
deposit or an unused limit; a granted limit secures nothing, so there are no chains and no cycles.
``grant_loan``, ``write_off`` and ``set_committee`` are what a vote that has passed calls.
"""

from itertools import pairwise
from typing import Final

from msgspec.structs import replace

from chain.actions import AskLoan, DropLoan, GrantLoan, Guarantee, PayClaim, ReturnLoan
from chain.errors import Code, Invalid
from chain.facts import WrittenOff
from chain.parameters import BASIS_POINTS
from chain.policy import AccountId
from chain.rules.context import Context
from chain.rules.credit_days import get_credit, is_braked, note_lost
from chain.rules.debts import get_debts, put_debts
from chain.rules.loan_terms import (
    ASK_PERIODS,
    ASKED,
    GRANTED,
    NO_CONSENT,
    OWN_LIMIT,
    build_grant,
    check_day,
    end_loan,
    get_loan,
    get_next_look,
    get_until,
    put_loan,
    refresh_unpaid,
    schedule,
)
from chain.rules.payments import credit, debit, get_spending_floor
from chain.rules.savings import add_deposit, check_free, find_deposit, replace_deposit
from chain.rules.settlement import PLEDGED, touch
from chain.rules.standing import get_limit, hold_limit
from chain.state import State
from chain.tables import CURRENT, Loan
from chain.units import MICROPAI_PER_PAI, format_pai

LOAN_MIN: Final = MICROPAI_PER_PAI
LOAN_TERM_MAX: Final = 3_650  # periods
LOANS_MAX: Final = 8  # of one account, claims against it counted too
COMMITTEE_PERIODS: Final = 28


def apply_ask(state: State, context: Context, owner: AccountId, action: AskLoan) -> None:
    """Ask for a loan. It waits for its guarantor and for the committee, or for a vote."""
    _check_terms(action)
    if action.guarantor == owner:
        raise Invalid(Code.GUARANTOR_IS_DEBTOR)
    if action.guarantor is not None and state.accounts.get(action.guarantor) is None:
        raise Invalid(Code.UNKNOWN_ACCOUNT, "the guarantor has none")
    debts = get_debts(state, owner)
    if len(debts.loans) + len(debts.claims) >= LOANS_MAX:
        raise Invalid(Code.TOO_MANY_LOANS, f"at most {LOANS_MAX}")
    check_day(state, context.period + ASK_PERIODS)
    whole = get_credit(state)
    loan_id = whole.loans_made
    state.credit.put(CURRENT, replace(whole, loans_made=loan_id + 1))
    loan = Loan(
        debtor=owner,
        amount=action.amount,
        term_periods=action.term_periods,
        plan=action.plan,
        purpose=action.purpose,
        guarantor=action.guarantor,
        pledge=action.pledge,
        pledged_deposit=NO_CONSENT,
        state=ASKED,
        from_period=context.period,
        by_committee=False,
        counted=0,
        unpaid=0,
        look_period=0,
    )
    put_debts(state, owner, replace(debts, loans=(*debts.loans, loan_id)))
    schedule(state, context, loan_id, loan, context.period + ASK_PERIODS)


def _check_terms(action: AskLoan) -> None:
    """Refuse a loan whose figures do not fit each other."""
    steps = [(0, action.amount), *((item.after_periods, item.left) for item in action.plan)]
    falls = all(
        before[0] < after[0] and before[1] > after[1] > 0 for before, after in pairwise(steps)
    )
    if (
        action.amount < LOAN_MIN
        or not 0 < action.term_periods <= LOAN_TERM_MAX
        or steps[-1][0] >= action.term_periods
        or not falls
    ):
        raise Invalid(
            Code.BAD_LOAN_TERMS, "at least 1 pai, and a plan that falls before the term ends"
        )
    if (action.guarantor is None) != (action.pledge == 0) or action.pledge > action.amount:
        raise Invalid(Code.BAD_LOAN_TERMS, "a guarantor answers for a part of the loan, or all")


def apply_guarantee(state: State, context: Context, owner: AccountId, action: Guarantee) -> None:
    """Consent to answer for a loan; from now on what is pledged is reserved."""
    loan = _get_asked(state, action.loan)
    if loan.guarantor != owner:
        raise Invalid(Code.NOT_GUARANTOR)
    if loan.pledged_deposit != NO_CONSENT:
        raise Invalid(Code.ALREADY_PLEDGED)
    if action.deposit is None:
        _pledge_limit(state, context, owner, loan.pledge)
        pledged_deposit = OWN_LIMIT
    else:
        pledged_deposit = _pledge_deposit(state, context, owner, action.deposit, loan.pledge)
    put_loan(state, action.loan, replace(loan, pledged_deposit=pledged_deposit))


def _pledge_limit(state: State, context: Context, owner: AccountId, pledge: int) -> None:
    account = touch(state, context, owner, state.accounts.require(owner))
    debts = get_debts(state, owner)
    limit = 0 if account.person is None else get_limit(state, context, account.person)
    pledged = debts.pledged + pledge
    if pledged > limit or account.settlement < pledged - limit:
        raise Invalid(
            Code.PLEDGE_NOT_COVERED,
            f"own limit {format_pai(limit)}, pledged with this {format_pai(pledged)}",
        )
    assert account.person is not None
    put_debts(state, owner, replace(debts, pledged=pledged))
    hold_limit(state, context, account.person, pledged - min(account.settlement, 0))


def _pledge_deposit(
    state: State, context: Context, owner: AccountId, deposit_id: int, pledge: int
) -> int:
    """Lock a deposit, or a part of it as a deposit of its own; returns the number."""
    account = touch(state, context, owner, state.accounts.require(owner))
    deposit = find_deposit(state, owner, deposit_id)
    check_free(deposit)
    if deposit.amount < pledge:
        raise Invalid(Code.PLEDGE_NOT_COVERED, f"the deposit holds {format_pai(deposit.amount)}")
    if deposit.amount == pledge:
        replace_deposit(state, owner, account, replace(deposit, seat_bond=PLEDGED, renew_steps=0))
        return deposit_id
    rest = replace(deposit, amount=deposit.amount - pledge)
    replace_deposit(state, owner, account, rest)
    part = replace(
        deposit, id=account.deposits_made, amount=pledge, seat_bond=PLEDGED, renew_steps=0
    )
    add_deposit(state, context, owner, part)
    return part.id


def apply_grant(state: State, context: Context, owner: AccountId, action: GrantLoan) -> None:
    """Grant a loan as the credit committee, within its limits."""
    whole = get_credit(state)
    if whole.committee != owner:
        raise Invalid(Code.NOT_COMMITTEE)
    loan = _get_asked(state, action.loan)
    window = context.period // COMMITTEE_PERIODS
    granted = loan.amount
    if whole.committee_window == window:
        granted += whole.committee_granted
    allowed = (whole.debt + state.debt) * context.parameters.committee_28_bp // BASIS_POINTS
    if granted > allowed:
        raise Invalid(Code.COMMITTEE_SPENT, f"{format_pai(allowed)} in {COMMITTEE_PERIODS} periods")
    lent = sum(
        other.amount
        for loan_id in get_debts(state, loan.debtor).loans
        if (other := get_loan(state, loan_id)).by_committee
    )
    most = context.parameters.committee_member_bases * context.parameters.base
    if lent + loan.amount > most:
        raise Invalid(Code.MEMBER_SPENT, f"at most {format_pai(most)}")
    grant_loan(state, context, action.loan, by_committee=True)
    state.credit.put(
        CURRENT,
        replace(get_credit(state), committee_window=window, committee_granted=granted),
    )


def grant_loan(state: State, context: Context, loan_id: int, *, by_committee: bool = False) -> None:
    """Grant a loan that is asked for, within what savings and reserve carry. Raises Invalid."""
    loan = _get_asked(state, loan_id)
    if loan.guarantor is not None and loan.pledged_deposit == NO_CONSENT:
        raise Invalid(Code.GUARANTEE_MISSING)
    if is_braked(state, context):
        raise Invalid(Code.CREDIT_BRAKED)
    whole, reserve = get_credit(state), state.money.require(CURRENT).reserve
    carried = (whole.saved + state.saved + reserve) * context.parameters.grants_share_bp
    if (whole.granted + loan.amount) * BASIS_POINTS > carried:
        raise Invalid(Code.GRANTS_EXHAUSTED, f"all loans: {format_pai(carried // BASIS_POINTS)}")
    loan = replace(
        loan,
        state=GRANTED,
        from_period=context.period,
        by_committee=by_committee,
        counted=loan.amount,
    )
    check_day(state, get_until(loan))
    state.credit.put(CURRENT, replace(whole, granted=whole.granted + loan.amount))
    debts = get_debts(state, loan.debtor)
    put_debts(
        state, loan.debtor, replace(debts, grants=(*debts.grants, build_grant(loan_id, loan)))
    )
    schedule(state, context, loan_id, loan, get_next_look(loan, context.period))


def apply_drop(state: State, context: Context, owner: AccountId, action: DropLoan) -> None:
    """Take back or decline a loan that is asked for; a pledge for it is free again."""
    loan = _get_asked(state, action.loan)
    if owner not in (loan.debtor, loan.guarantor, get_credit(state).committee):
        raise Invalid(Code.NOT_YOUR_LOAN)
    end_loan(state, context, action.loan, loan)


def apply_return(state: State, context: Context, owner: AccountId, action: ReturnLoan) -> None:
    """Return a line that the balance does not need any more."""
    loan = get_loan(state, action.loan)
    if loan.debtor != owner:
        raise Invalid(Code.NOT_YOUR_LOAN)
    if loan.state != GRANTED:
        raise Invalid(Code.LOAN_NOT_GRANTED)
    end_loan(state, context, action.loan, loan)
    account = touch(state, context, owner, state.accounts.require(owner))
    floor = get_spending_floor(state, context, owner, account)
    if account.settlement < floor:
        raise Invalid(Code.LOAN_IN_USE, f"without it the balance may fall to {format_pai(floor)}")
    if account.person is not None and account.settlement < 0:
        hold_limit(state, context, account.person, -account.settlement)


def apply_pay_claim(state: State, context: Context, owner: AccountId, action: PayClaim) -> None:
    """Pay a guarantor back what he paid."""
    debts = get_debts(state, owner)
    owed = sum(claim.amount for claim in debts.claims if claim.creditor == action.creditor)
    if not owed:
        raise Invalid(Code.UNKNOWN_CLAIM)
    if action.amount > owed:
        raise Invalid(Code.CLAIM_TOO_LITTLE, f"it is {format_pai(owed)}")
    debit(state, context, owner, action.amount)
    credit(state, context, action.creditor, action.amount)
    _set_claim(state, owner, action.creditor, owed - action.amount)


def take_claim(state: State, debtor: AccountId, creditor: AccountId) -> int:
    """Hand a guarantor's claim over to whoever keeps obligations; returns what it was."""
    claims = get_debts(state, debtor).claims
    owed = sum(claim.amount for claim in claims if claim.creditor == creditor)
    _set_claim(state, debtor, creditor, 0)
    return owed


def _set_claim(state: State, debtor: AccountId, creditor: AccountId, amount: int) -> None:
    debts = get_debts(state, debtor)
    claims = tuple(
        replace(claim, amount=amount) if claim.creditor == creditor else claim
        for claim in debts.claims
        if claim.creditor != creditor or amount
    )
    put_debts(state, debtor, replace(debts, claims=claims))


def write_off(state: State, context: Context, account_id: AccountId, amount: int) -> None:
    """Let the reserve take over what an account owes. Raises Invalid."""
    row = state.accounts.get(account_id)
    if row is None:
        raise Invalid(Code.UNKNOWN_ACCOUNT)
    account = touch(state, context, account_id, row)
    money = state.money.require(CURRENT)
    if not 0 < amount <= min(money.reserve, -account.settlement):
        raise Invalid(
            Code.WRITE_OFF_TOO_MUCH,
            f"balance {format_pai(account.settlement)}, reserve {format_pai(money.reserve)}",
        )
    state.money.put(CURRENT, replace(money, reserve=money.reserve - amount))
    credit(state, context, account_id, amount)
    note_lost(state, context, amount)
    state.facts.append(WrittenOff(account_id, amount))
    for loan_id in get_debts(state, account_id).loans:
        refresh_unpaid(state, context, loan_id)


def set_committee(state: State, account_id: AccountId | None) -> None:
    """Make an account the credit committee, or have none. Raises Invalid."""
    if account_id is not None and state.accounts.get(account_id) is None:
        raise Invalid(Code.UNKNOWN_COMMITTEE)
    whole = get_credit(state)
    state.credit.put(CURRENT, replace(whole, committee=account_id))


def _get_asked(state: State, loan_id: int) -> Loan:
    loan = get_loan(state, loan_id)
    if loan.state != ASKED:
        raise Invalid(Code.LOAN_NOT_ASKED)
    return loan
