"""A dozen accounts do all that credit lets them do, for as long as they like.

After every block the promises of the ledger hold (the world checks them), the sums are those of
all rows, no money has appeared, nobody who could spend was pushed below his floor, and nothing was
granted beyond what savings and reserve carry.
"""

from contextlib import suppress

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from chain.actions import (
    Action,
    AskLoan,
    DropLoan,
    GrantLoan,
    Guarantee,
    Instalment,
    Pay,
    PayClaim,
    ReturnLoan,
    Save,
    Withdraw,
)
from chain.errors import Invalid
from chain.rules.debts import compute_granted
from chain.rules.loans import grant_loan, write_off
from chain.rules.settlement import sum_saved
from chain.tables import CURRENT, Account, Loan, Savings, Standing
from tests.community import PAI
from tests.credit_world import NAMES, World, build_world, get_id

EVERYBODY = (*NAMES, "ann", "stranger", "farm")
names = st.sampled_from(EVERYBODY)
amounts = st.sampled_from([1, PAI, 7 * PAI, 30 * PAI, 100 * PAI, 500 * PAI])
loans = st.integers(0, 6)
plans = st.sampled_from([(), (Instalment(2, PAI),), (Instalment(1, 5 * PAI), Instalment(3, PAI))])


class CreditMachine(RuleBasedStateMachine):
    """People trade, lend and fail; periods pass."""

    @initialize()
    def found(self) -> None:
        self.world: World = build_world(
            balance=200 * PAI, young_periods=30, young_base_bp=3_000, committee_28_bp=1_000
        )
        for name in ("emma", "farid", "galina"):
            self.world.save(name, 100 * PAI, 50)
        self.world.appoint("ann")
        self.money = self._count_money()

    def _try(self, name: str, *actions: Action) -> None:
        with suppress(Invalid):
            self.world.do(name, *actions)

    @rule(payer=names, receiver=names, amount=amounts)
    def pay(self, payer: str, receiver: str, amount: int) -> None:
        self._try(payer, Pay(get_id(receiver), amount, ""))

    @rule(payer=names, receiver=names)
    def spend_all(self, payer: str, receiver: str) -> None:
        amount = self.world.get(payer).settlement - self.world.get_floor(payer)
        if amount > 0:
            self._try(payer, Pay(get_id(receiver), amount, ""))

    @rule(owner=names, amount=amounts, back=st.booleans())
    def save(self, owner: str, amount: int, back: bool) -> None:
        self._try(owner, Withdraw(0, amount) if back else Save(amount, 20))

    @rule(
        debtor=names,
        amount=amounts,
        term=st.integers(1, 40),
        plan=plans,
        guarantor=st.none() | names,
    )
    def ask(
        self,
        debtor: str,
        amount: int,
        term: int,
        plan: tuple[Instalment, ...],
        guarantor: str | None,
    ) -> None:
        surety = None if guarantor is None else get_id(guarantor)
        pledge = 0 if guarantor is None else max(1, amount // 2)
        self._try(debtor, AskLoan(amount, term, plan, "", surety, pledge))

    @rule(back=loans, deposit=st.none() | st.integers(0, 2), anybody=names)
    def guarantee(self, back: int, deposit: int | None, anybody: str) -> None:
        loan = self._find_loan(back)
        for name in EVERYBODY:
            if loan is not None and get_id(name) == loan.guarantor:
                anybody = name
        self._try(anybody, Guarantee(self._number(back), deposit))

    @rule(back=loans, by_vote=st.booleans())
    def grant(self, back: int, by_vote: bool) -> None:
        if not by_vote:
            self._try("ann", GrantLoan(self._number(back)))
            return
        before = self.world.credit.granted
        try:
            self.world.call(grant_loan, self._number(back))
        except Invalid:
            return
        whole = self.world.credit
        reserve = self.world.state.money.require(CURRENT).reserve
        assert whole.granted > before
        assert whole.granted * 10_000 <= 8_000 * (whole.saved + reserve)

    @rule(
        debtor=names,
        guarantor=names,
        amount=st.sampled_from([PAI, 20 * PAI, 60 * PAI]),
        deposit=st.none() | st.integers(0, 2),
        spent=st.booleans(),
    )
    def lend(
        self, debtor: str, guarantor: str, amount: int, deposit: int | None, spent: bool
    ) -> None:
        """All that leads to a loan in one go, and perhaps its money is gone at once."""
        before = self.world.credit.loans_made
        surety = get_id(guarantor)
        self._try(debtor, AskLoan(amount, 3, (), "", surety, max(1, amount // 3)))
        if self.world.credit.loans_made > before:
            self._try(guarantor, Guarantee(before, deposit))
            with suppress(Invalid):
                self.world.call(grant_loan, before)
            if spent:
                self.spend_all(debtor, "stranger")

    @rule(back=loans, name=names, drop=st.booleans())
    def give_back(self, back: int, name: str, drop: bool) -> None:
        number = self._number(back)
        self._try(name, DropLoan(number) if drop else ReturnLoan(number))

    @rule(debtor=names, creditor=names, amount=amounts)
    def pay_claim(self, debtor: str, creditor: str, amount: int) -> None:
        self._try(debtor, PayClaim(get_id(creditor), amount))

    @rule(name=names, amount=amounts)
    def forgive(self, name: str, amount: int) -> None:
        with suppress(Invalid):
            self.world.call(write_off, get_id(name), amount)

    @rule(amount=amounts)
    def fill(self, amount: int) -> None:
        if self.world.get("ann").settlement >= amount:
            self.world.fill_reserve(amount)

    @rule(name=st.sampled_from(("stranger", "farm")))
    def attest(self, name: str) -> None:
        if self.world.get(name).person is None:
            with suppress(Invalid):
                self.world.attest(name)

    @rule(name=st.sampled_from(NAMES[6:]))
    def revoke(self, name: str) -> None:
        with suppress(Invalid):
            self.world.revoke(name)

    @rule(base=st.sampled_from([150 * PAI, 300 * PAI, 600 * PAI]))
    def vote(self, base: int) -> None:
        self.world.vote(base=base)

    @rule(periods=st.sampled_from([1, 1, 3, 3, 10, 28]), blocks=st.integers(1, 3))
    def wait(self, periods: int, blocks: int) -> None:
        self.world.skip(periods, blocks)

    def _number(self, back: int) -> int:
        return max(0, self.world.credit.loans_made - 1 - back)

    def _find_loan(self, back: int) -> Loan | None:
        return self.world.get_loan(self._number(back))

    @invariant()
    def sums_are_those_of_the_rows(self) -> None:
        world = self.world
        whole = world.credit
        assert self._count_money() == self.money
        accounts = world.read(Account)
        assert whole.debt == -sum(min(0, row.settlement) for row in accounts)
        assert whole.saved == sum(sum_saved(row.deposits) for row in world.read(Savings))
        assert whole.sales == sum(row.sales for row in world.read(Standing))
        assert whole.granted == sum(loan.counted for loan in world.read(Loan))
        period = world.get_context().period
        for name in EVERYBODY:
            debts = world.get_debts(name)
            running = [world.get_loan(number) for number in debts.loans]
            assert all(loan is not None and loan.debtor == get_id(name) for loan in running)
            assert debts.unpaid == sum(loan.unpaid for loan in running if loan)
            pledged = sum(
                loan.pledge
                for loan in world.read(Loan)
                if loan.guarantor == get_id(name) and loan.pledged_deposit == -1
            )
            assert debts.pledged == pledged
            for grant in debts.grants:
                assert compute_granted(grant, period) <= grant.amount

    @invariant()
    def the_window_is_the_sum_of_its_days(self) -> None:
        world = self.world
        whole = world.credit
        days = world.read_days()
        closed = {day: row for day, row in days.items() if day < whole.days_closed}
        assert whole.inflow == sum(row.inflow for row in closed.values())
        assert whole.lost == sum(row.lost for row in closed.values())
        assert whole.overdue == sum(row.overdue for row in closed.values())
        young = {day: row for day, row in days.items() if day >= whole.mature_before}
        assert whole.young == sum(row.born for row in young.values())
        assert whole.young_sales == sum(row.born_sales for row in young.values())
        assert all(not row.born for day, row in days.items() if day < whole.mature_before)

    def _count_money(self) -> int:
        world = self.world
        money = world.state.money.require(CURRENT)
        funds = (
            money.pot + money.reserve + money.social + money.operators + money.active + money.claims
        )
        held = sum(row.settlement for row in world.read(Account))
        saved = sum(item.amount for row in world.read(Savings) for item in row.deposits)
        return held + saved + funds + money.municipality


TestCreditMachine = CreditMachine.TestCase
TestCreditMachine.settings = settings(settings.default, stateful_step_count=60)
