"""The community's credit as a whole: sums that are always true, and a window of 360 periods.

Every period has a row for what must be remembered of it; a running sum holds what lies in the
window. The brake follows from it: while more was lost or is overdue than flowed into the reserve,
no base grows and nothing is granted. Each block does a bounded part of the work; nobody is missed.
"""

from typing import Final

from msgspec.structs import replace

from chain.crypto import u64
from chain.facts import FundShifted
from chain.rules.context import Context
from chain.state import State
from chain.tables import CURRENT, Credit, CreditDay

WINDOW_PERIODS: Final = 360
RESERVE_PART: Final = 10  # the reserve fills up to one part in so many of all that is owed
DAYS_AT_ONCE: Final = 64  # periods that a block closes at most: a pause is caught up in passing
NO_CREDIT: Final = Credit(
    debt=0,
    saved=0,
    persons=0,
    sales=0,
    young=0,
    young_sales=0,
    granted=0,
    inflow=0,
    lost=0,
    overdue=0,
    loans_made=0,
    days_closed=0,
    mature_before=0,
    due_from=0,
    committee=None,
    committee_window=0,
    committee_granted=0,
)
EMPTY_DAY: Final = CreditDay(born=0, born_sales=0, inflow=0, lost=0, overdue=0, due=())


def get_credit(state: State) -> Credit:
    """The community's credit as the block in progress has left it, tallies of it apart."""
    return state.credit.require(CURRENT)


def get_day(state: State, period: int) -> CreditDay:
    """What is remembered of a period."""
    return state.credit_days.get(u64(period)) or EMPTY_DAY


def put_day(state: State, period: int, day: CreditDay) -> None:
    """Keep what is remembered of a period; nothing means no row."""
    state.credit_days.put(u64(period), None if day == EMPTY_DAY else day)


def is_braked(state: State, context: Context) -> bool:
    """Whether losses and overdue loans of 360 periods exceed what flowed into the reserve."""
    credit, today = get_credit(state), get_day(state, context.period)
    bad = credit.lost + credit.overdue + today.lost + today.overdue
    return bad > credit.inflow + today.inflow


def note_sales(state: State, since_period: int, *, persons: int, sales: int) -> None:
    """Add persons and their counted sales to the sums, and to those of the young while they are."""
    credit = get_credit(state)
    credit = replace(credit, persons=credit.persons + persons, sales=credit.sales + sales)
    if since_period >= credit.mature_before:
        credit = replace(
            credit, young=credit.young + persons, young_sales=credit.young_sales + sales
        )
        day = get_day(state, since_period)
        put_day(
            state,
            since_period,
            replace(day, born=day.born + persons, born_sales=day.born_sales + sales),
        )
    state.credit.put(CURRENT, credit)


def note_lost(state: State, context: Context, amount: int) -> None:
    """Take note of what was written off out of the reserve."""
    day = get_day(state, context.period)
    put_day(state, context.period, replace(day, lost=day.lost + amount))


def note_overdue(state: State, period: int, change: int) -> None:
    """Take note that more, or less, is missing of loans whose term ended in a period."""
    credit = get_credit(state)
    if period + WINDOW_PERIODS < credit.days_closed:
        return  # it has left the window
    day = get_day(state, period)
    put_day(state, period, replace(day, overdue=day.overdue + change))
    if period < credit.days_closed:
        state.credit.put(CURRENT, replace(credit, overdue=credit.overdue + change))


def process_credit_days(state: State, context: Context) -> None:
    """Close the periods that have passed, and let the young grow up."""
    credit = get_credit(state)
    closed = min(context.period, credit.days_closed + DAYS_AT_ONCE)
    mature = min(
        max(credit.mature_before, context.period - context.parameters.young_periods),
        credit.mature_before + DAYS_AT_ONCE,
    )
    if closed == credit.days_closed and mature == credit.mature_before:
        return
    for period in range(credit.days_closed, closed):
        credit = _add_day(credit, get_day(state, period), 1)
        leaving = period - WINDOW_PERIODS
        if leaving >= 0:
            day = get_day(state, leaving)
            credit = _add_day(credit, day, -1)
            put_day(state, leaving, replace(day, inflow=0, lost=0, overdue=0))
    for period in range(credit.mature_before, mature):
        day = get_day(state, period)
        credit = replace(
            credit, young=credit.young - day.born, young_sales=credit.young_sales - day.born_sales
        )
        put_day(state, period, replace(day, born=0, born_sales=0))
    state.credit.put(CURRENT, replace(credit, days_closed=closed, mature_before=mature))


def _add_day(credit: Credit, day: CreditDay, sign: int) -> Credit:
    return replace(
        credit,
        inflow=credit.inflow + sign * day.inflow,
        lost=credit.lost + sign * day.lost,
        overdue=credit.overdue + sign * day.overdue,
    )


def process_credit_sums(state: State, context: Context, inflow: int) -> None:
    """Put what the block tallied into its rows; ``inflow`` is the reserve's share of its pot."""
    if inflow:
        day = get_day(state, context.period)
        put_day(state, context.period, replace(day, inflow=day.inflow + inflow))
    if state.debt or state.saved:
        credit = get_credit(state)
        state.credit.put(
            CURRENT,
            replace(credit, debt=credit.debt + state.debt, saved=credit.saved + state.saved),
        )
        state.debt = state.saved = 0


def process_reserve(state: State) -> None:
    """Pass on to the social fund what a block put into the reserve above a tenth of all debts.

    What lay there before stays, whatever became of the debts: funds are spent by votes alone.
    """
    money, before = state.money.require(CURRENT), state.money.get_kept(CURRENT)
    held = before.reserve if before else 0
    surplus = money.reserve - max(held, get_credit(state).debt // RESERVE_PART)
    if surplus <= 0:
        return
    reserve, social = money.reserve - surplus, money.social + surplus
    state.money.put(CURRENT, replace(money, reserve=reserve, social=social))
    state.facts.append(FundShifted("reserve", "social", surplus))
