"""The export stream: a whole chain as a row of MessagePack objects, for auditors and new homes.

First ``["pai-export", 1, genesis bytes]``, then every block from the first on as its canonical
array, so that any MessagePack tool reads it. Writing and reading go object by object: a chain of
any length passes through little memory, and what a stranger's file says is never believed.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal, NamedTuple

import msgpack  # type: ignore[import-untyped]  # it ships no types; used in this file alone

from chain.block import BLOCK_BYTES_MAX, SealedBlock, decode_block
from chain.codec import Codec, Record, encode
from chain.errors import Invalid
from chain.genesis import GENESIS_BYTES_MAX, GENESIS_CODEC, Genesis
from chain.kept import read_canonical_block, read_first, read_genesis_bytes, read_head
from chain.store import Store

MAGIC: Final = "pai-export"
VERSION: Final = 1
CHUNK_BYTES: Final = 64 * 1_024
_HEADER_BYTES_MAX: Final = GENESIS_BYTES_MAX + 64  # the genesis, the magic word and their lengths


class ExportHeader(Record, frozen=True):
    """The first object of a stream."""

    magic: Literal["pai-export"]
    version: Literal[1]
    genesis: bytes


_HEADERS: Final = Codec(ExportHeader, _HEADER_BYTES_MAX)


class ExportError(Exception):
    """A stream that is no export, or is cut off or damaged. The message says where."""


class Export(NamedTuple):
    """An opened stream: the community, and its blocks as they are read, one above the other."""

    genesis: Genesis
    blocks: Iterator[SealedBlock]


def build_header(genesis: Genesis) -> bytes:
    """The first object's bytes."""
    return encode(ExportHeader(MAGIC, VERSION, encode(genesis)))


def is_export_beginning(data: bytes) -> bool:
    """Whether a file that begins with these bytes is an export, or is empty and may become one."""
    return not data or data.startswith(b"\x93" + encode(MAGIC))


def build_export(store: Store) -> Iterator[bytes]:
    """The objects of a stopped node's chain, header first. Raises ExportError.

    The store is of a home whose lock is held: nothing changes meanwhile.
    """
    try:
        stored, head = read_genesis_bytes(store), read_head(store)
    except Invalid as error:
        raise ExportError(f"the store's own records are damaged: {error}") from None
    if stored is None or head is None:
        raise ExportError("there is no chain yet: start the node first")
    first = read_first(store)
    if first is not None:
        raise ExportError(
            f"the node began with a snapshot and has no blocks before {first.height}: let it run "
            "until it has fetched them, or export the chain of a node that has them all"
        )
    yield encode(ExportHeader(MAGIC, VERSION, stored))
    for height in range(1, head.height + 1):
        data = read_canonical_block(store, height)
        if data is None:
            raise ExportError(f"block {height} is missing: restore the store or sync anew")
        yield data


class ExportParser:
    """Takes bytes as they come and gives whole objects back. It reads no further than its caps."""

    __slots__ = ("_buffer", "_start", "_taken", "_unpacker")

    def __init__(self) -> None:
        self._unpacker = msgpack.Unpacker(max_buffer_size=_HEADER_BYTES_MAX + CHUNK_BYTES)
        self._buffer = bytearray()  # the bytes from the beginning of the object in progress
        self._start = 0  # where in the stream that object begins
        self._taken = 0

    def feed(self, data: bytes) -> None:
        """Take the next bytes. All whole objects must have been taken before."""
        self._unpacker.feed(data)
        self._buffer += data

    def take(self) -> bytes | None:
        """The next whole object, or None until more bytes are fed. Raises ExportError."""
        limit_bytes = BLOCK_BYTES_MAX if self._taken else _HEADER_BYTES_MAX
        try:
            self._unpacker.skip()
        except msgpack.OutOfData:
            if len(self._buffer) > limit_bytes:
                raise ExportError(f"object {self._taken} is larger than any can be") from None
            return None
        except ValueError:  # the library's FormatError and StackError
            raise ExportError(f"object {self._taken} is not MessagePack") from None
        size_bytes = self._unpacker.tell() - self._start
        if size_bytes > limit_bytes:
            raise ExportError(f"object {self._taken} is larger than any can be")
        taken = bytes(self._buffer[:size_bytes])
        del self._buffer[:size_bytes]
        self._start += size_bytes
        self._taken += 1
        return taken

    def finish(self) -> None:
        """Note the end of the stream. Raises ExportError when it ends within an object."""
        if self._buffer:
            raise ExportError(f"the stream breaks off within object {self._taken}")
        if not self._taken:
            raise ExportError("the stream holds nothing")


def decode_export_header(data: bytes) -> Genesis:
    """The community of a stream's first object. Raises ExportError."""
    try:
        header = _HEADERS.decode(data)
    except Invalid:
        raise ExportError("the stream does not begin like an export") from None
    try:
        return GENESIS_CODEC.decode(header.genesis)
    except Invalid as error:
        raise ExportError(f"the stream does not begin like an export: {error}") from None


def read_export(chunks: Iterable[bytes]) -> Export:
    """The export in a stream of bytes. Raises ExportError, also while blocks are read.

    Blocks are decoded and fit their headers; that they follow each other and keep the rules is for
    whoever replays them to see.
    """
    objects = _split(chunks)
    first = next(objects, None)
    assert first is not None, "a stream without objects is refused"
    return Export(decode_export_header(first), _decode_blocks(objects))


@contextmanager
def open_export(path: Path) -> Iterator[Export]:
    """The export in a file. Raises ExportError."""
    try:
        with path.open("rb") as file:
            yield read_export(iter(lambda: file.read(CHUNK_BYTES), b""))
    except OSError as error:
        raise ExportError(f"cannot read {path}: {error.strerror}") from error


def _split(chunks: Iterable[bytes]) -> Iterator[bytes]:
    parser = ExportParser()
    for chunk in chunks:
        parser.feed(chunk)
        while (taken := parser.take()) is not None:
            yield taken
    parser.finish()


def _decode_blocks(objects: Iterator[bytes]) -> Iterator[SealedBlock]:
    expected: int | None = None
    for number, data in enumerate(objects, start=1):
        try:
            block = decode_block(data)
        except Invalid as error:
            raise ExportError(f"object {number} of the stream is no block: {error}") from None
        height = block.header.height
        if expected is not None and height != expected:
            raise ExportError(f"the stream has block {height} where {expected} should be")
        yield block
        expected = height + 1
