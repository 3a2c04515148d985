"""Bodies of announced blocks: rebuilt from the mempool where possible, fetched where not.

The announcer is asked what is in the block; what we hold we take, the rest we ask for, and only if
that fails for the whole block. Everything is checked against the header, which the node has judged,
so that a wrong answer accuses whoever gave it. Recent blocks are kept ready for others.
"""

import random
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Never

import trio
from msgspec.structs import replace

from chain.block import (
    BLOCK_BYTES_MAX,
    Block,
    SealedBlock,
    check_parts_bytes,
    compute_body_root_of,
    compute_leaf_hash,
    decode_block,
    get_parts,
    seal_block,
)
from chain.codec import encode
from chain.errors import Code, Invalid
from chain.header import BlockHash, SignedHeader, compute_block_hash
from chain.transaction import SealedTransaction, decode_transaction
from p2p.ask import Ask
from p2p.roster import Roster
from p2p.transport import PeerId, TransportError
from p2p.view import BlockArrived, ChainView, Event, Misbehaviour
from p2p.wire import (
    BLOCKS,
    OUTLINE,
    OUTLINE_WAIT_SECONDS,
    TRANSACTIONS,
    BlocksRequest,
    Outline,
    OutlineRequest,
    TransactionsRequest,
)

RECENT_MAX: Final = 16  # the blocks of a minute; who is further behind asks the store
RECENT_BYTES_MAX: Final = 4 * 1_024 * 1_024
FETCHES_MAX: Final = 8  # at once; more headers of one slot than that are somebody's nonsense
SOURCES_MAX: Final = 8
FETCH_SECONDS: Final = 30.0  # then sync may bring it
PATIENCE_SECONDS: Final = 0.5  # an eighth of a usual slot; then the next source is asked as well
AGAIN_SECONDS: Final = 0.3  # between rounds of asking: the announcer may still be fetching itself


class Recent(NamedTuple):
    """A block kept ready, with the leaf hashes that name its transactions."""

    block: SealedBlock
    leaves: tuple[bytes, ...]


@dataclass
class _Fetch:
    sources: list[PeerId]
    done: trio.Event = field(default_factory=trio.Event)


