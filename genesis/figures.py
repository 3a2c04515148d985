"""What each figure of a constitution means, and in which unit it is written.

The order and the names are those of ``chain.parameters``; a test compares. The meanings are said in
the reader's language by whoever shows them: as comments in the file, in lists on a screen.
"""

from enum import StrEnum
from typing import Final, NamedTuple


class Unit(StrEnum):
    """How a figure is written in the file, in words; the chain counts all of them in integers."""

    SECONDS = "in seconds"
    SLOTS = "in slots"
    PERIODS = "in periods"
    EPOCHS = "in epochs"
    PAI = "in pai"  # a decimal text; in the chain micropai
    SHARE = "in ten-thousandths"
    FRACTION = "as a fraction of 2^64"  # a text, for TOML's integers end at 2^63
    BYTES = "in bytes"
    COUNT = "a number"


class Figure(NamedTuple):
    """A figure's unit and what it means, one clause, in English."""

    unit: Unit
    meaning: str


CONSTANTS: Final[dict[str, Figure]] = {
    "slot_seconds": Figure(Unit.SECONDS, "length of a slot, in which one block can be made"),
    "slots_per_step": Figure(Unit.SLOTS, "demurrage is taken at every step"),
    "slots_per_period": Figure(Unit.SLOTS, "a period: the community's day"),
    "slots_per_epoch": Figure(Unit.SLOTS, "an epoch: the servers' hour"),
    "window_slots": Figure(Unit.SLOTS, "distance of roll-calls, and time to include them"),
    "transaction_life_slots": Figure(Unit.SLOTS, "how long a payment may wait to be included"),
    "level_epochs": Figure(Unit.EPOCHS, "silence that lowers the quorum of finality, three levels"),
    "base_age_epochs": Figure(Unit.EPOCHS, "oldest age of the set of seats before it is renewed"),
    "gain_window_epochs": Figure(Unit.EPOCHS, "window in which the weight of newcomers is limited"),
    "release_epochs": Figure(Unit.EPOCHS, "wait before a seat without its journal votes again"),
    "evidence_periods": Figure(Unit.PERIODS, "how long a seat answers for an offence"),
    "unbonding_periods": Figure(Unit.PERIODS, "how long a bond stays after it was asked back"),
    "set_list_keep_periods": Figure(Unit.PERIODS, "how long past sets of seats are kept"),
    "bond_min": Figure(Unit.PAI, "least bond of a seat"),
    "credit_keep": Figure(Unit.FRACTION, "what a credit limit keeps a period as it falls"),
    "account_idle_periods": Figure(Unit.PERIODS, "an empty unidentified account is removed after"),
    "fund_rate_bp": Figure(Unit.SHARE, "most that may be spent of a fund in 28 periods"),
    "recovery_min_periods": Figure(Unit.PERIODS, "shortest delay of an account's recovery"),
    "recovery_default_periods": Figure(Unit.PERIODS, "usual delay of an account's recovery"),
    "recovery_max_periods": Figure(Unit.PERIODS, "longest delay of an account's recovery"),
    "recovery_cancels": Figure(Unit.COUNT, "cancelled recoveries in 90 periods"),
    "recovery_bond": Figure(Unit.PAI, "what guardians deposit to start a recovery"),
    "clearing_interval_slots": Figure(Unit.SLOTS, "distance of two rounds of set-off"),
}

