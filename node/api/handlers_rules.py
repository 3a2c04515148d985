"""Who answers about votes and credit, in the same way as ``handlers``."""

import re
from typing import Final

from starlette.requests import Request

from chain.policy import AccountId
from node.api.answers import read_address
from node.api.answers_credit import (
    build_credit_answer,
    build_loan_answer,
    build_loans_answer,
)
from node.api.answers_votes import (
    PROPOSALS_PAGE_MAX,
    build_proposal_answer,
    build_proposals_answer,
)
from node.api.errors import build_bad_request
from node.api.handlers import PAGE_DEFAULT, Sources, read_number
from node.api.paging import PAGE_MAX
from node.api.schema_credit import CreditAnswer, LoanAnswer, LoansAnswer
from node.api.schema_votes import ProposalAnswer, ProposalsAnswer

NUMBER_PATTERN: Final = r"^[0-9]{1,18}$"
_NUMBER: Final = re.compile(NUMBER_PATTERN)


async def get_proposals(request: Request, sources: Sources) -> ProposalsAnswer:
    """Answer /v1/proposals."""
    before = read_number(request, "before", 0)
    limit = read_number(request, "limit", PAGE_DEFAULT, most=PROPOSALS_PAGE_MAX)
    account = _read_account(request, sources)
    return build_proposals_answer(sources.core, account, before or None, limit)


async def get_proposal(request: Request, sources: Sources) -> ProposalAnswer:
    """Answer /v1/proposals/{number}."""
    account = _read_account(request, sources)
    return build_proposal_answer(sources.core, _read_number(request), account)


async def get_credit(request: Request, sources: Sources) -> CreditAnswer:
    """Answer /v1/accounts/{address}/credit."""
    account = read_address(sources.ledger, request.path_params["address"])
    return build_credit_answer(sources.core, account)


async def get_loans(request: Request, sources: Sources) -> LoansAnswer:
    """Answer /v1/loans."""
    first = read_number(request, "from", 0)
    limit = read_number(request, "limit", PAGE_DEFAULT, most=PAGE_MAX)
    return build_loans_answer(sources.core, first, limit)


async def get_loan(request: Request, sources: Sources) -> LoanAnswer:
    """Answer /v1/loans/{number}."""
    return build_loan_answer(sources.core, _read_number(request))


def _read_account(request: Request, sources: Sources) -> AccountId | None:
    text = request.query_params.get("account")
    return None if text is None else read_address(sources.ledger, text)


def _read_number(request: Request) -> int:
    """A number from 0 on out of the path. Raises RequestError."""
    text = request.path_params["number"]
    if not _NUMBER.fullmatch(text):
        raise build_bad_request("a number from 0")
    return int(text)
