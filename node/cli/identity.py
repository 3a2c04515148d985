"""``pai identity``: the work of an authority, from applications to what stands in the ledger.

An authority signs with an ordinary wallet, so several officers can have to sign together. Names and
numbers stay in files: the ledger learns commitments and tags. ``identity_files`` holds what needs
no authority: keeping, showing and checking.
"""

import secrets as randomness
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import click

from chain.actions import Action, Attest, ChangePolicy, Renew, Reveal, Revoke
from chain.crypto import build_key_pair
from chain.policy import Policy
from chain.transaction import TRANSACTION_VERSION, Transaction, sign_transaction
from genesis.attestation import (
    SECRET_BYTES,
    SaltedField,
    build_fields,
    compute_commitment,
    compute_document_tag,
)
from genesis.private import write_new_file
from node.cli.identity_files import COMMANDS, FILE, FOLDER, answer_status
from node.identity.applications import Application, read_applications
from node.identity.openings import (
    OfficeSecrets,
    Opening,
    encode_office_secrets,
    encode_opening,
    read_office_secrets,
)
from wallet.flow import Intent, Manner, carry_out, find_account, run, tell_news, unlock
from wallet.identity import find_alias_owner, get_authorities, get_identity, is_alias
from wallet.options import take_folder, take_password, take_signing, take_yes
from wallet.session import Session, open_client, open_session
from wallet.terminal import Column, Exit, Failure, Terminal, build_table

AT_ONCE_MAX: Final = 50  # statements that fit a transaction of 16 kB
PERSON: Final = "person"
_VALID_SLOTS: Final = 100


class _Statement(NamedTuple):
    application: Application
    fields: tuple[SaltedField, ...]


@click.group("identity")
def command() -> None:
    """Say who is who, as an authority; show who you are, as a member."""


for _item in COMMANDS:
    command.add_command(_item)


def _take_issue(function: click.decorators.FC) -> click.decorators.FC:
    for option in (
        click.option("--periods", type=click.IntRange(1, 3_650), default=365, show_default=True,
                     help="For how many periods (days)."),
        click.option("--openings", type=FOLDER, required=True, metavar="DIR",
                     help="Where to write what each member keeps; private."),
        click.option("--secret", type=FILE, required=True, metavar="FILE",
                     help="The file with the secret of the authority's group."),
    ):  # fmt: skip
        function = option(function)
    return function


@command.command("issue")
@click.argument("name")
@click.argument("applications", type=FILE)
@_take_issue
@take_signing
@click.pass_obj
def _issue(
    terminal: Terminal,
    name: str,
    applications: Path,
    secret: Path,
    openings: Path,
    periods: int,
    folder: Path,
    password_file: Path | None,
    manner: Manner,
) -> Exit:
    """Attest everybody in a file of applications, CSV or TOML, from the authority's wallet NAME."""
    office = read_office_secrets(secret)

    def build(item: _Statement, until_slot: int) -> Action:
        return Attest(
            subject=item.application.account,
            kind=PERSON,
            jurisdiction=office.jurisdiction,
            commitment=compute_commitment(item.fields),
            tag=compute_document_tag(
                office.group_secret, office.jurisdiction, item.application.document
            ),
            until_slot=until_slot,
        )

    work = _Work(terminal, name, folder, password_file, manner)
    return work.state(applications, office, openings, periods, build)


@command.command("renew")
@click.argument("name")
@click.argument("applications", type=FILE)
@_take_issue
@take_signing
@click.pass_obj
def _renew(
    terminal: Terminal,
    name: str,
    applications: Path,
    secret: Path,
    openings: Path,
    periods: int,
    folder: Path,
    password_file: Path | None,
    manner: Manner,
) -> Exit:
    """Renew the attestations of everybody in a file of applications, with fresh openings."""
    office = read_office_secrets(secret)

    def build(item: _Statement, until_slot: int) -> Action:
        return Renew(item.application.account, compute_commitment(item.fields), until_slot)

    work = _Work(terminal, name, folder, password_file, manner)
    return work.state(applications, office, openings, periods, build)


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
            identity = await get_identity(client, address)
            answer_status(terminal, (await client.get_status()).community, identity)

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


class _Work(NamedTuple):
    """Who states something, and how the person wants it done."""

    terminal: Terminal
    name: str
    folder: Path
    password_file: Path | None
    manner: Manner

    def state(
        self,
        applications: Path,
        office: OfficeSecrets,
        openings: Path,
        periods: int,
        build: Callable[[_Statement, int], Action],
    ) -> Exit:
        """Say something of everybody in a file, and write what each of them keeps."""

        async def work() -> Exit:
            async with open_session(self.folder, self.name, self.terminal.node_url) as session:
                tell_news(self.terminal, session)
                community = session.community
                statements = _salt(read_applications(applications, community.prefix))
                until_slot = session.status.clock.slot + periods * community.slots_per_period
                intent = Intent(
                    tuple(build(item, until_slot) for item in statements),
                    self.terminal.say("Attest as {name}", name=self.name),
                    _tell(self.terminal, session, statements, until_slot),
                    document={"openings": str(openings), "until_slot": until_slot},
                    on_agreed=lambda: _hand_over(session, office, statements, openings),
                )
                secrets = unlock(self.terminal, self.folder, self.name, self.password_file)
                return await carry_out(self.terminal, session, secrets, intent, self.manner)

        return run(work)


def _salt(applications: Sequence[Application]) -> list[_Statement]:
    if len(applications) > AT_ONCE_MAX:
        raise Failure(
            Exit.USAGE,
            "At most {count} applications fit one transaction: make several files.",
            count=AT_ONCE_MAX,
        )
    return [
        _Statement(item, build_fields(item.facts, randomness.token_bytes)) for item in applications
    ]


def _tell(
    terminal: Terminal, session: Session, statements: Sequence[_Statement], until_slot: int
) -> tuple[tuple[str, str], ...]:
    words, community = terminal.words, session.community
    return (
        *(
            (_get_title(item), community.get_address(item.application.account))
            for item in statements
        ),
        (words.say("Until"), words.date(community.get_time(until_slot))),
    )


def _get_title(item: _Statement) -> str:
    facts = dict(item.application.facts)
    return facts.get("name") or facts.get("surname") or item.application.document


def _hand_over(
    session: Session, office: OfficeSecrets, statements: Sequence[_Statement], openings: Path
) -> None:
    """Write the openings before anything is sent: without them an attestation shows nothing."""
    openings.mkdir(mode=0o700, parents=True, exist_ok=True)
    community = session.community
    for item in statements:
        address = community.get_address(item.application.account)
        opening = Opening(
            community.id, session.address, address, PERSON, office.jurisdiction, item.fields
        )
        path = openings / f"{address}.{compute_commitment(item.fields).hex()[:8]}.opening.json"
        write_new_file(path, encode_opening(opening), private=True)
