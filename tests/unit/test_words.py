"""Everything a person may read exists in both languages, and nothing in the catalogue is dead."""

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from chain.errors import Code, Invalid
from chain.refusals import MEANINGS
from genesis.figures import Unit
from node.cli.usage import normalise_help
from wallet.russian import ROOMS, load_sentences, load_texts
from wallet.words import (
    NO_BREAK,
    Language,
    Words,
    choose_language,
    get_plural_form,
)

HOUSE = Path(__file__).resolve().parents[2]
ROOMS_OF_CODE = ("chain", "consensus", "p2p", "node", "wallet", "genesis")
CATALOGUE = HOUSE / "wallet" / "russian"
CYRILLIC = re.compile("[а-яё]", re.IGNORECASE)

# Exceptions of rooms without a language whose text reaches people.
TOLD = {
    "BadGenesis",
    "ConfigError",
    "ConstitutionError",
    "ExportError",
    "HomeError",
    "JournalLost",
    "Invalid",
    "KeysError",
    "NodeHalted",
    "RuntimeError",
    "Sentence",
    "SnapshotError",
    "SourceError",
    "SourceUnreachable",
    "StoreError",
    "ValueError",
    "build_bad_request",
    "build_not_found",
}

# Functions that list what is wrong, sentence by sentence.
LISTING = re.compile("find_.*(faults|warnings|bounds)|get_.*_relations")

RU = Words(Language.RUSSIAN)
EN = Words(Language.ENGLISH)


def iterate_code() -> Iterator[tuple[Path, ast.Module]]:
    for room in ROOMS_OF_CODE:
        for path in sorted((HOUSE / room).rglob("*.py")):
            if CATALOGUE not in path.parents:
                yield path, ast.parse(path.read_text())


