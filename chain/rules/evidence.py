"""Evidence: a seat has signed what contradicts itself, and anybody may prove it.

An offence is of one seat in one set. Whoever shows it brings the set's list, which is checked
against what the chain keeps of that set; so it can be shown long after, as long as a bond is there
to answer for it. It is only collected here: what it costs is settled at the epoch's end.
"""

from typing import Final, NamedTuple

from chain.certificates import check_certificate, compute_set_root, get_signers
from chain.checks import SignatureChecks
from chain.codec import encode
from chain.crypto import Signed
from chain.errors import Code, Invalid
from chain.header import (
    BlockHash,
    SignedHeader,
    compute_block_hash,
    get_header_message,
)
from chain.policy import AccountId
from chain.records import Evidence, HeaderEvidence, StrayVoteEvidence, VoteEvidence
from chain.rules.ancestry import get_ancestor
from chain.rules.context import Context
from chain.rules.sets import get_recorded
from chain.rules.settlement import OWN, UNBONDING
from chain.rules.takeover import is_excused
from chain.rules.tally import RELEASED, Offence, note_offence
from chain.state import State
from chain.tables import Accusations, Accused, SetEntry, SetRecord
from chain.votes import Ack, Prevote, SignedVote, get_vote_message

SAME_SLOT: Final = "S0"  # two headers of a slot
TWO_PREVOTES: Final = "S1"  # of a round
TWO_ACKS: Final = "S2"  # of a round
SURROUNDED: Final = "S4"  # an ack between the source and the round of a prevote
STRAY: Final = "S5"  # a vote of a set for a block of another
_KINDS: Final = (SAME_SLOT, TWO_PREVOTES, TWO_ACKS, SURROUNDED, STRAY, RELEASED)


class Charge(NamedTuple):
    """What evidence says, before signatures and the set's list are looked at."""

    seat: AccountId
    kind: str
    set: BlockHash
    round: int


def process_evidence(
    state: State,
    context: Context,
    evidence: Evidence,
    reporter: AccountId,
    checks: SignatureChecks,
) -> None:
    """Take note of a proved offence. Raises Invalid on what proves nothing, or nothing new."""
    charge = read_charge(context.chain, evidence)
    is_excused = isinstance(evidence, VoteEvidence) and is_excused_pair(state, context, evidence)
    if is_excused:
        charge = charge._replace(kind=RELEASED)
    record = _check_list(state, charge, evidence)
    if is_accused(state, charge):
        raise Invalid(Code.EVIDENCE_KNOWN, f"{charge.kind} of {charge.seat.hex()}")
    if not is_bond_locked(state, context, charge.seat):
        raise Invalid(Code.NO_BOND_LOCKED, charge.seat.hex())
    entry = next((item for item in evidence.entries if item.seat == charge.seat), None)
    if entry is None:
        raise Invalid(Code.WRONG_SET_LIST, "the seat is not in the set")
    _check_signatures(entry, evidence, checks)
    if is_excused:
        assert isinstance(evidence, VoteEvidence), "only votes are excused"
        _check_conflict(state, context, charge, evidence, checks)
    _accuse(state, charge)
    offence = Offence(
        charge.seat,
        charge.kind,
        charge.set,
        charge.round,
        entry.weight,
        record.total_weight,
        reporter,
    )
    note_offence(state, context, offence)


def read_charge(chain: bytes, evidence: Evidence) -> Charge:
    """What two messages would prove if they are authentic. Raises Invalid: nothing."""
    match evidence:
        case HeaderEvidence(first, second):
            return _read_headers(chain, first, second)
        case StrayVoteEvidence(vote, header):
            return _read_stray_vote(chain, vote, header)
        case VoteEvidence(first, second):
            return _read_votes(chain, first, second)


def _read_headers(chain: bytes, first: SignedHeader, second: SignedHeader) -> Charge:
    one, other = first.header, second.header
    _check_order(encode(one), encode(other))
    if not (
        one.chain == other.chain == chain
        and one.seat == other.seat
        and one.base == other.base
        and one.slot == other.slot
    ):
        raise Invalid(Code.NO_OFFENCE, "not two headers of one seat, set and slot")
    return Charge(one.seat, SAME_SLOT, one.base, one.slot)


def _read_votes(chain: bytes, first: SignedVote, second: SignedVote) -> Charge:
    one, other = first.body, second.body
    _check_order(encode(one), encode(other))
    if not (
        one.chain == other.chain == chain and first.seat == second.seat and one.set == other.set
    ):
        raise Invalid(Code.NO_OFFENCE, "not two votes of one seat and set")
    kind = _find_kind(one, other)
    if kind is None:
        raise Invalid(Code.NO_OFFENCE, "the votes do not contradict each other")
    ack = one if isinstance(one, Ack) else other
    return Charge(first.seat, kind, one.set, ack.round)


def _find_kind(one: Prevote | Ack, other: Prevote | Ack) -> str | None:
    match one, other:
        case Prevote(), Prevote():
            return TWO_PREVOTES if one.round == other.round else None
        case Ack(), Ack():
            return TWO_ACKS if one.round == other.round else None
        case (Ack() as ack, Prevote() as prevote) | (Prevote() as prevote, Ack() as ack):
            return SURROUNDED if prevote.source_round < ack.round < prevote.round else None
    return None


