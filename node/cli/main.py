"""The program ``pai``: finds the noun, chooses the language, and turns every end into an exit code.

Each noun lives in a module of its own that holds ``command``, imported only when it is named, so
that a wallet never waits for the network's libraries. Functions of commands take the ``Terminal``
by ``click.pass_obj`` and may return an ``Exit``; they end early by raising ``Failure``.
"""

import os
import sys
import tomllib
import traceback
from collections.abc import Callable, Sequence
from importlib import import_module, metadata
from pathlib import Path
from typing import Final, NamedTuple

import click
from click.shell_completion import get_completion_class

import chain
from chain.crypto import check_libsodium
from chain.errors import BadGenesis, Invalid
from chain.store import StoreError
from genesis.table import ConstitutionError
from node.cli.usage import build_global_options, localise, show_help, tell_usage_error
from wallet.terminal import Exit, Failure, Output, Terminal, open_terminal
from wallet.words import choose_language, mark

PROGRAM: Final = "pai"
COMPLETION_VARIABLE: Final = "_PAI_COMPLETE"
TRACEBACK_VARIABLE: Final = "PAI_TRACEBACK"
HOUSE: Final = Path(__file__).resolve().parents[2]


class Noun(NamedTuple):
    """A noun of the program: the module that holds its ``command``, and what it is about."""

    module: str
    about: str


