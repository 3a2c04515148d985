"""What claims a slot far ahead is refused by the clock, before any epoch between is reckoned.

Invariant: a header of millions of epochs ahead, signed by a seat of the set, costs a comparison.
"""

import pytest
from msgspec.structs import replace

from chain.block import SealedBlock, seal_block
from chain.errors import Code, Invalid
from chain.header import SignedHeader, sign_header
from chain.rules import randomness
from chain.rules.randomness import SKIPPED_EPOCHS_MAX, compute_randomness
from chain.store import MemoryStore
from chain.tables import CURRENT
from node.clock import GenesisClock
from node.core import Core
from node.effects import take_block
from node.ops.intake import stop_at_early, take_in
from node.stores import MemoryStores
from p2p.transport import PeerId, Verdict
from tests.community import get_key
from tests.forest import Forest
from tests.simulation.village import run_here
from tests.unit.test_reorganisation import FakeOutside, LateClock

PEER = PeerId("somebody")


class Reckoned(Exception):
    """Epochs were skipped, one by one."""


class Future:
    """A node with one block, and a block that its author signed for a day in some centuries."""

    def __init__(self) -> None:
        self.forest = Forest()
        community = self.forest.community
        self.first = self.forest.grow(community.chain)
        clock = LateClock(community.genesis.genesis_time, self.first.header.slot + 5)
        self.core = Core(community.genesis, MemoryStores(), clock, run_in_thread=run_here)
        self.core._owner.outside = FakeOutside()
        constants = community.genesis.constants
        self.clock = GenesisClock(clock, community.genesis.genesis_time, constants.slot_seconds)
        self.block = self.sign(self.first, SKIPPED_EPOCHS_MAX * constants.slots_per_epoch)

    def sign(self, parent: SealedBlock, slots: int) -> SealedBlock:
        """A block so many slots above its parent, of the parent's author."""
        header = replace(
            parent.header,
            parent_hash=parent.hash,
            height=parent.header.height + 1,
            slot=parent.header.slot + slots,
        )
        name = self.forest.community.seat_names[header.seat]
        signed = sign_header(header, get_key(f"{name}/vote"))
        return seal_block(signed.header, signed.signature, ())


@pytest.fixture
async def future(monkeypatch: pytest.MonkeyPatch) -> Future:
    """The node, in which nobody may skip epochs."""
    future = Future()
    await take_block(future.core._owner, PEER, future.first, live=False)
    assert future.core.ledger.head.height == 1

    def refuse(*_: object) -> None:
        raise Reckoned

    monkeypatch.setattr(randomness, "_skip_to", refuse)
    return future


async def test_an_announcement_and_a_branch_are_left_alone(future: Future) -> None:
    announced = SignedHeader(future.block.header, future.block.block.signature)
    assert future.core.judge_header(PEER, announced) is Verdict.IGNORE
    assert future.core.judge_branch(PEER, (announced,)) is Verdict.IGNORE


@pytest.mark.parametrize("live", [True, False])
async def test_a_block_is_dropped_and_forgotten(future: Future, live: bool) -> None:
    await take_block(future.core._owner, PEER, future.block, live=live)
    assert future.core.ledger.head.height == 1
    assert not future.core.has_block(future.block.hash)
    assert future.core._owner.bodies == {}


async def test_a_file_with_such_a_block_is_refused(future: Future) -> None:
    genesis = future.core.genesis
    blocks = stop_at_early([future.first, future.block], future.clock)
    store = MemoryStore()
    with pytest.raises(Invalid) as caught:
        take_in(store, genesis, blocks, lambda _: None)
    assert caught.value.code is Code.WRONG_SLOT


async def test_without_the_clock_it_would_be_reckoned(future: Future) -> None:
    current = future.core.ledger.state.randomness.require(CURRENT)
    with pytest.raises(Reckoned):
        compute_randomness(current, SKIPPED_EPOCHS_MAX)
    with pytest.raises(Reckoned):
        take_in(MemoryStore(), future.core.genesis, [future.first, future.block], lambda _: None)
