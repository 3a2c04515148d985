"""The one owner of ledger, block tree, mempool and consensus state.

Events from network, API and clock come in, are stepped through the rules, and leave as effects:
first the journal, then signatures and messages. Everything public is either synchronous, and may
be called from any task of the same trio run, or is ``run`` itself.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager

import trio

from chain.certificates import Certificate
from chain.errors import Code, Invalid
from chain.genesis import GENESIS_VERSION, Genesis
from chain.header import BlockHash, SignedHeader
from chain.ledger import Ledger
from chain.policy import AccountId
from chain.proof import HandOff, SetList
from chain.snapshot import Outline, Part
from chain.transaction import SealedTransaction
from chain.votes import SignedHere, SignedVote
from consensus.events import OperatorConfirmed, ReleaseCommanded
from consensus.journal import find_activation, find_newest_record
from consensus.outlook import get_outlook
from consensus.sets import Checkpoint
from consensus.signing import get_signing
from consensus.state import Settings, Signing, build_consensus
from node.board import Board
from node.chainkeeper import ChainKeeper
from node.clock import Clock, GenesisClock
from node.events import CoreEvent, TransactionWaiting
from node.exchange.desk import SetOffDesk, Solve
from node.exchange.setoff_solver import solve_apart
from node.history import (
    BlockSummary,
    HistoryPage,
    TransactionPlace,
    read_blocks_by_seat,
    read_history,
)
from node.judges import judge_branch, judge_header, judge_transactions
from node.keys import SeatHolder
from node.lists import find_entries
from node.logs import Log
from node.mempool import Mempool
from node.owner import Outside, Owner, RunInThread
from node.past import PastTaker
from node.shelves import read_way
from node.showing import (
    get_progress,
    show_finality,
    show_newest,
    show_votes,
    show_witnesses,
)
from node.signatures import KnownSignatures
from node.status import CoreStatus, HeldBlocks, SigningStatus, describe_signing
from node.stores import Stores
from node.task import CoreSettings, CoreTask
from node.trust import find_awaited
from node.votes import judge_certificate, judge_here, judge_vote
from node.warping import SnapshotTaker
from p2p.transport import PeerId, Verdict
from p2p.wire import LOCATOR_MAX
from p2p.wire import Head as WireHead
from p2p.wire import Status as WireStatus
from p2p.wire_votes import (
    FinalityAnswer,
    FinalityRequest,
    NewestAnswer,
    NewestRequest,
    VotesAnswer,
    VotesRequest,
    WitnessesAnswer,
    WitnessesRequest,
)


def _find_entered(seat: SeatHolder | None, chain: bytes) -> BlockHash | None:
    """The set that our seat's journal has entered last."""
    record = None if seat is None else find_newest_record(seat.own.journal, chain)
    return None if record is None else record.set


