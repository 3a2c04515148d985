"""What a node lets in of votes and certificates, what it answers, and what a restart leaves of it.

REJECT is only for what every node that knows the set would refuse; nothing is let in twice.
"""

from collections.abc import Awaitable, Callable

import trio
from msgspec.structs import replace

from chain.certificates import Finality, Justification, pack_bits
from chain.codec import encode
from chain.crypto import sign
from chain.records import VoteEvidence
from chain.rules.lottery import find_entry
from chain.votes import (
    Ack,
    Here,
    Prevote,
    SignedHere,
    SignedVote,
    Vote,
    get_vote_message,
    sign_here,
    sign_vote,
)
from consensus.effects import TellConflict, TellOffence
from consensus.events import CertificateSeen, NewestShown, ReleaseCommanded, VoteSeen
from consensus.outlook import Standstill
from consensus.pool import Newest
from consensus.sets import build_voters
from node.branches import follow
from node.core import Core
from node.decided import (
    forget_evidence,
    keep_certificate,
    keep_evidence,
    read_conflict,
    read_decided,
    read_evidence,
)
from node.effects import handle, perform, take_block
from node.showing import find_named_certificate, show_finality, show_newest, show_votes
from node.votes import judge_certificate, judge_here, judge_vote, take_finality, take_newest
from p2p.transport import Verdict
from p2p.wire_votes import FinalityAnswer, FinalityRequest, NewestRequest, Shown, VotesRequest
from tests.community import CONSTANTS, Community, get_account_id, get_key
from tests.unit.test_judges import PEER, Bench

SEATS = ("ann", "boris", "clara", "daniil")


class Box:
    """A node on three blocks, and seats that vote for the second of them."""

    def __init__(self) -> None:
        self.bench = Bench()
        self.owner = self.bench.core._owner
        self.slot = self.owner.clock.get_slot()

    async def open(self) -> "Box":
        """Give the node its blocks."""
        await self.bench.open()
        return self

    @property
    def core(self) -> Core:
        """The node."""
        return self.bench.core

    def build_prevote(self, **changes: object) -> Prevote:
        """A vote of this slot for the second block."""
        target, chain = self.bench.blocks[1], self.core.ledger.chain
        body = Prevote(chain, chain, self.slot, 0, chain, 0, target.hash, target.header.height)
        return replace(body, **changes)

    def build_ack(self, **changes: object) -> Ack:
        """The ack of the same."""
        vote = self.build_prevote()
        body = Ack(
            vote.chain, vote.set, vote.round, vote.level, vote.target_hash, vote.target_height
        )
        return replace(body, **changes)

    def say(self, name: str, body: Vote | None = None) -> SignedVote:
        """A vote of a seat."""
        return sign_vote(
            get_account_id(name), body or self.build_prevote(), get_key(f"{name}/vote")
        )

    def ask_about(self, seat: bytes) -> NewestRequest:
        """What a seat asks about the key by which it is listed."""
        entry = find_entry(self.core.ledger.seat_set.entries, seat)
        return NewestRequest(seat, entry.vote_key, bytes(16))

    def certify(self, body: Vote, names: tuple[str, ...] = SEATS) -> Justification | Finality:
        """Votes of these seats as one value."""
        entries = self.core.ledger.seat_set.entries
        by_id = {get_account_id(name): get_key(f"{name}/vote") for name in names}
        bits = pack_bits([entry.seat in by_id for entry in entries])
        message = get_vote_message(body)
        signatures = tuple(
            sign(by_id[entry.seat], message) for entry in entries if entry.seat in by_id
        )
        kind = Justification if isinstance(body, Prevote) else Finality
        return kind(body, bits, signatures)  # type: ignore[arg-type] # of its own body


def run(test: Callable[[Box], Awaitable[None]]) -> None:
    async def main() -> None:
        await test(await Box().open())

    trio.run(main)


