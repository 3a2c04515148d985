"""What members decide together: proposals, what is in force when, and who may vote.

Electorates are bits over the numbers that persons got when they first were identified, so that a
list of thousands, frozen at filing, stays one small row.
"""

from typing import Annotated, Final

from msgspec import Meta

from chain.actions.votes import Measure
from chain.codec import Bytes32, Natural, Record
from chain.tables.table import Table

PERSONS_PER_CHUNK: Final = 512  # 17 kB a row
CHANGES_KEPT_MAX: Final = 64


class Proposal(Record, frozen=True):
    """Key: u64 number. A measure under vote, or one that was decided; bits by person's number."""

    measure: Measure
    filed_by: Bytes32  # tag
    filed_slot: Natural
    ends_period: Natural  # votes are counted by the first block of this period
    electors: bytes
    yes: bytes
    no: bytes


class Decision(Record, frozen=True):
    """A measure that was passed, and the period from which on it is due."""

    proposal: Natural
    due_period: Natural


class Assembly(Record, frozen=True):
    """Key: ``CURRENT``. Proposals under vote and decisions that wait, both by number."""

    persons: Natural  # numbers given out
    proposals: Natural  # numbers given out
    open: tuple[Natural, ...]
    passed: tuple[Decision, ...]
    sharing: tuple[Natural, ...]  # periods whose members' share is not all claimed


class RegisterChunk(Record, frozen=True):
    """Key: u32. Tags of persons of the home group by number, so many a row."""

    tags: Annotated[tuple[Bytes32, ...], Meta(max_length=PERSONS_PER_CHUNK)]


class FigureChange(Record, frozen=True):
    """What a figure was until a period in which it was changed."""

    period: Natural
    before: Natural


class FigureHistory(Record, frozen=True):
    """Key: a parameter's name. Its changes of the last 180 periods."""

    changes: Annotated[tuple[FigureChange, ...], Meta(max_length=CHANGES_KEPT_MAX)]


class Spent(Record, frozen=True):
    """What was spent of a fund in a period."""

    period: Natural
    amount: Natural


class FundSpending(Record, frozen=True):
    """Key: a fund's name. What votes spent of it in the last 28 periods."""

    spent: tuple[Spent, ...]


class ActivePeriod(Record, frozen=True):
    """Key: u64 period. Who was active in it, by number, and what each may still claim."""

    claimants: bytes
    share: Natural  # micropai each; 0 until the period has ended


PROPOSALS: Final = Table(b"b", "proposals", Proposal)
ASSEMBLY: Final = Table(b"w", "assembly", Assembly)
FIGURES: Final = Table(b"5", "figures", FigureHistory)
SPENDING: Final = Table(b"6", "spending", FundSpending)
REGISTER: Final = Table(b"7", "register", RegisterChunk)
ACTIVE: Final = Table(b"8", "active", ActivePeriod)
