"""What the HTTP API answers, as types: handlers return these, and /openapi.json is drawn from them.

Amounts are decimal strings of pai, hashes and keys hexadecimal, addresses bech32m, times seconds
since 1970-01-01 UTC. A field that may be absent in meaning is null, never left out.
"""

from functools import lru_cache
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from chain.address import encode_address
from chain.parameters import Constants, Parameters
from chain.policy import AccountId, Policy
from chain.units import format_pai

Pai = Annotated[str, Meta(pattern=r"^-?[0-9]+(\.[0-9]{1,6})?$", description="an amount in pai")]
Hex = Annotated[str, Meta(pattern=r"^([0-9a-f]{2})*$")]
Hash = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$", description="32 bytes")]
AddressText = Annotated[str, Meta(pattern=r"^[a-z0-9]{1,16}1[a-z0-9]{58}$")]
Count = Annotated[int, Meta(ge=0)]
ADDRESSES_CACHED_MAX: Final = 8_192  # about 2 MB

BondState = Literal["free", "bonded", "unbonding", "leaving", "pledged"]

# By the deposit's number.
BOND_STATES: Final[tuple[BondState, ...]] = ("free", "bonded", "unbonding", "leaving", "pledged")


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A part of an answer."""


class ErrorAnswer(Answer, frozen=True):
    """Why a request was refused; nothing has changed. ``code`` 0: the request, not the ledger."""

    code: Count
    name: str
    message: str
    detail: str
    temporary: bool


class CommunityAnswer(Answer, frozen=True):
    """Which community this is, and how it counts time."""

    id: Hash
    name: str
    prefix: str
    genesis_time: Count
    slot_seconds: Count
    slots_per_step: Count
    slots_per_period: Count
    slots_per_epoch: Count
    transaction_life_slots: Count


class HeadAnswer(Answer, frozen=True):
    """The newest block of the chain that this node follows."""

    height: Count
    slot: Count
    hash: Hash
    state_root: Hash
    time: Count


class FinalAnswer(Answer, frozen=True):
    """The newest block that can no longer be undone.

    ``slot``: the round of votes that made it final; ``gap_slots``: how long ago that is. ``level``:
    0 two thirds of the weight, 1 three fifths, 2 eleven twentieths.
    """

    height: Count
    hash: Hash
    slot: Count
    level: Count
    gap_slots: Count


class VotingAnswer(Answer, frozen=True):
    """How votes stand, in the set that votes now.

    ``level`` and ``quorum`` are of votes cast at this moment, ``online_weight`` of the seats that
    were heard of late. ``justified_height``: of the newest block that waits for its confirmation.
    ``activation_slot``: this node's seat has lost its journal and votes once something newer than
    that is justified; null when it has not. ``release_slots``: after how long without that its
    operator may release it.
    ``standstill``: none, or why nothing becomes final: conflict, behind, too_few, slow.
    ``guilty``: seats that contradict themselves, where two decisions contradict each other;
    ``named``: whether these are all that the decisions show at least, else more are looked for.
    """

    set: Hash
    seats: Count
    total_weight: Count
    online_weight: Count
    quorum: Count
    level: Count
    justified_height: Count
    justified_slot: Count
    justified_hash: Hash
    activation_slot: Count | None
    release_slots: Count
    state: str
    reason: str
    standstill: str
    guilty: list[str]
    named: bool


class HeldBlocksAnswer(Answer, frozen=True):
    """Which blocks are held: from ``from_height`` on; 1: all. The missing ones may be on their way.

    Those before ``executed_from`` were not executed here: their outcome was a proven snapshot.
    """

    from_height: Count
    executed_from: Count
    fetching: bool


class ClockAnswer(Answer, frozen=True):
    """The present; ``slot`` is negative before a community's first slot."""

    slot: int
    step: Count
    period: Count
    epoch: Count


class MempoolAnswer(Answer, frozen=True):
    """What waits for a block."""

    transactions: Count
    bytes: Count


class SigningAnswer(Answer, frozen=True):
    """Whether this node makes blocks: one word, and a sentence when it does not."""

    state: str
    reason: str


class MatchmakerAnswer(Answer, frozen=True):
    """The account with which this node proposes chains, and what it can spend on that."""

    address: AddressText
    spendable: Pai


class StatusAnswer(Answer, frozen=True):
    """A node at a glance."""

    community: CommunityAnswer
    version: str
    head: HeadAnswer
    final: FinalAnswer
    voting: VotingAnswer
    clock: ClockAnswer
    syncing: bool
    target_height: Count
    blocks: HeldBlocksAnswer
    peers: Count
    mempool: MempoolAnswer
    seat: AddressText | None
    signing: SigningAnswer
    blocks_produced: Count
    clock_offset_ms: int | None
    rss_mib: float
    matchmaker: MatchmakerAnswer | None


def _translate(kind: type[msgspec.Struct], name: str, replaced: dict[str, object]) -> type[Answer]:
    """A record's fields as an answer, with other types where the wire has other forms."""
    fields = [
        (field.name, replaced.get(field.name, field.type)) for field in msgspec.structs.fields(kind)
    ]
    made = msgspec.defstruct(
        name,
        fields,
        bases=(Answer,),
        frozen=True,
        kw_only=True,
        namespace={"__doc__": kind.__doc__},
    )
    assert issubclass(made, Answer)
    return made


