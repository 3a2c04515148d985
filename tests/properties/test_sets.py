"""Whatever is recorded and whenever: sets form one line, and the rows say what the blocks were.

A chain grows by chance, with pauses, records of finality and seats that leave. The law is told by
a list of its blocks; another branch and the way back leave no trace.
"""

from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from chain.actions import Unbond
from chain.block import SealedBlock
from chain.certificates import compute_set_root
from chain.drafting import Offer, open_draft
from chain.records import FinalityRecord
from chain.rules.ancestry import find_ancestors, get_ancestor
from chain.rules.finality_record import get_lasting_ref
from chain.rules.sets import get_chain_facts
from chain.tables import ANCHORS, CURRENT, PREVIOUS, SET_RECORDS, SeatSet
from tests.community import CONSTANTS, NOBODY, Community, build_genesis
from tests.recording import certify

SEATS = ("ann", "boris", "clara", "daniil", "emma")
LIFE = CONSTANTS.transaction_life_slots


class Step(NamedTuple):
    """One block: after so many slots, with finality so many blocks below its parent or none."""

    gap: int
    final_depth: int | None
    leaver: str | None


gaps = st.one_of(st.integers(1, 3), st.integers(1, 3), st.integers(15, 25), st.integers(90, 200))
depths = st.one_of(st.none(), st.integers(0, 3), st.integers(0, 3))
leavers = st.one_of(st.none(), st.none(), st.none(), st.sampled_from(SEATS[:4]))
steps = st.builds(Step, gaps, depths, leavers)


class Walk:
    """A community, its blocks, and the sets that their headers have named."""

    def __init__(self) -> None:
        self.c = Community(build_genesis(seats=SEATS))
        self.blocks: list[SealedBlock] = []
        self.sets: list[SeatSet] = [self.c.ledger.seat_set]
        self.finals: list[tuple[bytes, int]] = [(self.c.chain, 0)]
        self.told: list[tuple[int, bytes]] = []  # a block: its slot, what wallets refer to then
        self.gone: set[str] = set()

    def get_slot(self, height: int) -> int:
        return self.blocks[height - 1].header.slot if height else 0

    def get_hash(self, height: int) -> bytes:
        return self.blocks[height - 1].hash if height else self.c.chain

    def build_offer(self, step: Step, slot: int) -> tuple[FinalityRecord, ...]:
        """Certificates of that block, by whichever set may speak of it, and of the hand-off."""
        height = len(self.blocks) - (step.final_depth or 0)
        if step.final_depth is None or height < 1:
            return ()
        target, present = self.blocks[height - 1], self.sets[-1]
        records = [certify(self.c, target, slot, seat_set=present)]
        if len(self.sets) > 1:
            before, handoff = self.sets[-2], self.find_block(present.base)
            records.append(certify(self.c, target, slot, seat_set=before))
            records.append(certify(self.c, handoff, slot, seat_set=before, justified=True))
        return tuple(records)

    def find_block(self, block_hash: bytes) -> SealedBlock:
        return next(block for block in self.blocks if block.hash == block_hash)

    def take(self, step: Step) -> None:
        """One block more, carrying what the rules admit of what is offered."""
        c = self.c
        slot = c.ledger.head.slot + step.gap
        offer = Offer(finalities=self.build_offer(step, slot))
        context = c.ledger.get_context(slot)
        parts = open_draft(c.ledger.open_view(), context, c.ledger.queue, NOBODY, offer, c.checks)
        if parts.finality is not None:
            body = parts.finality.finality.body
            self.finals.append((body.target_hash, self.get_slot(body.target_height)))
        actions = []
        if step.leaver is not None and step.leaver not in self.gone:
            actions = [c.sign(step.leaver, Unbond(0), valid_for=LIFE, ref=self.finals[-1][0][:16])]
            self.gone.add(step.leaver)
        block = c.extend(actions, after=step.gap, parts=parts)
        self.blocks.append(block)
        self.told.append((block.header.slot, get_lasting_ref(c.ledger.state)))
        if block.header.next_set_root is not None:
            self.sets.append(c.ledger.seat_set)

    def rewind(self) -> None:
        """Forget the blocks above the ledger's head, and what they recorded and named."""
        height = self.c.ledger.head.height
        del self.blocks[height:], self.told[height:]
        kept = {self.c.chain, *(block.hash for block in self.blocks)}
        self.sets = [item for item in self.sets if item.base in kept]
        records = [block.parts.finality for block in self.blocks]
        bodies = [record.finality.body for record in records if record is not None]
        self.finals = [(self.c.chain, 0)]
        self.finals += [(body.target_hash, self.get_slot(body.target_height)) for body in bodies]

    def check(self) -> None:
        """The rows say what the blocks were."""
        state, head = self.c.ledger.state, self.blocks[-1]
        facts = get_chain_facts(state, head.hash)
        assert facts.seat_set == self.sets[-1]
        assert facts.is_handoff == (head.header.next_set_root is not None)
        assert (facts.recorded.target_hash, facts.recorded.target_slot) == self.finals[-1]
        in_force = self.sets[-2] if facts.is_handoff else self.sets[-1]
        assert head.header.base == in_force.base
        if head.header.next_set_root is not None:
            assert head.header.next_set_root == compute_set_root(self.sets[-1].entries)
            assert head.header.slot - facts.recorded.target_slot <= CONSTANTS.window_slots
            assert facts.recorded.target_slot >= in_force.base_slot
        self.check_anchors()

    def check_anchors(self) -> None:
        """What wallets are told to refer to lasts as long as what they send; nothing for ever."""
        slot, state = self.c.ledger.head.slot, self.c.ledger.state
        for told_slot, ref in self.told:
            assert told_slot < slot - LIFE or state.anchors.get(ref) is not None
        if self.blocks[-1].parts.finality is not None:
            rows = [key[2:] for key, _ in self.c.store.items(b"s" + ANCHORS.prefix)]
            left = [state.anchors.require(key).left_slot for key in rows]
            assert all(item is None or item >= slot - LIFE for item in left)
            kept = [key for key, item in zip(rows, left, strict=True) if item is None]
            rounds = state.recorded.require(CURRENT).rounds
            assert set(kept) == {item.target_hash[:16] for item in rounds}

    def check_ancestors(self) -> None:
        """Ancestors are known by height and by hash, as far down as anybody may ask."""
        c, state = self.c, self.c.ledger.state
        context = c.ledger.get_context(c.ledger.head.slot + 1)
        hashes = [self.get_hash(height) for height in range(context.height)]
        found = find_ancestors(state, context, [*hashes, bytes(32)])
        assert set(found) == set(hashes)
        for height, block_hash in enumerate(hashes):
            place = get_ancestor(state, context, height)
            assert place is not None
            assert place == (block_hash, height, self.get_slot(height)) == found[block_hash]
        assert get_ancestor(state, context, context.height) is None

    def check_line(self) -> None:
        """From the first set on, each names the one that followed it."""
        c, state = self.c, self.c.ledger.state
        if self.blocks[-1].header.next_set_root is not None:
            c.extend()  # the set begins with the child
        line = [c.chain]
        while (following := state.set_records.require(line[-1]).following) is not None:
            line.append(following)
        assert line == [item.base for item in self.sets]
        assert state.sets.require(CURRENT) == self.sets[-1]
        assert state.sets.get(PREVIOUS) == (self.sets[-2] if len(self.sets) > 1 else None)
        assert len(list(c.store.items(b"s" + SET_RECORDS.prefix))) == len(line)


