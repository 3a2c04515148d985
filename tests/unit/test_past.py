"""Whoever began with a snapshot gets what was before it: from anybody, believing nobody."""

from collections.abc import Sequence
from typing import Any

import pytest
import trio
from msgspec.structs import replace

from chain.block import SealedBlock, decode_block, seal_block
from chain.checks import DirectChecks
from chain.codec import encode
from chain.header import BlockHash, SignedHeader
from chain.kept import read_first, write_base
from chain.proof import Checkpoint, HandOff, SetList
from chain.snapshot import Outline, Part
from chain.store import Batch, MemoryStore
from chain.tables import CURRENT
from node.api.answers import build_history_answer
from node.api.answers_chain import build_place_answer
from node.branches import _go_beside
from node.certified import read_list
from node.chainkeeper import ChainKeeper
from node.core import Core
from node.history import read_blocks_by_seat, read_place
from node.ops.check import find_store_faults
from node.ops.export import ExportError, build_export
from node.ops.intake import take_in
from node.past import Brought, find_wanted, keep_brought
from node.proving import build_checkpoint
from node.replacement import replay_beside
from node.status import HeldBlocks
from node.stores import MemoryStores
from p2p.past import DISTRUST_SECONDS, REST_SECONDS, PastFetcher
from p2p.transport import PeerId, Verdict
from p2p.warp import Shelf
from p2p.wire import BLOCKS_MAX
from tests.community import get_account_id
from tests.unit.test_warp import (
    BLOCKS,
    EARLY,
    EARLY_FINAL,
    FINAL,
    GENESIS,
    LAID_OUT,
    World,
    blocks,
    frequent,
    is_at,
    keep,
    open_world,
    wait_for,
)

__all__ = ["blocks", "frequent"]  # fixtures

FAST = 1_000
SLOW = 16


def is_whole(core: Core) -> bool:
    return core.ledger.first.height == 0


def check_whole(keeper: ChainKeeper, blocks: list[SealedBlock]) -> None:
    """It tells of blocks what a node tells that has executed them all."""
    whole = ChainKeeper(MemoryStore(), GENESIS, DirectChecks())
    for block in blocks:
        whole.extend(block, durable=False)
    ledger, store = keeper.ledger, keeper.ledger.store
    assert read_first(store) is None
    assert list(build_export(store)) == list(build_export(whole.ledger.store))
    assert keeper.get_summaries(1, 1_000) == whole.get_summaries(1, 1_000)
    assert keeper.get_headers([ledger.chain], 512) == whole.get_headers([ledger.chain], 512)
    assert dict(read_blocks_by_seat(store)) == dict(read_blocks_by_seat(whole.ledger.store))
    assert keeper.find_canonical(ledger.chain) == 0
    for block in blocks:
        height = block.header.height
        assert keeper.get_ancestors(block.hash, 3) == whole.get_ancestors(block.hash, 3)
        assert keeper.get_facts_at(height) == whole.get_facts_at(height)
        for place, sealed in enumerate(block.transactions):
            assert read_place(store, sealed.id) == (height, place)
    assert list(find_store_faults(store, GENESIS, lambda _: None)) == []


async def test_a_newcomer_fetches_what_was_before_its_snapshot(
    autojump_clock: object, blocks: list[SealedBlock]
) -> None:
    stores = MemoryStores()
    async with open_world() as world:
        world.start("server", keep(blocks))
        newcomer = world.start("newcomer", stores, "/memory/server", past_blocks_per_second=FAST)
        await wait_for(lambda: newcomer.ledger.base.height == FINAL)
        with pytest.raises(ExportError, match="until it has fetched them"):
            list(build_export(newcomer.ledger.store))
        paid, base_slot = blocks[0].transactions[0], blocks[FINAL - 1].header.slot
        assert newcomer.get_core_status().blocks == HeldBlocks(FINAL, FINAL + 1, fetching=True)
        place = build_place_answer(newcomer, paid.id)
        assert (place.status, place.since_slot) == ("unknown", base_slot)
        await wait_for(is_at(newcomer, blocks))
        await wait_for(lambda: is_whole(newcomer))
        assert newcomer.ledger.base.height == FINAL
        assert newcomer.get_core_status().blocks == HeldBlocks(1, FINAL + 1, fetching=False)
        place = build_place_answer(newcomer, paid.id)
        assert (place.status, place.height, place.since_slot) == ("final", 1, 0)
        history = build_history_answer(newcomer, get_account_id("emma"), None, 200)
        assert history.since_slot == base_slot
        assert all(entry.slot > base_slot for entry in history.entries)
        check_whole(newcomer._owner.keeper, blocks)
    again = ChainKeeper(stores.open(), GENESIS, DirectChecks())
    assert again.ledger.first.hash == again.ledger.chain
    check_whole(again, blocks)


