"""Laws of standing, against exact fractions: what is counted is net, bounded by pairs, and fades.

Payments among six persons, with periods between. The model keeps every pair's dealings as fractions
and never rounds.
"""

from collections import defaultdict
from fractions import Fraction
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from chain.rules.identity import get_home_person_key
from tests.community import CONSTANTS, PAI
from tests.credit_world import BASE, PAIR_CAP, TENTH, World, build_world

KEEP = Fraction(CONSTANTS.credit_keep, 2**64)
PEOPLE = ("emma", "farid", "galina", "hamit", "ivan", "julia")
OF_A_PAIR = TENTH + PAIR_CAP // 2  # the most that both sides together may gain by each other
STEP = BASE // 50

people = st.sampled_from(PEOPLE)
amounts = st.sampled_from([PAI, 5 * PAI, 29 * PAI, 30 * PAI, 61 * PAI, 400 * PAI, 1_234_567])
waits = st.sampled_from([0, 0, 0, 1, 7, 90, 180])
deals = st.lists(st.tuples(people, people, amounts, waits), max_size=25)


class Model:
    """What everybody had from everybody, exactly."""

    def __init__(self) -> None:
        self.received: defaultdict[tuple[str, str], Fraction] = defaultdict(Fraction)
        self.lifetime: defaultdict[tuple[str, str], int] = defaultdict(int)

    def pay(self, payer: str, receiver: str, amount: int) -> None:
        self.received[receiver, payer] += amount
        self.lifetime[receiver, payer] += amount

    def wait(self, periods: int) -> None:
        for pair in self.received:
            self.received[pair] *= KEEP**periods

    def get_net(self, one: str, other: str) -> Fraction:
        return self.received[one, other] - self.received[other, one]


def play(world: World, model: Model, story: list[tuple[str, str, int, int]]) -> int:
    """Let a story happen in both; returns how often anything may have been rounded."""
    for payer, receiver, amount, periods in story:
        if payer != receiver and world.get(payer).settlement >= amount:
            before = world.get_context().period
            world.pay(payer, receiver, amount)
            model.wait(world.get_context().period - before)
            model.pay(payer, receiver, amount)
        if periods:
            before = world.get_context().period
            world.skip(periods)
            model.wait(world.get_context().period - before)
    return 2 * len(story) + 2


def get_tag(world: World, name: str) -> bytes:
    tag = world.get(name).person
    assert tag is not None
    return tag


@given(deals)
def test_dealings_are_net_and_fade(story: list[tuple[str, str, int, int]]) -> None:
    world, model = build_world(names=PEOPLE), Model()
    dust = play(world, model, story)
    now = world.get_context().period
    for one, other in combinations(sorted(PEOPLE, key=lambda name: get_tag(world, name)), 2):
        row = world.state.dealings.get(get_tag(world, one) + get_tag(world, other))
        exact = model.get_net(one, other)
        if row is None:
            assert exact == 0
            continue
        faded = row.net * KEEP ** (now - row.period)
        assert abs(faded - exact) <= dust
        lifetime = model.lifetime[one, other] - model.lifetime[other, one]
        assert row.lifetime == lifetime
        assert row.lower_sales + row.higher_sales <= TENTH
        assert row.lower_earned + row.higher_earned <= PAIR_CAP


@given(deals)
def test_nobody_is_good_for_more_than_his_pairs_give(
    story: list[tuple[str, str, int, int]],
) -> None:
    """So two friends who pass money round gain no more, together, than by one sale."""
    world, model = build_world(names=PEOPLE), Model()
    dust = play(world, model, story)
    dealt = {frozenset(pair) for pair in model.lifetime if model.lifetime[pair]}
    for size in (2, 3, len(PEOPLE)):
        for group in combinations(PEOPLE, size):
            # Strangers to the group count too: what each has sold to somebody outside it.
            inside = sum(1 for pair in dealt if pair <= set(group))
            outside = sum(1 for pair in dealt if len(pair & set(group)) == 1)
            gained = sum(world.get_limit(name) - TENTH for name in group)
            assert gained <= (inside + outside) * OF_A_PAIR + dust
    for name in PEOPLE:
        buyers = {payer for receiver, payer in model.lifetime if receiver == name}
        key = get_home_person_key(get_tag(world, name))
        standing = world.state.standings.get(key)
        sales = standing.sales if standing else 0
        assert sales <= len(buyers) * TENTH


@given(deals, st.integers(1, 400))
def test_a_limit_falls_by_time_alone_and_not_faster_than_the_half_life(
    story: list[tuple[str, str, int, int]], periods: int
) -> None:
    world, model = build_world(names=PEOPLE), Model()
    play(world, model, story)
    before = {name: world.get_limit(name) for name in PEOPLE}
    begin = world.get_context().period
    world.skip(periods)
    passed = world.get_context().period - begin
    for name, limit in before.items():
        after = world.get_limit(name)
        assert limit * KEEP ** (passed + 1) - 2 <= after <= limit
        assert after >= TENTH


@given(deals)
def test_a_payer_never_gains_by_paying(story: list[tuple[str, str, int, int]]) -> None:
    world, model = build_world(names=PEOPLE), Model()
    for deal in story:
        before = world.get_limit(deal[0])
        play(world, model, [(*deal[:3], 0)])
        assert world.get_limit(deal[0]) <= before


@given(st.integers(1, 1_000), st.integers(0, 720))
def test_the_golden_limit_of_one_sale(pai: int, periods: int) -> None:
    """By fractions alone: half of what the sale brought, faded, and the base it opened."""
    world = build_world(names=PEOPLE)
    world.pay("farid", "emma", pai * PAI)
    if periods:
        world.skip(periods)
    passed = world.get_context().period
    counted = pai * PAI
    if min(TENTH, counted) + min(PAIR_CAP, counted) < STEP:
        expected = Fraction(TENTH)
    else:
        earned = min(PAIR_CAP, counted) * KEEP**passed
        expected = TENTH + min(TENTH, counted) + earned / 2
    assert 0 <= expected - world.get_limit("emma") < 2
