"""Names that people can say and cannot mistake: which are well formed, and which look alike.

A name is all Latin or all Cyrillic. Two names that a tired reader could take for each other have
the same skeleton, whatever their scripts; only one of them can be somebody's.
"""

import re
from typing import Final

ALIAS_LENGTH_MIN: Final = 3
ALIAS_LENGTH_MAX: Final = 32

# Letters of the languages of Russia's Volga and Urals, and of its neighbours, are Cyrillic too.
CYRILLIC_LETTERS: Final = "а-яёіїєґўғҙҡңөҫүһәҗӝӟӥӧӵӑӗӳӹҥқұў"
_LATIN_NAME: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_CYRILLIC_NAME: Final = re.compile(rf"[{CYRILLIC_LETTERS}0-9]+(?:-[{CYRILLIC_LETTERS}0-9]+)*")
_LETTER: Final = re.compile(r"[^0-9-]")

# What each sign is taken for, small or capital, upright or slanted, in common fonts; at the least
# what Unicode's table of confusables (UTS 39) says of these signs. Generous: a name refused for
# nothing costs its seeker a minute, and one confused costs somebody his money.
_LOOKS_LIKE: Final = str.maketrans(
    {
        # Cyrillic, as Latin
        "а": "a", "ә": "a", "ӑ": "a", "в": "b", "с": "c", "ҫ": "c", "ԁ": "d", "е": "e", "ё": "e",
        "ӗ": "e", "є": "e", "һ": "h", "н": "h", "ң": "h", "ҥ": "h", "і": "i", "ї": "i", "ј": "j",
        "к": "k", "қ": "k", "ҡ": "k", "м": "m", "о": "o", "ө": "o", "ӧ": "o", "р": "p", "т": "t",
        "у": "y", "ў": "y", "ү": "y", "ұ": "y", "ӳ": "y", "х": "x", "п": "n", "г": "r", "ґ": "r",
        "ғ": "f", "и": "u", "й": "u", "ӥ": "u", "ц": "u", "ш": "uu", "щ": "uu", "ԝ": "uu",
        "ь": "b", "ъ": "b", "ы": "bl", "ӹ": "bl", "ю": "lo", "ҙ": "з", "ӟ": "з", "з": "3",
        "ч": "4", "ӵ": "4", "б": "6", "ж": "ж", "җ": "ж", "ӝ": "ж", "л": "л", "д": "л",
        # digits and letters of one script; signs that two others make up are written as those two,
        # since "uuu" could else be read as a "w" in two ways
        "0": "o", "1": "l", "i": "l", "5": "s", "v": "u", "z": "2",
        "m": "rn", "w": "uu", "d": "cl",
    }
)  # fmt: skip

_RESERVED: Final = (
    "pai", "pay", "admin", "administrator", "root", "system", "support", "help", "wallet", "node",
    "bank", "community", "authority", "registry", "fund", "reserve", "social", "operators",
    "municipality", "genesis", "official", "пай", "паи", "админ", "администратор", "система",
    "поддержка", "помощь", "кошелек", "узел", "банк", "сообщество", "удостоверитель", "реестр",
    "фонд", "резерв", "община", "муниципалитет", "администрация", "официально",
)  # fmt: skip


def is_well_formed(name: str) -> bool:
    """Whether a text can be a name: 3 to 32 signs of one script, with a letter among them."""
    return (
        ALIAS_LENGTH_MIN <= len(name) <= ALIAS_LENGTH_MAX
        and (_LATIN_NAME.fullmatch(name) or _CYRILLIC_NAME.fullmatch(name)) is not None
        and _LETTER.search(name) is not None
    )


def compute_skeleton(name: str) -> str:
    """What a well-formed name looks like: the same for all names that can be confused."""
    return name.replace("-", "").translate(_LOOKS_LIKE).translate(_LOOKS_LIKE)


def is_reserved(name: str) -> bool:
    """Whether a name looks like one that nobody may have."""
    return compute_skeleton(name) in _RESERVED_SKELETONS


_RESERVED_SKELETONS: Final = frozenset(map(compute_skeleton, _RESERVED))
