"""Whatever is changed, the auditor finds: each field of each kind of record, one after the other.

Invariant: no field of a block, of a genesis or of a stored row can take another value, in an
export or in a home, without a finding; and a row's finding names its table, key and field.
"""

from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import msgspec
import pytest

from chain.actions import Pay, Save
from chain.block import decode_block
from chain.codec import encode
from chain.errors import Invalid
from chain.genesis import GENESIS_CODEC
from chain.leveldb import LevelStore
from chain.store import MemoryStore
from node.audit.compare import TABLES
from node.audit.findings import Check, Finding
from node.audit.run import Audit, Trust
from node.audit.source import Source, open_source
from node.home import Home, create_home
from tests.community import PAI, Community, build_genesis, get_account_id

CLOCK = 2_000_000_000.0
STATE = b"s"
Path_ = tuple[int, ...]


def build_chain(community: Community) -> Community:
    for number in range(4):
        payment = community.sign("emma", Pay(get_account_id("hamit"), PAI, f"egg {number}"))
        saving = [community.sign("farid", Save(20 * PAI, 3))] if number == 2 else []
        community.extend([payment, *saving], after=2)
    return community


@pytest.fixture(scope="module")
def community() -> Community:
    return build_chain(Community())


def find_leaves(value: Any, path: Path_ = ()) -> Iterator[Path_]:
    """Where the plain values of a decoded record lie."""
    if isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from find_leaves(item, (*path, index))
    else:
        yield path


def change(value: Any, path: Path_) -> Any:
    """The same with another value in one place, of the same kind as far as there is another."""
    if path:
        copy = deepcopy(value)
        copy[path[0]] = change(copy[path[0]], path[1:])
        return copy
    other: Any = [value]
    match value:
        case bool():
            other = not value
        case int():
            other = value + 1
        case bytes():
            other = value[:-1] + bytes([value[-1] ^ 1]) if value else b"\x01"
        case str():
            other = value + "x"
        case None:
            other = bytes(32)
    return other


def encode_plain(value: Any) -> bytes:
    return msgspec.msgpack.encode(value)


def audit(source: Source, trust: Trust = Trust()) -> list[Finding]:  # noqa: B008 - it is frozen
    run = Audit(source, trust, clock=CLOCK)
    for _ in run.run(MemoryStore()):
        pass
    return run.findings


def audit_blocks(community: Community, blocks: list[bytes]) -> list[Finding]:
    return audit(Source("export", community.genesis, iter(blocks), None, None, None))


def test_no_field_of_a_block_can_be_changed_unseen(community: Community) -> None:
    blocks = [block.whole_bytes for block in community.ledger.get_blocks()]
    assert audit_blocks(community, blocks) == []
    plain = msgspec.msgpack.decode(blocks[2])
    leaves = list(find_leaves(plain))
    assert len(leaves) > 40
    for path in leaves:
        data = encode_plain(change(plain, path))
        assert data != blocks[2]
        found = audit_blocks(community, [*blocks[:2], data, *blocks[3:]])
        assert found, path
        assert found[0].height == 3 or is_another_height(data), path


def is_another_height(data: bytes) -> bool:
    try:
        return decode_block(data).header.height != 3
    except Invalid:
        return False


def test_no_field_of_a_genesis_can_be_changed_unseen(community: Community) -> None:
    blocks = [block.whole_bytes for block in community.ledger.get_blocks()]
    plain = msgspec.msgpack.decode(encode(community.genesis))
    leaves = list(find_leaves(plain))
    assert len(leaves) > 150
    readable = 0
    for path in leaves:
        try:
            genesis = GENESIS_CODEC.decode(encode_plain(change(plain, path)))
        except Invalid:
            continue  # the source is not even opened
        readable += 1
        source = Source("export", genesis, iter(blocks), None, None, None)
        found = audit(source, Trust(genesis=community.genesis))
        assert [item.check for item in found[:1]] == [Check.GENESIS], path
        unaware = Source("export", genesis, iter(blocks), None, None, None)
        assert audit(unaware)[0].check in (Check.GENESIS, Check.ORDER), path
    assert readable > 100


@pytest.fixture
def home(tmp_path: Path) -> Home:
    genesis = build_genesis()
    home = create_home(tmp_path / "home", encode(genesis), "")
    store = LevelStore(home.chain)
    build_chain(Community(genesis=genesis, store=store))
    store.close()
    return home


def audit_home(home: Home) -> list[Finding]:
    with open_source(str(home.folder)) as source:
        return audit(source)


def read_kinds(home: Home) -> dict[bytes, tuple[bytes, bytes]]:
    """One stored row of each table."""
    store = LevelStore(home.chain)
    rows = {key[1:2]: (key, data) for key, data in store.items(STATE)}
    store.close()
    return rows


def write(home: Home, key: bytes, data: bytes) -> None:
    store = LevelStore(home.chain)
    store.write([(key, data)], durable=True)
    store.close()


def test_no_field_of_a_stored_row_can_be_changed_unseen(home: Home) -> None:
    assert audit_home(home) == []
    kinds = read_kinds(home)
    assert len(kinds) >= 11
    for prefix, (key, data) in kinds.items():
        row_type = TABLES[prefix].row_type
        for path in find_leaves(msgspec.msgpack.decode(data)):
            write(home, key, encode_plain(change(msgspec.msgpack.decode(data), path)))
            found = audit_home(home)
            stored = [item for item in found if item.check is Check.STORED_ROW]
            assert [(item.table, item.key) for item in stored] == [
                (TABLES[prefix].name, key[2:].hex())
            ], (prefix, path)
            field = row_type.__struct_fields__[path[0]]
            assert stored[0].detail in (f"a row differs in {field}", "a row cannot be read")
        write(home, key, data)
    assert audit_home(home) == []


@pytest.mark.parametrize("place", range(4))
def test_no_field_of_a_stored_head_can_be_changed_unseen(home: Home, place: int) -> None:
    store = LevelStore(home.chain)
    data = store.get(b"mhead")
    assert data is not None
    store.close()
    write(home, b"mhead", encode_plain(change(msgspec.msgpack.decode(data), (place,))))
    found = audit_home(home)
    assert found
    assert found[0].check in (Check.HEAD, Check.ORDER)


def test_another_genesis_in_the_home_is_named(home: Home) -> None:
    home.genesis.write_bytes(encode(msgspec.structs.replace(build_genesis(), name="Other")))
    assert [item.check for item in audit_home(home)] == [Check.GENESIS]
