"""``pai seat replace-keys``, ``takeover``, ``release``: the ledger hears of keys and journals."""

from pathlib import Path

import click
import msgspec

from chain.actions import ReleaseNotice, ReplaceSeatKeys
from node.cli.seat_act import HOME, act, describe_keys, read_keys
from node.home import HomeError
from node.keys import KEYS_NAME, make_takeover, read_seat_secrets
from wallet.flow import Intent, Manner
from wallet.options import take_signing
from wallet.session import Session
from wallet.terminal import Exit, Failure, Terminal


class VotingAnswer(msgspec.Struct, frozen=True):
    """Of a node's status, what a notice of a lost journal says."""

    activation_slot: int | None
    justified_slot: int
    justified_hash: str


class StatusAnswer(msgspec.Struct, frozen=True):
    """``GET /v1/status``, as far as it matters here."""

    voting: VotingAnswer


@click.command("replace-keys")
@click.argument("name")
@click.option("--home", type=HOME, required=True, help="Folder where 'pai seat keys' put new keys.")
@take_signing
@click.pass_obj
def replace_keys(
    terminal: Terminal,
    name: str,
    home: Path,
    folder: Path,
    password_file: Path | None,
    manner: Manner,
) -> Exit:
    """Give the seat of the wallet NAME three new keys; a takeover that has not acted is cancelled.

    They serve from the third epoch on. Start the new home then, and stop the old one.
    """

    async def build(session: Session) -> Intent:
        keys = read_keys(session, home)
        return Intent(
            actions=(ReplaceSeatKeys(keys),),
            title=terminal.say("New keys for the seat of {name}", name=name),
            pairs=(
                (terminal.say("Vote key"), keys.vote.hex()),
                (terminal.say("Counts"), terminal.say("from the third epoch on")),
            ),
            document=describe_keys(session.address, keys),
        )

    return act(terminal, name, folder, password_file, manner, build)


@click.command("takeover")
@click.argument("name")
@click.option("--home", type=HOME, required=True, help="Folder with the seat's present keys.")
@click.option("--new-home", type=HOME, required=True, help="Folder for the keys that take over.")
@take_signing
@click.pass_obj
def takeover(
    terminal: Terminal,
    name: str,
    home: Path,
    new_home: Path,
    folder: Path,
    password_file: Path | None,
    manner: Manner,
) -> Exit:
    """Let a seat's standby key take over from a vote key that somebody else may have.

    It becomes the vote key at the next hand-off; blocks are made from the third epoch on. Any
    wallet NAME may hand it in; the owner can cancel it with 'pai seat replace-keys'. Start the new
    home then, and never the old one again.
    """

    async def build(session: Session) -> Intent:
        try:
            held = read_seat_secrets(home / KEYS_NAME)
            action = make_takeover(held, new_home, chain=session.community.chain)
        except HomeError as error:
            raise Failure(Exit.USAGE, "{reason}.", reason=str(error)) from None
        seat = session.community.get_address(action.seat)
        return Intent(
            actions=(action,),
            title=terminal.say("The standby key takes over"),
            pairs=(
                (terminal.say("Seat"), seat),
                (terminal.say("New home"), str(new_home)),
                (terminal.say("Counts"), terminal.say("from the next hand-off on")),
            ),
            document={"seat": seat, "home": str(new_home)},
        )

    return act(terminal, name, folder, password_file, manner, build)


@click.command("release")
@click.argument("name")
@take_signing
@click.pass_obj
def release(
    terminal: Terminal, name: str, folder: Path, password_file: Path | None, manner: Manner
) -> Exit:
    """Give notice that the seat of the wallet NAME will vote again although its journal was lost.

    It costs a hundredth of the bond. Ask the seat's own node (--node): it knows what to say. A day
    after the notice 'pai node release' on its machine lets it vote.
    """

    async def build(session: Session) -> Intent:
        voting = _get_voting(session.client.url, await session.client.get_json("/v1/status"))
        if voting.activation_slot is None:
            raise Failure(Exit.USAGE, "The seat of this node has not lost its journal.")
        notice = ReleaseNotice(
            voting.activation_slot, voting.justified_slot, bytes.fromhex(voting.justified_hash)
        )
        slot = terminal.words.number(voting.activation_slot)
        return Intent(
            actions=(notice,),
            title=terminal.say("Notice of a lost journal for the seat of {name}", name=name),
            pairs=(
                (terminal.say("Silent up to slot"), slot),
                (terminal.say("Cost"), terminal.say("a hundredth of the bond")),
            ),
            document={"activation_slot": voting.activation_slot},
        )

    return act(terminal, name, folder, password_file, manner, build)


def _get_voting(url: str, answer: object) -> VotingAnswer:
    try:
        return msgspec.convert(answer, StatusAnswer).voting
    except msgspec.ValidationError:
        raise Failure(
            Exit.UNREACHABLE,
            "{url} answered in a way this program does not understand: is it a node, of this "
            "version?",
            url=url,
        ) from None
