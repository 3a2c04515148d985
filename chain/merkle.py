"""The authenticated state: a 16-ary Merkle tree over hashed keys, one root for one set of rows.

A row lives at the path ``H("path", key)``. A subtree without rows hashes to zeros, one with a
single row to that row's leaf, a larger one to the hash of its sixteen children in order. The shape
depends on the rows alone, never on their history. The tree lives in memory; the rows do not.

``compute_update`` changes nothing: it answers what would be, and ``apply_update`` makes it so. A
block that is refused leaves no trace.
"""

from collections.abc import Iterable
from typing import Annotated, Final, NamedTuple

import msgspec
from msgspec import Meta

from chain.codec import Record
from chain.crypto import HASH_BYTES, compute_hash, start_hash

FANOUT: Final = 16
NODE_BYTES: Final = FANOUT * HASH_BYTES
EMPTY: Final = bytes(HASH_BYTES)
_DEPTH_MAX: Final = 2 * HASH_BYTES

# Half of a replay's time goes by here: a block hashes some thousand rows and nodes.
_PATH_HASHER: Final = start_hash(b"path")
_LEAF_HASHER: Final = start_hash(b"leaf")
_NODE_HASHER: Final = start_hash(b"node")
_INDEX: Final = {digit: index for index, digit in enumerate("0123456789abcdef")}
_PLACES: Final = tuple(
    slice(begin, begin + HASH_BYTES) for begin in range(0, NODE_BYTES, HASH_BYTES)
)


class Node(msgspec.Struct, gc=False):
    """An inner node: the hashes of its sixteen children in order, and what the children are.

    A child is another node, the key of the only row below, or None where there is no row. A node
    changes by ``apply_update`` alone, which gives it another pair of these.
    """

    hashes: bytearray
    children: tuple["Node | bytes | None", ...]


_Row = tuple[str, bytes, bytes]  # the hex digits of a path, the row's key, its leaf or EMPTY
_Child = tuple[bytes, Node | bytes | None]  # a child's hash, and what it is
_Edit = tuple[Node, bytearray, tuple[Node | bytes | None, ...]]  # what a node is to hold


class Update(NamedTuple):
    """What a batch of rows would make of the tree: its root, and the nodes that change.

    It fits the tree as it was when asked: ``generation`` counts what has been applied since birth.
    """

    root: bytes
    edits: list[_Edit]
    generation: int


class Proof(Record, frozen=True):
    """That a row is, or is not, in the state: the nodes on the way down, and who lives there.

    ``neighbour`` is set when the slot belongs to another row: its key and value, which show that
    the row asked for is absent.
    """

    nodes: Annotated[
        tuple[Annotated[bytes, Meta(min_length=NODE_BYTES, max_length=NODE_BYTES)], ...],
        Meta(min_length=1, max_length=_DEPTH_MAX),
    ]
    neighbour: tuple[bytes, bytes] | None


class Tree:
    """The tree of the committed state."""

    __slots__ = ("_top", "generation", "root")

    def __init__(self) -> None:
        self._top = _build_node()
        self.generation = 0
        self.root = compute_hash(b"node", self._top.hashes)

    def compute_update(self, rows: Iterable[tuple[bytes, bytes | None]]) -> Update:
        """What the tree becomes when these keys get these values; None removes a key.

        Each key occurs once. Nothing changes until ``apply_update``.
        """
        changes: list[_Row] = []
        for key, value in rows:
            hasher = _PATH_HASHER.copy()
            hasher.update(key)
            path = hasher.digest()
            leaf = EMPTY if value is None else compute_leaf(path, value)
            changes.append((path.hex(), key, leaf))
        if not changes:
            return Update(self.root, [], self.generation)
        edits: list[_Edit] = []
        digest, _ = _update_node(self._top, 0, changes, edits)
        return Update(digest, edits, self.generation)

    def apply_update(self, update: Update) -> None:
        """Make an update of this very tree come true; nothing was applied since it was computed."""
        assert update.generation == self.generation, "the tree has changed since"
        for node, hashes, children in update.edits:
            node.hashes = hashes
            node.children = children
        self.root = update.root
        self.generation += 1

    def find_slot(
        self, key: bytes, update: Update | None = None
    ) -> tuple[list[bytes], bytes | None]:
        """The nodes from the root to the key's slot, and the key of the row that lives there.

        With an update: in the tree as that would make it, which it is not.
        """
        nodes = []
        node = self._top
        edits = [] if update is None else update.edits
        for digit in get_path(key).hex():
            hashes, children = next(
                ((hashes, children) for edited, hashes, children in edits if edited is node),
                (node.hashes, node.children),
            )
            nodes.append(bytes(hashes))
            child = children[_INDEX[digit]]
            if not isinstance(child, Node):
                return nodes, child
            node = child
        raise AssertionError("two rows with one path")


