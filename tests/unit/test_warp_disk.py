"""Snapshots on real disks: kill -9 half way leaves a clean home, and a shelf outlives its chain."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from chain.checks import DirectChecks
from chain.codec import encode
from chain.genesis import GENESIS_CODEC
from chain.leveldb import LevelStore
from chain.snapshot import Part
from node.chainkeeper import ChainKeeper
from node.founding import build_genesis_checkpoint
from node.ops.snapshot import open_snapshot, take_snapshot, write_snapshot
from node.shelves import Shelves, find_target
from node.stores import FolderStores
from tests.certified import FinalChain
from tests.community import Community

BLOCKS = 40
FINAL = 39
PARTS_BEFORE_DEATH = 3


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home's folder with a chain, a snapshot of it in a file, and the genesis."""
    made = tmp_path_factory.mktemp("server")
    community = Community()
    keeper = ChainKeeper(FolderStores(made / "chain").open(), community.genesis, DirectChecks())
    chain = FinalChain(community)
    for _ in range(BLOCKS + 1):
        keeper.extend(chain.extend(), durable=False)
    write_snapshot(keeper.ledger.store, made / "snapshot", lambda _: None)
    keeper.ledger.store.close()
    (made / "genesis").write_bytes(encode(community.genesis))
    return made


def take_and_die(server: Path, home: Path, where: str) -> None:
    """Runs in a process of its own: takes some parts, and is killed."""
    genesis = GENESIS_CODEC.decode((server / "genesis").read_bytes())
    stores = FolderStores(home / "chain")
    if where == "next":
        stores.open().close()
    store = stores.open_first() if where == "first" else stores.open_next()
    taken = 0

    def count(_: int) -> None:
        nonlocal taken
        taken += 1
        if taken == PARTS_BEFORE_DEATH:
            os.kill(os.getpid(), signal.SIGKILL)

    with open_snapshot(server / "snapshot") as opened:
        trusted = build_genesis_checkpoint(genesis)
        take_snapshot(store, genesis, trusted, opened, DirectChecks(), count)


@pytest.mark.parametrize("where", ["first", "next"])
def test_kill_while_a_snapshot_is_taken_leaves_a_clean_home(
    folder: Path, tmp_path: Path, where: str
) -> None:
    code = (
        "import sys; from pathlib import Path; from tests.unit.test_warp_disk import take_and_die; "
        "take_and_die(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])"
    )
    died = subprocess.run([sys.executable, "-c", code, folder, tmp_path, where], check=False)
    assert died.returncode == -signal.SIGKILL
    assert (tmp_path / f"chain.{where}").exists()
    genesis = GENESIS_CODEC.decode((folder / "genesis").read_bytes())
    stores = FolderStores(tmp_path / "chain")
    store = stores.open()
    assert ChainKeeper(store, genesis, DirectChecks()).ledger.head.height == 0
    store.close()
    assert [path.name for path in tmp_path.iterdir()] == ["chain"]


def test_a_shelf_is_found_again_and_an_unfinished_one_cleared_away(folder: Path) -> None:
    genesis = GENESIS_CODEC.decode((folder / "genesis").read_bytes())
    stores = FolderStores(folder / "chain")
    store = stores.open()
    ledger = ChainKeeper(store, genesis, DirectChecks()).ledger
    target = find_target(ledger)
    assert target is not None
    shelves = Shelves(stores)
    pieces = shelves.lay_out(ledger, target)
    next(pieces)
    half = stores.list_shelves()
    assert len(half) == 1
    pieces.close()  # the node stops half way
    assert stores.list_shelves() == []
    for _ in shelves.lay_out(ledger, target):
        pass
    shelves.close()
    stores.open_shelf("00000000000000000099-dead").close()  # as kill -9 leaves one
    again = Shelves(stores)
    assert len(stores.list_shelves()) == 1
    outline = again.get_outline()
    assert outline is not None
    assert outline.target == target
    parts = [again.get_part(ledger.get_hash(FINAL) or b"", digit) for digit in "0123456789abcdef"]
    rows = [row for part in parts if isinstance(part, Part) for row in part.rows]
    assert len(rows) > len(genesis.accounts)
    assert again.get_part(bytes(32), "0") is None
    again.close()
    store.close()


def test_a_shelf_is_given_up_when_its_chain_is_closed(folder: Path, tmp_path: Path) -> None:
    """As when another chain takes the place of ours while a snapshot is laid out."""
    genesis = GENESIS_CODEC.decode((folder / "genesis").read_bytes())
    store = LevelStore(folder / "chain")
    ledger = ChainKeeper(store, genesis, DirectChecks()).ledger
    target = find_target(ledger)
    assert target is not None
    stores = FolderStores(tmp_path / "chain")
    shelves = Shelves(stores)
    pieces = shelves.lay_out(ledger, target)
    next(pieces)
    store.close()
    pieces.close()
    assert stores.list_shelves() == []
    shelves.close()
