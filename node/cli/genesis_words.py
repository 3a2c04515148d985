"""A constitution in words: what a member wants to know before joining.

What melts and how fast, where that goes, what paying and saving cost, who vouches for people, who
runs the servers, how much money there is. The same as a document for programs.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec
from msgspec.structs import fields
from rich.console import RenderableType
from rich.table import Table

from chain.address import encode_address
from chain.genesis import HOME_GROUP, Genesis, compute_chain_id
from chain.parameters import BASIS_POINTS
from chain.policy import AccountId
from chain.rules.birth import compute_issued
from chain.units import format_pai
from genesis import outlook
from genesis.figures import CONSTANTS, PARAMETERS, REWARD_SHARES, SINKS, Figure, Unit
from genesis.outlook import EXAMPLE, Horizon, compute_outlook
from genesis.verify import compute_seat_weights
from wallet.terminal import Column, Sheet, Terminal, build_sheet, build_table
from wallet.words import mark

PAYMENT_UNITS: Final = 3  # one signature, one action, less than 256 bytes
_CENT: Final = 10_000  # micropai; what remains of an example is told to the hundredth
_FULL: Final = mark(
    "The reserve is full at a tenth of all that members owe; what is above goes to the social fund."
)
_NESTED: Final = {"sinks": SINKS, "reward_shares": REWARD_SHARES}


def build_document(genesis: Genesis) -> dict[str, Any]:
    """The constitution for programs; amounts in pai as decimal strings, times in seconds."""
    constants = genesis.constants
    slot = constants.slot_seconds
    return {
        "community": compute_chain_id(genesis).hex(),
        "name": genesis.name,
        "prefix": genesis.prefix,
        "rules_version": genesis.version,
        "genesis_time": genesis.genesis_time,
        "step_seconds": slot * constants.slots_per_step,
        "period_seconds": slot * constants.slots_per_period,
        "epoch_seconds": slot * constants.slots_per_epoch,
        "demurrage": {
            "schedule": [
                {"from_step": item.from_step, "keep": None if item.keep is None else str(item.keep)}
                for item in genesis.keep_schedule
            ],
            "of": format_pai(EXAMPLE),
            "remains": [
                {"seconds": item.seconds, "amount": format_pai(item.remains)}
                for item in _get_outlook(genesis)
            ],
        },
        "issued": {name: format_pai(amount) for name, amount in _get_money(genesis).items()},
        "accounts": len(genesis.accounts),
        "identified": len(_get_persons(genesis)),
        "authorities": [
            {
                "address": encode_address(genesis.prefix, item.id),
                "name": item.name,
                "jurisdiction": item.jurisdiction,
                "group": item.group,
                "threshold": item.policy.threshold,
                "keys": len(item.policy.keys),
                "attested": attested,
            }
            for item, attested in _count_attested(genesis)
        ],
        "seats": [
            {
                "owner": address,
                "bond": format_pai(bond),
                "share_bp": BASIS_POINTS * weight // max(1, total),
            }
            for address, bond, weight, total in _get_seats(genesis)
        ],
        "constants": _describe_figures(genesis.constants, CONSTANTS),
        "parameters": _describe_figures(genesis.parameters, PARAMETERS),
    }


def tell_constitution(terminal: Terminal, genesis: Genesis) -> list[RenderableType]:
    """The constitution for people, part by part."""
    parts = [
        _tell_community(terminal, genesis),
        *_tell_demurrage(terminal, genesis),
        *_tell_sinks(terminal, genesis),
        _tell_rights(terminal, genesis),
        _tell_money(terminal, genesis),
        _tell_authorities(terminal, genesis),
        _tell_seats(terminal, genesis),
    ]
    return [line for part in parts for line in (part, "")][:-1]


def build_figures(terminal: Terminal, genesis: Genesis) -> Table:
    """Every figure with its unit and its meaning."""
    rows = [
        (name, _write_value(figure.unit, value), unit, terminal.say(figure.meaning))
        for record, figures in ((genesis.constants, CONSTANTS), (genesis.parameters, PARAMETERS))
        for name, figure, value in _iterate_figures(record, figures)
        for unit in ("" if figure.unit is Unit.COUNT else terminal.say(figure.unit.value),)
    ]
    columns = [
        Column(terminal.say("figure")),
        Column(terminal.say("value"), figures=True),
        Column(terminal.say("unit")),
        Column(terminal.say("meaning")),
    ]
    return build_table(columns, rows, title=terminal.say("All figures"))


def _tell_community(terminal: Terminal, genesis: Genesis) -> Sheet:
    words, constants = terminal.words, genesis.constants
    slot = constants.slot_seconds
    pairs = [
        (words.say("Community"), compute_chain_id(genesis).hex()),
        (words.say("Begins"), words.date(genesis.genesis_time)),
        (words.say("A block at most every"), words.duration(slot)),
        (
            words.say("The community's day (period)"),
            words.duration(slot * constants.slots_per_period),
        ),
        (words.say("Addresses begin with"), f"{genesis.prefix}1"),
    ]
    return build_sheet(pairs, title=genesis.name)


def _tell_demurrage(terminal: Terminal, genesis: Genesis) -> list[RenderableType]:
    words, parameters = terminal.words, genesis.parameters
    period = genesis.constants.slot_seconds * genesis.constants.slots_per_period
    savings = words.say(
        "Savings lose nothing. They are put away for {least} to {most} and cannot pay meanwhile; "
        "whoever takes them back earlier bears the demurrage they were spared.",
        least=words.duration(period * parameters.savings_min_periods),
        most=words.duration(period * parameters.savings_max_periods),
    )
    horizons = _get_outlook(genesis)
    if all(item.remains == EXAMPLE for item in horizons):
        return [words.say("Nothing melts: there is no demurrage."), savings]
    table = build_table(
        [
            Column(words.say("after")),
            Column(words.say("remain of 1,000 pai"), figures=True),
            Column(words.say("lost"), figures=True),
        ],
        [
            (
                _tell_length(terminal, item.seconds),
                words.amount(_round(item.remains)),
                words.percent(EXAMPLE - item.remains, EXAMPLE, decimals=3),
            )
            for item in horizons
        ],
        title=words.say("What melts: money in settlement (demurrage)"),
    )
    return [table, savings]


def _tell_sinks(terminal: Terminal, genesis: Genesis) -> list[RenderableType]:
    words = terminal.words
    sinks = genesis.parameters.sinks
    rows = [
        (words.say(figure.meaning), words.percent(getattr(sinks, name), BASIS_POINTS, decimals=0))
        for name, figure in SINKS.items()
        if getattr(sinks, name)
    ]
    columns = [Column(words.say("receiver")), Column(words.say("share"), figures=True)]
    return [
        build_table(columns, rows, title=words.say("Where demurrage goes")),
        *([words.say(_FULL)] * bool(sinks.reserve)),
    ]


def _tell_rights(terminal: Terminal, genesis: Genesis) -> str:
    words, parameters = terminal.words, genesis.parameters
    free = words.say_count(
        "An identified member makes about {n} payment a period for nothing.",
        "An identified member makes about {n} payments a period for nothing.",
        parameters.free_units // PAYMENT_UNITS,
    )
    if not parameters.unit_fee:
        return f"{free} {words.say('Beyond that, payments cost nothing either.')}"
    fee = words.say(
        "Beyond that a payment costs about {fee} pai, which goes to those who run the servers.",
        fee=words.amount(PAYMENT_UNITS * parameters.unit_fee),
    )
    return f"{free} {fee}"


def _tell_money(terminal: Terminal, genesis: Genesis) -> Table:
    words, money = terminal.words, _get_money(genesis)
    names = {
        "balances": words.say("in settlement"),
        "savings": words.say("in savings"),
        "bonds": words.say("bonds of seats"),
        "funds": words.say("in common funds"),
        "total": words.say("in all"),
    }
    return build_table(
        [Column(words.say("money at the start")), Column(words.say("pai"), figures=True)],
        [(names[name], words.amount(amount)) for name, amount in money.items()],
        title=words.say_count(
            "{n} account, {persons} of identified persons",
            "{n} accounts, {persons} of identified persons",
            len(genesis.accounts),
            persons=words.number(len(_get_persons(genesis))),
        ),
    )


def _tell_authorities(terminal: Terminal, genesis: Genesis) -> Table:
    words = terminal.words
    rows = [
        (
            item.name,
            item.jurisdiction,
            words.say("{m} of {n}", m=item.policy.threshold, n=len(item.policy.keys)),
            words.number(attested),
            words.say("yes") if item.group == HOME_GROUP else words.say("no"),
        )
        for item, attested in _count_attested(genesis)
    ]
    columns = [
        Column(words.say("authority")),
        Column(words.say("jurisdiction")),
        Column(words.say("keys"), figures=True),
        Column(words.say("attested"), figures=True),
        Column(words.say("gives vote and seat")),
    ]
    return build_table(columns, rows, title=words.say("Who says that somebody is a person"))


def _tell_seats(terminal: Terminal, genesis: Genesis) -> Table:
    words = terminal.words
    rows = [
        (address, words.amount(bond), words.percent(weight, total))
        for address, bond, weight, total in _get_seats(genesis)
    ]
    columns = [
        Column(words.say("owner of the seat")),
        Column(words.say("bond, pai"), figures=True),
        Column(words.say("weight"), figures=True),
    ]
    return build_table(columns, rows, title=words.say("Who runs the servers"))


def _tell_length(terminal: Terminal, seconds: int) -> str:
    match seconds:
        case outlook.MONTH_SECONDS:
            return terminal.say("a month")
        case outlook.YEAR_SECONDS:
            return terminal.say("a year")
    return terminal.words.duration(seconds)


def _get_outlook(genesis: Genesis) -> tuple[Horizon, ...]:
    return compute_outlook(genesis.constants, genesis.keep_schedule)


def _get_money(genesis: Genesis) -> dict[str, int]:
    """Where the money is at the start, in micropai."""
    return {
        "balances": sum(item.balance for item in genesis.accounts),
        "savings": sum(deposit.amount for item in genesis.accounts for deposit in item.deposits),
        "bonds": sum(item.bond for item in genesis.seats),
        "funds": sum(genesis.funds.get_amounts()),
        "total": compute_issued(genesis),
    }


def _get_persons(genesis: Genesis) -> set[AccountId]:
    home = {item.id for item in genesis.authorities if item.group == HOME_GROUP}
    return {item.subject for item in genesis.attestations if item.authority in home}


def _count_attested(genesis: Genesis) -> Iterator[tuple[Any, int]]:
    counts = Counter(item.authority for item in genesis.attestations)
    for item in genesis.authorities:
        yield item, counts[item.id]


def _get_seats(genesis: Genesis) -> Iterator[tuple[str, int, int, int]]:
    """Owner's address, bond, weight, and the weight of all."""
    weights = compute_seat_weights(genesis)
    for seat, weight in zip(genesis.seats, weights, strict=True):
        yield encode_address(genesis.prefix, seat.account), seat.bond, weight, sum(weights)


def _iterate_figures(
    record: msgspec.Struct, figures: Mapping[str, Figure], above: str = ""
) -> Iterator[tuple[str, Figure, object]]:
    for field in fields(record):
        value = getattr(record, field.name)
        if isinstance(value, msgspec.Struct):
            yield from _iterate_figures(value, _NESTED[field.name], f"{field.name}.")
        else:
            yield above + field.name, figures[field.name], value


def _describe_figures(record: msgspec.Struct, figures: Mapping[str, Figure]) -> dict[str, object]:
    """Figures by name: amounts and fractions as texts, all else as numbers."""
    return {
        name: _write_value(figure.unit, value)
        if figure.unit in (Unit.PAI, Unit.FRACTION)
        else value
        for name, figure, value in _iterate_figures(record, figures)
    }


def _write_value(unit: Unit, value: object) -> str:
    match value:
        case int() if unit is Unit.PAI:
            return format_pai(value)
        case tuple():
            return ", ".join(str(item) for item in value)
    return str(value)


def _round(amount_micropai: int) -> int:
    return (amount_micropai + _CENT // 2) // _CENT * _CENT
