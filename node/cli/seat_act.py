"""What all commands of ``pai seat`` share: keys in a folder, and the way of a transaction."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import click

from chain.actions import SeatKeys
from chain.policy import AccountId
from node.home import HomeError
from node.keys import KEYS_NAME, build_seat_keys, has_seat, read_seat_secrets
from wallet.flow import Intent, Manner, carry_out, run, tell_news, unlock
from wallet.session import Session, open_session
from wallet.terminal import Exit, Failure, Terminal

HOME: Final = click.Path(path_type=Path, file_okay=False)


def act(
    terminal: Terminal,
    name: str,
    folder: Path,
    password_file: Path | None,
    manner: Manner,
    build: Callable[[Session], Awaitable[Intent]],
) -> Exit:
    """Build what is wanted from what the ledger says now, ask, sign, send, wait."""

    async def work() -> Exit:
        async with open_session(folder, name, terminal.node_url) as session:
            tell_news(terminal, session)
            intent = await build(session)
            secrets = unlock(terminal, folder, name, password_file)
            return await carry_out(terminal, session, secrets, intent, manner)

    return run(work)


def read_keys(session: Session, home: Path) -> SeatKeys:
    """The public part of a seat's keys that lie in a folder, proven for the wallet's community."""
    if not has_seat(home):
        raise Failure(
            Exit.USAGE,
            "{home} holds no seat's keys: make them with 'pai seat keys'.",
            home=home,
        )
    try:
        held = read_seat_secrets(home / KEYS_NAME)
    except HomeError as error:
        raise Failure(Exit.USAGE, "{reason}.", reason=str(error)) from None
    check_owner(held.seat, session.account_id, home)
    return build_seat_keys(held, session.community.chain)


def describe_keys(owner: str, keys: SeatKeys) -> dict[str, object]:
    """The public part of a seat's keys, for programs."""
    return {
        "owner": owner,
        "vote_key": keys.vote.hex(),
        "vrf_key": keys.vrf.hex(),
        "standby_key": keys.standby.hex(),
        "proofs": [proof.hex() for proof in keys.proofs],
    }


def check_owner(held: str, account: AccountId, home: Path) -> None:
    """Refuse keys that belong to another account. Raises Failure."""
    if held != account.hex():
        raise Failure(
            Exit.USAGE,
            "The seat's keys in {home} belong to another owner: name another folder.",
            home=home,
        )
