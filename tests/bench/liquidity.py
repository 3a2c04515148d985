"""How much debt a town clears by set-off alone, and with what its people lend to it.

``python -m tests.bench.liquidity`` prints the table of docs/exchange.md; its last row is among the
figures of ``make bench``. The generator is that of ``tests.bench.town_of_debts``, and everything
follows from the seed.
"""

from typing import NamedTuple

import numpy as np

from chain.setoff import Graph, Integers, build_graph, compute_net_debt
from node.exchange.setoff_solver import find_flows
from tests.bench.measures import Figures, Sizes
from tests.bench.town_of_debts import Debts, make_debts

SEED = bytes(64)
SHARES = (0, 10, 25, 50, 100)  # percent of the net debt that is lent, to whom it is owed by
UPWARDS = 0.9
TOWNS = (  # firms, invoices, part of the invoices that follow the layers
    (3_000, 12_000, 0.0),
    (3_000, 12_000, 0.5),
    (3_000, 12_000, 0.9),
    (10_000, 15_000, 0.9),
    (30_000, 30_000, UPWARDS),
)


class Outcome(NamedTuple):
    """Shares of all debt, and of the net debt, in percent."""

    net: float  # net debt as a share of all debt
    cleared: float
    used: float  # money lent and used, as a share of the net debt


def clear(debts: Debts, percent_lent: int) -> Outcome:
    """Clear a town in which every net debtor lends this part of what he owes net."""
    plain = build(debts, np.zeros(debts.accounts, dtype=np.int64))
    net = np.zeros(debts.accounts, dtype=np.int64)
    np.add.at(net, debts.debtors, debts.amounts)
    np.subtract.at(net, debts.creditors, debts.amounts)
    lent = np.maximum(net, 0) * percent_lent // 100
    graph = build(debts, lent) if percent_lent else plain
    flows = find_flows(graph)
    lenders = int((lent > 0).sum())
    used = int(flows[graph.debts : graph.debts + lenders].sum())
    whole, net_debt = int(debts.amounts.sum()), compute_net_debt(plain)
    cleared = int(flows[: graph.debts].sum())
    return Outcome(100 * net_debt / whole, 100 * cleared / whole, 100 * used / net_debt)


def measure_liquidity(sizes: Sizes) -> Figures:
    """Shares of all debt, in percent, in a town of an invoice a firm."""
    debts = make_debts(sizes.firms, sizes.firms, upwards=UPWARDS)
    alone, quarter = clear(debts, 0), clear(debts, 25)
    return {
        "liquidity.net_debt_percent": alone.net,
        "liquidity.cleared_percent_alone": alone.cleared,
        "liquidity.cleared_percent_quarter_lent": quarter.cleared,
    }


def build(debts: Debts, lent: Integers) -> Graph:
    """The town's graph, with what its accounts lend."""
    columns = (debts.debtors, debts.creditors, debts.amounts)
    return build_graph(debts.accounts, *columns, lent, SEED)


def main() -> None:
    """Print the table."""
    print("firms invoices follow | net debt | cleared with 0, 10, 25, 50, 100 % of it lent")
    for accounts, invoices, upwards in TOWNS:
        debts = make_debts(accounts, invoices, upwards=upwards)
        found = [clear(debts, share) for share in SHARES]
        cells = " ".join(f"{item.cleared:6.1f}" for item in found)
        print(f"{accounts:6} {invoices:6} {upwards:4.1f} | {found[0].net:5.1f} | {cells}")


if __name__ == "__main__":
    main()
