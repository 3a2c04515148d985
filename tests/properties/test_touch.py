"""What is shown is what is owned, however often anybody looks.

Three tellings of one community run side by side: a ledger in which every block looks at everybody,
one in which nobody is ever looked at but by his own payments, and exact decimals. They agree to a
micropai a look; money is conserved in both; what one refuses the other refuses with the same code.
"""

from decimal import Decimal

from hypothesis import event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from chain.actions import (
    AcceptChain,
    AcceptInvoice,
    Action,
    Bond,
    ChangePolicy,
    ConfirmDelivery,
    Leg,
    Offer,
    OfferInvoice,
    Pay,
    PayInvoice,
    Prolong,
    ProposeChain,
    RegisterSeat,
    Save,
    SetOrder,
    Unbond,
    Want,
    Withdraw,
)
from chain.crypto import u64
from chain.errors import Code, Invalid
from chain.facts import ChainSettled, Fact, FeePaid, SetOff
from chain.genesis import GenesisDeposit
from chain.parameters import KeepSchedule, KeepSegment
from chain.records import ClearingCertificate
from chain.rules.clearing import get_entered
from chain.rules.clearing_window import get_window
from chain.rules.market import get_trader
from chain.rules.settlement import get_event_step, get_touched
from chain.rules.shelves import get_book, list_pages
from chain.setoff import pack_certificate
from chain.tables import ACCOUNTS, CURRENT, Account, Obligation
from chain.transaction import SealedTransaction
from node.exchange.setoff_solver import solve
from tests.community import (
    CONSTANTS,
    KEEP,
    PAI,
    build_genesis,
    build_seat_keys,
    get_account_id,
    get_policy,
    with_parameters,
)
from tests.properties.exact_money import ExactAccount, ExactDeposit, ExactMoney
from tests.properties.plain_ledger import PlainLedger, count_money

STRANGERS = ("stranger", "vagrant", "2:emma+farid+galina")
NAMES = ("ann", "boris", "emma", "farid", "galina", "hamit", *STRANGERS)
NEWCOMERS = ("newcomer0", "newcomer1", "newcomer2")
STEPS_PER_PERIOD = 4
UNBONDING_STEPS = CONSTANTS.unbonding_periods * STEPS_PER_PERIOD
TENTH = 17_967_197_837_141_743_959  # the fastest that a genesis may let money melt
SCHEDULES: tuple[KeepSchedule, ...] = (
    KEEP,
    (KeepSegment(0, None),),
    (KeepSegment(0, TENTH),),
    (KeepSegment(0, KEEP[0].keep), KeepSegment(30, None), KeepSegment(90, TENTH)),
    (KeepSegment(0, None), KeepSegment(25, TENTH), KeepSegment(26, KEEP[0].keep)),
)
LOST = Decimal("1.0001")  # micropai a decay may lose: a floor, and 2^-64 for the power

names = st.sampled_from(NAMES)
numbers = st.integers(0, 4)
gaps = st.sampled_from([1, 1, 1, 2, 4, 5, 9, 20, 60, 250])
terms = st.sampled_from([3, 3, 4, 10, 200])
parts = st.integers(0, 100)


