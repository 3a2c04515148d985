"""What the people of a chain of trades agree on: formats only, for rules and for wallets."""

from collections.abc import Iterable
from typing import NamedTuple

from chain.actions import Leg
from chain.codec import encode
from chain.crypto import compute_hash
from chain.policy import AccountId


class Term(NamedTuple):
    """What is agreed about one leg."""

    leg: Leg
    seller: AccountId
    buyer: AccountId
    good: str
    unit: str
    price: int


def compute_terms_digest(chain: bytes, terms: Iterable[Term], expires_slot: int) -> bytes:
    """What a member consents to: who gives whom what, at which price, until when."""
    return compute_hash(b"barter-chain", chain, encode((tuple(terms), expires_slot)))
