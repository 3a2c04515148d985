"""A seat's journal on disk: replaced whole and safely, or not at all, before anything is signed.

The file appears in the act that makes the key and is never made again: a key without its journal
signs nothing. docs/journal.md says what follows from that.
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


def read_journal(path: Path) -> Journal:
    """The journal in a file. Raises HomeError when it is missing, damaged or of another version."""
    if not path.exists():
        raise HomeError(
            f"{path} is missing: a seat's key signs only with the journal that was born with it, "
            "or it might sign one slot twice. Put the journal back, or make new keys"
        )
    try:
        file = JOURNAL_FILES.decode(read_file(path, _FILE_BYTES_MAX))
        if compute_check(file.journal) != file.check:
            raise HomeError(f"{path} is damaged and cannot be trusted: make new keys")
        return decode_journal(file.journal)
    except UnknownVersion as error:
        raise HomeError(
            f"{path} is of version {error.version}, which this program cannot read"
        ) from error
    except Invalid as error:
        raise HomeError(f"{path} is damaged and cannot be trusted: make new keys") from error
