"""Checks of the chain itself: who authored, who is a person, whether rows hash to the root.

Draws of the lottery are done again with fractions, the Merkle tree is built by its definition; what
the rules' own code says is not asked.
"""

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from hashlib import blake2b

from chain import vrf
from chain.codec import encode
from chain.header import PRIMARY, BlockHash, Header
from chain.policy import AccountId
from node.audit.evidence import Evidence, build_finding
from node.audit.findings import Check, Finding, Sentence
from node.audit.replay import Step


def find_wrong_root(evidence: Evidence) -> Iterator[Finding]:
    """The rows, hashed afresh into a tree built by its definition, give the head's state root."""
    leaves = {_hash(b"path", key): encode(row) for key, row in evidence.rows.items()}
    hashed = sorted((path.hex(), _hash(b"leaf", path, row)) for path, row in leaves.items())
    root = _hash_subtree(hashed, 0)
    if len(hashed) < 2:  # the root is a node even when it has one leaf or none
        root = _hash_node(hashed, 0)
    if root != evidence.state_root:
        detail = Sentence("the rows do not hash to the state root")
        yield build_finding(Check.MERKLE_ROOT, detail, root.hex(), evidence.state_root.hex())


def _hash_subtree(leaves: list[tuple[str, bytes]], depth: int) -> bytes:
    if not leaves:
        return bytes(32)
    if len(leaves) == 1:
        return leaves[0][1]
    return _hash_node(leaves, depth)


def _hash_node(leaves: list[tuple[str, bytes]], depth: int) -> bytes:
    children: list[list[tuple[str, bytes]]] = [[] for _ in range(16)]
    for leaf in leaves:
        children[int(leaf[0][depth], 16)].append(leaf)
    return _hash(b"node", *(_hash_subtree(child, depth + 1) for child in children))


def _hash(person: bytes, *parts: bytes) -> bytes:
    return blake2b(b"".join(parts), digest_size=32, person=person).digest()


def find_future_blocks(evidence: Evidence) -> Iterator[Finding]:
    """The chain does not end later than the auditor's clock says it is."""
    if evidence.clock_slot is not None and evidence.slot > evidence.clock_slot + 1:
        detail = Sentence("the last block lies in the future of this machine's clock")
        yield build_finding(Check.TIME, detail, str(evidence.clock_slot), str(evidence.slot))


# Checks of one block, asked while the chain is replayed.


def find_wrong_author(step: Step) -> Iterator[Finding]:
    """The author was drawn: a primary by its VRF output, a secondary by the slot's order."""
    header, parent_slot = step.block.header, step.context.parent_slot
    weights = {entry.seat: entry.weight for entry in step.entries}
    if header.seat not in weights:
        yield _find_block(step, Sentence("the author has no seat in the set"))
        return
    if header.kind == PRIMARY:
        output = vrf.compute_output(header.vrf_proof)
        drawn = Fraction(int.from_bytes(output[:8], "big"), 2**64)
        if drawn >= Fraction(weights[header.seat], 2 * sum(weights.values())):
            yield _find_block(step, Sentence("the author's draw did not win the slot"))
        return
    order = _draw_order(weights, step.seed, header.slot)
    place = order.index(header.seat)
    if place != header.rank or 4 * place > header.slot - parent_slot:
        yield _find_block(
            step, Sentence("the author was not in turn"), str(place), str(header.rank)
        )


def _draw_order(weights: Mapping[AccountId, int], seed: bytes, slot: int) -> list[AccountId]:
    """All seats in the slot's order: lots as wide as weights, without replacement."""
    left = dict(sorted(weights.items()))
    order: list[AccountId] = []
    while left:
        numbers = slot.to_bytes(8, "big") + len(order).to_bytes(4, "big")
        lot = int.from_bytes(_hash(b"sec", seed, numbers)[:16], "big") % sum(left.values())
        for seat, weight in left.items():
            lot -= weight
            if lot < 0:
                order.append(seat)
                del left[seat]
                break
    return order


def find_double_blocks(headers: Iterable[tuple[BlockHash, Header]]) -> Iterator[Finding]:
    """No seat has signed two blocks in one slot, on whatever branch they lie."""
    seen: dict[tuple[AccountId, int], BlockHash] = {}
    for block_hash, header in headers:
        first = seen.setdefault((header.seat, header.slot), block_hash)
        if first != block_hash:
            yield Finding(
                check=Check.ONE_BLOCK_A_SLOT,
                detail=Sentence(f"the seat made two blocks in slot {header.slot}"),
                height=header.height,
                block=block_hash.hex(),
                seat=header.seat.hex(),
                expected=first.hex(),
                found=block_hash.hex(),
            )


def _find_block(
    step: Step, detail: Sentence, expected: str | None = None, found: str | None = None
) -> Finding:
    return Finding(
        check=Check.AUTHORS,
        detail=detail,
        height=step.context.height,
        block=step.block.hash.hex(),
        seat=step.block.header.seat.hex(),
        expected=expected,
        found=found,
    )
