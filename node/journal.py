"""A seat's journal on disk: replaced whole and safely, or not at all, before anything is signed.

The file appears in the act that makes the key. A key whose journal is lost signs nothing before it
knows from where on it may; docs/journal.md says what follows from that.
"""

from pathlib import Path
from typing import Final, Protocol

from chain.codec import encode
from chain.errors import Invalid
from consensus.journal import (
    JOURNAL_BYTES_MAX,
    JOURNAL_FILES,
    Journal,
    JournalFile,
    UnknownVersion,
    compute_check,
    decode_journal,
)
from node.home import HomeError, read_file, write_file

JOURNAL_NAME: Final = "seat.journal"
_FILE_BYTES_MAX: Final = JOURNAL_BYTES_MAX + 64


class JournalKeeper(Protocol):
    """Where a journal is kept. When ``store`` returns, a power cut can no longer lose it."""

    def store(self, journal: Journal) -> None:
        """Keep the journal, whole. Raises HomeError, and then nothing may be signed."""
        ...


class JournalOnDisk:
    """The journal in a file. One process at a time: the home's lock sees to that."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def store(self, journal: Journal) -> None:
        """Write a new file beside the old one, sync it, put it in its place, sync the folder."""
        journal_bytes = encode(journal)
        data = encode(JournalFile(journal_bytes, compute_check(journal_bytes)))
        try:
            write_file(self.path, data)
        except OSError as error:
            raise HomeError(f"cannot write the journal {self.path}: {error.strerror}") from error


class JournalLost(HomeError):
    """There is no journal, or none that can be trusted: the key may have said more than we know."""


def read_journal(path: Path) -> Journal:
    """The journal in a file, brought to the present version.

    Raises JournalLost when it is missing or damaged, HomeError when it is of another program.
    """
    if not path.exists():
        raise JournalLost(f"{path} is missing")
    try:
        file = JOURNAL_FILES.decode(read_file(path, _FILE_BYTES_MAX))
        if compute_check(file.journal) != file.check:
            raise JournalLost(f"{path} is damaged and cannot be trusted")
        return decode_journal(file.journal)
    except UnknownVersion as error:
        raise HomeError(
            f"{path} is of version {error.version}, which this program cannot read"
        ) from error
    except Invalid as error:
        raise JournalLost(f"{path} is damaged and cannot be trusted") from error
