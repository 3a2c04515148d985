"""Laws of weight over many epochs, by the real boundary's work.

Nobody is above the cap; newcomers enter slowly, however many; whoever is kept away fades, but only
by half before a week; whoever returns is back within two days; nothing depends on the order of
seats; no money appears or is lost. Fault planted: without the entry limit the first law of
newcomers fails at once.
"""

import random
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.rules import epoch as rules
from chain.rules.weights import (
    ONE,
    WEIGHT_MAX,
    Gains,
    compute_duty,
    compute_held,
    compute_peak,
    limit_gains,
)
from chain.tables import CURRENT
from tests.epoch_world import DAYS, EPOCHS_PER_DAY, EpochWorld

raws = st.integers(0, 6 * ONE)
seats = st.lists(st.tuples(raws, raws), min_size=1, max_size=30)


@given(seats, st.integers(0, 200 * ONE))
def test_gains_of_an_epoch_and_of_a_window_are_bounded(
    items: list[tuple[int, int]], before: int
) -> None:
    raws, helds = [raw for raw, _ in items], [held for _, held in items]
    held = sum(helds)
    gains = limit_gains(raws, helds, before)
    if held:
        assert gains.gained <= held // 16
        assert gains.gained <= max(0, held // 4 - before)
    for raw, before_held, limited in zip(raws, helds, gains.limited, strict=True):
        assert min(raw, before_held) <= limited <= raw
    assert (
        sum(max(0, limited - old) for limited, old in zip(gains.limited, helds, strict=True))
        == gains.gained
    )


@given(seats, st.integers(0, 20 * ONE), st.randoms(use_true_random=False))
def test_gains_do_not_depend_on_the_order_of_seats(
    items: list[tuple[int, int]], before: int, source: random.Random
) -> None:
    gains = limit_gains([raw for raw, _ in items], [held for _, held in items], before)
    places = list(range(len(items)))
    source.shuffle(places)
    mixed = limit_gains([items[p][0] for p in places], [items[p][1] for p in places], before)
    assert mixed.limited == [gains.limited[place] for place in places]


@given(st.integers(0, ONE), st.integers(0, ONE), st.integers(1, 100), st.data())
def test_duty_and_peak_stay_within_bounds(
    duty: int, peak: int, expected: int, data: st.DataObject
) -> None:
    delivered = data.draw(st.integers(0, expected))
    after = compute_duty(duty, delivered, expected)
    assert 0 <= after <= ONE
    assert duty - (duty >> 3) <= after <= duty + ONE // 8
    assert after <= compute_peak(after, peak) <= max(after, peak)
    assert compute_duty(ONE, expected, expected) == ONE


@given(raws, raws)
def test_what_is_held_fades_by_half_in_a_week(limited: int, held: int) -> None:
    after = compute_held(limited, held)
    assert limited <= after <= max(limited, held)
    for _ in range(178):
        held = compute_held(0, held)
    assert held <= 6 * ONE // 2


# Newcomers


@pytest.mark.parametrize(("old", "new"), [(1, 9), (3, 7), (10, 330), (1, 1), (4, 4)])
def test_newcomers_of_a_first_hour_are_a_seventeenth_of_the_set(old: int, new: int) -> None:
    world = EpochWorld(old, new)
    newcomers = range(old, old + new)
    shares = []
    for _ in range(6):
        world.run(range(old + new))
        shares.append(world.get_share(newcomers))
    entered = [share for share in shares if share]
    assert 0 < entered[0] <= 0.059
    assert shares[:2] == [0, 0]  # duty must reach a quarter first
    for before, after in pairwise(entered):
        assert after - before <= 0.059


@pytest.mark.parametrize(("old", "new", "whole"), [(1, 9, 0.82), (3, 7, 0.69), (4, 4, 0.49)])
def test_newcomers_need_a_day_for_a_third_and_days_for_their_whole_share(
    old: int, new: int, whole: float
) -> None:
    world = EpochWorld(old, new)
    newcomers = range(old, old + new)
    passed: dict[Fraction, int] = {}
    for hour in range(1, 6 * EPOCHS_PER_DAY):
        held_before = world.get_held(range(old + new))
        new_before = world.get_held(newcomers)
        world.run(range(old + new))
        assert world.get_held(newcomers) - new_before <= held_before // 16
        for bound in (Fraction(1, 3), Fraction(1, 2)):
            if world.get_share(newcomers) > bound:
                passed.setdefault(bound, hour)
    assert passed[Fraction(1, 3)] > EPOCHS_PER_DAY
    assert passed.get(Fraction(1, 2), 99) > 2 * EPOCHS_PER_DAY
    assert world.get_share(newcomers) >= whole


def test_without_the_entry_limit_newcomers_are_the_set_in_three_hours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rules, "limit_gains", lambda raws, _helds, _before: Gains(list(raws), 0))
    world = EpochWorld(1, 9)
    for _ in range(8):
        world.run(range(10))
    assert world.get_share(range(1, 10)) > 0.5


