"""What set-offs have done, from the facts of a replay: it has verified every certificate again.

What was set off is taken apart into circles, to say how many people each of them joined; where
money was lent, the circle runs through those who lend. Amounts are micropai; nobody is named.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

from chain.facts import Fact, LiquidityFreed, LiquidityGot, SetOff
from chain.policy import AccountId
from chain.units import format_pai
from node.audit.report_figures import get_share
from node.audit.report_types import SetOffRow

_POOL: Final = b""  # no account: where money comes from that is lent, and goes to


@dataclass(slots=True)
class _Way:
    """What still flows from one account to another."""

    target: bytes
    amount: int


class SetOffFigures(NamedTuple):
    """One set-off. ``lengths``: of the circles it is made of, how many accounts each joins."""

    interval: int
    height: int
    slot: int
    entered: int
    debt: int  # of what entered
    net_debt: int  # the least money that would pay all of it
    cleared: int
    closed: int
    money_used: int
    lengths: tuple[int, ...]

    @property
    def money_saved(self) -> int:
        """What would have had to be paid otherwise."""
        return self.cleared - self.money_used


def find_set_offs(height: int, slot: int, facts: Iterable[Fact]) -> list[SetOffFigures]:
    """The set-off of one block, if it has one."""
    facts = list(facts)
    lent = {fact.account: fact.lent for fact in facts if isinstance(fact, LiquidityFreed)}
    got = {fact.account: fact.amount for fact in facts if isinstance(fact, LiquidityGot)}
    return [
        SetOffFigures(
            interval=fact.interval,
            height=height,
            slot=slot,
            entered=fact.entered,
            debt=fact.entered_amount,
            net_debt=fact.net_debt,
            cleared=sum(item.amount for item in fact.cleared),
            closed=sum(not item.remaining for item in fact.cleared),
            money_used=sum(lent.values()),
            lengths=tuple(find_circles(_list_flows(fact, lent, got))),
        )
        for fact in facts
        if isinstance(fact, SetOff)
    ]


def _list_flows(
    fact: SetOff, lent: dict[AccountId, int], got: dict[AccountId, int]
) -> list[tuple[bytes, bytes, int]]:
    flows = [(item.debtor, item.creditor, item.amount) for item in fact.cleared]
    flows += [(_POOL, account, amount) for account, amount in lent.items() if amount]
    flows += [(account, _POOL, amount) for account, amount in got.items()]
    return flows


def find_circles(flows: Iterable[tuple[bytes, bytes, int]]) -> list[int]:
    """Take balanced flows apart into circles; how many accounts each joins, the pool apart.

    Every circle empties a flow at least, so there are no more of them than flows.
    """
    ways: dict[bytes, list[_Way]] = {}
    for source, target, amount in flows:
        ways.setdefault(source, []).append(_Way(target, amount))
    lengths = []
    for start in sorted(ways):
        path, places = [start], {start: 0}
        while ways.get(path[-1]):
            target = ways[path[-1]][-1].target
            if target not in places:
                places[target] = len(path)
                path.append(target)
                continue
            circle = path[places[target] :]
            lengths.append(sum(account != _POOL for account in circle))
            _empty([ways[account] for account in circle])
            for account in circle[1:]:
                del places[account]
            del path[places[target] + 1 :]
    return lengths


def _empty(circle: list[list[_Way]]) -> None:
    """Take out of the last ways of a circle what flows all the way round."""
    least = min(ways[-1].amount for ways in circle)
    for ways in circle:
        ways[-1].amount -= least
        if not ways[-1].amount:
            ways.pop()


def build_set_off_row(figures: SetOffFigures) -> SetOffRow:
    """One set-off for the report."""
    lengths = sorted(figures.lengths)
    return SetOffRow(
        interval=figures.interval,
        height=figures.height,
        slot=figures.slot,
        entered=figures.entered,
        debt=format_pai(figures.debt),
        net_debt=format_pai(figures.net_debt),
        cleared=format_pai(figures.cleared),
        cleared_share=get_share(figures.cleared, figures.debt),
        closed=figures.closed,
        money_used=format_pai(figures.money_used),
        money_saved=format_pai(figures.money_saved),
        net_debt_paid=get_share(figures.money_used, figures.net_debt),
        circles=len(lengths),
        shortest=lengths[0] if lengths else 0,
        median=lengths[len(lengths) // 2] if lengths else 0,
        longest=lengths[-1] if lengths else 0,
    )
