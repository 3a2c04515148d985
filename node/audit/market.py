"""What chains of trades have done, from the actions and facts of a replay; and two checks of them.

Whoever proposes a chain has found it. What it moves as money is what does not come out even: the
sum of what balances gained. Amounts are micropai; nobody is named.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from chain.actions import PayInvoice, ProposeChain
from chain.facts import (
    ChainSettled,
    Delivered,
    Fact,
    LiquidityFreed,
    LiquidityGot,
    SetOff,
    Traded,
    Undelivered,
)
from chain.policy import AccountId
from chain.transaction import SealedTransaction
from node.audit.findings import FINDINGS_MAX, Check, Finding, Sentence

SETTLED: Final = Sentence("what a chain moved on balances is not what was traded in it")
CIRCLES: Final = Sentence("what a set-off cleared does not run in circles: somebody lost by it")


@dataclass(slots=True)
class ChainFigures:
    """One chain that happened. ``moved``: what balances gained by it, which others gave."""

    number: int
    height: int
    slot: int
    people: int = 0
    trades: int = 0
    amount: int = 0
    moved: int = 0
    delivered: int = 0
    undelivered: int = 0
    made_good: int = 0

    @property
    def saved(self) -> int:
        """What would have had to be paid otherwise."""
        return self.amount - self.moved

    @property
    def is_delivered(self) -> bool:
        """Whether buyers have signed for all of it."""
        return self.delivered == self.amount


@dataclass(slots=True)
class MarketPeriod:
    """What a period brought. ``cleared`` and ``lent`` are of set-offs."""

    proposed: int = 0
    chains: int = 0
    traded: int = 0
    moved: int = 0
    delivered: int = 0
    undelivered: int = 0
    cleared: int = 0
    lent: int = 0


@dataclass(slots=True)
class MarketHistory:
    """Chains by number, and by period what happened; gathered block by block."""

    chains: dict[int, ChainFigures] = field(default_factory=dict)
    periods: dict[int, MarketPeriod] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    _chain_of: dict[int, int] = field(default_factory=dict)  # delivery -> chain
    _owed_for: dict[int, int] = field(default_factory=dict)  # obligation -> delivery

    @property
    def proposed(self) -> int:
        """Chains that were found and proposed."""
        return sum(period.proposed for period in self.periods.values())

    def get_period(self, number: int) -> MarketPeriod:
        """A period's figures so far."""
        return self.periods.get(number) or MarketPeriod()

    def follow(
        self,
        period: int,
        height: int,
        slot: int,
        transactions: Iterable[SealedTransaction],
        facts: Iterable[Fact],
    ) -> None:
        """Count a block."""
        facts = list(facts)
        now = self.periods.setdefault(period, MarketPeriod())
        for action in (action for sealed in transactions for action in sealed.body.actions):
            if isinstance(action, ProposeChain):
                now.proposed += 1
            elif isinstance(action, PayInvoice):
                self._count_made_good(action.obligation, action.amount)
        for fact in facts:
            if isinstance(fact, ChainSettled | Traded):
                self._count_chain(now, height, slot, fact)
            else:
                self._count_end(now, fact)
        for detail in find_contradictions(facts):
            if len(self.findings) < FINDINGS_MAX:
                self.findings.append(Finding(check=Check.EXCHANGE, detail=detail, height=height))

    def _count_chain(
        self, now: MarketPeriod, height: int, slot: int, fact: ChainSettled | Traded
    ) -> None:
        """What a chain does when it happens: first balances move, then deliveries begin."""
        if fact.chain not in self.chains:
            now.chains += 1
            self.chains[fact.chain] = ChainFigures(fact.chain, height, slot)
        chain = self.chains[fact.chain]
        match fact:
            case ChainSettled():
                chain.people += 1
                chain.moved += max(0, fact.amount)
                now.moved += max(0, fact.amount)
            case Traded():
                self._chain_of[fact.delivery] = fact.chain
                chain.trades += 1
                chain.amount += fact.amount
                now.traded += fact.amount

    def _count_end(self, now: MarketPeriod, fact: Fact) -> None:
        """What becomes of deliveries, and of debts."""
        match fact:
            case Delivered():
                amount = fact.quantity * fact.price
                now.delivered += amount
                self._find_chain(fact.delivery).delivered += amount
            case Undelivered():
                now.undelivered += fact.amount
                self._owed_for[fact.obligation] = fact.delivery
                self._find_chain(fact.delivery).undelivered += fact.amount
            case SetOff():
                now.cleared += sum(item.amount for item in fact.cleared)
                for item in fact.cleared:
                    self._count_made_good(item.obligation, item.amount)
            case LiquidityFreed():
                now.lent += fact.lent
            case _:
                pass

    def _count_made_good(self, obligation: int, amount: int) -> None:
        """A debt was paid or set off, perhaps one for goods that did not come."""
        if obligation in self._owed_for:
            self._find_chain(self._owed_for[obligation]).made_good += amount

    def _find_chain(self, delivery: int) -> ChainFigures:
        return self.chains[self._chain_of[delivery]]


def find_contradictions(facts: Iterable[Fact]) -> Iterator[Sentence]:
    """What of a block's chains and set-off does not add up, account by account."""
    settled: Counter[tuple[int, AccountId]] = Counter()
    cleared: Counter[AccountId] = Counter()
    for fact in facts:
        match fact:
            case ChainSettled():
                settled[fact.chain, fact.account] += fact.amount
            case Traded():
                settled[fact.chain, fact.seller] -= fact.amount
                settled[fact.chain, fact.buyer] += fact.amount
            case SetOff():
                for item in fact.cleared:
                    cleared[item.debtor] += item.amount
                    cleared[item.creditor] -= item.amount
            case LiquidityFreed():
                cleared[fact.account] -= fact.lent
            case LiquidityGot():
                cleared[fact.account] += fact.amount
            case _:
                pass
    if any(settled.values()):
        yield SETTLED
    if any(cleared.values()):
        yield CIRCLES
