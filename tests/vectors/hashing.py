"""Hashes, addresses and the state's tree, written from docs/protocol.md for the vectors alone."""

import hashlib
from collections.abc import Iterable

EMPTY = bytes(32)
FANOUT = 16
ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


def h(tag: str, *parts: bytes) -> bytes:
    """H(tag, parts): BLAKE2b-256 personalised by the tag."""
    return hashlib.blake2b(b"".join(parts), digest_size=32, person=tag.encode()).digest()


def u32(number: int) -> bytes:
    """Four bytes, big-endian."""
    return number.to_bytes(4, "big")


def u64(number: int) -> bytes:
    """Eight bytes, big-endian."""
    return number.to_bytes(8, "big")


def compute_address(prefix: str, account: bytes) -> str:
    """Bech32m, BIP 350."""
    bits = "".join(f"{byte:08b}" for byte in account)
    bits += "0" * (-len(bits) % 5)
    values = [int(bits[place : place + 5], 2) for place in range(0, len(bits), 5)]
    expanded = [ord(letter) >> 5 for letter in prefix] + [0] + [ord(x) & 31 for x in prefix]
    checksum = _polymod(expanded + values + [0] * 6) ^ 0x2BC830A3
    values += [checksum >> shift & 31 for shift in (25, 20, 15, 10, 5, 0)]
    return prefix + "1" + "".join(ALPHABET[value] for value in values)


def _polymod(values: list[int]) -> int:
    checksum = 1
    for value in values:
        top, checksum = checksum >> 25, (checksum & 0x1FFFFFF) << 5 ^ value
        for bit, mask in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            checksum ^= mask if top >> bit & 1 else 0
    return checksum


Leaf = tuple[str, bytes]  # a path's 64 hex digits, and the leaf's hash


def _get_leaves(rows: Iterable[tuple[bytes, bytes]]) -> list[Leaf]:
    paths = [(h("path", key), value) for key, value in rows]
    return [(path.hex(), h("leaf", path, value)) for path, value in paths]


def _hash_subtree(leaves: list[Leaf], depth: int) -> bytes:
    if not leaves:
        return EMPTY
    if len(leaves) == 1:
        return leaves[0][1]
    return h("node", b"".join(_get_children(leaves, depth)))


def _get_children(leaves: list[Leaf], depth: int) -> list[bytes]:
    groups: list[list[Leaf]] = [[] for _ in range(FANOUT)]
    for leaf in leaves:
        groups[int(leaf[0][depth], FANOUT)].append(leaf)
    return [_hash_subtree(group, depth + 1) for group in groups]


def compute_state_root(rows: Iterable[tuple[bytes, bytes]]) -> bytes:
    """The root over rows (state key, value); the top is a node however few rows there are."""
    return h("node", b"".join(_get_children(_get_leaves(rows), 0)))


def build_proof(rows: dict[bytes, bytes], key: bytes) -> list[object]:
    """[nodes, neighbour]: the nodes from the top to the key's slot, and who else lives there."""
    leaves = _get_leaves(rows.items())
    digits = h("path", key).hex()
    nodes = []
    for depth, digit in enumerate(digits):
        nodes.append(b"".join(_get_children(leaves, depth)))
        leaves = [leaf for leaf in leaves if leaf[0][depth] == digit]
        if len(leaves) < 2:
            break
    if leaves and leaves[0][0] != digits:
        other = next(item for item in rows.items() if h("path", item[0]).hex() == leaves[0][0])
        return [nodes, list(other)]
    return [nodes, None]


def compute_transactions_root(wholes: list[bytes]) -> bytes:
    """RFC 6962: split at the largest power of two below the number of leaves."""
    if not wholes:
        return h("tx-empty")
    if len(wholes) == 1:
        return h("tx-leaf", wholes[0])
    split = 1
    while split * 2 < len(wholes):
        split *= 2
    return h(
        "tx-node",
        compute_transactions_root(wholes[:split]),
        compute_transactions_root(wholes[split:]),
    )


def compute_body_root(wholes: list[bytes], parts: list[bytes]) -> bytes:
    """The commitment to a body of these transactions and these five other parts."""
    return h("body", compute_transactions_root(wholes), *[h("part", part) for part in parts])
