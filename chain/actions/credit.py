"""Actions about loans: asking, answering for one, granting, returning, paying a guarantor back."""

from typing import Annotated, Final

from msgspec import Meta

from chain.codec import Amount, Natural, Record, check_text
from chain.policy import AccountId

PURPOSE_BYTES_MAX: Final = 140
INSTALMENTS_MAX: Final = 12


class Instalment(Record, frozen=True):
    """From so many periods after the grant on, so much of the loan is left."""

    after_periods: Natural
    left: Natural


class AskLoan(Record, frozen=True, tag=40):
    """Ask for a loan: a line that falls by its plan, and to nothing at its term."""

    amount: Amount
    term_periods: Natural
    plan: Annotated[tuple[Instalment, ...], Meta(max_length=INSTALMENTS_MAX)]
    purpose: str
    guarantor: AccountId | None
    pledge: Natural  # how much the guarantor answers for; 0 without one

    def __post_init__(self) -> None:
        check_text(self.purpose, PURPOSE_BYTES_MAX)


class Guarantee(Record, frozen=True, tag=41):
    """Answer for a loan that names this account: with a deposit, or (nil) with its own limit."""

    loan: Natural
    deposit: Natural | None


class GrantLoan(Record, frozen=True, tag=42):
    """Grant a loan that is asked for, as the credit committee."""

    loan: Natural


class DropLoan(Record, frozen=True, tag=43):
    """Take back, or as guarantor or committee decline, a loan that is asked for."""

    loan: Natural


class ReturnLoan(Record, frozen=True, tag=44):
    """Return a granted line before its term; the guarantor is free."""

    loan: Natural


class PayClaim(Record, frozen=True, tag=45):
    """Pay a guarantor back, whole or part."""

    creditor: AccountId
    amount: Amount
