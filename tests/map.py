"""Writes docs/map.md, room by room and file by file: ``python -m tests.map``.

What a file is for is the first line of its own docstring; who may import whom stands in
``tests.test_layers``, and how things travel in ``tests.ways``. Only what no file says is said here.
"""

import ast
import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from textwrap import fill
from typing import Final, NamedTuple

from tests.test_layers import (
    ARROWS,
    HOUSE,
    IMPURE,
    LIBRARIES,
    ROOMS,
    SPEAKERS,
    WALLET_OF_CHAIN,
    WALLET_OF_GENESIS,
)
from tests.ways import WAYS, By, Step, Way

PAGE: Final = HOUSE / "docs" / "map.md"
WIDTH: Final = 99  # of the page's paragraphs
PURE_ROOMS: Final = ("chain", "consensus")

HEAD: Final = """# Map of the house

For whoever is about to change something: which rooms there are, what each may not do, what is in
which file, and how a payment, a block and a vote travel through them. The rules themselves are in
[protocol.md](protocol.md), reasons in [decisions.md](decisions.md). Written by
`python -m tests.map` from the files' own first lines and from the tables in `tests/test_layers.py`
and `tests/ways.py`; a test keeps it current. To change what is said of a file, change the file.
"""


class Room(NamedTuple):
    """What a room's own first line leaves out."""

    more: str
    entrance: str  # where to begin reading


ABOUT: Final = {
    "chain": Room(
        "Whatever decides whether a block is valid is decided here, by nothing but the block and "
        "what came before it, so that every node and every auditor decides alike. It is told "
        "everything, asks nobody, and raises `Invalid` with a number where it refuses.",
        "chain/transition.py",
    ),
    "consensus": Room(
        "It decides which chain to follow, what our seat may sign, and what is final. It is handed "
        "events and hands back effects; it never does anything itself, so that a simulator plays "
        "hours in minutes.",
        "consensus/engine.py",
    ),
    "p2p": Room(
        "Peers, gossip, catching up, and how much anybody may ask of us. Whether what comes is any "
        "good the node says, through the judges that it hands in.",
        "p2p/view.py",
    ),
    "genesis": Room(
        "From a file that people read and agree on to the bytes whose hash is the community's id.",
        "genesis/build.py",
    ),
    "wallet": Room(
        "It holds no chain: it asks a node. It speaks English and Russian, and lends its terminal "
        "and its words to the command line.",
        "wallet/session.py",
    ),
    "node": Room(
        "Bytes come in by the network or HTTP and are decoded at the door; one task takes one "
        "message after the other; what consensus then wants done is done here: journal, disk, "
        "keys, network. Around it stand the HTTP interface, the audit, the demonstration and the "
        "program `pai`.",
        "node/task.py",
    ),
}

TESTS: Final = {
    "bench": "speed and memory: `make bench`",
    "contract": "what both twins of a foreign library, the real one and ours, must do alike",
    "dozen": "a dozen accounts try everything that the rules know: `make dozen`",
    "e2e": "the program as users start it, sockets and `kill -9`: `make kill`, `make finality`",
    "eight_years": "eight years of a village, told and drawn: `make village`",
    "fuzz": "what nobody would send; each file begins with its invariant and has a canary",
    "properties": "laws that hold for whatever Hypothesis draws",
    "simulation": "many nodes, every fault, virtual time: `make simulate`; [how](simulation.md)",
    "unit": "one subject a file",
    "vectors": "golden vectors, by a second implementation: [vectors.md](vectors.md)",
    "year": "a year of a village of 250: `make year`",
}

BESIDE: Final = {
    "docs/": "pages for people; [README.md](../README.md) says which for whom",
    "CHANGELOG.d/": "one fragment a change, in users' words",
    "Makefile": "every command there is: `make` alone lists them",
    ".ci/": "what decides whether a change lands: `make test`",
    "pyproject.toml": "packages, linters, and each dependency with the reason why it is there",
}


def build_page() -> str:
    """The page's text."""
    parts = [HEAD, _draw_house(), *(_build_way(way) for way in WAYS)]
    for room in ROOMS:
        parts += [_build_room(room), *_build_tables(room)]
    parts += [_build_tests(), _build_beside()]
    return "\n".join(parts)


def list_files(room: str) -> list[str]:
    """The files of a room and of its side rooms, those of a folder together."""
    files = [path.relative_to(HOUSE).as_posix() for path in (HOUSE / room).rglob("*.py")]
    return sorted(files, key=lambda file: (get_folder(file), file))


def get_folder(file: str) -> str:
    """Where a file lies: ``chain/rules/``."""
    return f"{file.rpartition('/')[0]}/"


def get_first_line(file: str) -> str:
    """What a file says it is for."""
    docstring = ast.get_docstring(ast.parse((HOUSE / file).read_text()))
    assert docstring, f"{file} does not say what it is for"
    return docstring.splitlines()[0].replace("``", "`").replace("|", "\\|")


def _build_table(head: tuple[str, str], rows: Iterator[tuple[str, str]]) -> str:
    lines = [f"| {head[0]} | {head[1]} |", "|---|---|", *(f"| {a} | {b} |" for a, b in rows)]
    return "\n".join(lines) + "\n"


