"""Catching up: headers from a peer that claims a better chain, bodies from several peers at once.

A round follows one peer's headers, a batch at a time, and fetches their bodies from whoever has
them; blocks go to the node in order, each after its parent, and wait while the node is busy. What
a liar can make us hold is one batch of headers and one window of bodies, and each lie costs him.
"""

import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import trio

from chain.block import SealedBlock, decode_block
from chain.codec import encode
from chain.errors import Invalid
from chain.header import BlockHash, SignedHeader, compute_block_hash
from p2p.ask import Ask
from p2p.fetch import Fetcher
from p2p.leaders import FAR_BLOCKS, Leaders
from p2p.lists import bring_lists
from p2p.roster import Peer, Roster
from p2p.transport import PeerId, TransportError, Verdict
from p2p.view import BlockArrived, ChainView, Event, Judges, Misbehaviour, SyncProgress
from p2p.wire import (
    BLOCKS,
    BLOCKS_MAX,
    HEADERS,
    HEADERS_MAX,
    LOCATOR_MAX,
    BlocksRequest,
    Head,
    HeadersRequest,
)

WINDOW_BYTES: Final = 4 * 1_024 * 1_024  # bodies that wait for an earlier one; a few of the largest
CHUNK_BYTES: Final = 1_024 * 1_024  # what one question asks for, by the size of blocks so far
LOOK_SECONDS: Final = 1.0
RETRY_SECONDS: Final = 1.0  # after a round that failed, doubled each time
RETRY_SECONDS_MAX: Final = 30.0
DISTRUST_SECONDS: Final = 60.0  # how long a peer that led us astray is not followed
SLOW_SECONDS: Final = 10.0  # how long one is left alone that did not answer
SETTLE_SECONDS: Final = 30.0  # what the node may take for the last blocks before we look again
SETTLE_LOOK_SECONDS: Final = 0.05
FOLLOW_SECONDS: Final = 3.0  # and to execute the first of them, once they are held


class _Lost(Exception):
    """The round cannot go on. ``fault``: what the peer that leads is to blame for, if anything."""

    def __init__(self, why: str, fault: Misbehaviour | None = None) -> None:
        super().__init__(why)
        self.fault = fault


@dataclass
class _Round:
    """Bodies of one batch of headers: which are wanted, which are here, who still helps."""

    wanted: deque[BlockHash]
    total: int
    next: BlockHash  # the one that goes to the node next
    here: dict[BlockHash, tuple[PeerId, SealedBlock]] = field(default_factory=dict)
    brought: set[BlockHash] = field(default_factory=set)
    here_bytes: int = 0
    helpers: int = 0
    changed: trio.Event = field(default_factory=trio.Event)

    def ring(self) -> None:
        """Wake whoever waits for a change."""
        self.changed.set()
        self.changed = trio.Event()


class _Shown:
    """What a leader has shown of the head that it claimed.

    A liar could else claim the best chain of all and show old blocks for ever, or one new block
    after another as slowly as he may, and nobody else's chain would be looked at.
    """

    def __init__(self, claimed: Head | None) -> None:
        self._claimed = claimed
        self._has_claimed = False
        self._height = 0
        self.last: BlockHash | None = None
        self.is_new = False

    def note(self, hashes: Sequence[BlockHash], headers: Sequence[SignedHeader]) -> None:
        """One more batch."""
        self.last, self._height = hashes[-1], headers[-1].header.height
        claimed = self._claimed
        for block_hash, announced in zip(hashes, headers, strict=True):
            if claimed is not None and block_hash == claimed.hash:
                self._has_claimed = announced.header.height == claimed.height

    def check_promise(self) -> None:
        """Raises _Lost unless the chain ended where it was claimed to.

        An honest peer may have changed its branch meanwhile: it is blamed only for a chain that is
        no news, or too short.
        """
        if self._has_claimed or self._claimed is None:
            return
        is_short = self._height + FAR_BLOCKS < self._claimed.height
        fault = Misbehaviour.EMPTY_PROMISE if is_short or not self.is_new else None
        raise _Lost("not the chain that was claimed", fault)

    def check_gain(self, before: Head, after: Head) -> None:
        """Raises _Lost unless the node follows something else now than before this was shown.

        What a seat has signed and the rules refuse, or what is worth less than was claimed, is
        held by the node and never followed: whoever shows such blocks, one after another, must
        not be asked first for ever.
        """
        claimed = self._claimed
        if claimed is not None and claimed.hash == after.hash and claimed.score != after.score:
            raise _Lost("a chain of another score than claimed", Misbehaviour.EMPTY_PROMISE)
        if after.hash == before.hash:
            raise _Lost("nothing that the node follows")


