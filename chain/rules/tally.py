"""What blocks put on record, counted while an epoch lasts; its end makes duty and rewards of it.

Whoever calls has checked that what he notes is true and new. Rounds of roll-calls are those that
divide by the window; the last ones of an epoch are not counted, so that everything that belongs to
a round lies in its own epoch.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from msgspec.structs import replace

from chain.certificates import Finality
from chain.header import PRIMARY
from chain.parameters import Constants
from chain.policy import AccountId
from chain.rules.bonded import get_bonded_seats, is_listed
from chain.rules.context import Context
from chain.rules.weights import ONE
from chain.state import State
from chain.tables import CURRENT, Course, EpochTally, Offender, Offenders, SeatTally

HEAD_AGE_SLOTS: Final = 8  # who attends names a head at least so old: all have the same one
SPARE_SLOTS: Final = 4  # between the last window of an epoch that counts, and its end
POINTS_PRIMARY: Final = 2
POINTS_SECONDARY: Final = 1

# An offence of this kind is excused by a notice of release, but for a tenth of its price.
RELEASED: Final = "S4R"
# A row of 512 offenders is 50 kB. More have never all been bonded within the time for evidence,
# unless seats come and go by the day; then those who offended first are forgotten.
OFFENDERS_MAX: Final = 512

_NO_EPOCH_TALLY: Final = EpochTally(
    first_height=0, decided=b"", certificates=0, settled=False, points=0
)
_NO_SEAT_TALLY: Final = SeatTally(
    attended=b"", voted=b"", acks=0, added=0, points=0, waiting=0, served=0
)
_NO_COURSE: Final = Course(
    gain_window=0, gained=0, waiting=0, served=0, owed=0, service_period=0, week=0
)


class Offence(NamedTuple):
    """Something a seat must not have signed, proved by what it signed."""

    seat: AccountId
    kind: str  # S0, S1, S2, S4 or S5; docs/protocol.md, "Epochs"
    set: bytes  # the hand-off block of the set in which it was signed
    round: int
    weight: int  # of the seat in that set
    total_weight: int  # of that set
    reporter: AccountId  # the seat whose block put the evidence on record


def get_place(constants: Constants, epoch: int, vote_round: int) -> int | None:
    """Which of the epoch's counted roll-calls this round is; None: it is none of them."""
    offset = vote_round - epoch * constants.slots_per_epoch
    last = constants.slots_per_epoch - constants.window_slots - SPARE_SLOTS
    if (
        vote_round % constants.window_slots
        or vote_round < HEAD_AGE_SLOTS
        or not 0 <= offset <= last
    ):
        return None
    return offset // constants.window_slots


def get_epoch_tally(state: State) -> EpochTally:
    """What the present epoch has counted so far."""
    return state.epoch_tally.get(CURRENT) or _NO_EPOCH_TALLY


def get_seat_tally(state: State, seat: AccountId) -> SeatTally:
    """What the present epoch has counted of a seat so far."""
    return state.seat_tallies.get(seat) or _NO_SEAT_TALLY


def put_seat_tally(state: State, seat: AccountId, tally: SeatTally) -> None:
    """Keep a seat's tally; one that says nothing is no row."""
    state.seat_tallies.put(seat, None if tally == _NO_SEAT_TALLY else tally)


def get_course(state: State) -> Course:
    """What lasts from epoch to epoch."""
    return state.course.get(CURRENT) or _NO_COURSE


def note_attendance(
    state: State, context: Context, vote_round: int, seats: Sequence[AccountId]
) -> None:
    """These seats' attendance of a roll-call came onto the chain."""
    place = get_place(context.constants, context.epoch, vote_round)
    if place is None:
        return
    for seat in _select_counted(state, seats):
        tally = get_seat_tally(state, seat)
        attended = _set_bit(tally.attended, place)
        state.seat_tallies.put(seat, replace(tally, attended=attended))


def note_finality(
    state: State,
    context: Context,
    finality: Finality,
    signers: Sequence[AccountId],
    recorder: AccountId,
) -> None:
    """A certificate of finality was recorded by the block of ``recorder``."""
    tally = get_epoch_tally(state)
    decided = tally.decided
    window = context.constants.window_slots
    call = finality.body.round - finality.body.round % window
    place = get_place(context.constants, context.epoch, call)
    if place is not None and context.slot <= call + window:
        decided = _set_bit(decided, place)
    state.epoch_tally.put(
        CURRENT,
        replace(
            tally,
            decided=decided,
            certificates=tally.certificates + 1,
            settled=tally.settled or finality.body.target_height >= tally.first_height,
        ),
    )
    _note_acks(state, place, signers, recorder)


