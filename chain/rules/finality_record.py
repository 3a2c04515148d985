"""What a block records of finality: a certificate of acks, and acks that came after it.

Recorded finality is what the chain itself builds on: references of transactions, hand-offs, and
what is owed to seats. A record that could mislead any of them makes its block invalid; a producer
who knows none, or holds it back, only loses his share.
"""

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from chain.certificates import (
    Finality,
    check_certificate,
    get_certificate_claims,
    get_signers,
    pack_bits,
    select_signers,
)
from chain.checks import SignatureChecks
from chain.codec import Bytes16
from chain.crypto import Signed
from chain.errors import Code, Invalid
from chain.facts import Finalised
from chain.policy import AccountId
from chain.records import FinalityRecord, LateAcks
from chain.rules.ancestry import Place, get_ancestor
from chain.rules.context import Context
from chain.rules.seats import release_leavers
from chain.rules.sets import find_set, get_recorded, is_handoff_recorded
from chain.rules.tally import note_finality, note_late_acks
from chain.state import State
from chain.tables import CURRENT, PREVIOUS, Anchor, Recorded, RecordedRound, SeatSet
from chain.votes import Ack, SignedVote, get_vote_message

# A record costs a signature a seat: so many blocks of a set of at most so many seats share one.
_BLOCKS_PER_RECORD: Final = ((16, 8), (64, 32))
_BLOCKS_PER_RECORD_MOST: Final = 64


def get_record_interval(seats: int) -> int:
    """Of the heights of a set of so many seats, one in this many may record finality."""
    for limit, interval in _BLOCKS_PER_RECORD:
        if seats <= limit:
            return interval
    return _BLOCKS_PER_RECORD_MOST


def may_record_finality(state: State, context: Context) -> bool:
    """Whether this block is one of those that may; call it once the block's set has begun."""
    seats = len(state.sets.require(CURRENT).entries)
    return context.begins_epoch or context.height % get_record_interval(seats) == 0


def process_finality(
    state: State,
    context: Context,
    record: FinalityRecord,
    recorder: AccountId,
    checks: SignatureChecks,
) -> None:
    """Record a final block. Raises Invalid on what may not be recorded here."""
    finality = record.finality
    seat_set, target = find_target(state, context, finality)
    _check_justification(seat_set, record, is_handoff=_is_handoff(state, finality), checks=checks)
    check_certificate(seat_set.entries, finality, checks)
    is_news = not is_handoff_recorded(state)
    _put_record(state, context, finality, target)
    if is_news and is_handoff_recorded(state):
        release_leavers(state, context, state.sets.require(CURRENT).base_slot)
    signers = [entry.seat for entry in get_signers(seat_set.entries, finality)]
    note_finality(state, context, finality, signers, recorder)
    body = finality.body
    state.facts.append(Finalised(target.height, target.hash, target.slot, body.round, body.level))


def find_target(state: State, context: Context, finality: Finality) -> tuple[SeatSet, Place]:
    """The set that voted and the block that it made final, if this block may record that.

    All but the certificate's seats and signatures is checked. Raises Invalid.
    """
    if not may_record_finality(state, context):
        raise Invalid(Code.FINALITY_NOT_DUE, f"height {context.height}")
    body = finality.body
    current = state.sets.require(CURRENT)
    seat_set = find_set(state, body.set)
    if (
        body.chain != context.chain
        or seat_set is None
        or (seat_set.base != current.base and is_handoff_recorded(state))
    ):
        raise Invalid(Code.WRONG_FINALITY_SET, body.set.hex())
    target = _find_place(state, context, current, body)
    last_slot = current.base_slot if seat_set.base != current.base else context.parent_slot
    if target is None or not seat_set.base_slot < target.slot <= last_slot:
        raise Invalid(Code.TARGET_NOT_ANCESTOR, body.target_hash.hex())
    recorded = get_recorded(state)
    if target.height <= recorded.target_height:
        raise Invalid(
            Code.FINALITY_NOT_HIGHER,
            f"height {target.height}, the last was {recorded.target_height}",
        )
    return seat_set, target


