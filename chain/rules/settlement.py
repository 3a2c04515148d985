"""Settlement balances melt, exactly, and are brought up to date only when somebody looks.

``get_touched`` is the one place where time acts on an account: deposits fall due in order, and
between them the balance decays. Touching changes nothing that anybody owns; it only realises it.
A debtor's balance never decays. All arithmetic is floor division of non-negative integers.
"""

from functools import lru_cache
from typing import Final, NamedTuple

from msgspec.structs import replace

from chain.facts import Charged, Matured, Shared
from chain.parameters import KeepSchedule
from chain.policy import AccountId
from chain.rules.context import Context
from chain.state import State
from chain.tables import CURRENT, Account, Deposit, Savings

ONE: Final = (
    1 << 128
)  # powers are fractions of 2^128: exact to a micropai for any balance, for ever
NEVER: Final = -1
FREE: Final = 0
BONDED: Final = 1
UNBONDING: Final = 2
LEAVING: Final = 3  # asked for, but the set in force may still count it
PLEDGED: Final = 4  # secures a loan
OWN: Final = (FREE, PLEDGED)  # that no seat holds: savings, which can be lent


@lru_cache(maxsize=4_096)
def compute_power(keep: int, steps: int) -> int:
    """(keep / 2^64) ** steps as a fraction of 2^128, each product floored.

    floor(x * exact) less floor(x * this) is 0 or 1 for every balance x < 2^63: each floor loses
    less than one unit and a squaring doubles the loss, in all below 2 * steps units.
    """
    result = ONE
    base = keep << 64
    while steps:
        if steps & 1:
            result = result * base >> 128
        steps >>= 1
        if steps:
            base = base * base >> 128
    return result


def compute_decayed(balance: int, schedule: KeepSchedule, from_step: int, to_step: int) -> int:
    """What remains of a balance after the steps between: segment by segment of the schedule."""
    if balance <= 0 or from_step >= to_step:
        return balance
    newest = schedule[-1]
    if newest.from_step <= from_step and newest.keep is not None:  # nearly always
        return balance * compute_power(newest.keep, to_step - from_step) >> 128
    last = len(schedule) - 1
    for index, segment in enumerate(schedule):
        begin = max(from_step, segment.from_step)
        end = to_step if index == last else min(to_step, schedule[index + 1].from_step)
        if begin < end and segment.keep is not None:
            balance = balance * compute_power(segment.keep, end - begin) >> 128
    return balance


class Touched(NamedTuple):
    """An account and its deposits brought up to a step, with what that cost and what fell due."""

    account: Account
    deposits: tuple[Deposit, ...]
    charge: int
    matured: tuple[Deposit, ...]


def get_event_step(deposit: Deposit) -> int:
    """The step at which something happens to a deposit by itself, or NEVER."""
    if deposit.seat_bond in (BONDED, LEAVING, PLEDGED):
        return NEVER
    return deposit.until_step if deposit.seat_bond == FREE else deposit.release_step


def get_due_step(deposits: tuple[Deposit, ...]) -> int:
    """The earliest step at which something happens to one of these deposits, or NEVER."""
    return min(
        (step for item in deposits if (step := get_event_step(item)) != NEVER), default=NEVER
    )


def get_touched(
    account: Account, deposits: tuple[Deposit, ...], schedule: KeepSchedule, step: int
) -> Touched:
    """The account at this step: what it owns, whether anybody writes it down or not. Pure."""
    balance, at = account.settlement, account.touched_step
    charge = 0
    matured: list[Deposit] = []
    while True:
        due = [
            (event, item.id, item)
            for item in deposits
            if 0 <= (event := get_event_step(item)) <= step
        ]
        if not due:
            break
        event, _, deposit = min(due)
        rest = tuple(item for item in deposits if item.id != deposit.id)
        following = _get_following(deposit)
        if following is not None:
            deposits = tuple(sorted((*rest, following), key=lambda item: item.id))
            continue
        at_event = max(at, event)
        remaining = compute_decayed(balance, schedule, at, at_event)
        charge += balance - remaining
        balance, at = remaining + deposit.amount, at_event
        matured.append(deposit)
        deposits = rest
    remaining = compute_decayed(balance, schedule, at, step)
    charge += balance - remaining
    account = replace(
        account, settlement=remaining, touched_step=step, due_step=get_due_step(deposits)
    )
    return Touched(account, deposits, charge, tuple(matured))


