"""The arrows of the house: who may import whom, and which library is met in which file.

chain <- consensus <- node;  chain <- p2p <- node;  chain <- genesis <- node;  chain <- wallet <-
the command line and the demo only. Nothing imports node or tests. Everything is read from the
source, nothing is imported, and each check is tried on a planted fault.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HOUSE = Path(__file__).resolve().parents[1]
ROOMS = ("chain", "consensus", "p2p", "genesis", "wallet", "node")

# Which rooms a room may import from. The command line and the demo may also use the wallet.
ARROWS = {
    "chain": {"chain"},
    "consensus": {"chain", "consensus"},
    "p2p": {"chain", "p2p"},
    "genesis": {"chain", "genesis"},
    "wallet": {"chain", "wallet"},
    "node": {"chain", "consensus", "p2p", "genesis", "node"},
}
SPEAKERS = ("node/cli/", "node/ops/demo")
# A wallet says what a vote would change in the words of the constitution.
WALLET_OF_GENESIS = {"wallet/measures.py": "genesis.figures"}

# Of chain a wallet imports only what a signer needs.
WALLET_OF_CHAIN = {
    "chain.actions",
    "chain.policy",
    "chain.refusals",
    "chain.terms",
    "chain.address",
    "chain.codec",
    "chain.crypto",
    "chain.errors",
    "chain.guardians",  # what guardians of an account sign
    "chain.names",  # which names can be somebody's
    "chain.rules.units",  # what a transaction weighs: the fee is told before it is signed
    "chain.transaction",
    "chain.units",
}

# Foreign libraries: the files, or rooms, in which each is met.
LIBRARIES = {
    "arro3": ("node/audit/tables.py",),
    "click": ("node/cli/", "wallet/"),
    "cryptography": ("node/identity/certificates.py",),
    "httpx": ("wallet/client.py", "node/audit/", "node/cli/", "node/ops/"),
    "hypercorn": ("node/api/",),
    "libp2p": ("p2p/libp2p_transport.py", "p2p/mends.py"),
    "matplotlib": ("node/cli/chart_files.py",),
    "mnemonic": ("wallet/phrase.py",),
    "msgpack": ("node/", "chain/"),
    "msgspec": ("",),
    "multiaddr": ("p2p/libp2p_transport.py", "p2p/mends.py", "p2p/addresses.py"),
    "nacl": ("chain/crypto.py", "chain/vrf.py", "wallet/keystore.py"),
    "numpy": ("chain/setoff.py", "node/exchange/"),
    "ortools": ("node/exchange/setoff_solver.py", "node/exchange/relaxation.py"),
    "plyvel": ("chain/leveldb.py",),
    "prometheus_client": ("node/",),
    "rich": ("wallet/", "node/cli/", "node/ops/"),
    "segno": ("wallet/requests.py",),
    "sortedcontainers": ("chain/", "node/"),
    "starlette": ("node/api/",),
    "trio": ("p2p/", "node/", "wallet/"),
}

# What the rules and consensus may use of Python itself: nothing that waits, draws, asks or tells.
PURE = {
    "abc",
    "bisect",
    "collections",
    "dataclasses",
    "enum",
    "functools",
    "hashlib",
    "heapq",
    "itertools",
    "math",
    "operator",
    "re",
    "statistics",
    "typing",
    "types",
    "unicodedata",
}
# The core's impure files: the disk, and those by which signatures are checked before rules ask.
IMPURE = {
    "chain/leveldb.py": {"pathlib"},
    "chain/replay.py": {"concurrent", "contextlib", "gc", "sys"},
    "chain/verifier.py": {"signal", "subprocess", "sys"},
}
FORBIDDEN_CALLS = {"float", "hash", "id", "open", "print", "input", "eval", "exec", "vars"}


def iterate_files(*rooms: str) -> Iterator[tuple[str, ast.Module]]:
    for room in rooms:
        for path in sorted((HOUSE / room).rglob("*.py")):
            yield path.relative_to(HOUSE).as_posix(), ast.parse(path.read_text())


def find_imports(tree: ast.Module) -> set[str]:
    """Whole names of all modules that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {item.name for item in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports name their room"
            found.add(str(node.module))
            # ``from chain import vrf`` names a module by its last word.
            found |= {f"{node.module}.{item.name}" for item in node.names if is_module(node, item)}
    return found


def is_module(node: ast.ImportFrom, item: ast.alias) -> bool:
    path = HOUSE / str(node.module).replace(".", "/") / item.name
    return path.with_suffix(".py").exists() or path.is_dir()


def find_wrong_arrows(file: str, tree: ast.Module) -> list[str]:
    allowed = set(ARROWS[file.split("/", 1)[0]])
    if file.startswith(SPEAKERS):
        allowed.add("wallet")
    rooms = {*ROOMS, "tests"}
    wrong = []
    for name in sorted(find_imports(tree)):
        room = name.split(".", 1)[0]
        if room in rooms and room not in allowed and WALLET_OF_GENESIS.get(file) != name:
            wrong.append(f"{file} imports {name}")
    return wrong


def find_strange_libraries(file: str, tree: ast.Module) -> list[str]:
    wrong = []
    for name in sorted(find_imports(tree)):
        top = name.split(".", 1)[0]
        if top in ROOMS or top in sys.stdlib_module_names:
            continue
        if top not in LIBRARIES or not file.startswith(LIBRARIES[top]):
            wrong.append(f"{file} imports {name}")
    return wrong


def find_impurities(file: str, tree: ast.Module) -> list[str]:
    """What makes a core depend on more than its arguments."""
    admitted = PURE | IMPURE.get(file, set())
    wrong = [
        f"{file} imports {name}"
        for name in sorted(find_imports(tree))
        if (top := name.split(".", 1)[0]) in sys.stdlib_module_names and top not in admitted
    ]
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 0)
        match node:
            case ast.Constant(value=float() | complex()) if file not in IMPURE:
                wrong.append(f"{file}:{line} has a float")
            case ast.BinOp(op=ast.Div()) | ast.AugAssign(op=ast.Div()) if file not in IMPURE:
                wrong.append(f"{file}:{line} divides truly")
            case ast.Call(func=ast.Name(id=name)) if name in FORBIDDEN_CALLS and file not in IMPURE:
                wrong.append(f"{file}:{line} calls {name}")
            case ast.ImportFrom(module="math", names=names) if {item.name for item in names} - {
                "isqrt"
            }:
                wrong.append(f"{file}:{line} takes more of math than isqrt")
            case ast.Global() | ast.Nonlocal():
                wrong.append(f"{file}:{line} changes what lies outside")
            case ast.AsyncFunctionDef() | ast.Await():
                wrong.append(f"{file}:{line} waits")
    return wrong


