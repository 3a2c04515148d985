"""What the HTTP API says of actions of the market; schema_actions tells how they are filled."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from chain.actions import (
    AcceptChain,
    Action,
    CancelOrder,
    ChangeListing,
    ConfirmDelivery,
    DeclineChain,
    Leg,
    Offer,
    ProposeChain,
    SetOrder,
    Want,
    WithdrawListing,
)
from node.api.schema import Answer, Count, Hash, Pai


class OfferAnswer(Answer, frozen=True, tag_field="kind", tag="offer"):
    """Goods or work offered; the price is of one unit."""

    good: str
    unit: str
    price: Pai
    quantity: Count
    place: str
    until_slot: Count
    note: str


class WantAnswer(Answer, frozen=True, tag_field="kind", tag="want"):
    """Goods or work looked for; the price is the highest for one unit."""

    good: str
    unit: str
    price: Pai
    quantity: Count
    place: str
    until_slot: Count
    note: str


class ChangeListingAnswer(Answer, frozen=True, tag_field="kind", tag="change-listing"):
    """Other terms for an offer or want."""

    listing: Count
    price: Pai
    quantity: Count
    until_slot: Count


class WithdrawListingAnswer(Answer, frozen=True, tag_field="kind", tag="withdraw-listing"):
    """An offer or want taken back."""

    listing: Count


class SetOrderAnswer(Answer, frozen=True, tag_field="kind", tag="order"):
    """Consent beforehand to chains that change the balance by no more than this."""

    give_max: Pai
    take_max: Pai
    chains_a_period: Count
    until_slot: Count


class CancelOrderAnswer(Answer, frozen=True, tag_field="kind", tag="cancel-order"):
    """The consent taken back."""


class LegAnswer(Answer, frozen=True):
    """So many units of an offer for a want."""

    offer: Count
    want: Count
    quantity: Count


class ProposeChainAnswer(Answer, frozen=True, tag_field="kind", tag="propose-chain"):
    """A chain of trades; with a digest, its sender consents to it."""

    legs: tuple[LegAnswer, ...]
    expires_slot: Count
    digest: Hash | None


class AcceptChainAnswer(Answer, frozen=True, tag_field="kind", tag="accept-chain"):
    """Consent to a chain that waits."""

    chain: Count
    digest: Hash


class DeclineChainAnswer(Answer, frozen=True, tag_field="kind", tag="decline-chain"):
    """A chain refused, or taken back."""

    chain: Count


class ConfirmDeliveryAnswer(Answer, frozen=True, tag_field="kind", tag="receipt"):
    """The buyer's receipt."""

    delivery: Count
    quantity: Count


MarketActionAnswer = (
    OfferAnswer
    | WantAnswer
    | ChangeListingAnswer
    | WithdrawListingAnswer
    | SetOrderAnswer
    | CancelOrderAnswer
    | ProposeChainAnswer
    | AcceptChainAnswer
    | DeclineChainAnswer
    | ConfirmDeliveryAnswer
)

MARKET_ANSWERS: Final[Mapping[type[Action], type[MarketActionAnswer]]] = {
    Offer: OfferAnswer,
    Want: WantAnswer,
    ChangeListing: ChangeListingAnswer,
    WithdrawListing: WithdrawListingAnswer,
    SetOrder: SetOrderAnswer,
    CancelOrder: CancelOrderAnswer,
    ProposeChain: ProposeChainAnswer,
    AcceptChain: AcceptChainAnswer,
    DeclineChain: DeclineChainAnswer,
    ConfirmDelivery: ConfirmDeliveryAnswer,
}


def build_leg_answers(_prefix: str, legs: Iterable[Leg]) -> tuple[LegAnswer, ...]:
    """The legs of a chain."""
    return tuple(LegAnswer(offer=leg.offer, want=leg.want, quantity=leg.quantity) for leg in legs)


MARKET_WRITERS: Final[Mapping[Any, Callable[[str, Any], object]]] = {LegAnswer: build_leg_answers}
