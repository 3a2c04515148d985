"""Whose signatures count above which hand-off: the lists of sets, as far as they are known here.

Of our own chain the state knows its sets; of other branches consensus remembers what it was shown.
"""

from chain.header import BlockHash
from chain.tables import SetEntry
from node.owner import Owner


def find_entries(owner: Owner, base: BlockHash) -> tuple[SetEntry, ...] | None:
    """The list of the set that a hand-off calls; None: it is not known here, or not yet."""
    current = owner.ledger.seat_set
    if base == current.base:
        return current.entries
    voters = owner.consensus.gadget.sets.get(base)
    return None if voters is None else voters.entries