class Sync:
    """Watches what peers claim, and catches up."""

    def __init__(
        self,
        ask: Ask,
        view: ChainView,
        judges: Judges,
        roster: Roster,
        fetcher: Fetcher,
        tell: trio.MemorySendChannel[Event],
        dice: random.Random,
        is_held: Callable[[], bool] = lambda: False,
    ) -> None:
        """``is_held``: whether blocks need not be fetched, since a snapshot is about to come."""
        self._is_held = is_held
        self._ask = ask
        self._view = view
        self._judges = judges
        self._roster = roster
        self._fetcher = fetcher
        self._tell = tell
        self._dice = dice
        self._bell = trio.Event()
        self._leaders = Leaders(view, roster, fetcher)
        self._leader: Peer | None = None
        self._block_bytes = float(CHUNK_BYTES / BLOCKS_MAX)  # a guess at the size of a block

    def wake(self) -> None:
        """Look at once whether somebody has a better chain."""
        self._bell.set()

    def get_progress(self) -> SyncProgress:
        """How far we are behind what the peer we follow claims."""
        height = self._view.get_status().head.height
        leader = self._leader
        if leader is None or leader.head is None:
            return SyncProgress(False, height, height)
        return SyncProgress(True, height, max(height, leader.head.height))

    async def run(self) -> None:
        """Catch up whenever there is something to catch up with."""
        failures = 0
        while True:
            self._bell = trio.Event()
            leader = None if self._is_held() else self._leaders.choose()
            if leader is None:
                with trio.move_on_after(LOOK_SECONDS):
                    await self._bell.wait()
                continue
            self._leader = leader
            try:
                await self._follow(leader)
                self._leaders.note_success(leader.info.id)
                failures = 0
            except (TransportError, _Lost) as problem:
                self._blame_leader(leader.info.id, problem)
                failures += 1
            finally:
                self._leader = None
            if failures:
                await self._rest(failures)

    async def _rest(self, failures: int) -> None:
        """Wait after failures, each time longer; not while somebody untried has a better chain.

        Whoever failed is left alone, so that those who lie or sleep hold nobody else's chain up.
        """
        wait = min(RETRY_SECONDS * 2.0 ** min(failures - 1, 16), RETRY_SECONDS_MAX)
        with trio.move_on_after(wait * self._dice.uniform(0.5, 1.0)):
            while self._leaders.find_trusted() is None:
                self._bell = trio.Event()
                with trio.move_on_after(LOOK_SECONDS):
                    await self._bell.wait()

    def _blame_leader(self, leader: PeerId, problem: TransportError | _Lost) -> None:
        if isinstance(problem, TransportError):
            self._leaders.note_failure(leader, SLOW_SECONDS)
            self._roster.report(leader, Misbehaviour.SLOW)
        else:
            self._leaders.note_failure(leader, DISTRUST_SECONDS)
            if problem.fault is not None:
                self._roster.report(leader, problem.fault)

    async def _follow(self, leader: Peer) -> None:
        """Fetch a peer's chain, batch after batch, to its end. Raises TransportError or _Lost."""
        shown, before = _Shown(leader.head), self._view.get_status().head
        while True:
            ours = self._view.get_locator()
            locator = tuple(ours if shown.last is None else (shown.last, *ours))[:LOCATOR_MAX]
            question = HeadersRequest(locator, HEADERS_MAX)
            headers = (await self._ask(leader.info.id, HEADERS, question)).headers
            if headers:
                hashes = self._check_linkage(headers, frozenset(locator))
                verdict = self._judges.judge_branch(leader.info.id, headers)
                if verdict is not Verdict.ACCEPT:
                    fault = Misbehaviour.INVALID if verdict is Verdict.REJECT else None
                    raise _Lost("the node wants no such headers", fault)
                await bring_lists(
                    self._ask, self._view, self._roster, self._tell, leader.info.id, headers
                )
                shown.is_new |= await self._fetch_bodies(leader, hashes)
                shown.note(hashes, headers)
            if len(headers) < HEADERS_MAX:
                shown.check_promise()
                if shown.last is not None:
                    await self._settle(shown.last, before)
                    shown.check_gain(before, self._view.get_status().head)
                return

    async def _settle(self, last: BlockHash, before: Head) -> None:
        """Let the node work off what it was given, so that nothing is fetched twice.

        It holds a block before it has executed it: then it gets a moment more.
        """
        with trio.move_on_after(SETTLE_SECONDS):
            while not self._view.has_block(last):  # noqa: ASYNC110 - the view is asked, it does not call
                await trio.sleep(SETTLE_LOOK_SECONDS)
            with trio.move_on_after(FOLLOW_SECONDS):
                while self._view.get_status().head.hash == before.hash:  # noqa: ASYNC110 - the same
                    await trio.sleep(SETTLE_LOOK_SECONDS)

    def _check_linkage(
        self, headers: Sequence[SignedHeader], known: frozenset[BlockHash]
    ) -> list[BlockHash]:
        """The blocks' hashes. Headers must follow a block we named, and one another."""
        community = self._view.get_status().community
        hashes: list[BlockHash] = []
        before = None
        for announced in headers:
            header = announced.header
            follows = (
                header.parent_hash in known
                if before is None
                else header.parent_hash == hashes[-1]
                and header.height == before.height + 1
                and header.slot > before.slot
            )
            if not follows or header.chain != community:
                raise _Lost("headers that do not follow", Misbehaviour.MALFORMED)
            hashes.append(compute_block_hash(encode(header)))
            before = header
        return hashes

    async def _fetch_bodies(self, leader: Peer, hashes: Sequence[BlockHash]) -> bool:
        """Bodies of these blocks from several peers, delivered in order; False: none was new."""
        wanted = [block_hash for block_hash in hashes if not self._view.has_block(block_hash)]
        if not wanted:
            return False
        work = _Round(deque(wanted), len(wanted), wanted[0])
        async with trio.open_nursery() as nursery:
            for peer in self._choose_helpers(leader):
                work.helpers += 1
                nursery.start_soon(self._help, peer, work)
            is_whole = await self._deliver(wanted, work)
            nursery.cancel_scope.cancel()
        if not is_whole:
            raise _Lost("nobody gave the bodies")
        return True

    async def _deliver(self, hashes: Sequence[BlockHash], work: _Round) -> bool:
        """Give the node these blocks in order; False when nobody brings them any more."""
        for block_hash in hashes:
            work.next = block_hash
            work.ring()
            while block_hash not in work.here:
                if not work.helpers:
                    return False
                await work.changed.wait()
            source, block = work.here.pop(block_hash)
            work.here_bytes -= len(block.whole_bytes)
            await self._tell.send(BlockArrived(source, block, live=False))
        return True

    def _choose_helpers(self, leader: Peer) -> list[PeerId]:
        """The leader, and whoever claims to be as far; one that has less says so and stops."""
        height = leader.head.height if leader.head is not None else 0
        left_alone = self._leaders.get_left_alone()
        others = [
            name
            for name, peer in self._roster.peers.items()
            if peer is not leader and peer.head is not None and peer.head.height >= height - 1
        ]
        return [leader.info.id, *(name for name in others if name not in left_alone)]

    async def _help(self, peer: PeerId, work: _Round) -> None:
        """Take chunks of work and bring bodies, until there are none or this peer fails."""
        try:
            while len(work.brought) < work.total:
                is_full = work.here_bytes >= WINDOW_BYTES
                if not work.wanted or (is_full and work.wanted[0] != work.next):
                    await work.changed.wait()
                    continue
                count = min(BLOCKS_MAX, max(1, int(CHUNK_BYTES / self._block_bytes)))
                chunk = [work.wanted.popleft() for _ in range(min(count, len(work.wanted)))]
                try:
                    has_brought = await self._bring(peer, chunk, work)
                finally:
                    rest = [block_hash for block_hash in chunk if block_hash not in work.brought]
                    work.wanted.extendleft(reversed(rest))
                    work.ring()
                if not has_brought:
                    return
        except TransportError:
            self._leaders.leave_alone(peer, SLOW_SECONDS)
            self._roster.report(peer, Misbehaviour.SLOW)
        finally:
            work.helpers -= 1
            work.ring()

    async def _bring(self, peer: PeerId, chunk: Sequence[BlockHash], work: _Round) -> bool:
        """Ask for a chunk; False when the peer has nothing of it."""
        question = BlocksRequest(tuple(chunk))
        answer = await self._ask(peer, BLOCKS, question)
        for block_hash, data in zip(chunk, answer.blocks, strict=False):
            block = self._check_body(peer, block_hash, data)
            self._block_bytes += (len(data) - self._block_bytes) / 8
            work.here[block_hash] = (peer, block)
            work.here_bytes += len(data)
            work.brought.add(block_hash)
            work.ring()
            await trio.lowlevel.checkpoint()
        return bool(answer.blocks)

    def _check_body(self, peer: PeerId, block_hash: BlockHash, data: bytes) -> SealedBlock:
        """The block, if it is the one asked for. Otherwise blames the peer and raises.

        A hash does not cover the signature, and a seat can sign one header in several ways that
        all hold: whose does not hold is told by the node, of the very peer that brought it.
        """
        try:
            block = decode_block(data)
        except Invalid:
            block = None
        if block is None or block.hash != block_hash:
            self._roster.report(peer, Misbehaviour.WRONG_BODY)
            raise TransportError(f"{peer} sent another block than asked for")
        return block
