"""What a node passes on: headers that seats signed and won, transactions that the rules admit.

A verdict of REJECT costs the peer, so it must only be given for what nobody honest passes on.
"""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from chain import vrf
from chain.actions import ChangePolicy, Pay
from chain.block import SealedBlock
from chain.header import PRIMARY, SECONDARY, Header, SignedHeader, sign_header
from chain.transaction import SealedTransaction, sign_transaction
from node.core import Core
from node.effects import handle, take_block
from node.stores import MemoryStores
from p2p.transport import PeerId, Verdict
from tests.community import PAI, get_account_id, get_key, get_policy, get_signers
from tests.forest import Forest
from tests.simulation.village import run_here
from tests.unit.test_reorganisation import FakeOutside, LateClock

PEER = PeerId("somebody")


class Bench:
    """A node on the first blocks of a chain, and the next block that somebody announces."""

    def __init__(self, height: int = 3) -> None:
        self.forest = Forest()
        self.blocks: list[SealedBlock] = []
        for _ in range(height):
            self.add()
        self.next = self.forest.grow(self.tip)
        slot = self.next.header.slot
        genesis = self.forest.community.genesis
        clock = LateClock(genesis.genesis_time, slot)
        self.core = Core(genesis, MemoryStores(), clock, run_in_thread=run_here)
        self.core._owner.outside = self.outside = FakeOutside()

    @property
    def tip(self) -> bytes:
        """The newest block that the node holds."""
        return self.blocks[-1].hash if self.blocks else self.forest.community.chain

    def add(self) -> None:
        """One more block for the node to begin with."""
        self.blocks.append(self.forest.grow(self.tip))

    async def open(self) -> "Bench":
        """Give the node its chain."""
        for block in self.blocks:
            await take_block(self.core._owner, PEER, block, live=False)
        return self

    def sign(self, header: Header) -> SignedHeader:
        """A header with its author's signature."""
        name = self.forest.community.seat_names[header.seat]
        return sign_header(header, get_key(f"{name}/vote"))

    def judge(self, header: Header) -> Verdict:
        """The verdict on a header that its author signed."""
        return self.core.judge_header(PEER, self.sign(header))

    def pay(self, name: str, amount: int = PAI) -> SealedTransaction:
        """A payment that is good above the node's head."""
        self.forest.stand_on(self.tip)
        return self.forest.community.sign(name, Pay(get_account_id("ann"), amount, ""))


async def test_a_fresh_header_is_accepted_and_told_to_consensus() -> None:
    bench = await Bench().open()
    assert bench.judge(bench.next.header) is Verdict.ACCEPT
    owner = bench.core._owner
    assert len(owner.pending) == 1
    await handle(owner, owner.pending.popleft())
    if bench.next.header.kind == PRIMARY:
        assert bench.next.header.slot in owner.consensus.primaries_seen


async def test_a_header_of_a_known_block_is_no_news() -> None:
    bench = await Bench().open()
    for block in bench.blocks:
        assert bench.judge(block.header) is Verdict.IGNORE
    await take_block(bench.core._owner, PEER, bench.next, live=True)
    assert bench.judge(bench.next.header) is Verdict.IGNORE


SPOILT: dict[str, Callable[[Header], Header]] = {
    "of another community": lambda header: replace(header, chain=bytes(32)),
    "of another version": lambda header: replace(header, version=2),
    "with a proof that is no point": lambda header: replace(header, vrf_proof=b"\x02" + bytes(79)),
}

# What shows only to those who know the parent, or the seed of its branch: its author is to blame.
UNFOUNDED: dict[str, Callable[[Header], Header]] = {
    "with another's proof": lambda header: replace(header, vrf_proof=vrf.prove(bytes(32), b"x")),
    "with a rank that is not due": lambda header: replace(header, kind=SECONDARY, rank=3),
    "in its parent's slot": lambda header: replace(header, slot=header.slot - 1),
}


@pytest.mark.parametrize("name", SPOILT)
async def test_what_no_honest_node_passes_on_is_rejected(name: str) -> None:
    bench = await Bench().open()
    assert bench.judge(SPOILT[name](bench.next.header)) is Verdict.REJECT