def test_a_vote_is_let_in_once_and_for_good_reasons_only() -> None:
    async def check(box: Box) -> None:
        owner = box.owner
        good = box.say("ann")
        assert judge_vote(owner, good) is Verdict.ACCEPT
        assert [type(event) for event in owner.pending] == [VoteSeen]
        assert judge_vote(owner, good) is Verdict.IGNORE, "nothing is let in twice"
        stranger = box.say("boris", box.build_prevote(chain=bytes(32)))
        other_set = box.say("boris", box.build_prevote(set=bytes(32)))
        late = box.say("boris", box.build_prevote(round=box.slot + 3))
        nobody = box.say("emma")
        forged = SignedVote(get_account_id("boris"), good.body, good.signature)
        looped = box.say("boris", box.build_prevote(source_round=box.slot))
        assert judge_vote(owner, stranger) is Verdict.REJECT
        assert judge_vote(owner, other_set) is Verdict.IGNORE
        assert judge_vote(owner, late) is Verdict.IGNORE
        assert judge_vote(owner, nobody) is Verdict.REJECT
        assert judge_vote(owner, forged) is Verdict.REJECT
        assert judge_vote(owner, looped) is Verdict.REJECT
        assert len(owner.pending) == 1

    run(check)


def test_of_one_seat_and_round_two_votes_go_on_and_no_third() -> None:
    async def check(box: Box) -> None:
        verdicts = [
            judge_vote(box.owner, box.say("ann", box.build_prevote(target_height=height)))
            for height in (2, 3, 4)
        ]
        assert verdicts == [Verdict.ACCEPT, Verdict.ACCEPT, Verdict.IGNORE]
        assert judge_vote(box.owner, box.say("ann", box.build_ack())) is Verdict.ACCEPT

    run(check)


def test_an_attendance_that_fails_may_be_a_matter_of_time_but_not_for_ever() -> None:
    async def check(box: Box) -> None:
        owner = box.owner
        window_slots = owner.ledger.constants.window_slots
        round_ = window_slots  # the first; clocks differ by a slot
        assert round_ <= box.slot + 1
        body = Here(owner.ledger.chain, get_account_id("ann"), round_, bytes(32))
        good = sign_here(body, get_key("ann/vote"))
        assert judge_here(owner, PEER, good) is Verdict.ACCEPT
        elsewhere = sign_here(replace(body, chain=bytes(32)), get_key("ann/vote"))
        assert judge_here(owner, PEER, elsewhere) is Verdict.REJECT
        odd = sign_here(replace(body, round=round_ + 1), get_key("ann/vote"))
        assert judge_here(owner, PEER, odd) is Verdict.IGNORE
        member = sign_here(replace(body, seat=get_account_id("emma")), get_key("emma"))
        assert judge_here(owner, PEER, member) is Verdict.IGNORE
        bad = SignedHere(replace(body, seat=get_account_id("boris")), good.signature)
        verdicts = [judge_here(owner, PEER, bad) for _ in range(300)]
        assert verdicts[0] is Verdict.IGNORE
        assert verdicts[-1] is Verdict.REJECT

    run(check)


def test_a_certificate_is_checked_against_the_list_of_its_set() -> None:
    async def check(box: Box) -> None:
        owner = box.owner
        good = box.certify(box.build_prevote(), SEATS[:3])
        assert judge_certificate(owner, good) is Verdict.ACCEPT
        assert [type(event) for event in owner.pending] == [CertificateSeen]
        few = box.certify(box.build_prevote(), SEATS[:2])
        assert judge_certificate(owner, few) is Verdict.REJECT
        first, second, *rest = good.signatures
        swapped = replace(good, signatures=(second, first, *rest))
        assert judge_certificate(owner, swapped) is Verdict.REJECT
        unknown = box.certify(box.build_prevote(set=bytes(32)))
        assert judge_certificate(owner, unknown) is Verdict.IGNORE
        elsewhere = box.certify(box.build_prevote(chain=bytes(32)))
        assert judge_certificate(owner, elsewhere) is Verdict.REJECT

    run(check)


