"""Vectors from what tests build: the state as it stands, and what is tried on it.

A scene is taken of a community of tests, whatever its rows came from. ``refuse`` and
``refuse_block`` try what must be refused and what must pass, and make a vector of it; a case whose
code is another fails here and makes none.
"""

from collections.abc import Iterable
from functools import cache
from typing import Any, NamedTuple, Protocol

from msgspec.structs import replace

from chain.actions import Action, Reveal
from chain.block import BlockParts, SealedBlock, compute_body_root, seal_block
from chain.changes import encode_row
from chain.checks import DirectChecks
from chain.codec import encode
from chain.errors import Code, Invalid
from chain.genesis import GENESIS_CODEC, Genesis, compute_chain_id
from chain.header import BlockHash, sign_header
from chain.kept import STATE, Head, read_rows
from chain.ledger import Ledger
from chain.merkle import Tree
from chain.rules.birth import apply_genesis
from chain.rules.context import Context
from chain.rules.transactions import process_transaction
from chain.state import State
from chain.store import MemoryStore
from chain.tables import ACCOUNTS, CURRENT
from chain.transaction import TRANSACTION_VERSION, SealedTransaction, Transaction, sign_transaction
from tests.community import (
    PAI,
    Community,
    get_account_id,
    get_key,
    get_name,
    get_policy,
    get_signers,
)

Rows = dict[bytes, bytes]
Vector = dict[str, Any]


class Rowed(Protocol):
    """A world whose rules act on rows at once: that of credit, and of the market on it."""

    genesis: Genesis
    chain: bytes
    rows: dict[bytes, bytes]
    state: State

    def open(self) -> Context:
        """Begin a block in the next slot."""
        ...


class Scene(NamedTuple):
    """A state, the hash of the block that left it, and the slot of the one in the making."""

    genesis: Genesis
    rows: Rows
    parent: BlockHash
    slot: int


def look_at(community: Community) -> Scene:
    """The community as it stands, before the block of the next slot."""
    ledger = community.ledger
    rows = _read_all(ledger.state, read_rows(ledger.store))
    return Scene(community.genesis, rows, ledger.head.hash, ledger.head.slot + 1)


def look_into(world: Rowed) -> Scene:
    """The world as it stands within its next block, after time has acted and before any deed."""
    context = world.open()
    rows = _read_all(world.state, world.rows.items())
    return Scene(world.genesis, rows, context.parent_hash, context.slot)


def _read_all(state: State, kept: Iterable[tuple[bytes, bytes]]) -> Rows:
    """Every row as rules would find it now: what is kept, and what was put over it."""
    rows = dict(kept)
    for prefix, table in state._tables.items():
        for key, row in {**table._older, **table._rows}.items():
            data = encode_row(row)
            if data is None:
                rows.pop(prefix + key, None)
            else:
                rows[prefix + key] = data
    return rows


@cache
def build_first_rows(genesis: Genesis) -> Rows:
    """The rows that a genesis makes."""
    empty: Rows = {}
    state = State(empty.get)
    apply_genesis(state, genesis, compute_chain_id(genesis))
    changes, _ = state.take_changes()
    return {
        change.state_key: data
        for change in changes
        if (data := encode_row(change.after)) is not None
    }


def open_scene(scene: Scene) -> Ledger:
    """A ledger whose head and rows are those of a scene; it knows no block."""
    ledger = Ledger(MemoryStore(), scene.genesis)
    gone = [(STATE + key, None) for key, _ in read_rows(ledger.store) if key not in scene.rows]
    rows = [(STATE + key, row) for key, row in scene.rows.items()]
    ledger.store.write([*gone, *rows], durable=False)
    ledger.state = State(lambda key: ledger.store.get(STATE + key))
    ledger.tree = Tree()
    ledger.tree.apply_update(ledger.tree.compute_update(scene.rows.items()))
    ledger.queue = ledger._build_queue(
        (key[2:], ACCOUNTS.codec.decode(row))
        for key, row in ledger.store.items(STATE + ACCOUNTS.prefix)
    )
    tip = ledger.state.tips.require(CURRENT)
    ledger.head = Head(scene.parent, tip.height, tip.slot, tip.score)
    return ledger


def read_scene(genesis: str, vector: Vector) -> Scene:
    """The scene of a vector as it stands in the files."""
    founded = GENESIS_CODEC.decode(bytes.fromhex(genesis))
    rows = dict(build_first_rows(founded))
    for key, row in vector["rows"].items():
        if row is None:
            del rows[bytes.fromhex(key)]
        else:
            rows[bytes.fromhex(key)] = bytes.fromhex(row)
    return Scene(founded, rows, bytes.fromhex(vector["parent"]), vector["slot"])


