"""``pai identity``, for everybody: openings kept, fields shown, and shown fields checked.

Nothing here needs a key. What is checked against the ledger is checked against the node that is
asked: ask one that you trust.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click

from chain.address import decode_address
from genesis.private import write_new_file
from genesis.table import ConstitutionError
from node.identity.certificates import Papers, build_challenge, read_certified
from node.identity.openings import (
    Disclosure,
    Opening,
    encode_disclosure,
    encode_opening,
    read_disclosure,
    read_office_secrets,
    read_opening,
)
from wallet.client import CommunityAnswer
from wallet.flow import run
from wallet.identity import Attested, Identity, get_identity
from wallet.session import open_client
from wallet.terminal import Column, Exit, Failure, Terminal, build_sheet, build_table

FILE: Final = click.Path(path_type=Path, dir_okay=False)
FOLDER: Final = click.Path(path_type=Path, file_okay=False)
PERSON: Final = "person"
_FAR_SECONDS: Final = 253_402_300_799  # the year 9999: an attestation beyond it has no end


@click.command("openings")
@click.argument("founders", type=FILE)
@click.option("--openings", type=FOLDER, required=True, metavar="DIR", help="Where to write them.")
@click.pass_obj
def _openings(terminal: Terminal, founders: Path, openings: Path) -> None:
    """Write from the founders' private file what each founding member keeps."""
    office = read_office_secrets(founders)
    openings.mkdir(mode=0o700, parents=True, exist_ok=True)
    for address, fields in office.members.items():
        opening = Opening(
            office.community, office.address, address, PERSON, office.jurisdiction, tuple(fields)
        )
        path = openings / f"{address}.opening.json"
        write_new_file(path, encode_opening(opening), private=True)
    terminal.answer(
        {"openings": str(openings), "count": len(office.members)},
        terminal.say(
            "Written: {count}. Each belongs to one member, and to nobody else.",
            count=len(office.members),
        ),
    )


@click.command("disclose")
@click.argument("opening", type=FILE)
@click.option("--field", "fields", multiple=True, metavar="FIELD",
              help="A field to show, or several; without one they are listed.")  # fmt: skip
@click.option("--file", type=FILE, metavar="FILE", help="The file to write, for who shall see it.")
@click.pass_obj
def _disclose(
    terminal: Terminal, opening: Path, fields: tuple[str, ...], file: Path | None
) -> None:
    """Show some of the fields of your OPENING, and keep the others."""
    kept = read_opening(opening)
    if not fields or file is None:
        pairs = [(item.name, item.value) for item in kept.fields]
        terminal.answer({"fields": dict(pairs)}, build_sheet(pairs, title=kept.subject))
        return
    write_new_file(file, encode_disclosure(kept, fields), private=True)
    terminal.answer(
        {"file": str(file), "shown": list(fields), "kept": len(kept.fields) - len(set(fields))},
        terminal.say("Written to {path}: it shows these fields and no others.", path=file),
    )


@click.command("verify")
@click.argument("disclosure", type=FILE)
@click.pass_obj
def _verify(terminal: Terminal, disclosure: Path) -> Exit:
    """Check what somebody shows you against the ledger."""
    told = read_disclosure(disclosure)

    async def work() -> Exit:
        async with open_client(terminal.node_url) as client:
            community = (await client.get_status()).community
            if community.id.hex() != told.community:
                raise ConstitutionError(f"{disclosure}: this is of another community")
            check_address(community, told.subject)
            identity = await get_identity(client, told.subject)
            return _answer_verdict(terminal, told, _find_statement(identity, told))

    return run(work)


@click.command("x509-challenge")
@click.argument("address")
@click.pass_obj
def _challenge(terminal: Terminal, address: str) -> None:
    """Print the line that an applicant signs with the key of his certificate."""

    async def work() -> None:
        async with open_client(terminal.node_url) as client:
            community = (await client.get_status()).community
        check_address(community, address)
        line = build_challenge(address, community.id.hex())
        terminal.answer({"challenge": line}, line)

    run(work)


@click.command("x509")
@click.argument("certificates", type=FILE)
@click.option("--roots", type=FILE, required=True, metavar="FILE",
              help="PEM file of the roots that the authority trusts.")  # fmt: skip
@click.option("--address", required=True, help="The applicant's address.")
@click.option("--signature", type=FILE, required=True, metavar="FILE",
              help="The applicant's signature of the challenge (SHA-256).")  # fmt: skip
@click.option("--crl", "lists", type=FILE, multiple=True, metavar="FILE",
              help="A list of revoked certificates (PEM, DER), of each issuer one.")  # fmt: skip
@click.option("--file", type=FILE, required=True, metavar="FILE",
              help="The application to write (TOML).")  # fmt: skip
