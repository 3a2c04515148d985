"""Between branches: whatever comes in whatever order, the state is that of the best chain alone.

Every comparison is with a store that has seen nothing but the best chain: rows, root and history.
"""

import random
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
import trio
from msgspec.structs import replace

from chain import vrf
from chain.actions import Pay
from chain.block import SealedBlock, compute_body_root, seal_block
from chain.certificates import Certificate
from chain.codec import Record
from chain.errors import InvariantBroken
from chain.header import PRIMARY, sign_header
from chain.kept import INDEX, read_rows
from chain.leveldb import LevelStore
from chain.store import Store
from chain.tables import CURRENT
from chain.transaction import SealedTransaction
from chain.votes import SignedHere, SignedVote
from consensus.effects import Follow
from consensus.engine import step
from consensus.events import BlockHeld
from consensus.forkchoice import get_preference
from node.chainkeeper import ChainKeeper, build_facts
from node.core import Core
from node.effects import perform, take_block
from node.events import BlockApplied, BlockUndone, CoreEvent
from node.signatures import KnownSignatures
from node.stores import FolderStores, MemoryStores, Stores
from node.task import CoreSettings
from p2p.transport import PeerId
from p2p.view import BlockArrived, Misbehaviour
from p2p.view import Event as NetworkEvent
from p2p.wire_votes import FinalityRequest, NewestRequest, VotesRequest, WitnessesRequest
from p2p.wire_warp import HandOffsRequest
from tests.community import CONSTANTS, PAI, Community, build_genesis, get_account_id, get_key
from tests.forest import Forest, grow_randomly
from tests.simulation.village import run_here

PEER = PeerId("somebody")
SHORT = replace(CONSTANTS, transaction_life_slots=40)  # two epochs: the least there can be


class LateClock:
    """Long after every block; it stands still."""

    def __init__(self, genesis_time: int, slot: int = 2_000) -> None:
        self._wall_ms = (genesis_time + slot) * 1_000

    def get_wall_ms(self) -> int:
        """The same moment."""
        return self._wall_ms

    def get_monotonic_ms(self) -> int:
        """The same moment."""
        return 0


@dataclass
class FakeOutside:
    """A network that only listens."""

    blamed: list[tuple[PeerId, Misbehaviour]] = field(default_factory=list)
    offered: list[SealedTransaction] = field(default_factory=list)
    announced: list[SealedBlock] = field(default_factory=list)
    said: list[SignedVote | SignedHere] = field(default_factory=list)
    asked: list[tuple[PeerId, Record]] = field(default_factory=list)
    woken: int = 0

    def __post_init__(self) -> None:
        self.send, self.events = trio.open_memory_channel[NetworkEvent](1_000)

    async def announce_block(self, block: SealedBlock, certificate: Certificate | None) -> None:
        """Note it."""
        self.announced.append(block)

    def say_vote(self, vote: SignedVote) -> None:
        """Note it."""
        self.said.append(vote)

    def say_here(self, here: SignedHere) -> None:
        """Note it."""
        self.said.append(here)

    def ask_finality(self, peer: PeerId, question: FinalityRequest) -> None:
        """Note it."""
        self.asked.append((peer, question))

    def ask_votes(self, peer: PeerId, question: VotesRequest) -> None:
        """Note it."""
        self.asked.append((peer, question))

    def ask_newest(self, question: NewestRequest) -> None:
        """Note it."""
        self.asked.append((PeerId("all"), question))

    def ask_witnesses(self, peer: PeerId, question: WitnessesRequest) -> None:
        """Note it."""
        self.asked.append((peer, question))

    def ask_way(self, peer: PeerId, question: HandOffsRequest) -> None:
        """Note it."""
        self.asked.append((peer, question))

    def offer_transactions(self, transactions: Iterable[SealedTransaction]) -> None:
        """Note them."""
        self.offered.extend(transactions)

    def report(self, peer: PeerId, misbehaviour: Misbehaviour) -> None:
        """Note it."""
        self.blamed.append((peer, misbehaviour))

    def wake_sync(self) -> None:
        """Note it."""
        self.woken += 1


