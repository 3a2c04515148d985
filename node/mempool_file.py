"""The mempool across restarts: a file of what waits, replaced whole; read, it is checked anew."""

from pathlib import Path
from typing import Final

from chain.codec import Codec, Natural, Record, encode
from chain.errors import Invalid
from chain.transaction import SealedTransaction, decode_transaction
from node.home import HomeError, read_file, write_file

FILE_VERSION: Final = 1
FILE_BYTES_MAX: Final = 1_100_000_000  # what an operator may let wait, and what encoding adds


class MempoolFile(Record, frozen=True):
    """What waits, in order of arrival, each as it travels."""

    version: Natural
    transactions: tuple[bytes, ...]


_FILES: Final = Codec(MempoolFile, FILE_BYTES_MAX)


def write_mempool(path: Path, waiting: list[SealedTransaction]) -> None:
    """Keep what waits. Raises HomeError."""
    wholes = tuple(sealed.whole_bytes for sealed in waiting)
    try:
        write_file(path, encode(MempoolFile(FILE_VERSION, wholes)))
    except OSError as error:
        raise HomeError(f"cannot write {path}: {error.strerror}") from error


def read_mempool(path: Path) -> list[SealedTransaction]:
    """What waited when the file was written; nothing when there is none or it is damaged.

    Losing it costs nobody more than sending again, so it never keeps a node from starting.
    """
    if not path.exists():
        return []
    try:
        file = _FILES.decode(read_file(path, FILE_BYTES_MAX))
        return [decode_transaction(whole) for whole in file.transactions]
    except (Invalid, HomeError):
        return []
