"""What refusals of a block's records of consensus mean. None of these blocks will ever be good."""

from typing import Final

from chain.refusals.codes import Code, Meaning

CONSENSUS: Final[dict[Code, Meaning]] = {
    Code.BAD_CERTIFICATE: Meaning(
        False, "The certificate's form is wrong, or one of its signatures does not verify."
    ),
    Code.NO_QUORUM: Meaning(False, "The certificate's seats do not weigh enough for its level."),
    Code.FINALITY_NOT_DUE: Meaning(
        False, "Only an epoch's first block and blocks of certain heights record finality."
    ),
    Code.WRONG_FINALITY_SET: Meaning(
        False,
        "The certificate is neither of the block's set, nor of the one before whose hand-off is "
        "not yet recorded as final.",
    ),
    Code.TARGET_NOT_ANCESTOR: Meaning(
        False, "The final block is not one of the set's blocks that this block stands on."
    ),
    Code.FINALITY_NOT_HIGHER: Meaning(
        False, "The chain has recorded this block, or a higher one, as final already."
    ),
    Code.WRONG_JUSTIFICATION: Meaning(
        False,
        "A justification must accompany the finality of a hand-off, of the same block, round and "
        "level, and no other.",
    ),
    Code.LATE_ACKS_NOT_DUE: Meaning(
        False, "No finality of this round is recorded, or it is too late to add to it."
    ),
    Code.ACKS_COUNTED: Meaning(False, "One of these acks is on the chain already."),
    Code.ROLL_CALL_NOT_DUE: Meaning(False, "A block carries the last roll-call before its slot."),
    Code.HEAD_NOT_ANCESTOR: Meaning(
        False, "The block does not stand on a head that was named, or the head is too new."
    ),
    Code.ALREADY_ATTENDED: Meaning(False, "A seat's attendance of the round is counted already."),
    Code.BAD_ROLL_CALL: Meaning(
        False, "The roll-call's form is wrong, or one of its signatures does not verify."
    ),
    Code.NO_OFFENCE: Meaning(False, "The messages do not contradict each other."),
    Code.BAD_EVIDENCE: Meaning(
        False, "The messages are out of order, or one of their signatures does not verify."
    ),
    Code.WRONG_SET_LIST: Meaning(
        False, "The list is not that of the set, or nothing is kept of that set any more."
    ),
    Code.EVIDENCE_KNOWN: Meaning(False, "The offence has been proved already."),
    Code.NO_BOND_LOCKED: Meaning(False, "The seat has no bond any more that could answer."),
}
