"""``python -m tests.eight_years``: lives them for several seeds; a table, and charts in docs/."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

from node.cli.chart_files import Chart, Line, Panel, write_charts
from tests.community import PAI
from tests.eight_years.agents import MONTH_DAYS, YEAR_DAYS, EightYears, Sample
from wallet.words import Language, Words

YEARS = 8
MEMBERS = 250
SEEDS = 3
THOUSAND = 1_000 * PAI
HEADS = (
    "year", "turnover a month", "velocity a month", "debt", "savings", "drain", "at the limit",
    "demurrage", "lost", "of turnover", "written off", "reserve", "operators' pool",
)  # fmt: skip

Runs = Sequence[Sequence[Sample]]


def main() -> None:
    """Live all years, print the table, draw the charts."""
    parser = argparse.ArgumentParser(prog="python -m tests.eight_years", description=__doc__)
    parser.add_argument("--years", type=int, default=YEARS)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--charts", type=Path, default=Path("docs/charts"))
    arguments = parser.parse_args()
    began = perf_counter()
    runs = []
    for seed in range(1, arguments.seeds + 1):
        runs.append(EightYears(MEMBERS, seed).run(arguments.years))
        print(f"seed {seed}: {perf_counter() - began:.0f} s", flush=True)
    print("\n".join(build_table(runs)))
    for language, file in ((Language.ENGLISH, "village"), (Language.RUSSIAN, "village-ru")):
        chart = build_chart(runs, file, russian=language is Language.RUSSIAN)
        write_charts(arguments.charts, [chart], Words(language).number)
    print(f"{perf_counter() - began:.0f} s; the charts are in {arguments.charts}")


def build_table(runs: Runs) -> list[str]:
    """A row a year as Markdown; amounts in thousands of pai, means of all runs."""
    months = YEAR_DAYS // MONTH_DAYS
    lines = [f"| {' | '.join(HEADS)} |", "|" + "---:|" * len(HEADS)]
    for year in range(len(runs[0]) // months):
        ends = [run[(year + 1) * months - 1] for run in runs]
        before = [run[year * months - 1] if year else None for run in runs]
        parts = [run[year * months : (year + 1) * months] for run in runs]
        turnover = _mean([sum(item.turnover for item in part) for part in parts])
        money = _mean([sum(item.mean_settlement for item in part) / months for part in parts])
        debt, savings = _mean([end.debt for end in ends]), _mean([end.savings for end in ends])
        lost, written_off = (
            _mean(
                [
                    getattr(end, field) - (getattr(start, field) if start else 0)
                    for end, start in zip(ends, before, strict=True)
                ]
            )
            for field in ("lost", "written_off")
        )
        figures = (
            f"{year + 1}",
            f"{turnover / months / THOUSAND:,.0f}",
            f"{turnover / months / money:.2f}",
            f"{debt / THOUSAND:,.0f}",
            f"{savings / THOUSAND:,.0f}",
            f"{savings / debt:.0%}",
            f"{_mean([end.at_limit for end in ends]) / MEMBERS:.0%}",
            f"{_mean([sum(item.demurrage for item in part) for part in parts]) / THOUSAND:,.0f}",
            f"{lost / THOUSAND:,.1f}",
            f"{lost / turnover:.2%}",
            f"{written_off / THOUSAND:,.1f}",
            f"{_mean([end.reserve for end in ends]) / THOUSAND:,.0f}",
            f"{_mean([end.operators for end in ends]) / THOUSAND:,.0f}",
        )
        lines.append(f"| {' | '.join(figures)} |")
    return lines


def build_chart(runs: Runs, file: str, *, russian: bool) -> Chart:
    """Turnover and velocity, debt and savings, losses and the reserve, who is at the limit."""

    def say(english: str, in_russian: str) -> str:
        return in_russian if russian else english

    def draw(name: str, field: str) -> Line:
        return Line(
            name, [round(_mean([getattr(item, field) for item in same]) / PAI) for same in months]
        )

    def share(name: str, field: str, whole: str) -> Line:
        return Line(name, [round(_mean_ratio(same, field, whole), 4) for same in months])

    months = list(zip(*runs, strict=True))
    at_limit = [round(_mean([item.at_limit for item in same]) / MEMBERS, 4) for same in months]
    panels = (
        Panel(
            say("paid in 28 days, pai", "оплачено за 28 дней, паи"),
            (draw("", "turnover"),),
        ),
        Panel(
            say("times money changed hands in 28 days", "оборотов денег за 28 дней"),
            (share("", "turnover", "mean_settlement"),),
        ),
        Panel(
            say("owed and saved, pai", "долги и накопления, паи"),
            (draw(say("debt", "долги"), "debt"), draw(say("savings", "накопления"), "savings")),
        ),
        Panel(
            say("parts", "доли"),
            (
                share(
                    say("drain: savings of debt", "отток: накопления к долгу"), "savings", "debt"
                ),
                Line(say("members at their limit", "участники на пределе"), at_limit),
            ),
            percent=True,
        ),
        Panel(
            say("debts left behind, and funds, pai", "брошенные долги и фонды, паи"),
            (
                draw(say("left behind so far", "брошено всего"), "lost"),
                draw(say("written off so far", "списано всего"), "written_off"),
                draw(say("reserve", "резерв"), "reserve"),
                draw(say("operators' pool", "фонд держателей серверов"), "operators"),
            ),
        ),
    )
    return Chart(
        file=file,
        title=say("Eight years of a village of 250", "Восемь лет села из 250 участников"),
        caption=say(
            f"Defaults of the preset coop, real rules; agents by dice, means of {len(runs)} runs.",
            "Пресет coop без изменений, настоящие правила; люди — по жребию. Прогонов, по которым "
            f"взято среднее: {len(runs)}.",
        ),
        across=say("years", "годы"),
        places=[round(same[0].day / YEAR_DAYS, 3) for same in months],
        panels=panels,
    )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _mean_ratio(same: Sequence[Sample], field: str, whole: str) -> float:
    return _mean([getattr(item, field) / max(1, getattr(item, whole)) for item in same])


if __name__ == "__main__":
    main()
