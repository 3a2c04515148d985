"""``pai seat``: keys for a seat, and what its owner's wallet says about it to the ledger.

Keys are made on the machine that will serve, with their journal, before or after a community
exists. Registering, bonding and unbonding are transactions of the owner's account and go the way
every payment goes.
"""

from pathlib import Path
from typing import Any, Final

import click
import msgspec

from chain.actions import (
    Action,
    Bond,
    RegisterSeat,
    Unbond,
)
from chain.address import decode_address, encode_address
from chain.errors import Code, Invalid
from chain.policy import AccountId
from chain.units import format_pai, parse_pai
from genesis.build import PREFIX
from genesis.private import write_new_file
from genesis.writer import write_seat_keys
from node.cli.seat_act import HOME, act, check_owner, describe_keys, read_keys
from node.cli.seat_keys import release, replace_keys, takeover
from node.home import HomeError
from node.keys import KEYS_NAME, build_seat_keys, has_seat, make_seat_keys, read_seat_secrets
from wallet.client import Account, DepositAnswer, NodeClient
from wallet.flow import Intent, Manner, run
from wallet.keystore import read_account
from wallet.options import take_folder, take_signing
from wallet.requests import parse_amount
from wallet.session import Session, open_client
from wallet.terminal import Column, Exit, Failure, Terminal, build_table
from wallet.words import mark

_WHOLE_DUTY: Final = 1_000_000  # duty is told in millionths
_BONDS: Final = {
    "bonded": mark("bonded"),
    "unbonding": mark("asked back"),
    "leaving": mark("asked back, waits for a hand-off"),
}


class SeatAnswer(msgspec.Struct, frozen=True):
    """A seat as a node describes it; amounts in pai."""

    seat: str
    weight: int
    bond: str
    blocks: int
    duty: int
    registered_epoch: int
    vote_key: str


class SeatsAnswer(msgspec.Struct, frozen=True):
    """``GET /v1/seats``."""

    total_weight: int
    seats: list[SeatAnswer]


@click.group("seat")
def command() -> None:
    """Take a seat among the servers that make blocks: keys, registration, bond."""


command.add_command(replace_keys)
command.add_command(takeover)
command.add_command(release)


@command.command("keys")
@click.option("--owner", metavar="ADDRESS", required=True, help="Address of the seat's owner.")
@click.option("--home", type=HOME, required=True, help="Folder of the node that will serve.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File for the public part, to give to whoever writes the constitution.",
)
@click.pass_obj
def make_keys(terminal: Terminal, owner: str, home: Path, out: Path | None) -> None:
    """Make a seat's keys with their journal and their proofs, in one act.

    The secret part stays in the node's folder. The public part is for the constitution of a
    community to come; in a running one, 'pai seat register' makes use of the keys. Where keys lie
    already, their public part is printed again.
    """
    prefix, account = _parse_owner(owner)
    try:
        if has_seat(home):
            held = read_seat_secrets(home / KEYS_NAME)
            check_owner(held.seat, account, home)
            keys = build_seat_keys(held)
        else:
            keys = make_seat_keys(account, home)
    except HomeError as error:
        raise Failure(Exit.USAGE, "{reason}.", reason=str(error)) from None
    text = f"[[seats]]\n{write_seat_keys(account, keys, prefix)}"
    document = describe_keys(encode_address(prefix, account), keys)
    if out is not None:
        write_new_file(out, text.encode(), private=False)
        text = terminal.say(
            "The public part is in {file}: give it to whoever writes the constitution.", file=out
        )
    terminal.answer(
        {**document, "home": str(home), "file": None if out is None else str(out)}, text
    )
    terminal.note(
        terminal.say(
            "The secret keys and their journal are in {home}. Never copy them to a second machine: "
            "two servers with one key sign twice, and the bond is lost.",
            home=home,
        )
    )


