"""What the core tells who listens: blocks that came and went, what waits or fell, and votes."""

from typing import Literal, NamedTuple

from chain.errors import Code
from chain.header import BlockHash
from chain.policy import AccountId

ProposalState = Literal["open", "waiting", "rejected", "enacted", "dropped"]


class BlockApplied(NamedTuple):
    """For subscribers: the head moved to this block. ``import_seconds`` is what applying took."""

    height: int
    slot: int
    hash: BlockHash
    seat: AccountId
    transactions: tuple[bytes, ...]  # ids, in their order in the block
    produced_here: bool
    import_seconds: float


class BlockUndone(NamedTuple):
    """For subscribers: a reorganisation took this block back; its transactions wait again."""

    height: int
    hash: BlockHash
    transactions: tuple[bytes, ...]


class TransactionWaiting(NamedTuple):
    """For subscribers: a transaction entered the mempool."""

    id: bytes


class TransactionDropped(NamedTuple):
    """For subscribers: a transaction left the mempool without a block."""

    id: bytes
    code: Code


class BlockFinal(NamedTuple):
    """For subscribers: this block is final, and all below it, at this level of certainty."""

    height: int
    hash: BlockHash
    round: int
    level: int


class ProposalMoved(NamedTuple):
    """For subscribers: a block filed a proposal, counted its votes, or did what was decided.

    ``waiting``: carried, in force later; ``dropped``: it could not be done, for ``refused``.
    """

    number: int
    state: ProposalState
    height: int
    electors: int
    yes: int
    no: int
    refused: int | None


CoreEvent = (
    BlockApplied
    | BlockUndone
    | BlockFinal
    | TransactionWaiting
    | TransactionDropped
    | ProposalMoved
)