def open_core(
    forest: Forest, stores: Stores, settings: CoreSettings | None = None, slot: int = 2_000
) -> Core:
    genesis = forest.community.genesis
    clock = LateClock(genesis.genesis_time, slot)
    return Core(genesis, stores, clock, settings=settings, run_in_thread=run_here)


async def deliver(core: Core, blocks: Iterable[SealedBlock]) -> None:
    """Give blocks to the core, as sync does."""
    for block in blocks:
        await take_block(core._owner, PEER, block, live=False)


def find_best(forest: Forest, blocks: Iterable[SealedBlock]) -> SealedBlock:
    """The tip of the best chain, from the definition."""
    facts = {block.hash: build_facts(block.hash, block.header) for block in blocks}
    best = min(
        (item for item in facts.values() if item is not None),
        key=lambda item: get_preference(item, forest.get_score(item.hash)),
    )
    return forest.blocks[best.hash]


def build_straight(forest: Forest, tip: SealedBlock) -> Store:
    """A store that has only ever seen this chain."""
    stores = MemoryStores()
    keeper = ChainKeeper(stores.open(), forest.community.genesis, KnownSignatures())
    for block in forest.get_path(tip.hash):
        keeper.extend(block, durable=False)
    return keeper.ledger.store


def check_same(core: Core, straight: Store) -> None:
    """Rows and history are those of the straight build."""
    assert dict(read_rows(core.ledger.store)) == dict(read_rows(straight))
    kept = {key: row for key, row in core.ledger.store.items(INDEX) if row != b"\x00"}
    assert kept == dict(straight.items(INDEX))


@pytest.mark.parametrize("seed", range(12))
async def test_random_trees_in_random_order_end_in_the_best_chain(seed: int) -> None:
    dice = random.Random(seed)
    forest = Forest()
    blocks = grow_randomly(forest, dice, 30)
    core = open_core(forest, MemoryStores())
    coming = list(blocks)
    dice.shuffle(coming)
    with core.subscribe() as events:
        await deliver(core, coming)
        told: list[CoreEvent] = drain(events)
    best = find_best(forest, blocks)
    assert core.ledger.head.hash == best.hash
    assert core.ledger.head.score == forest.get_score(best.hash)
    check_same(core, build_straight(forest, best))
    check_told(core, told)
    check_mempool(forest, core, blocks, best)


def drain(events: "trio.MemoryReceiveChannel[CoreEvent]") -> list[CoreEvent]:
    told: list[CoreEvent] = []
    with suppress(trio.WouldBlock):
        while True:
            told.append(events.receive_nowait())
    return told


def check_told(core: Core, told: list[CoreEvent]) -> None:
    """Whoever only listens to events knows the chain."""
    chain: list[bytes] = []
    for event in told:
        if isinstance(event, BlockApplied):
            assert event.height == len(chain) + 1
            chain.append(event.hash)
        elif isinstance(event, BlockUndone):
            assert chain.pop() == event.hash
    assert chain == [
        core.ledger.get_hash(height) for height in range(1, core.ledger.head.height + 1)
    ]


def check_mempool(forest: Forest, core: Core, blocks: list[SealedBlock], best: SealedBlock) -> None:
    """What undone blocks had and the best chain has not waits again, if it still can be done."""
    while core.mempool.revalidate(core.ledger.head.slot + 1, 100):
        pass
    included = {sealed.id for block in forest.get_path(best.hash) for sealed in block.transactions}
    waiting = {sealed.id for sealed in core.mempool.get_all()}
    assert not waiting & included
    everything = {sealed.id for block in blocks for sealed in block.transactions}
    assert waiting <= everything - included


