"""The sweep misses nobody: not at 60 % missed slots, not in growth, not after a pause.

The queue and the budget are the ledger's own; a thousand accounts melt in periods of 300 slots.
"""

import random

import pytest
from msgspec.structs import replace

from chain.crypto import compute_hash
from chain.rules.context import Context, build_context
from chain.rules.payments import build_account
from chain.rules.sweep import SweepQueue, compute_sweep_budget, process_sweep
from chain.state import State
from chain.tables import CURRENT, Account, Money
from tests.community import CONSTANTS, KEEP, PAI, PARAMETERS

PERIOD = 300
STEPS = PERIOD // CONSTANTS.slots_per_step
ACCOUNTS = 1_000


class Village:
    """Accounts, the queue over them, and blocks that do nothing but sweep."""

    def __init__(self, seed: int) -> None:
        self.source = random.Random(seed)
        self.state = State(lambda _: None)
        self.accounts: dict[bytes, Account] = {}
        self.queue = SweepQueue(STEPS, CONSTANTS.account_idle_periods, ())
        self.slot = 0
        self.most = 0
        self.state.money.put(CURRENT, Money(2**60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
        self.bear(ACCOUNTS)

    def bear(self, count: int) -> None:
        for number in range(len(self.accounts), len(self.accounts) + count):
            row = replace(build_account(self.slot // 5), settlement=self.source.randint(PAI, 2**40))
            self.state.accounts.put(compute_hash(b"test", str(number).encode()), row)
        money = self.state.money.require(CURRENT)
        self.state.money.put(CURRENT, replace(money, accounts=money.accounts + count))
        self._commit()

    def get_context(self, slot: int) -> Context:
        constants = replace(CONSTANTS, slots_per_period=PERIOD)
        return build_context(bytes(32), constants, PARAMETERS, KEEP, slot, self.slot, bytes(32), 1)

    def produce(self, slot: int) -> None:
        context = self.get_context(slot)
        process_sweep(self.state, context, self.queue)
        self.state.pot = 0  # where it goes is another test's business
        self.slot = slot
        self.most = max(self.most, self._commit())

    def _commit(self) -> int:
        self.state.facts.clear()
        changes, _ = self.state.take_changes()
        self.state.keep(changes)
        rows = [change for change in changes if change.table.name == "accounts"]
        for change in rows:
            assert isinstance(change.after, Account)
            before = self.accounts.get(change.key)
            self.queue.follow(change.key, before, change.after)
            self.accounts[change.key] = change.after
        return len(rows)

    def count_missed(self, period: int) -> int:
        """Accounts that nobody has looked at since a period began."""
        return sum(row.touched_step < period * STEPS for row in self.accounts.values())


@pytest.mark.parametrize("missed_percent", [0, 10, 30, 60])
@pytest.mark.parametrize("growth", [0, 1])
def test_everybody_is_looked_at_in_every_period(missed_percent: int, growth: int) -> None:
    village = Village(missed_percent)
    for period in range(1, 5):
        for slot in range(period * PERIOD, (period + 1) * PERIOD):
            if village.source.randrange(100) >= missed_percent:
                village.produce(slot)
                if growth and slot % 3 == 0:
                    village.bear(growth)
        assert village.count_missed(period) == 0


def test_after_a_pause_everybody_is_looked_at_within_a_period() -> None:
    village = Village(5)
    village.produce(PERIOD)
    pause_ends = 6 * PERIOD + 17
    for slot in range(pause_ends, pause_ends + PERIOD):
        village.produce(slot)
    assert village.count_missed(6) == 0
    # A bounded part of the community a block, however long the pause was.
    assert village.most <= 4 * -(-len(village.accounts) // PERIOD) + 16


def test_a_thing_that_is_swept_by_key_order_would_miss_many() -> None:
    # The canary: the same village with a cursor over keys and an even share a block.
    village = Village(60)
    keys = sorted(village.accounts)
    cursor = 0
    for slot in range(PERIOD, 2 * PERIOD):
        if village.source.randrange(100) >= 60:
            share = -(-len(keys) // PERIOD)
            for key in keys[cursor : cursor + share]:
                row = village.accounts[key]
                village.accounts[key] = replace(row, touched_step=slot // 5)
            cursor += share
    assert village.count_missed(1) > ACCOUNTS // 4


def test_the_budget_grows_with_the_gap() -> None:
    village = Village(1)
    budgets = [compute_sweep_budget(ACCOUNTS, village.get_context(gap)) for gap in (1, 2, 3, 50)]
    assert budgets == [7, 14, 20, 32]
