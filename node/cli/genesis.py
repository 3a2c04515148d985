"""``pai genesis``: write a community's constitution, show it in words, check it."""

import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from chain.address import decode_address, encode_address
from chain.codec import check_text
from chain.genesis import NAME_BYTES_MAX, compute_chain_id
from chain.policy import AccountId
from chain.units import parse_pai
from genesis.build import PREFIX, Founder, Founding, build_community, draw_founders
from genesis.people import read_members_file
from genesis.preset import PRESETS, Preset, read_preset
from genesis.private import encode_private_document, write_new_file
from genesis.schema import FoundingSeat, read_file, read_seat_file
from genesis.table import parse_prefix
from genesis.verify import Finding, find_findings
from genesis.writer import write_constitution
from node.cli.genesis_words import build_document, build_figures, tell_constitution
from wallet.keystore import read_account
from wallet.options import take_folder
from wallet.terminal import Column, Exit, Failure, Terminal, build_table

FILE = click.Path(path_type=Path, dir_okay=False)


@click.group("genesis")
def command() -> None:
    """Found a community: write its constitution from a preset, show it in words, check it."""


@command.command("presets")
@click.pass_obj
def show_presets(terminal: Terminal) -> None:
    """List the presets and say for whom each is meant."""
    language = terminal.words.language.value
    presets = [read_preset(name) for name in PRESETS]
    terminal.answer(
        {"presets": [{"name": item.name, "about": item.about[language]} for item in presets]},
        build_table(
            [Column(terminal.say("preset")), Column(terminal.say("for whom"))],
            [(item.name, item.about[language]) for item in presets],
        ),
    )


@command.command("address")
@click.argument("name")
@click.option(
    "--prefix",
    default=PREFIX,
    show_default=True,
    help="What addresses of the community begin with.",
)
@take_folder
@click.pass_obj
def show_address(terminal: Terminal, name: str, prefix: str, folder: Path) -> None:
    """Print the address of the wallet NAME in a community to come, to give to its founders."""
    _check_texts(prefix)
    address = encode_address(prefix, read_account(folder, name))
    terminal.answer({"wallet": name, "address": address}, address)


def parse_start(_context: click.Context, _parameter: click.Parameter, value: str | None) -> int:
    """Seconds since 1970 of a moment; a moment without a zone is the person's own time."""
    if value is None:
        return int(time.time())
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise Failure(
            Exit.USAGE,
            "{value} is not a moment: write it like 2026-03-01T08:00 or 2026-03-01T08:00:00Z.",
            value=value,
        ) from None
    return int(moment.timestamp())


@command.command("new")
@click.argument("preset", type=click.Choice(PRESETS))
@click.option("--name", required=True, help="Name of the community.")
@click.option("--out", type=FILE, required=True, help="File for the constitution.")
@click.option(
    "--private",
    type=FILE,
    help="File for the founders' secrets; by default the name of the constitution and .private.",
)
@click.option(
    "--seat",
    "seat_files",
    type=FILE,
    multiple=True,
    help="Seat that 'pai seat keys' has written; may be given several times.",
)
@click.option(
    "--member",
    "addresses",
    metavar="ADDRESS",
    multiple=True,
    help="Address of a member; may be repeated.",
)
@click.option(
    "--members", "members_file", type=FILE, help="Members in a CSV table with a column 'address'."
)
@click.option(
    "--balance",
    metavar="AMOUNT",
    help="What each member begins with, in pai, instead of the preset's.",
)
@click.option(
    "--issue-to",
    metavar="ADDRESS",
    help="Address that receives the preset's issue, such as a farm's.",
)
@click.option(
    "--start",
    metavar="TIME",
    callback=parse_start,
    help="When slot 0 begins, like 2026-03-01T08:00; by default now.",
)
@click.option(
    "--prefix",
    default=PREFIX,
    show_default=True,
    help="What addresses of the community begin with.",
)
@click.option(
    "--authority",
    default="Founders",
    show_default=True,
    help="Name of the authority that attests the first members.",
)
@click.option(
    "--jurisdiction",
    default="community",
    show_default=True,
    help="Where the authority's word holds, such as RU.",
)
@click.pass_obj
def write_new(terminal: Terminal, /, **given: Any) -> None:
    """Write a constitution from a preset.

    The founders attest the members: the constitution holds only what hides them; names, salts and
    the founders' key go into a private file. Without seats it is a draft to be completed by hand.
    """
    out: Path = given["out"]
    private: Path = given["private"] or out.with_name(f"{out.name}.private")
    for path in (out, private):
        if path.exists():
            raise Failure(Exit.USAGE, "{path} exists already: choose another name.", path=path)
    founding = _build_founding(**given)
    text = write_constitution(founding.genesis, terminal.words)
    # The secrets first: a constitution whose authority nobody can speak for is worth nothing.
    write_new_file(private, encode_private_document(founding), private=True)
    write_new_file(out, text.encode(), private=False)
    findings = find_findings(founding.genesis)
    community = compute_chain_id(founding.genesis).hex()
    terminal.answer(
        {
            "community": community,
            "file": str(out),
            "private_file": str(private),
            "members": len(founding.genesis.accounts),
            "seats": len(founding.genesis.seats),
            "findings": [_describe(item) for item in findings],
        },
        terminal.say(
            "Written: {file}. Keep {private} to yourselves: whoever has it can make persons.",
            file=out,
            private=private,
        ),
        terminal.say("Community: {community}", community=community),
    )
    _tell_findings(terminal, findings)


