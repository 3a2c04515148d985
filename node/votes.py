"""What others say about finality: votes and certificates judged at the door, answers taken in.

Synchronous judges like those of headers: what they let in waits for the core's task. A peer is
blamed only for what every honest node that knows the set would have seen to be wrong; a node that
does not know it passes nothing on.
"""

from collections.abc import Sequence
from contextlib import suppress
from itertools import dropwhile
from typing import Final

from chain.certificates import Certificate, Finality, Justification, check_certificate
from chain.codec import encode
from chain.crypto import Signed
from chain.errors import Code, Invalid
from chain.header import SignedHeader, compute_block_hash, get_header_message
from chain.proof import SetList
from chain.records import FinalityRecord
from chain.rules.lottery import find_entry
from chain.votes import (
    Ack,
    Prevote,
    SignedHere,
    SignedVote,
    get_here_claim,
    get_vote_claim,
)
from consensus import events as told
from consensus.catchup import Claim, HandOffStep, check_hand_offs
from consensus.conflicts import is_witness
from consensus.gadget import is_kept
from consensus.pool import BODIES_MAX, Newest
from consensus.sets import VoterSet, build_voters, find_voter
from node.certified import build_hand_off_rows
from node.decided import keep_witnesses
from node.effects import compare_with_end, find_voters, handle
from node.judges import is_too_doubtful
from node.lists import find_entries
from node.owner import Owner
from node.parting import look_for_parting, take_way
from p2p.transport import PeerId, Verdict
from p2p.view import (
    AnswerShown,
    FinalityShown,
    ListShown,
    Misbehaviour,
    NewestShown,
    VotesShown,
    WayShown,
    WitnessesShown,
)
from p2p.wire import Progress
from p2p.wire_votes import (
    FinalityAnswer,
    NewestAnswer,
    NewestRequest,
    Shown,
    VotesAnswer,
    VotesRequest,
    WitnessesAnswer,
    WitnessesRequest,
    get_newest_claim,
)

VOTED_MAX: Final = 8_192  # seats, rounds and kinds of which votes are counted
VOTES_ASKED_SLOTS: Final = 2  # back from now: a peer that has just come is asked for their votes
NOBODY: Final = bytes(32)  # who has no seat and answers all the same


def judge_vote(owner: Owner, vote: SignedVote, *, live: bool = True) -> Verdict:
    """A vote: of a seat of a known set, of a round near the clock, news, and signed."""
    consensus, body, now_ms = owner.consensus, vote.body, owner.clock.get_ms()
    if body.chain != consensus.settings.chain:
        return Verdict.REJECT
    if isinstance(body, Prevote) and body.source_round >= body.round:
        return Verdict.REJECT
    voters, pool = consensus.gadget.sets.get(body.set), consensus.gadget.pool
    if voters is None or not pool.is_wanted(vote, consensus.get_slot(now_ms)):
        return Verdict.IGNORE
    entry = find_voter(voters, vote.seat)
    if entry is None or not owner.known.holds(get_vote_claim(vote, entry.vote_key)):
        return Verdict.REJECT
    if not _is_among_first(owner, vote):
        return Verdict.IGNORE
    owner.board.tally.votes_seen += 1
    owner.pending.append(told.VoteSeen(now_ms, vote, live))
    return Verdict.ACCEPT


def judge_here(owner: Owner, peer: PeerId, here: SignedHere) -> Verdict:
    """An attendance: of a seat of our state, of a roll-call near the clock, news, and signed.

    A seat may change its key on another branch, so a signature that fails may be a matter of time.
    """
    body = here.body
    if body.chain != owner.ledger.chain:
        return Verdict.REJECT
    window_slots = owner.ledger.constants.window_slots
    if not owner.consensus.gadget.heres.is_wanted(here, window_slots, owner.clock.get_slot()):
        return Verdict.IGNORE
    row = owner.ledger.state.seats.get(body.seat)
    if row is None:
        return Verdict.IGNORE
    if not owner.known.holds(get_here_claim(here, row.vote_key)):
        return Verdict.REJECT if is_too_doubtful(owner, peer, 1) else Verdict.IGNORE
    owner.pending.append(told.HereSeen(owner.clock.get_ms(), here))
    return Verdict.ACCEPT


def judge_certificate(owner: Owner, certificate: Certificate) -> Verdict:
    """A certificate of a known set that holds for its list; news or not."""
    body, gadget = certificate.body, owner.consensus.gadget
    if body.chain != owner.ledger.chain:
        return Verdict.REJECT
    voters = gadget.sets.get(body.set)
    if voters is None:
        return Verdict.IGNORE
    if is_kept(gadget, certificate):
        return Verdict.ACCEPT
    try:
        check_certificate(voters.entries, certificate, owner.known)
    except Invalid:
        return Verdict.REJECT
    owner.pending.append(told.CertificateSeen(owner.clock.get_ms(), certificate))
    return Verdict.ACCEPT


