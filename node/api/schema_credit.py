"""What the HTTP API answers about credit and loans, as types."""

from typing import Final, Literal

from node.api.schema import AddressText, Answer, Count, Pai
from node.api.schema_actions_credit import InstalmentAnswer

LoanState = Literal["asked", "granted", "grace", "overdue"]

# By the loan's number for its state.
LOAN_STATES: Final[tuple[LoanState, ...]] = ("asked", "granted", "grace", "overdue")


class LoanAnswer(Answer, frozen=True):
    """A loan that is asked for, runs, or was not paid back.

    ``lifts``: what it adds to the debtor's limit now. ``until_time``: when it is forgotten, while
    it is asked for; its term, once it is granted. ``consent``: whether its guarantor, if it names
    one, has consented; ``pledged_deposit``: with which deposit, null: with his limit.
    """

    loan: Count
    state: LoanState
    debtor: AddressText
    amount: Pai
    lifts: Pai
    unpaid: Pai
    term_periods: Count
    plan: list[InstalmentAnswer]
    purpose: str
    guarantor: AddressText | None
    pledge: Pai
    consent: bool
    pledged_deposit: Count | None
    by_committee: bool
    from_period: Count
    until_period: Count
    until_time: Count


class LendingAnswer(Answer, frozen=True):
    """What may be lent in this community now. ``braked``: losses stand against new loans.

    ``committee_left`` is what the committee may still grant in these 28 periods,
    ``committee_member`` the most it may lend to one member; both null without a committee.
    """

    committee: AddressText | None
    committee_left: Pai | None
    committee_member: Pai | None
    granted: Pai
    grants_most: Pai
    debt: Pai
    reserve: Pai
    lost: Pai
    overdue: Pai
    inflow: Pai
    braked: bool
    loans_made: Count


class LoansAnswer(Answer, frozen=True):
    """Loans upwards by number; ``next``: where the following page begins."""

    lending: LendingAnswer
    loans: list[LoanAnswer]
    next: Count | None


class ClaimAnswer(Answer, frozen=True):
    """What an account owes a guarantor who paid for it."""

    creditor: AddressText
    amount: Pai


class CreditAnswer(Answer, frozen=True):
    """How far an account may go below zero, and why.

    ``floor`` is the least balance: minus ``own`` less ``pledged``, minus what its loans lift it by.
    ``used`` is what of that is used now.
    """

    address: AddressText
    own: Pai
    pledged: Pai
    lent: Pai
    floor: Pai
    used: Pai
    unpaid: Pai
    loans: list[LoanAnswer]
    claims: list[ClaimAnswer]
