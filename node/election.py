"""Whether the authors of a branch have won their slots, told by its headers alone.

Asked before our own chain is left for another one. Else one seat could sign any number of blocks
that it never won, and have every node undo a day's work, find them out, and do it again.
"""

from collections.abc import Sequence
from itertools import takewhile
from typing import Final

from chain.errors import Invalid
from chain.header import Header
from chain.rules.lottery import check_author
from chain.rules.randomness import compute_randomness, mix_output
from chain.tables import Randomness, SeatSet
from consensus.forkchoice import BlockFacts
from node.owner import Owner
from node.signatures import KnownSignatures

CHUNK_HEADERS: Final = 32  # what a thread takes at once: some tens of milliseconds


async def find_unelected(
    owner: Owner, ancestor: BlockFacts, path: Sequence[BlockFacts]
) -> BlockFacts | None:
    """The first block of a branch above ours whose author has not won its slot, if any.

    Where the branch has handed over to another set, its own blocks say more than we know.
    """
    current = owner.ledger.seat_set
    draw = _Draw(owner, current, ancestor.slot, owner.keeper.get_randomness_at(ancestor.height))
    for start in range(0, len(path), CHUNK_HEADERS):
        chunk = path[start : start + CHUNK_HEADERS]
        headers = [_get_header(owner, facts) for facts in chunk]
        ours = list(takewhile(lambda header: header.base == current.base, headers))
        held: int = await owner.run_in_thread(draw.count_elected, ours)
        if held < len(ours):
            return chunk[held]
        if len(ours) < len(headers):
            return None
    return None


class _Draw:
    """Follows headers upwards, and with them the randomness of their branch."""

    def __init__(self, owner: Owner, current: SeatSet, slot: int, randomness: Randomness) -> None:
        self._constants = owner.ledger.constants
        self._chain = owner.ledger.chain
        self._known: KnownSignatures = owner.known
        self._entries = current.entries
        self._slot = slot
        self._randomness = randomness

    def count_elected(self, headers: Sequence[Header]) -> int:
        """How many of these hold, up to the first that does not. May run in any thread."""
        for place, header in enumerate(headers):
            try:
                self._follow(header)
            except Invalid:
                return place
        return len(headers)

    def _follow(self, header: Header) -> None:
        epoch = header.slot // self._constants.slots_per_epoch
        randomness = compute_randomness(self._randomness, epoch)
        output = check_author(
            header, self._slot, self._chain, randomness.seed, self._entries, self._known
        )
        self._randomness = mix_output(randomness, self._constants, header.slot, output)
        self._slot = header.slot


def _get_header(owner: Owner, facts: BlockFacts) -> Header:
    block = owner.bodies.get(facts.hash) or owner.ledger.get_block(facts.hash)
    assert block is not None, "the bodies of the tree's blocks are kept"
    return block.header
