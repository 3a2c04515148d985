"""Fork choice against brute force: the same blocks, in whatever order, give the same head."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chain.header import SECONDARY
from consensus.forkchoice import (
    NOTHING_RECORDED,
    REFUSED_REMEMBERED_MAX,
    BlockFacts,
    Recorded,
    Tree,
    get_gain,
    get_preference,
)
from tests.consensus_world import GENESIS, build_block, build_tree


def choose_by_force(blocks: list[BlockFacts], refused: set[bytes]) -> bytes:
    """The head by its definition: walk every branch from every block and compare all of them."""
    by_hash = {block.hash: block for block in [GENESIS, *blocks]}
    best = (get_preference(GENESIS, 0), GENESIS.hash)
    for block in blocks:
        branch = [block]
        while branch[-1].hash != GENESIS.hash:
            branch.append(by_hash[branch[-1].parent])
        if any(item.hash in refused for item in branch):
            continue
        score = sum(get_gain(item) for item in branch[:-1])
        best = min(best, (get_preference(block, score), block.hash))
    return best[1]


def fill(tree: Tree, blocks: list[BlockFacts]) -> None:
    """Put blocks in, each when its parent is there or known to be bad."""
    waiting = list(blocks)
    while waiting:
        ready = [item for item in waiting if item.parent in tree or tree.is_refused(item.parent)]
        assert ready
        for block in ready:
            tree.add(block)
        waiting = [item for item in waiting if item not in ready]


@given(seed=st.integers(0, 2**32), count=st.integers(1, 60))
def test_any_order_of_the_same_blocks_gives_the_same_head(seed: int, count: int) -> None:
    dice = random.Random(seed)
    blocks = build_tree(dice, count)
    expected = choose_by_force(blocks, set())
    for _ in range(3):
        dice.shuffle(blocks)
        tree = Tree(GENESIS, 0)
        fill(tree, blocks)
        assert tree.find_best().hash == expected


@given(seed=st.integers(0, 2**32), count=st.integers(2, 60), bad=st.integers(1, 8))
def test_a_refused_block_takes_its_descendants_with_it_whenever_it_is_refused(
    seed: int, count: int, bad: int
) -> None:
    dice = random.Random(seed)
    blocks = build_tree(dice, count)
    refused = {item.hash for item in dice.sample(blocks, min(bad, count))}
    expected = choose_by_force(blocks, refused)
    tree = Tree(GENESIS, 0)
    early = [block_hash for block_hash in sorted(refused) if dice.random() < 0.5]
    for block_hash in early:
        tree.refuse(block_hash)
    fill(tree, blocks)
    for block_hash in sorted(refused - set(early)):
        tree.refuse(block_hash)
    assert tree.find_best().hash == expected
    kept = [item for item in blocks if item.hash in tree]
    assert not any(tree.is_refused(item.hash) for item in kept)
    assert choose_by_force(kept, set()) == expected


@given(seed=st.integers(0, 2**32), count=st.integers(1, 60))
def test_the_best_above_a_block_is_the_best_of_its_descendants(seed: int, count: int) -> None:
    dice = random.Random(seed)
    blocks = build_tree(dice, count)
    tree = Tree(GENESIS, 0)
    fill(tree, blocks)
    floor = dice.choice(blocks)
    above = [item for item in blocks if tree.descends(item.hash, floor.hash, floor.height)]
    expected = min(above, key=lambda item: get_preference(item, tree.get_score(item.hash)))
    tree.set_root(floor.hash, floor.height)
    assert tree.find_best() == expected
    assert {item.hash for item in tree.get_above(floor.hash)} == {
        item.hash for item in above if item.hash != floor.hash
    }


TIES = {
    "more score": (build_block(GENESIS, 5), build_block(GENESIS, 5, kind=SECONDARY)),
    "lower slot": (build_block(GENESIS, 5), build_block(GENESIS, 6)),
    "lower rank": (
        build_block(GENESIS, 5, kind=SECONDARY, rank=0),
        build_block(GENESIS, 5, kind=SECONDARY, rank=1),
    ),
}


@pytest.mark.parametrize("name", TIES)
def test_ties_are_broken_in_this_order(name: str) -> None:
    first, second = TIES[name]
    for order in ([first, second], [second, first]):
        tree = Tree(GENESIS, 0)
        fill(tree, list(order))
        assert tree.find_best() == first


def test_of_two_primaries_of_a_slot_the_lower_draw_wins() -> None:
    one, other = (build_block(GENESIS, 3, salt=salt) for salt in (1, 2))
    tree = Tree(GENESIS, 0)
    fill(tree, [one, other])
    assert tree.find_best() == min((one, other), key=lambda item: item.draw)


def test_a_primary_beats_a_secondary_of_equal_score_and_slot() -> None:
    low = build_block(GENESIS, 1, kind=SECONDARY)
    primary = build_block(low, 4)  # 1 + 2
    high = build_block(build_block(GENESIS, 1), 4, kind=SECONDARY)  # 2 + 1
    tree = Tree(GENESIS, 0)
    fill(tree, [low, primary, build_block(GENESIS, 1), high])
    assert tree.get_score(primary.hash) == tree.get_score(high.hash) == 3
    assert tree.find_best() == primary


def test_a_block_whose_height_or_slot_does_not_follow_is_refused() -> None:
    tree = Tree(GENESIS, 0)
    parent = build_block(GENESIS, 3)
    tree.add(parent)
    assert not tree.add(build_block(parent, 3))
    assert tree.find_best() == parent


def test_pruning_drops_old_side_branches_and_never_the_chain_we_follow() -> None:
    tree = Tree(GENESIS, 0)
    chain = [GENESIS]
    for slot in range(1, 101):
        chain.append(build_block(chain[-1], slot))
        tree.add(chain[-1])
    old = build_block(chain[10], 12, kind=SECONDARY, seat="clara")
    young = build_block(chain[90], 92, kind=SECONDARY, seat="clara")
    tree.add(old)
    tree.add(young)
    removed = tree.prune(
        chain[-1].hash, horizon_slot=50, chain_slot=50, limit=1_000, limit_bytes=1_000
    )
    assert removed == [old]
    assert chain[20].hash not in tree  # bare chain below the horizon: the ledger keeps it
    assert young.hash in tree
    assert chain[60].hash in tree
    assert tree.find_best() == chain[-1]


def test_pruning_keeps_to_its_limit_and_drops_the_worst_first() -> None:
    tree = Tree(GENESIS, 0)
    chain = [GENESIS]
    for slot in range(1, 31):
        chain.append(build_block(chain[-1], slot))
        tree.add(chain[-1])
    sides = [build_block(chain[slot], slot + 2, seat="clara") for slot in range(5, 25)]
    for side in sides:
        tree.add(side)
    tree.prune(
        chain[-1].hash, horizon_slot=0, chain_slot=0, limit=len(chain) + 5, limit_bytes=1_000
    )
    assert len(tree) == len(chain) + 5
    assert [side.hash in tree for side in sides] == [False] * 15 + [True] * 5


def test_what_is_remembered_of_refused_blocks_is_bounded() -> None:
    tree = Tree(GENESIS, 0)
    hashes = [number.to_bytes(32, "big") for number in range(REFUSED_REMEMBERED_MAX + 10)]
    for block_hash in hashes:
        tree.refuse(block_hash)
    assert not tree.is_refused(hashes[0])
    assert tree.is_refused(hashes[-1])


def test_a_branch_from_far_below_stands_on_an_anchor() -> None:
    chain = [GENESIS]
    for slot in range(1, 40):
        chain.append(build_block(chain[-1], slot, kind=SECONDARY))
    tree = Tree(chain[-1], len(chain) - 1)
    branch = [build_block(chain[3], 50, seat="clara")]
    while len(branch) < 20:
        branch.append(build_block(branch[-1], branch[-1].slot + 1, seat="clara"))
    tree.add_anchor(chain[3], 3)
    fill(tree, branch[:-2])
    assert tree.find_best() == chain[-1]
    fill(tree, branch[-2:])
    assert tree.get_score(branch[-1].hash) == 3 + 2 * 20
    assert tree.find_best() == branch[-1]


def test_pruning_leaves_every_branch_on_what_it_stands_on() -> None:
    tree = Tree(GENESIS, 0)
    chain = [GENESIS]
    for slot in range(1, 101):
        chain.append(build_block(chain[-1], slot))
        tree.add(chain[-1])
    branch = build_block(chain[30], 90, kind=SECONDARY, seat="clara")
    tree.add(branch)
    tree.prune(chain[-1].hash, horizon_slot=60, chain_slot=60, limit=1_000, limit_bytes=1_000)
    assert chain[29].hash not in tree
    assert [item.height for item in tree.climb_down(branch.hash)] == [31, 30]
    anchored = Tree(chain[-1], 200)
    anchored.add_anchor(chain[3], 6)
    old = build_block(chain[3], 95, kind=SECONDARY, seat="clara")
    anchored.add(old)
    anchored.prune(chain[-1].hash, horizon_slot=60, chain_slot=60, limit=1_000, limit_bytes=1_000)
    assert [item.hash for item in anchored.climb_down(old.hash)] == [old.hash, chain[3].hash]


def test_nothing_is_followed_that_does_not_stand_on_the_root_however_it_comes() -> None:
    low = build_block(GENESIS, 1, kind=SECONDARY)
    above = build_block(low, 4, kind=SECONDARY)
    high = [build_block(GENESIS, 2)]
    high.append(build_block(high[0], 3))
    tree = Tree(GENESIS, 0)
    fill(tree, [low, *high])
    assert tree.find_best() == high[1]
    tree.set_root(low.hash, low.height)
    assert tree.find_best() == low
    fill(tree, [build_block(high[1], 5), above])
    assert tree.find_best() == above
    tree.refuse(low.hash)
    assert tree.find_best().slot == 5  # nothing of it is left: the best of all


def test_a_root_that_is_not_held_changes_nothing_until_it_is_told_again() -> None:
    first, second = build_block(GENESIS, 1), build_block(GENESIS, 2, kind=SECONDARY)
    tree = Tree(GENESIS, 0)
    fill(tree, [first])
    tree.set_root(second.hash, second.height)
    assert tree.find_best() == first
    tree.add(second)
    assert tree.find_best() == first
    tree.set_root(second.hash, second.height)
    assert tree.find_best() == second


def test_a_root_below_the_tree_binds_only_branches_that_part_further_down() -> None:
    chain = [GENESIS]
    for slot in range(1, 12):
        chain.append(build_block(chain[-1], slot))
    tree = Tree(chain[8], 16)
    fill(tree, chain[9:])
    tree.set_root(chain[5].hash, chain[5].height)
    assert tree.find_best() == chain[11]
    tree.add_anchor(chain[3], 6)
    rivals = [build_block(chain[3], 4, salt=1)]
    for slot in range(5, 20):
        rivals.append(build_block(rivals[-1], slot, salt=1))
    fill(tree, rivals)
    assert tree.get_score(rivals[-1].hash) > tree.get_score(chain[11].hash)
    assert tree.find_best() == chain[11]
    assert tree.descends(chain[11].hash, chain[5].hash, chain[5].height)
    assert not tree.descends(rivals[-1].hash, chain[5].hash, chain[5].height)


def test_branches_that_do_not_stand_on_the_final_block_are_forgotten() -> None:
    chain = [GENESIS]
    for slot in range(1, 6):
        chain.append(build_block(chain[-1], slot))
    side = build_block(chain[1], 5, salt=1)
    kept = build_block(chain[3], 5, salt=2)
    tree = Tree(GENESIS, 0)
    fill(tree, [*chain[1:], side, kept])
    final = chain[2].hash, chain[2].height
    removed = tree.prune(chain[5].hash, 0, 0, limit=100, limit_bytes=10**9, final=final)
    assert removed == [side]
    assert kept.hash in tree


def test_what_a_chain_has_on_record_is_known_of_every_block_of_it() -> None:
    first = build_block(GENESIS, 1)
    noting = replace(build_block(first, 2), recorded=Recorded(GENESIS.hash, 1))
    above, beside = build_block(noting, 3), build_block(first, 3)
    tree = Tree(GENESIS, 0)
    fill(tree, [first, noting, above, beside])
    assert tree.get_recorded(above.hash) == Recorded(GENESIS.hash, 1)
    assert tree.get_recorded(beside.hash) == NOTHING_RECORDED
    assert not tree.is_executed(above.hash)
    tree.mark_executed(above.hash)
    assert all(tree.is_executed(item.hash) for item in (first, noting, above))
    assert not tree.is_executed(beside.hash)
