"""The charts of a report: which figures of its periods stand on which, with captions.

Only periods that are over are drawn, if any is. Long histories are drawn by means of four weeks of
the community's days, so that days of rest do not hide what grows and what falls.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from node.audit.report_types import PeriodRow, Report
from node.cli.audit_money import FUNDS, name_bearer
from node.cli.chart_files import Bars, Chart, Line, Panel
from wallet.words import Words

WEEKS_AFTER: Final = 112  # periods: from here on the means of 28 are drawn
WEEKS: Final = 28


def build_charts(words: Words, report: Report) -> list[Chart | Bars]:
    """All charts of a report, in the reader's language."""
    complete = [row for row in report.periods if row.complete]
    groups = _group(complete or report.periods)
    across = words.say("period")
    if any(len(rows) > 1 for rows in groups):
        across = words.say("period; means of 28")
    exchange = (
        [_chart_exchange(words, across, groups)] if report.exchange.without_money != "0" else []
    )
    return [
        _chart_velocity(words, across, groups),
        _chart_credit(words, across, groups),
        _chart_limits(words, across, groups),
        _chart_concentration(words, across, groups),
        _chart_dealings(words, across, groups),
        *exchange,
        _chart_bearers(words, report),
        _chart_funded(words, report),
    ]


def _group(rows: Sequence[PeriodRow]) -> list[Sequence[PeriodRow]]:
    if len(rows) <= WEEKS_AFTER:
        return [(row,) for row in rows]
    return [rows[first : first + WEEKS] for first in range(0, len(rows) - WEEKS + 1, WEEKS)]


def _draw(name: str, groups: Sequence[Sequence[PeriodRow]], field: str) -> Line:
    """The mean of a figure over each group."""
    return Line(
        name,
        [
            sum((Decimal(getattr(row, field)) for row in rows), Decimal(0)) / len(rows)
            for rows in groups
        ],
    )


def _get_places(groups: Sequence[Sequence[PeriodRow]]) -> list[int]:
    return [rows[-1].period for rows in groups]


def _chart_velocity(words: Words, across: str, groups: Sequence[Sequence[PeriodRow]]) -> Chart:
    return Chart(
        file="velocity",
        title=words.say("How much is paid, and how often money changes hands"),
        caption=words.say(
            "Velocity is what is paid in a period, divided by the mean of all positive settlement "
            "balances."
        ),
        across=across,
        places=_get_places(groups),
        panels=(
            Panel(
                words.say("turnover of a period, pai"),
                (_draw("", groups, "turnover"),),
            ),
            Panel(
                words.say("velocity of a period"),
                (
                    _draw(words.say("all payments"), groups, "velocity"),
                    _draw(words.say("without transfers to oneself"), groups, "velocity_external"),
                    _draw(words.say("between persons"), groups, "velocity_persons"),
                    _draw(words.say("net of round trips"), groups, "velocity_net"),
                ),
            ),
        ),
    )


def _chart_credit(words: Words, across: str, groups: Sequence[Sequence[PeriodRow]]) -> Chart:
    return Chart(
        file="credit",
        title=words.say("What members owe, and what stands against it"),
        caption=words.say(
            "Credit grows only while what was lost and is overdue in 360 periods is less than what "
            "flowed into the reserve."
        ),
        across=across,
        places=_get_places(groups),
        panels=(
            Panel(
                words.say("at the end of a period, pai"),
                (
                    _draw(words.say("debt"), groups, "debt"),
                    _draw(words.say("savings"), groups, "savings"),
                    _draw(words.say("loans granted"), groups, "granted"),
                ),
            ),
            Panel(
                words.say("the reserve and what it answers for, pai"),
                (
                    _draw(words.say("reserve"), groups, "reserve"),
                    _draw(words.say("overdue"), groups, "overdue"),
                    _draw(words.say("written off in 360 periods"), groups, "lost_360"),
                ),
            ),
        ),
    )


