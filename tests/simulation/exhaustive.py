"""One honest seat against an environment that may do anything: every order, up to a few rounds.

The seat is the real state machine, started anew from its journal before every event, so that the
power goes between any two of them. The environment shows certificates of any round for either of
two rival blocks, or a third above one of them, of any level, loses, tears or restores the journal,
hides what others saw, and sets the clock back. Whatever the seat signs is kept; no two of its votes
may contradict each other.

What the machine does depends on the slot, its journal, its head, what comes and what others show
of it, so for each choice of these it runs once. Situations are looked at without it: a few numbers
each, and of those that differ only in what was said, those in which most was said.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Final, NamedTuple

from msgspec.structs import replace

from chain.certificates import Justification
from chain.votes import LEVEL_MAX, Ack, Prevote, Vote
from consensus.effects import SignVote, StoreJournal
from consensus.engine import step
from consensus.events import (
    AnchorShown,
    CertificateSeen,
    Event,
    NewestShown,
    Started,
    Ticked,
)
from consensus.forkchoice import BlockFacts, Recorded
from consensus.journal import Journal, build_journal
from consensus.pool import Newest
from consensus.state import Consensus, build_consensus
from tests.community import CONSTANTS, get_account_id
from tests.consensus_world import (
    CHAIN,
    GENESIS,
    SEATS,
    SETTINGS,
    SLOT_MS,
    build_block,
    build_position,
    build_seat,
)

DUE_MS: Final = 400  # into a slot: the prevote is due
LISTENED_SLOTS: Final = 4  # ago the machine was switched on
LOST: Final = 0  # the number of a journal that is not there, or torn
NONE: Final = -1  # no backup was made; no certificate comes
RIVALS: Final = tuple(
    replace(build_block(GENESIS, 1, seat=name), base=CHAIN) for name in ("boris", "clara")
)
# Above the first of them, and it records what its set decided in round 1.
CHILD: Final = replace(build_block(RIVALS[0], 2), base=CHAIN, recorded=Recorded(CHAIN, 1))
# Two slots of silence open level 1, three or four level 2.
HASTY: Final = SETTINGS._replace(
    constants=replace(CONSTANTS, slots_per_epoch=1, level_epochs=(2, 3, 4))
)


class Place(NamedTuple):
    """A situation without what was said. ``shown``: prevote and ack that others show at most."""

    damages: int
    slot: int
    journal: int
    copy: int  # a backup of the journal
    shown: tuple[int, int]
    justified: int  # what the one certificate of each round was; 0 where there may be more


class Powers(NamedTuple):
    """What the environment may do, beside showing certificates and cutting the power."""

    lose: bool = False
    restore: bool = False
    hide: bool = False  # others do not show what they saw of ours
    clock_back: int = 0  # so many slots, when the journal is damaged
    rivals: bool = False  # two blocks may be justified in one round: the bound is broken
    damages: int = 1  # how often the journal may be lost or put back
    tall: bool = False  # there is a block above one of the rivals
    levels: bool = False  # levels open within a few slots, and certificates are of any of them


class Finding(NamedTuple):
    """An offence and the way to it; empty: none in so many situations."""

    offence: str
    way: tuple[str, ...]
    situations: int
    runs: int  # of the real machine
    voted: frozenset[tuple[int, int]]  # levels and heights of all that it signed


class _Situation(NamedTuple):
    place: Place
    said: int  # votes, a bit each


class _Step(NamedTuple):
    after: _Situation
    what: str


class Search:
    """The real seat behind a memory of what it did, and all the situations that were met."""

    def __init__(self, rounds: int, powers: Powers) -> None:
        self._rounds = rounds
        self._powers = powers
        seat = build_seat("ann")
        self._seat = seat._replace(prove=cache(seat.prove))  # of few slots, again and again
        self._journals: list[Journal | None] = [None]
        self._numbers: dict[Journal | None, int] = {None: LOST}
        self._votes: list[Vote] = []
        self._bits: dict[Vote, int] = {}
        self._contradicting: list[int] = []  # by vote: those that nobody may sign beside it
        self._did: dict[tuple[int, int, tuple[int, int], int, int], tuple[int, int]] = {}
        self._settings = HASTY if powers.levels else SETTINGS
        self._blocks = (*RIVALS, CHILD) if powers.tall else RIVALS
        self._certificates = [
            _certify(round_, level, block)
            for round_ in range(1, rounds + 1)
            for level in range(LEVEL_MAX + 1 if powers.levels else 1)
            for block in self._blocks
            if block.slot <= round_
        ]
        # Of each place the most that can have been said there, none of them part of another.
        self._met: defaultdict[Place, list[int]] = defaultdict(list)
        self._before: dict[_Situation, _Situation] = {}
        self.situations = 0

    def run(self, limit: int) -> Finding:
        """Look at every situation that can come about, or so many; stop at the first offence."""
        first = _Situation(
            Place(0, 1, self._count(build_journal(self._seat.vote_key)), NONE, (0, 0), 0), 0
        )
        waiting = {(0, 1): [first]}
        self._meet(first)
        while waiting and self.situations < limit:
            # Nothing leads back to fewer damages, nor to an earlier slot without another one.
            here = waiting[least := min(waiting)]
            if not here:
                del waiting[least]
                continue
            situation = here.pop()
            if situation.said not in self._met[situation.place]:
                continue  # more was said in the same place meanwhile
            for after, _ in self._list_following(situation):
                if not self._meet(after):
                    continue
                self._before[after] = situation
                offence = self._find_offence(situation.said, after.said)
                if offence:
                    return self._find(offence, self._tell_way(after))
                waiting.setdefault((after.place.damages, after.place.slot), []).append(after)
        return self._find("", ())

    def _find(self, offence: str, way: tuple[str, ...]) -> Finding:
        voted = frozenset((vote.level, vote.target_height) for vote in self._votes)
        return Finding(offence, way, self.situations, len(self._did), voted)

    def _meet(self, situation: _Situation) -> bool:
        """Whether this is new: nobody said all of it, and more, in the same place."""
        said, met = situation.said, self._met[situation.place]
        if any(said & ~other == 0 for other in met):
            return False
        met[:] = [other for other in met if other & ~said]
        met.append(said)
        self.situations += 1
        return True

    def _list_following(self, here: _Situation) -> Iterator[_Step]:
        place, slot = here.place, here.place.slot
        if slot < self._rounds:
            yield _Step(here._replace(place=place._replace(slot=slot + 1)), f"slot {slot + 1}")
        for head, facts in enumerate(self._blocks):
            if facts.slot > slot:
                continue
            yield _Step(self._act(here, head, NONE), f"votes on block {head}")
            for number, certificate in enumerate(self._certificates):
                justified = self._justify(place.justified, number)
                if certificate.body.round > slot + 1 or justified is None:
                    continue
                after = self._act(here, head, number)
                yield _Step(
                    after._replace(place=after.place._replace(justified=justified)),
                    self._tell(certificate.body, head),
                )
        yield from self._list_damages(here)

    def _justify(self, justified: int, number: int) -> int | None:
        """What has been justified with this certificate; None: the bound holds and forbids it."""
        if self._powers.rivals:
            return 0
        round_ = self._certificates[number].body.round
        for other, certificate in enumerate(self._certificates):
            if justified >> other & 1 and other != number and certificate.body.round == round_:
                return None
        return justified | 1 << number

    def _tell(self, body: Prevote, head: int) -> str:
        hashes = [block.hash for block in self._blocks]
        block = hashes.index(body.target_hash)
        return f"round {body.round} justifies block {block} at level {body.level}, on {head}"

    def _list_damages(self, here: _Situation) -> Iterator[_Step]:
        place, powers = here.place, self._powers
        if place.damages == powers.damages:
            return
        back = place._replace(
            slot=max(place.slot - powers.clock_back, 1), damages=place.damages + 1
        )
        if powers.lose:
            yield _Step(here._replace(place=back._replace(journal=LOST)), "journal lost")
        if powers.restore and place.journal not in (LOST, place.copy):
            copied = place._replace(copy=place.journal)
            yield _Step(here._replace(place=copied), "journal copied")
        if powers.restore and place.copy != NONE:
            put_back = back._replace(journal=place.copy)
            yield _Step(here._replace(place=put_back), "journal put back")

    def _act(self, here: _Situation, head: int, number: int) -> _Situation:
        """Start the seat on what it kept, with this head and this certificate, or none."""
        place = here.place
        key = place.slot, place.journal, place.shown, head, number
        did = self._did.get(key)
        if did is None:
            certificate = None if number == NONE else self._certificates[number]
            did = self._did[key] = self._start(place, head, certificate)
        journal, said = did
        if not said & ~here.said:
            return here._replace(place=place._replace(journal=journal))
        said |= here.said
        shown = place.shown if self._powers.hide else self._get_newest(said)
        return _Situation(place._replace(journal=journal, shown=shown), said)

    def _start(self, place: Place, head: int, certificate: Justification | None) -> tuple[int, int]:
        """What the real machine does: its journal, and the votes that it signs."""
        journal, facts = self._journals[place.journal], self._blocks[head]
        state = build_consensus(
            self._settings,
            build_position(facts),
            self._seat._replace(
                journal=journal or build_journal(self._seat.vote_key), lost=journal is None
            ),
        )
        beside = [block for block in self._blocks if block != facts]
        events = _list_events(place.slot, place.shown, beside, certificate)
        journal, votes = _run(state, journal, events)
        said = 0
        for vote in votes:
            said |= 1 << self._note(vote)
        return self._count(journal), said

    def _count(self, journal: Journal | None) -> int:
        number = self._numbers.setdefault(journal, len(self._journals))
        if number == len(self._journals):
            self._journals.append(journal)
        return number

    def _note(self, vote: Vote) -> int:
        """The bit of a vote, and which others it contradicts."""
        bit = self._bits.get(vote)
        if bit is None:
            bit = self._bits[vote] = len(self._votes)
            self._votes.append(vote)
            self._contradicting.append(0)
            for other in range(bit):
                if find_offence(frozenset({vote, self._votes[other]})):
                    self._contradicting[bit] |= 1 << other
                    self._contradicting[other] |= 1 << bit
        return bit

    def _list_votes(self, said: int) -> list[Vote]:
        return [vote for bit, vote in enumerate(self._votes) if said >> bit & 1]

    def _get_newest(self, said: int) -> tuple[int, int]:
        votes = self._list_votes(said)
        prevotes = [item.round for item in votes if isinstance(item, Prevote)]
        acks = [item.round for item in votes if isinstance(item, Ack)]
        return max(prevotes, default=0), max(acks, default=0)

    def _find_offence(self, before: int, said: int) -> str:
        new = said & ~before
        while new:
            bit = new.bit_length() - 1
            if self._contradicting[bit] & said:
                return find_offence(frozenset(self._list_votes(said)))
            new ^= 1 << bit
        return ""

    def _tell_way(self, here: _Situation) -> tuple[str, ...]:
        way: list[str] = []
        while (before := self._before.get(here)) is not None:
            way.append(next(what for item, what in self._list_following(before) if item == here))
            here = before
        return tuple(reversed(way))


def search(rounds: int, powers: Powers, limit: int = 10**9) -> Finding:
    """Look at every situation that can come about; stop at the first offence."""
    return Search(rounds, powers).run(limit)


def find_offence(said: frozenset[Vote]) -> str:
    """Two votes that contradict each other."""
    acks = sorted((item for item in said if isinstance(item, Ack)), key=repr)
    prevotes = sorted((item for item in said if isinstance(item, Prevote)), key=repr)
    for kind, votes in (("acks", acks), ("prevotes", prevotes)):
        rounds = [item.round for item in votes]
        if len(rounds) != len(set(rounds)):
            return f"two {kind} of a round, of rounds {sorted(rounds)}"
    for ack in acks:
        for prevote in prevotes:
            if prevote.source_round < ack.round < prevote.round:
                return f"ack {ack.round} in {prevote.source_round}..{prevote.round}"
    return ""


def _certify(round_: int, level: int, block: BlockFacts) -> Justification:
    body = Prevote(CHAIN, CHAIN, round_, level, CHAIN, 0, block.hash, block.height)
    return Justification(body, b"", ())


def _list_events(
    slot: int,
    shown: tuple[int, int],
    beside: Sequence[BlockFacts],
    certificate: Justification | None,
) -> Iterator[Event]:
    """A start some slots ago, answers of the others, the time to vote, and what comes then.

    The start lies before the first slot: in that it would do what it does no more when it is told
    what others saw. So the seat begins in this slot, and has listened long enough.
    """
    early_ms, due_ms = slot * SLOT_MS + 1, slot * SLOT_MS + DUE_MS
    yield AnchorShown(early_ms, GENESIS, 0)
    for facts in beside:
        if facts.slot <= slot:
            yield AnchorShown(early_ms, facts, 2 * facts.height)
    yield Started(min(slot - LISTENED_SLOTS, 0) * SLOT_MS)
    for name in SEATS[1:]:
        yield NewestShown(early_ms, get_account_id(name), Newest(0, *shown))
    yield Ticked(due_ms)
    if certificate is not None:
        yield CertificateSeen(due_ms + 1, certificate)


def _run(
    state: Consensus, journal: Journal | None, events: Iterator[Event]
) -> tuple[Journal | None, list[Vote]]:
    votes: list[Vote] = []
    for event in events:
        for effect in step(state, event):
            if isinstance(effect, StoreJournal):
                journal = effect.journal
            elif isinstance(effect, SignVote):
                votes.append(effect.body)
    return journal, votes
