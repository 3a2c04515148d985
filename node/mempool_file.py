"""The mempool across restarts: a file of what waits, and beside it what was handed in since.

The file is replaced whole, now and then; each submission is appended to the other before it is
acknowledged, so that kill -9 loses none. Neither is waited for on the disk: a power cut may cost
seconds of it. Read, everything is checked anew, and what is damaged is passed over.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from chain.codec import Codec, Natural, Record, encode
from chain.errors import Invalid
from chain.transaction import TRANSACTION_BYTES_MAX, SealedTransaction, decode_transaction
from node.home import FILE_MODE, HomeError, read_file, write_file

FILE_VERSION: Final = 1
FILE_BYTES_MAX: Final = 1_100_000_000  # what an operator may let wait, and what encoding adds
# Handed in between two writings of the file: ten seconds at the fastest are a tenth of this.
LOG_BYTES_MAX: Final = 64 * 1_024 * 1_024
LENGTH_BYTES: Final = 4  # before each submission, big-endian


class MempoolFile(Record, frozen=True):
    """What waits, in order of arrival, each as it travels."""

    version: Natural
    transactions: tuple[bytes, ...]


_FILES: Final = Codec(MempoolFile, FILE_BYTES_MAX)


class MempoolFiles:
    """The mempool's file, and beside it, with ``.log``, what was handed in since it was written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._log_path = path.with_name(f"{path.name}.log")
        self._log: int | None = None

    def read(self) -> Iterator[SealedTransaction]:
        """What waited, as far as it is whole.

        Losing it costs nobody more than sending again, so it never keeps a node from starting.
        """
        yield from read_mempool(self._path)
        yield from _read_log(self._log_path)

    def append(self, sealed: SealedTransaction) -> None:
        """Add what was handed in. Raises HomeError."""
        whole = sealed.whole_bytes
        with _telling(self._log_path):
            if self._log is None:
                flags = os.O_RDWR | os.O_CREAT | os.O_APPEND
                self._log = os.open(self._log_path, flags, FILE_MODE)
            if self.measure() < LOG_BYTES_MAX:
                os.write(self._log, len(whole).to_bytes(LENGTH_BYTES, "big") + whole)

    def measure(self) -> int:
        """How much was handed in so far: a mark for ``forget``."""
        return 0 if self._log is None else os.fstat(self._log).st_size

    def write(self, waiting: list[SealedTransaction]) -> None:
        """Replace the file; in any thread. Raises HomeError."""
        wholes = tuple(sealed.whole_bytes for sealed in waiting)
        with _telling(self._path):
            write_file(self._path, encode(MempoolFile(FILE_VERSION, wholes)))

    def forget(self, mark: int) -> None:
        """Drop what was handed in before the mark: the file has it now. Raises HomeError."""
        with _telling(self._log_path):
            rest = b"" if self._log is None else os.pread(self._log, LOG_BYTES_MAX, mark)
            self.close()
            if not rest:
                self._log_path.unlink(missing_ok=True)
                return
            draft = self._log_path.with_name(f".{self._log_path.name}.new")
            draft.touch(FILE_MODE)
            draft.write_bytes(rest)
            draft.replace(self._log_path)

    def close(self) -> None:
        """Give the log back; it is opened again when something is handed in."""
        if self._log is not None:
            os.close(self._log)
            self._log = None


def read_mempool(path: Path) -> list[SealedTransaction]:
    """What waited when the file was written; nothing when there is none or it is damaged."""
    if not path.exists():
        return []
    try:
        file = _FILES.decode(read_file(path, FILE_BYTES_MAX))
        return [decode_transaction(whole) for whole in file.transactions]
    except (Invalid, HomeError):
        return []


def _read_log(path: Path) -> Iterator[SealedTransaction]:
    """What is in the log, up to the first that is not whole."""
    data, place = b"", 0
    if path.exists():
        with suppress(HomeError):
            data = read_file(path, LOG_BYTES_MAX + TRANSACTION_BYTES_MAX + LENGTH_BYTES)
    while place < len(data):
        begin = place + LENGTH_BYTES
        place = begin + int.from_bytes(data[place:begin], "big")
        try:
            yield decode_transaction(data[begin:place])
        except Invalid:
            return


@contextmanager
def _telling(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise HomeError(f"cannot write {path}: {error.strerror}") from error
