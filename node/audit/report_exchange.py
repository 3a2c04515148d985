"""The report's part on chains of trades, and on what share of all trade needed no money."""

from collections import Counter
from collections.abc import Iterable

from chain.tables import CHAINS
from chain.units import format_pai
from node.audit.evidence import Evidence, select
from node.audit.history import Period
from node.audit.market import ChainFigures, MarketPeriod
from node.audit.report_figures import get_share
from node.audit.report_types import ChainRow, Exchange


def build_exchange(evidence: Evidence) -> Exchange:
    """All chains of a replay."""
    history = evidence.history
    market, chains = history.market, list(history.market.chains.values())
    waiting = sum(row.expires_slot >= evidence.slot for _, row in select(evidence.rows, CHAINS))
    amount, moved = sum(item.amount for item in chains), sum(item.moved for item in chains)
    delivered = sum(item.delivered for item in chains)
    undelivered = sum(item.undelivered for item in chains)
    without_money, trade = count_trade(history.periods, market.periods.values())
    lengths = Counter(item.people for item in chains)
    return Exchange(
        proposed=market.proposed,
        happened=len(chains),
        waiting=waiting,
        given_up=market.proposed - len(chains) - waiting,
        delivered_whole=sum(item.is_delivered for item in chains),
        failed=sum(bool(item.undelivered) for item in chains),
        people={str(count): lengths[count] for count in sorted(lengths)},
        amount=format_pai(amount),
        moved=format_pai(moved),
        saved=format_pai(amount - moved),
        share_saved=get_share(amount - moved, amount),
        delivered=format_pai(delivered),
        on_the_way=format_pai(amount - delivered - undelivered),
        undelivered=format_pai(undelivered),
        made_good=format_pai(sum(item.made_good for item in chains)),
        trade=format_pai(trade),
        without_money=format_pai(without_money),
        share_without_money=get_share(without_money, trade),
    )


def count_trade(periods: Iterable[Period], markets: Iterable[MarketPeriod]) -> tuple[int, int]:
    """What of all trade needed no money, and all trade: payments, chains and set-offs."""
    markets = list(markets)
    without_money = sum(item.traded - item.moved + item.cleared - item.lent for item in markets)
    by_chains = sum(item.traded + item.cleared for item in markets)
    return without_money, by_chains + sum(period.turnover for period in periods)


def build_chain_row(figures: ChainFigures) -> ChainRow:
    """One chain for the report."""
    return ChainRow(
        chain=figures.number,
        height=figures.height,
        slot=figures.slot,
        people=figures.people,
        trades=figures.trades,
        amount=format_pai(figures.amount),
        moved=format_pai(figures.moved),
        saved=format_pai(figures.saved),
        delivered=format_pai(figures.delivered),
        undelivered=format_pai(figures.undelivered),
        made_good=format_pai(figures.made_good),
    )