async def verify_hand_offs(owner: Owner, answer: FinalityAnswer) -> None:
    """Let a thread verify the signatures of an answer; what holds is known when it is judged."""
    steps = _get_steps(answer)
    voters = owner.consensus.gadget.sets.get(steps[0].finality.body.set) if steps else None
    if voters is not None:
        await owner.run_in_thread(_verify, owner, voters, steps)


async def hear_progress(owner: Owner, peer: PeerId, progress: Progress | None) -> None:
    """A peer says how far finality is with it; whoever has just come is asked for votes too."""
    if owner.outside is not None and peer not in owner.acquainted:
        owner.acquainted.add(peer)
        since_round = max(owner.clock.get_slot() - VOTES_ASKED_SLOTS, 0)
        owner.outside.ask_votes(peer, VotesRequest(since_round))
    if progress is not None:
        claim = Claim(progress.set, progress.base_slot, progress.lock_round, progress.final_round)
        await handle(owner, told.PeerClaimed(owner.clock.get_ms(), peer, claim))
        look_for_parting(owner, peer, progress)
        is_news = progress.contradicted and owner.consensus.gadget.conflict is None
        if is_news and owner.outside is not None:
            owner.outside.ask_witnesses(peer, WitnessesRequest(None, 0))


async def take_shown(owner: Owner, message: AnswerShown) -> None:
    """What peers show because we asked."""
    match message:
        case ListShown():
            await take_list(owner, message.header, message.entries)
        case FinalityShown():
            await take_finality(owner, message.peer, message.answer)
        case VotesShown():
            take_votes(owner, message.peer, message.answer)
        case NewestShown():
            await take_newest(owner, message.peer, message.question, message.answer)
        case WitnessesShown():
            await take_witnesses(owner, message.peer, message.question, message.answer)
        case WayShown():
            await take_way(owner, message.peer, message.answer)


async def take_finality(owner: Owner, peer: PeerId, answer: FinalityAnswer | None) -> None:
    """What a peer answered about what is final; None: it did not."""
    is_good = False if answer is None else await _take_finality(owner, peer, answer)
    await handle(owner, told.Answered(owner.clock.get_ms(), peer, is_good))


async def take_list(owner: Owner, announced: SignedHeader, entries: SetList) -> None:
    """The list that a hand-off on another branch calls, if a seat of its own set has signed that.

    The list has the root that stands in the header.
    """
    header = announced.header
    header_bytes = encode(header)
    signers = find_entries(owner, header.base)
    entry = find_entry(signers, header.seat) if signers is not None else None
    if entry is None:
        return
    message = get_header_message(header_bytes)
    if not owner.known.holds(Signed(entry.vote_key, message, announced.signature)):
        return
    voters = build_voters(compute_block_hash(header_bytes), header.slot, header.height, entries)
    await handle(owner, told.SetShown(owner.clock.get_ms(), voters))


def take_votes(owner: Owner, peer: PeerId, answer: VotesAnswer) -> None:
    """Votes that we asked for: judged like others, but they say nothing of the clock."""
    if any(judge_vote(owner, vote, live=False) is Verdict.REJECT for vote in answer.votes):
        owner.report(peer, Misbehaviour.INVALID)


async def take_newest(
    owner: Owner, peer: PeerId, question: NewestRequest, answer: NewestAnswer
) -> None:
    """What a peer has seen of our own seat: each message must bear our own signature."""
    seat, claim = owner.seat, None
    if seat is None or question.seat != seat.own.id:
        return
    claims = _get_own_claims(owner, answer.shown, seat.own.vote_key)
    if claims is None or not all(owner.known.holds(item) for item in claims):
        owner.report(peer, Misbehaviour.INVALID)
        return
    entry = find_voter(owner.consensus.gadget.voters, answer.seat) if answer.seat else None
    if entry is not None:
        claim = get_newest_claim(owner.ledger.chain, question, answer, entry.vote_key)
    teller = answer.seat if claim is not None and owner.known.holds(claim) else None
    newest = _get_newest(answer.shown)
    await handle(owner, told.NewestShown(owner.clock.get_ms(), teller or NOBODY, newest))


