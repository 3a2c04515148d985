"""Executes a chain again from its genesis, and names the first difference exactly.

``Walk`` takes raw blocks one by one and trusts none of them. Each block that holds is handed on as
a ``Step``, so that checks and reports see everything once. What does not hold ends the walk with
one finding that says where and why.
"""

from collections import deque
from collections.abc import Iterator
from typing import Final, NamedTuple

import msgspec

from chain.block import BLOCK_BYTES_MAX, Block, SealedBlock, decode_block
from chain.changes import Change
from chain.checks import DirectChecks, SignatureChecks
from chain.codec import Codec, Record, encode
from chain.errors import Code, Invalid, InvariantBroken, WrongStateRoot
from chain.facts import Fact
from chain.genesis import Genesis, compute_chain_id
from chain.header import compute_block_hash
from chain.ledger import Ledger
from chain.parameters import KeepSchedule
from chain.replay import LookAhead
from chain.rules.birth import apply_genesis
from chain.rules.context import Context
from chain.rules.randomness import compute_randomness
from chain.rules.transactions import process_transaction
from chain.state import State
from chain.store import MemoryStore, Store
from chain.tables import CURRENT, SetEntry
from chain.transaction import seal
from chain.transition import check_header_signature
from node.audit.findings import AuditStopped, Check, Finding, Sentence

_BLOCKS: Final = Codec(Block, BLOCK_BYTES_MAX)


class Step(NamedTuple):
    """One block that holds: where it stood, who could author it, and what it did."""

    block: SealedBlock
    context: Context
    seed: bytes
    entries: tuple[SetEntry, ...]
    changes: list[Change]
    facts: list[Fact]


class Walk:
    """A ledger of our own, led from genesis over somebody's blocks; and all rows, decoded."""

    def __init__(self, genesis: Genesis, store: Store | None = None) -> None:
        self.genesis = genesis
        self.chain = compute_chain_id(genesis)
        self.ledger = Ledger(store or MemoryStore(), genesis)
        self.checks: SignatureChecks = DirectChecks()
        self.transactions = 0
        self.rows: dict[bytes, Record] = {}
        self._keep(build_genesis_rows(genesis))

    @property
    def height(self) -> int:
        """How many blocks held so far."""
        return self.ledger.head.height

    @property
    def keep_schedule(self) -> KeepSchedule:
        """The schedule of demurrage in force."""
        return self.ledger.state.rules.require(CURRENT).keep_schedule

    def run(self, blocks: Iterator[bytes]) -> Iterator[Step]:
        """Execute blocks while threads check the signatures of those to come.

        Raises AuditStopped with the first thing that is wrong, be it with a block or the source.
        """
        ahead = LookAhead(self.ledger)
        self.checks = ahead.checks
        taken: deque[bytes] = deque()
        ending = _Ending()
        try:
            for block in ahead.read(_note(blocks, taken, ending)):
                taken.popleft()
                yield self._execute(block)
        except Invalid as error:
            # Bytes that are no block: raised in their turn, when all before them were executed.
            raise AuditStopped(self._describe_bytes(taken.popleft(), error)) from error
        finally:
            self.checks = DirectChecks()
        if ending.stopped is not None:
            raise ending.stopped

    def follow(self, data: bytes) -> Step:
        """Execute one more block. Raises AuditStopped with what is wrong about it."""
        try:
            block = decode_block(data)
        except Invalid as error:
            raise AuditStopped(self._describe_bytes(data, error)) from error
        return self._execute(block)

    def _execute(self, block: SealedBlock) -> Step:
        self._check_place(block)
        context = self.ledger.get_context(block.header.slot)
        state = self.ledger.state
        try:
            seed = compute_randomness(state.randomness.require(CURRENT), context.epoch).seed
            entries = self.ledger.seat_set.entries
            execution = self.ledger.execute(block, self.checks)
        except Invalid as error:
            raise AuditStopped(self._describe_refusal(block, error)) from error
        except InvariantBroken as error:
            detail = Sentence(f"a promise of the ledger does not hold: {error}")
            raise AuditStopped(_describe(Check.INVARIANT, block, detail)) from error
        self.ledger.commit(execution, block, durable=False)
        self._keep(execution.changes)
        self.transactions += len(block.transactions)
        return Step(block, context, seed, entries, execution.changes, execution.facts)

    def _keep(self, changes: list[Change]) -> None:
        for change in changes:
            if change.after is None:
                self.rows.pop(change.state_key, None)
            else:
                self.rows[change.state_key] = change.after

    def _describe_bytes(self, data: bytes, error: Invalid) -> Finding:
        """What is wrong with bytes that could not be read as a block."""
        if error.code is Code.WRONG_BODY_ROOT:
            return self._describe_body(data)
        detail = Sentence(
            f"after block {self.height} comes something that is no block: {error.code.name}"
        )
        finding = Finding(check=Check.STREAM, detail=detail, height=self.height + 1)
        return _add_code(finding, error.code)

    def _check_place(self, block: SealedBlock) -> None:
        """The block is of this community and comes right after the last one."""
        header, head = block.header, self.ledger.head
        if header.chain != self.chain:
            detail = Sentence("the block belongs to another community")
            raise AuditStopped(
                _describe(Check.ORDER, block, detail, self.chain.hex(), header.chain.hex())
            )
        expected = head.height + 1
        if header.height != expected:
            detail = _describe_gap(header.height, head.height)
            raise AuditStopped(
                _describe(Check.ORDER, block, detail, str(expected), str(header.height))
            )
        if header.parent_hash != head.hash:
            detail = Sentence(
                f"the block does not follow block {head.height}: it names another parent"
            )
            raise AuditStopped(
                _describe(Check.ORDER, block, detail, head.hash.hex(), header.parent_hash.hex())
            )

    def _describe_refusal(self, block: SealedBlock, error: Invalid) -> Finding:
        if isinstance(error, WrongStateRoot):
            detail = Sentence("executing the block gives another state than its header says")
            computed, promised = error.computed.hex(), error.expected.hex()
            finding = _describe(Check.STATE_ROOT, block, detail, computed, promised)
        else:
            finding = _describe_rule(block, error)
        return self._accuse(block, _add_code(finding, error.code))

    def _describe_body(self, data: bytes) -> Finding:
        """What is wrong with a body that its header does not commit to."""
        block = _open_block(data)
        self._check_place(block)
        refusal = self._find_refusal(block)
        if refusal is None:
            detail = Sentence(
                "the transactions are not those to which the header commits; each of them is "
                "valid, so some were added, left out or moved"
            )
            finding = _describe(Check.BLOCK, block, detail)
        else:
            index, error = refusal
            detail = Sentence(
                "the transactions are not those to which the header commits; transaction "
                f"{index} would be refused: {error.code.name}"
            )
            finding = msgspec.structs.replace(
                _describe(Check.BLOCK, block, detail),
                transaction=index,
                transaction_id=block.transactions[index].id.hex(),
            )
        return self._accuse(block, _add_code(finding, Code.WRONG_BODY_ROOT))

    def _find_refusal(self, block: SealedBlock) -> tuple[int, Invalid] | None:
        """The first transaction that would be refused in this block's place; nothing changes."""
        state = self.ledger.state
        context = self.ledger.get_context(block.header.slot)
        try:
            for index, sealed in enumerate(block.transactions):
                try:
                    process_transaction(state, context, sealed, self.checks)
                except Invalid as error:
                    return index, error
        finally:
            state.discard()
        return None

    def _accuse(self, block: SealedBlock, finding: Finding) -> Finding:
        """Add whose block it is, and whether that seat has signed it."""
        try:
            check_header_signature(self.ledger.state, block, self.checks)
            signed = True
        except Invalid:
            signed = False
        return msgspec.structs.replace(finding, seat=block.header.seat.hex(), signed=signed)


