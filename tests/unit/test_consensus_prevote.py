"""When a seat prevotes and for what: every reason to skip, the grid, the target, the level."""

from typing import Any

import pytest
from msgspec.structs import replace

from chain.header import PRIMARY, SECONDARY
from chain.votes import Prevote
from consensus.forkchoice import BlockFacts, Recorded, Tree
from consensus.journal import (
    Activation,
    SetRecord,
    build_journal,
    enter_set,
    find_newest_record,
)
from consensus.prevote import Ground, Skip, compute_grid, compute_prevote, get_release_slots
from consensus.sets import (
    Checkpoint,
    VoterSet,
    build_base,
    build_voters,
    compute_gap_level,
    compute_level,
)
from tests.community import CONSTANTS
from tests.consensus_world import CHAIN, GENESIS, build_block, build_entries

LEVEL_SLOTS = [epochs * CONSTANTS.slots_per_epoch for epochs in CONSTANTS.level_epochs]
FIRST = build_voters(CHAIN, 0, 0, build_entries())


def build_record(voters: VoterSet = FIRST, **marks: int) -> SetRecord:
    """A journal's record with these marks."""
    journal = enter_set(build_journal(bytes(32)), CHAIN, voters.base, voters.base_slot)
    record = find_newest_record(journal, CHAIN)
    assert record is not None
    return replace(record, **marks)


def grow(tree: Tree, parent: BlockFacts, *slots: int, **facts: Any) -> list[BlockFacts]:
    """Primaries of these slots one above the other."""
    blocks = []
    for slot in slots:
        parent = replace(build_block(parent, slot), **facts)
        tree.add(parent)
        blocks.append(parent)
    return blocks


def build_ground(tree: Tree, head: BlockFacts, **changes: Any) -> Ground:
    """A seat that knows of nothing justified."""
    base = build_base(FIRST)
    ground = Ground(
        chain=CHAIN,
        constants=CONSTANTS,
        voters=FIRST,
        record=build_record(),
        activation=None,
        notice_slot=None,
        alone=False,
        tree=tree,
        head=head.hash,
        lock=base,
        final=base,
    )
    return ground._replace(**changes)


def build_checkpoint(facts: BlockFacts, round_: int, level: int = 0) -> Checkpoint:
    """A block that was justified."""
    return Checkpoint(round_, level, facts.hash, facts.height, None, None)


def get_prevote(ground: Ground, round_: int) -> Prevote:
    """The prevote that there must be."""
    prevote = compute_prevote(ground, round_)
    assert isinstance(prevote, Prevote), prevote
    return prevote


def test_a_prevote_links_what_is_justified_to_the_newest_block() -> None:
    tree = Tree(GENESIS, 0)
    first, second = grow(tree, GENESIS, 1, 2)
    prevote = get_prevote(build_ground(tree, second, lock=build_checkpoint(first, 1)), 3)
    assert prevote == Prevote(CHAIN, CHAIN, 3, 0, first.hash, 1, second.hash, 2)


@pytest.mark.parametrize(
    ("skip", "changes", "round_"),
    [
        (Skip.ALREADY_VOTED, {"record": build_record(prevote_round=3)}, 3),
        (Skip.JUSTIFIED_ALREADY, {"lock": build_checkpoint(GENESIS, 3)}, 3),
        (Skip.OFF_GRID, {}, 9),
        (Skip.SILENT_UNTIL_NEWER, {"activation": Activation(CHAIN, 2, 0, 0)}, 3),
        (Skip.NOTICE_TOO_YOUNG, {"activation": Activation(CHAIN, 0, 0, 2)}, 3),
        (Skip.NOT_ON_LOCK, {"lock": build_checkpoint(build_block(GENESIS, 1, salt=9), 2)}, 3),
    ],
)
def test_every_reason_to_skip(skip: Skip, changes: dict[str, Any], round_: int) -> None:
    tree = Tree(GENESIS, 0)
    blocks = grow(tree, GENESIS, 1, 2)
    ground = build_ground(tree, blocks[-1])
    assert isinstance(compute_prevote(ground, 3), Prevote)
    assert compute_prevote(ground._replace(**changes), round_) is skip


