"""Who answers about the market. Each answer is made at the desk: it reads whole tables."""

from typing import Final

from starlette.requests import Request

from node.api.answers import get_present_slot, read_address
from node.api.answers_market import (
    PAGE_MAX,
    Search,
    build_chains_answer,
    build_listings_answer,
    build_prices_answer,
    build_rooms_answer,
    build_trader_answer,
)
from node.api.handlers import Sources, read_number
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
    search = Search(
        good=query.get("good", ""),
        place=query.get("place", ""),
        is_want=SIDES.get(query.get("side", "")),
        begin=read_number(request, "from", 0),
        limit=read_number(request, "limit", PAGE_MAX, most=PAGE_MAX),
    )
    slot = get_present_slot(sources.core)
    return await sources.desk.work(build_listings_answer, sources.ledger, slot, search)


async def get_chains(request: Request, sources: Sources) -> ChainsAnswer:
    """Answer /v1/market/chains."""
    text = request.query_params.get("account")
    account = None if text is None else read_address(sources.ledger, text)
    slot = get_present_slot(sources.core)
    return await sources.desk.work(build_chains_answer, sources.ledger, slot, account)


async def get_rooms(_request: Request, sources: Sources) -> RoomsAnswer:
    """Answer /v1/market/rooms."""
    slot = get_present_slot(sources.core)
    return await sources.desk.work(build_rooms_answer, sources.ledger, slot)


async def get_prices(_request: Request, sources: Sources) -> PricesAnswer:
    """Answer /v1/market/prices."""
    slot = get_present_slot(sources.core)
    return await sources.desk.work(build_prices_answer, sources.ledger, slot)


async def get_trader(request: Request, sources: Sources) -> TraderAnswer:
    """Answer /v1/accounts/{address}/market."""
    account = read_address(sources.ledger, request.path_params["address"])
    slot = get_present_slot(sources.core)
    return await sources.desk.work(build_trader_answer, sources.ledger, slot, account)
