"""What every rule of the market shares: its numbers, traders' rows, and what ends in a period.

The record of an account is counts of facts, in millionths, that fade with the half-life of
turnover; a row holds it as of the period in which it last changed.

Ends are looked at period by period, so many a block: a queue in rows, which lags after a pause and
loses nothing. No rule relies on it for what is in force: that is told by slots and periods.
"""

from typing import Final

from msgspec.structs import replace

from chain.crypto import u32, u64
from chain.policy import AccountId
from chain.rules.context import Context
from chain.rules.settlement import compute_power
from chain.state import State
from chain.tables import CURRENT, Market, MarketDay, Trader

MARKET_DAY_MAX: Final = 128  # numbers on a page: what a block reads and writes stays small
OVERDUE_MAX: Final = 2
FACT: Final = 1_000_000  # what one counts for in a record, before it fades

NO_TRADER: Final = Trader(
    order=None,
    listings=0,
    proposals=0,
    deliveries=0,
    awaited=0,
    overdue=0,
    delivered=0,
    late=0,
    disputed=0,
    kept=0,
    record_period=0,
)


def get_trader(state: State, account_id: AccountId) -> Trader:
    """What an account has open in the market, and the facts by which it is known."""
    return state.traders.get(account_id) or NO_TRADER


def put_trader(state: State, account_id: AccountId, trader: Trader) -> None:
    """Keep a trader's row; nothing means no row."""
    state.traders.put(account_id, None if trader == NO_TRADER else trader)


def bring_record(trader: Trader, keep: int, period: int) -> Trader:
    """A trader with what is left of his record in a period; ``keep``: K of a period."""
    if trader.record_period == period:
        return trader
    power = compute_power(keep, period - trader.record_period)
    return replace(
        trader,
        delivered=trader.delivered * power >> 128,
        late=trader.late * power >> 128,
        disputed=trader.disputed * power >> 128,
        kept=trader.kept * power >> 128,
        record_period=period,
    )


def get_recorded_trader(state: State, context: Context, account_id: AccountId) -> Trader:
    """A trader to whose record facts of this period may be added."""
    trader = get_trader(state, account_id)
    return bring_record(trader, context.constants.credit_keep, context.period)


def note_made_good(state: State, context: Context, debtor: AccountId, *, paid: bool) -> None:
    """What was owed for goods that did not come is no more: paid or set off, or let be."""
    trader = get_recorded_trader(state, context, debtor)
    kept = trader.kept + FACT * paid
    put_trader(state, debtor, replace(trader, overdue=trader.overdue - 1, kept=kept))


def take_number(state: State, context: Context) -> int:
    """The next number of a listing, chain or delivery."""
    market = _get_market(state, context)
    state.market.put(CURRENT, replace(market, made=market.made + 1))
    return market.made


def note_end(state: State, context: Context, period: int, number: int) -> None:
    """Remember to look at a number at the beginning of a period that is not over yet."""
    period = max(period, context.period + 1)
    key = u64(period)
    day = state.market_days.get(key) or MarketDay(numbers=(), pages=0)
    if len(day.numbers) >= MARKET_DAY_MAX:
        state.market_days.put(key + u32(day.pages + 1), replace(day, pages=0))
        day = MarketDay(numbers=(), pages=day.pages + 1)
    state.market_days.put(key, replace(day, numbers=(*day.numbers, number)))


def take_ended(state: State, context: Context, count: int) -> list[int]:
    """At most so many numbers whose period has come; they are forgotten here.

    A period without any costs as much as a number, so that a long pause does not stop a block.
    """
    market = state.market.get(CURRENT)
    if market is None or market.due_from > context.period:
        return []
    taken: list[int] = []
    period = market.due_from
    while period <= context.period and count > 0:
        key = u64(period)
        day = state.market_days.get(key)
        if day is None:
            period += 1
            count -= 1
            continue
        some, rest = day.numbers[-count:], day.numbers[:-count]
        taken += some
        count -= len(some)
        if rest:
            state.market_days.put(key, replace(day, numbers=rest))
        elif day.pages:
            page = key + u32(day.pages)
            below = state.market_days.require(page)
            state.market_days.put(page, None)
            state.market_days.put(key, replace(below, pages=day.pages - 1))
        else:
            state.market_days.put(key, None)
    if period != market.due_from:
        state.market.put(CURRENT, replace(market, due_from=period))
    return taken


def get_end_period(context: Context, until_slot: int) -> int:
    """The first period at whose beginning a slot is certainly over."""
    return until_slot // context.constants.slots_per_period + 1


def _get_market(state: State, context: Context) -> Market:
    return state.market.get(CURRENT) or Market(made=0, due_from=context.period + 1)
