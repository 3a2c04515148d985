"""What a producer puts on record beside the transactions: finality, late acks, roll-call, evidence.

The chain's state is handed in as a small view of it; whether a part may stand in a block is a rule
of the chain, and what is chosen here keeps to it.
"""

from typing import NamedTuple

from chain.header import BlockHash
from chain.policy import AccountId
from chain.records import EvidenceList, FinalityRecord, LateAcks, RollCall
from chain.tables import SetEntry
from chain.votes import Ack
from consensus.forkchoice import Recorded


class RecordedAcks(NamedTuple):
    """A finality on record of late, and the seats whose acks are on record for it."""

    body: Ack
    seats: frozenset[AccountId]


class RecordView(NamedTuple):
    """What a producer must know of the state of its parent, for a block of one slot."""

    base: BlockHash  # set of the parent's state
    previous: BlockHash | None  # the set before it, until the base's hand-off is on record
    recorded: Recorded  # the newest finality on record
    recorded_height: int  # of its target
    takes_finality: bool  # by slot and height this block may carry one
    late: tuple[RecordedAcks, ...]  # of the last window
    bonded: tuple[AccountId, ...]  # seats that may attend, by id
    attended: frozenset[AccountId]  # of the roll-call that this block may carry
    evidence: frozenset[bytes]  # hashes of evidence that needs no record any more
    lists: tuple[tuple[BlockHash, tuple[SetEntry, ...]], ...]  # lists the state still knows


class Parts(NamedTuple):
    """The parts of a body beside its transactions."""

    finality: FinalityRecord | None
    late_acks: LateAcks | None
    roll_call: RollCall | None
    evidence: EvidenceList | None


NO_PARTS = Parts(None, None, None, None)
