"""The members' numbers, and their share of demurrage, by the second ledger; docs/protocol.md."""

from typing import Any

from tests.vectors.hashing import u32, u64

Row = list[Any]
Rows = dict[bytes, Row]
CURRENT = b"current"
ACTIVE, CLAIMS = 8, 10  # places in the row of money
CHUNK = 512


def number_person(rows: Rows, tag: bytes) -> int:
    """The number of a person who comes for the first time."""
    assembly = rows.setdefault(b"w" + CURRENT, [0, 0, [], [], []])
    number: int = assembly[0]
    assembly[0] += 1
    rows.setdefault(b"7" + u32(number // CHUNK), [[]])[0].append(tag)
    return number


def note_active(rows: Rows, period: int, number: int) -> None:
    """A person has used free units for the first time in a period."""
    key = b"8" + u64(period)
    if key not in rows:
        rows[b"w" + CURRENT][4] = [*rows[b"w" + CURRENT][4], period]
        rows[key] = [b"", 0]
    size = max(len(rows[key][0]), number // 8 + 1)
    bits = int.from_bytes(rows[key][0], "little") | 1 << number
    rows[key][0] = bits.to_bytes(size, "little")


def take_share(rows: Rows, person: Row, period: int) -> int:
    """What a person gets of the last period in which he was active; once."""
    row = rows.get(b"8" + u64(person[1]))
    bits = int.from_bytes(row[0], "little") if row else 0
    if row is None or person[1] == period or not row[1] or not bits >> person[3] & 1:
        return 0
    row[0] = (bits ^ 1 << person[3]).to_bytes(len(row[0]), "little")
    rows[b"m" + CURRENT][CLAIMS] -= row[1]
    share: int = row[1]
    return share


def share_out(rows: Rows, ended: int, period: int) -> None:
    """Divide the fund of a period that is over; take back what was not claimed in 28."""
    if ended == period:
        return
    money = rows[b"m" + CURRENT]
    for item in rows[b"w" + CURRENT][4]:
        row = rows.get(b"8" + u64(item))
        if item == ended and row is not None:
            heads = int.from_bytes(row[0], "little").bit_count()
            row[1] = money[ACTIVE] // heads
            money[ACTIVE] -= row[1] * heads
            money[CLAIMS] += row[1] * heads
            if not row[1]:
                del rows[b"8" + u64(item)]
        row = rows.get(b"8" + u64(item))
        if item <= period - 28 and row is not None:
            left = row[1] * int.from_bytes(row[0], "little").bit_count()
            money[ACTIVE] += left
            money[CLAIMS] -= left
            del rows[b"8" + u64(item)]
    rows[b"w" + CURRENT][4] = [item for item in rows[b"w" + CURRENT][4] if b"8" + u64(item) in rows]