async def test_a_payment_of_an_abandoned_block_waits_again_and_is_done_on_the_other_branch() -> (
    None
):
    forest = Forest()
    root = forest.community.chain
    forest.stand_on(root)
    payment = forest.community.sign("emma", Pay(get_account_id("farid"), PAI, ""), valid_for=250)
    first = forest.grow(root, (payment,))
    core = open_core(forest, MemoryStores())
    await deliver(core, [first])
    assert core.find_place(payment.id).status == "in_block"
    rival = forest.grow(root, after=3)
    rivals = [rival, forest.grow(rival.hash), forest.grow(forest.community.ledger.head.hash)]
    await deliver(core, rivals)
    assert core.ledger.head.hash == rivals[-1].hash
    assert core.find_place(payment.id).status == "waiting"
    assert core.get_core_status().counters.reorganisations == 1
    again = forest.grow(rivals[-1].hash, (payment,))
    await deliver(core, [again])
    assert core.find_place(payment.id).height == 4
    assert not len(core.mempool)
    told = core.get_history(get_account_id("emma"), None, 9).entries
    assert [entry.kind for entry in told if entry.kind != "demurrage"] == ["paid"]


async def test_a_better_branch_with_a_bad_block_is_left_again_and_nobody_is_blamed() -> None:
    forest = Forest()
    good = [forest.grow(forest.community.chain)]
    good.append(forest.grow(good[0].hash, after=4))
    rival = forest.grow(good[0].hash)
    following = forest.grow(rival.hash)
    bad = forest.spoil(following)
    core = open_core(forest, MemoryStores())
    outside = FakeOutside()
    core._owner.outside = outside
    await deliver(core, [*good, rival])
    before = core.ledger.head
    await deliver(core, [bad])
    assert core.ledger.head == before
    assert core.has_block(bad.hash)  # known to be bad: never fetched again
    assert core.get_block(bad.hash) is None
    assert core.get_core_status().counters.blocks_refused == 1
    await deliver(core, [bad])
    assert core.get_core_status().counters.blocks_refused == 1
    await deliver(core, [following])
    assert core.ledger.head.hash == following.hash
    assert outside.blamed == []


async def test_a_bad_block_that_was_to_be_followed_twice_halts_nobody() -> None:
    """When it comes before its parent, what waited for them may want it followed, too."""
    forest = Forest()
    good = [forest.grow(forest.community.chain)]
    bad = forest.spoil(forest.grow(good[0].hash))
    core = open_core(forest, MemoryStores())
    await deliver(core, good)
    owner = core._owner
    facts = build_facts(bad.hash, bad.header, None)
    assert facts is not None
    owner.bodies[bad.hash] = bad
    step(owner.consensus, BlockHeld(owner.clock.get_ms(), facts, len(bad.whole_bytes), live=False))
    await perform(owner, [Follow(bad.hash), Follow(bad.hash)])
    assert core.ledger.head.hash == good[0].hash
    assert core.get_core_status().counters.blocks_refused == 1


@pytest.mark.parametrize("depth", [1, 3, 7])
async def test_a_bad_block_in_the_middle_of_a_long_branch_leads_back_to_where_we_were(
    depth: int,
) -> None:
    forest = Forest()
    ours = [forest.grow(forest.community.chain)]
    while len(ours) < 8:
        ours.append(forest.grow(ours[-1].hash, after=3))
    theirs = [forest.grow(ours[0].hash)]
    while len(theirs) < depth:
        theirs.append(forest.grow(theirs[-1].hash))
    theirs.append(forest.spoil(forest.grow(theirs[-1].hash)))
    core = open_core(forest, MemoryStores())
    await deliver(core, [*ours, *theirs[:-1]])
    best = find_best(forest, [*ours, *theirs[:-1]])
    await deliver(core, theirs[-1:])
    assert core.ledger.head.hash == best.hash
    check_same(core, build_straight(forest, best))


