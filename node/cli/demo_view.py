"""How a demonstration looks: servers, members, trades and money, live and at the end."""

import time
from decimal import Decimal
from types import TracebackType
from typing import Any, Final, Self

from rich.console import Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from chain.units import parse_pai
from node.cli.audit_report import FUNDS
from node.cli.audit_view import tell_findings
from node.cli.charts import draw_bar, draw_sparkline
from node.ops.demo import Life
from node.ops.market import Good, Trade
from node.ops.outcome import Outcome
from node.ops.watch import Board
from wallet.terminal import Column, Terminal, build_sheet, build_table, make_harmless
from wallet.words import Words, mark

BAR_WIDTH: Final = 16
SPARK_WIDTH: Final = 40
MEMBERS_SHOWN: Final = 16
HASH_SHOWN: Final = 10
_CENT: Final = 10_000  # micropai
_GOOD: Final = "green"
_BAD: Final = "bold red"
_DIM: Final = "dim"

NAMES: Final = (
    mark("Anna"), mark("Boris"), mark("Vera"), mark("Gleb"), mark("Darya"), mark("Yegor"),
    mark("Zhanna"), mark("Ivan"), mark("Klara"), mark("Lev"), mark("Maria"), mark("Nikita"),
)  # fmt: skip
TRADES: Final = {
    Trade.FARMER: mark("farmer"),
    Trade.BAKER: mark("baker"),
    Trade.SHOP: mark("shopkeeper"),
    Trade.SMITH: mark("smith"),
    Trade.TEACHER: mark("teacher"),
    Trade.CARPENTER: mark("carpenter"),
    Trade.MILLER: mark("miller"),
    Trade.DOCTOR: mark("doctor"),
    Trade.SHEPHERD: mark("shepherd"),
    Trade.COOK: mark("cook"),
    Trade.WEAVER: mark("weaver"),
    Trade.POTTER: mark("potter"),
}
GOODS: Final = {
    Good.GRAIN: mark("grain"),
    Good.VEGETABLES: mark("vegetables"),
    Good.FLOUR: mark("flour"),
    Good.BREAD: mark("bread"),
    Good.BREAD_FOR_SALE: mark("bread for the shop"),
    Good.GROCERIES: mark("groceries"),
    Good.TOOLS: mark("tools"),
    Good.HORSESHOES: mark("horseshoes"),
    Good.LESSONS: mark("lessons"),
    Good.FURNITURE: mark("furniture"),
    Good.REPAIR: mark("repair of the roof"),
    Good.VISIT: mark("doctor's visit"),
    Good.CHEESE: mark("cheese"),
    Good.WOOL: mark("wool"),
    Good.DINNER: mark("dinner"),
    Good.CLOTH: mark("cloth"),
    Good.POTS: mark("pots"),
    Good.WAGES: mark("wages"),
}


class LiveView:
    """The table that lives while the community does."""

    def __init__(self, terminal: Terminal, life: Life) -> None:
        self._words = terminal.words
        self._life = life
        self._live = Live(console=terminal.console, auto_refresh=False, transient=True)

    def __enter__(self) -> Self:
        self._live.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.__exit__(kind, error, trace)

    def refresh(self) -> None:
        """Draw everything anew."""
        self._live.update(build_view(self._words, self._life), refresh=True)


def build_view(words: Words, life: Life) -> RenderableType:
    """Everything at a glance."""
    columns = Table.grid(padding=(0, 1), expand=True)
    columns.add_column(ratio=1)
    columns.add_column(ratio=1)
    columns.add_row(
        _tell_members(words, life), Group(_tell_money(words, life), _tell_trades(words, life))
    )
    return Group(_tell_headline(words, life), _tell_servers(words, life), columns)


