"""Actions by which members decide together, and the measures that they can decide on.

A measure is data: what it does is a rule, and there is no measure that freezes an account, takes
money from one, or reverses a transaction.
"""

from typing import Annotated, Final

from msgspec import Meta

from chain.codec import Amount, Bytes32, Natural, Record, check_text
from chain.parameters import RewardShares, Sinks
from chain.policy import AccountId

FIGURE_NAME_BYTES_MAX: Final = 64
RESOLUTION_BYTES_MAX: Final = 1_000
PURPOSE_BYTES_MAX: Final = 140
AUTHORITY_NAME_BYTES_MAX: Final = 200

FigureName = Annotated[str, Meta(max_length=FIGURE_NAME_BYTES_MAX, pattern="^[a-z0-9_]+$")]


class ChangeFigure(Record, frozen=True, tag="figure"):
    """Give a parameter another value, in the unit of its field."""

    name: FigureName
    value: Natural


class ChangeSinks(Record, frozen=True, tag="sinks"):
    """Share demurrage out in another way."""

    sinks: Sinks


class ChangeRewards(Record, frozen=True, tag="rewards"):
    """Reward those who run servers in another way."""

    shares: RewardShares


class ChangeDemurrage(Record, frozen=True, tag="demurrage"):
    """Another rate for all steps to come: what a balance keeps a step, of 2^64; nil: all."""

    keep: int | None


class SpendFund(Record, frozen=True, tag="spend"):
    """Pay from a common fund."""

    fund: Annotated[str, Meta(max_length=16)]
    to: AccountId
    amount: Amount
    purpose: str

    def __post_init__(self) -> None:
        check_text(self.purpose, PURPOSE_BYTES_MAX)


class AdmitAuthority(Record, frozen=True, tag="admit"):
    """Let an account say who is a person, in a group. It signs as that account does."""

    authority: AccountId
    name: str
    jurisdiction: str
    group: Annotated[int, Meta(ge=0, le=2**32 - 1)]

    def __post_init__(self) -> None:
        check_text(self.name, AUTHORITY_NAME_BYTES_MAX)
        check_text(self.jurisdiction, AUTHORITY_NAME_BYTES_MAX)


class RetireAuthority(Record, frozen=True, tag="retire"):
    """Take no more attestations from an authority; those it has made run out."""

    authority: AccountId


class LendByVote(Record, frozen=True, tag="loan"):
    """Grant a loan that is asked for; the figures are the loan's own, so that no other is meant."""

    loan: Natural
    debtor: AccountId
    amount: Amount
    term_periods: Natural


class SetCommittee(Record, frozen=True, tag="committee"):
    """Let an account grant loans within its limits, as the credit committee; nil: none does."""

    committee: AccountId | None


class WriteOff(Record, frozen=True, tag="write_off"):
    """Let the reserve take over what an account owes, whole or part."""

    debtor: AccountId
    amount: Amount


class Resolve(Record, frozen=True, tag="resolve"):
    """A decision in words, which no rule carries out."""

    text: str

    def __post_init__(self) -> None:
        check_text(self.text, RESOLUTION_BYTES_MAX)


Measure = (
    ChangeFigure
    | ChangeSinks
    | ChangeRewards
    | ChangeDemurrage
    | SpendFund
    | AdmitAuthority
    | RetireAuthority
    | LendByVote
    | SetCommittee
    | WriteOff
    | Resolve
)


class Propose(Record, frozen=True, tag=50):
    """Put a measure to the vote; its number is the next one."""

    measure: Measure


class CastVote(Record, frozen=True, tag=51):
    """Vote, or vote anew, while the proposal is open. ``digest`` is the hash of its measure."""

    proposal: Natural
    digest: Bytes32
    yes: bool
