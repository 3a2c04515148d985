"""What a measure needs to pass, when it is due, and what it does then.

A measure is looked at twice: when it is filed, so that nobody votes on what cannot be, and when it
is due, since the world may have changed. What cannot be done then is dropped without a trace.
"""

from enum import Enum
from typing import Final, NamedTuple

from msgspec.structs import replace

from chain.actions import (
    AdmitAuthority,
    ChangeDemurrage,
    ChangeFigure,
    ChangeRewards,
    ChangeSinks,
    LendByVote,
    Measure,
    Resolve,
    RetireAuthority,
    SetCommittee,
    SpendFund,
    WriteOff,
)
from chain.codec import encode
from chain.crypto import compute_hash
from chain.errors import Code, Invalid
from chain.facts import FundPaid
from chain.parameters import (
    BASIS_POINTS,
    KeepSegment,
    Parameters,
    find_faults,
    get_parameter_bounds,
)
from chain.policy import AccountId
from chain.rules.authorities import admit_authority, retire_authority
from chain.rules.context import Context
from chain.rules.credit_days import get_credit
from chain.rules.loan_terms import get_loan
from chain.rules.loans import grant_loan, set_committee, write_off
from chain.rules.payments import credit
from chain.rules.settlement import compute_power
from chain.state import State
from chain.tables import (
    CHANGES_KEPT_MAX,
    CURRENT,
    FigureChange,
    FigureHistory,
    FundSpending,
    Money,
    Spent,
)
from chain.units import format_pai

RESERVE: Final = "reserve"
FUNDS: Final = (RESERVE, "social", "municipality")  # operators and active have rules of their own
SPENDING_WINDOW_PERIODS: Final = 28
STEP_WINDOW_PERIODS: Final = 180
STEP_FACTOR: Final = 2
# A figure near zero would stay there for ever: below a hundredth of its highest value the step is
# measured from that.
STEP_FLOOR_PARTS: Final = 100
RATE_PARTS: Final = 10**7  # a rate of demurrage as whole parts of a balance a period
RATE_FLOOR: Final = 10**4  # the same floor for rates: a tenth of a percent a period
LARGE_SPENDING_BP: Final = 1_000
# Whose change decides who decides, or who is paid for deciding.
DEEP_FIGURES: Final = ("electorate_age_periods", "identity_threshold", "reward_epochs")


class Majority(NamedTuple):
    """Least shares as numerator and denominator: of votes cast, and of all electors."""

    of_cast: tuple[int, int]
    of_all: tuple[int, int]
    strictly: bool  # more than the share of votes cast, so that a tie fails


class Class(Enum):
    """How grave a measure is."""

    ORDINARY = Majority((1, 2), (1, 4), strictly=True)
    GRAVE = Majority((2, 3), (1, 3), strictly=False)
    DEEP = Majority((2, 3), (1, 2), strictly=False)


def is_passed(kind: Class, electors: int, yes: int, no: int) -> bool:
    """Whether so many votes carry a measure of this class."""
    majority = kind.value
    cast = yes + no
    numerator, denominator = majority.of_cast
    of_all = majority.of_all[1] * yes >= majority.of_all[0] * electors
    if majority.strictly:
        return denominator * yes > numerator * cast and of_all
    return yes > 0 and denominator * yes >= numerator * cast and of_all


def compute_digest(measure: Measure) -> bytes:
    """What a vote names beside the number, so that it counts for nothing else on another branch."""
    return compute_hash(b"measure", encode(measure))


def get_class(state: State, measure: Measure) -> Class:
    """How grave the measure is, as things stand."""
    match measure:
        case ChangeSinks() | ChangeRewards():
            return Class.DEEP
        case ChangeFigure() if measure.name in DEEP_FIGURES:
            return Class.DEEP
        case SpendFund() | WriteOff() | LendByVote():
            # A small part of a fund, or of what is lent from, takes no more than most members.
            large = LARGE_SPENDING_BP * _get_source(state, measure)
            return Class.GRAVE if BASIS_POINTS * measure.amount > large else Class.ORDINARY
        case Resolve():
            return Class.ORDINARY
        case _:
            return Class.GRAVE


def _get_source(state: State, measure: SpendFund | WriteOff | LendByVote) -> int:
    """What there is of that from which a measure takes or lends."""
    if isinstance(measure, SpendFund):
        return _get_fund(state, measure.fund)
    reserve = _get_fund(state, RESERVE)
    return reserve if isinstance(measure, WriteOff) else get_credit(state).saved + reserve


