"""Keys whose journal is lost, old, or released: what they ask, when they speak, what they never do.

Invariant: whatever a key said before its journal was lost, nothing that it says later contradicts
it, as far as anybody can know.
"""

import pytest
from msgspec.structs import replace

import consensus.recovery
import consensus.voting
from chain.votes import Ack, Prevote, Vote
from consensus.effects import AskNewest, Concern, Warn
from consensus.events import ChainReplaced, NewestShown, ReleaseCommanded, SetShown, VoteSeen
from consensus.gadget import Asking
from consensus.journal import (
    Journal,
    build_journal,
    enter_set,
    find_activation,
    find_newest_record,
    get_signed_round,
    record_vote,
)
from consensus.pool import Newest
from consensus.recovery import ASKING_SLOTS_MAX, RELEASE_WAIT_SLOTS
from consensus.sets import build_voters
from consensus.state import Signing
from consensus.voting import get_voting
from tests.community import CONSTANTS, get_account_id, get_key
from tests.consensus_world import CHAIN, GENESIS, build_block
from tests.finality_world import Node, Rules, World
from tests.unit.test_consensus_votes import Machine, build_prevote, bundle, vote

NAMES = ("seat0", "seat1", "seat2", "seat3")
RELEASE_SLOTS = CONSTANTS.release_epochs * CONSTANTS.slots_per_epoch


def build_spoken(round_: int = 40) -> Journal:
    """The journal of seat 0 that has prevoted up to a round."""
    journal = build_journal(get_key("seat0/vote").public)
    journal = enter_set(journal, CHAIN, CHAIN, 0)
    return record_vote(journal, build_prevote(GENESIS, round_), None, None)


class Restarted(Machine):
    """Seat 0 after a start at a slot, with a journal or none."""

    def __init__(self, journal: Journal | None, slot: int = 50, seats: int = 4) -> None:
        self.world = World(1, Rules(seats=seats))
        self.node: Node = self.world.nodes["seat0"]
        self.node.journal = journal
        self.node.state = self.state = self.node._build()
        self.node.alive = True
        self.state.listen_until_ms = 0
        self.effects = []
        self.go(slot)

    @property
    def asking(self) -> Asking:
        """Where the key stands."""
        return self.state.gadget.recovery.asking

    def show(self, name: str, round_: int) -> None:
        """A seat answers."""
        newest = Newest(prevote_round=round_)
        self.send(NewestShown(self.world.time_ms, get_account_id(name), newest))

    def get_activation_round(self) -> int | None:
        """From above which round on the key votes; None: it has lost nothing."""
        assert self.state.journal is not None
        activation = find_activation(self.state.journal, CHAIN)
        return None if activation is None else activation.round


def test_at_the_birth_of_a_community_a_key_that_never_signed_asks_nobody() -> None:
    journal = build_journal(get_key("seat0/vote").public)
    machine = Restarted(journal, slot=2)
    assert machine.asking is Asking.DONE
    assert AskNewest() not in machine.effects
    assert Restarted(build_spoken(1), slot=2).asking is Asking.ASKING
    assert Restarted(None, slot=2).asking is Asking.ASKING


def test_later_it_asks_too_for_its_journal_may_be_a_copy_from_before_it_signed() -> None:
    machine = Restarted(build_journal(get_key("seat0/vote").public), slot=3)
    assert machine.asking is Asking.ASKING
    machine.show("seat1", 2)
    machine.show("seat2", 0)
    assert machine.get_activation_round() == 5


def test_a_key_that_signed_asks_and_goes_on_after_a_third_has_answered() -> None:
    machine = Restarted(build_spoken())
    assert AskNewest() in machine.effects
    assert get_voting(machine.state, machine.world.time_ms) is Signing.ASKING
    machine.show("seat0", 0)  # our own word counts for nothing
    machine.show("seat1", 40)
    assert machine.asking is Asking.ASKING
    machine.show("seat2", 12)
    assert get_voting(machine.state, machine.world.time_ms) is Signing.SIGNS
    assert machine.get_activation_round() is None
    machine.go(51, 0.5)
    assert [body.round for body in machine.get_votes()] == []  # every fourth, by now
    machine.go(52, 0.5)
    assert [body.round for body in machine.get_votes()] == [52]


