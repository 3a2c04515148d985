"""A month of a small village by agents, and the table and chart of it reckoned by hand."""

from tests.community import PAI
from tests.eight_years.__main__ import build_chart, build_table
from tests.eight_years.agents import MONTH_DAYS, YEAR_DAYS, EightYears, Sample

EMPTY = Sample(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.0)


def build_run(scale: int) -> list[Sample]:
    months = YEAR_DAYS // MONTH_DAYS
    return [
        EMPTY._replace(
            day=(month + 1) * MONTH_DAYS,
            turnover=scale * 600_000 * PAI,
            mean_settlement=scale * 200_000 * PAI,
            debt=scale * 400_000 * PAI,
            savings=scale * 100_000 * PAI,
            at_limit=scale * 50,
            lost=scale * (month + 1) * 1_000 * PAI,
            written_off=scale * (month + 1) * 100 * PAI,
            reserve=scale * 7_000 * PAI,
            operators=scale * 9_000 * PAI,
            demurrage=scale * 1_000 * PAI,
        )
        for month in range(2 * months)
    ]


def test_the_table_has_a_row_a_year_of_means() -> None:
    head, _, first, second = build_table([build_run(1), build_run(3)])
    assert head.startswith("| year | turnover a month | velocity a month |")
    row = "1,200 | 3.00 | 800 | 200 | 25% | 40% | 26 | 26.0 | 0.17% | 2.6 | 14 | 18 |"
    assert (first, second) == (f"| 1 | {row}", f"| 2 | {row}")


def test_the_chart_shows_means_in_both_languages() -> None:
    runs = [build_run(1), build_run(3)]
    chart, russian = (build_chart(runs, "x", russian=item) for item in (False, True))
    assert chart.panels[0].lines[0].values[0] == 1_200_000
    assert chart.panels[1].lines[0].values[0] == 3
    assert [line.values[0] for line in chart.panels[3].lines] == [0.25, 0.4]
    assert russian.title != chart.title
    assert russian.panels[0].lines == chart.panels[0].lines
    assert chart.places[12] == 1


def test_agents_live_by_the_rules_and_their_seed_alone() -> None:
    first, again, other = (EightYears(40, seed) for seed in (1, 1, 2))
    for village in (first, again, other):
        while village.day < 2 * MONTH_DAYS:
            village.step()
    assert first.samples == again.samples
    assert first.samples != other.samples
    last = first.samples[-1]
    assert last.turnover > last.mean_settlement > 0
    assert last.debt > 0
    assert first.village.ledger.root == again.village.ledger.root


def test_the_turnover_told_is_what_was_paid_and_the_debt_what_is_owed() -> None:
    village = EightYears(40)
    paid = 0
    for _ in range(MONTH_DAYS // 4):
        village.step()
        paid += sum(village.village.turnover.values())
        village.village.turnover.clear()
    (sample,) = village.samples
    assert sample.turnover == paid
    balances = [village.village.get_balance(name) for name in village.agents]
    owed = -sum(balance for balance in balances if balance < 0)
    assert sample.debt == owed + sum(-village.village.get_balance(name) for name in village.gone)
