"""Promises about votes and the members' share, checked in every block by the rows that changed.

They know nothing of the rules that they watch: neither how an electorate came to be, nor who may
take a share and when.
"""

from chain.changes import Changes
from chain.tables import ACTIVE, MONEY, PROPOSALS, ActivePeriod, Proposal


def find_wrong_claims(changes: Changes) -> str | None:
    """L35: what is set aside for the members is what their rows let them take."""
    promised = sum(
        _count_claims(change.after) - _count_claims(change.before) for change in changes.of(ACTIVE)
    )
    held = sum(
        (change.after.claims if change.after else 0)
        - (change.before.claims if change.before else 0)
        for change in changes.of(MONEY)
    )
    return f"promised {promised} more, set aside {held} more" if promised != held else None


def find_bad_ballot(changes: Changes) -> str | None:
    """L36: a proposal stays as it was filed; who votes on it is an elector, and votes once."""
    for change in changes.of(PROPOSALS):
        before, after = change.before, change.after
        if after is None:
            continue
        if before is not None and _get_filing(before) != _get_filing(after):
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


def _count_claims(row: ActivePeriod | None) -> int:
    return row.share * int.from_bytes(row.claimants, "little").bit_count() if row else 0
