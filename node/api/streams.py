"""The two answers without an end in sight: the event stream, and the export of the whole chain.

Both go only as fast as the client reads, hold little meanwhile, and end when the client goes. Of
each there are so many at once and no more.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any, Final

import msgspec
import trio

from chain.header import BlockHash
from node.api.errors import build_busy
from node.api.front import get_limit_key
from node.api.schema import write_address
from node.api.schema_chain import (
    BlockEvent,
    EventAnswer,
    FinalEvent,
    ProposalEvent,
    TransactionEvent,
    UndoneEvent,
)
from node.core import Core
from node.events import (
    BlockApplied,
    BlockFinal,
    BlockUndone,
    CoreEvent,
    ProposalMoved,
    TransactionDropped,
    TransactionWaiting,
)
from node.ops.export import CHUNK_BYTES, build_header

EVENT_STREAMS_MAX: Final = 64  # wallets and dashboards that watch
EXPORTS_MAX: Final = 4  # each reads the whole store from the disk
# A stranger who reads slowly for ever keeps nobody else from an audit, or from the news.
SHARES: Final = 4
SHARE_MIN: Final = 2
HEARTBEAT_SECONDS: Final = 15.0  # below what proxies and routers take for a dead connection
# Blocks this close to the head may be taken back while an export runs; their hashes are noted when
# it begins, so that it tells one chain from its first block to its last.
PINNED_BLOCKS: Final = 1_024

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Places:
    """So many at once and no more, and of one address a part of them."""

    __slots__ = ("_by_key", "_limit", "_share")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._share = max(SHARE_MIN, limit // SHARES)
        self._by_key: Counter[str | None] = Counter()

    @property
    def taken(self) -> int:
        """How many are held."""
        return self._by_key.total()

    @contextmanager
    def take(self, key: str | None = None) -> Iterator[None]:
        """Hold a place for an address; None: one that is not limited. Raises RequestError."""
        if self.taken >= self._limit:
            raise build_busy(f"{self._limit} streams of this kind are open already")
        if key is not None and self._by_key[key] >= self._share:
            raise build_busy(f"{self._share} streams of this kind are open from your address")
        self._by_key[key] += 1
        try:
            yield
        finally:
            self._by_key[key] -= 1
            if not self._by_key[key]:
                del self._by_key[key]


def get_place_key(scope: Scope) -> str | None:
    """Under which name whoever asks is limited."""
    client = scope.get("client")
    return None if client is None else get_limit_key(client[0], limit_loopback=False)


class EventStream:
    """Server-sent events: blocks that came, went or became final; what waits or fell; votes."""

    def __init__(self, core: Core, places: Places) -> None:
        self._core = core
        self._places = places

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Speak until the client goes, or does not keep up."""
        with self._places.take(get_place_key(scope)):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_end_with_client, receive, nursery.cancel_scope)
                with self._core.subscribe() as events:
                    await _begin(send, b"text/event-stream")
                    await _write(send, b"retry: 3000\n\n")
                    await self._tell(events, send)
                await send({"type": "http.response.body", "body": b""})
                nursery.cancel_scope.cancel()

    async def _tell(self, events: trio.MemoryReceiveChannel[CoreEvent], send: Send) -> None:
        prefix = self._core.genesis.prefix
        while True:
            line = b": still here\n\n"
            with trio.move_on_after(HEARTBEAT_SECONDS):
                try:
                    line = build_event(prefix, await events.receive())
                except trio.EndOfChannel:
                    return
            await _write(send, line)


def build_event(prefix: str, event: CoreEvent) -> bytes:
    """One event as it travels: its name, and its data as one line of JSON."""
    name, answer = _describe(prefix, event)
    return b"event: " + name + b"\ndata: " + msgspec.json.encode(answer) + b"\n\n"


def _describe(prefix: str, event: CoreEvent) -> tuple[bytes, EventAnswer]:
    match event:
        case BlockApplied():
            return b"block", BlockEvent(
                height=event.height,
                slot=event.slot,
                hash=event.hash.hex(),
                seat=write_address(prefix, event.seat),
                transactions=[item.hex() for item in event.transactions],
            )
        case BlockUndone():
            return b"undone", UndoneEvent(
                height=event.height,
                hash=event.hash.hex(),
                transactions=[item.hex() for item in event.transactions],
            )
        case BlockFinal():
            return b"final", FinalEvent(
                height=event.height, hash=event.hash.hex(), slot=event.round, level=event.level
            )
        case TransactionWaiting():
            return b"transaction", TransactionEvent(id=event.id.hex(), status="waiting", code=0)
        case TransactionDropped():
            return b"transaction", TransactionEvent(
                id=event.id.hex(), status="dropped", code=event.code
            )
        case ProposalMoved():
            return b"proposal", ProposalEvent(**event._asdict())


class ExportStream:
    """The export stream of the chain that is followed when it begins, from a height on."""

    def __init__(self, core: Core, places: Places, from_height: int) -> None:
        self._core = core
        self._places = places
        self._from_height = from_height

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it all. Should the chain be reorganised beyond the noted blocks, break off."""
        with self._places.take(get_place_key(scope)):
            hashes = ChainHashes(self._core, self._from_height)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_end_with_client, receive, nursery.cancel_scope)
                await _begin(send, b"application/msgpack")
                chunk = bytearray(build_header(self._core.genesis))
                for block_hash in hashes:
                    data = self._core.get_block(block_hash)
                    if data is None:
                        raise LookupError("a block was forgotten while it was being exported")
                    chunk += data
                    if len(chunk) >= CHUNK_BYTES:
                        await _write(send, bytes(chunk))
                        chunk.clear()
                await send({"type": "http.response.body", "body": bytes(chunk)})
                nursery.cancel_scope.cancel()


class ChainHashes:
    """The hashes of one chain, upwards: the newest noted at once, the older ones looked up."""

    __slots__ = ("_core", "_from_height", "_pinned", "_seam")

    def __init__(self, core: Core, from_height: int) -> None:
        head = core.ledger.head.height
        self._core = core
        self._from_height = from_height
        self._seam = max(from_height, head - PINNED_BLOCKS + 1)
        self._pinned = [self._get(height) for height in range(self._seam, head + 1)]

    def __iter__(self) -> Iterator[BlockHash]:
        """Hashes as they are asked for. Raises LookupError when the old blocks have changed."""
        for height in range(self._from_height, self._seam):
            yield self._get(height)
        if self._from_height < self._seam:
            first = self._core.ledger.get_block(self._pinned[0])
            if first is None or first.header.parent_hash != self._get(self._seam - 1):
                raise LookupError("the chain was reorganised while it was being exported")
        yield from self._pinned

    def _get(self, height: int) -> BlockHash:
        block_hash = self._core.ledger.get_hash(height)
        if block_hash is None:
            raise LookupError("the chain was reorganised while it was being exported")
        return block_hash


async def _begin(send: Send, media: bytes) -> None:
    headers = [(b"content-type", media), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})


async def _write(send: Send, data: bytes) -> None:
    await send({"type": "http.response.body", "body": data, "more_body": True})


async def _end_with_client(receive: Receive, scope: trio.CancelScope) -> None:
    """Wait until the client has gone, then cancel."""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            scope.cancel()
            return
