"""``pai wallet statement``: every debit and credit, and what demurrage paid for."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, TextIO

import click
from rich.console import RenderableType

from chain.units import format_pai
from wallet.cli_look import disarm
from wallet.client import Entry
from wallet.flow import get_names, run, tell_news
from wallet.keystore import find_only_wallet
from wallet.options import take_folder
from wallet.session import Session, open_session
from wallet.show import KINDS, build_entry_document, tell_beginning, tell_pai
from wallet.statement import CHARGES, Line, PeriodOfStatement, build_statement, sum_funded
from wallet.terminal import Column, Terminal, build_sheet, build_table
from wallet.words import Words, mark

_PAGE: Final = 200
_PERIODS_MAX: Final = 3_650
_PERIODS: Final = 28
_FUNDED: Final = {
    "reserve": mark("reserve"),
    "social": mark("social fund"),
    "operators": mark("operators of servers"),
    "active": mark("active members"),
    "municipality": mark("municipality"),
    "burn": mark("burned"),
    "pot": mark("pot, not shared yet"),
}
_CSV_TITLES: Final = (
    "period", "time", "height", "kind", "change", "amount", "balance", "counterparty", "name",
    "memo", "transaction",
)  # fmt: skip


@click.command("statement")
@click.argument("name", required=False)
@click.option(
    "--periods", type=click.IntRange(1, _PERIODS_MAX), default=_PERIODS, show_default=True,
    help="How many periods (days), this one included.",
)  # fmt: skip
@click.option(
    "--csv",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Also write every line to this file as CSV, for a spreadsheet.",
)
@take_folder
@click.pass_obj
def _statement(
    terminal: Terminal, name: str | None, periods: int, file: Path | None, folder: Path
) -> None:
    """Account for every period: what came, what went, what melted and what that paid for."""

    async def work() -> None:
        chosen = name or find_only_wallet(folder)
        async with open_session(folder, chosen, terminal.node_url) as session:
            tell_news(terminal, session)
            slots = session.community.slots_per_period
            first = max(0, session.account.at.slot // slots - periods + 1)
            entries, since_slot = await _read_down_to(session, first * slots)
            told = build_statement(session.account, entries, slots, first)
            names = get_names(session)
            if file is not None:
                with file.open("w", encoding="utf-8", newline="") as stream:
                    _write_csv(stream, told, names)
            terminal.answer(
                {**_build_document(session, told, names), "since_slot": since_slot},
                *_build_parts(terminal, session, told, names),
                *tell_beginning(terminal.words, session.community, since_slot),
            )

    run(work)


COMMANDS: Final = (_statement,)


async def _read_down_to(session: Session, first_slot: int) -> tuple[list[Entry], int]:
    """History from now back to a slot, newest first; and up to where of that the node has none."""
    entries: list[Entry] = []
    before: int | str | None = None
    while True:
        page = await session.client.get_history(session.address, before=before, limit=_PAGE)
        entries += page.entries
        before = page.next
        if before is None or not page.entries or page.entries[-1].slot < first_slot:
            return entries, page.since_slot if page.since_slot > first_slot else 0


def _build_document(
    session: Session, told: Sequence[PeriodOfStatement], names: Mapping[str, str]
) -> dict[str, object]:
    """The statement for programs."""
    account = session.account
    return {
        "wallet": session.name,
        "address": session.address,
        "booked": format_pai(account.booked),
        "matured": format_pai(account.settlement - account.booked + account.running),
        "running": format_pai(account.running),
        "settlement": format_pai(account.settlement),
        "savings": format_pai(account.savings),
        "periods": [
            {
                "period": item.period,
                "opening": format_pai(item.opening),
                "received": format_pai(item.received),
                "shares": format_pai(item.shares),
                "paid": format_pai(item.paid),
                "fees": format_pai(item.fees),
                "demurrage": format_pai(item.demurrage),
                "early_return": format_pai(item.early_return),
                "closing": format_pai(item.closing),
                "funded": _format_all(item.funded),
                "lines": [
                    {
                        **build_entry_document(line.entry, names),
                        "balance": format_pai(line.balance),
                    }
                    for line in item.lines
                ],
            }
            for item in told
        ],
        "funded": _format_all(sum_funded(told)),
    }


def _format_all(amounts: Mapping[str, int]) -> dict[str, str]:
    return {name: format_pai(amount) for name, amount in amounts.items()}


def _build_parts(
    terminal: Terminal,
    session: Session,
    told: Sequence[PeriodOfStatement],
    names: Mapping[str, str],
) -> list[RenderableType]:
    """The statement for people: periods, lines, what demurrage funded, and the balance now."""
    words, account = terminal.words, session.account
    title = words.say("Statement of {name}", name=session.name)
    pairs = [
        (words.say("In the newest block"), tell_pai(words, account.booked)),
        (
            words.say("Savings due since"),
            tell_pai(words, account.settlement - account.booked + account.running),
        ),
        (words.say("Demurrage since, not collected yet"), tell_pai(words, -account.running)),
        (words.say("Settlement now"), tell_pai(words, account.settlement)),
    ]
    if not told:
        return [words.say("Nothing has happened in these periods."), build_sheet(pairs)]
    parts: list[RenderableType] = [
        _build_periods(words, told, title),
        "",
        _build_lines(words, told, names),
    ]
    funded = sum_funded(told)
    if funded:
        parts += ["", _build_funded(words, funded)]
    return [*parts, "", build_sheet(pairs)]


def _build_periods(words: Words, told: Sequence[PeriodOfStatement], title: str) -> RenderableType:
    return build_table(
        [
            Column(words.say("period"), figures=True),
            Column(words.say("Opening"), figures=True),
            Column(words.say("Came"), figures=True),
            Column(words.say("Went"), figures=True),
            Column(words.say("of it fees"), figures=True),
            Column(words.say("Demurrage"), figures=True),
            Column(words.say("Closing"), figures=True),
        ],
        [
            (
                words.number(item.period),
                words.amount(item.opening),
                words.amount(item.received),
                words.amount(item.paid),
                words.amount(item.fees),
                words.amount(item.demurrage),
                words.amount(item.closing),
            )
            for item in told
        ],
        title=title,
    )


def _build_lines(
    words: Words, told: Sequence[PeriodOfStatement], names: Mapping[str, str]
) -> RenderableType:
    return build_table(
        [
            Column(words.say("When"), figures=True),
            Column(words.say("What")),
            Column(words.say("Pai"), figures=True),
            Column(words.say("Balance"), figures=True),
            Column(words.say("Whom")),
            Column(words.say("Memo")),
        ],
        [
            (
                words.date(line.entry.time),
                words.say(KINDS[line.entry.kind]) if line.entry.kind in KINDS else line.entry.kind,
                _tell_change(words, line),
                words.amount(line.balance),
                names.get(line.entry.counterparty or "") or (line.entry.counterparty or "")[-8:],
                line.entry.memo,
            )
            for item in told
            for line in item.lines
        ],
    )


def _tell_change(words: Words, line: Line) -> str:
    """What moved the balance; in brackets what savings bore of what is not in it."""
    if line.change:
        return words.amount(line.change)
    return f"({words.amount(line.entry.amount)})" if line.entry.kind in CHARGES else "—"


def _build_funded(words: Words, funded: Mapping[str, int]) -> RenderableType:
    rows = [(words.say(_FUNDED[name]), words.amount(amount)) for name, amount in funded.items()]
    rows.append((words.say("in all"), words.amount(sum(funded.values()))))
    return build_table(
        [
            Column(words.say("what your demurrage funded")),
            Column(words.say("pai"), figures=True),
        ],
        rows,
    )


def _write_csv(stream: TextIO, told: Sequence[PeriodOfStatement], names: Mapping[str, str]) -> None:
    writer = csv.DictWriter(stream, _CSV_TITLES, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for item in told:
        for line in item.lines:
            row = build_entry_document(line.entry, names)
            writer.writerow(
                {
                    **row,
                    "memo": disarm(row["memo"]),
                    "period": item.period,
                    "balance": format_pai(line.balance),
                }
            )
