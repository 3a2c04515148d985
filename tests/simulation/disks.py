"""Disks that fail as disks do: between any two writes, in the middle, by forgetting, by being full.

A batch of the store happens whole or not at all, and what was not asked to be durable may be lost
with all that came after it. The journal is replaced whole; a torn one is damaged and found out.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from chain.codec import encode
from chain.errors import Invalid
from chain.store import Batch, MemoryStore
from consensus.journal import JOURNAL_FILES, JOURNALS, Journal, JournalFile, compute_check
from node.home import HomeError

_Old = list[tuple[bytes, bytes | None]]

UNSYNCED_MAX: Final = 512


class PowerCut(BaseException):
    """The machine stops here: nothing after this happens, and only the world may catch it."""


@dataclass
class Mood:
    """What the disk of one server does at the next write."""

    dice: random.Random
    cut_chance: float = 0.0  # of a power cut around a write
    full: bool = False
    forgets: bool = False  # says that a write is safe when it is not

    def before_write(self) -> None:
        """Perhaps stop before anything is written, or refuse."""
        if self.cut_chance and self.dice.random() < self.cut_chance:
            raise PowerCut
        if self.full:
            raise HomeError("no space left on the device")

    def after_write(self) -> None:
        """Perhaps stop before whoever wrote hears of it."""
        if self.cut_chance and self.dice.random() < self.cut_chance:
            raise PowerCut


class Disk:
    """A store in memory with what a power cut may take back."""

    def __init__(self, mood: Mood) -> None:
        self.mood = mood
        self._store = MemoryStore()
        self._unsynced: list[_Old] = []  # what undoes each batch that is not safe yet

    def get(self, key: bytes) -> bytes | None:
        """The value, or None."""
        return self._store.get(key)

    def items(self, prefix: bytes, start: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
        """Keys that begin so and their values, in order."""
        return self._store.items(prefix, start)

    def write(self, batch: Batch, *, durable: bool) -> None:
        """Write a batch, whole; remember how to take it back while it is not safe."""
        rows = list(batch)
        self.mood.before_write()
        if durable and not self.mood.forgets:
            self._unsynced.clear()
        else:
            self._unsynced.append([(key, self._store.get(key)) for key, _ in rows])
            del self._unsynced[:-UNSYNCED_MAX]
        self._store.write(rows, durable=durable)
        self.mood.after_write()

    def close(self) -> None:
        """Nothing to give back."""

    def lose(self) -> int:
        """A power cut: some of what was not safe is gone, the newest first; returns how many."""
        count = self.mood.dice.randint(0, len(self._unsynced))
        for _ in range(count):
            self._store.write(self._unsynced.pop()[::-1], durable=False)
        self._unsynced.clear()
        return count

    def copy(self) -> "Disk":
        """The same content, as a backup has it."""
        other = Disk(self.mood)
        other._store.write(self._store.items(b""), durable=False)
        return other


class Disks:
    """A store in use and at times a second one: what a node's ``Stores`` are."""

    def __init__(self, mood: Mood) -> None:
        self.mood = mood
        self.disk = Disk(mood)
        self._backup: Disk | None = None
        self._next: Disk | None = None
        self._shelves: dict[str, Disk] = {}

    def open(self) -> Disk:
        """The store in use."""
        return self.disk

    def back_up(self) -> None:
        """Take a copy that may be put back one day."""
        self._backup = self.disk.copy()

    def put_back(self) -> None:
        """Use the copy from now on, if there is one."""
        if self._backup is not None:
            self.disk = self._backup.copy()

    def open_next(self) -> Disk:
        """A new, empty store beside it."""
        self._next = Disk(self.mood)
        return self._next

    def drop_next(self) -> None:
        """Forget the second store."""
        self._next = None

    def swap(self) -> None:
        """Use the second store from now on."""
        assert self._next is not None, "a second store was opened"
        self.disk, self._next = self._next, None

    def list_shelves(self) -> list[str]:
        """The names of the snapshots."""
        return sorted(self._shelves)

    def open_shelf(self, name: str) -> Disk:
        """The store of a snapshot."""
        return self._shelves.setdefault(name, Disk(self.mood))

    def drop_shelf(self, name: str) -> None:
        """Forget a snapshot."""
        self._shelves.pop(name, None)


@dataclass
class JournalDisk:
    """The file of a seat's journal. It becomes bytes when somebody reads, copies or tears it."""

    mood: Mood
    damaged: bytes | None = None  # what lies there when it is no journal, or an old one
    stored: Journal | None = None  # the newest that is safely there
    backups: list[bytes] = field(default_factory=list)
    on_store: Callable[[Journal], None] = lambda _: None

    def store(self, journal: Journal) -> None:
        """Replace the file, whole. Raises HomeError when the disk refuses."""
        self.mood.before_write()
        self.damaged, self.stored = None, journal
        self.on_store(journal)
        self.mood.after_write()

    @property
    def data(self) -> bytes | None:
        """The file's bytes; None: there is none."""
        return self.damaged if self.stored is None else encode_journal(self.stored)

    def read(self) -> Journal | None:
        """What lies there; None when it is missing or damaged."""
        data = self.data
        if data is None:
            return None
        try:
            file = JOURNAL_FILES.decode(data)
            journal = JOURNALS.decode(file.journal)
        except Invalid:
            return None
        return journal if compute_check(file.journal) == file.check else None

    def back_up(self) -> None:
        """Take a copy that may be put back one day."""
        data = self.data
        if data is not None:
            self.backups.append(data)

    def put_back(self) -> None:
        """The newest copy lies there again."""
        if self.backups:
            self.damaged, self.stored = self.backups[-1], None
            self.stored = self.read()

    def delete(self) -> None:
        """The file is gone."""
        self.damaged = self.stored = None

    def tear(self) -> None:
        """Half of the file is of another time."""
        data = self.data
        if data is not None:
            half = len(data) // 2
            self.damaged, self.stored = data[:half] + bytes(len(data) - half), None


def encode_journal(journal: Journal) -> bytes:
    """The file's bytes."""
    journal_bytes = encode(journal)
    return encode(JournalFile(journal_bytes, compute_check(journal_bytes)))
