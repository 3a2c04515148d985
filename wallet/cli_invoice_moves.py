"""``pai invoice``: what is done with an invoice that there is, by its number."""

from pathlib import Path
from typing import Final

import click

from chain.actions import (
    AcceptInvoice,
    Action,
    ConsentReassign,
    DeclineInvoice,
    MarkClearable,
    PayInvoice,
    Reassign,
    WriteDown,
)
from wallet.flow import Intent, Manner, carry_out, find_account, get_names, run, tell_news, unlock
from wallet.obligations import Obligation, get_obligation
from wallet.options import take_signing
from wallet.requests import parse_amount
from wallet.session import Session, open_session
from wallet.show import tell_account, tell_pai
from wallet.show_invoice import tell_clears, tell_invoice
from wallet.terminal import Exit, Failure, Terminal


async def begin(terminal: Terminal, session: Session, number: int) -> Obligation:
    """Tell what is new, and find the invoice."""
    tell_news(terminal, session)
    return await get_obligation(session.client, number)


async def do(
    terminal: Terminal,
    session: Session,
    password_file: Path | None,
    manner: Manner,
    action: Action,
    title: str,
    pairs: tuple[tuple[str, str], ...],
) -> Exit:
    """Show it, ask, sign and send."""
    intent = Intent(actions=(action,), title=title, pairs=pairs)
    secrets = unlock(terminal, session.folder, session.name, password_file)
    return await carry_out(terminal, session, secrets, intent, manner)


@click.command("accept")
@click.argument("name")
@click.argument("number", type=click.IntRange(0))
@click.option("--no-setoff", is_flag=True, help="Do not let it be set off.")
@take_signing
@click.pass_obj
def _accept(
    terminal: Terminal,
    name: str,
    number: int,
    no_setoff: bool,
    folder: Path,
    password_file: Path | None,
    manner: Manner,
) -> Exit:
    """Accept an invoice: from then on it is owed."""

    async def work() -> Exit:
        async with open_session(folder, name, terminal.node_url) as session:
            item = await begin(terminal, session, number)
            creditor = session.community.parse_address(item.creditor)
            action = AcceptInvoice(number, creditor, int(item.amount), not no_setoff)
            clears = (terminal.say("Set-off"), tell_clears(terminal.words, clears=not no_setoff))
            pairs = (*tell_invoice(terminal.words, session, item), clears)
            title = terminal.say("Accept invoice {number}", number=number)
            return await do(terminal, session, password_file, manner, action, title, pairs)

    return run(work)


@click.command("decline")
@click.argument("name")
@click.argument("number", type=click.IntRange(0))
@take_signing
@click.pass_obj
def _decline(
    terminal: Terminal,
    name: str,
    number: int,
    folder: Path,
    password_file: Path | None,
    manner: Manner,
) -> Exit:
    """Decline an invoice, or take back one's own."""

    async def work() -> Exit:
        async with open_session(folder, name, terminal.node_url) as session:
            item = await begin(terminal, session, number)
            title = terminal.say("Decline invoice {number}", number=number)
            pairs = tell_invoice(terminal.words, session, item)
            action = DeclineInvoice(number)
            return await do(terminal, session, password_file, manner, action, title, pairs)

    return run(work)


@click.command("pay")
@click.argument("name")
@click.argument("number", type=click.IntRange(0))
@click.argument("amount", required=False)
@take_signing
@click.pass_obj
def _pay(
    terminal: Terminal,
    name: str,
    number: int,
    amount: str | None,
    folder: Path,
    password_file: Path | None,
    manner: Manner,
) -> Exit:
    """Pay an invoice, or a part of it; one may pay for somebody else."""

    async def work() -> Exit:
        async with open_session(folder, name, terminal.node_url) as session:
            item = await begin(terminal, session, number)
            wanted = int(item.remaining) if amount is None else parse_amount(amount)
            action = PayInvoice(number, session.community.parse_address(item.creditor), wanted)
            words = terminal.words
            paid = (words.say("To pay"), tell_pai(words, wanted))
            pairs = (*tell_invoice(words, session, item), paid)
            title = words.say("Pay invoice {number}", number=number)
            return await do(terminal, session, password_file, manner, action, title, pairs)

    return run(work)


