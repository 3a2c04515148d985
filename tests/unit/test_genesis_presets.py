"""The presets hold the figures that were decided, typed here a second time and by hand.

Rows of the table: what it is, then coop, village-2010, workshop, demo. Fractions are computed anew
by decimal arithmetic.
"""

from decimal import Decimal, localcontext
from typing import Any

import msgspec
import pytest

from chain.parameters import find_faults
from chain.rules.settlement import compute_decayed
from chain.units import MICROPAI_PER_PAI, format_pai
from genesis.figures import CONSTANTS, FUNDS, PARAMETERS, REWARD_SHARES, SINKS, Unit
from genesis.outlook import compute_outlook
from genesis.preset import PRESETS, Preset, read_preset

FIGURES: dict[str, tuple[Any, Any, Any, Any]] = {
    # constants
    "slot_seconds": (4, 4, 2, 1),
    "slots_per_step": (900, 900, 5, 5),
    "slots_per_period": (21_600, 21_600, 30, 20),
    "slots_per_epoch": (900, 900, 30, 20),
    "window_slots": (64, 64, 8, 5),
    "transaction_life_slots": (21_600, 21_600, 600, 300),
    "level_epochs": ((1, 24, 168),) * 4,
    "base_age_epochs": (24,) * 4,
    "gain_window_epochs": (24,) * 4,
    "release_epochs": (24,) * 4,
    "evidence_periods": (28,) * 4,
    "unbonding_periods": (30,) * 4,
    "set_list_keep_periods": (35,) * 4,
    "bond_min": ("1000", "1000", "100", "100"),
    "credit_keep": ("18375845621797877956",) * 4,
    "account_idle_periods": (30,) * 4,
    "fund_rate_bp": (2_000, 2_000, 10_000, 10_000),
    "recovery_min_periods": (3,) * 4,
    "recovery_default_periods": (14, 14, 3, 3),
    "recovery_max_periods": (90,) * 4,
    "recovery_cancels": (3,) * 4,
    "recovery_bond": ("10", "10", "1", "1"),
    "clearing_interval_slots": (21_600, 21_600, 60, 12),
    # parameters
    "unit_fee": ("0.01", "0", "0.01", "0.01"),
    "free_units": (200,) * 4,
    "defensive_units": (4,) * 4,
    "block_units": (4_000,) * 4,
    "block_bytes": (512 * 1_024,) * 4,
    "savings_min_periods": (90, 90, 3, 3),
    "savings_max_periods": (3_650,) * 4,
    "deposits_max": (32,) * 4,
    "seats_max": (256, 256, 64, 16),
    "act_pair": ("10", "10", "1", "1"),
    "act_budget": ("200", "200", "20", "20"),
    "act_half": (12,) * 4,
    "reward_epochs": (168, 168, 6, 3),
    "base": ("3000", "10", "300", "300"),
    "earned_cap_bp": (20_000,) * 4,
    "pair_cap_bp": (2_000,) * 4,
    "grants_share_bp": (8_000,) * 4,
    "committee_28_bp": (500, 0, 500, 500),
    "committee_member_bases": (20, 0, 20, 20),
    "loan_grace_periods": (30, 30, 3, 3),
    "attest_rate": (5, 300, 300, 50),
    "attest_rate_bp": (200,) * 4,
    "young_periods": (180, 0, 0, 0),
    "young_base_bp": (1_000, 10_000, 10_000, 10_000),
    "identity_threshold": (1,) * 4,
    "attest_grace_periods": (28,) * 4,
    "retire_runout_periods": (180,) * 4,
    "obligations_max": (2_000,) * 4,
    "obligations_unidentified_max": (20,) * 4,
    "offers_max": (100,) * 4,
    "electorate_age_periods": (90, 0, 0, 0),
    "vote_periods": (14, 14, 2, 2),
    "enact_periods": (3, 3, 1, 1),
    "enact_deep_periods": (90, 90, 3, 3),
    "clearing_max": (65_536, 65_536, 4_096, 4_096),
    "clearing_reward": ("10", "10", "1", "1"),
    # A standing order never leaves more than one's base credit, which is 10 in the village.
    "order_tolerance": ("250", "10", "50", "50"),
    "obligation_silence_periods": (28, 28, 3, 3),
    "dispute_periods": (28, 28, 3, 3),
    "delivery_grace_periods": (7, 7, 2, 2),
}
SINK_SHARES = (
    (3_000, 2_500, 2_500, 2_000, 0, 0),
    (2_000, 5_000, 3_000, 0, 0, 0),
    (2_000, 3_000, 2_500, 2_500, 0, 0),
    (2_000, 3_000, 2_500, 2_500, 0, 0),
)
KEEPS = (
    18446233917627153837,
    18446189507385766336,
    18384736164350630391,
    18353810417327686785,
)
# What a rate takes, and in how many steps: a month is a twelfth of 365.25 days of hours.
RATES = (("0.02", "730.5"), ("0.02", "672"), ("0.02", "6"), ("0.02", "4"))
ISSUES = (("0", "0"), ("0", "180000"), ("1000", "0"), ("500", "0"))  # a member; to one account


