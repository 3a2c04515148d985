"""What we answer when peers ask: decoded, counted, paced, and never more than the limits say.

A peer may ask so often, has at most two questions of a kind in our hands, and waits for answers
that are more than its share of our line. What is malformed is refused and blamed.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

import trio

from chain.block import BLOCK_BYTES_MAX
from chain.codec import Record, encode
from chain.errors import Invalid
from chain.header import BlockHash
from chain.proof import HandOff
from chain.snapshot import Part
from p2p.fetch import Fetcher, build_outline
from p2p.keeper import Keeper
from p2p.roster import Peer, Roster
from p2p.transport import PeerId, Transport, TransportError
from p2p.view import ChainView, Misbehaviour
from p2p.warp import Shelf
from p2p.wire import (
    ANCESTORS,
    BLOCKS,
    BLOCKS_BYTES_MAX,
    HEADERS,
    OUTLINE,
    PEERS,
    STATUS,
    TRANSACTIONS,
    AncestorsRequest,
    BlocksAnswer,
    BlocksRequest,
    Exchange,
    HeadersAnswer,
    HeadersRequest,
    OutlineAnswer,
    OutlineRequest,
    PeersAnswer,
    PeersRequest,
    Status,
    TransactionsAnswer,
    TransactionsRequest,
    get_name,
)
from p2p.wire_votes import (
    FINALITY,
    NEWEST,
    VOTES,
    WITNESSES,
    FinalityAnswer,
    FinalityRequest,
    NewestAnswer,
    NewestRequest,
    VotesAnswer,
    VotesRequest,
    WitnessesAnswer,
    WitnessesRequest,
)
from p2p.wire_warp import (
    HAND_OFFS,
    HAND_OFFS_AT_ONCE,
    HAND_OFFS_BYTES_MAX,
    PARTS,
    PARTS_BYTES_MAX,
    SNAPSHOT,
    HandOffsAnswer,
    HandOffsRequest,
    PartsAnswer,
    PartsRequest,
    SnapshotAnswer,
    SnapshotRequest,
)

# The answer to one question may still be on its way out when the next one comes.
QUESTIONS_AT_ONCE: Final = 2
WAIT_SECONDS_MAX: Final = 4.0  # a pace slower than that is a refusal
FRAME_BYTES: Final = 8  # of MessagePack around each block
# Headers are read and encoded one by one: ten milliseconds for a full answer, as much as bodies of
# many times its bytes. Counted so, a peer gets five such answers a second, ten times what it needs.
HEADERS_WEIGHT: Final = 8

Q = TypeVar("Q", bound=Record)
A = TypeVar("A", bound=Record)


class ShelfReader:
    """Answers what those ask who begin with a snapshot."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    async def answer_hand_offs(self, peer: Peer, question: HandOffsRequest) -> HandOffsAnswer:  # noqa: ARG002 - the same for all
        """As many as fit into an answer."""
        await trio.lowlevel.checkpoint()
        found = self._shelf.get_hand_offs(question.set, HAND_OFFS_AT_ONCE)
        if found is None:
            return HandOffsAnswer(None, ())
        entries, steps = found
        size_bytes = len(encode(entries)) + FRAME_BYTES
        taken: list[HandOff] = []
        for step in steps:
            size_bytes += len(encode(step)) + FRAME_BYTES
            if size_bytes > HAND_OFFS_BYTES_MAX:
                break
            taken.append(step)
        return HandOffsAnswer(entries, tuple(taken))

    async def answer_snapshot(self, peer: Peer, question: SnapshotRequest) -> SnapshotAnswer:  # noqa: ARG002 - the same for all
        """The newest one."""
        await trio.lowlevel.checkpoint()
        return SnapshotAnswer(self._shelf.get_outline())

    async def answer_parts(self, peer: Peer, question: PartsRequest) -> PartsAnswer:  # noqa: ARG002 - the same for all
        """As many as fit into an answer."""
        taken: list[Part] = []
        size_bytes = FRAME_BYTES
        for prefix in question.prefixes:
            await trio.lowlevel.checkpoint()
            part = self._shelf.get_part(question.block_hash, prefix)
            if part is None:
                break
            size_bytes += len(encode(part)) + FRAME_BYTES
            if size_bytes > PARTS_BYTES_MAX:
                break
            taken.append(part)
        return PartsAnswer(tuple(taken))


