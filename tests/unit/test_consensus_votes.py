"""One seat's machine and what comes to it: votes, certificates, offences, roll-calls."""

from collections.abc import Callable, Iterable

import pytest
from msgspec.structs import replace

import consensus.prevote
from chain.certificates import Certificate, Finality, Justification, pack_bits
from chain.codec import encode
from chain.crypto import sign
from chain.header import PRIMARY, SECONDARY, Header, SignedHeader, sign_header
from chain.records import HeaderEvidence, StrayVoteEvidence, VoteEvidence
from chain.votes import Ack, Here, Prevote, SignedVote, Vote, get_vote_message, sign_here, sign_vote
from consensus.effects import (
    Concern,
    Effect,
    FetchParents,
    Finalised,
    KeepCertificate,
    SetEntered,
    SignHere,
    SignVote,
    StoreJournal,
    TellConflict,
    TellOffence,
    Warn,
)
from consensus.engine import step
from consensus.events import (
    AnchorShown,
    BlockHeld,
    BlockRefused,
    CertificateSeen,
    HeaderSeen,
    HereSeen,
    SetShown,
    Ticked,
    VoteSeen,
    VotesWanted,
)
from consensus.forkchoice import BlockFacts
from consensus.gadget import Asking
from consensus.outlook import Standstill, get_outlook
from consensus.parts import get_offer
from consensus.pool import ROUNDS_AHEAD_MAX, ROUNDS_KEPT
from consensus.prevote import Skip
from consensus.sets import build_voters
from consensus.signing import get_header_lock, is_settled
from consensus.state import Signing
from consensus.view import get_cut_ms, get_prevote_ms
from consensus.voting import get_voting
from tests.community import get_account_id, get_key
from tests.consensus_world import CHAIN, GENESIS, build_block
from tests.finality_world import Node, Rules, World

NAMES = ("seat0", "seat1", "seat2", "seat3")
OTHERS = NAMES[1:]


class Machine:
    """Seat 0 of four, alone with what a test tells it."""

    def __init__(self, slot: int = 1) -> None:
        self.world = World(1, Rules())
        self.node: Node = self.world.nodes["seat0"]
        self.state = self.node.state
        self.node.alive = True
        self.state.listen_until_ms = 0
        self.state.guard.confirm()
        self.state.gadget.recovery.asking = Asking.DONE
        self.effects: list[Effect] = []
        self.go(slot)

    def go(self, slot: int, part: float = 0.0) -> None:
        """Let time pass, with the machine awake, up to a part of a slot."""
        self.world.time_ms = int((slot + part) * self.world.slot_ms)
        self.send(Ticked(self.world.time_ms))

    def freeze(self, slot: int) -> None:
        """Up to the moment before our prevote of a slot, when what comes must wait."""
        self.world.time_ms = get_prevote_ms(slot, self.world.slot_ms) - 1
        self.send(Ticked(self.world.time_ms))

    def vote_now(self) -> None:
        """Up to our prevote of this slot."""
        self.world.time_ms = get_prevote_ms(self.world.slot, self.world.slot_ms)
        self.send(Ticked(self.world.time_ms))

    def send(self, event: object) -> list[Effect]:
        """Tell the machine; remembers what it wants, blocks of its own apart."""
        self.effects = step(self.state, event)  # type: ignore[arg-type]  # any event of a test's
        waiting = list(self.effects)
        while waiting:
            more = self.node._perform(waiting.pop(0))
            self.effects.extend(more)
            waiting.extend(more)
        return self.effects

    def hold(self, facts: BlockFacts) -> BlockFacts:
        """A block comes, by sync."""
        self.world.blocks[facts.hash] = facts
        self.world.scores[facts.hash] = self.world.scores[facts.parent] + 2 - facts.kind
        self.world.recorded[facts.hash] = self.world.recorded[facts.parent]
        self.world.heights[facts.hash] = 0
        self.send(BlockHeld(self.world.time_ms, facts, 100, live=False))
        self.state.synced_slot = None
        return facts

    def grow(self, parent: BlockFacts, slot: int, seat: str = "seat1", **more: int) -> BlockFacts:
        """A block of somebody else above another."""
        return self.hold(replace(build_block(parent, slot, seat=seat, **more), base=CHAIN))

    def hear(self, vote: SignedVote) -> list[Effect]:
        """A vote comes."""
        return self.send(VoteSeen(self.world.time_ms, vote, live=True))

    def certify(self, certificate: Certificate) -> list[Effect]:
        """A certificate comes."""
        return self.send(CertificateSeen(self.world.time_ms, certificate))

    def get_votes(self) -> list[Vote]:
        """What the machine wanted signed at the last event."""
        return [effect.body for effect in self.effects if isinstance(effect, SignVote)]


