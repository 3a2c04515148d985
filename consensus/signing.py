"""When our seat signs a header: its turns, what stands in the way, and what must be stored first.

Reads and plans; the one thing that is ever signed goes out of ``on_drafted``, after the journal.
"""

from collections.abc import Callable
from typing import Final

from chain.errors import Invalid
from chain.header import PRIMARY, BlockHash
from chain.rules.lottery import search_entry
from consensus.effects import Concern, Draft, Effect, Missed, SignHeader, Warn
from consensus.events import Drafted
from consensus.gadget import Asking, is_behind_final
from consensus.guard import GuardState
from consensus.journal import (
    get_signed_slot,
    may_sign_block,
    record_block,
)
from consensus.producer import (
    Turn,
    advance_randomness,
    compute_turn,
)
from consensus.state import Consensus, Signing
from consensus.voting import get_guard

LATE_SLOTS_MAX: Final = 1  # drafting may run over the end of the slot, but not for ever
SYNC_QUIET_SLOTS: Final = 2  # so lately sync brought an old block: our head is not the newest


def get_signing(state: Consensus, time_ms: int) -> Signing:
    """Whether a header may be signed now: the first obstacle of the table, or none."""
    for obstacle, applies in _OBSTACLES.items():
        if applies(state, time_ms):
            return obstacle
    return Signing.SIGNS


def on_drafted(state: Consensus, event: Drafted) -> list[Effect]:
    """Sign what was drafted, if it is still our turn: the journal first, then the signature."""
    turn, journal = event.turn, state.journal
    if journal is None or turn != state.drafting or not _may_sign(state, turn, event.time_ms):
        return []
    voters = state.gadget.voters
    state.journal = record_block(
        journal, state.settings.chain, voters.base, turn.slot, event.header, voters.base_slot
    )
    return [SignHeader(event.header)]


def plan_block(state: Consensus, time_ms: int, wake_ms: int) -> tuple[list[Effect], int]:
    """What our seat should do now about blocks, and when to look again: then at the latest."""
    slot = state.get_slot(time_ms)
    state.primaries_seen = {seen for seen in state.primaries_seen if seen >= slot - 1}
    if slot < 1 or state.seat is None:
        return [], wake_ms
    state.guard.pass_time(slot, state.position.entries)
    effects = [*_find_missed(state, slot), *_tell_signing(state, time_ms), *_find_turn(state, slot)]
    turn = state.turn
    if turn is not None and _may_sign(state, turn, time_ms):
        due_ms = slot * state.slot_ms + turn.wait_ms
        if time_ms < due_ms:
            wake_ms = min(wake_ms, due_ms)
        elif turn != state.drafting:
            state.drafting = turn
            effects.append(Draft(turn))
    return effects, wake_ms


def is_settled(state: Consensus, time_ms: int) -> bool:
    """Whether our head is the newest that we can know of, and stands on what is final."""
    return not (_is_listening(state, time_ms) or _is_catching_up(state, time_ms))


def get_header_lock(state: Consensus) -> tuple[int, BlockHash]:
    """The justified checkpoint that a header of ours names: round and block.

    The chain knows its blocks of the last ``transaction_life_slots`` only, and those of two sets.
    A lock from before that is not named, but the base is: else a chain whose finality stands still
    for longer could not grow.
    """
    position, lock, voters = state.position, state.gadget.lock, state.gadget.voters
    base = state.tree.get(position.base)
    sets = {position.base, base.base if base is not None else position.base}
    depth = position.head.height - lock.height
    if voters.base in sets and depth <= state.settings.constants.transaction_life_slots:
        return lock.round, lock.hash
    return position.base_slot, position.base


def _may_sign(state: Consensus, turn: Turn, time_ms: int) -> bool:
    """Whether this turn's header may be signed now, its waiting time apart."""
    journal, head = state.journal, state.position.head.hash
    return (
        journal is not None
        and turn.parent == head
        and state.tree.find_best().hash == head
        and may_sign_block(journal, state.settings.chain, turn.slot)
        and 0 <= state.get_slot(time_ms) - turn.slot <= LATE_SLOTS_MAX
        and (turn.kind == PRIMARY or turn.slot not in state.primaries_seen)
        and get_signing(state, time_ms) is Signing.SIGNS
    )


