"""``pai invoice``: what is done with an invoice that there is, by its number."""

from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

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
from chain.policy import AccountId
from wallet.flow import Hand, Intent, act, find_account, get_names
from wallet.obligations import Obligation, get_obligation
from wallet.options import take_hand
from wallet.requests import parse_amount
from wallet.session import Session
from wallet.show import tell_account, tell_pai
from wallet.show_invoice import tell_clears, tell_invoice
from wallet.terminal import Exit, Failure


class Move(NamedTuple):
    """What is done with an invoice, and what is told of it beside the invoice itself."""

    action: Action
    title: str
    pairs: tuple[tuple[str, str], ...] = ()


def move(hand: Hand, number: int, decide: Callable[[Session, Obligation], Awaitable[Move]]) -> Exit:
    """Find the invoice, decide, and carry that out."""

    async def draft(session: Session) -> Intent:
        item = await get_obligation(session.client, number)
        found = await decide(session, item)
        told = tell_invoice(hand.terminal.words, session, item)
        return Intent((found.action,), found.title, (*told, *found.pairs))

    return act(hand, draft)


@click.command("accept")
@click.argument("name")
@click.argument("number", type=click.IntRange(0))
@click.option("--no-setoff", is_flag=True, help="Do not let it be set off.")
@take_hand
def _accept(hand: Hand, number: int, no_setoff: bool) -> Exit:
    """Accept an invoice: from then on it is owed."""

    async def decide(session: Session, item: Obligation) -> Move:
        words, creditor = hand.terminal.words, session.community.parse_address(item.creditor)
        return Move(
            AcceptInvoice(number, creditor, int(item.amount), not no_setoff),
            words.say("Accept invoice {number}", number=number),
            ((words.say("Set-off"), tell_clears(words, clears=not no_setoff)),),
        )

    return move(hand, number, decide)


@click.command("decline")
@click.argument("name")
@click.argument("number", type=click.IntRange(0))
@take_hand
def _decline(hand: Hand, number: int) -> Exit:
    """Decline an invoice, or take back one's own."""

    async def decide(_session: Session, _item: Obligation) -> Move:
        title = hand.terminal.say("Decline invoice {number}", number=number)
        return Move(DeclineInvoice(number), title)

    return move(hand, number, decide)


@click.command("pay")
@click.argument("name")
@click.argument("number", type=click.IntRange(0))
@click.argument("amount", required=False)
@take_hand
def _pay(hand: Hand, number: int, amount: str | None) -> Exit:
    """Pay an invoice, or a part of it; one may pay for somebody else."""

    async def decide(session: Session, item: Obligation) -> Move:
        words, creditor = hand.terminal.words, session.community.parse_address(item.creditor)
        wanted = _get_wanted(item, amount)
        return Move(
            PayInvoice(number, creditor, wanted),
            words.say("Pay invoice {number}", number=number),
            ((words.say("To pay"), tell_pai(words, wanted)),),
        )

    return move(hand, number, decide)


@click.command("write-down")
@click.argument("name")
@click.argument("number", type=click.IntRange(0))
@click.argument("amount", required=False)
@take_hand
def _write_down(hand: Hand, number: int, amount: str | None) -> Exit:
    """Let the debtor off, wholly or in part."""

    async def decide(session: Session, item: Obligation) -> Move:
        words, debtor = hand.terminal.words, session.community.parse_address(item.debtor)
        wanted = _get_wanted(item, amount)
        return Move(
            WriteDown(number, debtor, wanted),
            words.say("Write invoice {number} down", number=number),
            ((words.say("To let off"), tell_pai(words, wanted)),),
        )

    return move(hand, number, decide)


@click.command("reassign")
@click.argument("name")
@click.argument("number", type=click.IntRange(0))
@click.argument("whom", required=False)
@take_hand
def _reassign(hand: Hand, number: int, whom: str | None) -> Exit:
    """Hand an invoice over to somebody, if the debtor consents; without WHOM take that back."""

    async def decide(session: Session, _item: Obligation) -> Move:
        to = None if whom is None else await find_account(session, whom)
        return Move(
            Reassign(number, to),
            hand.terminal.say("Hand invoice {number} over", number=number),
            _tell_heir(hand, session, to),
        )

    return move(hand, number, decide)


@click.command("consent")
@click.argument("name")
@click.argument("number", type=click.IntRange(0))
@take_hand
def _consent(hand: Hand, number: int) -> Exit:
    """Consent to owe an invoice to the creditor whom its creditor has named."""

    async def decide(session: Session, item: Obligation) -> Move:
        if item.heir is None:
            raise Failure(
                Exit.USAGE, "No other creditor is named for invoice {number}.", number=number
            )
        to = session.community.parse_address(item.heir)
        return Move(
            ConsentReassign(number, to),
            hand.terminal.say("Owe invoice {number} to somebody else", number=number),
            _tell_heir(hand, session, to),
        )

    return move(hand, number, decide)


@click.command("setoff")
@click.argument("name")
@click.argument("number", type=click.IntRange(0))
@click.argument("answer", type=click.Choice(["on", "off"]))
@take_hand
def _set_off(hand: Hand, number: int, answer: str) -> Exit:
    """Let an invoice be set off (on), or not any more (off); it takes both sides."""

    async def decide(_session: Session, _item: Obligation) -> Move:
        words, clears = hand.terminal.words, answer == "on"
        return Move(
            MarkClearable(number, clears),
            words.say("Set-off of invoice {number}", number=number),
            ((words.say("Set-off"), tell_clears(words, clears=clears)),),
        )

    return move(hand, number, decide)


COMMANDS: Final = (_accept, _decline, _pay, _write_down, _reassign, _consent, _set_off)


def _get_wanted(item: Obligation, amount: str | None) -> int:
    """The amount that was written, or all that remains."""
    return int(item.remaining) if amount is None else parse_amount(amount)


def _tell_heir(hand: Hand, session: Session, to: AccountId | None) -> tuple[tuple[str, str], ...]:
    words = hand.terminal.words
    told = words.say("nobody")
    if to is not None:
        told = tell_account(to, session.community, get_names(session))
    return ((words.say("New creditor"), told),)
