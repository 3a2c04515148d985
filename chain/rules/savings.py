"""Savings: put away for a term of the owner's choice, free of demurrage, and not for paying.

Whoever returns a deposit early gets exactly what would have remained of it on the settlement
account; so savings are no shelter for money that is really being spent.
"""

from typing import Final

from msgspec.structs import replace

from chain.actions import Prolong, Save, Withdraw
from chain.errors import Code, Invalid
from chain.facts import Charged
from chain.policy import AccountId
from chain.rules.context import Context
from chain.rules.payments import debit
from chain.rules.settlement import (
    FREE,
    PLEDGED,
    compute_decayed,
    get_due_step,
    note_debt,
    put_deposits,
    touch,
)
from chain.state import State
from chain.tables import Account, Deposit
from chain.units import AMOUNT_MAX, MICROPAI_PER_PAI, format_pai

DEPOSIT_MIN: Final = MICROPAI_PER_PAI


def apply_save(state: State, context: Context, owner: AccountId, action: Save) -> None:
    """Move money from the balance, which stays at or above zero, into a new deposit."""
    if action.amount < DEPOSIT_MIN:
        raise Invalid(Code.DEPOSIT_TOO_SMALL)
    check_term(context, action.term_periods)
    account = touch(state, context, owner, state.accounts.require(owner))
    if account.settlement < action.amount:
        raise Invalid(
            Code.INSUFFICIENT_BALANCE, f"balance {format_pai(account.settlement)}, no credit saves"
        )
    debit(state, context, owner, action.amount)
    deposit = build_deposit(
        account.deposits_made,
        action.amount,
        context.step,
        context.step + action.term_periods * context.steps_per_period,
    )
    add_deposit(state, context, owner, deposit)


def apply_prolong(state: State, context: Context, owner: AccountId, action: Prolong) -> None:
    """Note that at its term the deposit shall begin another one; never change the running one."""
    if action.term_periods:
        check_term(context, action.term_periods)
    account = touch(state, context, owner, state.accounts.require(owner))
    deposit = find_deposit(state, owner, action.deposit)
    renewed = replace(deposit, renew_steps=action.term_periods * context.steps_per_period)
    replace_deposit(state, owner, account, renewed)


def apply_withdraw(state: State, context: Context, owner: AccountId, action: Withdraw) -> None:
    """Return savings before their term; the demurrage they would have borne goes to the pot."""
    account = touch(state, context, owner, state.accounts.require(owner))
    deposit = find_deposit(state, owner, action.deposit)
    check_free(deposit)
    if action.amount > deposit.amount:
        raise Invalid(Code.DEPOSIT_TOO_LITTLE, f"it holds {format_pai(deposit.amount)}")
    returned = compute_decayed(
        action.amount, context.keep_schedule, deposit.since_step, context.step
    )
    total = account.settlement + returned
    if total > AMOUNT_MAX:
        raise Invalid(Code.BALANCE_TOO_LARGE)
    state.pot += action.amount - returned
    if action.amount != returned:
        state.facts.append(Charged(owner, action.amount - returned, early_return=True))
    returned_to = replace(account, settlement=total)
    note_debt(state, account, returned_to)
    replace_deposit(
        state, owner, returned_to, replace(deposit, amount=deposit.amount - action.amount)
    )


def check_term(context: Context, term_periods: int) -> None:
    """Refuse a term outside the community's bounds."""
    low, high = context.parameters.savings_min_periods, context.parameters.savings_max_periods
    if not low <= term_periods <= high:
        raise Invalid(Code.TERM_OUT_OF_BOUNDS, f"{low} to {high} periods")


def build_deposit(deposit_id: int, amount: int, since_step: int, until_step: int) -> Deposit:
    """A deposit as it begins: free, and not to be renewed."""
    return Deposit(
        id=deposit_id,
        amount=amount,
        since_step=since_step,
        until_step=until_step,
        renew_steps=0,
        seat_bond=FREE,
        release_step=0,
    )


def find_deposit(state: State, owner: AccountId, deposit_id: int) -> Deposit:
    """The account's deposit of this id. Raises Invalid when there is none."""
    savings = state.savings.get(owner)
    for deposit in savings.deposits if savings else ():
        if deposit.id == deposit_id:
            return deposit
    raise Invalid(Code.UNKNOWN_DEPOSIT, f"deposit {deposit_id}")


def check_free(deposit: Deposit) -> None:
    """Refuse a deposit that is lent to a seat or secures a loan."""
    if deposit.seat_bond == PLEDGED:
        raise Invalid(Code.DEPOSIT_PLEDGED)
    if deposit.seat_bond != FREE:
        raise Invalid(Code.DEPOSIT_BONDED)


def add_deposit(state: State, context: Context, owner: AccountId, deposit: Deposit) -> None:
    """Append a deposit that carries the account's next deposit id."""
    account = state.accounts.require(owner)
    savings = state.savings.get(owner)
    deposits = (*savings.deposits, deposit) if savings else (deposit,)
    if len(deposits) > context.parameters.deposits_max:
        raise Invalid(Code.TOO_MANY_DEPOSITS, f"at most {context.parameters.deposits_max}")
    put_deposits(state, owner, deposits)
    state.accounts.put(
        owner,
        replace(account, deposits_made=deposit.id + 1, due_step=get_due_step(deposits)),
    )


def replace_deposit(state: State, owner: AccountId, account: Account, changed: Deposit) -> None:
    """Put a changed deposit in its old place; one that holds nothing is gone."""
    deposits = tuple(
        changed if item.id == changed.id else item
        for item in state.savings.require(owner).deposits
        if item.id != changed.id or changed.amount
    )
    put_deposits(state, owner, deposits)
    state.accounts.put(owner, replace(account, due_step=get_due_step(deposits)))
