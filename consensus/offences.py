"""Who contradicts himself: two headers, two prevotes, two acks, a link over an ack, a stray vote.

Proofs are made of what was signed, as it came; whether a proof is still worth a record is for the
chain's rules to say.
"""

from typing import Final

from chain.codec import encode
from chain.crypto import compute_hash
from chain.header import SignedHeader, compute_block_hash
from chain.records import Evidence, HeaderEvidence, StrayVoteEvidence, VoteEvidence
from chain.votes import SignedVote
from consensus.effects import Effect, TellOffence
from consensus.gadget import Gadget
from consensus.sets import VoterSet

EVIDENCE_KEPT_MAX: Final = 256  # a set of the largest size that goes mad all at once
HEADERS_KEPT_MAX: Final = 2_048  # signed headers of late


def note_header(gadget: Gadget, signed: SignedHeader) -> list[Effect]:
    """Take in a header that its seat signed; two of one slot and set are an offence."""
    header = signed.header
    block_hash = compute_block_hash(encode(header))
    if block_hash in gadget.headers:
        return []
    gadget.headers[block_hash] = signed
    key = header.seat, header.slot
    first = gadget.headers.get(gadget.authored.setdefault(key, block_hash))
    while len(gadget.headers) > HEADERS_KEPT_MAX:
        old = gadget.headers.pop(next(iter(gadget.headers))).header
        gadget.authored.pop((old.seat, old.slot), None)
    voters = gadget.sets.get(header.base)
    if first is None or first is signed or first.header.base != header.base or voters is None:
        return []
    one, other = sorted((first, signed), key=lambda item: encode(item.header))
    return keep_evidence(gadget, HeaderEvidence(one, other, voters.entries))


def find_offences(gadget: Gadget, voters: VoterSet, vote: SignedVote) -> list[Effect]:
    """What a vote that was just taken in proves together with others of its seat."""
    found: list[Effect] = []
    for rival in gadget.pool.find_rivals(vote):
        one, two = sorted((rival, vote), key=lambda item: encode(item.body))
        found += keep_evidence(gadget, VoteEvidence(one, two, voters.entries))
    header = gadget.headers.get(vote.body.target_hash)
    if header is not None and header.header.base != vote.body.set:
        found += keep_evidence(gadget, StrayVoteEvidence(vote, header, voters.entries))
    return found


def keep_evidence(gadget: Gadget, evidence: Evidence) -> list[Effect]:
    """Keep a proof for our own blocks, and tell it, if it is the first of its kind and round."""
    key = compute_hash(b"evidence", encode(evidence))
    if key in gadget.evidence:
        return []
    gadget.evidence[key] = evidence
    while len(gadget.evidence) > EVIDENCE_KEPT_MAX:
        del gadget.evidence[next(iter(gadget.evidence))]
    return [TellOffence(evidence)]
