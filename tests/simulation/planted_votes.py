"""Planted faults of finality: votes, journal, sets, weights, certificates, the clock guard.

Each is what somebody once got wrong, or nearly did. Nothing here is ever imported by the program.
"""

from collections.abc import Sequence
from typing import Any, Final

from msgspec.structs import replace

from chain import certificates
from chain.rules import epoch, weights
from chain.rules import tally as tally_rules
from chain.rules.weights import Standing
from chain.votes import Ack, Prevote, SignedVote
from consensus import (
    ahead,
    conflicts,
    finality,
    forkchoice,
    gadget,
    guard,
    journal,
    prevote,
    sets,
    voting,
)
from consensus.pool import VotePool
from consensus.state import Consensus
from consensus.voting import get_record
from node import chainkeeper, effects
from tests.simulation.planted import Planted


def _vote_for_base(ground: prevote.Ground, round_: int) -> Any:
    """The set's own hand-off, which belongs to the set before, is voted for."""
    found = _ORIGINAL_PREVOTE(ground, round_)
    if found is not prevote.Skip.OWN_BASE:
        return found
    return Prevote(
        chain=ground.chain,
        set=ground.voters.base,
        round=round_,
        level=0,
        source_hash=ground.lock.hash,
        source_round=ground.lock.round,
        target_hash=ground.voters.base,
        target_height=ground.voters.base_height,
    )


_ORIGINAL_PREVOTE: Final = prevote.compute_prevote


def _vote_above_lock_only(ground: prevote.Ground, round_: int) -> Any:
    """A target must stand strictly above what is justified: equal is not enough."""
    found = _ORIGINAL_PREVOTE(ground, round_)
    is_equal = isinstance(found, Prevote) and found.target_hash == found.source_hash
    return prevote.Skip.NOT_ON_LOCK if is_equal else found


def _vote_past_handoff(
    tree: forkchoice.Tree, head: bytes, lock: Any, voters: Any, round_: int, grid: int
) -> Any:
    """The target is not held below the first hand-off."""
    for facts in tree.climb_down(head):
        if facts.height <= lock.height or facts.slot <= round_ - 2**grid + 1:
            return facts
    return None


def _back_off_by_lock(ground: prevote.Ground, round_: int) -> int:
    """Rounds are spaced by what is justified, not by what is final."""
    return prevote.compute_grid(round_, ground.lock.round, len(ground.voters.entries))


def _level_by_source(
    voters: Any, constants: Any, round_: int, source: Any, _recorded_round: int
) -> int:
    """The gap is counted from the source, so that prevotes without acks keep the level down."""
    by_gap = sets.compute_gap_level(voters, constants, round_ - source.round)
    return max(int(source.level), by_gap)


def _low_quorum(total_weight: int, _level: int) -> int:
    """Half is enough, whatever the level says."""
    return total_weight // 2 + 1


def _level_ignored(total_weight: int, _level: int) -> int:
    """The quorum is that of the lowest level, whatever is signed."""
    return 11 * total_weight // 20 + 1


def _ack_too_much(state: Consensus, justified: Any, time_ms: int) -> list[Any]:
    """A round is acked although a later one has been prevoted."""
    record = get_record(state)
    if record is None or state.journal is None:
        return _ORIGINAL_ACK(state, justified, time_ms)
    kept = state.journal
    low = replace(record, prevote_round=min(record.prevote_round, justified.round))
    state.journal = replace(kept, records=(*kept.records[:-1], low))
    effects = _ORIGINAL_ACK(state, justified, time_ms)
    if not effects:
        state.journal = kept
    return effects


_ORIGINAL_ACK: Final = finality._ack


def _never_lock(state: Consensus, certificate: Any, justified: Any, time_ms: int) -> list[Any]:
    """What is justified is acked, and not held on to."""
    before = state.gadget.lock
    effects = _ORIGINAL_JUSTIFIED(state, certificate, justified, time_ms)
    if before.round:
        state.gadget.lock = before
    return effects


_ORIGINAL_JUSTIFIED: Final = finality._take_justified


def _lock_not_written(kept: Any, body: Any, lock: Any, final: Any) -> Any:
    """An ack and what is justified are written one after the other, and the power goes between."""
    written = _ORIGINAL_RECORD(kept, body, lock, final)
    entry = written.records[-1]
    entry = replace(entry, lock=None, final=None)
    return replace(written, records=(*written.records[:-1], entry))


