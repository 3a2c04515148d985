"""What is dated ahead of our clock once that was set back: it loses its place until its slot.

What others date ahead is held or dropped at the door; what came, or was made, by a clock that ran
ahead stands in the tree already. Whether the clock was wrong before or is wrong now only others can
tell: a server whose clock is behind must not leave the good chain.
"""

from collections.abc import Set as AbstractSet

from chain.policy import AccountId
from consensus.arrivals import EARLY_SLOTS, Arrival
from consensus.effects import Concern, Effect, Forget, Warn
from consensus.finality import choose
from consensus.state import Consensus


def set_ahead_aside(state: Consensus, slot: int) -> list[Effect]:
    """Follow nothing that is dated ahead, unless it shows that our clock is behind.

    Where the tree does not reach down to what is not ahead, nothing is left.
    """
    tree, last_slot = state.tree, slot + EARLY_SLOTS
    ahead = tree.find_after(last_slot)
    way = tree.climb_down(state.position.head.hash)
    is_held = any(facts.slot <= last_slot for facts in way)
    authors = {facts.seat for facts in ahead}
    if not ahead or not is_held or is_clock_behind(state, slot, authors):
        return choose(state)
    waiting = [Arrival(facts, tree.get_size(facts.hash), early=True) for facts in ahead]
    tree.take_out(ahead)
    dropped = state.arrivals.set_aside(waiting)
    # First away from them: what stands on the chain that is followed is not forgotten.
    effects = [Warn(Concern.DATED_AHEAD, len(ahead)), *choose(state)]
    return [*effects, Forget(tuple(dropped))] if dropped else effects


def is_clock_behind(state: Consensus, slot: int, authors: AbstractSet[AccountId]) -> bool:
    """Whether a quorum has decided what is ahead, or more than a third without us has signed it.

    ``authors``: of blocks that are dated ahead. Our own went by our own clock and show nothing.
    """
    gadget, last_slot = state.gadget, slot + EARLY_SLOTS
    rounds = (gadget.lock.round, *(item.body.round for item in gadget.waiting))
    if max(rounds) > last_slot:
        return True
    own = None if state.seat is None else state.seat.id
    weight = sum(
        entry.weight
        for entry in gadget.voters.entries
        if entry.seat != own
        and (entry.seat in authors or max(gadget.pool.get_newest(entry.seat)) > last_slot)
    )
    return 3 * weight > gadget.voters.total_weight
