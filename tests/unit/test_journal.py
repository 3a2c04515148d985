"""The journal's file: whole or as before, wherever the machine stops; and the keys beside it.

Invariant: what ``store`` returned from is there after any crash, and a key never signs a slot
twice, however often its process is killed.
"""

import io
import os
import random
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from chain.checks import DirectChecks
from chain.codec import encode
from chain.crypto import compute_hash
from chain.errors import Invalid
from chain.rules.seats import BEFORE_GENESIS, check_seat_keys
from consensus.journal import (
    Journal,
    JournalFile,
    build_journal,
    compute_check,
    get_signed_header,
    get_signed_slot,
    has_signed,
    record_block,
)
from node.home import HomeError
from node.journal import JOURNAL_NAME, JournalLost, JournalOnDisk, read_journal
from node.keys import (
    KEYS_NAME,
    build_seat_keys,
    has_seat,
    make_seat_keys,
    open_seat,
    read_seat_secrets,
)
from tests.community import get_account_id

CHAIN = compute_hash(b"test-chain")
SET = compute_hash(b"test-set")
OWNER = get_account_id("ann")


class MachineStopped(Exception):
    """The power went out here."""


def extend(journal: Journal, slot: int) -> Journal:
    return record_block(journal, CHAIN, SET, slot, b"header of slot %d" % slot)


@pytest.fixture
def kept(tmp_path: Path) -> tuple[JournalOnDisk, Journal]:
    """A journal that has signed slot 5 and lies safely on the disk."""
    journal = extend(build_journal(bytes(32)), 5)
    keeper = JournalOnDisk(tmp_path / JOURNAL_NAME)
    keeper.store(journal)
    return keeper, journal


class TornFile(io.FileIO):
    """A file of which only the first bytes reach the disk before the machine stops."""

    def __init__(self, descriptor: int, bytes_max: int) -> None:
        super().__init__(descriptor, "wb")
        self.bytes_max = bytes_max

    def write(self, data: Any) -> int:
        """As much as there is time for."""
        super().write(bytes(data)[: self.bytes_max])
        raise MachineStopped


