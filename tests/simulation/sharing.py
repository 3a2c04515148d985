"""What every server would find out for itself of the same bytes is found out once for all of them.

A genesis is looked through once, a block is decoded once, and executed once on each state that it
meets. Whatever is shared is keyed by all of the bytes that it depends on, and nothing else: the
state's root and the head, and the whole block with its signature. Each server still computes the
root of its own tree from what it is given, and refuses another than the first one had. What is
refused is never shared. One run of three, and each that signs for real, shares no execution.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Final

from chain import block as blocks
from chain.block import SealedBlock
from chain.checks import SignatureChecks
from chain.ledger import Execution, Ledger
from chain.rules import birth
from tests.simulation.signatures import replacing

BLOCKS_KEPT: Final = 4_096
EXECUTIONS_KEPT: Final = 256  # the newest; servers that are behind execute for themselves

_Key = tuple[bytes, bytes, bytes]  # root and head before, the block's bytes


class Executions:
    """What blocks did to states, as the first server found out."""

    def __init__(self) -> None:
        self._known: dict[_Key, Execution] = {}
        self._execute = Ledger.execute  # as it is now: a fault may be planted there

    def execute(self, ledger: Ledger, block: SealedBlock, checks: SignatureChecks) -> Execution:
        """What the block would do on top of a server's head. Raises Invalid."""
        key = ledger.root, ledger.head.hash, block.whole_bytes
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._execute(ledger, block, checks)
            if len(self._known) > EXECUTIONS_KEPT:
                del self._known[next(iter(self._known))]
            return known
        update = ledger.tree.compute_update(known.rows)
        assert update.root == known.state_root, "the same rows in the same tree give one root"
        return known._replace(update=update)


@contextmanager
def shared(*, executions: bool) -> Iterator[None]:
    """Let servers share what depends on nothing but its bytes."""
    changes: dict[Any, Any] = {
        birth.find_genesis_faults: lru_cache(maxsize=1)(birth.find_genesis_faults),
        blocks.decode_block: lru_cache(maxsize=BLOCKS_KEPT)(blocks.decode_block),
    }
    if executions:
        once = Executions()

        def execute(ledger: Ledger, block: SealedBlock, checks: SignatureChecks) -> Execution:
            return once.execute(ledger, block, checks)

        changes[Ledger.execute] = execute
    with replacing(changes):
        yield
