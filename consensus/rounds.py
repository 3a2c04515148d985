"""What our seat does in a round of its own accord: prevote, attend, and ask those who know more.

A round of votes is a slot. Called after every event, and at the times that it names.
"""

from collections.abc import Callable
from typing import Any, Final

from chain.codec import Codec
from chain.header import PRIMARY
from chain.votes import VOTE_BYTES_MAX, Ack, Prevote
from consensus.catchup import Claim
from consensus.conflicts import seek_witnesses
from consensus.effects import Ask, Concern, Effect, SignHere, SignVote
from consensus.events import Answered, PeerClaimed, VotesWanted
from consensus.finality import is_frozen, release_view, retry_waiting
from consensus.gadget import is_hand_off_waiting
from consensus.guard import GuardState
from consensus.journal import find_activation, record_vote
from consensus.prevote import Ground, Skip, compute_prevote
from consensus.recovery import pass_time
from consensus.rollcall import build_here
from consensus.sets import is_alone
from consensus.signing import is_settled
from consensus.state import Consensus
from consensus.view import get_prevote_ms
from consensus.voting import get_guard, get_record, may_vote

_PREVOTES: Final = Codec(Prevote, VOTE_BYTES_MAX)
_ACKS: Final = Codec(Ack, VOTE_BYTES_MAX)


def plan_round(state: Consensus, time_ms: int) -> tuple[list[Effect], int]:
    """What is to be done now, and when to look again at the latest."""
    slot, slot_ms = state.get_slot(time_ms), state.slot_ms
    if slot < 1:
        return [], (slot + 1) * slot_ms
    gadget = state.gadget
    effects = pass_time(state, time_ms)
    if gadget.round_slot != slot:
        gadget.round_slot = slot
        gadget.pool.forget_old(slot)
        effects += retry_waiting(state, time_ms)
        effects += _tell_standstill(state, slot)
        effects += _ask(state, slot)
        effects += seek_witnesses(gadget, slot)
    due_ms = get_prevote_ms(slot, slot_ms)
    head = state.position.head
    has_primary = head.slot == slot and head.kind == PRIMARY
    if gadget.view.done_slot < slot and (time_ms >= due_ms or has_primary):
        gadget.view.done_slot = slot
        effects += _prevote(state, slot, time_ms)
    if time_ms >= due_ms:
        effects += _attend(state, slot, time_ms)
    if not is_frozen(state, time_ms):
        effects += release_view(state, time_ms)
    return effects, due_ms if time_ms < due_ms else (slot + 1) * slot_ms


def on_votes_wanted(state: Consensus, event: VotesWanted) -> list[Effect]:
    """Show again what we voted in a round: the stored bytes, never anything new."""
    record = get_record(state)
    if record is None:
        return []
    effects: list[Effect] = []
    if record.prevote and record.prevote_round == event.round:
        effects.append(SignVote(_PREVOTES.decode(record.prevote)))
    if record.ack and record.ack_round == event.round:
        effects.append(SignVote(_ACKS.decode(record.ack)))
    return effects


def on_peer_claimed(state: Consensus, event: PeerClaimed) -> list[Effect]:
    """Somebody says how far it has come."""
    state.gadget.catchup.hear(event.peer, event.claim)
    return _ask(state, state.get_slot(event.time_ms))


def on_answered(state: Consensus, event: Answered) -> list[Effect]:
    """A request of ours is over."""
    slot = state.get_slot(event.time_ms)
    state.gadget.catchup.settle(event.peer, slot, good=event.good)
    return _ask(state, slot)


def get_claim(state: Consensus) -> Claim:
    """How far we have come, for others to know."""
    gadget = state.gadget
    return Claim(gadget.voters.base, gadget.voters.base_slot, gadget.lock.round, gadget.final.round)


def find_prevote(state: Consensus, round_: int, time_ms: int) -> Prevote | Skip | None:
    """What we would prevote now; None: votes may not be signed."""
    record, seat, gadget = get_record(state), state.seat, state.gadget
    if seat is None or record is None or state.journal is None:
        return None
    if not may_vote(state, time_ms) or not is_settled(state, time_ms):
        return None
    ground = Ground(
        chain=state.settings.chain,
        constants=state.settings.constants,
        voters=gadget.voters,
        record=record,
        activation=find_activation(state.journal, state.settings.chain),
        notice_slot=state.position.notice_slot,
        alone=is_alone(gadget.voters, seat.id),
        tree=state.tree,
        head=state.position.head.hash,
        lock=gadget.lock,
        final=gadget.final,
    )
    return compute_prevote(ground, round_)


def _prevote(state: Consensus, slot: int, time_ms: int) -> list[Effect]:
    prevote = find_prevote(state, slot, time_ms)
    if not isinstance(prevote, Prevote) or state.journal is None:
        return []
    gadget = state.gadget
    state.journal = record_vote(
        state.journal, prevote, gadget.lock.justification, gadget.final.finality
    )
    return [SignVote(prevote)]


def _attend(state: Consensus, slot: int, time_ms: int) -> list[Effect]:
    """Answer a roll-call, once; not in the very slot of a start, where we may have done so."""
    gadget, seat = state.gadget, state.seat
    if slot % state.settings.constants.window_slots or gadget.here_slot >= slot:
        return []
    gadget.here_slot = slot
    if seat is None or gadget.stopped or slot <= gadget.recovery.started_slot:
        return []
    if get_guard(state, time_ms) is not GuardState.OPEN or not is_settled(state, time_ms):
        return []
    here = build_here(state.tree, state.settings.chain, seat.id, state.position.head, slot)
    return [SignHere(here)] if here is not None else []


def _ask(state: Consensus, slot: int) -> list[Effect]:
    """Ask somebody who says to know more, if what we lack is not on its way to us anyway."""
    if state.awaits is not None or is_hand_off_waiting(state.gadget):
        return []  # sync brings the block
    requests = state.gadget.catchup.choose(get_claim(state), slot)
    return [Ask(peer, request) for peer, request in requests]


def _tell_standstill(state: Consensus, slot: int) -> list[Effect]:
    """Say, once, that finality stands still; it is said again when it has moved since."""
    gap_slots = slot - max(state.gadget.final.round, state.gadget.moved_slot)
    if gap_slots <= state.settings.constants.window_slots:
        return []
    return state.tell_once(Concern.FINALITY_STANDS, slot - state.gadget.final.round)


ROUND_HANDLERS: Final[dict[type[Any], Callable[[Consensus, Any], list[Effect]]]] = {
    VotesWanted: on_votes_wanted,
    PeerClaimed: on_peer_claimed,
    Answered: on_answered,
}
