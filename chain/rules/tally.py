"""What seats have done, counted as the chain records it, for the end of the epoch."""

from collections.abc import Sequence
from typing import NamedTuple

from chain.certificates import Finality
from chain.header import BlockHash
from chain.policy import AccountId
from chain.rules.context import Context
from chain.state import State


class Offence(NamedTuple):
    """A proved offence: who, which of S0 to S5, in which set and round, and who reported it.

    ``weight`` is the seat's in that set, ``total_weight`` the set's.
    """

    seat: AccountId
    kind: str
    set: BlockHash
    round: int
    weight: int
    total_weight: int
    reporter: AccountId


def note_block(state: State, context: Context, seat: AccountId, kind: int) -> None:
    """The seat has made this block, a primary or a secondary."""


def note_attendance(
    state: State, context: Context, vote_round: int, seats: Sequence[AccountId]
) -> None:
    """These seats have attended the roll-call of a round; each is named once a round."""


def note_finality(
    state: State,
    context: Context,
    finality: Finality,
    signers: Sequence[AccountId],
    recorder: AccountId,
) -> None:
    """A block of this seat has recorded a finality with the acks of these."""


def note_late_acks(
    state: State,
    context: Context,
    vote_round: int,
    signers: Sequence[AccountId],
    recorder: AccountId,
) -> None:
    """A block of this seat has added the acks of these to a recorded round."""


def note_offence(state: State, context: Context, offence: Offence) -> None:
    """Somebody has proved an offence; it is settled at the end of the epoch."""
