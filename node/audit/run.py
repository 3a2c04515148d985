"""One audit from beginning to end: the genesis, every block, every check, the source's own words.

``Audit.run`` yields each block that holds, so that whoever audits can show progress; afterwards
``findings`` says what was found and ``evidence`` what there is to report on.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

from chain.block import SealedBlock, decode_block
from chain.errors import BadGenesis, Invalid
from chain.genesis import Genesis, GenesisAccount, compute_chain_id
from chain.header import Header
from chain.leveldb import LevelStore
from chain.proof import Checkpoint
from chain.store import MemoryStore, Store
from chain.units import format_pai
from node.audit.checks import find_all
from node.audit.checks_chain import find_double_blocks, find_wrong_author
from node.audit.compare import find_differences
from node.audit.evidence import Evidence
from node.audit.findings import FINDINGS_MAX, AuditStopped, Check, Finding, Sentence
from node.audit.history import History
from node.audit.replay import Step, Walk
from node.audit.source import Source, open_source

ATTEMPTS: Final = 3  # of auditing a running node, which may change branch while it is read
MEMORY_BLOCKS_MAX: Final = (
    20_000  # of longer chains the fresh store goes to a folder, not to memory
)


class Trust(NamedTuple):
    """What the auditor knows beforehand of the community; nil: he takes the source's word."""

    genesis: Genesis | None = None
    community: bytes | None = None
    checkpoint: Checkpoint | None = None  # the chain must lead to this block


TRUST_NOTHING: Final = Trust()


class Audit:
    """An audit of one source. Run it once."""

    def __init__(
        self, source: Source, trust: Trust = TRUST_NOTHING, *, clock: float | None = None
    ) -> None:
        self.source = source
        self.trust = trust
        self.findings: list[Finding] = []
        self.walk: Walk | None = None
        self.history: History | None = None
        self.complete = False  # whether the last block was reached
        self._clock = time.time() if clock is None else clock

    @property
    def evidence(self) -> Evidence | None:
        """What a report is drawn from; nil when not even the genesis could be read."""
        if self.walk is None or self.history is None:
            return None
        constants = self.walk.genesis.constants
        clock_slot = int(self._clock - self.walk.genesis.genesis_time) // constants.slot_seconds
        return Evidence(
            genesis=self.walk.genesis,
            rows=self.walk.rows,
            history=self.history,
            slot=self.walk.ledger.head.slot,
            state_root=self.walk.ledger.root,
            clock_slot=clock_slot,
        )

    @property
    def is_disturbed(self) -> bool:
        """Whether a node that was changing branch may explain what was found: ask it once more."""
        return self.source.node is not None and any(
            finding.check in (Check.STREAM, Check.ORDER, Check.HEAD) for finding in self.findings
        )

    def run(self, store: Store) -> Iterator[Step]:
        """Replay into a fresh store, then check; nothing is raised but what prevents an audit."""
        try:
            check_genesis(self.source.genesis, self.trust)
            self.walk = Walk(self.source.genesis, store)
            self.history = History(self.source.genesis)
            yield from self._replay(self.walk, self.history)
        except AuditStopped as stopped:
            self.findings.append(stopped.finding)
        except BadGenesis as error:
            self.findings.append(Finding(check=Check.GENESIS, detail=Sentence(str(error))))
        if self.walk is not None and self.history is not None:
            self._check(self.walk, self.history)

    def _replay(self, walk: Walk, history: History) -> Iterator[Step]:
        for step in walk.run(self.source.blocks):
            history.follow(step)
            if len(self.findings) < FINDINGS_MAX:
                self.findings.extend(find_wrong_author(step))
            self.findings.extend(find_other_block(step.block, self.trust.checkpoint))
            yield step
        self.complete = True
        checkpoint = self.trust.checkpoint
        if checkpoint is not None and walk.height < checkpoint.height:
            detail = Sentence(f"the chain ends before block {checkpoint.height} of the checkpoint")
            self.findings.append(Finding(check=Check.HEAD, detail=detail, height=walk.height))

    def _check(self, walk: Walk, history: History) -> None:
        """All that can be asked at the end, whether the last block made it or a fault."""
        history.close(walk.ledger.head.slot)
        evidence = self.evidence
        assert evidence is not None
        self.findings.extend(find_all(evidence))
        self.findings.extend(find_double_blocks(_read_headers(self.source)))
        if not self.complete:
            return
        try:
            self.findings.extend(find_differences(walk, self.source))
        except AuditStopped as stopped:
            self.findings.append(stopped.finding)


