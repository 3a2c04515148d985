"""A block: a header that is signed and elected, and the body that the header commits to.

``body_root`` commits to the transactions as a Merkle tree over whole
transactions, signatures included, and to every other part by its hash.
"""

from typing import Final, NamedTuple

from chain.codec import Bytes64, Codec, Record, encode
from chain.crypto import compute_hash
from chain.errors import Code, Invalid
from chain.header import HEADER_BYTES_MAX, BlockHash, Header, compute_block_hash
from chain.transaction import TRANSACTION_BYTES_MAX, SealedTransaction, SignedTransaction, seal

BLOCK_TRANSACTION_BYTES_MAX: Final = 768 * 1_024  # the highest value block_bytes can be voted to
CONSENSUS_BYTES_MAX: Final = 256 * 1_024  # finality record, late acks, roll-call and evidence
BLOCK_BYTES_MAX: Final = (
    HEADER_BYTES_MAX + BLOCK_TRANSACTION_BYTES_MAX + CONSENSUS_BYTES_MAX + TRANSACTION_BYTES_MAX
)


class Body(Record, frozen=True):
    """Transactions, then what consensus puts on record; those parts are nil until it does."""

    transactions: tuple[SignedTransaction, ...]
    finality: None
    late_acks: None
    roll_call: None
    evidence: None
    clearing: None


EMPTY_PARTS: Final = (None, None, None, None, None)


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


_BLOCKS: Final = Codec(Block, BLOCK_BYTES_MAX)


def seal_block(
    header: Header, signature: bytes, transactions: tuple[SealedTransaction, ...]
) -> SealedBlock:
    """Put a produced block together."""
    body = Body(tuple(sealed.signed for sealed in transactions), *EMPTY_PARTS)
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
    if compute_body_root(transactions) != block.header.body_root:
        raise Invalid(Code.WRONG_BODY_ROOT)
    return SealedBlock(block, data, header_bytes, compute_block_hash(header_bytes), transactions)


def compute_body_root(transactions: tuple[SealedTransaction, ...]) -> bytes:
    """The header's commitment to a body whose other parts are empty."""
    return compute_body_root_of([compute_leaf_hash(sealed.whole_bytes) for sealed in transactions])


def compute_body_root_of(leaves: list[bytes]) -> bytes:
    """The same, of transactions that are only named by their leaf hashes."""
    root = compute_tree_root(leaves)
    return compute_hash(b"body", root, *(_EMPTY_PART_HASH for _ in EMPTY_PARTS))


_EMPTY_PART_HASH: Final = compute_hash(b"part", encode(None))


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
