"""Offers, wants, standing orders, chains and deliveries: what they do, and who may do what."""

from collections.abc import Callable

import pytest

from chain.actions import (
    AcceptChain,
    Action,
    CancelOrder,
    ChangeListing,
    ConfirmDelivery,
    DeclineChain,
    ProposeChain,
    SetOrder,
    WithdrawListing,
)
from chain.crypto import u32, u64
from chain.errors import Code, Invalid
from chain.facts import ChainSettled, Delivered, Traded, Undelivered
from chain.rules import market, market_ends
from chain.rules.debts import owes
from chain.rules.market import FACT, note_end, take_number
from chain.tables import Dealing, Shortfall
from tests.community import PAI
from tests.credit_world import SLOTS, World, build_world, get_id
from tests.market_world import (
    accept,
    build_chain,
    build_consent,
    build_market,
    find_delivery,
    find_listing,
    find_owed,
    find_trader,
    get_delivery,
    get_listing,
    get_number,
    get_order,
    get_owed,
    get_trader,
    offer,
    order,
    pay_owed,
    propose,
    recover,
    sell,
    want,
    write_down_owed,
)


def get_balance(world: World, name: str) -> int:
    return world.get(name).settlement


def build_triangle(world: World, *, price: int = 70 * PAI) -> list[tuple[int, int, int]]:
    """Emma milks for Farid, he repairs for Galina, and she cooks for Emma; dearly."""
    return [
        (offer(world, "emma", "food/milk", price, 10), want(world, "farid", "food", price, 10), 3),
        (
            offer(world, "farid", "work/repair", 3 * price, 1, unit="h"),
            want(world, "galina", "work", 3 * price, 1, unit="h"),
            1,
        ),
        (
            offer(world, "galina", "food/soup", 3 * price + 5, 1),
            want(world, "emma", "food/soup", 4 * price, 1),
            1,
        ),
    ]


# Chains


def test_a_chain_under_standing_orders_happens_at_once_and_money_moves_by_the_difference() -> None:
    world = build_market()
    legs = build_triangle(world)
    for name in ("emma", "farid", "galina"):
        order(world, name)
    before = {name: get_balance(world, name) for name in ("emma", "farid", "galina")}
    facts = world.do("stranger", build_chain(world, *legs))
    after = {name: get_balance(world, name) for name in before}
    assert {name: after[name] - before[name] for name in before} == {
        "emma": -5,
        "farid": 0,
        "galina": 5,
    }
    assert find_listing(world, legs[0][0]) is not None
    assert get_listing(world, legs[0][0]).left == 7
    assert find_listing(world, legs[1][0]) is None
    settled = {fact.account: fact.amount for fact in facts if isinstance(fact, ChainSettled)}
    assert settled == {get_id("emma"): -5, get_id("farid"): 0, get_id("galina"): 5}
    traded = [fact for fact in facts if isinstance(fact, Traded)]
    assert [(fact.good, fact.quantity) for fact in traded] == [
        ("food/milk", 3),
        ("work/repair", 1),
        ("food/soup", 1),
    ]
    trader = get_trader(world, "emma")
    assert trader is not None
    assert trader.order is not None
    assert (trader.listings, trader.deliveries, trader.order.moved) == (1, 1, -5)


def test_a_chain_waits_for_everybody_who_has_not_consented() -> None:
    world = build_market()
    legs = build_triangle(world)
    order(world, "farid")
    chain = propose(world, "emma", *legs, consent=True)
    assert get_trader(world, "emma").proposals == 1
    assert get_balance(world, "emma") == 5_000 * PAI
    accept(world, "galina", chain)
    assert get_balance(world, "emma") == 5_000 * PAI - 5
    assert get_trader(world, "emma").proposals == 0
    assert world.state.chains.get(u64(chain)) is None


def test_an_order_counts_all_it_did_and_no_more_chains_a_period_than_signed() -> None:
    world = build_market()
    made, wanted = offer(world, "emma", price=40 * PAI), want(world, "farid")
    order(world, "emma", 5_000 * PAI, chains=100)
    order(world, "farid", 100 * PAI, chains=1)
    world.do("ivan", build_chain(world, (made, wanted, 1)))
    assert get_order(world, "farid").moved == -40 * PAI
    second = propose(world, "ivan", (made, wanted, 1))
    assert world.state.chains.get(u64(second)) is not None, "one chain a period"
    world.wait()
    world.do("ivan", build_chain(world, (made, wanted, 1)))
    assert get_order(world, "farid").moved == -80 * PAI
    world.wait()
    third = propose(world, "ivan", (made, wanted, 1))
    assert world.state.chains.get(u64(third)) is not None, "100 pai in all"
    assert get_balance(world, "farid") == 4_920 * PAI


