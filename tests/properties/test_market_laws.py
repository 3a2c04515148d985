"""Nobody is ever charged beyond what he signed, whatever chains anybody proposes.

Members with arbitrary offers, wants and standing orders meet malicious chains; some consent to some
of them by hand, prices change meanwhile, and accounts are recovered. After every block the promises
of the ledger hold (the world checks them), money is where it was, a refused chain has changed
nothing, and each balance moved by exactly what was consented to, within what was ordered.
"""

import random
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from chain.actions import (
    AcceptChain,
    Action,
    CancelOrder,
    ChangeListing,
    ConfirmDelivery,
    DeclineChain,
    Leg,
    Offer,
    PayInvoice,
    ProposeChain,
    SetOrder,
    Want,
    WithdrawListing,
    WriteDown,
)
from chain.crypto import u64
from chain.errors import Invalid
from chain.facts import ChainSettled, Fact
from chain.rules.barter import (
    compute_chain_digest,
    compute_deltas,
    find_deals,
    get_consents,
)
from chain.tables import CURRENT, Account, Delivery, Listing, Order, Trader
from tests.community import PAI, get_name
from tests.credit_world import SLOTS, World, build_world, get_id
from tests.market_world import build_consent, list_owed, recover

NAMES = ("emma", "farid", "galina", "hamit")
GOODS = ("food/milk", "food/bread", "work/repair")
names = st.sampled_from(NAMES)
numbers = st.integers(0, 30)
legs = st.lists(
    st.builds(Leg, st.integers(0, 12), st.integers(0, 12), st.integers(1, 4)),
    min_size=1,
    max_size=5,
)


