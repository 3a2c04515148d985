"""What cannot be if enough seats are honest: decisions that contradict each other.

Two final blocks of which neither stands on the other, or something justified later than a final
block and not on it. The node signs nothing more, keeps both proofs and names who contradicts
himself, as far as certificates at hand show it.
"""

from chain.certificates import Certificate, Finality, Justification
from chain.policy import AccountId
from consensus.events import Concern, Effect, TellConflict, Warn
from consensus.forkchoice import Tree
from consensus.gadget import Gadget, find_common_signers, get_newest_finalities
from consensus.sets import Checkpoint, build_final


def contradicts(tree: Tree, one: Checkpoint, other: Checkpoint) -> bool:
    """Whether two blocks are known not to stand on one another."""
    if one.height == other.height:
        return one.hash != other.hash
    low, high = (one, other) if one.height < other.height else (other, one)
    if tree.get(high.hash) is None:
        return False  # not known yet
    return not tree.descends(high.hash, low.hash, low.height)


def find_conflict(gadget: Gadget, tree: Tree, finality: Finality) -> Finality | None:
    """A certificate that what this one makes final does not stand on, nor the other way round."""
    other = build_final(finality, None)
    for known in get_newest_finalities(gadget, finality.body.set):
        if contradicts(tree, build_final(known, None), other):
            return known
    return None


def meet_contradiction(gadget: Gadget, justification: Justification) -> list[Effect]:
    """Something is justified that does not stand on what is final.

    Of an earlier round there may be such a one; of a later one, or the very same, only if seats
    have offended.
    """
    known = gadget.final.finality
    if known is None or justification.body.round < gadget.final.round:
        return []
    return tell_conflict(gadget, known, justification)


def find_guilty(gadget: Gadget, one: Finality, other: Certificate) -> tuple[AccountId, ...]:
    """Who has signed what nobody may sign both of: two things of a round, or a link over an ack.

    Who only acked both is not among them: an honest seat acks what it is shown to be justified,
    though it acked another block before whose finality it never saw. The guilty are those who
    linked over their acks, and made the first such justification. It may not be here: then nobody
    can be named by what is.
    """
    finalities = [item for item in (one, other) if isinstance(item, Finality)]
    low = min(finalities, key=lambda item: item.body.round)
    guilty: set[AccountId] = set()
    if len(finalities) > 1 and one.body.round == other.body.round:
        guilty.update(find_common_signers(gadget, one, other))
    kept = [item for item in gadget.justifications.values() if item.body.set == low.body.set]
    if isinstance(other, Justification):
        kept.append(other)
    own = [item for item in kept if is_of(item, low)]
    for item in kept:
        if item.body.source_round < low.body.round < item.body.round:
            guilty.update(find_common_signers(gadget, low, item))
        elif own and item.body.round == low.body.round and not is_of(item, low):
            guilty.update(find_common_signers(gadget, own[0], item))
    return tuple(sorted(guilty))


def is_of(justification: Justification, finality: Finality) -> bool:
    """Whether a justification is that of the round and block that is final."""
    just, final = justification.body, finality.body
    return (just.round, just.target_hash) == (final.round, final.target_hash)


def tell_conflict(gadget: Gadget, known: Finality, other: Certificate) -> list[Effect]:
    """Stop signing when what is decided contradicts what is final; go on relaying."""
    if gadget.conflict is not None:
        return []
    guilty = find_guilty(gadget, known, other)
    take_up_conflict(gadget, known, other, guilty)
    return [
        TellConflict(known, other, guilty),
        Warn(Concern.FINALITY_CONFLICT, len(guilty)),
    ]


def take_up_conflict(
    gadget: Gadget, known: Certificate, other: Certificate, guilty: tuple[AccountId, ...]
) -> None:
    """Sign nothing any more: just now, or because it was told before the last start."""
    gadget.conflict, gadget.guilty, gadget.stopped = (known, other), guilty, True