@command.command("status")
@click.argument("name", required=False)
@take_folder
@click.pass_obj
def show_status(terminal: Terminal, name: str | None, folder: Path) -> None:
    """Show all seats, and which bonds the wallet NAME has lent to its own."""

    async def work() -> None:
        async with open_client(terminal.node_url) as client:
            seats = await _get_seats(client)
            if name is None:
                _answer_seats(terminal, seats, None, None)
                return
            status = await client.get_status()
            prefix = status.community.prefix
            address = encode_address(prefix, read_account(folder, name))
            _answer_seats(terminal, seats, address, await client.get_account(address))

    run(work)


@command.command("register")
@click.argument("name")
@click.option("--home", type=HOME, required=True, help="Folder where 'pai seat keys' put the keys.")
@take_signing
@click.pass_obj
def register(
    terminal: Terminal,
    name: str,
    home: Path,
    folder: Path,
    password_file: Path | None,
    manner: Manner,
) -> Exit:
    """Open a seat for the owner of the wallet NAME, an identified member."""

    async def build(session: Session) -> Intent:
        if not session.account.identified:
            raise Invalid(Code.NOT_IDENTIFIED)
        keys = read_keys(session, home)
        return Intent(
            actions=(RegisterSeat(keys),),
            title=terminal.say("Seat of {name}", name=name),
            pairs=(
                (terminal.say("Vote key"), keys.vote.hex()),
                (terminal.say("Counts"), terminal.say("when it is bonded and a hand-off takes it")),
            ),
            document=describe_keys(session.address, keys),
        )

    return act(terminal, name, folder, password_file, manner, build)


@command.command("bond")
@click.argument("name")
@click.argument("deposit", type=click.IntRange(0))
@click.argument("amount", required=False)
@take_signing
@click.pass_obj
def bond(
    terminal: Terminal,
    name: str,
    deposit: int,
    amount: str | None,
    folder: Path,
    password_file: Path | None,
    manner: Manner,
) -> Exit:
    """Lend a deposit of the wallet NAME, whole or in part, to its own seat.

    A bond answers for what the server signs: whoever signs two things that exclude each other loses
    of it. 'pai wallet save' makes deposits, 'pai wallet show' numbers them.
    """

    async def build(session: Session) -> Intent:
        found = _find_deposit(session.account, deposit, "free", Code.DEPOSIT_BONDED)
        wanted = int(found.amount) if amount is None else parse_amount(amount)
        if wanted > found.amount:
            raise Invalid(Code.DEPOSIT_TOO_LITTLE, f"it holds {format_pai(found.amount)}")
        return _intend(terminal, session, Bond(deposit, wanted), wanted)

    return act(terminal, name, folder, password_file, manner, build)


@command.command("unbond")
@click.argument("name")
@click.argument("deposit", type=click.IntRange(0))
@take_signing
@click.pass_obj
def unbond(
    terminal: Terminal,
    name: str,
    deposit: int,
    folder: Path,
    password_file: Path | None,
    manner: Manner,
) -> Exit:
    """Ask for a bonded deposit back; it is released when the time for evidence is over."""

    async def build(session: Session) -> Intent:
        found = _find_deposit(session.account, deposit, "bonded", Code.DEPOSIT_NOT_BONDED)
        return _intend(terminal, session, Unbond(deposit), found.amount)

    return act(terminal, name, folder, password_file, manner, build)


def _intend(terminal: Terminal, session: Session, action: Action, amount: int) -> Intent:
    """A change of the wallet's bond by one deposit."""
    words, lends = terminal.words, isinstance(action, Bond)
    deposit_id = action.deposit if isinstance(action, Bond | Unbond) else 0
    title = (
        words.say("Bond for the seat of {name}", name=session.name)
        if lends
        else words.say("Bond back from the seat of {name}", name=session.name)
    )
    pairs = [(words.say("Deposit"), str(deposit_id)), (words.say("Amount"), words.amount(amount))]
    if lends:
        pairs.append(
            (words.say("Answers for"), words.say("whatever the server signs, until its release"))
        )
    document = {"deposit": deposit_id, "amount": format_pai(amount)}
    return Intent((action,), title, tuple(pairs), document=document)


