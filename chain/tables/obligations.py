"""Who owes whom what, and the set-off of it. An obligation's number is counted since genesis.

Obligations lie together by sixty-four, so that a set-off of hundreds of thousands reads and writes
thousands of rows. What is closed leaves no row.
"""

from typing import Final

from chain.codec import Bytes32, Bytes64, Natural, Record
from chain.policy import AccountId
from chain.tables.table import Table

OBLIGATIONS_PER_PAGE: Final = 64
PAGES_PER_SHELF: Final = 64


class Shortfall(Record, frozen=True):
    """For which delivery a seller owes: goods that nobody receipted in time."""

    delivery: Natural
    clearable_slot: Natural  # disputed until then: not set off before


class Obligation(Record, frozen=True):
    """What somebody owes, or is asked to owe. ``state``: 0 offered, 1 open."""

    number: Natural
    debtor: AccountId
    creditor: AccountId
    amount: Natural  # at first
    remaining: Natural
    due_period: Natural  # later it is late, and nothing else
    reference: str
    goods: Bytes32 | None
    state: Natural
    since_slot: Natural  # offered, and then accepted
    creditor_clears: bool
    debtor_clears: bool
    ready_slot: int  # from then on both let it be set off; -1: they do not
    heir: AccountId | None  # whom the creditor wants to have it
    handed_over: bool  # counts for its creditor no more as his own offer
    shortfall: Shortfall | None


class Page(Record, frozen=True):
    """Key: number // 64 (u64). Obligations by number; not empty."""

    entries: tuple[Obligation, ...]


class Shelf(Record, frozen=True):
    """Key: page // 64 (u64). The pages that there are, ascending; not empty."""

    pages: tuple[int, ...]


class Party(Record, frozen=True):
    """Key: account id. How many obligations it has a part in; not all nothing."""

    offered: Natural  # by itself, open ones too
    owed: Natural  # to it, offers too
    owing: Natural  # by it, open ones only
    lends: bool


class Book(Record, frozen=True):
    """Key: ``CURRENT``. Counts of all obligations."""

    made: Natural  # the next one's number
    ready: Natural  # open, and both sides let it be set off
    heard_below: Natural  # no offer with a lower number is left


class Lender(Record, frozen=True):
    """What an account lends to set-off, and what of it is put aside while a window is open."""

    account: AccountId
    amount: Natural
    escrow: Natural
    melting: Natural  # the part of it that bears demurrage: what was not borrowed itself
    counted: Natural  # what a set-off may use: what is surely left at the window's end
    step: Natural  # put aside in this step


class Window(Record, frozen=True):
    """Key: ``CURRENT``. The newest snapshot for a set-off, and who lends to it, by account."""

    interval: Natural
    open: bool
    slot: Natural  # of the block after which the snapshot was taken
    last: int  # the highest number that is entered; -1: none
    seed: Bytes64  # that block's VRF output: ties are decided by it
    lenders: tuple[Lender, ...]


PAGES: Final = Table(b"o", "obligations", Page)
PARTIES: Final = Table(b"j", "parties", Party)
SHELVES: Final = Table(b"i", "obligation_shelves", Shelf)
BOOKS: Final = Table(b"0", "obligation_book", Book)
WINDOWS: Final = Table(b"z", "clearing_window", Window)
