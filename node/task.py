"""The core's task: takes messages one by one, looks at the clock, and does the chores in between.

It is the only task in which consensus steps, blocks are applied and headers are signed. Whatever
is long is cut into pieces, so that network and API get their turns.
"""

from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from traceback import format_exception
from typing import Final, NamedTuple

import trio

from chain.block import SECONDARY, SealedBlock
from chain.errors import Invalid
from consensus import events as told
from consensus.forkchoice import BlockFacts
from consensus.journal import get_signed_header, get_signed_slot
from node.branches import verify
from node.clock import MS
from node.effects import handle, place_facts, take_block
from node.home import HomeError, write_file
from node.mempool import Limits
from node.mempool_file import read_mempool, write_mempool
from node.owner import Outside, Owner
from node.replacement import Replayed, adopt, replay_beside
from node.stores import Stores
from p2p.view import BlockArrived, OffsetMeasured, PeerStatusChanged
from p2p.view import Event as NetworkEvent

INBOX_MAX: Final = 64  # what the network holds for us besides
IDLE_SECONDS_MAX: Final = 1.0  # how long a clock that was set can go unnoticed
REVALIDATED_AT_ONCE: Final = 64  # transactions: a few milliseconds
OFFER_AGAIN_SLOTS: Final = 16  # gossip is lossy: what waits is told again
OFFERED_AGAIN_MAX: Final = 128
KEEP_MEMPOOL_MS: Final = 10_000
SIDES_RETURNED_MAX: Final = 64  # abandoned blocks whose transactions are tried again after a start

_Message = NetworkEvent | Replayed | None  # None: look at what else there is to do


class CoreSettings(NamedTuple):
    """What an operator may set, and where things lie. None: kept in memory only."""

    mempool: Limits = Limits()
    mempool_path: Path | None = None
    report_path: Path | None = None
    refusal: str = ""  # why the seat whose keys lie here may not be used


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
        await self._check_own_blocks()
        newest: deque[SealedBlock] = deque(maxlen=SIDES_RETURNED_MAX)
        for block, facts in owner.keeper.read_sides():
            newest.append(block)
            await place_facts(owner, facts, len(block.whole_bytes), live=False)
            await trio.lowlevel.checkpoint()
        returning = [sealed for block in newest for sealed in block.transactions]
        owner.mempool.follow(owner.ledger, (), returning)
        path = self._settings.mempool_path
        for sealed in [] if path is None else read_mempool(path):
            with suppress(Invalid):
                owner.mempool.admit(sealed, owner.clock.get_slot())
            await trio.lowlevel.checkpoint()
        await handle(owner, told.Started(owner.clock.get_ms()))  # from now on it may sign

    async def _check_own_blocks(self) -> None:
        """Blocks of our seat that its journal does not know end its signing; see docs/journal.md.

        The newest header, if it was not told before we stopped, is told again.
        """
        owner, seat = self._owner, self._owner.seat
        if seat is None:
            return
        signed = get_signed_slot(seat.own.journal, owner.ledger.chain)
        newest = owner.keeper.find_newest_of(seat.own.id, signed)
        if newest is not None:
            time_ms = owner.clock.get_ms()
            await handle(owner, told.HeaderSeen(time_ms, seat.own.id, newest, SECONDARY))
        head = owner.ledger.get_block(owner.ledger.head.hash)
        if head is not None and head.header_bytes == get_signed_header(
            seat.own.journal, owner.ledger.chain, head.header.slot
        ):
            self._announce(head)

    async def _own(self) -> None:
        while not self._stopping:
            message = await self._receive()
            owner = self._owner
            while owner.pending:
                await handle(owner, owner.pending.popleft())
            if message is not None:
                await self._take(message)
            if owner.clock.notice_jump():
                await handle(owner, told.ClockJumped(owner.clock.get_ms()))
            if owner.clock.get_ms() >= owner.wake_ms:
                await handle(owner, told.Ticked(owner.clock.get_ms()))
            await self._do_chores()

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

    async def _take(self, message: NetworkEvent | Replayed) -> None:
        owner = self._owner
        now_ms = owner.clock.get_ms()
        match message:
            case BlockArrived():
                await take_block(owner, message.peer, message.block, live=message.live)
            case OffsetMeasured():
                offset_ms = message.offset_ms
                await handle(owner, told.OffsetMeasured(now_ms, message.peer, offset_ms))
            case PeerStatusChanged(head=None):
                await handle(owner, told.PeerLeft(now_ms, message.peer))
            case Replayed():
                await adopt(owner, self._stores, message)
                self._replaying = False
            case _:
                pass  # transactions were let in when they were judged

    async def _do_chores(self) -> None:
        """What is done once a slot, or in small pieces whenever there is time."""
        owner = self._owner
        slot = owner.clock.get_slot()
        if owner.mempool.is_unchecked() or slot != self._slot_done:
            owner.mempool.revalidate(slot, REVALIDATED_AT_ONCE)
            owner.tell_dropped()
        if slot == self._slot_done:
            return
        self._slot_done = slot
        if slot % OFFER_AGAIN_SLOTS == 0 and owner.outside is not None:
            owner.outside.offer_transactions(owner.mempool.get_all()[:OFFERED_AGAIN_MAX])
        await self._keep_mempool()

    async def _keep_mempool(self) -> None:
        """Write what waits to its file now and then, when it has changed."""
        owner, path = self._owner, self._settings.mempool_path
        now_ms = owner.clock.get_ms()
        is_due = not 0 <= now_ms - self._kept_ms < KEEP_MEMPOOL_MS
        if path is None or not is_due or owner.mempool.changes == self._kept_changes:
            return
        self._kept_ms, self._kept_changes = now_ms, owner.mempool.changes
        try:
            await owner.run_in_thread(write_mempool, path, owner.mempool.get_all())
        except HomeError as error:
            owner.log.warning("mempool_not_kept", reason=str(error))

    def _keep_mempool_now(self) -> None:
        """The same at the end, where there is no time to lose and nobody to wait."""
        path, owner = self._settings.mempool_path, self._owner
        if path is None or owner.mempool.changes == self._kept_changes:
            return
        try:
            write_mempool(path, owner.mempool.get_all())
        except HomeError as error:
            owner.log.warning("mempool_not_kept", reason=str(error))

    async def _pump(self, outside: Outside) -> None:
        """Bring in what the network tells; signatures of blocks are verified on the way."""
        async for event in outside.events:
            if isinstance(event, BlockArrived):
                await verify(self._owner, event.block)
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
        outside = self._owner.outside
        if self._nursery is not None and outside is not None:
            self._nursery.start_soon(outside.announce_block, block)

    def nudge(self) -> None:
        """Wake the task; if its inbox is full it is awake."""
        with suppress(trio.WouldBlock):
            self._send.send_nowait(None)
