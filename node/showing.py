"""What we show to peers who ask about finality: certificates, votes, and what we saw of a seat.

Synchronous and bounded; nothing here changes anything but that our own stored votes may be told
again.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Final

from chain.certificates import Certificate, Finality, Justification, get_signers
from chain.codec import encode
from chain.header import BlockHash, SignedHeader
from chain.policy import AccountId
from chain.proof import HandOff
from chain.votes import Ack, Prevote, SignedVote
from consensus.events import VotesWanted
from consensus.rounds import get_claim
from consensus.voting import get_record
from node.certified import read_hand_offs
from node.decided import Decided, find_witnesses, read_decided
from node.lists import find_entries
from node.owner import Owner
from p2p.wire import Progress
from p2p.wire_votes import (
    FINALITY_BYTES_MAX,
    HAND_OFFS_IN_ANSWER_MAX,
    VOTES_IN_ANSWER_MAX,
    FinalityAnswer,
    FinalityRequest,
    NewestAnswer,
    NewestRequest,
    Shown,
    VotesAnswer,
    VotesRequest,
    WitnessesAnswer,
    WitnessesRequest,
    sign_newest,
)

CLIMB_MAX: Final = 1_024  # blocks below the head among which a seat's newest is looked for


def get_progress(owner: Owner) -> Progress:
    """How far finality is here."""
    consensus = owner.consensus
    return Progress(*get_claim(consensus), contradicted=consensus.gadget.conflict is not None)


def find_named_certificate(owner: Owner, round_: int, block_hash: bytes) -> Certificate | None:
    """The certificate that a header of ours names as the highest that we know."""
    gadget = owner.consensus.gadget
    for known in (gadget.lock, gadget.final):
        for found in (known.justification, known.finality):
            if found and (found.body.round, found.body.target_hash) == (round_, block_hash):
                return found
    for kept in (gadget.justifications, gadget.finalities):
        for (_, of_round, target), found in kept.items():
            if (of_round, target) == (round_, block_hash):
                return found
    return None


def show_finality(owner: Owner, question: FinalityRequest) -> FinalityAnswer:
    """Hand-offs that lead on from the asker's set; else what is newer in it."""
    hand_offs = tuple(_take_fitting(owner, question.set))
    if hand_offs:
        return FinalityAnswer(hand_offs, None, None)
    justification, finality = _find_newest(owner, question.set)
    if justification is not None and justification.body.round <= question.lock_round:
        justification = None
    if finality is not None and finality.body.round <= question.final_round:
        finality = None
    return FinalityAnswer((), justification, finality)


def _find_newest(owner: Owner, set_hash: BlockHash) -> Decided:
    """The newest certificates of a set: the one in force, or the one before it.

    Acks alone, without the prevotes, prove a hand-off to no stranger; but they bring on whoever
    lacks nothing else.
    """
    gadget = owner.consensus.gadget
    if set_hash == gadget.voters.base:
        return Decided(gadget.lock.justification, gadget.final.finality)
    kept = read_decided(owner.ledger.store)
    return Decided(
        kept.justification if _is_of(kept.justification, set_hash) else None,
        kept.finality if _is_of(kept.finality, set_hash) else None,
    )


def _is_of(certificate: Certificate | None, set_hash: BlockHash) -> bool:
    return certificate is not None and certificate.body.set == set_hash


def show_votes(owner: Owner, question: VotesRequest) -> VotesAnswer:
    """Votes from a round on; what our own journal holds is told again if it is not among them."""
    record = get_record(owner.consensus)
    gadget = owner.consensus.gadget
    if record is not None and owner.seat is not None:
        said = gadget.pool.find_newest_of(owner.seat.own.id)
        heard = {vote.body.round for vote in said}
        for round_ in {record.prevote_round, record.ack_round} - heard:
            if round_ >= max(question.round, owner.clock.get_slot() - 1):
                owner.pending.append(VotesWanted(owner.clock.get_ms(), round_))
    votes = gadget.pool.get_votes(gadget.voters.base, question.round)
    return VotesAnswer(tuple(votes[-VOTES_IN_ANSWER_MAX:]))


