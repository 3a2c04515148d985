"""Why something was refused: numbers, and what they say to people.

docs/refusals.md is printed from it.
"""

from typing import Final

from chain.refusals.blocks import BLOCKS
from chain.refusals.codes import Code, Meaning
from chain.refusals.consensus import CONSENSUS
from chain.refusals.money import MONEY
from chain.refusals.seats import SEATS

__all__ = ["MEANINGS", "Code", "Meaning"]

MEANINGS: Final[dict[Code, Meaning]] = {**MONEY, **SEATS, **BLOCKS, **CONSENSUS}
