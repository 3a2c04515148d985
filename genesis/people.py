"""The founders' list of members: a table that any spreadsheet can save.

One line a person. ``address`` must be there; ``balance`` and ``document`` may; every other column
is a fact about the person that goes into the commitment and nowhere else.
"""

import csv
import io
from pathlib import Path
from typing import Final

from chain.address import decode_address
from chain.codec import check_text
from genesis.build import Founder
from genesis.table import ConstitutionError, parse_amount

FILE_BYTES_MAX: Final = 64 * 1_024 * 1_024  # a town of 100,000 with long names
FACT_BYTES_MAX: Final = 1_000
ADDRESS, BALANCE, DOCUMENT = "address", "balance", "document"


def read_members_file(path: Path, prefix: str) -> list[Founder]:
    """The members of a CSV file with a heading. Raises ConstitutionError, OSError."""
    with path.open("rb") as file:
        data = file.read(FILE_BYTES_MAX + 1)
    if len(data) > FILE_BYTES_MAX:
        raise ConstitutionError(f"{path}: a list of members has at most {FILE_BYTES_MAX} bytes")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConstitutionError(f"{path}: the file is not UTF-8 text") from None
    heading = text.partition("\n")[0]
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=_get_delimiter(heading))
    columns = [name.strip().lower() for name in rows.fieldnames or ()]
    if ADDRESS not in columns or len(set(columns)) != len(columns):
        raise ConstitutionError(
            f"{path}: the first line names the columns, each once, one of them 'address'"
        )
    rows.fieldnames = columns
    try:
        return [_read_member(row, prefix) for row in rows]
    except (ValueError, csv.Error) as error:
        raise ConstitutionError(f"{path}: line {rows.line_num}: {error}") from None


def _get_delimiter(heading: str) -> str:
    """Spreadsheets of countries with a decimal comma part columns by semicolons."""
    return next((mark for mark in (";", "\t") if mark in heading), ",")


def _read_member(row: dict[str, str | None], prefix: str) -> Founder:
    if None in row or None in row.values():
        raise ValueError("this line has not as many columns as the first")
    cells = {name: (value or "").strip() for name, value in row.items()}
    facts = [(name, value) for name, value in cells.items() if value and name not in _OWN]
    for _, value in facts:
        check_text(value, FACT_BYTES_MAX)
    document = cells.get(DOCUMENT, "")
    if document:
        facts.append((DOCUMENT, document))
    return Founder(
        account=decode_address(prefix, cells[ADDRESS]),
        balance=parse_amount(cells[BALANCE]) if cells.get(BALANCE) else None,
        facts=tuple(facts),
        document=document,
    )


_OWN: Final = frozenset({ADDRESS, BALANCE, DOCUMENT})
