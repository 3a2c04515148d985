"""What an epoch counts, by the second ledger: plain lists in a dictionary, as docs/protocol.md."""

from typing import Any

from tests.vectors.hashing import u32

Row = list[Any]
Rows = dict[bytes, Row]
CURRENT = b"current"
MOST = 2**63 - 1


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


def note_payment(rows: Rows, slot: int, week: int, pair: tuple[bytes, bytes], amount: int) -> None:
    """Somebody has paid somebody, in a week of seven periods."""
    payer, receiver = pair
    person = _get_person(rows, payer, slot)
    if person is not None:
        spent = _pass_weeks(person[5] or [0], week - person[4])
        spent[0] = min(MOST, spent[0] + amount)
        person[4], person[5] = week, spent
        if receiver in get_bonded(rows):
            _note_trade(rows, week, receiver, payer, amount)
    if payer in get_bonded(rows) and _get_person(rows, receiver, slot) is not None:
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


def _get_person(rows: Rows, account: bytes, slot: int) -> Row | None:
    """The person behind an account, while identified."""
    row = rows.get(b"a" + account)
    person = rows[b"p" + u32(0) + row[6]] if row is not None and row[6] is not None else None
    return person if person is not None and slot < person[1] else None


def _pass_weeks(amounts: list[int], weeks: int) -> list[int]:
    return ([0] * min(weeks, 5) + amounts)[:5]
