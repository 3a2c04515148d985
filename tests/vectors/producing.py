"""Blocks of the vectors: who may author, what a header says, and everything signed."""

from collections.abc import Callable
from typing import Any

from tests.vectors import edwards
from tests.vectors.hashing import compute_body_root, h, u32, u64
from tests.vectors.packing import pack
from tests.vectors.replica import CURRENT, NO_PARTS, Parts, Replica
from tests.vectors.small_genesis import get_key, get_policy, get_public, sign

PRIMARY, SECONDARY = 0, 1


def build_transaction(
    replica: Replica,
    policy: list[Any],
    signers: list[str],
    account: bytes,
    actions: list[list[Any]],
    **changes: Any,
) -> list[Any]:
    """[body, signatures] of an account by the keys of these names."""
    body = [
        changes.get("version", 1),
        account,
        changes.get("sequence", replica.rows.get(b"a" + account, [None, 0])[1]),
        changes.get("valid_until_slot", replica.slot + 100),
        changes.get("ref", replica.chain[:16]),
        changes.get("via"),
        changes.get("fee_max", 1_000_000),
        actions,
    ]
    message = b"pai/transaction/1" + changes.get("chain", replica.chain) + pack(body)
    signatures = sorted(
        [policy[1].index(get_public(name)), sign(name, message)] for name in signers
    )
    return [body, signatures]


def say(replica: Replica, name: str, *actions: list[Any], **changes: Any) -> list[Any]:
    """A transaction of a name's account under the policy of its one key, revealed when needed."""
    policy = get_policy(1, name)
    account = h("account", pack(policy))
    row = replica.rows.get(b"a" + account)
    if changes.get("reveal", row is not None and row[0] is None):
        actions = ([1, policy], *actions)
    return build_transaction(replica, policy, [name], account, list(actions), **changes)


def find_author(
    replica: Replica, slot: int, names: dict[bytes, str]
) -> tuple[list[Any], int, int, bytes]:
    """The set's entry that authors a slot, kind, rank and VRF proof: a primary if there is one."""
    entries = replica.rows[b"v" + CURRENT][2]
    seed = replica.get_seeds(slot)[1]
    alpha = b"pai/vrf/1" + replica.chain + seed + u64(slot)
    total = sum(entry[4] for entry in entries)
    proofs = {
        entry[0]: edwards.prove(bytes(get_key(f"{names[entry[0]]}/vrf")), alpha)
        for entry in entries
    }
    for entry in entries:
        drawn = int.from_bytes(edwards.compute_output(proofs[entry[0]])[:8], "big")
        if drawn * 2 * total < entry[4] * 2**64:
            return entry, PRIMARY, 0, proofs[entry[0]]
    # The widest rank that is due, so that vectors show the order and not only its head.
    rank = min((slot - replica.slot) // 4, len(entries) - 1)
    rest = list(entries)
    for place in range(rank + 1):
        digest = h("sec", seed, u64(slot), u32(place))
        drawn = int.from_bytes(digest[:16], "big") % sum(entry[4] for entry in rest)
        for entry in rest:
            drawn -= entry[4]
            if drawn < 0:
                break
        rest.remove(entry)
    return entry, SECONDARY, rank, proofs[entry[0]]


def collect(
    seats: list[bytes],
    signers: list[bytes],
    names: dict[bytes, str],
    tag: bytes,
    get_body: Callable[[bytes], list[Any]],
) -> list[Any]:
    """[bits, signatures] over these seats, of those among them that sign their body."""
    bits = bytearray(-(-len(seats) // 8))
    signatures = []
    for place, seat in enumerate(seats):
        if seat in signers:
            bits[place // 8] |= 1 << place % 8
            signatures.append(sign(f"{names[seat]}/vote", tag + pack(get_body(seat))))
    return [bytes(bits), signatures]


def produce(
    replica: Replica,
    parent: bytes,
    slot: int,
    transactions: list[list[Any]],
    names: dict[bytes, str],
    parts: Parts = NO_PARTS,
) -> tuple[list[Any], bytes, dict[str, Any]]:
    """The block, its hash, and what it shows; the replica has applied it."""
    author = find_author(replica, slot, names)
    entry, kind, rank, proof = author
    seed = replica.get_seeds(slot)[1]
    output = edwards.compute_output(proof)
    replica.apply(slot, parent, (entry[0], kind, output), transactions, parts)
    place = replica.height, slot, parent
    block = seal(replica, place, author, names, (transactions, parts), replica.get_root())
    header = block[0]
    shown = {
        "slot": slot,
        "author": names[entry[0]],
        "kind": kind,
        "rank": rank,
        "seed": seed.hex(),
        "vrf_output": output.hex(),
        "transactions": len(transactions),
        "body_root": header[14].hex(),
        "state_root": header[13].hex(),
        "hash": h("block", pack(header)).hex(),
        "block": pack(block).hex(),
    }
    return block, h("block", pack(header)), shown


def seal(
    replica: Replica,
    place: tuple[int, int, bytes],
    author: tuple[list[Any], int, int, bytes],
    names: dict[bytes, str],
    body: tuple[list[list[Any]], Parts],
    root: bytes,
) -> list[Any]:
    """A signed block of this height, slot and parent; nothing is applied."""
    (height, slot, parent), (entry, kind, rank, proof), (transactions, parts) = place, author, body
    header = [
        1,
        replica.chain,
        height,
        slot,
        parent,
        entry[0],
        kind,
        rank,
        proof,
        replica.chain,
        None,
        0,
        replica.chain,
        root,
        compute_body_root(
            [pack(transaction) for transaction in transactions], [pack(part) for part in parts]
        ),
    ]
    signature = sign(f"{names[entry[0]]}/vote", b"pai/header/1" + pack(header))
    return [header, signature, [transactions, *parts]]
