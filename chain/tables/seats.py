"""Seats, their keys, and the set that elects producers and votes."""

from typing import Final

from chain.codec import Bytes32, Natural, Record
from chain.policy import AccountId
from chain.tables.table import Table


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
    """Key: ``CURRENT``, or ``PREVIOUS``. A set by seat id, and the hand-off that it came from.

    The one before stays beside the present one: its votes may still be recorded.
    """

    base: Bytes32
    base_slot: Natural
    entries: tuple[SetEntry, ...]


SEATS: Final = Table(b"s", "seats", Seat)
USED_KEYS: Final = Table(b"k", "used_keys", UsedKey)
SETS: Final = Table(b"v", "sets", SeatSet)
