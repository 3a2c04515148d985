"""What a node keeps to prove finality to strangers: hand-offs from set to set, the newest target.

Rows of the store outside the state root. Hand-offs are final, so their rows are never undone.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from chain.block import SealedBlock
from chain.changes import Change
from chain.codec import Codec, encode
from chain.crypto import u64
from chain.header import BlockHash, compute_block_hash
from chain.kept import INDEX
from chain.ledger import Ledger
from chain.proof import (
    CHECKPOINTS,
    HAND_OFF_BYTES_MAX,
    HAND_OFFS_MAX,
    PROOF_VERSION,
    Checkpoint,
    FinalityProof,
    HandOff,
    SetList,
    Target,
)
from chain.records import FinalityRecord
from chain.store import Store
from chain.tables import NEXT_SETS, NextSet, SetEntry
from chain.tables.table import ROW_BYTES_MAX
from consensus.forkchoice import NOTHING_RECORDED, Recorded

_HAND_OFF: Final = INDEX + b"h"  # hand-off block of a set -> the hand-off that ended it
_SET: Final = INDEX + b"y"  # height of a hand-off block -> its hash
_LIST: Final = INDEX + b"l"  # hand-off block of a set -> its list
_TARGET: Final = INDEX + b"q"  # the newest final block that is no hand-off

_TRUSTED: Final = INDEX + b"c"  # the checkpoint with which a chain from a snapshot began

_BASE_RECORDED: Final = INDEX + b"A"  # what that chain has on record up to its first block

_HAND_OFFS: Final = Codec(HandOff, HAND_OFF_BYTES_MAX)
_LISTS: Final[Codec[tuple[SetEntry, ...]]] = Codec(SetList, ROW_BYTES_MAX)
_TARGETS: Final = Codec(Target, HAND_OFF_BYTES_MAX)
_RECORDED: Final = Codec(Recorded, 64)

_Row = tuple[bytes, bytes | None]


def build_rows(ledger: Ledger, block: SealedBlock, changes: Sequence[Change]) -> list[_Row]:
    """What comes with a block that is about to be committed: lists, and what it records as final.

    The rows are by hash, or of what is final, so they stay when the block is undone.
    """
    rows: list[_Row] = []
    if block.header.height == 1:
        rows.append(build_list_row(ledger.chain, ledger.seat_set.entries))
    rows += [
        build_list_row(block.hash, change.after.entries)
        for change in changes
        if change.table is NEXT_SETS and isinstance(change.after, NextSet)
    ]
    if block.parts.finality is not None:
        rows += build_final_rows(ledger, block.parts.finality)
    return rows


def build_final_rows(ledger: Ledger, record: FinalityRecord) -> list[_Row]:
    """What is kept of a certificate that was checked, of a block that is held; none of others."""
    final = ledger.get_block(record.finality.body.target_hash)
    if final is None:  # it lies below the snapshot with which we began
        return []
    if final.header.next_set_root is None:
        newest = read_target(ledger.store)
        if newest is not None and newest.header.height >= final.header.height:
            return []
        return [build_target_row(Target(final.header, record.finality))]
    entries = read_list(ledger.store, final.hash)
    if record.justification is None or entries is None:
        return []
    step = HandOff(final.header, record.justification, record.finality, entries)
    return build_hand_off_rows(step)


def build_list_row(set_hash: BlockHash, entries: tuple[SetEntry, ...]) -> _Row:
    """The row of a set's list, to be written when its hand-off block is executed."""
    return _LIST + set_hash, encode(entries)


def build_hand_off_rows(step: HandOff) -> list[_Row]:
    """The rows of a hand-off that is known to be final."""
    next_set = compute_block_hash(encode(step.header))
    return [
        (_HAND_OFF + step.header.base, encode(step)),
        (_SET + u64(step.header.height), next_set),
        build_list_row(next_set, step.entries),
    ]


def build_target_row(target: Target) -> _Row:
    """The row of the newest final block."""
    return _TARGET, encode(target)


def build_trusted_row(checkpoint: Checkpoint) -> _Row:
    """The row of the checkpoint on which everything here rests."""
    return _TRUSTED, encode(checkpoint)


def read_trusted(store: Store) -> Checkpoint | None:
    """The checkpoint on which everything here rests; None: the genesis."""
    data = store.get(_TRUSTED)
    return None if data is None else CHECKPOINTS.decode(data)


def build_base_recorded_row(recorded: Recorded) -> _Row:
    """The row of the newest finality on record where a chain from a snapshot begins."""
    return _BASE_RECORDED, encode(recorded)


def read_base_recorded(store: Store) -> Recorded:
    """What the chain has on record at its beginning; of the genesis nothing."""
    data = store.get(_BASE_RECORDED)
    return NOTHING_RECORDED if data is None else _RECORDED.decode(data)


def read_list(store: Store, set_hash: BlockHash) -> tuple[SetEntry, ...] | None:
    """The list of a set."""
    data = store.get(_LIST + set_hash)
    return None if data is None else _LISTS.decode(data)


def read_target(store: Store) -> Target | None:
    """The newest final block that is no hand-off, with its acks."""
    data = store.get(_TARGET)
    return None if data is None else _TARGETS.decode(data)


def read_sets(store: Store, chain: BlockHash) -> list[BlockHash]:
    """All sets of our own chain that are final, from the first one that is trusted."""
    trusted = read_trusted(store)
    first = trusted.set if trusted else chain
    return [first, *(data for _, data in store.items(_SET) if data != first)]


def has_ended(store: Store, set_hash: BlockHash) -> bool:
    """Whether a hand-off from this set to another one is final on our own chain."""
    return store.get(_HAND_OFF + set_hash) is not None


def read_hand_offs(store: Store, set_hash: BlockHash, limit: int) -> Iterator[HandOff]:
    """The hand-offs that lead on from a set, in order."""
    for _ in range(limit):
        data = store.get(_HAND_OFF + set_hash)
        if data is None:
            return
        step = _HAND_OFFS.decode(data)
        yield step
        set_hash = compute_block_hash(encode(step.header))


def find_height(store: Store, chain: BlockHash, set_hash: BlockHash) -> int | None:
    """The height of a hand-off that is known by its proof; None: it is not."""
    trusted = read_trusted(store)
    for step in read_hand_offs(store, trusted.set if trusted else chain, HAND_OFFS_MAX):
        if compute_block_hash(encode(step.header)) == set_hash:
            return step.header.height
    return None


def build_proof(store: Store, set_hash: BlockHash, target: Target | None) -> FinalityProof | None:
    """A proof that leads on from a set to a target; None when this store cannot give it.

    It claims nothing yet.
    """
    entries = read_list(store, set_hash)
    if entries is None:
        return None
    steps: list[HandOff] = []
    last = set_hash
    for step in read_hand_offs(store, set_hash, HAND_OFFS_MAX):
        if target is not None and last == target.header.base:
            break
        steps.append(step)
        last = compute_block_hash(encode(step.header))
    if target is not None and last != target.header.base:
        return None
    return FinalityProof(PROOF_VERSION, entries, tuple(steps), target, (), None)
