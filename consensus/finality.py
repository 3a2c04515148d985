"""Votes and certificates as they come: what they justify, what they make final, what we ack.

A certificate acts like the votes in it, and our own votes come in by the same door as everybody's.
Nothing is justified for us before its block is held and executed; nothing final is ever given up.
"""

from chain.certificates import Certificate, Finality, Justification
from chain.header import BlockHash
from chain.votes import Ack, Prevote, SignedVote
from consensus.catchup import build_step_voters
from consensus.conflicts import (
    contradicts,
    find_conflict,
    meet_contradiction,
    take_witness,
    tell_conflict,
)
from consensus.effects import (
    Concern,
    Effect,
    FetchParents,
    Finalised,
    Follow,
    KeepCertificate,
    SetEntered,
    SignVote,
)
from consensus.events import CertificateSeen, HandOffsShown, HereSeen, SetShown, VoteSeen
from consensus.gadget import (
    CERTIFICATES_WAITING_MAX,
    Gadget,
    keep_certificate,
    leave_set,
    remember_set,
    take_up,
)
from consensus.journal import (
    record_decided,
    record_vote,
)
from consensus.offences import find_offences
from consensus.pool import ROUNDS_AHEAD_MAX
from consensus.recovery import ask_again, meet_own_vote
from consensus.sets import (
    Checkpoint,
    VoterSet,
    build_base,
    build_final,
    build_justified,
    is_quorum,
)
from consensus.state import Consensus
from consensus.view import is_named
from consensus.voting import ensure_record, get_record, is_voter, may_vote


def on_vote_seen(state: Consensus, event: VoteSeen) -> list[Effect]:
    """A vote: at once, or after our prevote when it came too late to be seen before it."""
    vote, gadget = event.vote, state.gadget
    slot = state.get_slot(event.time_ms)
    effects: list[Effect] = []
    if state.seat is not None and vote.seat == state.seat.id:
        effects += meet_own_vote(state, vote)
    elif event.live and state.guard.is_armed:
        floor_slot = max(gadget.lock.round, state.position.head.slot)
        state.guard.hear(vote.seat, vote.body.round, slot, floor_slot)
    gadget.pool.hear(vote)
    if isinstance(vote.body, Prevote) and is_frozen(state, event.time_ms):
        gadget.view.hold_vote(vote)
        return effects
    return effects + take_vote(state, vote, event.time_ms)


def on_certificate_seen(state: Consensus, event: CertificateSeen) -> list[Effect]:
    """A certificate: like the votes in it, unless the head of this very slot names it."""
    head = state.position.head
    names = head.slot == state.get_slot(event.time_ms) and is_named(
        event.certificate, head.lock_round, head.lock_hash
    )
    if is_frozen(state, event.time_ms) and not names:
        state.gadget.view.hold_certificate(event.certificate)
        return []
    return take_certificate(state, event.certificate, event.time_ms)


def on_here_seen(state: Consensus, event: HereSeen) -> list[Effect]:
    """Somebody attends."""
    window_slots = state.settings.constants.window_slots
    state.gadget.heres.add(event.here, window_slots, state.get_slot(event.time_ms))
    return []


def on_set_shown(state: Consensus, event: SetShown) -> list[Effect]:
    """A list that a hand-off calls. If that hand-off is final already, its set is in force."""
    gadget = state.gadget
    remember_set(gadget, event.voters)
    if event.trusted:
        state.awaits = None
        if event.voters.base_slot > gadget.voters.base_slot:
            ask_again(state, state.get_slot(event.time_ms))
            return enter(state, event.voters, event.time_ms)
    if gadget.final.hash == event.voters.base != gadget.voters.base:
        return enter(state, event.voters, event.time_ms)
    return retry_waiting(state, event.time_ms)