def build_prevote(
    target: BlockFacts, round_: int, source: BlockFacts = GENESIS, at: int = 0
) -> Prevote:
    """A link of the first set at level 0."""
    return Prevote(CHAIN, CHAIN, round_, 0, source.hash, at, target.hash, target.height)


def build_ack(target: BlockFacts, round_: int) -> Ack:
    """An ack of the first set at level 0."""
    return Ack(CHAIN, CHAIN, round_, 0, target.hash, target.height)


def vote(name: str, body: Vote) -> SignedVote:
    """A seat's vote."""
    return sign_vote(get_account_id(name), body, get_key(f"{name}/vote"))


def bundle(body: Vote, names: Iterable[str] = OTHERS) -> Certificate:
    """A certificate of these seats' votes."""
    by_id = {get_account_id(name): name for name in names}
    order = sorted(get_account_id(name) for name in NAMES)
    message = get_vote_message(body)
    signatures = tuple(
        sign(get_key(f"{by_id[seat]}/vote"), message) for seat in order if seat in by_id
    )
    bits = pack_bits([seat in by_id for seat in order])
    kind = Justification if isinstance(body, Prevote) else Finality
    return kind(body, bits, signatures)  # type: ignore[arg-type]  # of the body's kind


def test_a_certificate_acts_like_the_votes_in_it() -> None:
    by_votes, by_certificates = Machine(3), Machine(3)
    for machine in (by_votes, by_certificates):
        machine.vote_now()
    block = by_votes.grow(GENESIS, 2)
    assert by_certificates.grow(GENESIS, 2) == block
    told = []
    for name in OTHERS:
        told += by_votes.hear(vote(name, build_prevote(block, 3)))
    certified = by_certificates.certify(bundle(build_prevote(block, 3)))
    for effects in (told, certified):
        assert SignVote(build_ack(block, 3)) in effects
    for name in OTHERS[:2]:
        by_votes.hear(vote(name, build_ack(block, 3)))
    by_certificates.certify(bundle(build_ack(block, 3)))
    for machine in (by_votes, by_certificates):
        gadget = machine.state.gadget
        assert (gadget.lock.round, gadget.lock.hash) == (3, block.hash)
        assert (gadget.final.round, gadget.final.hash) == (3, block.hash)


def test_what_is_signed_lies_in_the_journal_before_and_in_one_write() -> None:
    machine = Machine(3)
    block = machine.grow(GENESIS, 2)
    machine.vote_now()
    effects = machine.effects
    assert isinstance(effects[0], StoreJournal)
    assert sum(isinstance(effect, StoreJournal) for effect in effects) == 1
    record = effects[0].journal.records[-1]
    (prevote,) = machine.get_votes()
    assert (record.prevote_round, record.prevote) == (3, encode(prevote))
    justification = bundle(build_prevote(block, 3))
    effects = machine.certify(justification)
    assert isinstance(effects[0], StoreJournal)
    record = effects[0].journal.records[-1]
    assert (record.ack_round, record.ack) == (3, encode(build_ack(block, 3)))
    assert record.lock == justification
    assert KeepCertificate(justification) in effects


def test_anchors_that_are_shown_in_the_middle_of_other_work_cost_no_vote() -> None:
    machine = Machine(3)
    block = machine.grow(GENESIS, 2)
    time_ms = get_prevote_ms(3, machine.world.slot_ms)
    below = replace(build_block(GENESIS, 1), base=CHAIN)
    # As when our own chain is shown to the tree: what is planned then is done by nobody.
    assert step(machine.state, AnchorShown(time_ms, below, 2)) == []
    assert machine.state.journal is machine.state.stored
    machine.vote_now()
    assert machine.get_votes() == [build_prevote(block, 3)]
    assert any(isinstance(effect, StoreJournal) for effect in machine.effects)


