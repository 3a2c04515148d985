"""Pages of long answers: so many rows, and where the next page begins."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final, TypeVar

PAGE_MAX: Final = 200
SCAN_MAX: Final = 5_000  # rows looked at for one page: a search that finds little ends, too

RowT = TypeVar("RowT")
Numbered = tuple[int, RowT]


def cut_page(rows: Iterable[Numbered[RowT]], limit: int) -> tuple[list[Numbered[RowT]], int | None]:
    """The first rows, and the number of the one after them, if there is one."""
    page = list(islice(rows, limit + 1))
    following = page[limit][0] if len(page) > limit else None
    return page[:limit], following


class Scan(Iterator[Numbered[RowT]]):
    """Rows that are looked at for one page; ``following``: the first that was too many."""

    def __init__(self, rows: Iterable[Numbered[RowT]]) -> None:
        self._rows = enumerate(rows)
        self.following: int | None = None

    def __next__(self) -> Numbered[RowT]:
        """The next row, unless enough were looked at."""
        index, row = next(self._rows)
        if index == SCAN_MAX:
            self.following = row[0]
            raise StopIteration
        return row
