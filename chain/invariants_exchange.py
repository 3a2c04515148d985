"""Promises about obligations and set-off that the ledger keeps in every block.

All but L43 are functions of the changes alone, like those of ``chain.invariants``; L43 asks whether
a window was open before the block.
"""

from chain.changes import Changes
from chain.errors import InvariantBroken
from chain.rules.clearing_window import NO_WINDOW, is_in
from chain.rules.obligations import OBLIGATION_MAX
from chain.rules.shelves import NO_BOOK, NOT_READY, OFFERED, OPEN
from chain.state import State
from chain.tables import (
    BOOKS,
    CURRENT,
    OBLIGATIONS_PER_PAGE,
    PAGES,
    PARTIES,
    SHELVES,
    WINDOWS,
    Obligation,
)


def find_bad_obligation(changes: Changes) -> str | None:
    """L40: obligations lie in order where they belong, and each says something that can be."""
    for change in changes.of(PAGES):
        if change.after is None:
            continue
        entries = change.after.entries
        numbers = [item.number for item in entries]
        page = int.from_bytes(change.key, "big")
        if numbers != sorted(set(numbers)) or not numbers:
            return f"page {page} is out of order or empty"
        for item in entries:
            if item.number // OBLIGATIONS_PER_PAGE != page or not _can_be(item):
                return f"obligation {item.number}"
    return None


def _can_be(item: Obligation) -> bool:
    clears = item.creditor_clears and item.debtor_clears
    return (
        item.debtor != item.creditor
        and 0 < item.remaining <= item.amount <= OBLIGATION_MAX
        and (item.state == OPEN or (item.state == OFFERED and not item.debtor_clears))
        and clears == (item.ready_slot != NOT_READY)
    )


def find_miscounted_obligations(changes: Changes) -> str | None:
    """L41: parties and the book count what there is: they change by what the pages change."""
    counts: dict[tuple[bytes, str], int] = {}
    ready = 0
    for change in changes.of(PAGES):
        for row, sign in ((change.before, -1), (change.after, 1)):
            for item in row.entries if row else ():
                _add(counts, item.creditor, "owed", sign)
                _add(counts, item.creditor, "offered", 0 if item.handed_over else sign)
                _add(counts, item.debtor, "owing", sign if item.state == OPEN else 0)
                ready += sign if item.ready_slot != NOT_READY else 0
    for party in changes.of(PARTIES):
        for counted, sign in ((party.before, 1), (party.after, -1)):
            for name in ("owed", "offered", "owing") if counted else ():
                _add(counts, party.key, name, sign * getattr(counted, name))
    for book in changes.of(BOOKS):
        ready -= (book.after or NO_BOOK).ready - (book.before or NO_BOOK).ready
    wrong = [key.hex() for (key, _), count in counts.items() if count]
    if wrong or ready:
        return f"{wrong[:1]}, {ready} ready ones"
    return None


def _add(counts: dict[tuple[bytes, str], int], key: bytes, name: str, amount: int) -> None:
    counts[key, name] = counts.get((key, name), 0) + amount


def find_lost_page(changes: Changes) -> str | None:
    """L42: a shelf names the pages that there are; numbers are never given twice."""
    pages: dict[int, int] = {}
    for change in changes.of(PAGES):
        page = int.from_bytes(change.key, "big")
        pages[page] = pages.get(page, 0) + bool(change.after) - bool(change.before)
    for shelf in changes.of(SHELVES):
        for row, sign in ((shelf.before, 1), (shelf.after, -1)):
            for page in row.pages if row else ():
                pages[page] = pages.get(page, 0) + sign
    for book in changes.of(BOOKS):
        before, after = book.before or NO_BOOK, book.after or NO_BOOK
        if after.made < before.made or not before.heard_below <= after.heard_below <= after.made:
            return f"from {before} to {after}"
    wrong = [page for page, count in pages.items() if count]
    return f"page {wrong[0]}" if wrong else None


def check_entered(changes: Changes, state: State) -> None:
    """L43: what entered an open window is changed by nothing before it ends. Raises.

    The state is as it was before the block; the changes are the block's.
    """
    if not changes.of(PAGES):
        return
    before = state.windows.get(CURRENT) or NO_WINDOW
    if not before.open:
        return
    for moved in changes.of(WINDOWS):
        window = moved.after or NO_WINDOW
        if not window.open or window.interval != before.interval:
            return  # it ended; after a long pause the same block opens the next one
    for change in changes.of(PAGES):
        entered = [
            [item for item in row.entries if is_in(before, item)] if row else []
            for row in (change.before, change.after)
        ]
        if entered[0] != entered[1]:
            raise InvariantBroken(f"L43 entered: page {change.key.hex()} was changed")


def find_stray_escrow(changes: Changes) -> str | None:
    """L44: money is put aside for set-off only while a window is open, and all of it counts."""
    for change in changes.of(WINDOWS):
        window = change.after
        if window is None:
            continue
        accounts = [lender.account for lender in window.lenders]
        if accounts != sorted(set(accounts)):
            return "lenders are out of order"
        for lender in window.lenders:
            if not 0 <= lender.counted <= lender.escrow <= lender.amount:
                return lender.account.hex()
            if lender.escrow and not window.open:
                return f"{lender.account.hex()} has not got it back"
    return None
