"""When our seat publishes: slots, ranks and waits, and what makes it hold its tongue."""

from hypothesis import given
from hypothesis import strategies as st

from chain.checks import DirectChecks
from chain.header import PRIMARY, SECONDARY
from chain.rules.lottery import check_author, get_rank_limit
from consensus.effects import Draft, Effect, Missed
from consensus.engine import LISTEN_MS, step
from consensus.events import BlockHeld, Drafted, HeaderSeen, Started, Ticked
from consensus.producer import Turn, advance_randomness, compute_turn, compute_wait_ms
from consensus.signing import get_signing
from consensus.state import Signing
from tests.community import CONSTANTS, get_account_id
from tests.consensus_world import (
    CHAIN,
    GENESIS,
    SEATS,
    SLOT_MS,
    Driver,
    build_block,
    build_entries,
    build_position,
    build_seat,
)
from tests.consensus_world import SETTINGS as WORLD

ALONE = build_entries(("ann",))


def find_turn(name: str, slot: int, parent_slot: int = 0) -> Turn | None:
    """A seat's turn in a slot above a made-up head of an earlier one."""
    head = build_block(GENESIS, parent_slot) if parent_slot else GENESIS
    position = advance_randomness(build_position(head), CONSTANTS, slot)
    seat = build_seat(name)
    return compute_turn(position, CONSTANTS, CHAIN, seat.id, seat.prove, slot)


def find_slot(name: str, kind: int, after: int = 0, rank: int | None = None) -> Turn:
    """The first turn of a kind that a seat has above the genesis."""
    for slot in range(after + 1, after + 500):
        turn = find_turn(name, slot)
        if turn is not None and turn.kind == kind and rank in (None, turn.rank):
            return turn
    raise AssertionError("no such turn in 500 slots")


def get_drafted(effects: list[Effect]) -> list[Turn]:
    return [effect.turn for effect in effects if isinstance(effect, Draft)]


@given(slot=st.integers(1, 400), gap=st.integers(1, 30))
def test_a_turn_is_exactly_what_the_rules_admit(slot: int, gap: int) -> None:
    parent_slot = max(slot - gap, 0)
    entries = build_entries()
    ranks = set()
    for name in SEATS:
        turn = find_turn(name, slot, parent_slot)
        if turn is None:
            continue
        position = advance_randomness(build_position(), CONSTANTS, slot)
        header = _Header(get_account_id(name), slot, turn.kind, turn.rank, turn.proof)
        output = check_author(
            header,  # type: ignore[arg-type]  # the rule reads these fields of a header only
            parent_slot,
            CHAIN,
            position.randomness.seed,
            entries,
            DirectChecks(),
        )
        assert output == turn.output
        if turn.kind == SECONDARY:
            assert turn.rank <= get_rank_limit(slot, parent_slot)
            ranks.add(turn.rank)
    primaries = [name for name in SEATS if (turn := find_turn(name, slot)) and turn.kind == PRIMARY]
    secondaries = min(get_rank_limit(slot, parent_slot) + 1, len(SEATS)) - len(primaries)
    assert len(ranks) >= secondaries, "whoever may author knows it"


class _Header:
    """The fields of a header that the lottery reads."""

    def __init__(self, seat: bytes, slot: int, kind: int, rank: int, proof: bytes) -> None:
        self.seat, self.slot, self.kind, self.rank, self.vrf_proof = seat, slot, kind, rank, proof


def test_waits_are_fractions_of_the_slot() -> None:
    assert [compute_wait_ms(PRIMARY, 0, 4_000), compute_wait_ms(SECONDARY, 0, 4_000)] == [0, 1_000]
    assert compute_wait_ms(SECONDARY, 1, 4_000) == 1_200
    assert compute_wait_ms(SECONDARY, 10, 4_000) == compute_wait_ms(SECONDARY, 200, 4_000) == 3_000


def test_a_primary_publishes_when_its_slot_begins_and_not_before() -> None:
    turn = find_slot("ann", PRIMARY)
    driver = Driver()
    driver.begin((turn.slot - 1) * SLOT_MS)
    driver.send(Ticked(turn.slot * SLOT_MS - 1))
    assert turn.slot not in driver.get_signed_slots()
    driver.send(Ticked(turn.slot * SLOT_MS))
    assert driver.get_signed_slots()[-1:] == [turn.slot]


def test_a_secondary_waits_and_steps_back_for_a_primary() -> None:
    turn = find_slot("ann", SECONDARY, rank=0)
    start_ms = turn.slot * SLOT_MS
    for sees_primary in (False, True):
        driver = Driver()
        driver.begin(start_ms)
        assert driver.wake_ms == start_ms + turn.wait_ms
        if sees_primary:
            seat = get_account_id("boris")
            driver.send(HeaderSeen(start_ms + 10, seat, turn.slot, PRIMARY))
        driver.send(Ticked(start_ms + turn.wait_ms - 1))
        assert not driver.signed
        driver.send(Ticked(start_ms + turn.wait_ms))
        assert driver.get_signed_slots() == ([] if sees_primary else [turn.slot])


def test_a_block_of_the_slot_that_becomes_the_head_ends_our_turn() -> None:
    turn = find_slot("ann", SECONDARY, rank=0)
    start_ms = turn.slot * SLOT_MS
    driver = Driver()
    driver.begin(start_ms)
    driver.send(BlockHeld(start_ms + 5, build_block(GENESIS, turn.slot), 500, live=True))
    driver.send(Ticked(start_ms + turn.wait_ms))
    assert driver.state.position.head.slot == turn.slot
    assert not driver.signed


