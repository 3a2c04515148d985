"""The same blocks give the same root, whatever order Python keeps its sets in.

The rules are read for loops over sets, as far as the source tells; and a small chain with all kinds
of transactions is replayed in processes that hash differently. Both are tried on planted faults.
"""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chain.actions import Bond, Pay, Prolong, Save, Withdraw
from chain.block import decode_block
from chain.checks import DirectChecks
from chain.codec import encode
from chain.genesis import GENESIS_CODEC, GenesisDeposit
from chain.ledger import Ledger
from chain.store import MemoryStore
from tests.community import PAI, Community, build_genesis, get_account_id

HOUSE = Path(__file__).resolve().parents[1]
HASH_SEEDS = ("0", "1", "4242")

# What may be done with a set without its order being seen.
ORDERLESS = {"all", "any", "frozenset", "len", "max", "min", "set", "sorted", "sum"}
SET_METHODS = {"difference", "intersection", "symmetric_difference", "union"}


def is_set(node: ast.expr | None, names: set[str]) -> bool:
    """Whether an expression is a set, as far as the source tells."""
    match node:
        case ast.Set() | ast.SetComp():
            return True
        case ast.Name(id=name):
            return name in names
        case ast.Call(func=ast.Name(id="set" | "frozenset")):
            return True
        case ast.Call(func=ast.Attribute(value=owner, attr=method)) if method in SET_METHODS:
            return is_set(owner, names)
        case ast.BinOp(left=left, right=right, op=ast.BitOr() | ast.BitAnd() | ast.Sub()):
            return is_set(left, names) or is_set(right, names)
    return False


def is_set_type(node: ast.expr | None) -> bool:
    match node:
        case ast.Name(id="set" | "frozenset"):
            return True
        case ast.Subscript(value=ast.Name(id="set" | "frozenset")):
            return True
    return False


def find_set_names(scope: ast.AST) -> set[str]:
    """Names, and attributes by their last word, that hold sets somewhere in a scope."""
    names: set[str] = set()
    for node in ast.walk(scope):
        match node:
            case ast.AnnAssign(target=annotated, annotation=kind) if is_set_type(kind):
                names |= get_last_words(annotated)
            case ast.Assign(targets=targets, value=value) if is_set(value, names):
                for target in targets:
                    names |= get_last_words(target)
            case ast.arg(arg=name, annotation=kind) if is_set_type(kind):
                names.add(name)
    return names


def get_last_words(target: ast.expr) -> set[str]:
    match target:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return {name}
    return set()


def find_order_of_sets(file: str, tree: ast.Module) -> list[str]:
    """Places where the order of a set could be seen."""
    found = []
    for scope in ast.walk(tree):
        if not isinstance(scope, ast.FunctionDef):
            continue
        names = find_set_names(scope)
        harmless = {
            id(argument)
            for node in ast.walk(scope)
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ORDERLESS
            for argument in node.args
        }
        for node in ast.walk(scope):
            if id(node) not in harmless:
                found += [
                    f"{file}:{getattr(node, 'lineno', 0)}"
                    for it in get_looped(node)
                    if is_set(it, names)
                ]
    return found


def get_looped(node: ast.AST) -> Iterator[ast.expr]:
    """What a node goes through in order."""
    match node:
        case ast.For(iter=iterable):
            yield iterable
        case ast.ListComp(generators=parts) | ast.GeneratorExp(generators=parts):
            yield from (part.iter for part in parts)
        case ast.DictComp(generators=parts):
            yield from (part.iter for part in parts)
        case ast.Call(func=ast.Name(id="list" | "tuple" | "iter" | "enumerate" | "zip"), args=args):
            yield from args
        case ast.Call(func=ast.Attribute(attr="join" | "extend"), args=args):
            yield from args
        case ast.Call(func=ast.Attribute(value=owner, attr="pop"), args=[]):
            yield owner
        case ast.Starred(value=value):
            yield value


def test_no_rule_looks_at_the_order_of_a_set() -> None:
    found = []
    for path in sorted((HOUSE / "chain").rglob("*.py")):
        file = path.relative_to(HOUSE).as_posix()
        found += find_order_of_sets(file, ast.parse(path.read_text()))
    assert found == []


