"""Consensus as a state machine: events in, effects out, time among the events.

``step`` decides which chain to follow, when our seat may author a block or vote, what is final, and
what must be on disk before anything is signed. It does no I/O, reads no clock, draws no lots and
holds no secret.
"""

from collections.abc import Callable
from typing import Any, Final

from chain.header import PRIMARY, BlockHash
from consensus.ahead import set_ahead_aside
from consensus.arrivals import EARLY_SLOTS, Arrival
from consensus.conflicts import on_parting_shown, on_witnesses_shown
from consensus.effects import (
    Concern,
    Effect,
    FetchParents,
    Finalised,
    Forget,
    KeepCertificate,
    Place,
    SetEntered,
    StoreJournal,
    Wake,
    Warn,
)
from consensus.events import (
    AnchorShown,
    BlockHeld,
    BlockRefused,
    CertificateSeen,
    ChainReplaced,
    ClockJumped,
    Drafted,
    Event,
    HandOffsShown,
    HeadChanged,
    HeaderSeen,
    HereSeen,
    NewestShown,
    OffsetMeasured,
    OperatorConfirmed,
    PartingShown,
    PastHeld,
    PeerLeft,
    ReleaseCommanded,
    SetShown,
    Started,
    Ticked,
    VoteSeen,
    WitnessesShown,
)
from consensus.finality import (
    enter,
    on_certificate_seen,
    on_hand_offs_shown,
    on_here_seen,
    on_set_shown,
    on_vote_seen,
    retry_waiting,
    take_named,
    update_root,
)
from consensus.forkchoice import BlockFacts
from consensus.gadget import set_back
from consensus.guard import OFFSET_WARN_MS
from consensus.offences import note_header
from consensus.recovery import ask_again, meet_own_header, on_newest_shown, on_release_commanded
from consensus.rest import QUIET, find_rest, is_undisturbed
from consensus.rounds import ROUND_HANDLERS, plan_round
from consensus.signing import on_drafted, plan_block
from consensus.state import NEAR_SLOTS, Consensus, build_position_voters

# After a start, while peers are found and may show a better chain; at least so much of each.
LISTEN_MS: Final = 3_000
LISTEN_SLOTS: Final = 2
PRUNE_EVERY_HEADS: Final = 64
# A seat that signs two blocks of a slot offends. Two are proof enough; more are taken in only when
# sync brings them, as part of a better chain.
SAME_SLOT_MAX: Final = 2
SIDE_BLOCKS_SPARE: Final = 4_096  # beside two branches as long as blocks can be undone
TREE_BYTES_MAX: Final = 4 * 1_024**3  # of bodies on the disk: two days of a busy community
PRUNE_EVERY_BLOCKS: Final = 1_024  # whoever sends many is not waited for until heads have changed
CHAIN_KEPT_SLOTS: Final = 512  # of our own chain; what parts from it further down gets an anchor

_PROVE_THE_WAY: Final = (KeepCertificate, Finalised, SetEntered)


def step(state: Consensus, event: Event) -> list[Effect]:
    """Take in one event; returns what is to be done, in this order."""
    kind = type(event)
    effects = _HANDLERS[kind](state, event)
    if kind is AnchorShown or (not effects and kind in QUIET and is_undisturbed(state, event)):
        return effects
    of_round, wake_ms = plan_round(state, event.time_ms)
    of_block, wake_ms = plan_block(state, event.time_ms, wake_ms)
    state.rest = find_rest(state, event.time_ms, wake_ms)
    effects = [*effects, *of_round, *of_block, Wake(wake_ms)]
    if state.journal is None or state.journal is state.stored:
        return effects
    # One write of all that has changed, before anything that was signed leaves.
    state.stored = state.journal
    return _place(StoreJournal(state.journal), effects)


def _place(store: StoreJournal, effects: list[Effect]) -> list[Effect]:
    """The journal comes first, but after what proves the way into the set that it enters.

    Once it says that we are in a set, we sign nothing in the one before: then only the proof can
    bring others on, and it may be that nobody else has it.
    """
    if not any(isinstance(effect, SetEntered) for effect in effects):
        return [store, *effects]
    proof = [effect for effect in effects if isinstance(effect, _PROVE_THE_WAY)]
    rest = [effect for effect in effects if not isinstance(effect, _PROVE_THE_WAY)]
    return [*proof, store, *rest]


