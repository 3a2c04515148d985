"""Actions that move money: payments and savings."""

from typing import Final

from chain.codec import Amount, Natural, Record, check_text
from chain.policy import AccountId

MEMO_BYTES_MAX: Final = 140


class Pay(Record, frozen=True, tag=2):
    """Money from the transaction's account to another."""

    to: AccountId
    amount: Amount
    memo: str

    def __post_init__(self) -> None:
        if self.memo:
            check_text(self.memo, MEMO_BYTES_MAX)


class Save(Record, frozen=True, tag=3):
    """A deposit out of the balance, for a term: free of demurrage, and not for paying."""

    amount: Amount
    term_periods: Natural


class Prolong(Record, frozen=True, tag=4):
    """At the deposit's term, begin another of so many periods; 0 takes that back."""

    deposit: Natural
    term_periods: Natural


class Withdraw(Record, frozen=True, tag=5):
    """Return a deposit, or part of it, before its term, at the price of its demurrage."""

    deposit: Natural
    amount: Amount
