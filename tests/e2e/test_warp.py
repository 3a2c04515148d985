"""A new server reaches a long chain's head in seconds, from a checkpoint and another's snapshot.

Then it fetches the blocks before, killed on the way, until it has and can do what the other can.
"""

import signal
import time
from pathlib import Path

import pytest
from msgspec.structs import replace

from chain.address import encode_address
from chain.checks import DirectChecks
from chain.codec import encode
from chain.genesis import Genesis
from node.chainkeeper import ChainKeeper
from node.config import build_config
from node.home import create_home
from node.stores import FolderStores
from tests.bench.town import TrustingChecks
from tests.certified import FinalChain
from tests.community import Community, build_genesis, get_account_id
from tests.e2e.process_world import open_node, run

BLOCKS = 2_200
WARP_BLOCKS = 1_000
EMMA = encode_address("pai", get_account_id("emma"))

pytestmark = pytest.mark.slow


def keep_chain(folder: Path) -> tuple[Genesis, Path, str]:
    """A server's home with a long chain; nobody makes blocks any more. Also the head's hash."""
    genesis = replace(build_genesis(), genesis_time=int(time.time()) - BLOCKS - 60)
    (folder / "genesis").write_bytes(encode(genesis))
    home = create_home(folder / "server", encode(genesis), build_config(lambda _: ""))
    keeper = ChainKeeper(FolderStores(home.chain).open(), genesis, DirectChecks())
    community = Community(genesis, checks=TrustingChecks())
    community.ledger = keeper.ledger
    chain = FinalChain(community, keeper)
    for _ in range(BLOCKS):
        chain.extend()
    keeper.ledger.store.close()
    return genesis, home.folder, keeper.ledger.head.hash.hex()


async def test_a_new_server_begins_with_a_checkpoint_and_a_snapshot(tmp_path: Path) -> None:
    _, server_home, head = keep_chain(tmp_path)
    point, home = tmp_path / "checkpoint", tmp_path / "new"
    init = ("node", "init", "--genesis", tmp_path / "genesis", "--home", home)
    async with open_node(server_home) as server:
        ready = await server.wait_for("snapshot_ready")
        assert ready["height"] > BLOCKS - 20
        code, shown, said = await run("node", "checkpoint", "--home", server_home, "--out", point)
        assert code == 0, said
        assert shown["height"] == ready["height"]
        code, _, said = await run(*init, "--checkpoint", point)
        assert code == 0, said
        config = home / "config.toml"
        few, slow = f"warp_blocks = {WARP_BLOCKS}", "past_blocks_per_second = 0"
        text = config.read_text().replace("warp_blocks = 4096", few)
        config.write_text(text.replace("past_blocks_per_second = 100", slow))
        async with open_node(home, "--peer", server.address) as newcomer:
            taken = await newcomer.wait_for("snapshot_taken")
            assert taken["height"] == ready["height"]
            await newcomer.wait_for("block", lambda event: event["height"] == BLOCKS)
            status = await newcomer.get("/v1/status")
            assert (status["head"]["height"], status["head"]["hash"]) == (BLOCKS, head)
            held = {"from_height": ready["height"], "executed_from": ready["height"] + 1}
            assert status["blocks"] == {**held, "fetching": False}
            refused = await newcomer.get("/v1/blocks/5", 404)
            assert "began with a snapshot" in refused["detail"]
            words = ("audit", "proof", EMMA, "--checkpoint", point, "--node", newcomer.url)
            code, proven, said = await run(*words)
            assert code == 0, said
            assert (proven["holds"], proven["final"], proven["fresh"]) == (True, True, True)
            assert proven["trusted_height"] == ready["height"]
    code, document, said = await run("node", "check", "--home", home)
    assert (code, document["findings"]) == (0, []), said
    await fetch_past(tmp_path, server_home, home, ready["height"])
    async with open_node(home) as again:
        status = await again.get("/v1/status")
        assert (status["head"]["height"], status["head"]["hash"]) == (BLOCKS, head)
        code, shown, said = await run("audit", "replay", home, "--checkpoint", point)
        assert (code, shown["findings"]) == (0, []), said  # while it runs


async def fetch_past(folder: Path, server_home: Path, home: Path, snapshot: int) -> None:
    """A home that began with a snapshot gets all blocks, though it is killed half way."""
    config = home / "config.toml"
    text = config.read_text()
    config.write_text(text.replace("past_blocks_per_second = 0", "past_blocks_per_second = 400"))
    whole, own = folder / "whole.export", folder / "own.export"
    async with open_node(server_home) as server:
        async with open_node(home, "--peer", server.address) as newcomer:
            await newcomer.wait_for("fetching_past")
            await newcomer.stop(signal.SIGKILL)
        code, checked, said = await run("node", "check", "--home", home)
        assert (code, checked["findings"]) == (0, []), said
        code, _, said = await run("node", "export", own, "--home", home)
        assert code != 0
        assert "until it has fetched them" in said
        async with open_node(home, "--peer", server.address) as newcomer:
            begun = await newcomer.get("/v1/status")
            assert begun["blocks"]["from_height"] < snapshot
            assert begun["blocks"]["fetching"]
            await newcomer.wait_for("past_fetched")
            status = await newcomer.get("/v1/status")
            assert status["blocks"] == {
                "from_height": 1,
                "executed_from": snapshot + 1,
                "fetching": False,
            }
            assert (await newcomer.get("/v1/blocks/5"))["height"] == 5
    for made_of, file in ((server_home, whole), (home, own)):
        code, _, said = await run("node", "export", file, "--home", made_of)
        assert code == 0, said
    assert own.read_bytes() == whole.read_bytes()
    for source in (home, own):
        code, replayed, said = await run("audit", "replay", source)
        assert (code, replayed["findings"]) == (0, []), said