class Fetcher:
    """Fetches bodies, each in a task of its own, and keeps the newest."""

    def __init__(
        self,
        ask: Ask,
        view: ChainView,
        roster: Roster,
        tell: trio.MemorySendChannel[Event],
        dice: random.Random,
    ) -> None:
        self._ask = ask
        self._view = view
        self._roster = roster
        self._tell = tell
        self._dice = dice
        self._recent: OrderedDict[BlockHash, Recent] = OrderedDict()
        self._recent_bytes = 0
        self._fetches: dict[BlockHash, _Fetch] = {}
        self._nursery: trio.Nursery | None = None

    async def run(self) -> None:
        """House the fetching tasks until cancelled."""
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            try:
                await trio.sleep_forever()
            finally:
                self._nursery = None

    def want(self, peer: PeerId, announced: SignedHeader) -> None:
        """Fetch the body of a header that was judged good, from this peer first."""
        block_hash = get_hash(announced)
        if block_hash in self._fetches or block_hash in self._recent:
            self.add_source(peer, announced)
        elif (
            self._nursery is not None
            and len(self._fetches) < FETCHES_MAX
            and not self._view.has_block(block_hash)
        ):
            self._fetches[block_hash] = _Fetch([peer])
            self._nursery.start_soon(self._fetch, block_hash, announced)

    def add_source(self, peer: PeerId, announced: SignedHeader) -> None:
        """Note a peer that has it too, should the first one fail."""
        fetch = self._fetches.get(get_hash(announced))
        if fetch is not None and peer not in fetch.sources and len(fetch.sources) < SOURCES_MAX:
            fetch.sources.append(peer)

    def is_fetching(self, block_hash: BlockHash) -> bool:
        """Whether the body is on its way, so that sync can leave it alone."""
        return block_hash in self._fetches

    def remember(self, block: SealedBlock) -> None:
        """Keep a block ready for those who ask."""
        leaves = tuple(compute_leaf_hash(sealed.whole_bytes) for sealed in block.transactions)
        self._recent[block.hash] = Recent(block, leaves)
        self._recent_bytes += len(block.whole_bytes)
        while len(self._recent) > RECENT_MAX or self._recent_bytes > RECENT_BYTES_MAX:
            _, old = self._recent.popitem(last=False)
            self._recent_bytes -= len(old.block.whole_bytes)

    def get_recent(self, block_hash: BlockHash) -> Recent | None:
        """A block that is kept ready."""
        return self._recent.get(block_hash)

    async def wait_recent(self, block_hash: BlockHash) -> Recent | None:
        """The same; if we are just fetching it, a moment later. So blocks cross many hops fast."""
        fetch = self._fetches.get(block_hash)
        if fetch is not None and block_hash not in self._recent:
            with trio.move_on_after(OUTLINE_WAIT_SECONDS):
                await fetch.done.wait()
        return self._recent.get(block_hash)

    async def _fetch(self, block_hash: BlockHash, announced: SignedHeader) -> None:
        fetch = self._fetches[block_hash]
        try:
            with trio.move_on_after(FETCH_SECONDS):
                source, block = await self._get_body(block_hash, announced, fetch)
                self.remember(block)
                self._tell_node(BlockArrived(source, block, live=True))
        except Invalid:
            return  # the author committed to what nobody can read: there is no such block
        finally:
            del self._fetches[block_hash]
            fetch.done.set()

    def _tell_node(self, event: BlockArrived) -> None:
        try:
            self._tell.send_nowait(event)
        except trio.WouldBlock:
            return  # the node is busy: sync brings the block when it has time

    async def _get_body(
        self, block_hash: BlockHash, announced: SignedHeader, fetch: _Fetch
    ) -> tuple[PeerId, SealedBlock]:
        """Ask one source after the other, round and round, until the time is over.

        Raises Invalid when the header commits to transactions that are none.
        """
        if announced.header.body_root == compute_body_root_of([]):
            return fetch.sources[0], seal_block(announced.header, announced.signature, ())
        for attempt in range(1_000_000):
            found = await self._ask_round(block_hash, announced, fetch, attempt)
            if found is not None:
                return found
            await trio.sleep(AGAIN_SECONDS * self._dice.uniform(0.5, 1.5))
        raise AssertionError("the time limit comes long before")

    async def _ask_round(
        self, block_hash: BlockHash, announced: SignedHeader, fetch: _Fetch, attempt: int
    ) -> tuple[PeerId, SealedBlock] | None:
        """Ask each source once, the next one as soon as the last fails or lets us wait.

        Else whoever is first to announce a block could hold it up for as long as he may answer.
        """
        outcomes: list[tuple[PeerId, SealedBlock] | Invalid | None] = []
        others = self._draw_others(fetch.sources, attempt)
        asked: list[PeerId] = []
        ended = trio.Event()

        async def ask(source: PeerId) -> None:
            try:
                block = await self._rebuild(source, block_hash, announced)
                if block is None and attempt:
                    block = await self._get_whole(source, block_hash, announced)
                outcomes.append(None if block is None else (source, block))
            except TransportError:
                outcomes.append(None)
            except Invalid as fault:
                outcomes.append(fault)
            ended.set()

        async with trio.open_nursery() as nursery:
            while not any(outcomes):
                fresh = [peer for peer in (*fetch.sources, *others) if peer not in asked]
                if fresh:
                    asked.append(fresh[0])
                    nursery.start_soon(ask, fresh[0])
                elif len(outcomes) == len(asked):
                    return None
                ended = trio.Event()
                with trio.move_on_after(PATIENCE_SECONDS):
                    await ended.wait()
            nursery.cancel_scope.cancel()
        outcome = next(item for item in outcomes if item is not None)
        if isinstance(outcome, Invalid):
            raise outcome
        return outcome

    def _draw_others(self, sources: list[PeerId], attempt: int) -> list[PeerId]:
        """From the third round on, anybody may be asked."""
        others = [peer for peer in self._roster.peers if peer not in sources]
        return self._dice.sample(others, min(len(others), 2)) if attempt > 1 else []

    async def _rebuild(
        self, source: PeerId, block_hash: BlockHash, announced: SignedHeader
    ) -> SealedBlock | None:
        """The block out of what we hold and what the source adds; None when it has it not."""
        answer = await self._ask(source, OUTLINE, OutlineRequest(block_hash))
        if answer.outline is None:
            return None
        leaves = answer.outline.leaves
        self._check_outline(source, answer.outline, announced)
        parts = get_parts(answer.outline.frame.body)
        check_parts_bytes(
            parts
        )  # they fit the header: if they are too large, its author is to blame
        found = [self._view.find_transaction(leaf) for leaf in leaves]
        missing = tuple(index for index, sealed in enumerate(found) if sealed is None)
        if missing:
            for index, sealed in zip(
                missing, await self._get_missing(source, block_hash, missing, leaves), strict=True
            ):
                found[index] = sealed
        transactions = tuple(sealed for sealed in found if sealed is not None)
        size_bytes = sum(len(sealed.whole_bytes) for sealed in transactions)
        if size_bytes <= BLOCK_BYTES_MAX:
            block = seal_block(announced.header, announced.signature, transactions, parts)
            if len(block.whole_bytes) <= BLOCK_BYTES_MAX:
                return block
        # It fits the header and can neither be sent nor be read again: its author is to blame.
        raise Invalid(Code.TOO_LARGE)

    def _check_outline(self, source: PeerId, outline: Outline, announced: SignedHeader) -> None:
        body_root = compute_body_root_of(list(outline.leaves), get_parts(outline.frame.body))
        is_right = (
            outline.frame.header == announced.header and body_root == announced.header.body_root
        )
        if not is_right:
            self._accuse(source)

    async def _get_missing(
        self,
        source: PeerId,
        block_hash: BlockHash,
        missing: tuple[int, ...],
        leaves: tuple[bytes, ...],
    ) -> list[SealedTransaction]:
        request = TransactionsRequest(block_hash, missing)
        answer = await self._ask(source, TRANSACTIONS, request)
        if not answer.transactions:
            raise TransportError(f"{source} does not hold the block any more")
        if len(answer.transactions) != len(missing) or any(
            compute_leaf_hash(whole) != leaves[index]
            for index, whole in zip(missing, answer.transactions, strict=True)
        ):
            self._accuse(source)
        # These bytes are what the header commits to: if they do not decode, its author is to blame.
        return [decode_transaction(whole) for whole in answer.transactions]

    async def _get_whole(
        self, source: PeerId, block_hash: BlockHash, announced: SignedHeader
    ) -> SealedBlock | None:
        answer = await self._ask(source, BLOCKS, BlocksRequest((block_hash,)))
        if not answer.blocks:
            return None
        block = self.decode_body(source, answer.blocks[0])
        if block.header != announced.header:
            self._accuse(source)
        return seal_block(announced.header, announced.signature, block.transactions, block.parts)

    def decode_body(self, source: PeerId, data: bytes) -> SealedBlock:
        """A block that fits its own header. Otherwise blames the source and raises."""
        try:
            return decode_block(data)
        except Invalid:
            self._accuse(source)

    def _accuse(self, source: PeerId) -> Never:
        self._roster.report(source, Misbehaviour.WRONG_BODY)
        raise TransportError(f"{source} sent what does not fit the header")


def get_hash(announced: SignedHeader) -> BlockHash:
    """The hash of the block that a header announces."""
    return compute_block_hash(encode(announced.header))


def build_outline(recent: Recent) -> Outline:
    """What is told of a recent block to those who ask."""
    block = recent.block.block
    frame = Block(block.header, block.signature, replace(block.body, transactions=()))
    return Outline(frame, recent.leaves)
