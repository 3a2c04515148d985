"""Votes and their weight, sets, and how a late node finds its way."""

import pytest
from msgspec.structs import replace

from chain.certificates import Justification, compute_quorum, compute_set_root
from chain.checks import DirectChecks
from chain.codec import encode
from chain.errors import Code, Invalid
from chain.header import Header, compute_block_hash
from chain.votes import Ack, Prevote
from consensus.catchup import (
    CLAIMS_MAX,
    HAND_OFFS,
    STEPS_MAX,
    WAIT_SLOTS,
    CatchUp,
    Claim,
    HandOffs,
    HandOffStep,
    build_step_voters,
    check_hand_offs,
)
from consensus.effects import Ask, TellConflict
from consensus.events import HandOffsShown, PeerClaimed
from consensus.gadget import build_gadget, remember_set
from consensus.pool import VotePool
from consensus.sets import (
    SETS_KNOWN_MAX,
    VoterSet,
    build_voters,
    compute_weight,
    is_alone,
    is_quorum,
)
from tests.community import get_account_id
from tests.consensus_world import CHAIN, GENESIS, build_block, build_entries
from tests.unit.test_consensus_votes import (
    NAMES,
    Machine,
    build_ack,
    build_prevote,
    build_signed_header,
    bundle,
    vote,
)

VOTERS = build_voters(CHAIN, 0, 0, build_entries(NAMES))
OWN = Claim(CHAIN, 0, 10, 10)


def test_a_pool_weighs_each_seat_once() -> None:
    pool, body = VotePool(), build_ack(GENESIS, 5)
    for name in (*NAMES[:2], NAMES[0]):
        pool.add(VOTERS, vote(name, body), 5)
    assert pool.get_weight(body) == 2 * 65_536
    assert not is_quorum(VOTERS, pool.get_weight(body), 0)
    pool.add(VOTERS, vote(NAMES[2], body), 5)
    assert is_quorum(VOTERS, pool.get_weight(body), 0)
    bits, signatures = pool.bundle(VOTERS, body)
    assert (bits, signatures) == (bundle(body, NAMES[:3]).bits, bundle(body, NAMES[:3]).signatures)


def test_a_pool_completes_a_certificate_and_keeps_what_it_did_not_hear_itself() -> None:
    pool, body = VotePool(), build_ack(GENESIS, 5)
    pool.add(VOTERS, vote(NAMES[0], body), 5)
    certificate = bundle(body, NAMES[1:])
    assert not isinstance(certificate, Justification)
    assert pool.complete(VOTERS, certificate) == bundle(body, NAMES)
    assert VotePool().complete(VOTERS, certificate) == certificate


def test_what_is_no_news_is_not_wanted_before_its_signature_is_checked() -> None:
    pool = VotePool()
    first, second = vote("seat1", build_prevote(GENESIS, 5)), vote("seat1", build_ack(GENESIS, 5))
    assert pool.is_wanted(first, 5)
    assert pool.add(VOTERS, first, 5)
    assert not pool.is_wanted(first, 5)
    assert not pool.add(VOTERS, first, 5)
    assert pool.is_wanted(second, 5)
    assert not pool.is_wanted(vote("seat1", build_prevote(GENESIS, 8)), 5)
    assert not pool.add(VOTERS, vote("stranger", build_prevote(GENESIS, 5)), 5)


def test_the_round_that_more_than_a_third_has_reached() -> None:
    pool = VotePool()
    assert pool.compute_common_round(VOTERS, bytes(32)) == 0
    for name, round_ in zip(NAMES, (90, 80, 70, 60), strict=True):
        pool.hear(vote(name, build_ack(GENESIS, round_)))
    assert pool.compute_common_round(VOTERS, bytes(32)) == 80
    assert pool.compute_common_round(VOTERS, get_account_id(NAMES[0])) == 70
    assert pool.compute_heard_weight(VOTERS, 70, 90) == 3 * 65_536
    assert (
        pool.compute_heard_weight(VOTERS, 70, 80) == 2 * 65_536
    )  # whose clock runs ahead is not counted


def test_quorums_weights_and_lone_seats() -> None:
    assert compute_weight(VOTERS, {get_account_id(name) for name in (*NAMES[:2], "x")}) == 131_072
    for level, weight in ((0, 174_763), (1, 157_287), (2, 144_180)):
        assert compute_quorum(VOTERS.total_weight, level) == weight
        assert is_quorum(VOTERS, weight, level)
        assert not is_quorum(VOTERS, weight - 1, level)
    assert not is_alone(VOTERS, get_account_id(NAMES[0]))
    lone = build_voters(CHAIN, 0, 0, build_entries(("ann",)))
    assert is_alone(lone, get_account_id("ann"))
    assert not is_alone(lone, get_account_id("boris"))


