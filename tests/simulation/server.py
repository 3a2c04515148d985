"""One server of a simulated community: the real core of a node, driven without tasks.

What survives a power cut is here (store, journal, clock); what runs is a ``Core`` whose turns are
taken one by one, as its own task would take them. Sync is the core's side of it, header by header,
with a plain exchange in place of the network's own loop.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import trio

from chain.block import SealedBlock
from chain.certificates import Certificate
from chain.header import BlockHash, SignedHeader
from chain.ledger import Ledger
from chain.tables import SetEntry
from chain.transaction import SealedTransaction
from chain.votes import SignedHere, SignedVote
from consensus.forkchoice import BlockFacts
from node.certified import read_list
from node.core import Core
from node.home import HomeError
from node.keys import SeatHolder
from node.owner import Owner
from node.replacement import replay_beside
from node.showing import find_named_certificate, get_progress
from node.task import CoreTask
from p2p.claims import is_further
from p2p.transport import PeerId, Verdict
from p2p.view import BlockArrived, Misbehaviour
from p2p.view import Event as NetworkEvent
from p2p.wire import Progress
from p2p.wire_votes import FinalityRequest, NewestRequest, VotesRequest, WitnessesRequest
from p2p.wire_warp import HandOffsRequest
from tests.exchange_world import solve_here
from tests.simulation import votes
from tests.simulation.clocks import Clock
from tests.simulation.disks import Disks, JournalDisk, Mood, PowerCut
from tests.simulation.lodging import House, Lodger, build_journal_disk, open_seat
from tests.simulation.timeline import drive, run_here
from tests.simulation.watch import Broken

if TYPE_CHECKING:
    from tests.simulation.world import World

BLOCKS_AT_ONCE: Final = 64  # that one answer of sync brings
LOOK_MS: Final = 1_000  # how long a clock that was set can go unnoticed
RESTART_MS: Final = 2_000
BUSY_MS: Final = 100  # how long at most the core's task lets wait what was judged at the door


class BlockTold(NamedTuple):
    """An announcement with its body."""

    block: SealedBlock
    announced: SignedHeader
    certificate: Certificate | None  # that the header names


class Bundle(NamedTuple):
    """Transactions."""

    transactions: tuple[SealedTransaction, ...]


class Asked(NamedTuple):
    """Sync: what do you have above these?"""

    locator: tuple[BlockHash, ...]
    score: int
    progress: Progress


class Shown(NamedTuple):
    """Sync: this."""

    blocks: tuple[SealedBlock, ...]
    lists: dict[BlockHash, tuple[SetEntry, ...]]  # that hand-offs among them call
    is_all: bool


class Server:
    """What survives, and what runs at the moment."""

    def __init__(self, world: "World", name: str, seat: str) -> None:
        self.world = world
        self.name = name
        self.seat = seat  # whose keys lie here; empty: none
        self.mood = Mood(world.get_dice(f"disk {name}"))
        self.disks = Disks(self.mood)
        self.clock = Clock(world.timeline, world.genesis.genesis_time * 1_000)
        self.journal = build_journal_disk(seat, self.mood) if seat else JournalDisk(self.mood)
        self.lodgers: list[Lodger] = []  # further seats, which this server's node speaks for
        self.house: House | None = None  # all seats here, while it runs and has lodgers
        self.core: Core | None = None
        self.owner: Owner  # the state of the core, while it runs
        self.owner_task: CoreTask  # of which the loop is ours
        self.is_seized = False
        self.is_censor = False  # makes blocks without transactions
        self.is_muted = False  # its journal was lost: it votes again when its operator says so
        self.is_shameless = False  # signs on when its key is seen to be used elsewhere
        self.starts = 0
        self._dice = world.get_dice(f"task {name}")
        self._is_turn_planned = False  # for what waits
        self._planned_ms: int | None = None
        self._replacing: tuple[BlockFacts, list[BlockFacts]] | None = None
        self._asked_slot = -1
        self._tossed_slot = -1  # in which it was last thought of

    @property
    def ledger(self) -> Ledger:
        """The chain that is followed."""
        return self.owner.ledger

    # Life.

    def start(self, starts: int | None = None) -> None:
        """Start on what was kept. ``starts``: only if nothing else has started it meanwhile."""
        if self.core is not None or self.is_seized or starts not in (None, self.starts):
            return
        self.starts += 1
        self._replacing, self._planned_ms, self._asked_slot = None, None, -1
        self._is_turn_planned = False
        self.world.note(self.name, "start")
        try:
            self.core = Core(
                self.world.genesis,
                self.disks,
                self.clock,
                seat=self._open_seat(),
                run_in_thread=run_here,
                solve=solve_here,
            )
            self.owner, self.owner_task = self.core._owner, self.core._task
            owner = self.owner
            owner.outside = Outgoing(self)
            owner.log = Complaints(self)  # type: ignore[assignment]  # a twin
            self.world.watch.listen(self)
            owner.announce = self._announce
            vars(self.owner_task)["_announce"] = self._announce  # of what was not told before a cut
            vars(self.owner_task)["nudge"] = lambda: None  # every turn looks at what waits
            owner.replace_chain = self._replace_chain
            if self.lodgers:
                self.house = self.world.houses[id(owner.consensus)] = House(self)
            if self.is_censor:
                vars(owner.mempool)["select"] = lambda _view, _context: ()
            drive(self.core._task._start())
        except PowerCut:
            self.cut_power()
        except HomeError:
            self._stop_for_a_while()
        else:
            self.turn(None)

    def cut_power(self, back_after_ms: int | None = RESTART_MS) -> None:
        """Stop at once; what was not safe may be lost. None: it stays off until it is started."""
        if self.core is None:
            return
        self.core = None
        lost = self.disks.disk.lose()
        self.world.note(self.name, f"power cut, {lost} batches lost")
        self.world.coverage.add("power cut")
        if back_after_ms is not None:
            self.world.timeline.plan(
                self.world.timeline.now_ms + back_after_ms, self.start, self.starts
            )

    def forget_disk(self) -> None:
        """All that lies here is gone, but for the keys."""
        self.disks = Disks(self.mood)

    def _stop_for_a_while(self) -> None:
        """The disk refused: the program ends, and its supervisor tries again later."""
        self.core = None
        self.world.note(self.name, "stopped by its disk")
        self.world.timeline.plan(
            self.world.timeline.now_ms + 5 * RESTART_MS, self.start, self.starts
        )

    def _open_seat(self) -> SeatHolder | None:
        return open_seat(self.seat, self.journal) if self.seat else None

    # Turns.

    def turn(self, message: NetworkEvent | None) -> None:
        """One round of the core's task: the clock first, then what waits, then the message."""
        if self.core is None:
            return
        try:
            self._take_turn(message)
        except PowerCut:
            self.cut_power()
        except HomeError:
            self._stop_for_a_while()

    def turn_soon(self) -> None:
        """Take a turn for what was judged at the door; the task may be busy, and more may come."""
        if not self._is_turn_planned:
            self._is_turn_planned = True
            timeline = self.world.timeline
            due_ms = timeline.now_ms + int(self._dice.random() * (BUSY_MS + 1))
            timeline.plan(due_ms, self._turn_for_waiting, self.starts)

    def _turn_for_waiting(self, starts: int) -> None:
        if starts == self.starts:
            self._is_turn_planned = False
            if self.core is not None and self.owner.pending:
                self.turn(None)

    def _take_turn(self, message: NetworkEvent | None) -> None:
        owner = self.owner
        drive(self.owner_task.take_turn(message))
        if self._replacing is not None:
            (ancestor, path), self._replacing = self._replacing, None
            self.world.coverage.add("chain replaced beside")
            replayed = drive(replay_beside(owner, self.disks, ancestor, path))
            drive(self.owner_task.take_turn(replayed))
        if self.house is not None:
            self.house.act()
        if self.is_shameless:
            owner.consensus.key_used_elsewhere = False
        self.world.watch.look_at(self)
        self._plan_wake()

    def _plan_wake(self) -> None:
        wake_ms = self.owner.wake_ms - self.clock.get_error_ms()
        if wake_ms != self._planned_ms:
            self._planned_ms = wake_ms
            self.world.timeline.plan(wake_ms, self._wake, self.starts, wake_ms)

    def _wake(self, starts: int, planned_ms: int) -> None:
        if starts == self.starts and planned_ms == self._planned_ms:
            self._planned_ms = None
            self._ask_now_and_then()
            self.turn(None)

    def look(self) -> None:
        """Look at the clock, as an idle task does every second."""
        self.turn(None)

    # What others say.

    def receive(self, sender: str, message: Any) -> None:
        """A message has come."""
        if self.core is None:
            return
        try:
            self._receive(sender, message)
        except PowerCut:
            self.cut_power()
        except HomeError:
            self._stop_for_a_while()

    def _receive(self, sender: str, message: Any) -> None:
        core = self.core
        assert core is not None
        if type(message) in votes.MESSAGES:
            votes.receive(self, sender, message)
            return
        match message:
            case BlockTold():
                verdict = core.judge_header(PeerId(sender), message.announced)
                self.judge(sender, verdict)
                if message.certificate is not None:
                    certified = core.judge_certificate(PeerId(sender), message.certificate)
                    self.judge(sender, certified)
                if self.core is not core:
                    return  # the power was cut meanwhile
                if verdict is Verdict.ACCEPT:
                    self.turn(BlockArrived(PeerId(sender), message.block, live=True))
                elif self.owner.pending:
                    self.turn_soon()
            case Bundle():
                self.judge(sender, core.judge_transactions(PeerId(sender), message.transactions))
            case Asked():
                self._show(sender, message)
            case Shown():
                self._take_shown(sender, message)
            case _:
                raise AssertionError("a message that nobody takes")

    def receive_votes(self, told: list[tuple[str, votes.VoteTold]]) -> None:
        """Several votes have come: each is judged by itself, and one turn takes them all in."""
        core = self.core
        if core is None:
            return
        for sender, message in told:
            self.judge(sender, core.judge_vote(PeerId(sender), message.vote))
        if self.owner.pending:
            self.turn(None)

    def judge(self, sender: str, verdict: Verdict) -> None:
        """What our core said of somebody's word."""
        if verdict is Verdict.REJECT:
            self.world.watch.blame(self.name, sender, "verdict REJECT")

    def _show(self, sender: str, asked: Asked) -> None:
        core = self.core
        assert core is not None
        is_better = core.ledger.head.score >= asked.score
        if not is_better and not is_further(get_progress(self.owner), asked.progress):
            return
        headers = core.get_headers(asked.locator, BLOCKS_AT_ONCE)
        blocks: list[SealedBlock] = []
        for announced in headers:
            block_hash = core.ledger.get_hash(announced.header.height)
            block = None if block_hash is None else self.world.get_block(block_hash, core)
            if block is None:
                break
            blocks.append(block)
        if blocks:
            is_all = len(headers) < BLOCKS_AT_ONCE
            lists = {
                block.hash: entries
                for block in blocks
                if block.header.next_set_root is not None
                and (entries := read_list(core.ledger.store, block.hash)) is not None
            }
            self.world.lines.send(self.name, sender, Shown(tuple(blocks), lists, is_all))

    def _take_shown(self, sender: str, shown: Shown) -> None:
        core = self.core
        assert core is not None
        headers = tuple(self.world.announce(block) for block in shown.blocks)
        verdict = core.judge_branch(PeerId(sender), headers)
        self.judge(sender, verdict)
        if verdict is not Verdict.ACCEPT:
            return
        for block in shown.blocks:
            if self.core is core and not core.has_block(block.hash):
                self.turn(BlockArrived(PeerId(sender), block, live=False))
            if self.core is core and block.hash in shown.lists:
                votes.take_list(self, sender, block, shown.lists[block.hash])
        if self.core is core and not shown.is_all:
            self._ask(sender, shown.blocks[-1].hash)

    # What we say.

    def _ask_now_and_then(self) -> None:
        """About every other slot, ask somebody for a better chain."""
        slot = self.world.slot
        if slot in (self._asked_slot, self._tossed_slot):
            return
        self._tossed_slot = slot
        if self.world.dice.random() < 0.5:
            self.ask_somebody()

    def ask_somebody(self) -> None:
        """Sync with one of the others."""
        self._asked_slot = self.world.slot
        others = [name for name in self.world.names if name != self.name]
        if others:
            self._ask(self.world.dice.choice(others))

    def _ask(self, peer: str, above: BlockHash | None = None) -> None:
        core = self.core
        if core is None:
            return
        locator = tuple(core.get_locator())
        if above is not None:
            locator = (above, *locator)
        self.world.lines.send(
            self.name, peer, Asked(locator, core.ledger.head.score, get_progress(self.owner))
        )
        votes.tell_status(self, peer)

    def tell_vote(self, vote: SignedVote) -> None:
        """Tell everybody of a vote; with lodgers, of all their votes of a turn at its end."""
        if self.house is None:
            self.world.tell(self, votes.VoteTold(vote))
        else:
            self.house.said.append(vote)

    def _announce(self, block: SealedBlock) -> None:
        self.world.see_block(self, block)
        block = self.world.spoil(self, block)
        header = block.header
        certificate = find_named_certificate(self.owner, header.lock_round, header.lock_hash)
        self.world.tell(self, BlockTold(block, self.world.announce(block), certificate))

    def _replace_chain(self, ancestor: BlockFacts, path: list[BlockFacts]) -> None:
        self._replacing = ancestor, path


