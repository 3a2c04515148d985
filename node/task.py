"""The core's task: takes messages one by one, looks at the clock, and does the chores in between.

It is the only task in which consensus steps, blocks are applied and headers are signed. Whatever
is long is cut into pieces, so that network and API get their turns.
"""

from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from traceback import format_exception
from typing import Final, NamedTuple

import trio

from chain.block import SealedBlock
from chain.codec import encode
from chain.crypto import Signed
from chain.errors import Invalid
from chain.header import SECONDARY, SignedHeader, get_header_message
from chain.proof import Checkpoint
from chain.transaction import SealedTransaction
from consensus import events as told
from consensus.forkchoice import BlockFacts
from consensus.journal import get_signed_header, get_signed_slot
from consensus.offences import keep_evidence
from node.branches import show_own_chain, show_what_is_not_ahead, verify
from node.clock import MS
from node.decided import forget_evidence, read_decided, read_evidence
from node.effects import handle, place_facts, take_block
from node.exchange.desk import solve_setoff
from node.home import HomeError, write_file
from node.keys import SeatHolder
from node.mempool import Limits
from node.mempool_file import MempoolFiles
from node.owner import Outside, Owner
from node.parting import take_up_kept
from node.past import Brought, PastTaker, keep_brought
from node.replacement import Replayed, adopt, replay_beside
from node.shelves import Shelves
from node.showing import find_named_certificate
from node.stores import Stores
from node.votes import hear_progress, take_shown, verify_hand_offs
from node.warping import (
    WARP_BLOCKS_MIN,
    Begun,
    SnapshotTaker,
    adopt_snapshot,
    look_for_checkpoint,
)
from p2p.view import (
    AnswerShown,
    BlockArrived,
    FinalityShown,
    OffsetMeasured,
    PeerBanned,
    PeerStatusChanged,
)
from p2p.view import Event as NetworkEvent

INBOX_MAX: Final = 64  # what the network holds for us besides
SHELF_LOOK_SECONDS: Final = 10.0
IDLE_SECONDS_MAX: Final = 1.0  # how long a clock that was set can go unnoticed
REVALIDATED_AT_ONCE: Final = 64  # transactions: a few milliseconds
OFFER_AGAIN_SLOTS: Final = 16  # gossip is lossy: what waits is told again
OFFERED_AGAIN_MAX: Final = 128
KEEP_MEMPOOL_MS: Final = 10_000
SIDES_RETURNED_MAX: Final = 64  # abandoned blocks whose transactions are tried again after a start

_Told = NetworkEvent | Replayed | Begun | Brought
_Message = _Told | None  # None: look at what else there is to do


class CoreSettings(NamedTuple):
    """What an operator may set, and where things lie. None: kept in memory only."""

    mempool: Limits = Limits()
    mempool_path: Path | None = None
    report_path: Path | None = None
    refusal: str = ""  # why the seat whose keys lie here may not be used
    trusted: Checkpoint | None = None  # on which the chain must stand; None: the genesis
    warp_blocks_min: int = WARP_BLOCKS_MIN
    fetches_past: bool = True  # the network fetches what lies before a snapshot


