"""What is told to everybody: bundles of transactions, and blocks by their headers.

A message costs every node the same however small it is, so transactions wait a moment and travel
together. What was met before is recognised by its bytes before anything expensive happens; what
is new is decoded here, once, and judged by the node before it is passed on.
"""

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from typing import Final, Protocol

import trio

from chain.certificates import Certificate
from chain.codec import encode
from chain.crypto import compute_hash
from chain.errors import Invalid
from chain.header import SignedHeader
from chain.transaction import SealedTransaction, decode_transaction
from p2p.roster import Roster
from p2p.transport import PeerId, Transport, Verdict
from p2p.view import Event, Judges, Misbehaviour, TransactionsArrived
from p2p.wire import (
    ANNOUNCEMENT,
    ANNOUNCEMENT_TOPIC,
    BUNDLE,
    BUNDLE_BYTES,
    BUNDLE_SECONDS,
    BUNDLE_TOPIC,
    BUNDLE_TRANSACTIONS_MAX,
    Announcement,
    Bundle,
    get_name,
)
from p2p.wire_votes import get_carried

OFFERED_BYTES_MAX: Final = 4 * 1_024 * 1_024  # six seconds of our own at the fastest
SEEN_MAX: Final = 32_768  # what a full community says in a few minutes; about 6 MB
SEEN_SECONDS: Final = 300.0
IGNORED_SECONDS: Final = 5.0  # what was refused for now may be right in a while


class Bodies(Protocol):
    """Fetches what was announced."""

    def want(self, peer: PeerId, announced: SignedHeader) -> None:
        """Fetch the body of a header that was judged good, from this peer first."""
        ...

    def add_source(self, peer: PeerId, announced: SignedHeader) -> None:
        """Note a peer that has it too, should the first one fail; begins nothing."""
        ...


