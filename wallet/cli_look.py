"""``pai wallet``: looking. What a wallet holds now, and what happened to its money."""

import csv
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import click

from wallet.client import Entry
from wallet.credit import get_credit
from wallet.flow import get_names, run, tell_news
from wallet.keystore import find_only_wallet
from wallet.options import take_folder
from wallet.session import Session, open_session
from wallet.show import build_entry_document, build_history_table, tell_beginning
from wallet.show_account import build_account_document, build_account_parts
from wallet.terminal import Terminal

_PAGE: Final = 100
_HISTORY_MAX: Final = 100_000
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would take for a formula


@click.command("show")
@click.argument("name", required=False)
@take_folder
@click.pass_obj
def _show(terminal: Terminal, name: str | None, folder: Path) -> None:
    """Show what a wallet holds now, and what the next period will cost."""

    async def work() -> None:
        chosen = name or find_only_wallet(folder)
        async with open_session(folder, chosen, terminal.node_url) as session:
            tell_news(terminal, session)
            credit = await get_credit(session.client, session.address)
            terminal.answer(
                build_account_document(session, credit),
                *build_account_parts(terminal, session, credit),
            )

    run(work)


@click.command("history")
@click.argument("name")
@click.option(
    "--limit",
    type=click.IntRange(1, _HISTORY_MAX),
    default=50,
    show_default=True,
    help="How many entries, newest first.",
)
@click.option("--csv", "as_csv", is_flag=True, help="Write CSV, for a spreadsheet.")
@take_folder
@click.pass_obj
def _history(terminal: Terminal, name: str, limit: int, as_csv: bool, folder: Path) -> None:
    """Show what happened to a wallet's money, newest first."""

    async def work() -> None:
        async with open_session(folder, name, terminal.node_url) as session:
            tell_news(terminal, session)
            names = get_names(session)
            entries, since_slot = await _read_history(session, limit)
            if as_csv:
                _write_csv(entries, names)
                return
            title = terminal.say("History of {name}", name=name)
            terminal.answer(
                {
                    "wallet": name,
                    "address": session.address,
                    "entries": [build_entry_document(entry, names) for entry in entries],
                    "since_slot": since_slot,
                },
                build_history_table(terminal.words, entries, names, title),
                *tell_beginning(terminal.words, session.community, since_slot),
            )

    run(work)


COMMANDS: Final = (_show, _history)


async def _read_history(session: Session, limit: int) -> tuple[list[Entry], int]:
    """The newest entries, and up to which slot the node has none; 0 when it has more of them."""
    entries: list[Entry] = []
    before: int | str | None = None
    while len(entries) < limit:
        size = min(_PAGE, limit - len(entries))
        page = await session.client.get_history(session.address, before=before, limit=size)
        entries += page.entries
        before = page.next
        if before is None or not page.entries:
            return entries[:limit], page.since_slot
    return entries[:limit], 0


def _write_csv(entries: list[Entry], names: Mapping[str, str]) -> None:
    rows = [build_entry_document(entry, names) for entry in entries]
    titles = ("time", "height", "kind", "change", "counterparty", "name", "memo", "transaction")
    writer = csv.DictWriter(sys.stdout, titles, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(
        {title: disarm(row[title]) if title == "memo" else row[title] for title in titles}
        for row in rows
    )


def disarm(cell: object) -> object:
    """A memo that a stranger wrote must not become a formula in a member's spreadsheet."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
