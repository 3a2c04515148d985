"""The blocks before a snapshot, fetched afterwards: downwards, each pinned by one that is held.

A block names its parent by hash, so nobody is believed and a wrong block accuses whoever sent it.
Nobody waits for these blocks: they come at a bounded pace, from one peer at a time, and not while
the head is being caught up with. Who has none of them is only left alone for a while.
"""

import random
from collections.abc import Callable, Sequence
from typing import Final, Protocol

import trio

from chain.block import SealedBlock, decode_block
from chain.errors import Code, Invalid
from chain.header import BlockHash
from chain.proof import SetList
from p2p.ask import Ask
from p2p.lists import ask_list
from p2p.roster import Roster
from p2p.transport import PeerId, TransportError
from p2p.view import Misbehaviour
from p2p.wire import ANCESTORS, BLOCKS, BLOCKS_MAX, AncestorsRequest, BlocksRequest

LOOK_SECONDS: Final = 1.0
# A megabit in eight: full blocks for a quarter of a slot's time each, on a line that serves people.
BYTES_PER_SECOND: Final = 1_024.0 * 1_024.0
REST_SECONDS: Final = 60.0  # how long one is left alone that has nothing, or did not answer
DISTRUST_SECONDS: Final = 600.0  # and one that sent what it was not asked for


class Past(Protocol):
    """The node whose blocks begin with a snapshot."""

    def get_wanted(self) -> BlockHash | None:
        """The block before the first one held; None: nothing is missing."""
        ...

    def find_unknown_set(self, blocks: Sequence[SealedBlock]) -> BlockHash | None:
        """A set by which one of these blocks is signed, and whose list is not known here."""
        ...

    def learn_list(self, set_hash: BlockHash, entries: SetList) -> None:
        """The list of such a set; it is the one that its hand-off calls."""
        ...

    async def take(self, blocks: Sequence[SealedBlock]) -> None:
        """The wanted block and those before it, downwards. Raises Invalid at a false signature.

        A block's hash does not cover its author's signature. What stands before the false one in
        the list has been taken then.
        """
        ...


class PastFetcher:
    """Fetches until the genesis is reached."""

    def __init__(
        self,
        ask: Ask,
        roster: Roster,
        past: Past,
        blocks_per_second: int,
        dice: random.Random,
        is_held: Callable[[], bool],
    ) -> None:
        """``is_held``: whether something more urgent is being fetched."""
        self._ask = ask
        self._roster = roster
        self._past = past
        self._blocks_per_second = blocks_per_second
        self._dice = dice
        self._is_held = is_held
        self._left_alone: dict[PeerId, float] = {}

    async def run(self) -> None:
        """Fetch whenever something is wanted and there is nothing else to do."""
        while True:
            wanted = None if self._is_held() else self._past.get_wanted()
            peer = None if wanted is None else self._choose()
            if wanted is None or peer is None:
                await trio.sleep(LOOK_SECONDS)
                continue
            await trio.sleep(await self._fetch(peer, wanted))

    def _choose(self) -> PeerId | None:
        now = trio.current_time()
        self._left_alone = {name: until for name, until in self._left_alone.items() if until > now}
        names = [
            name
            for name, peer in self._roster.peers.items()
            if peer.head is not None and name not in self._left_alone
        ]
        return self._dice.choice(names) if names else None

    async def _fetch(self, peer: PeerId, wanted: BlockHash) -> float:
        """Some blocks from a peer; the seconds to wait for the next ones, by our own pace."""
        limit = min(BLOCKS_MAX, self._blocks_per_second)
        seconds = 0.0
        try:
            answer = await self._ask(peer, ANCESTORS, AncestorsRequest(wanted, limit))
            size_bytes = sum(map(len, answer.blocks))
            seconds = max(
                len(answer.blocks) / self._blocks_per_second, size_bytes / BYTES_PER_SECOND
            )
            if not await self._take(peer, wanted, answer.blocks):
                self._leave_alone(peer, REST_SECONDS)
        except TransportError:
            # No blame: nobody owes us the past, and older programs do not know the question.
            self._leave_alone(peer, REST_SECONDS)
        except Invalid:
            self._leave_alone(peer, DISTRUST_SECONDS)
            self._roster.report(peer, Misbehaviour.WRONG_BODY)
        return seconds

    async def _take(self, peer: PeerId, wanted: BlockHash, answer: Sequence[bytes]) -> bool:
        """Hand on what is what was asked for; False when this peer has not what it takes.

        Raises Invalid, after that, when there was anything else.
        """
        blocks: list[SealedBlock] = []
        fault: Invalid | None = None
        for data in answer:
            try:
                block = open_ancestor(data, wanted)
            except Invalid as error:
                fault = error
                break
            blocks.append(block)
            wanted = block.header.parent_hash
            await trio.lowlevel.checkpoint()
        while (set_hash := self._past.find_unknown_set(blocks)) is not None:
            if not await self._bring_list(peer, set_hash):
                return False
        if blocks:
            await self._past.take(blocks)
        if fault is not None:
            raise fault
        return bool(blocks)

    async def _bring_list(self, peer: PeerId, set_hash: BlockHash) -> bool:
        """The list of a set from before our checkpoint: as its hand-off calls it, by its hash."""
        found = (await self._ask(peer, BLOCKS, BlocksRequest((set_hash,)))).blocks
        if not found:
            return False
        header = open_ancestor(found[0], set_hash).header
        entries = await ask_list(self._ask, self._roster, peer, header)
        if entries is None:
            return False
        self._past.learn_list(set_hash, entries)
        return True

    def _leave_alone(self, peer: PeerId, seconds: float) -> None:
        self._left_alone[peer] = trio.current_time() + seconds


def open_ancestor(data: bytes, wanted: BlockHash) -> SealedBlock:
    """The block of these bytes, if it is the one wanted. Raises Invalid."""
    block = decode_block(data)
    if block.hash != wanted:
        raise Invalid(Code.WRONG_PARENT)
    return block
