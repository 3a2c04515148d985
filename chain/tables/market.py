"""Trade in goods and work: what is offered and wanted, agreed, and on its way.

All rows but those of traders, days and the market itself are keyed by a number (u64) out of one
row of numbers. Quantities are whole units of a good; prices are of one unit.
"""

from typing import Final

from chain.actions.market import Leg
from chain.codec import Amount, Bytes32, Natural, Record
from chain.policy import AccountId
from chain.tables.table import Table


class Listing(Record, frozen=True):
    """Key: its number. An offer, or a want; what is left of it is at least one unit."""

    account: AccountId
    is_want: bool
    good: str
    unit: str
    price: Amount  # of an offer; a want's highest
    left: Natural
    place: str  # empty: anywhere
    until_slot: Natural  # the last slot in which it counts
    note: str


class Order(Record, frozen=True):
    """What somebody has consented to beforehand, and how much of that is used."""

    give_max: Natural
    take_max: Natural
    chains_a_period: Natural
    until_slot: Natural
    since_slot: Natural
    moved: int  # by how much its chains changed the balance: within -give_max and +take_max
    period: Natural
    chains: Natural  # in that period


class Trader(Record, frozen=True):
    """Key: account id. What an account has open, and the facts by which it is known; not empty."""

    order: Order | None
    listings: Natural
    proposals: Natural  # chains it proposed that wait
    deliveries: Natural  # to make
    awaited: Natural  # deliveries to get
    overdue: Natural  # deliveries past their time, and what is owed for such
    # The record, in millionths of a fact: it fades, and stands here as of a period.
    delivered: Natural  # deliveries receipted in full
    late: Natural  # of these, after their time
    disputed: Natural  # deliveries that became a debt
    kept: Natural  # such debts that were paid in full
    record_period: Natural


class Consent(Record, frozen=True):
    """Somebody agreed to a chain."""

    account: AccountId
    slot: Natural


class Chain(Record, frozen=True):
    """Key: its number. A chain that waits for consent."""

    proposer: AccountId
    legs: tuple[Leg, ...]
    expires_slot: Natural
    digest: Bytes32  # of what was consented to
    consents: tuple[Consent, ...]  # by account


class Delivery(Record, frozen=True):
    """Key: its number. Units that a seller still owes a buyer, who has paid for them."""

    seller: AccountId
    buyer: AccountId
    chain: Natural
    offer: Natural
    good: str
    unit: str
    price: Amount
    left: Natural
    due_period: Natural  # the last period in which it is in time
    claim_period: Natural  # the last before what is left becomes a debt
    overdue: bool


class MarketDay(Record, frozen=True):
    """Key: period (u64), and then the page (u32) of those that are full. What ends in a period."""

    numbers: tuple[int, ...]
    pages: Natural  # full ones beside this; 0 on these


class Market(Record, frozen=True):
    """Key: ``CURRENT``. The counters of the market."""

    made: Natural  # the next number
    due_from: Natural  # the first period whose ends may not all have been looked at


LISTINGS: Final = Table(b"9", "listings", Listing)
TRADERS: Final = Table(b"@", "traders", Trader)
CHAINS: Final = Table(b"&", "chains", Chain)
DELIVERIES: Final = Table(b"1", "deliveries", Delivery)
MARKET_DAYS: Final = Table(b"3", "market_days", MarketDay)
MARKET: Final = Table(b"4", "market", Market)
