"""Where a chain lies, and how another takes its place: a folder beside it, then two renames.

A reorganisation that reaches back further than blocks can be undone is replayed into a second
store. Whatever interrupts it, the next start finds one whole chain and clears away the rest.
"""

import os
import shutil
from pathlib import Path
from typing import Protocol

from chain.leveldb import LevelStore
from chain.store import MemoryStore, Store


class Stores(Protocol):
    """One store in use, and at times a second one beside it."""

    def open(self) -> Store:
        """The store in use. Raises StoreError."""
        ...

    def open_next(self) -> Store:
        """A new, empty store beside it."""
        ...

    def drop_next(self) -> None:
        """Forget the second store, which has been closed."""
        ...

    def swap(self) -> None:
        """Let the second store take the first one's place. Both have been closed."""
        ...

    def list_shelves(self) -> list[str]:
        """The names of the snapshots that lie beside, in order."""
        ...

    def open_shelf(self, name: str) -> Store:
        """The store of a snapshot; a new one if there is none of that name."""
        ...

    def drop_shelf(self, name: str) -> None:
        """Forget a snapshot, whose store has been closed."""
        ...


class FolderStores:
    """LevelDB in a folder; ``.next`` beside it is being written, ``.old`` has been replaced.

    ``.next`` is complete if and only if the folder itself is away: then the swap goes on.
    ``.first`` is being written where there is no folder yet, and is nothing before it is settled.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._next = folder.with_name(folder.name + ".next")
        self._old = folder.with_name(folder.name + ".old")
        self._shelves = folder.with_name("snapshots")
        self._first = folder.with_name(folder.name + ".first")

    def open(self) -> Store:
        """Finish or clear away an interrupted swap, and open the store."""
        if not self._folder.exists() and self._next.exists():
            self._next.rename(self._folder)
        for leftover in (self._next, self._old, self._first):
            if leftover.exists():
                shutil.rmtree(leftover)
        return LevelStore(self._folder)

    def open_first(self) -> Store:
        """A new store for a home that has none: it counts when ``settle`` has been called."""
        if self._first.exists():
            shutil.rmtree(self._first)
        return LevelStore(self._first)

    def settle(self) -> None:
        """Let the first store, which has been closed, be the one in use."""
        self._first.rename(self._folder)
        self._sync()

    def open_next(self) -> Store:
        """A new, empty store beside the one in use."""
        self.drop_next()
        return LevelStore(self._next)

    def drop_next(self) -> None:
        """Delete the second store."""
        if self._next.exists():
            shutil.rmtree(self._next)

    def swap(self) -> None:
        """Move the old store away, the new one into its place, and delete the old one."""
        self._folder.rename(self._old)
        self._sync()
        self._next.rename(self._folder)
        self._sync()
        shutil.rmtree(self._old)

    def list_shelves(self) -> list[str]:
        """The names of the snapshots in the folder beside."""
        if not self._shelves.is_dir():
            return []
        return sorted(path.name for path in self._shelves.iterdir())

    def open_shelf(self, name: str) -> Store:
        """The store of a snapshot."""
        return LevelStore(self._shelves / name)

    def drop_shelf(self, name: str) -> None:
        """Delete a snapshot."""
        shutil.rmtree(self._shelves / name, ignore_errors=True)

    def _sync(self) -> None:
        descriptor = os.open(self._folder.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


class MemoryStores:
    """The twin without a disk: the same promises for one process."""

    def __init__(self) -> None:
        self._store = MemoryStore()
        self._next: MemoryStore | None = None
        self._shelves: dict[str, MemoryStore] = {}

    def open(self) -> Store:
        """The store in use."""
        return self._store

    def open_next(self) -> Store:
        """A new, empty store beside it."""
        self._next = MemoryStore()
        return self._next

    def drop_next(self) -> None:
        """Forget the second store."""
        self._next = None

    def swap(self) -> None:
        """Use the second store from now on."""
        assert self._next is not None, "a second store was opened"
        self._store, self._next = self._next, None

    def list_shelves(self) -> list[str]:
        """The names of the snapshots."""
        return sorted(self._shelves)

    def open_shelf(self, name: str) -> Store:
        """The store of a snapshot."""
        return self._shelves.setdefault(name, MemoryStore())

    def drop_shelf(self, name: str) -> None:
        """Forget a snapshot."""
        self._shelves.pop(name, None)
