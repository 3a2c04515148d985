"""A newcomer reaches the head by a proof and a snapshot, whatever others send; else by blocks."""

import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio
from msgspec.structs import replace

from chain.actions import Pay
from chain.block import SealedBlock
from chain.checks import DirectChecks
from chain.genesis import GENESIS_VERSION, compute_chain_id
from chain.header import BlockHash
from chain.kept import read_rows
from chain.proof import Checkpoint
from chain.snapshot import Outline, Part
from node.chainkeeper import ChainKeeper
from node.core import Core
from node.shelves import Shelves
from node.stores import MemoryStores
from node.task import CoreSettings
from p2p.memory import Lines, MemoryNetwork, MemoryTransport
from p2p.network import Network, NetworkSettings
from p2p.view import ChainView
from p2p.warp import Shelf
from p2p.wire_votes import FinalityAnswer
from tests.certified import FinalChain
from tests.community import CONSTANTS, PAI, Community, build_genesis, get_account_id

GENESIS = build_genesis(constants=replace(CONSTANTS, base_age_epochs=2))
CHAIN = compute_chain_id(GENESIS)
BLOCKS = 150
LAID_OUT = 130
FINAL = 119
EARLY, EARLY_FINAL = 118, 111
MIN = 64


class LateTime:
    """Clocks of a time when the chain stands where the tests begin."""

    def get_wall_ms(self) -> int:
        """Milliseconds since 1970."""
        return GENESIS.genesis_time * 1_000 + self.get_monotonic_ms()

    def get_monotonic_ms(self) -> int:
        """Milliseconds of the mock clock, some minutes late."""
        return round(trio.current_time() * 1_000) + 200_000


async def run_here(function: Callable[..., Any], *values: Any) -> Any:
    await trio.lowlevel.checkpoint()
    return function(*values)


@pytest.fixture(scope="module")
def blocks() -> list[SealedBlock]:
    community = Community(GENESIS)
    chain = FinalChain(community)
    for number in range(BLOCKS):
        pays = [Pay(get_account_id(f"newcomer {number} {index}"), PAI, "") for index in range(2)]
        payments = [community.sign("emma", *pays, fee_max=PAI)] if number < 90 else []
        chain.extend(payments)
    return chain.blocks


def keep(blocks: list[SealedBlock], final: int = FINAL) -> MemoryStores:
    """The stores of a node that holds these blocks and has a snapshot ready, of this height."""
    stores = MemoryStores()
    keeper = ChainKeeper(stores.open(), GENESIS, DirectChecks())
    for block in blocks[:LAID_OUT]:
        keeper.extend(block, durable=False)
    shelves = Shelves(stores)
    target = shelves.find_due(keeper.ledger)
    assert target is not None
    assert target.header.height == final
    for _ in shelves.lay_out(keeper.ledger, target):
        pass
    for block in blocks[LAID_OUT:]:
        keeper.extend(block, durable=False)
    return stores


@pytest.fixture(autouse=True)
def frequent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.shelves.SHELF_EVERY_BLOCKS", 64)


