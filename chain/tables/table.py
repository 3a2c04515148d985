"""What a table is: a name, a prefix byte, a type of row and its codec."""

from typing import Final, Generic, TypeVar

from chain.codec import Codec, Record

RowT = TypeVar("RowT", bound=Record)
ROW_BYTES_MAX: Final = 64 * 1_024  # a set of 256 seats is 35 kB, every other row far smaller

CURRENT: Final = b"current"  # the key of a table's only row
PREVIOUS: Final = b"previous"  # of the row that it took the place of, where that is kept


class Table(Generic[RowT]):
    """A table's name, prefix and row type."""

    __slots__ = ("codec", "name", "prefix", "row_type")

    def __init__(self, prefix: bytes, name: str, row_type: type[RowT]) -> None:
        self.prefix = prefix
        self.name = name
        self.row_type = row_type
        self.codec = Codec(row_type, ROW_BYTES_MAX)
