"""Who answers about the market. Each answer is made at the desk."""

from typing import Final

from starlette.requests import Request

from chain.rules.context import Context
from node.api.answers import get_present_slot, read_address
from node.api.answers_market import (
    Search,
    build_chains_answer,
    build_listings_answer,
    build_prices_answer,
    build_rooms_answer,
    build_trader_answer,
)
from node.api.handlers import Sources, read_number
from node.api.paging import PAGE_MAX
from node.api.schema_market import (
    ChainsAnswer,
    ListingsAnswer,
    PricesAnswer,
    RoomsAnswer,
    TraderAnswer,
)

SIDES: Final = {"offers": False, "wants": True}


async def get_listings(request: Request, sources: Sources) -> ListingsAnswer:
    """Answer /v1/market/listings."""
    query = request.query_params
    begin, limit = _read_page(request)
    search = Search(
        good=query.get("good", ""),
        place=query.get("place", ""),
        is_want=SIDES.get(query.get("side", "")),
        begin=begin,
        limit=limit,
    )
    slot = get_present_slot(sources.core)
    return await sources.desk.work(build_listings_answer, sources.ledger, slot, search)


async def get_chains(request: Request, sources: Sources) -> ChainsAnswer:
    """Answer /v1/market/chains."""
    text = request.query_params.get("account")
    account = None if text is None else read_address(sources.ledger, text)
    return await sources.desk.work(
        build_chains_answer, sources.ledger, _get_context(sources), account, *_read_page(request)
    )


async def get_rooms(request: Request, sources: Sources) -> RoomsAnswer:
    """Answer /v1/market/rooms."""
    text = request.query_params.get("from")
    first = b"" if text is None else read_address(sources.ledger, text)
    _, limit = _read_page(request, by_number=False)
    return await sources.desk.work(
        build_rooms_answer, sources.ledger, _get_context(sources), first, limit
    )


async def get_prices(_request: Request, sources: Sources) -> PricesAnswer:
    """Answer /v1/market/prices."""
    slot = get_present_slot(sources.core)
    return await sources.desk.work(build_prices_answer, sources.ledger, slot)


async def get_trader(request: Request, sources: Sources) -> TraderAnswer:
    """Answer /v1/accounts/{address}/market."""
    account = read_address(sources.ledger, request.path_params["address"])
    return await sources.desk.work(
        build_trader_answer, sources.ledger, _get_context(sources), account, *_read_page(request)
    )


def _get_context(sources: Sources) -> Context:
    return sources.ledger.get_context(get_present_slot(sources.core))


def _read_page(request: Request, *, by_number: bool = True) -> tuple[int, int]:
    """From which number on, and how many at most."""
    first = read_number(request, "from", 0) if by_number else 0
    return first, read_number(request, "limit", PAGE_MAX, most=PAGE_MAX)
