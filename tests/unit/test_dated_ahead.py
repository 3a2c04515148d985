"""A clock that was set back: what is dated ahead of it loses its place until its slot comes.

Unless it shows that the clock is wrong now: then the chain is kept. By the machine alone, and by a
whole node whose clock can be set.
"""

from collections.abc import Iterable

import pytest
import trio
from msgspec.structs import replace

from chain.actions import Pay
from chain.block import SealedBlock
from chain.certificates import Justification
from chain.header import SECONDARY
from chain.votes import Prevote
from consensus.ahead import set_ahead_aside
from consensus.arrivals import ASIDE_MAX, EARLY_SLOTS, Arrival, Arrivals
from consensus.effects import Concern, Follow, Forget, Place, Warn
from consensus.engine import is_known, is_wanted, step
from consensus.events import BlockHeld, ChainReplaced, ClockJumped, HeaderSeen, Started, Ticked
from consensus.forkchoice import BlockFacts
from consensus.outlook import Standstill, get_outlook
from node.core import Core
from node.stores import MemoryStores
from p2p.view import BlockArrived
from tests.community import CONSTANTS, PAI, Community, build_genesis, get_account_id
from tests.consensus_world import (
    CHAIN,
    GENESIS,
    SLOT_MS,
    Driver,
    build_block,
    build_position,
)
from tests.forest import Forest
from tests.simulation.village import run_here
from tests.unit.test_reorganisation import (
    PEER,
    FakeOutside,
    _until,
    build_straight,
    check_same,
    deliver,
)

NOW = 100
AHEAD = 230


class Machine(Driver):
    """A seat of four, ann's; blocks come in their slots, the clock goes with them."""

    def grow(self, parent: BlockFacts, slots: Iterable[int], seat: str = "ann") -> list[BlockFacts]:
        """Blocks of one seat above another, each held in its slot."""
        chain = [parent]
        for slot in slots:
            chain.append(build_block(chain[-1], slot, seat=seat))
            self.send(BlockHeld(slot * SLOT_MS, chain[-1], 100, live=True))
        return chain[1:]

    def set_clock(self, slot: int) -> None:
        """The clock is set, and that is noticed."""
        self.send(ClockJumped(slot * SLOT_MS))

    @property
    def head(self) -> BlockFacts:
        """What is followed."""
        return self.state.position.head


def run_ahead() -> tuple[Machine, list[BlockFacts], list[BlockFacts]]:
    """A machine that has made ten blocks alone by a clock that ran ahead; below are three."""
    machine = Machine()
    machine.begin(90 * SLOT_MS)
    common = machine.grow(GENESIS, range(95, 98), seat="boris")
    machine.set_clock(NOW + AHEAD)
    own = machine.grow(common[-1], range(NOW + AHEAD, NOW + AHEAD + 10))
    assert machine.head == own[-1]
    return machine, common, own


def test_a_clock_set_back_ends_the_chain_that_was_made_ahead_of_it() -> None:
    machine, common, own = run_ahead()
    machine.set_clock(NOW)
    assert machine.head == common[-1]
    assert Warn(Concern.DATED_AHEAD, 10) in machine.effects
    assert not [effect for effect in machine.effects if isinstance(effect, Forget)]
    for facts in own:
        assert facts.hash not in machine.state.tree
        assert is_known(machine.state, facts.hash)  # kept, not to be fetched again
        assert not is_wanted(machine.state, facts.hash)
        assert not machine.state.tree.is_refused(facts.hash)
    other = machine.grow(common[-1], (NOW,), seat="clara")  # one block, against ten
    assert machine.head == other[-1]


