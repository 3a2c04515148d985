"""One process at a time uses a home, whatever became of the last; and no home is half made."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from chain.codec import encode
from node.config import build_config
from node.home import (
    ADDRESS_BYTES_MAX,
    Home,
    HomeError,
    create_home,
    find_address,
    is_locked,
    lock_home,
    publish_address,
    read_genesis,
    write_file,
)
from tests.community import build_genesis

GENESIS = build_genesis()

# A process that takes the lock, publishes an address, says so, and waits to be killed.
HOLDER = """
import sys
from pathlib import Path
from node.home import Home, lock_home, publish_address
home = Home(Path(sys.argv[1]))
with lock_home(home), publish_address(home, "http://127.0.0.1:1"):
    print("held", flush=True)
    sys.stdin.read()
"""


def make(folder: Path) -> Home:
    return create_home(folder / "home", encode(GENESIS), build_config(str))


def get_mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_home_is_for_its_owner_alone(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        home = make(tmp_path)
    finally:
        os.umask(old)
    assert get_mode(home.folder) == 0o700
    assert get_mode(home.genesis) == get_mode(home.config) == 0o600
    assert read_genesis(home) == GENESIS


def test_a_home_is_not_made_twice(tmp_path: Path) -> None:
    home = make(tmp_path)
    home.config.write_text("[api]\n")
    with pytest.raises(HomeError, match="a node's home already"):
        make(tmp_path)
    assert home.config.read_text() == "[api]\n"


def test_keys_made_before_the_home_stay(tmp_path: Path) -> None:
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "seat.keys").write_text("keys")
    make(tmp_path)
    assert (folder / "seat.keys").read_text() == "keys"


def test_a_folder_without_genesis_is_no_home(tmp_path: Path) -> None:
    with pytest.raises(HomeError, match="no node's home"):
        read_genesis(Home(tmp_path))
    with pytest.raises(HomeError, match="no node's home"), lock_home(Home(tmp_path / "none")):
        pass


def test_a_damaged_genesis_is_told_by_its_path(tmp_path: Path) -> None:
    home = make(tmp_path)
    home.genesis.write_bytes(encode(GENESIS)[:-1])
    with pytest.raises(HomeError, match="genesis is not a genesis"):
        read_genesis(home)


def test_files_are_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_file(path, b"old")
    (tmp_path / ".file.new").write_bytes(b"left by a crash")
    write_file(path, b"new")
    assert path.read_bytes() == b"new"
    assert [item.name for item in tmp_path.iterdir()] == ["file"]


def test_one_process_holds_the_lock_and_kill_9_frees_it(tmp_path: Path) -> None:
    home = make(tmp_path)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(home.folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        assert is_locked(home)
        address = find_address(home)
        assert address is not None
        assert (address.url, address.pid) == ("http://127.0.0.1:1", holder.pid)
        with pytest.raises(HomeError, match="another process uses"), lock_home(home):
            pass
        holder.send_signal(signal.SIGKILL)
        holder.wait(10)
    finally:
        holder.kill()
        holder.wait(10)
        assert holder.stdin is not None
        holder.stdin.close()
        assert holder.stdout is not None
        holder.stdout.close()
    assert home.address.exists(), "kill -9 leaves the address behind"
    assert find_address(home) is None, "but nobody believes it"
    with lock_home(home):
        pass


def test_the_address_goes_when_the_node_stops(tmp_path: Path) -> None:
    home = make(tmp_path)
    with lock_home(home):
        with publish_address(home, "http://127.0.0.1:2"):
            found = find_address(home)
            assert found is not None
            assert found.url == "http://127.0.0.1:2"
        assert not home.address.exists()


def test_who_asks_whether_a_node_runs_does_not_keep_one_from_starting(tmp_path: Path) -> None:
    home = make(tmp_path)
    with lock_home(home):
        pass
    assert not is_locked(home)
    with lock_home(home):
        assert is_locked(home)


@pytest.mark.parametrize("content", [b"", b"{}", b"nonsense", b" " * (ADDRESS_BYTES_MAX + 1)])
def test_a_damaged_address_is_no_address(tmp_path: Path, content: bytes) -> None:
    home = make(tmp_path)
    with lock_home(home):
        home.address.write_bytes(content)
        assert find_address(home) is None
