"""Where a peer's hand-offs part from ours, however long ago, so that a contradiction is seen.

Consensus compares what is final with what it remembers of the last sets; a peer whose set is
neither ours nor one before ours is asked for the hand-offs that lead on from a set of ours: from
ever further back until it knows one, then between. One question to each of its statuses; nothing is
believed that is not proven by the list of that set.
"""

from typing import Final

from chain.codec import encode
from chain.errors import Invalid
from chain.header import BlockHash, compute_block_hash
from chain.proof import HandOff
from chain.records import FinalityRecord
from consensus.catchup import HandOffStep, check_hand_offs
from consensus.conflicts import take_up_conflict
from consensus.gadget import remember_set
from node.certified import has_ended, read_sets
from node.decided import read_conflict
from node.effects import compare_with_end, find_voters
from node.finality import show_own_witnesses
from node.owner import Owner, Search
from p2p.transport import PeerId
from p2p.view import Misbehaviour
from p2p.wire import Progress
from p2p.wire_warp import HandOffsAnswer, HandOffsRequest

# A hand-off so new may be on its way to us; whoever is ahead on our own chain is caught up with.
PATIENCE_SLOTS: Final = 32


def take_up_kept(owner: Owner) -> None:
    """After a start: a contradiction that was told before, and what the disk shows of it."""
    gadget, conflict = owner.consensus.gadget, read_conflict(owner.ledger.store)
    if conflict is None:
        return
    take_up_conflict(gadget, conflict.first, conflict.second, conflict.guilty)
    owner.log.error("finality_conflict_kept", seats=len(conflict.guilty))
    voters = find_voters(owner, conflict.first.body.set)
    if voters is not None:
        remember_set(gadget, voters)
    show_own_witnesses(owner)


def look_for_parting(owner: Owner, peer: PeerId, progress: Progress) -> None:
    """Ask a peer on, if its set is none of our chain."""
    consensus, outside = owner.consensus, owner.outside
    is_new = progress.base_slot > owner.clock.get_slot() - PATIENCE_SLOTS
    is_ours = progress.set == consensus.gadget.voters.base or has_ended(
        owner.ledger.store, progress.set
    )
    if is_new or is_ours or consensus.gadget.conflict is not None or outside is None:
        owner.searches.pop(peer, None)
        return
    sets = read_sets(owner.ledger.store, owner.ledger.chain)
    search = owner.searches.get(peer)
    if search is None or search.claimed != progress.set:
        search = Search(progress.set, -1, len(sets))
    if search.known + 1 < search.unknown:
        place = _choose_place(search, len(sets))
        outside.ask_way(peer, HandOffsRequest(sets[place]))
        search = search._replace(asked=place)
    owner.searches[peer] = search


async def take_way(owner: Owner, peer: PeerId, answer: HandOffsAnswer | None) -> None:
    """A peer has answered which hand-offs lead on from a set of ours; None: it has not."""
    search = owner.searches.get(peer)
    if search is None or search.asked is None:
        return
    place, search = search.asked, search._replace(asked=None)
    owner.searches[peer] = search
    if answer is None:
        owner.searches[peer] = search._replace(known=search.unknown)  # it is asked no more
        return
    if answer.entries is None:
        owner.searches[peer] = search._replace(unknown=place)
        return
    sets = read_sets(owner.ledger.store, owner.ledger.chain)
    if answer.hand_offs and answer.hand_offs[0].header.base not in sets[place : place + 1]:
        return  # to what was asked before another chain took the place of ours
    for number, step in enumerate(answer.hand_offs, start=place + 1):
        if number < len(sets) and compute_block_hash(encode(step.header)) != sets[number]:
            await _tell(owner, peer, sets[number - 1], step)
            break
    owner.searches[peer] = search._replace(known=max(search.known, place + len(answer.hand_offs)))


def _choose_place(search: Search, count: int) -> int:
    """Twice as far back each time; once something is known, in the middle."""
    if search.known >= 0:
        return (search.known + search.unknown) // 2
    return max(count - max(2 * (count - search.unknown), 1), 0)


async def _tell(owner: Owner, peer: PeerId, set_hash: BlockHash, step: HandOff) -> None:
    """Another end of a set that has ended here: if it is proven, consensus is told of both."""
    voters = find_voters(owner, set_hash)
    if voters is None:
        return
    found = HandOffStep(step.justification, step.finality, step.header, step.entries)
    try:
        check_hand_offs(voters, [found], owner.known)
    except Invalid:
        owner.report(peer, Misbehaviour.INVALID)
        return
    record = FinalityRecord(step.justification, step.finality)
    await compare_with_end(owner, record, hands_over=True)