def tell_progress(words: Words, board: Board) -> str:
    """One line for a log."""
    line = words.say(
        "slot {slot}: heights {heights}; payments {payments}, velocity {velocity}, "
        "demurrage {demurrage}",
        slot=words.number(max(0, board.clock_slot)),
        heights=" ".join(str(server.height) for server in board.servers),
        payments=words.number(board.payments),
        velocity=words.amount(int(board.velocity * 1_000) * 1_000, decimals=3),
        demurrage=_rounded(words, board.demurrage),
    )
    return line if board.agreed else f"{line} ({_tell_agreement(words, board)})"


def _tell_agreement(words: Words, board: Board) -> str:
    if board.agreed:
        return words.say("All servers follow one chain.")
    return words.say("Servers are catching up with each other.")


def _tell_headline(words: Words, life: Life) -> RenderableType:
    board, constants = life.board, life.founded.genesis.constants
    seconds = max(0, int(time.time()) - life.founded.genesis.genesis_time)
    text = Text(make_harmless(life.founded.genesis.name), style="bold")
    text.append(
        "   "
        + words.say(
            "slot {slot}, period {period}, {time}",
            slot=words.number(max(0, board.clock_slot)),
            period=words.number(max(0, board.clock_slot) // constants.slots_per_period),
            time=words.duration(seconds),
        ),
        style=_DIM,
    )
    if life.stop.is_set():
        text.append("   " + words.say("The end comes in a few seconds."), style="yellow")
    else:
        text.append("   " + words.say("Ctrl-C ends it."), style=_DIM)
    return text


def _tell_servers(words: Words, life: Life) -> RenderableType:
    board = life.board
    table = build_table(
        [
            Column(words.say("server of")),
            Column(words.say("height"), figures=True),
            Column(words.say("slot"), figures=True),
            Column(words.say("head")),
            Column(words.say("blocks"), figures=True),
            Column(""),
            Column(words.say("peers"), figures=True),
            Column(words.say("waiting"), figures=True),
            Column(words.say("memory, MiB"), figures=True),
        ],
        [
            (
                server.owner,
                words.number(server.height),
                words.number(server.slot),
                server.hash[:HASH_SHOWN],
                words.number(server.blocks),
                draw_bar(server.blocks, max(1, board.height), BAR_WIDTH),
                words.number(server.peers),
                words.number(server.waiting),
                words.amount(int(server.rss_mib * 10) * 100_000, decimals=1),
            )
            for server in board.servers
        ],
    )
    table.expand = True
    agreed = Text(_tell_agreement(words, board), style=_GOOD if board.agreed else "yellow")
    return Group(table, agreed)


def _tell_members(words: Words, life: Life) -> RenderableType:
    members = life.board.members[:MEMBERS_SHOWN]
    most = max((item.balance for item in members), default=1)
    table = build_table(
        [
            Column(words.say("member")),
            Column(words.say("trade")),
            Column(words.say("settlement"), figures=True),
            Column(""),
            Column(words.say("savings"), figures=True),
        ],
        [
            (
                item.name + (" *" if item.has_seat else ""),
                item.trade,
                _rounded(words, item.balance),
                draw_bar(item.balance, most, BAR_WIDTH),
                _rounded(words, item.savings),
            )
            for item in members
        ],
    )
    table.expand = True
    table.caption = words.say("* owns a server; its bond counts as savings")
    table.caption_justify = "left"
    return table


def _tell_money(words: Words, life: Life) -> RenderableType:
    board = life.board
    collected = max(1, board.demurrage)
    rows = [
        (words.say("payments"), words.number(board.payments)),
        (words.say("turnover, pai"), _rounded(words, board.turnover)),
        (
            words.say("velocity a period"),
            words.amount(int(board.velocity * 1_000) * 1_000, decimals=3),
        ),
        ("", draw_sparkline(list(board.velocities), SPARK_WIDTH)),
        (words.say("demurrage so far"), _rounded(words, board.demurrage)),
    ]
    rows += [
        (
            f"  {words.say(text)}",
            (
                f"{_rounded(words, board.funds[name]):>10} "
                f"{draw_bar(board.funds[name], collected, BAR_WIDTH)}"
            ),
        )
        for name, text in FUNDS.items()
        if board.funds.get(name)
    ]
    return Panel(build_sheet(rows), title=words.say("Money"), title_align="left")


def _tell_trades(words: Words, life: Life) -> RenderableType:
    table = Table.grid(padding=(0, 1))
    for trade in life.board.trades:
        table.add_row(
            Text(str(trade.slot), style=_DIM),
            Text(make_harmless(trade.payer)),
            Text("→", style=_DIM),
            Text(make_harmless(trade.to)),
            Text(_rounded(words, trade.amount), style="bold", justify="right"),
            Text(make_harmless(trade.memo), style=_DIM),
        )
    return Panel(table, title=words.say("Last trades"), title_align="left")


def tell_outcome(
    terminal: Terminal, life: Life, outcome: Outcome, document: dict[str, Any]
) -> list[RenderableType]:
    """How it ended, for people."""
    words = terminal.words
    parts: list[RenderableType] = [
        _tell_ends(words, life, document),
        "",
        _tell_sums(words, life, outcome, document),
        "",
        _tell_common_good(words, document),
        "",
    ]
    if outcome.agreed:
        text = words.say(
            "All servers hold the same block {height} with the same state root.",
            height=words.number(outcome.height),
        )
        parts.append(Text(text, style=_GOOD))
    else:
        parts.append(Text(words.say("The servers do not agree."), style=_BAD))
    findings = [finding for _, finding in outcome.findings]
    return [*parts, *tell_findings(words, findings, life.founded.prefix)]


def _tell_ends(words: Words, life: Life, document: dict[str, Any]) -> RenderableType:
    return build_table(
        [
            Column(words.say("server of")),
            Column(words.say("height"), figures=True),
            Column(words.say("blocks"), figures=True),
            Column(words.say("memory, MiB"), figures=True),
            Column(words.say("state root")),
        ],
        [
            (
                view.owner,
                words.number(item["height"]),
                words.number(item["blocks_produced"]),
                words.amount(int(item["rss_mib"] * 10) * 100_000, decimals=1),
                item["state_root"] or "-",
            )
            for view, item in zip(life.board.servers, document["servers"], strict=True)
        ],
        title=words.say("The community at its end"),
    )


def _tell_sums(
    words: Words, life: Life, outcome: Outcome, document: dict[str, Any]
) -> RenderableType:
    report = outcome.report
    first = life.first_block_seconds or 0.0
    pairs = [
        (words.say("First block after the servers' start, seconds"), f"{first:.1f}"),
        (words.say("Payments"), words.number(document["payments"])),
        (words.say("Refused"), words.number(document["refused"])),
        (words.say("Velocity a period"), _ratio(words, document["velocity"])),
        (words.say("Demurrage"), _rounded(words, parse_pai(document["demurrage"]))),
    ]
    if report is not None:
        sparkline = draw_sparkline([Decimal(row.velocity) for row in report.periods], SPARK_WIDTH)
        pairs.append((words.say("velocity by period"), sparkline))
    return build_sheet(pairs)


def _tell_common_good(words: Words, document: dict[str, Any]) -> RenderableType:
    funds = {name: parse_pai(document["funds"][name]) for name in FUNDS}
    total = max(1, sum(funds.values()))
    return build_table(
        [Column(words.say("where it went")), Column(words.say("pai"), figures=True), Column("")],
        [
            (words.say(text), _rounded(words, funds[name]), draw_bar(funds[name], total, BAR_WIDTH))
            for name, text in FUNDS.items()
            if funds[name]
        ],
    )


def _rounded(words: Words, amount_micropai: int) -> str:
    return words.amount((amount_micropai + _CENT // 2) // _CENT * _CENT)


def _ratio(words: Words, text: str) -> str:
    return words.amount(int(Decimal(text) * 1_000) * 1_000, decimals=3)
