"""What a ledger promises of its store, on LevelDB and on its twin: forwards and backwards, pruned
and opened again, cut off at any byte or killed at any moment, it is the ledger of some whole block.
"""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from msgspec.structs import replace

import chain.state
from chain.actions import Action, ChangePolicy, Pay, RegisterSeat, Save, Withdraw
from chain.block import SealedBlock, decode_block
from chain.checks import DirectChecks
from chain.codec import encode
from chain.crypto import u64
from chain.errors import Code, Invalid
from chain.genesis import GENESIS_VERSION, Genesis
from chain.kept import INDEX, read_rows
from chain.ledger import Ledger
from chain.leveldb import LevelStore
from chain.merkle import verify_proof
from chain.rules.transactions import process_transaction
from chain.store import MemoryStore, Store, StoreError
from chain.tables import ACCOUNTS, CURRENT, RANDOMNESS
from chain.transaction import SealedTransaction
from tests.community import (
    CONSTANTS,
    PAI,
    Community,
    build_genesis,
    build_seat_keys,
    get_account_id,
    get_policy,
)
from tests.contract.ledger_import import write_chain

Open = Callable[[str], Store]
NAMES = ("ann", "boris", "emma", "farid", "galina", "hamit")
NEWCOMERS = ("ilya", "jamila", "kamil")
# Two epochs are the shortest life of a transaction that a genesis may have.
SHORT = replace(CONSTANTS, transaction_life_slots=2 * CONSTANTS.slots_per_epoch)


@pytest.fixture(params=("memory", "leveldb"))
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    """Opens stores by name; the same name is the same store."""
    kept: dict[str, Store] = {}

    def open_one(name: str) -> Store:
        if request.param == "memory":
            return kept.setdefault(name, MemoryStore())
        if name in kept:
            kept[name].close()
        kept[name] = LevelStore(tmp_path / name)
        return kept[name]

    return open_one


def draw_action(community: Community, drawn: Random, name: str) -> Action:
    match drawn.randrange(9):
        case 0:
            return Save(drawn.randrange(1, 30) * PAI, drawn.randrange(3, 9))
        case 1:
            return Withdraw(drawn.randrange(4), drawn.randrange(1, 3) * PAI)
        case 2:
            other = drawn.choice((name, f"2:{name}+{drawn.choice(NEWCOMERS)}+zoya"))
            return ChangePolicy(get_policy(other))
        case 3:
            return RegisterSeat(build_seat_keys(name, chain=community.chain))
        case _:
            receiver = get_account_id(drawn.choice(NAMES + NEWCOMERS))
            return Pay(receiver, drawn.randrange(1, 60 * PAI), drawn.choice(("", "bread")))


def draw_transactions(community: Community, drawn: Random) -> list[SealedTransaction]:
    """A few transactions that the next block may carry."""
    ledger = community.ledger
    view, context = ledger.open_view(), ledger.get_context(ledger.head.slot + 1)
    chosen = []
    for name in drawn.sample(NAMES, drawn.randrange(4)):
        sealed = community.sign(name, draw_action(community, drawn, name), fee_max=PAI)
        try:
            process_transaction(view, context, sealed, community.checks)
        except Invalid:
            continue
        chosen.append(sealed)
    return chosen


def grow(community: Community, drawn: Random, count: int) -> list[SealedBlock]:
    """Blocks on top of the head, with whatever members may do, and with gaps."""
    blocks = []
    for _ in range(count):
        after = drawn.choice((1, 1, 1, 2, 7, 25))
        try:
            blocks.append(community.extend(draw_transactions(community, drawn), after=after))
        except Invalid:  # something melted, or expired, in the slots that were skipped
            blocks.append(community.extend(after=after))
    return blocks


def take_in(ledger: Ledger, blocks: list[SealedBlock]) -> None:
    for block in blocks:
        ledger.commit(ledger.execute(block, DirectChecks()), block, durable=False)


def dump(ledger: Ledger) -> dict[bytes, bytes]:
    """All that a store holds, without blocks of other branches."""
    ledger.drop_blocks_aside(list(ledger.get_blocks_aside()))
    return dict(ledger.store.items(b""))