def is_excused_pair(state: State, context: Context, evidence: VoteEvidence) -> bool:
    """Whether the seat had told long before its prevote that its journal, and so its ack, was lost.

    A notice that comes after the offence, or a moment before it, is no licence.
    """
    bodies = (evidence.first.body, evidence.second.body)
    ack = next((body for body in bodies if isinstance(body, Ack)), None)
    prevote = next((body for body in bodies if isinstance(body, Prevote)), None)
    notice = state.notices.get(evidence.first.seat)
    if ack is None or prevote is None or notice is None:
        return False
    is_early = notice.slot + context.constants.transaction_life_slots <= prevote.round
    return is_early and is_excused(state, evidence.first.seat, ack.round)


def _check_conflict(
    state: State,
    context: Context,
    charge: Charge,
    evidence: VoteEvidence,
    checks: SignatureChecks,
) -> None:
    """An excused ack costs something only if it made a block final beside what is final here."""
    finality, bodies = evidence.finality, (evidence.first.body, evidence.second.body)
    if finality is None:
        raise Invalid(Code.NO_OFFENCE, "a notice of release excuses it")
    signers = get_signers(evidence.entries, finality)
    if finality.body not in bodies or charge.seat not in [entry.seat for entry in signers]:
        raise Invalid(Code.NO_OFFENCE, "the seat's ack is not in the certificate")
    check_certificate(evidence.entries, finality, checks)
    height = finality.body.target_height
    here = get_ancestor(state, context, height)
    if (
        height > get_recorded(state).target_height
        or here is None
        or here.hash == finality.body.target_hash
    ):
        raise Invalid(Code.NO_OFFENCE, "the certificate contradicts nothing that is final here")


def _read_stray_vote(chain: bytes, vote: SignedVote, header: SignedHeader) -> Charge:
    body = vote.body
    if body.chain != chain or body.target_hash != compute_block_hash(encode(header.header)):
        raise Invalid(Code.NO_OFFENCE, "not a vote for this block")
    if header.header.base == body.set:
        raise Invalid(Code.NO_OFFENCE, "the block is of the set that votes")
    return Charge(vote.seat, STRAY, body.set, body.round)


def _check_order(one: bytes, other: bytes) -> None:
    if one >= other:
        raise Invalid(Code.BAD_EVIDENCE, "two different messages, in the order of their bytes")


def _check_list(state: State, charge: Charge, evidence: Evidence) -> SetRecord:
    record = state.set_records.get(charge.set)
    if record is None:
        raise Invalid(Code.WRONG_SET_LIST, "nothing is kept of this set")
    if compute_set_root(evidence.entries) != record.root:
        raise Invalid(Code.WRONG_SET_LIST, "it is not the list of this set")
    return record


def _check_signatures(entry: SetEntry, evidence: Evidence, checks: SignatureChecks) -> None:
    """Either key of the seat may have signed; the header of a stray vote only names its base."""
    match evidence:
        case HeaderEvidence(first, second):
            signed = [
                (get_header_message(encode(item.header)), item.signature)
                for item in (first, second)
            ]
        case StrayVoteEvidence(vote):
            signed = [(get_vote_message(vote.body), vote.signature)]
        case VoteEvidence(first, second):
            signed = [(get_vote_message(item.body), item.signature) for item in (first, second)]
    for message, signature in signed:
        if not any(
            checks.holds(Signed(key, message, signature))
            for key in (entry.vote_key, entry.standby_key)
        ):
            raise Invalid(Code.BAD_EVIDENCE, "a signature does not verify")


def is_bond_locked(state: State, context: Context, seat: AccountId) -> bool:
    """Whether something still answers for the seat."""
    savings = state.savings.get(seat)
    return any(
        deposit.seat_bond not in OWN
        and not (deposit.seat_bond == UNBONDING and deposit.release_step <= context.step)
        for deposit in (savings.deposits if savings else ())
    )


def is_evidence_news(state: State, context: Context, evidence: Evidence) -> bool:
    """Whether a block may carry this evidence, whose signatures were checked."""
    try:
        charge = read_charge(context.chain, evidence)
        _check_list(state, charge, evidence)
    except Invalid:
        return False
    if isinstance(evidence, VoteEvidence) and is_excused_pair(state, context, evidence):
        if evidence.finality is None:
            return False
        charge = charge._replace(kind=RELEASED)
    return not is_accused(state, charge) and is_bond_locked(state, context, charge.seat)


def is_accused(state: State, charge: Charge) -> bool:
    """Whether the seat was accused of that kind in that set already: once is enough to pay for."""
    row = state.accusations.get(charge.set)
    bit = 1 << _KINDS.index(charge.kind)
    return row is not None and any(
        item.seat == charge.seat and item.kinds & bit for item in row.seats
    )


def _accuse(state: State, charge: Charge) -> None:
    row = state.accusations.get(charge.set)
    kinds = {item.seat: item.kinds for item in (row.seats if row is not None else ())}
    kinds[charge.seat] = kinds.get(charge.seat, 0) | 1 << _KINDS.index(charge.kind)
    accused = tuple(Accused(seat, kinds[seat]) for seat in sorted(kinds))
    state.accusations.put(charge.set, Accusations(accused))