def get_path(key: bytes) -> bytes:
    """Where a key's row lives: 64 hex digits from the root down."""
    return compute_hash(b"path", key)


def compute_leaf(path: bytes, value: bytes) -> bytes:
    """The hash of a row at its path."""
    hasher = _LEAF_HASHER.copy()
    hasher.update(path)
    hasher.update(value)
    return hasher.digest()


def verify_proof(root: bytes, key: bytes, value: bytes | None, proof: Proof) -> bool:
    """Whether ``proof`` shows that under ``root`` the key has this value; None: no entry. Pure."""
    path = get_path(key)
    digits = path.hex()
    expected = root
    for depth, node in enumerate(proof.nodes):
        if compute_hash(b"node", node) != expected:
            return False
        index = _INDEX[digits[depth]]
        expected = node[index * HASH_BYTES : (index + 1) * HASH_BYTES]
    if value is not None:
        return proof.neighbour is None and expected == compute_leaf(path, value)
    if proof.neighbour is None:
        return expected == EMPTY
    other = get_path(proof.neighbour[0])
    depth = len(proof.nodes)
    return (
        other != path
        and other.hex()[:depth] == digits[:depth]
        and expected == compute_leaf(other, proof.neighbour[1])
    )


def _build_node() -> Node:
    return Node(bytearray(NODE_BYTES), (None,) * FANOUT)


def _update_node(node: Node, depth: int, rows: list[_Row], edits: list[_Edit]) -> _Child:
    """What a node becomes by rows that lie below it; what it is to hold goes to ``edits``."""
    hashes = bytearray(node.hashes)
    children = node.children
    # Another list only when a child turns into something else. Most rows just get another value,
    # and the sixteen children lie apart in memory: to copy them would be most of the work.
    changed: list[Node | bytes | None] | None = None
    for index, group in _split(rows, depth).items():
        place = _PLACES[index]
        child = children[index]
        if isinstance(child, Node):
            update = _update_node if len(group) > 1 else _update_path
            digest, after = update(child, depth + 1, group, edits)
        elif group[0][1] == child and len(group) == 1 and group[0][2] is not EMPTY:
            digest, after = group[0][2], child
        else:
            digest, after = _update_place(child, bytes(hashes[place]), depth + 1, group)
        hashes[place] = digest
        if after is not child:
            changed = changed or list(children)
            changed[index] = after
    if changed:
        if depth and changed.count(None) >= FANOUT - 1:
            lone = _find_lone(hashes, changed)
            if lone is not None:
                return lone
        children = tuple(changed)
    edits.append((node, hashes, children))
    hasher = _NODE_HASHER.copy()
    hasher.update(hashes)
    return hasher.digest(), node


def _update_path(node: Node, depth: int, rows: list[_Row], edits: list[_Edit]) -> _Child:
    """The same for a single row; most just get another value: straight down, and up again."""
    path, key, digest = rows[0]
    way = []
    child: Node | bytes | None = node
    at = depth
    while isinstance(child, Node):
        index = _INDEX[path[at]]
        way.append((child, _PLACES[index]))
        child = child.children[index]
        at += 1
    if child != key or digest is EMPTY:
        return _update_node(node, depth, rows, edits)
    for above, place in reversed(way):
        hashes = bytearray(above.hashes)
        hashes[place] = digest
        edits.append((above, hashes, above.children))
        hasher = _NODE_HASHER.copy()
        hasher.update(hashes)
        digest = hasher.digest()
    return digest, node


def _split(rows: list[_Row], depth: int) -> dict[int, list[_Row]]:
    """The rows by the child they lie below."""
    groups: dict[int, list[_Row]] = {}
    for row in rows:
        index = _INDEX[row[0][depth]]
        if index in groups:
            groups[index].append(row)
        else:
            groups[index] = [row]
    return groups


def _update_place(child: bytes | None, digest: bytes, depth: int, rows: list[_Row]) -> _Child:
    """What a place of one row or none becomes; rows that meet there move into a new node."""
    if child is not None and all(key != child for _, key, _ in rows):
        rows = [*rows, (get_path(child).hex(), child, digest)]
    rows = [row for row in rows if row[2] is not EMPTY]
    if not rows:
        return EMPTY, None
    if len(rows) == 1:
        _, key, leaf = rows[0]
        return leaf, key
    node = _build_node()
    edits: list[_Edit] = []
    digest, _ = _update_node(node, depth, rows, edits)
    ((_, node.hashes, node.children),) = edits  # the tree does not know the node yet
    return digest, node


def _find_lone(hashes: bytearray, children: list[Node | bytes | None]) -> _Child | None:
    """A node's only child when it is a row, or nothing when there is none; None: it stays."""
    index = next((index for index, child in enumerate(children) if child is not None), 0)
    child = children[index]
    if isinstance(child, Node):
        return None
    return bytes(hashes[index * HASH_BYTES : (index + 1) * HASH_BYTES]), child
