"""The matchmaker: bounds that hold for any potentials, and chains that the ledger accepts.

A village of thirty without any money trades in chains found here, by the ledger's own rules.
"""

import random
from collections.abc import Sequence
from statistics import median_low

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.actions import Leg, ProposeChain
from chain.policy import AccountId
from chain.tables import Delivery, Listing, Trader
from node.exchange import market as market_module
from node.exchange import relaxation as relaxation_module
from node.exchange.apart import has_solver
from node.exchange.market import (
    Market,
    Room,
    build_relaxation,
    compute_bound,
    count_prices,
)
from node.exchange.matchmaker import PEOPLE_MAX, Found, compute_moves, find_chains
from node.exchange.relaxation import solve
from tests.community import PAI
from tests.credit_world import World, build_world, get_id
from tests.market_world import offer, order, want

# What the village knows to make and to do: unit, and price in pai. Members deal in some of each.
GOODS = {
    "food/milk": ("l", 7),
    "food/eggs": ("ten", 12),
    "food/potatoes": ("kg", 4),
    "food/honey": ("jar", 65),
    "food/bread": ("loaf", 9),
    "work/repair": ("hour", 150),
    "work/haircut": ("one", 50),
    "work/lesson": ("hour", 80),
    "work/transport": ("trip", 90),
    "farm/feed": ("bag", 90),
    "home/firewood": ("bundle", 22),
    "home/wool": ("skein", 30),
}
CATEGORIES = {"food/milk": "food/milk", "food/honey": "food/honey", "food/bread": "food"}
VILLAGE = tuple(f"villager{number}" for number in range(30))


def get_account(number: int) -> AccountId:
    return AccountId(bytes([number]) * 32)