@pytest.mark.parametrize("name", UNFOUNDED)
async def test_a_signed_header_that_has_not_won_stops_here_and_blames_nobody(name: str) -> None:
    bench = await Bench().open()
    assert bench.judge(UNFOUNDED[name](bench.next.header)) is Verdict.IGNORE
    assert not bench.core._owner.pending


async def test_a_signature_that_does_not_verify_is_rejected() -> None:
    bench = await Bench().open()
    announced = SignedHeader(bench.next.header, bytes(64))
    assert bench.core.judge_header(PEER, announced) is Verdict.REJECT
    stranger = replace(bench.next.header, seat=get_account_id("emma"))
    announced = sign_header(stranger, get_key("emma/vote"))
    assert bench.core.judge_header(PEER, announced) is Verdict.REJECT


async def test_a_secondary_that_claims_to_be_primary_stops_here() -> None:
    bench = Bench()
    while bench.next.header.kind == PRIMARY:
        bench = Bench(len(bench.blocks) + 1)
    await bench.open()
    header = replace(bench.next.header, kind=PRIMARY, rank=0)
    assert bench.judge(header) is Verdict.IGNORE


async def test_what_may_be_a_matter_of_timing_or_of_another_branch_is_ignored() -> None:
    bench = await Bench().open()
    header = bench.next.header
    clock_slot = bench.core.get_clock_slot()
    assert bench.judge(replace(header, slot=clock_slot + 2)) is Verdict.IGNORE
    assert bench.judge(replace(header, base=bytes(32))) is Verdict.IGNORE


def open_late(bench: Bench, slot: int) -> Core:
    """A node that has no block yet."""
    genesis = bench.forest.community.genesis
    clock = LateClock(genesis.genesis_time, slot)
    return Core(genesis, MemoryStores(), clock, run_in_thread=run_here)


async def test_a_header_above_an_unknown_parent_is_accepted_on_its_draw() -> None:
    bench = Bench()
    child = bench.forest.grow(bench.next.hash)
    late = open_late(bench, child.header.slot)
    assert late.judge_header(PEER, bench.sign(child.header)) is Verdict.ACCEPT


async def test_a_lying_seat_silences_no_secondary_with_a_parent_that_nobody_has() -> None:
    bench = await Bench().open()
    owner, header = bench.core._owner, bench.next.header
    for name in ("ann", "boris", "clara", "daniil"):
        forged = replace(
            header,
            seat=get_account_id(name),
            kind=PRIMARY,
            rank=0,
            parent_hash=b"\x07" * 32,
            vrf_proof=vrf.prove(get_key(f"{name}/vrf").seed, b"another slot"),
        )
        announced = sign_header(forged, get_key(f"{name}/vote"))
        assert bench.core.judge_header(PEER, announced) is Verdict.IGNORE
    while owner.pending:
        await handle(owner, owner.pending.popleft())
    assert header.slot not in owner.consensus.primaries_seen


async def test_a_proof_that_is_no_point_bans_no_honest_peer_that_could_not_look() -> None:
    """It is seen by everybody at once, and so passed on by nobody, whatever its parent is."""
    bench = await Bench().open()
    proof = b"\x02" + bytes(79)
    orphan = replace(bench.next.header, parent_hash=b"\x07" * 32, vrf_proof=proof)
    assert bench.judge(orphan) is Verdict.REJECT
    assert bench.core.judge_branch(PEER, (bench.sign(orphan),)) is Verdict.REJECT


async def test_no_more_than_two_headers_of_a_seat_and_slot_are_passed_on() -> None:
    bench = await Bench().open()
    forged = [replace(bench.next.header, body_root=bytes([number]) * 32) for number in range(9)]
    verdicts = [bench.judge(header) for header in (*forged, *forged)]
    assert [verdict is Verdict.ACCEPT for verdict in verdicts] == [True, True, *[False] * 7] * 2
    assert Verdict.REJECT not in verdicts


async def test_an_old_header_is_left_to_sync() -> None:
    bench = Bench(1)
    first = bench.blocks[0]
    rival = bench.forest.grow(bench.forest.community.chain, after=2)
    far = bench.forest.grow(first.hash, after=200)
    genesis = bench.forest.community.genesis
    clock = LateClock(genesis.genesis_time, far.header.slot)
    core = Core(genesis, MemoryStores(), clock, run_in_thread=run_here)
    for block in (first, far):
        await take_block(core._owner, PEER, block, live=False)
    assert core.judge_header(PEER, bench.sign(rival.header)) is Verdict.IGNORE


