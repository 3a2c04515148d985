"""A smaller village lives a part of the year; what is told has happened, and replays the same."""

import pytest

from chain.store import MemoryStore
from node.audit.run import Audit, Trust
from node.audit.source import Source
from tests.year.events import EVENTS, go_on
from tests.year.story import MONTHS, NAMES, Story, get_date
from tests.year.village import People, Village
from wallet.words import Language, Words

MEMBERS = 60
DAYS = 118  # until the loans for sowing have been granted, by the committee and by vote


@pytest.fixture(scope="module")
def spring() -> tuple[Story, list[str]]:
    lines: list[str] = []
    village = Village(People(MEMBERS), MemoryStore())
    story = Story(village, Words(Language.ENGLISH), lines.append)
    story.run(DAYS, EVENTS, go_on)
    return story, lines


def test_votes_and_loans_have_happened_by_the_rules(spring: tuple[Story, list[str]]) -> None:
    story, lines = spring
    assert {"granted"} <= story.happened
    assert sum(item.startswith("passed: ") for item in story.happened) == 2
    assert sum("In force: " in line for line in lines) == 2
    assert [line for line in lines if not line.startswith(" ")] == [
        "\nJanuary 2025", "\nFebruary 2025", "\nMarch 2025", "\nApril 2025",
    ]  # fmt: skip


def test_the_chain_replays_to_the_same_root_and_nothing_is_found(
    spring: tuple[Story, list[str]],
) -> None:
    village = spring[0].village
    blocks = (block.whole_bytes for block in village.ledger.get_blocks())
    source = Source("year", village.genesis, blocks, None, None, None)
    run = Audit(source, Trust(genesis=village.genesis), clock=2e9)
    for _ in run.run(MemoryStore()):
        pass
    assert run.findings == []
    assert run.walk is not None
    assert run.walk.ledger.root == village.ledger.root


def test_the_story_is_told_in_russian_too() -> None:
    lines: list[str] = []
    story = Story(Village(People(MEMBERS), MemoryStore()), Words(Language.RUSSIAN), lines.append)
    story.run(3, EVENTS, go_on)
    assert lines[0] == "\nЯнварь 2025"
    assert "участников начинают" in lines[1]
    assert story.name("farid") == NAMES["farid"]
    assert len(MONTHS[Language.RUSSIAN]) == 12


def test_every_event_has_a_day_of_the_year() -> None:
    days = {(get_date(day).month, get_date(day).day) for day in range(365)}
    assert set(EVENTS) <= days
