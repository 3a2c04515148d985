"""What the ledger asks of a disk: ordered byte keys, and batches that happen whole or not at all.

``MemoryStore`` is the twin of the LevelDB store: same promises, same contract tests, no disk.
"""

from collections.abc import Iterable, Iterator
from typing import Protocol

from sortedcontainers import SortedDict

Batch = Iterable[tuple[bytes, bytes | None]]


class StoreError(Exception):
    """The disk failed or is in use. The message says what an operator can do."""


class Store(Protocol):
    """Byte keys in order, byte values, atomic batches."""

    def get(self, key: bytes) -> bytes | None:
        """The value, or None."""
        ...

    def items(self, prefix: bytes, start: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
        """Keys that begin with ``prefix`` and their values, in byte order, as of now.

        ``start``: only keys from ``prefix + start`` on.
        """
        ...

    def write(self, batch: Batch, *, durable: bool) -> None:
        """Put values and delete keys (None), all or nothing; ``durable`` waits for the disk."""
        ...

    def close(self) -> None:
        """Give the disk back."""
        ...


class MemoryStore:
    """A store that forgets everything when the process ends."""

    def __init__(self) -> None:
        self._values: SortedDict = SortedDict()

    def get(self, key: bytes) -> bytes | None:
        """The value, or None."""
        value: bytes | None = self._values.get(key)
        return value

    def items(self, prefix: bytes, start: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
        """Keys that begin with ``prefix`` and their values, in byte order, as of now."""
        found = []
        for key in self._values.irange(minimum=prefix + start):
            if not key.startswith(prefix):
                break
            found.append((key, self._values[key]))
        return iter(found)

    def write(self, batch: Batch, *, durable: bool) -> None:  # noqa: ARG002 - memory has no disk
        """Put and delete, all or nothing."""
        for key, value in list(batch):  # before the first is written: making the batch may fail
            if value is None:
                self._values.pop(key, None)
            else:
                self._values[key] = value

    def close(self) -> None:
        """Nothing to give back."""
