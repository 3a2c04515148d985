"""One honest seat against an environment that can do anything.

It shows certificates of any block and round in any order, of any source, lets time run and go back,
kills the seat at any moment, takes its journal away or brings back an old copy. Invariant: whatever
happens, nothing that the seat ever signs contradicts anything else that it signed, provided that
others show it its newest messages. Canaries that forget a rule are caught.
"""

import random
from collections.abc import Callable

import pytest
from msgspec.structs import replace

import consensus.finality
import consensus.journal
import consensus.recovery
from chain.votes import Ack, Prevote, Vote
from consensus.events import ClockJumped, NewestShown, Started
from consensus.forkchoice import BlockFacts
from consensus.gadget import Asking
from consensus.journal import Journal, SetRecord
from consensus.pool import Newest
from consensus.recovery import BIRTH_SLOTS
from tests.community import get_account_id
from tests.consensus_world import CHAIN, GENESIS, build_block
from tests.finality_world import Broken
from tests.unit.test_consensus_votes import NAMES, Machine, build_ack, build_prevote, bundle

EVENTS = 40
ROUNDS = 9


class Victim(Machine):
    """The seat, and the world's memory of what it signed."""

    def __init__(self, seed: int) -> None:
        super().__init__(1)
        self.dice = random.Random(seed)
        self.copies: list[Journal | None] = [self.node.journal]
        self.blocks = self._build_blocks()
        for block in self.blocks[1:]:
            self.hold(block)

    def _build_blocks(self) -> list[BlockFacts]:
        """Two branches that part at once."""
        blocks = [GENESIS]
        for parent, slot, salt in ((0, 1, 1), (1, 3, 1), (0, 2, 2), (3, 4, 2), (2, 6, 1)):
            block = build_block(blocks[parent], slot, seat="seat1", salt=salt)
            blocks.append(replace(block, base=CHAIN))
        return blocks

    def get_said(self) -> list[Vote]:
        """All that it ever signed."""
        return self.world.witness.said.get(("seat0", CHAIN), [])

    def act(self) -> None:
        """Something happens."""
        dice = self.dice
        what = dice.choices(
            (self.justify, self.finalise, self.pass_time, self.kill, self.lose, self.set_back),
            (10, 1, 10, 2, 1, 1),
        )[0]
        what()
        self.copies.append(self.node.journal)

    def justify(self) -> None:
        """A certificate comes of whatever block and round."""
        round_ = self.dice.randint(1, ROUNDS)
        body = build_prevote(self.dice.choice(self.blocks), round_)
        self.certify(bundle(body))

    def finalise(self) -> None:
        """Something is final; on the first branch only, or the seat would stop."""
        target = self.blocks[self.dice.choice((1, 2))]
        self.certify(bundle(build_ack(target, self.dice.randint(1, ROUNDS))))

    def pass_time(self) -> None:
        """A slot goes by, up to the prevote or beyond it."""
        slot = self.world.slot + self.dice.choice((0, 1, 1, 2))
        self.go(slot, self.dice.choice((0.1, 0.5, 0.95)))

    def kill(self) -> None:
        """It starts again at once, on its journal or what took its place."""
        self.node.state = self.state = self.node._build()
        for block in self.blocks[1:]:
            self.hold(block)
        self.state.guard.confirm()
        self.send(Started(self.world.time_ms))
        self.state.guard.confirm()
        self.state.listen_until_ms = self.world.time_ms
        said = self.get_said()
        newest = Newest(
            max((slot for _, slot in self.world.witness.headers), default=0),
            max((body.round for body in said if isinstance(body, Prevote)), default=0),
            max((body.round for body in said if isinstance(body, Ack)), default=0),
        )
        for name in NAMES[1:3]:
            self.send(NewestShown(self.world.time_ms, get_account_id(name), newest))

    def lose(self) -> None:
        """Its disk is gone, or an old copy of it comes back; not at the birth of the community."""
        if self.world.slot <= BIRTH_SLOTS:
            return
        self.node.journal = self.dice.choice([None, *self.copies])
        self.node.finals = []
        self.kill()

    def set_back(self) -> None:
        """Somebody sets its clock."""
        self.world.time_ms = max(0, self.world.time_ms - self.dice.randint(1, 3) * 1_000)
        self.send(ClockJumped(self.world.time_ms))
        self.state.guard.confirm()
        self.state.listen_until_ms = self.world.time_ms


def torment(seeds: int) -> int:
    """How much was signed under so many environments. Raises Broken."""
    signed = 0
    for seed in range(seeds):
        victim = Victim(seed)
        for _ in range(EVENTS):
            victim.act()
        signed += len(victim.get_said())
    return signed


def test_nothing_makes_an_honest_seat_contradict_itself() -> None:
    assert torment(50) > 200


def keep_marks(entry: SetRecord, round_: int) -> SetRecord:
    """A rule that silences prevotes by the activation alone, and leaves acks to themselves."""
    return replace(entry, block_slot=round_)


def forget_lock(journal: Journal, body: Vote, *_: object) -> Journal:
    """A rule that writes the vote and leaves out what is justified."""
    record = consensus.journal.find_newest_record(journal, CHAIN)
    assert record is not None
    known = record.lock, record.final
    written = RULES["record_vote"](journal, body, ALL_KNOWING, known[1])
    return replace(
        written, records=(*written.records[:-1], replace(written.records[-1], lock=known[0]))
    )


RULES: dict[str, Callable[..., Journal]] = {"record_vote": consensus.journal.record_vote}
# What a later round was justified by, so that the write itself does not notice.
ALL_KNOWING = bundle(build_prevote(GENESIS, 10**6))


def test_canary_acks_that_a_lost_journal_does_not_hold_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(consensus.journal, "_set_marks", keep_marks)
    with pytest.raises((Broken, AssertionError)):
        torment(300)


def test_canary_a_journal_that_is_never_taken_for_old(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consensus.recovery, "_judge", lambda _state: Asking.DONE)
    with pytest.raises((Broken, AssertionError)):
        torment(300)


def test_canary_an_ack_whose_lock_is_not_written_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consensus.finality, "record_vote", forget_lock)
    monkeypatch.setattr(consensus.finality, "record_decided", lambda journal, *_: journal)
    with pytest.raises(Broken):
        torment(300)