class Touch(RuleBasedStateMachine):
    """Blocks of one transaction each, in all three tellings."""

    @initialize(schedule=st.sampled_from(SCHEDULES))
    def found(self, schedule: KeepSchedule) -> None:
        genesis = build_genesis(
            strangers=STRANGERS,
            deposits=(GenesisDeposit(150 * PAI, 60), GenesisDeposit(50 * PAI, 4)),
            keep_schedule=schedule,
        )
        genesis = with_parameters(genesis, savings_min_periods=3, free_units=50, clearing_reward=0)
        self.busy, self.lazy = PlainLedger(genesis), PlainLedger(genesis)
        self.exact = ExactMoney(schedule)
        self.slack: dict[str, dict[bytes, int]] = {"busy": {}, "lazy": {}}
        for account_id, row in self.busy.get_rows(ACCOUNTS).items():
            self._bear(account_id, row.settlement, 0)
            exact = self.exact.accounts[account_id]
            savings = self.busy.state.savings.get(account_id)
            for item in savings.deposits if savings else ():
                exact.deposits[item.id] = ExactDeposit(
                    item.amount, item.since_step, item.until_step, bonded=item.seat_bond == 1
                )
                exact.made = item.id + 1

    def _bear(self, account_id: bytes, balance: int, step: int) -> None:
        self.exact.accounts[account_id] = ExactAccount(Decimal(balance), step)
        for slack in self.slack.values():
            slack[account_id] = 1

    # What people do

    @rule(gap=gaps)
    def wait(self, gap: int) -> None:
        self._block(gap, None)

    @rule(gap=gaps, payer=names, receiver=names, part=parts)
    def pay(self, gap: int, payer: str, receiver: str, part: int) -> None:
        self._act(gap, payer, Pay(get_account_id(receiver), self._get_part(payer, gap, part), ""))

    @rule(gap=gaps, payer=names, receiver=st.sampled_from(NEWCOMERS), amount=parts)
    def welcome(self, gap: int, payer: str, receiver: str, amount: int) -> None:
        self._act(gap, payer, Pay(get_account_id(receiver), 1 + amount * PAI // 7, ""))

    @rule(gap=gaps, payer=names, receiver=names)
    def overspend(self, gap: int, payer: str, receiver: str) -> None:
        too_much = self._get_part(payer, gap, 100) + 10 * PAI
        self._act(gap, payer, Pay(get_account_id(receiver), too_much, ""))

    @rule(gap=gaps, owner=names, part=parts, term=terms)
    def save(self, gap: int, owner: str, part: int, term: int) -> None:
        self._act(gap, owner, Save(self._get_part(owner, gap, part), term))

    @rule(gap=gaps, owner=names, number=numbers, term=terms)
    def prolong(self, gap: int, owner: str, number: int, term: int) -> None:
        self._act(gap, owner, Prolong(number, term))

    @rule(gap=gaps, owner=names, number=numbers, part=parts)
    def withdraw(self, gap: int, owner: str, number: int, part: int) -> None:
        self._act(gap, owner, Withdraw(number, 1 + part * 3 * PAI))

    @rule(gap=gaps, owner=names)
    def register(self, gap: int, owner: str) -> None:
        self._act(gap, owner, RegisterSeat(build_seat_keys(owner)))

    @rule(gap=gaps, owner=names, number=numbers, part=parts)
    def bond(self, gap: int, owner: str, number: int, part: int) -> None:
        self._act(gap, owner, Bond(number, 1 + part * 3 * PAI))

    @rule(gap=gaps, owner=names, number=numbers)
    def unbond(self, gap: int, owner: str, number: int) -> None:
        self._act(gap, owner, Unbond(number))

    @rule(gap=gaps, owner=names, policy=st.sampled_from(["safe", "2:safe+safer", "1:a+b+c"]))
    def change_policy(self, gap: int, owner: str, policy: str) -> None:
        self._act(gap, owner, ChangePolicy(get_policy(policy)))

    @rule(gap=gaps, debtor=names, creditor=names, amount=parts)
    def owe(self, gap: int, debtor: str, creditor: str, amount: int) -> None:
        number = get_book(self.busy.state).made
        owed, account_id = 1 + amount * PAI, get_account_id(creditor)
        self._act(gap, creditor, OfferInvoice(get_account_id(debtor), owed, 9, "", None, True))
        self._act(1, debtor, AcceptInvoice(number, account_id, owed, clearable=True))

    @rule(gap=gaps, payer=names, pick=parts, part=parts)
    def settle(self, gap: int, payer: str, pick: int, part: int) -> None:
        items = self._list_owed(self.busy)
        if items:
            item = items[pick % len(items)]
            amount = max(1, item.remaining * part // 100)
            self._act(gap, payer, PayInvoice(item.number, item.creditor, amount))

    @rule()
    def set_off(self) -> None:
        """The first block of the next interval, and in the following the best set-off."""
        interval = CONSTANTS.clearing_interval_slots
        self._block(interval - self.busy.slot % interval, None)
        window = get_window(self.busy.state)
        if window.open:
            _, entered = get_entered(self.busy.state)
            best = pack_certificate(window.interval, entered.graph, *solve(entered.graph))
            self._block(1, None, best)

    @rule(gap=gaps, owner=names, tolerance=parts)
    def order(self, gap: int, owner: str, tolerance: int) -> None:
        until_slot = self.busy.slot + gap + 900
        self._act(gap, owner, SetOrder(tolerance * PAI, tolerance * PAI, 9, until_slot))

    @rule(gap=gaps, seller=names, buyer=names, price=parts, received=st.booleans())
    def trade(self, gap: int, seller: str, buyer: str, price: int, received: bool) -> None:
        """An offer and a want, and the chain of both; who has no order for it consents."""
        first = self._get_made()
        until_slot, cost = self.busy.slot + gap + 900, 1 + price * PAI // 7
        self._act(gap, seller, Offer("food", "l", cost, 3, "", until_slot, ""))
        self._act(1, buyer, Want("food", "l", cost, 3, "", until_slot, ""))
        number = self._get_made()
        proposal = ProposeChain((Leg(first, number - 1, 3),), self.busy.slot + 30, None)
        self._act(1, "hamit", proposal)
        for name in (seller, buyer):
            chain = self.busy.state.chains.get(u64(number))
            if chain is not None and not get_trader(self.busy.state, get_account_id(name)).order:
                self._act(1, name, AcceptChain(number, chain.digest))
        if received:
            self._act(1, buyer, ConfirmDelivery(number + 1, 2))

    def _get_made(self) -> int:
        market = self.busy.state.market.get(CURRENT)
        return market.made if market else 0

    def _list_owed(self, ledger: PlainLedger) -> list[Obligation]:
        pages = list_pages(ledger.state, get_book(ledger.state).made)
        return [item for _, some in pages for item in some]

    # What must hold

    @invariant()
    def what_is_owed_does_not_depend_on_looks(self) -> None:
        assert self._list_owed(self.busy) == self._list_owed(self.lazy)

    @invariant()
    def money_is_conserved(self) -> None:
        assert count_money(self.busy.rows.items()) == 0
        assert count_money(self.lazy.rows.items()) == 0

    @invariant()
    def shown_is_owned(self) -> None:
        busy, lazy = self.busy.get_rows(ACCOUNTS), self.lazy.get_rows(ACCOUNTS)
        assert busy.keys() == lazy.keys() == self.exact.accounts.keys()
        step = self.busy.slot // 5
        for account_id, exact in self.exact.accounts.items():
            self.exact.bring(account_id, step)
            for ledger, row in (("busy", busy[account_id]), ("lazy", lazy[account_id])):
                plain = self.busy if ledger == "busy" else self.lazy
                shown = self._project(plain, account_id, row, step)
                looks = self.slack[ledger][account_id] + self._count_looks(plain, account_id, step)
                assert exact.balance - looks * LOST <= shown <= exact.balance, account_id.hex()

    def _project(self, ledger: PlainLedger, account_id: bytes, row: Account, step: int) -> int:
        savings = ledger.state.savings.get(account_id)
        deposits = savings.deposits if savings else ()
        touched = get_touched(row, deposits, ledger.genesis.keep_schedule, step)
        return touched.account.settlement

    def _count_looks(self, ledger: PlainLedger, account_id: bytes, step: int) -> int:
        """Decays that bringing an account up to a step writes down: more, if deposits fall due."""
        row = ledger.state.accounts.require(account_id)
        savings = ledger.state.savings.get(account_id)
        events = [get_event_step(item) for item in savings.deposits] if savings else []
        due = sum(0 <= event <= step for event in events)
        return self.exact.count_decays(row.touched_step, step) + due

    # Blocks

    def _get_part(self, name: str, gap: int, part: int) -> int:
        """A part of what an account will own less fees, by whichever ledger shows less."""
        account_id, step = get_account_id(name), (self.busy.slot + gap) // 5
        owned = min(
            self._project(ledger, account_id, ledger.state.accounts.require(account_id), step)
            for ledger in (self.busy, self.lazy)
        )
        return max(1, (owned - PAI // 2) * part // 100)

    def _act(self, gap: int, name: str, action: Action) -> None:
        self._block(gap, self.busy.sign(name, action, fee_max=PAI))

    def _block(
        self,
        gap: int,
        sealed: SealedTransaction | None,
        clearing: ClearingCertificate | None = None,
    ) -> None:
        slot = self.busy.slot + gap
        step = slot // 5
        transactions = () if sealed is None else (sealed,)
        before = [
            (
                slack,
                account_id,
                ledger,
                row.touched_step,
                self._count_looks(ledger, account_id, step),
            )
            for ledger, slack in ((self.busy, self.slack["busy"]), (self.lazy, self.slack["lazy"]))
            for account_id, row in ledger.get_rows(ACCOUNTS).items()
        ]
        everybody = sorted(self.exact.accounts)
        outcomes: list[Code | None] = []
        told: list[list[Fact]] = []
        for ledger, looked_at in ((self.busy, everybody), (self.lazy, ())):
            try:
                ledger.apply(slot, transactions, looked_at, clearing=clearing)
            except Invalid as refused:
                outcomes.append(refused.code)
            else:
                outcomes.append(None)
            told.append([fact for fact in ledger.told if isinstance(fact, ChainSettled | SetOff)])
        fee = sum(fact.amount for fact in self.busy.told if isinstance(fact, FeePaid))
        assert outcomes[0] == outcomes[1]
        assert told[0] == told[1]
        event("refused" if outcomes[0] else "done")
        for fact in told[0]:
            event(type(fact).__name__)
        for slack, account_id, ledger, touched_step, looks in before:
            if ledger.state.accounts.require(account_id).touched_step != touched_step:
                slack[account_id] += looks
        if sealed is not None and outcomes[0] is None:
            self._follow(sealed, step, fee)
            for fact in told[0]:
                if isinstance(fact, ChainSettled):
                    self.exact.bring(fact.account, step)
                    self.exact.accounts[fact.account].balance += fact.amount

    def _follow(self, sealed: SealedTransaction, step: int, fee: int) -> None:
        """Let the exact telling do what a transaction did."""
        owner = sealed.body.account
        self.exact.bring(owner, step)
        account = self.exact.accounts[owner]
        account.balance -= fee
        action = sealed.body.actions[-1]
        match action:
            case PayInvoice(creditor=to, amount=amount) | Pay(to=to, amount=amount):
                account.balance -= amount
                if to not in self.exact.accounts:
                    self._bear(to, 0, step)
                self.exact.bring(to, step)
                self.exact.accounts[to].balance += amount
            case Save(amount=amount, term_periods=term):
                account.balance -= amount
                account.deposits[account.made] = ExactDeposit(
                    amount, step, step + term * STEPS_PER_PERIOD
                )
                account.made += 1
            case Prolong(deposit=number, term_periods=term):
                account.deposits[number].renew = term * STEPS_PER_PERIOD
            case Withdraw(deposit=number, amount=amount):
                deposit = account.deposits[number]
                account.balance += amount * self.exact.compute_kept(deposit.since, step)
                decays = self.exact.count_decays(deposit.since, step)
                for slack in self.slack.values():
                    slack[owner] += decays
                deposit.amount -= amount
                if not deposit.amount:
                    del account.deposits[number]
            case Bond(deposit=number, amount=amount):
                self._follow_bond(account, number, amount)
            case Unbond(deposit=number):
                self._follow_unbond(owner, account.deposits[number], step)
            case _:
                pass

    def _follow_unbond(self, owner: bytes, deposit: ExactDeposit, step: int) -> None:
        """What a set may have counted waits for a hand-off, and none comes here."""
        if self.busy.state.served.get(owner) is None:
            deposit.bonded = False
            deposit.release = step + UNBONDING_STEPS

    def _follow_bond(self, account: ExactAccount, number: int, amount: int) -> None:
        deposit = account.deposits[number]
        if amount == deposit.amount:
            deposit.bonded = True
            return
        deposit.amount -= amount
        account.deposits[account.made] = ExactDeposit(
            amount, deposit.since, deposit.until, deposit.renew, bonded=True
        )
        account.made += 1


TestTouch = Touch.TestCase
TestTouch.settings = settings(settings.default)
