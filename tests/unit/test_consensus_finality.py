"""Finality of seats over a network that delays, loses, parts and crashes.

Invariants, which the witness of ``tests/finality_world.py`` keeps: no two final blocks contradict
each other, whatever is final stays so, and no honest seat ever contradicts itself, also when its
journal is lost. Each rule that a canary takes away is missed.
"""

from collections.abc import Callable
from functools import partial

import pytest

import consensus.prevote
import consensus.recovery
import consensus.rounds
from chain.votes import Ack, Prevote, Vote
from consensus.events import Event, VoteSeen
from consensus.gadget import Asking
from consensus.outlook import Standstill, get_outlook
from consensus.prevote import Ground, Skip, compute_prevote
from consensus.sets import compute_level
from consensus.state import Signing
from consensus.view import View, get_prevote_ms
from tests.community import CONSTANTS
from tests.finality_world import Broken, Rules, World, count_final


@pytest.mark.parametrize("seats", [1, 2, 3, 4, 5, 7])
def test_over_a_good_network_everything_is_final_in_its_slot(seats: int) -> None:
    world = World(1, Rules(seats=seats, slots=30)).run()
    assert min(count_final(world)) >= 28
    for node in world.nodes.values():
        outlook = get_outlook(node.state, world.time_ms)
        assert outlook.standstill is Standstill.NONE
        assert outlook.level == 0
        assert outlook.heard_weight == outlook.total_weight
        assert outlook.voting is Signing.SIGNS


def run_many(seeds: int, rules: Rules) -> None:
    """The same world with other luck."""
    for seed in range(seeds):
        World(seed, rules).run()


def test_the_same_seed_gives_the_same_votes() -> None:
    rules = Rules(slots=30, loss=0.1, crash=0.01)
    one, two = World(7, rules).run(), World(7, rules).run()
    assert one.witness.votes == two.witness.votes
    assert one.witness.votes != World(8, rules).run().witness.votes


TROUBLES = {
    "loss": Rules(slots=80, loss=0.1),
    "slow": Rules(slots=80, delay_ms=(100, 1_400)),
    "crashes": Rules(slots=100, crash=0.02),
    "sets": Rules(seats=5, slots=90, epoch_slots=20, crash=0.01, loss=0.03),
    "parted": Rules(
        slots=110,
        epoch_slots=20,
        cut=lambda slot, one, other: 30 <= slot < 60 and (one < "seat2") != (other < "seat2"),
    ),
    "one side": Rules(
        slots=90, cut=lambda slot, one, _other: 20 <= slot < 50 and one in ("seat0", "seat1")
    ),
}


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("seed", [1, 2])
def test_trouble_costs_time_and_nothing_else(trouble: str, seed: int) -> None:
    rules = TROUBLES[trouble]
    world = World(seed, rules).run()
    heights = count_final(world)
    assert max(heights) >= rules.slots // 3, heights
    if rules.epoch_slots:
        assert len(world.sets) > 2


@pytest.mark.parametrize("seed", range(3))
def test_a_lost_journal_makes_no_honest_seat_offend(seed: int) -> None:
    World(seed, Rules(seats=4, slots=60, crash=0.02, lose=1.0, delay_ms=(20, 600))).run()
    World(seed, Rules(seats=5, slots=60, epoch_slots=20, crash=0.01, lose=0.6, loss=0.05)).run()


def test_without_a_third_nothing_is_final_and_with_it_at_once_again() -> None:
    rules = Rules(seats=4, slots=60, down=lambda slot, name: 15 <= slot < 35 and name > "seat1")
    world = World(3, rules).run(until_slot=34)
    node = world.nodes["seat0"]
    stopped = node.state.gadget.final.height
    assert node.state.position.head.height > stopped + 5  # blocks go on
    outlook = get_outlook(node.state, world.time_ms)
    assert outlook.standstill is Standstill.TOO_FEW
    assert outlook.heard_weight * 2 == outlook.total_weight
    assert outlook.heard_weight < outlook.quorum
    world.run(until_slot=60)
    assert min(count_final(world)) > stopped + 30


