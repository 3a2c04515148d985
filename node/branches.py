"""From one branch to another: back to where they part, block by block, and up the better one.

Each step is whole by itself and others run in between. A block that the rules refuse ends the way
there; consensus then says where to go instead, which may be back.
"""

from time import perf_counter
from typing import Final

import trio

from chain.block import SealedBlock
from chain.errors import Invalid
from chain.header import BlockHash
from chain.policy import AccountId
from chain.replay import Claims, predict_claims
from consensus.ahead import is_clock_behind
from consensus.arrivals import EARLY_SLOTS
from consensus.effects import Effect, Follow
from consensus.engine import step
from consensus.events import AnchorShown, BlockRefused
from consensus.forkchoice import BlockFacts, Recorded
from consensus.state import NEAR_SLOTS
from node.election import find_unelected
from node.owner import Owner, Passage
from node.signatures import KnownSignatures

# While catching up, blocks go to the disk in the background and are waited for now and then.
DURABLE_EVERY_BLOCKS: Final = 64
OUT_OF_REACH_MAX: Final = 256  # a branch costs a seat a signature; a forgotten one is blamed


async def follow(owner: Owner, tip: BlockHash) -> list[Effect]:
    """Make a block of the tree the head; returns what consensus wants then."""
    if tip not in owner.consensus.tree:
        return []  # chosen before it was refused; what is best since was chosen then
    path, ancestor = find_path(owner, tip)
    if _is_below_final(owner, ancestor):
        # Chosen before that became final; what is best now is chosen with the next event.
        owner.log.warning("branch_below_final", height=ancestor.height)
        return []
    if not owner.ledger.can_return_to(ancestor.height):
        return _go_beside(owner, ancestor, path)
    if ancestor.hash != owner.ledger.head.hash:
        unelected = await find_unelected(owner, ancestor, path)
        if unelected is not None:
            owner.log.warning("block_not_elected", hash=unelected.hash, seat=unelected.seat)
            return _refuse(owner, unelected)
    _show_what_is_left(owner, ancestor)
    passage = Passage()
    depth = owner.ledger.head.height - ancestor.height
    while owner.ledger.head.hash != ancestor.hash:
        passage.leave(_undo(owner).transactions)
        await trio.lowlevel.checkpoint()
    if depth:
        _count_reorganisation(owner, ancestor, depth)
    for facts in path:
        try:
            passage.take_up((await _extend(owner, facts.hash)).transactions)
        except Invalid as error:
            owner.log.warning("block_refused", hash=facts.hash, error=str(error))
            # The head first: it stands somewhere on the way, and what was refused is still best.
            effects = owner.change_head(passage)
            effects = [effect for effect in effects if not isinstance(effect, Follow)]
            return [*effects, *_refuse(owner, facts)]
        await trio.lowlevel.checkpoint()
    return owner.change_head(passage)


def _is_below_final(owner: Owner, ancestor: BlockFacts) -> bool:
    """Whether the way leads back below a final block of ours, which is never undone."""
    final = owner.consensus.gadget.final
    return ancestor.height < final.height and owner.ledger.get_hash(final.height) == final.hash


def _go_beside(owner: Owner, ancestor: BlockFacts, path: list[BlockFacts]) -> list[Effect]:
    """Have a chain made anew that parts from ours further back than blocks can be undone.

    Not above a snapshot, unless all blocks below it have been fetched since: there such a branch is
    refused, and what is dated ahead is followed until a better branch from further up comes. Never
    below it: its block is proven final, and of what lies lower nothing was executed here.
    """
    is_whole = not owner.ledger.first.height
    if is_whole and ancestor.height >= owner.ledger.base.height:
        owner.replace_chain(ancestor, path)
        return []
    if not path:
        return []
    owner.log.warning("branch_below_snapshot", height=ancestor.height)
    owner.out_of_reach[path[0].hash] = None
    if len(owner.out_of_reach) > OUT_OF_REACH_MAX:
        del owner.out_of_reach[next(iter(owner.out_of_reach))]
    return _refuse(owner, path[0])


def _refuse(owner: Owner, facts: BlockFacts) -> list[Effect]:
    owner.board.tally.blocks_refused += 1
    return step(owner.consensus, BlockRefused(owner.clock.get_ms(), facts.hash))


def find_path(owner: Owner, tip: BlockHash) -> tuple[list[BlockFacts], BlockFacts]:
    """The blocks from our chain up to a block of the tree, and the one of ours they stand on."""
    path: list[BlockFacts] = []
    for facts in owner.consensus.tree.climb_down(tip):
        if owner.ledger.get_hash(facts.height) == facts.hash:
            return path[::-1], facts
        path.append(facts)
    raise AssertionError("every branch of the tree stands on our chain")


