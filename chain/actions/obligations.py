"""Actions about obligations: invoices, what becomes of them, and who lends money to set-off.

An obligation is named by its number. Whoever binds himself names the other side and the amount
too: should another chain of blocks win, a number may belong to something else there.
"""

from typing import Final

from chain.codec import Amount, Bytes32, Natural, Record, check_text
from chain.policy import AccountId

REFERENCE_BYTES_MAX: Final = 140


class OfferInvoice(Record, frozen=True, tag=60):
    """Tell somebody that he owes something. It binds nobody until he accepts."""

    debtor: AccountId
    amount: Amount
    due_period: Natural
    reference: str
    goods: Bytes32 | None  # hash of a list of what was delivered
    clearable: bool

    def __post_init__(self) -> None:
        check_text(self.reference, REFERENCE_BYTES_MAX)


class AcceptInvoice(Record, frozen=True, tag=61):
    """Owe what was offered, to whom and how much is named; it cannot be taken back."""

    obligation: Natural
    creditor: AccountId
    amount: Amount
    clearable: bool


class DeclineInvoice(Record, frozen=True, tag=62):
    """Decline what was offered, or take the offer back."""

    obligation: Natural


class PayInvoice(Record, frozen=True, tag=63):
    """Pay what is owed, or a part of it; anybody may, for whoever owes it."""

    obligation: Natural
    creditor: AccountId
    amount: Amount


class WriteDown(Record, frozen=True, tag=64):
    """Let the debtor off what he owes, or a part of it."""

    obligation: Natural
    debtor: AccountId
    amount: Amount


class Reassign(Record, frozen=True, tag=65):
    """Name another creditor; he is one when the debtor consents. Nil takes the name back."""

    obligation: Natural
    to: AccountId | None


class ConsentReassign(Record, frozen=True, tag=66):
    """Owe it to the other creditor that is named."""

    obligation: Natural
    to: AccountId


class MarkClearable(Record, frozen=True, tag=67):
    """Let an obligation be set off, or not any more; it takes both sides."""

    obligation: Natural
    clearable: bool


class LendLiquidity(Record, frozen=True, tag=68):
    """Lend so much to every set-off, so that more is cleared; 0: lend no more."""

    amount: Natural
