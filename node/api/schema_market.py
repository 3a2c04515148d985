"""What the HTTP API answers about offers, wants, chains and deliveries, as types."""

from typing import Annotated

from msgspec import Meta

from node.api.schema import AddressText, Answer, Count, Hash, Pai

Faded = Annotated[
    str, Meta(pattern=r"^[0-9]+(\.[0-9]{1,2})?$", description="a count of facts that fades")
]


class ListingAnswer(Answer, frozen=True):
    """An offer, or a want; the price is of one unit, a want's the highest."""

    number: Count
    account: AddressText
    is_want: bool
    good: str
    unit: str
    price: Pai
    left: Count
    place: str
    until_slot: Count
    note: str


class ListingsAnswer(Answer, frozen=True):
    """A page of open offers and wants, by number; ``next``: where the following page begins."""

    listings: list[ListingAnswer]
    next: Count | None


class TradeAnswer(Answer, frozen=True):
    """One trade of a chain."""

    offer: Count
    want: Count
    seller: AddressText
    buyer: AddressText
    good: str
    unit: str
    quantity: Count
    price: Pai


class ChainAnswer(Answer, frozen=True):
    """A chain that waits. Without trades: it has become impossible.

    ``covered``: who has not consented to this chain, but by a standing order that admits it now.
    """

    number: Count
    proposer: AddressText
    digest: Hash
    expires_slot: Count
    consented: list[AddressText]
    covered: list[AddressText]
    trades: list[TradeAnswer]


class ChainsAnswer(Answer, frozen=True):
    """Chains that wait for consent, by number; ``next``: where the following page begins."""

    chains: list[ChainAnswer]
    next: Count | None


class RoomAnswer(Answer, frozen=True):
    """How far, and how often in this period, chains may still move a balance unasked.

    ``give``: no more than the account can spend.
    """

    account: AddressText
    give: Pai
    take: Pai
    chains: Count


class RoomsAnswer(Answer, frozen=True):
    """Standing orders that count now, by account; ``next``: whose begins the following page."""

    rooms: list[RoomAnswer]
    next: AddressText | None


class PriceAnswer(Answer, frozen=True):
    """What a unit of a good was receipted at, in the middle."""

    good: str
    price: Pai


class PricesAnswer(Answer, frozen=True):
    """Median prices of receipted trades of the last 90 periods, as far as this node saw them."""

    prices: list[PriceAnswer]


class OrderAnswer(Answer, frozen=True):
    """A standing order; ``moved``: by how much its chains changed the balance so far."""

    give_max: Pai
    take_max: Pai
    chains_a_period: Count
    until_slot: Count
    moved: str
    counts: bool


class DeliveryAnswer(Answer, frozen=True):
    """Goods that a seller still owes a buyer."""

    number: Count
    seller: AddressText
    buyer: AddressText
    chain: Count
    good: str
    unit: str
    left: Count
    price: Pai
    due_period: Count
    overdue: bool


class TraderAnswer(Answer, frozen=True):
    """What an account has open in the market, and the record by which it is known.

    Listings and deliveries share one row of numbers; ``next``: where the following page of them
    begins. ``overdue`` counts what is late now; the four others fade: long ago counts less.
    """

    address: AddressText
    order: OrderAnswer | None
    listings: list[ListingAnswer]
    deliveries: list[DeliveryAnswer]
    next: Count | None
    overdue: Count
    delivered: Faded
    late: Faded
    disputed: Faded
    kept: Faded
