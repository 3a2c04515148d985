"""A block: a header that is signed and elected, and the body that the header commits to.

``body_root`` commits to the transactions as a Merkle tree over whole
transactions, signatures included, and to every other part by its hash. The other parts are what
consensus puts on record; whether they may stand in a block is a rule.
"""

from typing import Any, Final, NamedTuple

from chain.codec import Bytes64, Codec, Record, encode
from chain.crypto import compute_hash
from chain.errors import Code, Invalid
from chain.header import HEADER_BYTES_MAX, BlockHash, Header, compute_block_hash
from chain.records import (
    CLEARING_BYTES_MAX,
    ClearingCertificate,
    EvidenceList,
    FinalityRecord,
    LateAcks,
    RollCall,
)
from chain.transaction import TRANSACTION_BYTES_MAX, SealedTransaction, SignedTransaction, seal

BLOCK_TRANSACTION_BYTES_MAX: Final = 768 * 1_024  # the highest value block_bytes can be voted to
CONSENSUS_BYTES_MAX: Final = 256 * 1_024  # finality record, late acks, roll-call and evidence
BLOCK_BYTES_MAX: Final = (
    HEADER_BYTES_MAX
    + BLOCK_TRANSACTION_BYTES_MAX
    + CONSENSUS_BYTES_MAX
    + CLEARING_BYTES_MAX
    + TRANSACTION_BYTES_MAX
)


class BlockParts(Record, frozen=True):
    """What a body holds beside its transactions; nil where there is nothing to say."""

    finality: FinalityRecord | None = None
    late_acks: LateAcks | None = None
    roll_call: RollCall | None = None
    evidence: EvidenceList | None = None
    clearing: ClearingCertificate | None = None


NO_PARTS: Final = BlockParts()


class Body(Record, frozen=True):
    """Transactions, then the parts of ``BlockParts`` in their order."""

    transactions: tuple[SignedTransaction, ...]
    finality: FinalityRecord | None
    late_acks: LateAcks | None
    roll_call: RollCall | None
    evidence: EvidenceList | None
    clearing: ClearingCertificate | None


class Block(Record, frozen=True):
    """A block as it travels and as it is kept."""

    header: Header
    signature: Bytes64
    body: Body


class SealedBlock(NamedTuple):
    """A decoded block with its bytes, its hash and its sealed transactions, computed once."""

    block: Block
    whole_bytes: bytes
    header_bytes: bytes
    hash: BlockHash
    transactions: tuple[SealedTransaction, ...]

    @property
    def header(self) -> Header:
        """The header."""
        return self.block.header

    @property
    def parts(self) -> BlockParts:
        """What the body holds beside its transactions."""
        return get_parts(self.block.body)


_BLOCKS: Final = Codec(Block, BLOCK_BYTES_MAX)


def get_parts(body: Body) -> BlockParts:
    """What a body holds beside its transactions."""
    return BlockParts(body.finality, body.late_acks, body.roll_call, body.evidence, body.clearing)


def seal_block(
    header: Header,
    signature: bytes,
    transactions: tuple[SealedTransaction, ...],
    parts: BlockParts = NO_PARTS,
) -> SealedBlock:
    """Put a produced block together."""
    body = Body(tuple(sealed.signed for sealed in transactions), *_list_parts(parts))
    block = Block(header, signature, body)
    header_bytes = encode(header)
    return SealedBlock(
        block, encode(block), header_bytes, compute_block_hash(header_bytes), transactions
    )


def decode_block(data: bytes) -> SealedBlock:
    """The block of these bytes, checked against its own body root.

    Raises Invalid. A body that does not match accuses whoever sent the bytes, not the block:
    the header may be good.
    """
    block = _BLOCKS.decode(data)
    header_bytes = encode(block.header)
    transactions = tuple(seal(signed) for signed in block.body.transactions)
    parts = get_parts(block.body)
    if compute_body_root(transactions, parts) != block.header.body_root:
        raise Invalid(Code.WRONG_BODY_ROOT)
    check_parts_bytes(parts)
    return SealedBlock(block, data, header_bytes, compute_block_hash(header_bytes), transactions)


def check_parts_bytes(parts: BlockParts) -> None:
    """Refuse more than a block may carry for consensus, or for a clearing. Raises Invalid."""
    if parts == NO_PARTS:
        return
    size_bytes = sum(len(encode(part)) for part in _list_parts(parts)[:_CONSENSUS_PARTS])
    if size_bytes > CONSENSUS_BYTES_MAX:
        raise Invalid(Code.TOO_LARGE, f"{size_bytes} bytes of consensus")
    clearing_bytes = 0 if parts.clearing is None else len(encode(parts.clearing))
    if clearing_bytes > CLEARING_BYTES_MAX:
        raise Invalid(Code.TOO_LARGE, f"{clearing_bytes} bytes of clearing")


def compute_body_root(
    transactions: tuple[SealedTransaction, ...], parts: BlockParts = NO_PARTS
) -> bytes:
    """The header's commitment to a body."""
    leaves = [compute_leaf_hash(sealed.whole_bytes) for sealed in transactions]
    return compute_body_root_of(leaves, parts)


def compute_body_root_of(leaves: list[bytes], parts: BlockParts = NO_PARTS) -> bytes:
    """The same, of transactions that are only named by their leaf hashes."""
    return compute_hash(b"body", compute_tree_root(leaves), *get_part_hashes(parts))


def get_part_hashes(parts: BlockParts) -> tuple[bytes, ...]:
    """What ``body_root`` commits to beside the transactions."""
    return tuple(
        _EMPTY_PART_HASH if part is None else compute_hash(b"part", encode(part))
        for part in _list_parts(parts)
    )


_EMPTY_PART_HASH: Final = compute_hash(b"part", encode(None))
_CONSENSUS_PARTS: Final = 4  # the first of the parts; what follows has a cap of its own


def _list_parts(parts: BlockParts) -> tuple[Any, ...]:
    return parts.finality, parts.late_acks, parts.roll_call, parts.evidence, parts.clearing


def compute_leaf_hash(whole_bytes: bytes) -> bytes:
    """What names a transaction in the tree of its block, signatures included."""
    return compute_hash(b"tx-leaf", whole_bytes)


def compute_tree_root(leaves: list[bytes]) -> bytes:
    """Merkle root in the shape of RFC 6962: a lone node on the right is carried up unhashed."""
    if not leaves:
        return compute_hash(b"tx-empty")
    level = leaves
    while len(level) > 1:
        pairs = [
            compute_hash(b"tx-node", left, right)
            for left, right in zip(level[::2], level[1::2], strict=False)
        ]
        level = pairs + level[len(level) & ~1 :]
    return level[0]
