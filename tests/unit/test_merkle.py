"""The tree against a naive one that is computed anew each time, and proofs against forgers.

Whatever rows came and went, and in whatever batches, the root is that of the rows that are left.
"""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chain.codec import Codec, encode
from chain.crypto import HASH_BYTES, compute_hash
from chain.errors import Invalid
from chain.merkle import (
    EMPTY,
    FANOUT,
    NODE_BYTES,
    Proof,
    Tree,
    compute_leaf,
    get_path,
    verify_proof,
)

PROOFS = Codec(Proof, 1 << 20)
Rows = dict[bytes, bytes]


def compute_naive_root(rows: Rows) -> bytes:
    """The root from its definition, over all rows at once."""
    leaves = {get_path(key).hex(): compute_leaf(get_path(key), row) for key, row in rows.items()}
    return _hash_node(leaves, 0)


def _hash_node(leaves: dict[str, bytes], depth: int) -> bytes:
    children = []
    for digit in "0123456789abcdef":
        below = {path: leaf for path, leaf in leaves.items() if path[depth] == digit}
        if len(below) > 1:
            children.append(_hash_node(below, depth + 1))
        else:
            children.append(next(iter(below.values()), EMPTY))
    return compute_hash(b"node", *children)


def build_tree(rows: Rows) -> Tree:
    tree = Tree()
    tree.apply_update(tree.compute_update(rows.items()))
    return tree


def prove(tree: Tree, rows: Rows, key: bytes) -> Proof:
    nodes, resident = tree.find_slot(key)
    if resident is None or resident == key:
        return Proof(tuple(nodes), None)
    return Proof(tuple(nodes), (resident, rows[resident]))


def build_rows(count: int) -> Rows:
    return {b"key %d" % index: b"row %d" % index for index in range(count)}


def find_keys_that_meet(digits: int) -> tuple[bytes, bytes]:
    """Two keys whose paths agree in so many hex digits."""
    seen: dict[str, bytes] = {}
    for index in range(1_000_000):
        key = b"meet %d" % index
        other = seen.setdefault(get_path(key).hex()[:digits], key)
        if other != key:
            return other, key
    raise AssertionError("a million keys, and none meet")


KEYS = st.sampled_from([b"key %d" % index for index in range(40)])
BATCHES = st.lists(st.dictionaries(KEYS, st.none() | st.binary(max_size=4)), max_size=12)


@given(BATCHES)
def test_batches_give_the_root_of_the_rows_that_are_left(
    batches: list[dict[bytes, bytes | None]],
) -> None:
    tree, rows = Tree(), Rows()
    for batch in batches:
        tree.apply_update(tree.compute_update(batch.items()))
        for key, row in batch.items():
            if row is None:
                rows.pop(key, None)
            else:
                rows[key] = row
        assert tree.root == compute_naive_root(rows)


@pytest.mark.parametrize("seed", range(4))
def test_many_rows_come_and_go_in_large_batches(seed: int) -> None:
    drawn = Random(seed)
    tree, rows = Tree(), Rows()
    for _ in range(12):
        batch: dict[bytes, bytes | None] = {}
        for _ in range(drawn.randrange(1, 400)):
            key = b"%d" % drawn.randrange(600)
            batch[key] = None if drawn.random() < 0.4 else drawn.randbytes(3)
        tree.apply_update(tree.compute_update(batch.items()))
        rows |= {key: row for key, row in batch.items() if row is not None}
        rows = {key: row for key, row in rows.items() if batch.get(key, b"") is not None}
        assert tree.root == compute_naive_root(rows), f"seed {seed}"
    tree.apply_update(tree.compute_update([(key, None) for key in rows]))
    assert tree.root == Tree().root


