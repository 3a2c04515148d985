"""The ledger and what a node keeps beside it: side branches, history, and the way between branches.

Single steps only, each of them atomic in the store: extend by a block, take one back, put one
aside. The core strings them together and lets others run in between.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from chain import vrf
from chain.block import SealedBlock
from chain.checks import SignatureChecks, VrfClaim
from chain.genesis import Genesis
from chain.header import SECONDARY, BlockHash, Header, SignedHeader, get_score
from chain.ledger import Execution, Ledger
from chain.policy import AccountId
from chain.records import FinalityRecord
from chain.rules.randomness import build_first_randomness, compute_randomness, mix_output
from chain.rules.sets import get_recorded
from chain.store import Batch, Store
from chain.tables import CURRENT, PREVIOUS, Randomness
from consensus.forkchoice import BlockFacts, Recorded
from consensus.producer import Position
from consensus.sets import VoterSet, build_voters
from node import certified, decisions, holdings
from node.happenings import find_happenings
from node.history import (
    BlockSummary,
    TransactionPlace,
    build_epoch_row,
    build_epoch_undo_row,
    build_rows,
    build_rows_below,
    build_undo_rows,
    read_base_randomness,
    read_epoch_row,
    read_header_apart,
    read_place,
    read_row,
)
from node.prices import build_price_rows, build_price_undo_rows

LOCATOR_DENSE: Final = 10  # the newest one by one, then each step twice as far
FACTS_REMEMBERED_MAX: Final = 256
_NOBODY: Final = bytes(32)


class ChainKeeper:
    """One chain in one store, with blocks of other branches beside it."""

    def __init__(self, store: Store, genesis: Genesis, checks: SignatureChecks) -> None:
        """Open the chain. Raises StoreError and BadGenesis as the ledger does."""
        self.ledger = Ledger(store, genesis)
        holdings.prepare(store)
        self.checks = checks
        self.seat: AccountId | None = None  # whose notices are told
        self._base: tuple[BlockHash, int] = self.ledger.chain, 0
        self._facts: dict[BlockHash, BlockFacts] = {}

    def extend(self, block: SealedBlock, *, durable: bool) -> None:
        """Execute a block above the head and make it the head. Raises Invalid."""
        self.commit(self.ledger.execute(block, self.checks), block, durable=durable)

    def commit(self, execution: Execution, block: SealedBlock, *, durable: bool) -> None:
        """Make an executed block the head, with the history it writes."""
        ledger = self.ledger
        context = ledger.get_context(block.header.slot)
        happenings = find_happenings(block, execution, context)
        score = ledger.head.score + 2 - block.header.kind
        outdated = block.header.height - ledger.constants.transaction_life_slots
        rows = build_rows(ledger.store, block, score, happenings, outdated)
        before = ledger.state.randomness.require(CURRENT)
        if context.epoch > before.epoch:
            rows.append(build_epoch_row(compute_randomness(before, context.epoch)))
        rows += certified.build_rows(ledger, block, execution.changes)
        rows += build_price_rows(block, execution)
        rows += holdings.build_rows(execution.changes)
        rows += decisions.build_rows(ledger.state, block, execution, outdated)
        ledger.commit(execution, block, index=rows, durable=durable)

    def note_final(self, record: FinalityRecord) -> None:
        """Keep a checked certificate that no block has recorded yet, to prove finality with it."""
        rows = certified.build_final_rows(self.ledger, record)
        if rows:
            self.ledger.store.write(rows, durable=False)

    def undo(self) -> SealedBlock:
        """Take the head back; it stays as a block of a side branch. Raises StoreError."""
        block = self.ledger.get_block(self.ledger.head.hash)
        assert block is not None, "the head's block is kept"
        rows = build_undo_rows(self.ledger.store, block)
        rows += build_price_undo_rows(block.header)
        rows += holdings.build_undo_rows(self.ledger.store, block.header.height)
        rows += decisions.build_undo_rows(self.ledger.store, block.header.height)
        epoch = self._get_epoch(block.header.slot)
        if epoch > self._get_epoch(self.get_facts_at(block.header.height - 1).slot):
            rows.append(build_epoch_undo_row(epoch))
        return self.ledger.undo(index=rows)

    def put_aside(self, block: SealedBlock) -> None:
        """Keep a block of a branch that is not followed."""
        self.ledger.keep_block(block)

    def extend_below(self, blocks: Sequence[SealedBlock], lists: Batch) -> None:
        """Keep blocks below those held, downwards, with rows of lists of the sets they are of."""
        ledger = self.ledger
        above = ledger.get_block(ledger.first.hash)
        assert above is not None, "the first block held is a block: nothing lies below a genesis"
        assert blocks[0].hash == above.header.parent_hash, "the first one's parent comes next"
        score = ledger.first.score
        scores: list[int] = []
        for before in (above, *blocks[:-1]):
            score -= get_score(before.header.kind)
            scores.append(score)
        rows = build_rows_below(ledger.store, blocks, scores)
        ledger.extend_below(blocks, score, index=[*rows, *lists])

    def forget(self, blocks: Iterable[BlockFacts]) -> None:
        """Drop kept blocks of side branches; what is on the chain that is followed stays."""
        gone = [
            (facts.height, facts.hash)
            for facts in blocks
            if self.ledger.get_hash(facts.height) != facts.hash
        ]
        if gone:
            self.ledger.drop_blocks_aside(gone)

    def get_position(self) -> Position:
        """The head, and what its state says about who may author above it."""
        state, head = self.ledger.state, self.ledger.head
        current = self.ledger.seat_set
        facts = self.get_facts_at(head.height)
        recorded = get_recorded(state)
        notice = None if self.seat is None else state.notices.get(self.seat)
        return Position(
            head=facts,
            score=head.score,
            base=current.base,
            base_slot=current.base_slot,
            entries=current.entries,
            randomness=state.randomness.require(CURRENT),
            base_height=self._get_base_height(current.base),
            recorded=Recorded(recorded.set, recorded.round),
            notice_slot=None if notice is None else notice.slot,
        )

    def get_voters(self, entered: BlockHash | None) -> VoterSet:
        """The set of the newest hand-off that is known to be final.

        ``entered``: the set that our own journal has entered last. The set that makes blocks may be
        of a hand-off that nobody has made final yet; then the one before it votes.
        """
        state, head = self.ledger.state, self.ledger.head
        newest = self.ledger.seat_set
        before = state.sets.get(PREVIOUS if newest.base != head.hash else CURRENT)
        is_final = get_recorded(state).target_slot >= newest.base_slot
        chosen = newest if is_final or before is None or newest.base == entered else before
        height = self._get_base_height(chosen.base)
        return build_voters(chosen.base, chosen.base_slot, height, chosen.entries)

    def get_proven_voters(self) -> VoterSet:
        """The set that votes above the snapshot with which the chain began: its proof says so."""
        newest = self.ledger.seat_set
        height = self._get_base_height(newest.base)
        return build_voters(newest.base, newest.base_slot, height, newest.entries)

    def _get_base_height(self, base: BlockHash) -> int:
        """Of a hand-off below the snapshot with which the chain began, what proved it tells."""
        if base != self._base[0]:
            block = self.ledger.get_block(base)
            store, chain = self.ledger.store, self.ledger.chain
            found = certified.find_height(store, chain, base) if block is None else None
            self._base = base, found or (0 if block is None else block.header.height)
        return self._base[1]

    def get_randomness_at(self, height: int) -> Randomness:
        """The randomness after the block at a height of the chain that is followed."""
        facts = self.get_facts_at(height)
        epoch, base = self._get_epoch(facts.slot), self.ledger.base
        draws: list[BlockFacts] = []
        while facts.height > base.height and self._get_epoch(facts.slot) == epoch:
            draws.append(facts)
            facts = self.get_facts_at(facts.height - 1)
        if epoch == self._get_epoch(base.slot):
            randomness = read_base_randomness(self.ledger.store) or build_first_randomness(
                self.ledger.chain
            )
        else:
            randomness = read_epoch_row(self.ledger.store, epoch)
        for item in reversed(draws):
            randomness = mix_output(randomness, self.ledger.constants, item.slot, item.draw)
        return randomness

    def _get_epoch(self, slot: int) -> int:
        return slot // self.ledger.constants.slots_per_epoch

    def get_header(self, height: int) -> SignedHeader:
        """The signed header at a height of the chain that is followed, from 1 on."""
        row = read_row(self.ledger.store, height)
        assert row is not None, "heights up to the head have their rows"
        apart = read_header_apart(row)
        if apart is not None:
            return apart
        block = self.ledger.get_block(row.hash)
        assert block is not None, "canonical blocks are kept"
        return SignedHeader(block.header, block.block.signature)

    def get_facts_at(self, height: int) -> BlockFacts:
        """The facts of the block at a height of the chain that is followed."""
        block_hash = self.ledger.get_hash(height)
        assert block_hash is not None, "heights up to the head have their hashes"
        facts = self._facts.get(block_hash)
        if facts is None:
            facts = self._build_facts_at(height)
            assert facts is not None, "an executed block has a sound proof"
            self.remember(facts)
        return facts

    def _build_facts_at(self, height: int) -> BlockFacts | None:
        if height == 0:
            return build_genesis_facts(self.ledger.chain)  # which has no block
        block_hash = self.ledger.get_hash(height)
        block = None if block_hash is None else self.ledger.get_block(block_hash)
        assert block is not None, "canonical blocks are kept"
        return build_facts(block.hash, block.header, block.parts.finality)

    def remember(self, facts: BlockFacts) -> None:
        """Keep facts at hand; to draw them from a proof costs as much as a signature."""
        self._facts[facts.hash] = facts
        if len(self._facts) > FACTS_REMEMBERED_MAX:
            del self._facts[next(iter(self._facts))]

    def get_score_at(self, height: int) -> int:
        """The score of the chain that is followed, up to a height."""
        row = read_row(self.ledger.store, height)
        return 0 if row is None else row.score

    def get_recorded_at(self, height: int) -> Recorded:
        """The newest finality that the chain that is followed has on record up to a height."""
        while height > self.ledger.base.height:
            recorded = self.get_facts_at(height).recorded
            if recorded is not None:
                return recorded
            height -= 1
        return certified.read_base_recorded(self.ledger.store)

    def find_canonical(self, block_hash: BlockHash) -> int | None:
        """The height of a block on the chain that is followed, or None."""
        if block_hash == self.ledger.first.hash:
            return self.ledger.first.height
        block = self.ledger.get_block(block_hash)
        if block is None or self.ledger.get_hash(block.header.height) != block_hash:
            return None
        return block.header.height

    def read_sides(self) -> Iterator[tuple[SealedBlock, BlockFacts]]:
        """All blocks kept beside the chain that is followed, the lowest first."""
        for _, block_hash in self.ledger.get_blocks_aside():
            block = self.ledger.get_block(block_hash)
            facts = (
                None
                if block is None
                else build_facts(block_hash, block.header, block.parts.finality)
            )
            if block is not None and facts is not None:
                yield block, facts

    def find_newest_of(self, seat: bytes, after_slot: int) -> SignedHeader | None:
        """The newest header that the chain has of this seat, if its slot is after this one."""
        lowest = max(self.ledger.first.height, 1)
        for height in range(self.ledger.head.height, lowest - 1, -1):
            signed = self.get_header(height)
            if signed.header.slot <= after_slot:
                return None
            if signed.header.seat == seat:
                return signed
        return None

    def find_place(self, transaction_id: bytes) -> TransactionPlace:
        """Where the chain that is followed has a transaction."""
        place = read_place(self.ledger.store, transaction_id)
        row = None if place is None else read_row(self.ledger.store, place[0])
        if place is None or row is None:
            return TransactionPlace("unknown")
        slot = self.get_header(place[0]).header.slot
        return TransactionPlace("in_block", place[0], place[1], slot, row.hash)

    def get_summaries(self, from_height: int, limit: int) -> list[BlockSummary]:
        """Blocks of the chain that is followed, upwards from a height."""
        summaries = []
        first = max(from_height, self.ledger.first.height, 1)
        for height in range(first, min(first + limit, self.ledger.head.height + 1)):
            row = read_row(self.ledger.store, height)
            assert row is not None, "heights up to the head have their rows"
            header = self.get_header(height).header
            summaries.append(
                BlockSummary(
                    height,
                    header.slot,
                    row.hash,
                    header.seat,
                    header.kind,
                    header.rank,
                    row.transactions,
                    row.size_bytes,
                    row.score,
                )
            )
        return summaries

    def get_locator(self, limit: int) -> list[BlockHash]:
        """Hashes of the chain that is followed, from the head down, ever sparser, the base last."""
        heights: list[int] = []
        base = self.ledger.base.height
        height, step = self.ledger.head.height, 1
        while height > base and len(heights) < limit - 1:
            heights.append(height)
            step = step if len(heights) < LOCATOR_DENSE else 2 * step
            height -= step
        hashes = [self.ledger.get_hash(height) for height in (*heights, base)]
        return [block_hash for block_hash in hashes if block_hash is not None]

    def get_ancestors(self, block_hash: BlockHash, limit: int) -> list[BlockHash]:
        """Hashes of a block of the chain that is followed and of those below it, downwards."""
        height = self.find_canonical(block_hash) or 0
        lowest = max(self.ledger.first.height, 1, height - limit + 1)
        hashes = (self.ledger.get_hash(below) for below in range(height, lowest - 1, -1))
        return [block_hash for block_hash in hashes if block_hash is not None]

    def get_headers(self, locator: Sequence[BlockHash], limit: int) -> list[SignedHeader]:
        """Headers after the first hash of the locator that lies on the chain that is followed."""
        for block_hash in locator:
            height = self.find_canonical(block_hash)
            if height is not None:
                last = min(height + limit, self.ledger.head.height)
                return [self.get_header(above) for above in range(height + 1, last + 1)]
        return []


class AcceptedChecks:
    """Checks of blocks that this node has executed before, when it replays its own chain."""

    def holds(self, _claim: object) -> bool:
        """It held."""
        return True

    def open_vrf(self, claim: VrfClaim) -> bytes | None:
        """The output of a proof that was verified."""
        return vrf.compute_output(claim.proof)


def build_facts(
    block_hash: BlockHash, header: Header, finality: FinalityRecord | None = None
) -> BlockFacts | None:
    """What consensus needs of a block; None when its proof is not even a point."""
    draw = vrf.guess_output(header.vrf_proof)
    if draw is None:
        return None
    return BlockFacts(
        hash=block_hash,
        parent=header.parent_hash,
        slot=header.slot,
        height=header.height,
        seat=header.seat,
        kind=header.kind,
        rank=header.rank,
        draw=draw,
        base=header.base,
        hands_off=header.next_set_root is not None,
        lock_round=header.lock_round,
        lock_hash=header.lock_hash,
        recorded=(
            None
            if finality is None
            else Recorded(finality.finality.body.set, finality.finality.body.round)
        ),
    )


def build_genesis_facts(chain: bytes) -> BlockFacts:
    """The root of every tree of a community."""
    return BlockFacts(
        hash=chain,
        parent=_NOBODY,
        slot=0,
        height=0,
        seat=_NOBODY,
        kind=SECONDARY,
        rank=0,
        draw=b"",
    )
