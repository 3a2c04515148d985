"""What an epoch counts, by the second ledger: plain lists in a dictionary, as docs/protocol.md."""

from collections.abc import Callable
from fractions import Fraction
from math import isqrt
from typing import Any

from tests.vectors.hashing import u32

Row = list[Any]
Rows = dict[bytes, Row]
CURRENT = b"current"
PERSON = 6  # a place in a row of the table of accounts
MOST = 2**63 - 1
ONE = 1_000_000
NOTHING: Row = [b"", b"", 0, 0, 0, 0, 0]  # the tally of a seat of which nothing was counted


def get_bonded(rows: Rows) -> list[bytes]:
    """The bonded seats, by id."""
    seats: list[bytes] = rows[b"B" + CURRENT][0]
    return seats


def change_bonded(rows: Rows, seat: bytes, *, is_bonded: bool) -> None:
    """Put a seat among the bonded ones, or take it out with all that is counted of it."""
    others = [item for item in get_bonded(rows) if item != seat]
    rows[b"B" + CURRENT] = [sorted([*others, seat]) if is_bonded else others]
    if is_bonded:
        return
    rows[b"s" + seat][5:8] = [0, 0, 0]
    if all(entry[0] != seat for entry in rows[b"v" + CURRENT][2]):
        rows.pop(b"D" + seat, None)
    for customer in rows.pop(b"U" + seat, [[]])[0]:
        del rows[b"P" + seat + customer]


def note_service(rows: Rows, via: bytes | None) -> None:
    """A member has used free units for the first time in a period."""
    rows.setdefault(b"Q" + CURRENT, [0] * 7)[3] += 1
    if via in get_bonded(rows):
        rows.setdefault(b"D" + via, [b"", b"", 0, 0, 0, 0, 0])[6] += 1


def note_payment(
    rows: Rows,
    week: int,
    pair: tuple[bytes, bytes],
    amount: int,
    is_identified: Callable[[bytes], bool],
) -> None:
    """Somebody has paid somebody, in a week of seven periods."""
    payer, receiver = pair
    tag = rows[b"a" + payer][PERSON]
    if tag is not None:
        person = rows[b"p" + u32(0) + tag]
        spent = _pass_weeks(person[5] or [0], week - person[4])
        spent[0] = min(MOST, spent[0] + amount)
        person[4], person[5] = week, spent
        if receiver in get_bonded(rows) and is_identified(payer):
            _note_trade(rows, week, receiver, payer, amount)
    if payer in get_bonded(rows) and is_identified(receiver):
        _note_trade(rows, week, payer, receiver, -amount)


def _note_trade(rows: Rows, week: int, owner: bytes, customer: bytes, amount: int) -> None:
    pair = rows.get(b"P" + owner + customer)
    if pair is None:
        customers = rows.setdefault(b"U" + owner, [[], 0])[0]
        if len(customers) == 128:
            return
        customers.append(customer)
        pair = rows[b"P" + owner + customer] = [week, [0], 0]
    nets = _pass_weeks(pair[1], week - pair[0])
    nets[0] = max(-MOST, min(MOST, nets[0] + amount))
    paid = (pair[2] << min(week - pair[0], 5)) % 32
    pair[:] = [week, nets, paid | 1 if amount > 0 else paid]


def _pass_weeks(amounts: list[int], weeks: int) -> list[int]:
    return ([0] * min(weeks, 5) + amounts)[:5]


def count_roll_calls(rows: Rows) -> tuple[int, dict[bytes, int]]:
    """How many roll-calls of the epoch teach, and how many of them each seat delivered."""
    tally = rows.get(b"T" + CURRENT, [0, b"", 0, False, 0])
    members = {entry[0]: entry[4] for entry in rows[b"v" + CURRENT][2]}
    whole = sum(members.values())
    seats = [*get_bonded(rows), *members]
    tallies = {seat: rows.get(b"D" + seat, NOTHING) for seat in seats}
    expected, delivered = 0, dict.fromkeys(seats, 0)
    for place in range(8 * max(len(item[0]) for item in [*tallies.values(), [tally[1]]])):
        decided = _has(tally[1], place)
        here = {seat for seat, item in tallies.items() if _has(item[0], place)}
        present = sum(weight for seat, weight in members.items() if seat in here)
        if not decided and Fraction(present, whole) < Fraction(11, 20):
            continue
        expected += 1
        for seat in here:
            if not decided or seat not in members or _has(tallies[seat][1], place):
                delivered[seat] += 1
    return expected, delivered


