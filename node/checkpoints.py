"""Checkpoints as people pass them on: one line of hexadecimal digits, on a screen or on paper."""

from pathlib import Path
from typing import Final

from chain.codec import encode
from chain.errors import Invalid
from chain.proof import CHECKPOINT_BYTES_MAX, CHECKPOINTS, Checkpoint
from node.home import HomeError, read_file, write_file

_FILE_BYTES_MAX: Final = 2 * CHECKPOINT_BYTES_MAX + 2


def read_checkpoint(path: Path) -> Checkpoint:
    """The checkpoint in a file. Raises HomeError."""
    text = read_file(path, _FILE_BYTES_MAX)
    try:
        return CHECKPOINTS.decode(bytes.fromhex(text.decode("ascii").strip()))
    except (ValueError, Invalid):
        raise HomeError(f"{path} is no checkpoint: it is one line of hexadecimal digits") from None


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint to a file, whole or not at all."""
    write_file(path, f"{encode(checkpoint).hex()}\n".encode())
