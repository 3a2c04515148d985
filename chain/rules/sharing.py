"""The members' share of demurrage: equal parts for all who were active in a period.

Active is who has sent a transaction. When a period is over, its fund is divided by heads; each
takes his part when his account is next looked at, and what nobody takes in 28 periods goes back.
"""

from typing import Final

from msgspec.structs import replace

from chain.crypto import u64
from chain.facts import FundPaid, FundShifted
from chain.policy import AccountId
from chain.rules.context import Context
from chain.rules.electorate import count_bits, has_bit, with_bit
from chain.rules.identity import get_home_person_key
from chain.rules.payments import credit
from chain.state import State
from chain.tables import CURRENT, Account, ActivePeriod, Person

CLAIM_PERIODS: Final = 28


def note_active(state: State, context: Context, number: int) -> None:
    """A person sends his first transaction of this period."""
    key = u64(context.period)
    row = state.active.get(key)
    if row is None:
        assembly = state.assembly.require(CURRENT)
        sharing = (*assembly.sharing, context.period)
        state.assembly.put(CURRENT, replace(assembly, sharing=sharing))
        row = ActivePeriod(claimants=b"", share=0)
    claimants = row.claimants.ljust(number // 8 + 1, b"\0")
    state.active.put(key, replace(row, claimants=with_bit(claimants, number, value=True)))


def claim_share(state: State, context: Context, account_id: AccountId, person: Person) -> None:
    """Pay a person his part of the last period in which he was active, once."""
    period = person.used_period
    if period == context.period:
        return
    key = u64(period)
    row = state.active.get(key)
    if row is None or not row.share or not has_bit(row.claimants, person.number):
        return
    money = state.money.require(CURRENT)
    state.money.put(CURRENT, replace(money, claims=money.claims - row.share))
    claimants = with_bit(row.claimants, person.number, value=False)
    state.active.put(key, replace(row, claimants=claimants))
    credit(state, context, account_id, row.share)
    state.facts.append(FundPaid("claims", account_id, row.share, "active"))


def claim_for(state: State, context: Context, account_id: AccountId, account: Account) -> None:
    """The same for an account that is looked at, if it is a person's."""
    if account.person is not None:
        person = state.persons.require(get_home_person_key(account.person))
        claim_share(state, context, account_id, person)


def process_sharing(state: State, context: Context) -> None:
    """Divide the fund of a period that is over; take back what nobody claimed in time."""
    ended = context.parent_slot // context.constants.slots_per_period
    if ended == context.period:
        return
    assembly = state.assembly.require(CURRENT)
    for period in assembly.sharing:
        if period == ended:
            _divide(state, period)
        if period <= context.period - CLAIM_PERIODS:
            _take_back(state, period)
    kept = tuple(item for item in assembly.sharing if state.active.get(u64(item)) is not None)
    if kept != assembly.sharing:
        state.assembly.put(CURRENT, replace(assembly, sharing=kept))


def _divide(state: State, period: int) -> None:
    key = u64(period)
    row = state.active.require(key)
    money = state.money.require(CURRENT)
    heads = count_bits(row.claimants)
    share = money.active // heads
    if not share:
        state.active.put(key, None)
        return
    promised = share * heads
    state.money.put(
        CURRENT,
        replace(money, active=money.active - promised, claims=money.claims + promised),
    )
    state.active.put(key, replace(row, share=share))
    state.facts.append(FundShifted("active", "claims", promised))


def _take_back(state: State, period: int) -> None:
    key = u64(period)
    row = state.active.get(key)
    if row is None:
        return
    left = row.share * count_bits(row.claimants)
    money = state.money.require(CURRENT)
    state.money.put(CURRENT, replace(money, active=money.active + left, claims=money.claims - left))
    state.active.put(key, None)
    if left:
        state.facts.append(FundShifted("claims", "active", left))
