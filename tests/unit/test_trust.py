"""A checkpoint binds its node also where nobody has a snapshot: another history is never followed.

Two whole histories of one genesis, each signed by a quorum of every set: as whoever bought old keys
could make one. Nothing but the checkpoint tells them apart.
"""

import pytest
import trio
from msgspec.structs import replace

from chain.actions import Pay
from chain.block import SealedBlock
from chain.checks import DirectChecks
from chain.proof import Checkpoint
from chain.store import StoreError
from node.chainkeeper import ChainKeeper
from node.proving import build_checkpoint
from node.stores import MemoryStores
from node.trust import contradicts, find_awaited
from tests.certified import FinalChain
from tests.community import PAI, Community, get_account_id
from tests.unit.test_warp import GENESIS, is_at, open_world, wait_for

TRUE_BLOCKS = 70
RIVAL_BLOCKS = 90  # it scores more
TRUSTED = 50


def make_history(count: int, payer: str) -> list[SealedBlock]:
    community = Community(GENESIS)
    chain = FinalChain(community)
    chain.extend([community.sign(payer, Pay(get_account_id("boris"), PAI, ""))])
    for _ in range(count - 1):
        chain.extend([])
    return chain.blocks


@pytest.fixture(scope="module")
def honest() -> list[SealedBlock]:
    return make_history(TRUE_BLOCKS, "emma")


@pytest.fixture(scope="module")
def rival() -> list[SealedBlock]:
    return make_history(RIVAL_BLOCKS, "ann")


def keep(blocks: list[SealedBlock]) -> MemoryStores:
    stores = MemoryStores()
    keeper = ChainKeeper(stores.open(), GENESIS, DirectChecks())
    for block in blocks:
        keeper.extend(block, durable=False)
    return stores


def trust(blocks: list[SealedBlock]) -> Checkpoint:
    checkpoint = build_checkpoint(ChainKeeper(keep(blocks).open(), GENESIS, DirectChecks()).ledger)
    assert checkpoint is not None
    return checkpoint


async def test_another_history_is_left_for_the_checkpoints(
    autojump_clock: object, honest: list[SealedBlock], rival: list[SealedBlock]
) -> None:
    stores = MemoryStores()
    async with open_world() as world:
        world.start("rival", keep(rival))
        world.start("honest", keep(honest))
        trusted = trust(honest[:TRUSTED])
        peers = "/memory/rival", "/memory/honest"
        newcomer = world.start("newcomer", stores, *peers, trusted=trusted)
        await wait_for(is_at(newcomer, honest))
        await wait_for(lambda: newcomer.get_final().height >= trusted.height)
        assert newcomer.ledger.base.height == 0
        final = newcomer.get_final()
        assert newcomer.ledger.get_hash(final.height) == final.hash
    assert find_awaited(ChainKeeper(stores.open(), GENESIS, DirectChecks()).ledger, trusted) is None


async def test_canary_without_a_checkpoint_the_rival_history_is_followed(
    autojump_clock: object, honest: list[SealedBlock], rival: list[SealedBlock]
) -> None:
    async with open_world() as world:
        world.start("rival", keep(rival))
        newcomer = world.start("newcomer", MemoryStores(), "/memory/rival")
        await wait_for(lambda: newcomer.get_final().height > TRUSTED)
        await wait_for(is_at(newcomer, rival))


async def test_where_only_the_rival_history_is_shown_nothing_is_final(
    autojump_clock: object, honest: list[SealedBlock], rival: list[SealedBlock]
) -> None:
    async with open_world() as world:
        world.start("rival", keep(rival))
        newcomer = world.start(
            "newcomer", MemoryStores(), "/memory/rival", trusted=trust(honest[:TRUSTED])
        )
        await trio.sleep(200)
        assert newcomer.ledger.head.height < TRUSTED
        assert newcomer.get_final().height == 0


def test_a_home_of_another_history_says_so(
    honest: list[SealedBlock], rival: list[SealedBlock]
) -> None:
    trusted = trust(honest[:TRUSTED])
    ledger = ChainKeeper(keep(rival).open(), GENESIS, DirectChecks()).ledger
    with pytest.raises(StoreError, match="of another history"):
        find_awaited(ledger, trusted)
    ledger = ChainKeeper(keep(honest[:9]).open(), GENESIS, DirectChecks()).ledger
    assert find_awaited(ledger, trusted) == trusted
    assert find_awaited(ledger, None) is None


def test_which_blocks_cannot_be_of_the_checkpoints_history(honest: list[SealedBlock]) -> None:
    trusted = trust(honest[:TRUSTED])
    for block in honest:
        assert not contradicts(trusted, block.header, block.hash)
    at = next(block for block in honest if block.hash == trusted.block_hash)
    for changes in ({"height": at.header.height - 1}, {"height": at.header.height + 1}, {}):
        header = replace(at.header, **changes)
        assert contradicts(trusted, header, bytes(32))
        assert not contradicts(None, header, bytes(32))
    low, high = honest[TRUSTED // 2].header, honest[-1].header
    assert contradicts(trusted, replace(low, slot=high.slot), bytes(32))
    assert contradicts(trusted, replace(high, slot=low.slot), bytes(32))
