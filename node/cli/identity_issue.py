"""``pai identity issue`` and ``renew``: from a file of applications to what stands in the ledger.

What each applicant keeps is written before anything is sent: without it an attestation shows
nothing. What the ledger refuses leaves no such file behind.
"""

import secrets as randomness
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import click

from chain.actions import Action, Attest, Renew
from chain.actions.identity import KIND_BYTES_MAX
from chain.codec import check_text
from chain.errors import Invalid
from chain.policy import AccountId
from genesis.attestation import (
    SaltedField,
    build_fields,
    compute_commitment,
    compute_document_tag,
)
from genesis.private import write_new_file
from node.cli.identity_files import FILE, FOLDER, PERSON
from node.identity.applications import Application, read_applications
from node.identity.openings import (
    OfficeSecrets,
    Opening,
    encode_opening,
    read_office_secrets,
)
from wallet.flow import Intent, Manner, carry_out, run, tell_news, unlock
from wallet.identity import Attested, get_identity
from wallet.options import take_signing
from wallet.session import Session, open_session
from wallet.terminal import Exit, Failure, Terminal

AT_ONCE_MAX: Final = 50  # statements that fit a transaction of 16 kB


class _Statement(NamedTuple):
    application: Application
    fields: tuple[SaltedField, ...]


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


@click.command("issue")
@click.argument("name")
@click.argument("applications", type=FILE)
@click.option("--kind", default=PERSON, show_default=True, metavar="WORD",
              help="As what; whatever is no person has no vote, such as farm or shop.")  # fmt: skip
@_take_issue
@take_signing
@click.pass_obj
def _issue(
    terminal: Terminal,
    name: str,
    applications: Path,
    kind: str,
    secret: Path,
    openings: Path,
    periods: int,
    folder: Path,
    password_file: Path | None,
    manner: Manner,
) -> Exit:
    """Attest everybody in a file of applications, CSV or TOML, from the authority's wallet NAME."""
    office = read_office_secrets(secret)
    _check_kind(kind)

    def build(item: _Statement, until_slot: int) -> Action:
        return Attest(
            subject=item.application.account,
            kind=kind,
            jurisdiction=office.jurisdiction,
            commitment=compute_commitment(item.fields),
            tag=compute_document_tag(
                office.group_secret, office.jurisdiction, item.application.document
            ),
            until_slot=until_slot,
        )

    work = _Work(terminal, name, folder, password_file, manner)
    return work.state(applications, office, openings, periods, build, kind)


@click.command("renew")
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
    return work.state(applications, office, openings, periods, build, None)


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
        kind: str | None,
    ) -> Exit:
        """Say something of everybody in a file, and write what each of them keeps.

        ``kind``: as what they are attested; None: as what they are already.
        """

        async def work() -> Exit:
            async with open_session(self.folder, self.name, self.terminal.node_url) as session:
                tell_news(self.terminal, session)
                community = session.community
                statements = _salt(read_applications(applications, community.prefix))
                kinds = await _find_kinds(session, statements, kind)
                written: list[Path] = []
                until_slot = session.status.clock.slot + periods * community.slots_per_period
                intent = Intent(
                    tuple(build(item, until_slot) for item in statements),
                    self.terminal.say("Attest as {name}", name=self.name),
                    _tell(self.terminal, session, statements, until_slot),
                    document={"openings": str(openings), "until_slot": until_slot},
                    on_agreed=lambda: written.extend(
                        _hand_over(session, office, statements, kinds, openings)
                    ),
                )
                secrets = unlock(self.terminal, self.folder, self.name, self.password_file)
                try:
                    return await carry_out(self.terminal, session, secrets, intent, self.manner)
                except Invalid:
                    for path in written:
                        path.unlink()
                    raise

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


def _check_kind(kind: str) -> None:
    try:
        check_text(kind, KIND_BYTES_MAX)
    except ValueError:
        kind = ""
    if not kind:
        raise Failure(
            Exit.USAGE,
            "A kind is a word or two of at most {count} bytes, such as person, farm or shop.",
            count=KIND_BYTES_MAX,
        )


async def _find_kinds(
    session: Session, statements: Sequence[_Statement], kind: str | None
) -> list[str]:
    """As what each is, or is to be, attested. Raises Failure, with names, where that cannot be."""
    kinds, unfit = [], []
    for item in statements:
        own = await _find_own(session, item.application.account)
        if kind is None:
            fits = own is not None
        else:
            fits = own is None or own.ends_slot <= session.status.clock.slot
        if fits:
            kinds.append(kind or (PERSON if own is None else own.kind))
        else:
            unfit.append(_get_title(item))
    if unfit and kind is None:
        raise Failure(
            Exit.USAGE,
            "This authority does not attest them, so there is nothing to renew; issue instead: "
            "{names}",
            names=", ".join(unfit),
        )
    if unfit:
        raise Failure(
            Exit.USAGE,
            "This authority attests them already; take them out of the file, or renew: {names}",
            names=", ".join(unfit),
        )
    return kinds


async def _find_own(session: Session, account: AccountId) -> Attested | None:
    """What this very authority says of an account, unless it has revoked it."""
    address = session.community.get_address(account)
    for item in (await get_identity(session.client, address)).attestations:
        if item.authority == session.address and item.revoked_slot is None:
            return item
    return None


def _hand_over(
    session: Session,
    office: OfficeSecrets,
    statements: Sequence[_Statement],
    kinds: Sequence[str],
    openings: Path,
) -> list[Path]:
    """Write the openings before anything is sent: without them an attestation shows nothing."""
    openings.mkdir(mode=0o700, parents=True, exist_ok=True)
    community, written = session.community, []
    for item, kind in zip(statements, kinds, strict=True):
        address = community.get_address(item.application.account)
        opening = Opening(
            community.id, session.address, address, kind, office.jurisdiction, item.fields
        )
        path = openings / f"{address}.{compute_commitment(item.fields).hex()[:8]}.opening.json"
        write_new_file(path, encode_opening(opening), private=True)
        written.append(path)
    return written


COMMANDS: Final = (_issue, _renew)
