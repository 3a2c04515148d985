"""Promises about persons, authorities, recoveries and names, checked in every block like the rest.

Functions over changes, independent of the rules they watch; ``invariants`` numbers them.
"""

from collections.abc import Sequence
from typing import Final, cast

from chain.crypto import u32
from chain.genesis import HOME_GROUP
from chain.names import compute_skeleton
from chain.state import Change
from chain.tables import (
    ACCOUNTS,
    ALIASES,
    ATTESTATIONS,
    AUTHORITIES,
    PERSONS,
    RECENT_PERIODS,
    RECOVERIES,
    Account,
    Alias,
    Attestation,
    Authority,
    Person,
    Recovery,
)

_HOME: Final = u32(HOME_GROUP)


def find_divided_person(changes: Sequence[Change]) -> str | None:
    """L30: a person of the home group and his account name each other, and nobody names twice."""
    homes = {
        change.key[len(_HOME) :]: cast("Person", change.after).account
        for change in changes
        if change.table is PERSONS and change.key.startswith(_HOME) and change.after is not None
    }
    named: dict[bytes, bytes] = {}
    for change in changes:
        if change.table is not ACCOUNTS or change.after is None:
            continue
        tag = cast("Account", change.after).person
        if tag is None:
            continue
        if tag in named or homes.get(tag, change.key) != change.key:
            return f"{tag.hex()} has two accounts"
        named[tag] = change.key
    for change in changes:
        if change.table is PERSONS and change.key.startswith(_HOME):
            tag = change.key[len(_HOME) :]
            before, after = cast("Person | None", change.before), cast("Person", change.after)
            if (before is None or before.account != after.account) and named.get(tag) is None:
                return f"{tag.hex()} has an account that does not know"
    return None


def find_changed_statement(changes: Sequence[Change]) -> str | None:
    """L31: what an authority stated of somebody is only renewed, revoked once, or stated anew."""
    for change in changes:
        if change.table is not ATTESTATIONS or change.before is None or change.after is None:
            continue
        before, after = cast("Attestation", change.before), cast("Attestation", change.after)
        if after.from_slot > before.from_slot:
            continue  # stated anew
        if (
            (after.kind, after.tag, after.from_slot) != (before.kind, before.tag, before.from_slot)
            or after.until_slot < before.until_slot
            or (before.revoked_slot >= 0 and after.revoked_slot != before.revoked_slot)
        ):
            return change.key.hex()
    return None


def find_miscounted_statements(changes: Sequence[Change]) -> str | None:
    """L32: an authority's count of attestations changes by those given less those revoked."""
    counted: dict[bytes, int] = {}
    for change in changes:
        if change.table is ATTESTATIONS:
            authority = change.key[32:]
            difference = _counts(change.after) - _counts(change.before)
            counted[authority] = counted.get(authority, 0) + difference
        elif change.table is AUTHORITIES:
            before = cast("Authority | None", change.before)
            after = cast("Authority", change.after)
            difference = after.attested - (before.attested if before else 0)
            counted[change.key] = counted.get(change.key, 0) - difference
            if after.attested < 0 or len(after.recent) > RECENT_PERIODS:
                return change.key.hex()
    wrong = [key for key, difference in counted.items() if difference]
    return wrong[0].hex() if wrong else None


def find_bad_recovery(changes: Sequence[Change]) -> str | None:
    """L33: recoveries are counted, hold a bond while they run, and never lose their row."""
    for change in changes:
        if change.table is not RECOVERIES:
            continue
        before = cast("Recovery | None", change.before)
        after = cast("Recovery | None", change.after)
        if (
            after is None
            or (before is not None and after.started < before.started)
            or (before is not None and after.recovered_slot < before.recovered_slot)
            or (after.pending is not None and after.pending.bond <= 0)
        ):
            return change.key.hex()
    return None


def find_shared_name(changes: Sequence[Change]) -> str | None:
    """L34: a name in use is one account's, under its skeleton and under the account alike."""
    rows = {
        change.key: cast("Alias | None", change.after)
        for change in changes
        if change.table is ALIASES
    }
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


def _counts(row: object) -> int:
    return isinstance(row, Attestation) and row.revoked_slot < 0
