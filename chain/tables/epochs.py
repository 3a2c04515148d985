"""What an epoch counts, and what of it lasts: tallies, customers, offenders, changes of keys.

Tallies of seats are kept for bonded seats and for those of the present set, and go at the epoch's
end. Amounts are micropai; shares and weights are in the units of ``chain.rules.weights``.
"""

from typing import Final

from chain.codec import Bytes32, Natural, Record
from chain.policy import AccountId
from chain.tables.table import Table


class EpochTally(Record, frozen=True):
    """Key: ``CURRENT``. What this epoch's blocks put on record so far."""

    first_height: Natural  # of the epoch's first block
    decided: bytes  # a bit for each roll-call with a finality of its window recorded in time
    certificates: Natural  # how many finalities were recorded
    settled: bool  # a block of this epoch is recorded as final, and so is all before the epoch
    points: Natural  # of the epoch's blocks: two a primary, one a secondary


class SeatTally(Record, frozen=True):
    """Key: seat. What one seat did; ``waiting`` and ``served`` outlive the epoch."""

    attended: bytes  # a bit for each roll-call
    voted: bytes  # a bit for each roll-call with an ack of its window on record
    acks: Natural  # in how many recorded finalities, late acks included
    added: Natural  # the weight of the acks its blocks put on record
    points: Natural
    waiting: Natural  # points of earlier epochs that are not yet known to be final
    served: Natural  # members whose first transaction of a period came by this seat


class Course(Record, frozen=True):
    """Key: ``CURRENT``. What goes on from epoch to epoch."""

    gain_window: Natural  # whose gains are counted
    gained: Natural  # raw weight that seats gained in it
    waiting: Natural  # points of blocks not yet known to be final, gone seats' too
    served: Natural  # members served since service was last paid, by whomever
    owed: Natural  # of the operators' fund, for service
    service_period: Natural  # in which service was last paid
    week: Natural  # for which customers were last counted


class Customers(Record, frozen=True):
    """Key: a seat's owner. Identified people who trade with him, and the weight that gives him."""

    people: tuple[AccountId, ...]
    activity: Natural


class Pair(Record, frozen=True):
    """Key: a seat's owner and a customer. What he got of him, by weeks, the newest first."""

    week: Natural
    nets: tuple[int, ...]  # paid to the owner less what the owner paid back
    paid: Natural  # a bit for each week in which the customer paid, the newest lowest


class Offender(Record, frozen=True):
    """A seat that signed what must not be signed, from its first offence on."""

    seat: AccountId
    share: Natural  # of its set's weight, at the heaviest offence
    since_period: Natural
    last_period: Natural
    reporter: AccountId
    released: bool  # a release notice excuses all but a tenth
    base: Natural  # what was locked when it was first slashed; 0: not yet
    taken: Natural


class Offenders(Record, frozen=True):
    """Key: ``CURRENT``. Offenders of the time for evidence, by seat id; absent when none."""

    entries: tuple[Offender, ...]
    pending: bool  # offences came since the last slashing


class KeyChange(Record, frozen=True):
    """Key: seat. Keys on their way to service, and when keys were last changed."""

    keys: tuple[Bytes32, Bytes32, Bytes32] | None  # vote, VRF, standby to come; nil: done
    takeover: bool  # the last change was asked for by the standby key, and not by the owner
    serving_epoch: Natural  # from which the VRF key serves; all three when the owner asked
    takeover_period: int  # of the last takeover; -1: none
    replaced_period: int  # of the last replacement by the owner; -1: none


class Notice(Record, frozen=True):
    """Key: seat. Its last notice that it votes again although its journal was lost."""

    slot: Natural
    period: Natural
    activation_round: Natural
    lock_round: Natural
    lock_hash: Bytes32


EPOCH_TALLIES: Final = Table(b"T", "epoch_tally", EpochTally)
SEAT_TALLIES: Final = Table(b"D", "seat_tallies", SeatTally)
COURSES: Final = Table(b"Q", "course", Course)
CUSTOMERS: Final = Table(b"U", "customers", Customers)
PAIRS: Final = Table(b"P", "pairs", Pair)
OFFENDERS: Final = Table(b"O", "offenders", Offenders)
KEY_CHANGES: Final = Table(b"K", "key_changes", KeyChange)
NOTICES: Final = Table(b"X", "notices", Notice)