@click.command("write-down")
@click.argument("name")
@click.argument("number", type=click.IntRange(0))
@click.argument("amount", required=False)
@take_signing
@click.pass_obj
def _write_down(
    terminal: Terminal,
    name: str,
    number: int,
    amount: str | None,
    folder: Path,
    password_file: Path | None,
    manner: Manner,
) -> Exit:
    """Let the debtor off, wholly or in part."""

    async def work() -> Exit:
        async with open_session(folder, name, terminal.node_url) as session:
            item = await begin(terminal, session, number)
            wanted = int(item.remaining) if amount is None else parse_amount(amount)
            action = WriteDown(number, session.community.parse_address(item.debtor), wanted)
            words = terminal.words
            pairs = (
                *tell_invoice(words, session, item),
                (words.say("To let off"), tell_pai(words, wanted)),
            )
            title = words.say("Write invoice {number} down", number=number)
            return await do(terminal, session, password_file, manner, action, title, pairs)

    return run(work)


@click.command("reassign")
@click.argument("name")
@click.argument("number", type=click.IntRange(0))
@click.argument("whom", required=False)
@take_signing
@click.pass_obj
def _reassign(
    terminal: Terminal,
    name: str,
    number: int,
    whom: str | None,
    folder: Path,
    password_file: Path | None,
    manner: Manner,
) -> Exit:
    """Hand an invoice over to somebody, if the debtor consents; without WHOM take that back."""

    async def work() -> Exit:
        async with open_session(folder, name, terminal.node_url) as session:
            item = await begin(terminal, session, number)
            to = None if whom is None else await find_account(session, whom)
            words, names = terminal.words, get_names(session)
            told = words.say("nobody") if to is None else tell_account(to, session.community, names)
            pairs = (*tell_invoice(words, session, item), (words.say("New creditor"), told))
            title = words.say("Hand invoice {number} over", number=number)
            action = Reassign(number, to)
            return await do(terminal, session, password_file, manner, action, title, pairs)

    return run(work)


@click.command("consent")
@click.argument("name")
@click.argument("number", type=click.IntRange(0))
@take_signing
@click.pass_obj
def _consent(
    terminal: Terminal,
    name: str,
    number: int,
    folder: Path,
    password_file: Path | None,
    manner: Manner,
) -> Exit:
    """Consent to owe an invoice to the creditor whom its creditor has named."""

    async def work() -> Exit:
        async with open_session(folder, name, terminal.node_url) as session:
            item = await begin(terminal, session, number)
            if item.heir is None:
                raise Failure(
                    Exit.USAGE, "No other creditor is named for invoice {number}.", number=number
                )
            to = session.community.parse_address(item.heir)
            words, names = terminal.words, get_names(session)
            told = tell_account(to, session.community, names)
            pairs = (*tell_invoice(words, session, item), (words.say("New creditor"), told))
            title = words.say("Owe invoice {number} to somebody else", number=number)
            action = ConsentReassign(number, to)
            return await do(terminal, session, password_file, manner, action, title, pairs)

    return run(work)


@click.command("setoff")
@click.argument("name")
@click.argument("number", type=click.IntRange(0))
@click.argument("answer", type=click.Choice(["on", "off"]))
@take_signing
@click.pass_obj
def _set_off(
    terminal: Terminal,
    name: str,
    number: int,
    answer: str,
    folder: Path,
    password_file: Path | None,
    manner: Manner,
) -> Exit:
    """Let an invoice be set off (on), or not any more (off); it takes both sides."""

    async def work() -> Exit:
        async with open_session(folder, name, terminal.node_url) as session:
            item = await begin(terminal, session, number)
            words, clears = terminal.words, answer == "on"
            told = (words.say("Set-off"), tell_clears(words, clears=clears))
            pairs = (*tell_invoice(words, session, item), told)
            title = words.say("Set-off of invoice {number}", number=number)
            action = MarkClearable(number, clears)
            return await do(terminal, session, password_file, manner, action, title, pairs)

    return run(work)


COMMANDS: Final = (_accept, _decline, _pay, _write_down, _reassign, _consent, _set_off)
