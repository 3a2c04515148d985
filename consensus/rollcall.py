"""Who attends: at every roll-call each registered seat says on which block it stands.

The block named is old enough to be on every honest seat's chain, so that attendance is not lost
with an orphan. It is no offence to attend twice, and yet an honest seat does so once a round.
"""

from dataclasses import dataclass, field
from typing import Final

from chain.policy import AccountId
from chain.votes import Here, SignedHere
from consensus.forkchoice import BlockFacts, Tree

HEAD_AGE_SLOTS: Final = 8
ROUNDS_KEPT: Final = 2
SEATS_MAX: Final = 256


@dataclass(slots=True)
class HerePool:
    """The first attendance of each seat and round, of the newest rounds."""

    _rounds: dict[int, dict[AccountId, SignedHere]] = field(default_factory=dict)

    def is_wanted(self, here: SignedHere, window_slots: int, slot: int) -> bool:
        """Whether it would be news; to be asked before its signature is checked."""
        round_ = here.body.round
        if round_ % window_slots or not slot - window_slots <= round_ <= slot + 1 or round_ < 1:
            return False
        seats = self._rounds.get(round_, {})
        return here.body.seat not in seats and len(seats) < SEATS_MAX

    def add(self, here: SignedHere, window_slots: int, slot: int) -> bool:
        """Take one in; False: it is no news."""
        if not self.is_wanted(here, window_slots, slot):
            return False
        self._rounds.setdefault(here.body.round, {})[here.body.seat] = here
        for old in sorted(self._rounds)[:-ROUNDS_KEPT]:
            del self._rounds[old]
        return True

    def get_round(self, round_: int) -> dict[AccountId, SignedHere]:
        """Who attended a round."""
        return self._rounds.get(round_, {})


def get_roll_call(slot: int, window_slots: int) -> int:
    """The roll-call that a block of this slot may carry; 0: none yet."""
    return (slot - 1) // window_slots * window_slots


def build_here(
    tree: Tree, chain: bytes, seat: AccountId, head: BlockFacts, round_: int
) -> Here | None:
    """Our attendance of a round; None when the tree does not reach far enough down."""
    for facts in tree.climb_down(head.hash):
        if facts.slot <= round_ - HEAD_AGE_SLOTS or facts.height == 0:
            return Here(chain, seat, round_, facts.hash)
    return None
