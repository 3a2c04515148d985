"""Who answers about obligations and set-off."""

import re
from typing import Final

from starlette.requests import Request

from node.api.answers import read_address
from node.api.answers_exchange import (
    build_clearing_answer,
    build_obligation_answer,
    build_obligations_answer,
)
from node.api.errors import build_bad_request
from node.api.handlers import PAGE_DEFAULT, Sources, read_number
from node.api.paging import PAGE_MAX
from node.api.schema_exchange import ClearingAnswer, ObligationAnswer, ObligationsAnswer

NUMBER_MAX: Final = 10**18
_NUMBER: Final = re.compile(r"[0-9]{1,18}")


async def get_obligations(request: Request, sources: Sources) -> ObligationsAnswer:
    """Answer /v1/accounts/{address}/obligations."""
    account = read_address(sources.ledger, request.path_params["address"])
    first = read_number(request, "from", 0, most=NUMBER_MAX)
    limit = read_number(request, "limit", PAGE_DEFAULT, most=PAGE_MAX)
    return build_obligations_answer(sources.core, account, first, limit)


async def get_obligation(request: Request, sources: Sources) -> ObligationAnswer:
    """Answer /v1/obligations/{number}."""
    return build_obligation_answer(sources.core, read_obligation(request.path_params["number"]))


def read_obligation(text: str) -> int:
    """An obligation's number out of a path. Raises RequestError."""
    if not _NUMBER.fullmatch(text):
        raise build_bad_request("an obligation has a number")
    return int(text)


async def get_clearing(_request: Request, sources: Sources) -> ClearingAnswer:
    """Answer /v1/clearing."""
    return build_clearing_answer(sources.core)
