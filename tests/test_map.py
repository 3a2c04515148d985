"""The map of the house is true: every file is on it once, and whatever it names is there."""

import ast
import re

import pytest

from tests import map as house_map
from tests.map import ABOUT, BESIDE, PAGE, TESTS, build_page, get_first_line, list_files
from tests.test_layers import ARROWS, HOUSE, ROOMS
from tests.ways import WAYS, By, Step, Way

ROW = re.compile(r"^\| `([\w/]+\.py)` \| (.+) \|$", re.MULTILINE)
NAMED = re.compile(rf"`((?:{'|'.join((*ROOMS, 'tests', 'docs'))})/[\w./]*)`")
STEPS = [step for way in WAYS for step in way.steps]


def read_words(file: str) -> tuple[set[str], set[str]]:
    """Which names and texts a file uses, and what it defines."""
    used: set[str] = set()
    defined: set[str] = set()
    for node in ast.walk(ast.parse((HOUSE / file).read_text())):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.Constant(value=str(name)):
                used.add(name)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                defined.add(node.name)
    return used, defined


def is_taken(step: Step) -> bool:
    """Whether the word of a step is used where it begins, and known where it ends."""
    used, _ = read_words(step.source)
    there, defined = read_words(step.target)
    return step.word in used and step.word in (defined if step.by is By.CALL else there | defined)


def find_gaps(way: Way) -> list[str]:
    """Steps that begin where nothing has come to yet."""
    seen = {way.steps[0].source}
    gaps = []
    for step in way.steps:
        if step.source not in seen:
            gaps.append(step.source)
        seen.add(step.target)
    return gaps


def test_the_map_is_current() -> None:
    assert PAGE.read_text() == build_page(), "python -m tests.map writes it anew"


def test_every_file_is_on_the_map_once() -> None:
    files = {
        path.relative_to(HOUSE).as_posix()
        for room in ROOMS
        for path in (HOUSE / room).rglob("*.py")
    }
    rows = [file for file, _ in ROW.findall(PAGE.read_text())]
    assert len(rows) == len(set(rows))
    assert set(rows) == files


def test_every_room_and_every_folder_of_tests_is_described() -> None:
    folders = {path.name for path in HOUSE.iterdir() if any(path.glob("*.py"))}
    assert folders == {*ROOMS, "tests"} == {*ABOUT, "tests"} == {*ARROWS, "tests"}
    assert set(TESTS) == {path.parent.name for path in (HOUSE / "tests").glob("*/__init__.py")}


def test_whatever_is_named_exists() -> None:
    for name in [
        *NAMED.findall(PAGE.read_text()),
        *BESIDE,
        *(room.entrance for room in ABOUT.values()),
    ]:
        assert (HOUSE / name).exists(), name


@pytest.mark.parametrize("step", STEPS, ids=lambda step: f"{step.source} to {step.target}")
def test_every_step_of_a_way_is_taken(step: Step) -> None:
    assert is_taken(step)


def test_a_step_that_nobody_takes_is_found() -> None:
    step = STEPS[0]
    assert is_taken(step)
    assert not is_taken(step._replace(word="sign_drafts"))
    assert not is_taken(step._replace(target="chain/codec.py"))
    assert not is_taken(step._replace(source="chain/codec.py"))


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.title)
def test_every_way_hangs_together(way: Way) -> None:
    assert find_gaps(way) == []
    assert find_gaps(way._replace(steps=way.steps[:1] + way.steps[4:]))


def test_a_file_that_is_not_on_the_map_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(house_map, "list_files", lambda room: list_files(room)[1:])
    assert build_page() != PAGE.read_text()


def test_what_a_file_says_of_itself_fits_a_table() -> None:
    for room in ROOMS:
        for file in list_files(room):
            line = get_first_line(file)
            assert line.endswith((".", ":")), f"{file}: {line}"
