"""Promises about votes and the members' share, checked in every block by the rows that changed.

They know nothing of the rules that they watch: neither how an electorate came to be, nor who may
take a share and when.
"""

from collections.abc import Sequence
from typing import cast

from chain.codec import Record
from chain.state import Change
from chain.tables import ACTIVE, MONEY, PROPOSALS, ActivePeriod, Money, Proposal


def find_wrong_claims(changes: Sequence[Change]) -> str | None:
    """L35: what is set aside for the members is what their rows let them take."""
    promised = held = 0
    for change in changes:
        if change.table is ACTIVE:
            promised += _count_claims(change.after) - _count_claims(change.before)
        elif change.table is MONEY:
            held += _get_claims(change.after) - _get_claims(change.before)
    return f"promised {promised} more, set aside {held} more" if promised != held else None


def find_bad_ballot(changes: Sequence[Change]) -> str | None:
    """L36: a proposal stays as it was filed; who votes on it is an elector, and votes once."""
    for change in changes:
        if change.table is not PROPOSALS or change.after is None:
            continue
        after = cast("Proposal", change.after)
        if change.before is not None:
            before = cast("Proposal", change.before)
            if _get_filing(before) != _get_filing(after):
                return f"proposal {change.key.hex()} is another one now"
        if not len(after.yes) == len(after.no) == len(after.electors):
            return f"votes on {change.key.hex()} are of other numbers than its electors"
        electors, yes, no = (
            int.from_bytes(bits, "little") for bits in (after.electors, after.yes, after.no)
        )
        if yes & no or (yes | no) & ~electors:
            return f"somebody votes twice on {change.key.hex()}, or is no elector"
    return None


def _get_filing(row: Proposal) -> tuple[object, ...]:
    return row.measure, row.filed_by, row.filed_slot, row.ends_period, row.electors


def _count_claims(row: Record | None) -> int:
    if row is None:
        return 0
    active = cast("ActivePeriod", row)
    return active.share * int.from_bytes(active.claimants, "little").bit_count()


def _get_claims(row: Record | None) -> int:
    return cast("Money", row).claims if row is not None else 0
