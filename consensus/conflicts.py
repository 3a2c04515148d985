"""What cannot be if enough seats are honest: decisions that contradict each other.

Two final blocks of which neither stands on the other, or something justified later than a final
block and not on it. The node signs nothing more, keeps both proofs, and looks for what shows who
is guilty until their weight is what the safety argument promises.
"""

from collections.abc import Iterator
from itertools import combinations
from typing import Final

from chain.certificates import (
    Certificate,
    Finality,
    Justification,
    compute_quorum,
    get_signers,
)
from chain.codec import encode
from chain.policy import AccountId
from chain.records import VoteEvidence
from chain.votes import SignedVote
from consensus.effects import AskWitnesses, Concern, Effect, TellConflict, Warn
from consensus.events import PartingShown, WitnessesShown
from consensus.forkchoice import Tree
from consensus.gadget import Gadget, get_compared, remember_set
from consensus.offences import keep_evidence
from consensus.sets import Checkpoint, VoterSet, build_final, compute_weight
from consensus.state import Consensus

# One of a later round that reaches back over the final one is enough, or two of its own round.
WITNESSES_KEPT_MAX: Final = 16
PAUSE_SLOTS_MAX: Final = 64  # between questions when everybody has been asked again and again


def on_parting_shown(state: Consensus, event: PartingShown) -> list[Effect]:
    """A set has ended twice, or decided beside its end, however long ago: disks know it."""
    gadget = state.gadget
    remember_set(gadget, event.voters)
    effects = tell_conflict(gadget, event.finality, event.other)
    for justification in (event.justification, event.witness):
        effects += [] if justification is None else take_witness(gadget, justification)
    return effects


def on_witnesses_shown(state: Consensus, event: WitnessesShown) -> list[Effect]:
    """What lay on our disk, or a peer's, and may show who is guilty."""
    effects: list[Effect] = []
    for justification in event.justifications:
        effects += take_witness(state.gadget, justification)
    return effects


def contradicts(tree: Tree, one: Checkpoint, other: Checkpoint) -> bool:
    """Whether two blocks are known not to stand on one another."""
    if one.height == other.height:
        return one.hash != other.hash
    low, high = (one, other) if one.height < other.height else (other, one)
    if tree.get(high.hash) is None:
        return False  # not known yet
    return not tree.descends(high.hash, low.hash, low.height)


def find_conflict(
    gadget: Gadget, tree: Tree, finality: Finality
) -> tuple[Finality, Certificate] | None:
    """Two decisions of which one is this: nothing that is final may stand elsewhere, nor our lock.

    What was justified in an earlier round than this one may.
    """
    other, lock = build_final(finality, None), gadget.lock
    for known in get_compared(gadget, finality.body.set):
        if contradicts(tree, build_final(known, None), other):
            return known, finality
    if lock.justification is None or lock.round < other.round or not contradicts(tree, other, lock):
        return None
    return finality, lock.justification


def meet_contradiction(gadget: Gadget, justification: Justification) -> list[Effect]:
    """Something is justified that does not stand on what is final.

    Of an earlier round there may be such a one; of a later one, or the very same, only if seats
    have offended.
    """
    known = gadget.final.finality
    if known is None or justification.body.round < gadget.final.round:
        return []
    return tell_conflict(gadget, known, justification)


def tell_conflict(gadget: Gadget, known: Finality, other: Certificate) -> list[Effect]:
    """Stop signing when what is decided contradicts what is final; go on relaying."""
    if gadget.conflict is not None:
        return []
    take_up_conflict(gadget, known, other, ())
    ended = gadget.ended.get(known.body.set)
    for item in (other, *gadget.justifications.values(), ended and ended.justification):
        if isinstance(item, Justification):
            _add_witness(gadget, item)
    effects = _name(gadget)
    told = [item for item in effects if not isinstance(item, TellConflict)]
    return [
        TellConflict(known, other, gadget.guilty),
        Warn(Concern.FINALITY_CONFLICT, len(gadget.guilty)),
        *told,
    ]


def take_up_conflict(
    gadget: Gadget, known: Certificate, other: Certificate, guilty: tuple[AccountId, ...]
) -> None:
    """Sign nothing any more: just now, or because it was told before the last start."""
    gadget.conflict, gadget.guilty, gadget.stopped = (known, other), guilty, True


def take_witness(gadget: Gadget, certificate: Certificate) -> list[Effect]:
    """A justification may show who is guilty of the contradiction that is known."""
    if gadget.conflict is None or isinstance(certificate, Finality):
        return []
    return _name(gadget) if _add_witness(gadget, certificate) else []