def test_without_answers_it_goes_on_after_some_time() -> None:
    machine = Restarted(build_spoken())
    asked = 0
    for slot in range(50, 50 + ASKING_SLOTS_MAX):
        machine.go(slot, 0.1)
        asked += AskNewest() in machine.effects
        assert machine.asking is Asking.ASKING
    assert asked == ASKING_SLOTS_MAX - 1
    machine.go(50 + ASKING_SLOTS_MAX)
    assert machine.asking is Asking.DONE


def test_a_seat_that_alone_is_a_quorum_asks_nobody() -> None:
    machine = Restarted(build_spoken(), seats=1)
    assert machine.asking is Asking.DONE
    lost = Restarted(None, seats=1)
    assert lost.asking is Asking.DONE
    assert lost.get_activation_round() == 52


@pytest.mark.parametrize(("shown", "expected"), [(45, 52), (70, 72)])
def test_a_journal_that_others_know_to_be_old_begins_anew(shown: int, expected: int) -> None:
    machine = Restarted(build_spoken())
    machine.show("seat1", shown)
    machine.show("seat2", 0)
    assert machine.get_activation_round() == expected
    assert Warn(Concern.JOURNAL_LOST, expected) in machine.effects
    record = find_newest_record(machine.state.journal or build_journal(b""), CHAIN)
    assert record is not None
    assert (record.block_slot, record.prevote_round, record.ack_round) == (expected,) * 3


def test_each_kind_of_message_is_compared_for_itself() -> None:
    """A copy may hold a later prevote than the header that it lacks."""
    for newest, lost in (
        (Newest(block_slot=1), True),
        (Newest(ack_round=1), True),
        (Newest(prevote_round=40), False),
        (Newest(0, 41, 0), True),
    ):
        machine = Restarted(build_spoken())
        for name in NAMES[1:3]:
            machine.send(NewestShown(machine.world.time_ms, get_account_id(name), newest))
        assert (machine.get_activation_round() is not None) is lost


def test_a_lost_journal_writes_nothing_until_it_begins_anew_above_what_was_seen() -> None:
    machine = Restarted(None)
    block = machine.grow(GENESIS, 3)
    machine.certify(bundle(build_prevote(block, 44)))
    assert machine.node.journal is None
    for name, round_ in (("seat1", 61), ("seat2", 60), ("seat3", 59)):
        machine.hear(vote(name, build_prevote(block, round_)))
    machine.show("seat1", 0)
    machine.show("seat2", 30)
    assert machine.get_activation_round() == 62  # more than a third has reached round 60
    assert machine.node.journal == machine.state.journal


def test_a_new_beginning_waits_for_the_clock_guard() -> None:
    machine = Restarted(None)
    machine.state.guard.arm(50)
    for name in NAMES[1:]:
        machine.state.guard.hear(get_account_id(name), 10, 50, 0)
        machine.show(name, 0)
    assert machine.asking is Asking.LOST
    assert machine.get_activation_round() is None
    machine.state.guard.confirm()
    machine.go(51)
    assert machine.get_activation_round() == 53


def test_a_key_that_lost_its_journal_votes_above_something_newer_only() -> None:
    machine = Restarted(None)
    block = machine.grow(GENESIS, 3)
    for name in NAMES[1:3]:
        machine.show(name, 0)
    assert machine.get_activation_round() == 52
    said: list[Vote] = []
    machine.go(52, 0.5)
    machine.certify(bundle(build_prevote(block, 52)))
    said += machine.get_votes()
    for slot in range(53, 60):
        machine.go(slot, 0.5)
        said += machine.get_votes()
    assert said == []
    machine.certify(bundle(build_prevote(block, 58)))
    assert machine.get_votes() == [Ack(CHAIN, CHAIN, 58, 0, block.hash, 1)]
    for slot in range(60, 65):
        machine.go(slot, 0.5)
        said += machine.get_votes()
    assert [body.round for body in said if isinstance(body, Prevote)] == [
        60,
        64,
    ]  # every fourth, by now