def test_a_worse_branch_is_followed_when_the_better_one_is_dated_ahead() -> None:
    machine, common, own = run_ahead()
    side = build_block(common[0], 99, kind=SECONDARY, seat="boris")
    machine.send(BlockHeld((NOW + AHEAD + 10) * SLOT_MS, side, 100, live=True))
    better = build_block(side, 100, seat="clara")
    machine.send(BlockHeld((NOW + AHEAD + 10) * SLOT_MS, better, 100, live=True))
    third = build_block(better, 101, seat="boris")
    machine.send(BlockHeld((NOW + AHEAD + 10) * SLOT_MS, third, 100, live=True))
    assert machine.head == own[-1]
    machine.set_clock(NOW)  # the third is early, and no more than early
    assert machine.head == third


@pytest.mark.parametrize("back_slots", [0, 1])
def test_a_block_that_is_only_early_keeps_its_place(back_slots: int) -> None:
    machine, _, own = run_ahead()
    machine.set_clock(own[-1].slot - EARLY_SLOTS - back_slots)
    assert machine.head == own[-1 - back_slots]


def test_what_was_set_aside_is_followed_again_from_its_slot_on() -> None:
    machine, common, own = run_ahead()
    machine.set_clock(NOW)
    machine.send(Ticked((own[0].slot - 1) * SLOT_MS))
    assert machine.head == common[-1]
    for facts in own:
        machine.send(Ticked(facts.slot * SLOT_MS))
        assert machine.head == facts
        assert Place(facts.hash) in machine.effects
    assert not [facts for facts in own if facts.hash in machine.state.arrivals]


def test_a_clock_that_was_set_back_wrongly_and_right_again_changes_nothing() -> None:
    machine, common, own = run_ahead()
    machine.set_clock(NOW)
    assert machine.head == common[-1]
    machine.set_clock(NOW + AHEAD + 10)
    machine.send(Ticked((NOW + AHEAD + 10) * SLOT_MS))
    assert machine.head == own[-1]


@pytest.mark.parametrize(
    ("others", "leaves"),
    [((), True), (("boris",), True), (("boris", "clara"), False)],
)
def test_blocks_of_more_than_a_third_show_that_the_clock_is_wrong_now(
    others: tuple[str, ...], leaves: bool
) -> None:
    machine, common, own = run_ahead()
    tip = own[-1]
    for place, name in enumerate(others):
        (tip,) = machine.grow(tip, (NOW + AHEAD + 20 + place,), seat=name)
    machine.set_clock(NOW)
    assert machine.head == (common[-1] if leaves else tip)
    assert (Warn(Concern.DATED_AHEAD, 10 + len(others)) in machine.effects) == leaves


@pytest.mark.parametrize(
    ("others", "leaves"),
    [(("boris",), True), (("ann", "boris"), True), (("boris", "clara"), False)],
)
def test_messages_of_more_than_a_third_without_us_show_it_too(
    others: tuple[str, ...], leaves: bool
) -> None:
    machine, common, own = run_ahead()
    for name in others:
        slot = NOW + AHEAD + 10
        seen = HeaderSeen(slot * SLOT_MS, get_account_id(name), NOW + EARLY_SLOTS + 1, SECONDARY)
        machine.send(seen)
    machine.set_clock(NOW)
    assert machine.head == (common[-1] if leaves else own[-1])


@pytest.mark.parametrize("shown", ["lock", "waiting"])
def test_what_a_quorum_decided_ahead_shows_it_too(shown: str) -> None:
    machine, _, own = run_ahead()
    gadget = machine.state.gadget
    if shown == "lock":
        gadget.lock = gadget.lock._replace(round=NOW + AHEAD)
    else:
        target, round_ = own[0], NOW + AHEAD
        body = Prevote(CHAIN, CHAIN, round_, 0, CHAIN, 0, target.hash, target.height)
        gadget.waiting.append(Justification(body, b"\x07", ()))
    assert set_ahead_aside(machine.state, NOW) == []
    assert machine.head == own[-1]


