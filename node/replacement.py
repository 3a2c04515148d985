"""A better chain that parts from ours further back than blocks can be undone.

It is replayed from genesis into a second store, beside the one in use and while that goes on, and
then takes its place. Only possible while nothing is final so far back; it may take hours.
"""

from collections.abc import Iterable
from typing import NamedTuple

import trio

from chain.errors import Invalid
from chain.ledger import Ledger
from chain.transaction import SealedTransaction
from consensus.effects import Effect
from consensus.engine import step
from consensus.events import BlockRefused, ChainReplaced
from consensus.forkchoice import BlockFacts
from node.branches import show_own_chain, take_body, verify
from node.chainkeeper import AcceptedChecks, ChainKeeper
from node.effects import perform, place_facts
from node.election import find_unelected
from node.owner import Owner, Passage
from node.stores import Stores


class Replayed(NamedTuple):
    """The outcome of a replay: another chain that holds, or the block at which it does not."""

    keeper: ChainKeeper | None  # None: nothing was replayed, its authors had not won their slots
    ancestor: BlockFacts
    tip: BlockFacts
    refused: BlockFacts | None


async def replay_beside(
    owner: Owner, stores: Stores, ancestor: BlockFacts, path: list[BlockFacts]
) -> Replayed:
    """Execute our own chain up to a block of it, then the other branch, in a second store."""
    tip = path[-1] if path else ancestor  # none: what is above it was given up
    unelected = await find_unelected(owner, ancestor, path)
    if unelected is not None:
        owner.log.warning("block_not_elected", hash=unelected.hash, seat=unelected.seat)
        return Replayed(None, ancestor, tip, unelected)
    owner.log.warning("replaying_another_chain", from_height=ancestor.height, blocks=len(path))
    beside = ChainKeeper(stores.open_next(), owner.ledger.genesis, AcceptedChecks())
    finished = False
    try:
        await _replay_ours(owner.ledger, beside, ancestor.height)
        beside.checks = owner.known
        refused = await _replay_theirs(owner, beside, path)
        beside.ledger.sync()
        finished = True
        return Replayed(beside, ancestor, tip, refused)
    finally:
        if not finished:
            beside.ledger.store.close()
            stores.drop_next()


async def _replay_ours(ours: Ledger, beside: ChainKeeper, to_height: int) -> None:
    """Our own blocks again: they have been verified, but their state must be made anew."""
    for height in range(1, to_height + 1):
        block_hash = ours.get_hash(height)
        block = None if block_hash is None else ours.get_block(block_hash)
        assert block is not None, "what cannot be undone stays canonical, and is kept"
        beside.extend(block, durable=False)
        await trio.lowlevel.checkpoint()


async def _replay_theirs(
    owner: Owner, beside: ChainKeeper, path: list[BlockFacts]
) -> BlockFacts | None:
    """The blocks of the other branch; returns the one that the rules refuse, if any."""
    for facts in path:
        block = take_body(owner, facts.hash)
        await verify(owner, block)
        try:
            beside.extend(block, durable=False)
        except Invalid as error:
            owner.log.warning("block_refused", hash=facts.hash, error=str(error))
            return facts
        await trio.lowlevel.checkpoint()
    return None


async def adopt(owner: Owner, stores: Stores, replayed: Replayed) -> None:
    """Let the replayed chain take the place of ours, if it is still better; else forget it."""
    tree, keeper = owner.consensus.tree, replayed.keeper
    if keeper is None or replayed.refused is not None or replayed.tip.hash not in tree:
        _drop(stores, replayed)
        if replayed.refused is not None:
            owner.board.tally.blocks_refused += 1
            refused = BlockRefused(owner.clock.get_ms(), replayed.refused.hash)
            await perform(owner, step(owner.consensus, refused))
        return
    if not tree.descends(tree.find_best().hash, replayed.tip.hash, replayed.tip.height):
        _drop(stores, replayed)
        return
    above = tree.get_above(replayed.tip.hash)
    for facts in above:
        keeper.put_aside(take_body(owner, facts.hash))
    passage = _compare(owner, replayed)
    keeper.ledger.store.close()
    effects = _swap(owner, stores, replayed, passage)
    await perform(owner, effects)
    # Our set may have handed over far below: what proves it waits for that block in the tree.
    gadget = owner.consensus.gadget
    await show_own_chain(owner, min(gadget.lock.height, gadget.final.height))
    for facts in above:
        await place_facts(owner, facts, 0, live=False)


def _swap(owner: Owner, stores: Stores, replayed: Replayed, passage: Passage) -> list[Effect]:
    """Put the new store, which is closed, in the old one's place, and go on with it."""
    depth = owner.ledger.head.height - replayed.ancestor.height
    effects = take_over(owner, stores, passage.abandoned)
    tally = owner.board.tally
    tally.reorganisations += 1
    tally.reorganisation_depth_max = max(tally.reorganisation_depth_max, depth)
    owner.log.warning("chain_replaced", height=owner.ledger.head.height)
    return effects


def take_over(
    owner: Owner, stores: Stores, abandoned: Iterable[SealedTransaction], *, proven: bool = False
) -> list[Effect]:
    """Go on with the store beside, which is closed; ``abandoned`` may still be valid there.

    ``proven``: it begins with a snapshot whose set is proven, and that set votes from now on.
    """
    genesis, seat = owner.ledger.genesis, owner.keeper.seat
    owner.keeper.ledger.store.close()
    stores.swap()
    owner.keeper = keeper = ChainKeeper(stores.open(), genesis, owner.known)
    keeper.seat = seat
    owner.mempool.follow(owner.ledger, (), abandoned)
    owner.searches.clear()  # they count along the sets of the chain that is gone
    voters = keeper.get_proven_voters() if proven else None
    replaced = ChainReplaced(owner.clock.get_ms(), keeper.get_position(), voters)
    return step(owner.consensus, replaced)


def _drop(stores: Stores, replayed: Replayed) -> None:
    if replayed.keeper is not None:
        replayed.keeper.ledger.store.close()
        stores.drop_next()


def _compare(owner: Owner, replayed: Replayed) -> Passage:
    """What our chain had above the ancestor, as far as it may still be valid on the other."""
    ours = owner.ledger
    slot = owner.clock.get_slot()
    passage = Passage()
    for height in range(ours.head.height, replayed.ancestor.height, -1):
        block_hash = ours.get_hash(height)
        block = None if block_hash is None else ours.get_block(block_hash)
        assert block is not None, "canonical blocks are kept"
        if block.header.slot < slot - ours.constants.transaction_life_slots:
            break  # nothing in it or below it is still valid
        passage.leave([item for item in block.transactions if item.body.valid_until_slot >= slot])
    return passage