def forge_branch(forest: Forest, root: SealedBlock, length: int, name: str) -> list[SealedBlock]:
    """A branch that one seat signs, of slots that it has not won."""
    branch = [root]
    key = get_key(f"{name}/vote")
    while len(branch) <= length:
        below = branch[-1].header
        header = replace(
            below,
            height=below.height + 1,
            slot=below.slot + 1,
            parent_hash=branch[-1].hash,
            seat=get_account_id(name),
            kind=PRIMARY,
            rank=0,
            vrf_proof=vrf.prove(get_key(f"{name}/vrf").seed, bytes([len(branch)])),
            body_root=compute_body_root(()),
        )
        branch.append(seal_block(header, sign_header(header, key).signature, ()))
        forest.blocks[branch[-1].hash] = branch[-1]
    return branch[1:]


async def test_a_branch_of_slots_that_nobody_won_makes_no_node_undo_its_chain() -> None:
    forest = Forest()
    ours = [forest.grow(forest.community.chain)]
    while len(ours) < 30:
        ours.append(forest.grow(ours[-1].hash, after=2))
    forged = forge_branch(forest, ours[0], 60, "ann")
    true = forest.grow(ours[20].hash)
    late = forge_branch(forest, true, 30, "boris")
    core = open_core(forest, MemoryStores())
    with core.subscribe() as events:
        await deliver(core, ours)
        told = drain(events)
        await deliver(core, [*forged, true, *late])
        assert drain(events) == []
    assert len(told) == len(ours)
    assert core.ledger.head.hash == ours[-1].hash
    assert core.get_core_status().counters.blocks_refused >= 2
    assert core.get_core_status().counters.reorganisations == 0
    check_same(core, build_straight(forest, ours[-1]))


async def test_a_block_that_its_seat_did_not_sign_accuses_whoever_sent_it() -> None:
    forest = Forest()
    block = forest.grow(forest.community.chain)
    forged = block._replace(block=replace(block.block, signature=bytes(64)))
    core = open_core(forest, MemoryStores())
    core._owner.outside = outside = FakeOutside()
    await deliver(core, [forged])
    assert outside.blamed == [(PEER, Misbehaviour.INVALID_BLOCK)]
    assert not core.has_block(block.hash)
    await deliver(core, [block])
    assert core.ledger.head.hash == block.hash


@pytest.mark.parametrize("seed", range(4))
async def test_a_crash_anywhere_between_branches_is_made_good_at_the_next_start(seed: int) -> None:
    dice = random.Random(seed)
    forest = Forest()
    ours = [forest.grow(forest.community.chain)]
    while len(ours) < 6:
        ours.append(forest.grow(ours[-1].hash, forest.pay_at(ours[-1].hash, dice), after=4))
    theirs = [forest.grow(ours[0].hash)]
    while forest.get_score(theirs[-1].hash) <= forest.get_score(ours[-1].hash):
        theirs.append(forest.grow(theirs[-1].hash))
    best = find_best(forest, [*ours, *theirs])
    straight = build_straight(forest, best)
    for steps in range(30):
        stores = MemoryStores()
        core = open_core(forest, stores, slot=ours[-1].header.slot + 1)
        await deliver(core, ours)
        with suppress(_Killed):
            await _run_steps(core, theirs, steps)
        again = open_core(forest, stores, slot=ours[-1].header.slot + 1)
        outside = FakeOutside()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(again.run, outside)
            for block in theirs:
                await outside.send.send(BlockArrived(PEER, block, live=False))
            await _until(partial(_stands_on, again, best))
            again.stop()
        check_same(again, straight)
        waiting = {sealed.id for sealed in again.mempool.get_all()}
        assert waiting == {sealed.id for block in ours[1:] for sealed in block.transactions}


class _Killed(Exception):
    """The process died here."""


def _stands_on(core: Core, block: SealedBlock) -> bool:
    return core.ledger.head.hash == block.hash


async def _run_steps(core: Core, blocks: list[SealedBlock], steps: int) -> None:
    """Deliver blocks and die at the given write to the store."""
    store = core.ledger.store
    write = store.write
    left = steps

    def count(batch: Iterable[tuple[bytes, bytes | None]], *, durable: bool) -> None:
        nonlocal left
        if not left:
            raise _Killed
        left -= 1
        write(batch, durable=durable)

    store.write = count  # type: ignore[method-assign]  # this instance dies young
    try:
        await deliver(core, blocks)
    finally:
        del store.write