def on_hand_offs_shown(state: Consensus, event: HandOffsShown) -> list[Effect]:
    """Proven hand-offs from the set in force, or one before it, upwards."""
    effects: list[Effect] = []
    for step in event.steps:
        gadget = state.gadget
        if step.finality.body.set != gadget.voters.base:
            continue
        remember_set(gadget, build_step_voters(step))
        for certificate in (step.justification, step.finality):
            effects += take_certificate(state, certificate, event.time_ms)
    return effects


def is_frozen(state: Consensus, time_ms: int) -> bool:
    """Whether what comes now must wait for our prevote; those who do not vote need not wait."""
    return state.gadget.view.is_frozen(time_ms, state.slot_ms) and is_voter(state)


def take_vote(state: Consensus, vote: SignedVote, time_ms: int) -> list[Effect]:
    """Count a vote, and see what it decides and what it proves of its seat."""
    gadget, slot = state.gadget, state.get_slot(time_ms)
    voters = gadget.sets.get(vote.body.set)
    if state.awaits is not None or voters is None or not gadget.pool.add(voters, vote, slot):
        return []
    effects = find_offences(gadget, voters, vote)
    return effects + _count(state, voters, vote.body, time_ms)


def take_certificate(state: Consensus, certificate: Certificate, time_ms: int) -> list[Effect]:
    """Let a certificate decide what it decides, now or when its block, set or time has come."""
    named = take_witness(state.gadget, certificate)
    return named + _decide(state, certificate, time_ms)


def _decide(state: Consensus, certificate: Certificate, time_ms: int) -> list[Effect]:
    gadget, body = state.gadget, certificate.body
    if state.awaits is not None:
        return []  # keys of seats that have left may have signed it
    if body.set != gadget.voters.base:
        return _take_foreign(state, certificate)
    if body.round > state.get_slot(time_ms) + ROUNDS_AHEAD_MAX:
        _wait(gadget, certificate)
        return []
    if isinstance(certificate, Finality):
        return _take_acks(state, certificate, time_ms)
    justified = build_justified(certificate)
    if contradicts(state.tree, gadget.final, justified):
        return meet_contradiction(gadget, certificate)
    return _take_justified(state, certificate, justified, time_ms)


def _take_acks(state: Consensus, finality: Finality, time_ms: int) -> list[Effect]:
    """Acks of a quorum: what they name is final, and justified too."""
    gadget, body = state.gadget, finality.body
    effects = _keep(gadget, finality)
    pair = find_conflict(gadget, state.tree, finality)
    if pair is not None:
        return effects + tell_conflict(gadget, *pair)
    # Nothing is final for us before we know on what it stands. A proven hand-off stands on its
    # set's base, so it is final at once while nothing above that base is.
    is_next = gadget.final.hash == gadget.voters.base and _is_following(gadget, body.target_hash)
    if is_next or state.tree.is_executed(body.target_hash):
        effects += _take_final(state, finality, time_ms)
    if body.set != gadget.voters.base:  # it was the hand-off
        return effects
    return effects + _take_justified(state, finality, build_final(finality, None), time_ms)


def retry_waiting(state: Consensus, time_ms: int) -> list[Effect]:
    """Look again at what waited for a block, a set or its round."""
    gadget = state.gadget
    waiting, gadget.waiting = gadget.waiting, []
    effects: list[Effect] = []
    for certificate in waiting:
        effects += take_certificate(state, certificate, time_ms)
    return effects


def release_view(state: Consensus, time_ms: int) -> list[Effect]:
    """Take in what waited for our prevote."""
    effects: list[Effect] = []
    votes, certificates = state.gadget.view.release()
    for certificate in certificates:
        effects += take_certificate(state, certificate, time_ms)
    for vote in votes:
        effects += take_vote(state, vote, time_ms)
    return effects


def take_named(state: Consensus, time_ms: int) -> list[Effect]:
    """What the head of this slot names need not wait any more."""
    head = state.position.head
    if head.slot != state.get_slot(time_ms):
        return []
    effects: list[Effect] = []
    for certificate in state.gadget.view.take_named(head.lock_round, head.lock_hash):
        effects += take_certificate(state, certificate, time_ms)
    return effects