class Server:
    """Answers all questions."""

    def __init__(
        self,
        view: ChainView,
        roster: Roster,
        fetcher: Fetcher,
        keeper: Keeper,
        get_status: Callable[[], Status],
        shelf: Shelf | None,
    ) -> None:
        self._view = view
        self._roster = roster
        self._fetcher = fetcher
        self._keeper = keeper
        self._get_status = get_status
        self._shelf = shelf

    def open(self, transport: Transport, community: bytes) -> None:
        """Answer on a transport that does not run yet."""

        def serve(exchange: Exchange[Q, A], answer: Callable[[Peer, Q], Awaitable[A]]) -> None:
            async def handle(name: PeerId, data: bytes) -> bytes:
                return await self._handle(exchange, answer, name, data)

            protocol = get_name(community, exchange.subject)
            transport.serve(protocol, handle, request_bytes=exchange.question.limit_bytes)

        serve(STATUS, self._answer_status)
        serve(PEERS, self._answer_peers)
        serve(HEADERS, self._answer_headers)
        serve(BLOCKS, self._answer_blocks)
        serve(ANCESTORS, self._answer_ancestors)
        serve(OUTLINE, self._answer_outline)
        serve(TRANSACTIONS, self._answer_transactions)
        serve(FINALITY, self._answer_finality)
        serve(VOTES, self._answer_votes)
        serve(NEWEST, self._answer_newest)
        serve(WITNESSES, self._answer_witnesses)
        if self._shelf is not None:
            reader = ShelfReader(self._shelf)
            serve(HAND_OFFS, reader.answer_hand_offs)
            serve(SNAPSHOT, reader.answer_snapshot)
            serve(PARTS, reader.answer_parts)

    async def _handle(
        self,
        exchange: Exchange[Q, A],
        answer: Callable[[Peer, Q], Awaitable[A]],
        name: PeerId,
        data: bytes,
    ) -> bytes:
        peer = self._roster.peers.get(name)
        if peer is None:
            raise TransportError("not on the list")
        is_greedy = peer.answering[exchange.subject] >= QUESTIONS_AT_ONCE
        if is_greedy or not peer.questions.take(1, trio.current_time()):
            self._roster.report(name, Misbehaviour.FLOOD)
            raise TransportError("too many questions")
        try:
            question = exchange.question.decode(data)
        except Invalid as fault:
            self._roster.report(name, Misbehaviour.MALFORMED)
            raise TransportError(str(fault)) from None
        peer.answering[exchange.subject] += 1
        try:
            answered = encode(await answer(peer, question))
            weight = HEADERS_WEIGHT if exchange.subject == HEADERS.subject else 1
            wait = peer.answer_bytes.borrow(weight * len(answered), trio.current_time())
            if wait > WAIT_SECONDS_MAX:
                raise TransportError("too much at once: ask more slowly")
            await trio.sleep(wait)
        finally:
            peer.answering[exchange.subject] -= 1
        return answered

    async def _answer_status(self, peer: Peer, question: Status) -> Status:
        await trio.lowlevel.checkpoint()
        self._keeper.learn_status(peer, question)
        return self._get_status()

    async def _answer_peers(self, peer: Peer, question: PeersRequest) -> PeersAnswer:  # noqa: ARG002 - it asks nothing more
        await trio.lowlevel.checkpoint()
        return self._keeper.get_recommended(but=peer.info.id)

    async def _answer_headers(self, peer: Peer, question: HeadersRequest) -> HeadersAnswer:  # noqa: ARG002 - the same for all
        await trio.lowlevel.checkpoint()
        return HeadersAnswer(tuple(self._view.get_headers(question.locator, question.limit)))

    async def _answer_blocks(self, peer: Peer, question: BlocksRequest) -> BlocksAnswer:  # noqa: ARG002 - the same for all
        return await self._gather(question.hashes)

    async def _answer_ancestors(self, peer: Peer, question: AncestorsRequest) -> BlocksAnswer:  # noqa: ARG002 - the same for all
        return await self._gather(self._view.get_ancestors(question.hash, question.limit))

    async def _gather(self, hashes: Sequence[BlockHash]) -> BlocksAnswer:
        """The first of these blocks, up to what fits or is held."""
        blocks: list[bytes] = []
        size_bytes = FRAME_BYTES
        for block_hash in hashes:
            await trio.lowlevel.checkpoint()
            recent = self._fetcher.get_recent(block_hash)
            data = recent.block.whole_bytes if recent else self._view.get_block(block_hash)
            if data is None:
                break
            size_bytes += len(data) + FRAME_BYTES
            if size_bytes > BLOCKS_BYTES_MAX:
                break
            blocks.append(data)
        return BlocksAnswer(tuple(blocks))

    async def _answer_finality(self, peer: Peer, question: FinalityRequest) -> FinalityAnswer:  # noqa: ARG002 - the same for all
        await trio.lowlevel.checkpoint()
        return self._view.get_finality(question)

    async def _answer_votes(self, peer: Peer, question: VotesRequest) -> VotesAnswer:  # noqa: ARG002 - the same for all
        await trio.lowlevel.checkpoint()
        return self._view.get_votes(question)

    async def _answer_newest(self, peer: Peer, question: NewestRequest) -> NewestAnswer:  # noqa: ARG002 - the same for all
        await trio.lowlevel.checkpoint()
        return self._view.get_newest(question)

    async def _answer_witnesses(self, peer: Peer, question: WitnessesRequest) -> WitnessesAnswer:  # noqa: ARG002 - the same for all
        await trio.lowlevel.checkpoint()
        return self._view.get_witnesses(question)

    async def _answer_outline(self, peer: Peer, question: OutlineRequest) -> OutlineAnswer:  # noqa: ARG002 - the same for all
        recent = await self._fetcher.wait_recent(question.hash)
        return OutlineAnswer(None if recent is None else build_outline(recent))

    async def _answer_transactions(
        self,
        peer: Peer,  # noqa: ARG002 - the same for all
        question: TransactionsRequest,
    ) -> TransactionsAnswer:
        await trio.lowlevel.checkpoint()
        recent = self._fetcher.get_recent(question.hash)
        if recent is None or question.indexes[-1] >= len(recent.leaves):
            return TransactionsAnswer(())
        wholes = tuple(recent.block.transactions[index].whole_bytes for index in question.indexes)
        if sum(len(whole) + FRAME_BYTES for whole in wholes) > BLOCK_BYTES_MAX:
            return TransactionsAnswer(())
        return TransactionsAnswer(wholes)