async def take_witnesses(
    owner: Owner, peer: PeerId, question: WitnessesRequest, answer: WitnessesAnswer
) -> None:
    """What a peer shows of a contradiction, or of who is guilty; kept, so that others learn."""
    certificates: list[Certificate] = [*answer.finalities, *answer.justifications]
    try:
        held = [item for item in certificates if _is_held(owner, question, item)]
    except Invalid:
        owner.report(peer, Misbehaviour.INVALID)
        return
    if question.set is not None:
        witnesses = tuple(item for item in held if isinstance(item, Justification))
        keep_witnesses(owner.ledger.store, witnesses)
        await handle(owner, told.WitnessesShown(owner.clock.get_ms(), witnesses))
        return
    for item in held:
        await handle(owner, told.CertificateSeen(owner.clock.get_ms(), item))
        if isinstance(item, Finality):
            await compare_with_end(owner, FinalityRecord(None, item), hands_over=False)


def _is_held(owner: Owner, question: WitnessesRequest, item: Certificate) -> bool:
    """Whether the list of its set is known here, and it holds.

    Raises Invalid if it does not hold, or was not asked for.
    """
    is_asked = question.set is None or (
        isinstance(item, Justification) and is_witness(item, question.set, question.round)
    )
    if item.body.chain != owner.ledger.chain or not is_asked:
        raise Invalid(Code.BAD_CERTIFICATE)
    voters = find_voters(owner, item.body.set)
    if voters is not None:
        check_certificate(voters.entries, item, owner.known)
    return voters is not None


async def _take_finality(owner: Owner, peer: PeerId, answer: FinalityAnswer) -> bool:
    steps, gadget = _get_steps(answer), owner.consensus.gadget
    if steps:
        voters = gadget.sets.get(steps[0].finality.body.set)
        if voters is None:
            return False
        try:
            check_hand_offs(voters, steps, owner.known)
        except Invalid:
            owner.report(peer, Misbehaviour.INVALID)
            return False
        # From the set in force on: what was before is kept, and others may know another past.
        base = gadget.voters.base
        following = dropwhile(lambda step: step.header.base != base, answer.hand_offs)
        rows = [row for step in following for row in build_hand_off_rows(step)]
        owner.ledger.store.write(rows, durable=False)
        await handle(owner, told.HandOffsShown(owner.clock.get_ms(), peer, tuple(steps)))
    for certificate in (answer.justification, answer.finality):
        if certificate is None:
            continue
        if judge_certificate(owner, certificate) is Verdict.REJECT:
            owner.report(peer, Misbehaviour.INVALID)
            return False
    while owner.pending:
        await handle(owner, owner.pending.popleft())
    return bool(steps or answer.justification or answer.finality)


def _get_steps(answer: FinalityAnswer) -> list[HandOffStep]:
    return [
        HandOffStep(item.justification, item.finality, item.header, item.entries)
        for item in answer.hand_offs
    ]


def _verify(owner: Owner, voters: VoterSet, steps: Sequence[HandOffStep]) -> None:
    with suppress(Invalid):
        check_hand_offs(voters, steps, owner.known)


def _get_own_claims(owner: Owner, shown: Shown, vote_key: bytes) -> list[Signed] | None:
    """What our own key is said to have signed; None: it is of another seat or community."""
    assert owner.seat is not None, "only a seat asks"
    seat, chain = owner.seat.own.id, owner.ledger.chain
    claims = []
    if shown.header is not None:
        header = shown.header.header
        if (header.seat, header.chain) != (seat, chain):
            return None
        message = get_header_message(encode(header))
        claims.append(Signed(vote_key, message, shown.header.signature))
    for vote, kind in ((shown.prevote, Prevote), (shown.ack, Ack)):
        if vote is None:
            continue
        if not isinstance(vote.body, kind) or (vote.seat, vote.body.chain) != (seat, chain):
            return None
        claims.append(get_vote_claim(vote, vote_key))
    return claims


def _get_newest(shown: Shown) -> Newest:
    return Newest(
        shown.header.header.slot if shown.header is not None else 0,
        shown.prevote.body.round if shown.prevote is not None else 0,
        shown.ack.body.round if shown.ack is not None else 0,
    )


def _is_among_first(owner: Owner, vote: SignedVote) -> bool:
    """Whether the seat has not said too much of one kind in a round; two prove its offence."""
    body = vote.body
    key = body.set, vote.seat, type(body), body.round
    bodies = owner.voted.pop(key, ())
    is_first = len(bodies) < BODIES_MAX and body not in bodies
    owner.voted[key] = (*bodies, body) if is_first else bodies
    if len(owner.voted) > VOTED_MAX:
        del owner.voted[next(iter(owner.voted))]
    return is_first
