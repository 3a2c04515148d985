"""What is kept: the rows of the state, table by table. Every row is in the state root.

A row's key is the table's prefix byte and the bytes named here. Absent means no entry: a row is
never stored to say nothing. Amounts are micropai, times are slots unless the name says other.
"""

from typing import Final, Generic, TypeVar

from chain.codec import Bytes32, Codec, Natural, Record
from chain.parameters import KeepSchedule, Parameters
from chain.transaction import AccountId, Policy

RowT = TypeVar("RowT", bound=Record)
ROW_BYTES_MAX: Final = 64 * 1_024  # a set of 256 seats is 35 kB, every other row far smaller


class Account(Record, frozen=True):
    """Key: account id. ``settlement`` is as of ``touched_step``; what is shown is projected."""

    policy: Policy | None
    sequence: Natural
    settlement: int
    touched_step: Natural
    due_step: int  # of the earliest deposit that will fall due; -1: none
    deposits_made: Natural  # the next deposit's id
    person: Bytes32 | None  # tag within the home group of its owner
    defended_period: Natural  # in which defensive units were last used, and how many
    defended_units: Natural


class Deposit(Record, frozen=True):
    """One deposit; times in steps. ``seat_bond``: 0 free, 1 bonded, 2 unbonding."""

    id: Natural
    amount: Natural
    since_step: Natural
    until_step: Natural
    renew_steps: Natural
    seat_bond: Natural
    release_step: Natural


class Savings(Record, frozen=True):
    """Key: account id. The account's deposits by id; never empty."""

    deposits: tuple[Deposit, ...]


class Person(Record, frozen=True):
    """Key: group (u32) and tag. Who that is here, until when, and what he used this period."""

    account: AccountId
    identified_until_slot: Natural
    used_period: Natural
    used_units: Natural


class Authority(Record, frozen=True):
    """Key: the authority's account id."""

    name: str
    jurisdiction: str
    policy: Policy
    group: Natural
    retired_slot: int  # -1: not retired


class Attestation(Record, frozen=True):
    """Key: subject's account id and authority's id."""

    kind: str
    jurisdiction: str
    commitment: Bytes32
    tag: Bytes32
    from_slot: Natural
    until_slot: Natural
    revoked_slot: int  # -1: not revoked


class Seat(Record, frozen=True):
    """Key: the owner's account id. Duty, peak and held move once an epoch."""

    vote_key: Bytes32
    vrf_key: Bytes32
    standby_key: Bytes32
    registered_epoch: Natural
    bond: Natural
    duty: Natural
    peak: Natural
    held: Natural


class UsedKey(Record, frozen=True):
    """Key: a public key of some seat, past or present; no key occurs twice, ever."""

    seat: AccountId


class SetEntry(Record, frozen=True):
    """A seat's place in the set that elects producers: weight above 0, keys all different."""

    seat: AccountId
    vote_key: Bytes32
    standby_key: Bytes32
    vrf_key: Bytes32
    weight: Natural


class SeatSet(Record, frozen=True):
    """Key: ``CURRENT``. The set of the newest hand-off, by seat id, and that hand-off."""

    base: Bytes32
    base_slot: Natural
    entries: tuple[SetEntry, ...]


class Randomness(Record, frozen=True):
    """Key: ``CURRENT``. Seeds of this epoch and the next, and what this epoch mixes for later."""

    epoch: Natural
    seed: Bytes32
    next_seed: Bytes32
    mix: Bytes32


class Anchor(Record, frozen=True):
    """Key: 16 bytes of a block that the chain has recorded as final; ``ref`` must name one."""

    slot: Natural


class Tip(Record, frozen=True):
    """Key: ``CURRENT``. Where the chain stands after this block."""

    slot: Natural
    height: Natural


class Money(Record, frozen=True):
    """Key: ``CURRENT``. What belongs to nobody's account, and how much there is in all."""

    issued: Natural
    burned: Natural
    accounts: Natural  # how many there are
    seats_bonded: Natural  # how many seats are bonded with at least the minimum
    pot: Natural
    reserve: Natural
    social: Natural
    operators: Natural
    active: Natural
    municipality: Natural


class Rules(Record, frozen=True):
    """Key: ``CURRENT``. The parameters in force and the schedule of demurrage."""

    parameters: Parameters
    keep_schedule: KeepSchedule


class Table(Generic[RowT]):
    """A table's name, prefix and row type."""

    __slots__ = ("codec", "name", "prefix", "row_type")

    def __init__(self, prefix: bytes, name: str, row_type: type[RowT]) -> None:
        self.prefix = prefix
        self.name = name
        self.row_type = row_type
        self.codec = Codec(row_type, ROW_BYTES_MAX)


ACCOUNTS: Final = Table(b"a", "accounts", Account)
SAVINGS: Final = Table(b"d", "savings", Savings)
PERSONS: Final = Table(b"p", "persons", Person)
AUTHORITIES: Final = Table(b"u", "authorities", Authority)
ATTESTATIONS: Final = Table(b"t", "attestations", Attestation)
SEATS: Final = Table(b"s", "seats", Seat)
USED_KEYS: Final = Table(b"k", "used_keys", UsedKey)
SETS: Final = Table(b"v", "sets", SeatSet)
RANDOMNESS: Final = Table(b"r", "randomness", Randomness)
ANCHORS: Final = Table(b"f", "anchors", Anchor)
TIPS: Final = Table(b"h", "tip", Tip)
MONEY: Final = Table(b"m", "money", Money)
RULES: Final = Table(b"g", "rules", Rules)

CURRENT: Final = b"current"  # the key of a table's only row
