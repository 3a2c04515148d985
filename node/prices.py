"""At what prices goods are really traded: the receipts of each block, kept beside the chain.

Derived from what blocks did, in the same batch, and undone with them. No rule reads it: matchmakers
count goods for no more than the middle of what they were receipted at.
"""

from collections import defaultdict
from statistics import median_low
from typing import Final

from chain.block import SealedBlock
from chain.codec import Amount, Codec, Natural, Record, encode
from chain.crypto import u64
from chain.facts import Delivered
from chain.header import Header
from chain.kept import INDEX
from chain.ledger import Execution
from chain.store import Store

PRICE_PERIODS: Final = 90
_RECEIPTS: Final = INDEX + b"z"  # slot -> receipts of its block

_Row = tuple[bytes, bytes | None]


class Receipt(Record, frozen=True):
    """Units of a good that a buyer has signed for, at a price of one."""

    good: str
    price: Amount
    quantity: Natural


_CODEC: Final = Codec(tuple[Receipt, ...], 2**24)


def build_price_rows(block: SealedBlock, execution: Execution) -> list[_Row]:
    """The row of a block with receipts."""
    receipts = tuple(
        Receipt(fact.good, fact.price, fact.quantity)
        for fact in execution.facts
        if isinstance(fact, Delivered)
    )
    return [(_get_key(block.header.slot), encode(receipts))] if receipts else []


def build_price_undo_rows(header: Header) -> list[_Row]:
    """What takes a block's row back."""
    return [(_get_key(header.slot), None)]


def read_prices(store: Store, from_slot: int) -> dict[str, int]:
    """The median price of a unit, by good, of the receipts since a slot."""
    prices: dict[str, list[int]] = defaultdict(list)
    for _, data in store.items(_RECEIPTS, u64(max(0, from_slot))):
        for receipt in _CODEC.decode(data):
            prices[receipt.good].append(receipt.price)
    return {good: median_low(found) for good, found in sorted(prices.items())}


def _get_key(slot: int) -> bytes:
    return _RECEIPTS + u64(slot)
