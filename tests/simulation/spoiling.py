"""Blocks that a seat in the adversary's hands signs in its own turn, and that break a rule.

Slot, proof and signature are right, so that it takes whoever executes them to find them out.
"""

import random
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from msgspec.structs import asdict, replace

from chain.block import BlockParts, SealedBlock, compute_body_root, seal_block
from chain.crypto import KeyPair
from chain.header import Header, sign_header
from chain.transaction import SealedTransaction, seal


class Made(NamedTuple):
    """What a block is made of, but for its body root and its signature."""

    header: Header
    transactions: tuple[SealedTransaction, ...]
    parts: BlockParts


class Seen(NamedTuple):
    """What has been sent and made so far; transactions are not empty."""

    transactions: Sequence[SealedTransaction]
    blocks: Sequence[SealedBlock]


def spoil(
    block: SealedBlock, key: KeyPair, seen: Seen, dice: random.Random
) -> tuple[str, SealedBlock]:
    """A block for the same slot that breaks a rule, signed; and which."""
    name = dice.choice(list(FAULTS))
    made = FAULTS[name](Made(block.header, block.transactions, block.parts), seen, dice)
    root = compute_body_root(made.transactions, made.parts)
    header = replace(made.header, body_root=root)
    signature = sign_header(header, key).signature
    return name, seal_block(header, signature, made.transactions, made.parts)


def _change_state(made: Made, _: Seen, dice: random.Random) -> Made:
    """A state that does not follow, such as one with more money for the author."""
    return made._replace(header=replace(made.header, state_root=dice.randbytes(32)))


def _change_set(made: Made, _: Seen, dice: random.Random) -> Made:
    """A hand-off where none is due, or none where one is."""
    root = dice.randbytes(32) if made.header.next_set_root is None else None
    return made._replace(header=replace(made.header, next_set_root=root))


def _repeat(made: Made, seen: Seen, dice: random.Random) -> Made:
    """A payment that was made before, or is made twice."""
    again = dice.choice(made.transactions or seen.transactions)
    return made._replace(transactions=(*made.transactions, again))


def _forge(made: Made, seen: Seen, dice: random.Random) -> Made:
    """A payment that its owner has not signed."""
    signed = dice.choice(made.transactions or seen.transactions).signed
    first = signed.signatures[0]
    false = replace(first, signature=first.signature[::-1])
    forged = seal(replace(signed, signatures=(false, *signed.signatures[1:])))
    return made._replace(transactions=(*made.transactions[:-1], forged))


def _record_again(made: Made, seen: Seen, dice: random.Random) -> Made:
    """What another block has put on record: finality, acks, attendance or evidence.

    Where no block has recorded anything, a state that does not follow. Whatever is recorded, the
    author's own state root is no more that of the block.
    """
    other = dice.choice(seen.blocks).parts
    found = {name: part for name, part in asdict(other).items() if part is not None}
    if not found:
        return _change_state(made, seen, dice)
    name = dice.choice(list(found))
    parts = replace(made.parts, **{name: found[name]})
    return made._replace(parts=parts) if parts != made.parts else _change_state(made, seen, dice)


FAULTS: Final[dict[str, Callable[[Made, Seen, random.Random], Made]]] = {
    "state": _change_state,
    "set": _change_set,
    "payment repeated": _repeat,
    "payment forged": _forge,
    "record of another block": _record_again,
}