def is_known(state: Consensus, block_hash: BlockHash) -> bool:
    """Whether the block is in the tree, waits to get there, or was refused."""
    return (
        block_hash in state.tree
        or block_hash in state.arrivals
        or state.tree.is_refused(block_hash)
    )


def is_wanted(state: Consensus, block_hash: BlockHash) -> bool:
    """Whether a peer's chain that ends in this block should be fetched.

    A block that waits for its parents is wanted: they are what is lacking.
    """
    return not (
        block_hash in state.tree
        or state.arrivals.is_early(block_hash)
        or state.tree.is_refused(block_hash)
    )


def on_started(state: Consensus, event: Started) -> list[Effect]:
    """Listen before anything is signed; the clock may have been set while the node was down."""
    _listen(state, event.time_ms)
    return set_ahead_aside(state, state.get_slot(event.time_ms))


def on_ticked(state: Consensus, event: Ticked) -> list[Effect]:
    """Let in blocks whose slot has come."""
    return _let_in_due(state, event.time_ms)


def on_header_seen(state: Consensus, event: HeaderSeen) -> list[Effect]:
    """Somebody authors a block; secondaries step back for a primary, and the guard listens."""
    slot = state.get_slot(event.time_ms)
    if event.kind == PRIMARY and event.slot <= slot + EARLY_SLOTS:
        state.primaries_seen.add(event.slot)
    state.gadget.pool.hear_header(event.seat, event.slot)
    effects = note_header(state.gadget, event.signed) if event.signed is not None else []
    if state.seat is not None and event.seat == state.seat.id:
        base = None if event.signed is None else event.signed.header.base
        return [*effects, *meet_own_header(state, event.slot, base)]
    floor_slot = max(state.position.head.slot, state.gadget.lock.round)
    state.guard.hear(event.seat, event.slot, slot, floor_slot)
    return effects


def on_block_held(state: Consensus, event: BlockHeld) -> list[Effect]:
    """A block is here: too early, early, waiting for its parent, or ready for its place."""
    facts, slot = event.facts, state.get_slot(event.time_ms)
    if facts.slot > slot + EARLY_SLOTS:
        waiting = [Arrival(facts, event.size_bytes, early=True)]
        return _drop(state.arrivals.set_aside(waiting) if event.kept else [facts])
    if event.live and state.tree.count_authored(facts.seat, facts.slot) >= SAME_SLOT_MAX:
        return [Forget((facts,))]
    effects: list[Effect] = []
    state.gadget.pool.hear_header(facts.seat, facts.slot)
    if state.seat is not None and facts.seat == state.seat.id:
        effects.extend(meet_own_header(state, facts.slot, facts.base, facts.hash))
    if not event.live and facts.slot < slot - NEAR_SLOTS:
        state.synced_slot = slot
    if facts.slot > slot:
        return [*effects, *_wait(state, Arrival(facts, event.size_bytes, early=True))]
    arrival = Arrival(facts, event.size_bytes, early=False)
    return [*effects, *_accept(state, arrival, event.time_ms)]


def on_anchor_shown(state: Consensus, event: AnchorShown) -> list[Effect]:
    """A branch is about to come that forks off below the tree; with it all is planned anew.

    Anchors are shown one by one, in the middle of other work. What would be planned between two of
    them, a vote and the journal that must be written before it, would be done by nobody.
    """
    state.tree.add_anchor(event.facts, event.score, event.recorded)
    return []


def on_head_changed(state: Consensus, event: HeadChanged) -> list[Effect]:
    """Build on another head from now on."""
    head = event.position.head
    state.position = state.advanced = event.position
    state.turn_slot = None
    state.tree.add_anchor(head, event.position.score, event.position.recorded)
    state.tree.mark_executed(head.hash)
    if head.kind == PRIMARY:
        state.primaries_seen.add(head.slot)
    # What waited to be executed counts now, and what the head of this slot names waits no more.
    effects = on_set_shown(state, SetShown(event.time_ms, build_position_voters(event.position)))
    effects += take_named(state, event.time_ms)
    return [*effects, *_prune(state), *update_root(state)]


