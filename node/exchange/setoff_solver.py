"""Solves set-off: flows of greatest value and the potentials that prove it. Not a rule.

The flows come from OR-tools, which a node that does not solve need not install; whatever it finds
is checked like a stranger's before it goes into a block.
"""

from io import BytesIO
from typing import Final

import numpy as np

from chain.setoff import Graph, Integers
from node.exchange.apart import begin_work, end_work, work_apart

_COLUMNS: Final = ("sources", "targets", "capacities", "costs")


class NoSolver(Exception):
    """OR-tools is not installed: this node checks set-off and does not solve it."""


def solve(graph: Graph) -> tuple[Integers, Integers]:
    """Optimal flows and potentials of a graph. Raises NoSolver without OR-tools."""
    flows = find_flows(graph)
    return flows, find_potentials(graph, flows)


def find_flows(graph: Graph) -> Integers:
    """Flows of least cost, conserved at every node."""
    try:
        from ortools.graph.python import min_cost_flow  # noqa: PLC0415 - an optional extra
    except ImportError:
        raise NoSolver("install the extra 'solver' to solve set-off here") from None
    if not len(graph.sources):
        return np.zeros(0, dtype=np.int64)
    solver = min_cost_flow.SimpleMinCostFlow()
    arcs = solver.add_arcs_with_capacity_and_unit_cost(
        graph.sources, graph.targets, graph.capacities, graph.costs
    )
    nodes = np.arange(graph.nodes)
    solver.set_nodes_supplies(nodes, np.zeros(graph.nodes, dtype=np.int64))
    status = solver.solve()
    assert status == solver.OPTIMAL, f"a circulation always exists, the solver says {status}"
    flows: Integers = solver.flows(arcs).astype(np.int64)
    return flows


def find_potentials(graph: Graph, flows: Integers) -> Integers:
    """Shortest distances over what is left of each arc: all reduced costs fit the flows then.

    Bellman and Ford's way, but only from nodes that have changed. Optimal flows leave no cycle of
    negative cost, so it ends.
    """
    ahead, back = flows < graph.capacities, flows > 0
    tails = np.concatenate([graph.sources[ahead], graph.targets[back]])
    heads = np.concatenate([graph.targets[ahead], graph.sources[back]])
    costs = np.concatenate([graph.costs[ahead], -graph.costs[back]])
    order = np.argsort(tails, kind="stable")
    heads, costs = heads[order], costs[order]
    starts = np.searchsorted(tails[order], np.arange(graph.nodes + 1))
    distances = np.zeros(graph.nodes, dtype=np.int64)
    changed = np.arange(graph.nodes)
    while len(changed):
        counts = starts[changed + 1] - starts[changed]
        arcs = np.repeat(starts[changed] - np.cumsum(counts) + counts, counts)
        arcs += np.arange(len(arcs))
        reached = np.repeat(distances[changed], counts) + costs[arcs]
        before = distances.copy()
        np.minimum.at(distances, heads[arcs], reached)
        changed = np.flatnonzero(distances < before)
    result: Integers = distances - distances.min() if graph.nodes else distances
    return result


async def solve_apart(graph: Graph, seconds_max: float) -> tuple[Integers, Integers]:
    """The same in a process of its own. Raises WorkFailed."""
    given = BytesIO()
    columns = [getattr(graph, name) for name in _COLUMNS]
    np.savez(given, np.array([graph.nodes, graph.debts]), *columns)
    done = await work_apart(__name__, given.getvalue(), seconds_max)
    with np.load(BytesIO(done)) as found:
        return found["flows"], found["potentials"]


def main() -> None:
    """What that process does: a graph in, flows and potentials out."""
    with np.load(BytesIO(begin_work(is_urgent=True))) as given:
        counts, *columns = (given[name] for name in given.files)
    graph = Graph(int(counts[0]), int(counts[1]), *columns)
    flows, potentials = solve(graph)
    found = BytesIO()
    np.savez(found, flows=flows, potentials=potentials)
    end_work(found.getvalue())


if __name__ == "__main__":
    main()
