"""``pai market``: offers, wants and standing orders on the command line.

A good is written as a path from the wide to the narrow, ``food/milk``; a want may name any part of
it. ``market_chains`` holds what follows: chains, consent, deliveries.
"""

from pathlib import Path
from typing import Any, Final

import click
from rich.console import RenderableType

from chain.actions import (
    Action,
    CancelOrder,
    ChangeListing,
    Offer,
    SetOrder,
    Want,
    WithdrawListing,
)
from chain.units import format_pai
from node.cli import market_chains, market_goods
from node.cli.market_signing import act_once, get_until_slot
from wallet.flow import Hand, get_names, run, tell_news
from wallet.market import ListingAnswer, TraderAnswer, read_listings, read_trader
from wallet.obligations import Obligation, get_obligations
from wallet.options import take_folder, take_hand
from wallet.requests import parse_amount
from wallet.session import Session, open_client, open_session
from wallet.show import shorten_address, tell_pai
from wallet.show_invoice import describe_invoice
from wallet.terminal import Column, Exit, Failure, Terminal, build_sheet, build_table

QUANTITY_MAX: Final = 2**32 - 1
PERIODS_MAX: Final = 359  # a transaction may wait; 360 are the rules' own bound
ORDER_PAI: Final = "250"


@click.group("market")
def command() -> None:
    """Trade goods and work in chains, with little money or none."""


for _item in (*market_chains.COMMANDS, *market_goods.COMMANDS):
    command.add_command(_item)


def _take_terms(function: click.decorators.FC) -> click.decorators.FC:
    for option in (
        click.option("--price", required=True, metavar="AMOUNT", help="In pai, for one unit."),
        click.option("--place", default="", metavar="TEXT",
                     help="Where: a path such as district/village; by default anywhere."),
        click.option("--periods", type=click.IntRange(1, PERIODS_MAX), default=28,
                     show_default=True, help="For how many periods (days)."),
        click.option("--note", default="", metavar="TEXT", help="Whatever else is to be known."),
    ):  # fmt: skip
        function = option(function)
    return function


@command.command("offer")
@click.argument("name")
@click.argument("good")
@click.argument("quantity", type=click.IntRange(1, QUANTITY_MAX))
@click.argument("unit")
@_take_terms
@take_hand
def _offer(hand: Hand, **rest: Any) -> Exit:
    """Offer goods or work: QUANTITY times UNIT of GOOD, such as food/milk 20 l."""
    return _list(hand, Offer, **rest)


@command.command("want")
@click.argument("name")
@click.argument("good")
@click.argument("quantity", type=click.IntRange(1, QUANTITY_MAX))
@click.argument("unit")
@_take_terms
@take_hand
def _want(hand: Hand, **rest: Any) -> Exit:
    """Look for goods or work, at --price at most; GOOD may be a whole category."""
    return _list(hand, Want, **rest)


def _list(
    hand: Hand,
    kind: type[Offer] | type[Want],
    *,
    good: str,
    quantity: int,
    unit: str,
    price: str,
    place: str,
    periods: int,
    note: str,
) -> Exit:
    amount = parse_amount(price)

    def build(session: Session) -> Action:
        where, until_slot = place.lower(), get_until_slot(session, periods)
        try:
            return kind(good.lower(), unit.lower(), amount, quantity, where, until_slot, note)
        except ValueError as error:
            raise Failure(Exit.USAGE, "{reason}.", reason=str(error)) from None

    return act_once(hand, build)


@command.command("change")
@click.argument("name")
@click.argument("number", type=click.IntRange(0))
@click.option("--price", required=True, metavar="AMOUNT", help="In pai, for one unit.")
@click.option("--quantity", type=click.IntRange(1, QUANTITY_MAX), required=True,
              help="What is left.")  # fmt: skip
@click.option("--periods", type=click.IntRange(1, PERIODS_MAX), default=28, show_default=True,
              help="For how many periods (days) from now.")  # fmt: skip