def _find_place(state: State, context: Context, current: SeatSet, body: Ack) -> Place | None:
    """The target on this chain. A hand-off may be older than what is remembered of ancestors."""
    if body.target_hash == current.base:
        return Place(current.base, body.target_height, current.base_slot)
    place = get_ancestor(state, context, body.target_height)
    return place if place is not None and place.hash == body.target_hash else None


def _is_handoff(state: State, finality: Finality) -> bool:
    """Whether the final block handed over. Of the blocks of two sets only one has: the base."""
    return finality.body.target_hash == state.sets.require(CURRENT).base


def _check_justification(
    seat_set: SeatSet, record: FinalityRecord, *, is_handoff: bool, checks: SignatureChecks
) -> None:
    """Acks alone convince, but only with the prevotes below them do they accuse."""
    justification = record.justification
    if (justification is not None) != is_handoff:
        raise Invalid(Code.WRONG_JUSTIFICATION, "one belongs to a hand-off, and to nothing else")
    if justification is None:
        return
    body, ack = justification.body, record.finality.body
    claimed = Ack(
        body.chain, body.set, body.round, body.level, body.target_hash, body.target_height
    )
    if claimed != ack:
        raise Invalid(Code.WRONG_JUSTIFICATION, "it is of another block, round or level")
    check_certificate(seat_set.entries, justification, checks)


def get_finality_claims(state: State, record: FinalityRecord) -> list[Signed]:
    """What its signatures claim, if the set is one of the two that are kept. Raises Invalid."""
    seat_set = find_set(state, record.finality.body.set)
    if seat_set is None:
        return []
    return [
        claim
        for certificate in (record.justification, record.finality)
        if certificate is not None
        for claim in get_certificate_claims(seat_set.entries, certificate)
    ]


def _put_record(state: State, context: Context, finality: Finality, target: Place) -> None:
    body = finality.body
    recorded = state.recorded.require(CURRENT)
    fresh = [item for item in recorded.rounds if not _is_late(context, item.round)]
    fresh = fresh or [recorded.rounds[-1]]  # so that there is always one before the newest
    newest = RecordedRound(
        set=body.set,
        round=body.round,
        level=body.level,
        target_hash=target.hash,
        target_height=target.height,
        target_slot=target.slot,
        bits=finality.bits,
    )
    _add_anchor(state, recorded.rounds[-1], newest)
    for item in recorded.rounds:
        if item not in fresh:
            _change_anchor(state, item, left_slot=context.slot)
    oldest = _forget_anchors(state, context, recorded.oldest_anchor)
    state.recorded.put(CURRENT, replace(recorded, rounds=(*fresh, newest), oldest_anchor=oldest))


def _add_anchor(state: State, before: RecordedRound, newest: RecordedRound) -> None:
    """Let transactions refer to what was made final."""
    key = newest.target_hash[:16]
    _change_anchor(state, before, following=key)
    state.anchors.put(key, Anchor(following=None, left_slot=None))


def _change_anchor(state: State, item: RecordedRound, **changes: bytes | int) -> None:
    key = item.target_hash[:16]
    state.anchors.put(key, replace(state.anchors.require(key), **changes))


def _forget_anchors(state: State, context: Context, oldest: bytes) -> bytes:
    """Forget the oldest anchors. Returns the oldest left.

    Wallets are told to refer to one of the rounds kept. So an anchor lasts as long after it left
    them as a transaction may live: however long finality stood still, and in however many steps it
    goes on, whoever referred to it while he was told to has as much time as anybody.
    """
    last_slot = context.slot - context.constants.transaction_life_slots
    while True:
        anchor = state.anchors.require(oldest)
        if anchor.left_slot is None or anchor.left_slot >= last_slot:
            return oldest
        assert anchor.following is not None, "what left the rounds was followed by another"
        state.anchors.put(oldest, None)
        oldest = anchor.following


def _is_late(context: Context, vote_round: int) -> bool:
    """Whether acks of this round come too late to be counted."""
    return context.slot > vote_round + context.constants.window_slots