@settings(max_examples=30)
@given(st.lists(steps, min_size=10, max_size=40))
def test_sets_and_records_follow_the_blocks(script: list[Step]) -> None:
    walk = Walk()
    for step in script:
        walk.take(step)
        walk.check()
    walk.check_ancestors()
    walk.check_line()


@settings(max_examples=15)
@given(
    st.lists(steps, min_size=8, max_size=24),
    st.integers(0, 23),
    st.lists(steps, min_size=1, max_size=12),
)
def test_another_branch_and_back_leaves_no_trace(
    script: list[Step], depth: int, aside: list[Step]
) -> None:
    walk = Walk()
    for step in script:
        walk.take(step)
    ledger = walk.c.ledger
    root, facts = ledger.root, get_chain_facts(ledger.state, ledger.head.hash)
    undone = [ledger.undo() for _ in range(min(depth, len(script)))]
    walk.rewind()
    for step in aside:
        walk.take(step)
        walk.check()
    for _ in aside:
        ledger.undo()
    for block in reversed(undone):
        ledger.commit(ledger.execute(block, walk.c.checks), block, durable=False)
    assert ledger.root == root
    assert get_chain_facts(ledger.state, ledger.head.hash) == facts


def test_the_scripts_reach_several_hand_offs() -> None:
    walk = Walk()
    for number in range(150):
        leaver = {20: "ann", 60: "boris"}.get(number)
        walk.take(Step(1, 0, leaver))
        walk.check()
    assert len(walk.sets) >= 3
    walk.check_line()
    walk.check_ancestors()
