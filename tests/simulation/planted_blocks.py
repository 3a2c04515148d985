"""Planted faults around blocks: fork choice, production, ledger, sync and mempool.

Each stands beside what it spoils, in a few lines. Nothing here is ever imported by the program.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from msgspec.structs import replace

from chain.block import SealedBlock
from chain.errors import Code, Invalid
from chain.header import SECONDARY, BlockHash, SignedHeader
from chain.ledger import Execution, Ledger
from chain.rules import randomness, settlement, sweep
from chain.state import State
from chain.tables import ACCOUNTS
from consensus import arrivals, engine, forkchoice, journal
from consensus.effects import StoreJournal
from node import branches, chainkeeper, judges, mempool
from p2p.transport import PeerId, Verdict
from tests.simulation.planted import Planted


def _prefer_first(facts: forkchoice.BlockFacts, _score: int) -> forkchoice.Preference:
    """Whoever is higher is better; scores are not asked."""
    return (-facts.height, 0, 0, b"", b"")


def _forget_refused(self: forkchoice.Tree, block_hash: BlockHash) -> None:
    """What was refused is not remembered."""


def _sign_first(state: Any, event: Any) -> list[Any]:
    """Signatures leave before the journal is written."""
    effects = _ORIGINAL_STEP(state, event)
    return sorted(effects, key=lambda item: isinstance(item, StoreJournal))


_ORIGINAL_STEP: Final = engine.step


def _sign_unjournalled(state: Any, event: Any) -> list[Any]:
    """Nothing is journalled at all."""
    effects = _ORIGINAL_STEP(state, event)
    return [item for item in effects if not isinstance(item, StoreJournal)]


def _may_always_sign(_journal: Any, _chain: bytes, _slot: int) -> bool:
    """The journal is not asked."""
    return True


def _take_nobody(self: arrivals.Arrivals, parent: BlockHash) -> list[Any]:
    """What waits for a parent waits for ever."""
    return []


def _follow_no_branch(owner: Any, tip: BlockHash) -> Any:
    """Other branches are not followed."""
    return _stay(owner, tip)


_ORIGINAL_FOLLOW: Final = branches.follow


async def _stay(owner: Any, tip: BlockHash) -> list[Any]:
    _, ancestor = branches.find_path(owner, tip)
    if ancestor.hash != owner.ledger.head.hash:
        return []
    return await _ORIGINAL_FOLLOW(owner, tip)


def _mix_nothing_late(current: Any, _constants: Any, _slot: int, output: bytes) -> Any:
    """Randomness depends on the parity of whoever computes: here, of the output alone."""
    if output[0] & 1:
        return current
    return _ORIGINAL_MIX(current, _constants, _slot, output)


_ORIGINAL_MIX: Final = randomness.mix_output


def _undo_no_accounts(self: State, state_key: bytes, before: bytes | None) -> Any:
    """Undoing a block leaves accounts as they are in memory."""
    change = _ORIGINAL_REVERSAL(self, state_key, before)
    return replace(change, after=change.before) if change.table is ACCOUNTS else change


_ORIGINAL_REVERSAL: Final = State.get_reversal


def _keep_nothing(self: State, changes: Iterable[Any]) -> None:
    """Rows in memory do not follow what was written."""


def _commit_in_two(
    self: Ledger,
    execution: Execution,
    block: SealedBlock,
    *,
    index: Any = (),
    durable: bool = True,
) -> None:
    """A block is written in two batches: rows first, the head by itself."""
    whole = self.store

    class Halved:
        def write(self, batch: Any, *, durable: bool) -> None:
            rows = list(batch)
            whole.write(rows[: len(rows) // 2], durable=durable)
            whole.write(rows[len(rows) // 2 :], durable=durable)

        def __getattr__(self, name: str) -> Any:
            return getattr(whole, name)

    self.store = Halved()
    try:
        _ORIGINAL_COMMIT(self, execution, block, index=index, durable=durable)
    finally:
        self.store = whole


_ORIGINAL_COMMIT: Final = Ledger.commit


def _share_no_pot(state: State, context: Any) -> None:
    """Demurrage that was charged goes nowhere."""
    state.pot = state.fees = 0
    _ORIGINAL_POT(state, context)


_ORIGINAL_POT: Final = settlement.process_pot


def _never_follow(self: sweep.SweepQueue, *_: Any) -> None:
    """The sweep's queue does not hear of changes."""


def _show_from_above(
    self: chainkeeper.ChainKeeper, locator: Sequence[BlockHash], limit: int
) -> list[SignedHeader]:
    """Sync shows headers one too high."""
    return _ORIGINAL_HEADERS(self, locator, limit)[1:]


