"""A seat that signs anything at all: the node neither falls nor leaves a good chain for it.

Invariant: whatever fields a signed header has, and whatever body it commits to, the node goes on,
its head is the best of the honest blocks, and no peer that only passed it on is blamed for it.
"""

import random
from dataclasses import dataclass, field

import pytest
from msgspec.structs import replace

from chain import vrf
from chain.actions import Pay
from chain.block import SealedBlock, compute_body_root, decode_block, seal_block
from chain.errors import Invalid
from chain.header import PRIMARY, SECONDARY, Header, SignedHeader, sign_header
from chain.transaction import SealedTransaction
from node.branches import verify
from node.core import Core
from node.effects import handle, take_block
from node.stores import MemoryStores
from p2p.transport import PeerId
from p2p.view import Misbehaviour
from tests.community import PAI, Community, get_account_id, get_key
from tests.forest import Forest
from tests.simulation.village import run_here
from tests.unit.test_reorganisation import FakeOutside, LateClock

PEER = PeerId("somebody")
SEATS = ("ann", "boris", "clara", "daniil")
LARGEST = 2**63 - 1


@dataclass
class Liar:
    """Makes headers and bodies that an honest seat never would, and signs them."""

    forest: Forest
    dice: random.Random
    hashes: list[bytes]
    lies: list[SealedBlock] = field(default_factory=list)

    def lie(self, like: SealedBlock) -> SealedBlock:
        """A block with some fields of another one, some random, and the author's signature."""
        header, dice = like.header, self.dice
        changes: dict[str, object] = {}
        for name in dice.sample(header.__struct_fields__, dice.randint(0, 3)):
            changes[name] = self.draw(name, header)
        author = dice.choice(SEATS)
        changes["seat"] = get_account_id(author)
        transactions = self.draw_body()
        if dice.random() < 0.9:
            changes["body_root"] = compute_body_root(transactions)
        changed = replace(header, **changes)
        signature = sign_header(changed, get_key(f"{author}/vote")).signature
        block = seal_block(changed, signature, transactions)
        self.lies.append(block)
        return block

    def draw(self, name: str, header: Header) -> object:
        """Another value for a field; not always one that the format admits in that place."""
        dice = self.dice
        proof = vrf.prove(get_key(f"{dice.choice(SEATS)}/vrf").seed, b"lie")
        parents = [*self.hashes, bytes(32), *(lie.hash for lie in self.lies[-5:])]
        present = getattr(header, name)
        number = present if isinstance(present, int) else 0
        numbers = (0, max(0, number - 1), number + 1, number + 90, LARGEST)
        values = {
            "kind": (PRIMARY, SECONDARY),
            "rank": (0, 1, 255),
            "vrf_proof": (bytes(80), b"\x02" + bytes(79), proof),
            "next_set_root": (None, bytes(32)),
            "version": (0, 1, 2),
            **dict.fromkeys(("parent_hash", "base", "lock_hash"), parents),
            **dict.fromkeys(("slot", "height", "lock_round"), numbers),
        }
        return dice.choice(values.get(name, (dice.randbytes(32),)))

    def draw_body(self) -> tuple[SealedTransaction, ...]:
        """Payments that may be anything but right where they stand, some of them twice."""
        made = self.forest.pay_at(self.dice.choice(self.hashes), self.dice)
        return made * self.dice.choice([0, 1, 1, 2])


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_a_seat_signs_the_node_goes_on_with_the_honest_chain(seed: int) -> None:
    forest, dice = Forest(), random.Random(seed)
    tip = forest.community.chain
    honest = []
    for _ in range(12):
        honest.append(forest.grow(tip, forest.pay_at(tip, dice)))
        tip = honest[-1].hash
    genesis = forest.community.genesis
    clock = LateClock(genesis.genesis_time, honest[-1].header.slot)
    core = Core(genesis, MemoryStores(), clock, run_in_thread=run_here)
    owner = core._owner
    owner.outside = outside = FakeOutside()
    liar = Liar(forest, dice, [forest.community.chain, *(block.hash for block in honest)])
    for block in honest:
        for _ in range(15):
            await tell(core, liar.lie(dice.choice(honest)), dice)
        await tell(core, block, dice)
    for block in honest:
        await take_block(owner, PEER, block, live=False)
    assert core.ledger.head.hash == honest[-1].hash
    known = {block.hash for block in honest}
    assert all(core.ledger.get_hash(height + 1) in known for height in range(len(honest)))
    assert {blame for _, blame in outside.blamed} <= {Misbehaviour.INVALID_BLOCK}


async def tell(core: Core, block: SealedBlock, dice: random.Random) -> None:
    """Announce a block, or show it as part of a branch, and bring it as the network would."""
    owner = core._owner
    try:
        decode_block(block.whole_bytes)
    except Invalid:
        return  # the network refuses it at the door
    announced = SignedHeader(block.header, block.block.signature)
    live = dice.random() < 0.5
    if live:
        core.judge_header(PEER, announced)
    else:
        core.judge_branch(PEER, (announced,))
    while owner.pending:
        await handle(owner, owner.pending.popleft())
    await verify(owner, block)
    await take_block(owner, PEER, block, live=live)


def test_a_block_that_was_refused_leaves_nothing_behind_when_the_head_is_taken_back() -> None:
    forest, twin = Forest(), Community()
    ledger, checks = forest.community.ledger, forest.community.checks
    for number in range(6):
        pay = Pay(get_account_id("ann"), PAI, f"egg {number}")
        much = Pay(get_account_id("ann"), 400 * PAI, "more than there is")
        block = twin.extend([twin.sign("emma", pay)], after=1)
        ledger.commit(ledger.execute(block, checks), block, durable=False)
        refused = [forest.community.sign("emma", pay), *(forest.community.sign("farid", much),) * 2]
        with pytest.raises(Invalid):
            forest.community.build_block(refused)
        ledger.undo()
        ledger.commit(ledger.execute(block, checks), block, durable=False)
    assert ledger.root == twin.ledger.root