def update_root(state: Consensus) -> list[Effect]:
    """Follow only what stands on the highest justified block that is held; executed or not.

    A block that is justified and held must be executed before it counts: so we go there.
    """
    gadget, tree = state.gadget, state.tree
    lock = gadget.lock
    for certificate in gadget.waiting:
        body = certificate.body
        held = tree.get(body.target_hash)
        if body.set == gadget.voters.base and body.round > lock.round and held is not None:
            lock = lock._replace(round=body.round, hash=body.target_hash, height=body.target_height)
    for checkpoint in (gadget.final, lock):
        tree.set_root(checkpoint.hash, checkpoint.height)
    return choose(state)


def choose(state: Consensus) -> list[Effect]:
    """Follow what is best, unless we do."""
    best = state.tree.find_best()
    return [Follow(best.hash)] if best.hash != state.position.head.hash else []


def enter(state: Consensus, voters: VoterSet, time_ms: int) -> list[Effect]:
    """A hand-off is final: its set votes from now on, and what it has said already counts."""
    gadget = state.gadget
    leave_set(gadget)
    gadget.voters = voters
    gadget.pool.forget_seats({seat for known in gadget.sets.values() for seat in known.by_seat})
    gadget.lock = gadget.final = build_base(voters)
    ensure_record(state)
    # A store older than the journal enters again what the journal has voted in.
    take_up(gadget, get_record(state))
    effects: list[Effect] = [SetEntered(voters.base), *retry_waiting(state, time_ms)]
    for body in gadget.pool.get_bodies(voters.base):
        if gadget.voters is voters:
            effects += _count(state, voters, body, time_ms)
    return [*effects, *update_root(state)]


def _count(state: Consensus, voters: VoterSet, body: Prevote | Ack, time_ms: int) -> list[Effect]:
    """Make a certificate of a body that has reached its quorum, once."""
    gadget = state.gadget
    if not is_quorum(voters, gadget.pool.get_weight(body), body.level):
        return []
    key = body.set, body.round, body.target_hash
    if isinstance(body, Prevote):
        if key in gadget.justifications:
            return []
        bits, signatures = gadget.pool.bundle(voters, body)
        return take_certificate(state, Justification(body, bits, signatures), time_ms)
    if key in gadget.finalities:
        return []
    bits, signatures = gadget.pool.bundle(voters, body)
    return take_certificate(state, Finality(body, bits, signatures), time_ms)


def _take_foreign(state: Consensus, certificate: Certificate) -> list[Effect]:
    """A certificate of another set: of one to come it waits, of one that is over it may lie."""
    gadget = state.gadget
    voters = gadget.sets.get(certificate.body.set)
    if voters is not None and voters.base_slot > gadget.voters.base_slot:
        _wait(gadget, certificate)
        return []
    ended = gadget.ended.get(certificate.body.set)
    if isinstance(certificate, Finality) and ended is not None and ended.finality is not None:
        if contradicts(state.tree, ended, build_final(certificate, None)):
            return tell_conflict(gadget, ended.finality, certificate)
        return []
    if (
        isinstance(certificate, Justification)
        and ended is not None
        and ended.justification is None
        and _is_pair(certificate, ended)
    ):
        gadget.ended[certificate.body.set] = ended._replace(justification=certificate)
        return [KeepCertificate(certificate)]
    return []


def _take_final(state: Consensus, finality: Finality, time_ms: int) -> list[Effect]:
    """A block is final, and all that it stands on."""
    gadget, body = state.gadget, finality.body
    if body.round <= gadget.final.round or body.target_height < gadget.final.height:
        return []
    pair = gadget.justifications.get((body.set, body.round, body.target_hash))
    gadget.final = build_final(finality, pair)
    gadget.moved_slot = state.get_slot(time_ms)
    state.told.discard(Concern.FINALITY_STANDS)
    if gadget.lock.round < body.round:  # of a hand-off that is proven, too: its set is entered
        gadget.lock = gadget.final
    _note_decided(state)
    effects: list[Effect] = [Finalised(body.set, gadget.final)]
    if _is_following(gadget, body.target_hash):
        return [*effects, *enter(state, gadget.sets[body.target_hash], time_ms)]
    return [*effects, *update_root(state)]


