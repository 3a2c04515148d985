"""To the head without replaying: a proof, a snapshot in parts from several peers, each checked.

The node says whether it wants that, judges the proof and takes the parts; here they are fetched.
Whoever sends what does not hold is blamed for just that, since each part proves itself. When nobody
has a snapshot, the ordinary way is open again.
"""

import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

import trio

from chain.codec import encode
from chain.errors import Invalid
from chain.header import BlockHash, compute_block_hash
from chain.proof import (
    HAND_OFFS_MAX,
    PROOF_BYTES_MAX,
    PROOF_VERSION,
    FinalityProof,
    HandOff,
    SetList,
)
from chain.snapshot import Outline, Part, Place
from p2p.ask import Ask
from p2p.roster import Peer, Roster
from p2p.transport import PeerId, TransportError
from p2p.view import Misbehaviour
from p2p.wire import BLOCKS, BlocksRequest, Head
from p2p.wire_warp import (
    HAND_OFFS,
    PARTS,
    PARTS_AT_ONCE,
    SNAPSHOT,
    HandOffsRequest,
    PartsRequest,
    SnapshotRequest,
)

LOOK_SECONDS: Final = 0.5
LEADERS_MAX: Final = 4  # asked for a snapshot before we go the ordinary way
HELPERS_MAX: Final = 8  # parts from so many peers at once
PACE_SECONDS: Final = 0.05  # between questions to a peer: well below what it bears
REST_SECONDS: Final = 600.0  # after nobody had one


class Shelf(Protocol):
    """What the node has ready for those who begin. Synchronous, cheap."""

    def get_hand_offs(
        self, set_hash: BlockHash, limit: int
    ) -> tuple[SetList, list[HandOff]] | None:
        """The list of a set and the hand-offs that lead on from it; None: not known."""
        ...

    def get_outline(self) -> Outline | None:
        """The outline of the newest snapshot."""
        ...

    def get_part(self, block_hash: BlockHash, prefix: str) -> Part | None:
        """A part of the snapshot of a block, if that is here."""
        ...


class Taker(Protocol):
    """The node that begins with a snapshot."""

    def is_wanted(self, head: Head) -> bool:
        """Whether a peer with this head is so far ahead that a snapshot is worth while."""
        ...

    def get_trusted_set(self) -> BlockHash:
        """The set from which a proof must lead on."""
        ...

    async def begin(self, proof: FinalityProof, outline: Outline) -> Sequence[Place]:
        """The parts to bring, once the outline's block is proven final. Raises Invalid."""
        ...

    def take_block(self, data: bytes) -> None:
        """The snapshot's block. Raises Invalid."""
        ...

    def take_part(self, place: Place, part: Part) -> None:
        """A part. Raises Invalid."""
        ...

    async def finish(self) -> None:
        """All parts have been taken: go on from there."""
        ...

    def abandon(self) -> None:
        """Forget what was begun, if anything."""
        ...


@dataclass
class _Work:
    """Which parts are still to be brought."""

    block_hash: BlockHash
    wanted: deque[Place]
    left: int
    helpers: set[PeerId] = field(default_factory=set)
    changed: trio.Event = field(default_factory=trio.Event)

    def ring(self) -> None:
        """Wake whoever waits for a change."""
        self.changed.set()
        self.changed = trio.Event()


