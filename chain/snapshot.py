"""All rows of one block's state, cut along the tree of its root, so that each part proves itself.

An outline names the inner nodes above the parts; each part is all rows below one place of the tree.
Who holds a state root can check the outline by itself, and then each part by itself, whoever sent
it. Pure: nothing is read or written here.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Final, NamedTuple

from msgspec import Meta

from chain.codec import Codec, Natural, Record
from chain.crypto import HASH_BYTES, compute_hash
from chain.errors import Code, Invalid
from chain.merkle import EMPTY, FANOUT, NODE_BYTES, compute_leaf, get_path
from chain.proof import KEY_BYTES_MAX, Target
from chain.tables.table import ROW_BYTES_MAX

SNAPSHOT_VERSION: Final = 1
PART_BYTES_MAX: Final = 256 * 1_024  # crosses a line of 1 Mbit/s in two seconds
PART_BYTES_AIM: Final = 192 * 1_024  # the largest row still fits beside so much
# As deep as an outline goes: 65,536 parts, for some ten gigabytes of rows.
SPLIT_DEPTH_MAX: Final = 4
SPLITS_MAX: Final = 1 + 16 + 256 + 4_096  # nodes in an outline: 2.3 MB
OUTLINE_BYTES_MAX: Final = SPLITS_MAX * (NODE_BYTES + 16) + 64 * 1_024
PART_ROWS_MAX: Final = 16_384  # the smallest row with its key is some 20 bytes

_DIGITS: Final = "0123456789abcdef"

StateKey = Annotated[bytes, Meta(min_length=1, max_length=KEY_BYTES_MAX)]
RowBytes = Annotated[bytes, Meta(min_length=1, max_length=ROW_BYTES_MAX)]
Prefix = Annotated[str, Meta(max_length=SPLIT_DEPTH_MAX, pattern="^[0-9a-f]*$")]


class Split(Record, frozen=True):
    """An inner node of the tree whose rows are in more than one part; ``prefix`` leads to it."""

    prefix: Prefix
    node: Annotated[bytes, Meta(min_length=NODE_BYTES, max_length=NODE_BYTES)]


class Outline(Record, frozen=True):
    """What is in a snapshot: a final block with its certificate, and where its rows are cut.

    ``splits`` ascend by prefix, the root first.
    """

    version: Natural
    target: Target
    splits: Annotated[tuple[Split, ...], Meta(min_length=1, max_length=SPLITS_MAX)]


class Part(Record, frozen=True):
    """All rows below one place of the tree, by path."""

    rows: Annotated[
        tuple[tuple[StateKey, RowBytes], ...], Meta(min_length=1, max_length=PART_ROWS_MAX)
    ]


OUTLINES: Final = Codec(Outline, OUTLINE_BYTES_MAX)
PARTS: Final = Codec(Part, PART_BYTES_MAX)


class Place(NamedTuple):
    """Where a part belongs: the digits that lead there, and the hash that its rows must give."""

    prefix: str
    hash: bytes


def list_places(state_root: bytes, splits: Sequence[Split]) -> list[Place]:
    """The parts of a snapshot in order, from its outline. Raises Invalid: BAD_SNAPSHOT.

    Every split must hang on the root, so nothing in an outline is believed.
    """
    expected = {"": state_root}
    places: list[Place] = []
    nodes = {split.prefix: split.node for split in splits}
    if [split.prefix for split in splits] != sorted(nodes):
        raise Invalid(Code.BAD_SNAPSHOT, "the nodes are out of order")
    for prefix, node in nodes.items():
        if expected.pop(prefix, None) != compute_hash(b"node", node):
            raise Invalid(Code.BAD_SNAPSHOT, f"node {prefix}")
        for digit, child in zip(_DIGITS, _split_node(node), strict=True):
            if child != EMPTY:
                expected[prefix + digit] = child
    places = [Place(prefix, digest) for prefix, digest in sorted(expected.items())]
    if any(not place.prefix for place in places):
        raise Invalid(Code.BAD_SNAPSHOT, "the root is missing")
    return places


def check_part(place: Place, part: Part) -> None:
    """Refuse rows that are not exactly those at this place. Raises Invalid: BAD_SNAPSHOT_ROWS."""
    leaves = []
    before = b""
    for key, row in part.rows:
        path = get_path(key)
        if path <= before or not path.hex().startswith(place.prefix):
            raise Invalid(Code.BAD_SNAPSHOT_ROWS, f"part {place.prefix}")
        before = path
        leaves.append((path.hex(), compute_leaf(path, row)))
    if compute_subtree(leaves, len(place.prefix)) != place.hash:
        raise Invalid(Code.BAD_SNAPSHOT_ROWS, f"part {place.prefix}")


def compute_subtree(leaves: Sequence[tuple[str, bytes]], depth: int) -> bytes:
    """The hash of the subtree, so many digits deep, that holds these leaves and no others.

    Leaves are the digits of a path and its hash, by path. The root, at depth 0, is a node always.
    """
    if not leaves and depth:
        return EMPTY
    if len(leaves) == 1 and depth:
        return leaves[0][1]
    children = []
    begin = 0
    for digit in _DIGITS:
        end = begin
        while end < len(leaves) and leaves[end][0][depth] == digit:
            end += 1
        children.append(compute_subtree(leaves[begin:end], depth + 1))
        begin = end
    return compute_hash(b"node", *children)


def choose_cuts(sizes: dict[str, int]) -> tuple[list[str], list[str]]:
    """Prefixes to split at and prefixes of parts, both ascending, from the bytes below prefixes.

    ``sizes`` has every prefix of up to SPLIT_DEPTH_MAX digits below which there is a row. A part
    is larger than the aim only where the digits end.
    """
    splits, parts = [], []
    waiting = [""]
    while waiting:
        prefix = waiting.pop()
        if prefix and (sizes[prefix] <= PART_BYTES_AIM or len(prefix) == SPLIT_DEPTH_MAX):
            parts.append(prefix)
            continue
        splits.append(prefix)
        waiting += [prefix + digit for digit in reversed(_DIGITS) if prefix + digit in sizes]
    return splits, parts


def measure_paths(rows: Iterable[tuple[bytes, bytes]], sizes: dict[str, int]) -> None:
    """Add to ``sizes`` what ``choose_cuts`` asks: the bytes of rows below each prefix of paths."""
    for path, data in rows:
        digits = path.hex()
        for depth in range(SPLIT_DEPTH_MAX + 1):
            prefix = digits[:depth]
            sizes[prefix] = sizes.get(prefix, 0) + len(data)


def build_splits(prefixes: Sequence[str], hashes: dict[str, bytes]) -> tuple[Split, ...]:
    """The outline's nodes from the hashes of its parts by prefix; ``hashes`` gets theirs too."""
    splits = []
    for prefix in sorted(prefixes, key=len, reverse=True):
        node = b"".join(hashes.get(prefix + digit, EMPTY) for digit in _DIGITS)
        hashes[prefix] = compute_hash(b"node", node)
        splits.append(Split(prefix, node))
    return tuple(sorted(splits, key=lambda split: split.prefix))


def _split_node(node: bytes) -> Iterator[bytes]:
    return (node[begin : begin + HASH_BYTES] for begin in range(0, FANOUT * HASH_BYTES, HASH_BYTES))
