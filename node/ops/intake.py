"""Takes the blocks of an export into a home: every rule is checked, as if peers had sent them."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

from chain.block import SealedBlock
from chain.checks import DirectChecks
from chain.errors import Code, Invalid
from chain.genesis import Genesis
from chain.ledger import Ledger
from chain.replay import LookAhead
from chain.store import Store
from consensus.arrivals import EARLY_SLOTS
from node.chainkeeper import ChainKeeper
from node.clock import GenesisClock
from node.ops.export import ExportError

# Waiting for the disk at each block would take most of the time; a power cut costs this many.
DURABLE_EVERY: Final = 1_000


class Intake(NamedTuple):
    """What an import did, and where the chain ends now."""

    blocks: int
    height: int
    state_root: bytes


def take_in(
    store: Store, genesis: Genesis, blocks: Iterable[SealedBlock], advance: Callable[[int], None]
) -> Intake:
    """Execute and keep blocks, from the first one on; those held already are compared and skipped.

    Those before a snapshot with which the store began are skipped as well, held or not.
    Raises ExportError on another chain than the one held, Invalid at a block that breaks a rule;
    the blocks before it are kept.
    """
    keeper = ChainKeeper(store, genesis, DirectChecks())
    ledger = keeper.ledger
    ahead = LookAhead(ledger)
    keeper.checks = ahead.checks
    taken = 0
    for block in ahead.read(_skip_known(ledger, blocks, advance)):
        keeper.extend(block, durable=block.header.height % DURABLE_EVERY == 0)
        taken += 1
        advance(1)
    store.write((), durable=True)
    return Intake(taken, ledger.head.height, ledger.root)


def stop_at_early(blocks: Iterable[SealedBlock], clock: GenesisClock) -> Iterator[SealedBlock]:
    """Pass blocks on, up to one of a slot that has not come yet; that one raises Invalid.

    To reckon what lies between epochs costs time in proportion, so the clock is asked before.
    """
    for block in blocks:
        now = clock.get_slot()
        if block.header.slot > now + EARLY_SLOTS:
            raise Invalid(Code.WRONG_SLOT, f"{block.header.slot}, it is slot {now} now")
        yield block


def _skip_known(
    ledger: Ledger, blocks: Iterable[SealedBlock], advance: Callable[[int], None]
) -> Iterator[SealedBlock]:
    first, last = ledger.first.height, ledger.head.height
    for block in blocks:
        height = block.header.height
        if height > last:
            yield block
            continue
        if height >= first and ledger.get_hash(height) != block.hash:
            raise ExportError(f"from block {height} on it is another chain than the one held here")
        advance(1)
