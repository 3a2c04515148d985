"""How the HTTP API tells measures: a kind, and every figure as a text under its own name."""

from typing import Any

from chain.actions import Measure
from chain.codec import Record
from chain.units import format_pai
from node.api.schema import write_address

MeasureAnswer = dict[str, str]

_ACCOUNTS = ("to", "authority", "debtor", "committee")
_AMOUNTS = ("amount",)


def build_measure_answer(prefix: str, measure: Measure) -> MeasureAnswer:
    """The measure with its kind; what lies deeper has its path for a name, as in ``sinks.burn``."""
    kind = str(type(measure).__struct_config__.tag)
    return {"kind": kind, **_tell(prefix, "", measure)}


def _tell(prefix: str, path: str, record: Record) -> MeasureAnswer:
    told: MeasureAnswer = {}
    for name in record.__struct_fields__:
        value = getattr(record, name)
        if isinstance(value, Record):
            told |= _tell(prefix, f"{path}{name}.", value)
        else:
            told[path + name] = _write(prefix, name, value)
    return told


def _write(prefix: str, name: str, value: Any) -> str:
    if value is None:
        return "none"
    if name in _ACCOUNTS:
        return write_address(prefix, value)
    if name in _AMOUNTS:
        return format_pai(value)
    if isinstance(value, tuple):
        return " ".join(_write(prefix, "", item) for item in value)
    if isinstance(value, bytes):
        return value.hex()
    return str(value)
