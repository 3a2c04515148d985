"""The store on LevelDB: the only file that knows it, and chain's only door to a disk."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import plyvel

from chain.store import Batch, StoreError

_WRITE_BUFFER_BYTES = 8 * 1_024 * 1_024  # a few hundred blocks between compactions
_CACHE_BYTES = 16 * 1_024 * 1_024  # rows in use are cached decoded; this serves old blocks
_BLOOM_BITS = 10  # one look-up in a hundred for an absent row reads the disk
# A store that another thread has closed answers with RuntimeError.
_FAULTS = (plyvel.Error, RuntimeError)


class LevelStore:
    """Keys and values in a folder of LevelDB. One process at a time."""

    def __init__(self, folder: Path) -> None:
        """Open or create the folder. Raises StoreError when it is in use or damaged."""
        folder.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._db = plyvel.DB(
                str(folder),
                create_if_missing=True,
                write_buffer_size=_WRITE_BUFFER_BYTES,
                lru_cache_size=_CACHE_BYTES,
                bloom_filter_bits=_BLOOM_BITS,
            )
        except plyvel.IOError as error:
            said = _tell(error)
            raise StoreError(
                f"cannot open {folder}: another process uses it, or the disk refuses ({said})"
            ) from error
        except plyvel.Error as error:
            raise _explain(error) from error

    def get(self, key: bytes) -> bytes | None:
        """The value, or None."""
        try:
            value: bytes | None = self._db.get(key)
        except _FAULTS as error:
            raise _explain(error) from error
        return value

    def items(self, prefix: bytes, start: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
        """Keys that begin with ``prefix`` and their values, in byte order, as of now."""
        try:
            snapshot = self._db.snapshot()
        except _FAULTS as error:
            raise _explain(error) from error
        return _iterate(snapshot, prefix, start)

    def write(self, batch: Batch, *, durable: bool) -> None:
        """Put values and delete keys (None), all or nothing; ``durable`` waits for the disk."""
        try:
            # Else a batch that fails while it is put together is written as far as it came.
            with self._db.write_batch(transaction=True, sync=durable) as writes:
                put = writes.put
                for key, value in batch:
                    if value is None:
                        writes.delete(key)
                    else:
                        put(key, value)
        except plyvel.Error as error:
            raise _explain(error) from error

    def close(self) -> None:
        """Give the folder back."""
        self._db.close()


def _iterate(snapshot: Any, prefix: bytes, start: bytes) -> Iterator[tuple[bytes, bytes]]:
    try:
        with snapshot, snapshot.iterator(prefix=prefix) as found:
            if start:
                found.seek(prefix + start)
            yield from found
    except _FAULTS as error:
        raise _explain(error) from error


def _explain(error: Exception) -> StoreError:
    if isinstance(error, RuntimeError):
        return StoreError("the store has been closed: ask again")
    if isinstance(error, plyvel.CorruptionError):
        return StoreError(f"the store is damaged: restore it or sync anew ({_tell(error)})")
    return StoreError(f"the disk failed: is it full, or read-only? ({_tell(error)})")


def _tell(error: Exception) -> str:
    """What LevelDB says, which the binding hands on as bytes."""
    said = error.args[0] if error.args else ""
    return said.decode(errors="replace") if isinstance(said, bytes) else str(said)
