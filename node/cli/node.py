"""``pai node``: make a server's home, run it, look at it, carry its chain elsewhere, check it."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

import click
import msgspec
import trio
from click.core import ParameterSource

from chain.address import encode_address
from chain.codec import encode
from chain.errors import BadGenesis
from chain.genesis import Genesis, compute_chain_id
from chain.rules.birth import find_genesis_faults
from genesis.schema import read_file
from genesis.table import ConstitutionError
from node.api.schema import StatusAnswer
from node.api.schema_chain import PeersAnswer
from node.cli.main import get_version
from node.cli.node_settings import DESCRIPTIONS
from node.cli.node_snapshot import adopt_checkpoint, adopt_snapshot, make_checkpoint, make_snapshot
from node.cli.node_status import build_parts, find_warnings
from node.cli.node_transfer import adopt_seat, copy_export, import_export
from node.config import OPTIONS, TOP, ConfigError, build_config, load_settings
from node.home import Home, HomeError, create_home, find_address, lock_home, read_genesis
from node.keys import has_seat, open_seat
from node.logs import LEVELS, Style
from node.ops.check import check_home
from node.ops.export import ExportError
from node.ops.snapshot import SnapshotError
from wallet.client import DEFAULT_NODE_URL, NodeClient
from wallet.terminal import Exit, Failure, Terminal, build_sheet

HOME_VARIABLE: Final = "PAI_NODE_HOME"

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])

_FILE: Final = click.Path(path_type=Path, dir_okay=False)
_FOLDER: Final = click.Path(path_type=Path, file_okay=False)


def get_default_home() -> Path:
    """Where a node lives unless the operator says otherwise."""
    return Path.home() / ".pai" / "node"


def take_home(function: FunctionT) -> FunctionT:
    """``--home``: handed over as ``home``."""

    def build(_context: click.Context, _parameter: click.Parameter, value: Path) -> Home:
        return Home(value)

    return click.option(
        "--home",
        type=_FOLDER,
        envvar=HOME_VARIABLE,
        default=get_default_home,
        callback=build,
        metavar="DIR",
        help="The node's home; by default PAI_NODE_HOME, else ~/.pai/node.",
    )(function)


@contextmanager
def telling() -> Iterator[None]:
    """What rooms without a language raise ends a command as a sentence in the person's own."""
    try:
        yield
    except (HomeError, ExportError, SnapshotError, ConstitutionError) as error:
        raise Failure(Exit.USAGE, "{reason}", reason=str(error)) from None
    except ConfigError as error:
        if error.source == OPTIONS:
            raise Failure(
                Exit.USAGE, "Option for {key}: {reason}", key=error.key, reason=error.problem
            ) from None
        if error.key == TOP:
            raise Failure(
                Exit.USAGE, "{source}: {reason}", source=error.source, reason=error.problem
            ) from None
        raise Failure(
            Exit.USAGE,
            "{source}: {key}: {reason}",
            source=error.source,
            key=error.key,
            reason=error.problem,
        ) from None


@click.group("node")
def command() -> None:
    """Run a server of a community: it keeps the ledger, passes it on, and with a seat makes it."""


@command.command("init")
@click.option("--genesis", "genesis_file", type=_FILE, required=True, help="The constitution.")
@take_home
@click.option("--snapshot", "snapshot_file", type=_FILE, help="Begin with this snapshot's state.")
@click.option("--checkpoint", "checkpoint_file", type=_FILE, help="Checkpoint that is trusted.")
@click.option(
    "--seat",
    "seat_folder",
    type=_FOLDER,
    help="Folder in which 'pai seat keys' has made a seat's keys; they move into the home.",
)
@click.pass_obj
def init(
    terminal: Terminal,
    genesis_file: Path,
    home: Home,
    snapshot_file: Path | None,
    checkpoint_file: Path | None,
    seat_folder: Path | None,
) -> None:
    """Make a home for a node: the community's genesis, a configuration to read, a seat's keys.

    With a snapshot the node begins at a block that is proven final, and fetches the blocks before
    that while it runs.
    """

    def describe(key: str) -> str:
        return terminal.say(DESCRIPTIONS[key])

    with telling():
        genesis = read_file(genesis_file)
        _check_genesis(genesis)
        if checkpoint_file is not None:
            adopt_checkpoint(home, genesis, checkpoint_file)
        if snapshot_file is not None:
            adopt_snapshot(terminal, home, genesis, snapshot_file)
        create_home(home.folder, encode(genesis), build_config(describe))
        if seat_folder is not None:
            adopt_seat(seat_folder, home)
        seat = open_seat(home.folder).own.id if has_seat(home.folder) else None
    address = None if seat is None else encode_address(genesis.prefix, seat)
    terminal.answer(
        {
            "home": str(home.folder),
            "community": {"id": compute_chain_id(genesis).hex(), "name": genesis.name},
            "seat": address,
        },
        build_sheet(
            [
                (terminal.say("Home"), str(home.folder)),
                (terminal.say("Community"), genesis.name),
                (terminal.say("Seat"), address or terminal.say("no seat here")),
                (terminal.say("Configuration"), str(home.config)),
            ]
        ),
        terminal.say("Start it with: pai node run --home {folder}", folder=home.folder),
    )


