"""The authenticated state: a 16-ary Merkle tree over hashed keys, one root for one set of rows.

A row lives at the path ``H("path", key)``. A subtree without rows hashes to zeros, one with a
single row to that row's leaf, a larger one to the hash of its sixteen children in order. The shape
depends on the rows alone, never on their history. The tree lives in memory; the rows do not.

``compute_update`` changes nothing: it answers what would be, and ``apply_update`` makes it so. A
block that is refused leaves no trace.
"""

from collections.abc import Iterable
from typing import Annotated, Final, NamedTuple, TypeVar

from msgspec import Meta

from chain.codec import Record
from chain.crypto import HASH_BYTES, compute_hash

ValueT = TypeVar("ValueT")

FANOUT: Final = 16
NODE_BYTES: Final = FANOUT * HASH_BYTES
EMPTY: Final = bytes(HASH_BYTES)
_EMPTY_NODE: Final = bytes(NODE_BYTES)
_DEPTH_MAX: Final = 2 * HASH_BYTES


class Update(NamedTuple):
    """What a batch of rows would make of the tree: its root, and the nodes and leaves that change.

    Nodes are keyed by the hex digits above them; leaves by the digits down to their slot, with the
    key of the row that lives there. None: gone.
    """

    root: bytes
    nodes: dict[str, bytearray | None]
    leaves: dict[str, bytes | None]


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

    __slots__ = ("_leaves", "_nodes", "root")

    def __init__(self) -> None:
        self._nodes: dict[str, bytearray] = {"": bytearray(_EMPTY_NODE)}
        self._leaves: dict[str, bytes] = {}
        self.root = compute_hash(b"node", _EMPTY_NODE)

    def compute_update(self, rows: Iterable[tuple[bytes, bytes | None]]) -> Update:
        """What the tree becomes when these keys get these values; None removes a key.

        Each key occurs once. Nothing changes until ``apply_update``.
        """
        draft = _Draft(self._nodes, self._leaves)
        for key, value in rows:
            path = get_path(key)
            if value is None:
                draft.remove(key, path.hex())
            else:
                draft.insert(key, path.hex(), compute_leaf(path, value))
        return Update(draft.compute_root(), draft.nodes, draft.leaves)

    def apply_update(self, update: Update) -> None:
        """Make an update of this very tree come true."""
        _merge(self._nodes, update.nodes)
        _merge(self._leaves, update.leaves)
        self.root = update.root

    def find_slot(self, key: bytes) -> tuple[list[bytes], bytes | None]:
        """The nodes from the root to the key's slot, and the key of the row that lives there."""
        path = get_path(key).hex()
        nodes = []
        for depth in range(_DEPTH_MAX):
            node = self._nodes.get(path[:depth])
            if node is None:
                break
            nodes.append(bytes(node))
        return nodes, self._leaves.get(path[: len(nodes)])


def get_path(key: bytes) -> bytes:
    """Where a key's row lives: 64 hex digits from the root down."""
    return compute_hash(b"path", key)


def compute_leaf(path: bytes, value: bytes) -> bytes:
    """The hash of a row at its path."""
    return compute_hash(b"leaf", path, value)


def verify_proof(root: bytes, key: bytes, value: bytes | None, proof: Proof) -> bool:
    """Whether ``proof`` shows that under ``root`` the key has this value; None: no entry. Pure."""
    path = get_path(key)
    digits = path.hex()
    expected = root
    for depth, node in enumerate(proof.nodes):
        if compute_hash(b"node", node) != expected:
            return False
        expected = _get_child(node, int(digits[depth], FANOUT))
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


