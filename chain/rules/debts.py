"""What one account was granted, secures and owes by name: reading and keeping that row."""

from typing import Final

from chain.policy import AccountId
from chain.state import State
from chain.tables import Debts, Grant

NO_DEBTS: Final = Debts(grants=(), pledged=0, claims=(), loans=(), unpaid=0)


def compute_granted(grant: Grant, period: int) -> int:
    """What a grant lifts a limit by in a period: what its plan leaves, and nothing at its term."""
    if period >= grant.until_period:
        return 0
    left = grant.amount
    for instalment in grant.plan:
        if period >= grant.from_period + instalment.after_periods:
            left = instalment.left
    return left


def sum_grants(debts: Debts, period: int) -> int:
    """What all of an account's grants lift its limit by in a period."""
    return sum(compute_granted(grant, period) for grant in debts.grants)


def get_debts(state: State, account_id: AccountId) -> Debts:
    """An account's row of debts."""
    return state.debts.get(account_id) or NO_DEBTS


def put_debts(state: State, account_id: AccountId, debts: Debts) -> None:
    """Keep an account's row of debts; nothing means no row."""
    state.debts.put(account_id, None if debts == NO_DEBTS else debts)


def owes(state: State, account_id: AccountId) -> bool:
    """Whether an account owes anything, to all or to somebody, or answers for anybody.

    While it does, its owner's tag cannot move to another account.
    """
    account, party = state.accounts.get(account_id), state.parties.get(account_id)
    return (
        (account is not None and account.settlement < 0)
        or state.debts.get(account_id) is not None
        or (party is not None and (party.owing > 0 or party.lends))
    )