def on_chain_replaced(state: Consensus, event: ChainReplaced) -> list[Effect]:
    """Begin a new tree on the new head; what stands above it comes again."""
    position, voters = event.position, event.voters
    state.tree.restart(position.head, position.score, position.recorded)
    state.arrivals.forget_aside()
    effects = on_head_changed(state, HeadChanged(event.time_ms, event.position))
    if voters is not None and voters.base_slot > state.gadget.voters.base_slot:
        effects += enter(state, voters, event.time_ms)
        ask_again(state, state.get_slot(event.time_ms))
    return effects


def on_block_refused(state: Consensus, event: BlockRefused) -> list[Effect]:
    """Take the block and its descendants out, and look for what is best without them."""
    removed = state.tree.refuse(event.hash)
    return [
        Forget(tuple(removed)),
        *retry_waiting(state, event.time_ms),
        *update_root(state),
    ]


def on_past_held(state: Consensus, _event: PastHeld) -> list[Effect]:
    """Remember no block as refused: what the rules refuse is refused again when it comes again."""
    state.tree.forget_refused()
    return []


def on_clock_jumped(state: Consensus, event: ClockJumped) -> list[Effect]:
    """The wall clock was set, or stood still: listen again, and follow nothing of the future.

    A clock that ran years ahead must not sign at once, or the journal would be silent for as long.
    """
    _listen(state, event.time_ms)
    slot = state.get_slot(event.time_ms)
    state.turn = state.turn_slot = state.primary_slot = state.synced_slot = None
    state.primaries_seen = {seen for seen in state.primaries_seen if seen <= slot + EARLY_SLOTS}
    set_back(state.gadget, slot)
    effects = [Warn(Concern.CLOCK_JUMPED, slot), *_let_in_due(state, event.time_ms)]
    return [*effects, *set_ahead_aside(state, slot)]


def on_offset_measured(state: Consensus, event: OffsetMeasured) -> list[Effect]:
    """Note what a peer's clock says, and warn when most of them disagree with ours."""
    state.guard.measure(event.peer, event.offset_ms)
    offset_ms = state.guard.get_offset_ms()
    if offset_ms is None or abs(offset_ms) <= OFFSET_WARN_MS:
        state.told.discard(Concern.CLOCK_OFF)
        return []
    return state.tell_once(Concern.CLOCK_OFF, offset_ms)


def on_peer_left(state: Consensus, event: PeerLeft) -> list[Effect]:
    """Forget a peer's clock, and what it claimed."""
    state.guard.forget_peer(event.peer)
    state.gadget.catchup.forget(event.peer)
    return []


def on_operator_confirmed(state: Consensus, _event: OperatorConfirmed) -> list[Effect]:
    """The operator has looked at the clock."""
    state.guard.confirm()
    return []


def _listen(state: Consensus, time_ms: int) -> None:
    state.guard.arm(state.get_slot(time_ms))
    listen_ms = max(LISTEN_MS, LISTEN_SLOTS * state.slot_ms)
    state.listen_until_ms = time_ms + listen_ms


def _let_in_due(state: Consensus, time_ms: int) -> list[Effect]:
    """Blocks whose slot has come; of those that had a place already, what has a parent left."""
    slot = state.get_slot(time_ms)
    effects: list[Effect] = []
    for arrival in state.arrivals.take_back(slot):
        if arrival.facts.parent in state.tree:
            effects += _accept(state, arrival, time_ms)
        else:
            effects.append(Forget((arrival.facts,)))
    for arrival in state.arrivals.take_due(slot):
        effects += _accept(state, arrival, time_ms)
    return effects


