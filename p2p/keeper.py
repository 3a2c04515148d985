"""Keeps us connected: dials, reconnects with back-off, asks every peer how it is, learns addresses.

One task turns the rounds; one task a peer exchanges status with it, which is also the sign of
life and the measure of its clock. What they learn goes to the roster, the book and the events.
"""

import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import trio

from p2p.addresses import Address, accept_claim, parse_address
from p2p.book import Book
from p2p.roster import Peer, Roster
from p2p.transport import PeerId, Transport, TransportError
from p2p.view import Event, Misbehaviour, OffsetMeasured, PeerBanned, PeerStatusChanged
from p2p.wire import PEERS_ADDRESSES_MAX, PeersAnswer, Status

ROUND_SECONDS: Final = 1.0
DIALS_MAX: Final = 4  # at once, so that a book of dead addresses cannot hold everything up
RETRY_SECONDS: Final = 1.0  # doubled with each failure
RETRY_SECONDS_MAX: Final = 300.0
CONFIGURED_RETRY_SECONDS_MAX: Final = 30.0  # an operator who names a peer wants it back soon
RETRIES_MAX: Final = 2_048  # back-offs remembered; the book holds half as many addresses
SILENT_MAX: Final = 3
EXCHANGE_SECONDS: Final = 60.0  # how often a peer is asked whom else it knows
RECOMMEND_MS: Final = 3 * 3_600 * 1_000  # whom we reached so lately we tell others
SAVE_SECONDS: Final = 30.0


@dataclass(slots=True)
class _Retry:
    failures: int
    at: float


