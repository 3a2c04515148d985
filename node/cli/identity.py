"""``pai identity``: the work of an authority, from applications to what stands in the ledger.

An authority signs with an ordinary wallet, so several officers can have to sign together. Names and
numbers stay in files: the ledger learns commitments and tags. ``identity_files`` holds what needs
no authority: keeping, showing and checking.
"""

import secrets as randomness
from pathlib import Path
from typing import Final

import click

from chain.actions import ChangePolicy, Reveal, Revoke
from chain.crypto import build_key_pair
from chain.policy import Policy
from chain.transaction import TRANSACTION_VERSION, Transaction, sign_transaction
from genesis.attestation import (
    SECRET_BYTES,
)
from genesis.private import write_new_file
from node.cli.identity_files import COMMANDS, FILE, answer_status, check_address
from node.cli.identity_issue import COMMANDS as ISSUE
from node.identity.openings import (
    encode_office_secrets,
    read_office_secrets,
)
from wallet.flow import Intent, Manner, carry_out, find_account, run, tell_news, unlock
from wallet.identity import find_alias_owner, get_authorities, get_identity, is_alias
from wallet.options import take_folder, take_password, take_signing, take_yes
from wallet.session import open_client, open_session
from wallet.terminal import Column, Exit, Failure, Terminal, build_table

_VALID_SLOTS: Final = 100


@click.group("identity")
def command() -> None:
    """Say who is who, as an authority; show who you are, as a member."""


for _item in (*COMMANDS, *ISSUE):
    command.add_command(_item)


@command.command("revoke")
@click.argument("name")
@click.argument("accounts", nargs=-1, required=True)
@take_signing
@click.pass_obj
def _revoke(
    terminal: Terminal,
    name: str,
    accounts: tuple[str, ...],
    folder: Path,
    password_file: Path | None,
    manner: Manner,
) -> Exit:
    """Take back what the authority has said of ACCOUNTS. Their money and payments stay theirs."""

    async def work() -> Exit:
        async with open_session(folder, name, terminal.node_url) as session:
            tell_news(terminal, session)
            subjects = [await find_account(session, text) for text in accounts]
            words = terminal.words
            addresses = [session.community.get_address(subject) for subject in subjects]
            intent = Intent(
                tuple(Revoke(subject) for subject in subjects),
                words.say("Revoke as {name}", name=name),
                tuple((words.say("Account"), address) for address in addresses),
                document={"accounts": addresses},
            )
            secrets = unlock(terminal, folder, name, password_file)
            return await carry_out(terminal, session, secrets, intent, manner)

    return run(work)


@command.command("status")
@click.argument("account")
@click.pass_obj
def _status(terminal: Terminal, account: str) -> None:
    """Show who vouches for ACCOUNT, an address or @NAME, and until when."""

    async def work() -> None:
        async with open_client(terminal.node_url) as client:
            address = (
                (await find_alias_owner(client, account)).address if is_alias(account) else account
            )
            community = (await client.get_status()).community
            check_address(community, address)
            answer_status(terminal, community, await get_identity(client, address))

    run(work)


@command.command("authorities")
@click.pass_obj
def _authorities(terminal: Terminal) -> None:
    """List the authorities, and how many persons each may still bring in."""

    async def work() -> None:
        async with open_client(terminal.node_url) as client:
            known = await get_authorities(client)
        words = terminal.words
        columns = [
            Column(words.say("Authority")),
            Column(words.say("Place")),
            Column(words.say("Group"), figures=True),
            Column(words.say("Attested"), figures=True),
            Column(words.say("New, of at most"), figures=True),
            Column(words.say("Address")),
        ]
        rows = [
            (
                item.name if item.retired_slot is None else f"{item.name} ({words.say('retired')})",
                item.jurisdiction,
                str(item.group),
                words.number(item.attested),
                f"{item.new_recently}/{item.pace}",
                item.address,
            )
            for item in known.authorities
        ]
        document = {
            "needed": known.needed,
            "authorities": [
                {name: getattr(item, name) for name in item.__struct_fields__}
                for item in known.authorities
            ],
        }
        terminal.answer(document, build_table(columns, rows))

    run(work)


@command.command("secret")
@click.argument("office")
@click.option("--jurisdiction", required=True, help="Where its documents come from, like RU.")
@click.option("--file", type=FILE, required=True, metavar="FILE", help="The file to write.")
@click.pass_obj
def _secret(terminal: Terminal, office: str, jurisdiction: str, file: Path) -> None:
    """Draw the secret of a new group of authorities, from which tags are made."""
    secret = randomness.token_bytes(SECRET_BYTES)
    write_new_file(file, encode_office_secrets(office, jurisdiction, secret), private=True)
    terminal.answer(
        {"file": str(file)},
        terminal.say(
            "Written to {path}. All authorities of the group need the same file, and nobody else "
            "may have it: whoever has it can find out whose tag is whose.",
            path=file,
        ),
    )


@command.command("adopt")
@click.argument("name")
@click.argument("founders", type=FILE)
@take_folder
@take_password
@take_yes
@click.pass_obj
def _adopt(
    terminal: Terminal,
    name: str,
    founders: Path,
    folder: Path,
    password_file: Path | None,
    yes: bool,
) -> None:
    """Give the founders' authority to the wallet NAME, made with 'wallet new --address'."""
    office = read_office_secrets(founders)

    async def work() -> None:
        async with open_session(folder, name, terminal.node_url) as session:
            tell_news(terminal, session)
            if not office.key_seed or office.address != session.address:
                raise Failure(Exit.USAGE, "{path} is not of this wallet's account.", path=founders)
            if not session.account.exists:
                raise Failure(
                    Exit.USAGE,
                    "Nobody has paid this account yet, and it pays for its transactions: let "
                    "somebody send 1 pai or more to {address}, then adopt again.",
                    address=session.address,
                )
            key = build_key_pair(office.key_seed)
            public = unlock(terminal, folder, name, password_file).keys[-1].public
            account, first = session.account, Policy(1, (key.public,))
            reveal = (Reveal(first),) if account.policy is None else ()
            actions = (*reveal, ChangePolicy(Policy(1, (public,))))
            body = Transaction(
                version=TRANSACTION_VERSION,
                account=session.account_id,
                sequence=account.next_sequence,
                valid_until_slot=session.status.clock.slot + _VALID_SLOTS,
                ref=session.community.chain[:16],
                via=None,
                fee_max=0,
                actions=actions,
            )
            terminal.confirm(terminal.say("Give the authority to this wallet?"), yes=yes)
            sealed = sign_transaction(session.community.chain, body, [(0, key)])
            await session.client.submit(sealed.whole_bytes)
            terminal.answer(
                {"transaction": sealed.id.hex(), "address": session.address},
                terminal.say("Sent. From its block on this wallet signs for the authority."),
            )

    run(work)