def find_circles(edges: dict[str, set[str]]) -> list[str]:
    """Modules that import each other in a circle when they are loaded."""
    done: set[str] = set()
    circles = []

    def visit(name: str, way: tuple[str, ...]) -> None:
        if name in way:
            circles.append(" -> ".join((*way[way.index(name) :], name)))
        elif name not in done:
            for other in sorted(edges.get(name, ())):
                visit(other, (*way, name))
            done.add(name)

    for name in sorted(edges):
        visit(name, ())
    return circles


def get_module_name(file: str) -> str:
    return file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def read_edges() -> dict[str, set[str]]:
    """Imports among our modules at load time; those inside functions come later and may circle."""
    edges = {}
    for file, tree in iterate_files(*ROOMS):
        loaded: list[ast.stmt] = [
            item for item in tree.body if isinstance(item, ast.Import | ast.ImportFrom)
        ]
        edges[get_module_name(file)] = find_imports(ast.Module(loaded, []))
    return {name: {other for other in found if other in edges} for name, found in edges.items()}


def test_arrows() -> None:
    wrong = [text for file, tree in iterate_files(*ROOMS) for text in find_wrong_arrows(file, tree)]
    assert wrong == []


def test_of_chain_a_wallet_imports_what_a_signer_needs() -> None:
    found = {
        name
        for _, tree in iterate_files("wallet")
        for name in find_imports(tree)
        if name.startswith("chain.")
    }
    assert found - WALLET_OF_CHAIN == set()


def test_every_library_stays_in_its_files() -> None:
    wrong = [
        text for file, tree in iterate_files(*ROOMS) for text in find_strange_libraries(file, tree)
    ]
    assert wrong == []


def test_the_core_is_pure() -> None:
    wrong = [
        text
        for file, tree in iterate_files("chain", "consensus")
        for text in find_impurities(file, tree)
    ]
    assert wrong == []


def test_no_module_imports_itself_in_a_circle() -> None:
    # A package that gathers its modules is named by them when they are loaded.
    circles = [text for text in find_circles(read_edges()) if "wallet.russian" not in text]
    assert circles == []


def test_nouns_of_the_program_are_modules_of_the_command_line() -> None:
    _, tree = next(item for item in iterate_files("node") if item[0] == "node/cli/main.py")
    modules = [
        str(node.args[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", "") == "Noun"
        and isinstance(node.args[0], ast.Constant)
    ]
    assert modules
    for module in modules:
        assert module.startswith(("wallet.cli", "node.cli."))
        assert (HOUSE / f"{module.replace('.', '/')}.py").exists(), module


@pytest.mark.parametrize(
    ("file", "code", "found"),
    [
        ("chain/x.py", "import consensus.state", "imports consensus.state"),
        ("chain/x.py", "from node import core", "imports node"),
        ("p2p/x.py", "def f():\n    import consensus", "imports consensus"),
        ("genesis/x.py", "from wallet.words import say", "imports wallet.words"),
        ("node/core.py", "from wallet.words import say", "imports wallet.words"),
        ("wallet/x.py", "import tests.community", "imports tests.community"),
    ],
)
def test_a_wrong_arrow_is_found(file: str, code: str, found: str) -> None:
    assert any(found in text for text in find_wrong_arrows(file, ast.parse(code)))


def test_the_command_line_may_use_the_wallet() -> None:
    tree = ast.parse("from wallet.words import say")
    assert find_wrong_arrows("node/cli/x.py", tree) == []
    assert find_wrong_arrows("node/ops/demo.py", tree) == []


@pytest.mark.parametrize(
    ("file", "code"),
    [
        ("p2p/gossip.py", "import libp2p"),
        ("chain/state.py", "import plyvel"),
        ("consensus/x.py", "import trio"),
        ("chain/x.py", "import trio"),
        ("node/x.py", "import numpy"),
    ],
)
def test_a_strange_library_is_found(file: str, code: str) -> None:
    assert find_strange_libraries(file, ast.parse(code))


@pytest.mark.parametrize(
    "code",
    [
        "import time",
        "import random",
        "from os import environ",
        "import logging",
        "import datetime",
        "x = 0.5",
        "y = x / 2",
        "x /= 2",
        "float(3)",
        "hash(x)",
        "print(x)",
        "from math import sqrt",
        "def f():\n    global x",
        "async def f(): ...",
    ],
)
def test_an_impurity_is_found(code: str) -> None:
    assert find_impurities("chain/rules/x.py", ast.parse(code))


def test_a_circle_is_found() -> None:
    assert find_circles({"a": {"b"}, "b": {"c"}, "c": {"a"}}) == ["a -> b -> c -> a"]
    assert find_circles({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []
