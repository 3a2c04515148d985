"""What the auditor's books know of one account: an exact balance, and its deposits."""

from decimal import Decimal
from typing import NamedTuple


class Saved(NamedTuple):
    """A deposit as the books know it; times in steps."""

    amount: int
    since_step: int
    until_step: int
    renew_steps: int = 0
    bonded: bool = False  # lent to a seat, or securing a loan
    release_step: int | None = None

    @property
    def event_step(self) -> int | None:
        """When something happens to it by itself; None: never."""
        if self.release_step is not None:
            return self.release_step
        return None if self.bonded else self.until_step


class Purse:
    """One account: an exact balance as of a step, its deposits, and how often it was rounded."""

    __slots__ = ("balance", "deposits", "deposits_made", "roundings", "step", "transactions")

    def __init__(self, balance: Decimal, step: int) -> None:
        self.balance = balance
        self.step = step
        self.deposits: dict[int, Saved] = {}
        self.deposits_made = 0
        self.roundings = 0
        self.transactions = 0