class CoreTask:
    """The loop, and what it needs to know between two rounds."""

    def __init__(self, owner: Owner, stores: Stores, settings: CoreSettings) -> None:
        self._owner = owner
        self._stores = stores
        self._settings = settings
        self._send, self._inbox = trio.open_memory_channel[_Message](INBOX_MAX)
        self._stopping = False
        self._replaying = False
        self._nursery: trio.Nursery | None = None
        self._slot_done: int | None = None  # whose chores are done
        self._kept_ms = 0
        self._kept_changes = 0
        path = settings.mempool_path
        self._files = None if path is None else MempoolFiles(path)
        self.shelves = Shelves(stores)
        self.taker = SnapshotTaker(
            owner, stores, self._send.clone(), settings.trusted, settings.warp_blocks_min
        )
        self.past = PastTaker(owner, self._send.clone())
        owner.replace_chain = self._begin_replay
        owner.announce = self._announce

    async def run(self, outside: Outside) -> None:
        """Own the chain until stopped or cancelled."""
        self._owner.outside = outside
        try:
            async with trio.open_nursery() as nursery:
                self._nursery = nursery
                await self._guarded(self._start)
                nursery.start_soon(self._guarded, partial(self._pump, outside))
                nursery.start_soon(self._guarded, self._lay_out_snapshots)
                await self._guarded(self._own)
                nursery.cancel_scope.cancel()
        finally:
            self._nursery = None
            self._owner.board.close()
            self._keep_mempool_now()

    def stop(self) -> None:
        """Finish what is in hand and return."""
        self._stopping = True
        self.nudge()

    async def _start(self) -> None:
        """Take up what lay there: side branches, what waited, and what the seat has signed."""
        owner = self._owner
        await self._take_up_decided()
        await self._check_own_blocks()
        newest: deque[SealedBlock] = deque(maxlen=SIDES_RETURNED_MAX)
        for block, facts in owner.keeper.read_sides():
            newest.append(block)
            await place_facts(owner, facts, len(block.whole_bytes), live=False, kept=True)
            await trio.lowlevel.checkpoint()
        returning = [sealed for block in newest for sealed in block.transactions]
        owner.mempool.follow(owner.ledger, (), returning)
        for sealed in [] if self._files is None else self._files.read():
            with suppress(Invalid):
                owner.mempool.admit(sealed, owner.clock.get_slot())
            await trio.lowlevel.checkpoint()
        await handle(owner, told.Started(owner.clock.get_ms()))  # from now on it may sign

    async def _take_up_decided(self) -> None:
        """What is kept of finality: the newest certificates, and a contradiction if any."""
        owner = self._owner
        store, gadget = owner.ledger.store, owner.consensus.gadget
        decided = [item for item in read_decided(store) if item is not None]
        heights = [item.body.target_height for item in decided]
        await show_own_chain(owner, min([gadget.lock.height, gadget.final.height, *heights]))
        forget_evidence(owner.ledger)
        for evidence in read_evidence(store):
            keep_evidence(gadget, evidence)
        take_up_kept(owner)
        for certificate in decided:
            await handle(owner, told.CertificateSeen(owner.clock.get_ms(), certificate))

    async def _check_own_blocks(self) -> None:
        """Blocks of our seat that its journal does not know end its signing; see docs/journal.md.

        The newest header, if it was not told before we stopped, is told again.
        """
        owner, seat = self._owner, self._owner.seat
        if seat is None:
            return
        signed = get_signed_slot(seat.own.journal, owner.ledger.chain)
        newest = owner.keeper.find_newest_of(seat.own.id, signed)
        if newest is not None and _has_signed(owner, seat, newest):
            slot, time_ms = newest.header.slot, owner.clock.get_ms()
            await handle(owner, told.HeaderSeen(time_ms, seat.own.id, slot, SECONDARY, newest))
        head = owner.ledger.get_block(owner.ledger.head.hash)
        if head is not None and head.header_bytes == get_signed_header(
            seat.own.journal, owner.ledger.chain, head.header.slot
        ):
            self._announce(head)

    async def _own(self) -> None:
        while not self._stopping:
            await self.take_turn(await self._receive())

    async def take_turn(self, message: _Message) -> None:
        """One round: the clock first, then what waits, then the message and the chores."""
        owner = self._owner
        if owner.clock.notice_jump():  # first: whatever else comes may lead to a signature
            await show_what_is_not_ahead(owner)
            await handle(owner, told.ClockJumped(owner.clock.get_ms()))
        while owner.pending:
            await handle(owner, owner.pending.popleft())
        if message is not None:
            await self._take(message)
        if owner.consensus.awaits is not None:
            await look_for_checkpoint(owner)
        now_ms = owner.clock.get_ms()
        if now_ms >= owner.wake_ms:
            await handle(owner, told.Ticked(now_ms))
        slot = owner.consensus.get_slot(now_ms)
        if slot != self._slot_done or owner.mempool.is_unchecked():
            await self._do_chores(slot)

    async def _receive(self) -> _Message:
        """The next message, or None when it is time to look at the clock or the mempool."""
        owner = self._owner
        delay = (owner.wake_ms - owner.clock.get_ms()) / MS
        if delay <= 0 or owner.pending or owner.mempool.is_unchecked():
            await trio.lowlevel.checkpoint()
            try:
                return self._inbox.receive_nowait()
            except trio.WouldBlock:
                return None
        with trio.move_on_after(min(delay, IDLE_SECONDS_MAX)):
            return await self._inbox.receive()
        return None

    async def _lay_out_snapshots(self) -> None:
        """Have a snapshot ready for newcomers, a new one now and then, in small pieces."""
        owner = self._owner
        while True:
            ledger = owner.ledger
            target = self.shelves.find_due(ledger)
            if target is None:
                await trio.sleep(SHELF_LOOK_SECONDS)
                continue
            with closing(self.shelves.lay_out(ledger, target)) as pieces:
                for _ in pieces:
                    await trio.lowlevel.checkpoint()
                    if owner.ledger is not ledger:  # its store is closed
                        break
                else:
                    owner.log.info("snapshot_ready", height=target.header.height)

    async def _take(self, message: _Told) -> None:
        owner = self._owner
        now_ms = owner.clock.get_ms()
        match message:
            case BlockArrived():
                await take_block(owner, message.peer, message.block, live=message.live)
            case OffsetMeasured():
                offset_ms = message.offset_ms
                await handle(owner, told.OffsetMeasured(now_ms, message.peer, offset_ms))
            case PeerStatusChanged(head=None):
                owner.acquainted.discard(message.peer)
                owner.searches.pop(message.peer, None)
                await handle(owner, told.PeerLeft(now_ms, message.peer))
            case PeerStatusChanged():
                await hear_progress(owner, message.peer, message.progress)
            case _ if isinstance(message, AnswerShown):
                await take_shown(owner, message)
            case PeerBanned():
                owner.log.warning(
                    "peer_banned", peer=message.peer, seconds=message.seconds, reason=message.reason
                )
            case Replayed():
                await adopt(owner, self._stores, message)
                self._replaying = False
            case Begun():
                await adopt_snapshot(owner, self._stores, message)
            case Brought():
                keep_brought(owner, message)
            case _:
                pass  # transactions were let in when they were judged

    async def _do_chores(self, slot: int) -> None:
        """What is done once a slot, or in small pieces whenever there is time."""
        owner = self._owner
        owner.mempool.revalidate(slot, REVALIDATED_AT_ONCE)
        owner.tell_dropped()
        if slot == self._slot_done:
            return
        self._slot_done = slot
        if slot % OFFER_AGAIN_SLOTS == 0 and owner.outside is not None:
            owner.outside.offer_transactions(owner.mempool.get_all()[:OFFERED_AGAIN_MAX])
        if owner.seat is not None and owner.setoff.is_wanted(owner.ledger.state):
            self._begin_setoff()
        await self._keep_mempool()

    def _begin_setoff(self) -> None:
        """Solve the set-off that waits, beside everything else."""
        owner, constants = self._owner, self._owner.ledger.constants
        seconds_max = constants.window_slots * constants.slot_seconds
        graph = owner.setoff.begin(owner.ledger.state)
        if self._nursery is not None:
            self._nursery.start_soon(solve_setoff, owner.setoff, graph, seconds_max, owner.log)

    def keep_submitted(self, sealed: SealedTransaction) -> None:
        """Keep what is about to be acknowledged, so that it outlives this process."""
        if self._files is not None:
            with self._warning():
                self._files.append(sealed)

    async def _keep_mempool(self) -> None:
        """Write what waits to its file now and then, when it has changed."""
        owner, files = self._owner, self._files
        now_ms = owner.clock.get_ms()
        is_due = not 0 <= now_ms - self._kept_ms < KEEP_MEMPOOL_MS
        if files is None or not is_due or owner.mempool.changes == self._kept_changes:
            return
        self._kept_ms = now_ms
        changes, mark, waiting = owner.mempool.changes, files.measure(), owner.mempool.get_all()
        with self._warning():
            await owner.run_in_thread(files.write, waiting)
            files.forget(mark)
            self._kept_changes = changes

    def _keep_mempool_now(self) -> None:
        """The same at the end, where there is no time to lose and nobody to wait."""
        owner, files = self._owner, self._files
        if files is None:
            return
        with self._warning():
            if owner.mempool.changes != self._kept_changes:
                mark = files.measure()
                files.write(owner.mempool.get_all())
                files.forget(mark)
        files.close()

    @contextmanager
    def _warning(self) -> Iterator[None]:
        """A mempool that cannot be kept is a pity, and no reason to stop."""
        try:
            yield
        except HomeError as error:
            self._owner.log.warning("mempool_not_kept", reason=str(error))

    async def _pump(self, outside: Outside) -> None:
        """Bring in what the network tells; signatures of blocks are verified on the way."""
        async for event in outside.events:
            if isinstance(event, BlockArrived):
                await verify(self._owner, event.block)
            if isinstance(event, FinalityShown) and event.answer is not None:
                await verify_hand_offs(self._owner, event.answer)
            await self._send.send(event)

    async def _guarded(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do work that may find the ledger's promises broken; then leave a report and halt."""
        try:
            await work()
        except AssertionError as error:
            self._write_report(error)
            raise

    def _write_report(self, error: AssertionError) -> None:
        owner, path = self._owner, self._settings.report_path
        head = owner.ledger.head
        owner.log.error("halted", error=error, height=head.height, hash=head.hash)
        if path is not None:
            lines = [
                f"height {head.height}",
                f"slot {head.slot}",
                f"head {head.hash.hex()}",
                f"root {owner.ledger.root.hex()}",
                *format_exception(error),
            ]
            with suppress(OSError):
                write_file(path, "\n".join(lines).encode())

    def _begin_replay(self, ancestor: BlockFacts, path: list[BlockFacts]) -> None:
        if not self._replaying and self._nursery is not None:
            self._replaying = True
            self._nursery.start_soon(self._guarded, partial(self._replay, ancestor, path))

    async def _replay(self, ancestor: BlockFacts, path: list[BlockFacts]) -> None:
        replayed = await replay_beside(self._owner, self._stores, ancestor, path)
        await self._send.send(replayed)

    def _announce(self, block: SealedBlock) -> None:
        outside, header = self._owner.outside, block.header
        if self._nursery is not None and outside is not None:
            named = find_named_certificate(self._owner, header.lock_round, header.lock_hash)
            self._nursery.start_soon(outside.announce_block, block, named)

    def nudge(self) -> None:
        """Wake the task; if its inbox is full it is awake."""
        with suppress(trio.WouldBlock):
            self._send.send_nowait(None)


def _has_signed(owner: Owner, seat: SeatHolder, signed: SignedHeader) -> bool:
    """Whether our own key made this header of our seat, and not one that it took the place of."""
    message = get_header_message(encode(signed.header))
    return owner.known.holds(Signed(seat.own.vote_key, message, signed.signature))
