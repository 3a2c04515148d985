"""What the HTTP API answers about what happened, blocks, seats, peers and events, as types."""

from typing import Final, Literal

from node.api.schema import AddressText, Answer, Count, Hash, Hex, Pai, SinksAnswer
from node.api.schema_actions import ActionAnswer
from node.events import ProposalState

BlockKind = Literal["primary", "secondary"]

BLOCK_KINDS: Final[tuple[BlockKind, ...]] = ("primary", "secondary")  # by the header's number


class SubmittedAnswer(Answer, frozen=True):
    """The transaction was admitted and passed on."""

    id: Hash
    status: Literal["waiting"]


class TransactionAnswer(Answer, frozen=True):
    """Where a transaction is. ``level`` of what made its block final; null before that.

    ``since_slot``: what was executed up to this slot is unknown here; 0: all blocks are held.
    """

    id: Hash
    status: Literal["waiting", "in_block", "final", "unknown"]
    height: Count | None
    slot: Count | None
    hash: Hash | None
    confirmations: Count | None
    level: Count | None
    since_slot: Count


class HistoryEntryAnswer(Answer, frozen=True):
    """One thing that happened to an account."""

    height: Count
    slot: Count
    time: Count
    transaction: Hash | None
    kind: str
    amount: Pai
    counterparty: AddressText | None
    memo: str
    sinks: SinksAnswer | None  # of demurrage: where it went by the rules then


class HistoryAnswer(Answer, frozen=True):
    """Newest first; pass ``next`` as ``before`` for older ones, null at the end.

    ``since_slot``: what happened up to this slot was not executed here and is not told; 0: all is.
    """

    entries: list[HistoryEntryAnswer]
    next: str | None
    since_slot: Count


class BlockSummaryAnswer(Answer, frozen=True):
    """A block in a list."""

    height: Count
    slot: Count
    time: Count
    hash: Hash
    seat: AddressText
    kind: BlockKind
    transactions: Count
    bytes: Count


class BlocksAnswer(Answer, frozen=True):
    """Blocks of the chain that is followed, upwards."""

    blocks: list[BlockSummaryAnswer]


class SignatureAnswer(Answer, frozen=True):
    """One signature, by the key at this index of the account's policy."""

    key_index: Count
    signature: Hex


class TransactionInBlockAnswer(Answer, frozen=True):
    """A transaction as it lies in its block."""

    id: Hash
    account: AddressText
    sequence: Count
    valid_until_slot: Count
    ref: Hex
    via: AddressText | None
    fee_max: Pai
    actions: list[ActionAnswer]
    signatures: list[SignatureAnswer]


class BlockAnswer(Answer, frozen=True):
    """One block in full. ``followed``: it lies on the chain that this node follows."""

    height: Count
    slot: Count
    time: Count
    hash: Hash
    parent_hash: Hash
    followed: bool
    seat: AddressText
    kind: BlockKind
    rank: Count
    vrf_proof: Hex
    base: Hash
    state_root: Hash
    body_root: Hash
    signature: Hex
    bytes: Count
    transactions: list[TransactionInBlockAnswer]


class SeatAnswer(Answer, frozen=True):
    """A seat. ``weight`` is 0 while it is not in the set that makes blocks.

    ``duty`` is how well it attends and votes, in millionths.
    """

    seat: AddressText
    weight: Count
    bond: Pai
    blocks: Count
    duty: Count
    registered_epoch: Count
    vote_key: Hash
    vrf_key: Hash
    standby_key: Hash


class SeatsAnswer(Answer, frozen=True):
    """All seats, by address bytes."""

    total_weight: Count
    seats: list[SeatAnswer]


class PeerAnswer(Answer, frozen=True):
    """A node this one is connected to."""

    id: str
    address: str
    inbound: bool
    kept: bool
    height: Count | None
    score: int
    offset_ms: int | None
    round_trip_ms: int | None


class PeersAnswer(Answer, frozen=True):
    """Whom this node is connected to, and how others reach it."""

    id: str
    addresses: list[str]
    peers: list[PeerAnswer]


class HealthAnswer(Answer, frozen=True):
    """Whether the node lives, or is ready to be asked, and if not, why."""

    ok: bool
    reason: str


class BlockEvent(Answer, frozen=True):
    """Event ``block``: the head moved to this block."""

    height: Count
    slot: Count
    hash: Hash
    seat: AddressText
    transactions: list[Hash]


class UndoneEvent(Answer, frozen=True):
    """Event ``undone``: this block was taken back; its transactions wait again."""

    height: Count
    hash: Hash
    transactions: list[Hash]


class FinalEvent(Answer, frozen=True):
    """Event ``final``: this block is final, and all below it, by votes of this slot and level."""

    height: Count
    hash: Hash
    slot: Count
    level: Count


class TransactionEvent(Answer, frozen=True):
    """Event ``transaction``: one began to wait, or was dropped with a refusal's code."""

    id: Hash
    status: Literal["waiting", "dropped"]
    code: Count


class ProposalEvent(Answer, frozen=True):
    """Event ``proposal``: a block filed it, counted it, or did what was decided."""

    number: Count
    state: ProposalState
    height: Count
    electors: Count
    yes: Count
    no: Count
    refused: Count | None


EventAnswer = BlockEvent | UndoneEvent | FinalEvent | TransactionEvent | ProposalEvent