def change_standings(rows: Rows, constants: dict[str, Any], epoch: int) -> None:
    """Duty, peak and what is held, of all bonded seats."""
    expected, delivered = count_roll_calls(rows)
    if not expected:
        return
    for seat in get_bonded(rows):
        row = rows[b"s" + seat]
        row[5] += ONE * delivered[seat] // expected // 8 - row[5] // 8
        row[6] = max(row[5], row[6] - row[6] // 256)
    course = rows.setdefault(b"Q" + CURRENT, [0] * 7)
    window = epoch // constants["gain_window_epochs"]
    before = course[1] if course[0] == window else 0
    raws = {seat: compute_raw(rows, constants, seat) for seat in get_bonded(rows)}
    held = sum(rows[b"s" + seat][7] for seat in raws)
    wanted = {seat: max(0, raw - rows[b"s" + seat][7]) for seat, raw in raws.items()}
    most = min(held // 16, max(0, held // 4 - before))
    if held and sum(wanted.values()) > most:
        whole = sum(wanted.values())
        wanted = {seat: gain * most // whole for seat, gain in wanted.items()}
    course[0:2] = [window, before + sum(wanted.values())]
    for seat, raw in raws.items():
        row = rows[b"s" + seat]
        row[7] = max(min(raw, row[7]) + wanted[seat], row[7] - row[7] // 256)


def compute_raw(rows: Rows, constants: dict[str, Any], seat: bytes) -> int:
    """What a seat would weigh without limits; nothing is owed in these tests."""
    row, least = rows[b"s" + seat], constants["bond_min"]
    effective = max(row[5], row[6] // 2)
    if row[4] < least or effective < ONE // 4:
        return 0
    stake = isqrt(min(row[4], 16 * least) * ONE * ONE // least)
    activity: int = rows.get(b"U" + seat, [[], 0])[1]
    raw: int = stake * (effective * effective // ONE) // ONE * (ONE + activity) // ONE
    return raw


def pay_rewards(rows: Rows, parameters: dict[str, Any], period: int) -> dict[bytes, int]:
    """Move what the operators' fund gives; answers what each owner gets."""
    tally = rows.get(b"T" + CURRENT, [0, b"", 0, False, 0])
    money, course = rows[b"m" + CURRENT], rows.setdefault(b"Q" + CURRENT, [0] * 7)
    budget = (money[7] - course[4]) // parameters["reward_epochs"]
    votes, blocks, service, archive = (
        budget * points // 10_000 for points in parameters["reward_shares"]
    )
    members = {entry[0]: entry[4] for entry in rows[b"v" + CURRENT][2]}
    tallies = {seat: rows.get(b"D" + seat, NOTHING) for seat in [*get_bonded(rows), *members]}
    got = dict.fromkeys(get_bonded(rows), 0)
    spent = archive
    if tally[2]:
        spent += votes
        whole = tally[2] * sum(members.values())
        added = max(whole, sum(item[3] for item in tallies.values()))
        for seat in got:
            item = tallies[seat]
            got[seat] += votes * 7 * members.get(seat, 0) * item[2] // (8 * whole)
            got[seat] += votes * item[3] // (8 * added)
    if tally[3] and course[2]:
        spent += blocks
        for seat in got:
            got[seat] += blocks * tallies[seat][5] // course[2]
    course[2] = tally[4] + (0 if tally[3] else course[2])
    course[4] += service
    if course[5] < period:
        spent += course[4]
        for seat in got:
            got[seat] += course[4] * tallies[seat][6] // max(1, course[3])
        course[3:6] = [0, 0, period]
    money[7] -= spent
    money[6] += spent - sum(got.values())
    return got


def begin_tallies(rows: Rows, height: int, *, is_paid: bool) -> None:
    """The tallies of the next epoch; ``is_paid``: service was."""
    is_settled = rows.get(b"T" + CURRENT, [0, b"", 0, False, 0])[3]
    members = {entry[0] for entry in rows[b"v" + CURRENT][2]}
    for seat in {*get_bonded(rows), *members}:
        item = rows.pop(b"D" + seat, NOTHING)
        waiting = item[4] + (0 if is_settled else item[5])
        served = 0 if is_paid else item[6]
        if seat in get_bonded(rows) and (waiting or served):
            rows[b"D" + seat] = [b"", b"", 0, 0, 0, waiting, served]
    rows[b"T" + CURRENT] = [height, b"", 0, False, 0]


def forget_customers(rows: Rows, week: int) -> None:
    """At a week's first boundary: who has not traded with an owner for four weeks is gone."""
    course = rows.setdefault(b"Q" + CURRENT, [0] * 7)
    if course[6] == week:
        return
    course[6] = week
    for seat in get_bonded(rows):
        people = rows.get(b"U" + seat, [[]])[0]
        for customer in list(people):
            at, nets, paid = rows[b"P" + seat + customer]
            passed = min(week - at, 5)
            if not any(_pass_weeks(nets, passed)) and not (paid << passed) % 32:
                del rows[b"P" + seat + customer]
                people.remove(customer)
        if not people:
            rows.pop(b"U" + seat, None)


def _has(bits: bytes, place: int) -> bool:
    return place // 8 < len(bits) and bool(bits[place // 8] >> place % 8 & 1)


class Recorder:
    """What one block's records count, for the seats that are bonded or of the present set."""

    def __init__(self, rows: Rows, constants: dict[str, Any], slot: int, author: bytes) -> None:
        self.rows, self.constants = rows, constants
        self.slot, self.author = slot, author
        self.members = {entry[0]: entry[4] for entry in rows[b"v" + CURRENT][2]}
        self.counted = {*get_bonded(rows), *self.members}

    def note_block(self, kind: int) -> None:
        """The author made it: a primary, or a secondary."""
        points = 1 if kind else 2
        self._get_tally()[4] += points
        self._get(self.author)[4] += points

    def note_attendance(self, vote_round: int, seats: set[bytes]) -> None:
        """These attended a roll-call."""
        for seat in seats & self.counted:
            self._mark(self._get(seat), 0, vote_round)
            if self._get(seat) == NOTHING:  # the roll-call was none of those that count
                del self.rows[b"D" + seat]

    def note_finality(self, vote_round: int, height: int, bits: bytes) -> None:
        """A block of this height is final by the acks of these members."""
        tally, window = self._get_tally(), self.constants["window_slots"]
        call = vote_round - vote_round % window
        if self.slot <= call + window:
            self._mark(tally, 1, call)
        tally[2] += 1
        tally[3] = tally[3] or height >= tally[0]
        self._note_acks(call, bits)

    def note_late_acks(self, vote_round: int, bits: bytes) -> None:
        """Acks of these members came after their finality."""
        epoch_slots = self.constants["slots_per_epoch"]
        if vote_round // epoch_slots == self.slot // epoch_slots:
            self._note_acks(vote_round - vote_round % self.constants["window_slots"], bits)

    def _note_acks(self, call: int, bits: bytes) -> None:
        signers = [seat for place, seat in enumerate(self.members) if _has(bits, place)]
        for seat in signers:
            self._get(seat)[2] += 1
            self._mark(self._get(seat), 1, call)
        self._get(self.author)[3] += sum(self.members[seat] for seat in signers)

    def _mark(self, row: Row, field: int, vote_round: int) -> None:
        """Set the bit of a counted roll-call of this epoch."""
        window, epoch_slots = self.constants["window_slots"], self.constants["slots_per_epoch"]
        offset = vote_round - self.slot // epoch_slots * epoch_slots
        if vote_round % window or vote_round < 8 or not 0 <= offset <= epoch_slots - window - 4:
            return
        bits = bytearray(row[field].ljust(offset // window // 8 + 1, b"\0"))
        bits[offset // window // 8] |= 1 << offset // window % 8
        row[field] = bytes(bits)

    def _get(self, seat: bytes) -> Row:
        return self.rows.setdefault(b"D" + seat, list(NOTHING))

    def _get_tally(self) -> Row:
        return self.rows.setdefault(b"T" + CURRENT, [0, b"", 0, False, 0])