async def test_a_branch_is_judged_by_all_its_signatures() -> None:
    bench = await Bench().open()
    path = [bench.next]
    while len(path) < 5:
        path.append(bench.forest.grow(path[-1].hash))
    genesis = bench.forest.community.genesis
    clock = LateClock(genesis.genesis_time, path[-1].header.slot)
    core = Core(genesis, MemoryStores(), clock, run_in_thread=run_here)
    headers = tuple(bench.sign(block.header) for block in path)
    assert core.judge_branch(PEER, headers) is Verdict.ACCEPT
    forged = SignedHeader(path[2].header, bytes(64))
    assert core.judge_branch(PEER, (*headers[:2], forged)) is Verdict.REJECT
    assert bench.core.judge_branch(PEER, headers) is Verdict.IGNORE  # too early for that clock
    other = bench.sign(replace(path[0].header, base=bytes(32)))
    assert core.judge_branch(PEER, (other,)) is Verdict.IGNORE


async def test_a_branch_that_holds_a_block_known_to_be_bad_is_rejected() -> None:
    bench = await Bench().open()
    bad = bench.forest.spoil(bench.next)
    await take_block(bench.core._owner, PEER, bad, live=False)
    assert bench.core.judge_branch(PEER, (bench.sign(bad.header),)) is Verdict.REJECT


async def test_good_transactions_are_accepted_once_and_wait() -> None:
    bench = await Bench().open()
    sent = (bench.pay("emma"), bench.pay("farid"))
    assert bench.core.judge_transactions(PEER, sent) is Verdict.ACCEPT
    assert bench.core.judge_transactions(PEER, sent) is Verdict.IGNORE
    assert len(bench.core.mempool) == 2
    assert bench.core.judge_transactions(PEER, (bench.pay("galina", 900 * PAI),)) is Verdict.IGNORE


async def test_a_bundle_with_a_forged_signature_stops_here_and_its_good_part_goes_on() -> None:
    bench = await Bench().open()
    good, other = bench.pay("emma"), bench.pay("farid")
    signature = replace(other.signed.signatures[0], signature=bytes(64))
    forged = replace(other, signed=replace(other.signed, signatures=(signature,)))
    assert bench.core.judge_transactions(PEER, (forged, good)) is Verdict.REJECT
    assert bench.outside.offered == [good]
    assert bench.core.mempool.get_all() == [good]


async def test_a_change_of_keys_on_its_way_makes_nobody_ban_an_honest_peer() -> None:
    bench = await Bench().open()
    community, emma = bench.forest.community, get_account_id("emma")
    bench.forest.stand_on(bench.tip)
    change = community.sign("emma", ChangePolicy(get_policy("farid")))
    body = replace(change.body, sequence=1, actions=(Pay(get_account_id("ann"), PAI, ""),))
    follows = sign_transaction(community.chain, body, get_signers(get_policy("farid")))
    rival = community.sign("emma", Pay(get_account_id("ann"), PAI, "instead"))
    elsewhere = open_late(bench, bench.core.get_clock_slot())
    assert elsewhere.judge_transactions(PEER, (change, follows)) is Verdict.ACCEPT
    assert bench.core.judge_transactions(PEER, (rival,)) is Verdict.ACCEPT
    assert bench.core.judge_transactions(PEER, (change, follows)) is Verdict.IGNORE
    assert bench.core.mempool.get_next_sequence(emma) == 1


async def test_signatures_that_fail_by_the_hundred_are_held_against_the_peer() -> None:
    bench = await Bench().open()
    assert bench.core.judge_transactions(PEER, (bench.pay("emma"),)) is Verdict.ACCEPT
    bodies = [replace(bench.pay("emma").body, sequence=1, fee_max=fee) for fee in range(300)]
    forged = tuple(
        sign_transaction(
            bench.forest.community.chain,
            replace(body, actions=body.actions[1:]),
            get_signers(get_policy("farid")),
        )
        for body in bodies
    )
    assert bench.core.judge_transactions(PEER, forged[:200]) is Verdict.IGNORE
    assert bench.core.judge_transactions(PEER, forged[200:]) is Verdict.REJECT
    assert bench.core.judge_transactions(PeerId("another"), forged[:9]) is Verdict.IGNORE
