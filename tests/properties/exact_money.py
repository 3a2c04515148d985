"""What everybody owns, in decimals of eighty digits: a second telling of the money rules.

It shares no code with the rules and never rounds; so it says how far a ledger's integers may lie
from what is owed: every decay that is written down loses less than a micropai.
"""

from dataclasses import dataclass, field
from decimal import Context, Decimal

from chain.parameters import KeepSchedule

DIGITS = Context(prec=80)
ONE = Decimal(2) ** 64


@dataclass
class ExactDeposit:
    """A deposit; ``bond`` is free, bonded, or a step at which it is released."""

    amount: int
    since: int
    until: int
    renew: int = 0
    bonded: bool = False
    release: int | None = None


@dataclass
class ExactAccount:
    """What an account owns at a step, and its deposits by number."""

    balance: Decimal
    step: int
    deposits: dict[int, ExactDeposit] = field(default_factory=dict)
    made: int = 0


class ExactMoney:
    """Everybody's money, exact."""

    def __init__(self, schedule: KeepSchedule) -> None:
        self.schedule = schedule
        self.accounts: dict[bytes, ExactAccount] = {}

    def compute_kept(self, begin: int, end: int) -> Decimal:
        """The part of a balance above zero that remains from one step to another."""
        kept = Decimal(1)
        ends = [segment.from_step for segment in self.schedule[1:]] + [end]
        for segment, last in zip(self.schedule, ends, strict=True):
            steps = min(last, end) - max(segment.from_step, begin)
            if segment.keep is not None and steps > 0:
                kept = DIGITS.multiply(
                    kept, DIGITS.power(DIGITS.divide(Decimal(segment.keep), ONE), steps)
                )
        return kept

    def count_decays(self, begin: int, end: int) -> int:
        """How many decays the rules write down between two steps: one a segment."""
        ends = [segment.from_step for segment in self.schedule[1:]] + [end]
        return sum(
            min(last, end) > max(segment.from_step, begin)
            for segment, last in zip(self.schedule, ends, strict=True)
        )

    def bring(self, account_id: bytes, step: int) -> None:
        """Let time act on an account up to a step: deposits fall due in order."""
        account = self.accounts[account_id]
        while (event := self._find_event(account, step)) is not None:
            at, number = event
            deposit = account.deposits[number]
            if deposit.release is not None:
                deposit.until = max(deposit.until, deposit.release)
                deposit.release = None
            elif deposit.renew:
                deposit.since, deposit.until = deposit.until, deposit.until + deposit.renew
                deposit.renew = 0
            else:
                self._decay(account, at)
                account.balance += deposit.amount
                del account.deposits[number]
        self._decay(account, step)

    def _find_event(self, account: ExactAccount, step: int) -> tuple[int, int] | None:
        events = [
            (deposit.until if deposit.release is None else deposit.release, number)
            for number, deposit in account.deposits.items()
            if not deposit.bonded
        ]
        event = min(events, default=None)
        return event if event is not None and event[0] <= step else None

    def _decay(self, account: ExactAccount, step: int) -> None:
        if step > account.step:
            if account.balance > 0:
                kept = self.compute_kept(account.step, step)
                account.balance = DIGITS.multiply(account.balance, kept)
            account.step = step
