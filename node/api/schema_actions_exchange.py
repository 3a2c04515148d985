"""What the HTTP API says of actions about obligations; ``schema_actions`` fills the types in."""

from node.api.schema import AddressText, Answer, Count, Hash, Pai


class OfferInvoiceAnswer(Answer, frozen=True, tag_field="kind", tag="offer-invoice"):
    """An invoice offered."""

    debtor: AddressText
    amount: Pai
    due_period: Count
    reference: str
    goods: Hash | None
    clearable: bool


class AcceptInvoiceAnswer(Answer, frozen=True, tag_field="kind", tag="accept-invoice"):
    """An invoice accepted: it is owed now."""

    obligation: Count
    creditor: AddressText
    amount: Pai
    clearable: bool


class DeclineInvoiceAnswer(Answer, frozen=True, tag_field="kind", tag="decline-invoice"):
    """An invoice declined, or taken back."""

    obligation: Count


class PayInvoiceAnswer(Answer, frozen=True, tag_field="kind", tag="pay-invoice"):
    """An obligation paid, whole or in part."""

    obligation: Count
    creditor: AddressText
    amount: Pai


class WriteDownAnswer(Answer, frozen=True, tag_field="kind", tag="write-down"):
    """A debtor let off, wholly or in part."""

    obligation: Count
    debtor: AddressText
    amount: Pai


class ReassignAnswer(Answer, frozen=True, tag_field="kind", tag="reassign"):
    """Another creditor named (null: no longer)."""

    obligation: Count
    to: AddressText | None


class ConsentReassignAnswer(Answer, frozen=True, tag_field="kind", tag="consent-reassign"):
    """The debtor's consent to another creditor."""

    obligation: Count
    to: AddressText


class MarkClearableAnswer(Answer, frozen=True, tag_field="kind", tag="mark-clearable"):
    """Whether one side lets an obligation be set off."""

    obligation: Count
    clearable: bool


class LendLiquidityAnswer(Answer, frozen=True, tag_field="kind", tag="lend-liquidity"):
    """What is lent to every set-off; 0: nothing any more."""

    amount: Pai
