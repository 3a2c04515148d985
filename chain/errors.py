"""The two worlds of failure, kept apart.

A rule that refuses raises ``Invalid`` with a numbered code: expected, harmless, told to whoever
asked. A broken promise of our own raises ``InvariantBroken`` and halts the node. The numbers are
part of the protocol: they never change meaning, and docs/refusals.md is printed from this table.
"""

from enum import IntEnum
from typing import Final, NamedTuple


class Code(IntEnum):
    """Why something was refused. Hundreds group by subject."""

    # 1xx: bytes
    MALFORMED = 101
    NOT_CANONICAL = 102
    TOO_LARGE = 103
    OTHER_RULES = 104
    # 2xx: the envelope of a transaction
    WRONG_VERSION = 201
    UNKNOWN_ACCOUNT = 202
    WRONG_SEQUENCE = 203
    FUTURE_SEQUENCE = 204
    EXPIRED = 205
    EXPIRY_TOO_FAR = 206
    UNKNOWN_REF = 207
    UNKNOWN_VIA = 208
    WRONG_SIGNATURES = 209
    BAD_SIGNATURE = 210
    POLICY_MISSING = 211
    POLICY_MISMATCH = 212
    POLICY_ALREADY_KNOWN = 213
    FEE_ABOVE_MAXIMUM = 214
    # 3xx: money
    INSUFFICIENT_BALANCE = 301
    FIRST_PAYMENT_TOO_SMALL = 302
    PAYMENT_TO_SELF = 303
    BALANCE_TOO_LARGE = 304
    # 4xx: savings
    TERM_OUT_OF_BOUNDS = 401
    TOO_MANY_DEPOSITS = 402
    DEPOSIT_TOO_SMALL = 403
    UNKNOWN_DEPOSIT = 404
    DEPOSIT_TOO_LITTLE = 405
    DEPOSIT_BONDED = 406
    # 5xx: seats
    NOT_IDENTIFIED = 501
    SEAT_EXISTS = 502
    NO_SEAT = 503
    TOO_MANY_SEATS = 504
    BAD_SEAT_KEY = 505
    KEY_USED_BEFORE = 506
    BAD_PROOF_OF_POSSESSION = 507
    DEPOSIT_NOT_BONDED = 508
    GENESIS_BOND_STAYS = 509
    # 8xx: blocks
    WRONG_CHAIN = 801
    WRONG_PARENT = 802
    WRONG_HEIGHT = 803
    WRONG_SLOT = 804
    WRONG_BASE = 805
    WRONG_SET = 806
    NOT_IN_SET = 807
    BAD_HEADER_SIGNATURE = 808
    BAD_VRF_PROOF = 809
    NOT_ELECTED = 810
    WRONG_RANK = 811
    WRONG_BODY_ROOT = 812
    WRONG_STATE_ROOT = 813
    BLOCK_UNITS_EXCEEDED = 814
    BLOCK_BYTES_EXCEEDED = 815
    WRONG_LOCK = 816
    PAUSE_TOO_LONG = 817
    # 9xx: the node, before any rule is asked
    MEMPOOL_FULL = 901
    MEMPOOL_ACCOUNT_FULL = 902
    ALREADY_KNOWN = 903


class Meaning(NamedTuple):
    """What a code says to people, and whether the same bytes may be accepted later."""

    temporary: bool
    text: str


