"""One block, read aloud: the order in which the ledger's rules act on the state.

``process_block`` is the table of contents; each line is a rule with a file of its own. It is a pure
function of the parent's state and the block: same bytes in, same rows out, on every machine.
"""

from typing import Final

from chain.block import NO_PARTS, BlockParts, SealedBlock, check_parts_bytes
from chain.checks import SignatureChecks
from chain.codec import Bytes32
from chain.crypto import Signed
from chain.errors import Code, Invalid
from chain.header import HEADER_VERSION, BlockHash, Header, get_header_message, get_score
from chain.parameters import Constants
from chain.records import FinalityRecord
from chain.rules.ancestry import find_ancestors, get_oldest, process_ancestry
from chain.rules.assembly import process_assembly
from chain.rules.clearing import process_clearing
from chain.rules.clearing_window import process_snapshot, process_window
from chain.rules.context import Author, Context, build_context
from chain.rules.credit_days import process_credit_days, process_credit_sums, process_reserve
from chain.rules.epoch import process_epoch
from chain.rules.evidence import process_evidence
from chain.rules.finality_record import process_finality, process_late_acks
from chain.rules.loan_terms import process_loans
from chain.rules.lottery import check_author, find_entry
from chain.rules.market_ends import process_market_ends
from chain.rules.obligations import process_obligations
from chain.rules.randomness import compute_randomness, process_randomness
from chain.rules.rollcall import process_roll_call
from chain.rules.sets import get_seat_set, process_handoff, process_set
from chain.rules.settlement import process_pot
from chain.rules.sharing import process_sharing
from chain.rules.sweep import SweepQueue, process_sweep
from chain.rules.tally import note_block
from chain.rules.transactions import process_transaction
from chain.rules.units import check_block_bytes, check_block_units
from chain.state import State
from chain.tables import CURRENT, PREVIOUS, SeatSet, Tip
from chain.transaction import SealedTransaction

# A justification is taken up at most so many rounds before its time, as clocks differ.
LOCK_AHEAD_SLOTS: Final = 2


def process_block(
    state: State,
    context: Context,
    queue: SweepQueue,
    author: Author,
    parts: BlockParts,
    transactions: tuple[SealedTransaction, ...],
    checks: SignatureChecks,
) -> Bytes32 | None:
    """Apply a block whose header has been checked; answers the ``next_set_root`` it must have.

    Raises Invalid; then discard the state.
    """
    next_set_root = process_opening(state, context, queue, author, parts.finality)
    process_records(state, context, author, parts, checks)
    process_transactions(state, context, transactions, checks)
    if parts.clearing is not None:
        process_clearing(state, context, author, parts.clearing)
    process_closing(state, context, author)
    return next_set_root


def process_opening(
    state: State,
    context: Context,
    queue: SweepQueue,
    author: Author,
    finality: FinalityRecord | None,
) -> Bytes32 | None:
    """What a block does before its records and transactions, which a producer chooses after it.

    The finality that it will record is asked for here: a hand-off waits for it. Answers the
    ``next_set_root`` of the block's header. Raises Invalid.
    """
    process_ancestry(state, context)
    process_set(state, context)
    if context.begins_epoch:
        process_epoch(state, context)
    next_set_root = process_handoff(state, context, finality)
    process_randomness(state, context, author.output)
    process_assembly(state, context)
    process_sharing(state, context)
    process_credit_days(state, context)
    process_loans(state, context)
    process_market_ends(state, context)
    process_obligations(state, context)
    process_window(state, context)
    process_sweep(state, context, queue)
    return next_set_root


def process_closing(state: State, context: Context, author: Author) -> None:
    """What a block does after its transactions: what it tallied is put into rows."""
    process_snapshot(state, context, author)
    process_credit_sums(state, context, process_pot(state, context))
    process_reserve(state)
    score = state.tips.require(CURRENT).score + get_score(author.kind)
    state.tips.put(CURRENT, Tip(slot=context.slot, height=context.height, score=score))