def get_text(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def get_name(node: ast.expr) -> str:
    match node:
        case ast.Name():
            return node.id
        case ast.Attribute():
            return node.attr
        case ast.Call():
            return get_name(node.func)
    return ""


def find_texts(tree: ast.Module) -> tuple[set[str], set[tuple[str, str]]]:
    """Texts that are said, marked, shown as help, or end a command; and pairs with a plural."""
    single: set[str | None] = set()
    plural = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            texts = [get_text(argument) for argument in node.args[:2]]
            match get_name(node.func), texts:
                case "say" | "mark", [text, *_]:
                    single.add(text)
                case "Failure" | "Figure", [_, text]:
                    single.add(text)
                case "say_count", [str(one), str(many)]:
                    plural.add((one, many))
            single.update(get_text(item.value) for item in node.keywords if item.arg == "help")
        elif isinstance(node, ast.FunctionDef):
            decorators = {get_name(item) for item in node.decorator_list}
            if decorators & {"command", "group"}:
                single.add(ast.get_docstring(node))
    return {text if "\n" not in text else normalise_help(text) for text in single if text}, plural


def get_template(node: ast.expr) -> str | None:
    """The sentence of a constant or an f-string, figures as ``{0}``, ``{1}``."""
    if isinstance(node, ast.BinOp):
        return get_template(node.left)  # a beginning, to which a list is added
    text = get_text(node)
    if text is not None:
        return text.replace("{", "{{").replace("}", "}}")
    if not isinstance(node, ast.JoinedStr):
        return None
    parts, figures = [], 0
    for value in node.values:
        fixed = get_text(value)
        if fixed is None:
            parts.append(f"{{{figures}}}")
            figures += 1
        else:
            parts.append(fixed)
    return "".join(parts)


def is_telling(template: str) -> bool:
    """A sentence has a word of its own beside its figures."""
    return re.search("[A-Za-z]{2}", re.sub(r"\{\w+\}", "", template)) is not None


def find_sentences(tree: ast.Module) -> set[str]:
    """Sentences raised or listed as faults by rooms that know no languages."""
    found: set[str | None] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and get_name(node.func) in TOLD:
            found.update(get_template(argument) for argument in node.args)
        elif isinstance(node, ast.Call) and get_name(node.func) == "fault":
            found.update(get_template(argument) for argument in node.args[1:])
        elif isinstance(node, ast.Assign) and get_name(node.targets[0]) == "detail":
            found.add(get_template(node.value))
        elif isinstance(node, ast.FunctionDef) and re.search(LISTING, node.name):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            inside = {
                id(part)
                for statement in body
                for joined in ast.walk(statement)
                if isinstance(joined, ast.JoinedStr)
                for part in ast.walk(joined)
                if part is not joined
            }
            for statement in body:
                for item in ast.walk(statement):
                    if isinstance(item, ast.expr) and id(item) not in inside:
                        template = get_template(item)
                        if template is not None and " " in template.strip():
                            found.add(template)
    return {strip_frame(template) for template in found if template and is_telling(template)}


def strip_frame(template: str) -> str:
    """Without the place before a sentence and without what follows it: each is retold by itself."""
    template = template.removesuffix(": ")
    if not template.startswith("{0}: "):
        return template
    return re.sub(
        r"\{(\d)\}", lambda figure: f"{{{int(figure[1]) - 1}}}", template.removeprefix("{0}: ")
    )


def knows_no_languages(path: Path) -> bool:
    inside = path.relative_to(HOUSE)
    return inside.parts[0] != "wallet" and inside.parts[:2] != ("node", "cli")


def collect_texts() -> tuple[set[str], set[tuple[str, str]]]:
    single = {meaning.text for meaning in MEANINGS.values()}
    single |= {unit.value for unit in Unit if unit is not Unit.COUNT}
    plural = set()
    for _, tree in iterate_code():
        texts, pairs = find_texts(tree)
        single |= texts
        plural |= pairs
    return single, plural


def collect_sentences() -> set[str]:
    found = set()
    for path, tree in iterate_code():
        if knows_no_languages(path):
            found |= find_sentences(tree)
    return found


def get_fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_every_text_has_russian() -> None:
    single, plural = collect_texts()
    russian = load_texts()
    assert [text for text in sorted(single) if not isinstance(russian.get(text), str)] == []
    assert [one for one, _ in sorted(plural) if not isinstance(russian.get(one), tuple)] == []


def test_the_catalogue_holds_no_dead_entries() -> None:
    single, plural = collect_texts()
    assert sorted(set(load_texts()) - single - {one for one, _ in plural}) == []


def test_no_text_stands_in_two_rooms() -> None:
    keys = [key for room in ROOMS for key in room]
    assert sorted({key for key in keys if keys.count(key) > 1}) == []


def test_placeholders_are_the_same_in_both_languages() -> None:
    _, plural = collect_texts()
    assert [pair for pair in plural if get_fields(pair[0]) != get_fields(pair[1])] == []
    differing = []
    for english, russian in load_texts().items():
        forms = russian if isinstance(russian, tuple) else (russian,)
        differing += [form for form in forms if get_fields(form) != get_fields(english)]
    assert differing == []


def test_russian_is_russian() -> None:
    forms: list[str] = []
    for russian in load_texts().values():
        forms.extend(russian if isinstance(russian, tuple) else [russian])
    forms.extend(load_sentences().values())
    texts = [text for text in forms if is_telling(text) and not CYRILLIC.search(text)]
    assert texts == []


def test_every_sentence_of_lower_rooms_has_russian_and_none_is_dead() -> None:
    collected, known = collect_sentences(), set(load_sentences())
    assert sorted(collected - known) == []
    assert sorted(known - collected - CLICK) == []


def test_figures_of_sentences_stand_in_order_and_all_are_told() -> None:
    for english, russian in load_sentences().items():
        figures = re.findall(r"\{(\d)\}", english)
        assert figures == [str(index) for index in range(len(figures))], english
        assert sorted(re.findall(r"\{(\d)\}", russian)) == figures, english


# What click and the operating system say: it cannot be collected, so it is listed.
CLICK = {
    "No such option {0}.",
    "No such option {0}. Did you mean {1}?",
    "No such option {0}. (Did you mean one of: {1}?)",
    "No such command {0}.",
    "No such command {0}. Did you mean {1}?",
    "No such command {0}. (Did you mean one of: {1}?)",
    "Missing command.",
    "Missing argument {0}.",
    "Missing argument {0}. Choose from:\n\t{1}",
    "Missing option {0}.",
    "Missing option {0}. Choose from:\n\t{1}",
    "Invalid value for {0}: {1}",
    "Invalid value: {0}",
    "Got unexpected extra argument ({0})",
    "Got unexpected extra arguments ({0})",
    "Option {0} requires an argument.",
    "Option {0} requires {1} arguments.",
    "Option {0} does not take a value.",
    "Argument {0} takes {1} values.",
    "{0} is not a valid {1}.",
    "{0} is not a whole number.",
    "{0} is not a number.",
    "{0} is not one of {1}.",
    "{0} is not in the range {1}.",
    "File {0} does not exist.",
    "File {0} is a directory.",
    "File {0} is not readable.",
    "Directory {0} does not exist.",
    "Directory {0} is a file.",
    "Path {0} does not exist.",
    "No such file or directory",
    "Permission denied",
    "Is a directory",
    "Not a directory",
    "File exists",
    "No space left on device",
    "Read-only file system",
    "Address already in use",
}


def test_refusals_are_told_in_both_languages() -> None:
    for code in Code:
        assert EN.refusal(code).endswith(f"[{int(code)} {code.name}]")
        assert CYRILLIC.search(RU.refusal(code)), code
    refused = Invalid(Code.INSUFFICIENT_BALANCE, "balance 1.5, wanted 3, it may fall to 0")
    assert RU.refused(refused) == (
        "На счёте меньше, чем нужно: столько тратить нельзя. "
        "(на счёте 1.5, нужно 3, остаток может опуститься до 0) "
        "[301 INSUFFICIENT_BALANCE]"
    )
    assert EN.refused(refused).startswith("The account would fall below what it may spend. (bal")
    assert EN.refusal(777) == "Refused with code 777."
    assert RU.refusal(777, "x") == "Отклонено с кодом 777. x"


def test_a_sentence_within_a_sentence_is_retold() -> None:
    assert (
        RU.retell("transaction 3: fee 0.01, at most 0 was allowed")
        == "транзакция 3: плата 0.01, а разрешено не больше 0"
    )
    assert RU.retell(
        "no community can be founded on this genesis: level_epochs must rise; the seat ab has no "
        "account"
    ) == (
        "на этом уставе нельзя основать сообщество: level_epochs должны возрастать; "
        "у места ab нет счёта"
    )
    assert RU.retell("something nobody wrote: here") == "something nobody wrote: here"
    assert EN.retell("deposit 3") == "deposit 3"


def test_hostile_sentences_cost_little() -> None:
    hostile = "transaction 1: " * 60
    assert RU.retell(hostile).startswith("транзакция 1: ")
    assert RU.retell("x" * 1_000_000) == "x" * 1_000_000


@pytest.mark.parametrize(
    ("n", "form"), [(0, 2), (1, 0), (2, 1), (4, 1), (5, 2), (11, 2), (12, 2), (21, 0), (112, 2)]
)
def test_plural_forms(n: int, form: int) -> None:
    assert get_plural_form(n) == form


def test_counts_are_said_with_their_plural() -> None:
    assert RU.duration(86_400 + 2 * 3_600 + 5) == "1 день 2 часа"
    assert EN.duration(86_400 + 2 * 3_600 + 5) == "1 day 2 hours"
    assert RU.duration(5) == "5 секунд"
    assert EN.duration(1) == "1 second"
    assert RU.duration(0) == "0 секунд"


@pytest.mark.parametrize(
    ("wish", "environ", "language"),
    [
        ("ru", {"LANG": "en_GB.UTF-8"}, Language.RUSSIAN),
        ("en", {"LANG": "ru_RU.UTF-8"}, Language.ENGLISH),
        (None, {"LANG": "ru_RU.UTF-8"}, Language.RUSSIAN),
        (None, {"LANG": "ru_RU.UTF-8", "LC_ALL": "C"}, Language.ENGLISH),
        (None, {"LC_MESSAGES": "ru_RU", "LANG": "de_DE"}, Language.RUSSIAN),
        (None, {"LC_ALL": "", "LANG": "ru"}, Language.RUSSIAN),
        (None, {}, Language.ENGLISH),
    ],
)
def test_language_of_the_locale(
    wish: str | None, environ: dict[str, str], language: Language
) -> None:
    assert choose_language(wish, environ) is language


def test_numbers() -> None:
    assert EN.amount(1_234_567_890_000) == f"1{NO_BREAK}234{NO_BREAK}567.89"
    assert RU.amount(-1_500_000) == "-1,50"
    assert EN.amount(1) == "0.000001"
    assert EN.amount(3_000_000, decimals=0) == "3"
    assert RU.percent(1, 3) == f"33,3{NO_BREAK}%"
    assert EN.percent(2, 3, decimals=0) == f"67{NO_BREAK}%"
    assert EN.percent(0, 0) == f"0.0{NO_BREAK}%"
    assert EN.date(0, utc=True) == "1970-01-01 00:00"
    assert RU.date(0, utc=True) == "01.01.1970 00:00"
