"""Set-off as mathematics: the flows of greatest value in a graph of debts, proved by potentials.

Whoever solves writes flows and integer potentials into a certificate; here it is read and checked
in time linear in the arcs. What passes is optimal, and what is optimal can be made to pass. Pure:
arrays of 64-bit integers, whose bounds are checked before anything is computed with them.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from chain.errors import Code, Invalid
from chain.policy import AccountId
from chain.records import ClearingCertificate

Integers = NDArray[np.int64]
_Bytes = NDArray[np.uint8]

OBLIGATIONS_MAX: Final = 2**19
NODES_MAX: Final = 2**20
CAPACITY_SUM_MAX: Final = 2**61 - 1  # micropai; flows, sums and their differences stay in 64 bits
POTENTIAL_BITS: Final = 62  # a difference of two and a cost stay in 64 bits

# A unit of debt set off is worth 2^40, and a little more by lot: the optimum is unique in practice,
# so nobody who solves can favour a friend, and the value lost to the lot is below 2^-16.
VALUE_OF_DEBT: Final = 2**40
COST_OF_LIQUIDITY: Final = 2**39  # a unit of money costs half: most debt first, then least money
_TIE_TAG: Final = b"tie"
_TIE_DIGEST_BYTES: Final = 63  # 21 ties of three bytes
_TIES_PER_DIGEST: Final = 21

NONE: Final = 0
FULL: Final = 1
PARTIAL: Final = 2
_CODES_PER_BYTE: Final = 4
_NUMBER_BYTES_MAX: Final = 9  # of seven bits: 63 bits


class Graph(NamedTuple):
    """Arcs in canonical order: debts by id, then liquidity by account, then returns by account.

    Nodes are accounts by id, and last, if anybody lends liquidity, the pool of it. Capacities are
    micropai; costs are a unit's.
    """

    nodes: int
    debts: int
    sources: Integers
    targets: Integers
    capacities: Integers
    costs: Integers


class Entered(NamedTuple):
    """What entered a set-off: the accounts, by id, that are the graph's nodes, and the graph."""

    accounts: Sequence[AccountId]
    graph: Graph


class Flows(NamedTuple):
    """What flows along each debt, by number; what each account lends, and gets of what is lent."""

    debts: list[int]
    lent: list[tuple[AccountId, int]]
    got: list[tuple[AccountId, int]]


def enter(
    debtors: Sequence[AccountId],
    creditors: Sequence[AccountId],
    amounts: Sequence[int],
    lent: Mapping[AccountId, int],
    seed: bytes,
) -> Entered:
    """The graph of debts, column by column in the order of their numbers, and of what is lent.

    Who lends and has no debt in it is left out. Raises Invalid (SETOFF_TOO_LARGE).
    """
    accounts = sorted({*debtors, *creditors})
    places = {account: place for place, account in enumerate(accounts)}
    count = len(amounts)
    liquidity = np.zeros(len(accounts), dtype=np.int64)
    for account, amount in lent.items():
        if account in places:
            liquidity[places[account]] = amount
    graph = build_graph(
        len(accounts),
        np.fromiter((places[account] for account in debtors), np.int64, count),
        np.fromiter((places[account] for account in creditors), np.int64, count),
        np.fromiter(amounts, np.int64, count),
        liquidity,
        seed,
    )
    return Entered(accounts, graph)


def divide_flows(entered: Entered, flows: Integers) -> Flows:
    """The flows on a graph's arcs as what they mean to whom; nothing where nothing flows."""
    graph = entered.graph
    accounts, debts, pool = entered.accounts, graph.debts, len(entered.accounts)
    lent, got = [], []
    rest = zip(
        graph.sources[debts:].tolist(),
        graph.targets[debts:].tolist(),
        flows[debts:].tolist(),
        strict=True,
    )
    for source, target, amount in rest:
        if amount and source == pool:
            lent.append((accounts[target], amount))
        elif amount:
            got.append((accounts[source], amount))
    return Flows(flows[:debts].tolist(), lent, got)


def compute_net_debt(graph: Graph) -> int:
    """The least money that would pay all debts at once: what net debtors owe in all, micropai."""
    debts, amounts = graph.debts, graph.capacities[: graph.debts]
    owing = _sum_by_node(graph.sources[:debts], amounts, graph.nodes)
    owing -= _sum_by_node(graph.targets[:debts], amounts, graph.nodes)
    return int(owing[owing > 0].sum())


