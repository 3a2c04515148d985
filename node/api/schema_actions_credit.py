"""What the HTTP API says of actions about loans; ``schema_actions`` fills the types in."""

from node.api.schema import AddressText, Answer, Count, Pai


class InstalmentAnswer(Answer, frozen=True):
    """After so many periods, so much of a loan is left."""

    after_periods: Count
    left: Pai


class AskLoanAnswer(Answer, frozen=True, tag_field="kind", tag="ask-loan"):
    """A loan asked for."""

    amount: Pai
    term_periods: Count
    plan: tuple[InstalmentAnswer, ...]
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
