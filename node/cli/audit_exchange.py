"""How exchange looks in the report on a community: chains, deliveries, and what needed no money."""

from collections.abc import Iterator
from decimal import Decimal

from rich.console import RenderableType

from node.audit.report_types import Exchange
from node.cli.charts import draw_bar
from node.cli.figures import BAR_WIDTH, tell_amount, tell_percent
from wallet.terminal import Column, build_sheet, build_table
from wallet.words import Words


def tell_exchange(words: Words, exchange: Exchange) -> Iterator[RenderableType]:
    """What chains have done, if any was ever proposed; and the share of trade without money."""
    pairs = []
    if exchange.proposed:
        pairs += _tell_chains(words, exchange)
    if Decimal(exchange.without_money):
        pairs += [
            (words.say("All trade"), tell_amount(words, exchange.trade)),
            (
                words.say("of it without money"),
                _tell_part(words, exchange.without_money, exchange.share_without_money),
            ),
        ]
    if not pairs:
        return
    yield build_sheet(pairs, title=words.say("Exchange: chains and set-off"))
    if exchange.people:
        most = max(exchange.people.values())
        yield build_table(
            [
                Column(words.say("people in a chain"), figures=True),
                Column(words.say("chains"), figures=True),
                Column(""),
            ],
            [
                (count, words.number(number), draw_bar(number, most, BAR_WIDTH))
                for count, number in exchange.people.items()
            ],
        )


def _tell_chains(words: Words, exchange: Exchange) -> list[tuple[str, str]]:
    return [
        (words.say("Chains found and proposed"), words.number(exchange.proposed)),
        (words.say("- that happened"), words.number(exchange.happened)),
        (words.say("- that wait for consent"), words.number(exchange.waiting)),
        (words.say("- that came to nothing"), words.number(exchange.given_up)),
        (words.say("- delivered in full"), words.number(exchange.delivered_whole)),
        (words.say("- with goods that did not come"), words.number(exchange.failed)),
        (words.say("Traded in chains"), tell_amount(words, exchange.amount)),
        (words.say("- money that moved for it"), tell_amount(words, exchange.moved)),
        (
            words.say("- money saved"),
            _tell_part(words, exchange.saved, exchange.share_saved),
        ),
        (words.say("- delivered"), tell_amount(words, exchange.delivered)),
        (words.say("- on the way"), tell_amount(words, exchange.on_the_way)),
        (words.say("- not delivered, and owed"), tell_amount(words, exchange.undelivered)),
        (words.say("- of that made good"), tell_amount(words, exchange.made_good)),
    ]


def _tell_part(words: Words, amount: str, share: str) -> str:
    return f"{tell_amount(words, amount)} ({tell_percent(words, share)})"