@click.pass_obj
def _x509(
    terminal: Terminal,
    certificates: Path,
    roots: Path,
    address: str,
    signature: Path,
    lists: tuple[Path, ...],
    file: Path,
) -> None:
    """Make an application from an X.509 certificate: the first of a PEM file, then its chain."""

    async def work() -> None:
        async with open_client(terminal.node_url) as client:
            community = (await client.get_status()).community
        check_address(community, address)
        challenge = build_challenge(address, community.id.hex())
        papers = Papers(certificates, roots, signature, lists)
        found = read_certified(papers, challenge, datetime.now(UTC))
        lines = [
            "[[application]]",
            f"address = {_quote(address)}",
            f"document = {_quote(found.document)}",
            "[application.facts]",
            *(f"{name} = {_quote(value)}" for name, value in found.facts),
        ]
        write_new_file(file, ("\n".join(lines) + "\n").encode(), private=True)
        words = terminal.words
        if not lists:
            terminal.note(
                words.say(
                    "Whether the certificate was revoked has not been looked at: fetch its "
                    "issuer's list and give it with --crl. It lies at: {places}",
                    places=" ".join(found.lists_at) or "?",
                )
            )
        terminal.answer(
            {
                "file": str(file),
                "document": found.document,
                "facts": dict(found.facts),
                "until": found.until.isoformat(),
                "revocation_checked": bool(lists),
            },
            build_sheet(
                [
                    *found.facts,
                    (words.say("Certificate ends"), words.date(int(found.until.timestamp()))),
                    (
                        words.say("Lists of revoked certificates"),
                        words.say("it is in none") if lists else words.say("not looked at"),
                    ),
                    (words.say("Written to"), str(file)),
                ]
            ),
        )

    run(work)


COMMANDS: Final = (_openings, _disclose, _verify, _challenge, _x509)


def check_address(community: CommunityAnswer, text: str) -> None:
    """Refuse what is no address of this community. Raises Failure."""
    try:
        decode_address(community.prefix, text)
    except ValueError as error:
        raise Failure(Exit.USAGE, "{reason}.", reason=str(error)) from None


def answer_status(terminal: Terminal, community: CommunityAnswer, identity: Identity) -> None:
    """Who vouches for an account, and until when."""
    words = terminal.words

    def tell(slot: int) -> str:
        seconds = community.genesis_time + slot * community.slot_seconds
        return words.date(seconds) if seconds <= _FAR_SECONDS else words.say("without end")

    until = tell(identity.identified_until_slot)
    if until != words.say("without end"):
        until = words.say("until {when}", when=until)
    rows = [
        (
            item.authority_name,
            words.say("person") if item.kind == PERSON else item.kind,
            item.jurisdiction,
            tell(item.ends_slot),
            _tell_state(terminal, item),
        )
        for item in identity.attestations
    ]
    columns = [
        Column(words.say("Authority")),
        Column(words.say("As")),
        Column(words.say("Place")),
        Column(words.say("Ends")),
        Column(words.say("State")),
    ]
    pairs = [
        (words.say("Address"), identity.address),
        (words.say("Name"), f"@{identity.alias}" if identity.alias else words.say("none")),
        (
            words.say("Identified"),
            until if identity.identified else words.say("no"),
        ),
    ]
    document = {
        "address": identity.address,
        "identified": identity.identified,
        "identified_until_slot": identity.identified_until_slot,
        "alias": identity.alias,
        "attestations": [
            {
                "authority": item.authority,
                "name": item.authority_name,
                "kind": item.kind,
                "commitment": item.commitment.hex(),
                "ends_slot": item.ends_slot,
                "counts": item.counts,
            }
            for item in identity.attestations
        ],
    }
    parts = [build_sheet(pairs)] + [build_table(columns, rows)] * bool(rows)
    terminal.answer(document, *parts)


def _tell_state(terminal: Terminal, item: Attested) -> str:
    if item.revoked_slot is not None:
        return terminal.say("revoked")
    return terminal.say("counts") if item.counts else terminal.say("counts no more")


def _find_statement(identity: Identity, told: Disclosure) -> Attested | None:
    """The authority's statement that commits to exactly these fields."""
    for item in identity.attestations:
        if item.authority == told.authority and item.commitment == told.commitment:
            return item
    return None


def _answer_verdict(terminal: Terminal, told: Disclosure, item: Attested | None) -> Exit:
    document = {
        "subject": told.subject,
        "authority": told.authority,
        "shown": dict(told.shown),
        "kept": told.hidden,
        "attested": item is not None,
        "counts": item is not None and item.counts,
    }
    words = terminal.words
    if item is None:
        terminal.answer(
            document,
            terminal.say("No: the ledger holds no such statement of this authority. Believe none."),
        )
        return Exit.REFUSED
    pairs = [
        *told.shown,
        (words.say("Account"), told.subject),
        (words.say("Authority"), item.authority_name),
        (words.say("State"), _tell_state(terminal, item)),
        (words.say("Fields kept back"), words.number(told.hidden)),
    ]
    terminal.answer(
        document,
        build_sheet(pairs),
        terminal.say(
            "The authority says this of the account's owner. That whoever shows it is the owner is "
            "another question: let him pay you something from it."
        ),
    )
    return Exit.DONE if item.counts else Exit.REFUSED


def _quote(text: str) -> str:
    """A basic string of TOML."""
    escaped = "".join(
        f"\\u{ord(character):04x}" if character in '"\\' or ord(character) < 32 else character
        for character in text
    )
    return f'"{escaped}"'