def find_other_block(block: SealedBlock, checkpoint: Checkpoint | None) -> Iterator[Finding]:
    """That the block at the checkpoint's height is another: two histories, and one is made up."""
    if checkpoint is None or block.header.height != checkpoint.height:
        return
    if block.hash != checkpoint.block_hash:
        yield Finding(
            check=Check.BLOCK,
            detail=Sentence("this is another block than the checkpoint's"),
            height=block.header.height,
            expected=checkpoint.block_hash.hex(),
            found=block.hash.hex(),
        )


def check_genesis(genesis: Genesis, trust: Trust) -> None:
    """Stop unless this is the community that the auditor means."""
    found = compute_chain_id(genesis)
    expected = trust.community
    detail = Sentence("this is another community than the one named")
    if trust.checkpoint is not None:
        expected = trust.checkpoint.chain
    if trust.genesis is not None:
        expected = compute_chain_id(trust.genesis)
        detail = Sentence(
            f"the genesis differs from the one given: {describe_difference(trust.genesis, genesis)}"
        )
    if expected is not None and expected != found:
        finding = Finding(
            check=Check.GENESIS, detail=detail, expected=expected.hex(), found=found.hex()
        )
        raise AuditStopped(finding)


def describe_difference(expected: Genesis, found: Genesis) -> str:
    """Which parts of two geneses differ, and the first account that does."""
    names = [
        name
        for name in expected.__struct_fields__
        if getattr(expected, name) != getattr(found, name)
    ]
    text = ", ".join(names)
    if "accounts" not in names:
        return text
    known = {account.id: account for account in expected.accounts}
    for account in found.accounts:
        before = known.pop(account.id, None)
        if before != account:
            return f"{text}; account {account.id.hex()} {_describe_account(before, account)}"
    return f"{text}; account {next(iter(known)).hex()} is missing" if known else text


def _describe_account(before: GenesisAccount | None, after: GenesisAccount) -> str:
    if before is None:
        return f"is added with {format_pai(after.balance)}"
    return f"holds {format_pai(after.balance)} instead of {format_pai(before.balance)}"


def _read_headers(source: Source) -> Iterator[tuple[bytes, Header]]:
    """Hash and header of every block a home has kept; what cannot be read is no header."""
    for data in source.read_every_block():
        try:
            block = decode_block(data)
        except Invalid:
            continue
        yield block.hash, block.header


@contextmanager
def open_fresh_store(blocks: int | None) -> Iterator[Store]:
    """An empty store for a replay of so many blocks: memory, or a folder that is removed again."""
    if blocks is not None and blocks <= MEMORY_BLOCKS_MAX:
        yield MemoryStore()
        return
    with TemporaryDirectory(prefix="pai-audit-") as folder:
        store = LevelStore(Path(folder) / "chain")
        try:
            yield store
        finally:
            store.close()


def audit(name: str, trust: Trust = TRUST_NOTHING) -> Audit:
    """Audit a source from beginning to end. Raises SourceError when it cannot be read at all."""
    for attempt in range(ATTEMPTS):
        with open_source(name) as source:
            result = Audit(source, trust)
            with open_fresh_store(source.claim.height if source.claim else None) as store:
                for _ in result.run(store):
                    pass
        if attempt + 1 == ATTEMPTS or not result.is_disturbed:
            break
    return result