def build_random_market(seed: int, members: int = 8, tolerance: int = 100 * PAI) -> Market:
    draw = random.Random(seed)
    listings: dict[int, Listing] = {}
    for member in range(members):
        for is_want in (False, True, True):
            good = draw.choice(list(GOODS))
            unit, price = GOODS[good]
            listings[len(listings)] = Listing(
                account=get_account(member),
                is_want=is_want,
                good=good,
                unit=unit,
                price=price * PAI,
                left=draw.randint(1, max(1, 400 // price)),
                place="",
                until_slot=9,
                note="",
            )
    rooms = {get_account(member): Room(tolerance, tolerance, 10) for member in range(members)}
    return Market(listings, rooms, {})


def check_found(market: Market, found: Found) -> None:
    """Nothing that was not there is traded, and nobody is moved beyond his room."""
    left = {number: row.left for number, row in market.listings.items()}
    rooms, value, counted = dict(market.rooms), 0, count_prices(market)
    for legs in found.chains:
        assert [(leg.offer, leg.want) for leg in legs] == sorted(
            {(leg.offer, leg.want) for leg in legs}
        )
        for leg in legs:
            left[leg.offer] -= leg.quantity
            left[leg.want] -= leg.quantity
            value += leg.quantity * counted[leg.offer]
        for account, move in compute_moves(market.listings, legs).items():
            room = rooms[account]
            rooms[account] = Room(room.give + move, room.take - move, room.chains - 1)
    assert min(left.values(), default=0) >= 0
    assert all(min(room) >= 0 for room in rooms.values())
    assert found.bound is not None
    assert value == found.value <= found.bound


@pytest.mark.parametrize("without_solver", [False, True])
@pytest.mark.parametrize("seed", range(12))
def test_what_is_found_keeps_its_bounds(
    seed: int, without_solver: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if without_solver:
        monkeypatch.setattr(relaxation_module, "has_solver", lambda: False)
    elif not has_solver():
        pytest.skip("OR-tools is not installed")
    market = build_random_market(seed)
    found = find_chains(market)
    check_found(market, found)
    assert found == find_chains(market)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), data=st.data())
def test_any_potentials_bound_what_can_be_found(seed: int, data: st.DataObject) -> None:
    market = build_random_market(seed, members=5)
    network = build_relaxation(market)
    potentials = data.draw(
        st.lists(st.integers(0, 2_000), min_size=network.nodes, max_size=network.nodes)
    )
    assert find_chains(market).value <= compute_bound(network, potentials)


@pytest.mark.skipif(not has_solver(), reason="OR-tools is not installed")
@pytest.mark.parametrize("seed", range(12))
def test_the_solvers_potentials_prove_its_flow(seed: int) -> None:
    network = build_relaxation(build_random_market(seed))
    solution = solve(network)
    worth = -sum(arc.cost * flow for arc, flow in zip(network.arcs, solution.flows, strict=True))
    assert -(-worth * 10_000 // 1_000) == compute_bound(network, solution.potentials)


def test_a_stone_sold_for_a_fortune_does_not_come_before_bread() -> None:
    def build(account: int, good: str, price: int, *, is_want: bool = False) -> Listing:
        return Listing(get_account(account), is_want, good, "one", price, 1, "", 9, "")

    listings = {
        0: build(1, "stone", 10**6 * PAI),
        1: build(2, "stone", 10**6 * PAI, is_want=True),
        2: build(3, "bread", 9 * PAI),
        3: build(4, "bread", 10 * PAI, is_want=True),
    }
    market = Market(listings, {}, {"bread": 8 * PAI})
    assert count_prices(market) == {0: 10**5 * PAI, 2: 8 * PAI}
    known = market._replace(references={"stone": PAI})
    assert count_prices(known) == {0: PAI, 2: 9 * PAI}


def test_the_middle_of_what_is_offered_is_sought_once_however_much_that_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else whoever lists many goods that nobody knows could keep every search busy."""
    sought: list[int] = []

    def seek(prices: Sequence[int]) -> int:
        sought.append(len(prices))
        return median_low(prices)

    monkeypatch.setattr(market_module, "median_low", seek)
    build_relaxation(build_random_market(1, members=40))
    assert sought == [40]


def test_a_ring_of_three_is_found_with_and_without_a_solver(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def build(account: int, good: str, price: int, left: int, *, is_want: bool) -> Listing:
        return Listing(get_account(account), is_want, good, "one", price, left, "", 9, "")

    listings = {
        0: build(1, "milk", 7, 30, is_want=False),
        1: build(2, "milk", 7, 20, is_want=True),
        2: build(2, "repair", 70, 3, is_want=False),
        3: build(3, "repair", 80, 2, is_want=True),
        4: build(3, "feed", 35, 9, is_want=False),
        5: build(1, "feed", 40, 4, is_want=True),
    }
    rooms = {get_account(number): Room(0, 0, 1) for number in (1, 2, 3)}
    market = Market(listings, rooms, dict.fromkeys(("milk", "repair", "feed"), 70))
    ring = (Leg(0, 1, 20), Leg(2, 3, 2), Leg(4, 5, 4))
    assert find_chains(market).chains == (ring,)
    monkeypatch.setattr(relaxation_module, "has_solver", lambda: False)
    assert find_chains(market).chains == (ring,)


# The village


def found_village() -> World:
    """Thirty identified members who own nothing, and thirty times what they have and need."""
    world = build_world(names=VILLAGE, balance=0)
    draw = random.Random(5)
    goods = list(GOODS)
    for index, name in enumerate(VILLAGE):
        for shift in (0, 5):
            good = goods[(index + shift) % len(goods)]
            unit, price = GOODS[good]
            offer(world, name, good, price * PAI, max(2, 300 // price), unit=unit)
        for good in draw.sample(goods, 3):
            unit, price = GOODS[good]
            wanted = CATEGORIES.get(good, good)
            want(world, name, wanted, price * PAI, max(1, 180 // price), unit=unit)
        order(world, name, 25 * PAI, chains=20)
    return world


def read_market(world: World) -> Market:
    traders = dict(world.read_table(Trader))
    rooms = {}
    for account, trader in traders.items():
        assert trader.order is not None
        rooms[AccountId(account)] = Room(
            trader.order.give_max + trader.order.moved,
            trader.order.take_max - trader.order.moved,
            trader.order.chains_a_period - trader.order.chains,
        )
    listings = {int.from_bytes(key, "big"): row for key, row in world.read_table(Listing)}
    return Market(listings, rooms, {})


@pytest.mark.parametrize("without_solver", [False, True])
def test_a_village_without_money_trades_in_chains(
    without_solver: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if without_solver:
        monkeypatch.setattr(relaxation_module, "has_solver", lambda: False)
    world = found_village()
    market = read_market(world)
    found = find_chains(market)
    check_found(market, found)
    lengths = []
    for legs in found.chains:
        world.do("stranger", ProposeChain(legs, world.slot + 20, None))
        lengths.append(len({market.listings[leg.want].account for leg in legs}))
    assert max(lengths) <= PEOPLE_MAX
    needs = {leg.want for legs in found.chains for leg in legs}
    assert len(needs) >= 40, "dozens of needs"
    assert sum(3 <= length <= 7 for length in lengths) >= 12
    balances = {name: world.get(name).settlement for name in VILLAGE}
    assert sum(balances.values()) == 0
    for name in VILLAGE:
        signed = world.state.traders.require(get_id(name)).order
        assert signed is not None
        assert -25 * PAI <= balances[name] == signed.moved <= 25 * PAI
    deliveries = world.read(Delivery)
    traded = sum(row.left * row.price for row in deliveries)
    assert traded == sum(
        leg.quantity * market.listings[leg.offer].price for legs in found.chains for leg in legs
    )
    moved = sum(balance for balance in balances.values() if balance > 0)
    assert 10 * moved < traded, "money moved for less than a tenth of what was traded"