def _build_tables(room: str) -> Iterator[str]:
    for folder, files in groupby(list_files(room), get_folder):
        table = _build_table(
            ("file", "what it is for"), ((f"`{file}`", get_first_line(file)) for file in files)
        )
        yield table if folder == f"{room}/" else f"### {folder}\n\n{table}"


def _build_room(room: str) -> str:
    about = ABOUT[room]
    text = f"{get_first_line(f'{room}/__init__.py')} {about.more} Begin at `{about.entrance}`."
    return f"## {room}/\n\n{_wrap(text)}\n\n{_wrap(_say_arrows(room))}\n"


def _wrap(text: str) -> str:
    return fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)


def _say_arrows(room: str) -> str:
    """What a room may import, and what it must not."""
    mine = [other for other in ROOMS if other in ARROWS[room] and other != room]
    never = [f"`{other}`" for other in (*ROOMS, "tests") if other not in ARROWS[room]]
    text = f"**May import** {_join([f'`{other}`' for other in mine]) or 'nothing else of ours'}"
    text += _say_exceptions(room)
    text += f"; **never** {_join(never)}."
    if room in PURE_ROOMS:
        text += " Nothing of Python's own that waits, draws, asks or tells, and no float"
        impure = [f"`{file}`" for file in IMPURE if file.startswith(f"{room}/")]
        text += f", but in {_join(impure)}." if impure else "."
    libraries = sorted(_list_libraries(room))
    return f"{text} Foreign libraries: {'; '.join(libraries)}." if libraries else text


def _say_exceptions(room: str) -> str:
    if room == "node":
        speakers = [f"`{place}`" if place.endswith("/") else f"`{place}*.py`" for place in SPEAKERS]
        return f" (and `wallet` in {_join(speakers)})"
    if room == "wallet":
        files = [f"`{name}` in `{file}`" for file, name in WALLET_OF_GENESIS.items()]
        some = _join([f"`{name.removeprefix('chain.')}`" for name in sorted(WALLET_OF_CHAIN)])
        return f" (of it what a signer needs: {some}; and {_join(files)})"
    return ""


def _list_libraries(room: str) -> Iterator[str]:
    for library, places in LIBRARIES.items():
        found = [place for place in places if place.startswith(f"{room}/")]
        if "" in places or f"{room}/" in found:
            yield f"{library}"
        elif found:
            yield f"{library} in {_join([f'`{place}`' for place in found])}"


def _join(words: Sequence[str]) -> str:
    return " and ".join(part for part in (", ".join(words[:-1]), *words[-1:]) if part)


def _build_tests() -> str:
    rows = ((f"`tests/{name}/`", what) for name, what in TESTS.items())
    text = (
        "They may import everything; nothing imports them. Files beside these folders are worlds "
        "that several of them share, and what keeps the house: `tests/test_layers.py`, "
        "`tests/test_tidy.py`, `tests/test_determinism.py`, `tests/test_map.py`."
    )
    return f"## tests/\n\n{_wrap(text)}\n\n" + _build_table(("folder", "what is tried"), rows)


def _build_beside() -> str:
    rows = ((f"`{name}`", what) for name, what in BESIDE.items())
    return "## Beside the rooms\n\n" + _build_table(("where", "what"), rows)


# Pictures, in the language of Mermaid.


def _draw_house() -> str:
    arrows = [
        f"    {room} --> {other}"
        for room in reversed(ROOMS)
        for other in ROOMS
        if other in ARROWS[room] and other != room
    ]
    arrows.append('    node -.->|"command line, demonstration"| wallet')
    arrows += [
        f'    {file.split("/")[0]} -.->|"{name}"| {name.split(".")[0]}'
        for file, name in WALLET_OF_GENESIS.items()
    ]
    return _fence("## Who imports whom", ["flowchart TD", *arrows])


def _build_way(way: Way) -> str:
    """A picture of a way, and its steps in words."""
    drawing = ["flowchart TD"]
    files = dict.fromkeys(file for step in way.steps for file in (step.source, step.target))
    for room in ROOMS:
        inside = [file for file in files if file.startswith(f"{room}/")]
        if inside:
            drawing.append(f'    subgraph in_{room}["{room}/"]')
            drawing += [
                f'        {_name(file)}["{file.removeprefix(room + "/")}"]' for file in inside
            ]
            drawing.append("    end")
    drawing += [_draw_step(number, step) for number, step in enumerate(way.steps, 1)]
    lines = [
        f"{number}. {_SAID[step.by].format(step.source, step.word, step.target)}: {step.told}"
        for number, step in enumerate(way.steps, 1)
    ]
    return _fence(f"## {way.title}", drawing) + "\n" + "\n".join(lines) + "\n"


_SAID: Final = {
    By.CALL: "`{0}` calls `{1}` of `{2}`",
    By.DATA: "`{0}` hands `{1}` on to `{2}`",
    By.WIRE: "over the wire `{0}` reaches `{1}` of `{2}`",
}


def _draw_step(number: int, step: Step) -> str:
    word = step.word.strip("/")
    return f'    {_name(step.source)} {step.by.value}|"{number} {word}"| {_name(step.target)}'


def _name(file: str) -> str:
    return re.sub(r"\W", "_", file.removesuffix(".py"))


def _fence(title: str, lines: list[str]) -> str:
    return "\n".join([title, "", "```mermaid", *lines, "```", ""])


if __name__ == "__main__":
    PAGE.write_text(build_page(), encoding="utf-8")