async def verify(owner: Owner, block: SealedBlock) -> None:
    """Let a thread check what executing the block will ask, as far as that is not known yet."""
    claims = predict_claims(owner.ledger, block)
    unknown = Claims(
        [claim for claim in claims.proofs if not owner.known.is_open(claim)],
        [claim for claim in claims.signatures if not owner.known.is_known(claim)],
    )
    if unknown.proofs or unknown.signatures:
        await owner.run_in_thread(learn, owner.known, unknown)


def learn(known: KnownSignatures, claims: Claims) -> None:
    """Check what a block claims; runs in any thread."""
    for proof in claims.proofs:
        known.open_vrf(proof)
    known.learn(claims.signatures)


def take_body(owner: Owner, block_hash: BlockHash) -> SealedBlock:
    """The body of a block in the tree, out of memory or from the disk."""
    block = owner.bodies.pop(block_hash, None) or owner.ledger.get_block(block_hash)
    assert block is not None, "the bodies of the tree's blocks are kept"
    return block


async def show_own_chain(owner: Owner, lowest: int) -> None:
    """The tree begins at the head, but votes ask for our chain above what is justified."""
    keeper, head = owner.keeper, owner.ledger.head
    lowest = max(lowest, owner.ledger.base.height)  # below a snapshot nothing was executed
    recorded = keeper.get_recorded_at(min(lowest, head.height))
    for height in range(min(lowest, head.height), head.height):
        facts = keeper.get_facts_at(height)
        recorded = facts.recorded or recorded
        show_anchor(owner, facts, recorded)
        await trio.lowlevel.checkpoint()


def show_anchor(owner: Owner, facts: BlockFacts, recorded: Recorded) -> None:
    """Show the tree a block of our own chain, and what the chain has on record up to it."""
    score = owner.keeper.get_score_at(facts.height)
    step(owner.consensus, AnchorShown(owner.clock.get_ms(), facts, score, recorded))


async def show_what_is_not_ahead(owner: Owner) -> None:
    """Where all that the tree has of our chain is dated ahead of our clock, show what is not.

    Not where others' blocks tell before that it is the clock that is wrong.
    """
    keeper, consensus, slot = owner.keeper, owner.consensus, owner.clock.get_slot()
    authors: set[AccountId] = set()
    height = owner.ledger.head.height
    facts = keeper.get_facts_at(height)
    while facts.slot > slot + EARLY_SLOTS:
        authors.add(facts.seat)
        if height == owner.ledger.base.height or is_clock_behind(consensus, slot, authors):
            return
        height -= 1
        facts = keeper.get_facts_at(height)
        await trio.lowlevel.checkpoint()
    if facts.hash not in consensus.tree:
        await show_own_chain(owner, height)


def _show_what_is_left(owner: Owner, ancestor: BlockFacts) -> None:
    """Let the tree have all of the branch that is left, so that what stands on it is not cut off.

    After a start the tree begins at the head; what lies below is only in the store. What lies above
    the tree was taken out, and stays out.
    """
    is_above = True
    for height in range(owner.ledger.head.height, ancestor.height, -1):
        facts = owner.keeper.get_facts_at(height)
        is_held = facts.hash in owner.consensus.tree
        is_above = is_above and not is_held
        if not is_held and not is_above:
            show_anchor(owner, facts, owner.keeper.get_recorded_at(height))


async def _extend(owner: Owner, block_hash: BlockHash) -> SealedBlock:
    """Execute a block above the head and make it the head. Raises Invalid."""
    block = take_body(owner, block_hash)
    await verify(owner, block)
    began = perf_counter()
    near = block.header.slot >= owner.clock.get_slot() - NEAR_SLOTS
    durable = near or block.header.height % DURABLE_EVERY_BLOCKS == 0
    owner.keeper.extend(block, durable=durable)
    owner.mempool.forget_view()
    owner.tell_applied(block, perf_counter() - began, produced_here=False)
    return block


def _undo(owner: Owner) -> SealedBlock:
    """Take the head back."""
    block = owner.keeper.undo()
    owner.mempool.forget_view()
    owner.tell_undone(block)
    return block


def _count_reorganisation(owner: Owner, ancestor: BlockFacts, depth: int) -> None:
    tally = owner.board.tally
    tally.reorganisations += 1
    tally.reorganisation_depth_max = max(tally.reorganisation_depth_max, depth)
    owner.log.info("reorganisation", depth=depth, from_height=ancestor.height)