class Seen:
    """Contents met before, each for a while."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._until: OrderedDict[bytes, float] = OrderedDict()

    def __contains__(self, key: bytes) -> bool:
        until = self._until.get(key)
        return until is not None and until > trio.current_time()

    def add(self, key: bytes, seconds: float) -> None:
        """Recognise this content from now on."""
        self._until[key] = trio.current_time() + seconds
        self._until.move_to_end(key)
        if len(self._until) > self._limit:
            self._until.popitem(last=False)


def compute_key(data: bytes) -> bytes:
    """What names a content here; half a hash is enough against chance and costs half."""
    return compute_hash(b"gossip", data)[:16]


class Gossip:
    """Speaks and listens on both topics."""

    def __init__(
        self,
        transport: Transport,
        roster: Roster,
        judges: Judges,
        community: bytes,
        tell: Callable[[Event], None],
        bodies: Bodies,
    ) -> None:
        self._transport = transport
        self._roster = roster
        self._judges = judges
        self._tell = tell
        self._bodies = bodies
        self._bundles = get_name(community, BUNDLE_TOPIC)
        self._announcements = get_name(community, ANNOUNCEMENT_TOPIC)
        self._seen = Seen(SEEN_MAX)
        self._offered: deque[bytes] = deque()
        self._offered_bytes = 0
        self._bell = trio.Event()
        transport.subscribe(self._bundles, self.judge_bundle)
        transport.subscribe(self._announcements, self.judge_announcement)

    def offer(self, transactions: Iterable[SealedTransaction]) -> None:
        """Queue transactions for the next bundles. What does not fit the queue is not told."""
        for sealed in transactions:
            if self._offered_bytes >= OFFERED_BYTES_MAX:
                return
            self._seen.add(compute_key(sealed.whole_bytes), SEEN_SECONDS)
            self._offered.append(sealed.whole_bytes)
            self._offered_bytes += len(sealed.whole_bytes)
            self._bell.set()

    async def announce(self, announced: SignedHeader, certificate: Certificate | None) -> None:
        """Tell everybody of a block of our own, with the certificate that its header names."""
        self._seen.add(compute_key(encode(announced)), SEEN_SECONDS)
        data = encode(Announcement(announced, *get_carried(certificate)))
        await self._transport.publish(self._announcements, data)

    async def run(self) -> None:
        """Send bundles as long as we live: a full one at once, others when they have waited."""
        while True:
            await self._bell.wait()
            with trio.move_on_after(BUNDLE_SECONDS):
                while self._offered_bytes < BUNDLE_BYTES:
                    self._bell = trio.Event()
                    await self._bell.wait()
            while self._offered:
                await self._transport.publish(self._bundles, encode(self._take_bundle()))
            self._bell = trio.Event()

    def _take_bundle(self) -> Bundle:
        wholes: list[bytes] = []
        size_bytes = 0
        while self._offered and len(wholes) < BUNDLE_TRANSACTIONS_MAX:
            size_bytes += len(self._offered[0]) + 3  # MessagePack's mark and length
            if wholes and size_bytes > BUNDLE_BYTES:
                break
            wholes.append(self._offered.popleft())
            self._offered_bytes -= len(wholes[-1])
        return Bundle(tuple(wholes))

    def judge_bundle(self, peer: PeerId, data: bytes) -> Verdict:
        """Whether a bundle goes on to others; its new transactions go to the node."""
        if not self._roster.takes_gossip(peer, len(data)):
            return Verdict.IGNORE
        try:
            wholes = BUNDLE.decode(data).transactions
            keys = {whole: compute_key(whole) for whole in wholes}
            fresh = {whole: key for whole, key in keys.items() if key not in self._seen}
            transactions = tuple(decode_transaction(whole) for whole in fresh)
        except Invalid:
            self._roster.report(peer, Misbehaviour.MALFORMED)
            return Verdict.REJECT
        if not transactions:
            return Verdict.IGNORE
        verdict = self._judges.judge_transactions(peer, transactions)
        for key in fresh.values():
            self._seen.add(key, IGNORED_SECONDS if verdict is Verdict.IGNORE else SEEN_SECONDS)
        if verdict is Verdict.ACCEPT:
            self._tell(TransactionsArrived(peer, transactions))
        elif verdict is Verdict.REJECT:
            self._roster.report(peer, Misbehaviour.INVALID)
        return verdict

    def judge_announcement(self, peer: PeerId, data: bytes) -> Verdict:
        """Whether an announcement goes on to others; if so its body is fetched."""
        if not self._roster.takes_gossip(peer, len(data)):
            return Verdict.IGNORE
        try:
            announcement = ANNOUNCEMENT.decode(data)
        except Invalid:
            self._roster.report(peer, Misbehaviour.MALFORMED)
            return Verdict.REJECT
        announced = announcement.header
        key = compute_key(encode(announced))
        if key in self._seen:
            self._bodies.add_source(peer, announced)
            verdict = self._judge_carried(peer, key, announcement, Verdict.IGNORE)
        else:
            verdict = self._judges.judge_header(peer, announced)
            self._seen.add(key, IGNORED_SECONDS if verdict is Verdict.IGNORE else SEEN_SECONDS)
            if verdict is Verdict.ACCEPT:
                self._bodies.want(peer, announced)
                verdict = self._judge_carried(peer, key, announcement, Verdict.ACCEPT)
        if verdict is Verdict.REJECT:
            self._roster.report(peer, Misbehaviour.INVALID)
        return verdict

    def _judge_carried(
        self, peer: PeerId, key: bytes, announcement: Announcement, without: Verdict
    ) -> Verdict:
        """A header goes on with a certificate that is good, once; ``without`` one as was judged.

        So nobody can keep a certificate from others by being first to tell the bare header.
        """
        carried, named = announcement.justification or announcement.finality, key + b"+"
        if carried is None or named in self._seen:
            return without
        verdict = self._judges.judge_certificate(peer, carried)
        self._seen.add(named, IGNORED_SECONDS if verdict is Verdict.IGNORE else SEEN_SECONDS)
        return verdict
