"""What every store promises, tried on LevelDB and on its twin in memory; and what only a disk can
break: folders in use, logs cut short, bytes gone bad.
"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from chain.leveldb import LevelStore
from chain.store import MemoryStore, Store, StoreError

TWINS: dict[str, Callable[[Path], Store]] = {
    "memory": lambda _: MemoryStore(),
    "leveldb": lambda folder: LevelStore(folder / "store"),
}


@pytest.fixture(params=TWINS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    made = TWINS[request.param](tmp_path)
    yield made
    made.close()


def put(store: Store, *pairs: tuple[bytes, bytes | None]) -> None:
    store.write(pairs, durable=False)


def test_what_was_put_is_there_until_it_is_deleted(store: Store) -> None:
    assert store.get(b"key") is None
    put(store, (b"key", b"value"), (b"empty", b""))
    assert store.get(b"key") == b"value"
    assert store.get(b"empty") == b""
    put(store, (b"key", None), (b"never was", None))
    assert store.get(b"key") is None
    assert list(store.items(b"")) == [(b"empty", b"")]


def test_a_durable_batch_is_a_batch_and_may_be_empty(store: Store) -> None:
    store.write([(b"key", b"value")], durable=True)
    store.write((), durable=True)
    assert list(store.items(b"")) == [(b"key", b"value")]


def test_the_last_word_on_a_key_counts(store: Store) -> None:
    put(store, (b"a", b"1"), (b"a", b"2"), (b"b", b"1"), (b"b", None), (b"c", None), (b"c", b"3"))
    assert list(store.items(b"")) == [(b"a", b"2"), (b"c", b"3")]


def test_items_come_in_byte_order_and_end_with_their_prefix(store: Store) -> None:
    keys = [b"", b"a", b"a\x00", b"a\xff", b"a\xff\xff", b"b", b"\xff", b"\xff\xff"]
    put(store, *[(key, b"row") for key in reversed(keys)])
    assert [key for key, _ in store.items(b"")] == keys
    assert [key for key, _ in store.items(b"a")] == keys[1:5]
    assert [key for key, _ in store.items(b"\xff")] == keys[6:]
    assert list(store.items(b"c")) == []


def test_items_may_start_further_on(store: Store) -> None:
    put(store, *[(b"p" + bytes([index]), b"row") for index in range(10)], (b"q", b"row"))
    assert [key[1] for key, _ in store.items(b"p", start=b"\x07")] == [7, 8, 9]
    assert list(store.items(b"p", start=b"\x0a")) == []


def test_items_are_as_of_when_they_were_asked_for(store: Store) -> None:
    put(store, (b"a", b"1"), (b"b", b"1"))
    items = store.items(b"")
    put(store, (b"a", None), (b"b", b"2"), (b"c", b"2"))
    assert list(items) == [(b"a", b"1"), (b"b", b"1")]


def test_a_batch_that_cannot_be_made_writes_nothing(store: Store) -> None:
    put(store, (b"kept", b"1"))

    def fail_half_way() -> Iterator[tuple[bytes, bytes | None]]:
        yield b"new", b"1"
        yield b"kept", None
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store.write(fail_half_way(), durable=False)
    assert list(store.items(b"")) == [(b"kept", b"1")]


@pytest.mark.parametrize("seed", range(3))
def test_a_store_is_a_sorted_dictionary(store: Store, seed: int) -> None:
    drawn = Random(seed)
    plain: dict[bytes, bytes] = {}
    for _ in range(60):
        batch: list[tuple[bytes, bytes | None]] = []
        for _ in range(drawn.randrange(12)):
            value = None if drawn.random() < 0.3 else drawn.randbytes(drawn.randrange(40))
            batch.append((drawn.randbytes(drawn.choice((1, 1, 2))), value))
        store.write(batch, durable=drawn.random() < 0.1)
        for key, value in batch:
            if value is None:
                plain.pop(key, None)
            else:
                plain[key] = value
        prefix = drawn.randbytes(drawn.choice((0, 1)))
        expected = sorted(item for item in plain.items() if item[0].startswith(prefix))
        assert list(store.items(prefix)) == expected, f"seed {seed}"
        assert store.get(prefix) == plain.get(prefix), f"seed {seed}"


# LevelDB alone.


def test_a_folder_opens_again_with_all_it_held(tmp_path: Path) -> None:
    for turn in range(3):
        store = LevelStore(tmp_path / "deep" / "store")
        put(store, (b"turn %d" % turn, b"row"))
        assert len(list(store.items(b""))) == turn + 1
        store.close()


def test_a_reader_is_told_that_another_has_closed_the_store(tmp_path: Path) -> None:
    store = LevelStore(tmp_path / "store")
    store.write([(b"a", b"1"), (b"b", b"2")], durable=False)
    reading = store.items(b"")
    assert next(reading) == (b"a", b"1")
    store.close()
    for read in (lambda: store.get(b"a"), lambda: next(reading), lambda: store.items(b"")):
        with pytest.raises(StoreError, match="has been closed"):
            read()


def test_a_folder_in_use_is_refused(tmp_path: Path) -> None:
    store = LevelStore(tmp_path / "store")
    with pytest.raises(StoreError, match="another process uses it"):
        LevelStore(tmp_path / "store")
    store.close()
    LevelStore(tmp_path / "store").close()


def test_a_file_in_the_folders_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("not a folder")
    with pytest.raises(StoreError, match="cannot open"):
        LevelStore(tmp_path / "store")


def test_a_folder_that_lost_its_register_is_refused(tmp_path: Path) -> None:
    LevelStore(tmp_path / "store").close()
    (tmp_path / "store" / "CURRENT").write_text("rubbish\n")
    with pytest.raises(StoreError):
        LevelStore(tmp_path / "store")


def test_a_damaged_table_is_told_as_such(tmp_path: Path) -> None:
    store = LevelStore(tmp_path / "store")
    put(store, *[(b"%d" % index, Random(index).randbytes(100)) for index in range(2_000)])
    store.close()
    LevelStore(tmp_path / "store").close()  # what was in the log goes to a table
    for table in (tmp_path / "store").glob("*.ldb"):
        data = bytearray(table.read_bytes())
        data[len(data) // 2 :] = bytes(len(data) - len(data) // 2)
        table.write_bytes(data)
    with pytest.raises(StoreError, match=r"restore it or sync anew \(Corruption: "):
        list(LevelStore(tmp_path / "store").items(b""))


BATCHES = 40
ROWS_OF_A_BATCH = 6


def write_batches(folder: Path) -> Path:
    """Numbered batches in a store whose log still holds them all; returns the log."""
    store = LevelStore(folder)
    for batch in range(BATCHES):
        rows = [(b"%03d/%d" % (batch, row), b"x" * 50) for row in range(ROWS_OF_A_BATCH)]
        store.write(rows, durable=False)
    store.close()
    (log,) = folder.glob("*.log")
    return log


def find_batches(folder: Path) -> list[int]:
    """The batches a store still holds, each of them whole."""
    store = LevelStore(folder)
    rows = [key.split(b"/") for key, _ in store.items(b"")]
    store.close()
    found = sorted({int(batch) for batch, _ in rows})
    assert len(rows) == ROWS_OF_A_BATCH * len(found), "a batch came back in part"
    return found


def test_a_log_cut_anywhere_leaves_the_first_batches_whole(tmp_path: Path) -> None:
    log = write_batches(tmp_path / "store")
    data = log.read_bytes()
    lengths = set()
    for length in range(len(data), -1, -211):
        folder = tmp_path / "cut"
        shutil.copytree(tmp_path / "store", folder)
        (folder / log.name).write_bytes(data[:length])
        found = find_batches(folder)
        assert found == list(range(len(found))), f"cut to {length} bytes"
        lengths.add(len(found))
        shutil.rmtree(folder)
    assert lengths == set(range(BATCHES + 1)), "every number of batches was met"


def test_a_log_with_a_bad_byte_leaves_whole_batches(tmp_path: Path) -> None:
    """Which are left depends on where; the ledger sees to it that none is missing in between."""
    log = write_batches(tmp_path / "store")
    data = log.read_bytes()
    for place in range(5, len(data), 1_013):
        folder = tmp_path / "bad"
        shutil.copytree(tmp_path / "store", folder)
        (folder / log.name).write_bytes(
            data[:place] + bytes([data[place] ^ 255]) + data[place + 1 :]
        )
        assert len(find_batches(folder)) < BATCHES
        shutil.rmtree(folder)
