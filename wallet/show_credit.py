"""How credit looks: limits, loans and claims, as documents for programs and tables for people."""

from collections.abc import Iterable, Mapping
from typing import Final

from rich.console import RenderableType

from chain.units import format_pai
from wallet.credit import ClaimTold, Credit, LoanTold
from wallet.show import shorten_address, tell_pai
from wallet.terminal import Column, build_table
from wallet.words import Words, mark

_STATES: Final = {
    "asked": mark("asked for"),
    "granted": mark("granted"),
    "grace": mark("term over, in grace"),
    "overdue": mark("overdue"),
}


def build_credit_document(credit: Credit) -> dict[str, object]:
    """How far an account may go below zero, for programs."""
    return {
        "own": format_pai(credit.own),
        "pledged": format_pai(credit.pledged),
        "lent": format_pai(credit.lent),
        "floor": format_pai(credit.floor),
        "used": format_pai(credit.used),
        "unpaid": format_pai(credit.unpaid),
        "loans": [build_loan_document(item) for item in credit.loans],
        "claims": [
            {"creditor": item.creditor, "amount": format_pai(item.amount)} for item in credit.claims
        ],
    }


def build_loan_document(loan: LoanTold) -> dict[str, object]:
    """One loan for programs."""
    return {
        "loan": loan.loan,
        "state": loan.state,
        "debtor": loan.debtor,
        "amount": format_pai(loan.amount),
        "lifts": format_pai(loan.lifts),
        "unpaid": format_pai(loan.unpaid),
        "term_periods": loan.term_periods,
        "plan": [
            {"after_periods": item.after_periods, "left": format_pai(item.left)}
            for item in loan.plan
        ],
        "purpose": loan.purpose,
        "guarantor": loan.guarantor,
        "pledge": format_pai(loan.pledge),
        "consent": loan.consent,
        "pledged_deposit": loan.pledged_deposit,
        "by_committee": loan.by_committee,
        "until_period": loan.until_period,
        "until_time": loan.until_time,
    }


def build_credit_pairs(words: Words, credit: Credit) -> list[tuple[str, str]]:
    """The lines on credit of a wallet's sheet; none for an account that has no credit."""
    if not (credit.floor or credit.used or credit.pledged or credit.lent):
        return []
    parts = [words.say("own limit {amount}", amount=words.amount(credit.own))]
    if credit.lent:
        parts.append(words.say("loans {amount}", amount=words.amount(credit.lent)))
    if credit.pledged:
        parts.append(words.say("pledged {amount}", amount=words.amount(credit.pledged)))
    pairs = [
        (words.say("May fall to"), f"{tell_pai(words, credit.floor)} ({', '.join(parts)})"),
        (words.say("Of it used"), tell_pai(words, credit.used)),
    ]
    if credit.unpaid:
        pairs.append((words.say("Overdue"), tell_pai(words, credit.unpaid)))
    return pairs


def build_loan_table(
    words: Words, loans: Iterable[LoanTold], names: Mapping[str, str], title: str | None = None
) -> RenderableType:
    """Loans for people."""
    return build_table(
        [
            Column(words.say("Loan"), figures=True),
            Column(words.say("Debtor")),
            Column(words.say("Pai"), figures=True),
            Column(words.say("State")),
            Column(words.say("until"), figures=True),
            Column(words.say("Guarantor")),
            Column(words.say("What for")),
        ],
        [
            (
                str(item.loan),
                _tell_name(item.debtor, names),
                words.amount(item.amount),
                tell_state(words, item),
                words.date(item.until_time),
                tell_guarantor(words, item, names),
                item.purpose,
            )
            for item in loans
        ],
        title=title,
    )


def build_claim_table(
    words: Words, claims: Iterable[ClaimTold], names: Mapping[str, str]
) -> RenderableType:
    """Whom the account owes because he paid for it."""
    return build_table(
        [Column(words.say("Owed to a guarantor")), Column(words.say("Pai"), figures=True)],
        [(_tell_name(item.creditor, names), words.amount(item.amount)) for item in claims],
    )


def tell_state(words: Words, loan: LoanTold) -> str:
    """How a loan stands, and what is missing of it."""
    text = words.say(_STATES[loan.state]) if loan.state in _STATES else loan.state
    if not loan.unpaid:
        return text
    return words.say("{state}: {amount} pai missing", state=text, amount=words.amount(loan.unpaid))


def tell_guarantor(words: Words, loan: LoanTold, names: Mapping[str, str]) -> str:
    """Who answers for a loan, for how much, and whether he has consented."""
    if loan.guarantor is None:
        return words.say("none")
    told = f"{_tell_name(loan.guarantor, names)}, {tell_pai(words, loan.pledge)}"
    return told if loan.consent else words.say("{told}: has not consented", told=told)


def _tell_name(address: str, names: Mapping[str, str]) -> str:
    return names.get(address) or shorten_address(address)