class Complaints:
    """What a core writes to its log; some of it must never be written."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def debug(self, event: str, **fields: object) -> None:
        """Nobody looks."""

    def info(self, event: str, **fields: object) -> None:
        """Counted."""
        self._server.world.coverage.add(f"log: {event}")

    def warning(self, event: str, **fields: object) -> None:
        """Counted, and in the trace."""
        self._server.world.coverage.add(f"log: {event}")
        self._server.world.note(self._server.name, f"{event} {fields.get('error', '')}")

    def error(self, event: str, **fields: object) -> None:
        """Some mean that a promise is broken."""
        self.warning(event, **fields)
        if event == "own_draft_refused":
            raise Broken("I18", f"{self._server.name} drafts what the rules refuse: {fields}")


class Outgoing:
    """The network as the core sees it."""

    def __init__(self, server: Server) -> None:
        self._server = server

    @property
    def events(self) -> trio.MemoryReceiveChannel[NetworkEvent]:
        """Nothing comes this way here."""
        raise NotImplementedError

    async def announce_block(self, block: SealedBlock, certificate: Certificate | None) -> None:
        """Tell everybody about a block of our own."""
        self._server._announce(block)

    def offer_transactions(self, transactions: Iterable[SealedTransaction]) -> None:
        """Pass on transactions."""
        some: Sequence[SealedTransaction] = tuple(transactions)
        if some:
            self._server.world.tell(self._server, Bundle(tuple(some)))

    def say_vote(self, vote: SignedVote) -> None:
        """Tell everybody of a vote of our own."""
        self._server.tell_vote(vote)

    def say_here(self, here: SignedHere) -> None:
        """Tell everybody that our seat attends."""
        self._server.world.tell(self._server, votes.HereTold(here))

    def ask_finality(self, peer: PeerId, question: FinalityRequest) -> None:
        """Ask a peer what is final above what we have."""
        self._server.world.lines.send(self._server.name, peer, question)

    def ask_votes(self, peer: PeerId, question: VotesRequest) -> None:
        """Ask a peer for the votes from a round on."""
        self._server.world.lines.send(self._server.name, peer, question)

    def ask_newest(self, question: NewestRequest) -> None:
        """Ask all peers for the newest messages of our seat."""
        self._server.world.tell(self._server, question)

    def ask_witnesses(self, peer: PeerId, question: WitnessesRequest) -> None:
        """Ask a peer who is guilty of a contradiction."""
        self._server.world.lines.send(self._server.name, peer, question)

    def ask_way(self, peer: PeerId, question: HandOffsRequest) -> None:
        """Ask a peer which hand-offs lead on from a set."""
        self._server.world.lines.send(self._server.name, peer, question)

    def report(self, peer: PeerId, misbehaviour: Misbehaviour) -> None:
        """Blame a peer."""
        self._server.world.watch.blame(self._server.name, peer, misbehaviour.name)

    def wake_sync(self) -> None:
        """Blocks are lacking: ask, once a slot."""
        server = self._server
        if server._asked_slot != server.world.slot:
            server.ask_somebody()
