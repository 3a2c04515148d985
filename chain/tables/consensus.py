"""What the chain remembers of its own blocks, of sets and of what was recorded. Times are slots."""

from typing import Annotated, Final

from msgspec import Meta

from chain.codec import Bytes16, Bytes32, Natural, Record
from chain.policy import AccountId
from chain.tables.seats import SetEntry
from chain.tables.table import Table


class Ancestor(Record, frozen=True):
    """A block below: its hash and its slot."""

    hash: Bytes32
    slot: Natural


class AncestorPage(Record, frozen=True):
    """Key: u32 of (height // 16) modulo the number of pages. Sixteen blocks of rising height.

    A page is written over when nobody asks for its blocks any more.
    """

    first_height: Natural
    blocks: tuple[Ancestor, ...]


class NextSet(Record, frozen=True):
    """Key: ``CURRENT``; only after a hand-off block, whose hash no row of its own can hold."""

    entries: tuple[SetEntry, ...]


class SetRecord(Record, frozen=True):
    """Key: the hand-off's hash. What accusations of a set need, from its hand-off's slot on."""

    root: Bytes32
    total_weight: Natural
    heaviest: Natural
    slot: Natural
    following: Bytes32 | None  # the set that came after


class RecordedRound(Record, frozen=True):
    """A block that the chain has recorded as final, and whose acks are on the chain."""

    set: Bytes32
    round: Natural
    level: Natural
    target_hash: Bytes32
    target_height: Natural
    target_slot: Natural
    bits: Annotated[bytes, Meta(max_length=32)]


class Recorded(Record, frozen=True):
    """Key: ``CURRENT``. Rounds recorded lately, the highest target last; and where lists begin."""

    rounds: tuple[RecordedRound, ...]  # never empty; the genesis is the first
    oldest_anchor: Bytes16
    oldest_set: Bytes32


class RollCalled(Record, frozen=True):
    """Key: ``CURRENT``. The last roll-call on the chain and who has attended it, by id."""

    round: Natural
    seats: tuple[AccountId, ...]


class Bonded(Record, frozen=True):
    """Key: ``CURRENT``. The seats that are bonded enough to serve, by id."""

    seats: tuple[AccountId, ...]


class Served(Record, frozen=True):
    """Key: a seat that some set's list has held, and the slot of the first one's hand-off."""

    slot: Natural


class Leaver(Record, frozen=True):
    """A deposit that a seat asked back at this slot; it waits for a final hand-off without it."""

    seat: AccountId
    deposit: Natural
    slot: Natural


class Leavers(Record, frozen=True):
    """Key: ``CURRENT``; absent while nobody waits. In the order of asking."""

    waiting: tuple[Leaver, ...]


class Accused(Record, frozen=True):
    """A seat, and a bit for each kind of offence that was proved against it in this set."""

    seat: AccountId
    kinds: Natural


class Accusations(Record, frozen=True):
    """Key: a set's hand-off. Who was accused in it, by id; goes with what is kept of the set."""

    seats: tuple[Accused, ...]


ANCESTORS: Final = Table(b"A", "ancestors", AncestorPage)
BONDED_SEATS: Final = Table(b"B", "bonded_seats", Bonded)
ACCUSATIONS: Final = Table(b"C", "accusations", Accusations)
RECORDED: Final = Table(b"F", "recorded", Recorded)
LEAVERS: Final = Table(b"L", "leavers", Leavers)
NEXT_SETS: Final = Table(b"N", "next_set", NextSet)
ROLL_CALLED: Final = Table(b"R", "roll_called", RollCalled)
SET_RECORDS: Final = Table(b"S", "set_records", SetRecord)
SERVED: Final = Table(b"V", "served", Served)
