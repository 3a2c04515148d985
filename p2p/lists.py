"""Lists of sets that lie on other branches, brought along with the headers of a better chain.

Whose signatures count above a hand-off is said by the list that it calls. A node that executes the
hand-off knows it; one that follows another branch asks whoever shows it the better one.
"""

from collections.abc import Sequence

import trio

from chain.certificates import compute_set_root
from chain.codec import encode
from chain.header import Header, SignedHeader, compute_block_hash
from chain.proof import SetList
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
        if announced.header.next_set_root is None:
            continue
        if view.is_set_known(compute_block_hash(encode(announced.header))):
            continue
        entries = await ask_list(ask, roster, peer, announced.header)
        if entries is None:
            return  # what stands above will be asked for again
        await tell.send(ListShown(peer, announced, entries))


async def ask_list(ask: Ask, roster: Roster, peer: PeerId, header: Header) -> SetList | None:
    """Ask a peer for the list that a hand-off's header calls; None: it does not know that set.

    Raises TransportError when it does not answer, or shows another list than the header calls.
    """
    set_hash = compute_block_hash(encode(header))
    entries = (await ask(peer, HAND_OFFS, HandOffsRequest(set_hash))).entries
    if entries is not None and compute_set_root(entries) != header.next_set_root:
        roster.report(peer, Misbehaviour.MALFORMED)
        raise TransportError(f"{peer} shows another list than the header calls")
    return entries
