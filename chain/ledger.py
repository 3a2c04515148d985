"""One chain of blocks over one store: state, root, blocks and the way back.

``execute`` answers what a block would do and changes nothing; ``commit`` makes it so in one atomic
batch, so that a crash at any byte leaves the last whole block. Blocks are undone from records that
are kept as long as anybody could need them.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final, NamedTuple, cast

from chain.block import NO_PARTS, BlockParts, SealedBlock, decode_block
from chain.changes import Change, encode_row
from chain.checks import SignatureChecks
from chain.codec import Bytes32, encode
from chain.crypto import u64
from chain.errors import BadGenesis, Code, Invalid, WrongStateRoot
from chain.facts import Fact
from chain.genesis import Genesis, compute_chain_id, explain_other_genesis
from chain.header import BlockHash, Header, get_score
from chain.invariants import check_invariants
from chain.kept import (
    ASIDE,
    BLOCK,
    CANON,
    GENESIS_KEY,
    HEAD_KEY,
    HEADS,
    STATE,
    UNDO,
    Head,
    read_base,
    read_first,
    read_row,
    read_rows,
    read_rows_before,
    read_undo_rows,
    write_below,
)
from chain.merkle import Proof, Tree, Update
from chain.rules.birth import apply_genesis, find_genesis_faults
from chain.rules.context import Author, Context
from chain.rules.sets import get_seat_set
from chain.rules.sweep import SweepQueue
from chain.state import State
from chain.store import Batch, Store, StoreError
from chain.tables import ACCOUNTS, Account, SeatSet
from chain.transaction import SealedTransaction
from chain.transition import check_header, get_context, process_block

ROWS_AT_ONCE: Final = 65_536  # hashed together when the tree is built: some 20 MB in passing

# Looked over at the start. Only what was written last can be lost: less than LevelDB's two logs of
# 8 MiB hold, and the smallest block writes 1.2 kB.
RECENT_BLOCKS: Final = 16_384
_DAMAGED: Final = "the store is damaged: restore it or sync anew"


_Row = tuple[bytes, bytes | None]  # state key, and the row's bytes or None


class Execution(NamedTuple):
    """What a block does to the state, not yet done, and the ``next_set_root`` of its header."""

    parent: BlockHash
    next_set_root: Bytes32 | None
    changes: list[Change]
    rows: list[_Row]  # what the changes write
    facts: list[Fact]
    update: Update

    @property
    def state_root(self) -> bytes:
        """The root of the state after the block."""
        return self.update.root


class Ledger:
    """The state after ``head``, and the blocks that led there from ``base``, which is for ever.

    Its base is the genesis or the block of a snapshot. Of what lies below that nothing was executed
    here; blocks are held from ``first`` on, which is the genesis once all have been fetched.
    """

    def __init__(self, store: Store, genesis: Genesis) -> None:
        """Open the ledger in a store, or found it.

        Raises BadGenesis on a genesis with faults, StoreError on a store of another community.
        """
        self.store = store
        self.genesis = genesis
        self.chain = compute_chain_id(genesis)
        self.constants = genesis.constants
        self.state = State(lambda key: store.get(STATE + key))
        self.tree = Tree()
        self.queue = self._build_queue(())
        genesis_head = Head(self.chain, 0, 0, 0)
        self.base = read_base(store) or genesis_head
        self.first = read_first(store) or genesis_head
        stored = store.get(GENESIS_KEY)
        self.head = self._found() if stored is None else self._reopen(stored)

    @property
    def root(self) -> bytes:
        """The root of the state after the head."""
        return self.tree.root

    def get_context(self, slot: int) -> Context:
        """The context of a block in this slot on top of the head."""
        return get_context(self.state, self.chain, self.constants, slot, self.head.hash)

    @property
    def seat_set(self) -> SeatSet:
        """The set of the blocks above the head; the head itself may hand over to it."""
        return get_seat_set(self.state, self.head.hash)

    def open_view(self) -> State:
        """Another state over the same kept rows, to try things out on; stale after any block."""
        return self.state.open_view()

    def execute(self, block: SealedBlock, checks: SignatureChecks) -> Execution:
        """What the block would do on top of the head. Raises Invalid; nothing changes."""
        header = block.header
        context = self.get_context(header.slot)
        try:
            author = check_header(self.state, context, block, checks)
        except Invalid:
            self.state.discard()
            raise
        execution = self.draft(context, author, block.transactions, checks, block.parts)
        if execution.next_set_root != header.next_set_root:
            raise Invalid(Code.WRONG_SET)
        if execution.state_root != header.state_root:
            raise WrongStateRoot(computed=execution.state_root, expected=header.state_root)
        return execution

    def draft(
        self,
        context: Context,
        author: Author,
        transactions: tuple[SealedTransaction, ...],
        checks: SignatureChecks,
        parts: BlockParts = NO_PARTS,
    ) -> Execution:
        """What a block of these parts and transactions would do; it may have no header yet."""
        try:
            next_set_root = process_block(
                self.state, context, self.queue, author, parts, transactions, checks
            )
        except Invalid:
            self.state.discard()
            raise
        changes, facts = self.state.take_changes()
        check_invariants(changes, self.state, context)
        rows = _encode_rows(changes)
        update = self.tree.compute_update(rows)
        return Execution(self.head.hash, next_set_root, changes, rows, facts, update)

    def commit(
        self, execution: Execution, block: SealedBlock, *, index: Batch = (), durable: bool = True
    ) -> None:
        """Make an executed block the head, in one atomic batch with what the node derives."""
        header = block.header
        assert execution.parent == self.head.hash, "executed on another parent"
        assert execution.state_root == header.state_root, "committed under another root"
        head = Head(
            block.hash, header.height, header.slot, self.head.score + get_score(header.kind)
        )
        # One call encodes all rows as they were; the records lie in it as they would by themselves.
        before = [
            (key, change.before)
            for change, (key, _) in zip(execution.changes, execution.rows, strict=True)
        ]
        outdated = head.height - self.constants.transaction_life_slots
        batch: list[_Row] = [
            *[(STATE + key, row) for key, row in execution.rows],
            (BLOCK + block.hash, block.whole_bytes),
            (CANON + u64(head.height), block.hash),
            (ASIDE + u64(head.height) + block.hash, None),
            (UNDO + u64(head.height), encode(before)),
            (HEAD_KEY, encode(head)),
            *index,
        ]
        if outdated > 0:
            batch.append((UNDO + u64(outdated), None))
        self.store.write(batch, durable=durable)
        update = execution.update
        if update.generation != self.tree.generation:  # the head moved away, and came back since
            update = self.tree.compute_update(execution.rows)
        self._follow(execution.changes, update)
        self.head = head

    def undo(self, *, index: Batch = ()) -> SealedBlock:
        """Take the head back; returns its block. Raises StoreError when that is too long ago."""
        data = self.store.get(UNDO + u64(self.head.height))
        if data is None:
            raise StoreError(f"block {self.head.height} is too old to be undone")
        block = self.get_block(self.head.hash)
        assert block is not None, "the head's block is kept"
        rows = read_undo_rows(data)
        changes = [self.state.get_reversal(key, before) for key, before in rows]
        update = self.tree.compute_update(rows)
        head = self._get_head_before(block.header)
        self.store.write(
            [
                *[(STATE + key, before) for key, before in rows],
                (CANON + u64(self.head.height), None),
                (ASIDE + u64(self.head.height) + block.hash, b""),
                (UNDO + u64(self.head.height), None),
                (HEAD_KEY, encode(head)),
                *index,
            ],
            durable=True,
        )
        self._follow(changes, update)
        self.head = head
        return block

    def can_return_to(self, height: int) -> bool:
        """Whether undoing one block after the other leads to this height of the present chain."""
        first = UNDO + u64(height + 1)
        return height == self.head.height or self.store.get(first) is not None

    def sync(self) -> None:
        """Wait until the disk holds all that was committed without waiting for it."""
        self.store.write((), durable=True)

    def get_block(self, block_hash: BlockHash) -> SealedBlock | None:
        """A block by its hash, whether or not it is on the chain that is followed."""
        data = self.get_block_bytes(block_hash)
        return None if data is None else decode_block(data)

    def get_block_bytes(self, block_hash: BlockHash) -> bytes | None:
        """The same, as it travels."""
        return self.store.get(BLOCK + block_hash)

    def get_hash(self, height: int) -> BlockHash | None:
        """The hash of the block at a height of the chain that is followed; 0 is the genesis.

        None above the head, and below the first block that is held.
        """
        first = self.first
        return first.hash if height == first.height else self.store.get(CANON + u64(height))

    def get_blocks(self, from_height: int = 1) -> Iterator[SealedBlock]:
        """The blocks of the chain that is followed, upwards; none if they begin further up."""
        height = from_height
        while (block_hash := self.get_hash(height)) is not None:
            block = self.get_block(block_hash)
            assert block is not None, "canonical blocks are kept"
            yield block
            height += 1

    def extend_below(self, blocks: Sequence[SealedBlock], score: int, *, index: Batch = ()) -> None:
        """Keep what came before the first block held: its parent, the parent's parent, and so on.

        Each is what a block above it names, so nothing is executed. ``score``: of the chain up to
        the lowest of them.
        """
        lowest = blocks[-1].header
        first = Head(blocks[-1].hash, lowest.height, lowest.slot, score)
        if lowest.height == 1:
            assert lowest.parent_hash == self.chain, "a proven chain leads down to its genesis"
            first = Head(self.chain, 0, 0, 0)
        write_below(self.store, blocks, first, index=index)
        self.first = first

    def keep_block(self, block: SealedBlock) -> None:
        """Keep a block of a branch that is not followed, so that it need not be fetched again."""
        self.store.write(
            [
                (BLOCK + block.hash, block.whole_bytes),
                (ASIDE + u64(block.header.height) + block.hash, b""),
            ],
            durable=False,
        )

    def get_blocks_aside(self) -> Iterator[tuple[int, BlockHash]]:
        """Height and hash of the kept blocks that are not on the chain followed, lowest first."""
        for key, _ in self.store.items(ASIDE):
            yield int.from_bytes(key[1:9], "big"), key[9:]

    def drop_blocks_aside(self, blocks: Iterable[tuple[int, BlockHash]]) -> None:
        """Drop these kept blocks, named by height and hash, that are not on the chain followed."""
        batch: list[_Row] = []
        for height, block_hash in blocks:
            batch += [(BLOCK + block_hash, None), (ASIDE + u64(height) + block_hash, None)]
        self.store.write(batch, durable=False)

    def prove(self, state_key: bytes, height: int | None = None) -> tuple[bytes | None, Proof]:
        """The row under a state key, if any, and the proof of that under a block's state root.

        The block is the head unless a height of the chain is given. Raises StoreError when that is
        too far below.
        """
        before: dict[bytes, bytes | None] = {}
        update = None
        if height is not None:
            before = read_rows_before(self.store, height)
            update = self.tree.compute_update(before.items())
        nodes, resident = self.tree.find_slot(state_key, update)
        row = before[state_key] if state_key in before else read_row(self.store, state_key)
        if resident is None or resident == state_key:
            return row, Proof(tuple(nodes), None)
        neighbour = before[resident] if resident in before else read_row(self.store, resident)
        assert neighbour is not None, "a row in the tree is kept"
        return None, Proof(tuple(nodes), (resident, neighbour))

    def _found(self) -> Head:
        faults = find_genesis_faults(self.genesis)
        if faults:
            raise BadGenesis("no community can be founded on this genesis: " + "; ".join(faults))
        for _ in self.store.items(b""):
            raise StoreError(f"{_DAMAGED} (its genesis is missing)")
        apply_genesis(self.state, self.genesis, self.chain)
        changes, _ = self.state.take_changes()
        check_invariants(changes)
        rows = _encode_rows(changes)
        update = self.tree.compute_update(rows)
        head = Head(self.chain, 0, 0, 0)
        self.store.write(
            [
                *[(STATE + key, row) for key, row in rows],
                (GENESIS_KEY, encode(self.genesis)),
                (HEAD_KEY, encode(head)),
            ],
            durable=True,
        )
        self._follow(changes, update)
        return head

    def _reopen(self, stored: bytes) -> Head:
        if stored != encode(self.genesis):
            raise explain_other_genesis(stored)
        rows = read_rows(self.store)
        while some := list(islice(rows, ROWS_AT_ONCE)):
            self.tree.apply_update(self.tree.compute_update(some))
        self.queue = self._build_queue(
            (key[2:], ACCOUNTS.codec.decode(row))
            for key, row in self.store.items(STATE + ACCOUNTS.prefix)
        )
        data = self.store.get(HEAD_KEY)
        assert data is not None, "a founded store has a head"
        head = HEADS.decode(data)
        self._check_recent_blocks(head)
        return head

    def _check_recent_blocks(self, head: Head) -> None:
        """Refuse a store that is not what it was after some block. Raises StoreError.

        LevelDB passes over a damaged record in its log, and may go on with a later one. The root
        shows it when rows were lost; a block that only turned the wheels is missed by its height.
        """
        if not head.height:
            return
        first = max(1, self.base.height, head.height - RECENT_BLOCKS + 1)
        recent = [block_hash for _, block_hash in self.store.items(CANON, start=u64(first))]
        if len(recent) != head.height - first + 1 or recent[-1] != head.hash:
            raise StoreError(f"{_DAMAGED} (a block is missing)")
        block = self.get_block(head.hash)
        if block is None or block.header.state_root != self.tree.root:
            raise StoreError(f"{_DAMAGED} (its rows do not give the root of block {head.height})")

    def _build_queue(self, accounts: Iterable[tuple[bytes, Account]]) -> SweepQueue:
        constants = self.constants
        steps_per_period = constants.slots_per_period // constants.slots_per_step
        return SweepQueue(steps_per_period, constants.account_idle_periods, accounts)

    def _follow(self, changes: list[Change], update: Update) -> None:
        """Let everything that lives in memory follow rows that were written."""
        self.tree.apply_update(update)
        self.state.keep(changes)
        for change in changes:
            if change.table is ACCOUNTS:
                self.queue.follow(
                    change.key,
                    cast("Account | None", change.before),
                    cast("Account | None", change.after),
                )

    def _get_head_before(self, header: Header) -> Head:
        parent = self.get_block(header.parent_hash)
        return Head(
            header.parent_hash,
            header.height - 1,
            parent.header.slot if parent else 0,
            self.head.score - get_score(header.kind),
        )


def _encode_rows(changes: list[Change]) -> list[_Row]:
    """The bytes of the rows once, for the root and for the store."""
    return [(change.table.prefix + change.key, encode_row(change.after)) for change in changes]
