"""Who is named where decisions contradict each other: all who did it, at last, and nobody else."""

import pytest
from msgspec.structs import replace

from chain.certificates import Certificate, Finality, Justification
from chain.records import VoteEvidence
from chain.rules.evidence import read_charge
from consensus.catchup import Claim
from consensus.conflicts import PAUSE_SLOTS_MAX, is_named, take_up_conflict
from consensus.effects import AskWitnesses, Effect, TellConflict, TellOffence
from consensus.events import PartingShown, PeerClaimed, WitnessesShown
from consensus.gadget import FINALITIES_COMPARED
from consensus.outlook import get_outlook
from consensus.sets import build_voters
from tests.community import get_account_id
from tests.consensus_world import CHAIN, GENESIS, build_entries
from tests.unit.test_consensus_votes import (
    NAMES,
    Machine,
    build_ack,
    build_prevote,
    bundle,
)

# Seats 1, 2 and 3 decide on one side; 0, 1 and 2 on the other, so 1 and 2 are guilty.
ONE_SIDE, OTHER_SIDE = NAMES[1:], NAMES[:3]
GUILTY = tuple(sorted(map(get_account_id, NAMES[1:3])))


def certify_final(*args: object, names: tuple[str, ...] = ONE_SIDE) -> Finality:
    finality = bundle(build_ack(*args), names)  # type: ignore[arg-type]  # a block and a round
    assert isinstance(finality, Finality)
    return finality


def justify(*args: object, names: tuple[str, ...] = OTHER_SIDE) -> Justification:
    justification = bundle(build_prevote(*args), names)  # type: ignore[arg-type]  # of a block
    assert isinstance(justification, Justification)
    return justification


class Parted:
    """A block final in round 4, and beside it one final in round 9 whose source is of round 7."""

    def __init__(self) -> None:
        self.machine = Machine(10)
        self.machine.vote_now()
        self.own, self.other = self.machine.grow(GENESIS, 2), self.machine.grow(GENESIS, 3)
        self.final = certify_final(self.own, 4)
        self.machine.certify(self.final)
        self.rival = certify_final(self.other, 9, names=OTHER_SIDE)
        self.effects = self.machine.certify(self.rival)

    def show(self, *justifications: Justification) -> list[Effect]:
        """Somebody shows these."""
        event = WitnessesShown(self.machine.world.time_ms, justifications)
        self.effects = self.machine.send(event)
        return self.effects

    def get_named(self) -> list[tuple[bytes, ...]]:
        """Whom the last event named."""
        return [item.guilty for item in self.effects if isinstance(item, TellConflict)]


def test_final_blocks_alone_name_nobody_and_what_leads_to_them_names_who_did_it() -> None:
    parted = Parted()
    gadget, own, other = parted.machine.state.gadget, parted.own, parted.other
    assert parted.get_named() == [()]
    assert gadget.stopped
    assert not is_named(gadget)
    assert not get_outlook(parted.machine.state, parted.machine.world.time_ms).named
    for honest in (
        justify(other, 9, other, 7),  # who signed it had seen something newer than round 4
        justify(other, 3, GENESIS, 0),  # before anything was final
        justify(own, 4, GENESIS, 0),  # what became final
        replace(
            justify(other, 6, GENESIS, 3), body=replace(build_prevote(other, 6), set=bytes(32))
        ),
    ):
        parted.show(honest)
        assert parted.get_named() == []
        assert gadget.guilty == ()
    parted.show(justify(other, 7, GENESIS, 3))
    assert parted.get_named() == [GUILTY]
    assert is_named(gadget)
    assert get_outlook(parted.machine.state, parted.machine.world.time_ms).named
    proofs = [item.evidence for item in parted.effects if isinstance(item, TellOffence)]
    charges = [read_charge(CHAIN, proof) for proof in proofs]
    assert sorted(charge.seat for charge in charges) == list(GUILTY)
    assert {charge.kind for charge in charges} == {"S4"}
    assert all(isinstance(proof, VoteEvidence) for proof in proofs)
    parted.show(justify(other, 7, GENESIS, 3))
    assert parted.get_named() == [], "nothing new"


def test_two_justified_in_the_final_round_name_those_who_prevoted_twice() -> None:
    parted = Parted()
    named = justify(parted.own, 4, GENESIS, 0, names=ONE_SIDE)
    again = justify(parted.own, 4, GENESIS, 0, names=NAMES)
    parted.show(named, again)  # the same body with other signers proves nothing
    assert parted.machine.state.gadget.guilty == ()
    parted.show(justify(parted.other, 4, GENESIS, 0))
    assert parted.get_named() == [GUILTY]
    charges = {
        read_charge(CHAIN, item.evidence).kind
        for item in parted.effects
        if isinstance(item, TellOffence)
    }
    assert charges == {"S1"}