def test_what_we_said_before_the_start_is_of_an_old_journal_later_of_a_thief() -> None:
    for round_, lost in ((49, True), (51, False)):
        machine = Restarted(build_spoken())
        for name in NAMES[1:3]:
            machine.show(name, 0)
        stray = vote("seat0", build_prevote(GENESIS, round_))
        machine.send(VoteSeen(machine.world.time_ms, stray, live=True))
        assert machine.state.key_used_elsewhere is not lost
        assert (machine.get_activation_round() == 52) is lost


def test_what_another_key_of_our_seat_says_is_not_ours() -> None:
    """A standby key has taken over, and whoever stole the old one goes on with it."""
    new = get_key("seat0/standby").public
    machine = Restarted(build_journal(new))
    assert machine.state.seat is not None
    machine.state.seat = machine.state.seat._replace(vote_key=new)
    stolen = [vote("seat0", build_prevote(GENESIS, round_)) for round_ in (49, 51)]
    block = replace(build_block(GENESIS, 49, seat="seat0"), base=CHAIN)
    machine.hear(stolen[0])
    machine.hold(block)
    for name in NAMES[1:3]:
        machine.show(name, 0)
    assert machine.asking is Asking.DONE
    machine.hear(stolen[1])
    machine.hold(replace(build_block(block, 51, seat="seat0"), base=CHAIN))
    assert not machine.state.key_used_elsewhere
    assert machine.get_activation_round() is None


def test_after_a_snapshot_those_are_asked_who_weigh_something_now() -> None:
    machine = Restarted(build_spoken())
    for name in NAMES[1:3]:
        machine.show(name, 0)
    assert len(machine.state.gadget.recovery.answered) == 2
    tip = replace(build_block(GENESIS, 48, seat="seat1"), height=40, base=bytes(32))
    voters = build_voters(tip.base, 47, 39, machine.state.gadget.voters.entries)
    position = machine.state.position._replace(head=tip, base=tip.base, base_slot=47)
    machine.send(ChainReplaced(machine.world.time_ms, position, voters))
    assert machine.state.gadget.voters == voters
    assert machine.asking is Asking.ASKING
    machine.show("seat1", 0)
    assert machine.asking is Asking.ASKING, "a quarter of the weight is not enough"
    machine.show("seat2", 49)
    assert machine.get_activation_round() is not None, "and now it is told that its journal is old"


def test_another_body_of_a_round_that_we_know_is_a_thiefs() -> None:
    machine = Restarted(build_spoken())
    for name in NAMES[1:3]:
        machine.show(name, 0)
    block = machine.grow(GENESIS, 3)
    machine.hear(vote("seat0", build_prevote(GENESIS, 40)))
    assert not machine.state.key_used_elsewhere
    machine.hear(vote("seat0", build_prevote(block, 40)))
    assert machine.asking is not Asking.DONE or machine.get_activation_round() == 52


def enter_following(machine: Machine, slot: int) -> tuple[bytes, Vote]:
    """Let a hand-off of this slot be final; returns its set, and a prevote above it."""
    handing = replace(build_block(GENESIS, slot, seat="seat1"), base=CHAIN, hands_off=True)
    voters = build_voters(handing.hash, slot, 1, machine.state.gadget.voters.entries)
    machine.world.sets[handing.hash] = voters
    machine.world.blocks[handing.hash] = handing
    machine.send(SetShown(machine.world.time_ms, voters))
    machine.hold(handing)
    machine.certify(bundle(build_prevote(handing, slot + 1)))
    machine.certify(bundle(Ack(CHAIN, CHAIN, slot + 1, 0, handing.hash, 1)))
    above = replace(build_block(handing, slot + 1, seat="seat1"), base=handing.hash)
    machine.hold(above)
    body = Prevote(CHAIN, handing.hash, slot + 4, 0, handing.hash, slot, above.hash, 2)
    return handing.hash, body


def test_a_vote_of_the_set_that_was_just_left_is_no_thiefs() -> None:
    """What waited for a prevote may make a hand-off final in the very step that sends it."""
    machine = Restarted(build_spoken())
    for name in NAMES[1:3]:
        machine.show(name, 0)
    machine.go(52, 0.5)
    (prevote,) = machine.get_votes()
    set_hash, _ = enter_following(machine, 40)
    assert machine.state.gadget.voters.base == set_hash
    machine.hear(vote("seat0", prevote))
    assert not machine.state.key_used_elsewhere
    machine.hear(vote("seat0", build_prevote(GENESIS, 53)))
    assert machine.state.key_used_elsewhere


