"""On what figures a community can be founded: every bound at its edge, and every relation."""

import pytest
from msgspec.structs import replace

from chain.parameters import (
    _CONSTANT_BOUNDS,
    _PARAMETER_BOUNDS,
    KEEP_ONE,
    SEGMENTS_MAX,
    Constants,
    KeepSegment,
    Parameters,
    RewardShares,
    Sinks,
    find_faults,
)
from tests.community import CONSTANTS, KEEP, PAI, PARAMETERS


def find(
    constants: dict[str, object] | None = None,
    parameters: dict[str, object] | None = None,
    schedule: tuple[KeepSegment, ...] = KEEP,
) -> str:
    return "; ".join(
        find_faults(
            replace(CONSTANTS, **(constants or {})),
            replace(PARAMETERS, **(parameters or {})),
            schedule,
        )
    )


def test_the_figures_of_tests_are_sound() -> None:
    assert find() == ""


@pytest.mark.parametrize("name", _CONSTANT_BOUNDS)
def test_every_constant_has_two_ends(name: str) -> None:
    low, high = _CONSTANT_BOUNDS[name]
    complaint = f"{name} is "
    for value in (low - 1, high + 1, -(10**30), 10**30):
        assert complaint in find({name: value})
    for value in (low, high):
        assert complaint not in find({name: value})


@pytest.mark.parametrize("name", _PARAMETER_BOUNDS)
def test_every_parameter_has_two_ends(name: str) -> None:
    low, high = _PARAMETER_BOUNDS[name]
    complaint = f"{name} is "
    for value in (low - 1, high + 1, -(10**30), 10**30):
        assert complaint in find(None, {name: value})
    for value in (low, high):
        assert complaint not in find(None, {name: value})


def test_no_figure_is_forgotten() -> None:
    # What has no bounds of its own is bound by a relation.
    related = {"level_epochs", "recovery_default_periods"}
    assert {*_CONSTANT_BOUNDS, *related} == set(Constants.__struct_fields__)
    related = {"sinks", "reward_shares", "act_pair", "act_budget", "order_tolerance"}
    assert {*_PARAMETER_BOUNDS, *related} == set(Parameters.__struct_fields__)


@pytest.mark.parametrize(
    ("bad", "good", "complaint"),
    [
        ({"slots_per_step": 3}, {"slots_per_step": 4}, "must divide"),
        ({"slots_per_epoch": 22}, {}, "must divide slots_per_period"),
        ({"window_slots": 6}, {"window_slots": 5}, "at least 3 window_slots"),
        ({"slots_per_epoch": 25}, {"slots_per_epoch": 20}, "24 epochs must be shorter"),
        (
            {"transaction_life_slots": 600},
            {"transaction_life_slots": 599},
            "account_idle_periods must be longer",
        ),
        (
            {"transaction_life_slots": 39},
            {"transaction_life_slots": 40},
            "at least two epochs",
        ),
        ({"unbonding_periods": 35}, {"unbonding_periods": 34}, "set_list_keep_periods >"),
        ({"unbonding_periods": 28}, {"unbonding_periods": 29}, "set_list_keep_periods >"),
        (
            {"clearing_interval_slots": 10},
            {"clearing_interval_slots": 11},
            "more than two windows",
        ),
        ({"level_epochs": (1, 24, 24)}, {"level_epochs": (1, 2, 3)}, "level_epochs must rise"),
        ({"level_epochs": (0, 1, 2)}, {"level_epochs": (1, 2, 4)}, "level_epochs must rise"),
        ({"recovery_default_periods": 2}, {"recovery_default_periods": 90}, "recovery periods"),
        ({"recovery_default_periods": 91}, {"recovery_default_periods": 3}, "recovery periods"),
    ],
)
def test_relations_between_constants(
    bad: dict[str, object], good: dict[str, object], complaint: str
) -> None:
    assert complaint in find(bad)
    assert find(good) == ""


@pytest.mark.parametrize(
    ("bad", "good", "complaint"),
    [
        (
            {"sinks": Sinks(2_000, 3_000, 2_500, 2_499, 0, 0)},
            {"sinks": Sinks(10_000, 0, 0, 0, 0, 0)},
            "sinks must sum",
        ),
        (
            {"sinks": Sinks(12_000, -2_000, 0, 0, 0, 0)},
            {"sinks": Sinks(2_000, 0, 0, 0, 0, 8_000)},
            "sinks must sum",
        ),
        (
            {"sinks": Sinks(1_999, 8_001, 0, 0, 0, 0)},
            {"sinks": Sinks(2_000, 8_000, 0, 0, 0, 0)},
            "reserve's share",
        ),
        (
            {"reward_shares": RewardShares(4_500, 3_500, 1_000, 1_001)},
            {"reward_shares": RewardShares(10_000, 0, 0, 0)},
            "reward shares",
        ),
        (
            {"savings_min_periods": 4, "savings_max_periods": 3},
            {"savings_min_periods": 4, "savings_max_periods": 4},
            "savings_min_periods must not",
        ),
        ({"act_pair": PAI // 10 - 1}, {"act_pair": PAI // 10}, "act_pair and act_budget"),
        ({"act_budget": 100 * PAI + 1}, {"act_budget": 100 * PAI}, "act_pair and act_budget"),
        ({"order_tolerance": 301 * PAI}, {"order_tolerance": 300 * PAI}, "order_tolerance"),
        ({"order_tolerance": -1}, {"order_tolerance": 0}, "order_tolerance"),
    ],
)
def test_relations_between_parameters(
    bad: dict[str, object], good: dict[str, object], complaint: str
) -> None:
    assert complaint in find(None, bad)
    assert find(None, good) == ""


def segments(*pairs: tuple[int, int | None]) -> tuple[KeepSegment, ...]:
    return tuple(KeepSegment(*pair) for pair in pairs)


K = KEEP[0].keep or 0
# The least K of four steps a period that takes no more than a tenth: 2^64 * 0.9^(1/4), rounded up.
LEAST_K = 17_967_197_837_141_743_959


@pytest.mark.parametrize(
    ("schedule", "complaint"),
    [
        (segments((0, None)), ""),
        (segments((0, K), (10, None), (20, K)), ""),
        (segments((0, KEEP_ONE - 1)), ""),
        (segments((0, LEAST_K)), ""),
        (segments((0, LEAST_K - 1)), "at most 10 %"),
        (segments((0, K), (5, LEAST_K - 1)), "at most 10 %"),
        ((), "begin at step 0"),
        (segments((1, K)), "begin at step 0"),
        (segments((0, K), (0, K)), "rising steps"),
        (segments((0, K), (9, K), (8, K)), "rising steps"),
        (segments((0, K), (2**41, K)), "rising steps"),
        (segments((0, 0)), "between 0 and 2^64"),
        (segments((0, -1)), "between 0 and 2^64"),
        (segments((0, KEEP_ONE)), "between 0 and 2^64"),
        (segments(*((step, None) for step in range(SEGMENTS_MAX + 1))), "more than 1024 segments"),
    ],
)
def test_schedules(schedule: tuple[KeepSegment, ...], complaint: str) -> None:
    found = find(None, None, schedule)
    assert (complaint in found) if complaint else found == ""


def test_a_genesis_with_absurd_times_is_judged_without_a_crash() -> None:
    assert "slots_per_step is 0" in find({"slots_per_step": 0})
    assert "slots_per_period is 0" in find({"slots_per_period": 0})