def test_an_answer_makes_final_and_is_served_on() -> None:
    async def check(box: Box) -> None:
        owner, chain = box.owner, box.core.ledger.chain
        justification = box.certify(box.build_prevote())
        finality = box.certify(box.build_ack())
        assert isinstance(justification, Justification)
        assert isinstance(finality, Finality)
        await take_finality(owner, PEER, FinalityAnswer((), justification, finality))
        assert box.core.get_final().height == 2
        assert show_finality(owner, FinalityRequest(chain, 0, 0)).finality == finality
        known = FinalityRequest(chain, box.slot, box.slot)
        assert show_finality(owner, known) == FinalityAnswer((), None, None)
        assert show_finality(owner, FinalityRequest(bytes(32), 0, 0)).finality is None
        body = justification.body
        assert find_named_certificate(owner, body.round, body.target_hash) is not None
        assert find_named_certificate(owner, body.round, bytes(32)) is None
        bad = replace(finality, signatures=finality.signatures[::-1])
        await take_finality(
            owner,
            PEER,
            FinalityAnswer((), None, replace(bad, body=box.build_ack(round=box.slot + 1))),
        )
        assert len(box.bench.outside.blamed) == 1
        await take_finality(owner, PEER, None)
        assert len(box.bench.outside.blamed) == 1

    run(check)


def test_acks_of_the_set_before_are_shown_where_there_is_no_proof_of_the_hand_off() -> None:
    async def check(box: Box) -> None:
        owner, gadget = box.owner, box.owner.consensus.gadget
        finality = box.certify(box.build_ack())
        assert isinstance(finality, Finality)
        keep_certificate(owner.ledger.store, finality)
        base, entries = box.bench.blocks[1], gadget.voters.entries
        gadget.voters = build_voters(base.hash, base.header.slot, base.header.height, entries)
        asked = FinalityRequest(finality.body.set, 0, 0)
        assert show_finality(owner, asked) == FinalityAnswer((), None, finality)
        asked = FinalityRequest(finality.body.set, 0, finality.body.round)
        assert show_finality(owner, asked) == FinalityAnswer((), None, None)
        assert show_finality(owner, FinalityRequest(bytes(32), 0, 0)).finality is None

    run(check)


def test_what_is_final_is_not_undone_even_if_somebody_asks_for_it() -> None:
    async def check(box: Box) -> None:
        owner, forest = box.owner, box.bench.forest
        rival = forest.grow(box.bench.blocks[0].hash, after=2)
        await take_block(owner, PEER, rival, live=False)
        justification, finality = box.certify(box.build_prevote()), box.certify(box.build_ack())
        assert isinstance(justification, Justification)
        assert isinstance(finality, Finality)
        await take_finality(owner, PEER, FinalityAnswer((), justification, finality))
        head = owner.ledger.head
        assert await follow(owner, rival.hash) == []
        assert owner.ledger.head == head

    run(check)


def test_votes_are_shown_from_a_round_on() -> None:
    async def check(box: Box) -> None:
        owner = box.owner
        for name in SEATS[:2]:
            judge_vote(owner, box.say(name))
        while owner.pending:
            await handle(owner, owner.pending.popleft())
        shown = show_votes(owner, VotesRequest(box.slot)).votes
        assert {vote.seat for vote in shown} == {get_account_id(name) for name in SEATS[:2]}
        assert show_votes(owner, VotesRequest(box.slot + 1)).votes == ()
        newest = show_newest(owner, box.ask_about(get_account_id("ann")))
        assert newest.seat is None
        assert newest.shown.prevote == box.say("ann")

    run(check)


def test_what_others_show_of_a_seat_is_signed_by_it() -> None:
    """The newest header of an author is shown out of the chain, under the author's signature."""

    async def check(box: Box) -> None:
        header = box.bench.blocks[-1].header
        shown = show_newest(box.owner, box.ask_about(header.seat)).shown
        assert shown.header is not None
        assert shown.header.header == header
        for seat in (bytes(32), header.seat):
            unknown = NewestRequest(seat, bytes(32), bytes(16))
            assert show_newest(box.owner, unknown).shown == Shown(None, None, None), "another key"

    run(check)


def test_a_node_without_a_seat_takes_no_word_about_one() -> None:
    async def check(box: Box) -> None:
        question = box.ask_about(get_account_id("ann"))
        await take_newest(box.owner, PEER, question, show_newest(box.owner, question))
        assert box.bench.outside.blamed == []
        assert NewestShown(0, bytes(32), Newest()).newest == Newest()

    run(check)


