"""A smaller village lives a part of the year; what is told has happened, and replays the same."""

import pytest

from chain.rules.debts import get_debts
from chain.store import MemoryStore
from chain.units import format_pai
from node.audit.report import build_report
from node.audit.run import Audit, Trust
from node.audit.source import Source
from tests.community import get_account_id
from tests.year.events import EVENTS, FARM_LINE, SOWING, go_on
from tests.year.story import MONTHS, NAMES, Story, get_date
from tests.year.village import FARM, People, Village
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
    check_report(run, village)


def check_report(run: Audit, village: Village) -> None:
    """The last period's credit, added up from the village's own accounts."""
    assert run.evidence is not None
    assert run.walk is not None
    row = build_report(run.evidence, run.walk, run.findings).periods[-1]
    state = village.ledger.state
    owned = [
        account.settlement
        for account_id in [item.id for item in village.genesis.accounts]
        if (account := state.accounts.get(account_id)) is not None
    ]
    newcomers = [village.get_balance(f"newcomer {number}") for number in range(2)]
    debts = [-balance for balance in (*owned, *newcomers) if balance < 0]
    assert (row.debt, row.debtors) == (format_pai(sum(debts)), len(debts))
    lines = [
        sum(grant.amount for grant in get_debts(state, get_account_id(name)).grants)
        for name in (FARM, *village.people.growers)
    ]
    assert row.granted == format_pai(sum(lines))
    assert lines.count(SOWING) == 3  # no more within what the committee may lend in 28 periods
    assert lines[0] == FARM_LINE
    assert row.overdue == row.lost_360 == "0"
    assert row.reserve == format_pai(village.money.reserve)


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