def test_the_order_of_a_batch_and_of_history_does_not_matter() -> None:
    rows = build_rows(300)
    backwards = dict(reversed(rows.items()))
    one_by_one = Tree()
    for key, row in backwards.items():
        one_by_one.apply_update(one_by_one.compute_update([(key, row)]))
    detour = build_tree({**rows, **{b"passing %d" % index: b"by" for index in range(200)}})
    detour.apply_update(
        detour.compute_update([(b"passing %d" % index, None) for index in range(200)])
    )
    roots = {tree.root for tree in (build_tree(rows), build_tree(backwards), one_by_one, detour)}
    assert len(roots) == 1


def test_an_update_that_is_not_applied_leaves_no_trace() -> None:
    rows = build_rows(100)
    tree = build_tree(rows)
    refused: list[tuple[bytes, bytes | None]] = [(key, None) for key in list(rows)[:60]]
    refused += [(b"new %d" % index, b"row") for index in range(60)]
    assert tree.compute_update(refused).root != tree.root
    tree.apply_update(tree.compute_update([(b"key 7", b"changed")]))
    assert tree.root == compute_naive_root({**rows, b"key 7": b"changed"})
    assert tree.compute_update([]).root == tree.root


def test_an_update_of_a_tree_that_has_changed_since_is_refused() -> None:
    tree = build_tree(build_rows(20))
    stale = tree.compute_update([(b"key 1", b"one")])
    tree.apply_update(tree.compute_update([(b"key 2", b"two")]))
    with pytest.raises(AssertionError, match="changed since"):
        tree.apply_update(stale)


def test_rows_that_meet_deep_down_part_and_fold_again() -> None:
    first, second = find_keys_that_meet(5)
    tree = build_tree({first: b"1", second: b"2"})
    assert tree.root == compute_naive_root({first: b"1", second: b"2"})
    assert len(tree.find_slot(first)[0]) > 5
    tree.apply_update(tree.compute_update([(second, None)]))
    assert tree.root == compute_naive_root({first: b"1"})
    assert len(tree.find_slot(first)[0]) == 1


# Proofs.


def test_every_row_and_every_absence_can_be_proved() -> None:
    rows = build_rows(500)
    tree = build_tree(rows)
    for key, row in rows.items():
        proof = prove(tree, rows, key)
        assert verify_proof(tree.root, key, row, proof)
        assert not verify_proof(tree.root, key, None, proof)
    neighbours = set()
    for index in range(500):
        key = b"absent %d" % index
        proof = prove(tree, rows, key)
        neighbours.add(proof.neighbour is None)
        assert verify_proof(tree.root, key, None, proof)
        assert not verify_proof(tree.root, key, b"row 1", proof)
    assert neighbours == {True, False}


def test_absence_from_an_empty_tree_can_be_proved() -> None:
    tree = Tree()
    assert verify_proof(tree.root, b"key", None, prove(tree, {}, b"key"))


ROWS = build_rows(400)
TREE = build_tree(ROWS)
KEY, ROW = b"key 5", ROWS[b"key 5"]
PROOF = prove(TREE, ROWS, KEY)
ABSENT = next(
    key for key in (b"absent %d" % index for index in range(99)) if prove(TREE, ROWS, key).neighbour
)
ABSENCE = prove(TREE, ROWS, ABSENT)


def test_a_proof_shows_one_key_and_one_value_under_one_root() -> None:
    assert not verify_proof(TREE.root, KEY, b"row 6", PROOF)
    assert not verify_proof(TREE.root, b"key 6", ROW, PROOF)
    assert not verify_proof(TREE.root, b"key 6", ROWS[b"key 6"], PROOF)
    assert not verify_proof(bytes(32), KEY, ROW, PROOF)
    assert not verify_proof(Tree().root, KEY, ROW, PROOF)


def test_truncated_and_lengthened_proofs_are_refused() -> None:
    for kept in range(1, len(PROOF.nodes)):
        assert not verify_proof(TREE.root, KEY, ROW, replace(PROOF, nodes=PROOF.nodes[:kept]))
        assert not verify_proof(TREE.root, KEY, None, replace(PROOF, nodes=PROOF.nodes[:kept]))
        assert not verify_proof(TREE.root, KEY, ROW, replace(PROOF, nodes=PROOF.nodes[kept:]))
    for extra in (bytes(NODE_BYTES), PROOF.nodes[-1], PROOF.nodes[0]):
        assert not verify_proof(TREE.root, KEY, ROW, replace(PROOF, nodes=(*PROOF.nodes, extra)))
        assert not verify_proof(TREE.root, KEY, None, replace(PROOF, nodes=(*PROOF.nodes, extra)))


