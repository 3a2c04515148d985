"""The keystore: what goes in comes out for the right password, and nothing else ever does."""

import os
import stat
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.crypto import build_key_pair
from chain.policy import Policy, compute_account_id
from wallet import keystore
from wallet.folder import Busy, lock, open_folder, read_private, write_private
from wallet.keystore import (
    Cost,
    Secrets,
    build_secrets,
    check_password,
    get_path,
    list_names,
    open_secrets,
    read_account,
    save_secrets,
)
from wallet.phrase import derive_key
from wallet.terminal import Exit, Failure

CHEAP = Cost(operations=1, memory_bytes=8_192)
PASSWORD = "correct horse battery"
KEPT = build_secrets(bytes(range(32)))


def save(folder: Path, name: str = "anna", password: str = PASSWORD) -> Path:
    save_secrets(folder, name, password, KEPT, replace=False, cost=CHEAP)
    return get_path(folder, name)


def get_failure(folder: Path, name: str = "anna", password: str = PASSWORD) -> Failure:
    with pytest.raises(Failure) as caught:
        open_secrets(folder, name, password)
    return caught.value


def test_secrets_come_back(tmp_path: Path) -> None:
    save(tmp_path)
    assert open_secrets(tmp_path, "anna", PASSWORD) == KEPT
    assert read_account(tmp_path, "anna") == KEPT.account
    assert list_names(tmp_path) == ["anna"]


def test_the_file_holds_no_entropy_and_no_two_are_alike(tmp_path: Path) -> None:
    first, second = save(tmp_path, "anna").read_bytes(), save(tmp_path, "boris").read_bytes()
    entropy = KEPT.entropies[0]
    for data in (first, second):
        assert entropy not in data
        assert entropy.hex().encode() not in data
    one, two = msgspec.json.decode(first), msgspec.json.decode(second)
    assert one["password"]["salt"] != two["password"]["salt"]
    assert one["nonce"] != two["nonce"]
    assert one["sealed"] != two["sealed"]


def test_a_wrong_password_is_told_as_such(tmp_path: Path) -> None:
    save(tmp_path)
    for password in ("", "Correct horse battery", PASSWORD + " ", PASSWORD + "\n"):
        assert get_failure(tmp_path, password=password).code is Exit.WRONG_KEY


def test_a_password_is_the_same_however_its_letters_were_composed(tmp_path: Path) -> None:
    save(tmp_path, password="Ёлка и хлеб")
    decomposed = "Е\u0308лка и хлеб"
    assert open_secrets(tmp_path, "anna", decomposed) == KEPT


def test_every_bit_of_the_file_counts(tmp_path: Path) -> None:
    path = save(tmp_path)
    whole = path.read_bytes()
    for position in range(len(whole)):
        for bit in range(8):
            damaged = bytearray(whole)
            damaged[position] ^= 1 << bit
            path.write_bytes(bytes(damaged))
            failure = get_failure(tmp_path)
            assert failure.code is Exit.USAGE, (position, bit)
            with pytest.raises(Failure):
                read_account(tmp_path, "anna")


def test_every_truncation_is_damage(tmp_path: Path) -> None:
    path = save(tmp_path)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        assert get_failure(tmp_path).code is Exit.USAGE
    path.write_bytes(whole + b"\n")
    assert get_failure(tmp_path).code is Exit.USAGE


@pytest.mark.parametrize("field", ["account", "nonce", "sealed", "password"])
def test_what_stands_in_clear_is_sealed_too(tmp_path: Path, field: str) -> None:
    """Somebody who forges the check value still cannot change a part unseen."""
    path = save(tmp_path)
    other = path.with_name("other.wallet")
    save_secrets(tmp_path, "other", PASSWORD, build_secrets(bytes(32)), replace=False, cost=CHEAP)
    mine = msgspec.json.decode(path.read_bytes(), type=keystore._File)
    theirs = msgspec.json.decode(other.read_bytes(), type=keystore._File)
    forged = msgspec.structs.replace(mine, **{field: getattr(theirs, field)})
    path.write_bytes(keystore._encode_file(keystore._with_check(forged)))
    assert get_failure(tmp_path).code is Exit.WRONG_KEY


def test_a_file_cannot_ask_for_all_memory(tmp_path: Path) -> None:
    path = save(tmp_path)
    file = msgspec.json.decode(path.read_bytes(), type=keystore._File)
    for change in ({"memory_bytes": 1 << 40}, {"operations": 10**6}, {"memory_bytes": 0}):
        greedy = msgspec.structs.replace(
            file, password=msgspec.structs.replace(file.password, **change)
        )
        path.write_bytes(keystore._encode_file(keystore._with_check(greedy)))
        assert get_failure(tmp_path).code is Exit.USAGE