def sign_as(
    scene: Scene, name: str, *actions: Action, fee_max: int = 20 * PAI
) -> SealedTransaction:
    """A transaction of a name's account by the policy it has in the scene, revealed if need be."""
    account_id = get_account_id(name)
    row = scene.rows.get(ACCOUNTS.prefix + account_id)
    account = None if row is None else ACCOUNTS.codec.decode(row)
    chain = compute_chain_id(scene.genesis)
    reveals = account is not None and account.policy is None
    body = Transaction(
        version=TRANSACTION_VERSION,
        account=account_id,
        sequence=account.sequence if account else 0,
        valid_until_slot=scene.slot + 100,
        ref=chain[:16],
        via=None,
        fee_max=fee_max,
        actions=(Reveal(get_policy(name)), *actions) if reveals else actions,
    )
    policy = (account and account.policy) or get_policy(name)
    return sign_transaction(chain, body, get_signers(policy))


# Vectors


def refuse(
    name: str, code: Code, scene: Scene, bad: SealedTransaction, good: SealedTransaction | None
) -> Vector:
    """A transaction that must be refused in the scene's slot, and one like it that must pass."""
    assert try_transaction(open_scene(scene), scene.slot, bad) is code, name
    vector = _begin(name, "transaction", code, scene) | {"refused": bad.whole_bytes.hex()}
    if good is not None:
        vector["accepted"] = good.whole_bytes.hex()
        vector["after"] = pass_transaction(open_scene(scene), scene.slot, good)
    return vector


def try_transaction(ledger: Ledger, slot: int, sealed: SealedTransaction) -> Code | None:
    """With which code the transaction is refused; nothing is left of it. None: it passes."""
    state = ledger.state
    try:
        process_transaction(state, ledger.get_context(slot), sealed, DirectChecks())
    except Invalid as error:
        assert state.take_changes() == ([], []), "a refused transaction left something"
        return error.code
    return None


def pass_transaction(ledger: Ledger, slot: int, sealed: SealedTransaction) -> dict[str, Any]:
    """The rows that a good transaction leaves, and what it pays into the block's pot and fees."""
    state = ledger.state
    process_transaction(state, ledger.get_context(slot), sealed, DirectChecks())
    after = {"pot": str(state.pot), "fees": str(state.fees)}
    # What a block counts up and writes at its end is not the transaction's.
    state.pot = state.fees = state.accounts_born = state.debt = state.saved = 0
    changes, _ = state.take_changes()
    rows = sorted((item.state_key, encode_row(item.after)) for item in changes)
    return after | {"rows": {key.hex(): row and row.hex() for key, row in rows}}


def refuse_block(
    name: str, code: Code, scene: Scene, bad: SealedBlock, good: SealedBlock | None
) -> Vector:
    """A block that must be refused on the scene's head, and one like it that must pass."""
    assert try_block(open_scene(scene), bad) is code, name
    vector = _begin(name, "block", code, scene) | {"refused": bad.whole_bytes.hex()}
    if good is not None:
        assert try_block(open_scene(scene), good) is None, name
        vector["accepted"] = good.whole_bytes.hex()
    return vector


def try_block(ledger: Ledger, block: SealedBlock) -> Code | None:
    """With which code the block is refused; the state is as before. None: it passes."""
    before = ledger.root
    try:
        ledger.execute(block, DirectChecks())
    except Invalid as error:
        assert ledger.state.take_changes() == ([], []), "a refused block left something"
        assert ledger.root == before
        return error.code
    return None


def put_body(
    good: SealedBlock, transactions: tuple[SealedTransaction, ...], parts: BlockParts
) -> SealedBlock:
    """The block with another body, signed anew by its author; its state root stays."""
    header = replace(good.header, body_root=compute_body_root(transactions, parts))
    signature = sign_header(header, get_key(f"{get_name(header.seat)}/vote")).signature
    return seal_block(header, signature, transactions, parts)


def _begin(name: str, kind: str, code: Code, scene: Scene) -> Vector:
    first = build_first_rows(scene.genesis)
    changed = {key: row for key, row in scene.rows.items() if first.get(key) != row}
    rows = {key.hex(): row.hex() for key, row in sorted(changed.items())}
    gone = {key.hex(): None for key in sorted(first) if key not in scene.rows}
    return {
        "name": name,
        "kind": kind,
        "code": int(code),
        "genesis": encode(scene.genesis).hex(),
        "parent": scene.parent.hex(),
        "slot": scene.slot,
        "rows": rows | gone,
        "state_root": open_scene(scene).root.hex(),
    }