def test_the_number_of_known_sets_is_bounded_and_that_in_force_stays() -> None:
    gadget = build_gadget(VOTERS)
    for slot in range(1, 3 * SETS_KNOWN_MAX):
        voters = build_voters(slot.to_bytes(32, "big"), slot, slot, VOTERS.entries)
        remember_set(gadget, voters)
    assert len(gadget.sets) == SETS_KNOWN_MAX
    assert CHAIN in gadget.sets


def test_the_peer_who_claims_most_is_asked_and_no_second_one_meanwhile() -> None:
    catchup = CatchUp()
    catchup.hear("low", OWN._replace(lock_round=20))
    catchup.hear("high", OWN._replace(lock_round=30))
    catchup.hear("same", OWN)
    asked = catchup.choose(OWN, 50)
    assert [peer for peer, _ in asked] == ["high"]
    assert asked[0][1].lock_round == OWN.lock_round
    assert catchup.choose(OWN, 50) == []
    catchup.settle("high", 50, good=True)
    assert [peer for peer, _ in catchup.choose(OWN, 50)] == ["low"]


def test_what_was_decided_just_now_is_not_asked_for() -> None:
    catchup = CatchUp()
    catchup.hear("peer", OWN._replace(lock_round=12, final_round=12))
    assert catchup.choose(OWN, 12) == []
    assert catchup.choose(OWN, 13) != []


def test_a_later_set_is_worth_asking_for_and_an_earlier_one_is_not() -> None:
    catchup = CatchUp()
    catchup.hear("late", Claim(bytes(32), 0, 99, 99))
    assert catchup.choose(OWN._replace(base_slot=5), 50) == []
    catchup.hear("early", Claim(bytes(32), 9, 0, 0))
    assert [peer for peer, _ in catchup.choose(OWN._replace(base_slot=5), 50)] == ["early"]


def test_who_fails_is_asked_more_and_more_seldom() -> None:
    catchup, waits = CatchUp(), []
    catchup.hear("liar", OWN._replace(lock_round=1_000_000))
    slot = 2_000_000
    for _ in range(4):
        assert catchup.choose(OWN, slot)
        asked = slot
        while not catchup.choose(OWN, slot + 1):
            slot += 1
        catchup.settle("liar", slot + 1, good=False)
        waits.append(slot - asked)
        slot += 2_000
    assert waits == sorted(waits)
    assert waits[-1] > 4 * WAIT_SLOTS


def test_claims_are_bounded() -> None:
    catchup = CatchUp()
    for number in range(3 * CLAIMS_MAX):
        catchup.hear(f"peer{number}", OWN)
    assert len(catchup.peers) == CLAIMS_MAX
    catchup.forget(f"peer{3 * CLAIMS_MAX - 1}")
    assert len(catchup.peers) == CLAIMS_MAX - 1


def test_a_machine_asks_who_claims_more() -> None:
    machine = Machine(50)
    machine.world.time_ms += 500
    machine.node.world.nodes.clear()
    effects = []
    for name in ("near", "far"):
        claim = Claim(CHAIN, 0, 40, 40 if name == "far" else 0)
        machine.state.gadget.catchup.hear(name, claim)
    machine.node.world.nodes["far"] = machine.node
    effects = machine.send(PeerClaimed(machine.world.time_ms, "far", Claim(CHAIN, 0, 40, 40)))
    assert [item.peer for item in effects if isinstance(item, Ask)] == ["far"]


def build_step(voters: VoterSet, slot: int) -> tuple[HandOffStep, Header]:
    """A hand-off of this slot with the same seats."""
    header = replace(
        build_signed_header("seat1", slot, slot, voters.base).header,
        next_set_root=compute_set_root(VOTERS.entries),
    )
    block_hash = compute_block_hash(encode(header))
    prevote = Prevote(
        CHAIN, voters.base, slot + 1, 0, voters.base, voters.base_slot, block_hash, slot
    )
    ack = Ack(CHAIN, voters.base, slot + 1, 0, block_hash, slot)
    justification, finality = bundle(prevote), bundle(ack)
    assert isinstance(justification, Justification)
    assert not isinstance(finality, Justification)
    return HandOffStep(justification, finality, header, VOTERS.entries), header