def check_derived(ledger: Ledger) -> None:
    """What lives in memory is what opening the store anew would make of it."""
    copy = MemoryStore()
    copy.write(ledger.store.items(b""), durable=False)
    again = Ledger(copy, ledger.genesis)
    assert (again.head, again.root) == (ledger.head, ledger.root)
    everything = 10_000
    assert again.queue.get_first(everything, 10**9) == ledger.queue.get_first(everything, 10**9)
    for key, row in read_rows(ledger.store):
        kept = ledger.state.get_table(key[:1]).get(key[1:])
        assert kept is not None
        assert encode(kept) == row


@pytest.mark.parametrize("seed", range(4))
def test_another_branch_leaves_the_store_of_a_straight_build(open_store: Open, seed: int) -> None:
    drawn = Random(seed)
    community = Community(store=open_store("crooked"))
    ledger = community.ledger
    grow(community, drawn, drawn.randrange(1, 20))
    for _ in range(4):
        for _ in range(drawn.randrange(1, ledger.head.height + 1)):
            ledger.undo()
        grow(community, drawn, drawn.randrange(1, 12))
    check_derived(ledger)
    straight = Ledger(open_store("straight"), community.genesis)
    take_in(straight, list(ledger.get_blocks()))
    assert straight.head == ledger.head
    assert straight.root == ledger.root
    assert dump(straight) == dump(ledger), f"seed {seed}"


def test_undoing_everything_leaves_the_store_of_the_genesis(open_store: Open) -> None:
    community = Community(store=open_store("one"))
    founded = dump(community.ledger)
    root = community.ledger.root
    blocks = grow(community, Random(5), 12)
    undone = [community.ledger.undo() for _ in blocks]
    assert undone == blocks[::-1]
    assert community.ledger.root == root
    assert dump(community.ledger) == founded
    check_derived(community.ledger)


def test_a_reopened_ledger_goes_on_as_if_nothing_had_been(open_store: Open) -> None:
    community = Community(store=open_store("one"))
    grow(community, Random(6), 8)
    before = dump(community.ledger)
    reopened = Ledger(open_store("one"), community.genesis)
    assert dump(reopened) == before
    check_derived(reopened)
    community.store = reopened.store
    community.ledger = reopened
    more = grow(community, Random(7), 5)
    assert [block.header.height for block in more] == [9, 10, 11, 12, 13]
    for _ in range(13):
        reopened.undo()
    assert reopened.root == Community(community.genesis).ledger.root


def test_a_store_of_other_rules_or_of_another_community_is_refused(open_store: Open) -> None:
    community = Community(store=open_store("one"))
    encoded = encode(community.genesis)
    store = community.ledger.store
    key = next(key for key, row in store.items(b"m") if row == encoded)
    with pytest.raises(StoreError, match="another community"):
        Ledger(store, replace(community.genesis, name="Elsewhere"))
    # The version is the first field, right behind the array's length.
    store.write([(key, encoded[:1] + b"\x01" + encoded[2:])], durable=True)
    told = rf"other rules \(version 1, known here: {GENESIS_VERSION}\): install"
    with pytest.raises(StoreError, match=told):
        Ledger(store, community.genesis)
    store.write([(key, encoded[:-1])], durable=True)
    with pytest.raises(StoreError, match="genesis cannot be read: restore"):
        Ledger(store, community.genesis)


def test_undo_records_last_as_long_as_transactions_live(open_store: Open) -> None:
    community = Community(build_genesis(constants=SHORT), store=open_store("one"))
    ledger = community.ledger
    life = SHORT.transaction_life_slots
    for _ in range(life + 6):
        community.extend()
    assert len(list(ledger.store.items(b"u"))) == life
    assert ledger.can_return_to(ledger.head.height)
    assert ledger.can_return_to(6)
    assert not ledger.can_return_to(5)
    while ledger.head.height > 6:
        ledger.undo()
    before = dump(ledger)
    with pytest.raises(StoreError, match="block 6 is too old"):
        ledger.undo()
    assert dump(ledger) == before


def test_blocks_of_other_branches_are_kept_until_they_are_dropped(open_store: Open) -> None:
    community = Community(store=open_store("one"))
    ledger = community.ledger
    common = community.extend()
    left = community.extend()
    ledger.undo()
    assert list(ledger.get_blocks_aside()) == [(2, left.hash)]
    right = community.extend(after=30)
    stray = Community(community.genesis).extend(after=9)
    ledger.keep_block(stray)
    assert sorted(ledger.get_blocks_aside()) == sorted([(1, stray.hash), (2, left.hash)])
    assert ledger.get_block(left.hash) == left
    assert ledger.get_block(stray.hash) == stray
    assert list(ledger.get_blocks()) == [common, right]
    ledger.drop_blocks_aside([(2, left.hash)])
    assert ledger.get_block(left.hash) is None
    assert list(ledger.get_blocks_aside()) == [(1, stray.hash)]