def test_a_lost_journal_is_overcome_by_something_newer() -> None:
    tree = Tree(GENESIS, 0)
    first, second = grow(tree, GENESIS, 1, 2)
    silent = build_ground(tree, second, activation=Activation(CHAIN, 4, 0, 0))
    silent = silent._replace(lock=build_checkpoint(first, 4))
    assert compute_prevote(silent, 6) is Skip.SILENT_UNTIL_NEWER
    assert isinstance(compute_prevote(silent._replace(lock=build_checkpoint(first, 5)), 6), Prevote)


def test_a_released_key_waits_until_the_chain_has_long_had_its_notice() -> None:
    tree, wait = Tree(GENESIS, 0), CONSTANTS.transaction_life_slots
    assert wait != get_release_slots(CONSTANTS)
    first, second = grow(tree, GENESIS, 7, 7 + wait)
    ground = build_ground(tree, second, activation=Activation(CHAIN, 0, 0, 5))
    ground = ground._replace(final=build_checkpoint(first, 7 + wait - 4))
    round_ = 7 + wait
    assert compute_prevote(ground, round_) is Skip.NOTICE_TOO_YOUNG
    assert isinstance(compute_prevote(ground._replace(notice_slot=7), round_), Prevote)
    assert compute_prevote(ground._replace(notice_slot=8), round_) is Skip.NOTICE_TOO_YOUNG
    assert isinstance(compute_prevote(ground._replace(alone=True), round_), Prevote)
    newer = ground._replace(lock=build_checkpoint(first, 6))
    assert isinstance(compute_prevote(newer, round_), Prevote)


def test_a_set_never_votes_for_its_own_hand_off_but_the_first_for_the_genesis() -> None:
    tree = Tree(GENESIS, 0)
    assert get_prevote(build_ground(tree, GENESIS), 1).target_hash == CHAIN
    (handing,) = grow(tree, GENESIS, 1, base=CHAIN, hands_off=True)
    voters = build_voters(handing.hash, 1, 1, FIRST.entries)
    base = build_base(voters)
    record = build_record(voters)
    ground = build_ground(tree, handing, voters=voters, record=record, lock=base, final=base)
    assert compute_prevote(ground, 2) is Skip.OWN_BASE
    (above,) = grow(tree, handing, 2, base=handing.hash)
    prevote = get_prevote(ground._replace(head=above.hash), 2)
    assert (prevote.source_hash, prevote.source_round) == (handing.hash, 1)
    assert prevote.target_hash == above.hash


def test_a_target_is_never_above_the_first_hand_off_even_when_that_is_the_source() -> None:
    tree = Tree(GENESIS, 0)
    (below,) = grow(tree, GENESIS, 1)
    (handing,) = grow(tree, below, 2, hands_off=True)
    (above,) = grow(tree, handing, 3)
    (again,) = grow(tree, above, 4, hands_off=True)
    (top,) = grow(tree, again, 5)
    ground = build_ground(tree, top)
    assert get_prevote(ground, 6).target_hash == handing.hash
    prevote = get_prevote(ground._replace(lock=build_checkpoint(handing, 5)), 6)
    assert (prevote.source_hash, prevote.target_hash) == (handing.hash, handing.hash)


def test_a_secondary_of_the_slot_itself_is_not_voted_for_and_a_primary_is() -> None:
    tree = Tree(GENESIS, 0)
    (first,) = grow(tree, GENESIS, 1)
    secondary = build_block(first, 2, kind=SECONDARY)
    primary = build_block(first, 2, kind=PRIMARY)
    tree.add(secondary)
    tree.add(primary)
    assert get_prevote(build_ground(tree, secondary), 2).target_hash == first.hash
    assert get_prevote(build_ground(tree, secondary), 3).target_hash == secondary.hash
    assert get_prevote(build_ground(tree, primary), 2).target_hash == primary.hash


