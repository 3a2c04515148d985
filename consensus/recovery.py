"""A key whose journal is lost, old or copied back: how it is found out, and how it speaks again.

Before anything is signed after a start, others are asked for the newest messages of ours that they
saw. A key that may have said more than its journal knows begins anew above all that it can have
said, and votes once something newer than that is justified.
"""

from typing import Final

from chain.codec import encode
from chain.header import BlockHash, compute_block_hash
from chain.votes import Prevote, SignedVote
from consensus.effects import AskNewest, Concern, Effect, Warn
from consensus.events import NewestShown, ReleaseCommanded
from consensus.gadget import Asking
from consensus.guard import GuardState
from consensus.journal import (
    enter_set,
    find_activation,
    find_newest_record,
    find_record,
    get_signed_header,
    get_signed_slot,
    get_voted_rounds,
    has_signed,
    record_loss,
    record_release,
)
from consensus.prevote import get_release_slots
from consensus.sets import compute_weight, find_voter, is_alone
from consensus.state import Consensus
from consensus.voting import ensure_record, get_guard, get_record

ASKING_SLOTS_MAX: Final = 15
BIRTH_SLOTS: Final = 2  # of a community, in which nobody has anything to tell
BEYOND_ROUNDS: Final = 2  # clocks differ, so a lost message may be of a round to come
RELEASE_WAIT_SLOTS: Final = 15  # for what the reachable seats have justified


def on_newest_shown(state: Consensus, event: NewestShown) -> list[Effect]:
    """A seat shows the newest of ours that it saw. Each kind is compared for itself.

    A restored journal may hold a later prevote than the header that it lacks.
    """
    recovery, journal, chain = state.gadget.recovery, state.journal, state.settings.chain
    if state.seat is None or event.seat != state.seat.id:
        recovery.answered.add(event.seat)
    newest = event.newest
    recovery.shown_round = max(recovery.shown_round, *newest)
    if journal is None:
        return []
    prevote_round, ack_round = get_voted_rounds(journal, chain)
    effects: list[Effect] = []
    for shown, known in (
        (newest.block_slot, get_signed_slot(journal, chain)),
        (newest.prevote_round, prevote_round),
        (newest.ack_round, ack_round),
    ):
        if shown > known:
            effects += _meet(state, shown)
    return effects


def on_release_commanded(state: Consensus, event: ReleaseCommanded) -> list[Effect]:
    """The operator wants a silent key to vote: not before its time, and not before it is known."""
    slot = state.get_slot(event.time_ms)
    wait_slots = _get_release_wait(state, slot)
    if wait_slots is not None:
        return [Warn(Concern.RELEASE_REFUSED, wait_slots)]
    state.gadget.recovery.release_slot = slot
    return []


def meet_own_header(
    state: Consensus, slot: int, base: BlockHash | None, block_hash: BlockHash | None = None
) -> list[Effect]:
    """A header of our own seat has come; see whether the journal knows it.

    Two machines with one journal each draw the same slots: of the newest one the header must be
    the very one that was signed.
    """
    journal, chain = state.journal, state.settings.chain
    if journal is None or not _may_be_ours(state, base) or slot < get_signed_slot(journal, chain):
        return []
    if slot == get_signed_slot(journal, chain):
        signed = get_signed_header(journal, chain, slot)  # nil once another set was entered
        if signed is None or block_hash in (None, compute_block_hash(signed)):
            return []
    return _meet(state, slot)


def meet_own_vote(state: Consensus, vote: SignedVote) -> list[Effect]:
    """A vote of our own seat has come; see whether the journal knows it.

    Of the round that the journal knows it must be the very same.
    """
    journal, body, chain = state.journal, vote.body, state.settings.chain
    if journal is None or not _may_be_ours(state, body.set):
        return []
    is_prevote = isinstance(body, Prevote)
    if body.round > get_voted_rounds(journal, chain)[0 if is_prevote else 1]:
        return _meet(state, body.round)
    record = find_record(journal, chain, body.set)
    if record is None:
        return []
    known_round = record.prevote_round if is_prevote else record.ack_round
    known = record.prevote if is_prevote else record.ack  # nil once another set was entered
    is_other = body.round == known_round and known not in (b"", encode(body))
    return _meet(state, body.round) if body.round > known_round or is_other else []


def ask_again(state: Consensus, slot: int) -> None:
    """Another set is in force at once: whoever has answered so far may weigh nothing in it."""
    recovery, seat = state.gadget.recovery, state.seat
    if seat is None or recovery.asking is Asking.NOT_YET or is_alone(state.gadget.voters, seat.id):
        return
    recovery.asking, recovery.asked_slot = Asking.ASKING, slot
    recovery.answered.clear()


def pass_time(state: Consensus, time_ms: int) -> list[Effect]:
    """Ask, judge the answers, and begin anew when it must be."""
    recovery, slot = state.gadget.recovery, state.get_slot(time_ms)
    if state.journal is None or state.listen_until_ms is None:
        return []
    effects: list[Effect] = []
    if recovery.asking is Asking.NOT_YET:
        _begin(state, slot)
    if recovery.asking is Asking.ASKING:
        if recovery.told_slot != slot:
            recovery.told_slot = slot
            effects.append(AskNewest())
        if _has_heard_enough(state, slot):
            recovery.asking = _judge(state)
    if recovery.asking is Asking.LOST:
        effects += _begin_anew(state, time_ms)
    if recovery.asking is Asking.DONE:
        ensure_record(state)
        effects += _release(state, slot)
    return effects


