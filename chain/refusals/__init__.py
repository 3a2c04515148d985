"""Why something was refused: numbers, and what they say to people.

docs/refusals.md is printed from it.
"""

from typing import Final

from chain.refusals.blocks import BLOCKS
from chain.refusals.codes import Code, Meaning
from chain.refusals.consensus import CONSENSUS
from chain.refusals.credit import CREDIT
from chain.refusals.exchange import EXCHANGE
from chain.refusals.identity import IDENTITY
from chain.refusals.keys import KEYS
from chain.refusals.market import MARKET
from chain.refusals.money import MONEY
from chain.refusals.proofs import PROOFS
from chain.refusals.seats import SEATS
from chain.refusals.votes import VOTES

__all__ = ["MEANINGS", "Code", "Meaning"]

MEANINGS: Final[dict[Code, Meaning]] = {
    **MONEY,
    **CREDIT,
    **SEATS,
    **IDENTITY,
    **KEYS,
    **VOTES,
    **EXCHANGE,
    **MARKET,
    **BLOCKS,
    **CONSENSUS,
    **PROOFS,
}
