"""Set-off in plain integers, written from docs/protocol.md: the oracle for certificates.

It shares no code with the rules: no arrays, no 64 bits, and Python's own integers throughout.
"""

from hashlib import blake2b
from typing import NamedTuple

POTENTIALS_BELOW = 2**62


class Arc(NamedTuple):
    """From a node to a node, how much at most, and what a unit costs."""

    source: int
    target: int
    capacity: int
    cost: int


def build_arcs(
    debts: list[tuple[int, int, int]], lent: dict[int, int], seed: bytes, accounts: int
) -> list[Arc]:
    """Debts (debtor, creditor, amount) by number, then who lends, then who is owed something."""
    arcs = []
    for number, (debtor, creditor, amount) in enumerate(debts):
        block, place = divmod(number, 21)
        stream = blake2b(seed + block.to_bytes(8, "big"), digest_size=63, person=b"tie").digest()
        tie = int.from_bytes(stream[3 * place : 3 * place + 3], "big")
        arcs.append(Arc(debtor, creditor, amount, -(2**40 + tie)))
    if not any(lent.values()):
        return arcs
    arcs += [Arc(accounts, i, lent[i], 2**39) for i in sorted(lent) if lent[i]]
    for i in range(accounts):
        incoming = sum(amount for _, creditor, amount in debts if creditor == i)
        if incoming:
            arcs.append(Arc(i, accounts, incoming, 0))
    return arcs


def solve(arcs: list[Arc], nodes: int) -> tuple[list[int], list[int]]:
    """Flows of least cost and potentials that prove it: circles are cancelled while one pays."""
    flows = [0] * len(arcs)
    while circle := _find_circle(arcs, flows, nodes):
        most = min(
            arcs[place].capacity - flows[place] if forth else flows[place]
            for place, forth in circle
        )
        for place, forth in circle:
            flows[place] += most if forth else -most
    heights = [0] * nodes
    for _ in range(nodes):
        for source, target, cost, _ in _find_residual(arcs, flows):
            heights[target] = min(heights[target], heights[source] + cost)
    return flows, [height - min(heights) for height in heights]


def _find_residual(
    arcs: list[Arc], flows: list[int]
) -> list[tuple[int, int, int, tuple[int, bool]]]:
    """Where more could flow, forth or back: from, to, cost of a unit, and along what."""
    there = [
        (arc.source, arc.target, arc.cost, (place, True))
        for place, arc in enumerate(arcs)
        if flows[place] < arc.capacity
    ]
    back = [
        (arc.target, arc.source, -arc.cost, (place, False))
        for place, arc in enumerate(arcs)
        if flows[place]
    ]
    return there + back


def _find_circle(arcs: list[Arc], flows: list[int], nodes: int) -> list[tuple[int, bool]]:
    """A circle of negative cost, after Bellman and Ford; empty when there is none."""
    heights, by = [0] * nodes, dict[int, tuple[int, tuple[int, bool]]]()
    last = None
    for _ in range(nodes + 1):
        last = None
        for source, target, cost, along in _find_residual(arcs, flows):
            if heights[source] + cost < heights[target]:
                heights[target] = heights[source] + cost
                by[target] = source, along
                last = target
    if last is None:
        return []
    for _ in range(nodes):
        last = by[last][0]
    circle, node = list[tuple[int, bool]](), last
    while not circle or node != last:
        node, along = by[node]
        circle.append(along)
    return circle


def pack_flows(arcs: list[Arc], flows: list[int], heights: list[int]) -> list[bytes]:
    """Potentials, codes and partials of a certificate."""
    codes, parts = [], []
    for arc, flow in zip(arcs, flows, strict=True):
        if arc.cost + heights[arc.source] - heights[arc.target] == 0:
            codes.append(0 if not flow else 1 if flow == arc.capacity else 2)
            parts += [flow] * (codes[-1] == 2)
    octets = bytes(
        sum(code << 2 * place for place, code in enumerate(codes[first : first + 4]))
        for first in range(0, len(codes), 4)
    )
    return [b"".join(map(pack_number, heights)), octets, b"".join(map(pack_number, parts))]


def pack_number(number: int) -> bytes:
    """LEB128 in its shortest form."""
    more, low = divmod(number, 128)
    return bytes([low | 128]) + pack_number(more) if more else bytes([low])


def read_numbers(data: bytes) -> list[int] | None:
    """All LEB128 numbers of at most nine bytes, or None when one is not in its shortest form."""
    numbers, value, shift = [], 0, 0
    for octet in data:
        value |= (octet & 0x7F) << shift
        shift += 7
        if shift > 63:
            return None
        if octet < 0x80:
            if octet == 0 and shift > 7:
                return None
            numbers.append(value)
            value = shift = 0
    return None if shift else numbers


def read_flows(
    arcs: list[Arc], nodes: int, potentials: bytes, codes: bytes, partials: bytes
) -> list[int] | None:
    """The flows that a certificate proves, or None."""
    heights, parts = read_numbers(potentials), read_numbers(partials)
    if heights is None or parts is None or len(heights) != nodes:
        return None
    if nodes and (min(heights) != 0 or max(heights) >= POTENTIALS_BELOW):
        return None
    bits = [octet >> 2 * place & 3 for octet in codes for place in range(4)]
    flows, taken = [], 0
    for arc in arcs:
        reduced = arc.cost + heights[arc.source] - heights[arc.target]
        if reduced:
            flows.append(arc.capacity if reduced < 0 else 0)
            continue
        flow = read_free(arc.capacity, bits[taken], parts) if taken < len(bits) else None
        taken += 1
        if flow is None:
            return None
        flows.append(flow)
    if parts or any(bits[taken:]) or len(codes) != (taken + 3) // 4:
        return None
    for node in range(nodes):
        into = sum(flow for arc, flow in zip(arcs, flows, strict=True) if arc.target == node)
        out = sum(flow for arc, flow in zip(arcs, flows, strict=True) if arc.source == node)
        if into != out:
            return None
    return flows


def read_free(capacity: int, code: int, parts: list[int]) -> int | None:
    """The flow on an arc whose reduced cost is 0; a part is taken off those that wait."""
    if code == 0:
        return 0
    if code == 1 and capacity:
        return capacity
    if code == 2 and parts and 0 < parts[0] < capacity:
        return parts.pop(0)
    return None
