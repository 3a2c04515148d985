"""Who may spend what: payments, the birth of accounts, and what leaves a settlement balance."""

from typing import Final

from msgspec.structs import replace

from chain.actions import Pay
from chain.errors import Code, Invalid
from chain.policy import AccountId
from chain.rules.activity import note_payment
from chain.rules.context import Context
from chain.rules.settlement import NEVER, touch
from chain.state import State
from chain.tables import Account
from chain.units import AMOUNT_MAX, MICROPAI_PER_PAI, format_pai

FIRST_PAYMENT_MIN: Final = MICROPAI_PER_PAI  # dust cannot fill the state with accounts


def get_spending_floor(_state: State, _account: Account) -> int:
    """The balance below which an account may not spend: zero, until there is credit."""
    return 0


def debit(state: State, context: Context, account_id: AccountId, amount: int) -> None:
    """Take an amount from a settlement balance. Raises Invalid when it may not be spent."""
    account = touch(state, context, account_id, state.accounts.require(account_id))
    remaining = account.settlement - amount
    if remaining < get_spending_floor(state, account):
        raise Invalid(
            Code.INSUFFICIENT_BALANCE,
            f"balance {format_pai(account.settlement)}, wanted {format_pai(amount)}",
        )
    state.accounts.put(account_id, replace(account, settlement=remaining))


def credit(state: State, context: Context, account_id: AccountId, amount: int) -> None:
    """Add an amount to a settlement balance; an unknown account is born by it."""
    account = state.accounts.get(account_id)
    if account is None:
        if amount < FIRST_PAYMENT_MIN:
            raise Invalid(Code.FIRST_PAYMENT_TOO_SMALL, f"at least {format_pai(FIRST_PAYMENT_MIN)}")
        state.accounts_born += 1
        account = build_account(context.step)
    else:
        account = touch(state, context, account_id, account)
    total = account.settlement + amount
    if total > AMOUNT_MAX:
        raise Invalid(Code.BALANCE_TOO_LARGE)
    state.accounts.put(account_id, replace(account, settlement=total))


def apply_payment(state: State, context: Context, payer: AccountId, action: Pay) -> None:
    """Move money. Nobody but the payer's keys can cause this, and nobody can undo it."""
    if action.to == payer:
        raise Invalid(Code.PAYMENT_TO_SELF)
    debit(state, context, payer, action.amount)
    credit(state, context, action.to, action.amount)
    note_payment(state, context, payer, action.to, action.amount)


def build_account(step: int) -> Account:
    """An account at its birth: its policy unknown until its first spend."""
    return Account(
        policy=None,
        sequence=0,
        settlement=0,
        touched_step=step,
        due_step=NEVER,
        deposits_made=0,
        person=None,
        defended_period=0,
        defended_units=0,
    )