def get_wait_periods(context: Context, kind: Class) -> int:
    """How long after its count a measure is due."""
    parameters = context.parameters
    return parameters.enact_deep_periods if kind is Class.DEEP else parameters.enact_periods


def get_authority_concerned(measure: Measure) -> AccountId | None:
    """The authority that the measure is about."""
    if isinstance(measure, AdmitAuthority | RetireAuthority):
        return measure.authority
    return None


def check_measure(state: State, context: Context, measure: Measure) -> None:
    """Refuse what could not be done if it were due now. Raises Invalid; nothing changes."""
    mark = state.savepoint()
    try:
        enact(state, context, measure)
    finally:
        state.roll_back(mark)


def enact(state: State, context: Context, measure: Measure) -> None:
    """Do what was decided. Raises Invalid when it cannot be done any more.

    New figures count from the next block on: every rule of one block reads the same.
    """
    rules = state.rules.require(CURRENT)
    match measure:
        case ChangeFigure():
            parameters = _compute_figure(state, context, measure)
            _note_change(state, context, measure.name)
            state.rules.put(CURRENT, replace(rules, parameters=parameters))
        case ChangeSinks():
            parameters = _with_sinks(state, measure)
            _check_parameters(state, context, parameters)
            state.rules.put(CURRENT, replace(rules, parameters=parameters))
        case ChangeRewards():
            parameters = _with_rewards(state, measure)
            _check_parameters(state, context, parameters)
            state.rules.put(CURRENT, replace(rules, parameters=parameters))
        case ChangeDemurrage():
            schedule = _compute_schedule(state, context, measure)
            state.rules.put(CURRENT, replace(rules, keep_schedule=schedule))
        case SpendFund():
            _spend(state, context, measure)
        case AdmitAuthority():
            admit_authority(
                state,
                context,
                measure.authority,
                name=measure.name,
                jurisdiction=measure.jurisdiction,
                group=measure.group,
            )
        case RetireAuthority():
            retire_authority(state, context, measure.authority)
        case LendByVote() | SetCommittee() | WriteOff():
            _enact_credit(state, context, measure)
        case Resolve():
            pass


def _enact_credit(
    state: State, context: Context, measure: LendByVote | SetCommittee | WriteOff
) -> None:
    match measure:
        case LendByVote():
            _check_loan(state, measure)
            grant_loan(state, context, measure.loan)
        case SetCommittee():
            set_committee(state, measure.committee)
        case WriteOff():
            _check_spending(state, context, RESERVE, measure.amount)
            write_off(state, context, measure.debtor, measure.amount)
            _note_spending(state, context, RESERVE, measure.amount)


def _with_sinks(state: State, measure: ChangeSinks) -> Parameters:
    return replace(state.rules.require(CURRENT).parameters, sinks=measure.sinks)


def _with_rewards(state: State, measure: ChangeRewards) -> Parameters:
    return replace(state.rules.require(CURRENT).parameters, reward_shares=measure.shares)