def test_a_justified_block_must_be_held_and_executed_first() -> None:
    machine = Machine(3)
    machine.vote_now()
    block = replace(build_block(GENESIS, 2, seat="seat1"), base=CHAIN)
    effects = machine.certify(bundle(build_prevote(block, 3)))
    assert FetchParents() in effects
    assert machine.state.gadget.lock.round == 0
    assert machine.get_votes() == []
    machine.hold(block)
    assert machine.state.gadget.lock.round == 3
    assert machine.get_votes() == [build_ack(block, 3)]


def test_what_is_justified_is_followed_whatever_its_score() -> None:
    machine = Machine(9)
    machine.vote_now()
    low = machine.grow(GENESIS, 3, kind=SECONDARY)
    first = machine.grow(GENESIS, 2)
    high = machine.grow(first, 4)
    assert machine.state.position.head == high
    machine.certify(bundle(build_prevote(low, 9)))
    assert machine.state.position.head == low
    assert machine.state.gadget.lock.hash == low.hash
    machine.grow(high, 5)
    assert machine.state.position.head == low
    above = machine.grow(low, 6)
    assert machine.state.position.head == above


def test_a_round_ahead_of_the_clock_waits_for_it() -> None:
    machine = Machine(3)
    machine.vote_now()
    block = machine.grow(GENESIS, 2)
    machine.certify(bundle(build_prevote(block, 4 + ROUNDS_AHEAD_MAX)))
    assert machine.state.gadget.lock.round == 0
    machine.go(4, 0.5)
    assert machine.state.gadget.lock.round == 4 + ROUNDS_AHEAD_MAX


@pytest.mark.parametrize("marks", [{"prevote_round": 4, "ack_round": 0}, {"ack_round": 3}])
def test_nothing_is_acked_below_a_prevote_or_twice(marks: dict[str, int]) -> None:
    machine = Machine(3)
    block = machine.grow(GENESIS, 2)
    journal = machine.state.journal
    assert journal is not None
    machine.state.journal = replace(
        journal, records=(replace(journal.records[-1], prevote_round=3),)
    )
    machine.state.journal = replace(
        journal, records=(replace(machine.state.journal.records[-1], **marks),)
    )
    machine.go(3, 0.5)
    machine.certify(bundle(build_prevote(block, 3)))
    assert machine.state.gadget.lock.round == 3
    assert machine.get_votes() == []


def test_the_view_is_frozen_from_the_cut_to_the_prevote() -> None:
    machine = Machine(3)
    first = machine.grow(GENESIS, 2)
    machine.vote_now()
    cut_ms = get_cut_ms(4, machine.world.slot_ms)
    machine.world.time_ms = cut_ms - 1
    assert not machine.state.gadget.view.is_frozen(cut_ms - 1, machine.world.slot_ms)
    machine.world.time_ms = cut_ms
    machine.certify(bundle(build_prevote(first, 3)))
    assert machine.state.gadget.lock.round == 0
    machine.freeze(4)
    for name in OTHERS:
        machine.hear(vote(name, build_prevote(first, 4)))
    assert machine.state.gadget.lock.round == 0
    machine.vote_now()
    votes = machine.get_votes()
    assert votes[0] == build_prevote(first, 4)  # from what it saw in time
    assert machine.state.gadget.lock.round == 4
    assert build_ack(first, 4) in votes


def test_a_round_that_is_passed_over_lets_in_what_waited() -> None:
    machine = Machine(3)
    first = machine.grow(GENESIS, 2)
    machine.vote_now()
    machine.go(9)  # finality stands: odd rounds are off the grid
    machine.certify(bundle(build_prevote(first, 8)))
    assert machine.state.gadget.lock.round == 0
    machine.vote_now()
    assert machine.state.gadget.lock.round == 8


