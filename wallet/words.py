"""What the program says, in the person's language.

English stands in the code, ``words.say("Balance: {amount} pai", amount=...)``; the Russian of it
stands in ``wallet/russian/``, one file a room, keyed by the English text. A test collects every
text in the code and fails when one has no Russian, other placeholders, or nobody who says it. Rooms
below this one speak plain English; ``retell`` finds the template behind such a sentence.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Final

from chain.errors import Code, Invalid
from chain.refusals import MEANINGS
from chain.units import format_pai

NO_BREAK: Final = "\u00a0"  # separates thousands in both languages: pasted back, it cannot mislead
_RETELL_DEPTH_MAX: Final = 8  # a sentence within a sentence; bounds work on what a stranger sent
_TELLING_LETTERS: Final = 12
_RETELL_LENGTH_MAX: Final = 1_000  # beyond, patterns would cost more than they tell

# A Russian text, or its three forms: 1 блок, 2 блока, 5 блоков.
Translation = str | tuple[str, str, str]
Texts = Mapping[str, Translation]


class Language(StrEnum):
    """The languages people meet here."""

    ENGLISH = "en"
    RUSSIAN = "ru"


def choose_language(wish: str | None, environ: Mapping[str, str]) -> Language:
    """The language of ``--lang``, else of the locale; whatever is not Russian is English."""
    locale = wish or next(
        (environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environ.get(name)), ""
    )
    return Language.RUSSIAN if locale.lower().startswith("ru") else Language.ENGLISH


@dataclass(frozen=True, slots=True)
class Words:
    """One person's language: texts, numbers and dates in it."""

    language: Language

    def say(self, text: str, /, **values: object) -> str:
        """The text in this language with its ``{placeholders}`` filled in."""
        if self.language is Language.RUSSIAN:
            found = get_russian().get(text, text)
            assert isinstance(found, str), "a text with plural forms is asked for by say_count"
            text = found
        return text.format(**values)

    def say_count(self, one: str, many: str, n: int, /, **values: object) -> str:
        """``say_count("{n} block", "{n} blocks", 5)``; the catalogue's key is the singular."""
        text = one if n == 1 else many
        if self.language is Language.RUSSIAN:
            forms = get_russian().get(one)
            if isinstance(forms, tuple):
                text = forms[get_plural_form(n)]
        return text.format(n=self.number(n), **values)

    def retell(self, sentence: str) -> str:
        """An English sentence from a room that knows no languages, in this language."""
        if self.language is Language.ENGLISH or len(sentence) > _RETELL_LENGTH_MAX:
            return sentence
        return _retell(sentence, _RETELL_DEPTH_MAX)

    def refusal(self, code: int, detail: str = "") -> str:
        """What a refusal's code means, its number, and the figures of this case."""
        known = Code(code) if code in MEANINGS else None
        if known is None:
            return self.say("Refused with code {code}.", code=code) + (f" {detail}" * bool(detail))
        text = self.say(MEANINGS[known].text)
        figures = f" ({self.retell(detail)})" if detail else ""
        return f"{text}{figures} [{int(known)} {known.name}]"

    def refused(self, error: Invalid) -> str:
        """What a refusal means to the person who asked."""
        return self.refusal(error.code, error.detail)

    def number(self, value: int) -> str:
        """A whole number with its thousands apart."""
        return f"{value:,}".replace(",", NO_BREAK)

    def amount(self, amount_micropai: int, *, decimals: int = 2) -> str:
        """Pai for tables and sentences: exact, thousands apart, at least so many decimals."""
        whole, _, fraction = format_pai(abs(amount_micropai)).partition(".")
        text = f"{self.number(int(whole))}{self._decimal_mark}{fraction.ljust(decimals, '0')}"
        return ("-" if amount_micropai < 0 else "") + text.rstrip(self._decimal_mark)

    def percent(self, part: int, whole: int, *, decimals: int = 1) -> str:
        """``part`` of ``whole`` as a percentage, rounded half up."""
        scale = 10**decimals
        scaled = (2 * 100 * scale * part + whole) // (2 * whole) if whole else 0
        sign = "-" if scaled < 0 else ""
        units, fraction = divmod(abs(scaled), scale)
        tail = f"{self._decimal_mark}{fraction:0{decimals}d}" if decimals else ""
        return f"{sign}{self.number(units)}{tail}{NO_BREAK}%"

    def date(self, seconds: float, *, utc: bool = False) -> str:
        """A moment, given in seconds since 1970-01-01 UTC, by the person's own clock."""
        moment = datetime.fromtimestamp(seconds, UTC)
        if not utc:
            moment = moment.astimezone()
        return moment.strftime(
            "%d.%m.%Y %H:%M" if self.language is Language.RUSSIAN else "%Y-%m-%d %H:%M"
        )

    def duration(self, seconds: int) -> str:
        """A length of time in its two largest units: ``1 day 6 hours``."""
        parts = []
        for size, tell in _UNITS_OF_TIME:
            count, seconds = divmod(seconds, size)
            if count:
                parts.append(tell(self, count))
        return " ".join(parts[:2]) if parts else self.say_count("{n} second", "{n} seconds", 0)

    @property
    def _decimal_mark(self) -> str:
        return "," if self.language is Language.RUSSIAN else "."