def test_a_start_with_a_clock_that_was_set_meanwhile_leaves_the_same() -> None:
    machine, common, own = run_ahead()
    machine.start(build_position(common[-1], 6))
    machine.begin((NOW + AHEAD + 10) * SLOT_MS)
    for facts in own:
        machine.send(BlockHeld((NOW + AHEAD + 10) * SLOT_MS, facts, 100, live=False))
    assert machine.head == own[-1]
    machine.send(Started(NOW * SLOT_MS))
    assert machine.head == common[-1]


def test_a_clock_behind_all_that_is_held_leaves_nothing() -> None:
    machine, _, own = run_ahead()
    machine.start(build_position(own[-1], 26))  # the tree begins with what is ahead
    machine.send(Started(NOW * SLOT_MS))
    assert machine.head == own[-1]
    machine.set_clock(-5_000_000)
    assert machine.head == own[-1]


def test_an_orphan_that_is_dated_ahead_gets_no_place_with_its_parent() -> None:
    machine, common, _ = run_ahead()
    parent = build_block(common[-1], NOW - 1, seat="clara")
    orphan = build_block(parent, NOW + AHEAD, seat="boris")
    machine.send(BlockHeld((NOW + AHEAD) * SLOT_MS, orphan, 100, live=True))
    assert orphan.hash in machine.state.arrivals
    machine.set_clock(NOW)
    machine.send(BlockHeld(NOW * SLOT_MS, parent, 100, live=True))
    assert machine.head == parent
    assert Forget((orphan,)) in machine.effects
    assert orphan.hash not in machine.state.tree
    assert not is_known(machine.state, orphan.hash)


def test_a_block_whose_parent_has_gone_meanwhile_goes_too() -> None:
    machine, common, own = run_ahead()
    machine.set_clock(NOW)
    others = machine.grow(common[-1], range(NOW, NOW + 6), seat="clara")
    machine.state.tree.prune(
        machine.head.hash, horizon_slot=0, chain_slot=NOW, limit=1_000, limit_bytes=10**9
    )
    assert common[-1].hash not in machine.state.tree
    machine.send(Ticked(own[1].slot * SLOT_MS))
    assert machine.head == others[-1]
    assert [Forget((facts,)) in machine.effects for facts in own[:3]] == [True, True, False]
    assert not is_known(machine.state, own[0].hash)


def test_what_is_set_aside_is_bounded_and_the_lowest_stays() -> None:
    machine, common, own = run_ahead()
    machine.set_clock(NOW + AHEAD + 10)
    many = []
    for number in range(ASIDE_MAX):
        many.append(build_block(own[-1], NOW + AHEAD + 10, kind=SECONDARY, salt=number))
        machine.send(BlockHeld((NOW + AHEAD + 10) * SLOT_MS, many[-1], 100, live=False))
    machine.set_clock(NOW)
    assert machine.head == common[-1]
    kinds = [type(effect) for effect in machine.effects]
    assert kinds.index(Follow) < kinds.index(Forget)  # what is followed is not forgotten
    (dropped,) = [effect.blocks for effect in machine.effects if isinstance(effect, Forget)]
    assert dropped == tuple(many[-10:])


def test_a_clock_set_back_twice_and_right_again_loses_nothing() -> None:
    machine, common, own = run_ahead()
    machine.set_clock(own[5].slot - EARLY_SLOTS - 1)
    assert machine.head == own[4]
    machine.set_clock(NOW)
    assert machine.head == common[-1]
    machine.set_clock(own[-1].slot)
    assert machine.head == own[-1]
    assert not [effect for effect in machine.effects if isinstance(effect, Forget)]


def test_what_is_lower_stays_also_when_it_is_set_aside_later() -> None:
    arrivals = Arrivals()
    chain = [build_block(GENESIS, 1)]
    while len(chain) < ASIDE_MAX + 2:
        chain.append(build_block(chain[-1], len(chain) + 1))
    waiting = [Arrival(facts, 100, early=True) for facts in chain]
    assert arrivals.set_aside(waiting[2:]) == []
    assert arrivals.set_aside(waiting[:2]) == chain[-2:]
    assert [item.facts for item in arrivals.take_back(len(chain))] == chain[:-2]