def compute_keep(rate: str, steps: str) -> int:
    """The integer nearest to 2^64 (1 - rate)^(1 / steps)."""
    with localcontext() as context:
        context.prec = 60
        kept = (1 - Decimal(rate)) ** (1 / Decimal(steps))
        return int((2**64 * kept).to_integral_value())


def get_figure(preset: Preset, name: str) -> object:
    record: msgspec.Struct = preset.constants if name in CONSTANTS else preset.parameters
    value = getattr(record, name)
    unit = {**CONSTANTS, **PARAMETERS}[name].unit
    if unit is Unit.PAI:
        return format_pai(value)
    return str(value) if unit is Unit.FRACTION else value


@pytest.mark.parametrize("column", range(4), ids=PRESETS)
def test_every_figure_is_the_one_decided(column: int) -> None:
    preset = read_preset(PRESETS[column])
    assert {name: get_figure(preset, name) for name in FIGURES} == {
        name: row[column] for name, row in FIGURES.items()
    }
    assert msgspec.structs.astuple(preset.parameters.sinks) == SINK_SHARES[column]
    assert msgspec.structs.astuple(preset.parameters.reward_shares) == (4_500, 3_500, 1_000, 1_000)
    assert msgspec.structs.astuple(preset.funds) == (0, 0, 0)
    (segment,) = preset.keep_schedule
    assert (segment.from_step, segment.keep) == (0, KEEPS[column])
    assert segment.keep == compute_keep(*RATES[column])
    assert preset.constants.credit_keep == compute_keep("0.5", "180")
    start = preset.start
    assert (format_pai(start.balance), format_pai(start.issue)) == ISSUES[column]
    assert start.bond == preset.constants.bond_min


@pytest.mark.parametrize("name", PRESETS)
def test_a_community_can_be_founded_on_every_preset(name: str) -> None:
    preset = read_preset(name)
    assert find_faults(preset.constants, preset.parameters, preset.keep_schedule) == []
    parameters = preset.parameters
    term = preset.start.bond_term_periods
    assert parameters.savings_min_periods <= term <= parameters.savings_max_periods
    assert term > preset.constants.unbonding_periods


def test_no_figure_is_left_out() -> None:
    constants = {field.name for field in msgspec.structs.fields(read_preset("coop").constants)}
    parameters = {field.name for field in msgspec.structs.fields(read_preset("coop").parameters)}
    nested = {"sinks", "reward_shares"}
    assert constants == set(CONSTANTS)
    assert parameters - nested == set(PARAMETERS)
    assert set(FIGURES) == constants | parameters - nested
    preset = read_preset("coop")
    for record, figures in (
        (preset.parameters.sinks, SINKS),
        (preset.parameters.reward_shares, REWARD_SHARES),
        (preset.funds, FUNDS),
    ):
        assert [field.name for field in msgspec.structs.fields(record)] == list(figures)


def test_the_village_says_how_it_differs_from_the_notes() -> None:
    about = read_preset("village-2010").about
    for text, remains in ((about["en"], "868.13"), (about["ru"], "868,13")):
        assert remains in text
        assert "860" in text
    preset = read_preset("village-2010")
    steps = 7 * 28 * preset.constants.slots_per_period // preset.constants.slots_per_step
    kept = compute_decayed(1_000 * MICROPAI_PER_PAI, preset.keep_schedule, 0, steps)
    assert round(kept / MICROPAI_PER_PAI, 2) == 868.13


def test_the_outlook_is_what_the_ledger_would_take() -> None:
    coop = {
        item.seconds: item.remains
        for item in compute_outlook(
            read_preset("coop").constants, read_preset("coop").keep_schedule
        )
    }
    assert 979_900_000 < coop[31_557_600 // 12] < 980_100_000
    demo = compute_outlook(read_preset("demo").constants, read_preset("demo").keep_schedule)
    assert [item.seconds for item in demo] == [5, 20, 560]
    assert demo[1].remains == pytest.approx(980_000_000, abs=10)
