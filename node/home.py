"""A node's home: one folder with everything a node keeps, and who may use it now.

``lock`` admits one process at a time and ends with that process, however it ends: sockets would
not, for SO_REUSEPORT lets a second node listen on the first one's port. The address file says where
a running node can be asked, since its store admits nobody else meanwhile.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import msgspec

from chain.errors import Code, Invalid
from chain.genesis import GENESIS_BYTES_MAX, GENESIS_CODEC, Genesis

FOLDER_MODE: Final = 0o700  # keys lie within
FILE_MODE: Final = 0o600
ADDRESS_BYTES_MAX: Final = 4_096
# Whoever asks whether a node runs holds the lock for a moment; a node that starts waits that long.
_LOCK_ATTEMPTS: Final = 10
_LOCK_PAUSE_SECONDS: Final = 0.05


class HomeError(Exception):
    """The home cannot be used as it is. The message says what an operator can do."""


class Home(msgspec.Struct, frozen=True):
    """Where a node keeps what. Nothing is opened by naming it."""

    folder: Path

    @property
    def genesis(self) -> Path:
        """The community's genesis, canonical MessagePack."""
        return self.folder / "genesis"

    @property
    def config(self) -> Path:
        """What the operator chose."""
        return self.folder / "config.toml"

    @property
    def chain(self) -> Path:
        """The LevelDB store: blocks and rows."""
        return self.folder / "chain"

    @property
    def network_key(self) -> Path:
        """The key behind the node's name in the network; no money and no seat hangs on it."""
        return self.folder / "network.key"

    @property
    def matchmaker_key(self) -> Path:
        """The key of the account with which the node proposes chains; it needs little money."""
        return self.folder / "matchmaker.key"

    @property
    def peers(self) -> Path:
        """The address book."""
        return self.folder / "peers"

    @property
    def mempool(self) -> Path:
        """Transactions that waited when the node stopped."""
        return self.folder / "mempool"

    @property
    def checkpoint(self) -> Path:
        """The checkpoint from which the node takes up the chain, if the operator trusts one."""
        return self.folder / "checkpoint"

    @property
    def report(self) -> Path:
        """What the node wrote when it halted because the ledger broke a promise."""
        return self.folder / "report.txt"

    @property
    def address(self) -> Path:
        """Where the running node can be asked; absent when it has stopped."""
        return self.folder / "address"

    @property
    def lock(self) -> Path:
        """Held by the process that uses the home."""
        return self.folder / "lock"


class Address(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a running node can be asked."""

    url: str
    pid: int


def create_home(folder: Path, genesis: bytes, config: str) -> Home:
    """Make a home of a genesis and a configuration. Raises HomeError when there is one already."""
    home = Home(folder)
    if home.genesis.exists():
        raise HomeError(f"{folder} is a node's home already: choose another folder")
    try:
        folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        folder.chmod(FOLDER_MODE)
        if not home.config.exists():
            write_file(home.config, config.encode())
        write_file(home.genesis, genesis)  # last: its presence is what makes a home
    except OSError as error:
        raise HomeError(f"cannot write to {folder}: {error.strerror}") from error
    return home


def read_genesis(home: Home) -> Genesis:
    """The community's genesis. Raises HomeError; its version and faults are not looked at."""
    if not home.genesis.exists():
        raise HomeError(
            f"{home.folder} is no node's home: make one with 'pai node init --genesis FILE'"
        )
    return read_genesis_file(home.genesis)


def read_genesis_file(path: Path) -> Genesis:
    """The genesis in a file. Raises HomeError."""
    data = read_file(path, GENESIS_BYTES_MAX)
    try:
        return GENESIS_CODEC.decode(data)
    except Invalid as error:
        if error.code is Code.OTHER_RULES:
            raise HomeError(
                f"{path} is a genesis of other rules ({error.detail}): install the version of "
                "Pai that the community uses"
            ) from error
        raise HomeError(f"{path} is not a genesis: {error}") from error


def read_file(path: Path, limit_bytes: int) -> bytes:
    """A file's bytes, at most so many. Raises HomeError."""
    try:
        with path.open("rb") as file:
            data = file.read(limit_bytes + 1)
    except OSError as error:
        raise HomeError(f"cannot read {path}: {error.strerror}") from error
    if len(data) > limit_bytes:
        raise HomeError(f"{path} is larger than {limit_bytes} bytes")
    return data


def write_file(path: Path, data: bytes) -> None:
    """Replace a file whole or not at all, readable by its owner alone from its first byte on."""
    draft = path.with_name(f".{path.name}.new")
    with suppress(FileNotFoundError):
        draft.unlink()
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def lock_home(home: Home) -> Iterator[None]:
    """Use the home alone. Raises HomeError while another process does.

    The kernel gives the lock back when the process ends, be it by kill -9.
    """
    if not home.folder.is_dir():
        raise HomeError(
            f"{home.folder} is no node's home: make one with 'pai node init --genesis FILE'"
        )
    descriptor = _open_lock(home)
    try:
        if not _try_lock(descriptor):
            raise HomeError(f"another process uses {home.folder}: stop it first, or ask it")
        yield
    finally:
        os.close(descriptor)


def is_locked(home: Home) -> bool:
    """Whether a process uses the home at this moment."""
    if not home.lock.exists():
        return False
    descriptor = _open_lock(home)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _open_lock(home: Home) -> int:
    try:
        return os.open(home.lock, os.O_RDWR | os.O_CREAT, FILE_MODE)
    except OSError as error:
        raise HomeError(f"cannot open {home.lock}: {error.strerror}") from error


def _try_lock(descriptor: int) -> bool:
    for _ in range(_LOCK_ATTEMPTS):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_LOCK_PAUSE_SECONDS)
        else:
            return True
    return False


@contextmanager
def publish_address(home: Home, url: str) -> Iterator[None]:
    """Leave word of where this process can be asked, until it stops. Needs the lock."""
    write_file(home.address, msgspec.json.encode(Address(url, os.getpid())))
    try:
        yield
    finally:
        with suppress(FileNotFoundError):
            home.address.unlink()


def find_address(home: Home) -> Address | None:
    """Where the node that runs on this home can be asked; None when none runs.

    A node that was killed leaves its address behind, but not its lock.
    """
    if not home.address.exists() or not is_locked(home):
        return None
    try:
        return msgspec.json.decode(read_file(home.address, ADDRESS_BYTES_MAX), type=Address)
    except (msgspec.MsgspecError, HomeError):
        return None
