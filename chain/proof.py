"""A final block, and what is in it, proved to a stranger who holds a genesis or a checkpoint.

One value carries everything: the hand-offs from set to set, the last block's certificate, and a row
of its state or a transaction of its body. Checking it is a function of bytes: no state, no clock,
no network; nobody who handed it over is believed.
"""

from collections.abc import Sequence
from typing import Annotated, Final, NamedTuple

from msgspec import Meta
from msgspec.structs import replace

from chain.block import compute_leaf_hash
from chain.certificates import (
    CERTIFICATE_BYTES_MAX,
    SEATS_IN_SET_MAX,
    Finality,
    Justification,
    check_certificate,
    compute_set_root,
)
from chain.checks import SignatureChecks
from chain.codec import Bytes32, Codec, Natural, Record, encode
from chain.crypto import compute_hash
from chain.errors import Code, Invalid
from chain.header import HEADER_VERSION, BlockHash, Header, compute_block_hash
from chain.merkle import Proof, verify_proof
from chain.tables import SetEntry
from chain.tables.table import ROW_BYTES_MAX
from chain.transaction import TRANSACTION_BYTES_MAX, SealedTransaction, decode_transaction

PROOF_VERSION: Final = 1
# Eleven years of a hand-off a day; whoever needs more begins with a checkpoint.
HAND_OFFS_MAX: Final = 4_096
PROOF_BYTES_MAX: Final = 64 * 1_024 * 1_024
CHECKPOINT_BYTES_MAX: Final = 512
KEY_BYTES_MAX: Final = 256  # the longest key of a row is some 70 bytes
ANCESTORS_MAX: Final = 1_024  # an hour of slots without finality, at a few hundred bytes a block
TRANSACTION_DEPTH_MAX: Final = 16  # 65,536 transactions in a block
BODY_PARTS: Final = 5  # beside the transactions

SetList = Annotated[tuple[SetEntry, ...], Meta(min_length=1, max_length=SEATS_IN_SET_MAX)]


class Checkpoint(Record, frozen=True):
    """A block taken for final, and the set that votes above it: where a proof may begin.

    ``set`` is the hand-off block of that set, the community's id for the first one; ``set_root``
    is the hash of its list.
    """

    chain: Bytes32
    block_hash: BlockHash
    height: Natural
    slot: Natural
    state_root: Bytes32
    set: BlockHash
    set_root: Bytes32


class HandOff(Record, frozen=True):
    """A final hand-off block: certified by the old set, committed to the next one's list."""

    header: Header
    justification: Justification
    finality: Finality
    entries: SetList


class Target(Record, frozen=True):
    """The final block that a proof is about, certified by the last set. It is no hand-off."""

    header: Header
    finality: Finality


class RowClaim(Record, frozen=True, tag="row"):
    """That a row of the state has this value; nil: that there is no such row."""

    key: Annotated[bytes, Meta(min_length=1, max_length=KEY_BYTES_MAX)]
    value: Annotated[bytes, Meta(max_length=ROW_BYTES_MAX)] | None
    proof: Proof


class Sibling(Record, frozen=True):
    """A step up the tree of a block's transactions: the other node, and on which side it is."""

    is_left: bool
    hash: Bytes32


class TransactionClaim(Record, frozen=True, tag="transaction"):
    """That a block's body has this transaction; ``parts`` are the hashes of its other parts."""

    whole: Annotated[bytes, Meta(min_length=1, max_length=TRANSACTION_BYTES_MAX)]
    path: Annotated[tuple[Sibling, ...], Meta(max_length=TRANSACTION_DEPTH_MAX)]
    parts: Annotated[tuple[Bytes32, ...], Meta(min_length=BODY_PARTS, max_length=BODY_PARTS)]


Claim = RowClaim | TransactionClaim


class FinalityProof(Record, frozen=True):
    """What is handed to a stranger. ``entries`` is the list of the set at its beginning.

    Without a target it ends with the last hand-off, or with the very block it begins with. What is
    claimed is of that block, or of the last of its ``ancestors``: headers from its parent down.
    """

    version: Natural
    entries: SetList
    hand_offs: Annotated[tuple[HandOff, ...], Meta(max_length=HAND_OFFS_MAX)]
    target: Target | None
    ancestors: Annotated[tuple[Header, ...], Meta(max_length=ANCESTORS_MAX)]
    claim: Claim | None


PROOFS: Final = Codec(FinalityProof, PROOF_BYTES_MAX)
CHECKPOINTS: Final = Codec(Checkpoint, CHECKPOINT_BYTES_MAX)

# What one hand-off can take at most: two certificates, a list and a header.
HAND_OFF_BYTES_MAX: Final = 2 * CERTIFICATE_BYTES_MAX + ROW_BYTES_MAX + 1_024