_ORIGINAL_RECORD: Final = journal.record_vote


def _loss_gates_prevotes(kept: Any, chain: bytes, round_: int, slot: int) -> Any:
    """A lost journal begins anew for prevotes; acks are free at once."""
    written = _ORIGINAL_LOSS(kept, chain, round_, slot)
    entry = replace(written.records[-1], ack_round=0, prevote_round=0)
    return replace(written, records=(*written.records[:-1], entry))


_ORIGINAL_LOSS: Final = journal.record_loss


def _loss_forgotten(kept: Any, chain: bytes, _round: int, slot: int) -> Any:
    """A lost journal begins anew at nothing."""
    return _ORIGINAL_LOSS(kept, chain, 1, slot)


def _one_record(kept: Any, chain: bytes, set_hash: bytes, base_slot: int) -> Any:
    """The journal is one for all sets: a set's marks are those of the set before."""
    before = journal.find_newest_record(kept, chain)
    written = _ORIGINAL_ENTER(kept, chain, set_hash, base_slot)
    if before is None or before.set == set_hash:
        return written
    entry = replace(
        written.records[-1],
        prevote_round=before.prevote_round + 10_000,
        ack_round=before.ack_round + 10_000,
    )
    return replace(written, records=(*written.records[:-1], entry))


_ORIGINAL_ENTER: Final = journal.enter_set


def _nothing_lost(_state: Consensus, _round: int) -> list[Any]:
    """Newer messages of ours that others show are not looked at."""
    return []


def _asked_enough(_state: Consensus, _slot: int) -> bool:
    """Nobody is asked for our newest messages."""
    return True


def _guard_by_age(state: Consensus, time_ms: int) -> guard.GuardState:
    """The guard looks at how old everything is by now, certificates and all."""
    slot = state.get_slot(time_ms)
    newest = max(state.gadget.lock.round, state.position.head.slot)
    is_old = slot - newest > guard.STALE_SLOTS
    return guard.GuardState.LISTENING if is_old else guard.GuardState.OPEN


def _root_ignored(self: forkchoice.Tree, block_hash: bytes, height: int) -> None:
    """The chain that is followed need not stand on what is justified."""


def _enter_early(state: Consensus, certificate: Any, justified: Any, time_ms: int) -> list[Any]:
    """A hand-off that is only justified is taken for final."""
    effects = _ORIGINAL_JUSTIFIED(state, certificate, justified, time_ms)
    following = state.gadget.sets.get(justified.hash)
    if following is not None and following.base_slot > state.gadget.voters.base_slot:
        effects = [*effects, *finality.enter(state, following, time_ms)]
    return effects


def _newest_voters(self: chainkeeper.ChainKeeper, _entered: Any) -> Any:
    """After a start the set of the head's base votes, final or not."""
    newest = self.ledger.seat_set
    return sets.build_voters(
        newest.base, newest.base_slot, self._get_base_height(newest.base), newest.entries
    )


def _take_up_nothing(_gadget: gadget.Gadget, _record: Any) -> None:
    """What the journal has decided is not taken up again."""


def _all_are_rivals(self: VotePool, vote: SignedVote) -> list[SignedVote]:
    """Whatever a seat has said contradicts what it says."""
    seat = self._seats[vote.body.set, vote.seat]
    said = seat.prevotes if isinstance(vote.body, Ack) else seat.acks
    return [item for votes_ in said.values() for item in votes_]


def _believe(_entries: Any, _certificate: Any, _checks: Any) -> None:
    """Certificates are not checked at the door."""


def _teach_always(state: Any, tally: Any) -> Any:
    """A roll-call that hardly anybody attended teaches like any other."""
    calls = _ORIGINAL_CALLS(state, tally)
    attended = {
        seat: tally_rules.to_bits(tally_rules.get_seat_tally(state, seat).attended)
        for seat in tally_rules.get_counted_seats(state)
    }
    expected = calls.expected
    for bits in attended.values():
        expected |= bits
    return epoch.RollCalls(expected, attended)


_ORIGINAL_CALLS: Final = epoch.find_roll_calls


