"""Whether our seat may vote at all, and what its journal says of the set in force."""

from collections.abc import Callable
from typing import Final

from consensus.gadget import Asking
from consensus.guard import GuardState
from consensus.journal import SetRecord, enter_set, find_newest_record
from consensus.sets import find_voter
from consensus.state import Consensus, Signing


def get_voting(state: Consensus, time_ms: int) -> Signing:
    """Whether votes may be signed now: the first obstacle of the table, or none."""
    for obstacle, applies in _OBSTACLES.items():
        if applies(state, time_ms):
            return obstacle
    return Signing.SIGNS


def may_vote(state: Consensus, time_ms: int) -> bool:
    """Whether votes may be signed now."""
    return get_voting(state, time_ms) is Signing.SIGNS


def is_voter(state: Consensus) -> bool:
    """Whether the set in force lists our seat with the key that we hold.

    A standby key that has taken over stands in the list as the seat's vote key.
    """
    seat = state.seat
    entry = find_voter(state.gadget.voters, seat.id) if seat else None
    return seat is not None and entry is not None and entry.vote_key == seat.vote_key


def get_record(state: Consensus) -> SetRecord | None:
    """The journal's record of the set in force; None: it has none, or knows a newer set."""
    if state.journal is None:
        return None
    record = find_newest_record(state.journal, state.settings.chain)
    return record if record is not None and record.set == state.gadget.voters.base else None


def ensure_record(state: Consensus) -> None:
    """Open a record of the set in force.

    Not while the journal is lost: its records are made when a new beginning is known.
    """
    journal, voters, chain = state.journal, state.gadget.voters, state.settings.chain
    if journal is None or state.gadget.recovery.has_no_journal:
        return
    newest = find_newest_record(journal, chain)
    if newest is None or newest.base_slot < voters.base_slot:
        state.journal = enter_set(journal, chain, voters.base, voters.base_slot)


def get_guard(state: Consensus, time_ms: int) -> GuardState:
    """What the clock guard says."""
    return state.guard.get_state(state.get_slot(time_ms), state.position.entries)


_OBSTACLES: Final[dict[Signing, Callable[[Consensus, int], bool]]] = {
    Signing.NO_SEAT: lambda state, _: state.seat is None or state.journal is None,
    Signing.STOPPED: lambda state, _: state.gadget.stopped,
    Signing.REFUSED: lambda state, _: state.key_used_elsewhere,
    Signing.NOT_IN_SET: lambda state, _: not is_voter(state),
    Signing.ASKING: lambda state, _: state.gadget.recovery.asking is not Asking.DONE,
    Signing.WAITS_FOR_OPERATOR: lambda state, _: state.guard.waits_for_operator,
    Signing.GUARDED: lambda state, time: get_guard(state, time) is GuardState.LISTENING,
}