_UNITS_OF_TIME: Final[tuple[tuple[int, Callable[[Words, int], str]], ...]] = (
    (86_400, lambda words, n: words.say_count("{n} day", "{n} days", n)),
    (3_600, lambda words, n: words.say_count("{n} hour", "{n} hours", n)),
    (60, lambda words, n: words.say_count("{n} minute", "{n} minutes", n)),
    (1, lambda words, n: words.say_count("{n} second", "{n} seconds", n)),
)


def mark(text: str) -> str:
    """Note that a text kept in a table will be said later; the test collects it here."""
    return text


def get_plural_form(n: int) -> int:
    """Which of the three Russian forms goes with n: блок, блока, блоков."""
    n = abs(n)
    if n % 10 == 1 and n % 100 != 11:
        return 0
    return 1 if n % 10 in (2, 3, 4) and n % 100 not in (12, 13, 14) else 2


@lru_cache(maxsize=1)
def get_russian() -> Texts:
    """The Russian catalogue, read when first needed."""
    from wallet.russian import load_texts  # noqa: PLC0415 - English starts without reading it

    return load_texts()


@lru_cache(maxsize=1)
def _get_patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    """The sentences of lower rooms as patterns, the most telling ones first."""
    from wallet.russian import load_sentences  # noqa: PLC0415 - English starts without reading it

    def count_fixed(template: str) -> int:
        return len(re.sub(r"\{\d\}", "", template))

    sentences = load_sentences()
    return tuple(
        (_build_pattern(template), sentences[template])
        for template in sorted(sentences, key=count_fixed, reverse=True)
    )


def _build_pattern(template: str) -> re.Pattern[str]:
    """``{0}`` in a template stands for any text; fixed parts must be there to the letter."""
    parts = re.split(r"\{\d\}", template)
    # Few fixed letters fit many sentences by chance: there, a figure is one word.
    figure = r"(\S*?)" if sum(map(len, parts)) < _TELLING_LETTERS else "(.*?)"
    return re.compile(figure.join(re.escape(part) for part in parts), re.DOTALL)


def _retell(sentence: str, depth: int) -> str:
    for pattern, russian in _get_patterns() if depth else ():
        match = pattern.fullmatch(sentence)
        if match:
            return russian.format(*(_retell(value, depth - 1) for value in match.groups()))
    for separator in ("; ", ": "):
        head, found, rest = sentence.partition(separator)
        if found and depth:
            return _retell(head, depth - 1) + separator + _retell(rest, depth - 1)
    return sentence
