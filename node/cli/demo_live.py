"""The live view of ``pai demo``: servers, members, money and trades, in whatever room there is.

A line is a line: what does not fit is cut short, never folded. 80 columns and 24 lines show the
usual village whole; a larger terminal shows more of it, with frames. Lists say what they leave out.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from types import TracebackType
from typing import Final, NamedTuple, Self

from rich.console import Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from chain.genesis import Genesis
from chain.units import MICROPAI_PER_PAI
from node.cli.audit_money import FUNDS
from node.cli.charts import draw_bar, draw_sparkline
from node.ops.demo import Life
from node.ops.watch import Board, ServerView
from wallet.terminal import Terminal, make_harmless
from wallet.words import Words

FRAMES_FROM: Final = (100, 32)  # columns and lines from which on there is room for frames
SERVERS_SHOWN: Final = 4  # at least, however low the terminal is
SPARK_WIDTH: Final = 20
HASH_SHOWN: Final = 8
_CENT: Final = MICROPAI_PER_PAI // 100
_GOOD: Final = "green"
_WARN: Final = "yellow"
_DIM: Final = "dim"
_HEAD: Final = "bold cyan"


class Room(NamedTuple):
    """A terminal's size, of which the view uses every column and line."""

    columns: int
    lines: int

    @property
    def framed(self) -> bool:
        """Whether frames and all columns have room."""
        return self.columns >= FRAMES_FROM[0] and self.lines >= FRAMES_FROM[1]

    @property
    def bar(self) -> int:
        """How long a bar may be."""
        return 16 if self.framed else 8


class Scene(NamedTuple):
    """What is shown at one moment."""

    genesis: Genesis
    board: Board
    seconds: int  # since slot 0
    ending: bool


class Cell(NamedTuple):
    """A column of a list: its title, and how what stands in it looks."""

    title: str
    figures: bool = False
    style: str = ""
    width: int | None = None
    stretchy: bool = False  # gives way first when there is too little room


class LiveView:
    """The view that is drawn again and again while the community lives."""

    def __init__(self, terminal: Terminal, life: Life) -> None:
        self._words = terminal.words
        self._life = life
        self._live = Live(
            console=terminal.console, auto_refresh=False, transient=True, vertical_overflow="crop"
        )

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
        """Draw everything anew, in the size that the terminal has now."""
        genesis = self._life.founded.genesis
        seconds = max(0, int(time.time()) - genesis.genesis_time)
        scene = Scene(genesis, self._life.board, seconds, self._life.stop.is_set())
        size = self._live.console.size
        # The last line stays free: a terminal that is written full to its corner may scroll.
        view = build_view(self._words, scene, Room(size.width, size.height - 1))
        self._live.update(view, refresh=True)


