"""``pai invoice``: obligations. Offered, accepted, paid, let be set off with others' debts.

Whatever binds somebody names the other side and the amount, as the person was shown them.
"""

import hashlib
import unicodedata
from pathlib import Path
from typing import Final

import click

from chain.actions import LendLiquidity, OfferInvoice
from wallet import cli_invoice_moves
from wallet.flow import Hand, Intent, act, find_account, get_names, run, tell_news
from wallet.obligations import get_obligations
from wallet.options import take_folder, take_hand
from wallet.requests import parse_amount
from wallet.session import Session, open_session
from wallet.show import tell_account, tell_pai
from wallet.show_invoice import (
    build_invoices_document,
    build_invoices_table,
    tell_clears,
    tell_sums,
)
from wallet.terminal import Exit, Failure, Terminal, build_sheet

DUE_PERIODS_DEFAULT: Final = 30
_GOODS_BYTES_MAX: Final = 64 * 1_024 * 1_024


@click.group("invoice")
def command() -> None:
    """Owe and be owed; let debts be set off."""


for _item in cli_invoice_moves.COMMANDS:
    command.add_command(_item)


@command.command("list")
@click.argument("name")
@take_folder
@click.pass_obj
def _list(terminal: Terminal, name: str, folder: Path) -> None:
    """Show what a wallet owes, is owed, and is asked to owe."""

    async def work() -> None:
        async with open_session(folder, name, terminal.node_url) as session:
            tell_news(terminal, session)
            found = await get_obligations(session.client, session.address)
            names, words = get_names(session), terminal.words
            terminal.answer(
                build_invoices_document(session, found),
                build_invoices_table(words, session, found.obligations, names, name),
                build_sheet(tell_sums(words, session, found)),
            )

    run(work)


@command.command("offer")
@click.argument("name")
@click.argument("whom")
@click.argument("amount")
@click.option(
    "--due",
    type=click.IntRange(0, 3_650),
    default=DUE_PERIODS_DEFAULT,
    show_default=True,
    metavar="PERIODS",
    help="In how many periods (days) it is due.",
)
@click.option("--reference", default="", help="What it is for.")
@click.option(
    "--goods",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    metavar="FILE",
    help="A list of what was delivered; its hash goes into the invoice.",
)
@click.option("--no-setoff", is_flag=True, help="Do not let it be set off.")
@take_hand
def _offer(
    hand: Hand,
    whom: str,
    amount: str,
    due: int,
    reference: str,
    goods: Path | None,
    no_setoff: bool,
) -> Exit:
    """Offer somebody an invoice; it binds when it is accepted."""
    wanted = parse_amount(amount)

    async def draft(session: Session) -> Intent:
        words, community = hand.terminal.words, session.community
        debtor = await find_account(session, whom)
        period = session.account.at.slot // community.slots_per_period + due
        try:
            action = OfferInvoice(
                debtor,
                wanted,
                period,
                unicodedata.normalize("NFC", reference),
                None if goods is None else _hash_file(goods),
                not no_setoff,
            )
        except ValueError as error:
            raise Failure(
                Exit.USAGE, "This reference cannot be sent: {reason}.", reason=str(error)
            ) from None
        pairs = (
            (words.say("To"), tell_account(debtor, community, get_names(session))),
            (words.say("Amount"), tell_pai(words, wanted)),
            (
                words.say("Due"),
                words.date(community.get_time(period * community.slots_per_period)),
            ),
            (words.say("Set-off"), tell_clears(words, clears=not no_setoff)),
        )
        return Intent((action,), words.say("Invoice from {name}", name=hand.name), pairs)

    return act(hand, draft)


def _hash_file(path: Path) -> bytes:
    if path.stat().st_size > _GOODS_BYTES_MAX:
        raise Failure(Exit.USAGE, "{path} is too large.", path=path)
    return hashlib.blake2b(path.read_bytes(), digest_size=32).digest()


@command.command("lend")
@click.argument("name")
@click.argument("amount")
@take_hand
def _lend(hand: Hand, amount: str) -> Exit:
    """Lend so much to every set-off, so that more of your debts are cleared; 0 ends it."""
    wanted = 0 if amount.strip() in ("0", "0.0") else parse_amount(amount)

    async def draft(_session: Session) -> Intent:
        words = hand.terminal.words
        pairs = (
            (words.say("Amount"), tell_pai(words, wanted)),
            (
                words.say("What that means"),
                words.say(
                    "during a set-off it lies aside; what is used of it has paid your debts, "
                    "the rest comes back"
                ),
            ),
        )
        title = words.say("Lend to set-off from {name}", name=hand.name)
        return Intent((LendLiquidity(wanted),), title, pairs)

    return act(hand, draft)
