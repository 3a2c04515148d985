"""Where in time and under which rules a block stands: all a rule may ask besides the rows."""

from typing import NamedTuple

from chain.header import BlockHash
from chain.parameters import Constants, KeepSchedule, Parameters
from chain.policy import AccountId


class Context(NamedTuple):
    """One block's place: its slot, what its slot falls into, and the rules in force."""

    chain: bytes
    constants: Constants
    parameters: Parameters
    keep_schedule: KeepSchedule
    slot: int
    parent_slot: int
    parent_hash: BlockHash
    height: int
    step: int
    period: int
    epoch: int

    @property
    def steps_per_period(self) -> int:
        """Steps of demurrage in a period."""
        return self.constants.slots_per_period // self.constants.slots_per_step

    @property
    def parent_epoch(self) -> int:
        """The epoch of the parent."""
        return self.parent_slot // self.constants.slots_per_epoch

    @property
    def begins_epoch(self) -> bool:
        """Whether the block is the first of its epoch: it does the work of the boundary."""
        return self.epoch > self.parent_epoch


class Author(NamedTuple):
    """Who makes the block, as a primary or a secondary, and the VRF output by which he may."""

    seat: AccountId
    kind: int
    output: bytes


def build_context(
    chain: bytes,
    constants: Constants,
    parameters: Parameters,
    keep_schedule: KeepSchedule,
    slot: int,
    parent_slot: int,
    parent_hash: BlockHash,
    height: int,
) -> Context:
    """The context of a block in this slot."""
    return Context(
        chain,
        constants,
        parameters,
        keep_schedule,
        slot,
        parent_slot,
        parent_hash,
        height,
        slot // constants.slots_per_step,
        slot // constants.slots_per_period,
        slot // constants.slots_per_epoch,
    )