@pytest.mark.parametrize("names", [True, False])
def test_the_certificate_that_the_head_of_the_slot_names_passes_at_once(*, names: bool) -> None:
    machine = Machine(3)
    first = machine.grow(GENESIS, 2)
    machine.vote_now()
    machine.freeze(4)
    justification = bundle(build_prevote(first, 3))
    lock = (3, first.hash) if names else (2, first.hash)
    machine.certify(justification)
    head = replace(build_block(first, 4, kind=SECONDARY, seat="seat1"), base=CHAIN)
    machine.hold(replace(head, lock_round=lock[0], lock_hash=lock[1]))
    assert machine.state.gadget.lock.round == (3 if names else 0)
    machine.vote_now()
    source = machine.get_votes()[0]
    assert isinstance(source, Prevote)
    assert source.source_round == (3 if names else 0)


def test_a_named_certificate_passes_also_when_it_comes_after_its_block() -> None:
    machine = Machine(3)
    first = machine.grow(GENESIS, 2)
    machine.vote_now()
    machine.freeze(4)
    head = replace(build_block(first, 4, kind=SECONDARY, seat="seat1"), base=CHAIN)
    machine.hold(replace(head, lock_round=3, lock_hash=first.hash))
    machine.certify(bundle(build_prevote(first, 3)))
    assert machine.state.gadget.lock.round == 3


def test_acks_wait_for_nothing_and_what_they_make_final_is_not_prevoted_for_again() -> None:
    machine = Machine(3)
    first = machine.grow(GENESIS, 2)
    machine.freeze(3)
    for name in OTHERS:
        machine.hear(vote(name, build_ack(first, 3)))
    assert machine.state.gadget.final.round == 3
    machine.vote_now()
    assert machine.get_votes() == []


def test_canary_without_that_reason_to_skip_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    skips = dict(consensus.prevote._SKIPS)
    del skips[Skip.JUSTIFIED_ALREADY]
    monkeypatch.setattr(consensus.prevote, "_SKIPS", skips)
    monkeypatch.setitem(skips, Skip.ALREADY_VOTED, lambda *_: False)
    machine = Machine(3)
    first = machine.grow(GENESIS, 2)
    machine.freeze(3)
    for name in OTHERS:
        machine.hear(vote(name, build_ack(first, 3)))
    with pytest.raises(AssertionError):
        machine.vote_now()


def test_a_seat_that_is_asked_again_shows_the_same_bytes() -> None:
    machine = Machine(3)
    block = machine.grow(GENESIS, 2)
    machine.vote_now()
    (prevote,) = machine.get_votes()
    machine.certify(bundle(build_prevote(block, 3)))
    for _ in range(2):
        machine.send(VotesWanted(machine.world.time_ms, 3))
        assert machine.get_votes() == [prevote, build_ack(block, 3)]
    machine.send(VotesWanted(machine.world.time_ms, 2))
    assert machine.get_votes() == []


def test_a_restart_within_a_slot_votes_no_second_time() -> None:
    machine = Machine(3)
    machine.grow(GENESIS, 2)
    machine.vote_now()
    assert machine.get_votes()
    again = Machine(0)
    again.node.journal = machine.node.journal
    again.node.state = again.state = again.node._build()
    again.state.listen_until_ms = 0
    again.state.gadget.recovery.started_slot = 3
    again.state.gadget.recovery.asking = Asking.DONE
    again.go(3)
    again.grow(GENESIS, 2, salt=5)
    again.vote_now()
    assert again.get_votes() == []


MakeVote = Callable[[BlockFacts, BlockFacts], Vote]
OFFENCES: dict[str, tuple[MakeVote, MakeVote]] = {
    "S1": (lambda a, b: build_prevote(a, 5), lambda a, b: build_prevote(b, 5)),
    "S2": (lambda a, b: build_ack(a, 5), lambda a, b: build_ack(b, 5)),
    "S4": (lambda a, b: build_ack(a, 5), lambda a, b: build_prevote(b, 6, GENESIS, 4)),
    "S4 the other way": (
        lambda a, b: build_prevote(b, 6, GENESIS, 4),
        lambda a, b: build_ack(a, 5),
    ),
}