def process_late_acks(
    state: State,
    context: Context,
    late: LateAcks,
    recorder: AccountId,
    checks: SignatureChecks,
) -> None:
    """Count acks of a recorded round that its certificate lacks. Raises Invalid."""
    recorded = state.recorded.require(CURRENT)
    place = _find_round(state, context, late.round)
    if place is None:
        raise Invalid(Code.LATE_ACKS_NOT_DUE, f"round {late.round}")
    item = recorded.rounds[place]
    seat_set = find_set(state, item.set)
    assert seat_set is not None, "a round that may be added to is of one of the two sets kept"
    signers = select_signers(seat_set.entries, late.bits, late.signatures)
    if not signers:
        raise Invalid(Code.BAD_CERTIFICATE, "no acks")
    if any(mine & others for mine, others in zip(late.bits, item.bits, strict=True)):
        raise Invalid(Code.ACKS_COUNTED)
    message = get_vote_message(_get_ack(context, item))
    for entry, signature in zip(signers, late.signatures, strict=True):
        if not checks.holds(Signed(entry.vote_key, message, signature)):
            raise Invalid(Code.BAD_CERTIFICATE, "a signature does not verify")
    bits = bytes(mine | others for mine, others in zip(late.bits, item.bits, strict=True))
    rounds = list(recorded.rounds)
    rounds[place] = replace(item, bits=bits)
    state.recorded.put(CURRENT, replace(recorded, rounds=tuple(rounds)))
    note_late_acks(state, context, late.round, [entry.seat for entry in signers], recorder)


def build_late_acks(state: State, context: Context, acks: Sequence[SignedVote]) -> LateAcks | None:
    """Of these acks, whose signatures were checked, those of one round that a block may add.

    The newest round comes first; None: nothing can be added.
    """
    recorded = state.recorded.require(CURRENT)
    for vote_round in sorted({vote.body.round for vote in acks}, reverse=True):
        place = _find_round(state, context, vote_round)
        if place is None:
            continue
        item = recorded.rounds[place]
        seat_set, ack = find_set(state, item.set), _get_ack(context, item)
        assert seat_set is not None, "a round that may be added to is of one of the two sets kept"
        signatures = {vote.seat: vote.signature for vote in acks if vote.body == ack}
        news = [
            entry.seat in signatures and not item.bits[index // 8] >> index % 8 & 1
            for index, entry in enumerate(seat_set.entries)
        ]
        if any(news):
            chosen = [
                signatures[entry.seat]
                for entry, is_new in zip(seat_set.entries, news, strict=True)
                if is_new
            ]
            return LateAcks(vote_round, pack_bits(news), tuple(chosen))
    return None


def _find_round(state: State, context: Context, vote_round: int) -> int | None:
    """The place of a recorded round that acks may still be added to; the newest of that number."""
    rounds = state.recorded.require(CURRENT).rounds
    for place in reversed(range(len(rounds))):
        if rounds[place].round == vote_round:
            is_open = rounds[place].bits and not _is_late(context, vote_round)
            return place if is_open and find_set(state, rounds[place].set) else None
    return None


def _get_ack(context: Context, item: RecordedRound) -> Ack:
    return Ack(
        context.chain, item.set, item.round, item.level, item.target_hash, item.target_height
    )


def get_lasting_ref(state: State) -> Bytes16:
    """What a transaction of today should refer to, so that it is good on every branch.

    Of the anchors recorded lately the oldest, but for the genesis never the newest: the block that
    recorded it is most likely final too, while a newer record may lie on a branch that goes, and
    another branch may never repeat it.
    """
    return state.recorded.require(CURRENT).rounds[0].target_hash[:16]


def found_record(state: State, chain: bytes) -> None:
    """Write down that the genesis is final."""
    state.anchors.put(chain[:16], Anchor(following=None, left_slot=None))
    first = RecordedRound(
        set=chain, round=0, level=0, target_hash=chain, target_height=0, target_slot=0, bits=b""
    )
    state.recorded.put(CURRENT, Recorded((first,), chain[:16], chain))


def get_previous_set(state: State) -> SeatSet | None:
    """The set before the present one, while its list is kept."""
    return state.sets.get(PREVIOUS)
