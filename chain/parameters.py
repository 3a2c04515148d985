"""What a community fixes at its birth, and what it may change by vote.

``Constants`` never change; every duration in them is counted in slots, steps, periods or epochs,
because no rule reads a clock. ``Parameters`` are the genesis values of what members may vote on.
Caps that are the same for every community stand beside the formats they bound.
"""

from typing import Annotated, Final

from msgspec import Meta

from chain.codec import Natural, Record
from chain.units import MICROPAI_PER_PAI, SUPPLY_MAX

BASIS_POINTS: Final = 10_000
KEEP_ONE: Final = 2**64  # a kept fraction K means K / 2^64; nil in the schedule means exactly one

Positive = Annotated[int, Meta(ge=1, le=2**63 - 1)]
BasisPoints = Annotated[int, Meta(ge=0, le=BASIS_POINTS)]


class Constants(Record, frozen=True):
    """Genesis constants. Slots, steps, periods and epochs are defined here and nowhere else."""

    slot_seconds: Annotated[int, Meta(ge=1, le=10)]
    slots_per_step: Positive
    slots_per_period: Annotated[int, Meta(ge=20, le=86_400)]
    slots_per_epoch: Positive
    window_slots: Annotated[int, Meta(ge=5, le=64)]
    transaction_life_slots: Positive
    level_epochs: tuple[Positive, Positive, Positive]
    base_age_epochs: Annotated[int, Meta(ge=1, le=168)]
    gain_window_epochs: Annotated[int, Meta(ge=1, le=168)]
    release_epochs: Annotated[int, Meta(ge=1, le=168)]
    evidence_periods: Positive
    unbonding_periods: Positive
    set_list_keep_periods: Positive
    bond_min: Positive
    credit_keep: int  # K of the half-life of credit limits and turnover, per period; a u64 fraction
    account_idle_periods: Positive
    fund_rate_bp: BasisPoints
    recovery_min_periods: Positive
    recovery_default_periods: Positive
    recovery_max_periods: Positive
    recovery_cancels: Positive
    recovery_bond: Positive
    clearing_interval_slots: Positive


class Sinks(Record, frozen=True):
    """Where demurrage goes, in basis points of the pot; they sum to 10,000."""

    reserve: BasisPoints
    social: BasisPoints
    operators: BasisPoints
    active: BasisPoints
    municipality: BasisPoints
    burn: BasisPoints


class RewardShares(Record, frozen=True):
    """How an epoch's reward is shared, in basis points; they sum to 10,000."""

    votes: BasisPoints
    blocks: BasisPoints
    service: BasisPoints
    archive: BasisPoints


class Parameters(Record, frozen=True):
    """Voted parameters. Amounts in micropai, durations in periods unless the name says other."""

    sinks: Sinks
    unit_fee: Natural
    free_units: Natural
    defensive_units: Natural
    block_units: Positive
    block_bytes: Positive
    savings_min_periods: Positive
    savings_max_periods: Positive
    deposits_max: Annotated[int, Meta(ge=1, le=64)]
    seats_max: Annotated[int, Meta(ge=1, le=256)]
    act_pair: Positive
    act_budget: Positive
    act_half: Positive
    reward_epochs: Positive
    reward_shares: RewardShares
    base: Positive
    earned_cap_bp: Natural
    pair_cap_bp: BasisPoints
    grants_share_bp: BasisPoints
    committee_28_bp: BasisPoints
    committee_member_bases: Natural
    loan_grace_periods: Natural
    attest_rate: Positive
    attest_rate_bp: BasisPoints
    young_periods: Natural
    young_base_bp: BasisPoints
    identity_threshold: Annotated[int, Meta(ge=1, le=5)]
    attest_grace_periods: Natural
    retire_runout_periods: Natural
    obligations_max: Positive
    obligations_unidentified_max: Positive
    offers_max: Positive
    electorate_age_periods: Natural
    vote_periods: Positive
    enact_periods: Positive
    enact_deep_periods: Positive
    clearing_max: Positive
    clearing_reward: Natural
    order_tolerance: Natural
    obligation_silence_periods: Positive
    dispute_periods: Positive
    delivery_grace_periods: Natural


class KeepSegment(Record, frozen=True):
    """From this step on, a balance keeps ``keep / 2^64`` of itself a step; nil: all of it."""

    from_step: Natural
    keep: int | None