@pytest.mark.parametrize(
    ("give", "take", "happens"),
    [
        (100 * PAI, 100 * PAI, True),
        (100 * PAI - 1, 100 * PAI, False),
        (100 * PAI, 100 * PAI - 1, False),
    ],
)
def test_an_order_is_kept_to_the_micropai(give: int, take: int, happens: bool) -> None:
    world = build_market()
    leg = offer(world, "emma", price=50 * PAI), want(world, "farid"), 2
    world.do("farid", SetOrder(give, 0, 1, 9 * SLOTS))
    world.do("emma", SetOrder(0, take, 1, 9 * SLOTS))
    world.do("ivan", build_chain(world, leg))
    assert (get_balance(world, "farid") == 4_900 * PAI) == happens
    assert get_order(world, "farid").chains == happens


ENDS: list[Callable[[World], object]] = [
    lambda world: world.do("farid", CancelOrder()),
    lambda world: recover(world, "farid"),
    lambda world: world.skip(301),
]


@pytest.mark.parametrize("end", ENDS, ids=["cancelled", "recovered", "over"])
def test_an_order_ends(end: Callable[[World], object]) -> None:
    world = build_market()
    until_slot = 350 * SLOTS
    leg = (
        offer(world, "emma", price=9, until_slot=until_slot),
        want(world, "farid", until_slot=until_slot),
        1,
    )
    order(world, "emma")
    order(world, "farid")
    world.do("ivan", build_chain(world, leg))
    assert find_delivery(world, get_number(world)) is not None
    end(world)
    waits = propose(world, "ivan", leg)
    assert world.state.chains.get(u64(waits)) is not None
    order(world, "farid")
    if world.get_context().period > 300:
        order(world, "emma")
    world.do("ivan", build_chain(world, leg))
    assert get_listing(world, leg[0]).left == 8


def test_a_consent_is_void_after_a_recovery() -> None:
    world = build_market()
    chain = propose(world, "ivan", (offer(world, "emma"), want(world, "farid"), 1))
    accept(world, "emma", chain)
    recover(world, "emma")
    accept(world, "farid", chain)
    assert get_balance(world, "farid") == 5_000 * PAI
    accept(world, "emma", chain)
    assert get_balance(world, "farid") == 4_930 * PAI


@pytest.mark.parametrize("slots_before", [0, 1])
def test_a_consent_of_the_slot_of_a_recovery_is_void_too(slots_before: int) -> None:
    world = build_market()
    leg = offer(world, "emma"), want(world, "farid"), 1
    chain = propose(world, "farid", leg, consent=True)
    (consent,) = world.state.chains.require(u64(chain)).consents
    recover(world, "farid", slot=consent.slot - slots_before)
    accept(world, "emma", chain)
    happened = world.state.chains.get(u64(chain)) is None
    assert happened == (slots_before > 0)


def test_a_chain_that_became_impossible_is_refused_whole() -> None:
    world = build_market()
    legs = build_triangle(world)
    chain = propose(world, "ivan", *legs)
    accept(world, "emma", chain)
    accept(world, "farid", chain)
    world.do("farid", WithdrawListing(legs[1][0]))
    with pytest.raises(Invalid) as error:
        accept(world, "galina", chain)
    assert error.value.code is Code.UNKNOWN_LISTING
    assert get_listing(world, legs[0][0]).left == 10
    assert {get_balance(world, name) for name in ("emma", "farid", "galina")} == {5_000 * PAI}


def test_a_buyer_without_cover_stops_the_whole_chain() -> None:
    world = build_market()
    legs = build_triangle(world)
    for name in ("emma", "farid", "galina"):
        order(world, name)
    world.spend("emma")
    with pytest.raises(Invalid) as error:
        world.do("ivan", build_chain(world, *legs))
    assert error.value.code is Code.INSUFFICIENT_BALANCE
    assert find_listing(world, legs[1][0]) is not None
    assert get_order(world, "farid").moved == 0