def _find_deposit(account: Account, deposit_id: int, bond: str, refusal: Code) -> DepositAnswer:
    """The deposit of this number, when it is in the state that the command asks for."""
    for deposit in account.deposits:
        if deposit.id == deposit_id:
            if deposit.bond != bond:
                raise Invalid(refusal)
            return deposit
    raise Invalid(Code.UNKNOWN_DEPOSIT, f"deposit {deposit_id}")


async def _get_seats(client: NodeClient) -> SeatsAnswer:
    answer = await client.get_json("/v1/seats")
    try:
        seats = msgspec.convert(answer, SeatsAnswer)
        for item in seats.seats:
            parse_pai(item.bond)
    except (msgspec.ValidationError, ValueError):
        raise Failure(
            Exit.UNREACHABLE,
            "{url} answered in a way this program does not understand: is it a node, of this "
            "version?",
            url=client.url,
        ) from None
    return seats


def _answer_seats(
    terminal: Terminal, answer: SeatsAnswer, own: str | None, account: Account | None
) -> None:
    words = terminal.words
    bonds = [item for item in account.deposits if item.bond != "free"] if account else []
    seats = build_table(
        [
            Column(words.say("seat of")),
            Column(words.say("weight"), figures=True),
            Column(words.say("bond, pai"), figures=True),
            Column(words.say("blocks"), figures=True),
            Column(words.say("attendance"), figures=True),
            Column(words.say("since epoch"), figures=True),
        ],
        [
            (
                f"{item.seat} *" if item.seat == own else item.seat,
                words.percent(item.weight, answer.total_weight),
                words.amount(parse_pai(item.bond)),
                words.number(item.blocks),
                words.percent(item.duty, _WHOLE_DUTY),
                words.number(item.registered_epoch),
            )
            for item in answer.seats
        ],
    )
    parts: list[Any] = [seats]
    if own is not None:
        parts.append(_tell_own(terminal, own, answer))
    if bonds:
        parts.append(
            build_table(
                [
                    Column(words.say("deposit"), figures=True),
                    Column(words.say("bond, pai"), figures=True),
                    Column(words.say("state")),
                ],
                [
                    (str(item.id), words.amount(item.amount), words.say(_BONDS[item.bond]))
                    for item in bonds
                    if item.bond in _BONDS
                ],
            )
        )
    terminal.answer(
        {
            "total_weight": answer.total_weight,
            "seats": answer.seats,
            "own": own if any(item.seat == own for item in answer.seats) else None,
            "bonds": [
                {"deposit": item.id, "amount": format_pai(item.amount), "state": item.bond}
                for item in bonds
            ],
        },
        *parts,
    )


def _tell_own(terminal: Terminal, own: str, answer: SeatsAnswer) -> str:
    for item in answer.seats:
        if item.seat == own:
            return terminal.say(_tell_standing(item))
    return terminal.say("You have no seat: 'pai seat register' opens one.")


def _tell_standing(seat: SeatAnswer) -> str:
    """What an own seat does, or lacks."""
    if seat.weight:
        return mark("The seat marked * is yours; it makes blocks.")
    if parse_pai(seat.bond):
        return mark(
            "The seat marked * is yours; it makes no blocks yet: the next hand-off takes it in, if "
            "its server answers the roll-call."
        )
    return mark(
        "The seat marked * is yours; it makes no blocks yet: it needs a bond and a hand-off that "
        "takes it."
    )


def _parse_owner(text: str) -> tuple[str, AccountId]:
    """The prefix and the account of an address of a community that may not exist yet."""
    prefix = text.strip().lower().rpartition("1")[0] or PREFIX
    try:
        return prefix, decode_address(prefix, text)
    except ValueError as error:
        raise Failure(Exit.USAGE, "{reason}.", reason=str(error)) from None