@pytest.mark.parametrize("name", OFFENCES)
def test_votes_that_contradict_each_other_are_proof(name: str) -> None:
    machine = Machine(6)
    machine.vote_now()
    one, other = machine.grow(GENESIS, 2), machine.grow(GENESIS, 3)
    first, second = (make(one, other) for make in OFFENCES[name])
    assert not any(isinstance(item, TellOffence) for item in machine.hear(vote("seat2", first)))
    told = [item for item in machine.hear(vote("seat2", second)) if isinstance(item, TellOffence)]
    (evidence,) = [item.evidence for item in told]
    assert isinstance(evidence, VoteEvidence)
    bodies = [evidence.first.body, evidence.second.body]
    assert sorted(map(encode, bodies)) == [encode(body) for body in bodies]
    assert {encode(first), encode(second)} == set(map(encode, bodies))
    assert evidence.entries == machine.state.gadget.voters.entries
    assert get_offer(machine.state, 7).evidence == (evidence,)
    again = machine.hear(vote("seat2", second))
    assert not any(isinstance(item, TellOffence) for item in again)


INNOCENT: dict[str, tuple[Vote, Vote]] = {
    "an ack at the source": (build_ack(GENESIS, 4), build_prevote(GENESIS, 6, GENESIS, 4)),
    "an ack of the round": (build_ack(GENESIS, 6), build_prevote(GENESIS, 6, GENESIS, 4)),
    "two rounds": (build_prevote(GENESIS, 5), build_prevote(GENESIS, 6)),
}


@pytest.mark.parametrize("name", INNOCENT)
def test_votes_that_do_not_prove_nothing(name: str) -> None:
    machine = Machine(6)
    machine.vote_now()
    for body in INNOCENT[name]:
        assert not any(isinstance(item, TellOffence) for item in machine.hear(vote("seat2", body)))


def build_signed_header(name: str, slot: int, salt: int, base: bytes = CHAIN) -> SignedHeader:
    """A header that its seat signed, otherwise empty."""
    header = Header(
        version=1,
        chain=CHAIN,
        height=salt,
        slot=slot,
        parent_hash=CHAIN,
        seat=get_account_id(name),
        kind=PRIMARY,
        rank=0,
        vrf_proof=bytes(80),
        base=base,
        next_set_root=None,
        lock_round=0,
        lock_hash=CHAIN,
        state_root=bytes(32),
        body_root=bytes(32),
    )
    return sign_header(header, get_key(f"{name}/vote"))


def test_two_headers_of_a_slot_are_proof_and_a_vote_for_another_sets_block_too() -> None:
    machine = Machine(6)
    machine.vote_now()
    seat = get_account_id("seat2")
    found = []
    for salt, base in ((1, CHAIN), (1, CHAIN), (2, CHAIN), (3, bytes(31) + b"x")):
        header = build_signed_header("seat2", 5, salt, base)
        found += machine.send(HeaderSeen(machine.world.time_ms, seat, 5, PRIMARY, header))
    evidence = [item.evidence for item in found if isinstance(item, TellOffence)]
    assert [type(item) for item in evidence] == [HeaderEvidence]
    stray = machine.state.gadget.headers
    foreign = next(key for key, item in stray.items() if item.header.base != CHAIN)
    body = Ack(CHAIN, CHAIN, 5, 0, foreign, 3)
    told = [item for item in machine.hear(vote("seat3", body)) if isinstance(item, TellOffence)]
    assert isinstance(told[0].evidence, StrayVoteEvidence)


def test_who_only_acked_both_of_two_final_blocks_is_not_named() -> None:
    machine = Machine(5)
    machine.vote_now()
    one, other = machine.grow(GENESIS, 2), machine.grow(GENESIS, 3)
    machine.certify(bundle(build_ack(one, 4), ("seat1", "seat2", "seat3")))
    effects = machine.certify(bundle(build_ack(other, 5), ("seat0", "seat2", "seat3")))
    (conflict,) = [item for item in effects if isinstance(item, TellConflict)]
    assert conflict.guilty == ()  # they may have been shown that the other was justified