@pytest.mark.parametrize(("away", "final"), [(3, True), (4, False)])
def test_less_than_two_fifths_lost_for_good_are_done_without_after_the_first_level(
    away: int, final: bool
) -> None:
    lost = [f"seat{number}" for number in range(away)]
    rules = Rules(seats=10, slots=50, down=lambda slot, name: slot > 5 and name in lost)
    world = World(1, rules).run()
    outlook = get_outlook(world.nodes["seat9"].state, world.time_ms)
    assert (outlook.final_round > 5 + CONSTANTS.slots_per_epoch) is final
    assert outlook.standstill is (Standstill.NONE if final else Standstill.TOO_FEW)


# One of eleven prevotes and never acks, and three are away: 36 % in all.
def mute_acks(name: str, body: Vote) -> bool:
    """Of the seat that prevotes only."""
    return name == "seat7" and isinstance(body, Ack)


HALF_HEARTED = Rules(
    seats=11, slots=45, down=lambda slot, name: name in ("seat8", "seat9", "seat10"), mute=mute_acks
)


def test_prevotes_without_acks_do_not_keep_the_level_down() -> None:
    world = World(1, HALF_HEARTED).run()
    assert world.nodes["seat0"].state.gadget.final.round > CONSTANTS.slots_per_epoch


def test_canary_a_level_by_the_source_alone_stops_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rule = compute_level
    monkeypatch.setattr(
        consensus.prevote,
        "compute_level",
        lambda voters, constants, round_, source, _recorded: rule(
            voters, constants, round_, source, source.round
        ),
    )
    world = World(1, HALF_HEARTED).run()
    assert world.nodes["seat0"].state.gadget.final.round == 0


SPLIT_SLOT = 16  # of these keys none wins one of the slots from here to 23


class Withholding(World):
    """The last of four helps two others, at the last moment, and never the third.

    After a slot that the third has missed he acks nothing, and shows each prevote only just before
    the next one is due, and only to two. A primary would end it: then all prevote at once.
    """

    def send(self, sender: str, event: Callable[[int], Event]) -> None:
        """Everybody's messages but the villain's."""
        told = event(self.time_ms)
        if sender != "seat3" or self.slot < SPLIT_SLOT:
            super().send(sender, event)
        elif isinstance(told, VoteSeen) and isinstance(told.vote.body, Prevote):
            due_ms = get_prevote_ms(told.vote.body.round + 1, self.slot_ms)
            for name in ("seat0", "seat1"):
                self.at(due_ms - 5, partial(self.nodes[name].hear, event))


def count_bounced() -> int:
    """How many of seven rounds the third acks."""
    rules = Rules(
        slots=SPLIT_SLOT + 8,
        delay_ms=(20, 60),
        shy="seat3",
        cut=lambda slot, one, other: slot == SPLIT_SLOT and "seat2" in (one, other),
        mute=lambda name, body: (
            name == "seat3" and isinstance(body, Ack) and body.round >= SPLIT_SLOT
        ),
    )
    said = Withholding(2, rules).run().witness.votes
    return sum(
        name == "seat2" and kind is Ack and round_ > SPLIT_SLOT for name, _, kind, round_ in said
    )


def test_a_prevote_shown_at_the_last_moment_splits_nobody() -> None:
    assert count_bounced() >= 6


def test_canary_without_the_view_rule_it_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(View, "is_frozen", lambda *_: False)
    assert count_bounced() == 0


def test_canary_a_vote_for_the_own_hand_off_is_an_offence(monkeypatch: pytest.MonkeyPatch) -> None:
    def vote_for_base(ground: Ground, round_: int) -> Prevote | Skip:
        found = compute_prevote(ground, round_)
        if found is not Skip.OWN_BASE:
            return found
        base = ground.lock
        return Prevote(
            ground.chain, base.hash, round_, 0, base.hash, base.round, base.hash, base.height
        )

    monkeypatch.setattr(consensus.rounds, "compute_prevote", vote_for_base)
    with pytest.raises(Broken, match="S5"):
        run_many(10, Rules(slots=90, epoch_slots=20))


def test_canary_a_lost_journal_that_is_taken_for_a_new_one_offends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(consensus.recovery, "_judge", lambda _state: Asking.DONE)
    rules = Rules(seats=4, slots=40, crash=0.03, lose=1.0, delay_ms=(20, 600))
    with pytest.raises(Broken):
        run_many(40, rules)
