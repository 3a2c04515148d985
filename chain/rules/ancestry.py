"""Which blocks a block stands on, and their slots: what votes and attendance may speak of.

The rows hold the hashes of the last blocks, as many as a transaction may live slots, in pages that
are written over in turn. A block's own hash no row of its own can hold: its child writes it down.
"""

from collections.abc import Collection, Iterator
from typing import Final, NamedTuple

from chain.crypto import u32
from chain.header import BlockHash
from chain.parameters import Constants
from chain.rules.context import Context
from chain.state import State
from chain.tables import Ancestor, AncestorPage

# A block writes half a page on average, and a search reads a page for so many blocks.
PAGE_BLOCKS: Final = 16


class Place(NamedTuple):
    """Where a block stands on the chain."""

    hash: BlockHash
    height: int
    slot: int


def process_ancestry(state: State, context: Context) -> None:
    """Write the parent down."""
    height = context.height - 1
    first = height - height % PAGE_BLOCKS
    key = _get_page_key(context.constants, height)
    page = state.ancestors.get(key)
    before = page.blocks if page is not None and page.first_height == first else ()
    parent = Ancestor(context.parent_hash, context.parent_slot)
    state.ancestors.put(key, AncestorPage(first, (*before, parent)))


def get_ancestor(state: State, context: Context, height: int) -> Place | None:
    """The block at a height below the context's; None: there is none, or it is forgotten."""
    if height == context.height - 1:
        return Place(context.parent_hash, height, context.parent_slot)
    if not 0 <= height < context.height:
        return None
    page = state.ancestors.get(_get_page_key(context.constants, height))
    if page is None or page.first_height != height - height % PAGE_BLOCKS:
        return None
    block = page.blocks[height % PAGE_BLOCKS]
    return Place(block.hash, height, block.slot)


def find_ancestors(
    state: State, context: Context, wanted: Collection[BlockHash]
) -> dict[BlockHash, Place]:
    """Those of these blocks that the context's block stands on, and that are not forgotten."""
    missing = set(wanted)
    found: dict[BlockHash, Place] = {}
    for place in _climb_down(state, context):
        if not missing:
            break
        if place.hash in missing:
            missing.remove(place.hash)
            found[place.hash] = place
    return found


def get_oldest(state: State, context: Context) -> Place:
    """The lowest block of the chain that is still remembered."""
    oldest = Place(context.parent_hash, context.height - 1, context.parent_slot)
    for place in _climb_down(state, context):
        oldest = place
    return oldest


def _climb_down(state: State, context: Context) -> Iterator[Place]:
    """The ancestors that are remembered, newest first."""
    yield Place(context.parent_hash, context.height - 1, context.parent_slot)
    height = context.height - 2
    while height >= 0:
        page = state.ancestors.get(_get_page_key(context.constants, height))
        first = height - height % PAGE_BLOCKS
        if page is None or page.first_height != first:
            return
        for block in reversed(page.blocks[: height - first + 1]):
            yield Place(block.hash, height, block.slot)
            height -= 1


def _get_page_key(constants: Constants, height: int) -> bytes:
    # One page is being filled, and one is half forgotten.
    pages = constants.transaction_life_slots // PAGE_BLOCKS + 2
    return u32(height // PAGE_BLOCKS % pages)