def lose_and_enter() -> Machine:
    """A journal is lost at slot 50; then the set of slot 40 is heard of, where it had voted."""
    machine = Restarted(None)
    for name in NAMES[1:3]:
        machine.show(name, 0)
    assert machine.get_activation_round() == 52
    machine.go(50, 0.5)
    set_hash, body = enter_following(machine, 40)
    assert machine.state.gadget.voters.base == set_hash
    machine.certify(bundle(body))
    return machine


def test_a_record_inherits_the_beginning_of_a_key_that_lost_its_journal() -> None:
    machine = lose_and_enter()
    assert machine.state.gadget.lock.round == 44
    assert machine.get_votes() == []
    record = find_newest_record(machine.state.journal or build_journal(b""), CHAIN)
    assert record is not None
    assert (record.block_slot, record.prevote_round, record.ack_round) == (52, 52, 52)


def test_canary_a_record_that_inherits_nothing_acks_what_it_may_have_voted_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def enter_fresh(journal: Journal, chain: bytes, base: bytes, slot: int) -> Journal:
        entered = enter_set(replace(journal, activations=()), chain, base, slot)
        return replace(entered, activations=journal.activations)

    monkeypatch.setattr(consensus.voting, "enter_set", enter_fresh)
    assert [body.round for body in lose_and_enter().get_votes()] == [44]


def test_a_release_is_refused_before_its_time_and_without_a_loss() -> None:
    machine = Restarted(build_spoken())
    for name in NAMES[1:3]:
        machine.show(name, 0)
    machine.send(ReleaseCommanded(machine.world.time_ms))
    assert Warn(Concern.RELEASE_REFUSED, 0) in machine.effects
    lost = Restarted(None)
    for name in NAMES[1:3]:
        lost.show(name, 0)
    lost.go(60)
    lost.send(ReleaseCommanded(lost.world.time_ms))
    assert Warn(Concern.RELEASE_REFUSED, RELEASE_SLOTS - 10) in lost.effects


def test_a_released_key_adopts_what_others_have_justified_and_begins_above_the_present() -> None:
    machine = Restarted(None)
    for name in NAMES[1:3]:
        machine.show(name, 0)
    slot = 52 + RELEASE_SLOTS
    slot += -slot % 16
    machine.go(slot)
    machine.send(ReleaseCommanded(machine.world.time_ms))
    assert machine.get_activation_round() == 52
    machine.vote_now()
    block = machine.grow(GENESIS, 3)
    machine.certify(bundle(build_prevote(block, 48)))
    machine.go(slot + RELEASE_WAIT_SLOTS)
    assert machine.get_activation_round() == 0
    assert machine.state.gadget.lock.round == 48
    journal = machine.state.journal
    assert journal is not None
    assert get_signed_round(journal, CHAIN) == slot + RELEASE_WAIT_SLOTS + 2
    machine.go(slot + 32, 0.5)
    assert machine.get_votes() == []  # the chain does not know yet
    machine.state.position = machine.state.position._replace(notice_slot=3)
    machine.go(slot + 48, 0.5)
    assert [body.round for body in machine.get_votes()] == [slot + 48]


def test_a_seat_alone_is_released_at_once_and_finality_goes_on() -> None:
    machine = Restarted(None, seats=1)
    assert machine.get_activation_round() == 52
    machine.go(53)
    machine.send(ReleaseCommanded(machine.world.time_ms))
    assert machine.get_activation_round() == 0
    voted = []
    for slot in range(54, 70):
        machine.go(slot, 0.5)
        voted += machine.get_votes()
    assert voted


def test_a_loss_found_by_a_clock_far_ahead_can_be_released() -> None:
    machine = Restarted(None, slot=10**6)
    for name in NAMES[1:3]:
        machine.show(name, 0)
    assert machine.get_activation_round() == 10**6 + 2
    machine.go(100)
    machine.send(ReleaseCommanded(machine.world.time_ms))
    machine.go(100 + RELEASE_WAIT_SLOTS)
    assert machine.get_activation_round() == 0
    assert machine.state.journal is not None
    assert get_signed_round(machine.state.journal, CHAIN) == 102 + RELEASE_WAIT_SLOTS