def process_records(
    state: State, context: Context, author: Author, parts: BlockParts, checks: SignatureChecks
) -> None:
    """Take up what consensus puts on record. Raises Invalid."""
    note_block(state, context, author.seat, author.kind)
    if parts is NO_PARTS:
        return
    check_parts_bytes(parts)
    if parts.finality is not None:
        process_finality(state, context, parts.finality, author.seat, checks)
    if parts.late_acks is not None:
        process_late_acks(state, context, parts.late_acks, author.seat, checks)
    if parts.roll_call is not None:
        process_roll_call(state, context, parts.roll_call, checks)
    for evidence in parts.evidence or ():
        process_evidence(state, context, evidence, author.seat, checks)


def get_context(
    state: State, chain: bytes, constants: Constants, slot: int, parent_hash: BlockHash
) -> Context:
    """The context of a block in this slot on top of the state, which its parent left."""
    tip = state.tips.require(CURRENT)
    rules = state.rules.require(CURRENT)
    return build_context(
        chain,
        constants,
        rules.parameters,
        rules.keep_schedule,
        slot,
        tip.slot,
        parent_hash,
        tip.height + 1,
    )


def check_header(
    state: State, context: Context, block: SealedBlock, checks: SignatureChecks
) -> Author:
    """The rightful author of a block whose header fits the parent's state. Raises Invalid."""
    header = block.header
    if header.version != HEADER_VERSION or header.chain != context.chain:
        raise Invalid(Code.WRONG_CHAIN)
    if header.parent_hash != context.parent_hash:
        raise Invalid(Code.WRONG_PARENT)
    if header.height != context.height:
        raise Invalid(Code.WRONG_HEIGHT, f"{header.height}, expected {context.height}")
    if header.slot <= context.parent_slot:
        raise Invalid(Code.WRONG_SLOT, f"{header.slot}, the parent has {context.parent_slot}")
    seat_set = get_seat_set(state, context.parent_hash)
    if header.base != seat_set.base:
        raise Invalid(Code.WRONG_BASE)
    seed = compute_randomness(state.randomness.require(CURRENT), context.epoch).seed
    output = check_author(
        header, context.parent_slot, context.chain, seed, seat_set.entries, checks
    )
    _check_header_signature(seat_set, block, checks)
    check_lock(state, context, seat_set, header)
    return Author(header.seat, header.kind, output)


def check_header_signature(state: State, block: SealedBlock, checks: SignatureChecks) -> None:
    """Refuse a header that its seat's vote key did not sign; the state is its parent's."""
    _check_header_signature(get_seat_set(state, block.header.parent_hash), block, checks)


def _check_header_signature(seat_set: SeatSet, block: SealedBlock, checks: SignatureChecks) -> None:
    entry = find_entry(seat_set.entries, block.header.seat)
    claim = Signed(entry.vote_key, get_header_message(block.header_bytes), block.block.signature)
    if not checks.holds(claim):
        raise Invalid(Code.BAD_HEADER_SIGNATURE)


def check_lock(state: State, context: Context, seat_set: SeatSet, header: Header) -> None:
    """The author stands on what it knows to be justified: one of its set's blocks, or the base.

    While the present base is not final, an author may still be bound by the set before. While
    nothing becomes final for longer than blocks are remembered, the block that all stand on is
    forgotten: then its round alone is looked at, for the chain must go on.
    """
    if header.lock_hash == seat_set.base:
        slot: int | None = seat_set.base_slot
    else:
        place = find_ancestors(state, context, (header.lock_hash,)).get(header.lock_hash)
        slot = None if place is None else place.slot
    before = state.sets.get(PREVIOUS if seat_set.base != context.parent_hash else CURRENT)
    lowest = seat_set.base_slot if before is None else before.base_slot
    if slot is None and get_oldest(state, context).slot > lowest:
        slot = lowest
    if slot is None or not lowest <= slot <= header.lock_round <= header.slot + LOCK_AHEAD_SLOTS:
        raise Invalid(Code.WRONG_LOCK)


def process_transactions(
    state: State,
    context: Context,
    transactions: tuple[SealedTransaction, ...],
    checks: SignatureChecks,
) -> None:
    """Apply a block's transactions in order; one that is refused makes the block invalid."""
    check_block_bytes(context, sum(len(sealed.whole_bytes) for sealed in transactions))
    units = 0
    for index, sealed in enumerate(transactions):
        try:
            units += process_transaction(state, context, sealed, checks)
        except Invalid as error:
            raise Invalid(error.code, f"transaction {index}: {error.detail}", index) from error
    check_block_units(context, units)
