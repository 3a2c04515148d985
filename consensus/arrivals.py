"""Blocks that cannot have a place yet: their parent is missing, or their slot is to come.

Those that come are few and small in all; when there are too many the oldest go, and sync brings
them again. Those that had a place, and lost it when the clock was set back, lie on the disk.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from chain.header import BlockHash
from consensus.forkchoice import BlockFacts

EARLY_SLOTS: Final = 1  # clocks differ: a block so much early is held until its slot
ARRIVALS_MAX: Final = 64  # honest nodes meet a handful
ARRIVALS_BYTES_MAX: Final = 8 * 1_024 * 1_024  # eight blocks of the largest size
ASIDE_MAX: Final = 4_096  # half a megabyte of facts; by one seat alone, hours of blocks


class Arrival(NamedTuple):
    """A block in waiting. ``early``: for its slot; else for its parent."""

    facts: BlockFacts
    size_bytes: int
    early: bool


class Arrivals:
    """What waits, in the order of coming."""

    __slots__ = ("_arrivals", "_aside", "_size_bytes")

    def __init__(self) -> None:
        self._arrivals: dict[BlockHash, Arrival] = {}
        self._aside: dict[BlockHash, Arrival] = {}  # that had a place; each after its parent
        self._size_bytes = 0

    def __contains__(self, block_hash: BlockHash) -> bool:
        return block_hash in self._arrivals or block_hash in self._aside

    def is_early(self, block_hash: BlockHash) -> bool:
        """Whether the block waits for nothing but its slot."""
        arrival = self._arrivals.get(block_hash)
        return block_hash in self._aside or (arrival is not None and arrival.early)

    def add(self, arrival: Arrival) -> list[BlockFacts]:
        """Let a block wait; returns those that had to go for it."""
        self._take(arrival.facts.hash)
        self._arrivals[arrival.facts.hash] = arrival
        self._size_bytes += arrival.size_bytes
        dropped = []
        while len(self._arrivals) > ARRIVALS_MAX or self._size_bytes > ARRIVALS_BYTES_MAX:
            oldest = next(iter(self._arrivals.values())).facts
            self._take(oldest.hash)
            dropped.append(oldest)
        return dropped

    def take_children(self, parent: BlockHash) -> list[Arrival]:
        """The blocks that waited for this parent."""
        children = [
            item
            for item in self._arrivals.values()
            if item.facts.parent == parent and not item.early
        ]
        for item in children:
            self._take(item.facts.hash)
        return children

    def take_due(self, slot: int) -> list[Arrival]:
        """The blocks whose slot has come."""
        due = [item for item in self._arrivals.values() if item.early and item.facts.slot <= slot]
        for item in due:
            self._take(item.facts.hash)
        return due

    def set_aside(self, blocks: Sequence[Arrival]) -> list[BlockFacts]:
        """Let blocks that had a place wait for their slot, beside those that do already.

        Returns those for which there is no room; what is lower stays.
        """
        waiting = sorted([*self._aside.values(), *blocks], key=lambda item: item.facts.height)
        self._aside = {item.facts.hash: item for item in waiting[:ASIDE_MAX]}
        return [item.facts for item in waiting[ASIDE_MAX:]]

    def take_back(self, slot: int) -> list[Arrival]:
        """The blocks that were set aside whose slot has come, each after its parent."""
        due = [item for item in self._aside.values() if item.facts.slot <= slot]
        for item in due:
            del self._aside[item.facts.hash]
        return due

    def forget_aside(self) -> None:
        """Another disk takes the place of that on which the blocks that were set aside lie."""
        self._aside.clear()

    def _take(self, block_hash: BlockHash) -> None:
        arrival = self._arrivals.pop(block_hash, None)
        if arrival is not None:
            self._size_bytes -= arrival.size_bytes