def is_named(gadget: Gadget) -> bool:
    """Whether those who are named weigh what the levels of the two decisions promise."""
    if gadget.conflict is None:
        return True
    voters = gadget.sets.get(gadget.conflict[0].body.set)
    if voters is None:
        return False
    quorums = sum(compute_quorum(voters.total_weight, item.body.level) for item in gadget.conflict)
    return compute_weight(voters, set(gadget.guilty)) >= max(quorums - voters.total_weight, 1)


def seek_witnesses(gadget: Gadget, slot: int) -> list[Effect]:
    """Ask one peer after the other for what shows who is guilty, until it is known."""
    low, peers, naming = get_low(gadget), sorted(gadget.catchup.peers), gadget.naming
    if low is None or not peers or slot < naming.next_slot or is_named(gadget):
        return []
    peer = peers[naming.asked % len(peers)]
    naming.asked += 1
    naming.next_slot = slot + min(1 + naming.asked // (4 * len(peers)), PAUSE_SLOTS_MAX)
    return [AskWitnesses(peer, low.body.set, low.body.round)]


def get_low(gadget: Gadget) -> Finality | None:
    """Of the decisions that contradict each other the final one of the earlier round.

    Walk back from the other one along the sources of what was justified: at last there is one of
    this round or a later one whose source is earlier. Whoever acked this round and voted for that
    one is guilty, and both quorums share so many.
    """
    finalities = [item for item in gadget.conflict or () if isinstance(item, Finality)]
    return min(finalities, key=lambda item: item.body.round, default=None)


def is_witness(justification: Justification, set_hash: bytes, round_: int) -> bool:
    """Whether it was justified in this round, or later from an earlier source."""
    body = justification.body
    return body.set == set_hash and body.source_round < round_ <= body.round


def _add_witness(gadget: Gadget, justification: Justification) -> bool:
    """Keep what may show who is guilty; False: it shows nothing, or nothing new."""
    low, kept = get_low(gadget), gadget.naming.witnesses
    if low is None or not is_witness(justification, low.body.set, low.body.round):
        return False
    bodies = [item.body for item in kept]
    if justification.body in bodies or len(kept) >= WITNESSES_KEPT_MAX:
        return False
    kept.append(justification)
    return True


def _name(gadget: Gadget) -> list[Effect]:
    """Name who contradicts himself by all that is at hand; nothing when nobody is new."""
    voters = gadget.sets.get(gadget.conflict[0].body.set) if gadget.conflict else None
    if gadget.conflict is None or voters is None:
        return []
    guilty = set(gadget.guilty)
    effects: list[Effect] = []
    for one, other in _list_contradicting(gadget):
        for first, second in _list_common(voters, one, other):
            guilty.add(first.seat)
            pair = sorted((first, second), key=lambda item: encode(item.body))
            effects += keep_evidence(gadget, VoteEvidence(pair[0], pair[1], voters.entries))
    if guilty == set(gadget.guilty):
        return effects
    gadget.guilty = tuple(sorted(guilty))
    return [TellConflict(*gadget.conflict, gadget.guilty), *effects]


def _list_contradicting(gadget: Gadget) -> Iterator[tuple[Certificate, Certificate]]:
    """Certificates of which nobody may sign both: two of a round, or a link over an ack.

    Who only acked both final blocks is not guilty: an honest seat acks what it is shown to be
    justified, though it acked another block before whose finality it never saw.
    """
    low, witnesses = get_low(gadget), gadget.naming.witnesses
    assert low is not None, "one of two decisions that contradict each other is final"
    of_round = [item for item in witnesses if item.body.round == low.body.round]
    yield from combinations(of_round, 2)
    yield from ((low, item) for item in witnesses if item.body.round > low.body.round)
    for decided in gadget.conflict or ():
        is_final = isinstance(decided, Finality) and decided is not low
        if is_final and decided.body.round == low.body.round:
            yield low, decided


def _list_common(
    voters: VoterSet, one: Certificate, other: Certificate
) -> Iterator[tuple[SignedVote, SignedVote]]:
    """The votes of those who have signed both."""
    signed = []
    for certificate in (one, other):
        signers = get_signers(voters.entries, certificate)
        signed.append(
            {
                entry.seat: SignedVote(entry.seat, certificate.body, signature)
                for entry, signature in zip(signers, certificate.signatures, strict=True)
            }
        )
    for seat, first in signed[0].items():
        second = signed[1].get(seat)
        if second is not None:
            yield first, second
