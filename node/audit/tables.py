"""The report's tables as files: CSV for spreadsheets, Parquet for everything larger.

Amounts are exact in both: decimal text, and decimals of six places. Parquet needs the extra
``parquet``; its library is asked for only when such a file is wanted.
"""

import csv
from collections.abc import Iterable, Sequence
from importlib import import_module
from io import BytesIO
from typing import Any, Final, TextIO, get_type_hints

from node.audit.report_types import Part, PeriodRow, Report

DIGITS: Final = 38  # of a decimal of 128 bits
DECIMALS: Final = 6
_COLUMNS: Final[dict[str, type]] = get_type_hints(PeriodRow)


class ParquetMissing(Exception):
    """The library that writes Parquet is not installed."""


def write_rows(kind: type[Part], rows: Iterable[Part], file: TextIO) -> None:
    """A table of the report as CSV, with a line of names first."""
    writer = csv.writer(file)
    writer.writerow(kind.__struct_fields__)
    for row in rows:
        writer.writerow(getattr(row, name) for name in kind.__struct_fields__)


def build_parquet(report: Report) -> bytes:
    """The table of periods as a Parquet file. Raises ParquetMissing."""
    try:
        core, io = (import_module(f"arro3.{part}") for part in ("core", "io"))  # few need them
    except ModuleNotFoundError as error:
        raise ParquetMissing from error
    columns = {
        name: _build_column(
            core.Array, core.DataType, kind, [getattr(row, name) for row in report.periods]
        )
        for name, kind in _COLUMNS.items()
    }
    buffer = BytesIO()
    io.write_parquet(core.Table.from_pydict(columns), buffer)
    return buffer.getvalue()


def _build_column(array: Any, types: Any, kind: type, values: Sequence[object]) -> Any:
    """Text of amounts and ratios becomes decimals: no digit passes through a float."""
    if kind is bool:
        return array(values, types.bool())
    if kind is int:
        return array(values, types.int64())
    assert kind is str
    return array(values, types.string()).cast(types.decimal128(DIGITS, DECIMALS))