def _check_genesis(genesis: Genesis) -> None:
    faults = find_genesis_faults(genesis)
    if faults:
        raise BadGenesis("no community can be founded on this genesis: " + "; ".join(faults))


@command.command("run")
@take_home
@click.option("--listen", multiple=True, metavar="MULTIADDR", help="Where to meet other nodes.")
@click.option("--public", multiple=True, metavar="MULTIADDR", help="How others reach this node.")
@click.option("--peer", "peers", multiple=True, metavar="MULTIADDR", help="A node to begin with.")
@click.option("--api", metavar="HOST:PORT", help="Where programs and people ask this node.")
@click.option("--seat/--no-seat", default=None, help="Whether to make blocks.")
@click.option("--log-level", type=click.Choice(LEVELS), help="How much to tell.")
@click.option(
    "--log-style", type=click.Choice([style.value for style in Style]), help="How it looks."
)
@click.pass_obj
def run(
    _terminal: Terminal,
    home: Home,
    listen: tuple[str, ...],
    public: tuple[str, ...],
    peers: tuple[str, ...],
    api: str | None,
    seat: bool | None,
    log_level: str | None,
    log_style: str | None,
) -> Exit:
    """Run the node until SIGTERM or Ctrl-C. Options win over config.toml."""
    # Imported late: only this command needs the network's libraries, which take 50 MiB.
    from node.app import NodeHalted, run_node  # noqa: PLC0415 - see above

    flags = {
        "network.listen": listen or None,
        "network.public": public or None,
        "network.peers": peers or None,
        "api.listen": api,
        "seat.enabled": seat,
        "log.level": log_level,
        "log.style": log_style,
    }
    with telling():
        settings = load_settings(home.config, flags)
        try:
            run_node(home, settings, get_version())
        except NodeHalted as error:
            raise Failure(Exit.FAULT, "{reason}", reason=str(error)) from None
    return Exit.DONE


@command.command("status")
@take_home
@click.pass_obj
def status(terminal: Terminal, home: Home) -> None:
    """Show a node at a glance, and what is wrong with it.

    It is the node of --node, else the one that runs on --home.
    """
    url = _get_asked(terminal) or _find_url(home)
    document, peers = trio.run(_fetch, url, "/v1/status", "/v1/peers")
    try:
        answer = msgspec.convert(document, StatusAnswer)
        addresses = msgspec.convert(peers, PeersAnswer).addresses
    except msgspec.ValidationError:
        raise Failure(
            Exit.UNREACHABLE, "{url} is a node of another version of Pai.", url=url
        ) from None
    warnings = find_warnings(terminal, answer)
    terminal.answer(
        {**document, "url": url, "addresses": addresses, "warnings": warnings},
        *build_parts(terminal, answer, url, addresses),
    )


def _get_asked(terminal: Terminal) -> str | None:
    """The node of --node, or of PAI_NODE where no --home says which is meant."""
    source = click.get_current_context().get_parameter_source("home")
    is_home_named = source is ParameterSource.COMMANDLINE
    return None if is_home_named and not terminal.node_named else terminal.node_url


def _find_url(home: Home) -> str:
    source = click.get_current_context().get_parameter_source("home")
    if source is ParameterSource.DEFAULT and not home.genesis.exists():
        return DEFAULT_NODE_URL
    with telling():
        read_genesis(home)
        address = find_address(home)
    if address is None:
        raise Failure(
            Exit.UNREACHABLE,
            "No node runs on {home}: start it with 'pai node run', or name one with --node URL.",
            home=home.folder,
        )
    return address.url