def test_limits_of_credit_carry_a_chain() -> None:
    world = build_market()
    world.spend("farid")
    world.pay("galina", "farid", 10 * PAI)
    sell_price = offer(world, "emma", price=10 * PAI), want(world, "farid", price=10 * PAI), 1
    chain = propose(world, "ivan", sell_price)
    accept(world, "emma", chain)
    accept(world, "farid", chain)
    assert get_balance(world, "farid") == -30 * PAI


# Deliveries


def test_a_receipt_in_parts() -> None:
    world = build_market()
    number = sell(world, quantity=3)
    facts = world.do("farid", ConfirmDelivery(number, 2))
    assert [fact.quantity for fact in facts if isinstance(fact, Delivered)] == [2]
    assert get_delivery(world, number).left == 1
    world.wait(8)
    assert get_trader(world, "emma").overdue == 1
    world.do("farid", ConfirmDelivery(number, 1))
    trader = get_trader(world, "emma")
    assert (trader.deliveries, trader.overdue, trader.delivered, trader.late) == (0, 0, FACT, FACT)
    world.wait(5)
    assert find_owed(world, number) is None


def test_what_is_not_receipted_in_time_is_owed_and_only_the_buyer_can_ask_for_less() -> None:
    world = build_market()
    number = sell(world, quantity=3)
    world.do("farid", ConfirmDelivery(number, 1))
    before = world.read_table(Dealing)
    world.wait(9)
    assert find_delivery(world, number) is not None
    facts = world.wait(1)
    owed = get_owed(world, number)
    assert [fact.amount for fact in facts if isinstance(fact, Undelivered)] == [140 * PAI]
    assert (owed.debtor, owed.creditor, owed.amount, owed.reference, owed.due_period) == (
        get_id("emma"), get_id("farid"), 140 * PAI, "food/milk", 7,
    )  # fmt: skip
    clearable_slot = (world.get_context().period + 3) * SLOTS
    assert owed.ready_slot == clearable_slot
    assert owed.shortfall == Shortfall(number, clearable_slot)
    assert owes(world.state, get_id("emma"))
    trader = get_trader(world, "emma")
    assert (trader.deliveries, trader.overdue, trader.disputed) == (0, 1, FACT)
    world.do("farid", write_down_owed(world, number, 40 * PAI))
    world.do("hamit", pay_owed(world, number, 30 * PAI))
    assert get_balance(world, "farid") == 4_820 * PAI
    assert get_trader(world, "emma").overdue == 1
    world.do("emma", pay_owed(world, number, 70 * PAI))
    trader = get_trader(world, "emma")
    assert (trader.overdue, trader.kept) == (0, FACT)
    assert not owes(world.state, get_id("emma"))
    assert world.read_table(Dealing) == before, "money back is no sale"
    assert find_owed(world, number) is None


def test_what_is_forgiven_is_not_counted_as_kept() -> None:
    world = build_market()
    number = sell(world)
    world.wait(11)
    world.do("farid", write_down_owed(world, number, 210 * PAI))
    trader = get_trader(world, "emma")
    assert (trader.overdue, trader.kept) == (0, 0)
    assert 0 < trader.disputed < FACT, "it has begun to fade"


def test_the_third_overdue_delivery_closes_the_order() -> None:
    world = build_market()
    order(world, "emma")
    for count in (1, 2, 3):
        number = sell(world)
        world.wait(8)
        trader = get_trader(world, "emma")
        assert trader.overdue == count
        assert (trader.order is not None) == (count <= 2)
    world.do("farid", ConfirmDelivery(number, 3))
    order(world, "emma")


# What ends


def test_offers_end_and_changes_of_their_end_are_kept() -> None:
    world = build_market()
    short, changed, longer = (offer(world, "emma", until_slot=5 * SLOTS) for _ in range(3))
    world.do("emma", ChangeListing(changed, 7, 7, 2 * SLOTS))
    world.do("emma", ChangeListing(longer, 7, 7, 9 * SLOTS))
    world.wait(3)
    assert [find_listing(world, number) is not None for number in (short, changed, longer)] == [
        True, False, True,
    ]  # fmt: skip
    world.wait(3)
    assert [find_listing(world, number) is not None for number in (short, longer)] == [False, True]
    world.wait(4)
    assert find_listing(world, longer) is None
    assert find_trader(world, "emma") is None
    assert get_number(world) == longer


