"""Holds an answer against its JSON Schema: the keywords our description uses, and no others.

Stricter than the schema itself: what an answer says without the schema naming it is a fault too.
"""

import re
from collections.abc import Iterator
from typing import Any

KEYWORDS = {
    "$ref",
    "additionalProperties",
    "anyOf",
    "description",
    "discriminator",
    "enum",
    "items",
    "maxItems",
    "maximum",
    "minItems",
    "minimum",
    "pattern",
    "prefixItems",
    "properties",
    "required",
    "title",
    "type",
}
TYPES: dict[str, tuple[type, ...]] = {
    "array": (list,),
    "boolean": (bool,),
    "integer": (int,),
    "null": (type(None),),
    "number": (int, float),
    "object": (dict,),
    "string": (str,),
}


def find_mismatches(
    value: Any, schema: dict[str, Any], document: dict[str, Any], place: str = "$"
) -> Iterator[str]:
    """Everything in which a value is not as its schema says."""
    unknown = set(schema) - KEYWORDS
    if unknown:
        yield f"{place}: the schema uses {unknown}, which nobody checks"
        return
    if "$ref" in schema:
        yield from find_mismatches(value, resolve(schema["$ref"], document), document, place)
        return
    if "anyOf" in schema:
        branches = [list(find_mismatches(value, item, document, place)) for item in schema["anyOf"]]
        if all(branches):
            yield from min(branches, key=len)
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{place}: {value!r} is none of {schema['enum']}"
    kind = schema.get("type")
    if kind is not None:
        wanted = TYPES[kind]
        if not isinstance(value, wanted) or (isinstance(value, bool) and kind != "boolean"):
            yield f"{place}: {value!r} is no {kind}"
            return
    yield from _find_in_scalar(value, schema, place)
    if isinstance(value, list):
        yield from _find_in_list(value, schema, document, place)
    if isinstance(value, dict):
        yield from _find_in_object(value, schema, document, place)


def resolve(reference: str, document: dict[str, Any]) -> dict[str, Any]:
    """What a reference within the document names."""
    found = document
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return found


def _find_in_scalar(value: Any, schema: dict[str, Any], place: str) -> Iterator[str]:
    if isinstance(value, str) and "pattern" in schema and not re.search(schema["pattern"], value):
        yield f"{place}: {value!r} does not match {schema['pattern']}"
    if isinstance(value, int | float):
        if value < schema.get("minimum", value):
            yield f"{place}: {value} is below {schema['minimum']}"
        if value > schema.get("maximum", value):
            yield f"{place}: {value} is above {schema['maximum']}"


def _find_in_list(
    value: list[Any], schema: dict[str, Any], document: dict[str, Any], place: str
) -> Iterator[str]:
    if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
        yield f"{place}: {len(value)} items"
    first = schema.get("prefixItems", [])
    for index, item in enumerate(value):
        inner = first[index] if index < len(first) else schema.get("items", False)
        if inner is False:
            yield f"{place}[{index}]: one item too many"
        else:
            yield from find_mismatches(item, inner, document, f"{place}[{index}]")


def _find_in_object(
    value: dict[str, Any], schema: dict[str, Any], document: dict[str, Any], place: str
) -> Iterator[str]:
    properties = schema.get("properties", {})
    for name in schema.get("required", []):
        if name not in value:
            yield f"{place}.{name} is missing"
    others = schema.get("additionalProperties", False)
    for name, item in value.items():
        if name not in properties and isinstance(others, dict):
            yield from find_mismatches(item, others, document, f"{place}.{name}")
        elif name not in properties:
            yield f"{place}.{name} is not described"
        else:
            yield from find_mismatches(item, properties[name], document, f"{place}.{name}")
