"""A folder of secrets: files that nobody else may read, and that are whole or not there.

Mode 0600 is set before the first byte is written; a new content replaces the old one by rename,
after fsync, so that a crash leaves one or the other. What others could have read or changed is
refused with the command that mends it.
"""

import fcntl
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from wallet.terminal import Exit, Failure
from wallet.words import mark

NAME_LENGTH_MAX: Final = 64  # a file's name with its ending stays below what any file system takes
FILE_BYTES_MAX: Final = 4 * 1_024 * 1_024  # a pending file of 64 transactions is 3 MB as text
_PRIVATE_FILE: Final = 0o600
_PRIVATE_FOLDER: Final = 0o700
_BUSY: Final = mark("Another command is at work on this wallet: wait until it has ended.")
_NAME: Final = re.compile(r"[^\W_][\w.-]*")


class Busy(Failure):
    """Another command is at work on this wallet."""


def build_damaged(path: Path) -> Failure:
    """What to say of a file that is not what was written."""
    return Failure(
        Exit.USAGE,
        "{path} is damaged: put a copy of it back, or restore the wallet from its 24 words.",
        path=path,
    )


def check_name(name: str) -> None:
    """Refuse names that could leave the folder, hide, or not be typed."""
    if len(name) > NAME_LENGTH_MAX or not _NAME.fullmatch(name) or name.endswith("."):
        raise Failure(
            Exit.USAGE,
            "{name} cannot be a wallet's name: take letters, digits, '-', '_' and '.', at most 64.",
            name=name,
        )


def open_folder(folder: Path) -> Path:
    """The folder, made for its owner alone when it does not exist yet."""
    try:
        folder.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
    except OSError as error:
        raise Failure(
            Exit.USAGE,
            "The folder {path} cannot be used: {reason}.",
            path=folder,
            reason=error.strerror,
        ) from None
    mode = folder.stat().st_mode
    if stat.S_IMODE(mode) & 0o022:
        raise Failure(
            Exit.USAGE,
            "Others may write into {path}, where your wallets are: run chmod 700 {path}",
            path=folder,
        )
    return folder


def read_private(path: Path) -> bytes | None:
    """The content of a file that only its owner may read; None: there is no such file."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Failure(
            Exit.USAGE, "{path} cannot be read: {reason}.", path=path, reason=error.strerror
        ) from None
    status = os.fstat(handle)
    if not stat.S_ISREG(status.st_mode):
        os.close(handle)
        raise Failure(Exit.USAGE, "{path} is not a file.", path=path)
    with os.fdopen(handle, "rb") as file:
        if stat.S_IMODE(status.st_mode) & 0o077 or status.st_uid != os.getuid():
            raise Failure(
                Exit.USAGE,
                "{path} could be read by others, or is not yours: run chmod 600 {path}",
                path=path,
            )
        data = file.read(FILE_BYTES_MAX + 1)
    if len(data) > FILE_BYTES_MAX:
        raise build_damaged(path)
    return data


def read_text(path: Path, limit_characters: int) -> str:
    """The beginning of a text file that the person named."""
    try:
        with path.open(encoding="utf-8") as file:
            return file.read(limit_characters)
    except OSError as error:
        raise Failure(
            Exit.USAGE, "{path} cannot be read: {reason}.", path=path, reason=error.strerror
        ) from None
    except UnicodeDecodeError:
        raise Failure(Exit.USAGE, "{path} is not a text in UTF-8.", path=path) from None


def write_private(path: Path, data: bytes, *, replace: bool) -> None:
    """Put a file in place whole. Without ``replace`` an existing one is never touched."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        handle = os.open(
            temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, _PRIVATE_FILE
        )
        try:
            with os.fdopen(handle, "wb") as file:
                os.fchmod(file.fileno(), _PRIVATE_FILE)
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            if replace:
                temporary.replace(path)
            else:
                os.link(temporary, path)  # fails when the name is taken, whoever was first
        finally:
            temporary.unlink(missing_ok=True)
        _sync_folder(path.parent)
    except FileExistsError:
        raise Failure(
            Exit.USAGE, "{path} exists already and is left as it is: take another name.", path=path
        ) from None
    except OSError as error:
        raise Failure(
            Exit.USAGE, "{path} cannot be written: {reason}.", path=path, reason=error.strerror
        ) from None


def remove_private(path: Path) -> None:
    """Remove a file, if it is there."""
    with suppress(FileNotFoundError):
        path.unlink()
        _sync_folder(path.parent)


@contextmanager
def lock(path: Path) -> Iterator[None]:
    """Hold a lock file for the time of a block. Raises Busy when somebody else does.

    The system frees it with the process, however that ends; the empty file stays.
    """
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _PRIVATE_FILE)
    except OSError as error:
        raise Failure(
            Exit.USAGE, "{path} cannot be written: {reason}.", path=path, reason=error.strerror
        ) from None
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy(Exit.USAGE, _BUSY) from None
        yield
    finally:
        os.close(handle)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