def stop_before(what: str, count: int) -> Callable[..., Any]:
    """Replaces a call: the machine stops before it is made for the ``count``-th time."""
    real = getattr(os, what)
    calls = 0

    def call(*arguments: Any, **more: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == count:
            raise MachineStopped
        return real(*arguments, **more)

    return call


def test_a_torn_draft_of_any_length_leaves_the_old_journal(
    kept: tuple[JournalOnDisk, Journal], monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper, journal = kept
    size_bytes = keeper.path.stat().st_size
    following = extend(journal, 6)
    for written in range(size_bytes + 1):
        with monkeypatch.context() as patch:
            patch.setattr(
                os, "fdopen", lambda descriptor, _mode, n=written: TornFile(descriptor, n)
            )
            with pytest.raises(MachineStopped):
                keeper.store(following)
        assert read_journal(keeper.path) == journal
    keeper.store(following)  # the torn drafts are in nobody's way
    assert read_journal(keeper.path) == following


@pytest.mark.parametrize(
    ("call", "count", "is_new"),
    [
        ("open", 1, False),  # before the draft exists
        ("fsync", 1, False),  # the draft is written, and may be torn
        ("fsync", 2, True),  # renamed; the folder is not synced yet, so the old may come back
    ],
)
def test_a_stop_at_each_step_leaves_one_whole_journal(
    kept: tuple[JournalOnDisk, Journal],
    monkeypatch: pytest.MonkeyPatch,
    call: str,
    count: int,
    is_new: bool,
) -> None:
    keeper, journal = kept
    following = extend(journal, 6)
    with monkeypatch.context() as patch:
        patch.setattr(os, call, stop_before(call, count))
        with pytest.raises(MachineStopped):
            keeper.store(following)
    assert read_journal(keeper.path) == (following if is_new else journal)
    keeper.store(extend(journal, 7))
    assert read_journal(keeper.path) == extend(journal, 7)


def test_a_stop_before_the_rename_leaves_the_old_journal(
    kept: tuple[JournalOnDisk, Journal], monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper, journal = kept

    def stop(*_: object) -> None:
        raise MachineStopped

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", stop)
        with pytest.raises(MachineStopped):
            keeper.store(extend(journal, 6))
    assert read_journal(keeper.path) == journal


def test_the_order_is_draft_sync_rename_sync(
    kept: tuple[JournalOnDisk, Journal], monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper, journal = kept
    order: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def note_sync(descriptor: int) -> None:
        is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        order.append("sync folder" if is_folder else f"sync {os.fstat(descriptor).st_size} bytes")
        assert is_folder or stat.S_IMODE(os.fstat(descriptor).st_mode) == 0o600
        fsync(descriptor)

    def note_replace(path: Path, target: Path) -> Path:
        order.append("rename")
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", note_sync)
    monkeypatch.setattr(Path, "replace", note_replace)
    keeper.store(extend(journal, 6))
    assert order == [f"sync {keeper.path.stat().st_size} bytes", "rename", "sync folder"]


def test_a_full_disk_is_told_in_a_sentence_and_nothing_changes(
    kept: tuple[JournalOnDisk, Journal], monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper, journal = kept

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        with pytest.raises(HomeError, match="No space left"):
            keeper.store(extend(journal, 6))
    assert read_journal(keeper.path) == journal


def test_every_changed_byte_of_the_file_is_noticed(kept: tuple[JournalOnDisk, Journal]) -> None:
    keeper, _ = kept
    data = keeper.path.read_bytes()
    for index in range(len(data)):
        keeper.path.write_bytes(data[:index] + bytes((data[index] ^ 1,)) + data[index + 1 :])
        with pytest.raises(HomeError, match="damaged"):
            read_journal(keeper.path)


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(b"torn")])
def test_a_key_whose_journal_is_missing_or_damaged_is_opened_as_lost(
    tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    keys = make_seat_keys(OWNER, tmp_path)
    assert not open_seat(tmp_path).own.lost
    damage(tmp_path / JOURNAL_NAME)
    with pytest.raises(JournalLost):
        read_journal(tmp_path / JOURNAL_NAME)
    own = open_seat(tmp_path).own
    assert own.lost
    assert own.journal == build_journal(keys.vote)


def test_a_journal_of_the_first_version_is_read_and_written_as_the_present_one(
    tmp_path: Path,
) -> None:
    """Version 1 was [version, vote key, [[chain, set, block slot, header], ...]]."""
    first = [1, bytes(32), [[CHAIN, CHAIN, 7, b"seven"]]]
    data = encode(first)
    keeper = JournalOnDisk(tmp_path / JOURNAL_NAME)
    keeper.path.write_bytes(encode(JournalFile(data, compute_check(data))))
    journal = read_journal(keeper.path)
    assert get_signed_slot(journal, CHAIN) == 7
    assert get_signed_header(journal, CHAIN, 7) == b"seven"
    (record,) = journal.records
    assert (record.base_slot, record.prevote_round, record.ack_round) == (0, 0, 0)
    assert has_signed(journal)
    keeper.store(journal)
    assert read_journal(keeper.path) == journal


def test_a_journal_of_another_version_is_refused(tmp_path: Path) -> None:
    journal = msgspec.structs.replace(build_journal(bytes(32)), version=3)
    data = encode(journal)
    (tmp_path / JOURNAL_NAME).write_bytes(encode(JournalFile(data, compute_check(data))))
    with pytest.raises(HomeError, match="version 3"):
        read_journal(tmp_path / JOURNAL_NAME)


CHILD = """
import sys
from pathlib import Path
from consensus.journal import get_signed_slot, may_sign_block, record_block
from node.journal import JournalOnDisk, read_journal
path, chain, set_hash = Path(sys.argv[1]), bytes.fromhex(sys.argv[2]), bytes.fromhex(sys.argv[3])
keeper, journal = JournalOnDisk(path), read_journal(path)
slot = get_signed_slot(journal, chain)
while True:
    slot += 1
    assert may_sign_block(journal, chain, slot)
    journal = record_block(journal, chain, set_hash, slot, b"header %d" % slot)
    keeper.store(journal)
    print(slot, flush=True)  # the header leaves the machine
"""


@pytest.mark.slow
def test_no_slot_is_signed_twice_over_twenty_kills(tmp_path: Path) -> None:
    path = tmp_path / JOURNAL_NAME
    JournalOnDisk(path).store(build_journal(bytes(32)))
    dice = random.Random(5)
    left: list[int] = []
    for _ in range(20):
        command = [sys.executable, "-c", CHILD, str(path), CHAIN.hex(), SET.hex()]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            left.extend(int(child.stdout.readline()) for _ in range(dice.randint(1, 25)))
            child.send_signal(signal.SIGKILL)  # it is somewhere in the next write by now
            left.extend(int(line) for line in child.stdout if line.endswith("\n"))
    assert left == sorted(set(left)), "seed 5"
    assert len(left) > 100


def test_keys_are_born_with_their_journal_and_with_proofs_that_hold(tmp_path: Path) -> None:
    keys = make_seat_keys(OWNER, tmp_path)
    check_seat_keys(DirectChecks(), BEFORE_GENESIS, OWNER, keys)
    holder = open_seat(tmp_path)
    assert holder.own.id == OWNER
    assert (holder.own.vote_key, holder.own.vrf_key) == (keys.vote, keys.vrf)
    assert holder.vote_key.public == keys.vote
    assert holder.own.journal == build_journal(keys.vote)
    assert has_seat(tmp_path)
    for name in (KEYS_NAME, JOURNAL_NAME):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


def test_proofs_for_a_running_community_hold_there_and_nowhere_else(tmp_path: Path) -> None:
    make_seat_keys(OWNER, tmp_path)
    keys = build_seat_keys(read_seat_secrets(tmp_path / KEYS_NAME), CHAIN)
    check_seat_keys(DirectChecks(), CHAIN, OWNER, keys)
    for chain, owner in ((BEFORE_GENESIS, OWNER), (CHAIN, get_account_id("boris"))):
        with pytest.raises(Invalid):
            check_seat_keys(DirectChecks(), chain, owner, keys)


def test_keys_are_never_overwritten(tmp_path: Path) -> None:
    make_seat_keys(OWNER, tmp_path)
    with pytest.raises(HomeError, match="exists already"):
        make_seat_keys(OWNER, tmp_path)


def test_a_journal_that_has_signed_is_never_overwritten(tmp_path: Path) -> None:
    JournalOnDisk(tmp_path / JOURNAL_NAME).store(extend(build_journal(bytes(32)), 5))
    with pytest.raises(HomeError, match="have signed"):
        make_seat_keys(OWNER, tmp_path)


def test_an_interrupted_birth_leaves_no_key_without_journal_and_can_be_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for count in range(1, 4):  # the journal's file and folder, then the keys' file
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", stop_before("fsync", count))
            with pytest.raises(MachineStopped):
                make_seat_keys(OWNER, tmp_path)
        assert not has_seat(tmp_path)
    make_seat_keys(OWNER, tmp_path)
    assert open_seat(tmp_path).own.id == OWNER


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o666])
def test_keys_that_others_may_read_are_refused(tmp_path: Path, mode: int) -> None:
    make_seat_keys(OWNER, tmp_path)
    (tmp_path / KEYS_NAME).chmod(mode)
    with pytest.raises(HomeError, match="can be read by others"):
        open_seat(tmp_path)


def test_a_journal_of_other_keys_is_refused(tmp_path: Path) -> None:
    make_seat_keys(OWNER, tmp_path)
    JournalOnDisk(tmp_path / JOURNAL_NAME).store(build_journal(bytes(32)))
    with pytest.raises(HomeError, match="other keys"):
        open_seat(tmp_path)


@pytest.mark.parametrize("text", ["", "{}", '{"version": 1}', "not json at all"])
def test_a_file_that_is_no_file_of_keys_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / KEYS_NAME
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(HomeError, match="not a file of seat keys"):
        read_seat_secrets(path)
