"""A node at its genesis that takes up the chain from others' snapshot, instead of replaying it.

It judges what p2p brings, builds the new chain in a store beside, and lets the core's task put that
in the old one's place. Whatever interrupts it leaves the chain as it was.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import trio

from chain.block import SealedBlock, decode_block
from chain.checks import DirectChecks
from chain.errors import Invalid
from chain.header import BlockHash
from chain.proof import Checkpoint, FinalityProof, build_start
from chain.snapshot import Outline, Part, Place
from chain.store import Store
from consensus.events import CertificateSeen, SetShown
from node.certified import read_target
from node.effects import handle, perform
from node.founding import Judged, check_age, check_block, found, judge_snapshot, take_part
from node.owner import Owner
from node.replacement import take_over
from node.stores import Stores
from node.trust import find_awaited
from p2p.wire import Head

WARP_BLOCKS_MIN: Final = 4_096  # fewer are replayed in a few seconds, and then all are held


class Begun(NamedTuple):
    """The core's task may take the store beside for its own; then it sets the event."""

    height: int
    done: trio.Event


class SnapshotTaker:
    """Implements p2p's ``Taker``."""

    def __init__(
        self,
        owner: Owner,
        stores: Stores,
        send: trio.MemorySendChannel[Begun],
        trusted: Checkpoint | None,
        blocks_min: int = WARP_BLOCKS_MIN,
    ) -> None:
        """``trusted`` is the operator's checkpoint; None: the genesis."""
        self._owner = owner
        self._stores = stores
        self._send = send
        self._trusted = trusted
        self._blocks_min = blocks_min
        self._judged: Judged | None = None
        self._block: SealedBlock | None = None
        self._store: Store | None = None
        self._warned = False

    def is_wanted(self, head: Head) -> bool:
        """Whether we are at our genesis and the peer is far ahead, and our trust is fresh."""
        if self._owner.ledger.head.height or head.height < self._blocks_min:
            return False
        owner, trusted = self._owner, self._get_trusted()
        try:
            check_age(trusted, owner.ledger.genesis, owner.clock.get_slot())
        except Invalid as error:
            if not self._warned:
                self._warned = True
                owner.log.warning("no_snapshot", reason=str(error))
            return False
        return True

    def get_trusted_set(self) -> BlockHash:
        """The set from which a proof must lead on."""
        return self._get_trusted().set

    async def begin(self, proof: FinalityProof, outline: Outline) -> Sequence[Place]:
        """Judge a snapshot in a thread, and open the store that its rows go to. Raises Invalid."""
        judged: Judged = await self._owner.run_in_thread(
            judge_snapshot, self._get_trusted(), proof, outline, DirectChecks()
        )
        self.abandon()
        self._judged = judged
        self._store = self._stores.open_next()
        height = judged.checkpoint.height
        self._owner.log.info("snapshot_begun", height=height, parts=len(judged.places))
        return judged.places

    def take_block(self, data: bytes) -> None:
        """The snapshot's block. Raises Invalid."""
        assert self._judged is not None, "a snapshot was begun"
        block = decode_block(data)
        check_block(self._judged, block, DirectChecks())
        self._block = block

    def take_part(self, place: Place, part: Part) -> None:
        """Check a part and write it. Raises Invalid."""
        assert self._store is not None, "a snapshot was begun"
        take_part(self._store, place, part)

    async def finish(self) -> None:
        """Found the store beside, and wait until it is the chain that is followed."""
        judged, block, store = self._judged, self._block, self._store
        assert judged is not None, "a snapshot was begun"
        assert block is not None, "its block was taken"
        assert store is not None, "its parts were taken"
        found(store, self._owner.ledger.genesis, judged, block)
        store.close()
        self._store = None  # from here on it is the task's
        begun = Begun(judged.checkpoint.height, trio.Event())
        await self._send.send(begun)
        await begun.done.wait()

    def abandon(self) -> None:
        """Clear away what was begun and not finished."""
        self._judged = self._block = None
        if self._store is not None:
            self._store.close()
            self._store = None
            self._stores.drop_next()

    def _get_trusted(self) -> Checkpoint:
        ledger = self._owner.ledger
        if self._trusted is None:
            assert not ledger.head.height, "only a chain at its genesis is taken up from there"
            self._trusted = build_start(ledger.chain, ledger.root, ledger.seat_set.entries)
        return self._trusted


async def adopt_snapshot(owner: Owner, stores: Stores, begun: Begun) -> None:
    """Go on from the snapshot, unless our own chain has come as far meanwhile."""
    if owner.ledger.head.height >= begun.height:
        stores.drop_next()
    else:
        effects = take_over(owner, stores, (), proven=True)
        owner.log.info("snapshot_taken", height=owner.ledger.head.height)
        await perform(owner, effects)
        await look_for_checkpoint(owner)
        target = read_target(owner.ledger.store)
        assert target is not None, "a snapshot's block is proven final"
        await handle(owner, CertificateSeen(owner.clock.get_ms(), target.finality))
    begun.done.set()


async def look_for_checkpoint(owner: Owner) -> None:
    """Let votes count once our chain has the block of the checkpoint that the operator trusts."""
    awaited = owner.consensus.awaits
    if awaited is None or find_awaited(owner.ledger, awaited) is not None:
        return
    owner.log.info("checkpoint_reached", height=awaited.height)
    voters = owner.keeper.get_voters(awaited.set)
    await handle(owner, SetShown(owner.clock.get_ms(), voters, trusted=True))