def _find_turn(state: Consensus, slot: int) -> list[Effect]:
    """Find out whether the slot is ours above the present head; once for each head and slot."""
    if state.turn_slot == slot:
        return []
    state.turn, state.turn_slot = None, slot
    seat, settings = state.seat, state.settings
    if seat is None or not _is_in_set(state):
        return []
    if slot // settings.constants.slots_per_epoch < state.advanced.randomness.epoch:
        state.advanced = state.position  # the clock was set back
    try:
        state.advanced = advance_randomness(state.advanced, settings.constants, slot)
    except Invalid:
        return state.tell_once(Concern.PAUSE_TOO_LONG, slot // settings.constants.slots_per_epoch)
    state.turn = compute_turn(
        state.advanced, settings.constants, settings.chain, seat.id, seat.prove, slot
    )
    if state.turn is not None and state.turn.kind == PRIMARY:
        state.primary_slot = slot
    return []


def _find_missed(state: Consensus, slot: int) -> list[Effect]:
    """Whether a slot has passed of which we were primary, and nothing was signed for it."""
    missed = state.primary_slot
    if missed is None or missed >= slot or state.journal is None:
        return []
    state.primary_slot = None
    signed = get_signed_slot(state.journal, state.settings.chain)
    return [Missed(missed)] if signed < missed else []


def _tell_signing(state: Consensus, time_ms: int) -> list[Effect]:
    """Warn when the guard closes, or waits for the operator."""
    before, state.signing = state.signing, get_signing(state, time_ms)
    if before is state.signing:
        return []
    if state.signing is Signing.GUARDED:
        return [Warn(Concern.GUARDED, state.get_slot(time_ms))]
    if state.signing is Signing.WAITS_FOR_OPERATOR:
        return [Warn(Concern.WAITS_FOR_OPERATOR, state.guard.get_offset_ms() or 0)]
    return []


def _is_in_set(state: Consensus) -> bool:
    """Whether the set of our head has our seat, and with the keys that we hold."""
    seat = state.seat
    entry = search_entry(state.position.entries, seat.id) if seat else None
    return (
        seat is not None
        and entry is not None
        and (entry.vote_key, entry.vrf_key) == (seat.vote_key, seat.vrf_key)
    )


def _is_listening(state: Consensus, time_ms: int) -> bool:
    until_ms = state.listen_until_ms
    if until_ms is None:
        return True
    return time_ms < until_ms and state.is_behind(state.get_slot(time_ms))


def _is_catching_up(state: Consensus, time_ms: int) -> bool:
    slot, final = state.get_slot(time_ms), state.gadget.final
    head = state.position.head
    if (
        state.awaits is not None
        or is_behind_final(state.gadget, head.height)
        or not state.tree.descends(head.hash, final.hash, final.height)
    ):
        return True  # more is final than we hold
    return (
        state.synced_slot is not None
        and slot - state.synced_slot < SYNC_QUIET_SLOTS
        and state.is_behind(slot)
    )


# Why a header may not be signed, the most lasting reason first.
_OBSTACLES: Final[dict[Signing, Callable[[Consensus, int], bool]]] = {
    Signing.NO_SEAT: lambda state, _: state.seat is None,
    Signing.STOPPED: lambda state, _: state.gadget.stopped,
    Signing.REFUSED: lambda state, _: state.key_used_elsewhere,
    Signing.NOT_IN_SET: lambda state, _: not _is_in_set(state),
    Signing.ASKING: lambda state, _: state.gadget.recovery.asking is not Asking.DONE,
    Signing.WAITS_FOR_OPERATOR: lambda state, _: state.guard.waits_for_operator,
    Signing.GUARDED: lambda state, time: get_guard(state, time) is GuardState.LISTENING,
    Signing.LISTENING: _is_listening,
    Signing.CATCHING_UP: _is_catching_up,
}