@take_hand
def _change(hand: Hand, number: int, price: str, quantity: int, periods: int) -> Exit:
    """Change an own offer or want; chains that wait with it are void."""
    amount = parse_amount(price)
    return act_once(
        hand,
        lambda session: ChangeListing(number, amount, quantity, get_until_slot(session, periods)),
    )


@command.command("withdraw")
@click.argument("name")
@click.argument("number", type=click.IntRange(0))
@take_hand
def _withdraw(hand: Hand, number: int) -> Exit:
    """Take back an own offer or want."""
    return act_once(hand, lambda _: WithdrawListing(number))


@command.command("order")
@click.argument("name")
@click.option("--give", default=ORDER_PAI, show_default=True, metavar="AMOUNT",
              help="What chains may take from the balance in all, in pai.")  # fmt: skip
@click.option("--take", default=ORDER_PAI, show_default=True, metavar="AMOUNT",
              help="What chains may add to the balance in all, in pai.")  # fmt: skip
@click.option("--chains", type=click.IntRange(1, 1_000), default=10, show_default=True,
              help="How many chains a period at most.")  # fmt: skip
@click.option("--periods", type=click.IntRange(1, PERIODS_MAX), default=28, show_default=True,
              help="For how many periods (days).")  # fmt: skip
@click.option("--cancel", is_flag=True, help="Cancel the standing order.")
@take_hand
def _order(hand: Hand, give: str, take: str, chains: int, periods: int, cancel: bool) -> Exit:
    """Let chains of your own offers and wants happen without asking each time."""
    most, least = parse_amount(give), parse_amount(take)

    def build(session: Session) -> Action:
        if cancel:
            return CancelOrder()
        return SetOrder(most, least, chains, get_until_slot(session, periods))

    return act_once(hand, build)


@command.command("browse")
@click.option("--good", default="", metavar="TEXT", help="A category, such as food.")
@click.option("--place", default="", metavar="TEXT", help="A place.")
@click.option("--side", type=click.Choice(["offers", "wants"]), help="Only these.")
@click.pass_obj
def _browse(terminal: Terminal, good: str, place: str, side: str | None) -> None:
    """Search what is offered and wanted; no wallet is needed."""
    wishes = {"good": good.lower(), "place": place.lower(), "side": side}
    query = {name: value for name, value in wishes.items() if value}

    async def work() -> None:
        async with open_client(terminal.node_url) as client:
            found = await read_listings(client, **query)
            if not found:
                terminal.note(terminal.say("Nothing of that is offered or wanted."))
            document = {"listings": [_build_document(item) for item in found]}
            terminal.answer(
                document, *([_build_listings(terminal, found, own=False)] * bool(found))
            )

    run(work)


@command.command("mine")
@click.argument("name")
@take_folder
@click.pass_obj
def _mine(terminal: Terminal, name: str, folder: Path) -> None:
    """Show what you have open: offers, wants, standing order, deliveries, and your record."""

    async def work() -> None:
        async with open_session(folder, name, terminal.node_url) as session:
            tell_news(terminal, session)
            trader = await read_trader(session.client, session.address)
            owed = await get_obligations(session.client, session.address)
            debts = [item for item in owed.obligations if item.delivery is not None]
            terminal.answer(
                _build_trader_document(trader, debts),
                *_build_trader(terminal, session, trader, debts),
            )

    run(work)


def _build_document(item: ListingAnswer) -> dict[str, object]:
    return {
        "number": item.number,
        "account": item.account,
        "side": "want" if item.is_want else "offer",
        "good": item.good,
        "unit": item.unit,
        "price": format_pai(item.price),
        "left": item.left,
        "place": item.place,
        "until_slot": item.until_slot,
        "note": item.note,
    }


