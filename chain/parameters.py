"""What a community fixes at its birth, and what it may change by vote.

``Constants`` never change; every duration in them is counted in slots, steps, periods or epochs,
because no rule reads a clock. ``Parameters`` are the genesis values of what members may vote on.
Caps that are the same for every community stand beside the formats they bound.
"""

from typing import Annotated, Final

from msgspec import Meta

from chain.codec import Natural, Record

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


KeepSchedule = tuple[KeepSegment, ...]


def find_faults(constants: Constants, parameters: Parameters, schedule: KeepSchedule) -> list[str]:
    """Every relation between these figures that the rules rely on and that does not hold.

    An empty list means that a community can be founded on them. Each finding is a sentence.
    """
    c, p = constants, parameters
    relations = [
        (
            c.slots_per_period % c.slots_per_step == 0
            and c.slots_per_epoch % c.slots_per_step == 0,
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
            c.level_epochs[0] < c.level_epochs[1] < c.level_epochs[2],
            "level_epochs must rise",
        ),
        (
            c.recovery_min_periods <= c.recovery_default_periods <= c.recovery_max_periods,
            "recovery periods must be ordered min <= default <= max",
        ),
        (0 < c.credit_keep < KEEP_ONE, "credit_keep must be a 64-bit fraction below one"),
        (sum(_get_shares(p.sinks)) == BASIS_POINTS, "the sinks must sum to 10,000"),
        (
            sum(_get_shares(p.reward_shares)) == BASIS_POINTS,
            "the reward shares must sum to 10,000",
        ),
        (p.sinks.reserve >= 2_000, "the reserve's share must be at least 2,000"),
        (
            p.savings_min_periods <= p.savings_max_periods,
            "savings_min_periods must not exceed savings_max_periods",
        ),
    ]
    return [text for holds, text in relations if not holds] + _find_schedule_faults(c, schedule)


def _get_shares(shares: Sinks | RewardShares) -> tuple[int, ...]:
    return tuple(getattr(shares, name) for name in shares.__struct_fields__)


def _find_schedule_faults(constants: Constants, schedule: KeepSchedule) -> list[str]:
    """At least 90 % of a balance must remain after a period; segments must follow each other."""
    faults = []
    if not schedule or schedule[0].from_step != 0:
        faults.append("the schedule of demurrage must begin at step 0")
    steps = [segment.from_step for segment in schedule]
    if steps != sorted(set(steps)):
        faults.append("the segments of the schedule must begin at rising steps")
    steps_per_period = constants.slots_per_period // constants.slots_per_step
    for segment in schedule:
        if segment.keep is None:
            continue
        if not 0 < segment.keep < KEEP_ONE:
            faults.append("a kept fraction must lie between 0 and 2^64; leave it out for none")
        elif 10 * segment.keep**steps_per_period < 9 * KEEP_ONE**steps_per_period:
            faults.append("demurrage may take at most 10 % a period")
    return faults
