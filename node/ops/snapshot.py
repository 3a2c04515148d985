"""A snapshot in a file: its beginning with proof, outline and block, then its parts in order.

Frames of four bytes of length and canonical MessagePack, written and read one by one. What the file
says is believed as little as what a peer says.
"""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Annotated, Final, Literal, NamedTuple, TypeVar

from msgspec import Meta
from msgspec.structs import replace

from chain.block import BLOCK_BYTES_MAX, decode_block
from chain.checks import SignatureChecks
from chain.codec import Bytes32, Codec, Record, encode
from chain.crypto import u32
from chain.errors import Invalid
from chain.genesis import Genesis, compute_chain_id
from chain.kept import read_canonical_block, read_genesis_bytes, read_rows_at
from chain.ledger import Ledger
from chain.leveldb import LevelStore
from chain.proof import PROOF_BYTES_MAX, Checkpoint, FinalityProof
from chain.snapshot import OUTLINE_BYTES_MAX, PARTS, SNAPSHOT_VERSION, Outline, Part, list_places
from chain.store import Store
from node.certified import build_proof, read_target, read_trusted
from node.founding import Judged, check_block, found, judge_snapshot, take_part
from node.shelf import fill_shelf, read_part

FrameT = TypeVar("FrameT")

MAGIC: Final = "pai-snapshot"
_BEGINS: Final = b"\x96" + encode(MAGIC)
_LENGTH_BYTES: Final = 4


class Beginning(Record, frozen=True):
    """The first frame: everything by which the parts that follow are judged."""

    magic: Literal["pai-snapshot"]
    version: Literal[1]
    chain: Bytes32
    proof: FinalityProof
    outline: Outline
    block: Annotated[bytes, Meta(max_length=BLOCK_BYTES_MAX)]


_BEGINNINGS: Final = Codec(Beginning, PROOF_BYTES_MAX + OUTLINE_BYTES_MAX + BLOCK_BYTES_MAX + 1_024)


class SnapshotError(Exception):
    """A file that is no snapshot, or is cut off, or a chain of which none can be made."""


class Written(NamedTuple):
    """What was written."""

    height: int
    parts: int
    rows: int
    size_bytes: int


class Opened(NamedTuple):
    """A snapshot's beginning, and its parts as they are read."""

    beginning: Beginning
    parts: Iterator[Part]


def is_snapshot_beginning(data: bytes) -> bool:
    """Whether a file that begins with these bytes is a snapshot, or is empty and may become one."""
    return not data or data[_LENGTH_BYTES:].startswith(_BEGINS)


def write_snapshot(store: Store, file: Path, advance: Callable[[int], None]) -> Written:
    """Write the state after the newest final block of a founded store. Raises SnapshotError.

    The file appears when it is whole. Memory holds one part at a time.
    """
    draft = file.with_name(f".{file.name}.new")
    try:
        with TemporaryDirectory(prefix=f".{file.name}.", dir=file.parent) as folder:
            with closing(LevelStore(Path(folder) / "rows")) as shelf, draft.open("wb") as out:
                beginning = _begin(store, shelf)
                written = _write(beginning, shelf, out, advance)
            draft.replace(file)
    except OSError as error:
        raise SnapshotError(f"cannot write {file}: {error.strerror}") from error
    finally:
        draft.unlink(missing_ok=True)
    return written


def _begin(store: Store, shelf: Store) -> Beginning:
    target = read_target(store)
    if target is None or read_genesis_bytes(store) is None:
        raise SnapshotError("no block is known to be final here yet: there is nothing to prove")
    header = target.header
    trusted = read_trusted(store)
    proof = build_proof(store, header.chain if trusted is None else trusted.set, target)
    block = read_canonical_block(store, header.height)
    if proof is None or block is None or decode_block(block).header != header:
        raise SnapshotError(f"what proves block {header.height} final is not kept here")
    splits = fill_shelf(shelf, read_rows_at(store, header.height))
    outline = Outline(SNAPSHOT_VERSION, target, splits)
    hand_offs = replace(proof, target=None)  # the outline has it
    return Beginning(MAGIC, 1, header.chain, hand_offs, outline, block)


def _write(
    beginning: Beginning, shelf: Store, out: IO[bytes], advance: Callable[[int], None]
) -> Written:
    outline = beginning.outline
    parts = rows = 0
    _write_frame(out, encode(beginning))
    for place in list_places(outline.target.header.state_root, outline.splits):
        part = read_part(shelf, place.prefix)
        assert part is not None, "the outline was cut where parts fit"
        _write_frame(out, encode(part))
        parts, rows = parts + 1, rows + len(part.rows)
        advance(1)
    return Written(outline.target.header.height, parts, rows, out.tell())


def _write_frame(out: IO[bytes], data: bytes) -> None:
    out.write(u32(len(data)))
    out.write(data)


@contextmanager
def open_snapshot(file: Path) -> Iterator[Opened]:
    """The snapshot in a file. Raises SnapshotError, also while parts are read."""
    try:
        with file.open("rb") as stream:
            beginning = _read_frame(stream, _BEGINNINGS)
            if beginning is None:
                raise SnapshotError(f"{file} is empty")
            yield Opened(beginning, _read_parts(stream))
    except OSError as error:
        raise SnapshotError(f"cannot read {file}: {error.strerror}") from error


def _read_parts(stream: IO[bytes]) -> Iterator[Part]:
    while (part := _read_frame(stream, PARTS)) is not None:
        yield part


def _read_frame(stream: IO[bytes], codec: Codec[FrameT]) -> FrameT | None:
    """The next frame; None at the end of the file."""
    length = stream.read(_LENGTH_BYTES)
    if not length:
        return None
    size_bytes = int.from_bytes(length, "big")
    if len(length) < _LENGTH_BYTES or size_bytes > codec.limit_bytes:
        raise SnapshotError("the file is no snapshot, or is cut off")
    data = stream.read(size_bytes)
    if len(data) < size_bytes:
        raise SnapshotError("the file is no snapshot, or is cut off")
    try:
        return codec.decode(data)
    except Invalid as error:
        raise SnapshotError(f"the file is no snapshot, or is damaged: {error}") from None


def take_snapshot(
    store: Store,
    genesis: Genesis,
    trusted: Checkpoint,
    opened: Opened,
    checks: SignatureChecks,
    advance: Callable[[int], None],
) -> Judged:
    """Found an empty store on a snapshot. Raises SnapshotError, and Invalid at what is not proven.

    The store is worth nothing when this raises.
    """
    beginning = opened.beginning
    if beginning.chain != compute_chain_id(genesis):
        raise SnapshotError("the snapshot is of another community than the genesis")
    judged = judge_snapshot(trusted, beginning.proof, beginning.outline, checks)
    block = decode_block(beginning.block)
    check_block(judged, block, checks)
    parts = iter(opened.parts)
    for place in judged.places:
        part = next(parts, None)
        if part is None:
            raise SnapshotError("the snapshot breaks off")
        take_part(store, place, part)
        advance(1)
    if next(parts, None) is not None:
        raise SnapshotError("the snapshot has more parts than its outline")
    found(store, genesis, judged, block)
    Ledger(store, genesis)  # computes the root of all rows again
    return judged
