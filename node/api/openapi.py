"""The API's description for machines, OpenAPI 3.1, drawn from the routes and the answers' types."""

import re
from typing import Any, Final

import msgspec

from node.api.handlers import MESSAGEPACK
from node.api.routes import Parameter, Route
from node.api.schema import ErrorAnswer
from node.api.schema_chain import (
    BlockEvent,
    FinalEvent,
    ProposalEvent,
    TransactionEvent,
    UndoneEvent,
)

VERSION: Final = "3.1.0"
_REFERENCE: Final = "#/components/schemas/{name}"
_EVENTS: Final = (
    BlockEvent,
    UndoneEvent,
    FinalEvent,
    TransactionEvent,
    ProposalEvent,
)  # no path answers these as JSON


def build_openapi(routes: tuple[Route, ...], version: str) -> dict[str, Any]:
    """The document for these routes."""
    answers = [route.answer for route in routes if route.answer is not None]
    kinds = list(dict.fromkeys([ErrorAnswer, *answers, *_EVENTS]))
    references, components = msgspec.json.schema_components(kinds, ref_template=_REFERENCE)
    by_kind = dict(zip(kinds, references, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        answer = None if route.answer is None else by_kind[route.answer]
        operation = _build_operation(route, answer, by_kind[ErrorAnswer])
        paths.setdefault(route.path, {})[route.method.lower()] = operation
    return {
        "openapi": VERSION,
        "info": {
            "title": "Pai node",
            "version": version,
            "description": "Amounts are decimal strings of pai, hashes and keys hexadecimal, "
            "addresses bech32m, times seconds since 1970-01-01 UTC.",
        },
        "paths": paths,
        "components": {"schemas": components},
    }


def _build_operation(
    route: Route, answer: dict[str, Any] | None, error: dict[str, Any]
) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.handler.__name__,
        "summary": route.about,
        "responses": {
            str(route.status): {
                "description": route.about,
                "content": {
                    route.media.partition(";")[0]: {"schema": answer or _get_raw_schema(route)}
                },
            },
            "default": {
                "description": "Refused; nothing has changed.",
                "content": {"application/json": {"schema": error}},
            },
        },
    }
    if route.parameters:
        operation["parameters"] = [_build_parameter(route, item) for item in route.parameters]
    if route.body_bytes is not None:
        operation["requestBody"] = {
            "required": True,
            "description": f"Canonical MessagePack of at most {route.body_bytes} bytes.",
            "content": {MESSAGEPACK: {"schema": {}}},
        }
    return operation


def _get_raw_schema(route: Route) -> dict[str, Any]:
    """Text has a type; other bytes are described by their media type alone, as 3.1 wants it."""
    return {} if route.media == MESSAGEPACK else {"type": "string"}


def _build_parameter(route: Route, parameter: Parameter) -> dict[str, Any]:
    in_path = re.search(rf"\{{{parameter.name}\}}", route.path) is not None
    schema: dict[str, Any]
    if parameter.pattern is not None:
        schema = {"type": "string", "pattern": parameter.pattern}
    else:
        schema = {"type": "integer", "minimum": 1}
        if parameter.most is not None:
            schema["maximum"] = parameter.most
    return {
        "name": parameter.name,
        "in": "path" if in_path else "query",
        "required": in_path,
        "description": parameter.about,
        "schema": schema,
    }