class Core:
    """Implements p2p's ``ChainView``, ``Judges`` and ``Shelf``; ``run`` owns what is below it."""

    def __init__(
        self,
        genesis: Genesis,
        stores: Stores,
        clock: Clock,
        *,
        seat: SeatHolder | None = None,
        settings: CoreSettings | None = None,
        run_in_thread: RunInThread = trio.to_thread.run_sync,
        solve: Solve = solve_apart,
    ) -> None:
        """Open the chain, or found it. Raises StoreError and BadGenesis."""
        self._settings = settings or CoreSettings()
        known = KnownSignatures()
        keeper = ChainKeeper(stores.open(), genesis, known)
        keeper.seat = seat.own.id if seat else None
        trusted = self._settings.trusted
        awaited = find_awaited(keeper.ledger, trusted)
        self._owner = Owner(
            keeper=keeper,
            mempool=Mempool(keeper.ledger, known, self._settings.mempool),
            consensus=build_consensus(
                Settings(keeper.ledger.chain, genesis.constants),
                keeper.get_position(),
                seat.own if seat else None,
                keeper.get_voters(_find_entered(seat, keeper.ledger.chain)),
            ),
            clock=GenesisClock(clock, genesis.genesis_time, genesis.constants.slot_seconds),
            known=known,
            seat=seat,
            board=Board(),
            log=Log("core"),
            run_in_thread=run_in_thread,
            trusted=trusted,
            setoff=SetOffDesk(solve=solve),
        )
        self._owner.consensus.awaits = awaited
        self._task = CoreTask(self._owner, stores, self._settings)

    @property
    def genesis(self) -> Genesis:
        """The community's constitution."""
        return self._owner.ledger.genesis

    @property
    def ledger(self) -> Ledger:
        """The chain that is followed: read it between awaits, and do not hold it across them."""
        return self._owner.ledger

    @property
    def mempool(self) -> Mempool:
        """What waits for a block; for reading."""
        return self._owner.mempool

    @property
    def has_seat(self) -> bool:
        """Whether a seat's keys are in use here."""
        return self._owner.seat is not None

    @property
    def setoff(self) -> SetOffDesk:
        """What this node has solved; for reading."""
        return self._owner.setoff

    async def run(self, outside: Outside) -> None:
        """Own the chain until stopped or cancelled.

        Raises InvariantBroken, after a report, when the ledger broke a promise of its own;
        StoreError and HomeError when the disk fails.
        """
        await self._task.run(outside)

    def stop(self) -> None:
        """Let ``run`` finish what it has in hand, keep the mempool, and return."""
        self._task.stop()

    def close(self) -> None:
        """Give the disk back; after ``run``."""
        self._task.shelves.close()
        self._owner.ledger.store.close()

    # For the API.

    def submit(self, sealed: SealedTransaction) -> None:
        """Let a member's transaction wait and pass it on. Raises Invalid."""
        owner = self._owner
        if owner.keeper.find_place(sealed.id).status == "in_block":
            raise Invalid(Code.ALREADY_KNOWN, "it is in a block")
        owner.mempool.admit(sealed, owner.clock.get_slot())
        self._task.keep_submitted(sealed)
        self._owner.board.publish(TransactionWaiting(sealed.id))
        if owner.outside is not None:
            owner.outside.offer_transactions([sealed])

    def subscribe(self) -> AbstractContextManager[trio.MemoryReceiveChannel[CoreEvent]]:
        """Events from now on; the channel ends for a subscriber that does not keep up."""
        return self._owner.board.subscribe()

    def get_core_status(self) -> CoreStatus:
        """A snapshot."""
        owner = self._owner
        finality = get_outlook(owner.consensus, owner.clock.get_ms())
        return CoreStatus(
            head=owner.ledger.head,
            state_root=owner.ledger.root,
            clock_slot=owner.clock.get_slot(),
            seat=None if owner.seat is None else owner.seat.own.id,
            signing=self._get_signing(),
            mempool_transactions=len(owner.mempool),
            mempool_bytes=owner.mempool.size_bytes,
            offset_ms=owner.consensus.guard.get_offset_ms(),
            counters=self._owner.board.tally.snapshot(),
            blocks=self._get_held_blocks(),
            finality=finality,
            voting=self._describe(finality.voting),
            activation_slot=self._get_activation_slot(),
        )

    def get_final(self) -> Checkpoint:
        """The newest final block."""
        return self._owner.consensus.gadget.final

    def get_clock_slot(self) -> int:
        """The slot of this moment; negative before genesis."""
        return self._owner.clock.get_slot()

    def find_place(self, transaction_id: bytes) -> TransactionPlace:
        """Where a transaction is."""
        if self._owner.mempool.get(transaction_id) is not None:
            return TransactionPlace("waiting")
        return self._owner.keeper.find_place(transaction_id)

    def get_history(self, account: AccountId, before: str | None, limit: int) -> HistoryPage:
        """What happened to an account, newest first. Raises ValueError on a bad ``before``."""
        return read_history(self._owner.ledger.store, account, before, limit)

    def get_summaries(self, from_height: int, limit: int) -> Sequence[BlockSummary]:
        """Blocks of the chain that is followed, upwards from a height."""
        return self._owner.keeper.get_summaries(from_height, limit)

    def get_blocks_by_seat(self) -> dict[AccountId, int]:
        """How many blocks of the chain that is followed each seat made."""
        return dict(read_blocks_by_seat(self._owner.ledger.store))

    def confirm_clock(self) -> None:
        """The operator says that the clock is right: signing may go on."""
        self._owner.pending.append(OperatorConfirmed(self._owner.clock.get_ms()))
        self._task.nudge()

    def release_key(self) -> None:
        """The operator wants a key that lost its journal to vote again; the log says what became.

        It may not do so before its time; see docs/journal.md.
        """
        self._owner.pending.append(ReleaseCommanded(self._owner.clock.get_ms()))
        self._task.nudge()

    # For the network: ChainView and Judges.

    def get_status(self) -> WireStatus:
        """Community, version, head, wall clock."""
        owner, head = self._owner, self._owner.ledger.head
        return WireStatus(
            community=owner.ledger.chain,
            genesis_version=GENESIS_VERSION,
            head=WireHead(head.hash, head.height, head.slot, head.score),
            addresses=(),
            time_ms=max(owner.clock.get_wall_ms(), 0),
            progress=get_progress(owner),
        )

    def get_locator(self) -> Sequence[BlockHash]:
        """Hashes from the head down, ever sparser, the genesis last."""
        return self._owner.keeper.get_locator(LOCATOR_MAX)

    def has_block(self, block_hash: BlockHash) -> bool:
        """Whether fetching it would be a waste."""
        return not self._owner.is_wanted(block_hash)

    def get_headers(self, locator: Sequence[BlockHash], limit: int) -> Sequence[SignedHeader]:
        """Headers of our chain after the first hash of the locator that lies on it."""
        return self._owner.keeper.get_headers(locator, limit)

    def get_block(self, block_hash: BlockHash) -> bytes | None:
        """The whole bytes of a block, of whichever branch."""
        waiting = self._owner.bodies.get(block_hash)
        return self.ledger.get_block_bytes(block_hash) if waiting is None else waiting.whole_bytes

    def get_ancestors(self, block_hash: BlockHash, limit: int) -> Sequence[BlockHash]:
        """A block of our chain and those below it, downwards, as far as they are held."""
        return self._owner.keeper.get_ancestors(block_hash, limit)

    @property
    def past(self) -> PastTaker:
        """By which this node may fetch the blocks before its snapshot."""
        return self._task.past

    @property
    def taker(self) -> SnapshotTaker:
        """By which this node may begin with others' snapshot."""
        return self._task.taker

    def get_hand_offs(
        self, set_hash: BlockHash, limit: int
    ) -> tuple[SetList, list[HandOff]] | None:
        """The list of a set and the hand-offs that lead on from it."""
        return read_way(self.ledger.store, set_hash, limit)

    def get_outline(self) -> Outline | None:
        """The outline of the newest snapshot that is ready here."""
        return self._task.shelves.get_outline()

    def get_part(self, block_hash: BlockHash, prefix: str) -> Part | None:
        """A part of the snapshot of a block."""
        return self._task.shelves.get_part(block_hash, prefix)

    def is_set_known(self, set_hash: BlockHash) -> bool:
        """Whether the list that this hand-off block calls is known here."""
        return find_entries(self._owner, set_hash) is not None

    def get_finality(self, question: FinalityRequest) -> FinalityAnswer:
        """Hand-offs that lead on from a set, or what is newer in it."""
        return show_finality(self._owner, question)

    def get_votes(self, question: VotesRequest) -> VotesAnswer:
        """The votes from a round on that are held here."""
        answer = show_votes(self._owner, question)
        self._task.nudge()
        return answer

    def get_newest(self, question: NewestRequest) -> NewestAnswer:
        """The newest messages of a seat that were seen here."""
        return show_newest(self._owner, question)

    def get_witnesses(self, question: WitnessesRequest) -> WitnessesAnswer:
        """What is kept of what a set has justified in a round, or over it; or what parts."""
        return show_witnesses(self._owner, question)

    def find_transaction(self, leaf_hash: bytes) -> SealedTransaction | None:
        """A waiting transaction by the leaf hash of its whole bytes."""
        return self._owner.mempool.get_by_leaf(leaf_hash)

    def judge_transactions(
        self, peer: PeerId, transactions: tuple[SealedTransaction, ...]
    ) -> Verdict:
        """Let them wait, as far as they are new and good."""
        return judge_transactions(self._owner, peer, transactions)

    def judge_header(self, _peer: PeerId, announced: SignedHeader) -> Verdict:
        """Known seat, signature, and election as far as the seed is known."""
        return self._let_in(judge_header(self._owner, announced))

    def judge_branch(self, _peer: PeerId, headers: tuple[SignedHeader, ...]) -> Verdict:
        """Signatures of the seats named."""
        return judge_branch(self._owner, headers)

    def judge_certificate(self, _peer: PeerId, certificate: Certificate) -> Verdict:
        """A certificate of a known set that holds."""
        return self._let_in(judge_certificate(self._owner, certificate))

    def judge_vote(self, _peer: PeerId, vote: SignedVote) -> Verdict:
        """Known set, its seat, a round near the clock, signature."""
        return self._let_in(judge_vote(self._owner, vote))

    def judge_here(self, peer: PeerId, here: SignedHere) -> Verdict:
        """A round near the clock, known seat, signature."""
        return self._let_in(judge_here(self._owner, peer, here))

    def _let_in(self, verdict: Verdict) -> Verdict:
        if verdict is Verdict.ACCEPT:
            self._task.nudge()
        return verdict

    def _get_signing(self) -> SigningStatus:
        owner = self._owner
        return self._describe(get_signing(owner.consensus, owner.clock.get_ms()))

    def _get_held_blocks(self) -> HeldBlocks:
        ledger = self._owner.ledger
        first, executed = max(ledger.first.height, 1), ledger.base.height + 1
        return HeldBlocks(first, executed, self._settings.fetches_past and first > 1)

    def _get_activation_slot(self) -> int | None:
        journal = self._owner.consensus.journal
        activation = None if journal is None else find_activation(journal, self.ledger.chain)
        return activation.round if activation is not None and activation.round else None

    def _describe(self, signing: Signing) -> SigningStatus:
        if self._settings.refusal:
            return SigningStatus("refused", self._settings.refusal)
        return describe_signing(signing)
