"""The mathematics of set-off: what the check accepts is optimal, and it cannot be deceived.

Solved twice, independently: by OR-tools, as nodes do, and by networkx. A forged certificate, and
every change of a good one, is refused or is another proof of the same value.
"""

import os
import random
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from msgspec.structs import replace

from chain.errors import Code, Invalid
from chain.records import ClearingCertificate
from chain.setoff import (
    CAPACITY_SUM_MAX,
    COST_OF_LIQUIDITY,
    NODES_MAX,
    OBLIGATIONS_MAX,
    VALUE_OF_DEBT,
    Graph,
    Integers,
    build_graph,
    compute_reduced_costs,
    compute_ties,
    divide_flows,
    enter,
    pack_certificate,
    read_certificate,
)
from node.exchange.apart import WorkFailed, work_apart
from node.exchange.setoff_solver import (
    find_flows,
    find_potentials,
    solve,
    solve_apart,
)

REFUSED = {Code.SETOFF_MALFORMED, Code.SETOFF_TOO_LARGE, Code.SETOFF_NOT_BALANCED}
SEED = bytes(range(64))


def build(
    accounts: int, debts: list[tuple[int, int, int]], lent: dict[int, int] | None = None
) -> Graph:
    """The graph of debts (debtor, creditor, amount) and of what is lent."""
    liquidity = np.zeros(accounts, dtype=np.int64)
    for account, amount in (lent or {}).items():
        liquidity[account] = amount
    columns = np.array(debts, dtype=np.int64).reshape(-1, 3)
    return build_graph(accounts, columns[:, 0], columns[:, 1], columns[:, 2], liquidity, SEED)


def get_value(graph: Graph, flows: Integers) -> int:
    """What flows are worth: exact, by Python's integers."""
    values = zip(graph.costs.tolist(), flows.tolist(), strict=True)
    return sum(-int(cost) * int(flow) for cost, flow in values)


def solve_by_networkx(graph: Graph) -> int:
    """The greatest value that any flows have."""
    network = nx.MultiDiGraph()
    network.add_nodes_from(range(graph.nodes), demand=0)
    columns = (graph.sources, graph.targets, graph.capacities, graph.costs)
    for source, target, capacity, cost in zip(*(c.tolist() for c in columns), strict=True):
        network.add_edge(source, target, capacity=capacity, weight=cost)
    least: int = nx.network_simplex(network)[0]
    return -least


def get_refusal(graph: Graph, certificate: ClearingCertificate) -> Code | None:
    try:
        read_certificate(graph, certificate)
    except Invalid as error:
        return error.code
    return None


def prove(graph: Graph) -> tuple[Integers, ClearingCertificate]:
    flows, potentials = solve(graph)
    return flows, pack_certificate(1, graph, flows, potentials)


# Graphs


def make_random(dice: random.Random) -> Graph:
    """Parallel debts, nothing left of some, huge ones, and some who lend."""
    accounts = dice.randint(2, 9)
    sizes = (0, 1, 2, 7, 100, 10**6, 2**40)
    debts = []
    for _ in range(dice.randint(0, 25)):
        debtor, creditor = dice.sample(range(accounts), 2)
        debts.append((debtor, creditor, dice.choice(sizes) + dice.randint(0, 3)))
    lenders = dice.sample(range(accounts), dice.choice((0, 0, 1, accounts)))
    return build(accounts, debts, {item: dice.choice((1, 50, 10**6)) for item in lenders})


