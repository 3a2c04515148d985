"""What happened, period by period, counted from blocks, facts and the second bookkeeping.

Turnover counts payments between accounts and nothing else: savings, fees and demurrage are no
trade. Beside it stand smaller counts: without transfers between accounts of one identity; between
different identified persons, since an account without identity may be anybody's second one; and
net of what two accounts sent to and fro.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from chain.actions import Pay, PayInvoice, Save, Withdraw
from chain.facts import (
    Charged,
    Decided,
    Enacted,
    Fact,
    FeePaid,
    Finalised,
    FundGot,
    FundPaid,
    FundShifted,
    GuarantorPaid,
    LiquidityFreed,
    LiquidityGot,
    LiquidityHeld,
    Matured,
    NoticePaid,
    OfferSilenced,
    PledgeFreed,
    RecoveryBond,
    Reported,
    SetOff,
    Shared,
    Slashed,
    WrittenOff,
)
from chain.genesis import Genesis
from chain.header import PRIMARY
from chain.parameters import Constants
from chain.policy import AccountId
from chain.rules.birth import compute_issued
from chain.rules.clearing import REWARD as SET_OFF_REWARD
from chain.rules.rewards import REWARD
from chain.tables import CURRENT, MONEY, Money
from chain.transaction import SealedTransaction
from node.audit.books import Books
from node.audit.clearing import SetOffFigures, find_set_offs
from node.audit.findings import FINDINGS_MAX, Check, Finding, Sentence
from node.audit.market import MarketHistory
from node.audit.observatory import NO_STOCKS, Observatory, Stocks, compute_gini
from node.audit.registry import Place, Registry
from node.audit.replay import Step


@dataclass(slots=True)
class Period:
    """One period's figures; amounts in micropai. ``settlement_slots`` integrates balances."""

    number: int
    blocks: int = 0
    transactions: int = 0
    payments: int = 0
    turnover: int = 0
    turnover_persons: int = 0
    turnover_net: int = 0
    turnover_internal: int = 0  # between accounts that are said to be of one and the same
    turnover_foreign: int = 0  # a party is identified, but under no jurisdiction of home
    turnover_unidentified: int = 0  # nobody vouches for a party
    gini_turnover: Decimal = Decimal(0)  # of what each received who paid or was paid
    gini_settlement: Decimal = Decimal(0)  # of balances above zero, at its end
    active_members: int = 0
    demurrage: int = 0
    early_returns: int = 0
    fees: int = 0
    saved: int = 0
    withdrawn: int = 0
    matured: int = 0
    savings: int = 0  # at its end, bonds not counted
    settlement_slots: Decimal = Decimal(0)
    slots: int = 0  # of it so far
    stocks: Stocks = NO_STOCKS  # at its end


@dataclass(slots=True)
class Server:
    """What one seat has done."""

    blocks: int = 0
    primaries: int = 0
    service: int = 0  # transactions that name it in ``via``
    weight: int = 0


# What a common fund paid for, by the rule that made it pay.
PAID_FOR: Final = {
    REWARD: "rewards",
    SET_OFF_REWARD: "set_offs",
    "vote": "votes",
    "active": "shares",
}


@dataclass(slots=True)
class Treasury:
    """The common funds as whole numbers, led from the charges of each block alone."""

    pot: int = 0
    reserve: int = 0
    social: int = 0
    operators: int = 0
    active: int = 0
    municipality: int = 0
    claims: int = 0
    burned: int = 0


@dataclass(slots=True)
class _Open:
    """What is counted only while a period lasts."""

    actives: set[AccountId] = field(default_factory=set)
    flows: defaultdict[tuple[AccountId, AccountId], int] = field(
        default_factory=lambda: defaultdict(int)
    )
    received: Counter[AccountId] = field(default_factory=Counter)