def _get_following(deposit: Deposit) -> Deposit | None:
    """What a deposit turns into at its event; None: it joins the settlement balance."""
    if deposit.seat_bond == UNBONDING:
        # It bore no demurrage while it was bonded: if its term has passed, it ends now.
        until = max(deposit.until_step, deposit.release_step)
        return replace(deposit, seat_bond=FREE, release_step=0, until_step=until)
    if deposit.renew_steps:
        return replace(
            deposit,
            since_step=deposit.until_step,
            until_step=deposit.until_step + deposit.renew_steps,
            renew_steps=0,
        )
    return None


def touch(state: State, context: Context, account_id: AccountId, account: Account) -> Account:
    """Bring an account up to this block's step; every rule does so before it reads or writes."""
    touched = bring(state, context, account_id, account)
    if touched is not account:
        state.accounts.put(account_id, touched)
    return touched


def bring(state: State, context: Context, account_id: AccountId, account: Account) -> Account:
    """The same for a rule that will write the account in any case: all but that is done."""
    step = context.step
    if account.touched_step == step:
        return account
    if not 0 <= account.due_step <= step:
        balance = account.settlement
        remaining = compute_decayed(balance, context.keep_schedule, account.touched_step, step)
        if remaining != balance:
            state.pot += balance - remaining
            state.facts.append(Charged(account_id, balance - remaining, early_return=False))
        return replace(account, settlement=remaining, touched_step=step)
    deposits = state.savings.require(account_id).deposits
    touched = get_touched(account, deposits, context.keep_schedule, step)
    state.pot += touched.charge
    note_debt(state, account, touched.account)
    if touched.charge:
        state.facts.append(Charged(account_id, touched.charge, early_return=False))
    state.facts.extend(Matured(account_id, item.id, item.amount) for item in touched.matured)
    put_deposits(state, account_id, touched.deposits)
    return touched.account


def note_debt(state: State, before: Account, after: Account) -> None:
    """Tally what a change adds to the sum of all balances below zero."""
    if before.settlement < 0 or after.settlement < 0:
        state.debt += min(before.settlement, 0) - min(after.settlement, 0)


def put_deposits(state: State, account_id: AccountId, deposits: tuple[Deposit, ...]) -> None:
    """Keep an account's deposits; none means no row."""
    before = state.savings.get(account_id)
    state.saved += sum_saved(deposits) - (sum_saved(before.deposits) if before else 0)
    state.savings.put(account_id, Savings(deposits) if deposits else None)


def sum_saved(deposits: tuple[Deposit, ...]) -> int:
    """What lies in deposits that no seat holds: what can be lent."""
    return sum(item.amount for item in deposits if item.seat_bond in OWN)


def process_pot(state: State, context: Context) -> int:
    """Share the block's demurrage and fees among the funds; what does not divide stays in the pot.

    Money is burned only while some remains that was issued: credit would become unpayable else.
    Returns what flowed into the reserve.
    """
    money = state.money.require(CURRENT)
    pot = money.pot + state.pot
    sinks = context.parameters.sinks
    reserve = pot * sinks.reserve // 10_000
    social = pot * sinks.social // 10_000
    operators = pot * sinks.operators // 10_000
    active = pot * sinks.active // 10_000
    municipality = pot * sinks.municipality // 10_000
    burned = pot * sinks.burn // 10_000
    rest = pot - reserve - social - operators - active - municipality - burned
    if money.issued - money.burned < burned:
        reserve, burned = reserve + burned, 0
    updated = replace(
        money,
        burned=money.burned + burned,
        accounts=money.accounts + state.accounts_born,
        pot=rest,
        reserve=money.reserve + reserve,
        social=money.social + social,
        operators=money.operators + operators + state.fees,
        active=money.active + active,
        municipality=money.municipality + municipality,
    )
    state.pot = state.fees = state.accounts_born = 0
    if updated != money:
        state.money.put(CURRENT, updated)
    if pot != rest:
        state.facts.append(Shared(reserve, social, operators, active, municipality, burned))
    return reserve
