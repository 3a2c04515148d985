"""One block, read aloud: the order in which the ledger's rules act on the state.

``process_block`` is the table of contents; each line is a rule with a file of its own. It is a pure
function of the parent's state and the block: same bytes in, same rows out, on every machine.
"""

from chain.block import SealedBlock
from chain.checks import SignatureChecks
from chain.crypto import Signed
from chain.errors import Code, Invalid
from chain.header import HEADER_VERSION, Header, get_header_message
from chain.parameters import Constants
from chain.rules.context import Context, build_context
from chain.rules.credit_days import process_credit_days, process_credit_sums
from chain.rules.loan_terms import process_loans
from chain.rules.lottery import check_author, find_entry
from chain.rules.randomness import compute_randomness, process_randomness
from chain.rules.settlement import process_pot
from chain.rules.sweep import SweepQueue, process_sweep
from chain.rules.transactions import process_transaction
from chain.rules.units import check_block_bytes, check_block_units
from chain.state import State
from chain.tables import CURRENT, Tip
from chain.transaction import SealedTransaction


def process_block(
    state: State,
    context: Context,
    queue: SweepQueue,
    vrf_output: bytes,
    transactions: tuple[SealedTransaction, ...],
    checks: SignatureChecks,
) -> None:
    """Apply a block whose header has been checked. Raises Invalid; then discard the state."""
    process_opening(state, context, queue, vrf_output)
    process_transactions(state, context, transactions, checks)
    process_closing(state, context)


def process_opening(state: State, context: Context, queue: SweepQueue, vrf_output: bytes) -> None:
    """What a block does before its transactions; a producer chooses them on top of this."""
    process_randomness(state, context, vrf_output)
    process_credit_days(state, context)
    process_loans(state, context)
    process_sweep(state, context, queue)


def process_closing(state: State, context: Context) -> None:
    """What a block does after its transactions: what it tallied is put into rows."""
    process_credit_sums(state, context, process_pot(state, context))
    state.tips.put(CURRENT, Tip(slot=context.slot, height=context.height))


def get_context(state: State, chain: bytes, constants: Constants, slot: int) -> Context:
    """The context of a block in this slot on top of the state."""
    tip = state.tips.require(CURRENT)
    rules = state.rules.require(CURRENT)
    return build_context(
        chain, constants, rules.parameters, rules.keep_schedule, slot, tip.slot, tip.height + 1
    )


def check_header(
    state: State, context: Context, header: Header, parent_hash: bytes, checks: SignatureChecks
) -> bytes:
    """The author's VRF output, of a header that fits the parent's state. Raises Invalid."""
    if header.version != HEADER_VERSION or header.chain != context.chain:
        raise Invalid(Code.WRONG_CHAIN)
    if header.parent_hash != parent_hash:
        raise Invalid(Code.WRONG_PARENT)
    if header.height != context.height:
        raise Invalid(Code.WRONG_HEIGHT, f"{header.height}, expected {context.height}")
    if header.slot <= context.parent_slot:
        raise Invalid(Code.WRONG_SLOT, f"{header.slot}, the parent has {context.parent_slot}")
    current_set = state.sets.require(CURRENT)
    if header.base != current_set.base:
        raise Invalid(Code.WRONG_BASE)
    if header.next_set_root is not None:
        raise Invalid(Code.WRONG_SET)
    if header.lock_round != current_set.base_slot or header.lock_hash != current_set.base:
        raise Invalid(Code.WRONG_LOCK)
    seed = compute_randomness(state.randomness.require(CURRENT), context.epoch).seed
    return check_author(
        header, context.parent_slot, context.chain, seed, current_set.entries, checks
    )


def check_header_signature(state: State, block: SealedBlock, checks: SignatureChecks) -> None:
    """Refuse a header that its seat's vote key did not sign."""
    entry = find_entry(state.sets.require(CURRENT).entries, block.header.seat)
    claim = Signed(entry.vote_key, get_header_message(block.header_bytes), block.block.signature)
    if not checks.holds(claim):
        raise Invalid(Code.BAD_HEADER_SIGNATURE)


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
