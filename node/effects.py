"""Carries out what consensus wants, in order, and lets blocks in at its door.

Nothing here decides; it moves data between consensus, the chain, the disk and the network.
"""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final, get_args

from chain.block import SealedBlock
from chain.certificates import check_certificate
from chain.codec import encode
from chain.crypto import Signed
from chain.errors import Code, Invalid
from chain.header import HEADER_VERSION, BlockHash, compute_block_hash, get_header_message
from chain.records import FinalityRecord
from chain.rules.lottery import find_entry
from chain.tables import SetEntry
from consensus.effects import (
    Concern,
    Draft,
    Effect,
    FetchParents,
    Follow,
    Forget,
    Missed,
    OfFinality,
    Place,
    SignHeader,
    SignHere,
    SignVote,
    StoreJournal,
    Wake,
    Warn,
)
from consensus.engine import is_known, step
from consensus.events import BlockHeld, CertificateSeen, Event, PartingShown
from consensus.forkchoice import BlockFacts
from consensus.gadget import is_kept
from consensus.sets import VoterSet, build_voters
from node.branches import follow, show_anchor
from node.certified import read_hand_offs, read_list
from node.chainkeeper import build_facts
from node.finality import perform_finality
from node.lists import find_entries
from node.owner import Owner
from node.production import attend, draft, sign, store_journal, vote
from node.trust import contradicts
from p2p.transport import PeerId
from p2p.view import Misbehaviour


async def handle(owner: Owner, event: Event) -> None:
    """Step consensus, and do what it wants."""
    effects = step(owner.consensus, event)
    if effects:  # of most votes there are none
        await perform(owner, effects)


async def perform(owner: Owner, effects: list[Effect]) -> None:
    """Do what consensus wants, in order, and what follows from that."""
    waiting = deque(effects)
    while waiting:
        effect = waiting.popleft()
        if isinstance(effect, Follow):
            waiting.extend(await follow(owner, effect.hash))
        else:
            waiting.extend(_PERFORMERS[type(effect)](owner, effect) or ())
    if owner.bodies:
        for block_hash in [item for item in owner.bodies if item in owner.consensus.tree]:
            owner.keeper.put_aside(owner.bodies.pop(block_hash))
    owner.tell_dropped()


async def take_block(owner: Owner, peer: PeerId, block: SealedBlock, *, live: bool) -> None:
    """A block has come: see that its seat signed it, and give it to consensus.

    Only what nobody signed is held against the peer. A signed block that the rules refuse is its
    author's doing: an honest peer may pass it on before its own turn to execute it comes.
    """
    if (
        is_known(owner.consensus, block.hash)
        or owner.ledger.get_hash(block.header.height) == block.hash
        or contradicts(owner.trusted, block.header, block.hash)
    ):
        return
    try:
        entries = find_entries(owner, block.header.base)
        if entries is None:
            return  # of another branch's set, or of one that has not begun here yet: it comes again
        _check_author(owner, entries, block)
        facts = build_facts(block.hash, block.header, block.parts.finality)
    except Invalid as error:
        owner.log.warning("block_not_authentic", peer=peer, error=str(error))
        facts = None
    if facts is None:
        owner.board.tally.blocks_refused += 1
        owner.report(peer, Misbehaviour.INVALID_BLOCK)
        return
    await place_block(owner, block, facts, live=live)


async def place_block(owner: Owner, block: SealedBlock, facts: BlockFacts, *, live: bool) -> None:
    """Give an authentic block to consensus."""
    owner.bodies[block.hash] = block
    await place_facts(owner, facts, len(block.whole_bytes), live=live)
    await _tell_recorded(owner, block)


async def _tell_recorded(owner: Owner, block: SealedBlock) -> None:
    """A certificate that a block puts on record says what it says, whoever follows the block."""
    record = block.parts.finality
    if record is None:
        return
    certificates = [item for item in (record.justification, record.finality) if item is not None]
    news = [item for item in certificates if not is_kept(owner.consensus.gadget, item)]
    voters = find_voters(owner, record.finality.body.set) if news else None
    if voters is None:
        return
    try:
        for certificate in news:
            check_certificate(voters.entries, certificate, owner.known)
    except Invalid:
        return
    for certificate in news:
        await handle(owner, CertificateSeen(owner.clock.get_ms(), certificate))
    await compare_with_end(owner, record, hands_over=False)


def find_voters(owner: Owner, set_hash: BlockHash) -> VoterSet | None:
    """A set that consensus remembers, or whose list is kept on the disk."""
    voters = owner.consensus.gadget.sets.get(set_hash)
    if voters is not None:
        return voters
    entries = read_list(owner.ledger.store, set_hash)
    if entries is None:
        return None
    base = owner.ledger.get_block(set_hash)  # none: the genesis, or below a snapshot
    slot, height = (base.header.slot, base.header.height) if base else (0, 0)
    return build_voters(set_hash, slot, height, entries)