def test_two_acks_of_a_round_and_two_prevotes_name_who_signed_both() -> None:
    machine = Machine(5)
    machine.vote_now()
    one, other = machine.grow(GENESIS, 2), machine.grow(GENESIS, 3)
    machine.certify(bundle(build_ack(one, 4), ("seat1", "seat2", "seat3")))
    effects = machine.certify(bundle(build_ack(other, 4), ("seat0", "seat2", "seat3")))
    (conflict,) = [item for item in effects if isinstance(item, TellConflict)]
    assert list(conflict.guilty) == sorted(get_account_id(name) for name in ("seat2", "seat3"))
    machine = Machine(5)
    machine.vote_now()
    one, other = machine.grow(GENESIS, 2), machine.grow(GENESIS, 3)
    machine.certify(bundle(build_prevote(one, 4), ("seat0", "seat1", "seat3")))
    machine.certify(bundle(build_ack(one, 4), ("seat1", "seat2", "seat3")))
    effects = machine.certify(bundle(build_prevote(other, 4), ("seat0", "seat1", "seat2")))
    (conflict,) = [item for item in effects if isinstance(item, TellConflict)]
    assert list(conflict.guilty) == sorted(get_account_id(name) for name in ("seat0", "seat1"))


def test_conflicting_final_certificates_stop_the_signing_and_name_who_linked_over_an_ack() -> None:
    machine = Machine(5)
    machine.vote_now()
    one, other = machine.grow(GENESIS, 2), machine.grow(GENESIS, 3)
    machine.certify(bundle(build_prevote(other, 5), ("seat0", "seat2", "seat3")))
    machine.certify(bundle(build_ack(other, 5), ("seat0", "seat1", "seat3")))
    assert machine.state.gadget.final.hash == other.hash
    effects = machine.certify(bundle(build_ack(one, 4), ("seat1", "seat2", "seat3")))
    (conflict,) = [item for item in effects if isinstance(item, TellConflict)]
    guilty = sorted(get_account_id(name) for name in ("seat2", "seat3"))
    assert list(conflict.guilty) == guilty
    assert Warn(Concern.FINALITY_CONFLICT, 2) in effects
    assert machine.state.gadget.final.hash == other.hash
    assert get_voting(machine.state, machine.world.time_ms) is Signing.STOPPED
    machine.go(6)
    machine.vote_now()
    assert machine.get_votes() == []


def test_a_conflict_is_found_when_the_block_comes_later_than_its_certificate() -> None:
    machine = Machine(5)
    machine.vote_now()
    one = machine.grow(GENESIS, 2)
    other = replace(build_block(GENESIS, 3, seat="seat2"), base=CHAIN)
    higher = replace(build_block(other, 4, seat="seat2"), base=CHAIN)
    machine.world.blocks |= {item.hash: item for item in (other, higher)}
    machine.certify(bundle(build_ack(one, 4)))
    machine.certify(bundle(build_ack(higher, 5), NAMES[:3]))
    assert machine.state.gadget.conflict is None
    machine.hold(other)
    machine.hold(higher)
    assert machine.state.gadget.conflict is not None


def test_a_hand_off_is_final_though_what_we_hold_for_justified_stands_beside_it() -> None:
    """We alone saw the other block justified; the set went on without us, and handed over."""
    machine = Machine(6)
    machine.vote_now()
    one = machine.grow(GENESIS, 2)
    machine.certify(bundle(build_prevote(one, 3)))
    assert machine.state.gadget.lock.hash == one.hash
    handing = replace(build_block(GENESIS, 4, seat="seat1"), base=CHAIN, hands_off=True)
    voters = build_voters(handing.hash, 4, 1, machine.state.gadget.voters.entries)
    machine.world.sets[handing.hash] = voters
    machine.world.blocks[handing.hash] = handing
    machine.send(SetShown(machine.world.time_ms, voters))
    machine.hold(handing)
    assert not machine.state.tree.is_executed(handing.hash)
    machine.certify(bundle(build_ack(handing, 5), OTHERS))
    gadget = machine.state.gadget
    assert gadget.voters.base == gadget.final.hash == gadget.lock.hash == handing.hash


