"""Promises about the market that the ledger keeps in every block, by the rows that changed.

L45 to L49; functions of the changes alone, like those of ``chain.invariants``.
"""

from collections.abc import Iterator, Sequence
from typing import Final, cast

from chain.codec import Record
from chain.state import Change
from chain.tables import (
    DELIVERIES,
    LISTINGS,
    SHORTFALLS,
    TRADERS,
    Chain,
    Delivery,
    Listing,
    Shortfall,
    Table,
    Trader,
)
from chain.tables.table import RowT

_COUNTED: Final = (Listing, Chain, Delivery, Shortfall, Trader)


def find_altered_listing(changes: Sequence[Change]) -> str | None:
    """L45: an offer or want stays what and whose it is, and something is left of it."""
    for key, before, after in _select(changes, LISTINGS):
        if after is None:
            continue
        if after.left < 1:
            return f"nothing is left of {key.hex()}"
        if before is not None and _get_identity(before) != _get_identity(after):
            return f"{key.hex()} is another"
    return None


def find_order_exceeded(changes: Sequence[Change]) -> str | None:
    """L46: chains move no more under a standing order than was signed, nor more often."""
    for key, _, after in _select(changes, TRADERS):
        order = after.order if after else None
        if order is not None and not (
            -order.give_max <= order.moved <= order.take_max
            and order.chains <= order.chains_a_period
        ):
            return key.hex()
    return None


def find_miscounted_trade(changes: Sequence[Change]) -> str | None:
    """L47: a trader's counts of what is open change as the rows do, and facts only add up."""
    for key, before, after in _select(changes, TRADERS):
        for what in ("delivered", "late", "disputed", "kept"):
            if _get(after, what) < _get(before, what):
                return f"{key.hex()} has fewer {what}"
    missing: dict[tuple[str, bytes], int] = {}
    for change in changes:
        if not isinstance(change.after or change.before, _COUNTED):
            continue  # nearly always: of payments
        for row, sign in ((change.before, -1), (change.after, 1)):
            for what, account_id, count in _count_open(change.key, row):
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
            return [("deliveries", row.seller, 1), ("overdue", row.seller, row.overdue)]
        case Shortfall():
            return [("overdue", row.debtor, 1)]
        case Trader():
            names = ("listings", "proposals", "deliveries", "overdue")
            return [(name, key, -_get(row, name)) for name in names]
    return []


def find_altered_delivery(changes: Sequence[Change]) -> str | None:
    """L48: what is to be delivered only becomes less, and stays between the same two."""
    for key, before, after in _select(changes, DELIVERIES):
        if after is None:
            continue
        if after.left < 1 or after.seller == after.buyer:
            return f"{key.hex()} is empty, or with oneself"
        if before is not None and (
            after.left > before.left
            or (before.seller, before.buyer, before.offer, before.price)
            != (after.seller, after.buyer, after.offer, after.price)
        ):
            return f"{key.hex()} became more, or another"
    return None


def find_unfounded_shortfall(changes: Sequence[Change]) -> str | None:
    """L49: a shortfall is what was left of the delivery of its number, and only becomes less."""
    ended = {key: before for key, before, after in _select(changes, DELIVERIES) if after is None}
    for key, before, after in _select(changes, SHORTFALLS):
        if after is None:
            continue
        if before is None:
            delivery = ended.get(key)
            if delivery is None or (after.debtor, after.creditor, after.amount) != (
                delivery.seller,
                delivery.buyer,
                delivery.left * delivery.price,
            ):
                return f"{key.hex()} is owed for nothing"
        elif not 0 < after.amount <= before.amount:
            return f"{key.hex()} became more"
    return None


def _get_identity(row: Listing) -> tuple[object, ...]:
    return row.account, row.is_want, row.good, row.unit, row.place


def _get(row: Trader | None, name: str) -> int:
    value: int = getattr(row, name, 0)
    return value


def _select(
    changes: Sequence[Change], table: Table[RowT]
) -> Iterator[tuple[bytes, RowT | None, RowT | None]]:
    for change in changes:
        if change.table is table:
            yield change.key, cast("RowT | None", change.before), cast("RowT | None", change.after)