class History:
    """Everything a report counts, gathered step by step."""

    def __init__(self, genesis: Genesis) -> None:
        self.constants: Constants = genesis.constants
        self.books = Books(genesis)
        self.periods: list[Period] = []
        self.servers: dict[AccountId, Server] = {}
        self.charged: Counter[AccountId] = Counter()
        self.fees: Counter[AccountId] = Counter()
        self.shared = Treasury()
        self.fees_to_operators = 0
        funds = genesis.funds
        self.treasury = Treasury(
            reserve=funds.reserve, social=funds.social, operators=funds.operators
        )
        self.moves: Counter[tuple[str, str]] = Counter()  # by fund and reason, outgoings negative
        self.fund_findings: list[Finding] = []
        self.set_offs: list[SetOffFigures] = []
        self.market = MarketHistory()
        self.transactions = 0
        self._issued = compute_issued(genesis)
        self._open = _Open()
        self.registry = Registry(genesis)
        self.received: Counter[AccountId] = Counter()  # of all time
        self._observatory = Observatory(genesis)

    def follow(self, step: Step) -> None:
        """Count one block that holds."""
        context, block = step.context, step.block
        period = self._enter(context.period)
        period.blocks += 1
        period.transactions += len(block.transactions)
        self.transactions += len(block.transactions)
        for sealed in block.transactions:
            self._count_transaction(period, sealed, context.slot)
        for fact in step.facts:
            self._count_fact(period, fact)
        self.books.follow(
            context.slot, context.keep_schedule, block.transactions, step.changes, step.facts
        )
        self.market.follow(
            context.period, context.height, context.slot, block.transactions, step.facts
        )
        self.set_offs += find_set_offs(context.height, context.slot, step.facts)
        self._count_author(step)
        self._share_pot(step)
        self._observatory.follow(step.changes)
        self.registry.follow(context.slot, block.transactions, step.changes)

    def close(self, slot: int) -> None:
        """End the account with a slot, which still belongs to it."""
        self.books.close(slot)
        self._leave(slot)
        for period in self.periods:
            self._measure(period, slot + 1)

    def get_balances(self) -> list[Decimal]:
        """All settlement balances above zero, as they are owned at the step of the books."""
        balances = (self.books.get_balance(item, self.books.step) for item in self.books.purses)
        return [balance for balance in balances if balance > 0]

    def _enter(self, number: int) -> Period:
        if not self.periods or self.periods[-1].number != number:
            self._leave()
            self.periods.append(Period(number))
        return self.periods[-1]

    def _leave(self, slot: int | None = None) -> None:
        """Finish the counts of the last period, once; ``slot``: in which it breaks off."""
        if not self.periods:
            return
        period, flows = self.periods[-1], self._open.flows
        period.active_members = sum(
            account in self.registry.homes for account in self._open.actives
        )
        period.turnover_net = sum(
            abs(amount - flows.get((to, payer), 0)) if payer < to or (to, payer) not in flows else 0
            for (payer, to), amount in flows.items()
        )
        period.savings = sum(
            item.amount
            for purse in self.books.purses.values()
            for item in purse.deposits.values()
            if not item.bonded and item.release_step is None
        )
        period.gini_turnover = compute_gini(self._open.received.values())
        period.gini_settlement = compute_gini(self.get_balances())
        end_slot = (period.number + 1) * self.constants.slots_per_period - 1
        period.stocks = self._observatory.observe(end_slot if slot is None else slot)
        self._open = _Open()

    def _measure(self, period: Period, end_slot: int) -> None:
        first = period.number * self.constants.slots_per_period
        period.slots = min(self.constants.slots_per_period, end_slot - first)
        period.settlement_slots = self.books.settlement_slots[period.number]

    def _count_transaction(self, period: Period, sealed: SealedTransaction, slot: int) -> None:
        payer = sealed.body.account
        for action in sealed.body.actions:
            match action:
                case Pay():
                    self._count_payment(period, payer, action.to, action.amount, slot)
                case PayInvoice():
                    self._count_payment(period, payer, action.creditor, action.amount, slot)
                case Save():
                    period.saved += action.amount
                case Withdraw():
                    period.withdrawn += action.amount
                case _:
                    pass
        if sealed.body.via is not None:
            self.servers.setdefault(sealed.body.via, Server()).service += 1

    def _count_payment(
        self, period: Period, payer: AccountId, to: AccountId, amount: int, slot: int
    ) -> None:
        period.payments += 1
        period.turnover += amount
        if self._are_two_persons(payer, to):
            period.turnover_persons += amount
        registry = self.registry
        if registry.get_tags(payer, slot) & registry.get_tags(to, slot):
            period.turnover_internal += amount
        places = {registry.get_place(payer, slot), registry.get_place(to, slot)}
        if Place.UNIDENTIFIED in places:
            period.turnover_unidentified += amount
        if Place.FOREIGN in places:
            period.turnover_foreign += amount
        for received in (self._open.received, self.received):
            received[to] += amount
            received[payer] += 0  # who only pays takes part, too
        self._open.flows[payer, to] += amount
        self._open.actives.update((payer, to))

    def _are_two_persons(self, payer: AccountId, to: AccountId) -> bool:
        homes = self.registry.homes
        return payer in homes and to in homes and homes[payer] != homes[to]

    def _count_fact(  # noqa: C901 - one a kind
        self, period: Period, fact: Fact
    ) -> None:
        match fact:
            case Charged():
                period.demurrage += fact.amount
                period.early_returns += fact.amount if fact.early_return else 0
                self.charged[fact.account] += fact.amount
            case FeePaid():
                period.fees += fact.amount
                self.fees[fact.account] += fact.amount
            case LiquidityFreed():
                period.demurrage += fact.charge
                self.charged[fact.account] += fact.charge
            case Matured():
                period.matured += fact.amount
            case LiquidityHeld() | LiquidityGot() | OfferSilenced() | SetOff():
                pass  # in the books, and counted for themselves
            case WrittenOff():
                self._move_fund("reserve", -fact.amount, "losses")
            case GuarantorPaid() | PledgeFreed() | Slashed() | Reported() | NoticePaid():
                pass  # in the books, and in what funds got of it
            case FundGot():
                self._move_fund(fact.fund, fact.amount, "fines")
            case RecoveryBond():
                pass  # a lost one is told by the operators' fund
            case FundPaid():
                self._move_fund(fact.fund, -fact.amount, PAID_FOR[fact.why])
            case FundShifted():
                self._move_fund(fact.fund, -fact.amount, "shifted")
                self._move_fund(fact.to_fund, fact.amount, "shifted")
            case Shared() | Decided() | Enacted() | Finalised():
                pass  # reckoned again below, or no money

    def _move_fund(self, fund: str, amount: int, reason: str) -> None:
        self.moves[fund, reason] += amount
        setattr(self.treasury, fund, getattr(self.treasury, fund) + amount)

    def _count_author(self, step: Step) -> None:
        for entry in step.entries:
            self.servers.setdefault(entry.seat, Server()).weight = entry.weight
        author = self.servers[step.block.header.seat]
        author.blocks += 1
        author.primaries += step.block.header.kind == PRIMARY

    def _share_pot(self, step: Step) -> None:
        """Share the block's charges by the rates in force, and compare with the funds' row."""
        charges = sum(fact.amount for fact in step.facts if isinstance(fact, Charged))
        charges += sum(fact.charge for fact in step.facts if isinstance(fact, LiquidityFreed))
        fees = sum(
            fact.amount
            for fact in step.facts
            if isinstance(fact, FeePaid)
            or (isinstance(fact, RecoveryBond) and fact.outcome == "lost")
        )
        pot = self.treasury.pot + charges
        sinks = step.context.parameters.sinks
        left = pot
        for name in sinks.__struct_fields__:
            share = pot * getattr(sinks, name) // 10_000
            fund = "burned" if name == "burn" else name
            if fund == "burned" and self._issued - self.treasury.burned < share:
                fund = "reserve"
            for account in (self.treasury, self.shared):
                setattr(account, fund, getattr(account, fund) + share)
            self.moves[fund, "demurrage"] += share
            left -= share
        self.treasury.pot = left
        self._move_fund("operators", fees, "fees")
        self.fees_to_operators += fees
        for change in step.changes:
            if change.table.prefix == MONEY.prefix and change.key == CURRENT:
                assert isinstance(change.after, Money)
                self._compare(step, change.after)

    def _compare(self, step: Step, money: Money) -> None:
        for name in Treasury.__slots__:
            expected, found = getattr(self.treasury, name), getattr(money, name)
            if expected != found and len(self.fund_findings) < FINDINGS_MAX:
                finding = Finding(
                    check=Check.FUNDS,
                    detail=Sentence(
                        f"{name} does not follow from the charges of the blocks so far"
                    ),
                    height=step.context.height,
                    block=step.block.hash.hex(),
                    expected=str(expected),
                    found=str(found),
                )
                self.fund_findings.append(finding)
                setattr(self.treasury, name, found)  # say it once, and go on from there