def _build_listings(terminal: Terminal, found: list[ListingAnswer], *, own: bool) -> RenderableType:
    """Who and remarks only where they say something: a terminal is narrow."""
    words, remarked = terminal.words, any(item.note for item in found)
    columns = [
        Column(words.say("Number"), figures=True),
        Column(words.say("Side")),
        Column(words.say("Good")),
        Column(words.say("Left"), figures=True),
        Column(words.say("Price of one"), figures=True),
        Column(words.say("Place")),
        *([Column(words.say("Whose"))] * (not own)),
        *([Column(words.say("Remark"))] * remarked),
    ]
    rows = [
        (
            str(item.number),
            words.say("wanted") if item.is_want else words.say("on offer"),
            item.good,
            f"{words.number(item.left)} {item.unit}",
            words.amount(item.price),
            item.place or words.say("anywhere"),
            *([shorten_address(item.account)] * (not own)),
            *([item.note] * remarked),
        )
        for item in found
    ]
    return build_table(columns, rows)


def _build_trader_document(trader: TraderAnswer, debts: list[Obligation]) -> dict[str, object]:
    order = trader.order
    return {
        "address": trader.address,
        "order": None
        if order is None
        else {
            "give_max": format_pai(order.give_max),
            "take_max": format_pai(order.take_max),
            "chains_a_period": order.chains_a_period,
            "until_slot": order.until_slot,
            "moved": order.moved,
            "counts": order.counts,
        },
        "listings": [_build_document(item) for item in trader.listings],
        "deliveries": [
            {"number": item.number, "seller": item.seller, "buyer": item.buyer, "good": item.good,
             "unit": item.unit, "left": item.left, "overdue": item.overdue}
            for item in trader.deliveries
        ],
        "obligations": [describe_invoice(item) for item in debts],
        "delivered": format_pai(trader.delivered),
        "late": format_pai(trader.late),
        "disputed": format_pai(trader.disputed),
        "kept": format_pai(trader.kept),
        "overdue": trader.overdue,
    }  # fmt: skip


def _build_trader(
    terminal: Terminal, session: Session, trader: TraderAnswer, debts: list[Obligation]
) -> list[RenderableType]:
    words, names = terminal.words, get_names(session)
    order, none = trader.order, words.say("none")
    pairs = [
        (
            words.say("Standing order"),
            none
            if order is None or not order.counts
            else words.say(
                "may take {give} and add {take}, moved so far: {moved}",
                give=tell_pai(words, order.give_max),
                take=tell_pai(words, order.take_max),
                moved=order.moved,
            ),
        ),
        (
            words.say("Record"),
            words.say(
                "delivered {delivered}, late {late}, disputed {disputed}, made good {kept}",
                delivered=words.amount(trader.delivered, decimals=0),
                late=words.amount(trader.late, decimals=0),
                disputed=words.amount(trader.disputed, decimals=0),
                kept=words.amount(trader.kept, decimals=0),
            ),
        ),
    ]
    for item in trader.deliveries:
        owner, other = (
            (words.say("You deliver"), item.buyer)
            if item.seller == trader.address
            else (words.say("You receive"), item.seller)
        )
        goods = f"{words.number(item.left)} {item.unit} {item.good}"
        who = names.get(other, shorten_address(other))
        late = f" ({words.say('past its time')})" if item.overdue else ""
        pairs.append((f"{owner}, {words.say('No.')} {item.number}", f"{goods}, {who}{late}"))
    for debt in debts:
        mine = debt.debtor == trader.address
        owner = words.say("You owe") if mine else words.say("You are owed")
        told = f"{tell_pai(words, debt.remaining)}, {debt.reference}"
        if debt.disputed_until_time is not None:
            until = words.date(debt.disputed_until_time)
            told = f"{told} ({words.say('disputed until {date}', date=until)})"
        pairs.append(
            (words.say("{owner}, invoice {number}", owner=owner, number=debt.number), told)
        )
    table = _build_listings(terminal, list(trader.listings), own=True)
    return [build_sheet(pairs, title=session.address), *([table] * bool(trader.listings))]