def _cap_by_heads(standings: Sequence[Standing]) -> int:
    """The cap counts newcomers by heads, so that their crumbs cap the old seats away."""
    raws = [item.raw for item in standings if item.raw]
    if not raws:
        return 0
    share = max(8, 0) if len(raws) >= 10 else 0
    numerator, denominator = (1, 8) if share else (6, 5 * len(raws))
    low, high = 0, 2 * max(raws)
    while low < high:
        middle = (low + high + 1) // 2
        if middle * denominator <= numerator * sum(min(raw, middle) for raw in raws):
            low = middle
        else:
            high = middle - 1
    return low


def _keep_ahead(state: Consensus, _slot: int) -> list[Any]:
    """What is dated ahead of a clock that was set back is followed on."""
    return finality.choose(state)


def _believe_clock(_state: Consensus, _slot: int, _authors: object) -> bool:
    """A clock that was set back is right, whatever others have signed."""
    return False


def _keep_marks(*_: object) -> None:
    """What was noted by a clock that ran ahead is waited for."""


async def _compare_nothing(*_: object, **__: object) -> None:
    """What others made of a set that is over is compared with what is remembered, and no more."""


def _no_witness(*_: object) -> bool:
    """Who only made justified what led to a contradiction is not looked for."""
    return False


VOTE_FAULTS: Final = (
    Planted("a vote for the base", "consensus", prevote.compute_prevote, _vote_for_base),
    Planted("no clamp at the hand-off", "consensus", prevote.find_target, _vote_past_handoff),
    Planted("quorum of a half", "consensus", certificates.compute_quorum, _low_quorum),
    Planted("level not looked at", "consensus", certificates.compute_quorum, _level_ignored),
    Planted("ack below a prevote", "consensus", finality._ack, _ack_too_much),
    Planted("lock not held", "consensus", finality._take_justified, _never_lock),
    Planted("lock not in the ack's write", "journal", journal.record_vote, _lock_not_written),
    Planted("journal not taken up", "journal", gadget.take_up, _take_up_nothing),
    Planted("journal across sets", "journal", journal.enter_set, _one_record),
    Planted("root not followed", "consensus", forkchoice.Tree.set_root, _root_ignored),
    Planted("entered when justified", "consensus", finality._take_justified, _enter_early),
    Planted("everybody accused", "consensus", VotePool.find_rivals, _all_are_rivals),
    Planted("certificates unchecked", "sync", certificates.check_certificate, _believe),
)

# What random runs hardly ever meet: each names the schedule that finds it.
_BY_SCHEDULE: Final[dict[str, tuple[Planted, ...]]] = {
    "no acks": (Planted("level by the source", "consensus", sets.compute_level, _level_by_source),),
    "latency": (Planted("back-off by the lock", "consensus", prevote.get_grid, _back_off_by_lock),),
    "survivor": (Planted("survivor's duty", "ledger", epoch.find_roll_calls, _teach_always),),
    "newcomers": (Planted("cap by heads", "ledger", weights.compute_cap, _cap_by_heads),),
    "guard": (Planted("guard on age now", "consensus", voting.get_guard, _guard_by_age),),
    "alone ahead": (Planted("blocks ahead kept", "consensus", ahead.set_ahead_aside, _keep_ahead),),
    "clock behind": (
        Planted("every clock believed", "consensus", ahead.is_clock_behind, _believe_clock),
    ),
    "clock ahead": (Planted("clock never set back", "consensus", gadget.set_back, _keep_marks),),
    "lost journal": (
        Planted("acks free after a loss", "journal", journal.record_loss, _loss_gates_prevotes),
        Planted("lost journal begins at nothing", "journal", journal.record_loss, _loss_forgotten),
    ),
    "restart at the boundary": (
        Planted(
            "set that is not final", "sync", chainkeeper.ChainKeeper.get_voters, _newest_voters
        ),
    ),
    "above the bound": (
        Planted("guilty not looked for", "consensus", conflicts.is_witness, _no_witness),
    ),
    "parted for many sets": (
        Planted("ends not compared", "sync", effects.compare_with_end, _compare_nothing),
    ),
    "boundary": (
        Planted("no OR EQUAL", "consensus", prevote.compute_prevote, _vote_above_lock_only),
    ),
}
DIRECTED_FAULTS: Final = tuple(
    (planted, schedule) for schedule, faults in _BY_SCHEDULE.items() for planted in faults
)