NOUNS: Final = {
    "demo": Noun("node.cli.demo", mark("Run a whole community on this machine and watch it.")),
    "genesis": Noun("node.cli.genesis", mark("Found a community: its constitution.")),
    "node": Noun("node.cli.node", mark("Run a server.")),
    "wallet": Noun("wallet.cli", mark("Hold keys, pay, save.")),
    "invoice": Noun("wallet.cli_invoice", mark("Owe and be owed; let debts be set off.")),
    "market": Noun(
        "node.cli.market", mark("Trade goods and work in chains, with little money or none.")
    ),
    "seat": Noun("node.cli.seat", mark("Take a seat among the servers that make blocks.")),
    "identity": Noun("node.cli.identity", mark("Say who is who; show who you are.")),
    "vote": Noun("node.cli.vote", mark("Decide together: propose, vote.")),
    "audit": Noun("node.cli.audit", mark("Replay a chain and report on it.")),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; returns its exit code. No traceback ever meets a person unasked."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    wishes, rest = take_global_options(given)
    terminal = open_terminal(
        choose_language(wishes.get("--lang"), os.environ),
        Output(wishes.get("--output", Output.TABLE)),
        wishes.get("--node"),
    )
    try:
        check_start()
        result = build_program(terminal, find_noun(rest)).main(
            rest,
            prog_name=PROGRAM,
            complete_var=COMPLETION_VARIABLE,
            standalone_mode=False,
            obj=terminal,
        )
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read our output has gone; nothing may be written when the interpreter closes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.INTERRUPTED
    except (click.Abort, KeyboardInterrupt):
        return Exit.INTERRUPTED
    except SystemExit as error:
        # Of completion, which ends the program itself; and of rich, whose reader has gone.
        return Exit.INTERRUPTED if error.code else Exit.DONE
    except Exception as error:  # noqa: BLE001 - the outermost door: all ends in one sentence
        return end_by(terminal, error)
    return result if isinstance(result, int) else Exit.DONE


def check_start() -> None:
    """Refuse an interpreter, packages or a libsodium under which our promises do not hold."""
    if not __debug__:
        raise Failure(
            Exit.USAGE, "Start without python -O: it removes the checks that guard money."
        )
    if Path(chain.__file__).resolve().parent.parent != HOUSE:
        raise Failure(
            Exit.USAGE,
            "Another package named 'chain' stands before ours, at {path}: use an environment "
            "of its own for Pai.",
            path=chain.__file__,
        )
    try:
        check_libsodium()
    except RuntimeError as error:
        raise Failure(Exit.USAGE, "{reason}", reason=str(error)) from None


def take_global_options(arguments: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """``--output``, ``--lang`` and ``--node`` from anywhere on the line, and what is left of it.

    A value that is not admitted stays on the line, where click complains about it.
    """
    admitted: dict[str, Callable[[str], bool]] = {
        "--output": lambda value: value in tuple(Output),
        "--lang": lambda value: value in ("ru", "en"),
        "--node": bool,
    }
    wishes: dict[str, str] = {}
    rest: list[str] = []
    waiting = list(arguments)
    while waiting:
        word = waiting.pop(0)
        if word == "--":
            return wishes, [*rest, word, *waiting]
        name, equals, value = word.partition("=")
        if name in admitted:
            if equals and admitted[name](value):
                wishes[name] = value
                continue
            if not equals and waiting and admitted[name](waiting[0]):
                wishes[name] = waiting.pop(0)
                continue
        rest.append(word)
    return wishes, rest


def find_noun(line: Sequence[str]) -> str | None:
    """The noun of a line without global options, or of the line that a shell wants completed."""
    if COMPLETION_VARIABLE in os.environ:
        line = take_global_options(os.environ.get("COMP_WORDS", "").split()[1:])[1]
    return next((word for word in line if not word.startswith("-")), None)


def build_program(terminal: Terminal, wanted: str | None) -> click.Group:
    """The program in the person's language; only the wanted noun's module is imported."""
    program = click.Group(
        PROGRAM,
        help=mark("A peer-to-peer ledger for local communities."),
        params=[
            click.Option(
                ["--version"],
                is_flag=True,
                expose_value=False,
                is_eager=True,
                callback=_show_version,
                help=mark("Show the version and exit."),
            )
        ],
    )
    for name, noun in NOUNS.items():
        if name == wanted:
            command = import_module(noun.module).command
            assert isinstance(command, click.Command)
            program.add_command(command, name)
        else:
            program.add_command(click.Group(name, help=noun.about))
    program.add_command(_completion)
    return localise(program, terminal.words, build_global_options())


def end_by(terminal: Terminal, error: BaseException) -> Exit:
    """Say in one sentence why the program ends, and with which code."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]  # a nursery wraps what its only failing task raised
    match error:
        case Failure():
            return terminal.fail(error)
        case click.exceptions.NoArgsIsHelpError():
            code, text = Exit.USAGE, show_help(error.ctx, terminal.words)
        case click.ClickException():
            code, text = Exit.USAGE, tell_usage_error(error, terminal.words)
        case Invalid():
            code, text = Exit.REFUSED, terminal.words.refused(error)
        case BadGenesis() | ConstitutionError() | StoreError():
            code, text = Exit.USAGE, terminal.words.retell(str(error))
        case OSError():
            reason = terminal.words.retell(error.strerror or str(error))
            code, text = Exit.USAGE, f"{error.filename}: {reason}" if error.filename else reason
        case _:
            code, text = Exit.FAULT, _describe_fault(terminal, error)
    terminal.note(text)
    return code


def get_version() -> str:
    """The program's version, whether it is installed or runs from its folder."""
    try:
        return metadata.version(PROGRAM)
    except metadata.PackageNotFoundError:
        project = tomllib.loads((HOUSE / "pyproject.toml").read_text())
        return str(project["project"]["version"])


def _describe_fault(terminal: Terminal, error: BaseException) -> str:
    if os.environ.get(TRACEBACK_VARIABLE):
        traceback.print_exception(error)
    return terminal.say(
        "This is a fault of the program, not yours: {kind}: {text}. Set PAI_TRACEBACK=1, "
        "run it again, and report what it prints.",
        kind=type(error).__name__,
        text=str(error),
    )


def _show_version(context: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        terminal = context.ensure_object(Terminal)
        version = get_version()
        terminal.answer({"version": version}, f"{PROGRAM} {version}")
        context.exit()


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def _completion(context: click.Context, shell: str) -> None:
    """Print what makes a shell complete our commands.

    For bash, add to ~/.bashrc: eval "$(pai completion bash)"
    """
    kind = get_completion_class(shell)
    assert kind is not None, "the three shells that click knows"
    program = context.find_root().command
    click.echo(kind(program, {}, PROGRAM, COMPLETION_VARIABLE).source())