def test_one_newcomer_among_ten_has_most_of_his_share_after_a_day() -> None:
    world = EpochWorld(10, 1)
    for _ in range(EPOCHS_PER_DAY):
        world.run(range(11))
    assert world.get_share([10]) > 0.9 / 11


# Loss and return


def test_who_loses_more_than_a_third_decides_again_within_hours() -> None:
    world = EpochWorld(100)
    stayed = range(64)
    decided = [world.run(stayed) for _ in range(10)]
    assert decided == [False] + [True] * 9
    assert world.get_share(stayed) > 2 / 3  # level 0 again


def test_after_43_of_100_are_seized_the_rest_decides_after_a_day_and_is_the_set() -> None:
    world = EpochWorld(100)
    stayed = range(57)
    decided = [world.run(stayed) for _ in range(EPOCHS_PER_DAY + 2)]
    assert decided == [False] * EPOCHS_PER_DAY + [True, True]
    # Peak holds the others at a quarter of their weight; they fade over weeks, and are no threat.
    assert 0.10 < world.get_share(range(57, 100)) < 0.17
    for _ in range(7 * EPOCHS_PER_DAY):
        assert world.run(stayed)
    assert world.get_share(range(57, 100)) == 0


def test_who_comes_back_is_in_the_set_within_a_day_and_whole_within_days() -> None:
    world = EpochWorld(10)
    stayed = range(7)
    for _ in range(30 * EPOCHS_PER_DAY):
        assert world.run(stayed)
    assert world.get_share(range(7, 10)) == 0
    shares = []
    for _ in range(2 * EPOCHS_PER_DAY):
        assert world.run(range(10))
        shares.append(world.get_share(range(7, 10)))
    assert shares[EPOCHS_PER_DAY // 2] > 0
    assert shares[-1] > 0.9 * 0.3


def test_who_attends_and_does_not_vote_fades_like_the_absent() -> None:
    world = EpochWorld(100)
    voters = range(65)
    decided = [world.run(voters, here=range(100)) for _ in range(4 * EPOCHS_PER_DAY)]
    assert sum(decided[-EPOCHS_PER_DAY:]) == EPOCHS_PER_DAY
    assert world.get_share(voters) > 2 / 3


def test_a_long_outage_of_most_moves_nobodys_weight() -> None:
    world = EpochWorld(10)
    before = world.get_rows()
    for _ in range(40 * EPOCHS_PER_DAY):
        world.run(range(4))
    assert world.get_rows() == before
    world.run(range(10))
    assert world.get_share(range(4)) == pytest.approx(0.4)


# All at random


class Chance:
    """A community whose seats come, go, attend and vote at random."""

    def __init__(self, seed: int) -> None:
        self.source = random.Random(seed)
        old, new = self.source.randint(1, 12), self.source.randint(0, 8)
        bonds = [self.source.randint(DAYS.bond_min, 20 * DAYS.bond_min) for _ in range(old + new)]
        self.world = EpochWorld(old, new, bonds=bonds)
        self.reliable = [self.source.choice((0.5, 0.9, 1.0)) for _ in range(old + new)]

    def run(self) -> None:
        here = [n for n, part in enumerate(self.reliable) if self.source.random() < part]
        voters = [number for number in here if self.source.random() < 0.95]
        self.world.run(voters, here=here)


@settings(max_examples=15)
@given(st.integers(0, 2**32))
def test_of_any_history_weights_are_capped_and_gains_bounded(seed: int) -> None:
    chance = Chance(seed)
    world = chance.world
    total = range(len(world.seats))
    window_held = {number: world.get_row(number).held for number in total}
    for hour in range(60):
        if hour % EPOCHS_PER_DAY == 0:
            window_held = {number: world.get_row(number).held for number in total}
        held = sum(world.get_row(number).held for number in total)
        before = [world.get_row(number).held for number in total]
        chance.run()
        gains = [max(0, world.get_row(n).held - before[n]) for n in total]
        assert sum(gains) <= held // 16
        assert sum(window_held.values()) > 0
        entries = world.state.sets.require(CURRENT).entries
        assert max(entry.weight for entry in entries) == WEIGHT_MAX
        assert [entry.seat for entry in entries] == sorted({entry.seat for entry in entries})
        check_cap(world)


def check_cap(world: EpochWorld) -> None:
    """Nobody above the larger of an eighth and six fifths of his share by what seats hold."""
    context = world.get_context(world.parent_slot + 1)
    rows = [(seat, world.state.seats.require(seat)) for seat in world.seats]
    standings = [rules._get_standing(world.state, context, seat, row) for seat, row in rows]
    fractions = [ONE * item.raw // item.stake for item in standings if item.stake]
    if not any(fractions):
        return
    share = max(Fraction(1, 8), Fraction(6 * max(fractions), 5 * sum(fractions)))
    weights = [entry.weight for entry in rules.compute_next_entries(world.state, context)]
    rounding = len(weights) + 1
    assert max(weights) <= share * (sum(weights) + rounding)
