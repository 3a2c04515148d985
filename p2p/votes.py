"""Votes and attendance told to everybody, and what peers are asked about finality.

What was met before is recognised by its bytes; what is new is decoded once and judged by the node
before it is passed on. Answers are the node's to judge: here they are only bounded, timed and
decoded, with one question of a kind in a peer's hands at a time.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Final, TypeVar

import trio

from chain.codec import Codec, Record, encode
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
from p2p.wire import Exchange, get_name
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
Q = TypeVar("Q", bound=Record)
A = TypeVar("A", bound=Record)

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
        show = partial(FinalityShown, peer)
        self._begin(peer, FINALITY, question, show, failed=FinalityShown(peer, None))

    def ask_votes(self, peer: PeerId, question: VotesRequest) -> None:
        """Ask a peer for the votes of a round."""
        self._begin(peer, VOTES_OF_ROUND, question, partial(VotesShown, peer))

    def ask_newest(self, question: NewestRequest) -> None:
        """Ask all peers for the newest messages of a seat."""
        for peer in list(self._roster.peers):
            self._begin(peer, NEWEST, question, partial(NewestShown, peer, question))

    def ask_witnesses(self, peer: PeerId, question: WitnessesRequest) -> None:
        """Ask a peer what a set has justified in a round, or over it."""
        self._begin(peer, WITNESSES, question, partial(WitnessesShown, peer, question))

    def ask_way(self, peer: PeerId, question: HandOffsRequest) -> None:
        """Ask a peer which hand-offs lead on from a set; ``WayShown`` comes in any case."""
        self._begin(peer, HAND_OFFS, question, partial(WayShown, peer), failed=WayShown(peer, None))

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

    def _begin(
        self,
        peer: PeerId,
        exchange: Exchange[Q, A],
        question: Q,
        show: Callable[[A], Event],
        *,
        failed: Event | None = None,
    ) -> None:
        """Begin to ask, unless such a question is in this peer's hands already.

        ``failed``: what the node is told when no answer comes; None: nothing, it asks others.
        """
        key = peer, exchange.subject
        if self._nursery is None or key in self._under_way or len(self._under_way) >= QUESTIONS_MAX:
            return

        async def finish() -> None:
            shown = failed
            try:
                with suppress(TransportError):
                    shown = show(await self._ask(peer, exchange, question))
                if shown is not None:
                    await self._tell.send(shown)
            finally:
                self._under_way.discard(key)

        self._under_way.add(key)
        self._nursery.start_soon(finish)
