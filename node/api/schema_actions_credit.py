"""What the HTTP API says of actions about loans; how they are filled is told in schema_actions."""

from collections.abc import Iterable, Mapping
from typing import Final

from chain.actions import (
    Action,
    AskLoan,
    DropLoan,
    GrantLoan,
    Guarantee,
    Instalment,
    PayClaim,
    ReturnLoan,
)
from chain.units import format_pai
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


CreditActionAnswer = (
    AskLoanAnswer
    | GuaranteeAnswer
    | GrantLoanAnswer
    | DropLoanAnswer
    | ReturnLoanAnswer
    | PayClaimAnswer
)

CREDIT_ANSWERS: Final[Mapping[type[Action], type[CreditActionAnswer]]] = {
    AskLoan: AskLoanAnswer,
    Guarantee: GuaranteeAnswer,
    GrantLoan: GrantLoanAnswer,
    DropLoan: DropLoanAnswer,
    ReturnLoan: ReturnLoanAnswer,
    PayClaim: PayClaimAnswer,
}


def build_instalment_answers(
    _prefix: str, plan: Iterable[Instalment]
) -> tuple[InstalmentAnswer, ...]:
    """A loan's plan."""
    return tuple(
        InstalmentAnswer(after_periods=item.after_periods, left=format_pai(item.left))
        for item in plan
    )
