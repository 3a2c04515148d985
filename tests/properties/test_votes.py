"""Members propose, vote and spend in any order, for years: no vote leads where the law forbids.

The laws are told again here, without the rules' help: figures stay in their bounds and within a
step of all that they were in 180 periods; funds pay within their rate; only what enough electors
wanted happens, and not before its time; the members' share reaches each once a period at most.
"""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from fractions import Fraction
from typing import Any, Final

import pytest
from hypothesis import Phase, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from msgspec.structs import replace

from chain.actions import (
    Action,
    CastVote,
    ChangeDemurrage,
    ChangeFigure,
    ChangeRewards,
    ChangeSinks,
    Measure,
    Pay,
    Propose,
    Resolve,
    SpendFund,
)
from chain.crypto import u64
from chain.errors import Invalid, InvariantBroken
from chain.facts import Decided, Enacted, Fact, FundPaid
from chain.genesis import GenesisFunds
from chain.parameters import Parameters, RewardShares, Sinks, find_faults, get_parameter_bounds
from chain.rules import measures, sharing
from chain.rules.assembly import process_assembly
from chain.rules.context import Context
from chain.rules.electorate import with_bit
from chain.rules.measures import compute_digest
from chain.rules.sharing import claim_for, process_sharing
from chain.state import State
from chain.tables import ACTIVE, CURRENT, PROPOSALS, Assembly, Money, Proposal, Rules
from tests.community import CONSTANTS, PAI, build_genesis, get_account_id
from tests.properties.plain_ledger import PlainLedger, count_money

NAMES: Final = ("ann", "boris", "clara", "daniil", "emma", "farid", "galina", "hamit")
ELECTORS: Final = len(NAMES)
PERIOD: Final = CONSTANTS.slots_per_period
STEPS: Final = PERIOD // CONSTANTS.slots_per_step
RATE: Final = Fraction(1, 5)
FIGURES: Final = (
    "unit_fee", "free_units", "base", "seats_max", "loan_grace_periods", "act_pair", "vote_periods",
    "enact_deep_periods", "electorate_age_periods", "order_tolerance", "sinks", "nonsense",
)  # fmt: skip
FACTORS: Final = (Fraction(0), Fraction(1, 2), Fraction(9, 10), Fraction(2), Fraction(3))
RATIOS: Final = (Fraction(1, 3), Fraction(1, 2), Fraction(1), Fraction(2), Fraction(5, 2))
# Of votes cast, of all electors; by what the measure is.
NEEDED: Final = {
    "ordinary": (Fraction(1, 2), Fraction(1, 4)),
    "grave": (Fraction(2, 3), Fraction(1, 3)),
    "deep": (Fraction(2, 3), Fraction(1, 2)),
}

names = st.sampled_from(NAMES)
numbers = st.integers(0, 3)


