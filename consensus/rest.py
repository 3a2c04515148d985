"""Between two moments of its plan a node is at rest: a vote that decides nothing changes no plan.

Votes come a hundred times as often as anything else, and nearly all of them are one more of many.
Here stands what must hold for such a message to be passed over without planning anew; who is not
sure that it holds plans anew.
"""

from typing import Final

from consensus.events import Answered, Event, HereSeen, PeerClaimed, VoteSeen
from consensus.gadget import CERTIFICATES_WAITING_MAX, Asking
from consensus.guard import STALE_SLOTS
from consensus.state import Consensus, Rest, Signing

# What such an event changes when it calls for nothing: tallies of votes and of attendance, and
# claims of peers. No plan reads these but by what they call for.
QUIET: Final = frozenset({VoteSeen, HereSeen, PeerClaimed, Answered})


def find_rest(state: Consensus, time_ms: int, wake_ms: int) -> Rest | None:
    """From now until the time when the plan is looked at again; None: anything may change it.

    A node that has a seat and may not sign waits for what no time was planned for. While a node
    asks for its own newest messages, answers change what it may do.
    """
    if state.seat is not None and (
        state.signing is not Signing.SIGNS
        or state.gadget.recovery.asking is not Asking.DONE
        or state.gadget.recovery.release_slot is not None
    ):
        return None
    return Rest(time_ms, wake_ms, len(state.gadget.waiting))


def is_undisturbed(state: Consensus, event: Event) -> bool:
    """Whether an event that called for nothing has left the plan as it was."""
    rest = state.rest
    if rest is None or not rest.since_ms <= event.time_ms < rest.until_ms:
        return False
    if state.journal is not state.stored:
        return False
    if not len(state.gadget.waiting) == rest.waiting < CERTIFICATES_WAITING_MAX:
        return False  # a certificate waits, which may be of something above our head
    if not isinstance(event, VoteSeen):
        return True
    # Old messages may close the clock guard, and one of our own shows who else has our key.
    vote, slot = event.vote, state.get_slot(event.time_ms)
    return slot - vote.body.round <= STALE_SLOTS and (
        state.seat is None or vote.seat != state.seat.id
    )
