"""Solves a market's relaxation: the flow of greatest worth and potentials that bound it.

The flow comes from OR-tools, which a node or wallet need not have: without it the matchmaker looks
for cycles by itself, and the bound it shows is a coarse one.
"""

from collections import deque
from collections.abc import Sequence
from typing import Final, NamedTuple

from node.exchange.apart import has_solver
from node.exchange.market import Relaxation

FLOW_MAX: Final = 2**40  # of an arc: the solver sums costs in 64 bits. Any potentials bound.


class Solution(NamedTuple):
    """Flows arc by arc, and a potential for each node."""

    flows: Sequence[int]
    potentials: Sequence[int]


def solve(relaxation: Relaxation) -> Solution:
    """The optimal circulation; without OR-tools none, and potentials that tell next to nothing."""
    if not has_solver():
        return Solution([0] * len(relaxation.arcs), [0] * relaxation.nodes)
    from ortools.graph.python import min_cost_flow  # noqa: PLC0415 - an optional extra

    arcs = [arc._replace(capacity=min(arc.capacity, FLOW_MAX)) for arc in relaxation.arcs]
    relaxation = relaxation._replace(arcs=arcs)
    solver = min_cost_flow.SimpleMinCostFlow()
    for arc in relaxation.arcs:
        solver.add_arc_with_capacity_and_unit_cost(arc.source, arc.target, arc.capacity, arc.cost)
    for node in range(relaxation.nodes):
        solver.set_node_supply(node, 0)
    status = solver.solve()
    assert status == solver.OPTIMAL, f"a circulation always exists, the solver says {status}"
    flows = [int(solver.flow(index)) for index in range(len(relaxation.arcs))]
    return Solution(flows, find_potentials(relaxation, flows))


def find_potentials(relaxation: Relaxation, flows: Sequence[int]) -> list[int]:
    """Shortest distances over what is left of each arc; optimal flows leave no negative cycle."""
    ways: list[list[tuple[int, int]]] = [[] for _ in range(relaxation.nodes)]
    for arc, flow in zip(relaxation.arcs, flows, strict=True):
        if flow < arc.capacity:
            ways[arc.source].append((arc.target, arc.cost))
        if flow > 0:
            ways[arc.target].append((arc.source, -arc.cost))
    distances = [0] * relaxation.nodes
    waiting, queued = deque(range(relaxation.nodes)), [True] * relaxation.nodes
    while waiting:
        node = waiting.popleft()
        queued[node] = False
        for target, cost in ways[node]:
            if distances[node] + cost < distances[target]:
                distances[target] = distances[node] + cost
                if not queued[target]:
                    queued[target] = True
                    waiting.append(target)
    return distances