async def test_whoever_fetched_the_past_hands_it_on(
    autojump_clock: object, blocks: list[SealedBlock]
) -> None:
    """To those who begin with a snapshot and to those who replay: no other node is needed."""
    stores = MemoryStores()
    async with open_world() as world:
        world.start("server", keep(blocks))
        first = world.start("first", stores, "/memory/server", past_blocks_per_second=FAST)
        await wait_for(is_at(first, blocks))
        await wait_for(lambda: is_whole(first) and first.get_outline() is not None)
    async with open_world() as world:
        world.start("first", stores)
        second = world.start("second", MemoryStores(), "/memory/first", past_blocks_per_second=FAST)
        await wait_for(lambda: second.ledger.base.height > 0 and is_whole(second))
        store = MemoryStores()
        keeper = ChainKeeper(store.open(), GENESIS, DirectChecks())
        keeper.extend(blocks[0], durable=False)  # so that it begins with no snapshot
        third = world.start("third", store, "/memory/first")
        await wait_for(is_at(third, blocks))
        assert third.ledger.base.height == 0


async def test_the_pace_is_kept_and_a_restart_goes_on_where_it_was(
    autojump_clock: object, blocks: list[SealedBlock]
) -> None:
    stores = MemoryStores()
    seen: list[int] = []
    for _ in range(20):
        async with open_world() as world:  # its end cuts everything off where it is
            world.start("server", keep(blocks))
            newcomer = world.start(
                "newcomer", stores, "/memory/server", past_blocks_per_second=SLOW
            )
            await wait_for(is_at(newcomer, blocks))
            before = newcomer.ledger.first.height or FINAL
            began = trio.current_time()
            await trio.sleep(3)
            seen.append(newcomer.ledger.first.height)
            assert before - seen[-1] <= SLOW * (trio.current_time() - began + 1)
            faults = list(find_store_faults(newcomer.ledger.store, GENESIS, lambda _: None))
            assert faults == []
        if not seen[-1]:
            break
    assert seen == sorted(seen, reverse=True)
    assert len(seen) > 2
    check_whole(ChainKeeper(stores.open(), GENESIS, DirectChecks()), blocks)


async def test_nobody_is_asked_while_something_else_is_being_fetched(
    autojump_clock: object, blocks: list[SealedBlock]
) -> None:
    stores = MemoryStores()
    async with open_world() as world:
        world.start("server", keep(blocks))
        newcomer = world.start("newcomer", stores, "/memory/server")
        await wait_for(is_at(newcomer, blocks))
    async with open_world() as world:
        world.start("server", keep(blocks))
        newcomer = world.start("newcomer", stores, "/memory/server", past_blocks_per_second=FAST)
        fetcher = world.networks["newcomer"]._past
        assert isinstance(fetcher, PastFetcher)
        fetcher._is_held = lambda: True
        await trio.sleep(30)
        assert newcomer.ledger.first.height == FINAL
        fetcher._is_held = lambda: False
        await wait_for(lambda: is_whole(newcomer))


