"""The HTTP API as one ASGI application: routes, their description, and the front before them."""

from collections.abc import Awaitable, Callable
from typing import Final

import msgspec
import starlette.routing
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp

from chain.errors import Invalid
from node.api.errors import (
    JSON,
    RequestError,
    build_not_found,
    build_refusal,
    build_response,
)
from node.api.front import Front
from node.api.handlers import Sources
from node.api.openapi import build_openapi
from node.api.routes import ROUTES, Route
from node.config import ApiSettings
from node.logs import Log

OPENAPI_PATH: Final = "/openapi.json"

_log: Final = Log("api")


def build_application(sources: Sources, settings: ApiSettings) -> ASGIApp:
    """The application over these sources."""
    description = msgspec.json.encode(build_openapi(ROUTES, sources.version))

    async def get_description(_request: Request) -> Response:
        return Response(description, media_type=JSON)

    routes = [
        starlette.routing.Route(route.path, _adapt(route, sources), methods=[route.method])
        for route in ROUTES
    ]
    routes.append(starlette.routing.Route(OPENAPI_PATH, get_description))
    application = Starlette(
        routes=routes,
        exception_handlers={
            RequestError: _answer_request_error,
            Invalid: _answer_refusal,
            HTTPException: _answer_http_error,
            ClientDisconnect: _answer_nobody,
            Exception: _answer_fault,
        },
    )
    application.router.redirect_slashes = False
    return Front(application, settings)


def _adapt(route: Route, sources: Sources) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        answer = await route.handler(request, sources)
        if isinstance(answer, msgspec.Struct):
            return Response(msgspec.json.encode(answer), route.status, media_type=JSON)
        return answer  # type: ignore[return-value]  # Starlette takes any ASGI application here

    return endpoint


async def _answer_request_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestError)
    return build_response(error)


async def _answer_refusal(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Invalid)
    return build_response(build_refusal(error))


async def _answer_http_error(request: Request, error: Exception) -> Response:
    """What Starlette itself says: no such path, or not with this method."""
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        refused = RequestError(
            405, "METHOD_NOT_ALLOWED", "This path is not asked with this method.", request.method
        )
        response = build_response(refused)
        response.headers.update(error.headers or {})
        return response
    return build_response(build_not_found("see /openapi.json for what there is"))


async def _answer_nobody(_request: Request, _error: Exception) -> Response:
    """The client left while it was sending; nobody reads this."""
    return Response(status_code=400)


async def _answer_fault(request: Request, error: Exception) -> Response:
    """A fault of ours: the client learns its name, the log the rest."""
    _log.error("request_failed", error=error, path=request.url.path)
    fault = RequestError(500, "INTERNAL", "The node met a fault of its own; its log says more.")
    return build_response(fault)
