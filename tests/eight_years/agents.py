"""People who want, earn, save, leave and cheat by dice, on a ledger whose rules are the real ones.

Four days pass from block to block; in each everybody pays once. Agents are assumptions, all of
them named here; whatever the ledger answers is not.
"""

import math
import random
from typing import Final, NamedTuple

from msgspec.structs import replace

from chain.actions import CastVote, Measure, Propose, Save, SpendFund, Withdraw, WriteOff
from chain.crypto import u64
from chain.facts import Charged, WrittenOff
from chain.rules.credit_days import get_credit
from chain.rules.electorate import find_number, has_bit
from chain.rules.measures import compute_digest, get_spendable
from chain.store import MemoryStore
from chain.tables import CURRENT
from node.audit.observatory import compute_gini, count_at_limit
from tests.community import PAI, get_account_id
from tests.year.events import build_attestation
from tests.year.village import SEATS, SOVIET, People, Village, build_year_genesis

DAYS_A_BLOCK: Final = 4
MONTH_DAYS: Final = 28
# Rewards are paid once an epoch that has a block. A block here stands for 96 hours: as much is paid
# in it as by 168ths in 96 epochs, 44 % of the pool, nearly a half.
REWARD_EPOCHS: Final = 2
YEAR_DAYS: Final = 364

WANT: Final = 200.0  # pai that a usual member would buy for here a day
WANT_SPREAD: Final = 0.3  # of its logarithm
EARN_SPREAD: Final = 0.6  # of the logarithm of what draws buyers to somebody
LOOSE: Final = 0.04  # part of a positive balance that is spent a day beside the want
SAVERS_KEEP: Final = 30  # days of want that stay in settlement
SAVED: Final = 0.15  # part of the rest that is put away a month
FRAUDS: Final = 0.02  # of those who come: they spend all they can owe, and go
FRAUD_AFTER_DAYS: Final = (20, 120)
LEAVE: Final = 0.03  # a year
LEAVE_IN_DEBT: Final = 0.3  # of those
VOTERS: Final = 110  # who vote on each measure, at the most
CLERK: Final = "clara"  # a server's owner, who pays the fees of who attests newcomers


class Agent(NamedTuple):
    """Somebody's habits."""

    name: str
    earns: float  # weight with which buyers come
    wants: float  # micropai a day
    since_day: int
    cheats_after: int | None  # days


class Sample(NamedTuple):
    """A month's figures; amounts in micropai."""

    day: int
    turnover: int
    mean_settlement: int  # of the month: positive balances
    debt: int
    savings: int
    at_limit: int  # of those who live here
    lost: int  # debts of those who have gone, of all time
    written_off: int  # by the reserve, of all time
    reserve: int
    operators: int  # in the pool of those who run servers
    demurrage: int  # of the month
    gini_settlement: float


