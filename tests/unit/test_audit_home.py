"""A node's home that was tampered with: every altered, added or missing record is named."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from msgspec.structs import replace

from chain.actions import Pay, Save
from chain.codec import encode
from chain.crypto import u64
from chain.kept import Head, read_head, read_rows
from chain.leveldb import LevelStore
from chain.store import MemoryStore, Store
from chain.tables import ACCOUNTS, CURRENT, MONEY, SAVINGS
from node.audit.findings import Check, Finding
from node.audit.run import Audit, Trust
from node.audit.source import SourceError, open_source
from node.home import Home, create_home, lock_home
from tests.community import PAI, Community, build_genesis, get_account_id

CLOCK = 2_000_000_000.0
EMMA = ACCOUNTS.prefix + get_account_id("emma")
FARID_SAVINGS = SAVINGS.prefix + get_account_id("farid")
STATE, BLOCK, CANON, HEAD = b"s", b"b", b"c", b"mhead"  # as docs/protocol.md lays the store out


def build_home(folder: Path) -> Home:
    genesis = build_genesis()
    home = create_home(folder, encode(genesis), "")
    store = LevelStore(home.chain)
    community = Community(genesis=genesis, store=store)
    for number in range(6):
        payment = community.sign("emma", Pay(get_account_id("hamit"), PAI, f"egg {number}"))
        saving = [community.sign("farid", Save(20 * PAI, 3))] if number == 2 else []
        community.extend([payment, *saving], after=2)
    store.close()
    return home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return build_home(tmp_path / "home")


def audit_home(home: Home) -> list[Finding]:
    with open_source(str(home.folder)) as source:
        run = Audit(source, Trust(), clock=CLOCK)
        for _ in run.run(MemoryStore()):
            pass
        return run.findings


def tamper(home: Home, change: Callable[[Store], Iterator[tuple[bytes, bytes | None]]]) -> None:
    store = LevelStore(home.chain)
    store.write(list(change(store)), durable=True)
    store.close()


def test_an_honest_home_is_clean(home: Home) -> None:
    assert audit_home(home) == []


def enrich_emma(store: Store) -> Iterator[tuple[bytes, bytes | None]]:
    data = store.get(STATE + EMMA)
    assert data is not None
    row = ACCOUNTS.codec.decode(data)
    yield STATE + EMMA, encode(replace(row, settlement=row.settlement + 100 * PAI))


def shorten_term(store: Store) -> Iterator[tuple[bytes, bytes | None]]:
    data = store.get(STATE + FARID_SAVINGS)
    assert data is not None
    row = SAVINGS.codec.decode(data)
    yield (
        STATE + FARID_SAVINGS,
        encode(replace(row, deposits=(replace(row.deposits[0], until_step=0),))),
    )


def mint_reserve(store: Store) -> Iterator[tuple[bytes, bytes | None]]:
    data = store.get(STATE + MONEY.prefix + CURRENT)
    assert data is not None
    row = MONEY.codec.decode(data)
    yield STATE + MONEY.prefix + CURRENT, encode(replace(row, reserve=row.reserve + 1, issued=7))


def drop_row(_store: Store) -> Iterator[tuple[bytes, bytes | None]]:
    yield STATE + EMMA, None


def add_row(store: Store) -> Iterator[tuple[bytes, bytes | None]]:
    yield STATE + ACCOUNTS.prefix + bytes(32), store.get(STATE + EMMA)


def add_unknown_table(_store: Store) -> Iterator[tuple[bytes, bytes | None]]:
    yield STATE + b"\xff" + bytes(4), b"\x01"


def scribble(_store: Store) -> Iterator[tuple[bytes, bytes | None]]:
    yield STATE + EMMA, b"\xc1\xc1"


class Tampering(NamedTuple):
    change: Callable[[Store], Iterator[tuple[bytes, bytes | None]]]
    table: str
    key: str
    words: str


TAMPERINGS = {
    "balance": Tampering(enrich_emma, "accounts", EMMA[1:].hex(), "differs in settlement"),
    "term": Tampering(shorten_term, "savings", FARID_SAVINGS[1:].hex(), "differs in deposits"),
    "funds": Tampering(mint_reserve, "money", CURRENT.hex(), "differs in issued, reserve"),
    "row dropped": Tampering(drop_row, "accounts", EMMA[1:].hex(), "a row is missing"),
    "row added": Tampering(add_row, "accounts", bytes(32).hex(), "no block has written"),
    "table added": Tampering(add_unknown_table, "ff", bytes(4).hex(), "no block has written"),
    "garbage": Tampering(scribble, "accounts", EMMA[1:].hex(), "cannot be read"),
}


@pytest.mark.parametrize("name", TAMPERINGS)
def test_a_tampered_row_is_named(home: Home, name: str) -> None:
    tampering = TAMPERINGS[name]
    tamper(home, tampering.change)
    found = audit_home(home)
    assert [(item.check, item.table, item.key) for item in found] == [
        (Check.STORED_ROW, tampering.table, tampering.key)
    ]
    assert tampering.words in found[0].detail


def test_a_tampered_balance_shows_both_figures(home: Home) -> None:
    store = LevelStore(home.chain)
    honest = ACCOUNTS.codec.decode(dict(read_rows(store))[EMMA]).settlement
    store.close()
    tamper(home, enrich_emma)
    (found,) = audit_home(home)
    assert found.expected == str(honest)
    assert found.found == str(honest + 100 * PAI)


def get_hash(store: Store, height: int) -> bytes:
    block_hash = store.get(CANON + u64(height))
    assert block_hash is not None
    return block_hash


def test_a_block_that_was_removed_is_named(home: Home) -> None:
    tamper(home, lambda store: iter([(BLOCK + get_hash(store, 3), None)]))
    found = audit_home(home)
    assert [(item.check, item.height) for item in found] == [(Check.ORDER, 3)]
    assert "6 blocks, but 3 is not kept" in found[0].detail


def test_a_block_that_was_altered_is_named(home: Home) -> None:
    def alter(store: Store) -> Iterator[tuple[bytes, bytes | None]]:
        key = BLOCK + get_hash(store, 4)
        data = store.get(key)
        assert data is not None
        yield key, data.replace(b"egg 3", b"egg 9")

    tamper(home, alter)
    found = audit_home(home)
    assert [(item.check, item.height, item.transaction) for item in found] == [(Check.BLOCK, 4, 0)]


def test_a_head_that_was_moved_is_named(home: Home) -> None:
    def move(store: Store) -> Iterator[tuple[bytes, bytes | None]]:
        head = read_head(store)
        assert head is not None
        yield HEAD, encode(Head(head.hash, head.height - 1, head.slot, head.score))

    tamper(home, move)
    found = audit_home(home)
    assert Check.HEAD in {item.check for item in found}
    assert Check.STORED_ROW in {item.check for item in found}  # the rows are those of the end


def test_two_blocks_of_one_seat_in_one_slot_are_evidence(home: Home) -> None:
    store = LevelStore(home.chain)
    community = Community(genesis=build_genesis(), store=store)
    head = community.ledger.undo()
    other, _ = community.build_block(
        [community.sign("emma", Pay(get_account_id("farid"), PAI, "other"))], after=2
    )
    assert other.header.slot == head.header.slot
    assert other.header.seat == head.header.seat
    community.ledger.keep_block(other)
    again = community.ledger.execute(head, community.checks)
    community.ledger.commit(again, head)
    store.close()
    found = audit_home(home)
    assert [item.check for item in found] == [Check.ONE_BLOCK_A_SLOT]
    assert found[0].seat == head.header.seat.hex()
    assert {found[0].expected, found[0].found} == {head.hash.hex(), other.hash.hex()}


def test_a_home_in_use_is_not_opened(home: Home) -> None:
    with (
        lock_home(home),
        pytest.raises(SourceError, match="another process uses"),
        open_source(str(home.folder)),
    ):
        pass


def test_a_folder_that_is_no_home_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no node's home"), open_source(str(tmp_path)):
        pass


def test_a_home_without_a_chain_is_refused(tmp_path: Path) -> None:
    home = create_home(tmp_path / "home", encode(build_genesis()), "")
    with pytest.raises(SourceError, match="no chain yet"), open_source(str(home.folder)):
        pass
