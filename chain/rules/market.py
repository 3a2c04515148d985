"""What every rule of the market shares: its numbers, traders' rows, and what ends in a period.

Ends are looked at period by period, so many a block: a queue in rows, which lags after a pause and
loses nothing. No rule relies on it for what is in force: that is told by slots and periods.
"""

from typing import Final

from msgspec.structs import replace

from chain.crypto import u32, u64
from chain.policy import AccountId
from chain.rules.context import Context
from chain.state import State
from chain.tables import CURRENT, Market, MarketDay, Trader

MARKET_DAY_MAX: Final = 128  # numbers on a page: what a block reads and writes stays small
OVERDUE_MAX: Final = 2

_NOTHING: Final = Trader(
    order=None,
    listings=0,
    proposals=0,
    deliveries=0,
    overdue=0,
    delivered=0,
    late=0,
    disputed=0,
    kept=0,
)


def get_trader(state: State, account_id: AccountId) -> Trader:
    """What an account has open in the market, and the facts by which it is known."""
    return state.traders.get(account_id) or _NOTHING


def put_trader(state: State, account_id: AccountId, trader: Trader) -> None:
    """Keep a trader's row; nothing means no row."""
    state.traders.put(account_id, None if trader == _NOTHING else trader)


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
