"""Blocks and votes of our own: drafted, journalled, signed, taken in, and told.

The order is the point: the journal lies safely on the disk before the key signs, and the block is
our own head before anybody hears of it.
"""

from typing import NamedTuple

from chain.block import NO_PARTS, BlockParts, compute_body_root, seal_block
from chain.codec import encode
from chain.drafting import open_draft
from chain.errors import Invalid
from chain.header import HEADER_VERSION, Header, sign_header
from chain.ledger import Execution
from chain.rules.context import Author, Context
from chain.transaction import SealedTransaction
from chain.transition import check_lock
from chain.votes import Here, Vote, sign_here, sign_vote
from consensus.effects import Effect
from consensus.engine import step
from consensus.events import Drafted, HereSeen, VoteSeen
from consensus.journal import Journal
from consensus.parts import get_offer
from consensus.producer import Turn
from consensus.signing import get_header_lock
from node.chainkeeper import build_facts
from node.owner import DraftedBlock, Owner, Passage


def draft(owner: Owner, turn: Turn) -> list[Effect]:
    """Put a block together for our turn, and ask consensus whether it may be signed."""
    if turn.parent != owner.ledger.head.hash:
        return []
    context = owner.ledger.get_context(turn.slot)
    content = _execute(owner, turn, context)
    header = _build_header(owner, turn, context, content)
    try:
        check_lock(owner.ledger.state, context, owner.ledger.seat_set, header)
    except Invalid as error:
        # Blocks have told us of hand-offs of which we lack the proof: catch up before we author.
        owner.log.warning("own_lock_too_old", error=str(error), slot=turn.slot)
        return []
    owner.drafted = DraftedBlock(
        header, encode(header), content.execution, content.transactions, content.parts
    )
    return step(owner.consensus, Drafted(owner.clock.get_ms(), turn, owner.drafted.header_bytes))


def store_journal(owner: Owner, journal: Journal) -> None:
    """Write the journal. Raises HomeError when the disk refuses, and then nothing is signed."""
    assert owner.seat is not None, "only a seat has a journal"
    owner.seat.keeper.store(journal)


def sign(owner: Owner, header_bytes: bytes) -> list[Effect]:
    """Sign the header that was journalled, make the block our head, and tell everybody."""
    drafted, seat = owner.drafted, owner.seat
    assert seat is not None, "only a seat signs"
    assert drafted is not None, "what is signed was drafted"
    assert drafted.header_bytes == header_bytes, "what is signed was journalled"
    owner.drafted = None
    signature = sign_header(drafted.header, seat.vote_key).signature
    block = seal_block(drafted.header, signature, drafted.transactions, drafted.parts)
    owner.keeper.commit(drafted.execution, block, durable=True)
    facts = build_facts(block.hash, block.header, block.parts.finality)
    assert facts is not None, "our own proof is sound"
    owner.keeper.remember(facts)
    owner.mempool.forget_view()
    owner.tell_applied(block, 0.0, produced_here=True)
    owner.announce(block)
    passage = Passage()
    passage.take_up(block.transactions)
    return owner.change_head(passage)


class _Content(NamedTuple):
    """What a block of ours holds, and what that does."""

    parts: BlockParts
    transactions: tuple[SealedTransaction, ...]
    execution: Execution


def vote(owner: Owner, body: Vote) -> list[Effect]:
    """Sign a vote that was journalled; our own comes in by the same door as everybody's."""
    assert owner.seat is not None, "only a seat votes"
    signed = sign_vote(owner.seat.own.id, body, owner.seat.vote_key)
    owner.board.tally.votes_signed += 1
    if owner.outside is not None:
        owner.outside.say_vote(signed)
    return step(owner.consensus, VoteSeen(owner.clock.get_ms(), signed, live=True))


def attend(owner: Owner, body: Here) -> list[Effect]:
    """Sign that we attend a roll-call."""
    assert owner.seat is not None, "only a seat attends"
    signed = sign_here(body, owner.seat.vote_key)
    if owner.outside is not None:
        owner.outside.say_here(signed)
    return step(owner.consensus, HereSeen(owner.clock.get_ms(), signed))


def _execute(owner: Owner, turn: Turn, context: Context) -> _Content:
    """Choose parts and transactions and execute them; none, should the rules refuse them."""
    assert owner.seat is not None, "only a seat makes blocks"
    ledger, known = owner.ledger, owner.known
    author = Author(owner.seat.own.id, turn.kind, turn.output)
    view = ledger.open_view()
    offer = get_offer(owner.consensus, turn.slot)._replace(
        clearing=owner.setoff.get_certificate(ledger.state)
    )
    parts = open_draft(view, context, ledger.queue, author, offer, known)
    transactions = owner.mempool.select(view, context)
    try:
        execution = ledger.draft(context, author, transactions, known, parts)
    except Invalid as error:
        refusal = str(error)
    else:
        return _Content(parts, transactions, execution)
    owner.log.error("own_draft_refused", refusal=refusal, slot=turn.slot)
    return _Content(NO_PARTS, (), ledger.draft(context, author, (), known))


def _build_header(owner: Owner, turn: Turn, context: Context, content: _Content) -> Header:
    assert owner.seat is not None, "only a seat makes blocks"
    current = owner.ledger.seat_set
    lock_round, lock_hash = get_header_lock(owner.consensus)
    return Header(
        version=HEADER_VERSION,
        chain=owner.ledger.chain,
        height=context.height,
        slot=turn.slot,
        parent_hash=turn.parent,
        seat=owner.seat.own.id,
        kind=turn.kind,
        rank=turn.rank,
        vrf_proof=turn.proof,
        base=current.base,
        next_set_root=content.execution.next_set_root,
        lock_round=lock_round,
        lock_hash=lock_hash,
        state_root=content.execution.state_root,
        body_root=compute_body_root(content.transactions, content.parts),
    )
