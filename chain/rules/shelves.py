"""Where obligations lie: by number, sixty-four to a row, and how many each account has a part in.

``replace_obligation`` and ``replace_page`` keep pages, shelves, parties and the book in agreement;
nothing else may write them. Everything can be gone through in the order of numbers, oldest first.
"""

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from chain.crypto import u64
from chain.errors import Code, Invalid
from chain.policy import AccountId
from chain.state import State
from chain.tables import (
    CURRENT,
    OBLIGATIONS_PER_PAGE,
    PAGES_PER_SHELF,
    Book,
    Obligation,
    Page,
    Party,
    Shelf,
)

OFFERED: Final = 0
OPEN: Final = 1
NOT_READY: Final = -1
NO_BOOK: Final = Book(made=0, ready=0, heard_below=0)
NO_PARTY: Final = Party(offered=0, owed=0, owing=0, lends=False)


def get_book(state: State) -> Book:
    """The counts of all obligations."""
    return state.books.get(CURRENT) or NO_BOOK


def get_party(state: State, account_id: AccountId) -> Party:
    """How many obligations an account has a part in."""
    return state.parties.get(account_id) or NO_PARTY


def put_party(state: State, account_id: AccountId, party: Party) -> None:
    """Keep it; nothing means no row."""
    state.parties.put(account_id, None if party == NO_PARTY else party)


def get_page(state: State, page: int) -> tuple[Obligation, ...]:
    """The obligations of a page by number; closed ones are not there any more."""
    row = state.pages.get(u64(page))
    return row.entries if row else ()


def find_obligation(state: State, number: int) -> Obligation | None:
    """An obligation by its number, or None when it is closed or never was."""
    entries = get_page(state, number // OBLIGATIONS_PER_PAGE)
    return next((item for item in entries if item.number == number), None)


def get_obligation(state: State, number: int) -> Obligation:
    """The same. Raises Invalid."""
    found = find_obligation(state, number)
    if found is None:
        raise Invalid(Code.UNKNOWN_OBLIGATION, f"number {number}")
    return found


def list_pages(state: State, last: int) -> Iterator[tuple[int, tuple[Obligation, ...]]]:
    """Number and obligations of every page up to the obligation of this number, oldest first."""
    last_page = last // OBLIGATIONS_PER_PAGE
    for number in range(last_page // PAGES_PER_SHELF + 1):
        shelf = state.shelves.get(u64(number))
        for page in shelf.pages if shelf else ():
            if page <= last_page:
                yield page, get_page(state, page)


def replace_obligation(state: State, before: Obligation | None, after: Obligation | None) -> None:
    """Put an obligation in the place of another, of nothing (new), or nothing in its place."""
    some = before or after
    assert some is not None, "nothing in the place of nothing"
    page = some.number // OBLIGATIONS_PER_PAGE
    entries = [item for item in get_page(state, page) if item.number != some.number]
    if after is not None:
        entries.append(after)
        entries.sort(key=lambda item: item.number)
    replace_page(state, page, tuple(entries))
    _count(state, before, -1)
    _count(state, after, 1)


def _count(state: State, item: Obligation | None, sign: int) -> None:
    """Add an obligation to the counts of its two sides and of all, or take it away."""
    if item is None:
        return
    creditor = get_party(state, item.creditor)
    put_party(
        state,
        item.creditor,
        replace(
            creditor,
            owed=creditor.owed + sign,
            offered=creditor.offered + (0 if item.handed_over else sign),
        ),
    )
    if item.state == OPEN:
        debtor = get_party(state, item.debtor)
        put_party(state, item.debtor, replace(debtor, owing=debtor.owing + sign))
    if item.ready_slot != NOT_READY:
        book = get_book(state)
        state.books.put(CURRENT, replace(book, ready=book.ready + sign))


def replace_page(state: State, page: int, entries: tuple[Obligation, ...]) -> None:
    """Put a page's obligations; none means no row. Counts are the caller's."""
    key = u64(page)
    if (state.pages.get(key) is None) == bool(entries):
        shelf_key = u64(page // PAGES_PER_SHELF)
        shelf = state.shelves.get(shelf_key)
        others = [item for item in (shelf.pages if shelf else ()) if item != page]
        pages = tuple(sorted([*others, page] if entries else others))
        state.shelves.put(shelf_key, Shelf(pages) if pages else None)
    state.pages.put(key, Page(entries) if entries else None)
