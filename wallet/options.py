"""Options that several wallet commands share, and the shape they are handed over in."""

from collections.abc import Callable
from functools import wraps
from math import inf
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from wallet.flow import WAIT_SECONDS, Hand, Manner
from wallet.terminal import Terminal

FOLDER_VARIABLE: Final = "PAI_WALLETS"
_WAIT_SECONDS_MAX: Final = 3_600
FINAL_WAIT_SECONDS: Final = 120.0  # thirty slots; finality stands still when it takes longer

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])


def get_default_folder() -> Path:
    """Where wallets are kept unless the person says otherwise."""
    return Path.home() / ".pai" / "wallets"


def take_folder(function: FunctionT) -> FunctionT:
    """``--wallets``: handed over as ``folder``."""
    return click.option(
        "--wallets",
        "folder",
        type=click.Path(path_type=Path, file_okay=False),
        envvar=FOLDER_VARIABLE,
        default=get_default_folder,
        metavar="DIR",
        help="Folder of the wallets; by default PAI_WALLETS, else ~/.pai/wallets.",
    )(function)


def take_password(function: FunctionT) -> FunctionT:
    """``--password-file``: handed over as ``password_file``."""
    return click.option(
        "--password-file",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help="Read the password from this file; else from PAI_PASSWORD, else it is asked for.",
    )(function)


def take_yes(function: FunctionT) -> FunctionT:
    """``--yes``: handed over as ``yes``."""
    return click.option("--yes", is_flag=True, help="Do not ask, go on.")(function)


def take_wait(function: FunctionT) -> FunctionT:
    """``--wait``: handed over as ``wait``."""
    return click.option(
        "--wait",
        type=parse_wait,
        default=WAIT_SECONDS,
        show_default=True,
        metavar="SECONDS|final",
        help="How long to wait for the block, or 'final': until it is final; after that, exit 6.",
    )(function)


def parse_wait(text: str) -> float:
    """Seconds for the block; ``final`` is what lies beyond all of them."""
    if text == "final":
        return inf
    return click.FloatRange(0, _WAIT_SECONDS_MAX)(text)


def divide_wait(wait: float) -> tuple[float, bool]:
    """The seconds to wait, and whether for more than a block."""
    return (FINAL_WAIT_SECONDS, True) if wait == inf else (wait, False)


def take_signing(function: Callable[..., Any]) -> Callable[..., Any]:
    """Everything a signing command needs: ``folder``, ``password_file`` and ``manner``."""

    @wraps(function)
    def with_manner(*values: Any, yes: bool, wait: float, out: Path | None, **rest: Any) -> Any:
        seconds, final = divide_wait(wait)
        return function(*values, manner=Manner(yes, seconds, final, out), **rest)

    out = click.option(
        "--out",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help="Do not send: write the transaction to this file, for others to sign.",
    )
    return take_folder(take_password(take_yes(take_wait(out(with_manner)))))


def take_hand(function: Callable[..., Any]) -> Callable[..., Any]:
    """The wallet's name and what a signing command needs, handed over as the first argument."""

    @wraps(function)
    def with_hand(
        terminal: Terminal,
        name: str,
        folder: Path,
        password_file: Path | None,
        manner: Manner,
        **rest: Any,
    ) -> Any:
        return function(Hand(terminal, name, folder, password_file, manner), **rest)

    return take_signing(click.pass_obj(with_hand))
