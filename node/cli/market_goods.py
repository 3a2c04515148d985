"""``pai market``: goods against a signature. The seller shows a request, the buyer signs for it."""

from pathlib import Path
from typing import Final

import click

from chain.actions import ConfirmDelivery
from wallet.flow import Hand, Intent, act, get_names, run, tell_news
from wallet.market import DeliveryAnswer, read_trader
from wallet.options import take_folder, take_hand
from wallet.requests import (
    Handover,
    build_qr,
    format_handover,
    is_handover,
    parse_handover,
)
from wallet.session import Session, open_session
from wallet.show import shorten_address
from wallet.terminal import Exit, Failure, Terminal

QUANTITY_MAX: Final = 2**32 - 1


@click.command("hand-over")
@click.argument("name")
@click.argument("number", type=click.IntRange(0))
@click.argument("quantity", type=click.IntRange(1, QUANTITY_MAX), required=False)
@click.option("--no-qr", is_flag=True, help="Only the text, no QR code.")
@take_folder
@click.pass_obj
def _hand_over(
    terminal: Terminal, name: str, number: int, quantity: int | None, no_qr: bool, folder: Path
) -> None:
    """Show the buyer of delivery NUMBER what to sign for: a text and a QR code.

    Give him the goods when his signature is in a block: 'pai market mine' shows it.
    """

    async def work() -> None:
        async with open_session(folder, name, terminal.node_url) as session:
            tell_news(terminal, session)
            found = await _find_delivery(session, number, sold=True)
            many = _get_quantity(found, quantity)
            text = format_handover(Handover(number, many), session.community)
            document = {"delivery": number, "quantity": many, "buyer": found.buyer, "request": text}
            code = [] if no_qr else [build_qr(text)]
            told = terminal.say(
                "{goods} for {buyer}",
                goods=_tell_goods(terminal, found, many),
                buyer=_tell_other(session, found.buyer),
            )
            terminal.answer(document, told, *code, text)

    run(work)


@click.command("confirm")
@click.argument("name")
@click.argument("delivery", metavar="NUMBER|REQUEST")
@click.argument("quantity", type=click.IntRange(1, QUANTITY_MAX), required=False)
@take_hand
def _confirm(hand: Hand, delivery: str, quantity: int | None) -> Exit:
    """Sign that you have received goods, when they are handed over.

    NUMBER is a delivery's, REQUEST is what its seller shows; without QUANTITY it is all that is
    left.
    """

    async def draft(session: Session) -> Intent:
        terminal, many = hand.terminal, quantity
        if is_handover(delivery):
            number, asked = parse_handover(delivery, session.community)
            if many not in (None, asked):
                raise Failure(
                    Exit.USAGE,
                    "The request asks you to sign for {asked}, and you wrote {quantity}: leave the "
                    "quantity out, or name the delivery by its number.",
                    asked=asked,
                    quantity=many,
                )
            many = asked
        elif delivery.isascii() and delivery.isdigit():
            number = int(delivery)
        else:
            raise Failure(
                Exit.USAGE,
                "{text} is neither a delivery's number nor what a seller shows.",
                text=delivery,
            )
        found = await _find_delivery(session, number, sold=False)
        many = _get_quantity(found, many)
        return Intent(
            (ConfirmDelivery(number, many),),
            terminal.say("Receipt of {name}", name=hand.name),
            (
                (terminal.say("Received"), _tell_goods(terminal, found, many)),
                (terminal.say("Delivered by"), _tell_other(session, found.seller)),
                (terminal.say("Still to come"), _tell_goods(terminal, found, found.left - many)),
            ),
            document={"delivery": number, "quantity": many, "left": found.left - many},
        )

    return act(hand, draft)


COMMANDS: Final = (_hand_over, _confirm)


async def _find_delivery(session: Session, number: int, *, sold: bool) -> DeliveryAnswer:
    trader = await read_trader(session.client, session.address)
    for item in trader.deliveries:
        if item.number == number and session.address == (item.seller if sold else item.buyer):
            return item
    if sold:
        raise Failure(Exit.USAGE, "You have no delivery {number} to make.", number=number)
    raise Failure(Exit.USAGE, "No delivery {number} is for you.", number=number)


def _get_quantity(found: DeliveryAnswer, quantity: int | None) -> int:
    if quantity is None:
        return found.left
    if quantity > found.left:
        raise Failure(
            Exit.USAGE, "Of delivery {number} only {left} are left.", number=found.number,
            left=found.left,
        )  # fmt: skip
    return quantity


def _tell_goods(terminal: Terminal, found: DeliveryAnswer, quantity: int) -> str:
    return f"{terminal.words.number(quantity)} {found.unit} {found.good}"


def _tell_other(session: Session, address: str) -> str:
    return get_names(session).get(address) or shorten_address(address)
