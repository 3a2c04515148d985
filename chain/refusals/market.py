"""What refusals of offers, wants, chains and deliveries mean."""

from typing import Final

from chain.refusals.codes import Code, Meaning

MARKET: Final[dict[Code, Meaning]] = {
    Code.LISTING_OUT_OF_BOUNDS: Meaning(
        False,
        "An offer or want ends within 360 periods, and is worth no more than one can owe at once; "
        "divide it into several.",
    ),
    Code.TOO_MANY_LISTINGS: Meaning(
        True, "The account has as many offers and wants open as the rules admit."
    ),
    Code.UNKNOWN_LISTING: Meaning(True, "There is no such offer or want, or not any more."),
    Code.NOT_YOUR_LISTING: Meaning(False, "The offer or want is somebody else's."),
    Code.ORDER_OUT_OF_BOUNDS: Meaning(
        False, "A standing order ends within 360 periods, and moves no more than all money."
    ),
    Code.NO_ORDER: Meaning(True, "The account has no standing order."),
    Code.TOO_MANY_OVERDUE: Meaning(
        True, "More than two deliveries are overdue: until they are not, no standing order counts."
    ),
    Code.LEGS_OUT_OF_ORDER: Meaning(
        False, "A chain's legs rise by offer and want, and none stands there twice."
    ),
    Code.TRADE_WITH_SELF: Meaning(False, "Nobody buys from himself."),
    Code.GOODS_DO_NOT_MATCH: Meaning(
        False, "The offer is not what is wanted: other goods, another unit or another place."
    ),
    Code.PRICE_ABOVE_MAXIMUM: Meaning(True, "The offer's price is above what the buyer would pay."),
    Code.NOT_ENOUGH_LEFT: Meaning(True, "Less is left of the offer or want than the chain takes."),
    Code.TOO_MANY_CHAINS: Meaning(
        True, "As many chains that the account proposed are waiting as the rules admit."
    ),
    Code.CHAIN_EXPIRY_OUT_OF_BOUNDS: Meaning(False, "A chain expires within 28 periods."),
    Code.UNKNOWN_CHAIN: Meaning(True, "No such chain is waiting, or not any more."),
    Code.OTHER_CHAIN: Meaning(
        False, "The chain is another than the one consented to, or a price in it has changed."
    ),
    Code.NOT_IN_CHAIN: Meaning(False, "The account takes no part in this chain."),
    Code.CONSENTED_ALREADY: Meaning(False, "The account has consented to this chain already."),
    Code.UNKNOWN_DELIVERY: Meaning(True, "No such delivery is open."),
    Code.NOT_THE_BUYER: Meaning(False, "Only the buyer can say that."),
    Code.RECEIPT_TOO_LARGE: Meaning(True, "Less than that is still to be delivered."),
}