def test_a_block_put_aside_and_followed_later_is_aside_no_more(open_store: Open) -> None:
    community = Community(store=open_store("one"))
    block, execution = community.build_block()
    community.ledger.keep_block(block)
    community.ledger.commit(execution, block)
    assert list(community.ledger.get_blocks_aside()) == []
    assert community.ledger.get_block(block.hash) == block


def test_what_a_node_derives_comes_and_goes_with_the_block(open_store: Open) -> None:
    community = Community(store=open_store("one"))
    block, execution = community.build_block()
    community.ledger.commit(execution, block, index=[(INDEX + b"place", b"1")])
    assert community.ledger.store.get(INDEX + b"place") == b"1"
    community.ledger.undo(index=[(INDEX + b"place", None)])
    assert community.ledger.store.get(INDEX + b"place") is None


def test_executing_changes_nothing_until_it_is_committed(open_store: Open) -> None:
    community = Community(store=open_store("one"))
    grow(community, Random(8), 4)
    ledger = community.ledger
    before, root = dump(ledger), ledger.root
    block, _ = community.build_block([community.sign("emma", Pay(get_account_id("ann"), PAI, ""))])
    ledger.execute(block, DirectChecks())
    spoilt = replace(block.block, signature=bytes(64))
    with pytest.raises(Invalid) as refusal:
        ledger.execute(decode_block(encode(spoilt)), DirectChecks())
    assert refusal.value.code is Code.BAD_HEADER_SIGNATURE
    assert (dump(ledger), ledger.root) == (before, root)
    check_derived(ledger)


def test_a_block_executed_before_a_detour_can_be_committed_after_it(open_store: Open) -> None:
    community = Community(store=open_store("one"))
    ledger = community.ledger
    payment = community.sign("emma", Pay(get_account_id("ilya"), 3 * PAI, ""))
    block, execution = community.build_block([payment])
    # Accounts are born and forgotten: the tree parts and folds where the first block wrote.
    born = [Pay(get_account_id(f"passer-by {index}"), PAI, "") for index in range(60)]
    community.extend([community.sign("emma", *born, fee_max=9 * PAI)])
    ledger.undo()
    ledger.commit(execution, block)
    assert ledger.root == block.header.state_root
    check_derived(ledger)


def test_rows_and_gaps_are_proved_under_the_heads_root(open_store: Open) -> None:
    community = Community(store=open_store("one"))
    grow(community, Random(9), 6)
    ledger = community.ledger
    for name in (*NAMES, "nobody", "no one", "none"):
        key = ACCOUNTS.prefix + get_account_id(name)
        row, proof = ledger.prove(key)
        assert (row is None) == (ledger.state.accounts.get(key[1:]) is None)
        assert verify_proof(ledger.root, key, row, proof)
        assert not verify_proof(ledger.root, key, None if row else b"row", proof)


def test_another_communitys_store_is_refused(open_store: Open) -> None:
    Community(store=open_store("one"))
    with pytest.raises(StoreError, match="another community"):
        Ledger(open_store("one"), build_genesis(balance=7 * PAI))


def test_a_store_that_lost_a_block_or_a_row_is_refused(open_store: Open) -> None:
    community = Community(store=open_store("one"))
    grow(community, Random(10), 9)
    whole = dict(community.store.items(b""))
    randomness = b"s" + RANDOMNESS.prefix + CURRENT
    for key in (b"c" + u64(4), b"c" + u64(9), randomness, b"b" + community.ledger.head.hash):
        damaged = MemoryStore()
        damaged.write([*whole.items(), (key, None)], durable=False)
        with pytest.raises(StoreError, match="damaged"):
            Ledger(damaged, community.genesis)


