"""The operator's checkpoint: what others send is held against it, whether or not it is proven.

Seats that have left may have sold their keys, and whoever bought them can sign another history from
the genesis on. So until our own chain has the checkpoint's block no certificate counts, and what
contradicts the checkpoint is never taken in.
"""

from chain.header import BlockHash, Header
from chain.ledger import Ledger
from chain.proof import Checkpoint
from chain.store import StoreError


def contradicts(trusted: Checkpoint | None, header: Header, block_hash: BlockHash) -> bool:
    """Whether a block cannot be of the chain that has the checkpoint's block."""
    if trusted is None or block_hash == trusted.block_hash:
        return False
    is_below = header.height < trusted.height and header.slot < trusted.slot
    is_above = header.height > trusted.height and header.slot > trusted.slot
    return not is_below and not is_above


def find_awaited(ledger: Ledger, trusted: Checkpoint | None) -> Checkpoint | None:
    """The checkpoint, while the chain has not come to its block. Raises StoreError on another one.

    A chain that begins above it began with what was proven from it.
    """
    if trusted is None or ledger.base.height >= trusted.height:
        return None
    found = ledger.get_hash(trusted.height)
    if found is None and ledger.head.slot < trusted.slot:
        return trusted
    if found != trusted.block_hash:
        raise StoreError(
            f"the chain here does not have the checkpoint's block {trusted.height}: one of them is "
            "of another history. Compare the checkpoint with what others show; then begin in a new "
            "home"
        )
    return None