class MarketMachine(RuleBasedStateMachine):
    """People list, order, propose, consent, deliver and fail to; periods pass."""

    @initialize()
    def found(self) -> None:
        self.world: World = build_world(names=(*NAMES, "ivan"), balance=100 * PAI)
        # What each chain does to whoever has consented to it: nothing else may happen to him.
        self.promised: dict[tuple[int, bytes], int] = {}
        self.money = self._count_money()
        for index, name in enumerate(NAMES):
            self.do_list(name, GOODS[index % 3], 3 * PAI, is_want=False)
            self.do_list(
                name, "food" if index % 2 else GOODS[(index + 1) % 3], 5 * PAI, is_want=True
            )
            self._try(name, SetOrder(9 * PAI, 9 * PAI, 2, 30 * SLOTS))

    # What is tried, and what it may do to balances

    def _try(self, name: str, action: Action) -> list[Fact] | None:
        """The facts of an action, or None when it was refused and nothing has changed."""
        rows = dict(self.world.read_table(Account))
        try:
            return self.world.do(name, action)
        except Invalid:
            assert dict(self.world.read_table(Account)) == rows
            return None

    def _get_order(self, name: str) -> Order | None:
        trader = self.world.state.traders.get(get_id(name))
        return trader.order if trader else None

    def _check_chain(self, name: str, action: Action, consented: set[bytes]) -> None:
        """Who has not consented to this very chain is moved within his order, as it stood."""
        orders = {get_id(one): self._get_order(one) for one in NAMES}
        number = action.chain if isinstance(action, AcceptChain) else self._get_made()
        self._promise(number, action, consented & {get_id(name)})
        before = {get_id(one): self.world.get(one).settlement for one in NAMES}
        facts = self._try(name, action)
        for one in NAMES:
            account = get_id(one)
            moved = self.world.get(one).settlement - before[account]
            told = [
                fact.amount
                for fact in facts or ()
                if isinstance(fact, ChainSettled) and fact.account == account
            ]
            assert moved == sum(told)
            if not told:
                continue
            if account in consented:
                assert moved == self.promised[number, account], "another chain was consented to"
                continue
            order = orders[account]
            assert order is not None, f"{one} has signed nothing"
            assert -order.give_max <= order.moved + moved <= order.take_max
            after = self._get_order(one)
            assert after is not None
            assert after.moved == order.moved + moved
            assert after.chains <= order.chains_a_period

    def _get_made(self) -> int:
        return self.world.state.market.require(CURRENT).made

    def _promise(self, number: int, action: Action, signers: set[bytes]) -> None:
        """Take down what a chain would do to those who sign it now, as its rows stand."""
        if isinstance(action, AcceptChain):
            legs = self.world.state.chains.require(u64(action.chain)).legs
        else:
            assert isinstance(action, ProposeChain)
            legs = action.legs
        with suppress(Invalid):
            deltas = compute_deltas(find_deals(self.world.state, self.world.get_context(), legs))
            self.promised |= {(number, one): deltas[one] for one in signers if one in deltas}

    def do_list(self, name: str, good: str, price: int, *, is_want: bool) -> None:
        kind = Want if is_want else Offer
        self._try(name, kind(good, "one", price, 6, "", self.world.slot + 40 * SLOTS, ""))

    @rule(
        name=names,
        good=st.sampled_from((*GOODS, "food")),
        price=st.sampled_from((PAI, 3 * PAI, 5 * PAI, 40 * PAI)),
        is_want=st.booleans(),
    )
    def list_goods(self, name: str, good: str, price: int, is_want: bool) -> None:
        self.do_list(name, good, price, is_want=is_want)

    @rule(number=numbers, price=st.sampled_from((PAI, 4 * PAI)), gone=st.booleans())
    def change(self, number: int, price: int, gone: bool) -> None:
        row = self.world.state.listings.get(u64(number))
        name = NAMES[number % 4] if row is None else get_name(row.account)
        until_slot = self.world.slot + 40 * SLOTS
        self._try(
            name,
            WithdrawListing(number) if gone else ChangeListing(number, price, 5, until_slot),
        )

    @rule(
        name=names,
        give=st.sampled_from((0, 9 * PAI, 15 * PAI, 500 * PAI)),
        take=st.sampled_from((0, 9 * PAI, 15 * PAI, 500 * PAI)),
        chains=st.integers(1, 3),
        cancel=st.booleans(),
    )
    def order(self, name: str, give: int, take: int, chains: int, cancel: bool) -> None:
        until_slot = self.world.slot + 30 * SLOTS
        action = SetOrder(give, take, chains, until_slot)
        self._try(name, CancelOrder() if cancel and chains == 1 else action)

    @rule(items=legs, ordered=st.booleans())
    def propose_anything(self, items: list[Leg], ordered: bool) -> None:
        if ordered:
            items = sorted(items, key=lambda leg: (leg.offer, leg.want))
        action = ProposeChain(tuple(items), self.world.slot + 2 * SLOTS, None)
        self._check_chain("ivan", action, set())

    @rule(
        picks=st.lists(
            st.tuples(st.lists(st.integers(0, 99), min_size=1, max_size=4), st.integers(1, 3)),
            min_size=1,
            max_size=6,
        )
    )
    def propose_what_fits(self, picks: list[tuple[list[int], int]]) -> None:
        for pick, quantity in picks:
            fitting = self._find_fitting()
            if fitting:
                pairs = sorted({fitting[index % len(fitting)] for index in pick})
                chain = tuple(Leg(*pair, quantity) for pair in pairs)
                action = ProposeChain(chain, self.world.slot + 2 * SLOTS, None)
                self._check_chain("ivan", action, set())

    def _find_fitting(self) -> list[tuple[int, int]]:
        listings = {int.from_bytes(key, "big"): row for key, row in self.world.read_table(Listing)}
        found = []
        for offered, row in sorted(listings.items()):
            for wanted in sorted(listings):
                if not row.is_want and listings[wanted].is_want:
                    with suppress(Invalid):
                        context = self.world.get_context()
                        find_deals(self.world.state, context, (Leg(offered, wanted, 1),))
                        found.append((offered, wanted))
        return found

    @rule(name=names, pick=st.integers(0, 99))
    def propose_with_consent(self, name: str, pick: int) -> None:
        fitting = self._find_fitting()
        if not fitting:
            return
        chain = (Leg(*fitting[pick % len(fitting)], 1),)
        deals = find_deals(self.world.state, self.world.get_context(), chain)
        expires = self.world.slot + 2 * SLOTS
        digest = compute_chain_digest(self.world.chain, deals, expires)
        consented = {get_id(name)} if get_id(name) in compute_deltas(deals) else set()
        self._check_chain(name, ProposeChain(chain, expires, digest), consented)

    @rule(name=names, pick=st.integers(0, 99), refuse=st.integers(0, 5))
    def answer(self, name: str, pick: int, refuse: int) -> None:
        waiting = [
            number
            for number in range(self.world.state.market.require(CURRENT).made)
            if self.world.state.chains.get(u64(number)) is not None
        ]
        if not waiting:
            return
        number = waiting[pick % len(waiting)]
        if not refuse:
            self._try(name, DeclineChain(number))
            return
        row = self.world.state.chains.require(u64(number))
        valid = get_consents(self.world.state, row)
        consented = {get_id(name), *(item.account for item in valid)}
        self._check_chain(name, build_consent(self.world, number), consented)

    @rule(name=names)
    def recover(self, name: str) -> None:
        """Whoever had stolen the keys has consented to nothing."""
        recover(self.world, name)

    @rule(name=names, pick=st.integers(0, 99), quantity=st.integers(1, 3))
    def receive(self, name: str, pick: int, quantity: int) -> None:
        open_ones = [key for key, _ in self.world.read_table(Delivery)]
        if open_ones:
            number = int.from_bytes(sorted(open_ones)[pick % len(open_ones)], "big")
            self._try(name, ConfirmDelivery(number, quantity))

    @rule(
        name=names,
        pick=st.integers(0, 99),
        amount=st.sampled_from((1, PAI, 5 * PAI)),
        pay=st.booleans(),
    )
    def make_good(self, name: str, pick: int, amount: int, pay: bool) -> None:
        items = list_owed(self.world)
        if not items:
            return
        owed = items[pick % len(items)]
        assert owed.shortfall is not None, "nobody has accepted any other debt"
        before = self.world.get(name).settlement
        action = (
            PayInvoice(owed.number, owed.creditor, amount)
            if pay
            else WriteDown(owed.number, owed.debtor, amount)
        )
        facts = self._try(name, action)
        paid = amount if pay and facts is not None else 0
        assert before - self.world.get(name).settlement == paid
        if facts is not None:
            assert pay == (name != get_name(owed.creditor)), (
                "the buyer alone lets off, and never pays"
            )

    @rule(periods=st.sampled_from((1, 1, 3, 12)))
    def wait(self, periods: int) -> None:
        before = {name: self.world.get(name).settlement for name in NAMES}
        self.world.wait(periods)
        assert before == {name: self.world.get(name).settlement for name in NAMES}

    @invariant()
    def money_is_where_it_was(self) -> None:
        assert self._count_money() == self.money

    def _count_money(self) -> int:
        return sum(row.settlement for row in self.world.read(Account))


MarketMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestMarket = MarketMachine.TestCase


@pytest.mark.parametrize("seed", range(6))
def test_long_lives(seed: int) -> None:
    """The same deeds in the proportions of a market, for longer than chance alone goes on."""
    draw = random.Random(seed)
    machine = MarketMachine()
    machine.found()
    deeds: list[Callable[[str, int], object]] = [
        lambda name, pick: machine.do_list(
            name, GOODS[pick % 3], (3 + pick % 2) * PAI, is_want=False
        ),
        lambda name, pick: machine.do_list(
            name, (*GOODS, "food")[pick % 4], (3 + pick % 3) * PAI, is_want=True
        ),
        lambda name, pick: machine.order(
            name, pick * PAI % (20 * PAI), 15 * PAI, 1 + pick % 3, pick == 0
        ),
        lambda _, pick: machine.propose_what_fits([([pick, pick // 3], 1 + pick % 3)]),
        lambda _, pick: machine.propose_what_fits([([pick], 1)]),
        machine.propose_with_consent,
        lambda name, pick: machine.answer(name, pick, pick % 9),
        lambda name, pick: machine.answer(name, pick, 1),
        lambda name, pick: machine.receive(name, pick, 1 + pick % 2),
        lambda name, pick: machine.make_good(name, pick, (1, PAI)[pick % 2], pick % 3 > 0),
        lambda _, pick: machine.change(pick % 30, 4 * PAI, pick % 4 == 0),
        lambda name, pick: machine.recover(name) if pick % 9 == 0 else None,
        lambda _, pick: machine.wait(1) if pick % 3 == 0 else None,
    ]
    for _ in range(250):
        draw.choice(deeds)(draw.choice(NAMES), draw.randrange(100))
        machine.money_is_where_it_was()
    traded = [row for row in machine.world.read(Trader) if row.delivered or row.disputed]
    assert traded, "nothing was tried in earnest"
