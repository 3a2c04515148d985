"""What goods and places are called: paths from the wide to the narrow, such as ``food/milk``.

A path is the whole of the tree of categories: whoever writes a new word has made a category, and a
good is under every beginning of its own path. Formats only.
"""

import re
from typing import Annotated, Final

from msgspec import Meta

from chain.names import CYRILLIC_LETTERS

PATH_LENGTH_MAX: Final = 96
UNIT_LENGTH_MAX: Final = 24
ANYWHERE: Final = ""

_LATIN: Final = r"[a-z0-9]+(?:-[a-z0-9]+)*"
_CYRILLIC: Final = rf"[{CYRILLIC_LETTERS}0-9]+(?:-[{CYRILLIC_LETTERS}0-9]+)*"
_WORD: Final = f"(?:{_LATIN}|{_CYRILLIC})"
_PATH: Final = rf"{_WORD}(?:/{_WORD}){{0,7}}"

Good = Annotated[str, Meta(pattern=rf"^{_PATH}\Z", max_length=PATH_LENGTH_MAX)]
Place = Annotated[str, Meta(pattern=rf"^(?:{_PATH})?\Z", max_length=PATH_LENGTH_MAX)]
Unit = Annotated[str, Meta(pattern=rf"^{_WORD}\Z", max_length=UNIT_LENGTH_MAX)]


def check_path(path: str) -> None:
    """Refuse what is no path: up to eight words of small letters of one script. ValueError."""
    if len(path) > PATH_LENGTH_MAX or not re.fullmatch(_PATH, path):
        raise ValueError("a good, category or place is written like food/milk, in small letters")


def check_unit(unit: str) -> None:
    """Refuse what cannot be a unit of goods: one word of small letters. Raises ValueError."""
    if len(unit) > UNIT_LENGTH_MAX or not re.fullmatch(_WORD, unit):
        raise ValueError("a unit is one word in small letters")


def is_under(path: str, category: str) -> bool:
    """Whether a path is a category or lies under it."""
    return path == category or path.startswith(category + "/")


def is_reachable(place: str, other: str) -> bool:
    """Whether two places meet: one lies in the other, or to one of the two sides any will do."""
    return ANYWHERE in (place, other) or is_under(place, other) or is_under(other, place)
