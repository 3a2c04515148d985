"""What a block changed, row by row; to be asked table by table."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any, Protocol, TypeVar

import msgspec

from chain.codec import Record, encode
from chain.tables.table import RowT, Table


class Change(msgspec.Struct, frozen=True, gc=False):
    """One row before and after a block; None: no entry. The key is the table's own."""

    table: Table[Record]
    key: bytes
    before: Record | None
    after: Record | None

    @property
    def state_key(self) -> bytes:
        """The key in the one key-value view that the root commits to."""
        return self.table.prefix + self.key


_RowT_co = TypeVar("_RowT_co", bound=Record, covariant=True)


class RowChange(Protocol[_RowT_co]):
    """A change of a table whose type of row is known."""

    @property
    def key(self) -> bytes:
        """The table's own key."""
        ...

    @property
    def before(self) -> _RowT_co | None:
        """The row before the block."""
        ...

    @property
    def after(self) -> _RowT_co | None:
        """The row after it."""
        ...


class Changes:
    """What a block changed, to be asked table by table; each row occurs once."""

    __slots__ = ("_by_table",)

    def __init__(self, changes: Iterable[Change]) -> None:
        self._by_table: dict[object, list[Any]] = {}  # whose rows are of the table's type
        for table, some in groupby(changes, attrgetter("table")):
            self._by_table.setdefault(table, []).extend(some)

    def of(self, table: Table[RowT]) -> Sequence[RowChange[RowT]]:
        """The changes of one table's rows."""
        return self._by_table.get(table, ())


def encode_row(row: Record | None) -> bytes | None:
    """The row's bytes as they are kept and hashed; None: no entry."""
    return None if row is None else encode(row)