@pytest.mark.parametrize(
    "body",
    [
        "for x in {1, 2}: pass",
        "s = set(y)\n    for x in s: pass",
        "s: set[int] = y\n    return [x for x in s]",
        "return list({x for x in y})",
        "s = set(y)\n    return b''.join(s)",
        "s = set(y)\n    return tuple(s | z)",
        "s = {1, 2}\n    return s.pop()",
        "s = {1, 2}\n    return (*s,)",
        "return {x: 1 for x in set(y)}",
    ],
)
def test_the_order_of_a_set_is_found(body: str) -> None:
    assert find_order_of_sets("x.py", ast.parse(f"def rule(y, z):\n    {body}\n"))


@pytest.mark.parametrize(
    "body",
    [
        "for x in sorted({1, 2}): pass",
        "s = set(y)\n    return sorted(s), len(s), sum(x for x in s)",
        "return {x for x in y} <= set(z)",
        "for x in y: pass",
        "s = [1]\n    return s.pop()",
    ],
)
def test_what_has_order_or_needs_none_is_left_alone(body: str) -> None:
    assert find_order_of_sets("x.py", ast.parse(f"def rule(y, z):\n    {body}\n")) == []


def build_chain() -> Community:
    """Blocks with payments to many, births, savings, bonds, and gaps of many slots."""
    community = Community(
        build_genesis(deposits=(GenesisDeposit(200 * PAI, 30),), strangers=("ivan", "jan"))
    )
    newcomers = [f"newcomer {index}" for index in range(12)]
    payroll = tuple(Pay(get_account_id(name), 2 * PAI, "") for name in newcomers)
    community.extend([community.sign("ann", *payroll, fee_max=PAI)])
    community.extend(
        [
            community.sign("emma", Save(50 * PAI, 3), Pay(get_account_id("ivan"), PAI, "хлеб")),
            community.sign("farid", Pay(get_account_id("emma"), 3 * PAI, "")),
            community.sign("ivan", Pay(get_account_id("jan"), 7 * PAI, ""), fee_max=PAI),
        ],
        after=7,
    )
    community.extend(
        [
            community.sign("emma", Prolong(1, 4), Withdraw(1, 10 * PAI)),
            community.sign("boris", Bond(0, 150 * PAI)),
            *(
                community.sign(name, Pay(get_account_id("ann"), PAI, ""), fee_max=PAI)
                for name in newcomers
            ),
        ],
        after=23,
    )
    for gap in (1, 60, 3, 200):
        community.extend(
            [community.sign("galina", Pay(get_account_id("hamit"), PAI, ""), valid_for=gap + 50)],
            after=gap,
        )
    return community


def replay(stream: bytes) -> str:
    """The root after the blocks of a stream: genesis, then blocks, each with its length before."""
    parts = []
    while stream:
        length = int.from_bytes(stream[:4], "big")
        parts.append(stream[4 : 4 + length])
        stream = stream[4 + length :]
    ledger = Ledger(MemoryStore(), GENESIS_CODEC.decode(parts[0]))
    for data in parts[1:]:
        block = decode_block(data)
        ledger.commit(ledger.execute(block, DirectChecks()), block, durable=False)
    return ledger.root.hex()


def test_a_chain_has_one_root_under_every_hash_seed() -> None:
    community = build_chain()
    parts = [encode(community.genesis)]
    parts += [block.whole_bytes for block in community.ledger.get_blocks()]
    assert len(parts) == 8
    stream = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    roots = {replay(stream)}
    for seed in HASH_SEEDS:
        done = subprocess.run(
            [sys.executable, "-m", "tests.test_determinism"],
            cwd=HOUSE,
            env={**os.environ, "PYTHONHASHSEED": seed},
            input=stream,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()
        roots.add(done.stdout.decode().strip())
    assert roots == {community.ledger.root.hex()}


def test_the_processes_do_hash_differently() -> None:
    """Else the test above would show nothing."""
    orders = {
        subprocess.run(
            [sys.executable, "-c", "print({bytes([i]) * 32 for i in range(50)})"],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in HASH_SEEDS
    }
    assert len(orders) == len(HASH_SEEDS)


if __name__ == "__main__":
    sys.stdout.write(replay(sys.stdin.buffer.read()))
