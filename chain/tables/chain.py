"""Where the chain stands, and by which rules it goes on. Times are slots."""

from typing import Final

from chain.codec import Bytes16, Bytes32, Natural, Record
from chain.parameters import KeepSchedule, Parameters
from chain.tables.table import Table


class Randomness(Record, frozen=True):
    """Key: ``CURRENT``. Seeds of this epoch and the next, and what this epoch mixes for later."""

    epoch: Natural
    seed: Bytes32
    next_seed: Bytes32
    mix: Bytes32


class Anchor(Record, frozen=True):
    """Key: 16 bytes of a block that the chain has recorded as final; ``ref`` must name one."""

    following: Bytes16 | None  # the one recorded next
    left_slot: Natural | None  # of the block whose record took it from the rounds kept


class Tip(Record, frozen=True):
    """Key: ``CURRENT``. Where the chain stands after this block.

    ``score`` is here for those who begin with a snapshot: nobody could prove it to them else.
    """

    slot: Natural
    height: Natural
    score: Natural


class Rules(Record, frozen=True):
    """Key: ``CURRENT``. The parameters in force and the schedule of demurrage."""

    parameters: Parameters
    keep_schedule: KeepSchedule


RANDOMNESS: Final = Table(b"r", "randomness", Randomness)
ANCHORS: Final = Table(b"f", "anchors", Anchor)
TIPS: Final = Table(b"h", "tip", Tip)
RULES: Final = Table(b"g", "rules", Rules)