class _Draft:
    """The nodes and leaves that a batch changes, over a tree that stays as it is."""

    __slots__ = ("_dirty", "_kept_leaves", "_kept_nodes", "leaves", "nodes")

    def __init__(self, nodes: dict[str, bytearray], leaves: dict[str, bytes]) -> None:
        self._kept_nodes = nodes
        self._kept_leaves = leaves
        self.nodes: dict[str, bytearray | None] = {}
        self.leaves: dict[str, bytes | None] = {}
        self._dirty: set[str] = {""}

    def insert(self, key: bytes, path: str, leaf: bytes) -> None:
        """Put a leaf at its path, splitting a slot that belongs to another row."""
        depth, node = self._descend(path)
        slot = path[: depth + 1]
        resident = self._get_leaf(slot)
        if resident is not None and resident != key:
            resident_path = get_path(resident).hex()
            displaced = _get_child(node, int(path[depth], FANOUT))
            self.leaves[slot] = None
            while resident_path[depth] == path[depth]:
                depth += 1
                node = bytearray(NODE_BYTES)
                self.nodes[path[:depth]] = node
                self._dirty.add(path[:depth])
            _set_child(node, int(resident_path[depth], FANOUT), displaced)
            self.leaves[resident_path[: depth + 1]] = resident
            slot = path[: depth + 1]
        _set_child(node, int(path[depth], FANOUT), leaf)
        self.leaves[slot] = key

    def remove(self, key: bytes, path: str) -> None:
        """Take a leaf away; a subtree left with one row folds into that row's leaf."""
        depth, node = self._descend(path)
        if self._get_leaf(path[: depth + 1]) != key:
            return
        self.leaves[path[: depth + 1]] = None
        _set_child(node, int(path[depth], FANOUT), EMPTY)
        while depth and (lone := self._find_lone_leaf(path[:depth], node)) is not None:
            slot, leaf = lone
            self.leaves[path[:depth]] = self._get_leaf(slot)
            self.leaves[slot] = None
            self.nodes[path[:depth]] = None
            self._dirty.discard(path[:depth])
            depth -= 1
            node = self._open(path[:depth])
            _set_child(node, int(path[depth], FANOUT), leaf)

    def compute_root(self) -> bytes:
        """Hash what changed, deepest first, up to the root."""
        for prefix in sorted(self._dirty, key=len, reverse=True):
            node = self.nodes[prefix] if prefix in self.nodes else self._open(prefix)
            assert node is not None
            digest = compute_hash(b"node", bytes(node))
            if not prefix:
                return digest
            _set_child(self._open(prefix[:-1]), int(prefix[-1], FANOUT), digest)
        raise AssertionError("the root is always dirty")

    def _descend(self, path: str) -> tuple[int, bytearray]:
        """The deepest node on the way to a path, opened for change with all above it."""
        depth = 0
        while self._has_node(path[: depth + 1]):
            depth += 1
        for above in range(depth):
            self._dirty.add(path[:above])
        return depth, self._open(path[:depth])

    def _has_node(self, prefix: str) -> bool:
        if prefix in self.nodes:
            return self.nodes[prefix] is not None
        return prefix in self._kept_nodes

    def _open(self, prefix: str) -> bytearray:
        """The node, copied once before its first change."""
        self._dirty.add(prefix)
        node = self.nodes.get(prefix)
        if node is None:
            node = bytearray(self._kept_nodes[prefix])
            self.nodes[prefix] = node
        return node

    def _get_leaf(self, slot: str) -> bytes | None:
        if slot in self.leaves:
            return self.leaves[slot]
        return self._kept_leaves.get(slot)

    def _find_lone_leaf(self, prefix: str, node: bytearray) -> tuple[str, bytes] | None:
        """Slot and hash of a node's only child, when that child is a row."""
        found = None
        for index in range(FANOUT):
            child = _get_child(node, index)
            if child == EMPTY:
                continue
            if found is not None:
                return None
            found = f"{prefix}{index:x}", child
        if found is None or self._get_leaf(found[0]) is None:
            return None
        return found


def _get_child(node: bytes | bytearray, index: int) -> bytes:
    return bytes(node[index * HASH_BYTES : (index + 1) * HASH_BYTES])


def _set_child(node: bytearray, index: int, child: bytes) -> None:
    node[index * HASH_BYTES : (index + 1) * HASH_BYTES] = child


def _merge(kept: dict[str, ValueT], changes: dict[str, ValueT | None]) -> None:
    for key, value in changes.items():
        if value is None:
            kept.pop(key, None)
        else:
            kept[key] = value