class World:
    """Nodes on memory lines; the newcomer asks for a snapshot from so many blocks on."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self.lines = MemoryNetwork(7, Lines())
        self.networks: dict[str, Network] = {}
        self._nursery = nursery

    def start(
        self,
        name: str,
        stores: MemoryStores,
        *peers: str,
        shelf: Callable[[Core], Shelf] | None = None,
        trusted: Checkpoint | None = None,
        view: Callable[[Core], ChainView] | None = None,
        past_blocks_per_second: int = 0,
    ) -> Core:
        settings = CoreSettings(warp_blocks_min=MIN, trusted=trusted)
        core = Core(GENESIS, stores, LateTime(), settings=settings, run_in_thread=run_here)
        network = Network(
            MemoryTransport(self.lines, name),
            core if view is None else view(core),
            core,
            NetworkSettings(
                CHAIN,
                GENESIS_VERSION,
                book_path=None,
                peers=peers,
                past_blocks_per_second=past_blocks_per_second,
            ),
            get_time_ms=LateTime().get_wall_ms,
            dice=random.Random(name),
            shelf=core if shelf is None else shelf(core),
            taker=core.taker,
            past=core.past if past_blocks_per_second else None,
        )
        self.networks[name] = network
        self._nursery.start_soon(self._live, core, network)
        return core

    async def _live(self, core: Core, network: Network) -> None:
        async with network.run():
            await core.run(network)


@asynccontextmanager
async def open_world() -> AsyncIterator[World]:
    async with trio.open_nursery() as nursery:
        yield World(nursery)
        nursery.cancel_scope.cancel()


async def wait_for(condition: Callable[[], bool], seconds: float = 120) -> None:
    with trio.fail_after(seconds):
        while not condition():  # noqa: ASYNC110 - ledgers are asked, they do not call
            await trio.sleep(0.1)


def is_at(core: Core, blocks: list[SealedBlock]) -> Callable[[], bool]:
    return lambda: core.ledger.head.hash == blocks[-1].hash


async def test_a_newcomer_begins_with_a_snapshot_and_follows(
    autojump_clock: object, blocks: list[SealedBlock]
) -> None:
    async with open_world() as world:
        server = world.start("server", keep(blocks))
        newcomer = world.start("newcomer", MemoryStores(), "/memory/server")
        await wait_for(is_at(newcomer, blocks))
        assert newcomer.ledger.base.height == FINAL
        assert newcomer.ledger.root == server.ledger.root
        assert list(read_rows(newcomer.ledger.store)) == list(read_rows(server.ledger.store))
        assert newcomer.get_hand_offs(CHAIN, 32) == server.get_hand_offs(CHAIN, 32)


async def test_after_a_snapshot_the_set_in_force_is_known_without_asking_anybody(
    autojump_clock: object, blocks: list[SealedBlock], monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing = FinalityAnswer((), None, None)
    monkeypatch.setattr("node.core.show_finality", lambda *_: nothing)
    handing = [block for block in blocks[:FINAL] if block.header.next_set_root is not None][-1]
    async with open_world() as world:
        world.start("server", keep(blocks))
        newcomer = world.start("newcomer", MemoryStores(), "/memory/server")
        await wait_for(lambda: newcomer.ledger.base.height == FINAL)
        await wait_for(lambda: newcomer.get_final().height >= FINAL, 2)
        voters = newcomer._owner.consensus.gadget.voters
        assert (voters.base, voters.base_height) == (handing.hash, handing.header.height)
        assert voters.base_slot == handing.header.slot
        await wait_for(is_at(newcomer, blocks))


async def test_whoever_began_so_starts_again(
    autojump_clock: object, blocks: list[SealedBlock]
) -> None:
    """Also at once: the hand-off that called the set in force lies below the snapshot."""
    stores = MemoryStores()
    async with open_world() as world:
        world.start("server", keep(blocks[:EARLY], EARLY_FINAL))
        newcomer = world.start("newcomer", stores, "/memory/server")
        await wait_for(lambda: newcomer.get_final().height >= EARLY_FINAL)
        assert 0 < newcomer._owner.consensus.gadget.voters.base_height < EARLY_FINAL
    async with open_world() as world:
        world.start("server", keep(blocks))
        again = world.start("again", stores, "/memory/server")
        await wait_for(is_at(again, blocks))
        assert again.ledger.base.height == EARLY_FINAL
        whole = ChainKeeper(keep(blocks).open(), GENESIS, DirectChecks())
        for height in range(EARLY_FINAL, BLOCKS + 1):
            recorded = again._owner.keeper.get_recorded_at(height)
            assert recorded == whole.get_recorded_at(height)


async def test_whoever_began_so_serves_others(
    autojump_clock: object, blocks: list[SealedBlock]
) -> None:
    async with open_world() as world:
        world.start("server", keep(blocks))
        first = world.start("first", MemoryStores(), "/memory/server")
        await wait_for(is_at(first, blocks))
        await wait_for(lambda: first.get_outline() is not None)
        second = world.start("second", MemoryStores(), "/memory/first")
        await wait_for(is_at(second, blocks))
        assert second.ledger.base.height >= FINAL


class Liar:
    """A shelf that changes what it hands out."""

    def __init__(self, core: Core) -> None:
        self.core = core
        self.asked = 0

    def get_hand_offs(self, set_hash: BlockHash, limit: int) -> Any:
        return self.core.get_hand_offs(set_hash, limit)

    def get_outline(self) -> Outline | None:
        return self.core.get_outline()

    def get_part(self, block_hash: BlockHash, prefix: str) -> Part | None:
        self.asked += 1
        return self.core.get_part(block_hash, prefix)


class ChangesRows(Liar):
    def get_part(self, block_hash: BlockHash, prefix: str) -> Part | None:
        part = super().get_part(block_hash, prefix)
        if part is None or self.asked < 3:
            return part
        (key, row), *rest = part.rows
        return Part(((key, row + b"x"), *rest))


class HidesParts(Liar):
    def get_part(self, block_hash: BlockHash, prefix: str) -> Part | None:
        return super().get_part(block_hash, prefix) if self.asked < 3 else None


class ForgesAcks(Liar):
    def get_outline(self) -> Outline | None:
        outline = super().get_outline()
        assert outline is not None
        finality = outline.target.finality
        forged = replace(finality, signatures=(bytes(64), *finality.signatures[1:]))
        return replace(outline, target=replace(outline.target, finality=forged))


class SwapsNodes(Liar):
    def get_outline(self) -> Outline | None:
        outline = super().get_outline()
        assert outline is not None
        root, *rest = outline.splits
        return replace(outline, splits=(replace(root, node=bytes(512)), *rest))


class LeavesOutHandOffs(Liar):
    def get_hand_offs(self, set_hash: BlockHash, limit: int) -> Any:
        entries, steps = super().get_hand_offs(set_hash, limit)
        return entries, steps[1:]


class KnowsNoSet(Liar):
    def get_hand_offs(self, set_hash: BlockHash, limit: int) -> Any:
        return None


LIARS = [ChangesRows, HidesParts, ForgesAcks, SwapsNodes, LeavesOutHandOffs, KnowsNoSet]


@pytest.mark.parametrize("liar", LIARS)
async def test_a_liar_is_not_believed_and_an_honest_peer_helps(
    autojump_clock: object, blocks: list[SealedBlock], liar: type[Liar]
) -> None:
    async with open_world() as world:
        world.start("liar", keep(blocks), shelf=liar)
        world.start("honest", keep(blocks))
        newcomer = world.start("newcomer", MemoryStores(), "/memory/liar", "/memory/honest")
        await wait_for(is_at(newcomer, blocks))
        assert newcomer.ledger.root == blocks[-1].header.state_root


@pytest.mark.parametrize("liar", LIARS)
async def test_where_only_liars_have_snapshots_blocks_are_replayed(
    autojump_clock: object, blocks: list[SealedBlock], liar: type[Liar]
) -> None:
    stores = MemoryStores()
    async with open_world() as world:
        world.start("liar", keep(blocks), shelf=liar)
        newcomer = world.start("newcomer", stores, "/memory/liar")
        await wait_for(is_at(newcomer, blocks), 600)
        assert newcomer.ledger.base.height == 0


async def test_a_node_with_a_chain_of_its_own_replays(
    autojump_clock: object, blocks: list[SealedBlock]
) -> None:
    stores = MemoryStores()
    keeper = ChainKeeper(stores.open(), GENESIS, DirectChecks())
    keeper.extend(blocks[0], durable=False)
    async with open_world() as world:
        world.start("server", keep(blocks))
        newcomer = world.start("newcomer", stores, "/memory/server")
        await wait_for(is_at(newcomer, blocks))
        assert newcomer.ledger.base.height == 0
