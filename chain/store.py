"""What the ledger asks of a disk: ordered byte keys, and batches that happen whole or not at all.

``MemoryStore`` is the twin of the LevelDB store: same promises, same contract tests, no disk.
"""

from collections.abc import Iterable, Iterator
from typing import Protocol

from sortedcontainers import SortedList

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
        self._values: dict[bytes, bytes] = {}
        # Nearly all that is written is never looked for in order: a key gets its place when
        # somebody looks. All keys of the values are in one of the two, and none is in both.
        self._order: SortedList = SortedList()
        self._unplaced: set[bytes] = set()

    def get(self, key: bytes) -> bytes | None:
        """The value, or None."""
        return self._values.get(key)

    def items(self, prefix: bytes, start: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
        """Keys that begin with ``prefix`` and their values, in byte order, as of now."""
        self._order.update(self._unplaced)
        self._unplaced.clear()
        found = []
        for key in self._order.irange(minimum=prefix + start):
            if not key.startswith(prefix):
                break
            found.append((key, self._values[key]))
        return iter(found)

    def write(self, batch: Batch, *, durable: bool) -> None:  # noqa: ARG002 - memory has no disk
        """Put and delete, all or nothing."""
        for key, value in list(batch):  # before the first is written: making the batch may fail
            if value is not None:
                if key not in self._values:
                    self._unplaced.add(key)
                self._values[key] = value
            elif self._values.pop(key, None) is not None:
                if key in self._unplaced:
                    self._unplaced.remove(key)
                else:
                    self._order.remove(key)

    def close(self) -> None:
        """Nothing to give back."""