def _compute_figure(state: State, context: Context, measure: ChangeFigure) -> Parameters:
    """The parameters with the figure changed, if it may be changed so far."""
    parameters = state.rules.require(CURRENT).parameters
    bounds = get_parameter_bounds(context.constants, parameters).get(measure.name)
    if bounds is None:
        raise Invalid(Code.UNKNOWN_FIGURE, measure.name)
    low, high = bounds
    if not low <= measure.value <= high:
        raise Invalid(Code.FIGURE_OUT_OF_BOUNDS, f"{measure.name} lies between {low} and {high}")
    floor = high // STEP_FLOOR_PARTS
    for value in _get_recent_values(state, context, parameters, measure.name):
        highest = STEP_FACTOR * max(value, floor)
        lowest = 0 if value <= floor else -(-value // STEP_FACTOR)
        if not lowest <= measure.value <= highest:
            raise Invalid(
                Code.STEP_TOO_LARGE,
                f"{measure.name} was {value}: from {lowest} to {highest} in 180 periods",
            )
    changed = replace(parameters, **{measure.name: measure.value})
    _check_parameters(state, context, changed)
    return changed


def _get_recent_values(
    state: State, context: Context, parameters: Parameters, name: str
) -> list[int]:
    """Every value that the figure has had within the window, the present one last."""
    history = state.figures.get(name.encode())
    recent = [
        item.before
        for item in (history.changes if history else ())
        if item.period > context.period - STEP_WINDOW_PERIODS
    ]
    return [*recent, getattr(parameters, name)]


def _note_change(state: State, context: Context, name: str) -> None:
    """Remember what the figure was until now."""
    key = name.encode()
    history = state.figures.get(key)
    changes = [
        item
        for item in (history.changes if history else ())
        if item.period > context.period - STEP_WINDOW_PERIODS
    ]
    before = getattr(state.rules.require(CURRENT).parameters, name)
    kept = (*changes, FigureChange(context.period, before))
    state.figures.put(key, FigureHistory(kept[-CHANGES_KEPT_MAX:]))


def _check_parameters(state: State, context: Context, parameters: Parameters) -> None:
    """Refuse figures on which no community could be founded."""
    schedule = state.rules.require(CURRENT).keep_schedule
    faults = find_faults(context.constants, parameters, schedule)
    if faults:
        raise Invalid(Code.FIGURE_OUT_OF_BOUNDS, faults[0])


def _compute_schedule(
    state: State, context: Context, measure: ChangeDemurrage
) -> tuple[KeepSegment, ...]:
    """The schedule with the new rate from the next step on; what has passed stays as it was."""
    rules = state.rules.require(CURRENT)
    segment = KeepSegment(context.step + 1, measure.keep)
    kept = [item for item in rules.keep_schedule if item.from_step <= context.step]
    schedule = (*kept, segment)
    faults = find_faults(context.constants, rules.parameters, schedule)
    if faults:
        raise Invalid(Code.FIGURE_OUT_OF_BOUNDS, faults[0])
    first = context.step - STEP_WINDOW_PERIODS * context.steps_per_period
    recent = [
        item.keep
        for place, item in enumerate(kept)
        if place + 1 == len(kept) or kept[place + 1].from_step > first
    ]
    new = compute_loss(context, measure.keep)
    for keep in recent:
        old = compute_loss(context, keep)
        highest = STEP_FACTOR * max(old, RATE_FLOOR)
        lowest = 0 if old <= RATE_FLOOR else old // STEP_FACTOR
        if not lowest <= new <= highest:
            raise Invalid(
                Code.STEP_TOO_LARGE,
                f"demurrage was {old}: from {lowest} to {highest} in 180 periods",
            )
    return schedule


def compute_loss(context: Context, keep: int | None) -> int:
    """What a balance loses in a period at a rate, in ten-millionths of it."""
    if keep is None:
        return 0
    return RATE_PARTS - (RATE_PARTS * compute_power(keep, context.steps_per_period) >> 128)


def _get_fund(state: State, fund: str) -> int:
    if fund not in FUNDS:
        raise Invalid(Code.UNKNOWN_FUND, fund)
    amount: int = getattr(state.money.require(CURRENT), fund)
    return amount


def _get_spent(state: State, context: Context, fund: str) -> tuple[Spent, ...]:
    row = state.spending.get(fund.encode())
    return tuple(
        item
        for item in (row.spent if row else ())
        if item.period > context.period - SPENDING_WINDOW_PERIODS
    )


def _check_spending(state: State, context: Context, fund: str, amount: int) -> None:
    """A fund pays at most its rate in 28 periods, and never what it does not have."""
    most = get_spendable(state, context, fund)
    if amount > most:
        raise Invalid(Code.FUND_RATE_EXCEEDED, f"at most {format_pai(most)} now")


def get_spendable(state: State, context: Context, fund: str) -> int:
    """What votes may still spend of a fund now. Raises Invalid when there is no such fund."""
    held = _get_fund(state, fund)
    spent = sum(item.amount for item in _get_spent(state, context, fund))
    limit = (held + spent) * context.constants.fund_rate_bp // BASIS_POINTS - spent
    return max(0, min(held, limit))


def _note_spending(state: State, context: Context, fund: str, amount: int) -> None:
    spent = (*_get_spent(state, context, fund), Spent(context.period, amount))
    state.spending.put(fund.encode(), FundSpending(spent))


def _spend(state: State, context: Context, measure: SpendFund) -> None:
    _check_spending(state, context, measure.fund, measure.amount)
    credit(state, context, measure.to, measure.amount)
    money: Money = state.money.require(CURRENT)
    held = _get_fund(state, measure.fund)
    state.money.put(CURRENT, replace(money, **{measure.fund: held - measure.amount}))
    _note_spending(state, context, measure.fund, measure.amount)
    state.facts.append(FundPaid(measure.fund, measure.to, measure.amount, "vote"))


def _check_loan(state: State, measure: LendByVote) -> None:
    """Refuse when the loan of this number is not the one that members voted on."""
    loan = get_loan(state, measure.loan)
    meant = (measure.debtor, measure.amount, measure.term_periods)
    if (loan.debtor, loan.amount, loan.term_periods) != meant:
        raise Invalid(Code.UNKNOWN_LOAN, f"loan {measure.loan}")
