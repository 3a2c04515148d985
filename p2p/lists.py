"""Lists of sets that lie on other branches, brought along with the headers of a better chain.

Whose signatures count above a hand-off is said by the list that it calls. A node that executes the
hand-off knows it; one that follows another branch asks whoever shows it the better one.
"""

from collections.abc import Sequence

import trio

from chain.certificates import compute_set_root
from chain.codec import encode
from chain.header import SignedHeader, compute_block_hash
from p2p.ask import Ask
from p2p.roster import Roster
from p2p.transport import PeerId, TransportError
from p2p.view import ChainView, Event, ListShown, Misbehaviour
from p2p.wire_warp import HAND_OFFS, HandOffsRequest


async def bring_lists(
    ask: Ask,
    view: ChainView,
    roster: Roster,
    tell: trio.MemorySendChannel[Event],
    peer: PeerId,
    headers: Sequence[SignedHeader],
) -> None:
    """Ask a peer for the lists of these headers' hand-offs that the node does not know.

    Raises TransportError when it does not answer, or shows another list than a header calls.
    """
    for announced in headers:
        root = announced.header.next_set_root
        if root is None:
            continue
        block_hash = compute_block_hash(encode(announced.header))
        if view.is_set_known(block_hash):
            continue
        entries = (await ask(peer, HAND_OFFS, HandOffsRequest(block_hash))).entries
        if entries is None:
            return  # what stands above will be asked for again
        if compute_set_root(entries) != root:
            roster.report(peer, Misbehaviour.MALFORMED)
            raise TransportError(f"{peer} shows another list than the header calls")
        await tell.send(ListShown(peer, announced, entries))