def test_an_operator_is_told_how_things_are_while_the_way_back_is_gone() -> None:
    machine, common, own = run_ahead()
    effects = step(machine.state, ClockJumped(NOW * SLOT_MS))  # undoing takes its time, or hours
    assert Follow(common[-1].hash) in effects
    assert machine.head == own[-1]
    assert get_outlook(machine.state, NOW * SLOT_MS).standstill is Standstill.BEHIND


def test_another_disk_has_nothing_of_what_was_set_aside() -> None:
    machine, _, own = run_ahead()
    machine.set_clock(NOW)
    base = build_block(GENESIS, 50)
    machine.send(ChainReplaced(NOW * SLOT_MS, build_position(base, 2)))
    assert not is_known(machine.state, own[0].hash)


def test_primaries_that_were_seen_ahead_are_forgotten() -> None:
    machine, _, own = run_ahead()
    assert own[-1].slot in machine.state.primaries_seen
    machine.set_clock(NOW)
    assert not [slot for slot in machine.state.primaries_seen if slot > NOW + EARLY_SLOTS]


class SetClock:
    """A clock that is set by hand; monotonic time stands still."""

    def __init__(self, genesis_time: int) -> None:
        self._genesis_ms = genesis_time * 1_000
        self.slot = 0

    def get_wall_ms(self) -> int:
        """As set."""
        return self._genesis_ms + self.slot * 1_000

    def get_monotonic_ms(self) -> int:
        """The same moment."""
        return 0


class Node:
    """A node without a seat, whose clock can be set, and what became of its payments."""

    def __init__(self, forest: Forest) -> None:
        self.forest = forest
        self.stores = MemoryStores()
        self.clock = SetClock(forest.community.genesis.genesis_time)
        self.core = self.open()

    def open(self) -> Core:
        genesis = self.forest.community.genesis
        return Core(genesis, self.stores, self.clock, run_in_thread=run_here)

    async def set_clock(self, slot: int) -> None:
        """The clock is set; the core's task looks at it, as it does before anything else."""
        self.clock.slot = slot
        await self.core._task.take_turn(None)

    def get_aside(self) -> list[bytes]:
        """The blocks on the disk that are not of the chain that is followed."""
        return [block_hash for _, block_hash in self.core.ledger.get_blocks_aside()]


async def build_ahead() -> tuple[Node, list[SealedBlock], list[SealedBlock]]:
    """A node that has taken four blocks of ann's, dated ahead, above three of others."""
    forest = Forest()
    common = [forest.grow(forest.community.chain)]
    while len(common) < 3:
        common.append(forest.grow(common[-1].hash))
    ahead: list[SealedBlock] = []
    for number in range(4):
        tip = (common + ahead)[-1].hash
        forest.stand_on(tip)
        pay = forest.community.sign("emma", Pay(get_account_id("farid"), PAI, f"{number}"))
        ahead.append(forest.grow(tip, (pay,), by="ann", after=0 if ahead else 30))
    node = Node(forest)
    node.clock.slot = ahead[-1].header.slot
    await deliver(node.core, [*common, *ahead])
    assert node.core.ledger.head.hash == ahead[-1].hash
    return node, common, ahead


async def test_a_node_goes_back_to_the_newest_block_that_is_not_ahead() -> None:
    node, common, ahead = await build_ahead()
    await node.set_clock(common[-1].header.slot + 1)
    core = node.core
    assert core.ledger.head.hash == common[-1].hash
    check_same(core, build_straight(node.forest, common[-1]))
    assert node.get_aside() == [block.hash for block in ahead]
    payments = [sealed for block in ahead for sealed in block.transactions]
    assert core.mempool.get_all() == payments  # they wait again
    await deliver(core, ahead)
    assert core.ledger.head.hash == common[-1].hash
    assert node.get_aside() == [block.hash for block in ahead]  # what is told again is not lost
    other = node.forest.grow(common[-1].hash, by="boris")
    await node.set_clock(other.header.slot)
    await deliver(core, [other])
    assert core.ledger.head.hash == other.hash