def build_genesis_rows(genesis: Genesis) -> list[Change]:
    """The rows of slot 0, each as a change from nothing."""
    state = State(lambda _key: None)
    apply_genesis(state, genesis, compute_chain_id(genesis))
    changes, _ = state.take_changes()
    return changes


def _open_block(data: bytes) -> SealedBlock:
    """The block of these bytes, whether its body fits its header or not."""
    block = _BLOCKS.decode(data)
    header_bytes = encode(block.header)
    transactions = tuple(seal(signed) for signed in block.body.transactions)
    return SealedBlock(block, data, header_bytes, compute_block_hash(header_bytes), transactions)


def _describe(
    check: Check,
    block: SealedBlock,
    detail: Sentence,
    expected: str | None = None,
    found: str | None = None,
) -> Finding:
    return Finding(
        check=check,
        detail=detail,
        height=block.header.height,
        block=block.hash.hex(),
        expected=expected,
        found=found,
    )


def _describe_gap(height: int, last: int) -> Sentence:
    if height <= last:
        return Sentence(f"after block {last} comes block {height} once more")
    if height == last + 2:
        return Sentence(f"block {last + 1} is missing")
    return Sentence(f"blocks {last + 1} to {height - 1} are missing")


def _add_code(finding: Finding, code: Code) -> Finding:
    return msgspec.structs.replace(finding, code=int(code), code_name=code.name)


def _describe_rule(block: SealedBlock, error: Invalid) -> Finding:
    """A refusal in words, with the transaction that it is about, if any."""
    index = error.transaction
    if index is None:
        return _describe(Check.BLOCK, block, Sentence(str(error)))
    cause = error.__cause__ if isinstance(error.__cause__, Invalid) else error
    return msgspec.structs.replace(
        _describe(Check.BLOCK, block, Sentence(str(cause))),
        transaction=index,
        transaction_id=block.transactions[index].id.hex(),
    )


class _Ending:
    """Why a source ended before its end, to be told when all before has been executed."""

    __slots__ = ("stopped",)

    def __init__(self) -> None:
        self.stopped: AuditStopped | None = None


def _note(blocks: Iterator[bytes], taken: deque[bytes], ending: _Ending) -> Iterator[bytes]:
    """The blocks as they are read ahead, with their bytes kept until their turn."""
    try:
        for data in blocks:
            taken.append(data)
            yield data
    except AuditStopped as stopped:
        ending.stopped = stopped