def show_newest(owner: Owner, question: NewestRequest) -> NewestAnswer:
    """The newest of a seat's key that we saw, with our own seat's signature if we have one."""
    votes = [*owner.consensus.gadget.pool.find_newest_of(question.seat)]
    votes += _find_in_certificates(owner, question.seat)
    votes = [vote for vote in votes if _is_of_key(owner, question, vote.body.set)]
    prevotes = [vote for vote in votes if isinstance(vote.body, Prevote)]
    acks = [vote for vote in votes if isinstance(vote.body, Ack)]
    shown = Shown(
        _find_newest_header(owner, question),
        max(prevotes, key=_get_round, default=None),
        max(acks, key=_get_round, default=None),
    )
    seat = owner.seat
    if seat is None:
        return NewestAnswer(shown, None, None)
    return sign_newest(owner.ledger.chain, question, shown, seat.own.id, seat.vote_key)


def show_witnesses(owner: Owner, question: WitnessesRequest) -> WitnessesAnswer:
    """What is kept of what a set has justified in a round, or over it; or what parts."""
    if question.set is not None:
        found = find_witnesses(owner.ledger.store, question.set, question.round)
        return WitnessesAnswer(tuple(found))
    decided = owner.consensus.gadget.conflict or ()
    return WitnessesAnswer(
        tuple(item for item in decided if isinstance(item, Justification)),
        tuple(item for item in decided if isinstance(item, Finality)),
    )


def _get_round(vote: SignedVote) -> int:
    return vote.body.round


def _take_fitting(owner: Owner, set_hash: bytes) -> Iterator[HandOff]:
    size_bytes = 64
    for step in read_hand_offs(owner.ledger.store, set_hash, HAND_OFFS_IN_ANSWER_MAX):
        size_bytes += len(encode(step))
        if size_bytes > FINALITY_BYTES_MAX:
            return
        yield step


def _find_in_certificates(owner: Owner, seat: AccountId) -> Iterator[SignedVote]:
    """The seat's votes in the certificates that we hold: all that a restart leaves of votes."""
    gadget = owner.consensus.gadget
    for known in (gadget.lock, gadget.final):
        for certificate in (known.justification, known.finality):
            voters = None if certificate is None else gadget.sets.get(certificate.body.set)
            if certificate is None or voters is None:
                continue
            signers = get_signers(voters.entries, certificate)
            for entry, signature in zip(signers, certificate.signatures, strict=True):
                if entry.seat == seat:
                    yield SignedVote(seat, certificate.body, signature)


def _is_of_key(owner: Owner, question: NewestRequest, set_hash: BlockHash) -> bool:
    """Whether the key that is asked about signs for its seat in a set."""
    entries = find_entries(owner, set_hash)
    return entries is not None and any(
        (entry.seat, entry.vote_key) == (question.seat, question.vote_key) for entry in entries
    )


def _find_newest_header(owner: Owner, question: NewestRequest) -> SignedHeader | None:
    """The newest header of a seat's key among those heard of late and those below our head."""
    consensus, seat = owner.consensus, question.seat
    heard = [
        item
        for item in consensus.gadget.headers.values()
        if item.header.seat == seat and _is_of_key(owner, question, item.header.base)
    ]
    below = consensus.tree.climb_down(consensus.position.head.hash)
    for facts in islice(below, CLIMB_MAX):
        if facts.seat != seat or not _is_of_key(owner, question, facts.base):
            continue
        block = owner.ledger.get_block(facts.hash)
        if block is not None:
            heard.append(SignedHeader(block.header, block.block.signature))
            break
    return max(heard, key=lambda item: item.header.slot, default=None)