def note_late_acks(
    state: State,
    context: Context,
    vote_round: int,
    signers: Sequence[AccountId],
    recorder: AccountId,
) -> None:
    """Acks of a recorded finality came later; they count in the epoch of their round only."""
    constants = context.constants
    if vote_round // constants.slots_per_epoch != context.epoch:
        return
    place = get_place(constants, context.epoch, vote_round - vote_round % constants.window_slots)
    _note_acks(state, place, signers, recorder)


def _note_acks(
    state: State, place: int | None, signers: Sequence[AccountId], recorder: AccountId
) -> None:
    for seat in _select_counted(state, signers):
        tally = get_seat_tally(state, seat)
        voted = tally.voted if place is None else _set_bit(tally.voted, place)
        state.seat_tallies.put(seat, replace(tally, voted=voted, acks=tally.acks + 1))
    some = frozenset(signers)
    entries = state.sets.require(CURRENT).entries
    weight = sum(entry.weight for entry in entries if entry.seat in some)
    tally = get_seat_tally(state, recorder)
    state.seat_tallies.put(recorder, replace(tally, added=tally.added + weight))


def note_block(state: State, _context: Context, seat: AccountId, kind: int) -> None:
    """A seat of the present set made this block."""
    points = POINTS_PRIMARY if kind == PRIMARY else POINTS_SECONDARY
    tally = get_epoch_tally(state)
    state.epoch_tally.put(CURRENT, replace(tally, points=tally.points + points))
    own = get_seat_tally(state, seat)
    state.seat_tallies.put(seat, replace(own, points=own.points + points))


def note_service(state: State, via: AccountId | None) -> None:
    """A member used the free units of a period for the first time, by way of this seat or none."""
    course = get_course(state)
    state.course.put(CURRENT, replace(course, served=course.served + 1))
    if via is not None and is_listed(get_bonded_seats(state), via):
        tally = get_seat_tally(state, via)
        state.seat_tallies.put(via, replace(tally, served=tally.served + 1))


def note_offence(state: State, context: Context, offence: Offence) -> None:
    """Evidence of an offence came onto the chain. It is settled at the epoch's end."""
    row = state.offenders.get(CURRENT) or Offenders(entries=(), pending=False)
    known = {item.seat: item for item in row.entries}
    known[offence.seat] = _add_offence(known.get(offence.seat), context, offence)
    entries = sorted(known.values(), key=lambda item: (item.last_period, item.seat))
    kept = sorted(entries[-OFFENDERS_MAX:], key=lambda item: item.seat)
    state.offenders.put(CURRENT, Offenders(tuple(kept), pending=True))


def _add_offence(known: Offender | None, context: Context, offence: Offence) -> Offender:
    share = ONE * offence.weight // offence.total_weight
    released = offence.kind == RELEASED
    if known is None or context.period >= known.since_period + context.constants.evidence_periods:
        # Within the time for evidence a seat offends once, however often it repeats itself.
        return Offender(
            seat=offence.seat,
            share=share,
            since_period=context.period,
            last_period=context.period,
            reporter=offence.reporter,
            released=released,
            base=0,
            taken=0,
        )
    return replace(
        known,
        share=max(known.share, share),
        last_period=context.period,
        released=known.released and released,
    )


def get_counted_seats(state: State) -> list[AccountId]:
    """Whose tallies are kept: bonded seats and those of the present set, ascending."""
    entries = state.sets.require(CURRENT).entries
    return sorted({*get_bonded_seats(state), *(entry.seat for entry in entries)})


def to_bits(data: bytes) -> int:
    """A row's bits as one number; roll-call i is bit i."""
    return int.from_bytes(data, "little")


def _set_bit(data: bytes, place: int) -> bytes:
    bits = to_bits(data) | 1 << place
    return bits.to_bytes((bits.bit_length() + 7) // 8, "little")


def _select_counted(state: State, seats: Sequence[AccountId]) -> list[AccountId]:
    """Those of the seats that have a tally: nobody else's would ever go again."""
    counted = frozenset(get_counted_seats(state))
    return [seat for seat in seats if seat in counted]
