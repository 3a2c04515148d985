"""What consensus hears and asks where decisions part: which decisions, and who is guilty.

Of the events and effects of ``consensus.events`` those that matter only when something has gone
wrong that no honest seats can have done.
"""

from typing import NamedTuple

from chain.certificates import Finality, Justification
from chain.header import BlockHash
from consensus.sets import VoterSet


class PartingShown(NamedTuple):
    """A set that is over has made something final that our own chain does not have.

    ``voters``: that set. ``justification`` and ``finality``: of the hand-off with which it has
    ended on our chain. ``witness``: the justification of the other block, if it came along.
    """

    time_ms: int
    voters: VoterSet
    justification: Justification
    finality: Finality
    other: Finality
    witness: Justification | None


class WitnessesShown(NamedTuple):
    """Justifications of the set in which decisions part, from our disk or a peer's. They hold."""

    time_ms: int
    justifications: tuple[Justification, ...]


class AskWitnesses(NamedTuple):
    """Ask a peer for justifications of this round, or of later ones from an earlier source."""

    peer: str
    set: BlockHash
    round: int