class Proven(NamedTuple):
    """What a proof has shown. ``level`` is the weakest on the way: 0 is the strongest.

    ``checkpoint`` is the block at its end: a later proof may begin there. ``header`` is that of the
    block of the claim, nil when the proof has no block of its own; ``block_hash`` and
    ``state_root`` are that block's, ``row`` and ``transaction`` what was claimed.
    """

    checkpoint: Checkpoint
    entries: tuple[SetEntry, ...]
    header: Header | None
    block_hash: BlockHash
    state_root: bytes
    level: int
    hand_offs: int
    row: tuple[bytes, bytes | None] | None
    transaction: SealedTransaction | None


def verify_finality(trusted: Checkpoint, proof: FinalityProof, checks: SignatureChecks) -> Proven:
    """What the proof shows to whoever trusts this checkpoint. Raises Invalid at what it does not.

    The checkpoint of a genesis is ``build_start``'s.
    """
    if proof.version != PROOF_VERSION:
        raise Invalid(Code.UNKNOWN_PROOF, f"version {proof.version}")
    if compute_set_root(proof.entries) != trusted.set_root:
        raise Invalid(Code.WRONG_NEXT_LIST, "the first list")
    place, entries, header, level = trusted, proof.entries, None, 0
    _check_set_list(entries)
    for step in proof.hand_offs:
        header = step.header
        place = _check_hand_off(place, entries, step, checks)
        level = max(level, step.finality.body.level)
        entries = step.entries
    if proof.target is not None:
        header = proof.target.header
        place = _check_target(place, entries, proof.target, checks)
        level = max(level, proof.target.finality.body.level)
    block_hash, state_root = place.block_hash, place.state_root
    for ancestor in proof.ancestors:
        block_hash = _check_ancestor(header, ancestor)
        header, state_root = ancestor, ancestor.state_root
    row = transaction = None
    match proof.claim:
        case RowClaim() as claim:
            row = _check_row(state_root, claim)
        case TransactionClaim() as claim:
            transaction = _check_transaction(header, claim)
    hand_offs = len(proof.hand_offs)
    return Proven(
        place, entries, header, block_hash, state_root, level, hand_offs, row, transaction
    )


def build_start(chain: bytes, state_root: bytes, entries: Sequence[SetEntry]) -> Checkpoint:
    """The checkpoint that a genesis is: its own block, its first state and its first set."""
    return Checkpoint(chain, chain, 0, 0, state_root, chain, compute_set_root(entries))


def begin_at(proof: FinalityProof, set_hash: BlockHash) -> FinalityProof:
    """The same proof from a later set on, for whoever trusts that one; else as it is."""
    entries = proof.entries
    for number, step in enumerate(proof.hand_offs):
        if step.header.base == set_hash:
            return replace(proof, entries=entries, hand_offs=proof.hand_offs[number:])
        entries = step.entries
    if proof.hand_offs and compute_block_hash(encode(proof.hand_offs[-1].header)) == set_hash:
        return replace(proof, entries=entries, hand_offs=())
    return proof


def build_transaction_claim(
    wholes: Sequence[bytes], index: int, parts: tuple[bytes, ...]
) -> TransactionClaim:
    """The claim of one of a block's transactions, from all of them and the parts' hashes."""
    level = [compute_leaf_hash(whole) for whole in wholes]
    place, path = index, []
    while len(level) > 1:
        other = place ^ 1
        if other < len(level):  # else it is carried up as it is
            path.append(Sibling(other < place, level[other]))
        pairs = zip(level[::2], level[1::2], strict=False)
        joined = [compute_hash(b"tx-node", left, right) for left, right in pairs]
        level = joined + level[len(level) & ~1 :]
        place //= 2
    return TransactionClaim(wholes[index], tuple(path), parts)


def check_set_age(checkpoint: Checkpoint, slot: int, slots_max: int) -> None:
    """Refuse a checkpoint whose seats may have taken their bonds back since. Raises Invalid.

    Older keys cost nobody anything any more: whoever bought them could sign another history.
    """
    age = slot - checkpoint.slot
    if age > slots_max:
        raise Invalid(Code.CHECKPOINT_TOO_OLD, f"{age} slots old, at most {slots_max}")


def _check_hand_off(
    place: Checkpoint, entries: tuple[SetEntry, ...], step: HandOff, checks: SignatureChecks
) -> Checkpoint:
    """The place after a hand-off, whose set is the next one."""
    header = step.header
    if header.next_set_root is None:
        raise Invalid(Code.WRONG_HAND_OFF, f"block {header.height}")
    block_hash = _check_block(place, header)
    _check_pair(step)
    _check_votes(place, header, block_hash, step.justification.body.set, step.finality)
    if compute_set_root(step.entries) != header.next_set_root:
        raise Invalid(Code.WRONG_NEXT_LIST, f"block {header.height}")
    _check_set_list(step.entries)
    check_certificate(entries, step.justification, checks)
    check_certificate(entries, step.finality, checks)
    return _build_place(header, block_hash, block_hash, header.next_set_root)