def test_a_newer_format_is_told_apart_from_damage(tmp_path: Path) -> None:
    path = save(tmp_path)
    path.write_bytes(path.read_bytes().replace(b"pai wallet 1", b"pai wallet 2"))
    assert "newer version" in str(get_failure(tmp_path))


def test_what_others_can_read_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for mode in (0o640, 0o604, 0o660, 0o601):
        path.chmod(mode)
        assert "chmod 600" in str(get_failure(tmp_path))
    path.chmod(0o600)
    assert open_secrets(tmp_path, "anna", PASSWORD) == KEPT


def test_the_mode_is_set_before_the_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    real = os.fsync

    def look(handle: int) -> None:
        if stat.S_ISREG(os.fstat(handle).st_mode):
            seen.append(stat.S_IMODE(os.fstat(handle).st_mode))
        real(handle)

    monkeypatch.setattr(os, "fsync", look)
    before = os.umask(0)
    try:
        save(tmp_path)
    finally:
        os.umask(before)
    assert seen == [0o600]


def test_a_folder_that_others_may_write_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.raises(Failure, match="chmod 700"):
        open_folder(folder)
    made = open_folder(tmp_path / "deep" / "own")
    assert stat.S_IMODE(made.stat().st_mode) == 0o700


def test_an_existing_wallet_is_never_overwritten(tmp_path: Path) -> None:
    whole = save(tmp_path).read_bytes()
    with pytest.raises(Failure, match="exists already"):
        save(tmp_path)
    assert get_path(tmp_path, "anna").read_bytes() == whole
    assert [path.name for path in tmp_path.iterdir()] == ["anna.wallet"]


def test_a_crash_while_writing_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(tmp_path)
    whole = path.read_bytes()

    def crash(_handle: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", crash)
    with pytest.raises(KeyboardInterrupt):
        save_secrets(tmp_path, "anna", PASSWORD, KEPT, replace=True, cost=CHEAP)
    assert path.read_bytes() == whole
    assert [item.name for item in tmp_path.iterdir()] == ["anna.wallet"]


@pytest.mark.parametrize(
    "name", ["", ".", "..", ".hidden", "a/b", "../anna", "-rf", "a\0b", "a b", "x" * 65, "a."]
)
def test_names_cannot_leave_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(Failure):
        get_path(tmp_path, name)


def test_names_may_be_russian(tmp_path: Path) -> None:
    save(tmp_path, "анна-2")
    assert list_names(tmp_path) == ["анна-2"]


def test_a_missing_wallet_is_told(tmp_path: Path) -> None:
    assert get_failure(tmp_path, "nobody").code is Exit.USAGE
    assert list_names(tmp_path / "absent") == []


def test_short_passwords_are_refused() -> None:
    check_password("восемь8!")
    for password in ("", "1234567"):
        with pytest.raises(Failure):
            check_password(password)


def test_only_keys_of_the_policy_are_found_and_no_more_than_it_asks_for() -> None:
    kept = Secrets(KEPT.account, (bytes(32), bytes([1]) * 32, bytes([2]) * 32))
    ours = [key.public for key in kept.keys]
    stranger = build_key_pair(bytes([9]) * 32).public
    policy = Policy(2, tuple(sorted([*ours, stranger])))
    found = kept.find_keys(policy)
    assert len(found) == 2
    assert all(policy.keys[index] == key.public for index, key in found)
    assert kept.find_keys(Policy(1, (stranger,))) == []


def test_the_first_policy_is_the_one_that_hashes_to_the_account() -> None:
    fresh = Secrets(KEPT.account, (*KEPT.entropies, bytes(32)))
    first = fresh.find_first_policy()
    assert first is not None
    assert compute_account_id(first) == KEPT.account
    assert Secrets(KEPT.account, (bytes(32),)).find_first_policy() is None


def test_another_account_can_be_given() -> None:
    kept = build_secrets(bytes(32), bytes([7]) * 32)
    assert kept.account == bytes([7]) * 32
    assert kept.keys == (derive_key(bytes(32)),)


def test_one_command_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "anna.lock"
    with lock(path), pytest.raises(Busy), lock(path):
        pass
    with lock(path):
        pass


def test_private_files_are_whole_or_not_there(tmp_path: Path) -> None:
    path = tmp_path / "file"
    assert read_private(path) is None
    write_private(path, b"one", replace=True)
    write_private(path, b"two", replace=True)
    assert read_private(path) == b"two"
    (tmp_path / "folder").mkdir()
    with pytest.raises(Failure):
        read_private(tmp_path / "folder")


@given(junk=st.binary(max_size=600))
def test_junk_is_never_a_wallet(tmp_path_factory: pytest.TempPathFactory, junk: bytes) -> None:
    folder = tmp_path_factory.mktemp("junk")
    write_private(folder / "anna.wallet", junk, replace=True)
    assert get_failure(folder).code is Exit.USAGE
