"""Promises about the market that the ledger keeps in every block, by the rows that changed.

L45 to L50; functions of the changes alone, like those of ``chain.invariants``.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from chain.changes import Changes
from chain.codec import Record
from chain.crypto import u64
from chain.rules.market import FACT, NO_TRADER
from chain.tables import (
    CHAINS,
    DELIVERIES,
    LISTINGS,
    PAGES,
    TRADERS,
    Chain,
    Delivery,
    Listing,
    Obligation,
    Page,
    Table,
    Trader,
)

_COUNTED: Final[tuple[Table[Any], ...]] = (LISTINGS, CHAINS, DELIVERIES, PAGES, TRADERS)
_RECORD: Final = ("delivered", "late", "disputed", "kept")


def find_altered_listing(changes: Changes) -> str | None:
    """L45: an offer or want stays what and whose it is, and something is left of it."""
    for change in changes.of(LISTINGS):
        before, after = change.before, change.after
        if after is None:
            continue
        if after.left < 1:
            return f"nothing is left of {change.key.hex()}"
        if before is not None and _get_identity(before) != _get_identity(after):
            return f"{change.key.hex()} is another"
    return None


def find_order_exceeded(changes: Changes) -> str | None:
    """L46: chains move no more under a standing order than was signed, nor more often."""
    for change in changes.of(TRADERS):
        order = change.after.order if change.after else None
        if order is not None and not (
            -order.give_max <= order.moved <= order.take_max
            and order.chains <= order.chains_a_period
        ):
            return change.key.hex()
    return None


def find_miscounted_trade(changes: Changes) -> str | None:
    """L47: a trader's counts of what is open change as the rows do."""
    missing: dict[tuple[str, bytes], int] = {}
    for table in _COUNTED:
        for each in changes.of(table):
            for row, sign in ((each.before, -1), (each.after, 1)):
                for what, account_id, count in _count_open(each.key, row):
                    place = what, account_id
                    missing[place] = missing.get(place, 0) + sign * count
    wrong = [place for place, difference in missing.items() if difference]
    return f"{wrong[0][0]} of {wrong[0][1].hex()}" if wrong else None


def _count_open(key: bytes, row: Record | None) -> Sequence[tuple[str, bytes, int]]:
    """What a row is of what its trader counts; the trader's own counts stand against it."""
    match row:
        case Listing():
            return [("listings", row.account, 1)]
        case Chain():
            return [("proposals", row.proposer, 1)]
        case Delivery():
            return [
                ("deliveries", row.seller, 1),
                ("awaited", row.buyer, 1),
                ("overdue", row.seller, row.overdue),
            ]
        case Page():
            return [("overdue", item.debtor, 1) for item in row.entries if item.shortfall]
        case Trader():
            names = ("listings", "proposals", "deliveries", "awaited", "overdue")
            return [(name, key, -_get(row, name)) for name in names]
    return []


def find_unearned_record(changes: Changes) -> str | None:
    """L50: a trader's record stays, and gains no more than a whole fact for each that ended.

    What ends is a delivery, or what is owed for one; both in one block after a long pause.
    """
    delivered = Counter(
        change.before.seller
        for change in changes.of(DELIVERIES)
        if change.before is not None and change.after is None
    )
    kept = delivered.copy()
    for page in changes.of(PAGES):
        left = {item.number for item in page.after.entries} if page.after else set()
        kept.update(
            item.debtor
            for item in (page.before.entries if page.before else ())
            if item.shortfall is not None and item.number not in left
        )
    for change in changes.of(TRADERS):
        key, before, after = change.key, change.before or NO_TRADER, change.after or NO_TRADER
        if after.record_period < before.record_period:
            return f"{key.hex()} has an older record, or none"
        for what in _RECORD:
            more = _get(after, what) - _get(before, what)
            most = kept[key] if what == "kept" else delivered[key]
            is_whole = change.before is None or after.record_period == before.record_period
            if more > FACT * most or (is_whole and (more < 0 or more % FACT)):
                return f"{key.hex()} has another count of {what}"
    return None


def find_altered_delivery(changes: Changes) -> str | None:
    """L48: what is to be delivered only becomes less, and stays between the same two."""
    for change in changes.of(DELIVERIES):
        before, after = change.before, change.after
        if after is None:
            continue
        if after.left < 1 or after.seller == after.buyer:
            return f"{change.key.hex()} is empty, or with oneself"
        if before is not None and (
            after.left > before.left
            or (before.seller, before.buyer, before.offer, before.price)
            != (after.seller, after.buyer, after.offer, after.price)
        ):
            return f"{change.key.hex()} became more, or another"
    return None


def find_unfounded_shortfall(changes: Changes) -> str | None:
    """L49: what is owed for a delivery is what was left of it, and stays owed for just that.

    Who is owed it may be another by the end of the very block.
    """
    for change in changes.of(PAGES):
        known = {item.number: item for item in change.before.entries} if change.before else {}
        for item in change.after.entries if change.after else ():
            old = known.get(item.number)
            if old is None:
                if item.shortfall is not None and not _is_founded(changes, item):
                    return f"obligation {item.number} is owed for nothing"
            elif (old.shortfall, old.debtor, old.amount) != (
                item.shortfall,
                item.debtor,
                item.amount,
            ):
                return f"obligation {item.number} is another"
    return None


def _is_founded(changes: Changes, item: Obligation) -> bool:
    assert item.shortfall is not None
    number = u64(item.shortfall.delivery)
    return any(
        change.key == number
        and change.after is None
        and change.before is not None
        and (change.before.seller, change.before.left * change.before.price)
        == (item.debtor, item.amount)
        for change in changes.of(DELIVERIES)
    )


def _get_identity(row: Listing) -> tuple[object, ...]:
    return row.account, row.is_want, row.good, row.unit, row.place


def _get(row: Trader | None, name: str) -> int:
    value: int = getattr(row, name, 0)
    return value