AMOUNT_CONSTANTS: Final = ("bond_min", "recovery_bond")
AMOUNT_PARAMETERS: Final = (
    "unit_fee",
    "act_pair",
    "act_budget",
    "base",
    "clearing_reward",
    "order_tolerance",
)
# A u64 fraction exceeds what every JSON reader takes exactly, so it travels as digits.
Digits = Annotated[str, Meta(pattern=r"^[0-9]+$")]


class SinksAnswer(Answer, frozen=True):
    """Where demurrage goes, in basis points."""

    reserve: Count
    social: Count
    operators: Count
    active: Count
    municipality: Count
    burn: Count


class RewardSharesAnswer(Answer, frozen=True):
    """How an epoch's reward is shared, in basis points."""

    votes: Count
    blocks: Count
    service: Count
    archive: Count


ConstantsAnswer = _translate(
    Constants,
    "ConstantsAnswer",
    {**dict.fromkeys(AMOUNT_CONSTANTS, Pai), "credit_keep": Digits},
)
ParametersInForce = _translate(
    Parameters,
    "ParametersInForce",
    {
        **dict.fromkeys(AMOUNT_PARAMETERS, Pai),
        "sinks": SinksAnswer,
        "reward_shares": RewardSharesAnswer,
    },
)


class KeepAnswer(Answer, frozen=True):
    """From this step on a balance keeps keep / 2^64 of itself a step; null: all of it."""

    from_step: Count
    keep: Digits | None


class BoundsAnswer(Answer, frozen=True):
    """What a vote can make of a figure: a whole number, or pai where the figure is pai."""

    least: str
    most: str


class ParametersAnswer(Answer, frozen=True):
    """The rules' figures; ``bounds`` of those that a vote can change one by one."""

    constants: ConstantsAnswer  # type: ignore[valid-type]  # made from the record it shows
    parameters: ParametersInForce  # type: ignore[valid-type]  # made from the record it shows
    keep_schedule: list[KeepAnswer]
    bounds: dict[str, BoundsAnswer]


class AtAnswer(Answer, frozen=True):
    """When an answer is true: the block it builds on, and the slot it is projected to."""

    height: Count
    slot: Count
    step: Count


class FundsAnswer(Answer, frozen=True):
    """All money. Everything from ``settlement`` to ``uncollected`` sums to issued - burned."""

    at: AtAnswer
    issued: Pai
    burned: Pai
    settlement: Pai
    savings: Pai
    bonds: Pai
    reserve: Pai
    social: Pai
    operators: Pai
    active: Pai
    municipality: Pai
    claims: Annotated[Pai, Meta(description="shares of active members, not taken yet")]
    pot: Pai
    uncollected: Annotated[
        Pai, Meta(description="demurrage that accounts have borne and no block has collected yet")
    ]
    accounts: Count


class PolicyAnswer(Answer, frozen=True):
    """Who may act for an account: any ``threshold`` of these keys."""

    threshold: Count
    keys: list[Hash]


class DepositAnswer(Answer, frozen=True):
    """One deposit. ``return_now``: what would come back if it were returned at this step."""

    id: Count
    amount: Pai
    since_step: Count
    until_step: Count
    until_time: Count
    renew_periods: Count
    bond: BondState
    release_step: Count
    return_now: Pai


class AccountAnswer(Answer, frozen=True):
    """An account, projected to the present slot: what is shown is what is owned.

    ``recovery_ends_slot``: when a recovery that runs gives it other keys; null while none runs.
    """

    address: AddressText
    exists: bool
    at: AtAnswer
    settlement: Pai
    booked: Pai
    running: Pai
    after_next_period: Pai
    savings: Pai
    spendable: Pai
    limit: Pai
    sequence: Count
    next_sequence: Count
    ref: Hex
    policy: PolicyAnswer | None
    identified: bool
    identified_until_slot: Count
    free_units: Count
    defensive_units: Count
    filing_units: Count
    unit_fee: Pai
    deposits: list[DepositAnswer]
    alias: str | None
    recovery_ends_slot: Count | None
    waiting: list[Hash]


class ProofAnswer(Answer, frozen=True):
    """A row and its Merkle proof under a root, canonical MessagePack in hexadecimal."""

    state_root: Hash
    height: Count
    key: Hex
    row: Hex | None
    proof: Hex


def write_amounts(record: msgspec.Struct, amounts: tuple[str, ...]) -> dict[str, Any]:
    """A record's fields for an answer, those named as decimal strings of pai."""
    return {
        name: format_pai(getattr(record, name)) if name in amounts else getattr(record, name)
        for name in record.__struct_fields__
    }


@lru_cache(maxsize=ADDRESSES_CACHED_MAX)
def write_address(prefix: str, account: AccountId) -> str:
    """The address of an account. It takes a sixth of a millisecond, and the same ones are asked."""
    return encode_address(prefix, account)


def write_address_or_null(prefix: str, account: AccountId | None) -> str | None:
    """An address, or null."""
    return None if account is None else write_address(prefix, account)


def build_policy_answer(policy: Policy) -> PolicyAnswer:
    """A key policy."""
    return PolicyAnswer(threshold=policy.threshold, keys=[key.hex() for key in policy.keys])
