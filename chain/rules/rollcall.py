"""Roll-calls: every so often each seat says that it is there, and on which head it stands.

Attendance is what duty is made of, so it is open to every bonded seat, whether or not it weighs
anything, and whoever stood on this chain is counted: with a head a few slots old nobody stands
beside it by chance. A producer who leaves somebody out only leaves that to the next one.
"""

from collections.abc import Sequence
from typing import Final

from chain.certificates import pack_bits, select_signers
from chain.checks import SignatureChecks
from chain.crypto import Signed
from chain.errors import Code, Invalid
from chain.header import BlockHash
from chain.policy import AccountId
from chain.records import Attendance, RollCall
from chain.rules.ancestry import find_ancestors
from chain.rules.context import Context
from chain.rules.tally import note_attendance
from chain.state import State
from chain.tables import CURRENT, RollCalled
from chain.votes import Here, SignedHere, get_here_claim

HEAD_AGE_SLOTS: Final = 8  # two blocks that compete for a slot have been told apart by then


def get_roll_round(context: Context) -> int | None:
    """The round whose attendance this block may carry: the last one before its slot, if any."""
    window = context.constants.window_slots
    roll_round = (context.slot - 1) // window * window
    return roll_round if roll_round > 0 else None


def get_attended(state: State, roll_round: int) -> tuple[AccountId, ...]:
    """The seats that the chain has counted in this round, by id."""
    called = state.roll_called.get(CURRENT)
    return called.seats if called is not None and called.round == roll_round else ()


def process_roll_call(
    state: State, context: Context, roll_call: RollCall, checks: SignatureChecks
) -> None:
    """Count who attended. Raises Invalid."""
    roll_round = roll_call.round
    if roll_round != get_roll_round(context):
        raise Invalid(Code.ROLL_CALL_NOT_DUE, f"round {roll_round}")
    heads = [attendance.head_hash for attendance in roll_call.heads]
    if heads != sorted(set(heads)):
        raise Invalid(Code.BAD_ROLL_CALL, "heads out of order")
    _check_heads(state, context, roll_round, heads)
    attended = set(get_attended(state, roll_round))
    news: list[AccountId] = []
    for attendance in roll_call.heads:
        heres = _list_heres(state, context.chain, roll_round, attendance)
        for here in heres:
            if here.body.seat in attended:
                raise Invalid(Code.ALREADY_ATTENDED, here.body.seat.hex())
            if not _is_signed(state, here, checks):
                raise Invalid(Code.BAD_ROLL_CALL, "a signature does not verify")
            attended.add(here.body.seat)
            news.append(here.body.seat)
    state.roll_called.put(CURRENT, RollCalled(roll_round, tuple(sorted(attended))))
    note_attendance(state, context, roll_round, sorted(news))


def _check_heads(
    state: State, context: Context, roll_round: int, heads: Sequence[BlockHash]
) -> None:
    found = find_ancestors(state, context, heads)
    for head in heads:
        if head not in found or found[head].slot > roll_round - HEAD_AGE_SLOTS:
            raise Invalid(Code.HEAD_NOT_ANCESTOR, head.hex())


def get_attendance_claims(state: State, chain: bytes, roll_call: RollCall) -> list[Signed]:
    """What its signatures claim, by the bonded seats as they stand. Raises Invalid."""
    return [
        get_here_claim(here, state.seats.require(here.body.seat).vote_key)
        for attendance in roll_call.heads
        for here in _list_heres(state, chain, roll_call.round, attendance)
    ]


def _list_heres(
    state: State, chain: bytes, roll_round: int, attendance: Attendance
) -> list[SignedHere]:
    """What the seats on one head have signed. Raises Invalid when the form is wrong."""
    bonded = state.bonded_seats.require(CURRENT).seats
    try:
        signers = select_signers(bonded, attendance.bits, attendance.signatures)
    except Invalid as error:
        raise Invalid(Code.BAD_ROLL_CALL, error.detail) from error
    if not signers:
        raise Invalid(Code.BAD_ROLL_CALL, "a head without seats")
    return [
        SignedHere(Here(chain, seat, roll_round, attendance.head_hash), signature)
        for seat, signature in zip(signers, attendance.signatures, strict=True)
    ]


def _is_signed(state: State, here: SignedHere, checks: SignatureChecks) -> bool:
    vote_key = state.seats.require(here.body.seat).vote_key
    return checks.holds(get_here_claim(here, vote_key))


def build_roll_call(
    state: State, context: Context, heres: Sequence[SignedHere], checks: SignatureChecks
) -> RollCall | None:
    """Of these, those that the block may carry; None: none of them.

    Call it on the state after the block's opening, which may have changed a seat's key.
    """
    roll_round = get_roll_round(context)
    if roll_round is None:
        return None
    bonded = state.bonded_seats.require(CURRENT).seats
    attended = get_attended(state, roll_round)
    heard = {
        here.body.seat: here
        for here in heres
        if here.body.round == roll_round and here.body.chain == context.chain
    }
    due = [
        heard[seat]
        for seat in bonded
        if seat in heard and seat not in attended and _is_signed(state, heard[seat], checks)
    ]
    places = find_ancestors(state, context, {here.body.head_hash for here in due})
    heads = sorted(head for head in places if places[head].slot <= roll_round - HEAD_AGE_SLOTS)
    groups = []
    for head in heads:
        standing = {here.body.seat: here for here in due if here.body.head_hash == head}
        bits = pack_bits([seat in standing for seat in bonded])
        signatures = [standing[seat].signature for seat in bonded if seat in standing]
        groups.append(Attendance(head, bits, tuple(signatures)))
    return RollCall(roll_round, tuple(groups)) if groups else None