async def compare_with_end(owner: Owner, record: FinalityRecord, *, hands_over: bool) -> None:
    """Tell consensus if a set that is over here has made final what our chain does not have.

    The certificates were checked. Nothing of a set can be above its hand-off, nor another hand-off;
    ``hands_over``: the block is proven to be one, not only said to be. What lies below the hand-off
    is compared once our chain has that: a late node is shown hand-offs before it has their blocks.
    """
    body, ledger = record.finality.body, owner.ledger
    if owner.consensus.gadget.conflict is not None:
        return
    end = next(read_hand_offs(ledger.store, body.set, 1), None)
    if end is None:
        return
    ours = compute_block_hash(encode(end.header))
    if not hands_over and body.target_height < end.header.height:
        if ledger.get_hash(end.header.height) != ours:
            return
        ours = ledger.get_hash(body.target_height) or body.target_hash  # below a snapshot: unknown
    voters = find_voters(owner, body.set) if ours != body.target_hash else None
    if voters is not None:
        now_ms = owner.clock.get_ms()
        pair = end.justification, end.finality
        await handle(
            owner, PartingShown(now_ms, voters, *pair, record.finality, record.justification)
        )


async def place_facts(
    owner: Owner, facts: BlockFacts, size_bytes: int, *, live: bool, kept: bool = False
) -> None:
    """The same of a block whose body is held, with the block of our chain it may stand on."""
    below = facts.height - 1
    if (
        below >= 0
        and facts.parent not in owner.consensus.tree
        and owner.ledger.get_hash(below) == facts.parent
    ):
        keeper = owner.keeper
        show_anchor(owner, keeper.get_facts_at(below), keeper.get_recorded_at(below))
    owner.keeper.remember(facts)
    await handle(owner, BlockHeld(owner.clock.get_ms(), facts, size_bytes, live, kept))


def _wake(owner: Owner, effect: Wake) -> None:
    owner.wake_ms = effect.time_ms


def _store(owner: Owner, effect: StoreJournal) -> None:
    store_journal(owner, effect.journal)


def _draft(owner: Owner, effect: Draft) -> list[Effect]:
    return draft(owner, effect.turn)


def _sign(owner: Owner, effect: SignHeader) -> list[Effect]:
    return sign(owner, effect.header)


def _vote(owner: Owner, effect: SignVote) -> list[Effect]:
    return vote(owner, effect.body)


def _attend(owner: Owner, effect: SignHere) -> list[Effect]:
    return attend(owner, effect.body)


def _place(owner: Owner, effect: Place) -> None:
    """A block got its place: keep it on disk, unless it is about to become the head."""
    block = owner.bodies.get(effect.hash)
    if block is not None and block.header.parent_hash != owner.ledger.head.hash:
        owner.keeper.put_aside(owner.bodies.pop(effect.hash))


def _forget(owner: Owner, effect: Forget) -> None:
    for facts in effect.blocks:
        owner.bodies.pop(facts.hash, None)
    owner.keeper.forget(effect.blocks)


def _fetch_parents(owner: Owner, _effect: FetchParents) -> None:
    if owner.outside is not None:
        owner.outside.wake_sync()


def _tell_missed(owner: Owner, effect: Missed) -> None:
    owner.board.tally.slots_missed += 1
    owner.log.info("slot_missed", slot=effect.slot)


def _warn(owner: Owner, effect: Warn) -> None:
    is_grave = effect.concern is Concern.KEY_USED_ELSEWHERE
    tell = owner.log.error if is_grave else owner.log.warning
    tell(effect.concern.value, figure=effect.figure)


def _check_author(owner: Owner, entries: Sequence[SetEntry], block: SealedBlock) -> None:
    """Refuse a block of another community, or whose header no seat of the set has signed."""
    header = block.header
    if header.version != HEADER_VERSION or header.chain != owner.ledger.chain:
        raise Invalid(Code.WRONG_CHAIN)
    entry = find_entry(entries, header.seat)
    message = get_header_message(block.header_bytes)
    if not owner.known.holds(Signed(entry.vote_key, message, block.block.signature)):
        raise Invalid(Code.BAD_HEADER_SIGNATURE)


# What is done about each effect, and what consensus wants then. ``Follow`` alone lets others run.
_PERFORMERS: Final[dict[type[Any], Callable[[Owner, Any], list[Effect] | None]]] = {
    Wake: _wake,
    StoreJournal: _store,
    Draft: _draft,
    SignHeader: _sign,
    SignVote: _vote,
    SignHere: _attend,
    Place: _place,
    Forget: _forget,
    FetchParents: _fetch_parents,
    Missed: _tell_missed,
    Warn: _warn,
    **dict.fromkeys(get_args(OfFinality), perform_finality),
}
