"""Weights: square root of the bond, nobody above the cap, and the cap is the largest that fits."""

import random
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from chain.rules.weights import (
    BOND_CAP,
    DORMANT,
    ONE,
    WEIGHT_MAX,
    Standing,
    compute_cap,
    compute_raw,
    compute_stake,
    compute_weights,
)

BOND_MIN = 1_000_000_000


def find_cap(standings: list[Standing]) -> int:
    """The definition by binary search, in fractions: largest c, c <= share * sum(min(raw, c))."""
    raws = [item.raw for item in standings]
    fractions = [
        ONE * item.raw // (item.stake * (ONE + item.activity) // ONE)
        for item in standings
        if item.raw
    ]
    if not any(fractions):
        return max(raws, default=0)
    share = max(Fraction(1, 8), Fraction(6 * max(fractions), 5 * sum(fractions)))
    low, high = 0, max(raws)
    while low < high:
        middle = (low + high + 1) // 2
        if middle <= share * sum(min(raw, middle) for raw in raws):
            low = middle
        else:
            high = middle - 1
    return low


def build(stake: int, part: int, activity: int = 0) -> Standing:
    """A seat that holds a part (of a million) of what it could."""
    raw = stake * (ONE + activity) // ONE * part // ONE
    return Standing(stake, activity, raw)


seats = st.builds(
    build,
    st.integers(ONE, 4 * ONE),
    st.one_of(st.integers(0, ONE), st.sampled_from([0, 1, ONE // 64, ONE])),
    st.integers(0, ONE // 2),
)
communities = st.lists(seats, min_size=0, max_size=60)


@given(communities)
def test_the_cap_is_the_one_of_the_definition(standings: list[Standing]) -> None:
    assert compute_cap(standings) == find_cap(standings)


@given(communities)
def test_nobody_has_more_than_the_larger_of_the_shares(standings: list[Standing]) -> None:
    cap = compute_cap(standings)
    capped = [min(item.raw, cap) for item in standings]
    fractions = [
        ONE * item.raw // (item.stake * (ONE + item.activity) // ONE)
        for item in standings
        if item.raw
    ]
    if any(fractions):
        share = max(Fraction(1, 8), Fraction(6 * max(fractions), 5 * sum(fractions)))
        assert max(capped) <= share * sum(capped)


@given(communities)
def test_weights_keep_the_order_of_what_is_held(standings: list[Standing]) -> None:
    weights = compute_weights(standings)
    ranked = sorted(zip((item.raw for item in standings), weights, strict=True))
    assert [weight for _, weight in ranked] == sorted(weights)
    assert max(weights, default=0) in (0, WEIGHT_MAX)
    assert all(weight == 0 for raw, weight in ranked if raw == 0)


@given(communities, st.randoms(use_true_random=False))
def test_weights_do_not_depend_on_the_order_of_seats(
    standings: list[Standing], source: random.Random
) -> None:
    weights = compute_weights(standings)
    places = list(range(len(standings)))
    source.shuffle(places)
    assert compute_weights([standings[place] for place in places]) == [
        weights[place] for place in places
    ]


def test_equal_seats_weigh_the_same() -> None:
    for count in range(1, 40):
        assert compute_weights([build(ONE, ONE)] * count) == [WEIGHT_MAX] * count


def test_among_many_a_giant_is_held_to_an_eighth() -> None:
    standings = [build(4 * ONE, ONE), *[build(ONE // 8, ONE)] * 20]
    cap = compute_cap(standings)
    total = cap + 20 * (ONE // 8)
    assert cap * 8 <= total < (cap + 1) * 8 + 8
    assert standings[0].raw > cap


def test_newcomers_crumbs_do_not_cap_the_old_seats_away() -> None:
    # Four full seats and forty that hold a thousandth: counted by heads the four would be cut.
    old, new = [build(4 * ONE, ONE)] * 4, [build(ONE, ONE // 1_000)] * 40
    assert compute_cap([*old, *new]) == 4 * ONE


def test_stake_is_the_square_root_between_its_bounds() -> None:
    assert compute_stake(BOND_MIN - 1, BOND_MIN) == 0
    assert compute_stake(0, BOND_MIN) == 0
    assert compute_stake(BOND_MIN, BOND_MIN) == ONE
    assert compute_stake(4 * BOND_MIN, BOND_MIN) == 2 * ONE
    assert compute_stake(BOND_CAP * BOND_MIN, BOND_MIN) == 4 * ONE
    assert compute_stake(1_000 * BOND_MIN, BOND_MIN) == 4 * ONE


@given(st.integers(0, 2**62), st.integers(1, 2**58))
def test_stake_never_falls_as_the_bond_rises(bond: int, bond_min: int) -> None:
    assert compute_stake(bond, bond_min) <= compute_stake(bond + 1, bond_min) <= 4 * ONE


def test_raw_weight_follows_duty_squared_and_customers() -> None:
    assert compute_raw(ONE, ONE, 0) == ONE
    assert compute_raw(ONE, ONE // 2, 0) == ONE // 4
    assert compute_raw(ONE, DORMANT - 1, 0) == 0
    assert compute_raw(ONE, DORMANT, 0) == ONE // 16
    assert compute_raw(2 * ONE, ONE, ONE // 2) == 3 * ONE
    assert compute_raw(0, ONE, ONE // 2) == 0


def test_no_seats_have_no_weights() -> None:
    assert compute_weights([]) == []
    assert compute_weights([build(ONE, 0)]) == [0]
