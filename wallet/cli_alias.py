"""``pai wallet alias``: the name under which an account is found in the ledger.

A name is for people; what is signed is an address. Whoever pays by a name is shown the address.
"""

from pathlib import Path
from typing import Final

import click

from chain.actions import GiveUpAlias, RegisterAlias
from chain.errors import Code, Invalid
from chain.units import format_pai
from wallet.flow import Intent, Manner, carry_out, run, tell_news, unlock
from wallet.identity import find_alias_owner, get_identity, read_alias
from wallet.options import take_folder, take_signing
from wallet.session import open_client, open_session
from wallet.show import ADDRESS_TAIL, tell_pai
from wallet.terminal import Exit, Terminal, build_sheet


@click.group("alias")
def _alias() -> None:
    """A name for the account, by which others find and pay it."""


@_alias.command("show")
@click.argument("name")
@take_folder
@click.pass_obj
def _show_alias(terminal: Terminal, name: str, folder: Path) -> None:
    """Show the account's name, and what another would cost."""

    async def work() -> None:
        async with open_session(folder, name, terminal.node_url) as session:
            tell_news(terminal, session)
            identity = await get_identity(session.client, session.address)
            words = terminal.words
            document = {
                "wallet": name,
                "address": session.address,
                "alias": identity.alias,
                "price": format_pai(identity.alias_price),
            }
            pairs = [
                (words.say("Name"), f"@{identity.alias}" if identity.alias else words.say("none")),
                (words.say("Another name costs"), tell_pai(words, identity.alias_price)),
            ]
            terminal.answer(document, build_sheet(pairs, title=session.address))

    run(work)


@_alias.command("take")
@click.argument("name")
@click.argument("alias")
@take_signing
@click.pass_obj
def _take_alias(
    terminal: Terminal,
    name: str,
    alias: str,
    folder: Path,
    password_file: Path | None,
    manner: Manner,
) -> Exit:
    """Take a name, in place of the one the account has."""
    wanted = read_alias(alias)

    async def work() -> Exit:
        async with open_session(folder, name, terminal.node_url) as session:
            tell_news(terminal, session)
            identity = await get_identity(session.client, session.address)
            words, price = terminal.words, int(identity.alias_price)
            pairs = [
                (words.say("Name"), f"@{wanted}"),
                (words.say("Price"), tell_pai(words, price)),
            ]
            if identity.alias is not None:
                pairs.append((words.say("Given up for it"), f"@{identity.alias}"))
            intent = Intent(
                actions=(RegisterAlias(wanted, price),),
                title=words.say("A name for {name}", name=name),
                pairs=tuple(pairs),
                gain=-price,
                document={"alias": wanted, "price": format_pai(price)},
            )
            secrets = unlock(terminal, folder, name, password_file)
            return await carry_out(terminal, session, secrets, intent, manner)

    return run(work)


@_alias.command("give-up")
@click.argument("name")
@take_signing
@click.pass_obj
def _give_up_alias(
    terminal: Terminal, name: str, folder: Path, password_file: Path | None, manner: Manner
) -> Exit:
    """Be nameless again; nobody else gets the name for 360 periods."""

    async def work() -> Exit:
        async with open_session(folder, name, terminal.node_url) as session:
            tell_news(terminal, session)
            alias = (await get_identity(session.client, session.address)).alias
            if alias is None:
                raise Invalid(Code.NO_ALIAS)
            words = terminal.words
            intent = Intent(
                actions=(GiveUpAlias(),),
                title=words.say("Give up the name of {name}", name=name),
                pairs=((words.say("Name"), f"@{alias}"),),
                document={"alias": alias},
            )
            secrets = unlock(terminal, folder, name, password_file)
            return await carry_out(terminal, session, secrets, intent, manner)

    return run(work)


@_alias.command("find")
@click.argument("alias")
@click.pass_obj
def _find_alias(terminal: Terminal, alias: str) -> None:
    """Find the address of a name; no wallet is needed."""

    async def work() -> None:
        async with open_client(terminal.node_url) as client:
            owner = await find_alias_owner(client, alias)
            words = terminal.words
            pairs = [
                (words.say("Name"), f"@{owner.name}"),
                (words.say("Address"), owner.address),
                (words.say("Its last characters"), owner.address[-ADDRESS_TAIL:]),
            ]
            document = {"alias": owner.name, "address": owner.address}
            terminal.answer(document, build_sheet(pairs))

    run(work)


COMMANDS: Final = (_alias,)