async def test_a_node_whose_clock_is_right_again_takes_its_blocks_up_from_the_disk() -> None:
    node, common, ahead = await build_ahead()
    await node.set_clock(common[-1].header.slot + 1)
    assert node.core.ledger.head.hash == common[-1].hash
    await node.set_clock(ahead[-1].header.slot)
    assert node.core.ledger.head.hash == ahead[-1].hash
    check_same(node.core, build_straight(node.forest, ahead[-1]))
    assert node.get_aside() == []
    assert not len(node.core.mempool)


async def test_a_node_starts_with_a_clock_that_was_set_back_while_it_was_down() -> None:
    node, common, ahead = await build_ahead()
    node.clock.slot = common[-1].header.slot + 1
    node.core = node.open()
    assert node.core.ledger.head.hash == ahead[-1].hash
    await node.core._task._start()
    assert node.core.ledger.head.hash == common[-1].hash
    check_same(node.core, build_straight(node.forest, common[-1]))


async def test_what_was_set_aside_outlives_a_start_with_a_clock_that_is_still_behind() -> None:
    node, common, ahead = await build_ahead()
    await node.set_clock(common[-1].header.slot + 1)
    node.core = node.open()
    await node.core._task._start()
    assert node.core.ledger.head.hash == common[-1].hash
    assert node.get_aside() == [block.hash for block in ahead]
    await node.set_clock(ahead[-1].header.slot)
    assert node.core.ledger.head.hash == ahead[-1].hash
    check_same(node.core, build_straight(node.forest, ahead[-1]))


def build_long(life_slots: int, author: str | None) -> tuple[Node, SealedBlock, list[SealedBlock]]:
    """A node that is to take seventy blocks that are dated ahead, above one that is not."""
    constants = replace(CONSTANTS, transaction_life_slots=life_slots)
    forest = Forest(Community(build_genesis(constants=constants)))
    first = forest.grow(forest.community.chain)
    ahead: list[SealedBlock] = []
    while len(ahead) < 70:
        tip = [first, *ahead][-1].hash
        ahead.append(forest.grow(tip, by=author, after=0 if ahead else 30))
    node = Node(forest)
    node.clock.slot = ahead[-1].header.slot
    return node, first, ahead


@pytest.mark.parametrize("life_slots", [300, 40])
async def test_a_chain_longer_than_can_be_undone_is_left_too(life_slots: int) -> None:
    node, first, ahead = build_long(life_slots, "ann")
    core, outside = node.core, FakeOutside()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(core.run, outside)
        for block in [first, *ahead]:
            await outside.send.send(BlockArrived(PEER, block, live=False))
        await _until(lambda: core.ledger.head.hash == ahead[-1].hash)
        assert core.ledger.can_return_to(1) == (life_slots == 300)
        assert (first.hash in core._owner.consensus.tree) == (life_slots == 300)
        node.clock.slot = first.header.slot + 1
        core._task.nudge()
        await _until(lambda: core.ledger.head.hash == first.hash)
        check_same(core, build_straight(node.forest, first))
        core.stop()


async def test_a_long_chain_of_all_seats_is_kept_and_not_even_read_to_its_end() -> None:
    node, first, ahead = build_long(40, None)
    await deliver(node.core, [first, *ahead])
    held = len(node.core._owner.consensus.tree)
    await node.set_clock(first.header.slot + 1)
    assert node.core.ledger.head.hash == ahead[-1].hash
    assert len(node.core._owner.consensus.tree) == held