def test_a_chain_that_waited_too_long_is_forgotten() -> None:
    world = build_market()
    chain = propose(world, "ivan", (offer(world, "emma"), want(world, "farid"), 1))
    world.wait(5)
    assert world.state.chains.get(u64(chain)) is not None
    world.wait(1)
    assert world.state.chains.get(u64(chain)) is None
    assert find_trader(world, "ivan") is None


def test_many_ends_of_one_period_are_looked_at_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(market, "MARKET_DAY_MAX", 3)
    monkeypatch.setattr(market_ends, "ENDS_PER_BLOCK", 4)
    world = build_market()
    numbers = [offer(world, "emma", until_slot=2 * SLOTS) for _ in range(11)]
    assert world.state.market_days.get(u64(3) + u32(3)) is not None
    world.skip(3)
    left = []
    for _ in range(9):
        left.append(sum(find_listing(world, number) is not None for number in numbers))
        world.block()
    assert left[0] > left[1] > left[2]
    assert left[-1] == 0
    assert find_trader(world, "emma") is None
    for page in range(4):
        assert world.state.market_days.get(u64(3) + (u32(page) if page else b"")) is None


def test_a_long_pause_stops_no_block() -> None:
    world = build_market()
    number = offer(world, "emma", until_slot=2 * SLOTS)
    world.skip(300, blocks=1)
    assert find_listing(world, number) is None
    for _ in range(6):
        world.block()
    late = offer(world, "emma", until_slot=world.slot + SLOTS)
    world.wait(2)
    assert find_listing(world, late) is None


def test_nothing_is_ever_noted_for_a_period_that_was_looked_at() -> None:
    world = build_market()

    def note(state: object, context: object) -> None:
        number = take_number(world.state, world.get_context())
        note_end(world.state, world.get_context(), 0, number)

    world.call(note)
    assert world.state.market_days.get(u64(0)) is None
    assert world.state.market_days.get(u64(1)) is not None


def test_what_goods_are_called() -> None:
    world = build_market()
    for good in ("Milk", "food//milk", "/food", "food/", "a b", "молоко/mилк", "a/" * 8 + "a", ""):
        with pytest.raises(ValueError, match="food/milk"):
            offer(world, "emma", good)
    for unit in ("", "two words", "a/b"):
        with pytest.raises(ValueError, match="unit"):
            offer(world, "emma", unit=unit)
    offer(world, "emma", "еда/молоко/козье", unit="л", place="арский-район/арск")


# Who may do what, in a market where Emma has sold to Farid, and a chain of theirs waits


ACTS: dict[str, tuple[Callable[["Stage"], Action], set[str]]] = {
    "change the offer": (lambda it: ChangeListing(it.made, 1, 1, 999), {"emma"}),
    "withdraw the offer": (lambda it: WithdrawListing(it.made), {"emma"}),
    "withdraw the want": (lambda it: WithdrawListing(it.wanted), {"farid"}),
    "propose": (lambda it: it.proposal, {"emma", "farid", "galina", "ivan"}),
    "consent": (lambda it: it.consent, {"emma", "farid"}),
    "decline": (lambda it: DeclineChain(it.chain), {"emma", "farid", "ivan"}),
    "receipt": (lambda it: ConfirmDelivery(it.delivery, 1), {"farid"}),
    "let off": (lambda it: write_down_owed(it.world, it.failed, 1), {"farid"}),
    "pay": (lambda it: pay_owed(it.world, it.failed, 1), {"emma", "galina", "ivan"}),
}


class Stage:
    """Everything that can be acted on."""

    def __init__(self) -> None:
        world = build_market()
        self.world: World = world
        self.failed: int = sell(world)
        world.wait(11)
        self.delivery: int = sell(world)
        self.made: int = offer(world, "emma")
        self.wanted: int = want(world, "farid")
        leg = (self.made, self.wanted, 1)
        self.chain: int = propose(world, "ivan", leg)
        self.proposal: ProposeChain = build_chain(world, leg)
        self.consent: AcceptChain = build_consent(world, self.chain)


@pytest.mark.parametrize("act", ACTS)
def test_who_may(act: str) -> None:
    build, allowed = ACTS[act]
    for name in ("emma", "farid", "galina", "ivan"):
        stage = Stage()
        try:
            stage.world.do(name, build(stage))
        except Invalid:
            assert name not in allowed
        else:
            assert name in allowed


def test_strangers_to_the_market_leave_no_trace() -> None:
    world = build_world()
    world.wait(3)
    assert world.state.market.get(b"") is None
