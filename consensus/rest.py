"""Between two moments of its plan a node is at rest: a vote that decides nothing changes no plan.

Votes come a hundred times as often as anything else, and nearly all of them are one more of many;
so are announcements of headers. Here stands what must hold for such a message to be passed over
without planning anew; who is not sure that it holds plans anew.
"""

from typing import Final

from chain.header import PRIMARY
from chain.policy import AccountId
from consensus.events import Answered, Event, HeaderSeen, HereSeen, PeerClaimed, VoteSeen
from consensus.gadget import CERTIFICATES_WAITING_MAX, Asking
from consensus.guard import STALE_SLOTS
from consensus.state import Consensus, Rest, Signing

# What such an event changes when it calls for nothing: tallies of votes and of attendance, headers
# that were seen, and claims of peers. No plan reads these but by what they call for.
QUIET: Final = frozenset({VoteSeen, HeaderSeen, HereSeen, PeerClaimed, Answered})

_RESTING: Final = frozenset({Signing.SIGNS, Signing.NOT_IN_SET})


def find_rest(state: Consensus, time_ms: int, wake_ms: int) -> Rest | None:
    """From now until the time when the plan is looked at again; None: anything may change it.

    A node that has a seat and may not sign waits for what no time was planned for, unless only
    another head can put it into a set. While a node asks for its own newest messages, answers
    change what it may do.
    """
    if state.seat is not None and (
        state.signing not in _RESTING
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
    if isinstance(event, VoteSeen):
        return _says_nothing_of_us(state, event.vote.seat, event.vote.body.round, event.time_ms)
    if isinstance(event, HeaderSeen):
        turn = state.turn
        ends_turn = turn is not None and (event.slot, event.kind) == (turn.slot, PRIMARY)
        return not ends_turn and _says_nothing_of_us(state, event.seat, event.slot, event.time_ms)
    return True


def _says_nothing_of_us(state: Consensus, seat: AccountId, round_: int, time_ms: int) -> bool:
    """Whether a message of a seat, of a slot or round, tells nothing about our clock and our key.

    Old ones may close the clock guard, and one of our own seat may show who else has our key.
    """
    if state.seat is not None and seat == state.seat.id:
        return state.gadget.recovery.asking is Asking.DONE and not state.key_used_elsewhere
    return state.get_slot(time_ms) - round_ <= STALE_SLOTS