def build_view(words: Words, scene: Scene, room: Room) -> RenderableType:
    """Everything at a glance: at most as many lines as there are, none wider than they are."""
    frame = 2 if room.framed else 0
    # Besides the servers: the headline, their titles, whether they agree, and the members below.
    shown = max(SERVERS_SHOWN, room.lines - 3 - frame - _count_lower_lines(scene.board))
    servers = _tell_servers(words, scene.board, room, shown)
    used = 3 + frame + min(shown, len(scene.board.servers))
    left = room.lines - used
    money = _tell_money(words, scene.board, room)
    trades = _tell_trades(words, scene.board, left - 2 * frame - money.row_count - 1 + frame // 2)
    columns = Table.grid(padding=(0, 1 if room.framed else 2), expand=True)
    columns.add_column()
    columns.add_column(ratio=1)
    columns.add_row(
        _frame(room, words.say("Members"), _tell_members(words, scene.board, room, left - frame)),
        Group(
            _frame(room, words.say("Money"), money),
            _frame(room, words.say("Last trades"), trades, titled=True),
        ),
    )
    return Group(
        _tell_headline(words, scene),
        _frame(room, words.say("Servers"), servers),
        columns,
    )


def _count_lower_lines(board: Board) -> int:
    """How many lines members take when nobody is left out: titles, a line each, the note."""
    return min(len(board.members), 12) + 2


def _frame(
    room: Room, title: str, content: RenderableType, *, titled: bool = False
) -> RenderableType:
    """A part in its frame; without room for one under its title, if it needs one."""
    if room.framed:
        return Panel(content, title=title, title_align="left", border_style=_DIM, padding=(0, 1))
    return Group(Text(title, style=_HEAD), content) if titled else content


def _list(
    cells: Sequence[Cell], rows: Iterable[Sequence[str]], *, titles: bool = True, gap: int = 1
) -> Table:
    table = Table(
        box=None, show_header=titles, padding=(0, gap, 0, 0), pad_edge=False, header_style=_HEAD
    )
    for cell in cells:
        table.add_column(
            Text(cell.title, no_wrap=True, overflow="ellipsis"),
            justify="right" if cell.figures else "left",
            style=cell.style,
            width=cell.width,
            no_wrap=not cell.stretchy,
            overflow="ellipsis",
        )
    for row in rows:
        table.add_row(
            *(Text(make_harmless(text), no_wrap=True, overflow="ellipsis") for text in row)
        )
    return table


def tell_agreement(words: Words, board: Board) -> str:
    """Whether the servers follow one chain, as far as one look can tell."""
    if board.agreed:
        return words.say("All servers follow one chain.")
    return words.say("Servers are catching up with each other.")


def round_amount(words: Words, amount_micropai: int) -> str:
    """Pai with two decimals, rounded half up: for looking, not for books."""
    return words.amount((amount_micropai + _CENT // 2) // _CENT * _CENT)


def tell_share(words: Words, share: Decimal) -> str:
    """A part of a whole in percent."""
    return words.percent(int(share * 1_000_000), 1_000_000)


def _tell_headline(words: Words, scene: Scene) -> Text:
    slot = max(0, scene.board.clock_slot)
    text = Text(make_harmless(scene.genesis.name), style="bold", no_wrap=True, overflow="ellipsis")
    moment = words.say(
        "slot {slot}, period {period}, {time}",
        slot=words.number(slot),
        period=words.number(slot // scene.genesis.constants.slots_per_period),
        time=words.duration(scene.seconds),
    )
    text.append(f"   {moment}", style="not bold")
    if scene.ending:
        text.append("   " + words.say("The end comes in a few seconds."), style=_WARN)
    else:
        text.append("   " + words.say("Ctrl-C ends it."), style=_DIM)
    return text


def _tell_servers(words: Words, board: Board, room: Room, shown: int) -> RenderableType:
    final = any(server.final_height for server in board.servers)
    cells: list[tuple[Cell, Callable[[ServerView], str]]] = [
        (Cell(words.say("server of"), stretchy=True), lambda it: it.owner),
        (Cell(words.say("height"), True, "bold"), lambda it: words.number(it.height)),
        (Cell(words.say("final"), True), lambda it: words.number(it.final_height)),
        (Cell(words.say("slot"), True), lambda it: words.number(it.slot)),
        (Cell(words.say("head"), style=_DIM), lambda it: it.hash[:HASH_SHOWN]),
        (Cell(words.say("blocks"), True), lambda it: words.number(it.blocks)),
        (
            Cell("", style=_GOOD, width=room.bar),
            lambda it: draw_bar(it.blocks, max(1, board.height), room.bar),
        ),
        (Cell(words.say("peers"), True), lambda it: words.number(it.peers)),
        (Cell(words.say("waiting"), True), lambda it: words.number(it.waiting)),
        (
            Cell(words.say("memory, MiB"), True, stretchy=True),
            lambda it: words.amount(int(it.rss_mib * 10) * 100_000, decimals=1),
        ),
    ]
    if not room.framed:
        del cells[3]
    if not final:
        del cells[2]
    rows = [[tell(server) for _, tell in cells] for server in board.servers[:shown]]
    text = tell_agreement(words, board)
    hidden = len(board.servers) - len(rows)
    if hidden:
        text += "  " + words.say("And {n} more.", n=hidden)
    style = _GOOD if board.agreed else _WARN
    return Group(
        _list([cell for cell, _ in cells], rows, gap=3 if room.framed else 1),
        Text(text, style=style, no_wrap=True),
    )


def _tell_members(words: Words, board: Board, room: Room, lines: int) -> RenderableType:
    members = board.members[: max(1, lines - 2)]
    most = max((item.balance for item in board.members), default=1)
    cells = [
        Cell(words.say("member")),
        Cell(words.say("trade"), style=_DIM),
        Cell(words.say("settlement"), True, "bold"),
        Cell("", style=_WARN, width=room.bar),
        Cell(words.say("savings"), True),
    ]
    rows = [
        [
            item.name + (" *" if item.has_seat else ""),
            item.trade,
            round_amount(words, item.balance),
            draw_bar(item.balance, most, room.bar),
            round_amount(words, item.savings),
        ]
        for item in members
    ]
    if not room.framed:
        del cells[1]
        for row in rows:
            del row[1]
    note = words.say("* has a server; its bond counts as savings")
    hidden = len(board.members) - len(members)
    if hidden:
        note = words.say("And {n} more.", n=hidden)
    return Group(
        _list(cells, rows, gap=2 if room.framed else 1),
        Text(note, style=_DIM, no_wrap=True, overflow="ellipsis", end=""),
    )


def _tell_money(words: Words, board: Board, room: Room) -> Table:
    collected = max(1, board.demurrage)
    velocity = words.amount(int(board.velocity * 1_000) * 1_000, decimals=3)
    rows = [
        (words.say("payments"), words.number(board.payments), ""),
        (words.say("chains"), words.number(board.chains.number), ""),
        (words.say("turnover, pai"), round_amount(words, board.turnover), ""),
        (
            words.say("velocity a period"),
            velocity,
            draw_sparkline(list(board.velocities), SPARK_WIDTH if room.framed else room.bar),
        ),
        (words.say("in chains, pai"), round_amount(words, board.chains.amount), ""),
        (
            words.say("without money"),
            tell_share(words, board.share_without_money),
            draw_bar(board.share_without_money, 1, room.bar),
        ),
        (words.say("demurrage, pai"), round_amount(words, board.demurrage), ""),
    ]
    rows += [
        (
            f"  {words.say(text)}",
            round_amount(words, board.funds[name]),
            draw_bar(board.funds[name], collected, room.bar),
        )
        for name, text in FUNDS.items()
        if board.funds.get(name)
    ]
    cells = [Cell("", stretchy=True), Cell("", True, "bold"), Cell("", style=_WARN)]
    return _list(cells, rows, titles=False)


def _tell_trades(words: Words, board: Board, lines: int) -> Table:
    cells = [
        Cell("", True, _DIM),
        Cell(""),
        Cell("", style=_DIM),
        Cell(""),
        Cell("", True, "bold"),
        Cell("", style=_DIM, stretchy=True),
    ]
    rows = [
        (
            words.number(trade.slot),
            trade.payer,
            "→",
            trade.to,
            round_amount(words, trade.amount),
            trade.memo,
        )
        for trade in board.trades[: max(0, lines)]
    ]
    return _list(cells, rows, titles=False)
