"""Identity, keys and names in the second ledger, written from docs/protocol.md, section 7.

Functions over the rows of a replica; whatever is asked of a person is worked out from attestations
when it is asked.
"""

from typing import Any, Protocol

from tests.vectors.credit import Credit
from tests.vectors.hashing import h, u32
from tests.vectors.packing import pack
from tests.vectors.sharing import number_person

Row = list[Any]
# Places in a row of the table of accounts.
POLICY, BALANCE, PERSON = 0, 2, 6
# What each sign of a name is taken for; as docs/protocol.md prints it.
LOOKS_LIKE = {
    "a": "аәӑ", "b": "вьъ", "c": "сҫ", "e": "еёӗє", "f": "ғ", "h": "һнңҥ", "j": "ј", "k": "кқҡ",
    "l": "1iії", "n": "п", "o": "0оөӧ", "p": "р", "r": "гґ", "s": "5", "t": "т", "u": "иӥйцv",
    "x": "х", "y": "уўүұӳ", "2": "z", "3": "зҙӟ", "4": "чӵ", "6": "б", "ж": "җӝ", "л": "д",
    "bl": "ыӹ", "cl": "dԁ", "lo": "ю", "rn": "mм", "uu": "wшщԝ",
}  # fmt: skip
SEEN_AS = {sign: seen for seen, signs in LOOKS_LIKE.items() for sign in signs}


class Rows(Protocol):
    """What these functions ask of a replica."""

    rows: dict[bytes, Row]
    constants: dict[str, Any]
    parameters: dict[str, Any]
    fees: int
    born: int
    credit: Credit

    def touch(self, account: bytes, slot: int) -> Row:
        """Bring an account up to a slot."""
        ...

    def get_step(self, slot: int) -> int:
        """The step of a slot."""
        ...


def get_identified_until(replica: Rows, tag: bytes) -> int:
    """The slot until which a person of the home group is identified."""
    person = replica.rows.get(b"p" + u32(0) + tag)
    if person is None or replica.rows[b"a" + person[0]][PERSON] != tag:
        return 0
    period = replica.constants["slots_per_period"]
    ends = []
    for authority in replica.rows[b"x" + u32(0)][0]:
        said = replica.rows.get(b"t" + person[0] + authority)
        if said is None or said[3] != tag or said[6] != -1 or said[0] != "person":
            continue
        retired = replica.rows[b"u" + authority][3]
        runout = retired + replica.parameters["retire_runout_periods"] * period
        ends.append(said[5] if retired == -1 else min(said[5], runout))
    needed = replica.parameters["identity_threshold"]
    if len(ends) < needed:
        return 0
    grace: int = replica.parameters["attest_grace_periods"] * period
    return int(sorted(ends)[-needed]) + grace


def is_identified(replica: Rows, slot: int, account: bytes) -> bool:
    """Whether somebody identified is behind an account."""
    row = replica.rows.get(b"a" + account)
    return bool(row and row[PERSON] and slot < get_identified_until(replica, row[PERSON]))


def act(replica: Rows, slot: int, account: bytes, action: list[Any]) -> None:  # noqa: C901 - a table
    """Do what an action of identity, keys or names does; it is a good one."""
    period_slots = replica.constants["slots_per_period"]
    match action:
        case [7, guardians, delay, cancels]:
            guard = None if guardians is None else [guardians, delay, cancels]
            row = replica.rows.setdefault(b"y" + account, [None, None, -1, 0, [], None, -1])
            present = row[1] if 0 <= row[2] <= slot else row[0]
            if present is None:
                row[:3] = [guard, None, -1]
            else:
                row[:3] = [present, guard, slot + present[1] * period_slots]
        case [8, subject, _, _, policy, _]:
            row, bond = replica.rows[b"y" + subject], replica.constants["recovery_bond"]
            guard = row[1] if 0 <= row[2] <= slot else row[0]
            replica.rows[b"a" + account][BALANCE] -= bond
            row[3] += 1
            row[5] = [guard, policy, account, bond, slot + guard[1] * period_slots]
        case [9]:
            row, period = replica.rows[b"y" + account], slot // period_slots
            row[4] = [*(item for item in row[4] if item > period - 90), period]
            replica.fees += row[5][3]
            row[5] = None
        case [10, subject]:
            row = replica.rows[b"y" + subject]
            guard, policy, lender, bond, _ = row[5]
            replica.rows[b"a" + subject][POLICY] = policy
            row[:3] = [guard, None, -1]
            row[5:] = [None, slot]
            replica.touch(lender, slot)[BALANCE] += bond
        case [15, name, _]:
            _take_name(replica, slot, account, name)
        case [16]:
            _release(replica, slot, account)
        case [30, *_]:
            _attest(replica, slot, account, action)
        case [31, subject, commitment, until]:
            said = replica.rows[b"t" + subject + account]
            said[2], said[5] = commitment, until
        case [32, subject]:
            said = replica.rows[b"t" + subject + account]
            if said[0] == "person" and slot < get_identified_until(replica, said[3]):
                _count(replica, slot, account, 2)
            replica.rows[b"u" + account][4] -= 1
            said[6] = slot


