"""One honest seat against an environment that may do anything: every order, up to a few rounds.

The seat is the real state machine, started anew from its journal before every event, so that the
power goes between any two of them. The environment shows certificates of any round for either of
two rival blocks, loses, tears or restores the journal, hides what others saw, and sets the clock
back. Whatever the seat signs is kept; no two of its votes may contradict each other.
"""

from collections import deque
from collections.abc import Iterator
from typing import Final, NamedTuple

from msgspec.structs import replace

from chain.certificates import Justification
from chain.votes import Ack, Prevote, Vote
from consensus.engine import step
from consensus.events import (
    AnchorShown,
    CertificateSeen,
    Effect,
    Event,
    NewestShown,
    SignVote,
    Started,
    StoreJournal,
    Ticked,
)
from consensus.forkchoice import BlockFacts
from consensus.journal import Journal, build_journal
from consensus.pool import Newest
from consensus.state import Consensus, OwnSeat, build_consensus
from tests.community import get_account_id
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
RIVALS: Final = tuple(
    replace(build_block(GENESIS, 1, seat=name), base=CHAIN) for name in ("boris", "clara")
)


class Situation(NamedTuple):
    """All that matters of the world. ``journal``: nil when it is lost; ``copy``: a backup."""

    slot: int
    journal: Journal | None
    copy: Journal | None
    said: frozenset[Vote]
    damaged: bool  # once is enough
    justified: frozenset[tuple[int, int]] = frozenset()  # round and which block


class Powers(NamedTuple):
    """What the environment may do, beside showing certificates and cutting the power."""

    lose: bool = False
    restore: bool = False
    hide: bool = False  # others do not show what they saw of ours
    clock_back: int = 0  # so many slots, when the journal is damaged
    rivals: bool = False  # two blocks may be justified in one round: the bound is broken


class Finding(NamedTuple):
    """An offence and the way to it; empty: none in so many situations."""

    offence: str
    way: tuple[str, ...]
    situations: int


def search(rounds: int, powers: Powers, limit: int = 10**9) -> Finding:
    """Look at every situation that can come about; stop at the first offence."""
    seat = build_seat("ann")
    first = Situation(1, build_journal(seat.vote_key), None, frozenset(), False)
    came: dict[Situation, tuple[Situation, str] | None] = {first: None}
    waiting = deque([first])
    while waiting and len(came) < limit:
        here = waiting.popleft()
        offence = find_offence(here.said)
        if offence:
            return Finding(offence, _tell_way(came, here), len(came))
        for following, what in _list_following(here, rounds, powers, seat):
            if following not in came:
                came[following] = here, what
                waiting.append(following)
    return Finding("", (), len(came))


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


def _list_following(
    here: Situation, rounds: int, powers: Powers, seat: OwnSeat
) -> Iterator[tuple[Situation, str]]:
    if here.slot < rounds:
        yield here._replace(slot=here.slot + 1), f"slot {here.slot + 1}"
    for place, head in enumerate(RIVALS):
        yield _run(here, seat, powers, head, []), f"votes on block {place}"
        for round_ in range(1, min(rounds, here.slot + 1) + 1):
            is_second = (round_, 1 - place) in here.justified
            if is_second and not powers.rivals:
                continue
            certificate = _certify(round_, head)
            for above in RIVALS:
                time_ms = here.slot * SLOT_MS + DUE_MS + 1
                event = CertificateSeen(time_ms, certificate)
                after = _run(here, seat, powers, above, [event])
                yield (
                    after._replace(justified=here.justified | {(round_, place)}),
                    f"round {round_} justifies block {place}, on {RIVALS.index(above)}",
                )
    if here.damaged:
        return
    back = here._replace(slot=max(here.slot - powers.clock_back, 1), damaged=True)
    if powers.lose:
        yield back._replace(journal=None), "journal lost"
    if powers.restore and here.copy is None:
        yield here._replace(copy=here.journal), "journal copied"
    if powers.restore and here.copy is not None:
        yield back._replace(journal=here.copy), "journal put back"


def _certify(round_: int, block: BlockFacts) -> Justification:
    body = Prevote(CHAIN, CHAIN, round_, 0, CHAIN, 0, block.hash, block.height)
    return Justification(body, b"", ())


def _run(
    here: Situation, seat: OwnSeat, powers: Powers, head: BlockFacts, events: list[Event]
) -> Situation:
    """Start the seat on what it kept, with this head, and let these things happen."""
    journal, is_lost = here.journal, here.journal is None
    own = seat._replace(journal=journal or build_journal(seat.vote_key), lost=is_lost)
    state = build_consensus(SETTINGS, build_position(head), own)
    early_ms = here.slot * SLOT_MS + 1
    said = set(here.said)
    prevotes = [item.round for item in here.said if isinstance(item, Prevote)]
    acks = [item.round for item in here.said if isinstance(item, Ack)]
    shown = Newest(0, max(prevotes, default=0), max(acks, default=0))
    if powers.hide:
        shown = Newest(0, 0, 0)
    beginning: list[Event] = [AnchorShown(early_ms, GENESIS, 0)]
    beginning += [AnchorShown(early_ms, item, 2) for item in RIVALS if item is not head]
    beginning.append(Started((here.slot - LISTENED_SLOTS) * SLOT_MS))
    beginning += [NewestShown(early_ms, get_account_id(name), shown) for name in SEATS[1:]]
    for event in (*beginning, Ticked(here.slot * SLOT_MS + DUE_MS), *events):
        journal = _perform(state, step(state, event), journal, said)
    return here._replace(journal=journal, said=frozenset(said))


def _perform(
    state: Consensus, effects: list[Effect], journal: Journal | None, said: set[Vote]
) -> Journal | None:
    for effect in effects:
        if isinstance(effect, StoreJournal):
            journal = effect.journal
        elif isinstance(effect, SignVote):
            said.add(effect.body)
    return journal


def _tell_way(
    came: dict[Situation, tuple[Situation, str] | None], here: Situation
) -> tuple[str, ...]:
    way: list[str] = []
    before = came[here]
    while before is not None:
        way.append(before[1])
        before = came[before[0]]
    return tuple(reversed(way))