def _begin(state: Consensus, slot: int) -> None:
    """Ask, but for two keys: at the birth of a community, and of a seat that decides alone.

    A journal that never signed is asked for like any other: it may be a copy from before the first
    signature, which is just when people make copies.
    """
    recovery, seat, journal = state.gadget.recovery, state.seat, state.journal
    assert seat is not None, "only a seat has a journal"
    assert journal is not None
    recovery.started_slot = recovery.asked_slot = slot
    is_newborn = slot <= BIRTH_SLOTS and not (recovery.has_no_journal or has_signed(journal))
    if is_newborn or is_alone(state.gadget.voters, seat.id):
        recovery.asking = _judge(state)
    else:
        recovery.asking = Asking.ASKING


def _judge(state: Consensus) -> Asking:
    recovery = state.gadget.recovery
    return Asking.LOST if recovery.has_no_journal or recovery.is_outdated else Asking.DONE


def _has_heard_enough(state: Consensus, slot: int) -> bool:
    """Answers of more than a third of the weight, or a time that is long enough."""
    recovery, voters = state.gadget.recovery, state.gadget.voters
    weight = compute_weight(voters, recovery.answered)
    return 3 * weight > voters.total_weight or slot - recovery.asked_slot >= ASKING_SLOTS_MAX


def _may_be_ours(state: Consensus, set_hash: BlockHash | None) -> bool:
    """Whether our own key signs for our seat in a set; of one that is not known here, it may.

    After a takeover or a replacement what another key of the seat says is not ours: it tells
    nothing of our journal, and whoever has that key must not be able to silence this one.
    """
    seat = state.seat
    voters = None if set_hash is None else state.gadget.sets.get(set_hash)
    if voters is None or seat is None:
        return True
    entry = find_voter(voters, seat.id)
    return entry is not None and entry.vote_key == seat.vote_key


def _meet(state: Consensus, round_: int) -> list[Effect]:
    """Something newer than the journal knows exists.

    From before this start: the journal is old. From after it: another machine has the key, and the
    seat stays silent rather than contradict it.
    """
    recovery = state.gadget.recovery
    recovery.shown_round = max(recovery.shown_round, round_)
    if recovery.asking is not Asking.DONE:
        recovery.is_outdated = True
        return []
    if round_ < recovery.started_slot:
        recovery.asking = Asking.LOST
        return []
    state.key_used_elsewhere = True
    return state.tell_once(Concern.KEY_USED_ELSEWHERE, round_)


def _compute_beginning(state: Consensus, slot: int) -> int:
    """The first round that our key cannot have signed anything of, by all that we know."""
    assert state.seat is not None
    gadget = state.gadget
    common_round = gadget.pool.compute_common_round(gadget.voters, state.seat.id)
    shown_round = max(gadget.recovery.shown_round, *gadget.pool.get_newest(state.seat.id))
    return BEYOND_ROUNDS + max(slot, common_round, shown_round)


def _begin_anew(state: Consensus, time_ms: int) -> list[Effect]:
    """Once the clock can be trusted, write down from where on the key may speak."""
    assert state.journal is not None
    assert state.listen_until_ms is not None
    if get_guard(state, time_ms) is not GuardState.OPEN or time_ms < state.listen_until_ms:
        return []
    recovery, slot, chain = state.gadget.recovery, state.get_slot(time_ms), state.settings.chain
    round_ = _compute_beginning(state, slot)
    voters, journal = state.gadget.voters, state.journal
    newest = find_newest_record(journal, chain)
    if newest is None or newest.base_slot < voters.base_slot:
        journal = enter_set(journal, chain, voters.base, voters.base_slot)
    state.journal = record_loss(journal, chain, round_, slot)
    recovery.has_no_journal = recovery.is_outdated = False
    recovery.asking = Asking.DONE
    return [Warn(Concern.JOURNAL_LOST, round_)]


def _get_release_wait(state: Consensus, slot: int) -> int | None:
    """None: the key may be released. Else the slots until then; 0: for another reason."""
    journal, seat = state.journal, state.seat
    activation = find_activation(journal, state.settings.chain) if journal else None
    if activation is None or not activation.round or seat is None:
        return 0
    if state.gadget.recovery.asking is not Asking.DONE:
        return 0
    if state.gadget.lock.round > activation.round:
        return 0  # it votes already
    if is_alone(state.gadget.voters, seat.id):
        return None
    if activation.since_slot > slot:
        return None  # found by a clock that ran ahead; the notice's time is waited for anyway
    left = activation.since_slot + get_release_slots(state.settings.constants) - slot
    return left if left > 0 else None


def _release(state: Consensus, slot: int) -> list[Effect]:
    """Carry out the operator's command when what others have justified has had time to come."""
    recovery, gadget, seat = state.gadget.recovery, state.gadget, state.seat
    if recovery.release_slot is None or seat is None or state.journal is None:
        return []
    if not is_alone(gadget.voters, seat.id) and slot - recovery.release_slot < RELEASE_WAIT_SLOTS:
        return []
    recovery.release_slot = None
    activation = find_activation(state.journal, state.settings.chain)
    if activation is None or not activation.round or get_record(state) is None:
        return []
    if gadget.lock.round > activation.round:
        return []  # it votes already
    round_ = _compute_beginning(state, slot)
    state.journal = record_release(state.journal, state.settings.chain, round_)
    return [Warn(Concern.RELEASED, round_)]