# A change of rate takes weeks of voting; a row that holds them all stays small.
SEGMENTS_MAX: Final = 1_024
KeepSchedule = Annotated[tuple[KeepSegment, ...], Meta(max_length=SEGMENTS_MAX)]

_PAI: Final = MICROPAI_PER_PAI
_FOR_EVER: Final = 2**40  # slots: 34,000 years of seconds, and no sum of such times overflows

# What each figure may be, in the unit of its field: amounts in micropai.
_CONSTANT_BOUNDS: Final[dict[str, tuple[int, int]]] = {
    "slot_seconds": (1, 10),
    "slots_per_period": (20, 86_400),
    "slots_per_step": (1, 86_400),
    "slots_per_epoch": (19, _FOR_EVER),
    "window_slots": (5, 64),
    "transaction_life_slots": (1, _FOR_EVER),
    "base_age_epochs": (1, 168),
    "gain_window_epochs": (1, 168),
    "release_epochs": (1, 168),
    "evidence_periods": (1, 3_650),
    "unbonding_periods": (1, 3_650),
    "set_list_keep_periods": (1, 3_650),
    "bond_min": (_PAI, SUPPLY_MAX // 16),
    "credit_keep": (1, KEEP_ONE - 1),
    "account_idle_periods": (1, 3_650),
    "fund_rate_bp": (1, BASIS_POINTS),
    "recovery_min_periods": (1, 3_650),
    "recovery_max_periods": (1, 3_650),
    "recovery_cancels": (1, 255),
    "recovery_bond": (_PAI, 1_000 * _PAI),  # returned, it can bring an account to life
    "clearing_interval_slots": (1, _FOR_EVER),
}
_PARAMETER_BOUNDS: Final[dict[str, tuple[int, int]]] = {
    "unit_fee": (0, _PAI // 20),
    "free_units": (50, 1_000),
    "defensive_units": (4, 20),
    "block_units": (1_000, 8_000),
    "block_bytes": (128 * 1_024, 768 * 1_024),
    "savings_min_periods": (3, 360),
    "savings_max_periods": (3, 3_650),
    "deposits_max": (1, 64),
    "seats_max": (1, 256),
    "act_half": (5, 50),
    "reward_epochs": (1, 1_000),
    "base": (_PAI, 30_000 * _PAI),
    "earned_cap_bp": (0, 10 * BASIS_POINTS),
    "pair_cap_bp": (0, BASIS_POINTS),
    "grants_share_bp": (0, 8_000),
    "committee_28_bp": (0, 1_000),
    "committee_member_bases": (0, 20),
    "loan_grace_periods": (0, 90),
    "attest_rate": (1, 300),
    "attest_rate_bp": (0, BASIS_POINTS),
    "young_periods": (0, 360),
    "young_base_bp": (500, BASIS_POINTS),
    "identity_threshold": (1, 5),
    "attest_grace_periods": (0, 90),
    "retire_runout_periods": (90, 360),
    "obligations_max": (20, 5_000),
    "obligations_unidentified_max": (20, 5_000),
    "offers_max": (20, 5_000),
    "electorate_age_periods": (0, 360),
    "vote_periods": (1, 60),
    "enact_periods": (1, 360),
    "enact_deep_periods": (3, 360),
    "clearing_max": (1, 2**19),
    "clearing_reward": (0, 100 * _PAI),
    "obligation_silence_periods": (1, 90),
    "dispute_periods": (1, 90),
    "delivery_grace_periods": (0, 30),
}


def find_faults(constants: Constants, parameters: Parameters, schedule: KeepSchedule) -> list[str]:
    """Every bound and relation that the rules rely on and that these figures do not keep.

    An empty list means that a community can be founded on them. Each finding is a sentence.
    """
    faults = _find_out_of_bounds(constants, _CONSTANT_BOUNDS)
    faults += _find_out_of_bounds(parameters, _PARAMETER_BOUNDS)
    relations = _get_time_relations(constants) + _get_money_relations(constants, parameters)
    faults += [text for holds, text in relations if not holds]
    # Rates are judged by the period, which must be sound for that.
    return faults or _find_schedule_faults(constants, schedule)


def get_parameter_bounds(
    constants: Constants, parameters: Parameters
) -> dict[str, tuple[int, int]]:
    """Lowest and highest value of every figure that a vote can change, by its name."""
    activity = constants.bond_min // 1_000, constants.bond_min
    return {
        **_PARAMETER_BOUNDS,
        "act_pair": activity,
        "act_budget": activity,
        "order_tolerance": (0, parameters.base),
    }


def _find_out_of_bounds(
    figures: Constants | Parameters, bounds: dict[str, tuple[int, int]]
) -> list[str]:
    return [
        f"{name} is {getattr(figures, name)}, but must lie between {low} and {high}"
        for name, (low, high) in bounds.items()
        if not low <= getattr(figures, name) <= high
    ]


def _get_time_relations(c: Constants) -> list[tuple[bool, str]]:
    """Relations between constants: whether each holds, and what to say if not."""
    step = max(c.slots_per_step, 1)  # below 1 it has a finding of its own
    return [
        (
            c.slots_per_period % step == 0 and c.slots_per_epoch % step == 0,
            "slots_per_step must divide slots_per_period and slots_per_epoch",
        ),
        (
            c.slots_per_epoch >= 3 * c.window_slots + 4,
            "slots_per_epoch must be at least 3 window_slots + 4",
        ),
        (
            24 * c.slots_per_epoch < 28 * c.slots_per_period,
            "24 epochs must be shorter than 28 periods",
        ),
        (
            c.account_idle_periods * c.slots_per_period > c.transaction_life_slots,
            "account_idle_periods must be longer than transaction_life_slots",
        ),
        (
            c.transaction_life_slots >= 2 * c.slots_per_epoch,
            "transaction_life_slots must be at least two epochs",
        ),
        (
            c.set_list_keep_periods > c.unbonding_periods > c.evidence_periods,
            "set_list_keep_periods > unbonding_periods > evidence_periods must hold",
        ),
        (
            c.clearing_interval_slots > 2 * c.window_slots,
            "clearing_interval_slots must be more than two windows",
        ),
        (
            0 < c.level_epochs[0] < c.level_epochs[1] < c.level_epochs[2] <= _FOR_EVER,
            "level_epochs must rise",
        ),
        (
            c.recovery_min_periods <= c.recovery_default_periods <= c.recovery_max_periods,
            "recovery periods must be ordered min <= default <= max",
        ),
    ]


def _get_money_relations(c: Constants, p: Parameters) -> list[tuple[bool, str]]:
    """Relations between parameters: whether each holds, and what to say if not."""
    return [
        (_are_shares(p.sinks), "the sinks must sum to 10,000"),
        (_are_shares(p.reward_shares), "the reward shares must sum to 10,000"),
        (p.sinks.reserve >= 2_000, "the reserve's share must be at least 2,000"),
        (
            p.savings_min_periods <= p.savings_max_periods,
            "savings_min_periods must not exceed savings_max_periods",
        ),
        (
            all(c.bond_min <= 1_000 * x <= 1_000 * c.bond_min for x in (p.act_pair, p.act_budget)),
            "act_pair and act_budget must lie between a thousandth of bond_min and bond_min",
        ),
        (0 <= p.order_tolerance <= p.base, "order_tolerance must not exceed base"),
    ]


def _are_shares(shares: Sinks | RewardShares) -> bool:
    parts: list[int] = [getattr(shares, name) for name in shares.__struct_fields__]
    return min(parts) >= 0 and sum(parts) == BASIS_POINTS


def _find_schedule_faults(constants: Constants, schedule: KeepSchedule) -> list[str]:
    """At least 90 % of a balance must remain after a period; segments must follow each other."""
    faults = []
    if not schedule or schedule[0].from_step != 0:
        faults.append("the schedule of demurrage must begin at step 0")
    if len(schedule) > SEGMENTS_MAX:
        faults.append(f"the schedule of demurrage has more than {SEGMENTS_MAX} segments")
    steps = [segment.from_step for segment in schedule]
    if steps != sorted(set(steps)) or max(steps, default=0) > _FOR_EVER:
        faults.append("the segments of the schedule must begin at rising steps")
    keeps = [segment.keep for segment in schedule if segment.keep is not None]
    if not keeps:
        return faults
    steps_per_period = constants.slots_per_period // constants.slots_per_step
    if not (min(keeps) > 0 and max(keeps) < KEEP_ONE):
        faults.append("a kept fraction must lie between 0 and 2^64; leave it out for none")
    elif 10 * min(keeps) ** steps_per_period < 9 * KEEP_ONE**steps_per_period:
        faults.append("demurrage may take at most 10 % a period")
    return faults
