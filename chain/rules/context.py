"""Where in time and under which rules a block stands: all a rule may ask besides the rows."""

from typing import NamedTuple

from chain.parameters import Constants, KeepSchedule, Parameters


class Context(NamedTuple):
    """One block's place: its slot, what its slot falls into, and the rules in force."""

    chain: bytes
    constants: Constants
    parameters: Parameters
    keep_schedule: KeepSchedule
    slot: int
    parent_slot: int
    height: int
    step: int
    period: int
    epoch: int

    @property
    def steps_per_period(self) -> int:
        """Steps of demurrage in a period."""
        return self.constants.slots_per_period // self.constants.slots_per_step


def build_context(
    chain: bytes,
    constants: Constants,
    parameters: Parameters,
    keep_schedule: KeepSchedule,
    slot: int,
    parent_slot: int,
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
        height,
        slot // constants.slots_per_step,
        slot // constants.slots_per_period,
        slot // constants.slots_per_epoch,
    )