class Warp:
    """Looks whether to begin with a snapshot, and does it."""

    def __init__(self, ask: Ask, roster: Roster, taker: Taker, dice: random.Random) -> None:
        self._ask = ask
        self._roster = roster
        self._taker = taker
        self._dice = dice
        self._busy = False
        self._rest_until = 0.0

    def is_due(self) -> bool:
        """Whether a snapshot is being taken or about to be: blocks need not be fetched then."""
        return self._busy or bool(self._list_leaders())

    async def run(self) -> None:
        """Begin with a snapshot whenever the node wants that and somebody has one."""
        while True:
            if not self._list_leaders():
                await trio.sleep(LOOK_SECONDS)
                continue
            self._busy = True
            try:
                if not await self._warp():
                    self._rest_until = trio.current_time() + REST_SECONDS
            finally:
                self._busy = False
                self._taker.abandon()

    def _list_leaders(self) -> list[Peer]:
        if trio.current_time() < self._rest_until:
            return []
        ranked = self._roster.get_ranked()
        return [peer for peer in ranked if peer.head and self._taker.is_wanted(peer.head)]

    async def _warp(self) -> bool:
        """Try the peers that are furthest ahead, one after the other."""
        for leader in self._list_leaders()[:LEADERS_MAX]:
            try:
                if await self._follow(leader.info.id):
                    return True
            except TransportError:
                self._roster.report(leader.info.id, Misbehaviour.SLOW)
            except Invalid:
                self._roster.report(leader.info.id, Misbehaviour.INVALID)
            self._taker.abandon()
        return False

    async def _follow(self, leader: PeerId) -> bool:
        """Begin with a peer's snapshot. Raises TransportError; Invalid at what does not hold."""
        outline = (await self._ask(leader, SNAPSHOT, SnapshotRequest())).outline
        proof = None if outline is None else await self._fetch_proof(leader, outline)
        if outline is None or proof is None:
            return False
        places = await self._taker.begin(proof, outline)
        block_hash = compute_block_hash(encode(outline.target.header))
        blocks = (await self._ask(leader, BLOCKS, BlocksRequest((block_hash,)))).blocks
        if not blocks:
            return False
        self._taker.take_block(blocks[0])
        if not await self._fetch_parts(leader, block_hash, places):
            return False
        await self._taker.finish()
        return True

    async def _fetch_proof(self, leader: PeerId, outline: Outline) -> FinalityProof | None:
        """The hand-offs from the set we trust to the outline's, a page at a time."""
        set_hash, wanted = self._taker.get_trusted_set(), outline.target.header.base
        entries: SetList | None = None
        steps: list[HandOff] = []
        size_bytes = 0
        while entries is None or set_hash != wanted:
            answer = await self._ask(leader, HAND_OFFS, HandOffsRequest(set_hash))
            entries = entries or answer.entries
            if entries is None or len(steps) > HAND_OFFS_MAX or size_bytes > PROOF_BYTES_MAX:
                return None
            before = set_hash
            for step in answer.hand_offs:
                if set_hash != wanted:
                    steps.append(step)
                    size_bytes += len(encode(step))
                    set_hash = compute_block_hash(encode(step.header))
            if set_hash in (before, wanted):
                break
        if set_hash != wanted:
            return None
        return FinalityProof(PROOF_VERSION, entries, tuple(steps), None, (), None)

    async def _fetch_parts(
        self, leader: PeerId, block_hash: BlockHash, places: Sequence[Place]
    ) -> bool:
        """All parts, from whoever has them; False when nobody gives the rest."""
        work = _Work(block_hash, deque(places), len(places))
        others = [name for name in self._roster.peers if name != leader]
        self._dice.shuffle(others)
        async with trio.open_nursery() as nursery:
            for name in [leader, *others][:HELPERS_MAX]:
                work.helpers.add(name)
                nursery.start_soon(self._help, name, work)
            while work.left and work.helpers:
                await work.changed.wait()
            nursery.cancel_scope.cancel()
        return not work.left

    async def _help(self, peer: PeerId, work: _Work) -> None:
        """Bring parts until there are none, or this peer has none or fails."""
        try:
            while work.left:
                if not work.wanted:
                    await work.changed.wait()
                elif not await self._bring(peer, work):
                    return
        finally:
            work.helpers.discard(peer)
            work.ring()

    async def _bring(self, peer: PeerId, work: _Work) -> bool:
        """Bring some parts; False when this peer is of no use."""
        places = [work.wanted.popleft() for _ in range(min(PARTS_AT_ONCE, len(work.wanted)))]
        taken = 0
        try:
            prefixes = tuple(place.prefix for place in places)
            answer = await self._ask(peer, PARTS, PartsRequest(work.block_hash, prefixes))
            for place, part in zip(places, answer.parts, strict=False):
                self._taker.take_part(place, part)
                taken += 1
                await trio.lowlevel.checkpoint()
        except TransportError:
            self._roster.report(peer, Misbehaviour.SLOW)
            return False
        except Invalid:
            self._roster.report(peer, Misbehaviour.WRONG_BODY)
            return False
        finally:
            work.left -= taken
            work.wanted.extendleft(reversed(places[taken:]))
            work.ring()
        await trio.sleep(PACE_SECONDS)
        return taken > 0