class Votes(RuleBasedStateMachine):
    """Eight people and three funds; blocks come when somebody acts, and time passes by leaps."""

    @initialize()
    def found(self) -> None:
        genesis = replace(
            build_genesis(balance=2_000 * PAI),
            constants=replace(CONSTANTS, fund_rate_bp=2_000),
            funds=GenesisFunds(3_000 * PAI, 1_000 * PAI, 0),
        )
        self.ledger = PlainLedger(genesis)
        self.figures: list[tuple[int, Parameters]] = []  # until which period what was in force
        self.frozen: dict[bytes, Proposal] = {}
        self.votes: dict[int, dict[str, bool]] = {}
        self.due: dict[int, int] = {}  # the least period in which a passed proposal may act
        self.spent: list[tuple[str, int, int]] = []
        self.actives: set[tuple[str, int]] = set()
        self.shares: Counter[bytes] = Counter()

    # What people do

    @rule(who=names, name=st.sampled_from(FIGURES), factor=st.sampled_from(FACTORS))
    def propose_figure(self, who: str, name: str, factor: Fraction) -> None:
        present: Any = getattr(self.law.parameters, name, 7)
        value = int(present * factor) if isinstance(present, int) else 1
        self._file(who, ChangeFigure(name, value))

    @rule(who=names, name=st.sampled_from(FIGURES[:-2]), high=st.booleans())
    def propose_bound(self, who: str, name: str, high: bool) -> None:
        bounds = get_parameter_bounds(self.ledger.genesis.constants, self.law.parameters)
        self._file(who, ChangeFigure(name, bounds[name][high]))

    @rule(who=names, reserve=st.sampled_from([1_999, 2_000, 5_000]))
    def propose_shares(self, who: str, reserve: int) -> None:
        self._file(who, ChangeSinks(Sinks(reserve, 1_000, 1_000, 8_000 - reserve, 0, 0)))
        self._file(who, ChangeRewards(RewardShares(reserve, 10_000 - reserve, 0, 0)))

    @rule(who=names, ratio=st.sampled_from(RATIOS))
    def propose_rate(self, who: str, ratio: Fraction) -> None:
        keep = self.law.keep_schedule[-1].keep
        assert keep is not None
        self._file(who, ChangeDemurrage(2**64 - int((2**64 - keep) * ratio)))

    @rule(
        who=names,
        fund=st.sampled_from(["social", "social", "reserve", "municipality", "operators"]),
        to=st.sampled_from([*NAMES, "newcomer"]),
        part=st.sampled_from([1, 5, 10, 19, 20, 21, 100]),
    )
    def propose_spending(self, who: str, fund: str, to: str, part: int) -> None:
        amount = getattr(self.money, fund) * part // 100
        self._file(who, SpendFund(fund, get_account_id(to), max(1, amount), ""))

    @rule(who=names)
    def propose_words(self, who: str) -> None:
        self._file(who, Resolve(who))

    @rule(who=names, back=numbers, yes=st.booleans())
    def cast(self, who: str, back: int, yes: bool) -> None:
        self._vote([who], back, yes=yes)

    @rule(count=st.integers(2, ELECTORS), back=numbers)
    def carry(self, count: int, back: int) -> None:
        self._vote(NAMES[:count], back, yes=True)

    @rule(payer=names, receiver=names)
    def pay(self, payer: str, receiver: str) -> None:
        self._act(payer, Pay(get_account_id(receiver), PAI, ""))

    @rule(periods=st.sampled_from([1, 1, 2, 3, 5, 29, 60, 181]), looks=st.booleans())
    def wait(self, periods: int, looks: bool) -> None:
        self._block(periods * PERIOD, None, looks=looks)

    @rule(
        name=st.sampled_from(["free_units", "base", "unit_fee"]),
        factor=st.sampled_from([Fraction(1, 2), Fraction(2)]),
    )
    def decide_figure(self, name: str, factor: Fraction) -> None:
        self.propose_figure("emma", name, factor)
        self._see_through()

    @rule(part=st.sampled_from([12, 19]), fund=st.sampled_from(["social", "reserve"]))
    def decide_spending(self, part: int, fund: str) -> None:
        self.propose_spending("farid", fund, "galina", part)
        self._see_through()

    def _see_through(self) -> None:
        """Everybody wants what was filed last, and waits until it is done."""
        self._vote(NAMES, 0, yes=True)
        for _ in range(3):
            self._block(PERIOD, None)

    # What must hold

    @invariant()
    def money_is_conserved(self) -> None:
        assert count_money(self.ledger.rows.items()) == 0
        assert min(self.money.claims, self.money.active, self.money.social, self.money.reserve) >= 0

    @invariant()
    def what_is_promised_is_there(self) -> None:
        promised = sum(
            row.share * int.from_bytes(row.claimants, "big").bit_count()
            for row in self._get_rows(ACTIVE)
        )
        assert promised == self.money.claims

    @invariant()
    def nobody_takes_more_shares_than_he_has_earned(self) -> None:
        earned = Counter(get_account_id(name) for name, _ in self.actives)
        assert all(earned[account] >= count for account, count in self.shares.items())

    @invariant()
    def a_community_could_be_founded_on_these_figures(self) -> None:
        rules = self.law
        constants = self.ledger.genesis.constants
        assert find_faults(constants, rules.parameters, rules.keep_schedule) == []

    def _judge_ballots(self) -> None:
        """Nobody votes twice, nobody else votes, and what was filed stays as it was."""
        for key, data in self.ledger.rows.items():
            if key[:1] != PROPOSALS.prefix:
                continue
            row = PROPOSALS.codec.decode(data)
            yes, no, all_of_them = (
                int.from_bytes(bits, "little") for bits in (row.yes, row.no, row.electors)
            )
            assert (yes & no, (yes | no) & ~all_of_them) == (0, 0)
            filed = self.frozen.setdefault(key, row)
            assert replace(row, yes=filed.yes, no=filed.no) == filed

    # What the ledger says

    @property
    def law(self) -> Rules:
        return self.ledger.state.rules.require(CURRENT)

    @property
    def money(self) -> Money:
        return self.ledger.state.money.require(CURRENT)

    @property
    def assembly(self) -> Assembly:
        return self.ledger.state.assembly.require(CURRENT)

    def _get_rows(self, table: Any) -> list[Any]:
        rows = self.ledger.rows.items()
        return [table.codec.decode(row) for key, row in rows if key[:1] == table.prefix]

    # Blocks

    def _file(self, who: str, measure: Measure) -> None:
        self._act(who, Propose(measure))

    def _vote(self, voters: Any, back: int, *, yes: bool) -> None:
        if not self.assembly.open:
            return
        number = self.assembly.open[-1 - back % len(self.assembly.open)]
        measure = self.ledger.state.proposals.require(u64(number)).measure
        for who in voters:
            with suppress(Invalid):
                self._block(0, (who, CastVote(number, compute_digest(measure), yes)))
                self.votes.setdefault(number, {})[who] = yes

    def _act(self, who: str, action: Action) -> None:
        with suppress(Invalid):
            self._block(0, (who, action))

    def _block(self, gap: int, deed: tuple[str, Action] | None, *, looks: bool = False) -> None:
        """A block in the next slot, or after a gap; then every change must be a lawful one."""
        ledger = self.ledger
        slot = ledger.slot + max(1, gap)
        transactions = () if deed is None else (ledger.sign(*deed, fee_max=PAI),)
        before, money = self.law, self.money
        kinds = {number: self._get_kind(number) for number in self.assembly.open}
        opening: list[Callable[[State, Context], None]] = [process_assembly, process_sharing]
        if looks:
            opening.append(_look_at_everybody)
        refused = None
        try:
            ledger.apply(slot, transactions, (), opening)
        except Invalid as error:
            refused = error  # what the block began with was done all the same
        self._judge(slot, ledger.told, before, money, kinds)
        self._note_actives(slot // PERIOD)
        self._judge_ballots()
        if refused is not None:
            raise refused

    def _note_actives(self, period: int) -> None:
        for name in NAMES:
            account = self.ledger.state.accounts.require(get_account_id(name))
            person = self.ledger.state.persons.require(bytes(4) + (account.person or b""))
            if person.used_period == period and person.used_units:
                self.actives.add((name, period))

    def _get_kind(self, number: int) -> str:
        """How grave the measure is, by the fund as it is when a block begins."""
        match self.ledger.state.proposals.require(u64(number)).measure:
            case Resolve():
                return "ordinary"
            case SpendFund(fund=fund, amount=amount):
                return "ordinary" if 10 * amount <= getattr(self.money, fund) else "grave"
            case ChangeSinks() | ChangeRewards():
                return "deep"
            case ChangeFigure(name="electorate_age_periods"):
                return "deep"
            case _:
                return "grave"

    # The law

    def _judge(
        self, slot: int, facts: list[Fact], before: Rules, money: Money, kinds: dict[int, str]
    ) -> None:
        enacted, period = False, slot // PERIOD
        for fact in facts:
            match fact:
                case Decided():
                    self._judge_count(fact, kinds[fact.proposal], before.parameters)
                case Enacted(proposal=number, refused=None):
                    enacted = True
                    assert period >= self.due.pop(number)
                    event("enacted")
                case FundPaid(fund=fund, amount=amount, why="vote"):
                    self._judge_spending(period, fund, amount, getattr(money, fund))
                case FundPaid(account=account, why="active"):
                    self.shares[account] += 1
                case _:
                    pass
        if self.law != before:
            assert enacted, "rules change by votes alone"
            self._judge_step(period, before.parameters)
            if self.law.keep_schedule != before.keep_schedule:
                self._judge_rate(slot // CONSTANTS.slots_per_step)

    def _judge_spending(self, period: int, fund: str, amount: int, held: int) -> None:
        """``held`` is what the fund had before the block, in which others may have taken of it."""
        spent = [(at, other) for name, at, other in self.spent if name == fund]
        recent = sum(other for at, other in spent if at > period - 28)
        held -= sum(other for at, other in spent if at == period)
        assert recent + amount <= (held + recent) * RATE
        self.spent.append((fund, period, amount))

    def _judge_count(self, fact: Decided, kind: str, parameters: Parameters) -> None:
        said = self.votes.get(fact.proposal, {})
        yes = sum(said.values())
        assert (fact.yes, fact.no) == (yes, len(said) - yes)
        of_cast, of_all = NEEDED[kind]
        share = Fraction(yes, max(1, len(said)))
        enough = share > of_cast if kind == "ordinary" else yes > 0 and share >= of_cast
        assert fact.passed == (enough and yes >= of_all * fact.electors)
        if fact.passed:
            wait = parameters.enact_deep_periods if kind == "deep" else parameters.enact_periods
            self.due[fact.proposal] = self.frozen[PROPOSALS.prefix + u64(fact.proposal)].ends_period
            self.due[fact.proposal] += wait

    def _judge_step(self, period: int, before: Parameters) -> None:
        """Whatever a figure was within 180 periods, it is now within a step of that."""
        now = self.law.parameters
        self.figures.append((period, before))
        bounds = get_parameter_bounds(self.ledger.genesis.constants, before)
        for name, (_, high) in bounds.items():
            new: int = getattr(now, name)
            if new == getattr(before, name):
                continue
            for until, old_figures in self.figures:
                old: int = getattr(old_figures, name)
                if until > period - 180:
                    assert new <= 2 * max(old, high // 100), name
                    assert 2 * new >= old or old <= high // 100, name

    def _judge_rate(self, step: int) -> None:
        """What a balance loses in a period doubles or halves at most, too; by exact fractions."""
        *others, newest = self.law.keep_schedule
        new, floor, little = _get_loss(newest.keep), Fraction(1, 1_000), Fraction(1, 10**6)
        for segment, following in zip(others, [*others[1:], newest], strict=True):
            if following.from_step > step - 180 * STEPS:
                old = _get_loss(segment.keep)
                assert new <= 2 * max(old, floor) + little
                assert 2 * new >= old - little or old <= floor + little


def _get_loss(keep: int | None) -> Fraction:
    return 1 - Fraction(2**64 if keep is None else keep, 2**64) ** STEPS


def _look_at_everybody(state: State, context: Context) -> None:
    """What the sweep does in the course of a period."""
    for name in NAMES:
        account_id = get_account_id(name)
        claim_for(state, context, account_id, state.accounts.require(account_id))


TestVotes = Votes.TestCase
TestVotes.settings = settings(settings.default)


def leave_bit(bits: bytes, number: int, *, value: bool) -> bytes:
    """Nobody's bit is ever cleared."""
    return with_bit(bits, number, value=True) if value else bits


FAULTS: Final[dict[str, tuple[Any, str, Any]]] = {
    "steps are measured from the present alone": (
        measures,
        "_get_recent_values",
        lambda _state, _context, parameters, name: [getattr(parameters, name)],
    ),
    "what was spent is forgotten": (measures, "_get_spent", lambda *_: ()),
    "a share can be taken twice": (sharing, "with_bit", leave_bit),
    "half is enough for anything": (
        measures.Class.GRAVE,
        "_value_",
        measures.Class.ORDINARY.value,
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(*FAULTS[name])
    trial = settings(max_examples=200, phases=[Phase.generate], print_blob=False)
    with pytest.raises((AssertionError, InvariantBroken)):
        run_state_machine_as_test(Votes, settings=trial)
