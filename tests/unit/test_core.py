"""The core as others meet it: what it takes, tells, keeps and remembers across a restart."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import trio
import trio.testing

from chain.actions import AcceptInvoice, Action, OfferInvoice, Pay
from chain.errors import Code, Invalid
from chain.rules.clearing_window import get_window
from chain.rules.shelves import get_book
from consensus.journal import Journal, record_block
from node.board import SUBSCRIBER_EVENTS_MAX
from node.clock import GenesisClock
from node.core import Core
from node.events import BlockApplied, CoreEvent, TransactionWaiting
from node.home import HomeError
from node.mempool_file import read_mempool
from node.stores import MemoryStores
from node.task import CoreSettings
from p2p.transport import PeerId
from p2p.view import OffsetMeasured
from tests.community import CONSTANTS, PAI, Community, build_genesis, get_account_id
from tests.exchange_world import solve_here
from tests.simulation.village import (
    KeptJournal,
    Village,
    VillageClock,
    build_fresh_journal,
    run_here,
)
from tests.unit.test_reorganisation import FakeOutside

FARID = get_account_id("farid")
ALONE = build_genesis(seats=("ann",), members=("emma", "farid"))


@dataclass
class Hermit:
    """One server of a community that has no other, and its mock clock."""

    stores: MemoryStores
    clock: VillageClock
    journal: KeptJournal
    settings: CoreSettings

    def open(self) -> Core:
        """The core on what is kept."""
        village = Village(0, ALONE)
        holder = village._open_seat(village.settle("ann", seat="ann"))
        assert holder is not None
        own = holder.own._replace(journal=self.journal.journal)
        holder = holder._replace(own=own, keeper=self.journal)
        return Core(
            ALONE,
            self.stores,
            self.clock,
            seat=holder,
            settings=self.settings,
            run_in_thread=run_here,
            solve=solve_here,
        )

    @asynccontextmanager
    async def live(self) -> AsyncIterator[tuple[Core, FakeOutside]]:
        """Run it for a while."""
        core, outside = self.open(), FakeOutside()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(core.run, outside)
            await trio.testing.wait_all_tasks_blocked()
            yield core, outside
            core.stop()


@pytest.fixture
def hermit() -> Hermit:
    """A server that has never run."""
    clock = VillageClock(ALONE.genesis_time)
    return Hermit(MemoryStores(), clock, build_fresh_journal("ann"), CoreSettings())


async def sleep_until_slot(core: Core, slot: float) -> None:
    while core.get_clock_slot() < slot:  # noqa: ASYNC110 - the mock clock is what passes
        await trio.sleep(0.1)


async def test_a_payment_goes_from_submission_into_a_block(
    hermit: Hermit, autojump_clock: object
) -> None:
    async with hermit.live() as (core, outside):
        with core.subscribe() as events:
            sealed = Community(ALONE).sign("emma", Pay(FARID, PAI, "tea"))
            core.submit(sealed)
            assert core.find_place(sealed.id).status == "waiting"
            assert core.find_transaction(bytes(32)) is None
            assert outside.offered == [sealed]
            with pytest.raises(Invalid) as caught:
                core.submit(sealed)
            assert caught.value.code is Code.ALREADY_KNOWN
            assert await events.receive() == TransactionWaiting(sealed.id)
            applied = await receive_block(events)
            while sealed.id not in applied.transactions:
                applied = await receive_block(events)
        await trio.testing.wait_all_tasks_blocked()  # it is told by a task of its own
        assert applied.produced_here
        place = core.find_place(sealed.id)
        assert (place.status, place.height) == ("in_block", applied.height)
        with pytest.raises(Invalid) as caught:
            core.submit(sealed)
        assert caught.value.code is Code.ALREADY_KNOWN
        block = core.ledger.get_block(applied.hash)
        assert block is not None
        assert block in outside.announced
        assert core.get_block(applied.hash) == block.whole_bytes
        assert core.get_history(FARID, None, 10).entries[0].memo == "tea"
        assert core.get_blocks_by_seat() == {get_account_id("ann"): core.ledger.head.height}
        assert core.get_core_status().counters.blocks_produced == core.ledger.head.height


async def receive_block(events: "trio.MemoryReceiveChannel[CoreEvent]") -> BlockApplied:
    while True:
        event = await events.receive()
        if isinstance(event, BlockApplied):
            return event


async def test_a_subscriber_that_does_not_keep_up_is_let_go_and_nobody_waits_for_it(
    hermit: Hermit, autojump_clock: object
) -> None:
    async with hermit.live() as (core, _):
        with core.subscribe() as lazy, core.subscribe() as eager:
            for _ in range(SUBSCRIBER_EVENTS_MAX + 1):
                core._owner.board.publish(TransactionWaiting(bytes(32)))
                await eager.receive()
            received = [event async for event in lazy]
            assert len(received) == SUBSCRIBER_EVENTS_MAX
            assert core.get_core_status().counters.subscribers_dropped == 1
        with core.subscribe() as again:
            core._owner.board.publish(TransactionWaiting(bytes(32)))
            assert isinstance(await again.receive(), TransactionWaiting)


async def test_what_waits_survives_a_stop_and_is_done_after_the_next_start(
    hermit: Hermit, autojump_clock: object, tmp_path: Path
) -> None:
    hermit.settings = CoreSettings(mempool_path=tmp_path / "mempool")
    core = hermit.open()
    sealed = Community(ALONE).sign("emma", Pay(FARID, PAI, ""))
    async with trio.open_nursery() as nursery:
        core.submit(sealed)
        core.stop()
        nursery.start_soon(core.run, FakeOutside())
    assert read_mempool(tmp_path / "mempool") == [sealed]
    async with hermit.live() as (again, _):
        await sleep_until_slot(again, 3)
        assert again.find_place(sealed.id).status == "in_block"


async def test_what_waits_is_kept_while_the_node_runs_too(
    hermit: Hermit, autojump_clock: object, tmp_path: Path
) -> None:
    hermit.settings = CoreSettings(mempool_path=tmp_path / "mempool")
    async with hermit.live() as (core, _):
        sealed = Community(ALONE).sign("emma", Pay(FARID, PAI, ""), sequence=0)
        core.submit(sealed)
        await trio.sleep(1.5)  # the community begins in three seconds
        assert read_mempool(tmp_path / "mempool") == [sealed]


async def test_what_was_acknowledged_survives_a_process_that_was_killed(
    hermit: Hermit, autojump_clock: object, tmp_path: Path
) -> None:
    hermit.settings = CoreSettings(mempool_path=tmp_path / "mempool")
    sealed = Community(ALONE).sign("emma", Pay(FARID, PAI, ""))
    hermit.open().submit(sealed)  # of this process nothing else is left
    async with hermit.live() as (again, _):
        await sleep_until_slot(again, 3)
        assert again.find_place(sealed.id).status == "in_block"


async def test_a_disk_that_refuses_keeps_nobody_from_paying(
    hermit: Hermit, autojump_clock: object, tmp_path: Path
) -> None:
    hermit.settings = CoreSettings(mempool_path=tmp_path / "away" / "mempool")
    core = hermit.open()
    sealed = Community(ALONE).sign("emma", Pay(FARID, PAI, ""))
    core.submit(sealed)
    assert core.find_place(sealed.id).status == "waiting"


async def test_a_seat_whose_journal_is_older_than_the_chain_begins_anew_above_all_it_signed(
    hermit: Hermit, autojump_clock: object
) -> None:
    fresh = hermit.journal.journal
    async with hermit.live() as (core, _):
        await sleep_until_slot(core, 6)
    before = core.ledger.head  # it may have made a block while it was stopping
    assert before.height > 3
    hermit.journal.journal = fresh  # restored from a backup
    async with hermit.live() as (core, _):
        started_slot = core.get_clock_slot()
        await sleep_until_slot(core, started_slot + 12)
        blocks = list(core.ledger.get_blocks(before.height + 1))
        assert blocks
        assert all(block.header.slot > started_slot + 2 for block in blocks)
    activation = hermit.journal.journal.activations[0]
    assert activation.round >= started_slot + 2


async def test_the_newest_block_is_told_again_after_a_restart(
    hermit: Hermit, autojump_clock: object
) -> None:
    async with hermit.live() as (core, _):
        await sleep_until_slot(core, 4)
        head = core.ledger.head.hash
    async with hermit.live() as (core, outside):
        assert [block.hash for block in outside.announced][:1] == [head]


async def test_a_disk_that_refuses_the_journal_ends_the_node_before_anything_is_signed(
    hermit: Hermit, autojump_clock: object
) -> None:
    class FullDisk(KeptJournal):
        """Refuses."""

        def store(self, journal: Journal) -> None:
            """Never."""
            raise HomeError("cannot write the journal: No space left on device")

    hermit.journal = FullDisk(hermit.journal.journal)
    core, outside = hermit.open(), FakeOutside()
    with pytest.raises(ExceptionGroup) as caught:
        await core.run(outside)
    assert caught.group_contains(HomeError)
    assert outside.announced == []
    assert core.ledger.head.height == 0


async def test_a_slot_that_the_journal_has_is_never_signed_again(
    hermit: Hermit, autojump_clock: object
) -> None:
    chain = Community(ALONE).chain
    journal = record_block(hermit.journal.journal, chain, chain, 5, b"signed before the crash")
    hermit.journal.journal = journal
    async with hermit.live() as (core, _):
        await sleep_until_slot(core, 5.99)
        assert core.ledger.head.height == 0
        await sleep_until_slot(core, 8)
        assert core.ledger.head.slot >= 6
    signed = [item.block_slot for item in hermit.journal.journal.records]
    assert min(signed) >= 6


async def test_clocks_of_peers_are_told_and_a_jump_of_ours_is_noticed(
    hermit: Hermit, autojump_clock: object
) -> None:
    async with hermit.live() as (core, outside):
        for number in range(5):
            peer = PeerId(f"peer{number}")
            await outside.send.send(OffsetMeasured(peer, 250 + number, 10))
        await trio.sleep(1)
        assert core.get_core_status().offset_ms == 252
        armed = core._owner.consensus.guard._armed_slot
        hermit.clock.skew_ms += 5_000
        await trio.sleep(2)
        assert core._owner.consensus.guard._armed_slot != armed
        core.confirm_clock()
        await trio.sleep(2)
        assert core._owner.consensus.guard._armed_slot is None


async def test_a_refusal_of_the_seat_is_told(hermit: Hermit) -> None:
    settings = CoreSettings(refusal="the journal is missing")
    core = Core(ALONE, hermit.stores, hermit.clock, settings=settings, run_in_thread=run_here)
    assert core.get_core_status().signing == ("refused", "the journal is missing")
    core = Core(ALONE, hermit.stores, hermit.clock, run_in_thread=run_here)
    assert core.get_core_status().signing.state == "no_seat"
    assert core.get_core_status().seat is None


class TwoClocks:
    """Wall and monotonic time, set by hand."""

    def __init__(self) -> None:
        self.wall_ms = 1_000_000
        self.monotonic_ms = 5

    def get_wall_ms(self) -> int:
        """As set."""
        return self.wall_ms

    def get_monotonic_ms(self) -> int:
        """As set."""
        return self.monotonic_ms


def test_a_clock_counts_from_genesis_and_notices_when_it_is_set() -> None:
    clocks = TwoClocks()
    clock = GenesisClock(clocks, genesis_time=990, slot_seconds=4)
    assert (clock.get_ms(), clock.get_slot()) == (10_000, 2)
    clocks.wall_ms += 3_000
    clocks.monotonic_ms += 3_000
    assert not clock.notice_jump()
    clocks.wall_ms += 4_000  # a slot: not more
    assert not clock.notice_jump()
    clocks.wall_ms += 1
    assert clock.notice_jump()
    assert not clock.notice_jump()
    clocks.wall_ms -= 60_000
    assert clock.notice_jump()
    assert clock.get_slot() < 0
    clocks.monotonic_ms += 10_000  # the wall clock stood still
    assert clock.notice_jump()


async def test_a_seat_solves_a_set_off_and_puts_it_into_its_block(
    hermit: Hermit, autojump_clock: object
) -> None:
    emma, ann = get_account_id("emma"), get_account_id("ann")
    debts = ((emma, FARID), (FARID, ann), (ann, emma))
    names = {emma: "emma", FARID: "farid", ann: "ann"}
    amount = 10 * PAI
    sequences: Counter[str] = Counter()
    community = Community(ALONE)
    async with hermit.live() as (core, _):

        async def do(name: str, action: Action) -> None:
            core.submit(community.sign(name, action, sequence=sequences[name]))
            sequences[name] += 1
            await sleep_until_slot(core, core.get_clock_slot() + 2)

        for number, (debtor, creditor) in enumerate(debts):
            offer = OfferInvoice(debtor, amount, 9, "", None, clearable=True)
            await do(names[creditor], offer)
            await do(names[debtor], AcceptInvoice(number, creditor, amount, clearable=True))
        assert get_book(core.ledger.state).ready == 3
        await sleep_until_slot(core, CONSTANTS.clearing_interval_slots + CONSTANTS.window_slots)
        assert get_book(core.ledger.state).ready == 0
        assert not get_window(core.ledger.state).open
        entry = core.get_history(emma, None, 10).entries[0]
        assert (entry.kind, entry.amount) == ("set_off_for", amount)
