"""One chain of blocks over one store: state, root, blocks and the way back.

``execute`` answers what a block would do and changes nothing; ``commit`` makes it so in one atomic
batch, so that a crash at any byte leaves the last whole block. Blocks are undone from records that
are kept as long as anybody could need them.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple, cast

from chain.block import BlockHash, Header, SealedBlock, decode_block
from chain.checks import SignatureChecks
from chain.codec import Codec, Natural, Record, encode
from chain.crypto import u64
from chain.errors import BadGenesis, Code, Invalid, InvariantBroken
from chain.genesis import GENESIS_CODEC, Genesis, compute_chain_id
from chain.invariants import check_invariants
from chain.merkle import Proof, Tree, Update
from chain.rules.birth import apply_genesis, find_genesis_faults
from chain.rules.context import Context
from chain.rules.sweep import SweepQueue
from chain.state import Change, Fact, State, encode_row
from chain.store import Batch, Store, StoreError
from chain.tables import ACCOUNTS, Account
from chain.transaction import SealedTransaction
from chain.transition import check_header, check_header_signature, get_context, process_block

# Key spaces of the store.
_STATE: Final = b"s"  # state key -> row
_BLOCK: Final = b"b"  # block hash -> block
_CANON: Final = b"c"  # height -> hash, of the chain that is followed
_UNDO: Final = b"u"  # height -> rows before that block
_META: Final = b"m"
_GENESIS_KEY: Final = _META + b"genesis"
_HEAD_KEY: Final = _META + b"head"
INDEX: Final = b"i"  # whatever a node derives from blocks, in the same batch


class Head(Record, frozen=True):
    """Where the ledger stands. ``score`` counts two for a primary and one for a secondary."""

    hash: BlockHash
    height: Natural
    slot: Natural
    score: Natural


class _UndoRow(Record, frozen=True):
    state_key: bytes
    before: bytes | None


_HEADS: Final = Codec(Head, 1_024)
_UNDO_ROWS: Final = Codec(tuple[_UndoRow, ...], 2**31)


class Execution(NamedTuple):
    """What a block does to the state, not yet done."""

    parent: BlockHash
    slot: int
    changes: list[Change]
    facts: list[Fact]
    update: Update

    @property
    def state_root(self) -> bytes:
        """The root of the state after the block."""
        return self.update.root


class Ledger:
    """The state after ``head``, and the blocks that led there."""

    def __init__(self, store: Store, genesis: Genesis) -> None:
        """Open the ledger in a store, or found it.

        Raises BadGenesis on a genesis with faults, StoreError on a store of another community.
        """
        self.store = store
        self.genesis = genesis
        self.chain = compute_chain_id(genesis)
        self.constants = genesis.constants
        self.state = State(lambda key: store.get(_STATE + key))
        self.tree = Tree()
        self.queue = SweepQueue(
            self.constants.slots_per_period // self.constants.slots_per_step,
            self.constants.account_idle_periods,
            (),
        )
        stored = store.get(_GENESIS_KEY)
        if stored is None:
            self.head = self._found()
        else:
            self.head = self._reopen(stored)

    @property
    def root(self) -> bytes:
        """The root of the state after the head."""
        return self.tree.root

    def get_context(self, slot: int) -> Context:
        """The context of a block in this slot on top of the head."""
        return get_context(self.state, self.chain, self.constants, slot)

    def execute(self, block: SealedBlock, checks: SignatureChecks) -> Execution:
        """What the block would do on top of the head. Raises Invalid; nothing changes."""
        header = block.header
        context = self.get_context(header.slot)
        try:
            output = check_header(self.state, context, header, self.head.hash, checks)
            check_header_signature(self.state, block, checks)
        except Invalid:
            self.state.discard()
            raise
        execution = self.draft(context, output, block.transactions, checks)
        if execution.state_root != header.state_root:
            raise Invalid(
                Code.WRONG_STATE_ROOT,
                f"computed {execution.state_root.hex()}, the header says {header.state_root.hex()}",
            )
        return execution

    def draft(
        self,
        context: Context,
        vrf_output: bytes,
        transactions: tuple[SealedTransaction, ...],
        checks: SignatureChecks,
    ) -> Execution:
        """What a block of these transactions would do; its header may not exist yet."""
        try:
            process_block(self.state, context, self.queue, vrf_output, transactions, checks)
        except Invalid:
            self.state.discard()
            raise
        changes, facts = self.state.take_changes()
        check_invariants(changes)
        update = self.tree.compute_update(_get_rows(changes))
        return Execution(self.head.hash, context.slot, changes, facts, update)

    def commit(
        self, execution: Execution, block: SealedBlock, *, index: Batch = (), durable: bool = True
    ) -> None:
        """Make an executed block the head, in one atomic batch with what the node derives."""
        header = block.header
        assert execution.parent == self.head.hash, "executed on another parent"
        assert execution.state_root == header.state_root, "committed under another root"
        head = Head(block.hash, header.height, header.slot, self.head.score + get_score(header))
        undo = tuple(
            _UndoRow(change.state_key, encode_row(change.before)) for change in execution.changes
        )
        outdated = head.height - self.constants.transaction_life_slots
        batch: list[tuple[bytes, bytes | None]] = [
            *((_STATE + key, row) for key, row in _get_rows(execution.changes)),
            (_BLOCK + block.hash, block.whole_bytes),
            (_CANON + u64(head.height), block.hash),
            (_UNDO + u64(head.height), encode(undo)),
            (_HEAD_KEY, encode(head)),
            *index,
        ]
        if outdated > 0:
            batch.append((_UNDO + u64(outdated), None))
        self.store.write(batch, durable=durable)
        self._follow(execution.changes, execution.update)
        self.head = head

    def undo(self, *, index: Batch = ()) -> SealedBlock:
        """Take the head back; returns its block. Raises StoreError when that is too long ago."""
        data = self.store.get(_UNDO + u64(self.head.height))
        if data is None:
            raise StoreError(f"block {self.head.height} is too old to be undone")
        block = self.get_block(self.head.hash)
        assert block is not None, "the head's block is kept"
        rows = _UNDO_ROWS.decode(data)
        changes = [self.state.get_reversal(row.state_key, row.before) for row in rows]
        update = self.tree.compute_update((row.state_key, row.before) for row in rows)
        head = self._get_head_before(block.header)
        self.store.write(
            [
                *((_STATE + row.state_key, row.before) for row in rows),
                (_CANON + u64(self.head.height), None),
                (_UNDO + u64(self.head.height), None),
                (_HEAD_KEY, encode(head)),
                *index,
            ],
            durable=True,
        )
        self._follow(changes, update)
        self.head = head
        return block

    def get_block(self, block_hash: BlockHash) -> SealedBlock | None:
        """A block by its hash, whether or not it is on the chain that is followed."""
        data = self.store.get(_BLOCK + block_hash)
        return None if data is None else decode_block(data)

    def get_hash(self, height: int) -> BlockHash | None:
        """The hash of the block at a height of the chain that is followed; 0 is the genesis."""
        return self.chain if height == 0 else self.store.get(_CANON + u64(height))

    def get_blocks(self, from_height: int = 1) -> Iterator[SealedBlock]:
        """The blocks of the chain that is followed, upwards."""
        height = from_height
        while (block_hash := self.get_hash(height)) is not None:
            block = self.get_block(block_hash)
            assert block is not None, "canonical blocks are kept"
            yield block
            height += 1

    def keep_block(self, block: SealedBlock) -> None:
        """Keep a block of a branch that is not followed, so that it need not be fetched again."""
        self.store.write([(_BLOCK + block.hash, block.whole_bytes)], durable=False)

    def prove(self, state_key: bytes) -> tuple[bytes | None, Proof]:
        """The row under a state key, if any, and the proof of that under the present root."""
        nodes, resident = self.tree.find_slot(state_key)
        row = self.store.get(_STATE + state_key)
        if resident is None or resident == state_key:
            return row, Proof(tuple(nodes), None)
        neighbour = self.store.get(_STATE + resident)
        assert neighbour is not None, "a row in the tree is kept"
        return None, Proof(tuple(nodes), (resident, neighbour))

    def _found(self) -> Head:
        faults = find_genesis_faults(self.genesis)
        if faults:
            raise BadGenesis("no community can be founded on this genesis: " + "; ".join(faults))
        apply_genesis(self.state, self.genesis, self.chain)
        changes, _ = self.state.take_changes()
        check_invariants(changes)
        update = self.tree.compute_update(_get_rows(changes))
        head = Head(self.chain, 0, 0, 0)
        self.store.write(
            [
                *((_STATE + key, row) for key, row in _get_rows(changes)),
                (_GENESIS_KEY, encode(self.genesis)),
                (_HEAD_KEY, encode(head)),
            ],
            durable=True,
        )
        self._follow(changes, update)
        return head

    def _reopen(self, stored: bytes) -> Head:
        if GENESIS_CODEC.decode(stored) != self.genesis:
            raise StoreError("this folder holds another community: choose another home")
        rows = ((key[1:], row) for key, row in self.store.items(_STATE))
        self.tree.apply_update(self.tree.compute_update(rows))
        self.queue = SweepQueue(
            self.constants.slots_per_period // self.constants.slots_per_step,
            self.constants.account_idle_periods,
            self._iterate_accounts(),
        )
        data = self.store.get(_HEAD_KEY)
        assert data is not None, "a founded store has a head"
        head = _HEADS.decode(data)
        if head.height:
            block = self.get_block(head.hash)
            if block is None or block.header.state_root != self.tree.root:
                raise InvariantBroken("the rows in the store do not give the head's state root")
        return head

    def _iterate_accounts(self) -> Iterator[tuple[bytes, Account]]:
        for key, row in self.store.items(_STATE + ACCOUNTS.prefix):
            yield key[2:], ACCOUNTS.codec.decode(row)

    def _follow(self, changes: list[Change], update: Update) -> None:
        """Let everything that lives in memory follow rows that were written."""
        self.tree.apply_update(update)
        for change in changes:
            self.state.keep(change.state_key, change.after)
            if change.table.prefix == ACCOUNTS.prefix:
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
            self.head.score - get_score(header),
        )


def get_score(header: Header) -> int:
    """What a block adds to the score of its chain."""
    return 2 - header.kind


def _get_rows(changes: list[Change]) -> list[tuple[bytes, bytes | None]]:
    return [(change.state_key, encode_row(change.after)) for change in changes]