_ORIGINAL_HEADERS: Final = chainkeeper.ChainKeeper.get_headers


def _locate_newest(self: chainkeeper.ChainKeeper, _limit: int) -> list[BlockHash]:
    """A locator of the newest three blocks only."""
    return _ORIGINAL_LOCATOR(self, 64)[:3]


_ORIGINAL_LOCATOR: Final = chainkeeper.ChainKeeper.get_locator


def _blame_unelected(owner: Any, announced: SignedHeader) -> Verdict:
    """Whoever passes on a header that is not known to be elected is blamed."""
    verdict = _ORIGINAL_JUDGE(owner, announced)
    is_unsure = verdict is Verdict.IGNORE and announced.header.kind == SECONDARY
    return Verdict.REJECT if is_unsure else verdict


_ORIGINAL_JUDGE: Final = judges.judge_header


def _blame_early(owner: Any, headers: tuple[SignedHeader, ...]) -> Verdict:
    """A branch with a block of a slot to come is held against the peer."""
    verdict = _ORIGINAL_BRANCH(owner, headers)
    return Verdict.REJECT if verdict is Verdict.IGNORE else verdict


_ORIGINAL_BRANCH: Final = judges.judge_branch


def _blame_unknown(owner: Any, peer: PeerId, transactions: Iterable[Any]) -> Verdict:
    """Whatever is not let in is held against the peer."""
    verdict = _ORIGINAL_TRANSACTIONS(owner, peer, transactions)
    return Verdict.REJECT if verdict is Verdict.IGNORE else verdict


_ORIGINAL_TRANSACTIONS: Final = judges.judge_transactions


def _keep_view(self: mempool.Mempool) -> None:
    """What waits goes on being judged by the state of an old head."""


def _return_nothing(self: mempool.Mempool, returning: list[Any]) -> None:
    """What was in abandoned blocks is forgotten."""


def _select_unchecked(self: mempool.Mempool, view: Any, context: Any) -> Any:
    """Everything that waits goes into the block, whatever the rules say."""
    return tuple(self.get_all())


def _never_expire(self: mempool.Mempool, slot: int) -> None:
    """What is too old waits on."""


def _never_recheck(self: mempool.Mempool, slot: int, limit: int) -> bool:
    """What waits is never brought into a new view: it stays, unasked."""
    self._unchecked = []
    return False


def _select_nothing(self: mempool.Mempool, view: Any, context: Any) -> Any:
    """Blocks carry no transactions."""
    return ()


def _refuse_all(self: mempool.Mempool, sealed: Any, slot: int) -> None:
    """Nothing that comes by gossip is let in twice by mistake: nothing is let in at all."""
    if sealed.body.sequence > 2:
        raise Invalid(Code.MEMPOOL_FULL)


BLOCK_FAULTS: Final = (
    Planted("fork choice by height", "consensus", forkchoice.get_preference, _prefer_first),
    Planted("orphans not adopted", "consensus", arrivals.Arrivals.take_children, _take_nobody),
    Planted("other branches are not followed", "consensus", branches.follow, _follow_no_branch),
    Planted("signature before journal", "journal", engine.step, _sign_first),
    Planted("nothing journalled", "journal", engine.step, _sign_unjournalled),
    Planted("journal not asked", "journal", journal.may_sign_block, _may_always_sign),
    Planted("accounts not undone", "ledger", State.get_reversal, _undo_no_accounts),
    Planted("rows in memory not kept", "ledger", State.keep, _keep_nothing),
    Planted("block in two batches", "ledger", Ledger.commit, _commit_in_two),
    Planted("pot goes nowhere", "ledger", settlement.process_pot, _share_no_pot),
    Planted("sweep queue does not follow", "ledger", sweep.SweepQueue.follow, _never_follow),
    Planted("headers one too high", "sync", chainkeeper.ChainKeeper.get_headers, _show_from_above),
    Planted("locator too short", "sync", chainkeeper.ChainKeeper.get_locator, _locate_newest),
    Planted("peers blamed for a header", "sync", judges.judge_header, _blame_unelected),
    Planted("peers blamed for a branch", "sync", judges.judge_branch, _blame_early),
    Planted("peers blamed for transactions", "mempool", judges.judge_transactions, _blame_unknown),
    Planted("an old head's view", "mempool", mempool.Mempool.forget_view, _keep_view),
    Planted("abandoned transactions lost", "mempool", mempool.Mempool._return, _return_nothing),
    Planted("selection unchecked", "mempool", mempool.Mempool.select, _select_unchecked),
    Planted("blocks without transactions", "mempool", mempool.Mempool.select, _select_nothing),
    Planted("nothing is let in", "mempool", mempool.Mempool.admit, _refuse_all),
)