def test_a_certificate_that_comes_of_itself_names_too() -> None:
    parted = Parted()
    parted.effects = parted.machine.certify(justify(parted.other, 7, GENESIS, 3))
    assert parted.get_named() == [GUILTY]


def test_peers_are_asked_in_turn_until_enough_are_named() -> None:
    parted = Parted()
    machine = parted.machine
    for peer in ("left", "right"):
        claim = Claim(CHAIN, 0, 4, 4)
        machine.send(PeerClaimed(machine.world.time_ms, peer, claim))
    asked = []
    for slot in range(11, 400):
        machine.go(slot)
        asked += [(slot, item) for item in machine.effects if isinstance(item, AskWitnesses)]
    assert {item for _, item in asked[:2]} == {
        AskWitnesses("left", CHAIN, 4),
        AskWitnesses("right", CHAIN, 4),
    }
    slots = [slot for slot, _ in asked]
    assert slots[:4] == [11, 12, 13, 14]
    assert 2 <= slots[-1] - slots[-2] <= PAUSE_SLOTS_MAX, "ever more seldom"
    parted.show(justify(parted.other, 7, GENESIS, 3))
    machine.go(500)
    assert not [item for item in machine.effects if isinstance(item, AskWitnesses)]


def test_a_start_goes_on_where_it_stopped() -> None:
    before = Parted()
    machine = Machine(10)
    take_up_conflict(machine.state.gadget, before.final, before.rival, ())
    assert not is_named(machine.state.gadget)
    event = WitnessesShown(machine.world.time_ms, (justify(before.other, 7, GENESIS, 3),))
    assert TellConflict(before.final, before.rival, GUILTY) in machine.send(event)


def test_what_is_final_here_is_compared_however_much_is_final_elsewhere() -> None:
    machine = Machine(40)
    machine.vote_now()
    own = machine.grow(GENESIS, 2)
    machine.certify(certify_final(own, 4))
    other = machine.grow(GENESIS, 3)
    for number in range(FINALITIES_COMPARED + 2):  # of blocks that are not here
        missing = replace(other, hash=bytes([number]) * 32, height=2 + number)
        machine.certify(certify_final(missing, 10 + number, names=OTHER_SIDE))
    assert machine.state.gadget.conflict is None
    machine.certify(certify_final(other, 9, names=OTHER_SIDE))
    assert machine.state.gadget.conflict is not None


def test_what_we_hold_for_justified_contradicts_an_earlier_final_block_that_is_not_executed() -> (
    None
):
    machine = Machine(10)
    machine.vote_now()
    own, other = machine.grow(GENESIS, 2), machine.grow(GENESIS, 3)
    machine.certify(justify(own, 6, GENESIS, 0))
    assert machine.state.gadget.lock.hash == own.hash
    effects = machine.certify(certify_final(other, 5))
    assert [len(item.guilty) for item in effects if isinstance(item, TellConflict)] == [2]
    machine = Machine(10)
    machine.vote_now()
    own, other = machine.grow(GENESIS, 2), machine.grow(GENESIS, 3)
    machine.certify(justify(own, 6, GENESIS, 0))
    machine.certify(certify_final(other, 7))
    assert machine.state.gadget.conflict is None, "an earlier one that came to nothing"


@pytest.mark.parametrize("with_witness", [True, False])
def test_a_set_that_has_ended_twice_is_a_contradiction_however_long_ago(
    with_witness: bool,
) -> None:
    before = Parted()
    machine = Machine(90)
    voters = build_voters(bytes(31) + b"k", 5, 5, build_entries(NAMES))

    def move(certificate: Finality | Justification, names: tuple[str, ...]) -> Certificate:
        return bundle(replace(certificate.body, set=voters.base), names)

    end = move(before.final, ONE_SIDE)
    pair = move(justify(before.own, 4, GENESIS, 0), ONE_SIDE)
    rival = move(before.rival, OTHER_SIDE)
    witness = move(justify(before.other, 9, GENESIS, 3), OTHER_SIDE) if with_witness else None
    assert isinstance(end, Finality)
    assert isinstance(rival, Finality)
    assert isinstance(pair, Justification)
    assert witness is None or isinstance(witness, Justification)
    machine.send(PartingShown(machine.world.time_ms, voters, pair, end, rival, witness))
    gadget = machine.state.gadget
    assert gadget.conflict == (end, rival)
    assert gadget.guilty == (GUILTY if with_witness else ())
    assert is_named(gadget) is with_witness
