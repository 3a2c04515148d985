"""Whether somebody owes: the one question that must be settled before a person changes accounts."""

from chain.policy import AccountId
from chain.state import State


def owes(state: State, account_id: AccountId) -> bool:
    """Whether the account has a debt of any kind. Anybody may pay it up."""
    account = state.accounts.get(account_id)
    return account is not None and account.settlement < 0