def _check_target(
    place: Checkpoint, entries: tuple[SetEntry, ...], target: Target, checks: SignatureChecks
) -> Checkpoint:
    header = target.header
    if header.next_set_root is not None:
        raise Invalid(Code.WRONG_HAND_OFF, f"block {header.height}")
    block_hash = _check_block(place, header)
    _check_votes(place, header, block_hash, target.finality.body.set, target.finality)
    check_certificate(entries, target.finality, checks)
    return _build_place(header, block_hash, place.set, place.set_root)


def _build_place(
    header: Header, block_hash: BlockHash, set_hash: BlockHash, set_root: bytes
) -> Checkpoint:
    return Checkpoint(
        header.chain,
        block_hash,
        header.height,
        header.slot,
        header.state_root,
        set_hash,
        set_root,
    )


def _check_block(place: Checkpoint, header: Header) -> BlockHash:
    """The hash of a header that may follow this place, or is it, of the set that votes there."""
    block_hash = compute_block_hash(encode(header))
    if header.chain != place.chain or header.version != HEADER_VERSION:
        raise Invalid(Code.WRONG_CHAIN)
    is_above = header.height > place.height and header.slot > place.slot
    if not is_above and block_hash != place.block_hash:
        raise Invalid(Code.PROOF_GOES_BACK, f"block {header.height} after {place.height}")
    if header.base != place.set:
        raise Invalid(Code.VOTE_OF_ANOTHER_SET, f"block {header.height}")
    return block_hash


def _check_pair(step: HandOff) -> None:
    """Both certificates of a hand-off are about the same: together they accuse as they convince."""
    prevote, ack = step.justification.body, step.finality.body
    if (prevote.chain, prevote.set, prevote.target_hash, prevote.target_height) != (
        ack.chain,
        ack.set,
        ack.target_hash,
        ack.target_height,
    ):
        raise Invalid(Code.CERTIFICATES_DISAGREE, f"block {step.header.height}")
    if (prevote.round, prevote.level) != (ack.round, ack.level):
        raise Invalid(Code.CERTIFICATES_DISAGREE, f"rounds {prevote.round} and {ack.round}")
    if prevote.source_round >= prevote.round:
        raise Invalid(Code.WRONG_ROUND, f"from {prevote.source_round} to {prevote.round}")


def _check_votes(
    place: Checkpoint,
    header: Header,
    block_hash: BlockHash,
    set_hash: BlockHash,
    finality: Finality,
) -> None:
    """The acks are of this community and set, about this very block, and not before its slot."""
    ack = finality.body
    if ack.chain != place.chain:
        raise Invalid(Code.WRONG_CHAIN)
    if ack.set != place.set or set_hash != place.set:
        raise Invalid(Code.VOTE_OF_ANOTHER_SET, f"block {header.height}")
    if (ack.target_hash, ack.target_height) != (block_hash, header.height):
        raise Invalid(Code.VOTE_FOR_ANOTHER_BLOCK, f"block {header.height}")
    if ack.round < header.slot:
        raise Invalid(Code.WRONG_ROUND, f"round {ack.round} of a block of slot {header.slot}")


def _check_set_list(entries: tuple[SetEntry, ...]) -> None:
    """Seats in order, each once, with weight, and no key twice: no signature may count twice."""
    seats = [entry.seat for entry in entries]
    keys = [key for entry in entries for key in (entry.vote_key, entry.standby_key, entry.vrf_key)]
    if (
        seats != sorted(set(seats))
        or len(keys) != len(set(keys))
        or any(not entry.weight for entry in entries)
    ):
        raise Invalid(Code.BAD_SET_LIST)


def _check_ancestor(child: Header | None, header: Header) -> BlockHash:
    """The hash of a header that its child names: what is below a final block is final."""
    block_hash = compute_block_hash(encode(header))
    if child is None or child.parent_hash != block_hash:
        raise Invalid(Code.NOT_AN_ANCESTOR, f"block {header.height}")
    return block_hash


def _check_row(state_root: bytes, claim: RowClaim) -> tuple[bytes, bytes | None]:
    if not verify_proof(state_root, claim.key, claim.value, claim.proof):
        raise Invalid(Code.ROW_NOT_PROVEN)
    return claim.key, claim.value


def _check_transaction(header: Header | None, claim: TransactionClaim) -> SealedTransaction:
    if header is None:
        raise Invalid(Code.TRANSACTION_NOT_PROVEN, "the proof names no block of its own")
    root = compute_leaf_hash(claim.whole)
    for sibling in claim.path:
        pair = (sibling.hash, root) if sibling.is_left else (root, sibling.hash)
        root = compute_hash(b"tx-node", *pair)
    if compute_hash(b"body", root, *claim.parts) != header.body_root:
        raise Invalid(Code.TRANSACTION_NOT_PROVEN)
    return decode_transaction(claim.whole)
