"""How the program speaks with whoever started it: answers, questions, errors, exit codes.

An answer is one document: as JSON exactly that on stdout, for people a table or a few lines. All
else, questions and progress included, goes to stderr. Text that came from strangers cannot move the
cursor or hide behind invisible characters. Errors are sentences that say what to do.
"""

import getpass
import os
import sys
import textwrap
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import Final, NamedTuple, TextIO

import msgspec
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from wallet.words import Language, Words, mark

WIDTH_WITHOUT_TERMINAL: Final = 160  # in files and pipes lines need not fit a screen
PASSWORD_BYTES_MAX: Final = 1_024  # a password file is read no further
PASSWORD_VARIABLE: Final = "PAI_PASSWORD"  # noqa: S105 - the name of a variable, not a password
_YES: Final = frozenset({"y", "yes", "д", "да"})
_NO_SECRET: Final = mark(
    "A password is needed: run this in a terminal, or give --password-file FILE or PAI_PASSWORD."
)


class Exit(IntEnum):
    """How the program ends; scripts rely on these numbers."""

    DONE = 0
    REFUSED = 1  # by the ledger; the code and its meaning are printed
    USAGE = 2  # wrong usage or bad input file
    UNREACHABLE = 3  # no node answers
    DECLINED = 4  # by the person
    WRONG_KEY = 5  # wrong password or key
    UNKNOWN_OUTCOME = 6  # submitted, outcome not yet known
    FOUND = 7  # an audit found something
    FAULT = 70  # a fault of the program itself
    INTERRUPTED = 130  # Ctrl-C


class Output(StrEnum):
    """The two forms of an answer."""

    TABLE = "table"
    JSON = "json"


class Failure(Exception):
    """What ends a command: an exit code and a sentence, said in the person's language at the end.

    ``Failure(Exit.USAGE, "There is no file {path}: ...", path=path)``, from anywhere.
    """

    def __init__(self, code: Exit, text: str, /, **values: object) -> None:
        super().__init__(code, text, values)
        self.code = code
        self.text = text
        self.values = values

    def __str__(self) -> str:
        return self.text.format(**self.values)


class Column(NamedTuple):
    """A table's column: its title, already in the person's language, and whether it is figures."""

    title: str
    figures: bool = False


@dataclass(frozen=True, slots=True)
class Terminal:
    """One run of the program: the person's language, the form of answers, where to write."""

    words: Words
    output: Output
    node_url: str | None  # --node, else PAI_NODE; None: the command's own default
    interactive: bool  # whether somebody is there to be asked
    environ: Mapping[str, str]
    console: Console  # stdout
    errors: Console  # stderr
    node_named: bool = False  # node_url is of --node, not of PAI_NODE

    @property
    def is_json(self) -> bool:
        """Whether the answer is to be one JSON document."""
        return self.output is Output.JSON

    def say(self, text: str, /, **values: object) -> str:
        """The text in the person's language; see ``Words.say``."""
        return self.words.say(text, **values)

    def say_count(self, one: str, many: str, n: int, /, **values: object) -> str:
        """The text with the right plural; see ``Words.say_count``."""
        return self.words.say_count(one, many, n, **values)

    def answer(self, document: object, *parts: RenderableType) -> None:
        """Print the answer: the document as JSON, or the parts one under the other for people.

        Documents hold what JSON knows; amounts as decimal strings of pai (``format_pai``).
        """
        if self.is_json:
            data = msgspec.json.format(msgspec.json.encode(document), indent=2)
            self.console.file.write(data.decode() + "\n")
            return
        for part in parts:
            _print(self.console, part)

    def note(self, text: str) -> None:
        """Say something beside the answer, on stderr: a warning, what happens next."""
        _print(self.errors, text)

    def show(self, part: RenderableType) -> None:
        """Show something to read before a question is asked, on stderr."""
        _print(self.errors, part)

    def fail(self, failure: Failure) -> Exit:
        """Print why the command ends; returns the exit code."""
        values = {
            key: self.words.retell(value) if isinstance(value, str) else value
            for key, value in failure.values.items()
        }
        self.note(self.say(failure.text, **values))
        return failure.code

    def confirm(self, question: str, *, yes: bool) -> None:
        """Go on only when the person agrees, or said ``--yes`` beforehand. Raises Failure."""
        if yes:
            return
        if not self.interactive:
            raise Failure(
                Exit.USAGE, "Nobody is here to say yes: add --yes to go on without asking."
            )
        if self._ask(f"{question} {self.say('[y/N]')} ").strip().lower() not in _YES:
            raise Failure(Exit.DECLINED, "Declined: nothing was done.")

    def ask(self, question: str) -> str:
        """A line of text from the person. Raises Failure when nobody is there."""
        if not self.interactive:
            raise Failure(Exit.USAGE, "Nobody is here to be asked: {question}", question=question)
        return self._ask(f"{question} ").strip()

    def ask_password(self, question: str, *, file: Path | None, twice: bool = False) -> str:
        """A password: of the file, else of PAI_PASSWORD, else typed unseen. Raises Failure."""
        if file is not None:
            return _read_password(file)
        if self.environ.get(PASSWORD_VARIABLE):
            return self.environ[PASSWORD_VARIABLE]
        if not self.interactive:
            raise Failure(Exit.USAGE, _NO_SECRET)
        try:
            password = getpass.getpass(f"{question} ")
            if twice and getpass.getpass(f"{self.say('Once more:')} ") != password:
                raise Failure(Exit.USAGE, "The two passwords differ: try again.")
        except EOFError:
            raise Failure(Exit.DECLINED, "Declined: nothing was done.") from None
        if not password:
            raise Failure(Exit.USAGE, "The password is empty: type at least one character.")
        return password

    @contextmanager
    def progress(self, title: str, total: int | None) -> Iterator[Callable[[int], None]]:
        """A bar on stderr while work is done, if a terminal shows it; call with what was done."""
        if not self.errors.is_terminal or self.is_json:
            yield lambda _done: None
            return
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=self.errors, transient=True) as bar:
            task = bar.add_task(make_harmless(title), total=total)
            yield lambda done: bar.advance(task, done)

    def _ask(self, prompt: str) -> str:
        # input() would write its prompt to stdout, where the answer belongs.
        text = make_harmless(prompt)
        if self.errors.is_terminal and len(text) > self.errors.width:
            text = "\n".join(_fold(text.rstrip(), self.errors.width)) + " "
        self.errors.file.write(text)
        self.errors.file.flush()
        line = sys.stdin.readline()
        if not line:
            raise Failure(Exit.DECLINED, "Declined: nothing was done.")
        return line


