"""Nodes on memory lines: gossip reaches everybody, blocks are rebuilt, late joiners catch up."""

import pytest
import trio
from trio.testing import MockClock

from p2p.memory import Lines
from tests.network_world import FakeChain, World, build_chain, build_transaction, until


@pytest.fixture
def autojump_clock() -> MockClock:
    return MockClock(autojump_threshold=0)


async def test_transactions_travel_in_bundles_to_everybody(autojump_clock: MockClock) -> None:
    world = World(lines=Lines(delay_seconds=(0.01, 0.05)))
    nodes = [world.build("a")]
    for index, name in enumerate("bcd"):
        nodes.append(world.build(name, peers=(f"/memory/{'abc'[index]}",), outbound_target=0))
    sent = [build_transaction(number) for number in range(300)]
    async with world.run(*nodes):
        await trio.sleep(3)
        nodes[0].network.offer_transactions(sent)
        for node in nodes[1:]:
            await until(node, lambda node=node: len(node.get_transactions()) == 300)
    for node in nodes[1:]:
        assert [s.id for s in node.get_transactions()] == [s.id for s in sent]
        assert len(node.chain.judged) < 5


async def test_a_late_joiner_catches_up_from_several_peers(autojump_clock: MockClock) -> None:
    world = World(lines=Lines(delay_seconds=(0.01, 0.05)))
    blocks = build_chain(1300, each=1)
    full = [world.build(name, FakeChain(list(blocks))) for name in "abc"]
    late = world.build("late", peers=("/memory/a", "/memory/b", "/memory/c"))
    async with world.run(*full, late):
        await until(late, lambda: len(late.chain.blocks) == 1300)
    arrived = late.get_arrived()
    assert [event.block.hash for event in arrived] == [block.hash for block in blocks]
    assert {event.peer for event in arrived} == {"a", "b", "c"}
    assert not any(event.live for event in arrived)
