"""The machine as a whole: early, late and orphaned blocks, refusals, one header a slot for ever.

Invariant: whatever comes, in whatever order, and however often the process dies between two
effects, a seat never signs two headers of one slot, and none that the journal does not hold.
"""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec.structs import replace

from chain.header import PRIMARY, SECONDARY, compute_block_hash
from consensus.arrivals import ARRIVALS_BYTES_MAX, ARRIVALS_MAX
from consensus.effects import (
    Concern,
    FetchParents,
    Follow,
    Forget,
    Place,
    SignHeader,
    StoreJournal,
    Warn,
)
from consensus.engine import (
    CHAIN_KEPT_SLOTS,
    LISTEN_SLOTS,
    PRUNE_EVERY_BLOCKS,
    PRUNE_EVERY_HEADS,
    SAME_SLOT_MAX,
    SIDE_BLOCKS_SPARE,
    TREE_BYTES_MAX,
    is_known,
    is_wanted,
    step,
)
from consensus.events import (
    AnchorShown,
    BlockHeld,
    BlockRefused,
    ChainReplaced,
    ClockJumped,
    HeadChanged,
    HeaderSeen,
    Started,
    Ticked,
)
from consensus.journal import get_signed_slot
from consensus.signing import get_signing
from consensus.state import Signing, build_consensus
from tests.community import get_account_id
from tests.consensus_world import (
    CHAIN,
    GENESIS,
    SETTINGS,
    SLOT_MS,
    Driver,
    build_block,
    build_entries,
    build_position,
    build_tree,
)

NOW_MS = 1_000 * SLOT_MS


@given(seed=st.integers(0, 2**32), count=st.integers(1, 40))
def test_blocks_in_any_order_give_the_same_head(seed: int, count: int) -> None:
    dice = random.Random(seed)
    blocks = build_tree(dice, count)
    heads = set()
    for _ in range(3):
        dice.shuffle(blocks)
        driver = Driver(seat="nobody")
        driver.begin(NOW_MS)
        for block in blocks:
            driver.send(BlockHeld(NOW_MS, block, 100, live=False))
        heads.add(driver.state.position.head.hash)
        assert all(block.hash in driver.state.tree for block in blocks)
    assert len(heads) == 1


def test_a_block_one_slot_early_is_held_until_its_slot() -> None:
    driver = Driver(seat="nobody")
    driver.begin(NOW_MS)
    early = build_block(GENESIS, 1_001)
    driver.send(BlockHeld(NOW_MS + SLOT_MS - 1, early, 100, live=True))
    assert driver.state.position.head == GENESIS
    assert is_known(driver.state, early.hash)
    driver.send(Ticked(1_001 * SLOT_MS - 1))
    assert driver.state.position.head == GENESIS
    driver.send(Ticked(1_001 * SLOT_MS))
    assert driver.state.position.head == early


def test_a_block_further_ahead_is_dropped_and_not_held_against_itself() -> None:
    driver = Driver(seat="nobody")
    driver.begin(NOW_MS)
    ahead = build_block(GENESIS, 1_002)
    driver.send(BlockHeld(NOW_MS, ahead, 100, live=True))
    assert driver.effects[0] == Forget((ahead,))
    assert not is_known(driver.state, ahead.hash)
    driver.send(BlockHeld(1_002 * SLOT_MS, ahead, 100, live=True))
    assert driver.state.position.head == ahead


def test_an_orphan_asks_for_its_parent_and_is_placed_when_that_comes() -> None:
    driver = Driver(seat="nobody")
    driver.begin(NOW_MS)
    parent = build_block(GENESIS, 10)
    child = build_block(parent, 11)
    grandchild = build_block(child, 12)
    driver.send(BlockHeld(NOW_MS, grandchild, 100, live=True))
    assert FetchParents() in driver.effects
    driver.send(BlockHeld(NOW_MS, child, 100, live=True))
    driver.send(BlockHeld(NOW_MS, parent, 100, live=True))
    placed = [effect.hash for effect in driver.effects if isinstance(effect, Place)]
    assert placed == [parent.hash, child.hash, grandchild.hash]
    assert driver.state.position.head == grandchild