def open_terminal(
    language: Language,
    output: Output,
    node_url: str | None,
    *,
    environ: Mapping[str, str] = os.environ,
    stdout: TextIO | None = None,
    stderr: TextIO | None = None,
) -> Terminal:
    """The terminal of this process, or one that writes to the given streams."""
    out, errors = stdout or sys.stdout, stderr or sys.stderr
    return Terminal(
        words=Words(language),
        output=output,
        node_url=node_url or environ.get("PAI_NODE") or None,
        interactive=sys.stdin is not None and sys.stdin.isatty(),
        environ=environ,
        console=_open_console(out),
        errors=_open_console(errors),
        node_named=bool(node_url),
    )


def build_table(
    columns: Sequence[Column], rows: Iterable[Sequence[str]], *, title: str | None = None
) -> Table:
    """A table of texts; figures stand to the right and are never broken."""
    table = Table(
        title=None if title is None else Text(make_harmless(title)),
        title_justify="left",
        min_width=cell_len(title or ""),
    )
    for column in columns:
        table.add_column(
            Text(make_harmless(column.title), no_wrap=False),
            justify="right" if column.figures else "left",
            no_wrap=column.figures,
            overflow="fold",
        )
    for row in rows:
        table.add_row(*(Text(make_harmless(cell)) for cell in row))
    return table


@dataclass(frozen=True, slots=True)
class Sheet:
    """Names and values of one thing. A word is never broken: addresses are there to be copied."""

    pairs: Sequence[tuple[str, str]]
    title: str | None

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> RenderResult:
        """The lines; one with a word that is too long is left to the terminal's own folding."""
        if self.title is not None:
            yield Text(self.title, style="bold")
        margin = max((cell_len(name) for name, _ in self.pairs), default=0) + 2
        room = max(options.max_width - margin, 1)
        for name, value in self.pairs:
            for number, line in enumerate(_fold(value, room)):
                label = "" if number else name
                text = f"{label}{' ' * (margin - cell_len(label))}{line}".rstrip()
                yield Text(text, no_wrap=True, overflow="ignore")


def build_sheet(pairs: Iterable[tuple[str, str]], *, title: str | None = None) -> Sheet:
    """Names and values of one thing, in two columns without lines."""
    return Sheet(
        tuple((make_harmless(name), make_harmless(value)) for name, value in pairs),
        None if title is None else make_harmless(title),
    )


def make_harmless(text: str) -> str:
    """The text with every character replaced that would steer a terminal or cannot be seen."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        character
        if character == "\n"
        or unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Zl", "Zp")
        else "\ufffd"
        for character in text
    )


def _fold(text: str, room: int) -> list[str]:
    """Lines of at most so many signs, ended between words; a longer word stays whole."""
    return [
        line
        for paragraph in text.split("\n")
        for line in (
            [paragraph]
            if len(paragraph) <= room
            else textwrap.wrap(paragraph, room, break_long_words=False, break_on_hyphens=False)
        )
    ]


def _print(console: Console, part: RenderableType) -> None:
    """On a terminal sentences end their lines between words; an address is never broken."""
    if isinstance(part, str):
        text = make_harmless(part)
        if console.is_terminal:
            text = "\n".join(_fold(text, console.width))
        console.print(Text(text), soft_wrap=True)
    else:
        console.print(part, crop=False)


def _open_console(stream: TextIO) -> Console:
    width = None if stream.isatty() else WIDTH_WITHOUT_TERMINAL
    return Console(file=stream, width=width, markup=False, emoji=False, highlight=False)


def _read_password(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            data = stream.read(PASSWORD_BYTES_MAX)
        password = data.decode().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise Failure(
            Exit.USAGE, "The password file {path} cannot be read: {error}", path=file, error=error
        ) from None
    if not password:
        raise Failure(Exit.USAGE, "The password file {path} is empty.", path=file)
    return password
