"""What the HTTP API answers about transactions, blocks, seats, peers and events, as types."""

from typing import Final, Literal

from node.api.schema import AddressText, Answer, Count, Hash, Hex, Pai, PolicyAnswer

BlockKind = Literal["primary", "secondary"]

BLOCK_KINDS: Final[tuple[BlockKind, ...]] = ("primary", "secondary")  # by the header's number


class SubmittedAnswer(Answer, frozen=True):
    """The transaction was admitted and passed on."""

    id: Hash
    status: Literal["waiting"]


class TransactionAnswer(Answer, frozen=True):
    """Where a transaction is."""

    id: Hash
    status: Literal["waiting", "in_block", "final", "unknown"]
    height: Count | None
    slot: Count | None
    hash: Hash | None
    confirmations: Count | None


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


class RevealAnswer(Answer, frozen=True, tag_field="kind", tag="reveal"):
    """The policy behind the account's address."""

    policy: PolicyAnswer


class PayAnswer(Answer, frozen=True, tag_field="kind", tag="pay"):
    """Money to another account."""

    to: AddressText
    amount: Pai
    memo: str


class SaveAnswer(Answer, frozen=True, tag_field="kind", tag="save"):
    """A new deposit."""

    amount: Pai
    term_periods: Count


class ProlongAnswer(Answer, frozen=True, tag_field="kind", tag="prolong"):
    """Another term for a deposit when this one ends."""

    deposit: Count
    term_periods: Count


class WithdrawAnswer(Answer, frozen=True, tag_field="kind", tag="withdraw"):
    """A deposit returned early, or a part of it."""

    deposit: Count
    amount: Pai


class ChangePolicyAnswer(Answer, frozen=True, tag_field="kind", tag="keys"):
    """Other keys for the account."""

    policy: PolicyAnswer


class RegisterSeatAnswer(Answer, frozen=True, tag_field="kind", tag="seat"):
    """A seat for the account's owner."""

    vote: Hash
    vrf: Hash
    standby: Hash


class BondAnswer(Answer, frozen=True, tag_field="kind", tag="bond"):
    """A deposit lent to the seat."""

    deposit: Count
    amount: Pai


class UnbondAnswer(Answer, frozen=True, tag_field="kind", tag="unbond"):
    """A bonded deposit asked back."""

    deposit: Count


class AskLoanAnswer(Answer, frozen=True, tag_field="kind", tag="ask-loan"):
    """A loan asked for. The plan: after so many periods, so much is left."""

    amount: Pai
    term_periods: Count
    plan: tuple[tuple[Count, Pai], ...]
    purpose: str
    guarantor: AddressText | None
    pledge: Pai


class GuaranteeAnswer(Answer, frozen=True, tag_field="kind", tag="guarantee"):
    """Consent to answer for a loan, with a deposit or (null) the own limit."""

    loan: Count
    deposit: Count | None


class GrantLoanAnswer(Answer, frozen=True, tag_field="kind", tag="grant-loan"):
    """A loan granted by the credit committee."""

    loan: Count


class DropLoanAnswer(Answer, frozen=True, tag_field="kind", tag="drop-loan"):
    """A loan asked for no longer, or declined."""

    loan: Count


class ReturnLoanAnswer(Answer, frozen=True, tag_field="kind", tag="return-loan"):
    """A loan returned before its term."""

    loan: Count


class PayClaimAnswer(Answer, frozen=True, tag_field="kind", tag="pay-claim"):
    """A guarantor paid back."""

    creditor: AddressText
    amount: Pai


ActionAnswer = (
    RevealAnswer
    | PayAnswer
    | SaveAnswer
    | ProlongAnswer
    | WithdrawAnswer
    | ChangePolicyAnswer
    | RegisterSeatAnswer
    | BondAnswer
    | UnbondAnswer
    | AskLoanAnswer
    | GuaranteeAnswer
    | GrantLoanAnswer
    | DropLoanAnswer
    | ReturnLoanAnswer
    | PayClaimAnswer
)


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
    """A seat. ``weight`` is 0 while it is not in the set that makes blocks."""

    seat: AddressText
    weight: Count
    bond: Pai
    blocks: Count
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


class TransactionEvent(Answer, frozen=True):
    """Event ``transaction``: one began to wait, or was dropped with a refusal's code."""

    id: Hash
    status: Literal["waiting", "dropped"]
    code: Count