class Liar:
    """A view of the chain that hands out something else when its past is asked for."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self.asked: list[BlockHash] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._core, name)

    def get_ancestors(self, block_hash: BlockHash, limit: int) -> Sequence[BlockHash]:
        self.asked.append(block_hash)
        return self._core.get_ancestors(block_hash, limit)

    def get_block(self, block_hash: BlockHash) -> bytes | None:
        data = self._core.get_block(block_hash)
        if data is None or block_hash not in self.asked:
            return data
        return self.change(decode_block(data))

    def change(self, block: SealedBlock) -> bytes:
        return block.whole_bytes


class ForgesSignatures(Liar):
    def change(self, block: SealedBlock) -> bytes:
        return encode(replace(block.block, signature=bytes(64)))


class ChangesHeaders(Liar):
    def change(self, block: SealedBlock) -> bytes:
        header = replace(block.header, state_root=bytes(32))
        return encode(replace(block.block, header=header))


class ChangesBodies(Liar):
    def change(self, block: SealedBlock) -> bytes:
        first = self._core.ledger.get_block(self._core.ledger.get_hash(1) or b"")
        assert first is not None
        return encode(replace(block.block, body=first.block.body))


class SendsRubbish(Liar):
    def change(self, block: SealedBlock) -> bytes:
        return block.whole_bytes[:-1]


class LiesInTheMiddle(Liar):
    def get_ancestors(self, block_hash: BlockHash, limit: int) -> Sequence[BlockHash]:
        hashes = list(self._core.get_ancestors(block_hash, limit))
        return hashes[:3] + hashes[4:]


class HasNothing(Liar):
    def get_ancestors(self, block_hash: BlockHash, limit: int) -> Sequence[BlockHash]:
        self.asked.append(block_hash)
        return ()


LIARS = [ForgesSignatures, ChangesHeaders, ChangesBodies, SendsRubbish, LiesInTheMiddle]


async def begin(blocks: list[SealedBlock], trusted: Checkpoint | None = None) -> MemoryStores:
    """The stores of a node that has begun with a snapshot and has fetched nothing before it."""
    stores = MemoryStores()
    async with open_world() as world:
        world.start("server", keep(blocks))
        newcomer = world.start("newcomer", stores, "/memory/server", trusted=trusted)
        await wait_for(is_at(newcomer, blocks))
    return stores


def get_blame(world: World, peer: str) -> float:
    return world.networks["newcomer"]._roster.get_blame(PeerId(peer))


@pytest.mark.parametrize("liar", [*LIARS, HasNothing])
async def test_a_liar_is_not_believed_and_an_honest_peer_helps(
    autojump_clock: object, blocks: list[SealedBlock], liar: type[Liar]
) -> None:
    stores = await begin(blocks)
    async with open_world() as world:
        world.start("liar", keep(blocks), view=liar)
        newcomer = world.start("newcomer", stores, "/memory/liar", past_blocks_per_second=FAST)
        await trio.sleep(REST_SECONDS / 2)
        assert (get_blame(world, "liar") > 0) == (liar is not HasNothing)
        kept = 3 if liar is LiesInTheMiddle else 0
        assert newcomer.ledger.first.height == FINAL - kept
        world.start("honest", keep(blocks), "/memory/newcomer")
        await wait_for(lambda: is_whole(newcomer))
        check_whole(newcomer._owner.keeper, blocks)


async def test_who_has_nothing_is_asked_again_later_and_a_liar_much_later(
    autojump_clock: object, blocks: list[SealedBlock]
) -> None:
    stores = await begin(blocks)
    for liar, seconds in ((HasNothing, REST_SECONDS), (ForgesSignatures, DISTRUST_SECONDS)):
        asked = 0
        async with open_world() as world:
            kept: list[Liar] = []

            def show(core: Core, liar: type[Liar] = liar, kept: list[Liar] = kept) -> Any:
                kept.append(liar(core))
                return kept[0]

            world.start("other", keep(blocks), view=show)
            world.start("newcomer", stores, "/memory/other", past_blocks_per_second=FAST)
            await trio.sleep(REST_SECONDS / 6)
            asked = len(kept[0].asked)
            assert asked
            await trio.sleep(seconds * 0.7)
            assert len(kept[0].asked) == asked
            await trio.sleep(seconds * 0.5)
            assert len(kept[0].asked) > asked


async def test_a_chain_whose_trust_began_later_learns_older_sets_from_their_hand_offs(
    autojump_clock: object, blocks: list[SealedBlock]
) -> None:
    trusted = trust(blocks[:100])
    whole = ChainKeeper(keep(blocks).open(), GENESIS, DirectChecks())
    stores = MemoryStores()
    async with open_world() as world:
        world.start("server", keep(blocks))
        newcomer = world.start(
            "newcomer", stores, "/memory/server", trusted=trusted, past_blocks_per_second=SLOW
        )
        await wait_for(lambda: newcomer.ledger.base.height == FINAL)
        older = {block.header.base for block in blocks[:FINAL]}
        unknown = {base for base in older if read_list(newcomer.ledger.store, base) is None}
        assert len(unknown) > 1
        assert newcomer.ledger.chain in unknown
        await wait_for(lambda: is_whole(newcomer))
        await wait_for(is_at(newcomer, blocks))
        check_whole(newcomer._owner.keeper, blocks)
        for base in older:
            found = read_list(newcomer.ledger.store, base)
            assert found == read_list(whole.ledger.store, base) is not None


class ChangesLists(Shelf):
    """A shelf whose lists of sets have lost a seat."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def get_hand_offs(
        self, set_hash: BlockHash, limit: int
    ) -> tuple[SetList, list[HandOff]] | None:
        found = self._core.get_hand_offs(set_hash, limit)
        return None if found is None else (found[0][1:], found[1])

    def get_outline(self) -> Outline | None:
        return None

    def get_part(self, block_hash: BlockHash, prefix: str) -> Part | None:
        return None


