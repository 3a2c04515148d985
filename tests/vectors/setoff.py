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
