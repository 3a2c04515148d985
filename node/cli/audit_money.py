"""The part of a report about money: what there is, who bore demurrage, what funds got and gave."""

from decimal import Decimal
from typing import Final

from rich.console import RenderableType

from node.audit.report_types import Bearer, Report, Supply
from node.cli.charts import draw_bar
from node.cli.figures import BAR_WIDTH, tell_amount, tell_percent, tell_rounded
from wallet.terminal import Column, build_table
from wallet.words import Words, mark

KINDS: Final = {
    "seat_owner": mark("owners of servers"),
    "authority": mark("authorities"),
    "organisation": mark("organisations"),
    "member": mark("identified members"),
    "unidentified": mark("unidentified accounts"),
}
FUNDS: Final = {
    "reserve": mark("reserve"),
    "social": mark("social fund"),
    "operators": mark("operators of servers"),
    "active": mark("active members"),
    "municipality": mark("municipality"),
    "burned": mark("burned"),
}
_LINES: Final = {
    "settlement": mark("settlement accounts"),
    "savings": mark("savings accounts"),
    "bonds": mark("bonds of seats"),
    "reserve": mark("reserve"),
    "social": mark("social fund"),
    "operators": mark("operators of servers"),
    "active": mark("active members"),
    "municipality": mark("municipality"),
    "claims": mark("shares of active members, not taken yet"),
    "pot": mark("pot, not shared yet"),
}


_MOVES: Final = {
    "opening": mark("at the beginning"),
    "demurrage": mark("from demurrage"),
    "fees": mark("from fees"),
    "fines": mark("from offences and notices"),
    "shifted": mark("from other funds, or to them"),
    "votes": mark("spent by vote"),
    "rewards": mark("rewards of servers"),
    "set_offs": mark("rewards of the best set-offs"),
    "shares": mark("shares of active members"),
    "losses": mark("losses written off"),
    "closing": mark("now"),
    "difference": mark("unexplained"),
}
_ALWAYS: Final = ("opening", "closing", "difference")


def tell_supply(words: Words, report: Report) -> RenderableType:
    """All money, by where it lies."""
    supply = report.supply
    total = Decimal(supply.sum)
    rows = [
        (
            words.say(text),
            tell_amount(words, getattr(supply, name)),
            draw_bar(Decimal(getattr(supply, name)), total, BAR_WIDTH),
        )
        for name, text in _LINES.items()
        if getattr(supply, name) != "0"
    ]
    rows += [
        (words.say("in all"), tell_amount(words, supply.sum), ""),
        (words.say("issued less burned"), tell_amount(words, _minus(supply)), ""),
        (words.say("difference"), tell_amount(words, supply.difference), ""),
    ]
    return build_table(
        [
            Column(words.say("where money lies")),
            Column(words.say("pai"), figures=True),
            Column(""),
        ],
        rows,
        title=words.say("Supply and conservation"),
    )


def _minus(supply: Supply) -> str:
    return str(Decimal(supply.issued) - Decimal(supply.burned))


def tell_bearers(words: Words, report: Report) -> RenderableType:
    """Who bore demurrage, by kind."""
    demurrage = report.demurrage
    rows = [
        (
            name_bearer(words, item),
            words.number(item.accounts),
            tell_amount(words, item.amount),
            tell_percent(words, item.share),
            draw_bar(Decimal(item.share), 1, BAR_WIDTH),
        )
        for item in demurrage.borne_by
    ]
    rows.append((words.say("in all"), "", tell_amount(words, demurrage.charged), "", ""))
    return build_table(
        [
            Column(words.say("who bore demurrage")),
            Column(words.say("accounts"), figures=True),
            Column(words.say("pai"), figures=True),
            Column(words.say("share"), figures=True),
            Column(""),
        ],
        rows,
        title=words.say(
            "Demurrage: {charged} pai collected, {early} of it for early returns; "
            "{waiting} not collected yet",
            charged=tell_amount(words, demurrage.charged),
            early=tell_amount(words, demurrage.early_returns),
            waiting=tell_amount(words, demurrage.waiting),
        ),
    )


def name_bearer(words: Words, bearer: Bearer) -> str:
    """What holders are called: their kind, and the authorities' word for them if they have one."""
    kind = words.say(KINDS[bearer.kind])
    return kind if bearer.attested_as is None else f"{kind}: {bearer.attested_as}"


def tell_payers(words: Words, report: Report) -> RenderableType:
    """Those who bore most, without names."""
    return build_table(
        [
            Column(words.say("those who bore most"), figures=True),
            Column(words.say("kind")),
            Column(words.say("pai"), figures=True),
            Column(words.say("share"), figures=True),
        ],
        [
            (
                str(item.rank),
                words.say(KINDS[item.kind]),
                tell_amount(words, item.amount),
                tell_percent(words, item.share),
            )
            for item in report.demurrage.top_payers
        ],
    )


def tell_funded(words: Words, report: Report) -> RenderableType:
    """What demurrage went to."""
    funded = report.demurrage.funded
    total = sum(Decimal(amount) for amount in funded.values())
    return build_table(
        [
            Column(words.say("what demurrage funded")),
            Column(words.say("pai"), figures=True),
            Column(""),
        ],
        [
            (
                words.say(FUNDS[name]),
                tell_amount(words, amount),
                draw_bar(Decimal(amount), total, BAR_WIDTH),
            )
            for name, amount in funded.items()
            if amount != "0"
        ],
    )


def tell_funds(words: Words, report: Report) -> RenderableType:
    """Each fund's account: its lines are reasons, so that it fits a screen."""
    rows = [row for row in report.funds if row.closing != "0" or row.opening != "0"]
    return build_table(
        [
            Column(words.say("common funds")),
            *(Column(words.say(_LINES[row.fund]), figures=True) for row in rows),
        ],
        [
            (words.say(text), *(tell_rounded(words, getattr(row, name)) for row in rows))
            for name, text in _MOVES.items()
            if name in _ALWAYS or any(getattr(row, name) != "0" for row in rows)
        ],
    )
