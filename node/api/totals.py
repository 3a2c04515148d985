"""All money of the community, counted over every account and projected to the present.

Counting reads every row, so it happens in a worker thread over one snapshot of the store, one count
at a time, and its result serves for a while.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

import trio

from chain.kept import read_rows
from chain.ledger import Ledger
from chain.parameters import KeepSchedule
from chain.rules.payments import build_account
from chain.rules.settlement import OWN, get_touched
from chain.tables import (
    ACCOUNTS,
    CURRENT,
    MONEY,
    RECOVERIES,
    SAVINGS,
    TIPS,
    WINDOWS,
    Account,
    Money,
    Tip,
)
from chain.units import format_pai
from node.api.answers import get_present_slot
from node.api.desk import Desk
from node.api.schema import AtAnswer, FundsAnswer
from node.core import Core

# A count of 100,000 accounts takes a second or two of a thread: not more often than this.
KEEP_SECONDS: Final = 2.0


class Totals(NamedTuple):
    """Sums over all accounts, in micropai, as they are owned at a step."""

    settlement: int
    savings: int
    bonds: int
    uncollected: int
    money: Money
    tip: Tip


class Counter:
    """Counts when asked, at most every few seconds; who asks meanwhile waits for the same count."""

    __slots__ = ("_answer", "_desk", "_lock", "_until")

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._lock = trio.Lock()
        self._answer: FundsAnswer | None = None
        self._until = 0.0

    async def get(self, core: Core) -> FundsAnswer:
        """The funds at a recent head."""
        async with self._lock:
            if self._answer is None or trio.current_time() >= self._until:
                slot = get_present_slot(core)
                schedule = core.ledger.state.rules.require(CURRENT).keep_schedule
                self._answer = await self._desk.work(count_funds, core.ledger, schedule, slot)
                self._until = trio.current_time() + KEEP_SECONDS
            return self._answer


def count_funds(ledger: Ledger, schedule: KeepSchedule, slot: int) -> FundsAnswer:
    """All money, projected to a slot. May run in any thread: it reads one snapshot of the store."""
    step = slot // ledger.constants.slots_per_step
    totals = compute_totals(read_rows(ledger.store), schedule, step)
    money = totals.money
    return FundsAnswer(
        at=AtAnswer(height=totals.tip.height, slot=slot, step=step),
        issued=format_pai(money.issued),
        burned=format_pai(money.burned),
        settlement=format_pai(totals.settlement),
        savings=format_pai(totals.savings),
        bonds=format_pai(totals.bonds),
        reserve=format_pai(money.reserve),
        social=format_pai(money.social),
        operators=format_pai(money.operators),
        active=format_pai(money.active),
        municipality=format_pai(money.municipality),
        claims=format_pai(money.claims),
        pot=format_pai(money.pot),
        uncollected=format_pai(totals.uncollected),
        accounts=money.accounts,
    )


def compute_totals(
    rows: Iterable[tuple[bytes, bytes]], schedule: KeepSchedule, step: int
) -> Totals:
    """Sum over the rows of one state, which come in the order of their keys.

    Only accounts for which a deposit falls due are kept until their savings come by.
    """
    settlement = savings = bonds = uncollected = 0
    waiting: dict[bytes, Account] = {}
    money: Money | None = None
    tip: Tip | None = None
    for key, data in rows:
        match key[:1]:
            case ACCOUNTS.prefix:
                account = ACCOUNTS.codec.decode(data)
                if 0 <= account.due_step <= step:
                    waiting[key[1:]] = account
                    continue
                touched = get_touched(account, (), schedule, step)
            case SAVINGS.prefix:
                deposits = SAVINGS.codec.decode(data).deposits
                due = waiting.pop(key[1:], None)
                touched = get_touched(due or _NOBODY, deposits, schedule, step)
                savings += sum(item.amount for item in touched.deposits if item.seat_bond in OWN)
                bonds += sum(item.amount for item in touched.deposits if item.seat_bond not in OWN)
            case RECOVERIES.prefix:
                pending = RECOVERIES.codec.decode(data).pending
                bonds += pending.bond if pending else 0
                continue
            case WINDOWS.prefix:
                settlement += sum(item.escrow for item in WINDOWS.codec.decode(data).lenders)
                continue
            case MONEY.prefix:
                money = MONEY.codec.decode(data)
                continue
            case TIPS.prefix:
                tip = TIPS.codec.decode(data)
                continue
            case _:
                continue
        settlement += touched.account.settlement
        uncollected += touched.charge
    assert money is not None, "every state has this row"
    assert tip is not None, "every state has this row"
    return Totals(settlement, savings, bonds, uncollected, money, tip)


# Stands for an account whose balance has been counted already: nothing of its savings is due.
_NOBODY: Final = build_account(0)
