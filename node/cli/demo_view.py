"""What a demonstration calls its people and goods, its line for a log, and how it ended."""

from decimal import Decimal
from typing import Any, Final

from rich.console import RenderableType
from rich.text import Text

from chain.units import parse_pai
from node.cli.audit_money import FUNDS
from node.cli.audit_view import tell_findings
from node.cli.charts import draw_bar, draw_sparkline
from node.cli.demo_live import round_amount, tell_agreement, tell_share
from node.ops.barter import Unit, Ware
from node.ops.demo import Life
from node.ops.demo_chains import Names
from node.ops.market import Good, Trade
from node.ops.outcome import Outcome
from node.ops.watch import Board
from wallet.terminal import Column, Terminal, build_sheet, build_table
from wallet.words import Words, mark

BAR_WIDTH: Final = 16
SPARK_WIDTH: Final = 40
ROOT_SHOWN: Final = 16  # of its characters; the document has them all
_GOOD: Final = "green"
_BAD: Final = "bold red"

NAMES: Final = (
    mark("Anna"), mark("Boris"), mark("Vera"), mark("Gleb"), mark("Darya"), mark("Yegor"),
    mark("Zhanna"), mark("Ivan"), mark("Klara"), mark("Lev"), mark("Maria"), mark("Nikita"),
)  # fmt: skip
TRADES: Final = {
    Trade.FARMER: mark("farmer"),
    Trade.BAKER: mark("baker"),
    Trade.SHOP: mark("shopkeeper"),
    Trade.SMITH: mark("smith"),
    Trade.TEACHER: mark("teacher"),
    Trade.CARPENTER: mark("carpenter"),
    Trade.MILLER: mark("miller"),
    Trade.DOCTOR: mark("doctor"),
    Trade.SHEPHERD: mark("shepherd"),
    Trade.COOK: mark("cook"),
    Trade.WEAVER: mark("weaver"),
    Trade.POTTER: mark("potter"),
}
GOODS: Final = {
    Good.GRAIN: mark("grain"),
    Good.VEGETABLES: mark("vegetables"),
    Good.FLOUR: mark("flour"),
    Good.BREAD: mark("bread"),
    Good.BREAD_FOR_SALE: mark("bread for the shop"),
    Good.GROCERIES: mark("groceries"),
    Good.TOOLS: mark("tools"),
    Good.HORSESHOES: mark("horseshoes"),
    Good.LESSONS: mark("lessons"),
    Good.FURNITURE: mark("furniture"),
    Good.REPAIR: mark("repair of the roof"),
    Good.VISIT: mark("doctor's visit"),
    Good.CHEESE: mark("cheese"),
    Good.WOOL: mark("wool"),
    Good.DINNER: mark("dinner"),
    Good.CLOTH: mark("cloth"),
    Good.POTS: mark("pots"),
    Good.WAGES: mark("wages"),
}

WARES: Final = {
    Ware.VEGETABLES: mark("food/vegetables"),
    Ware.BREAD: mark("food/bread"),
    Ware.GROCERIES: mark("food/groceries"),
    Ware.TOOLS: mark("home/tools"),
    Ware.LESSON: mark("work/lesson"),
    Ware.REPAIR: mark("work/repair"),
    Ware.FLOUR: mark("food/flour"),
    Ware.VISIT: mark("work/doctor"),
    Ware.CHEESE: mark("food/cheese"),
    Ware.DINNER: mark("food/dinner"),
    Ware.CLOTH: mark("home/cloth"),
    Ware.POT: mark("home/pot"),
}
UNITS: Final = {
    Unit.KILO: mark("kg"),
    Unit.PIECE: mark("piece"),
    Unit.HOUR: mark("hour"),
    Unit.METRE: mark("m"),
}


def build_names(words: Words) -> Names:
    """What is traded in chains, in the person's language."""
    return Names(
        {ware: words.say(text) for ware, text in WARES.items()},
        {unit: words.say(text) for unit, text in UNITS.items()},
    )


def tell_progress(words: Words, board: Board) -> str:
    """One line for a log."""
    line = words.say(
        "slot {slot}: heights {heights}; payments {payments}, velocity {velocity}, "
        "demurrage {demurrage}; chains {chains}, without money {share}",
        slot=words.number(max(0, board.clock_slot)),
        heights=" ".join(str(server.height) for server in board.servers),
        payments=words.number(board.payments),
        velocity=words.amount(int(board.velocity * 1_000) * 1_000, decimals=3),
        demurrage=round_amount(words, board.demurrage),
        chains=words.number(board.chains.number),
        share=tell_share(words, board.share_without_money),
    )
    return line if board.agreed else f"{line} ({tell_agreement(words, board)})"


