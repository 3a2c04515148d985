"""How long a set-off takes: to solve, to verify, to apply; and how large its certificate is."""

from time import perf_counter

import numpy as np

from chain.changes import encode_row
from chain.codec import encode
from chain.merkle import Tree
from chain.parameters import Constants
from chain.rules.clearing import get_entered, process_clearing
from chain.rules.clearing_window import list_entered
from chain.setoff import build_graph, pack_certificate, read_certificate
from chain.state import State
from chain.store import MemoryStore
from node.exchange.setoff_solver import find_flows, find_potentials
from tests.bench.measures import Figures, Sizes
from tests.bench.town_of_debts import Debts, make_debts, put_debts
from tests.community import NOBODY, Community

SEED = bytes(64)


def measure_clearing(sizes: Sizes) -> Figures:
    """Both sizes; verification is decode, ties and check of the larger one, the best of runs."""
    figures: Figures = {}
    for count, name in ((sizes.debts_few, "few"), (sizes.debts_many, "many")):
        debts = make_debts(count // 10, count)
        found = measure_one(debts, sizes.runs)
        if name == "many":
            figures |= {key: found[key] for key in found if key.endswith("_per_obligation")}
        figures |= {
            f"clearing.obligations_{name}": len(debts.amounts),
            f"clearing.solve_seconds_{name}": found["solve_seconds"],
            f"clearing.potentials_seconds_{name}": found["potentials_seconds"],
            f"clearing.apply_seconds_{name}": found["apply_seconds"],
        }
    return figures


def measure_one(debts: Debts, runs: int) -> Figures:
    """One set-off, from the rows and back into them."""
    count = len(debts.amounts)
    nothing = np.zeros(debts.accounts, dtype=np.int64)
    columns = (debts.debtors, debts.creditors, debts.amounts, nothing)
    graph = build_graph(debts.accounts, *columns, SEED)
    began = perf_counter()
    flows = find_flows(graph)
    solved = perf_counter()
    potentials = find_potentials(graph, flows)
    proved = perf_counter()
    certificate = pack_certificate(1, graph, flows, potentials)
    verify = []
    for _ in range(runs):
        start = perf_counter()
        read_certificate(build_graph(debts.accounts, *columns, SEED), certificate)
        verify.append(perf_counter() - start)
    applied, rooted, entered = measure_apply(debts)
    return {
        "clearing.verify_us_per_obligation": 1e6 * min(verify) / count,
        "clearing.enter_us_per_obligation": 1e6 * entered / count,
        "clearing.apply_us_per_obligation": 1e6 * applied / count,
        "clearing.root_us_per_obligation": 1e6 * rooted / count,
        "clearing.certificate_bytes_per_obligation": len(encode(certificate)) / count,
        "solve_seconds": solved - began,
        "potentials_seconds": proved - solved,
        "apply_seconds": applied,
    }


def measure_apply(debts: Debts) -> tuple[float, float, float]:
    """Seconds to apply in the rule, to encode and hash the rows, and of the rule to enter."""
    community = Community()
    constants: Constants = community.genesis.constants
    kept: dict[bytes, bytes | None] = {}
    base = community.ledger.open_view()
    put_debts(base, debts, {}, SEED)
    changes, _ = base.take_changes()
    for change in changes:
        kept[change.state_key] = encode_row(change.after)
    store = MemoryStore()
    store.write(list(kept.items()), durable=False)

    def read(key: bytes) -> bytes | None:
        found = store.get(key)
        return community.ledger.state.read(key) if found is None else found

    state = State(read)
    context = community.ledger.get_context(1 + constants.window_slots)
    start = perf_counter()
    obligations, entered = get_entered(state)
    entering = perf_counter() - start
    assert len(obligations) == len(list_entered(state, state.windows.require(b"current")))
    flows = find_flows(entered.graph)
    certificate = pack_certificate(1, entered.graph, flows, find_potentials(entered.graph, flows))
    fresh = State(read)
    start = perf_counter()
    process_clearing(fresh, context, NOBODY, certificate)
    applied = perf_counter() - start
    tree = Tree()
    tree.apply_update(tree.compute_update(list(kept.items())))
    changes, _ = fresh.take_changes()
    start = perf_counter()
    rows = [(change.state_key, encode_row(change.after)) for change in changes]
    tree.compute_update(rows)
    return applied, perf_counter() - start, entering