def test_what_proves_a_hand_off_is_kept_before_the_journal_enters_its_set() -> None:
    """Else a power cut between the two leaves a seat that neither votes nor shows anything."""
    machine = Machine(5)
    machine.vote_now()
    handing = replace(build_block(GENESIS, 4, seat="seat1"), base=CHAIN, hands_off=True)
    voters = build_voters(handing.hash, 4, 1, machine.state.gadget.voters.entries)
    machine.world.sets[handing.hash] = voters
    machine.send(SetShown(machine.world.time_ms, voters))
    machine.hold(handing)
    finality = bundle(build_ack(handing, 5))
    machine.certify(finality)
    effects, kinds = machine.effects, [type(effect) for effect in machine.effects]
    (stored,) = (item for item in effects if isinstance(item, StoreJournal))
    written = effects.index(stored)
    assert stored.journal.records[-1].set == handing.hash
    assert kinds.index(KeepCertificate) < kinds.index(Finalised) < kinds.index(SetEntered) < written
    assert KeepCertificate(finality) in effects


def test_a_later_justification_that_contradicts_what_is_final_stops_the_signing_too() -> None:
    for final_first in (True, False):
        machine = Machine(5)
        machine.vote_now()
        one, other = machine.grow(GENESIS, 2), machine.grow(GENESIS, 3)
        told = [bundle(build_ack(one, 4)), bundle(build_prevote(other, 5), NAMES[:3])]
        effects = []
        for certificate in told if final_first else told[::-1]:
            effects += machine.certify(certificate)
        assert [len(item.guilty) for item in effects if isinstance(item, TellConflict)] == [2]
        assert get_voting(machine.state, machine.world.time_ms) is Signing.STOPPED
    machine = Machine(5)
    machine.vote_now()
    one, other = machine.grow(GENESIS, 2), machine.grow(GENESIS, 3)
    machine.certify(bundle(build_ack(one, 4)))
    machine.certify(bundle(build_prevote(other, 3)))  # an earlier one that came to nothing
    assert machine.state.gadget.conflict is None
    assert machine.state.gadget.lock.hash == one.hash


def test_what_is_final_above_our_head_keeps_us_from_signing_until_we_hold_it() -> None:
    machine = Machine(5)
    machine.vote_now()
    first = replace(build_block(GENESIS, 2, seat="seat1"), base=CHAIN)
    second = replace(build_block(first, 3, seat="seat1"), base=CHAIN)
    time_ms = machine.world.time_ms
    assert is_settled(machine.state, time_ms)
    machine.certify(bundle(build_ack(second, 4)))
    assert not is_settled(machine.state, time_ms)
    assert get_outlook(machine.state, 20 * machine.world.slot_ms).standstill is Standstill.BEHIND
    assert machine.state.gadget.final.round == 0
    machine.hold(first)
    machine.hold(second)
    assert is_settled(machine.state, time_ms)
    assert machine.state.gadget.final.hash == second.hash


def test_a_justified_block_that_the_rules_refuse_stops_the_signing() -> None:
    machine = Machine(5)
    machine.vote_now()
    bad = replace(build_block(GENESIS, 3, seat="seat2"), base=CHAIN)
    machine.certify(bundle(build_prevote(bad, 5)))
    machine.state.tree.add(bad)
    effects = machine.send(BlockRefused(machine.world.time_ms, bad.hash))
    assert Warn(Concern.JUSTIFIED_BUT_INVALID, 5) in effects
    assert get_voting(machine.state, machine.world.time_ms) is Signing.STOPPED


def test_a_certificate_with_another_height_or_of_another_sets_block_decides_nothing() -> None:
    machine = Machine(5)
    machine.vote_now()
    block = machine.grow(GENESIS, 3)
    machine.certify(bundle(build_prevote(replace(block, height=7), 5)))
    strange = bytes(31) + b"x"
    machine.world.sets[strange] = machine.world.sets[CHAIN]
    foreign = machine.hold(replace(build_block(block, 4), base=strange))
    machine.certify(bundle(build_prevote(foreign, 5)))
    assert machine.state.gadget.lock.round == 0
    assert machine.get_votes() == []


