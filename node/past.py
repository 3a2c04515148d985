"""The blocks before the snapshot with which a chain began: what p2p brings is checked and kept.

Their hashes are pinned by the blocks above them, all but the author's signature, which is checked
here. Nothing is executed. The core's task writes them, between its other work.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import trio

from chain.block import SealedBlock
from chain.checks import DirectChecks, SignatureChecks
from chain.crypto import Signed
from chain.errors import Code, Invalid
from chain.genesis import Genesis
from chain.header import BlockHash, get_header_message
from chain.ledger import Ledger
from chain.proof import SetList
from chain.rules.lottery import find_entry
from chain.store import MemoryStore
from consensus.events import PastHeld
from node.certified import build_list_row, read_list
from node.owner import Owner

TELL_EVERY_BLOCKS: Final = 16_384  # three minutes at the usual pace

Lists = Mapping[BlockHash, SetList]


class Brought(NamedTuple):
    """The core's task may keep these blocks, downwards, and the lists; then it sets the event."""

    blocks: Sequence[SealedBlock]
    lists: Lists
    done: trio.Event


class PastTaker:
    """Implements p2p's ``Past``."""

    def __init__(self, owner: Owner, send: trio.MemorySendChannel[Brought]) -> None:
        self._owner = owner
        self._send = send
        self._learned: dict[BlockHash, SetList] = {}  # not kept yet

    def get_wanted(self) -> BlockHash | None:
        """The block before the first one held; None: nothing is missing."""
        return find_wanted(self._owner.ledger)

    def find_unknown_set(self, blocks: Sequence[SealedBlock]) -> BlockHash | None:
        """A set by which one of these blocks is signed, and whose list is not known here."""
        ledger = self._owner.ledger
        for base in dict.fromkeys(block.header.base for block in blocks):
            if base != ledger.chain and self._find_list(base) is None:
                return base
        return None

    def learn_list(self, set_hash: BlockHash, entries: SetList) -> None:
        """The list of such a set, checked by the root that its hand-off calls."""
        self._learned[set_hash] = entries

    async def take(self, blocks: Sequence[SealedBlock]) -> None:
        """Check who signed these blocks, and have them kept. Raises Invalid."""
        owner = self._owner
        lists: dict[BlockHash, SetList] = {}
        for base in dict.fromkeys(block.header.base for block in blocks):
            entries = self._find_list(base)
            if entries is None:
                assert base == owner.ledger.chain, "all other lists have been found by now"
                entries = await owner.run_in_thread(found_first_list, owner.ledger.genesis)
                self._learned[base] = entries
            lists[base] = entries
        learned, self._learned = self._learned, {}
        signed = await owner.run_in_thread(count_signed, blocks, lists, DirectChecks())
        if signed:
            brought = Brought(blocks[:signed], learned, trio.Event())
            await self._send.send(brought)
            await brought.done.wait()
        if signed < len(blocks):
            raise Invalid(Code.BAD_HEADER_SIGNATURE)

    def _find_list(self, set_hash: BlockHash) -> SetList | None:
        return self._learned.get(set_hash) or read_list(self._owner.ledger.store, set_hash)


def find_wanted(ledger: Ledger) -> BlockHash | None:
    """The hash of the block before the first one held; None: all are held."""
    if not ledger.first.height:
        return None
    first = ledger.get_block(ledger.first.hash)
    assert first is not None, "the first block held is held"
    return first.header.parent_hash


def found_first_list(genesis: Genesis) -> SetList:
    """The list of the set with which a community begins."""
    return Ledger(MemoryStore(), genesis).seat_set.entries


def count_signed(blocks: Sequence[SealedBlock], lists: Lists, checks: SignatureChecks) -> int:
    """How many of the blocks, from the first one on, bear the signature of their authors."""
    for number, block in enumerate(blocks):
        entry = find_entry(lists[block.header.base], block.header.seat)
        message = get_header_message(block.header_bytes)
        if not checks.holds(Signed(entry.vote_key, message, block.block.signature)):
            return number
    return len(blocks)


def keep_brought(owner: Owner, brought: Brought) -> None:
    """Keep blocks of the past, unless another chain has taken the place of the one they are of."""
    keeper = owner.keeper
    if find_wanted(keeper.ledger) == brought.blocks[0].hash:
        before = keeper.ledger.first.height
        rows = [build_list_row(set_hash, entries) for set_hash, entries in brought.lists.items()]
        keeper.extend_below(brought.blocks, rows)
        _tell_progress(owner, before, keeper.ledger.first.height)
        if not keeper.ledger.first.height and owner.out_of_reach:
            owner.out_of_reach.clear()
            owner.pending.append(PastHeld(owner.clock.get_ms()))
    brought.done.set()


def _tell_progress(owner: Owner, before: int, first: int) -> None:
    if not first:
        owner.log.info("past_fetched", blocks=owner.ledger.base.height - 1)
    elif before == owner.ledger.base.height or before // TELL_EVERY_BLOCKS != (
        first // TELL_EVERY_BLOCKS
    ):
        owner.log.info("fetching_past", first_height=first, missing=first - 1)