async def _fetch(url: str, *paths: str) -> list[Any]:
    async with NodeClient(url) as client:
        return [await client.get_json(path) for path in paths]


@command.command("release")
@click.option("--yes", is_flag=True, help="Do not ask, go on.")
@take_home
@click.pass_obj
def release(terminal: Terminal, home: Home, *, yes: bool) -> None:
    """Let a seat vote again whose journal was lost, and which has been silent for long.

    Only for a seat that stays silent because more than a third have lost their journals at once.
    Its owner must also give notice, which costs a hundredth of the bond: pai seat release.
    """
    with telling():
        read_genesis(home)
        address = find_address(home)
    if address is None:
        raise Failure(
            Exit.UNREACHABLE,
            "No node runs on {home}: start it with 'pai node run', or name one with --node URL.",
            home=home.folder,
        )
    (document,) = trio.run(_fetch, address.url, "/v1/status")
    activation_slot = document["voting"]["activation_slot"]
    if activation_slot is None:
        raise Failure(Exit.USAGE, "The seat of this node has not lost its journal.")
    terminal.confirm(
        terminal.say("Let the seat vote again? What it may have signed before can cost its bond."),
        yes=yes,
    )
    os.kill(address.pid, signal.SIGUSR2)
    terminal.answer(
        {"released": True, "activation_slot": activation_slot},
        terminal.say("Told. In a minute 'pai node status' and the node's log say what came of it."),
    )


@command.command("export")
@click.argument("file", type=_FILE)
@take_home
@click.pass_obj
def export(terminal: Terminal, file: Path, home: Home) -> None:
    """Write the whole chain to a file that any MessagePack tool can read.

    It is the chain of --node, else of --home, whether a node runs there or not.
    """
    with telling():
        url = _get_asked(terminal)
        if url is None and (address := find_address(home)) is not None:
            url = address.url
        result = copy_export(terminal, file, home, url)
    terminal.answer(
        {"file": str(file), "blocks": result.blocks, "bytes": result.size_bytes},
        terminal.say_count(
            "{n} block written to {file}.",
            "{n} blocks written to {file}.",
            result.blocks,
            file=file,
        ),
    )


@command.command("import")
@click.argument("file", type=_FILE)
@take_home
@click.pass_obj
def import_(terminal: Terminal, file: Path, home: Home) -> None:
    """Take in the chain of an export file, checking every rule.

    The node must not be running; blocks it has already are compared and skipped.
    """
    with telling(), lock_home(home):
        result = import_export(terminal, file, home, read_genesis(home))
    terminal.answer(
        {
            "blocks": result.blocks,
            "height": result.height,
            "state_root": result.state_root.hex(),
        },
        terminal.say_count(
            "{n} block taken in; the chain now ends at block {height}.",
            "{n} blocks taken in; the chain now ends at block {height}.",
            result.blocks,
            height=terminal.words.number(result.height),
        ),
    )


@command.command("snapshot")
@click.argument("file", type=_FILE)
@take_home
@click.pass_obj
def snapshot(terminal: Terminal, file: Path, home: Home) -> None:
    """Write the state after the newest final block to a file, with the proof that it is final.

    Another node can begin with it: pai node init --snapshot FILE. This node must not be running.
    """
    with telling(), lock_home(home):
        make_snapshot(terminal, home, file)


@command.command("checkpoint")
@click.option("--out", type=_FILE, help="Also write it to this file.")
@take_home
@click.pass_obj
def checkpoint(terminal: Terminal, out: Path | None, home: Home) -> None:
    """Show the newest final block as a checkpoint, from which others may take up the chain.

    It is that of the node of --node, else of --home, whether a node runs there or not.
    """
    with telling():
        url = _get_asked(terminal)
        if url is None and (address := find_address(home)) is not None:
            url = address.url
        make_checkpoint(terminal, home, url, out)


@command.command("check")
@take_home
@click.pass_obj
def check(terminal: Terminal, home: Home) -> Exit:
    """Check a stopped node's home: files, keys, journal, store, root, blocks.

    Exit code 7 when something is wrong.
    """
    with (
        telling(),
        lock_home(home),
        terminal.progress(terminal.say("Checking blocks"), None) as advance,
    ):
        findings = [terminal.words.retell(sentence) for sentence in check_home(home, advance)]
    terminal.answer(
        {"home": str(home.folder), "findings": findings},
        *(findings or [terminal.say("All is well.")]),
    )
    return Exit.FOUND if findings else Exit.DONE
