"""A wallet's account of its own money, period by period: what came, what went, what melted.

Reckoned backwards from the balance that the newest block has, so that every line agrees with it to
the micropai. Pure: the node's history goes in, periods come out.
"""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from wallet.client import Account, Entry, SinksTold
from wallet.show import get_change

CHARGES: Final = ("demurrage", "early_return")
FEES: Final = ("fee", "notice")
SHARE: Final = "shared"
SINK_PARTS: Final = 10_000
POT: Final = "pot"  # what does not divide stays there, and is shared with what comes next


class Line(NamedTuple):
    """One entry with the balance that it left."""

    entry: Entry
    change: int
    balance: int


class PeriodOfStatement(NamedTuple):
    """One period's sums, in micropai; received, paid and what melted make closing of opening."""

    period: int
    opening: int
    received: int  # shares of active members included
    shares: int
    paid: int  # fees included
    fees: int
    demurrage: int  # that the balance bore
    early_return: int  # that savings bore when they returned early
    closing: int
    lines: tuple[Line, ...]  # oldest first
    funded: dict[str, int]


def build_statement(
    account: Account, entries: Iterable[Entry], slots_per_period: int, first_period: int
) -> tuple[PeriodOfStatement, ...]:
    """The periods from the first on in which something happened, oldest first.

    ``entries`` are newest first and reach down to the first period's beginning, or to the end.
    """
    balance = int(account.booked)
    periods: list[PeriodOfStatement] = []
    lines: list[Line] = []
    closing = balance
    current: int | None = None
    for entry in entries:
        if entry.height > account.at.height:
            continue  # later than the balance we were told
        period = entry.slot // slots_per_period
        if period < first_period:
            break
        if current is not None and period != current:
            periods.append(_sum_up(current, balance, closing, lines))
            lines, closing = [], balance
        current = period
        change = get_change(entry)
        lines.append(Line(entry, change, balance))
        balance -= change
    if current is not None:
        periods.append(_sum_up(current, balance, closing, lines))
    return tuple(reversed(periods))


def _sum_up(period: int, opening: int, closing: int, lines: Sequence[Line]) -> PeriodOfStatement:
    def sum_of(*kinds: str) -> int:
        return sum(abs(line.entry.amount) for line in lines if line.entry.kind in kinds)

    flows = [line.change for line in lines if line.entry.kind not in CHARGES]
    return PeriodOfStatement(
        period=period,
        opening=opening,
        received=sum(change for change in flows if change > 0),
        shares=sum_of(SHARE),
        paid=-sum(change for change in flows if change < 0),
        fees=sum_of(*FEES),
        demurrage=sum_of("demurrage"),
        early_return=sum_of("early_return"),
        closing=closing,
        lines=tuple(reversed(lines)),
        funded=compute_funded(lines),
    )


def compute_funded(lines: Iterable[Line]) -> dict[str, int]:
    """What demurrage went to by the rules of its time; the parts make up the whole."""
    charged: dict[SinksTold, int] = {}
    for line in lines:
        sinks = line.entry.sinks
        if sinks is not None:
            charged[sinks] = charged.get(sinks, 0) + abs(line.entry.amount)
    funded: dict[str, int] = {}
    for sinks, amount in charged.items():
        left = amount
        for name in SinksTold.__struct_fields__:
            part = amount * int(getattr(sinks, name)) // SINK_PARTS
            funded[name] = funded.get(name, 0) + part
            left -= part
        funded[POT] = funded.get(POT, 0) + left
    return {name: amount for name, amount in funded.items() if amount}


def sum_funded(periods: Iterable[PeriodOfStatement]) -> dict[str, int]:
    """The same for several periods."""
    funded: dict[str, int] = {}
    for period in periods:
        for name, amount in period.funded.items():
            funded[name] = funded.get(name, 0) + amount
    return funded
