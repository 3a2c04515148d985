"""Each block looks at some of what has ended: listings, chains that waited, deliveries."""

from typing import Final

from chain.crypto import u64
from chain.rules.barter import end_chain
from chain.rules.context import Context
from chain.rules.deliveries import process_delivery
from chain.rules.listings import end_listing
from chain.rules.market import get_end_period, note_end, take_ended
from chain.state import State

ENDS_PER_BLOCK: Final = 64


def process_market_ends(state: State, context: Context) -> None:
    """Let what is over be over. Whatever has been given more time is looked at again then."""
    for number in take_ended(state, context, ENDS_PER_BLOCK):
        key = u64(number)
        listing, chain = state.listings.get(key), state.chains.get(key)
        delivery = state.deliveries.get(key)
        if listing is not None:
            if context.slot > listing.until_slot:
                end_listing(state, number, listing)
            else:
                note_end(state, context, get_end_period(context, listing.until_slot), number)
        elif chain is not None:
            end_chain(state, number, chain)
        elif delivery is not None:
            process_delivery(state, context, number, delivery)
