"""Several payments from one file: ``address,amount,memo`` a line, all of them or none.

The file is CSV in UTF-8 with comma, semicolon or tab between (tables of Russian programs write
semicolons); a first line of titles is passed over. Every fault is told with the number of its line.
"""

import csv
from pathlib import Path
from typing import Final, NamedTuple

from chain.transaction import ACTIONS_MAX
from chain.units import parse_pai
from wallet.terminal import Exit, Failure

FILE_BYTES_MAX: Final = 64 * 1_024  # 64 lines of an address, an amount and a memo are 16 kB
_TITLES: Final = frozenset({"address", "to", "адрес", "кому", "имя", "name"})
_BYTE_ORDER_MARK: Final = "\ufeff"


class Line(NamedTuple):
    """One payment as it stands in the file."""

    number: int
    to: str
    amount: int
    memo: str


def read_payroll(path: Path) -> list[Line]:
    """The payments of a file. Raises Failure with the line that is wrong."""
    try:
        with path.open("rb") as file:
            data = file.read(FILE_BYTES_MAX + 1)
        text = data.decode().removeprefix(_BYTE_ORDER_MARK)
    except OSError as error:
        raise Failure(
            Exit.USAGE, "{path} cannot be read: {reason}.", path=path, reason=error.strerror
        ) from None
    except UnicodeDecodeError:
        raise Failure(
            Exit.USAGE, "{path} is not UTF-8 text: save the table as CSV in UTF-8.", path=path
        ) from None
    if len(data) > FILE_BYTES_MAX:
        raise Failure(Exit.USAGE, "{path} is too long for one transaction.", path=path)
    reader = csv.reader(text.splitlines(), delimiter=_find_delimiter(text), strict=True)
    try:
        rows = [(reader.line_num, [cell.strip() for cell in row]) for row in reader]
    except csv.Error:
        raise Failure(
            Exit.USAGE, "Line {number} of the file is not CSV.", number=reader.line_num
        ) from None
    lines = [
        _read_line(number, row)
        for index, (number, row) in enumerate(rows)
        if any(row) and not (index == 0 and row[0].lower() in _TITLES)
    ]
    if not lines:
        raise Failure(Exit.USAGE, "{path} holds no payment.", path=path)
    if len(lines) > ACTIONS_MAX:
        raise Failure(
            Exit.USAGE,
            "At most {count} payments fit one transaction: make several files.",
            count=ACTIONS_MAX,
        )
    return lines


def _find_delimiter(text: str) -> str:
    """What the first line has; a comma may be a decimal point elsewhere, so it comes last."""
    first = text.partition("\n")[0]
    return next((mark for mark in "\t;" if mark in first), ",")


def _read_line(number: int, row: list[str]) -> Line:
    if not 2 <= len(row) <= 3 or not row[0]:
        raise Failure(
            Exit.USAGE,
            "Line {number} of the file is not: address,amount,memo (the memo may be left out).",
            number=number,
        )
    try:
        amount = parse_pai(row[1])
    except ValueError as error:
        raise Failure(
            Exit.USAGE, "Line {number}: {reason}.", number=number, reason=str(error)
        ) from None
    if amount <= 0:
        raise Failure(Exit.USAGE, "Line {number}: an amount must be above zero.", number=number)
    return Line(number, row[0], amount, row[2] if len(row) == 3 else "")
