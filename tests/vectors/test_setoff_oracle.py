"""Rule and oracle agree on every certificate: good ones, forged ones, and random bytes."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.errors import Invalid
from chain.records import ClearingCertificate
from chain.setoff import build_graph, pack_certificate, read_certificate
from node.exchange.setoff_solver import solve
from tests.vectors.setoff import build_arcs, read_flows

SEED = bytes(range(64))
ACCOUNTS = 5
NODE = st.integers(0, ACCOUNTS - 1)
DEBTS = st.lists(
    st.tuples(NODE, NODE, st.integers(0, 2**40)).filter(lambda debt: debt[0] != debt[1]),
    min_size=1,
    max_size=30,
)
LENT = st.dictionaries(NODE, st.integers(1, 2**40), max_size=3)
FLIPS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 99), st.integers(0, 7)), max_size=2)
BYTES = st.binary(max_size=12)


def compare(
    debts: list[tuple[int, int, int]], lent: dict[int, int], certificate: ClearingCertificate
) -> None:
    columns = np.array(debts, dtype=np.int64).reshape(-1, 3)
    liquidity = np.array([lent.get(node, 0) for node in range(ACCOUNTS)], dtype=np.int64)
    graph = build_graph(ACCOUNTS, columns[:, 0], columns[:, 1], columns[:, 2], liquidity, SEED)
    arcs = build_arcs(debts, lent, SEED, ACCOUNTS)
    assert [tuple(arc) for arc in arcs] == list(zip(*(c.tolist() for c in graph[2:]), strict=True))
    parts = certificate.potentials, certificate.codes, certificate.partials
    expected = read_flows(arcs, graph.nodes, *parts)
    try:
        found = read_certificate(graph, certificate).tolist()
    except Invalid:
        found = None
    assert found == expected


def solve_and_pack(debts: list[tuple[int, int, int]], lent: dict[int, int]) -> ClearingCertificate:
    columns = np.array(debts, dtype=np.int64).reshape(-1, 3)
    liquidity = np.array([lent.get(node, 0) for node in range(ACCOUNTS)], dtype=np.int64)
    graph = build_graph(ACCOUNTS, columns[:, 0], columns[:, 1], columns[:, 2], liquidity, SEED)
    return pack_certificate(1, graph, *solve(graph))


@settings(max_examples=300, deadline=None)
@given(debts=DEBTS, lent=LENT, flips=FLIPS)
def test_on_certificates_of_a_solver_and_what_is_near_them(
    debts: list[tuple[int, int, int]], lent: dict[int, int], flips: list[tuple[int, int, int]]
) -> None:
    good = solve_and_pack(debts, lent)
    parts = [bytearray(part) for part in (good.potentials, good.codes, good.partials)]
    for part, place, bit in flips:
        if parts[part]:
            parts[part][place % len(parts[part])] ^= 1 << bit
    compare(debts, lent, ClearingCertificate(1, *map(bytes, parts)))


@settings(max_examples=300, deadline=None)
@given(debts=DEBTS, lent=LENT, potentials=BYTES, codes=BYTES, partials=BYTES)
def test_on_random_bytes(
    debts: list[tuple[int, int, int]],
    lent: dict[int, int],
    potentials: bytes,
    codes: bytes,
    partials: bytes,
) -> None:
    compare(debts, lent, ClearingCertificate(1, potentials, codes, partials))


def test_a_good_one_is_good_to_both() -> None:
    debts, lent = [(0, 1, 10), (1, 2, 8), (2, 0, 5)], {0: 6}
    good = solve_and_pack(debts, lent)
    arcs = build_arcs(debts, lent, SEED, ACCOUNTS)
    flows = read_flows(arcs, ACCOUNTS + 1, good.potentials, good.codes, good.partials)
    assert flows is not None
    assert flows[:3] == [10, 8, 5]
    compare(debts, lent, good)