def test_the_newest_certificates_outlive_a_restart() -> None:
    async def check(box: Box) -> None:
        store = box.core.ledger.store
        assert read_decided(store) == (None, None)
        old = box.certify(box.build_prevote(round=box.slot - 1))
        new, ack = box.certify(box.build_prevote()), box.certify(box.build_ack())
        for certificate in (new, old, ack):
            keep_certificate(store, certificate)
        assert read_decided(store) == (new, ack)
        await box.core._task._take_up_decided()
        assert box.core.get_final().height == 2

    run(check)


def test_a_contradiction_is_kept_and_told_and_an_offence_is_counted() -> None:
    async def check(box: Box) -> None:
        first = box.certify(box.build_ack())
        second = box.certify(box.build_ack(target_hash=box.bench.blocks[0].hash))
        one, two = box.say("ann"), box.say("ann", box.build_prevote(target_height=9))
        evidence = VoteEvidence(one, two, box.core.ledger.seat_set.entries)
        guilty = (get_account_id("ann"),)
        assert read_conflict(box.core.ledger.store) is None
        conflict = TellConflict(first, second, guilty)
        await perform(box.owner, [conflict, TellOffence(evidence)])
        assert read_conflict(box.core.ledger.store) == conflict
        assert box.core.get_core_status().counters.offences_seen == 1
        assert list(read_evidence(box.core.ledger.store)) == [evidence]
        await box.core._task._take_up_decided()
        outlook = box.core.get_core_status().finality
        assert (outlook.standstill, outlook.guilty) == (Standstill.CONFLICT, guilty)
        assert box.owner.consensus.gadget.stopped
        assert list(box.owner.consensus.gadget.evidence.values()) == [evidence]
        another = VoteEvidence(one, box.say("ann", box.build_prevote(target_height=8)), ())
        await perform(box.owner, [TellOffence(another)])
        assert list(read_evidence(box.core.ledger.store)) == [evidence], "once of a kind"

    run(check)


def test_a_contradiction_stops_signing_after_a_restart_too() -> None:
    async def check(box: Box) -> None:
        first = box.certify(box.build_ack())
        other = box.bench.blocks[2]
        second = box.certify(
            box.build_ack(target_hash=bytes(32), target_height=2, round=box.slot - 1)
        )
        assert other.header.height == 3
        await perform(box.owner, [TellConflict(first, second, ())])
        await box.core._task._take_up_decided()
        assert box.owner.consensus.gadget.stopped

    run(check)


def test_the_operator_releases_a_key_only_when_it_has_lost_its_journal() -> None:
    async def check(box: Box) -> None:
        box.core.release_key()
        assert [type(event) for event in box.owner.pending] == [ReleaseCommanded]
        await handle(box.owner, box.owner.pending.popleft())
        assert box.core.get_core_status().activation_slot is None

    run(check)


def test_proofs_that_no_block_can_record_any_more_are_dropped() -> None:
    c = Community()
    c.extend(after=CONSTANTS.set_list_keep_periods * CONSTANTS.slots_per_period + 100)
    store, head_slot = c.ledger.store, c.ledger.head.slot

    def accuse(set_hash: bytes, round_: int) -> VoteEvidence:
        votes = [
            sign_vote(
                get_account_id("ann"),
                Ack(c.chain, set_hash, round_, 0, bytes([number]) * 32, 1),
                get_key("ann/vote"),
            )
            for number in (1, 2)
        ]
        evidence = VoteEvidence(votes[0], votes[1], c.ledger.seat_set.entries)
        keep_evidence(store, c.chain, evidence)
        return evidence

    old, elsewhere, ours = (
        accuse(bytes(32), 50),
        accuse(bytes(31) + b"x", head_slot - 5),
        accuse(c.chain, 50),
    )
    assert len(list(read_evidence(store))) == 3
    forget_evidence(c.ledger)
    left = list(read_evidence(store))
    assert sorted(left, key=encode) == sorted([elsewhere, ours], key=encode)
    assert old not in left