async def _until(condition: Callable[[], bool]) -> None:
    """Let the core work until something is true; it always has something to do till then."""
    with trio.fail_after(60):
        while not condition():  # noqa: ASYNC110 - the core is asked, it does not call
            await trio.sleep(0.001)


def build_deep_forest() -> Forest:
    return Forest(Community(build_genesis(constants=SHORT)))


def get_names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def choose_stores(kind: str, folder: Path) -> Stores:
    return MemoryStores() if kind == "memory" else FolderStores(folder / "chain")


@pytest.mark.parametrize("kind", ["memory", "folder"])
async def test_a_branch_from_beyond_the_undo_records_is_replayed_and_swapped_in(
    kind: str, tmp_path: Path
) -> None:
    forest = build_deep_forest()
    dice = random.Random(1)
    ours, theirs = grow_long(forest, dice)
    last = max(ours[-1].header.slot, theirs[-1].header.slot)
    core = open_core(forest, choose_stores(kind, tmp_path), slot=last + 1)
    outside = FakeOutside()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(core.run, outside)
        for block in ours:
            await outside.send.send(BlockArrived(PEER, block, live=False))
        await _until(lambda: core.ledger.head.hash == ours[-1].hash)
        assert not core.ledger.can_return_to(5)
        for block in theirs:
            await outside.send.send(BlockArrived(PEER, block, live=False))
        await _until(lambda: core.ledger.head.hash == theirs[-1].hash)
        check_same(core, build_straight(forest, theirs[-1]))
        abandoned = [sealed for block in ours[5:] for sealed in block.transactions]
        assert abandoned
        assert core.mempool.get_all() == abandoned
        more = forest.grow(theirs[-1].hash)
        await outside.send.send(BlockArrived(PEER, more, live=False))
        await _until(lambda: core.ledger.head.hash == more.hash)
        core.stop()
    core.close()
    if kind == "folder":
        assert get_names(tmp_path) == ["chain"]
        again = open_core(forest, FolderStores(tmp_path / "chain"))
        assert again.ledger.head.hash == more.hash
        again.close()


def grow_long(forest: Forest, dice: random.Random) -> tuple[list[SealedBlock], list[SealedBlock]]:
    """Two branches that part at height 5, theirs better, ours longer than can be undone."""
    common = [forest.grow(forest.community.chain)]
    while len(common) < 5:
        common.append(forest.grow(common[-1].hash, forest.pay_at(common[-1].hash, dice)))
    ours = list(common)
    while len(ours) < 50:
        payments = forest.pay_at(ours[-1].hash, dice) if len(ours) >= 46 else ()
        ours.append(forest.grow(ours[-1].hash, payments))
    rivals = Forest(Community(forest.community.genesis), forest.blocks)
    theirs = [rivals.grow(common[-1].hash, after=2)]
    while forest.get_score(theirs[-1].hash) <= forest.get_score(ours[-1].hash):
        theirs.append(rivals.grow(theirs[-1].hash))
    forest.community = rivals.community
    return ours, theirs


async def test_a_deep_branch_with_a_bad_block_is_dropped_and_ours_goes_on() -> None:
    forest = build_deep_forest()
    ours, theirs = grow_long(forest, random.Random(1))
    stores = MemoryStores()
    core = open_core(forest, stores)
    outside = FakeOutside()
    bad = forest.spoil(theirs[-1])
    async with trio.open_nursery() as nursery:
        nursery.start_soon(core.run, outside)
        for block in [*ours, *theirs[:-1], bad]:
            await outside.send.send(BlockArrived(PEER, block, live=False))
        await _until(
            lambda: core.has_block(bad.hash) and core.get_core_status().counters.blocks_refused == 1
        )
        best = find_best(forest, [*ours, *theirs[:-1]])
        await _until(lambda: core.ledger.head.hash == best.hash)
        check_same(core, build_straight(forest, best))
        core.stop()
    assert stores._next is None