def _chart_limits(words: Words, across: str, groups: Sequence[Sequence[PeriodRow]]) -> Chart:
    return Chart(
        file="limits",
        title=words.say("Who cannot spend any more, and where money rests"),
        caption=words.say(
            "At the limit is who owes at least 95 % of what he may. Drain is savings as a part of "
            "debt: what is saved, debtors cannot earn."
        ),
        across=across,
        places=_get_places(groups),
        panels=(
            Panel(
                words.say("persons at their limit"),
                (_draw("", groups, "share_at_limit"),),
                percent=True,
            ),
            Panel(words.say("drain"), (_draw("", groups, "drain"),), percent=True),
        ),
    )


def _chart_concentration(words: Words, across: str, groups: Sequence[Sequence[PeriodRow]]) -> Chart:
    return Chart(
        file="concentration",
        title=words.say("How unequal money and sales are"),
        caption=words.say(
            "Gini's coefficient: 0 when all have the same, near 1 when one has everything. Money: "
            "balances above zero. Sales: what each received who paid or was paid."
        ),
        across=across,
        places=_get_places(groups),
        panels=(
            Panel(
                "",
                (
                    _draw(words.say("money"), groups, "gini_settlement"),
                    _draw(words.say("sales"), groups, "gini_turnover"),
                ),
            ),
        ),
    )


def _chart_dealings(words: Words, across: str, groups: Sequence[Sequence[PeriodRow]]) -> Chart:
    def draw(name: str, field: str) -> Line:
        return Line(name, [_get_share(rows, field) for rows in groups])

    return Chart(
        file="dealings",
        title=words.say("Payments that are not between members known here"),
        caption=words.say(
            "Parts of turnover. To oneself: both accounts are said to be of one person or firm. "
            "Foreign: a party is known, but only under another jurisdiction."
        ),
        across=across,
        places=_get_places(groups),
        panels=(
            Panel(
                "",
                (
                    draw(words.say("with unidentified accounts"), "turnover_unidentified"),
                    draw(words.say("with foreign accounts"), "turnover_foreign"),
                    draw(words.say("to oneself"), "turnover_internal"),
                ),
                percent=True,
            ),
        ),
    )


def _get_share(rows: Sequence[PeriodRow], field: str) -> Decimal:
    turnover = sum(Decimal(row.turnover) for row in rows)
    part = sum(Decimal(getattr(row, field)) for row in rows)
    return part / turnover if turnover else Decimal(0)


def _chart_exchange(words: Words, across: str, groups: Sequence[Sequence[PeriodRow]]) -> Chart:
    return Chart(
        file="exchange",
        title=words.say("What is traded in chains and set off, and how much needs no money"),
        caption=words.say(
            "All trade: payments, trades in chains, and what set-offs cleared. Without money: what "
            "was neither paid, nor moved by chains, nor lent to set-offs."
        ),
        across=across,
        places=_get_places(groups),
        panels=(
            Panel(
                words.say("in a period, pai"),
                (
                    _draw(words.say("payments"), groups, "turnover"),
                    _draw(words.say("traded in chains"), groups, "chains_traded"),
                    _draw(words.say("set off"), groups, "set_off"),
                ),
            ),
            Panel(
                words.say("trade that needed no money"),
                (_draw("", groups, "without_money"),),
                percent=True,
            ),
        ),
    )


def _chart_bearers(words: Words, report: Report) -> Bars:
    return Bars(
        file="demurrage-borne",
        title=words.say("Who bore demurrage"),
        caption=words.say(
            "Whoever holds money at the moment of demurrage bears it; {charged} pai in all.",
            charged=_round(words, report.demurrage.charged),
        ),
        bars=[
            (name_bearer(words, item), Decimal(item.amount), _round(words, item.amount))
            for item in report.demurrage.borne_by
        ],
    )


def _chart_funded(words: Words, report: Report) -> Bars:
    funded = report.demurrage.funded
    return Bars(
        file="demurrage-funded",
        title=words.say("What demurrage paid for"),
        caption=words.say("Pai, by the shares that members have agreed on."),
        bars=[
            (words.say(FUNDS[name]), Decimal(amount), _round(words, amount))
            for name, amount in funded.items()
            if amount != "0"
        ],
    )


def _round(words: Words, text: str) -> str:
    return words.number(int(Decimal(text).to_integral_value()))
