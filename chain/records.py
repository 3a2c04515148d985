"""What stands in a block's body beside its transactions. Formats only.

Finality and late acks tell the chain what was decided; roll-calls tell who was awake; evidence
tells who signed what must not be signed; a clearing sets debts off. Whether a part may stand in a
block is a rule.
"""

from typing import Annotated, Final

from msgspec import Meta

from chain.certificates import Bits, Finality, Justification, Signatures
from chain.codec import Natural, Record
from chain.header import BlockHash, SignedHeader
from chain.tables import SetEntry
from chain.votes import SignedVote

HEADS_IN_ROLL_CALL_MAX: Final = 256  # as many as there can be seats
EVIDENCE_IN_BLOCK_MAX: Final = 8
CLEARING_BYTES_MAX: Final = 6 * 1_024 * 1_024  # 12 bytes for each of 2^19 obligations


class FinalityRecord(Record, frozen=True):
    """A final block of this block's set; its justification too when that block is a hand-off."""

    justification: Justification | None
    finality: Finality


class LateAcks(Record, frozen=True):
    """Acks of the target recorded for this round that came after the certificate was made."""

    round: Natural
    bits: Bits
    signatures: Signatures


class Attendance(Record, frozen=True):
    """Seats that stood on one head; bits over bonded seats by id."""

    head_hash: BlockHash
    bits: Bits
    signatures: Signatures


class RollCall(Record, frozen=True):
    """Who attended a round, grouped by head in ascending order of hash."""

    round: Natural
    heads: Annotated[tuple[Attendance, ...], Meta(min_length=1, max_length=HEADS_IN_ROLL_CALL_MAX)]


class VoteEvidence(Record, frozen=True, tag="votes"):
    """Two votes of one seat that contradict each other, in byte order, and the set's list.

    Against a seat that had told of its lost journal it takes a finality too, which the seat's ack
    has helped to make and which contradicts this chain's own.
    """

    first: SignedVote
    second: SignedVote
    entries: tuple[SetEntry, ...]
    finality: Finality | None = None


class HeaderEvidence(Record, frozen=True, tag="headers"):
    """Two headers of one seat and slot, in byte order, and the set's list."""

    first: SignedHeader
    second: SignedHeader
    entries: tuple[SetEntry, ...]


class StrayVoteEvidence(Record, frozen=True, tag="stray"):
    """A vote of a set for a block whose header names another base, and the set's list."""

    vote: SignedVote
    header: SignedHeader
    entries: tuple[SetEntry, ...]


Evidence = VoteEvidence | HeaderEvidence | StrayVoteEvidence
EvidenceList = Annotated[tuple[Evidence, ...], Meta(min_length=1, max_length=EVIDENCE_IN_BLOCK_MAX)]


class ClearingCertificate(Record, frozen=True):
    """Flows of a set-off and their proof, packed as ``chain.setoff.pack_certificate`` says."""

    interval: Natural
    potentials: Annotated[bytes, Meta(max_length=CLEARING_BYTES_MAX)]
    codes: Annotated[bytes, Meta(max_length=CLEARING_BYTES_MAX)]
    partials: Annotated[bytes, Meta(max_length=CLEARING_BYTES_MAX)]
