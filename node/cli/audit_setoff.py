"""How set-offs look in the report on a community: what was cleared, with how little money."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from rich.console import RenderableType

from chain.units import parse_pai
from node.audit.report_types import SetOffRow
from wallet.terminal import Column, build_table
from wallet.words import Words


def tell_set_offs(words: Words, rows: Sequence[SetOffRow]) -> Iterator[RenderableType]:
    """A table of set-offs, if there were any."""
    if not rows:
        return
    yield build_table(
        [
            Column(words.say("block"), figures=True),
            Column(words.say("invoices"), figures=True),
            Column(words.say("debt"), figures=True),
            Column(words.say("cleared"), figures=True),
            Column(words.say("share"), figures=True),
            Column(words.say("money used"), figures=True),
            Column(words.say("money saved"), figures=True),
            Column(words.say("people in a circle"), figures=True),
        ],
        [
            (
                words.number(row.height),
                words.number(row.entered),
                words.amount(parse_pai(row.debt)),
                words.amount(parse_pai(row.cleared)),
                words.percent(int(Decimal(row.cleared_share) * 1_000_000), 1_000_000),
                words.amount(parse_pai(row.money_used)),
                words.amount(parse_pai(row.money_saved)),
                f"{row.shortest}-{row.median}-{row.longest}",
            )
            for row in rows
        ],
        title=words.say("Set-offs: debts paid by each other"),
    )