def _attest(replica: Rows, slot: int, authority: bytes, action: list[Any]) -> None:
    _, subject, kind, jurisdiction, commitment, tag, until = action
    key, old = b"p" + u32(0) + tag, replica.rows.get(b"t" + subject + authority)
    if kind == "person":
        person = replica.rows.get(key)
        if person is not None and person[0] != subject:
            before = replica.rows[b"a" + person[0]]
            if before[PERSON] == tag:
                own = replica.rows.pop(b"t" + person[0] + authority, None)
                replica.rows[b"u" + authority][4] -= own is not None and own[6] == -1
                before[PERSON] = None
            new = True
        else:
            again = old is not None and old[3] == tag
            new = not again and slot >= get_identified_until(replica, tag)
        if b"a" + subject not in replica.rows:
            step = replica.get_step(slot)
            replica.rows[b"a" + subject] = [None, 0, 0, step, -1, 0, None, 0, 0]
            replica.born += 1
        replica.rows[b"a" + subject][PERSON] = tag
        if person is None:
            person = [subject, 0, 0, number_person(replica.rows, tag), 0, []]
            replica.credit.bear(tag)
        replica.rows[key] = [subject, *person[1:]]
        if new:
            _count(replica, slot, authority, 1)
    replica.rows[b"u" + authority][4] += old is None or old[6] != -1
    replica.rows[b"t" + subject + authority] = [
        kind, jurisdiction, commitment, tag, slot, until, -1
    ]  # fmt: skip


def _count(replica: Rows, slot: int, authority: bytes, place: int) -> None:
    """Note one more of those that an authority makes (1) or revokes (2) in this period."""
    period, row = slot // replica.constants["slots_per_period"], replica.rows[b"u" + authority]
    row[5] = [item for item in row[5] if item[0] > period - 28]
    if not row[5] or row[5][-1][0] != period:
        row[5].append([period, 0, 0])
    row[5][-1][place] += 1


def get_skeleton(name: str) -> bytes:
    """What a name looks like."""
    seen = "".join(SEEN_AS.get(sign, sign) for sign in name if sign != "-")
    return seen.encode()


def _take_name(replica: Rows, slot: int, account: bytes, name: str) -> None:
    row = replica.rows.get(b"n\x01" + account)
    tag = replica.rows[b"a" + account][PERSON]
    rested = row is None or slot >= row[2] + 360 * replica.constants["slots_per_period"]
    if not (rested and tag is not None and slot < get_identified_until(replica, tag)):
        price = replica.constants["recovery_bond"]
        replica.rows[b"a" + account][BALANCE] -= price
        replica.fees += price
    _release(replica, slot, account)
    for key in (b"n\x00" + get_skeleton(name), b"n\x01" + account):
        replica.rows[key] = [name, account, slot, -1]


def _release(replica: Rows, slot: int, account: bytes) -> None:
    row = replica.rows.get(b"n\x01" + account)
    if row is not None and row[3] == -1:
        for key in (b"n\x01" + account, b"n\x00" + get_skeleton(row[0])):
            replica.rows[key] = [*row[:3], slot]


def get_guardians_hash(guardians: list[Any], salt: bytes) -> bytes:
    """What the ledger keeps of guardians."""
    return h("guardians", salt, pack(guardians))


def get_recovery_message(chain: bytes, account: bytes, started: int, policy: list[Any]) -> bytes:
    """What a guardian signs."""
    return b"pai/recovery/1" + chain + pack([account, started, policy])