def test_memory_is_bounded_under_spam() -> None:
    machine = Machine(200)
    machine.vote_now()
    pool = machine.state.gadget.pool
    blocks = [machine.grow(GENESIS, slot) for slot in range(2, 12)]
    for round_ in (*range(1, 210), 10**9):
        for block in blocks:
            machine.hear(vote("seat2", build_prevote(block, round_)))
            machine.hear(vote("stranger", build_prevote(block, round_)))
    before = len(pool)
    assert before <= 2 * (ROUNDS_KEPT + ROUNDS_AHEAD_MAX) + 1  # and one of our own
    unknown = replace(build_prevote(blocks[0], 199), set=bytes(31) + b"y")
    machine.hear(vote("seat2", unknown))
    assert len(pool) == before
    machine.go(200 + 3 * ROUNDS_KEPT)
    assert len(pool) <= 1


def test_a_roll_call_is_answered_once_with_a_block_that_is_old_enough() -> None:
    machine = Machine(1)
    window = machine.state.settings.constants.window_slots
    blocks = [GENESIS]
    heres = []
    for slot in range(2, 4 * window + 1):
        machine.go(slot)
        blocks.append(machine.grow(blocks[-1], slot))
        machine.vote_now()
        heres += [item.body for item in machine.effects if isinstance(item, SignHere)]
        machine.go(slot, 0.9)
        heres += [item.body for item in machine.effects if isinstance(item, SignHere)]
    assert [here.round for here in heres] == [window, 2 * window, 3 * window, 4 * window]
    for here in heres:
        newest = max(
            (item for item in blocks if item.slot <= max(here.round - 8, 0)),
            key=lambda item: item.slot,
        )
        assert here.head_hash == newest.hash
    assert [item.body for item in get_offer(machine.state, 4 * window + 1).heres] == heres[-1:]


def test_attendance_of_others_is_kept_once_a_seat_and_round() -> None:
    machine = Machine(6)
    heres = [
        sign_here(Here(CHAIN, get_account_id(name), 5, head), get_key(f"{name}/vote"))
        for name in OTHERS
        for head in (CHAIN, bytes(32))
    ]
    for here in heres:
        machine.send(HereSeen(machine.world.time_ms, here))
    late = sign_here(Here(CHAIN, get_account_id("seat1"), 4, CHAIN), get_key("seat1/vote"))
    machine.send(HereSeen(machine.world.time_ms, late))
    offered = get_offer(machine.state, 7).heres
    assert sorted(encode(item) for item in offered) == sorted(encode(item) for item in heres[::2])


def test_a_block_is_offered_finality_with_every_ack_that_came() -> None:
    machine = Machine(5)
    machine.vote_now()
    block = machine.grow(GENESIS, 3)
    for name in OTHERS:
        machine.hear(vote(name, build_ack(block, 4)))
    (record,) = get_offer(machine.state, 6).finalities
    assert record.justification is None
    assert record.finality.body == build_ack(block, 4)
    assert len(record.finality.signatures) == 3
    machine.hear(vote("seat0", build_ack(block, 4)))
    offer = get_offer(machine.state, 6)
    assert len(offer.finalities[0].finality.signatures) == 4
    assert {item.seat for item in offer.acks} == {get_account_id(name) for name in NAMES}
    assert not any(isinstance(item, Finalised) for item in machine.effects)


def test_a_header_names_the_lock_and_the_base_when_the_chain_has_forgotten_that() -> None:
    machine = Machine(5)
    machine.vote_now()
    block = machine.grow(GENESIS, 3)
    assert get_header_lock(machine.state) == (0, CHAIN)
    machine.certify(bundle(build_prevote(block, 4)))
    assert get_header_lock(machine.state) == (4, block.hash)
    life = machine.state.settings.constants.transaction_life_slots
    position = machine.state.position
    for height, named in ((life + 1, (4, block.hash)), (life + 2, (0, CHAIN))):
        head = replace(position.head, height=height)
        machine.state.position = position._replace(head=head)
        assert get_header_lock(machine.state) == named
    machine.state.position = position._replace(base=bytes(31) + b"z", base_slot=4)
    assert get_header_lock(machine.state) == (4, bytes(31) + b"z")
