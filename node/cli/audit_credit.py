"""How a report's credit, solvency and dealings look to people.

Every figure is exact in the document; bars only show proportions beside it.
"""

from decimal import Decimal

from rich.console import Group, RenderableType

from node.audit.report_types import Report
from node.cli.charts import draw_bar
from node.cli.figures import BAR_WIDTH, tell_amount, tell_number, tell_percent
from wallet.terminal import Column, build_sheet, build_table
from wallet.words import Words


def tell_credit(words: Words, report: Report) -> RenderableType:
    """What members owe, who cannot owe more, and what the reserve answers for."""
    credit = report.credit
    sheet = build_sheet(
        [
            (words.say("Owed by members"), tell_amount(words, credit.debt)),
            (
                words.say("Debtors, of persons"),
                f"{words.number(credit.debtors)} / {words.number(credit.persons)}",
            ),
            (
                words.say("Persons at their limit"),
                f"{words.number(credit.at_limit)} ({tell_percent(words, credit.share_at_limit)})",
            ),
            (words.say("- for more than 90 periods"), words.number(credit.stuck)),
            (words.say("Ten largest debtors"), tell_percent(words, credit.share_of_ten_debtors)),
            (words.say("Ten largest holders"), tell_percent(words, credit.share_of_ten_holders)),
            (words.say("Loans granted"), tell_amount(words, credit.granted)),
            (words.say("- guaranteed"), tell_percent(words, credit.coverage)),
            (words.say("Overdue"), tell_amount(words, credit.overdue)),
            (words.say("- found in 360 periods"), tell_amount(words, credit.overdue_360)),
            (words.say("Written off in 360 periods"), tell_amount(words, credit.lost_360)),
            (
                words.say("The reserve's share in 360 periods"),
                tell_amount(words, credit.inflow_360),
            ),
            (words.say("Reserve"), tell_amount(words, credit.reserve)),
            (
                words.say("Credit may grow"),
                words.say("no: losses exceed it") if credit.braked else words.say("yes"),
            ),
            (words.say("Drain: savings of what is owed"), tell_percent(words, credit.drain)),
            (
                words.say("Earned from one partner"),
                tell_percent(words, credit.share_from_one_partner),
            ),
        ],
        title=words.say("Credit"),
    )
    return Group(sheet, _tell_young(words, report)) if credit.young_base else sheet


def _tell_young(words: Words, report: Report) -> RenderableType:
    highest = max(Decimal(item.amount) for item in report.credit.young_base)
    return build_table(
        [
            Column(words.say("base of the young, by authority")),
            Column(words.say("pai"), figures=True),
            Column(""),
        ],
        [
            (
                item.name,
                tell_amount(words, item.amount),
                draw_bar(Decimal(item.amount), highest, BAR_WIDTH),
            )
            for item in report.credit.young_base
        ],
    )


def tell_solvency(words: Words, report: Report) -> RenderableType:
    """Whether outside money must stand behind what was withdrawn."""
    solvency = report.solvency
    return build_sheet(
        [
            (words.say("Loans: all that is owed"), tell_amount(words, solvency.loans)),
            (words.say("Money: all that is held"), tell_amount(words, solvency.money)),
            (words.say("Withdrawn"), tell_amount(words, solvency.withdrawn)),
            (words.say("Interest"), tell_amount(words, solvency.interest)),
            (words.say("Room: loans less the rest"), tell_amount(words, solvency.room)),
        ],
        title=words.say("Solvency"),
    )


def tell_dealings(words: Words, report: Report) -> RenderableType:
    """Turnover by whom it was between, and how unequal money and sales are."""
    dealings = report.dealings
    rows = [
        (text, tell_amount(words, amount), tell_percent(words, share))
        for text, amount, share in (
            (words.say("to oneself"), dealings.internal, dealings.share_internal),
            (
                words.say("with unidentified accounts"),
                dealings.unidentified,
                dealings.share_unidentified,
            ),
            (words.say("with foreign accounts"), dealings.foreign, dealings.share_foreign),
            (words.say("all payments"), dealings.turnover, "1"),
        )
    ]
    table = build_table(
        [
            Column(words.say("payments")),
            Column(words.say("pai"), figures=True),
            Column(words.say("share"), figures=True),
        ],
        rows,
        title=words.say("Dealings"),
    )
    sheet = build_sheet(
        [
            (words.say("Gini of money"), tell_number(words, dealings.gini_settlement)),
            (words.say("Gini of sales"), tell_number(words, dealings.gini_turnover)),
        ]
    )
    return Group(table, sheet)
