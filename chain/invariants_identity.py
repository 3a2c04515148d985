"""Promises about persons, authorities, recoveries and names, checked in every block like the rest.

Functions over changes, independent of the rules they watch; ``invariants`` numbers them.
"""

from typing import Final

from chain.changes import Changes, RowChange
from chain.crypto import u32
from chain.genesis import HOME_GROUP
from chain.names import compute_skeleton
from chain.tables import (
    ACCOUNTS,
    ALIASES,
    ATTESTATIONS,
    AUTHORITIES,
    PERSONS,
    RECENT_PERIODS,
    RECOVERIES,
    Account,
    Attestation,
    Person,
)

_HOME: Final = u32(HOME_GROUP)


def find_divided_person(changes: Changes) -> str | None:
    """L30: a person of the home group and his account name each other, and nobody names twice."""
    persons = [change for change in changes.of(PERSONS) if change.key.startswith(_HOME)]
    moved = [change for change in persons if _has_moved(change)]
    accounts = changes.of(ACCOUNTS)
    if not moved and not any(_names_another(change) for change in accounts):
        return None  # nearly always: they named each other before, and still do
    homes = {change.key[len(_HOME) :]: change.after.account for change in persons if change.after}
    named: dict[bytes, bytes] = {}
    for change in accounts:
        tag = change.after.person if change.after else None
        if tag is None:
            continue
        if tag in named or homes.get(tag, change.key) != change.key:
            return f"{tag.hex()} has two accounts"
        named[tag] = change.key
    for person in moved:
        tag = person.key[len(_HOME) :]
        if named.get(tag) is None:
            return f"{tag.hex()} has an account that does not know"
    return None


def _has_moved(change: RowChange[Person]) -> bool:
    before, after = change.before, change.after
    return before is None or after is None or before.account != after.account


def _names_another(change: RowChange[Account]) -> bool:
    before, after = change.before, change.after
    return (before.person if before else None) != (after.person if after else None)


def find_changed_statement(changes: Changes) -> str | None:
    """L31: what an authority stated of somebody is only renewed, revoked once, or stated anew."""
    for change in changes.of(ATTESTATIONS):
        before, after = change.before, change.after
        if before is None or after is None:
            continue
        if after.from_slot > before.from_slot:
            continue  # stated anew
        if (
            (after.kind, after.tag, after.from_slot) != (before.kind, before.tag, before.from_slot)
            or after.until_slot < before.until_slot
            or (before.revoked_slot >= 0 and after.revoked_slot != before.revoked_slot)
        ):
            return change.key.hex()
    return None


def find_miscounted_statements(changes: Changes) -> str | None:
    """L32: an authority's count of attestations changes by those given less those revoked."""
    counted: dict[bytes, int] = {}
    for change in changes.of(ATTESTATIONS):
        authority = change.key[32:]
        difference = _counts(change.after) - _counts(change.before)
        counted[authority] = counted.get(authority, 0) + difference
    for each in changes.of(AUTHORITIES):
        before, after = each.before, each.after
        assert after is not None, "an authority's row stays"
        difference = after.attested - (before.attested if before else 0)
        counted[each.key] = counted.get(each.key, 0) - difference
        if after.attested < 0 or len(after.recent) > RECENT_PERIODS:
            return each.key.hex()
    wrong = [key for key, difference in counted.items() if difference]
    return wrong[0].hex() if wrong else None


def find_bad_recovery(changes: Changes) -> str | None:
    """L33: recoveries are counted, hold a bond while they run, and never lose their row."""
    for change in changes.of(RECOVERIES):
        before, after = change.before, change.after
        if (
            after is None
            or (before is not None and after.started < before.started)
            or (before is not None and after.recovered_slot < before.recovered_slot)
            or (after.pending is not None and after.pending.bond <= 0)
        ):
            return change.key.hex()
    return None


def find_shared_name(changes: Changes) -> str | None:
    """L34: a name in use is one account's, under its skeleton and under the account alike."""
    rows = {change.key: change.after for change in changes.of(ALIASES)}
    for key, row in rows.items():
        if row is None:
            return f"{key.hex()} was forgotten"
        by_name = b"\x00" + compute_skeleton(row.name).encode()
        by_account = b"\x01" + row.account
        if key not in (by_name, by_account):
            return f"{row.name} stands under another key"
        other = by_account if key == by_name else by_name
        if row.released_slot < 0 and rows.get(other) != row:
            return f"{row.name} is in use under one key only"
    return None


def _counts(row: Attestation | None) -> int:
    return row is not None and row.revoked_slot < 0
