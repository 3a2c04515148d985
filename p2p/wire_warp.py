"""What peers say to each other about finality and snapshots: messages and their limits.

The same rules as in p2p/wire.py: canonical records, decoded once, each with a cap.
"""

from typing import Annotated, Final

from msgspec import Meta

from chain.codec import Bytes32, Codec, Record
from chain.proof import HandOff, SetList
from chain.snapshot import OUTLINE_BYTES_MAX, PART_BYTES_MAX, Outline, Part, Prefix
from p2p.wire import BLOCKS_BYTES_MAX, Exchange

HAND_OFFS_AT_ONCE: Final = 32  # a month of them; as many as fit into the bytes of an answer
HAND_OFFS_BYTES_MAX: Final = BLOCKS_BYTES_MAX
# Small parts travel together, so that a large state does not take more questions than are borne.
PARTS_AT_ONCE: Final = 16
PARTS_BYTES_MAX: Final = 1_024 * 1_024
assert PARTS_BYTES_MAX > PART_BYTES_MAX


class HandOffsRequest(Record, frozen=True):
    """The list of this set, and the hand-offs that lead on from it."""

    set: Bytes32


class HandOffsAnswer(Record, frozen=True):
    """The list, nil when the set is not known here, and the first hand-offs, in order."""

    entries: SetList | None
    hand_offs: Annotated[tuple[HandOff, ...], Meta(max_length=HAND_OFFS_AT_ONCE)]


class SnapshotRequest(Record, frozen=True):
    """The outline of the newest snapshot."""


class SnapshotAnswer(Record, frozen=True):
    """The outline, or nil when there is none."""

    outline: Outline | None


class PartsRequest(Record, frozen=True):
    """Parts of the snapshot of this block, by their places in its outline."""

    block_hash: Bytes32
    prefixes: Annotated[tuple[Prefix, ...], Meta(min_length=1, max_length=PARTS_AT_ONCE)]


class PartsAnswer(Record, frozen=True):
    """The first of the parts asked for, in that order, as many as fit.

    None when that snapshot is not here, or not any more.
    """

    parts: Annotated[tuple[Part, ...], Meta(max_length=PARTS_AT_ONCE)]


HAND_OFFS: Final = Exchange(
    "hand-offs",
    Codec(HandOffsRequest, 64),
    Codec(HandOffsAnswer, HAND_OFFS_BYTES_MAX),
    20.0,
)
# The longest outline needs 18 seconds at 1 Mbit/s.
SNAPSHOT: Final = Exchange(
    "snapshot",
    Codec(SnapshotRequest, 16),
    Codec(SnapshotAnswer, OUTLINE_BYTES_MAX + 16),
    25.0,
)
PARTS: Final = Exchange(
    "parts", Codec(PartsRequest, 256), Codec(PartsAnswer, PARTS_BYTES_MAX), 20.0
)
