"""Nobody's money waits for ever to be brought up to date, and empty accounts do not stay.

A queue orders accounts by the period in which somebody should look: the one after the last touch,
or that in which a deposit has fallen due. Each block takes the oldest, twice as many as evenly
needed, so that missed slots and new accounts do not matter. The queue is derived from the rows,
and lag never changes what anybody owns.
"""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Final

from sortedcontainers import SortedList

from chain.policy import AccountId, compute_account_id
from chain.rules.aliases import get_owner_key
from chain.rules.context import Context
from chain.rules.settlement import NEVER, touch
from chain.rules.sharing import claim_for
from chain.state import State
from chain.tables import CURRENT, Account

CATCH_UP: Final = 4  # after a pause a block looks at so many even shares of the accounts ...
SPARE: Final = 16  # ... and a few more, so that a small community catches up at once


class SweepQueue:
    """Accounts in the order in which they should be looked at; follows committed rows."""

    __slots__ = ("_entries", "_idle_periods", "_steps_per_period")

    def __init__(
        self,
        steps_per_period: int,
        idle_periods: int,
        accounts: Iterable[tuple[AccountId, Account]],
    ) -> None:
        self._steps_per_period = steps_per_period
        self._idle_periods = idle_periods
        self._entries: SortedList = SortedList(
            (period, account_id)
            for account_id, account in accounts
            if (period := self._get_period(account)) is not None
        )

    def get_first(self, count: int, period: int) -> Sequence[AccountId]:
        """At most ``count`` accounts whose period has come, the longest waiting first."""
        due = []
        for at, account_id in islice(self._entries, count):
            if at > period:
                break
            due.append(account_id)
        return due

    def follow(self, account_id: AccountId, before: Account | None, after: Account | None) -> None:
        """Take note of a row that was committed or undone."""
        old = None if before is None else self._get_period(before)
        new = None if after is None else self._get_period(after)
        if old == new:
            return
        if old is not None:
            self._entries.remove((old, account_id))
        if new is not None:
            self._entries.add((new, account_id))

    def _get_period(self, account: Account) -> int | None:
        """The first period at whose beginning there is something to do; None: never."""
        next_period = account.touched_step // self._steps_per_period + 1
        if account.due_step >= 0:
            due_period = -(-account.due_step // self._steps_per_period)
            return min(next_period, due_period) if account.settlement > 0 else due_period
        if account.settlement > 0:
            return next_period
        if account.settlement == 0 and account.person is None:
            # Whole periods, so that no transaction it ever made can still be valid.
            return next_period + self._idle_periods
        return None


def process_sweep(state: State, context: Context, queue: SweepQueue) -> None:
    """Touch the accounts whose turn it is; remove those that are empty, idle and nobody's."""
    budget = compute_sweep_budget(state.money.require(CURRENT).accounts, context)
    for account_id in queue.get_first(budget, context.period):
        account = state.accounts.require(account_id)
        if _is_forsaken(state, account_id, account):
            state.accounts.put(account_id, None)
            state.accounts_born -= 1
        else:
            touch(state, context, account_id, account)
            claim_for(state, context, account_id, account)


def compute_sweep_budget(accounts: int, context: Context) -> int:
    """How many accounts this block looks at, from their number and the slots since its parent."""
    slots = context.constants.slots_per_period
    needed = -(-2 * accounts * (context.slot - context.parent_slot) // slots)
    return min(needed, CATCH_UP * -(-accounts // slots) + SPARE)


def _is_forsaken(state: State, account_id: AccountId, account: Account) -> bool:
    """Empty, nobody's, and with nothing that must be remembered of it.

    That it was idle long enough is why its turn has come. An account that has changed its policy
    stays: removed and born again, it would belong to its first keys, which may be stolen.
    """
    return (
        account.settlement == 0
        and account.due_step == NEVER
        and account.person is None
        and (account.policy is None or compute_account_id(account.policy) == account_id)
        and state.savings.get(account_id) is None
        and state.seats.get(account_id) is None
        and state.authorities.get(account_id) is None
        and state.debts.get(account_id) is None
        and state.parties.get(account_id) is None
        and state.recoveries.get(account_id) is None
        and state.traders.get(account_id) is None
        and state.aliases.get(get_owner_key(account_id)) is None
    )