def test_a_target_is_not_below_what_is_justified_however_new_that_is() -> None:
    tree = Tree(GENESIS, 0)
    second, third = grow(tree, GENESIS, 15, 16)
    ground = build_ground(tree, third)
    assert get_prevote(ground, 16).target_hash == second.hash
    locked = ground._replace(lock=build_checkpoint(third, 15))
    assert get_prevote(locked, 16).target_hash == third.hash


@pytest.mark.parametrize(
    ("gap", "seats", "grid"),
    [
        (7, 4, 0),
        (8, 4, 1),
        (31, 4, 1),
        (32, 4, 2),
        (127, 4, 2),
        (128, 4, 3),
        (511, 4, 3),
        (512, 4, 4),
        (100_000, 4, 4),
        (1, 64, 0),
        (1, 65, 1),
        (1, 128, 1),
        (1, 129, 2),
        (512, 200, 4),
    ],
)
def test_the_grid_grows_with_the_time_since_finality_and_with_seats(
    gap: int, seats: int, grid: int
) -> None:
    assert compute_grid(1_000 + gap, 1_000, seats) == grid


def test_targets_are_old_enough_for_the_grid() -> None:
    tree = Tree(GENESIS, 0)
    blocks = grow(tree, GENESIS, *range(1, 33))
    for round_, newest in ((7, 7), (8, 7), (30, 29), (32, 29)):
        prevote = get_prevote(build_ground(tree, blocks[round_ - 1]), round_)
        assert prevote.target_hash == blocks[newest - 1].hash


def test_levels_open_with_the_gap_and_later_where_one_seat_could_decide_alone() -> None:
    many = build_voters(CHAIN, 0, 0, build_entries([f"seat{number}" for number in range(10)]))
    few = build_voters(CHAIN, 0, 0, build_entries(("ann", "boris", "clara")))
    first, second, guarded = LEVEL_SLOTS
    assert [
        compute_gap_level(many, CONSTANTS, gap)
        for gap in (0, first - 1, first, second - 1, second, guarded)
    ] == [0, 0, 1, 1, 2, 2]
    assert [
        compute_gap_level(few, CONSTANTS, gap) for gap in (first, second, guarded - 1, guarded)
    ] == [0, 0, 0, 2]


def test_the_level_is_measured_from_what_the_targets_chain_records() -> None:
    voters = build_voters(CHAIN, 0, 0, build_entries([f"seat{number}" for number in range(10)]))
    first = LEVEL_SLOTS[0]
    fresh = build_checkpoint(GENESIS, first + 4)
    assert compute_level(voters, CONSTANTS, first + 5, fresh, recorded_round=first) == 0
    assert compute_level(voters, CONSTANTS, first + 5, fresh, recorded_round=0) == 1
    raised = fresh._replace(level=2)
    assert compute_level(voters, CONSTANTS, first + 5, raised, recorded_round=first) == 2
    tree = Tree(GENESIS, 0)
    (low,) = grow(tree, GENESIS, 1)
    (noting,) = grow(tree, low, first + 2, recorded=Recorded(CHAIN, first))
    (plain,) = grow(tree, low, first + 3)
    ground = build_ground(tree, noting, voters=voters, final=build_checkpoint(low, first))
    assert get_prevote(ground, first + 5).level == 1  # the source is old
    locked = ground._replace(lock=build_checkpoint(low, first + 4))
    assert get_prevote(locked, first + 5).level == 0
    assert get_prevote(locked._replace(head=plain.hash), first + 5).level == 1
    other_set = replace(noting, recorded=Recorded(bytes(32), first), hash=bytes(31) + b"x")
    tree.add(other_set)
    assert get_prevote(locked._replace(head=other_set.hash), first + 5).level == 1
