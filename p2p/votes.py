"""Votes and attendance told to everybody, and what peers are asked about finality.

What was met before is recognised by its bytes; what is new is decoded once and judged by the node
before it is passed on. Answers are the node's to judge: here they are only bounded, timed and
decoded, with one question of a kind in a peer's hands at a time.
"""

from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar

import trio

from chain.codec import Codec, encode
from chain.errors import Invalid
from chain.votes import HERES, VOTES, SignedHere, SignedVote
from p2p.ask import Ask
from p2p.gossip import IGNORED_SECONDS, SEEN_SECONDS, Seen, compute_key
from p2p.roster import Roster
from p2p.transport import PeerId, Transport, TransportError, Verdict
from p2p.view import (
    Event,
    FinalityShown,
    Judges,
    Misbehaviour,
    NewestShown,
    VotesShown,
    WayShown,
    WitnessesShown,
)
from p2p.wire import get_name
from p2p.wire_votes import (
    FINALITY,
    HERE_TOPIC,
    NEWEST,
    VOTE_TOPIC,
    WITNESSES,
    FinalityRequest,
    NewestRequest,
    VotesRequest,
    WitnessesRequest,
)
from p2p.wire_votes import VOTES as VOTES_OF_ROUND
from p2p.wire_warp import HAND_OFFS, HandOffsRequest

T = TypeVar("T", SignedVote, SignedHere)

# Prevotes and acks of the largest set for a minute of slots; what is older is no news to the node.
SEEN_MAX: Final = 8_192
QUESTIONS_MAX: Final = 128  # under way at once, over all peers


class Votes:
    """Speaks and listens on both topics, and asks."""

    def __init__(
        self,
        transport: Transport,
        roster: Roster,
        judges: Judges,
        ask: Ask,
        community: bytes,
        tell: trio.MemorySendChannel[Event],
    ) -> None:
        self._transport = transport
        self._roster = roster
        self._judges = judges
        self._ask = ask
        self._tell = tell
        self._votes = get_name(community, VOTE_TOPIC)
        self._heres = get_name(community, HERE_TOPIC)
        self._seen = Seen(SEEN_MAX)
        self._nursery: trio.Nursery | None = None
        self._under_way: set[tuple[PeerId, str]] = set()
        transport.subscribe(self._votes, self.judge_vote)
        transport.subscribe(self._heres, self.judge_here)

    async def run(self) -> None:
        """House what is said and asked until cancelled."""
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            try:
                await trio.sleep_forever()
            finally:
                self._nursery = None

    def say_vote(self, vote: SignedVote) -> None:
        """Tell everybody of a vote of our own seat."""
        self._say(self._votes, encode(vote))

    def say_here(self, here: SignedHere) -> None:
        """Tell everybody that our own seat attends."""
        self._say(self._heres, encode(here))

    def ask_finality(self, peer: PeerId, question: FinalityRequest) -> None:
        """Ask a peer for what is final; ``FinalityShown`` comes in any case."""

        async def ask() -> None:
            try:
                answer = await self._ask(peer, FINALITY, question)
            except TransportError:
                answer = None
            await self._tell.send(FinalityShown(peer, answer))

        self._begin(peer, FINALITY.subject, ask)

    def ask_votes(self, peer: PeerId, question: VotesRequest) -> None:
        """Ask a peer for the votes of a round."""

        async def ask() -> None:
            answer = await self._ask(peer, VOTES_OF_ROUND, question)
            await self._tell.send(VotesShown(peer, answer))

        self._begin(peer, VOTES_OF_ROUND.subject, ask)

    def ask_newest(self, question: NewestRequest) -> None:
        """Ask all peers for the newest messages of a seat."""
        for peer in list(self._roster.peers):
            self._ask_newest_of(peer, question)

    def ask_witnesses(self, peer: PeerId, question: WitnessesRequest) -> None:
        """Ask a peer what a set has justified in a round, or over it."""

        async def ask() -> None:
            answer = await self._ask(peer, WITNESSES, question)
            await self._tell.send(WitnessesShown(peer, question, answer))

        self._begin(peer, WITNESSES.subject, ask)

    def ask_way(self, peer: PeerId, question: HandOffsRequest) -> None:
        """Ask a peer which hand-offs lead on from a set; ``WayShown`` comes in any case."""

        async def ask() -> None:
            try:
                answer = await self._ask(peer, HAND_OFFS, question)
            except TransportError:
                answer = None
            await self._tell.send(WayShown(peer, answer))

        self._begin(peer, HAND_OFFS.subject, ask)

    def judge_vote(self, peer: PeerId, data: bytes) -> Verdict:
        """Whether a vote goes on to others; the node takes note of it when it judges."""
        return self._judge(peer, data, VOTES, self._judges.judge_vote)

    def judge_here(self, peer: PeerId, data: bytes) -> Verdict:
        """The same of an attendance."""
        return self._judge(peer, data, HERES, self._judges.judge_here)

    def _judge(
        self, peer: PeerId, data: bytes, codec: Codec[T], judge: Callable[[PeerId, T], Verdict]
    ) -> Verdict:
        if not self._roster.takes_gossip(peer, len(data)):
            return Verdict.IGNORE
        key = compute_key(data)
        if key in self._seen:
            return Verdict.IGNORE
        try:
            verdict = judge(peer, codec.decode(data))
        except Invalid:
            self._roster.report(peer, Misbehaviour.MALFORMED)
            return Verdict.REJECT
        self._seen.add(key, IGNORED_SECONDS if verdict is Verdict.IGNORE else SEEN_SECONDS)
        if verdict is Verdict.REJECT:
            self._roster.report(peer, Misbehaviour.INVALID)
        return verdict

    def _say(self, topic: str, data: bytes) -> None:
        self._seen.add(compute_key(data), SEEN_SECONDS)
        if self._nursery is not None:
            self._nursery.start_soon(self._transport.publish, topic, data)

    def _ask_newest_of(self, peer: PeerId, question: NewestRequest) -> None:
        async def ask() -> None:
            answer = await self._ask(peer, NEWEST, question)
            await self._tell.send(NewestShown(peer, question, answer))

        self._begin(peer, NEWEST.subject, ask)

    def _begin(
        self, peer: PeerId, subject: str, ask: Callable[[], Coroutine[Any, Any, None]]
    ) -> None:
        """Begin to ask, unless such a question is in this peer's hands already."""
        key = peer, subject
        if self._nursery is None or key in self._under_way or len(self._under_way) >= QUESTIONS_MAX:
            return
        self._under_way.add(key)
        self._nursery.start_soon(self._finish, key, ask)

    async def _finish(
        self, key: tuple[PeerId, str], ask: Callable[[], Coroutine[Any, Any, None]]
    ) -> None:
        try:
            await ask()
        except TransportError:
            return  # the node asks others, or again
        finally:
            self._under_way.discard(key)