MEANINGS: Final[dict[Code, Meaning]] = {
    Code.MALFORMED: Meaning(False, "The bytes are not what the format asks for."),
    Code.NOT_CANONICAL: Meaning(
        False, "The bytes do not re-encode to themselves: MessagePack has one canonical form."
    ),
    Code.TOO_LARGE: Meaning(False, "More bytes than the format admits."),
    Code.OTHER_RULES: Meaning(
        False,
        "The genesis has rules of another version: install the version of Pai that the community "
        "uses.",
    ),
    Code.WRONG_VERSION: Meaning(False, "The transaction names a version this chain does not have."),
    Code.UNKNOWN_ACCOUNT: Meaning(
        True, "No such account: an account is born when it first receives at least 1 pai."
    ),
    Code.WRONG_SEQUENCE: Meaning(
        False, "This sequence number was used: the transaction is done, or another took its place."
    ),
    Code.FUTURE_SEQUENCE: Meaning(True, "An earlier transaction of this account is missing."),
    Code.EXPIRED: Meaning(False, "The slot until which the transaction was valid has passed."),
    Code.EXPIRY_TOO_FAR: Meaning(True, "The expiry lies further ahead than the rules admit."),
    Code.UNKNOWN_REF: Meaning(
        True, "The transaction refers to a block that this chain has not recorded as final."
    ),
    Code.UNKNOWN_VIA: Meaning(True, "The server named in 'via' has no seat here."),
    Code.WRONG_SIGNATURES: Meaning(
        False, "The policy asks for exactly m signatures, in ascending order of key index."
    ),
    Code.BAD_SIGNATURE: Meaning(False, "A signature does not verify."),
    Code.POLICY_MISSING: Meaning(
        False, "The first spend of an account must reveal its key policy as its first action."
    ),
    Code.POLICY_MISMATCH: Meaning(False, "The revealed policy does not hash to the account."),
    Code.POLICY_ALREADY_KNOWN: Meaning(False, "The account's policy is known already."),
    Code.FEE_ABOVE_MAXIMUM: Meaning(
        True, "The fee exceeds the transaction's maximum: free units of this period are used up."
    ),
    Code.INSUFFICIENT_BALANCE: Meaning(True, "The account would fall below what it may spend."),
    Code.FIRST_PAYMENT_TOO_SMALL: Meaning(
        True, "The receiver is new: the first payment to an account is at least 1 pai."
    ),
    Code.PAYMENT_TO_SELF: Meaning(False, "An account cannot pay itself."),
    Code.BALANCE_TOO_LARGE: Meaning(True, "The receiver would hold more than an account can."),
    Code.TERM_OUT_OF_BOUNDS: Meaning(
        True, "The term lies outside the bounds of this community's savings."
    ),
    Code.TOO_MANY_DEPOSITS: Meaning(True, "The account has as many deposits as the rules admit."),
    Code.DEPOSIT_TOO_SMALL: Meaning(False, "A deposit holds at least 1 pai."),
    Code.UNKNOWN_DEPOSIT: Meaning(True, "The account has no such deposit."),
    Code.DEPOSIT_TOO_LITTLE: Meaning(True, "The deposit holds less than that."),
    Code.DEPOSIT_BONDED: Meaning(True, "The deposit is bonded to a seat: unbond it first."),
    Code.NOT_IDENTIFIED: Meaning(
        True, "The account's owner is not identified by this community's authorities."
    ),
    Code.SEAT_EXISTS: Meaning(True, "This person has a seat already."),
    Code.NO_SEAT: Meaning(True, "The account has no seat."),
    Code.TOO_MANY_SEATS: Meaning(True, "All seats of this community are taken."),
    Code.BAD_SEAT_KEY: Meaning(False, "A seat's key is not a valid Ed25519 public key."),
    Code.KEY_USED_BEFORE: Meaning(False, "Each key of a seat is used once, ever."),
    Code.BAD_PROOF_OF_POSSESSION: Meaning(
        False, "A proof of possession does not verify: make the keys with 'pai seat keys'."
    ),
    Code.DEPOSIT_NOT_BONDED: Meaning(True, "The deposit is not bonded, or its release runs."),
    Code.GENESIS_BOND_STAYS: Meaning(
        True, "The bond of a serving seat stays until a hand-off has released the seat."
    ),
    Code.WRONG_CHAIN: Meaning(False, "The block belongs to another community, or other rules."),
    Code.WRONG_PARENT: Meaning(False, "The block does not follow the block it was applied to."),
    Code.WRONG_HEIGHT: Meaning(False, "The height is not the parent's height plus one."),
    Code.WRONG_SLOT: Meaning(False, "The slot does not come after the parent's slot."),
    Code.WRONG_BASE: Meaning(False, "The base is not the newest hand-off above the block."),
    Code.WRONG_SET: Meaning(False, "The hand-off to a new set is missing, wrong, or not due."),
    Code.NOT_IN_SET: Meaning(False, "The author's seat is not in the set."),
    Code.BAD_HEADER_SIGNATURE: Meaning(False, "The header's signature does not verify."),
    Code.BAD_VRF_PROOF: Meaning(False, "The header's VRF proof does not verify."),
    Code.NOT_ELECTED: Meaning(False, "The author did not win this slot."),
    Code.WRONG_RANK: Meaning(False, "The author's rank in this slot is another, or not yet due."),
    Code.WRONG_BODY_ROOT: Meaning(False, "The body does not match the header."),
    Code.WRONG_STATE_ROOT: Meaning(False, "The state after the block has another root."),
    Code.BLOCK_UNITS_EXCEEDED: Meaning(False, "The block's transactions use too many units."),
    Code.BLOCK_BYTES_EXCEEDED: Meaning(False, "The block's transactions are too many bytes."),
    Code.WRONG_LOCK: Meaning(False, "The header's locked justification does not fit its base."),
    Code.PAUSE_TOO_LONG: Meaning(False, "More epochs were skipped than the rules can bridge."),
    Code.MEMPOOL_FULL: Meaning(True, "The node's waiting room is full: try again later."),
    Code.MEMPOOL_ACCOUNT_FULL: Meaning(
        True, "Too many transactions of this account are waiting: try again after the next block."
    ),
    Code.ALREADY_KNOWN: Meaning(False, "The node holds this transaction already."),
}


class Invalid(Exception):
    """A rule refused: nothing has changed. ``detail`` adds the figures of this very case.

    ``transaction`` is the place in its block of the transaction that was refused, if it was one.
    """

    def __init__(self, code: Code, detail: str = "", transaction: int | None = None) -> None:
        super().__init__(code, detail, transaction)
        self.code = code
        self.detail = detail
        self.transaction = transaction

    def __str__(self) -> str:
        text = f"{MEANINGS[self.code].text} [{int(self.code)} {self.code.name}]"
        return f"{text} {self.detail}" if self.detail else text


class WrongStateRoot(Invalid):
    """A block whose header promises another state than the one that its execution gives."""

    def __init__(self, computed: bytes, expected: bytes) -> None:
        detail = f"computed {computed.hex()}, the header says {expected.hex()}"
        super().__init__(Code.WRONG_STATE_ROOT, detail)
        self.computed = computed
        self.expected = expected


class BadGenesis(Exception):
    """A genesis on which no community can be founded; the message lists its faults."""


class InvariantBroken(AssertionError):
    """The ledger broke one of its own numbered promises: a bug. The node must halt."""
