"""Blocks that a seat in the adversary's hands signs in its own turn, and that break a rule.

Slot, proof and signature are right, so that it takes whoever executes them to find them out.
"""

import random
from collections.abc import Callable, Sequence
from typing import Final

from msgspec.structs import replace

from chain.block import SealedBlock, compute_body_root, seal_block
from chain.crypto import KeyPair
from chain.header import Header, sign_header
from chain.transaction import SealedTransaction, seal

Sent = Sequence[SealedTransaction]


def spoil(
    block: SealedBlock, key: KeyPair, sent: Sent, dice: random.Random
) -> tuple[str, SealedBlock]:
    """A block for the same slot that breaks a rule, signed; and which."""
    name = dice.choice(list(FAULTS))
    header, transactions = FAULTS[name](block, sent, dice)
    header = replace(header, body_root=compute_body_root(transactions, block.parts))
    signature = sign_header(header, key).signature
    return name, seal_block(header, signature, transactions, block.parts)


def _change_state(
    block: SealedBlock, _: Sent, dice: random.Random
) -> tuple[Header, tuple[SealedTransaction, ...]]:
    """A state that does not follow, such as one with more money for the author."""
    return replace(block.header, state_root=dice.randbytes(32)), block.transactions


def _change_set(
    block: SealedBlock, _: Sent, dice: random.Random
) -> tuple[Header, tuple[SealedTransaction, ...]]:
    """A hand-off where none is due, or none where one is."""
    root = dice.randbytes(32) if block.header.next_set_root is None else None
    return replace(block.header, next_set_root=root), block.transactions


def _repeat(
    block: SealedBlock, sent: Sent, dice: random.Random
) -> tuple[Header, tuple[SealedTransaction, ...]]:
    """A payment that was made before, or is made twice."""
    again = dice.choice(block.transactions or sent)
    return block.header, (*block.transactions, again)


def _forge(
    block: SealedBlock, sent: Sent, dice: random.Random
) -> tuple[Header, tuple[SealedTransaction, ...]]:
    """A payment that its owner has not signed."""
    signed = dice.choice(block.transactions or sent).signed
    first = signed.signatures[0]
    false = replace(first, signature=first.signature[::-1])
    forged = seal(replace(signed, signatures=(false, *signed.signatures[1:])))
    return block.header, (*block.transactions[:-1], forged)


_Fault = Callable[[SealedBlock, Sent, random.Random], tuple[Header, tuple[SealedTransaction, ...]]]
FAULTS: Final[dict[str, _Fault]] = {
    "state": _change_state,
    "set": _change_set,
    "payment repeated": _repeat,
    "payment forged": _forge,
}
