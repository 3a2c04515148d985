"""``pai wallet contacts``: the address book, kept beside the wallets and sent nowhere."""

from pathlib import Path
from typing import Final

import click

from wallet.contacts import add_contact, read_contacts, remove_contact
from wallet.flow import learn_community, run
from wallet.identity import find_alias_owner, is_alias
from wallet.options import take_folder
from wallet.session import open_client
from wallet.terminal import Column, Terminal, build_table


@click.group("contacts")
def _contacts() -> None:
    """The address book: names to pay by."""


@_contacts.command("list")
@take_folder
@click.pass_obj
def _list_contacts(terminal: Terminal, folder: Path) -> None:
    """List the address book."""
    contacts = read_contacts(folder)
    columns = [Column(terminal.say("Name")), Column(terminal.say("Address"))]
    document = [{"name": name, "address": address} for name, address in contacts.items()]
    terminal.answer({"contacts": document}, build_table(columns, contacts.items()))


@_contacts.command("add")
@click.argument("contact")
@click.argument("address")
@take_folder
@click.pass_obj
def _add_contact(terminal: Terminal, contact: str, address: str, folder: Path) -> None:
    """Note an address, or that of @NAME as it is today, under a name."""
    community = learn_community(terminal, folder)
    if is_alias(address):
        address = _find_alias(terminal, address)
    kept, known = add_contact(folder, community, contact, address)
    terminal.answer(
        {"name": kept, "address": known},
        terminal.say("{name} is {address}.", name=kept, address=known),
    )


@_contacts.command("remove")
@click.argument("contact")
@take_folder
@click.pass_obj
def _remove_contact(terminal: Terminal, contact: str, folder: Path) -> None:
    """Forget a name."""
    kept = remove_contact(folder, contact)
    terminal.answer({"name": kept}, terminal.say("{name} is forgotten.", name=kept))


COMMANDS: Final = (_contacts,)


def _find_alias(terminal: Terminal, text: str) -> str:
    """The address that a node knows a name by."""

    async def work() -> str:
        async with open_client(terminal.node_url) as client:
            return (await find_alias_owner(client, text)).address

    return run(work)
