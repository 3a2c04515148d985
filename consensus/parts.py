"""What our blocks may put on record beside transactions: what consensus has of each kind.

Whether something may stand in a block is a rule of the chain, which chooses among what is offered
here and makes the parts of it.
"""

from chain.drafting import Offer
from chain.records import FinalityRecord
from chain.votes import SignedVote
from consensus.gadget import Gadget
from consensus.rollcall import get_roll_call
from consensus.state import Consensus


def get_offer(state: Consensus, slot: int) -> Offer:
    """What we have for a block of this slot."""
    gadget, window_slots = state.gadget, state.settings.constants.window_slots
    roll_call = gadget.heres.get_round(get_roll_call(slot, window_slots))
    return Offer(
        finalities=tuple(get_finality_records(gadget)),
        acks=tuple(_find_acks(gadget, slot - window_slots)),
        heres=tuple(roll_call[seat] for seat in sorted(roll_call)),
        evidence=tuple(gadget.evidence.values()),
    )


def get_finality_records(gadget: Gadget) -> list[FinalityRecord]:
    """Finality of the set in force and of the sets before it, newest first.

    A certificate takes along every ack that is known by now. The justification goes into a record
    of a hand-off only, which is where one set ends and another begins.
    """
    records = []
    finals = {gadget.voters.base: gadget.final, **gadget.ended}
    for set_hash, final in sorted(finals.items(), key=lambda item: -item[1].round):
        if final.finality is None:
            continue
        is_end = final.hash in gadget.sets and final.hash != set_hash
        if is_end and final.justification is None:
            continue  # whoever has both will record it
        voters, finality = gadget.sets.get(set_hash), final.finality
        if voters is not None:
            finality = gadget.pool.complete(voters, finality)
        records.append(FinalityRecord(final.justification if is_end else None, finality))
    return records


def _find_acks(gadget: Gadget, since_round: int) -> list[SignedVote]:
    """The acks of blocks that were made final in these rounds, newest rounds first."""
    bodies = [item.body for item in gadget.finalities.values() if item.body.round >= since_round]
    return [
        vote
        for body in sorted(bodies, key=lambda item: item.round, reverse=True)
        for vote in gadget.pool.get_acks(body)
    ]