def test_a_changed_byte_in_any_node_is_noticed() -> None:
    for index, node in enumerate(PROOF.nodes):
        for place in range(0, NODE_BYTES, 37):
            changed = bytearray(node)
            changed[place] ^= 1
            nodes = (*PROOF.nodes[:index], bytes(changed), *PROOF.nodes[index + 1 :])
            assert not verify_proof(TREE.root, KEY, ROW, replace(PROOF, nodes=nodes))


def test_a_row_that_is_there_cannot_be_denied() -> None:
    """Neither by a row that lives elsewhere, nor by the row itself."""
    for other, row in ROWS.items():
        assert not verify_proof(TREE.root, KEY, None, replace(PROOF, neighbour=(other, row)))


def test_an_absence_needs_the_neighbour_of_this_very_slot() -> None:
    assert ABSENCE.neighbour is not None
    assert not verify_proof(TREE.root, ABSENT, None, replace(ABSENCE, neighbour=None))
    key, row = ABSENCE.neighbour
    for other in (b"key 1", b"key 2", ABSENT):
        assert not verify_proof(TREE.root, ABSENT, None, replace(ABSENCE, neighbour=(other, row)))
    assert not verify_proof(TREE.root, ABSENT, None, replace(ABSENCE, neighbour=(key, b"other")))
    for other in ROWS:
        if other != key:
            foreign = replace(prove(TREE, ROWS, other), neighbour=(other, ROWS[other]))
            assert not verify_proof(TREE.root, ABSENT, None, foreign)


def test_a_neighbour_must_be_able_to_live_in_the_slot() -> None:
    """Under a root that no honest tree has: a row in a slot that its path does not lead to."""
    key = b"absent"
    index = "0123456789abcdef".index(get_path(key).hex()[0])
    other = next(item for item in ROWS if get_path(item).hex()[0] != get_path(key).hex()[0])
    node = bytearray(NODE_BYTES)
    leaf = compute_leaf(get_path(other), ROWS[other])
    node[index * HASH_BYTES : (index + 1) * HASH_BYTES] = leaf
    proof = Proof((bytes(node),), (other, ROWS[other]))
    assert not verify_proof(compute_hash(b"node", node), key, None, proof)


def test_a_neighbour_beside_a_row_is_refused() -> None:
    assert not verify_proof(TREE.root, KEY, ROW, replace(PROOF, neighbour=(KEY, ROW)))


def test_a_leaf_cannot_pose_as_a_node_nor_a_node_as_a_leaf() -> None:
    """The value is the bytes of the node on which another proof ends, and still no row."""
    node = PROOF.nodes[-1]
    upper = replace(PROOF, nodes=PROOF.nodes[:-1])
    assert not verify_proof(TREE.root, KEY, node, upper)
    assert compute_leaf(get_path(KEY), node) != compute_hash(b"node", node)


def test_proofs_decode_within_their_caps_only() -> None:
    assert PROOFS.decode(encode(PROOF)) == PROOF
    assert PROOFS.decode(encode(ABSENCE)) == ABSENCE
    node = bytes(NODE_BYTES)
    deepest = Proof((node,) * (2 * HASH_BYTES), None)
    assert PROOFS.decode(encode(deepest)) == deepest
    for nodes in ((), (node,) * (2 * HASH_BYTES + 1), (node[1:],), (node + b"x",)):
        with pytest.raises(Invalid):
            PROOFS.decode(encode(Proof(nodes, None)))


def test_a_node_is_the_hashes_of_its_children_in_order() -> None:
    top = PROOF.nodes[0]
    assert compute_hash(b"node", top) == TREE.root
    assert len(top) == FANOUT * HASH_BYTES