async def test_a_deep_branch_that_nobody_won_is_not_even_replayed() -> None:
    forest = build_deep_forest()
    ours, _ = grow_long(forest, random.Random(1))
    forged = forge_branch(forest, ours[3], 100, "ann")
    stores = MemoryStores()
    core = open_core(forest, stores)
    outside = FakeOutside()

    def open_next() -> Store:
        raise AssertionError("nothing is to be replayed")

    stores.open_next = open_next  # type: ignore[method-assign]  # this test is about never asking
    async with trio.open_nursery() as nursery:
        nursery.start_soon(core.run, outside)
        for block in ours:
            await outside.send.send(BlockArrived(PEER, block, live=False))
        await _until(lambda: core.ledger.head.hash == ours[-1].hash)
        assert not core.ledger.can_return_to(ours[3].header.height)
        for block in forged:
            await outside.send.send(BlockArrived(PEER, block, live=False))
        await _until(lambda: core.has_block(forged[-1].hash))
        await _until(lambda: core.get_core_status().counters.blocks_refused == 1)
        assert core.ledger.head.hash == ours[-1].hash
        core.stop()


@pytest.mark.parametrize("seed", range(3))
async def test_the_randomness_of_any_height_is_what_the_state_was_there(seed: int) -> None:
    forest = Forest()
    blocks = grow_randomly(forest, random.Random(seed), 90)
    best = find_best(forest, blocks)
    core = open_core(forest, MemoryStores())
    await deliver(core, blocks)
    for block in forest.get_path(best.hash):
        forest.stand_on(block.hash)
        expected = forest.community.ledger.state.randomness.require(CURRENT)
        assert core._owner.keeper.get_randomness_at(block.header.height) == expected
    assert best.header.slot > CONSTANTS.slots_per_epoch


async def test_a_broken_promise_of_the_ledger_halts_the_node_and_leaves_a_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forest = Forest()
    block = forest.grow(forest.community.chain)
    core = open_core(forest, MemoryStores(), CoreSettings(report_path=tmp_path / "halted"))
    outside = FakeOutside()

    def break_promise(*_given: object) -> None:
        raise InvariantBroken("L1 lost_money: 7 micropai appeared")

    monkeypatch.setattr("chain.ledger.check_invariants", break_promise)
    await outside.send.send(BlockArrived(PEER, block, live=True))
    with pytest.raises(ExceptionGroup) as caught:
        await core.run(outside)
    assert caught.group_contains(InvariantBroken)
    report = (tmp_path / "halted").read_text()
    assert "L1 lost_money: 7 micropai appeared" in report
    assert core.ledger.head.height == 0


@pytest.mark.parametrize("stage", ["before", "between", "after"])
def test_a_swap_interrupted_anywhere_leaves_one_whole_chain(tmp_path: Path, stage: str) -> None:
    folder = tmp_path / "chain"
    stores = FolderStores(folder)
    old, new = stores.open(), stores.open_next()
    old.write([(b"which", b"old")], durable=True)
    new.write([(b"which", b"new")], durable=True)
    old.close()
    new.close()
    if stage in ("between", "after"):
        folder.rename(tmp_path / "chain.old")
    if stage == "after":
        (tmp_path / "chain.next").rename(folder)
    store = FolderStores(folder).open()
    assert store.get(b"which") == (b"old" if stage == "before" else b"new")
    store.close()
    assert get_names(tmp_path) == ["chain"]


def test_a_second_store_is_forgotten_when_it_is_not_wanted(tmp_path: Path) -> None:
    stores = FolderStores(tmp_path / "chain")
    stores.open().close()
    beside = stores.open_next()
    beside.close()
    stores.drop_next()
    assert get_names(tmp_path) == ["chain"]
    assert isinstance(beside, LevelStore)
