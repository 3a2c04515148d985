"""What refusals of proofs, checkpoints and snapshots mean."""

from typing import Final

from chain.refusals.codes import Code, Meaning

PROOFS: Final[dict[Code, Meaning]] = {
    Code.UNKNOWN_PROOF: Meaning(
        False, "The proof is of a version that is not known here: install a newer Pai."
    ),
    Code.WRONG_NEXT_LIST: Meaning(
        False, "A list of seats in the proof is not the one that the block before commits to."
    ),
    Code.BAD_SET_LIST: Meaning(
        False, "A list of seats is out of order, has a key twice, or a seat without weight."
    ),
    Code.PROOF_GOES_BACK: Meaning(
        False, "A block in the proof is not above the one before it, or not above the checkpoint."
    ),
    Code.VOTE_OF_ANOTHER_SET: Meaning(
        False, "A block or certificate in the proof is of another set than the one that decides."
    ),
    Code.VOTE_FOR_ANOTHER_BLOCK: Meaning(
        False, "A certificate in the proof is about another block than the one shown."
    ),
    Code.CERTIFICATES_DISAGREE: Meaning(
        False, "The two certificates of a hand-off are not of the same round, level and block."
    ),
    Code.WRONG_ROUND: Meaning(
        False, "A certificate's round does not come after its block's slot and its source."
    ),
    Code.WRONG_HAND_OFF: Meaning(
        False,
        "A hand-off in the proof commits to no next list, or the last block is itself a hand-off.",
    ),
    Code.ROW_NOT_PROVEN: Meaning(
        False, "The hashes do not lead from the block's state root to the row."
    ),
    Code.TRANSACTION_NOT_PROVEN: Meaning(
        False, "The hashes do not lead from the block's body to the transaction."
    ),
    Code.CHECKPOINT_TOO_OLD: Meaning(
        False,
        "The checkpoint is older than bonds stay locked: take a newer one from people you trust.",
    ),
    Code.BAD_SNAPSHOT: Meaning(False, "The snapshot's outline does not lead to the state root."),
    Code.BAD_SNAPSHOT_ROWS: Meaning(
        False, "Rows of the snapshot are not those that the state root commits to."
    ),
    Code.NOT_AN_ANCESTOR: Meaning(
        False, "A block in the proof is not the parent of the one above it."
    ),
}