def test_orphans_are_bounded_in_number_and_bytes() -> None:
    for size_bytes, kept in ((100, ARRIVALS_MAX), (1_024 * 1_024, ARRIVALS_BYTES_MAX // 2**20)):
        driver = Driver(seat="nobody")
        driver.begin(NOW_MS)
        missing = build_block(GENESIS, 5)
        orphans = [build_block(missing, 6 + salt, salt=salt) for salt in range(100)]
        forgotten = []
        for orphan in orphans:
            driver.send(BlockHeld(NOW_MS, orphan, size_bytes, live=False))
            forgotten += [
                facts
                for effect in driver.effects
                if isinstance(effect, Forget)
                for facts in effect.blocks
            ]
        assert forgotten == orphans[:-kept]
        assert [is_known(driver.state, item.hash) for item in orphans[-kept:]] == [True] * kept


def test_a_refused_block_is_left_for_the_next_best_and_never_tried_again() -> None:
    driver = Driver(seat="nobody")
    driver.begin(NOW_MS)
    good = build_block(GENESIS, 10, kind=SECONDARY)
    bad = build_block(GENESIS, 11)
    above = build_block(bad, 12)
    driver.send(BlockHeld(NOW_MS, good, 100, live=True))
    driver.send(BlockHeld(NOW_MS, bad, 100, live=True))
    assert driver.state.position.head == bad
    driver.send(BlockRefused(NOW_MS, bad.hash))
    assert driver.state.position.head == good
    driver.send(BlockHeld(NOW_MS, above, 100, live=False))
    driver.send(BlockHeld(NOW_MS, bad, 100, live=False))
    assert driver.state.position.head == good
    assert is_known(driver.state, above.hash)


def test_a_third_block_of_one_seat_and_slot_is_dropped_unless_sync_brings_it() -> None:
    driver = Driver(seat="nobody")
    driver.begin(NOW_MS)
    twins = [build_block(GENESIS, 10, salt=salt) for salt in range(SAME_SLOT_MAX + 1)]
    for block in twins:
        driver.send(BlockHeld(NOW_MS, block, 100, live=True))
    assert twins[-1].hash not in driver.state.tree
    driver.send(BlockHeld(NOW_MS, twins[-1], 100, live=False))
    assert twins[-1].hash in driver.state.tree


def test_a_branch_on_an_anchor_can_win() -> None:
    driver = Driver(seat="nobody")
    driver.begin(NOW_MS)
    below = build_block(GENESIS, 10, kind=SECONDARY)
    head = build_block(below, 500, kind=SECONDARY)
    driver.start(build_position(head, 2))
    driver.begin(NOW_MS)
    driver.send(AnchorShown(NOW_MS, below, 1))
    fork = build_block(below, 600)
    driver.send(BlockHeld(NOW_MS, fork, 100, live=False))
    assert driver.state.position.head == fork


def test_a_replaced_chain_begins_a_new_tree_and_keeps_what_was_refused() -> None:
    driver = Driver(seat="nobody")
    driver.begin(NOW_MS)
    bad, old = build_block(GENESIS, 9, seat="clara"), build_block(GENESIS, 10)
    driver.send(BlockHeld(NOW_MS, bad, 100, live=True))
    driver.send(BlockRefused(NOW_MS, bad.hash))
    driver.send(BlockHeld(NOW_MS, old, 100, live=True))
    new = build_block(build_block(GENESIS, 11), 12)
    driver.send(ChainReplaced(NOW_MS, build_position(new, 4)))
    assert driver.state.position.head == new
    assert old.hash not in driver.state.tree
    assert driver.state.tree.is_refused(bad.hash)


def test_a_header_of_ours_that_the_journal_does_not_know_silences_the_seat() -> None:
    driver = Driver(entries=build_entries(("ann",)))
    driver.begin(SLOT_MS)
    driver.run_until(3 * SLOT_MS)
    assert driver.signed
    slot = get_signed_slot(driver.state.journal, CHAIN) if driver.state.journal else 0
    driver.send(HeaderSeen(4 * SLOT_MS, get_account_id("ann"), slot, PRIMARY))
    assert get_signing(driver.state, 4 * SLOT_MS) is Signing.SIGNS  # it is the one we signed
    driver.send(HeaderSeen(4 * SLOT_MS, get_account_id("ann"), slot + 9, PRIMARY))
    assert Warn(Concern.KEY_USED_ELSEWHERE, slot + 9) in driver.effects
    signed = len(driver.signed)
    driver.run_until(40 * SLOT_MS)
    assert len(driver.signed) == signed
    assert get_signing(driver.state, 40 * SLOT_MS) is Signing.REFUSED


def test_another_block_of_the_slot_that_we_signed_silences_the_seat() -> None:
    driver = Driver(entries=build_entries(("ann",)))
    driver.begin(SLOT_MS)
    driver.run_until(3 * SLOT_MS)
    header, slot = driver.signed[-1], driver.get_signed_slots()[-1]
    twin = build_block(GENESIS, slot, seat="ann")
    ours = replace(twin, hash=compute_block_hash(header))
    driver.send(BlockHeld(3 * SLOT_MS, ours, 100, live=True))
    assert get_signing(driver.state, 3 * SLOT_MS) is Signing.SIGNS
    driver.send(BlockHeld(3 * SLOT_MS, twin, 100, live=True))
    assert Warn(Concern.KEY_USED_ELSEWHERE, slot) in driver.effects
    assert get_signing(driver.state, 3 * SLOT_MS) is Signing.REFUSED


def test_a_block_of_ours_from_before_the_start_shows_that_the_journal_is_old() -> None:
    driver = Driver(entries=build_entries(("ann", "boris")))
    driver.begin(NOW_MS)
    driver.send(BlockHeld(NOW_MS, build_block(GENESIS, 900, seat="ann"), 100, live=False))
    assert Warn(Concern.JOURNAL_LOST, 1_002) in driver.effects
    driver.run_until(NOW_MS + 40 * SLOT_MS)
    assert driver.signed
    assert min(driver.get_signed_slots()) > 1_002


def test_every_signature_follows_its_journal_within_the_same_effects() -> None:
    driver = Driver(entries=build_entries(("ann",)))
    driver.begin(0)
    for _ in range(50):
        driver.send(Ticked(driver.wake_ms))
        kinds = [type(effect) for effect in driver.effects]
        if SignHeader in kinds:
            assert kinds.index(StoreJournal) < kinds.index(SignHeader)
    assert driver.signed


class OneHeaderASlot(RuleBasedStateMachine):
    """Anything may happen to a seat; it is primary or secondary of most slots."""

    def __init__(self) -> None:
        super().__init__()
        self.driver = Driver(entries=build_entries(("ann", "boris")))
        self.time_ms = 0
        self.blocks = [GENESIS]

    @initialize(slot=st.integers(0, 40))
    def begin(self, slot: int) -> None:
        self.time_ms = slot * SLOT_MS
        self.driver.send(Started(self.time_ms))

    @rule(passed_ms=st.integers(0, 3 * SLOT_MS))
    def time_passes(self, passed_ms: int) -> None:
        self.time_ms += passed_ms
        self.driver.run_until(self.time_ms)
        self.driver.send(Ticked(self.time_ms))

    @rule(times=st.integers(1, 12))
    def it_wakes(self, times: int) -> None:
        for _ in range(times):
            self.time_ms = max(self.time_ms, self.driver.wake_ms)
            self.driver.send(Ticked(self.time_ms))

    @rule(back_ms=st.integers(1, 20 * SLOT_MS))
    def the_clock_is_set_back(self, back_ms: int) -> None:
        self.time_ms = max(self.time_ms - back_ms, 0)
        self.driver.send(ClockJumped(self.time_ms))

    @rule(dice=st.randoms(use_true_random=False), live=st.booleans())
    def a_block_comes(self, dice: random.Random, live: bool) -> None:
        parent = dice.choice(self.blocks[-5:])
        slot = max(parent.slot + 1, self.time_ms // SLOT_MS + dice.randint(-3, 1))
        kind = dice.choice((PRIMARY, SECONDARY))
        block = build_block(parent, slot, kind=kind, seat="boris", salt=dice.randint(0, 3))
        self.blocks.append(block)
        self.driver.send(BlockHeld(self.time_ms, block, 100, live=live))

    @rule(dice=st.randoms(use_true_random=False))
    def a_block_is_refused(self, dice: random.Random) -> None:
        block = dice.choice(self.blocks[-4:])
        tree = self.driver.state.tree
        if block.hash in tree and block.parent in tree:  # what is below our head was executed
            self.driver.send(BlockRefused(self.time_ms, block.hash))

    @rule(ahead=st.integers(-2, 1), kind=st.sampled_from((PRIMARY, SECONDARY)))
    def a_header_is_seen(self, ahead: int, kind: int) -> None:
        slot = self.time_ms // SLOT_MS + ahead
        self.driver.send(HeaderSeen(self.time_ms, get_account_id("boris"), slot, kind))

    @rule(before=st.sampled_from((StoreJournal, SignHeader, Follow)), passed=st.integers(0, 2))
    def it_dies_between_effects(self, before: type[object], passed: int) -> None:
        self.time_ms = max(self.time_ms, self.driver.wake_ms)
        self.driver.send(Ticked(self.time_ms), crash_before=before)
        self.time_ms = max(self.time_ms - passed * SLOT_MS, 0)
        position = self.driver.state.position
        self.driver.start(position)
        self.driver.send(Started(self.time_ms))

    @rule()
    def it_dies_and_forgets_its_blocks(self) -> None:
        self.driver.start(build_position(entries=self.driver.entries))
        self.driver.send(Started(self.time_ms))

    @invariant()
    def no_slot_has_two_headers(self) -> None:
        slots = self.driver.get_signed_slots()
        assert slots == sorted(set(slots)), "slots of signatures rise and never repeat"

    @invariant()
    def the_journal_holds_the_newest_signature(self) -> None:
        journal = self.driver.journal
        assert journal is not None
        if self.driver.signed:
            assert get_signed_slot(journal, CHAIN) >= self.driver.get_signed_slots()[-1]


TestOneHeaderASlot = OneHeaderASlot.TestCase


def test_a_machine_without_a_journal_would_be_caught() -> None:
    """The canary: forget the journal at a crash, and the check above must fail."""
    driver = Driver(entries=build_entries(("ann",)))
    driver.begin(0)
    driver.run_until(5 * SLOT_MS - 1)
    driver.journal = None
    driver.start(build_position(entries=driver.entries))
    driver.begin(4 * SLOT_MS)
    driver.run_until(5 * SLOT_MS - 1)
    slots = driver.get_signed_slots()
    assert slots != sorted(set(slots))


def test_heads_that_change_are_followed_by_pruning_and_memory_stays_bounded() -> None:
    driver = Driver(seat="nobody")
    parent = GENESIS
    for slot in range(1, 2_000):
        time_ms = slot * SLOT_MS
        parent = build_block(parent, slot)
        driver.send(BlockHeld(time_ms, parent, 100, live=True))
        assert driver.state.position.head == parent
    assert len(driver.state.tree) < CHAIN_KEPT_SLOTS + PRUNE_EVERY_HEADS + 2


def test_a_head_change_is_answered_with_what_is_better_meanwhile() -> None:
    driver = Driver(seat="nobody")
    driver.begin(NOW_MS)
    one, other = build_block(GENESIS, 10), build_block(GENESIS, 11, kind=SECONDARY)
    step(driver.state, BlockHeld(NOW_MS, one, 100, True))
    effects = step(driver.state, HeadChanged(NOW_MS, build_position(other, 1)))
    assert Follow(one.hash) in effects


def test_what_waits_for_its_parents_is_wanted_and_what_waits_for_its_slot_is_not() -> None:
    driver = Driver(seat="nobody")
    driver.begin(NOW_MS)
    orphan = build_block(build_block(GENESIS, 10), 11)
    early = build_block(GENESIS, 1_001)
    bad = build_block(GENESIS, 12)
    for block in (orphan, early, bad):
        driver.send(BlockHeld(NOW_MS, block, 100, live=True))
    driver.send(BlockRefused(NOW_MS, bad.hash))
    assert is_wanted(driver.state, orphan.hash)
    assert is_wanted(driver.state, bytes(32))
    for block in (GENESIS, early, bad):
        assert not is_wanted(driver.state, block.hash)


def test_an_observer_forgets_the_primaries_it_has_seen() -> None:
    state = build_consensus(SETTINGS, build_position(), None)
    for slot in range(1, 500):
        step(state, HeaderSeen(slot * SLOT_MS, get_account_id("boris"), slot, PRIMARY))
    assert len(state.primaries_seen) <= 3


def test_nothing_is_signed_before_the_start() -> None:
    driver = Driver(entries=build_entries(("ann",)))
    for slot in range(1, 20):
        driver.send(Ticked(slot * SLOT_MS + SLOT_MS // 2))
    assert not driver.signed
    driver.send(Started(20 * SLOT_MS))
    driver.run_until(25 * SLOT_MS)
    assert driver.signed


@pytest.mark.parametrize("size_bytes", [0, 8 * 1_024 * 1_024])
def test_a_seat_that_signs_without_end_fills_neither_memory_nor_disk(size_bytes: int) -> None:
    driver = Driver(seat="nobody")
    driver.begin(NOW_MS)
    best = build_block(GENESIS, 900)
    driver.send(BlockHeld(NOW_MS, best, 100, live=True))
    driver.send(HeadChanged(NOW_MS, build_position(best, 10)))
    count = 2 * SETTINGS.constants.transaction_life_slots + SIDE_BLOCKS_SPARE + 5_000
    kept_bytes = 0
    for number in range(count if not size_bytes else 3_000):
        side = build_block(GENESIS, 950, kind=SECONDARY, salt=number)
        driver.send(BlockHeld(NOW_MS, side, size_bytes, live=False))
        dropped = sum(len(item.blocks) for item in driver.effects if isinstance(item, Forget))
        kept_bytes += size_bytes * (1 - dropped)
        assert kept_bytes <= TREE_BYTES_MAX + PRUNE_EVERY_BLOCKS * size_bytes
    assert len(driver.state.tree) < count - 3_000
    assert best.hash in driver.state.tree


def test_a_clock_that_jumps_far_ahead_is_not_signed_by_before_anybody_could_object() -> None:
    driver = Driver(entries=build_entries(("ann",)))
    driver.begin(NOW_MS)
    head = build_block(GENESIS, 999, seat="ann")
    driver.send(BlockHeld(NOW_MS, head, 100, live=True))
    driver.send(HeadChanged(NOW_MS, build_position(head, 2, build_entries(("ann",)))))
    ahead_ms = NOW_MS + 20_000 * SLOT_MS
    signed = len(driver.signed)
    driver.send(ClockJumped(ahead_ms))
    driver.run_until(ahead_ms + LISTEN_SLOTS * SLOT_MS - 1)
    assert len(driver.signed) == signed
    driver.run_until(ahead_ms + 20 * LISTEN_SLOTS * SLOT_MS)
    assert len(driver.signed) > signed, "nobody objected"
