"""What a block may put on record, chosen for its producer from what is offered.

``open_draft`` does the block's opening and records on a view of the head's state, as the rules will
do them, and keeps what they accept. A producer then chooses transactions on the same view. What is
refused here only stays outside; nothing is ever refused because of it.
"""

from collections.abc import Sequence
from typing import NamedTuple

from msgspec.structs import replace

from chain.block import CONSENSUS_BYTES_MAX, NO_PARTS, BlockParts
from chain.checks import SignatureChecks
from chain.codec import encode
from chain.errors import Invalid
from chain.records import EVIDENCE_IN_BLOCK_MAX, ClearingCertificate, Evidence, FinalityRecord
from chain.rules.clearing import process_clearing
from chain.rules.context import Author, Context
from chain.rules.evidence import process_evidence
from chain.rules.finality_record import build_late_acks, process_finality
from chain.rules.rollcall import build_roll_call
from chain.rules.sets import process_set
from chain.rules.sweep import SweepQueue
from chain.state import State
from chain.transition import process_opening, process_records
from chain.votes import SignedHere, SignedVote


class Offer(NamedTuple):
    """What a producer has for a block beside transactions.

    Records of finality, the best first; late acks; attendance; evidence; a set-off. The signatures
    of acks have been checked already; all else is checked again.
    """

    finalities: Sequence[FinalityRecord] = ()
    acks: Sequence[SignedVote] = ()
    heres: Sequence[SignedHere] = ()
    evidence: Sequence[Evidence] = ()
    clearing: ClearingCertificate | None = None


NO_OFFER = Offer()


def open_draft(
    view: State,
    context: Context,
    queue: SweepQueue,
    author: Author,
    offer: Offer,
    checks: SignatureChecks,
) -> BlockParts:
    """The parts of a block, done on the view; transactions come next. Raises Invalid: no block."""
    finality = _select_finality(view, context, author, offer.finalities, checks)
    process_opening(view, context, queue, author, finality)
    parts = replace(NO_PARTS, finality=finality)
    process_records(view, context, author, parts, checks)
    late_acks = build_late_acks(view, context, offer.acks)
    roll_call = build_roll_call(view, context, offer.heres, checks)
    chosen = BlockParts(finality, late_acks, roll_call)
    evidence = _select_evidence(view, context, author, chosen, offer.evidence, checks)
    clearing = _select_clearing(view, context, author, offer.clearing)
    chosen = replace(chosen, evidence=evidence or None, clearing=clearing)
    return NO_PARTS if chosen == NO_PARTS else chosen


def _select_finality(
    view: State,
    context: Context,
    author: Author,
    records: Sequence[FinalityRecord],
    checks: SignatureChecks,
) -> FinalityRecord | None:
    """The first that may stand in this block. The view is as before afterwards."""
    mark = view.savepoint()
    process_set(view, context)
    chosen = None
    for record in records:
        try:
            process_finality(view, context, record, author.seat, checks)
        except Invalid:
            continue
        chosen = record
        break
    view.roll_back(mark)
    return chosen


def _select_evidence(
    view: State,
    context: Context,
    author: Author,
    parts: BlockParts,
    offered: Sequence[Evidence],
    checks: SignatureChecks,
) -> tuple[Evidence, ...]:
    """As much evidence as is new and fits beside the other parts."""
    chosen: list[Evidence] = []
    size_bytes = len(encode(parts))
    for evidence in offered:
        size_bytes += len(encode(evidence))
        if len(chosen) == EVIDENCE_IN_BLOCK_MAX or size_bytes > CONSENSUS_BYTES_MAX:
            break
        mark = view.savepoint()
        try:
            process_evidence(view, context, evidence, author.seat, checks)
        except Invalid:
            view.roll_back(mark)
            continue
        chosen.append(evidence)
    return tuple(chosen)


def _select_clearing(
    view: State, context: Context, author: Author, offered: ClearingCertificate | None
) -> ClearingCertificate | None:
    """The set-off, if it may be applied in this block. The view is as before afterwards.

    Transactions come first in the block, but they cannot change what has entered.
    """
    if offered is None:
        return None
    mark = view.savepoint()
    try:
        process_clearing(view, context, author, offered)
    except Invalid:
        return None
    finally:
        view.roll_back(mark)
    return offered
