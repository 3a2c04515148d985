"""How the report on a community looks to people: tables with bars, part by part.

Every figure is exact in the document; bars and sparklines only show proportions beside it.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final

from rich.console import Group, RenderableType

from chain.genesis import Genesis
from chain.parameters import Constants
from node.audit.report_types import PeriodRow, Report
from node.cli.audit_credit import tell_credit, tell_dealings, tell_solvency
from node.cli.audit_exchange import tell_exchange
from node.cli.audit_money import (
    tell_bearers,
    tell_funded,
    tell_funds,
    tell_payers,
    tell_supply,
)
from node.cli.audit_setoff import tell_set_offs
from node.cli.audit_view import tell_findings
from node.cli.charts import draw_bar, draw_sparkline
from node.cli.figures import BAR_WIDTH, tell_amount, tell_number, tell_percent, tell_rounded
from wallet.terminal import Column, Terminal, build_sheet, build_table
from wallet.words import Words

SPARK_WIDTH: Final = 60
ID_SHOWN: Final = 16


def tell_report(
    terminal: Terminal, report: Report, genesis: Genesis, periods: int
) -> Iterator[RenderableType]:
    """The whole report, part by part."""
    words = terminal.words
    yield _tell_community(words, report)
    for part in (
        tell_supply(words, report),
        tell_bearers(words, report),
        tell_payers(words, report),
        tell_funded(words, report),
        tell_funds(words, report),
        _tell_velocity(words, report, genesis.constants),
        _tell_sparklines(words, report),
        _tell_periods(words, report.periods[-periods:]),
        tell_credit(words, report),
        tell_solvency(words, report),
        tell_dealings(words, report),
        *tell_set_offs(words, report.set_offs[-periods:]),
        *tell_exchange(words, report.exchange),
        _tell_identity(words, report),
        _tell_servers(words, report),
    ):
        yield ""
        yield part
    yield ""
    yield from tell_findings(words, report.findings, genesis.prefix)


def _tell_community(words: Words, report: Report) -> RenderableType:
    community = report.community
    return build_sheet(
        [
            (words.say("Community"), f"{community.name} ({community.id[:ID_SHOWN]})"),
            (words.say("Blocks executed again"), words.number(community.blocks)),
            (words.say("Transactions"), words.number(community.transactions)),
            (words.say("Payments"), words.number(community.payments)),
            (words.say("State root"), community.state_root),
        ],
        title=words.say("Report of an audit"),
    )


def _tell_velocity(words: Words, report: Report, constants: Constants) -> RenderableType:
    velocity = report.velocity
    period = words.duration(constants.slots_per_period * constants.slot_seconds)
    return build_sheet(
        [
            (words.say("Definition"), words.retell(velocity.definition)),
            (words.say("Turnover"), tell_amount(words, velocity.turnover)),
            (words.say("Mean settlement"), tell_amount(words, velocity.mean_settlement)),
            (words.say("Turnovers in all"), tell_number(words, velocity.turnovers)),
            (
                words.say("Turnovers a period ({period})", period=period),
                tell_number(words, velocity.a_period),
            ),
            (
                words.say("- without transfers to oneself"),
                tell_number(words, velocity.external_a_period),
            ),
            (words.say("- between persons"), tell_number(words, velocity.persons_a_period)),
            (words.say("- net of round trips"), tell_number(words, velocity.net_a_period)),
            (words.say("Turnovers in 28 periods"), tell_number(words, velocity.in_28_periods)),
            (words.say("Fees paid"), tell_amount(words, report.fees)),
        ],
        title=words.say("Velocity"),
    )


def _tell_sparklines(words: Words, report: Report) -> RenderableType:
    def draw(name: str) -> str:
        return draw_sparkline([Decimal(getattr(row, name)) for row in report.periods], SPARK_WIDTH)

    return build_sheet(
        [
            (words.say("turnover by period"), draw("turnover")),
            (words.say("velocity by period"), draw("velocity")),
            (words.say("demurrage by period"), draw("demurrage")),
            (words.say("savings by period"), draw("savings")),
            (words.say("active members by period"), draw("active_members")),
        ]
    )


def _tell_periods(words: Words, periods: Sequence[PeriodRow]) -> RenderableType:
    """Two tables one under the other: together they are too wide for most terminals."""
    highest = max((Decimal(row.velocity) for row in periods), default=Decimal(0))
    names = [words.number(row.period) + ("" if row.complete else "…") for row in periods]
    trade = build_table(
        [
            Column(words.say("period"), figures=True),
            Column(words.say("payments"), figures=True),
            Column(words.say("turnover"), figures=True),
            Column(words.say("mean settlement"), figures=True),
            Column(words.say("velocity"), figures=True),
            Column(""),
        ],
        [
            (
                name,
                words.number(row.payments),
                tell_rounded(words, row.turnover),
                tell_rounded(words, row.mean_settlement),
                tell_number(words, row.velocity),
                draw_bar(Decimal(row.velocity), highest, BAR_WIDTH // 2),
            )
            for name, row in zip(names, periods, strict=True)
        ],
        title=words.say("Periods"),
    )
    rest = build_table(
        [
            Column(words.say("period"), figures=True),
            Column(words.say("blocks"), figures=True),
            Column(words.say("missed slots"), figures=True),
            Column(words.say("active members"), figures=True),
            Column(words.say("demurrage"), figures=True),
            Column(words.say("savings"), figures=True),
        ],
        [
            (
                name,
                words.number(row.blocks),
                words.number(row.missed_slots),
                words.number(row.active_members),
                tell_rounded(words, row.demurrage),
                tell_rounded(words, row.savings),
            )
            for name, row in zip(names, periods, strict=True)
        ],
    )
    return Group(trade, rest)


def _tell_identity(words: Words, report: Report) -> RenderableType:
    identity = report.identity
    rows = [
        (
            item.name,
            item.jurisdiction,
            words.number(item.accounts),
            tell_amount(words, item.money),
        )
        for item in identity.authorities
    ]
    rows += [
        (
            words.say("identified in all"),
            "",
            (
                f"{words.number(identity.identified)} "
                f"({tell_percent(words, identity.share_of_accounts)})"
            ),
            (
                f"{tell_amount(words, identity.identified_money)} "
                f"({tell_percent(words, identity.share_of_money)})"
            ),
        ),
        (
            words.say("all accounts"),
            "",
            words.number(identity.accounts),
            tell_amount(words, identity.money),
        ),
    ]
    return build_table(
        [
            Column(words.say("authority")),
            Column(words.say("jurisdiction")),
            Column(words.say("accounts"), figures=True),
            Column(words.say("their money, pai"), figures=True),
        ],
        rows,
        title=words.say("Identity"),
    )


def _tell_servers(words: Words, report: Report) -> RenderableType:
    servers = report.servers
    return build_table(
        [
            Column(words.say("server's seat")),
            Column(words.say("blocks"), figures=True),
            Column(words.say("share"), figures=True),
            Column(words.say("expected"), figures=True),
            Column(""),
            Column(words.say("transactions served"), figures=True),
        ],
        [
            (
                row.seat,
                words.number(row.blocks),
                tell_percent(words, row.share),
                tell_percent(words, row.expected_share),
                draw_bar(Decimal(row.share), 1, BAR_WIDTH),
                words.number(row.service),
            )
            for row in servers.seats
        ],
        title=words.say(
            "Servers: {slots} slots, {missed} without a block",
            slots=words.number(servers.slots),
            missed=words.number(servers.missed_slots),
        ),
    )
