"""``pai demo``: a whole community on this machine, to watch and to try things on."""

import signal
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import click
import trio

from chain.genesis import compute_chain_id
from node.cli.demo_live import LiveView
from node.cli.demo_view import (
    GOODS,
    NAMES,
    TRADES,
    build_names,
    tell_outcome,
    tell_progress,
)
from node.ops.demo import Founded, Life, Stopped, build_board, found, live
from node.ops.market import Good, Villager, settle_village
from node.ops.outcome import Outcome, SeatEnd, build_document, judge
from node.ops.servers import keep_servers
from wallet.terminal import Exit, Failure, Terminal
from wallet.words import Words

NODES_MAX: Final = 16  # seats of the preset; each is a process of 100 MiB and more
MEMBERS_MAX: Final = 200
LOG_EVERY_SECONDS: Final = 5.0
VIEW_EVERY_SECONDS: Final = 0.25


@click.command("demo")
@click.option(
    "--nodes", type=click.IntRange(1, NODES_MAX), default=4, show_default=True, help="Servers."
)
@click.option(
    "--members",
    type=click.IntRange(2, MEMBERS_MAX),
    default=12,
    show_default=True,
    help="Members who trade; the first of them own the servers.",
)
@click.option(
    "--seconds",
    type=click.FloatRange(10, 86_400),
    help="How long, from the first block on; by default until Ctrl-C.",
)
@click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder to keep the servers' homes in; by default they are removed at the end.",
)
@click.pass_obj
def command(
    terminal: Terminal, nodes: int, members: int, seconds: float | None, home: Path | None
) -> Exit:
    """Run a whole community on this machine and watch it.

    Servers are real processes that meet over libp2p; members are wallets that pay, earn and save
    in a village where money melts, and trade in chains that need next to none. It ends with Ctrl-C
    or after so many seconds: then all servers' chains are compared and replayed by an auditor. Ends
    with 7 unless all agree and nothing is found.
    """
    with ExitStack() as stack:
        folder = _choose_folder(stack, home)
        words = terminal.words
        village = settle_village(max(nodes, members))
        names = [build_name(words, villager) for villager in village]
        founded = found(nodes, members, folder, words.say("The village of Pai"), names)
        servers = stack.enter_context(keep_servers(founded.places))
        board = build_board(founded, [words.say(TRADES[item.trade]) for item in village])
        life = Life(founded, servers, board, partial(_tell_good, words), build_names(words))
        _note_beginning(terminal, founded, home)
        _run(terminal, life, seconds)
        terminal.note(words.say("The servers have stopped. An auditor replays every chain."))
        for server in servers:
            server.wait(_STOP_SECONDS)
        outcome = judge(founded.places, founded.genesis)
    document = _build_document(life, outcome)
    terminal.answer(document, *tell_outcome(terminal, life, outcome, document))
    clean = outcome.agreed and not outcome.findings
    return Exit.DONE if clean else Exit.FOUND


_STOP_SECONDS: Final = 10.0


def _choose_folder(stack: ExitStack, home: Path | None) -> Path:
    if home is None:
        return Path(stack.enter_context(TemporaryDirectory(prefix="pai-demo-")))
    if home.exists() and any(home.iterdir()):
        raise Failure(Exit.USAGE, "{folder} is not empty: choose another folder.", folder=home)
    return home


def build_name(words: Words, villager: Villager) -> str:
    """What to call a villager: a name of his own, with a number when the names are used up."""
    round_, place = divmod(villager.number, len(NAMES))
    name = words.say(NAMES[place])
    return f"{name} {round_ + 1}" if round_ else name


def _tell_good(words: Words, good: Good) -> str:
    return words.say(GOODS[good])


def _note_beginning(terminal: Terminal, founded: Founded, home: Path | None) -> None:
    terminal.note(
        terminal.say(
            "A community of {nodes} servers and {members} members begins. Its id is {id}.",
            nodes=len(founded.places),
            members=len(founded.people),
            id=compute_chain_id(founded.genesis).hex()[:16],
        )
    )
    for place in founded.places:
        terminal.note(terminal.say("A server answers at {url}", url=place.url))
    if home is not None:
        terminal.note(terminal.say("The servers' homes stay in {folder}.", folder=home))


def _run(terminal: Terminal, life: Life, seconds: float | None) -> None:
    try:
        trio.run(_live_and_show, terminal, life, seconds)
    except BaseExceptionGroup as group:
        stopped = group.subgroup(Stopped)
        if stopped is None:
            raise
        raise _build_failure(stopped) from None


def _build_failure(group: BaseExceptionGroup[Stopped]) -> Failure:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return Failure(
        Exit.FAULT,
        "A server ended by itself, or made no block. Its last words: {words}",
        words=str(error).strip() or "-",
    )


async def _live_and_show(terminal: Terminal, life: Life, seconds: float | None) -> None:
    show = _show_live if _is_watched(terminal) else _show_log
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_listen_for_ctrl_c, terminal, life)
        nursery.start_soon(show, terminal, life)
        await live(life, seconds)
        nursery.cancel_scope.cancel()


def _is_watched(terminal: Terminal) -> bool:
    return terminal.console.is_terminal and not terminal.is_json


async def _listen_for_ctrl_c(terminal: Terminal, life: Life) -> None:
    """The first Ctrl-C asks for the end; the second one does not wait for it."""
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for _ in signals:
            if life.stop.is_set():
                raise KeyboardInterrupt
            life.stop.set()
            if not _is_watched(terminal):
                terminal.note(terminal.say("Members stop trading; the end comes in a few seconds."))


async def _show_live(terminal: Terminal, life: Life) -> None:
    with LiveView(terminal, life) as view:
        while True:
            view.refresh()
            await trio.sleep(VIEW_EVERY_SECONDS)


async def _show_log(terminal: Terminal, life: Life) -> None:
    while True:
        await trio.sleep(LOG_EVERY_SECONDS)
        terminal.note(tell_progress(terminal.words, life.board))


def _build_document(life: Life, outcome: Outcome) -> dict[str, Any]:
    seats = [
        SeatEnd(view.seat, view.final_height, server.rss_bytes_max / 2**20)
        for view, server in zip(life.board.servers, life.servers, strict=True)
    ]
    community = compute_chain_id(life.founded.genesis).hex()
    return build_document(outcome, community, seats, life.board.refused)