class Keeper:
    """Turns the rounds."""

    def __init__(
        self,
        transport: Transport,
        roster: Roster,
        book: Book,
        configured: Sequence[Address],
        *,
        outbound_target: int,
        status_seconds: float,
        ask_status: Callable[[PeerId], Awaitable[Status]],
        ask_peers: Callable[[PeerId], Awaitable[PeersAnswer]],
        tell: Callable[[Event], None],
        get_time_ms: Callable[[], int],
        is_ours: Callable[[Status], bool],
        dice: random.Random,
    ) -> None:
        self._transport = transport
        self._roster = roster
        self._book = book
        self._configured = configured
        self._outbound_target = outbound_target
        self._status_seconds = status_seconds
        self._ask_status = ask_status
        self._ask_peers = ask_peers
        self._tell = tell
        self._get_time_ms = get_time_ms
        self._is_ours = is_ours
        self._dice = dice
        self._retries: dict[str, _Retry] = {}
        self._dialling: set[PeerId] = set()
        for address in configured:
            roster.keep(address.peer)

    async def run(self) -> None:
        """Turn the rounds until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._save_book)
            while True:
                await self._show_out()
                self._call_the_roll(nursery)
                self._dial_somebody(nursery)
                self._roster.bell = trio.Event()
                with trio.move_on_after(ROUND_SECONDS):
                    await self._roster.bell.wait()

    async def _save_book(self) -> None:
        """Now and then, and at the end. Without a disk we go on: the book is only a cache."""
        try:
            while True:
                await trio.sleep(SAVE_SECONDS)
                with suppress(OSError):
                    self._book.save()
        finally:
            with suppress(OSError):
                self._book.save()

    async def _show_out(self) -> None:
        roster = self._roster
        for peer, seconds in list(roster.bans.items()):
            reason = roster.unwanted.get(peer, "banned")
            await self._transport.ban(peer, seconds, reason)
            del roster.bans[peer]
            self._tell(PeerBanned(peer, seconds, reason))
        for peer in list(roster.unwanted):
            await self._transport.disconnect(peer)
            del roster.unwanted[peer]

    def _call_the_roll(self, nursery: trio.Nursery) -> None:
        """Begin to talk to those who have come, and settle the affairs of those who have gone."""
        roster = self._roster
        for peer in roster.departed:
            if peer.scope is not None:
                peer.scope.cancel()
                if peer.info.id not in roster.peers:
                    self._tell(PeerStatusChanged(peer.info.id, None))
        roster.departed.clear()
        for info in self._transport.get_peers():
            if not roster.admits(info):
                roster.dismiss(info.id, "it is not on the list")
                continue
            peer = roster.peers[info.id]
            if peer.scope is None:
                peer.scope = trio.CancelScope()
                nursery.start_soon(self._talk, peer, peer.scope)

    def _dial_somebody(self, nursery: trio.Nursery) -> None:
        """Start a few dials: configured peers first, then as many of the book as we want.

        Who was not tried for longest comes first, so that the dead hold up nobody who lives.
        """
        here = {*self._roster.peers, *self._dialling, self._transport.id}
        for address in sorted(self._configured, key=self._get_due):
            if address.peer not in here:
                self._start_dial(nursery, address)
        missing = self._outbound_target - self._roster.count_outbound() - len(self._dialling)
        if missing > 0 and len(self._dialling) < DIALS_MAX:
            for address in self._book.get_candidates({*here, *self._dialling}, 2 * missing):
                self._start_dial(nursery, address)

    def _get_due(self, address: Address) -> float:
        retry = self._retries.get(address.text)
        return 0.0 if retry is None else retry.at

    def _start_dial(self, nursery: trio.Nursery, address: Address) -> None:
        retry = self._retries.get(address.text)
        is_due = retry is None or retry.at <= trio.current_time()
        if is_due and len(self._dialling) < DIALS_MAX and address.peer not in self._dialling:
            self._dialling.add(address.peer)
            nursery.start_soon(self._dial, address)

    async def _dial(self, address: Address) -> None:
        try:
            await self._transport.connect(address.text)
        except TransportError:
            self._book.note_failure(address.text)
            self._note_failure(address)
        else:
            self._retries.pop(address.text, None)
            self._roster.bell.set()
        finally:
            self._dialling.discard(address.peer)

    def _note_failure(self, address: Address) -> None:
        """Try again later, each time twice as late, and never all at one moment."""
        retry = self._retries.pop(address.text, _Retry(0, 0.0))
        most = CONFIGURED_RETRY_SECONDS_MAX if address in self._configured else RETRY_SECONDS_MAX
        wait = min(RETRY_SECONDS * 2.0 ** min(retry.failures, 32), most)
        wait *= self._dice.uniform(0.5, 1.0)
        if len(self._retries) >= RETRIES_MAX:
            del self._retries[next(iter(self._retries))]
        self._retries[address.text] = _Retry(retry.failures + 1, trio.current_time() + wait)

    async def _talk(self, peer: Peer, scope: trio.CancelScope) -> None:
        """Ask a peer how it is, again and again, until it goes or is silent for too long."""
        with scope:
            asked_at = -EXCHANGE_SECONDS
            while peer.silent < SILENT_MAX:
                try:
                    await self._exchange_status(peer)
                    if trio.current_time() - asked_at >= EXCHANGE_SECONDS:
                        asked_at = trio.current_time()
                        await self._learn_addresses(peer)
                except TransportError:
                    peer.silent += 1
                await trio.sleep(self._status_seconds * self._dice.uniform(0.8, 1.2))
            self._roster.dismiss(peer.info.id, "it does not answer")

    async def _exchange_status(self, peer: Peer) -> None:
        sent_at, sent_ms = trio.current_time(), self._get_time_ms()
        status = await self._ask_status(peer.info.id)
        elapsed_ms = round((trio.current_time() - sent_at) * 1_000)
        if peer.silent or peer.offset_ms is None:
            self._note_reached(peer)
        peer.silent = 0
        peer.round_trip_ms = elapsed_ms
        peer.offset_ms = status.time_ms - sent_ms - elapsed_ms // 2
        self.learn_status(peer, status)
        self._tell(OffsetMeasured(peer.info.id, peer.offset_ms, elapsed_ms))

    def _note_reached(self, peer: Peer) -> None:
        """A peer we dialled speaks our language: its address is good."""
        if not peer.info.inbound:
            self._book.note_reached(peer.info.address, self._get_time_ms())

    def learn_status(self, peer: Peer, status: Status) -> None:
        """What a peer says of itself, whether it answered or asked."""
        if not self._is_ours(status):
            self._roster.report(peer.info.id, Misbehaviour.WRONG_COMMUNITY)
            return
        is_news = (peer.head, peer.progress) != (status.head, status.progress)
        if peer.head != status.head:
            peer.head, peer.head_since = status.head, trio.current_time()
        if is_news:
            peer.progress = status.progress
            self._tell(PeerStatusChanged(peer.info.id, status.head, status.progress))
        if peer.told != status.addresses:
            peer.told = status.addresses
            peer.addresses = self._hear(peer, status.addresses, own_only=True)

    async def _learn_addresses(self, peer: Peer) -> None:
        answer = await self._ask_peers(peer.info.id)
        self._hear(peer, answer.addresses, own_only=False)

    def _hear(self, peer: Peer, claims: Sequence[str], *, own_only: bool) -> tuple[str, ...]:
        """Note the claims that can be believed, and return them."""
        believed = []
        for text in claims:
            address = accept_claim(
                text, told_by=peer.info.id, seen_at=peer.info.address, own_only=own_only
            )
            if address is not None and address.peer != self._transport.id:
                self._book.hear(address)
                believed.append(address.text)
        return tuple(believed)

    def get_recommended(self, but: PeerId) -> PeersAnswer:
        """Whom we recommend to a peer: who is here, then whom we reached lately."""
        since_ms = self._get_time_ms() - RECOMMEND_MS
        here = [p.addresses[0] for p in self._roster.peers.values() if p.addresses]
        self._dice.shuffle(here)
        reached = self._book.get_recommended(PEERS_ADDRESSES_MAX, since_ms)
        recommended = [text for text in dict.fromkeys((*here, *reached)) if but not in text]
        return PeersAnswer(tuple(recommended[:PEERS_ADDRESSES_MAX]))


def parse_configured(texts: Sequence[str]) -> tuple[Address, ...]:
    """The operator's peers. Raises ValueError with a sentence for people."""
    addresses = []
    for text in texts:
        address = parse_address(text)
        if address is None:
            raise ValueError(
                f"{text!r} is not the address of a peer: write for example "
                "/ip4/192.0.2.7/tcp/4001/p2p/12D3KooW…"
            )
        addresses.append(address)
    return tuple(addresses)