def _is_following(gadget: Gadget, block_hash: BlockHash) -> bool:
    """Whether a block hands over to a set that we know and that comes after ours."""
    voters = gadget.sets.get(block_hash)
    return voters is not None and voters.base_slot > gadget.voters.base_slot


def _take_justified(
    state: Consensus, certificate: Certificate, justified: Checkpoint, time_ms: int
) -> list[Effect]:
    """Hold a block for justified once it is executed, and ack it if we may."""
    gadget, tree = state.gadget, state.tree
    if justified.height < gadget.final.height:
        return []  # no honest seat votes for what lies below the final block it knows of
    facts = tree.get(justified.hash)
    if facts is None or not tree.is_executed(justified.hash):
        if justified.round < gadget.lock.round:
            return []
        if tree.is_refused(justified.hash):
            return _tell_invalid(state, justified.round)
        _wait(gadget, certificate)
        return [FetchParents()] if facts is None else update_root(state)
    of_set = gadget.voters.base in (facts.base, facts.hash)
    if not of_set or facts.height != justified.height:
        return []  # whoever signed this was no honest seat
    effects = _keep(gadget, certificate)
    if justified.round > gadget.lock.round:
        gadget.lock = justified
        _note_decided(state)
        effects += update_root(state)
    return [*effects, *_ack(state, justified, time_ms)]


def _ack(state: Consensus, justified: Checkpoint, time_ms: int) -> list[Effect]:
    """Say that we have seen it justified, if that contradicts nothing that we signed."""
    gadget, journal = state.gadget, state.journal
    record = get_record(state)
    if journal is None or record is None or not may_vote(state, time_ms):
        return []
    if not (justified.round >= record.prevote_round and justified.round > record.ack_round):
        return []
    body = Ack(
        chain=state.settings.chain,
        set=gadget.voters.base,
        round=justified.round,
        level=justified.level,
        target_hash=justified.hash,
        target_height=justified.height,
    )
    state.journal = record_vote(journal, body, gadget.lock.justification, gadget.final.finality)
    return [SignVote(body)]


def _note_decided(state: Consensus) -> None:
    """The journal knows what is justified and final: in the next write, with what is signed."""
    gadget = state.gadget
    is_held = state.tree.is_executed(gadget.final.hash)
    assert gadget.lock.round >= gadget.final.round or not is_held
    assert not contradicts(state.tree, gadget.final, gadget.lock), "what is final is followed"
    if state.journal is not None:
        state.journal = record_decided(
            state.journal,
            state.settings.chain,
            gadget.voters.base,
            gadget.lock.justification,
            gadget.final.finality,
        )


def _keep(gadget: Gadget, certificate: Certificate) -> list[Effect]:
    return [KeepCertificate(certificate)] if keep_certificate(gadget, certificate) else []


def _wait(gadget: Gadget, certificate: Certificate) -> None:
    """Keep for later; when there is no room the highest rounds stay."""
    if certificate not in gadget.waiting:
        gadget.waiting.append(certificate)
    if len(gadget.waiting) > CERTIFICATES_WAITING_MAX:
        gadget.waiting.remove(min(gadget.waiting, key=lambda item: item.body.round))


def _is_pair(justification: Justification, final: Checkpoint) -> bool:
    body = justification.body
    return (body.round, body.level, body.target_hash) == (final.round, final.level, final.hash)


def _tell_invalid(state: Consensus, round_: int) -> list[Effect]:
    """A quorum has justified what our rules refuse: one of us is wrong, and we must not sign."""
    state.gadget.stopped = True
    return state.tell_once(Concern.JUSTIFIED_BUT_INVALID, round_)