def compute_ties(seed: bytes, count: int) -> Integers:
    """What each debt's unit is worth beyond 2^40: 24 bits by lot, in the order of the debts."""
    digests = -(-count // _TIES_PER_DIGEST)
    base = hashlib.blake2b(seed, digest_size=_TIE_DIGEST_BYTES, person=_TIE_TAG)
    stream = bytearray()
    for number in range(digests):
        hasher = base.copy()
        hasher.update(number.to_bytes(8, "big"))
        stream += hasher.digest()
    triples = np.frombuffer(bytes(stream), dtype=np.uint8)[: 3 * count].reshape(-1, 3)
    parts = triples.astype(np.int64)
    return (parts[:, 0] << 16) | (parts[:, 1] << 8) | parts[:, 2]


def build_graph(
    accounts: int,
    debtors: Integers,
    creditors: Integers,
    amounts: Integers,
    liquidity: Integers,
    seed: bytes,
) -> Graph:
    """The graph of debts between accounts 0, 1, ..., and of what each account lends (0: nothing).

    ``amounts`` are what remains of the debts, by their ids; ``seed`` is unknown to whoever entered
    them. A debt to oneself does not exist. Raises Invalid (SETOFF_TOO_LARGE) beyond the bounds.
    """
    if len(debtors) > OBLIGATIONS_MAX or accounts >= NODES_MAX:
        raise Invalid(Code.SETOFF_TOO_LARGE, f"{len(debtors)} debts of {accounts} accounts")
    costs = -(VALUE_OF_DEBT + compute_ties(seed, len(debtors)))
    lenders = np.flatnonzero(liquidity)
    if not len(lenders):
        graph = Graph(accounts, len(debtors), debtors, creditors, amounts, costs)
    else:
        incoming = _sum_by_node(creditors, amounts, accounts)
        receivers = np.flatnonzero(incoming)
        pool = np.int64(accounts)
        graph = Graph(
            accounts + 1,
            len(debtors),
            np.concatenate([debtors, np.full(len(lenders), pool), receivers]),
            np.concatenate([creditors, lenders, np.full(len(receivers), pool)]),
            np.concatenate([amounts, liquidity[lenders], incoming[receivers]]),
            np.concatenate(
                [
                    costs,
                    np.full(len(lenders), COST_OF_LIQUIDITY, dtype=np.int64),
                    np.zeros(len(receivers), dtype=np.int64),
                ]
            ),
        )
    _check_capacities(graph)
    return graph


def _check_capacities(graph: Graph) -> None:
    """Refuse capacities whose sum may leave 61 bits; summed in halves, which cannot wrap."""
    capacities = graph.capacities
    if len(capacities) and int(capacities.min()) < 0:
        raise Invalid(Code.SETOFF_TOO_LARGE, "a negative capacity")
    high, low = int((capacities >> 31).sum()), int((capacities & (2**31 - 1)).sum())
    if (high << 31) + low > CAPACITY_SUM_MAX:
        raise Invalid(Code.SETOFF_TOO_LARGE, "the sum of all debts")


def read_certificate(graph: Graph, certificate: ClearingCertificate) -> Integers:
    """The flow on every arc that the certificate proves to be optimal, in micropai.

    Raises Invalid: SETOFF_MALFORMED on its form, SETOFF_NOT_BALANCED when the flows that
    its potentials force, and its own, do not add up: then they are not optimal, or not flows.
    """
    potentials = _unpack_numbers(certificate.potentials, graph.nodes)
    if graph.nodes and (int(potentials.min()) != 0 or int(potentials.max()) >= 2**POTENTIAL_BITS):
        raise Invalid(Code.SETOFF_MALFORMED, "the least potential is 0, all are below 2^62")
    reduced = compute_reduced_costs(graph, potentials)
    flows = np.where(reduced < 0, graph.capacities, 0)
    free = np.flatnonzero(reduced == 0)
    flows[free] = _read_free_flows(graph.capacities[free], certificate)
    balance = _sum_by_node(graph.targets, flows, graph.nodes)
    balance -= _sum_by_node(graph.sources, flows, graph.nodes)
    if balance.any():
        raise Invalid(Code.SETOFF_NOT_BALANCED, f"{np.count_nonzero(balance)} accounts")
    return flows


def compute_reduced_costs(graph: Graph, potentials: Integers) -> Integers:
    """Below 0: the arc must be full. Above 0: it must be empty. 0: the solver was free."""
    result: Integers = graph.costs + potentials[graph.sources] - potentials[graph.targets]
    return result


def _read_free_flows(capacities: Integers, certificate: ClearingCertificate) -> Integers:
    codes = _unpack_codes(certificate.codes, len(capacities))
    if (codes > PARTIAL).any() or (codes[capacities == 0] != NONE).any():
        raise Invalid(Code.SETOFF_MALFORMED, "an arc is empty, full or partly filled")
    flows = np.where(codes == FULL, capacities, 0)
    partly = np.flatnonzero(codes == PARTIAL)
    amounts = _unpack_numbers(certificate.partials, len(partly))
    if ((amounts <= 0) | (amounts >= capacities[partly])).any():
        raise Invalid(Code.SETOFF_MALFORMED, "a part is more than nothing and less than all")
    flows[partly] = amounts
    return flows


def pack_certificate(
    interval: int, graph: Graph, flows: Integers, potentials: Integers
) -> ClearingCertificate:
    """Pack what a solver found. Potentials of all nodes in order, the least of them 0.

    Numbers are LEB128 in shortest form. Arcs whose reduced cost is 0 have two bits each, in order,
    least significant first: none, full, partial; the amounts of partial ones follow by themselves.
    """
    if graph.nodes:
        potentials = potentials - potentials.min()
    free = compute_reduced_costs(graph, potentials) == 0
    capacities, free_flows = graph.capacities[free], flows[free]
    codes = np.where(free_flows == 0, NONE, np.where(free_flows == capacities, FULL, PARTIAL))
    return ClearingCertificate(
        interval,
        _pack_numbers(potentials),
        _pack_codes(codes),
        _pack_numbers(free_flows[codes == PARTIAL]),
    )


def _sum_by_node(nodes: Integers, amounts: Integers, count: int) -> Integers:
    """Amounts added up by node, exactly: sums by weight would be floating point."""
    sums = np.zeros(count, dtype=np.int64)
    np.add.at(sums, nodes, amounts)
    return sums


def _pack_numbers(numbers: Integers) -> bytes:
    packed = bytearray()
    for number in numbers.tolist():
        rest = number
        while rest > 0x7F:
            packed.append(rest & 0x7F | 0x80)
            rest >>= 7
        packed.append(rest)
    return bytes(packed)


def _unpack_numbers(data: bytes, count: int) -> Integers:
    """So many LEB128 numbers, each in its shortest form, and nothing after them."""
    octets = np.frombuffer(data, dtype=np.uint8)
    ends = np.flatnonzero(octets < 0x80)
    if len(ends) != count or (len(octets) and (not count or ends[-1] != len(octets) - 1)):
        raise Invalid(Code.SETOFF_MALFORMED, f"{len(ends)} numbers, expected {count}")
    if not count:
        return np.zeros(0, dtype=np.int64)
    starts = np.concatenate([np.zeros(1, dtype=np.int64), ends[:-1] + 1])
    lengths = ends - starts + 1
    if int(lengths.max()) > _NUMBER_BYTES_MAX or ((octets[ends] == 0) & (lengths > 1)).any():
        raise Invalid(Code.SETOFF_MALFORMED, "a number is not in its shortest form")
    numbers: Integers = (octets[starts] & 0x7F).astype(np.int64)
    for place in range(1, int(lengths.max())):
        longer = np.flatnonzero(lengths > place)
        parts = (octets[starts[longer] + place] & 0x7F).astype(np.int64)
        numbers[longer] |= parts << (7 * place)
    return numbers


def _pack_codes(codes: NDArray[Any]) -> bytes:
    padded = np.zeros(-(-len(codes) // _CODES_PER_BYTE) * _CODES_PER_BYTE, dtype=np.uint8)
    padded[: len(codes)] = codes
    quads = padded.reshape(-1, _CODES_PER_BYTE)
    packed = quads[:, 0] | quads[:, 1] << 2 | quads[:, 2] << 4 | quads[:, 3] << 6
    return packed.astype(np.uint8).tobytes()


def _unpack_codes(data: bytes, count: int) -> _Bytes:
    """So many codes of two bits; spare bits are zero."""
    if len(data) != -(-count // _CODES_PER_BYTE):
        raise Invalid(Code.SETOFF_MALFORMED, f"{len(data)} bytes of codes for {count} arcs")
    octets = np.frombuffer(data, dtype=np.uint8)
    codes = np.empty((len(octets), _CODES_PER_BYTE), dtype=np.uint8)
    for place in range(_CODES_PER_BYTE):
        codes[:, place] = octets >> 2 * place & 3
    flat = codes.reshape(-1)
    if flat[count:].any():
        raise Invalid(Code.SETOFF_MALFORMED, "spare bits are not zero")
    used: _Bytes = flat[:count]
    return used