PARAMETERS: Final[dict[str, Figure]] = {
    "unit_fee": Figure(Unit.PAI, "fee of a unit beyond the free ones"),
    "free_units": Figure(Unit.COUNT, "free units of an identified member a period"),
    "defensive_units": Figure(Unit.COUNT, "free units of every account to defend itself"),
    "block_units": Figure(Unit.COUNT, "most units in a block"),
    "block_bytes": Figure(Unit.BYTES, "most that the transactions of a block weigh"),
    "savings_min_periods": Figure(Unit.PERIODS, "shortest term of savings"),
    "savings_max_periods": Figure(Unit.PERIODS, "longest term of savings"),
    "deposits_max": Figure(Unit.COUNT, "deposits of an account"),
    "seats_max": Figure(Unit.COUNT, "bonded seats"),
    "act_pair": Figure(Unit.PAI, "least purchases that make somebody a seat owner's customer"),
    "act_budget": Figure(Unit.PAI, "least budget of which a customer's purchases are a share"),
    "act_half": Figure(Unit.COUNT, "customers that give a seat half of the activity bonus"),
    "reward_epochs": Figure(Unit.COUNT, "an epoch pays one part in so many of the operators' pool"),
    "base": Figure(Unit.PAI, "base credit of a person"),
    "earned_cap_bp": Figure(Unit.SHARE, "most credit earned by sales, of the base"),
    "pair_cap_bp": Figure(Unit.SHARE, "most that one partner counts for that, of the base"),
    "grants_share_bp": Figure(Unit.SHARE, "most of savings and reserve that may be lent"),
    "committee_28_bp": Figure(
        Unit.SHARE, "what the credit committee may lend in 28 periods, of all debts"
    ),
    "committee_member_bases": Figure(Unit.COUNT, "what it may lend to one member, in bases"),
    "loan_grace_periods": Figure(Unit.PERIODS, "grace before a guarantor pays"),
    "attest_rate": Figure(Unit.COUNT, "new persons an authority may attest in 28 periods"),
    "attest_rate_bp": Figure(Unit.SHARE, "or this part of those it has attested, if more"),
    "young_periods": Figure(Unit.PERIODS, "how long an identity counts as young"),
    "young_base_bp": Figure(Unit.SHARE, "most of all base credit that young identities share"),
    "identity_threshold": Figure(Unit.COUNT, "attestations that make an identity"),
    "attest_grace_periods": Figure(Unit.PERIODS, "grace after an attestation ends"),
    "retire_runout_periods": Figure(
        Unit.PERIODS, "how long attestations of a retired authority hold"
    ),
    "obligations_max": Figure(Unit.COUNT, "open obligations of an identified member"),
    "obligations_unidentified_max": Figure(Unit.COUNT, "open obligations of any other account"),
    "offers_max": Figure(Unit.COUNT, "open offers of an account"),
    "electorate_age_periods": Figure(Unit.PERIODS, "age of an identity that may vote"),
    "vote_periods": Figure(Unit.PERIODS, "how long a vote is open"),
    "enact_periods": Figure(Unit.PERIODS, "wait before a decision is in force"),
    "enact_deep_periods": Figure(
        Unit.PERIODS, "the same for electorate, rewards and where demurrage goes"
    ),
    "clearing_max": Figure(Unit.COUNT, "obligations that enter a round of set-off"),
    "clearing_reward": Figure(Unit.PAI, "reward for the best set-off"),
    "order_tolerance": Figure(Unit.PAI, "imbalance a standing order may leave, each way"),
    "obligation_silence_periods": Figure(
        Unit.PERIODS, "silence that declines an offered obligation"
    ),
    "dispute_periods": Figure(Unit.PERIODS, "how long an undelivered exchange stays disputed"),
    "delivery_grace_periods": Figure(
        Unit.PERIODS, "how long after its day a delivery may be receipted"
    ),
}

SINKS: Final[dict[str, Figure]] = {
    "reserve": Figure(Unit.SHARE, "the reserve, which bears losses"),
    "social": Figure(Unit.SHARE, "the social fund"),
    "operators": Figure(Unit.SHARE, "those who run the servers"),
    "active": Figure(Unit.SHARE, "members who were active this period, in equal shares"),
    "municipality": Figure(Unit.SHARE, "the municipality"),
    "burn": Figure(Unit.SHARE, "destroyed"),
}

REWARD_SHARES: Final[dict[str, Figure]] = {
    "votes": Figure(Unit.SHARE, "votes for finality"),
    "blocks": Figure(Unit.SHARE, "final blocks"),
    "service": Figure(Unit.SHARE, "serving members"),
    "archive": Figure(Unit.SHARE, "keeping the archive"),
}

FUNDS: Final[dict[str, Figure]] = {
    "reserve": Figure(Unit.PAI, "what the reserve holds at the start"),
    "social": Figure(Unit.PAI, "what the social fund holds at the start"),
    "operators": Figure(Unit.PAI, "what the operators' pool holds at the start"),
}

# Whatever the chain counts in micropai and the file writes in pai.
AMOUNTS: Final = frozenset(
    name for table in (CONSTANTS, PARAMETERS) for name in table if table[name].unit is Unit.PAI
)
