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

# A good part of a replay's time goes by here: a block hashes some thousand rows and nodes.
_PATH_HASHER: Final = start_hash(b"path")
_LEAF_HASHER: Final = start_hash(b"leaf")
_NODE_HASHER: Final = start_hash(b"node")
_DIGITS: Final = bytes.maketrans(b"0123456789abcdef", bytes(range(FANOUT)))
_PLACES: Final = tuple(
    slice(begin, begin + HASH_BYTES) for begin in range(0, NODE_BYTES, HASH_BYTES)
)
_WHOLE: Final = slice(0, NODE_BYTES)


class Node(msgspec.Struct, frozen=True, gc=False):
    """An inner node: the hashes of its sixteen children in order, and what the children are.

    A child is another node, the key of the only row below, or None where there is no row. Both
    are written in place, by ``apply_update`` alone: a node is half a kilobyte that lies anywhere
    in memory, and to put another one there for each change would be most of the work.
    """

    hashes: bytearray
    children: list["Node | bytes | None"]


_Row = tuple[bytes, bytes, bytes]  # the digits of a path, the row's key, its leaf or EMPTY
_Child = tuple[bytes, Node | bytes | None]  # a child's hash, and what it is


class Writes(NamedTuple):
    """What is to be written into nodes: where, at which place, what."""

    hashes: list[tuple[bytearray, slice, bytes | bytearray]]
    children: list[tuple[list[Node | bytes | None], int, Node | bytes | None]]

    def apply(self) -> None:
        """Write it."""
        for hashes, place, digests in self.hashes:
            hashes[place] = digests
        for children, index, child in self.children:
            children[index] = child

    def show_hashes(self, node: Node) -> bytes:
        """What a node's hashes would be."""
        shown = bytearray(node.hashes)
        for hashes, place, digests in self.hashes:
            if hashes is node.hashes:
                shown[place] = digests
        return bytes(shown)

    def find_child(self, node: Node, digit: int) -> Node | bytes | None:
        """What a node's child would be."""
        found = node.children[digit]
        for children, index, child in self.children:
            if children is node.children and index == digit:
                found = child
        return found


class Update(NamedTuple):
    """What a batch of rows would make of the tree: its root, and what changes in its nodes.

    It fits the tree as it was when asked: ``generation`` counts what has been applied since birth.
    """

    root: bytes
    writes: Writes
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
            changes.append((_get_digits(path), key, leaf))
        writes = Writes([], [])
        if not changes:
            return Update(self.root, writes, self.generation)
        digest, _ = _update_node(self._top, 0, changes, writes)
        return Update(digest, writes, self.generation)

    def apply_update(self, update: Update) -> None:
        """Make an update of this very tree come true; nothing was applied since it was computed."""
        assert update.generation == self.generation, "the tree has changed since"
        update.writes.apply()
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
        writes = Writes([], []) if update is None else update.writes
        for digit in _get_digits(get_path(key)):
            nodes.append(writes.show_hashes(node))
            child = writes.find_child(node, digit)
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
    digits = _get_digits(path)
    expected = root
    for depth, node in enumerate(proof.nodes):
        if compute_hash(b"node", node) != expected:
            return False
        expected = node[_PLACES[digits[depth]]]
    if value is not None:
        return proof.neighbour is None and expected == compute_leaf(path, value)
    if proof.neighbour is None:
        return expected == EMPTY
    other = get_path(proof.neighbour[0])
    depth = len(proof.nodes)
    return (
        other != path
        and _get_digits(other)[:depth] == digits[:depth]
        and expected == compute_leaf(other, proof.neighbour[1])
    )


def _get_digits(path: bytes) -> bytes:
    """The way down: sixty-four numbers below sixteen."""
    return path.hex().encode().translate(_DIGITS)


def _build_node() -> Node:
    return Node(bytearray(NODE_BYTES), [None] * FANOUT)


def _update_node(node: Node, depth: int, rows: list[_Row], writes: Writes) -> _Child:
    """What a node becomes by rows that lie below it; what it is to hold goes to ``writes``."""
    hashes = bytearray(node.hashes)
    children = node.children
    changed: list[Node | bytes | None] | None = None  # as they will be, when one is another
    for index, group in _split(rows, depth).items():
        child = children[index]
        if isinstance(child, Node):
            update = _update_node if len(group) > 1 else _update_path
            digest, after = update(child, depth + 1, group, writes)
        elif group[0][1] == child and len(group) == 1 and group[0][2] is not EMPTY:
            digest, after = group[0][2], child
        else:
            digest, after = _update_place(child, bytes(hashes[_PLACES[index]]), depth + 1, group)
        hashes[_PLACES[index]] = digest
        if after is not child:
            writes.children.append((children, index, after))
            changed = changed or list(children)
            changed[index] = after
    if depth and changed and changed.count(None) >= FANOUT - 1:
        lone = _find_lone(hashes, changed)
        if lone is not None:
            return lone
    writes.hashes.append((node.hashes, _WHOLE, hashes))
    hasher = _NODE_HASHER.copy()
    hasher.update(hashes)
    return hasher.digest(), node


def _update_path(node: Node, depth: int, rows: list[_Row], writes: Writes) -> _Child:
    """The same for a single row; most just get another value: straight down, and up again."""
    digits, key, digest = rows[0]
    way = []
    child: Node | bytes | None = node
    at = depth
    while isinstance(child, Node):
        index = digits[at]
        way.append((child.hashes, _PLACES[index]))
        child = child.children[index]
        at += 1
    if child != key or digest is EMPTY:
        return _update_node(node, depth, rows, writes)
    for kept, place in reversed(way):
        writes.hashes.append((kept, place, digest))
        hashes = bytearray(kept)
        hashes[place] = digest
        hasher = _NODE_HASHER.copy()
        hasher.update(hashes)
        digest = hasher.digest()
    return digest, node


def _split(rows: list[_Row], depth: int) -> dict[int, list[_Row]]:
    """The rows by the child they lie below."""
    groups: dict[int, list[_Row]] = {}
    for row in rows:
        index = row[0][depth]
        if index in groups:
            groups[index].append(row)
        else:
            groups[index] = [row]
    return groups


def _update_place(child: bytes | None, digest: bytes, depth: int, rows: list[_Row]) -> _Child:
    """What a place of one row or none becomes; rows that meet there move into a new node."""
    if child is not None and all(key != child for _, key, _ in rows):
        rows = [*rows, (_get_digits(get_path(child)), child, digest)]
    rows = [row for row in rows if row[2] is not EMPTY]
    if not rows:
        return EMPTY, None
    if len(rows) == 1:
        _, key, leaf = rows[0]
        return leaf, key
    node = _build_node()
    writes = Writes([], [])
    digest, _ = _update_node(node, depth, rows, writes)
    writes.apply()  # at once: the tree does not know the node yet
    return digest, node


def _find_lone(hashes: bytearray, children: list[Node | bytes | None]) -> _Child | None:
    """A node's only child when it is a row, or nothing when there is none; None: it stays."""
    index = next((index for index, child in enumerate(children) if child is not None), 0)
    child = children[index]
    if isinstance(child, Node):
        return None
    return bytes(hashes[_PLACES[index]]), child