def test_few_rows_in_memory_give_the_same_chain(monkeypatch: pytest.MonkeyPatch) -> None:
    plenty = Community()
    grow(plenty, Random(11), 25)
    monkeypatch.setattr(chain.state, "ROWS_KEPT_MAX", 3)
    scarce = Community()
    assert grow(scarce, Random(11), 25)[-1] == list(plenty.ledger.get_blocks())[-1]
    assert dump(scarce.ledger) == dump(plenty.ledger)
    table = scarce.ledger.state.accounts
    assert len(table._rows) + len(table._older) <= 3 * 3


# A disk alone can be cut off.


def build_long_chain(blocks: int) -> tuple[Genesis, list[SealedBlock], list[bytes]]:
    """A chain, and the roots after each of its blocks."""
    community = Community()
    made, roots = [], [community.ledger.root]
    drawn = Random(12)
    for _ in range(blocks):
        made += grow(community, drawn, 1)
        roots.append(community.ledger.root)
    return community.genesis, made, roots


def check_cut(
    folder: Path, genesis: Genesis, blocks: list[SealedBlock], roots: list[bytes]
) -> int | None:
    """The height a store came back at, whole, and able to go on to the end; None: refused."""
    store = LevelStore(folder)
    try:
        ledger = Ledger(store, genesis)
        height = ledger.head.height
        assert ledger.root == roots[height]
        assert [block.hash for block in ledger.get_blocks()] == [
            block.hash for block in blocks[:height]
        ]
        take_in(ledger, blocks[height:])
        assert ledger.root == roots[-1]
    except StoreError:
        return None
    finally:
        store.close()
    return height


def test_a_log_cut_at_any_byte_leaves_the_last_whole_block(tmp_path: Path) -> None:
    genesis, blocks, roots = build_long_chain(12)
    store = LevelStore(tmp_path / "whole")
    take_in(Ledger(store, genesis), blocks)
    store.close()
    (log,) = (tmp_path / "whole").glob("*.log")
    data = log.read_bytes()
    heights = []
    for length in range(len(data), 0, -997):
        shutil.copytree(tmp_path / "whole", tmp_path / "cut")
        (tmp_path / "cut" / log.name).write_bytes(data[:length])
        heights.append(check_cut(tmp_path / "cut", genesis, blocks, roots))
        shutil.rmtree(tmp_path / "cut")
    assert None not in heights, "a cut log is no damage"
    assert heights == sorted(heights, key=lambda height: -(height or 0))
    assert set(heights) == set(range(len(blocks) + 1))


def test_a_bad_byte_in_the_log_leaves_a_whole_block_or_is_refused(tmp_path: Path) -> None:
    """Never a chain with a hole in it: LevelDB itself would go on behind the damage."""
    genesis, blocks, roots = build_long_chain(30)
    store = LevelStore(tmp_path / "whole")
    take_in(Ledger(store, genesis), blocks)
    store.close()
    (log,) = (tmp_path / "whole").glob("*.log")
    data = log.read_bytes()
    heights = []
    for place in range(len(data) - 3, 0, -2_999):
        shutil.copytree(tmp_path / "whole", tmp_path / "bad")
        spoilt = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        (tmp_path / "bad" / log.name).write_bytes(spoilt)
        heights.append(check_cut(tmp_path / "bad", genesis, blocks, roots))
        shutil.rmtree(tmp_path / "bad")
    assert heights[0] == len(blocks) - 1, "the last record was bad, and all before it is there"
    assert None in heights, "some damage lay in the middle, with whole records behind it"


def test_killed_at_any_moment_of_an_import_it_is_the_ledger_of_some_block(tmp_path: Path) -> None:
    genesis, blocks, roots = build_long_chain(60)
    write_chain(tmp_path / "chain", (encode(genesis), [block.whole_bytes for block in blocks]))
    drawn = Random(13)
    reached = 0
    while reached < len(blocks):
        command = [sys.executable, "-m", "tests.contract.ledger_import"]
        command += [str(tmp_path / "store"), str(tmp_path / "chain")]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            told = reached
            for _ in range(drawn.randrange(1, 20)):
                line = child.stdout.readline()
                told = int(line) if line else told
            child.kill()
        store = LevelStore(tmp_path / "store")
        ledger = Ledger(store, genesis)
        reached = ledger.head.height
        assert reached >= told, "what was committed is there: the disk of the machine runs on"
        assert ledger.root == roots[reached]
        assert [block.hash for block in ledger.get_blocks()] == [
            block.hash for block in blocks[:reached]
        ]
        store.close()
