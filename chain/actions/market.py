"""Actions of those who trade goods and work: offers, wants, standing orders, chains, receipts.

Listings, chains and deliveries are numbered in one row of numbers.
"""

from typing import Annotated, Final

from msgspec import Meta

from chain.codec import Amount, Bytes32, Natural, Record, check_text
from chain.goods import Good, Place, Unit, check_path, check_unit

NOTE_BYTES_MAX: Final = 140
LEGS_MAX: Final = 64

Quantity = Annotated[int, Meta(ge=1, le=2**32 - 1)]


class Offer(Record, frozen=True, tag=74):
    """Offer so many units of a good; the price is of one. ``place``: empty for anywhere."""

    good: Good
    unit: Unit
    price: Amount
    quantity: Quantity
    place: Place
    until_slot: Natural
    note: str

    def __post_init__(self) -> None:
        _check_words(self.good, self.unit, self.place, self.note)


class Want(Record, frozen=True, tag=75):
    """Want so many units of a good, or of anything in a category; ``price`` is the highest."""

    good: Good
    unit: Unit
    price: Amount
    quantity: Quantity
    place: Place
    until_slot: Natural
    note: str

    def __post_init__(self) -> None:
        _check_words(self.good, self.unit, self.place, self.note)


class ChangeListing(Record, frozen=True, tag=76):
    """Another price, quantity and end for an own offer or want, whatever is left of it."""

    listing: Natural
    price: Amount
    quantity: Quantity
    until_slot: Natural


class WithdrawListing(Record, frozen=True, tag=77):
    """Take back an own offer or want."""

    listing: Natural


class SetOrder(Record, frozen=True, tag=78):
    """Consent beforehand to chains of one's own offers and wants, in place of an earlier order.

    In all they may take at most ``give_max`` from the balance and add at most ``take_max`` to it.
    """

    give_max: Natural
    take_max: Natural
    chains_a_period: Annotated[int, Meta(ge=1, le=1_000)]
    until_slot: Natural


class CancelOrder(Record, frozen=True, tag=79):
    """Take the consent back; what was traded stays traded."""


class Leg(Record, frozen=True):
    """So many units of an offer go to a want, at the offer's price."""

    offer: Natural
    want: Natural
    quantity: Quantity


class ProposeChain(Record, frozen=True, tag=80):
    """Trades that happen all or not at all; at once, if everybody in them has consented.

    Whoever is in the chain that he proposes can consent by its hash; ``digest`` is nil otherwise.
    """

    legs: Annotated[tuple[Leg, ...], Meta(min_length=1, max_length=LEGS_MAX)]
    expires_slot: Natural
    digest: Bytes32 | None


class AcceptChain(Record, frozen=True, tag=81):
    """Consent to a proposed chain; ``digest`` is its hash. With the last consent it happens."""

    chain: Natural
    digest: Bytes32


class DeclineChain(Record, frozen=True, tag=82):
    """Refuse a proposed chain that one is in, or take back one's own proposal: it is gone."""

    chain: Natural


class ConfirmDelivery(Record, frozen=True, tag=83):
    """The buyer's receipt for a delivery, or a part of it."""

    delivery: Natural
    quantity: Quantity


def _check_words(good: str, unit: str, place: str, note: str) -> None:
    check_path(good)
    check_unit(unit)
    if place:
        check_path(place)
    check_text(note, NOTE_BYTES_MAX)