def _accept(state: Consensus, arrival: Arrival, time_ms: int) -> list[Effect]:
    """Give a block its place, and those that waited for it; follow what is best then."""
    parent = arrival.facts.parent
    if parent not in state.tree and not state.tree.is_refused(parent):
        return [*_wait(state, arrival._replace(early=False)), FetchParents()]
    effects: list[Effect] = []
    coming = [arrival]
    while coming:
        facts, size_bytes, _ = coming.pop()
        if facts.slot > state.get_slot(time_ms) + EARLY_SLOTS:  # the clock was set back
            effects.append(Forget((facts,)))
            continue
        placed = state.tree.add(facts, size_bytes)
        effects.append(Place(facts.hash) if placed else Forget((facts,)))
        coming.extend(state.arrivals.take_children(facts.hash))
        state.blocks_since_prune += 1
    if state.blocks_since_prune >= PRUNE_EVERY_BLOCKS and state.tree.is_larger(
        _get_tree_limit(state), TREE_BYTES_MAX
    ):
        effects.extend(_prune_now(state))
    if any(item.body.target_hash in state.tree for item in state.gadget.waiting):
        effects.extend(retry_waiting(state, time_ms))
    return [*effects, *update_root(state)]


def _wait(state: Consensus, arrival: Arrival) -> list[Effect]:
    return _drop(state.arrivals.add(arrival))


def _drop(blocks: list[BlockFacts]) -> list[Effect]:
    return [Forget(tuple(blocks))] if blocks else []


def _prune(state: Consensus) -> list[Effect]:
    """Now and then, forget blocks that can no longer matter."""
    state.heads_since_prune += 1
    if state.heads_since_prune < PRUNE_EVERY_HEADS:
        return []
    return _prune_now(state)


def _prune_now(state: Consensus) -> list[Effect]:
    state.heads_since_prune = state.blocks_since_prune = 0
    head = state.position.head
    removed = state.tree.prune(
        head.hash,
        horizon_slot=head.slot - state.settings.constants.transaction_life_slots,
        chain_slot=_get_kept_slot(state),
        final=(state.gadget.final.hash, state.gadget.final.height),
        limit=_get_tree_limit(state),
        limit_bytes=TREE_BYTES_MAX,
    )
    return _drop(removed)


def _get_kept_slot(state: Consensus) -> int:
    """What is not final may still be parted from, but not for ever is all of it kept.

    Down to a hand-off that is not final yet it is, however long that takes: it must be voted for.
    """
    head, gadget, tree = state.position.head, state.gadget, state.tree
    slots = [head.slot - CHAIN_KEPT_SLOTS]
    for checkpoint in (gadget.lock, gadget.final):
        facts = tree.get(checkpoint.hash)
        slots += [facts.slot] if facts is not None else []
    if state.position.base != gadget.voters.base and state.awaits is None:
        return min(slots)
    return max(min(slots), head.slot - state.settings.constants.transaction_life_slots)


def _get_tree_limit(state: Consensus) -> int:
    return 2 * state.settings.constants.transaction_life_slots + SIDE_BLOCKS_SPARE


_HANDLERS: Final[dict[type[Any], Callable[[Consensus, Any], list[Effect]]]] = {
    Started: on_started,
    Ticked: on_ticked,
    HeaderSeen: on_header_seen,
    BlockHeld: on_block_held,
    AnchorShown: on_anchor_shown,
    HeadChanged: on_head_changed,
    ChainReplaced: on_chain_replaced,
    BlockRefused: on_block_refused,
    PastHeld: on_past_held,
    Drafted: on_drafted,
    ClockJumped: on_clock_jumped,
    OffsetMeasured: on_offset_measured,
    PeerLeft: on_peer_left,
    OperatorConfirmed: on_operator_confirmed,
    SetShown: on_set_shown,
    VoteSeen: on_vote_seen,
    HereSeen: on_here_seen,
    CertificateSeen: on_certificate_seen,
    HandOffsShown: on_hand_offs_shown,
    PartingShown: on_parting_shown,
    WitnessesShown: on_witnesses_shown,
    NewestShown: on_newest_shown,
    ReleaseCommanded: on_release_commanded,
    **ROUND_HANDLERS,
}
