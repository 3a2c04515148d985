"""Whom to follow: whose claim is worth a question now, and who has led us nowhere.

Claims cost nothing, and not every lie can be blamed. So whoever has failed is left alone for a
while, and then comes after everybody who has failed less often: those who only waste our time
cannot keep us from anybody else for longer than one question each.
"""

from typing import Final

import trio

from p2p.claims import is_further, is_possible
from p2p.fetch import Fetcher
from p2p.roster import Peer, Roster
from p2p.transport import PeerId
from p2p.view import ChainView

GRACE_SECONDS: Final = 2.0  # a new head usually comes by gossip sooner than we could ask
FAR_BLOCKS: Final = 3  # so many blocks do not come by gossip: then we ask at once
FAILED_MAX: Final = 1_024  # peers whose failures are remembered, gone or not


class Leaders:
    """Peers as those whose chain we might fetch."""

    def __init__(self, view: ChainView, roster: Roster, fetcher: Fetcher) -> None:
        self._view = view
        self._roster = roster
        self._fetcher = fetcher
        self._left_alone: dict[PeerId, float] = {}
        self._failed: dict[PeerId, int] = {}  # how often in a row

    def choose(self) -> Peer | None:
        """Who claims the best chain that we lack and that gossip is not just bringing.

        Peers that disappointed us are asked when nobody else has anything. A claim that leads
        nowhere, such as a high score for a head we know, hides nobody else's.
        """
        wanted = (peer for peer in self._get_ranked() if self._is_wanted(peer))
        return self.find_trusted() or next(wanted, None)

    def find_trusted(self) -> Peer | None:
        """The same of those who have not disappointed us lately."""
        left_alone = self.get_left_alone()
        for peer in self._get_ranked():
            if peer.info.id not in left_alone and self._is_wanted(peer):
                return peer
        return None

    def note_success(self, peer: PeerId) -> None:
        """The peer has shown what it claimed."""
        self._failed.pop(peer, None)

    def note_failure(self, peer: PeerId, seconds: float) -> None:
        """The peer has led us nowhere: it is left alone for so long, and comes after others."""
        self._failed[peer] = self._failed.pop(peer, 0) + 1
        if len(self._failed) > FAILED_MAX:
            del self._failed[next(iter(self._failed))]  # whose last failure is longest ago
        self.leave_alone(peer, seconds)

    def leave_alone(self, peer: PeerId, seconds: float) -> None:
        """Ask the peer nothing for a while, if others can be asked."""
        now = trio.current_time()
        self._left_alone = {name: until for name, until in self._left_alone.items() if until > now}
        self._left_alone[peer] = now + seconds

    def get_left_alone(self) -> set[PeerId]:
        """Who is left alone now."""
        now = trio.current_time()
        return {name for name, until in self._left_alone.items() if until > now}

    def _get_ranked(self) -> list[Peer]:
        ranked = self._roster.get_ranked()  # the best claim first
        return sorted(ranked, key=lambda peer: self._failed.get(peer.info.id, 0))

    def _is_wanted(self, peer: Peer) -> bool:
        status, head = self._view.get_status(), peer.head
        ours = status.head
        if head is None or not is_possible(head):
            return False
        if head.score < ours.score and not is_further(peer.progress, status.progress):
            return False
        if head.hash == ours.hash or self._view.has_block(head.hash):
            return False
        is_late = trio.current_time() - peer.head_since >= GRACE_SECONDS
        is_far = head.height >= ours.height + FAR_BLOCKS
        return (is_late or is_far) and not self._fetcher.is_fetching(head.hash)