def test_a_late_block_of_an_earlier_slot_becomes_the_parent_of_ours() -> None:
    turn = find_slot("ann", SECONDARY, after=2, rank=0)
    start_ms = turn.slot * SLOT_MS
    driver = Driver()
    driver.begin(start_ms)
    late = build_block(GENESIS, turn.slot - 1)
    driver.send(BlockHeld(start_ms + turn.wait_ms - 1, late, 500, live=True))
    driver.send(Ticked(start_ms + turn.wait_ms))
    assert driver.signed == [b"%d %s 1" % (turn.slot, late.hash)]


def test_a_head_that_changes_while_we_draft_makes_the_draft_void() -> None:
    turn = find_slot("ann", PRIMARY, after=2)
    driver = Driver()
    driver.begin((turn.slot - 1) * SLOT_MS)
    time_ms = turn.slot * SLOT_MS
    effects = step(driver.state, Ticked(time_ms))
    assert get_drafted(effects) == [turn]
    late = build_block(GENESIS, turn.slot - 1)
    driver.send(BlockHeld(time_ms + 50, late, 500, live=True))
    again = driver.signed
    assert len(again) == 1
    assert late.hash in again[0]
    assert not step(driver.state, Drafted(time_ms + 60, turn, b"void"))[:-1]


def test_nothing_is_signed_while_the_best_block_is_not_yet_our_head() -> None:
    turn = find_slot("ann", PRIMARY, after=2)
    driver = Driver()
    driver.begin((turn.slot - 1) * SLOT_MS)
    better = build_block(GENESIS, turn.slot - 1)
    step(driver.state, BlockHeld(driver.wake_ms - 1, better, 500, live=True))  # not followed yet
    driver.send(Ticked(turn.slot * SLOT_MS))
    assert not driver.signed


def test_a_lone_survivor_carries_the_chain_on_in_every_slot() -> None:
    driver = Driver(entries=ALONE)
    driver.begin(0)
    driver.run_until(100 * SLOT_MS - 1)
    slots = driver.get_signed_slots()
    assert slots == sorted(set(slots))
    assert len(slots) == 99  # the head is not told here, so every slot is rank 0 of one seat


def test_the_seat_listens_after_a_start_far_behind_the_clock() -> None:
    driver = Driver(entries=ALONE)
    began_ms = 500 * SLOT_MS
    driver.send(Started(began_ms))
    assert get_signing(driver.state, began_ms) is Signing.LISTENING
    driver.send(Ticked(began_ms + LISTEN_MS - 1))
    assert not driver.signed
    driver.run_until(began_ms + LISTEN_MS + SLOT_MS)
    assert driver.signed


def test_a_seat_that_is_near_the_clock_signs_at_once() -> None:
    driver = Driver(entries=ALONE)
    driver.send(Started(2 * SLOT_MS + SLOT_MS // 2))
    assert driver.get_signed_slots() == [2]


def test_nothing_is_signed_while_sync_brings_old_blocks() -> None:
    driver = Driver(entries=ALONE)
    began_ms = 500 * SLOT_MS
    driver.send(Started(began_ms))
    parent = GENESIS
    for number in range(1, 11):
        parent = build_block(parent, number)
        driver.send(BlockHeld(began_ms + LISTEN_MS + number, parent, 500, live=False))
    time_ms = began_ms + LISTEN_MS + SLOT_MS // 2
    assert get_signing(driver.state, time_ms) is Signing.CATCHING_UP
    driver.send(Ticked(time_ms))
    assert not driver.signed
    driver.send(Ticked(time_ms + 3 * SLOT_MS))
    assert driver.signed


def test_a_slot_of_ours_that_passes_unsigned_is_told_once() -> None:
    turn = find_slot("ann", PRIMARY, after=60)
    began_ms = turn.slot * SLOT_MS
    driver = Driver()
    driver.send(Started(began_ms))  # far behind the clock: it listens, and misses its slot
    driver.send(Ticked(began_ms + SLOT_MS))
    assert Missed(turn.slot) in driver.effects
    driver.send(Ticked(began_ms + 2 * SLOT_MS))
    assert Missed(turn.slot) not in driver.effects


def test_a_seat_outside_the_set_or_with_other_keys_signs_nothing() -> None:
    driver = Driver(entries=build_entries(("boris", "clara")))
    driver.begin(0)
    for slot in range(1, 40):
        driver.send(Ticked(slot * SLOT_MS + SLOT_MS - 1))
    assert not driver.signed
    assert get_signing(driver.state, SLOT_MS) is Signing.NOT_IN_SET


def test_a_pause_of_many_epochs_is_bridged_once_and_the_chain_goes_on() -> None:
    driver = Driver(entries=ALONE)
    slot = 50_000 * CONSTANTS.slots_per_epoch
    driver.begin(slot * SLOT_MS)
    driver.send(Ticked((slot + 5) * SLOT_MS))
    assert driver.signed
    assert driver.state.advanced.randomness.epoch == 50_000


def test_settings_know_their_slot() -> None:
    assert WORLD.slot_ms == CONSTANTS.slot_seconds * 1_000