def build_steps(count: int) -> list[HandOffStep]:
    """So many hand-offs, one after the other."""
    voters, steps = VOTERS, []
    for number in range(1, count + 1):
        step, header = build_step(voters, 10 * number)
        block_hash = compute_block_hash(encode(header))
        voters = build_voters(block_hash, header.slot, header.height, step.entries)
        steps.append(step)
    return steps


def test_a_late_node_passes_from_set_to_set() -> None:
    steps = build_steps(3)
    assert len(check_hand_offs(VOTERS, steps, DirectChecks())) == 3
    data = encode(HandOffs(tuple(steps)))
    assert HAND_OFFS.decode(data) == HandOffs(tuple(steps))
    assert len(encode(HandOffs((steps[0],) * STEPS_MAX))) <= HAND_OFFS.limit_bytes
    machine = Machine(100)
    machine.world.witness.see_final = lambda *_: None  # type: ignore[method-assign]  # no blocks
    machine.node._note_final = lambda *_: None  # type: ignore[method-assign]  # no blocks
    machine.send(HandOffsShown(machine.world.time_ms, "peer", tuple(steps[:1])))
    machine.send(HandOffsShown(machine.world.time_ms, "peer", tuple(steps)))
    assert machine.state.gadget.voters.base_slot == 30
    assert machine.state.gadget.lock.round == 30
    record = machine.state.journal.records[-1] if machine.state.journal else None
    assert record is not None
    assert record.base_slot == 30
    machine.go(100, 0.5)
    assert machine.get_votes() == []  # it does not hold the blocks


@pytest.mark.parametrize("stands", [True, False])
def test_a_proven_hand_off_takes_nothing_back_that_is_final(stands: bool) -> None:
    """Above a final block of the set its end counts once it is held: it may stand elsewhere."""
    machine = Machine(100)
    machine.vote_now()
    own = machine.grow(GENESIS, 1)
    machine.certify(bundle(build_ack(own, 2), NAMES[:3]))
    step, header = build_steps(1)[0], build_step(VOTERS, 10)[1]
    following, gadget = compute_block_hash(encode(header)), machine.state.gadget
    machine.send(HandOffsShown(machine.world.time_ms, "peer", (step,)))
    assert (gadget.final.hash, gadget.voters.base) == (own.hash, CHAIN)
    claim = PeerClaimed(machine.world.time_ms, "peer", Claim(following, 10, 10, 10))
    assert not [item for item in machine.send(claim) if isinstance(item, Ask)], "it is on its way"
    block = own if stands else machine.grow(GENESIS, 1, "seat2")
    for slot in range(2, header.slot):
        block = machine.grow(block, slot, "seat2")
    handing = build_block(block, header.slot, seat="seat1")
    handing = replace(handing, hash=following, base=CHAIN, hands_off=True)
    machine.world.sets[following] = build_step_voters(step)
    machine.hold(handing)
    guilty = [item.guilty for item in machine.effects if isinstance(item, TellConflict)]
    if stands:
        assert (gadget.final.hash, gadget.voters.base, guilty) == (following, following, [])
    else:
        assert (gadget.final.hash, gadget.voters.base) == (own.hash, CHAIN)
        assert guilty == [tuple(sorted(map(get_account_id, NAMES[1:3])))]
        assert gadget.stopped


BAD_STEPS = {
    "a step left out": lambda steps: [steps[1]],
    "another round": lambda steps: [
        replace(
            steps[0],
            finality=replace(steps[0].finality, body=replace(steps[0].finality.body, round=12)),
        )
    ],
    "another block": lambda steps: [replace(steps[0], header=steps[1].header)],
    "another list": lambda steps: [replace(steps[0], entries=steps[0].entries[:3])],
    "justified otherwise": lambda steps: [replace(steps[0], justification=steps[1].justification)],
    "too few": lambda steps: [
        replace(steps[0], finality=bundle(steps[0].finality.body, NAMES[:2]))
    ],
}


@pytest.mark.parametrize("name", BAD_STEPS)
def test_steps_that_prove_nothing_are_refused(name: str) -> None:
    steps = BAD_STEPS[name](build_steps(2))
    with pytest.raises(Invalid) as caught:
        check_hand_offs(VOTERS, steps, DirectChecks())
    assert caught.value.code in (Code.BAD_CERTIFICATE, Code.NO_QUORUM)
