"""What refusals of bytes, of blocks, and of a node before any rule is asked mean."""

from typing import Final

from chain.refusals.codes import Code, Meaning

BLOCKS: Final[dict[Code, Meaning]] = {
    Code.MALFORMED: Meaning(False, "The bytes are not what the format asks for."),
    Code.NOT_CANONICAL: Meaning(
        False, "The bytes do not re-encode to themselves: MessagePack has one canonical form."
    ),
    Code.TOO_LARGE: Meaning(False, "More bytes than the format admits."),
    Code.OTHER_RULES: Meaning(
        False,
        "The genesis has rules of another version: install the version of Pai that the community "
        "uses.",
    ),
    Code.WRONG_CHAIN: Meaning(False, "The block belongs to another community, or other rules."),
    Code.WRONG_PARENT: Meaning(False, "The block does not follow the block it was applied to."),
    Code.WRONG_HEIGHT: Meaning(False, "The height is not the parent's height plus one."),
    Code.WRONG_SLOT: Meaning(False, "The slot does not come after the parent's slot."),
    Code.WRONG_BASE: Meaning(False, "The base is not the newest hand-off above the block."),
    Code.WRONG_SET: Meaning(False, "The hand-off to a new set is missing, wrong, or not due."),
    Code.NOT_IN_SET: Meaning(False, "The author's seat is not in the set."),
    Code.BAD_HEADER_SIGNATURE: Meaning(False, "The header's signature does not verify."),
    Code.BAD_VRF_PROOF: Meaning(False, "The header's VRF proof does not verify."),
    Code.NOT_ELECTED: Meaning(False, "The author did not win this slot."),
    Code.WRONG_RANK: Meaning(False, "The author's rank in this slot is another, or not yet due."),
    Code.WRONG_BODY_ROOT: Meaning(False, "The body does not match the header."),
    Code.WRONG_STATE_ROOT: Meaning(False, "The state after the block has another root."),
    Code.BLOCK_UNITS_EXCEEDED: Meaning(False, "The block's transactions use too many units."),
    Code.BLOCK_BYTES_EXCEEDED: Meaning(False, "The block's transactions are too many bytes."),
    Code.WRONG_LOCK: Meaning(False, "The header's locked justification does not fit its base."),
    Code.PAUSE_TOO_LONG: Meaning(False, "More epochs were skipped than the rules can bridge."),
    Code.MEMPOOL_FULL: Meaning(True, "The node's waiting room is full: try again later."),
    Code.MEMPOOL_ACCOUNT_FULL: Meaning(
        True, "Too many transactions of this account are waiting: try again after the next block."
    ),
    Code.ALREADY_KNOWN: Meaning(False, "The node holds this transaction already."),
}