class EightYears:
    """The village, its people, and what has become of them."""

    def __init__(self, members: int = 250, seed: int = 1) -> None:
        people = People(members)
        period = 21_600
        genesis = build_year_genesis(people)
        parameters = replace(genesis.parameters, reward_epochs=REWARD_EPOCHS)
        self.village = Village(
            people,
            MemoryStore(),
            genesis=replace(genesis, parameters=parameters),
            slots_per_block=DAYS_A_BLOCK * period,
            seed=seed,
            is_final=True,
        )
        assert self.village.genesis.constants.slots_per_period == period
        self.dice = random.Random(seed)
        self.day = 0
        self.agents = {name: self._draw(name) for name in people.members}
        self.gone: list[str] = []
        self._going: list[str] = []  # in this block, in which they may settle yet
        self.lost = self.written_off = 0
        self.samples: list[Sample] = []
        self._came = 0
        self._month = _Month()
        self._measures: dict[int, Measure] = {}

    def run(self, years: int) -> list[Sample]:
        """Let years of 364 days pass."""
        while self.day < years * YEAR_DAYS:
            self.step()
        return self.samples

    def step(self) -> None:
        """Let the days of one block pass."""
        self._live()
        self._decide()
        self._welcome()
        self.village.make_block()
        self.gone += self._going
        self._going.clear()
        self._count()
        self.day += DAYS_A_BLOCK
        if self.day % MONTH_DAYS == 0:
            self._sample()

    def _draw(self, name: str) -> Agent:
        cheats = self.dice.random() < FRAUDS and name not in SEATS
        return Agent(
            name,
            math.exp(self.dice.gauss(0, EARN_SPREAD)),
            math.exp(self.dice.gauss(0, WANT_SPREAD)) * WANT * PAI,
            self.day,
            self.dice.randint(*FRAUD_AFTER_DAYS) if cheats else None,
        )

    # Everybody's four days

    def _live(self) -> None:
        names = [name for name in self.agents if self.village.is_alive(name)]
        sellers = self.dice.choices(
            names, [self.agents[name].earns for name in names], k=2 * len(names)
        )
        for name in names:
            agent, age = self.agents[name], self.day - self.agents[name].since_day
            seller = sellers.pop()
            if seller == name:
                seller = sellers.pop() if sellers[-1] != name else CLERK
            if agent.cheats_after is not None and age >= agent.cheats_after:
                self._go(name, seller, in_debt=True)
            elif name not in SEATS and self.dice.random() < LEAVE * DAYS_A_BLOCK / YEAR_DAYS:
                self._go(name, seller, in_debt=self.dice.random() < LEAVE_IN_DEBT)
            else:
                self._spend(agent, seller)

    def _spend(self, agent: Agent, seller: str) -> None:
        village, name = self.village, agent.name
        balance = village.get_balance(name)
        wish = agent.wants * 2 * self.dice.random() + max(0, balance) * LOOSE
        self._pay(name, seller, int(wish * DAYS_A_BLOCK))
        keep = int(SAVERS_KEEP * agent.wants)
        if balance > keep and self.dice.random() < DAYS_A_BLOCK / MONTH_DAYS:
            own = village.get_left(name) + village.get_floor(name)  # credit saves nothing
            amount = min(int((balance - keep) * SAVED), own)
            if amount >= PAI:
                village.act(name, Save(amount, self.dice.choice((90, 180, 360))))
                village.save_left(name, amount)
        elif balance < 0:
            savings = village.ledger.state.savings.get(get_account_id(name))
            step = village.ledger.get_context(village.slot).step + 1  # whoever makes the block
            running = [
                item
                for item in (savings.deposits if savings else ())
                if not item.seat_bond and item.until_step > step
            ]
            if running:
                amount = min(running[0].amount, -balance)
                if running[0].amount - amount < PAI:
                    amount = running[0].amount
                village.act(name, Withdraw(running[0].id, amount))

    def _pay(self, name: str, to: str, amount: int) -> None:
        self._month.turnover += self.village.pay(name, to, amount)

    def _go(self, name: str, seller: str, *, in_debt: bool) -> None:
        """Somebody goes: with all he could owe, or after he has settled what he owes or has."""
        village = self.village
        if in_debt:
            self._pay(name, seller, village.get_left(name))
        elif (balance := village.get_balance(name)) < 0:
            self._pay(seller, name, -balance)
        else:
            self._pay(name, seller, balance)
        del self.agents[name]
        self._going.append(name)

    def _welcome(self) -> None:
        """For each who has gone somebody comes, as fast as the authority may attest."""
        village = self.village
        if self.day % MONTH_DAYS == 0:
            village.pay(CLERK, SOVIET, 5 * PAI)
        missing = len(village.people.members) - len(self.agents)
        pace = village.genesis.parameters.attest_rate if self.day % MONTH_DAYS == 0 else 0
        for _ in range(min(missing, pace) if self.day else 0):
            name = f"newcomer {self._came}"
            self._came += 1
            village.act(SOVIET, build_attestation(name))
            self.agents[name] = self._draw(name)

    # What is decided together

    def _decide(self) -> None:
        """Each month a debt of who has gone is put to the vote, and what the social fund pays."""
        village = self.village
        if self.day % MONTH_DAYS == 0 and self.day:
            self._file("ann", self._choose_write_off())
            self._file("boris", self._choose_spending())
        assembly = village.ledger.state.assembly.require(CURRENT)
        for number in assembly.open:
            proposal = village.ledger.state.proposals.require(u64(number))
            if village.period < proposal.ends_period:
                digest = compute_digest(proposal.measure)
                for name in self._find_voters(proposal.electors, proposal.yes):
                    village.act(name, CastVote(number, digest, yes=True))

    def _file(self, who: str, measure: Measure | None) -> None:
        if measure is not None:
            self.village.act(who, Propose(measure))

    def _choose_write_off(self) -> Measure | None:
        """The largest debt left behind, as far as half of what the reserve may pay allows."""
        village = self.village
        debts = {name: -village.get_balance(name) for name in self.gone}
        self.gone = [name for name in self.gone if debts[name] > PAI]
        # What somebody has saved pays for him first, when its term is over.
        savings = village.ledger.state.savings
        decided = self._find_debts_under_vote()
        poor = [
            name
            for name in self.gone
            if savings.get(get_account_id(name)) is None and get_account_id(name) not in decided
        ]
        if not poor:
            return None
        name = max(poor, key=lambda item: debts[item])
        amount = min(debts[name], self._get_spendable("reserve") * 9 // 10)
        return WriteOff(get_account_id(name), amount) if amount >= PAI else None

    def _find_debts_under_vote(self) -> set[bytes]:
        """Whose debt a vote may take over before the block to come is made."""
        state = self.village.ledger.state
        assembly = state.assembly.require(CURRENT)
        numbers = [*assembly.open, *(item.proposal for item in assembly.passed)]
        measures = [state.proposals.require(u64(number)).measure for number in numbers]
        return {item.debtor for item in measures if isinstance(item, WriteOff)}

    def _choose_spending(self) -> Measure | None:
        amount = self._get_spendable("social") * 9 // 10
        names = list(self.agents)
        (name,) = self.dice.choices(names, [self.agents[item].earns for item in names])
        alive = self.village.is_alive(name)
        return (
            SpendFund("social", get_account_id(name), amount, "common works")
            if amount >= PAI and alive
            else None
        )

    def _get_spendable(self, fund: str) -> int:
        context = self.village.ledger.get_context(self.village.slot)
        return get_spendable(self.village.ledger.state, context, fund)

    def _find_voters(self, electors: bytes, yes: bytes) -> list[str]:
        state = self.village.ledger.state
        voters: list[str] = []
        for name in self.agents:
            if len(voters) >= VOTERS:
                break
            number = find_number(state, get_account_id(name))
            if number is not None and has_bit(electors, number) and not has_bit(yes, number):
                voters.append(name)
        return voters

    # Figures

    def _count(self) -> None:
        for fact in self.village.facts:
            match fact:
                case Charged():
                    self._month.demurrage += fact.amount
                case WrittenOff():
                    self.written_off += fact.amount
                case _:
                    pass
        balances = [self.village.get_balance(name) for name in self.agents]
        self._month.settlement += sum(balance for balance in balances if balance > 0)
        self._month.blocks += 1

    def _sample(self) -> None:
        village, month = self.village, self._month
        state = village.ledger.state
        context = village.ledger.get_context(village.slot)
        ids = [get_account_id(name) for name in self.agents]
        rows = [(item, row) for item in ids if (row := state.accounts.get(item)) is not None]
        at_limit, _ = count_at_limit(state, context, rows)
        credit = get_credit(state)
        waiting = sum(max(0, -village.get_balance(name)) for name in self.gone)
        positive = [row.settlement for _, row in rows if row.settlement > 0]
        self.samples.append(
            Sample(
                day=self.day,
                turnover=month.turnover,
                mean_settlement=month.settlement // month.blocks,
                debt=credit.debt,
                savings=credit.saved,
                at_limit=at_limit,
                lost=waiting + self.written_off,
                written_off=self.written_off,
                reserve=village.money.reserve,
                operators=village.money.operators,
                demurrage=month.demurrage,
                gini_settlement=float(compute_gini(positive)),
            )
        )
        self._month = _Month()


class _Month:
    """Sums of the running month."""

    def __init__(self) -> None:
        self.turnover = self.settlement = self.blocks = self.demurrage = 0