@command.command("show")
@click.argument("file", type=FILE)
@click.option("--figures", is_flag=True, help="List every constant and parameter with its meaning.")
@click.pass_obj
def show(terminal: Terminal, file: Path, figures: bool) -> None:
    """Tell in words what a constitution means for a member."""
    genesis = read_file(file)
    parts = tell_constitution(terminal, genesis)
    if figures:
        parts.append(build_figures(terminal, genesis))
    terminal.answer(build_document(genesis), *parts)


@command.command("verify")
@click.argument("file", type=FILE)
@click.pass_obj
def verify(terminal: Terminal, file: Path) -> Exit:
    """Check a constitution: faults forbid founding on it, warnings say what members should know."""
    genesis = read_file(file)
    findings = find_findings(genesis)
    faulty = any(item.is_fault for item in findings)
    community = compute_chain_id(genesis).hex()
    document = {
        "community": community,
        "valid": not faulty,
        "findings": [_describe(item) for item in findings],
    }
    verdict = (
        terminal.say("No community can be founded on this constitution.")
        if faulty
        else terminal.say("A community can be founded on this constitution.")
    )
    parts = [terminal.say("Community: {community}", community=community), verdict]
    table = build_table(
        [Column(terminal.say("finding")), Column(terminal.say("what was found"))],
        [(_tell_kind(terminal, item), terminal.words.retell(item.text)) for item in findings],
    )
    terminal.answer(document, *parts, *([table] if findings else []))
    return Exit.USAGE if faulty else Exit.DONE


def _build_founding(
    *,
    preset: str,
    name: str,
    seat_files: Sequence[Path],
    addresses: Sequence[str],
    members_file: Path | None,
    balance: str | None,
    issue_to: str | None,
    start: int,
    prefix: str,
    authority: str,
    jurisdiction: str,
    **_files: Path | None,
) -> Founding:
    plan = read_preset(preset)
    _check_texts(prefix, name, authority, jurisdiction)
    seats = [seat for path in seat_files for seat in read_seat_file(path, prefix)]
    members = [Founder(_parse_account(prefix, address)) for address in addresses]
    if members_file is not None:
        members += read_members_file(members_file, prefix)
    if balance is not None:
        plan = plan._replace(start=plan.start._replace(balance=_parse_amount(balance)))
    return build_community(
        plan,
        name,
        members,
        seats,
        start,
        prefix=prefix,
        issue_to=_find_receiver(plan, prefix, issue_to, seats),
        founders=draw_founders(authority, jurisdiction),
    )


def _find_receiver(
    preset: Preset, prefix: str, issue_to: str | None, seats: Sequence[FoundingSeat]
) -> AccountId | None:
    """Who receives the preset's issue. A draft without seats may leave that open."""
    if issue_to is not None:
        return _parse_account(prefix, issue_to)
    if preset.start.issue and seats:
        raise Failure(
            Exit.USAGE,
            "The preset {preset} issues money to one account that pays it out: name it with "
            "--issue-to ADDRESS.",
            preset=preset.name,
        )
    return None


def _check_texts(prefix: str, *texts: str) -> None:
    try:
        for text in (*texts, prefix):
            check_text(text, NAME_BYTES_MAX)
        parse_prefix(prefix)
    except ValueError as error:
        raise Failure(Exit.USAGE, "{reason}", reason=str(error)) from None


def _parse_account(prefix: str, address: str) -> AccountId:
    try:
        return decode_address(prefix, address)
    except ValueError as error:
        raise Failure(Exit.USAGE, "{reason}", reason=str(error)) from None


def _parse_amount(text: str) -> int:
    try:
        amount_micropai = parse_pai(text)
    except ValueError as error:
        raise Failure(Exit.USAGE, "{reason}", reason=str(error)) from None
    if amount_micropai < 0:
        raise Failure(Exit.USAGE, "A balance cannot begin below zero: {text}", text=text)
    return amount_micropai


def _describe(finding: Finding) -> dict[str, str]:
    return {"kind": "fault" if finding.is_fault else "warning", "text": finding.text}


def _tell_kind(terminal: Terminal, finding: Finding) -> str:
    return terminal.say("fault") if finding.is_fault else terminal.say("warning")


def _tell_findings(terminal: Terminal, findings: Sequence[Finding]) -> None:
    if any(item.is_fault for item in findings):
        terminal.note(terminal.say("This is a draft; before anybody can found on it:"))
    for item in findings:
        text = terminal.words.retell(item.text)
        terminal.note(f"{_tell_kind(terminal, item)}: {text}")
