"""Hypothesis strategies for every record, drawn from its type: bounds are where the types say."""

from functools import cache
from typing import Any, cast

from hypothesis import strategies as st
from msgspec import Struct, inspect

from chain import tables
from chain.block import Block, BlockParts
from chain.certificates import Finality, Justification
from chain.codec import Record
from chain.genesis import Genesis
from chain.header import SignedHeader
from chain.kept import Head
from chain.merkle import Proof
from chain.parameters import Constants, Parameters
from chain.policy import KEYS_MAX, Policy
from chain.tables import SetEntry, Table
from chain.transaction import SignedTransaction
from chain.votes import SignedHere, SignedVote

_ROWS: tuple[type[Record], ...] = tuple(
    table.row_type for name in tables.__all__ if isinstance(table := getattr(tables, name), Table)
)
RECORDS: tuple[type[Record], ...] = (
    Block, BlockParts, Constants, Finality, Genesis, Head, Justification, Parameters, Proof,
    SetEntry, SignedHeader, SignedHere, SignedTransaction, SignedVote, *_ROWS,
)  # fmt: skip
WIDEST: int = 2**63 - 1
FEW = 3  # items of a list whose type sets no limit

_ALPHABET = "abc XYZ 012 абв ҡңү ₽№«»"


def _build_policies() -> st.SearchStrategy[Policy]:
    keys = st.binary(min_size=32, max_size=32)
    lists = st.lists(keys, min_size=1, max_size=KEYS_MAX, unique=True).map(sorted)
    return lists.flatmap(
        lambda found: st.builds(Policy, st.integers(1, len(found)), st.just(tuple(found)))
    )


@cache
def build_strategy(kind: type[Struct]) -> st.SearchStrategy[Any]:
    """Values of a record type."""
    if kind is Policy:
        return _build_policies()
    info = cast("inspect.StructType", inspect.type_info(kind))
    return st.builds(kind, *[_build(field.type) for field in info.fields])


def _build(info: inspect.Type) -> st.SearchStrategy[Any]:  # noqa: C901, PLR0911 - a table of types
    match info:
        case inspect.IntType(ge=low, le=high):
            first = -(2**63) if low is None else int(low)
            last = WIDEST if high is None else int(high)
            edges = st.sampled_from([first, min(first + 1, last), last])
            return edges | st.integers(first, last)
        case inspect.BytesType(min_length=low, max_length=high):
            return st.binary(min_size=low or 0, max_size=40 if high is None else high)
        case inspect.StrType(pattern=str(pattern), max_length=high):
            return st.from_regex(pattern, fullmatch=True).filter(
                lambda text: high is None or len(text) <= high
            )
        case inspect.StrType(min_length=low):
            return st.text(alphabet=_ALPHABET, min_size=low or 0, max_size=12)
        case inspect.NoneType():
            return st.none()
        case inspect.BoolType():
            return st.booleans()
        case inspect.TupleType(item_types=items):
            return st.tuples(*[_build(item) for item in items])
        case inspect.VarTupleType(item_type=item, min_length=low, max_length=high):
            most = (low or 0) + FEW if high is None else min(high, (low or 0) + FEW)
            return st.lists(_build(item), min_size=low or 0, max_size=most).map(tuple)
        case inspect.UnionType(types=types):
            return st.one_of([_build(item) for item in types])
        case inspect.StructType(cls=kind):
            return build_strategy(kind)
        case inspect.Metadata(type=inner):
            return _build(inner)
        case _:
            raise AssertionError(f"no strategy for {info}")