async def test_a_list_that_no_hand_off_calls_is_not_believed(
    autojump_clock: object, blocks: list[SealedBlock]
) -> None:
    stores = await begin(blocks, trust(blocks[:100]))
    async with open_world() as world:
        world.start("liar", keep(blocks), shelf=ChangesLists)
        newcomer = world.start("newcomer", stores, "/memory/liar", past_blocks_per_second=SLOW)
        await trio.sleep(REST_SECONDS / 2)
        assert get_blame(world, "liar") > 0
        assert newcomer.ledger.first.height > 1
        world.start("honest", keep(blocks), "/memory/newcomer")
        await wait_for(lambda: is_whole(newcomer))
        check_whole(newcomer._owner.keeper, blocks)


def trust(blocks: list[SealedBlock]) -> Checkpoint:
    keeper = ChainKeeper(MemoryStore(), GENESIS, DirectChecks())
    for block in blocks:
        keeper.extend(block, durable=False)
    checkpoint = build_checkpoint(keeper.ledger)
    assert checkpoint is not None
    return checkpoint


class Recorded(MemoryStore):
    """A disk that notes what is written at once, and whether it is waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[tuple[list[tuple[bytes, bytes | None]], bool]] = []

    def write(self, batch: Batch, *, durable: bool) -> None:
        rows = list(batch)
        self.batches.append((rows, durable))
        super().write(rows, durable=durable)


async def test_a_batch_and_where_blocks_begin_are_one_write_that_is_waited_for(
    autojump_clock: object, blocks: list[SealedBlock]
) -> None:
    """So whatever a kill leaves is what lay there after one of the batches."""
    stores = await begin(blocks)
    disk = Recorded()
    disk.write(stores.open().items(b""), durable=False)
    keeper = ChainKeeper(disk, GENESIS, DirectChecks())
    disk.batches.clear()
    for last in range(FINAL - 1, 0, -20):
        keeper.extend_below(blocks[max(0, last - 20) : last][::-1], ())
    assert [durable for _, durable in disk.batches] == [True] * 6
    left = MemoryStore()
    left.write(stores.open().items(b""), durable=False)
    for rows, _ in disk.batches:
        left.write(rows, durable=False)
        found = ChainKeeper(left, GENESIS, DirectChecks())
        first = found.ledger.first
        lowest = max(first.height, 1)
        summaries = found.get_summaries(0, 1_000)
        assert [item.hash for item in summaries] == [item.hash for item in blocks[lowest - 1 :]]
        assert found.ledger.get_hash(first.height) == first.hash
        assert list(find_store_faults(left, GENESIS, lambda _: None)) == []
    check_whole(keeper, blocks)


async def test_blocks_of_a_chain_that_was_replaced_meanwhile_are_dropped(
    autojump_clock: object, blocks: list[SealedBlock]
) -> None:
    stores = await begin(blocks)
    early = await begin_early(blocks)
    async with open_world() as world:
        other = world.start("other", early)
        wanted = find_wanted(ChainKeeper(stores.open(), GENESIS, DirectChecks()).ledger)
        assert wanted == blocks[FINAL - 2].hash
        brought = Brought(blocks[FINAL - 5 : FINAL - 1][::-1], {}, trio.Event())
        keep_brought(other._owner, brought)
        assert brought.done.is_set()
        assert other.ledger.first.height == EARLY_FINAL
        keep_brought(other._owner, Brought([blocks[EARLY_FINAL - 2]], {}, trio.Event()))
        assert other.ledger.first.height == EARLY_FINAL - 1


async def test_with_the_past_another_chain_can_be_made_anew_from_the_genesis(
    autojump_clock: object, blocks: list[SealedBlock]
) -> None:
    """Above a snapshot there is none to go back to; once all blocks are held there is."""
    stores = await begin(blocks)
    async with open_world() as world:
        world.start("server", keep(blocks))
        newcomer = world.start("newcomer", stores, "/memory/server", past_blocks_per_second=FAST)
        owner, asked = newcomer._owner, []
        facts = [owner.keeper.get_facts_at(height) for height in range(FINAL, BLOCKS + 1)]
        owner.replace_chain = lambda ancestor, _: asked.append(ancestor)
        branch = SignedHeader(blocks[FINAL].header, blocks[FINAL].block.signature)
        _go_beside(owner, facts[0], facts[1:])
        assert asked == []
        # Refused for what we lack, not for what they are: nobody is blamed, and it is tried again.
        assert owner.consensus.tree.is_refused(facts[1].hash)
        assert newcomer.judge_branch(PeerId("server"), (branch,)) is Verdict.IGNORE
        await wait_for(lambda: is_whole(newcomer))
        await wait_for(lambda: not owner.consensus.tree.is_refused(facts[1].hash))
        assert newcomer.judge_branch(PeerId("server"), (branch,)) is Verdict.ACCEPT
        _go_beside(owner, facts[0], facts[1:])
        assert asked == [facts[0]]
        replayed = await replay_beside(owner, stores, facts[0], facts[1:])
        assert replayed.refused is None
        assert replayed.keeper is not None
        assert replayed.keeper.ledger.base.height == 0
        assert replayed.keeper.ledger.root == newcomer.ledger.root


async def test_below_the_snapshot_no_other_chain_is_made(
    autojump_clock: object, blocks: list[SealedBlock]
) -> None:
    """Its block is proven final; and of earlier epochs nothing is known by which to judge one."""
    stores = await begin(blocks)
    async with open_world() as world:
        world.start("server", keep(blocks))
        newcomer = world.start("newcomer", stores, "/memory/server", past_blocks_per_second=FAST)
        await wait_for(lambda: is_whole(newcomer))
        owner, asked = newcomer._owner, []
        owner.replace_chain = lambda ancestor, _: asked.append(ancestor)
        for height in (FINAL - 1, 1, 0):
            facts = [owner.keeper.get_facts_at(above) for above in (height, height + 1)]
            other = replace(facts[1], hash=bytes([height]) * 32)
            _go_beside(owner, facts[0], [other])
            assert owner.consensus.tree.is_refused(other.hash)
        assert asked == []


def test_a_snapshot_of_the_very_first_block_lacks_nothing(blocks: list[SealedBlock]) -> None:
    for height, first in ((1, None), (2, blocks[1].hash)):
        store, block = MemoryStore(), blocks[height - 1]
        write_base(store, GENESIS, block, score=2 * height)
        found = read_first(store)
        assert (None if found is None else found.hash) == first


async def begin_early(blocks: list[SealedBlock]) -> MemoryStores:
    stores = MemoryStores()
    async with open_world() as world:
        world.start("server", keep(blocks[:EARLY], EARLY_FINAL))
        newcomer = world.start("newcomer", stores, "/memory/server")
        await wait_for(is_at(newcomer, blocks[:EARLY]))
    return stores


async def test_an_export_is_taken_in_above_a_snapshot(
    autojump_clock: object, blocks: list[SealedBlock]
) -> None:
    store = (await begin(blocks[:LAID_OUT])).open()
    seen: list[int] = []
    assert take_in(store, GENESIS, iter(blocks), seen.append).blocks == BLOCKS - LAID_OUT
    assert sum(seen) == BLOCKS
    header = replace(blocks[FINAL].header, state_root=bytes(32))
    other = seal_block(header, bytes(64), (), blocks[FINAL].parts)
    with pytest.raises(ExportError, match=f"from block {FINAL + 1} on it is another chain"):
        take_in(store, GENESIS, iter([*blocks[:FINAL], other]), seen.append)


def test_a_whole_chain_wants_nothing(blocks: list[SealedBlock]) -> None:
    keeper = ChainKeeper(keep(blocks).open(), GENESIS, DirectChecks())
    assert find_wanted(keeper.ledger) is None
    assert keeper.get_ancestors(blocks[-1].hash, BLOCKS_MAX) == [
        block.hash for block in blocks[BLOCKS - BLOCKS_MAX :][::-1]
    ]
    assert keeper.get_ancestors(bytes(32), 5) == []
    assert keeper.get_ancestors(keeper.ledger.chain, 5) == []
    assert keeper.ledger.state.sets.get(CURRENT) is not None
