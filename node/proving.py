"""Makes proofs for strangers out of a chain that is kept: of a row, of a transaction, of nothing.

What is kept of finality is enough; the newest final block serves for rows, and for a transaction
the first final block above it. None where no final block covers what is asked.
"""

from collections.abc import Iterator
from itertools import takewhile

from msgspec.structs import replace

from chain.block import SealedBlock, get_part_hashes
from chain.certificates import compute_set_root
from chain.codec import encode
from chain.header import BlockHash, Header, compute_block_hash
from chain.ledger import Ledger
from chain.proof import (
    ANCESTORS_MAX,
    PROOF_VERSION,
    Checkpoint,
    FinalityProof,
    RowClaim,
    Target,
    build_start,
    build_transaction_claim,
)
from node.certified import build_proof, read_list, read_target, read_trusted
from node.history import read_place


def get_first_set(ledger: Ledger) -> BlockHash:
    """The set with which every proof from here begins: the genesis', or the trusted one."""
    trusted = read_trusted(ledger.store)
    return ledger.chain if trusted is None else trusted.set


def build_finality_proof(ledger: Ledger, set_hash: BlockHash) -> FinalityProof | None:
    """The proof of the newest final block, from a set on; None when that set is not known.

    While nothing is final it has neither target nor hand-offs, and leads nowhere.
    """
    proof = build_proof(ledger.store, set_hash, read_target(ledger.store))
    if proof is None and not ledger.head.height and set_hash == ledger.chain:
        return FinalityProof(PROOF_VERSION, ledger.seat_set.entries, (), None, (), None)
    return proof


def build_row_proof(ledger: Ledger, set_hash: BlockHash, state_key: bytes) -> FinalityProof | None:
    """The proof of a row, or of its absence, after the newest final block.

    Raises StoreError when that is too far below the head.
    """
    target = read_target(ledger.store)
    proof = None if target is None else build_proof(ledger.store, set_hash, target)
    if target is None or proof is None:
        return None
    row, path = ledger.prove(state_key, target.header.height)
    return replace(proof, claim=RowClaim(state_key, row, path))


def build_transaction_proof(
    ledger: Ledger, set_hash: BlockHash, transaction_id: bytes
) -> FinalityProof | None:
    """The proof that a final block has a transaction; None also when there is none such."""
    place = read_place(ledger.store, transaction_id)
    if place is None:
        return None
    height, position = place
    block = _read_block(ledger, height)
    proof = None if block is None else _find_cover(ledger, set_hash, height)
    if block is None or proof is None:
        return None
    wholes = [sealed.whole_bytes for sealed in block.transactions]
    claim = build_transaction_claim(wholes, position, get_part_hashes(block.parts))
    return replace(proof, claim=claim)


def build_checkpoint(ledger: Ledger) -> Checkpoint | None:
    """The newest final block as a checkpoint for others; None: no block is known to be final."""
    target = read_target(ledger.store)
    if target is None:
        return None
    header = target.header
    entries = read_list(ledger.store, header.base)
    assert entries is not None, "the list of a set that has made blocks final is kept"
    start = build_start(header.chain, header.state_root, entries)
    return replace(
        start,
        block_hash=compute_block_hash(encode(header)),
        height=header.height,
        slot=header.slot,
        set=header.base,
        set_root=compute_set_root(entries),
    )


def _find_cover(ledger: Ledger, set_hash: BlockHash, height: int) -> FinalityProof | None:
    """A proof that ends with a final block at this height or above, and headers down to it."""
    for end in _iterate_ends(ledger, height):
        header = end if isinstance(end, Header) else end.header
        if not height <= header.height <= height + ANCESTORS_MAX:
            continue
        proof = _end_with(ledger, set_hash, end)
        if proof is not None:
            below = range(header.height - 1, height - 1, -1)
            blocks = [_read_block(ledger, item) for item in below]
            ancestors = tuple(block.header for block in blocks if block is not None)
            return replace(proof, ancestors=ancestors)
    return None


def _iterate_ends(ledger: Ledger, height: int) -> Iterator[Target | Header]:
    """Final blocks that a proof may end with, as blocks above have recorded them; hand-offs bare.

    The newest known comes last: blocks need not have recorded it yet.
    """
    for above in range(height + 1, height + ANCESTORS_MAX + 1):
        block = _read_block(ledger, above)
        if block is None:
            break
        record = block.parts.finality
        if record is None:
            continue
        final = ledger.get_block(record.finality.body.target_hash)
        if final is not None and final.header.next_set_root is not None:
            yield final.header
        elif final is not None:
            yield Target(final.header, record.finality)
    newest = read_target(ledger.store)
    if newest is not None:
        yield newest


def _end_with(ledger: Ledger, set_hash: BlockHash, end: Target | Header) -> FinalityProof | None:
    if isinstance(end, Target):
        return build_proof(ledger.store, set_hash, end)
    whole = build_proof(ledger.store, set_hash, None)
    if whole is None:
        return None
    before = tuple(takewhile(lambda step: step.header != end, whole.hand_offs))
    if len(before) == len(whole.hand_offs):
        return None
    return replace(whole, hand_offs=whole.hand_offs[: len(before) + 1])


def _read_block(ledger: Ledger, height: int) -> SealedBlock | None:
    block_hash = ledger.get_hash(height)
    return None if block_hash is None else ledger.get_block(block_hash)