def tell_outcome(
    terminal: Terminal, life: Life, outcome: Outcome, document: dict[str, Any]
) -> list[RenderableType]:
    """How it ended, for people."""
    words = terminal.words
    parts: list[RenderableType] = [
        _tell_ends(words, life, document),
        "",
        _tell_sums(words, life, outcome, document),
        "",
        _tell_common_good(words, document),
        "",
    ]
    if outcome.agreed:
        text = words.say(
            "All servers hold the same block {height} with the same state root.",
            height=words.number(outcome.height),
        )
        parts.append(Text(text, style=_GOOD))
    else:
        parts.append(Text(words.say("The servers do not agree."), style=_BAD))
    findings = [finding for _, finding in outcome.findings]
    return [*parts, *tell_findings(words, findings, life.founded.prefix)]


def _tell_ends(words: Words, life: Life, document: dict[str, Any]) -> RenderableType:
    return build_table(
        [
            Column(words.say("server of")),
            Column(words.say("height"), figures=True),
            Column(words.say("blocks"), figures=True),
            Column(words.say("memory, MiB"), figures=True),
            Column(words.say("state root")),
        ],
        [
            (
                view.owner,
                words.number(item["height"]),
                words.number(item["blocks_produced"]),
                words.amount(int(item["rss_mib"] * 10) * 100_000, decimals=1),
                (item["state_root"] or "-")[:ROOT_SHOWN],
            )
            for view, item in zip(life.board.servers, document["servers"], strict=True)
        ],
        title=words.say("The community at its end"),
    )


def _tell_sums(
    words: Words, life: Life, outcome: Outcome, document: dict[str, Any]
) -> RenderableType:
    report = outcome.report
    first = life.first_block_seconds or 0.0
    pairs = [
        (
            words.say("First block after the servers' start, seconds"),
            words.amount(round(first * 10) * 100_000, decimals=1),
        ),
        (words.say("Payments"), words.number(document["payments"])),
        (words.say("Refused"), words.number(document["refused"])),
        (words.say("Velocity a period"), _ratio(words, document["velocity"])),
        (words.say("Demurrage"), round_amount(words, parse_pai(document["demurrage"]))),
        *_tell_chains(words, life, document["chains"]),
    ]
    if report is not None:
        sparkline = draw_sparkline([Decimal(row.velocity) for row in report.periods], SPARK_WIDTH)
        pairs.append((words.say("velocity by period"), sparkline))
    return build_sheet(pairs)


def _tell_chains(words: Words, life: Life, chains: dict[str, Any] | None) -> list[tuple[str, str]]:
    """Chains that were found, happened and were delivered, and the share of trade without money."""
    if chains is None:
        return []
    longest = max((int(count) for count in chains["people"]), default=0)
    return [
        (
            words.say("Chains of trades"),
            words.say(
                "{found} found, {happened} happened",
                found=words.number(chains["proposed"]),
                happened=words.number(chains["happened"]),
            ),
        ),
        (words.say("- of them delivered"), words.number(chains["delivered_whole"])),
        (words.say("- people in the longest"), words.number(longest)),
        (words.say("Consents beside standing orders"), words.number(life.board.chains.accepted)),
        (words.say("Traded in chains"), round_amount(words, parse_pai(chains["amount"]))),
        (words.say("- money that moved for it"), round_amount(words, parse_pai(chains["moved"]))),
        (
            words.say("All trade that needed no money"),
            tell_share(words, Decimal(chains["share_without_money"])),
        ),
    ]


def _tell_common_good(words: Words, document: dict[str, Any]) -> RenderableType:
    funds = {name: parse_pai(document["funds"][name]) for name in FUNDS}
    total = max(1, sum(funds.values()))
    return build_table(
        [Column(words.say("where it went")), Column(words.say("pai"), figures=True), Column("")],
        [
            (
                words.say(text),
                round_amount(words, funds[name]),
                draw_bar(funds[name], total, BAR_WIDTH),
            )
            for name, text in FUNDS.items()
            if funds[name]
        ],
    )


def _ratio(words: Words, text: str) -> str:
    return words.amount(int(Decimal(text) * 1_000) * 1_000, decimals=3)
