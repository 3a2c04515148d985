"""A chain that begins with a snapshot: proved first, taken in part by part, founded last.

Every part is checked before it is written, and the ledger that opens over the rows computes their
root again. Until the last batch has put the genesis there, no ledger opens the store at all.
"""

from typing import NamedTuple

from msgspec.structs import replace

from chain.block import SealedBlock
from chain.checks import SignatureChecks
from chain.crypto import Signed
from chain.errors import Code, Invalid
from chain.genesis import Genesis
from chain.header import get_header_message
from chain.kept import read_row, write_base, write_rows
from chain.ledger import Ledger
from chain.proof import (
    Checkpoint,
    FinalityProof,
    begin_at,
    build_start,
    check_set_age,
    verify_finality,
)
from chain.rules.lottery import find_entry
from chain.snapshot import SNAPSHOT_VERSION, Outline, Part, Place, check_part, list_places
from chain.store import MemoryStore, Store
from chain.tables import CURRENT, RANDOMNESS, RECORDED, TIPS, SetEntry
from consensus.forkchoice import Recorded
from node.certified import (
    build_base_recorded_row,
    build_hand_off_rows,
    build_list_row,
    build_target_row,
    build_trusted_row,
)
from node.history import build_base_rows


class Judged(NamedTuple):
    """A snapshot whose block is proven final: its parts, and what proved it."""

    trusted: Checkpoint
    checkpoint: Checkpoint
    entries: tuple[SetEntry, ...]
    proof: FinalityProof
    outline: Outline
    places: tuple[Place, ...]


def build_genesis_checkpoint(genesis: Genesis) -> Checkpoint:
    """The checkpoint that a genesis is. Raises BadGenesis."""
    ledger = Ledger(MemoryStore(), genesis)
    return build_start(ledger.chain, ledger.root, ledger.state.sets.require(CURRENT).entries)


def check_age(checkpoint: Checkpoint, genesis: Genesis, slot: int) -> None:
    """Refuse a start older than bonds stay locked, as of a slot. Raises Invalid."""
    constants = genesis.constants
    check_set_age(checkpoint, slot, constants.unbonding_periods * constants.slots_per_period)


def judge_snapshot(
    trusted: Checkpoint, proof: FinalityProof, outline: Outline, checks: SignatureChecks
) -> Judged:
    """The parts of a snapshot whose block is proven final by its certificate. Raises Invalid.

    Of the proof its hand-offs are used; it may begin with an earlier set than the checkpoint's.
    """
    if outline.version != SNAPSHOT_VERSION:
        raise Invalid(Code.UNKNOWN_PROOF, f"version {outline.version}")
    proof = begin_at(replace(proof, target=outline.target, ancestors=(), claim=None), trusted.set)
    proven = verify_finality(trusted, proof, checks)
    places = list_places(proven.checkpoint.state_root, outline.splits)
    return Judged(trusted, proven.checkpoint, proven.entries, proof, outline, tuple(places))


def take_part(store: Store, place: Place, part: Part) -> None:
    """Check a part of a judged snapshot and put its rows into a new store. Raises Invalid."""
    check_part(place, part)
    write_rows(store, part.rows)


def check_block(judged: Judged, block: SealedBlock, checks: SignatureChecks) -> None:
    """Refuse a block that is not the one proven, signature included. Raises Invalid."""
    if block.hash != judged.checkpoint.block_hash:
        raise Invalid(Code.BAD_SNAPSHOT, "another block than the one proven")
    entry = find_entry(judged.entries, block.header.seat)
    message = get_header_message(block.header_bytes)
    if not checks.holds(Signed(entry.vote_key, message, block.block.signature)):
        raise Invalid(Code.BAD_HEADER_SIGNATURE)


def found(store: Store, genesis: Genesis, judged: Judged, block: SealedBlock) -> None:
    """Found the store, which has taken all parts, on the snapshot's block, checked.

    The proof is kept with it: this node can prove what was proved to it.
    """
    randomness = read_row(store, RANDOMNESS.prefix + CURRENT)
    tip = read_row(store, TIPS.prefix + CURRENT)
    recorded = read_row(store, RECORDED.prefix + CURRENT)
    assert randomness is not None, "every state has its randomness, and every part was checked"
    assert tip is not None, "every state has its tip"
    assert recorded is not None, "every state has what is recorded"
    newest = RECORDED.codec.decode(recorded).rounds[-1]
    score = TIPS.codec.decode(tip).score
    index = [
        *build_base_rows(block, score, RANDOMNESS.codec.decode(randomness)),
        build_trusted_row(judged.trusted),
        build_list_row(judged.trusted.set, judged.proof.entries),
        *(row for step in judged.proof.hand_offs for row in build_hand_off_rows(step)),
        build_target_row(judged.outline.target),
        build_base_recorded_row(Recorded(newest.set, newest.round)),
    ]
    write_base(store, genesis, block, score, index=index)