def make_adversarial() -> dict[str, Graph]:
    """Shapes that break careless solvers and checks."""
    tail = [(n % 20, (n * 7 + 1) % 20, int(10**6 / (n + 1)) + 1) for n in range(150)]
    return {
        "nothing": build(0, []),
        "nobody in a circle": build(3, [(0, 1, 5), (1, 2, 5)]),
        "a circle": build(50, [(n, (n + 1) % 50, 10 + n) for n in range(50)]),
        "two circles through one": build(
            5, [(0, 1, 9), (1, 2, 9), (2, 0, 5), (1, 3, 9), (3, 4, 9), (4, 0, 7)]
        ),
        "a star": build(30, [(0, n, n) for n in range(1, 30)] + [(n, 0, 9) for n in range(1, 30)]),
        "a long chain, lent to": build(200, [(n, n + 1, 7) for n in range(199)], {0: 5}),
        "a long chain, lent to in the middle": build(
            100, [(n, n + 1, 7) for n in range(99)], {50: 5, 20: 3}
        ),
        "a heavy tail": build(20, [debt for debt in tail if debt[0] != debt[1]], {3: 1_000}),
        "parallel debts": build(2, [(0, 1, 5)] * 9 + [(1, 0, 7)] * 4),
        "everybody owes everybody": build(
            12, [(n, m, 1 + n * m % 7) for n in range(12) for m in range(12) if n != m], {1: 4}
        ),
        "a unit beside a million pai": build(
            40, [(n, (n + 1) % 40, (2**40, 1)[n == 17]) for n in range(40)] + [(17, 18, 2**40)] * 2
        ),
        "circles in circles": build(
            64, [(n, (n + step) % 64, n + step) for n in range(64) for step in (1, 2, 8, 31)]
        ),
        "nothing left": build(3, [(0, 1, 0), (1, 2, 0), (2, 0, 9)]),
        "as much as there can be": build(
            2, [(0, 1, CAPACITY_SUM_MAX // 2), (1, 0, CAPACITY_SUM_MAX // 2)]
        ),
    }


@pytest.mark.parametrize("name", make_adversarial())
def test_what_is_accepted_is_optimal_on_hard_graphs(name: str) -> None:
    graph = make_adversarial()[name]
    flows, certificate = prove(graph)
    accepted = read_certificate(graph, certificate)
    assert (accepted == flows).all()
    if graph.nodes:
        assert get_value(graph, accepted) == solve_by_networkx(graph)


def test_what_is_accepted_is_optimal_on_random_graphs() -> None:
    dice = random.Random(20)
    for number in range(150):
        graph = make_random(dice)
        flows, certificate = prove(graph)
        accepted = read_certificate(graph, certificate)
        assert (accepted == flows).all(), number
        assert get_value(graph, accepted) == solve_by_networkx(graph), number


def test_debts_come_first_and_money_after() -> None:
    """A unit of money is spent for every unit of debt that it lets be cleared, and for nothing."""
    graph = build(3, [(0, 1, 10), (1, 2, 10), (2, 0, 4)], {0: 100})
    flows, _ = prove(graph)
    assert flows.tolist() == [10, 10, 4, 6, 0, 0, 6]
    assert graph.costs[3] == COST_OF_LIQUIDITY


# Every change


def test_every_change_of_a_certificate_is_refused_or_proves_the_same_value() -> None:
    dice = random.Random(21)
    refused = accepted = 0
    for _ in range(25):
        graph = make_random(dice)
        flows, certificate = prove(graph)
        best = get_value(graph, flows)
        for field in ("potentials", "codes", "partials"):
            data = getattr(certificate, field)
            for place in range(len(data)):
                for bit in range(8):
                    changed = bytearray(data)
                    changed[place] ^= 1 << bit
                    other = replace(certificate, **{field: bytes(changed)})
                    try:
                        found = read_certificate(graph, other)
                    except Invalid:
                        refused += 1
                        continue
                    accepted += 1
                    assert get_value(graph, found) == best
    assert refused > 1_000
    assert accepted > 0, "potentials that prove the same exist, and are found"


def test_no_potentials_near_prove_flows_that_clear_less() -> None:
    """Nothing set off, or a part, with the potentials of the optimum and with others.

    Where potentials force flows, they are read as forced: then they must be the best again.
    """
    dice = random.Random(22)
    refused = 0
    for _ in range(200):
        graph = make_random(dice)
        flows, potentials = solve(graph)
        best = get_value(graph, flows)
        for change in range(6):
            shifts = [dice.choice((-1, 0, 1)) * (change > 2) for _ in range(graph.nodes)]
            other = potentials + np.array(shifts, dtype=np.int64)
            less = flows // 2 if change % 2 else np.zeros_like(flows)
            try:
                found = read_certificate(graph, pack_certificate(1, graph, less, other))
            except Invalid:
                refused += 1
            else:
                assert get_value(graph, found) == best
    assert refused > 100


def test_every_step_of_a_flow_or_a_potential_is_refused_or_is_another_optimum() -> None:
    """One unit more or less anywhere, all or nothing of a debt, a potential moved a little or far.

    What a step makes is packed as it is, and judged by exact integers beside the check: it passes
    just when its flows balance and no arc contradicts its potentials.
    """
    dice = random.Random(24)
    passed = refused = 0
    graphs = [make_random(dice) for _ in range(40)]
    for graph in (*graphs, *make_adversarial().values()):
        if not 0 < graph.nodes <= 60:
            continue
        flows, potentials = solve(graph)
        best = get_value(graph, flows)
        for other_flows, other_potentials in make_steps(graph, flows, potentials, dice):
            certificate = pack_certificate(1, graph, other_flows, other_potentials)
            told = read_flows_exactly(graph, other_flows, other_potentials)
            try:
                found = read_certificate(graph, certificate)
            except Invalid:
                assert told is None
                refused += 1
                continue
            passed += 1
            assert told == found.tolist()
            assert get_value(graph, found) == best
    assert refused > 2_000
    assert passed > 50


def make_steps(
    graph: Graph, flows: Integers, potentials: Integers, dice: random.Random
) -> Iterator[tuple[Integers, Integers]]:
    """Flows and potentials that differ from these in one place."""
    for arc in dice.sample(range(len(flows)), min(len(flows), 40)):
        capacity = int(graph.capacities[arc])
        for value in {int(flows[arc]) + 1, int(flows[arc]) - 1, 0, capacity, capacity // 2}:
            if 0 <= value <= capacity and value != flows[arc]:
                changed = flows.copy()
                changed[arc] = value
                yield changed, potentials
    for node in dice.sample(range(graph.nodes), min(graph.nodes, 20)):
        for step in (1, -1, 2**16, -(2**16), 2**39, 2**40, -(2**40), 2**41):
            changed = potentials.copy()
            changed[node] += step
            yield flows, changed


def read_flows_exactly(graph: Graph, flows: Integers, potentials: Integers) -> list[int] | None:
    """What these prove, by Python's integers; None: nothing. Forced flows are what they must be."""
    columns = (graph.sources, graph.targets, graph.capacities, graph.costs)
    heights = potentials.tolist()
    proved, balance = list[int](), [0] * graph.nodes
    for (source, target, capacity, cost), flow in zip(
        zip(*(column.tolist() for column in columns), strict=True), flows.tolist(), strict=True
    ):
        reduced = cost + heights[source] - heights[target]
        proved.append(capacity if reduced < 0 else 0 if reduced > 0 else flow)
        balance[source] -= proved[-1]
        balance[target] += proved[-1]
    return None if any(balance) else proved


# The two forgeries


def test_potentials_that_wrap_in_64_bits_are_refused() -> None:
    """Nothing set off of a circle, by potentials 2^62 and -2^62: 64 bits wrap, and would agree."""
    graph = build(2, [(0, 1, 100), (1, 0, 100)])
    forged = np.array([2**62, -(2**62)], dtype=np.int64)
    with np.errstate(over="ignore"):
        assert (compute_reduced_costs(graph, forged) > 0).all(), "they would pass unchecked"
    exact = [
        cost + int(forged[source]) - int(forged[target])
        for cost, source, target in zip(
            graph.costs.tolist(), graph.sources.tolist(), graph.targets.tolist(), strict=True
        )
    ]
    assert min(exact) < 0 < max(exact), "and in integers they say something else"
    for high in (2**62, 2**63 - 1, 2**63, 2**64 - 1):
        packed = bytearray()
        rest = high
        while rest > 0x7F:
            packed.append(rest & 0x7F | 0x80)
            rest >>= 7
        for potentials in (bytes([*packed, rest, 0]), bytes([0, *packed, rest])):
            certificate = ClearingCertificate(1, potentials, b"", b"")
            assert get_refusal(graph, certificate) is Code.SETOFF_MALFORMED


def test_sums_that_floats_cannot_tell_apart_are_refused() -> None:
    """2^53 + 1 against 2^53: equal as floats, not as debts."""
    graph = build(2, [(0, 1, 2**53 + 1), (1, 0, 2**53)])
    assert float(2**53 + 1) == float(2**53)
    all_full = pack_certificate(1, graph, graph.capacities, np.zeros(2, dtype=np.int64))
    assert get_refusal(graph, all_full) is Code.SETOFF_NOT_BALANCED
    flows, certificate = prove(graph)
    assert flows.tolist() == [2**53, 2**53]
    assert (read_certificate(graph, certificate) == flows).all()


# One form


def test_a_certificate_has_one_form() -> None:
    graph = build(3, [(0, 1, 10), (1, 2, 8), (2, 0, 5), (0, 2, 1)])
    _, good = prove(graph)
    assert good.partials != b""
    bad = {
        "a number more": replace(good, potentials=good.potentials + b"\x00"),
        "a number less": replace(good, potentials=good.potentials[1:]),
        "an unfinished number": replace(good, potentials=good.potentials + b"\x80"),
        "none of them 0": replace(good, potentials=b"\x01\x01\x01"),
        "a longer form": replace(good, partials=good.partials[:-1] + bytes([0x85, 0x00])),
        "a part of nothing": replace(good, partials=b"\x00" * len(good.partials)),
        "a byte of codes more": replace(good, codes=good.codes + b"\x00"),
        "no codes": replace(good, codes=b""),
        "spare bits": replace(good, codes=good.codes[:-1] + bytes([good.codes[-1] | 0xC0])),
    }
    for name, certificate in bad.items():
        assert get_refusal(graph, certificate) is Code.SETOFF_MALFORMED, name


def test_the_least_potential_is_0_for_everybody() -> None:
    """Adding one to all potentials proves the same, but there is one form."""
    graph = build(2, [(0, 1, 5), (1, 0, 5)])
    assert get_refusal(graph, ClearingCertificate(1, b"\x00\x00", b"", b"")) is None
    shifted = ClearingCertificate(1, b"\x01\x01", b"", b"")
    assert get_refusal(graph, shifted) is Code.SETOFF_MALFORMED


# Bounds


def test_what_is_too_large_is_refused() -> None:
    half = CAPACITY_SUM_MAX // 2 + 1
    with pytest.raises(Invalid, match="SETOFF_TOO_LARGE"):
        build(2, [(0, 1, half), (1, 0, half)])
    with pytest.raises(Invalid, match="SETOFF_TOO_LARGE"):
        build(2, [(0, 1, -1)])
    empty = np.zeros(0, dtype=np.int64)
    with pytest.raises(Invalid, match="SETOFF_TOO_LARGE"):
        build_graph(NODES_MAX, empty, empty, empty, np.zeros(NODES_MAX, dtype=np.int64), SEED)
    many = np.zeros(OBLIGATIONS_MAX + 1, dtype=np.int64)
    with pytest.raises(Invalid, match="SETOFF_TOO_LARGE"):
        build_graph(2, many, many + 1, many, np.zeros(2, dtype=np.int64), SEED)


# Ties


def test_ties_are_by_lot_and_nobody_is_favoured() -> None:
    ties = compute_ties(SEED, 10_000)
    assert (ties == compute_ties(SEED, 10_000)).all()
    assert (ties[:100] == compute_ties(SEED, 100)).all()
    assert np.count_nonzero(ties == compute_ties(SEED[::-1], 10_000)) < 10
    assert 0 <= ties.min() < 2**16
    assert 2**24 - 2**16 < ties.max() < 2**24
    assert abs(float(ties.mean()) / 2**23 - 1) < 0.03


def test_the_value_lost_to_the_lot_is_below_2_to_the_minus_16() -> None:
    dice = random.Random(23)
    for _ in range(40):
        graph = make_random(dice)
        flows, _ = prove(graph)
        plain = graph._replace(costs=np.where(graph.costs < 0, -VALUE_OF_DEBT, graph.costs))
        most = get_value(plain, find_flows(plain))
        assert most - get_value(plain, flows) <= most >> 16


# Columns


def test_accounts_are_nodes_by_id_and_flows_come_back_by_name() -> None:
    ann, bob, cid = (bytes([letter]) * 32 for letter in b"cba")
    entered = enter([ann, bob], [bob, cid], [5, 5], {ann: 3, b"?" * 32: 9}, SEED)
    assert entered.accounts == [cid, bob, ann]
    flows = find_flows(entered.graph)
    divided = divide_flows(entered, flows)
    assert divided.debts == [3, 3]
    assert (divided.lent, divided.got) == ([(ann, 3)], [(cid, 3)])


def test_potentials_are_found_for_optimal_flows_only_where_they_exist() -> None:
    graph = build(4, [(0, 1, 5), (1, 2, 5), (2, 0, 3), (2, 3, 9)])
    flows = find_flows(graph)
    reduced = compute_reduced_costs(graph, find_potentials(graph, flows))
    assert (flows[reduced < 0] == graph.capacities[reduced < 0]).all()
    assert (flows[reduced > 0] == 0).all()


async def test_a_process_of_its_own_finds_the_same() -> None:
    graph = make_adversarial()["a circle"]
    flows, potentials = await solve_apart(graph, 60)
    assert (flows == solve(graph)[0]).all()
    assert (potentials == solve(graph)[1]).all()


async def test_a_process_that_takes_too_long_finds_nothing() -> None:
    with pytest.raises(WorkFailed, match="took more than"):
        await solve_apart(make_adversarial()["a circle"], 0.001)


def test_a_process_takes_no_more_memory_than_it_may() -> None:
    hungry = (
        "from node.exchange.apart import MEMORY_BYTES_MAX, begin_work, end_work\n"
        "begin_work(is_urgent=False)\n"
        "try:\n"
        "    bytearray(MEMORY_BYTES_MAX)\n"
        "except MemoryError:\n"
        "    end_work(b'no more')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", hungry, "60"], input="", capture_output=True, text=True, check=True
    )
    assert done.stdout == "no more"


def test_a_process_ends_with_whoever_waits_for_it_even_if_he_is_killed(tmp_path: Path) -> None:
    """The pipe has one writer: its end is told by the system when the process is no more."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    (tmp_path / "busy.py").write_text(
        "from node.exchange.apart import begin_work\n"
        "begin_work(is_urgent=True)\n"
        f"held = open({str(pipe)!r}, 'wb', buffering=0)\n"
        "held.write(b'works')\n"
        "while True:\n"
        "    pass\n"
    )
    waits = (
        "import trio\n"
        "from node.exchange.apart import work_apart\n"
        "trio.run(work_apart, 'busy', b'', 3600.0)\n"
    )
    place = os.pathsep.join((str(tmp_path), str(Path.cwd())))
    who_waits = subprocess.Popen(
        [sys.executable, "-c", waits], env={**os.environ, "PYTHONPATH": place}
    )
    with who_waits, pipe.open("rb", buffering=0) as held:
        assert held.read(5) == b"works"
        who_waits.kill()
        ready, _, _ = select.select([held], [], [], 30)
        assert ready, "it works on though nobody waits"
        assert held.read(5) == b""


def test_a_process_takes_no_more_time_of_the_processor_than_it_may() -> None:
    slow = (
        "from node.exchange.apart import begin_work\n"
        "begin_work(is_urgent=True)\n"
        "while True:\n"
        "    pass\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", slow, "1"], input=b"", capture_output=True, check=False
    )
    assert done.returncode == -signal.SIGKILL


async def test_a_process_that_fails_says_why() -> None:
    with pytest.raises(WorkFailed, match=r"it ended with 1: (.|\n)*No module named"):
        await work_apart("node.nowhere", b"", 60)
