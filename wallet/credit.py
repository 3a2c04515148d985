"""What a node tells of credit and loans, as its clients see it (docs/api.md)."""

from typing import Final

from wallet.client import Answer, Micropai, NodeClient

_PAGE: Final = 200


class InstalmentTold(Answer, frozen=True):
    """After so many periods, so much of a loan is left."""

    after_periods: int
    left: Micropai


class LoanTold(Answer, frozen=True):
    """One of ``GET /v1/loans``."""

    loan: int
    state: str
    debtor: str
    amount: Micropai
    lifts: Micropai
    unpaid: Micropai
    term_periods: int
    purpose: str
    pledge: Micropai
    consent: bool
    from_period: int
    until_period: int
    until_time: int
    guarantor: str | None = None
    pledged_deposit: int | None = None
    by_committee: bool = False
    plan: tuple[InstalmentTold, ...] = ()


class Lending(Answer, frozen=True):
    """What may be lent in a community."""

    granted: Micropai
    grants_most: Micropai
    braked: bool
    committee: str | None = None
    committee_left: Micropai | None = None
    committee_member: Micropai | None = None


class Loans(Answer, frozen=True):
    """``GET /v1/loans``."""

    lending: Lending
    loans: tuple[LoanTold, ...]
    next: int | None = None


class ClaimTold(Answer, frozen=True):
    """What an account owes a guarantor."""

    creditor: str
    amount: Micropai


class Credit(Answer, frozen=True):
    """``GET /v1/accounts/{address}/credit``."""

    own: Micropai
    pledged: Micropai
    lent: Micropai
    floor: Micropai
    used: Micropai
    unpaid: Micropai
    loans: tuple[LoanTold, ...] = ()
    claims: tuple[ClaimTold, ...] = ()


async def get_credit(client: NodeClient, address: str) -> Credit:
    """How far an account may go below zero, and its loans."""
    return await client.get(f"/v1/accounts/{address}/credit", Credit)


async def get_loan(client: NodeClient, number: int) -> LoanTold:
    """One loan. Raises Refused when there is none."""
    return await client.get(f"/v1/loans/{number}", LoanTold)


async def get_loans(client: NodeClient) -> Loans:
    """All loans, and what may be lent."""
    page = await client.get("/v1/loans", Loans, limit=_PAGE)
    lending, found = page.lending, list(page.loans)
    while page.next is not None:
        page = await client.get("/v1/loans", Loans, limit=_PAGE, **{"from": page.next})
        found += page.loans
    return Loans(lending, tuple(found))
