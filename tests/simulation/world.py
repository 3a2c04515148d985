"""A simulated community in virtual time: servers, lines, members, faults, and who watches them.

Everything follows from the options. ``run`` raises ``Broken`` where an invariant does not hold.
"""

import random
from collections import defaultdict
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from chain.block import SealedBlock
from chain.genesis import compute_chain_id
from chain.header import SignedHeader
from chain.parameters import Constants, KeepSchedule
from chain.transaction import SealedTransaction
from consensus.journal import Journal
from node.core import Core
from tests.community import KEEP, get_key
from tests.simulation import votes
from tests.simulation.community import SEATS, SIMULATED, Members, build_community
from tests.simulation.coverage import Coverage
from tests.simulation.faults import plan_faults
from tests.simulation.lines import Lines
from tests.simulation.lodging import House, Lodger, build_journal_disk, lodging
from tests.simulation.options import CALM_SLOTS, Options
from tests.simulation.server import BlockTold, Server
from tests.simulation.sharing import shared
from tests.simulation.signatures import signing
from tests.simulation.spoiling import Seen, spoil
from tests.simulation.timeline import Timeline, no_waiting
from tests.simulation.watch import Broken, Watch

SLOT_MS = SIMULATED.slot_seconds * 1_000
CONVERGE_SLOTS = 30
LAST_PAYMENT_SLOTS = 30
NEWCOMERS = 2
CHOICE_EVERY_SLOTS = 3


class World:
    """One run."""

    def __init__(
        self,
        options: Options,
        *,
        newcomers: int | None = None,
        lodgers: int = 0,
        constants: Constants = SIMULATED,
        keep: KeepSchedule = KEEP,
    ) -> None:
        self.options = options
        self.timeline = Timeline()
        self.coverage = Coverage()
        self.dice = self.get_dice("world")
        if newcomers is None:
            newcomers = min(NEWCOMERS, options.servers - 3) if options.has("stake") else 0
        self.everybody = SEATS[: options.servers + lodgers]
        seats = len(self.everybody) - newcomers
        self._spoiling_dice = self.get_dice("spoilt blocks as they are made")
        self.seats = self.everybody[:seats]
        self.newcomers = self.everybody[seats:]
        with signing(lambda *_: None, real=options.real):
            self.genesis = build_community(
                seats, len(self.newcomers), options.real, constants, keep
            )
        self.chain = compute_chain_id(self.genesis)
        self.lines = Lines(self.timeline, self.get_dice("lines"))
        self.lines.deliver_all = self._deliver_votes
        self.blocks: dict[bytes, SealedBlock] = {}
        self._announced: dict[bytes, SignedHeader] = {}
        self.servers: dict[str, Server] = {}
        self.by_seat: dict[str, Server] = {}
        self.byzantine: set[str] = set()  # seats whose keys the adversary has
        self.withholding: dict[str, float] = {}  # server -> share of listeners that wait
        self.late_votes: dict[str, float] = {}  # the same for votes
        self.spoiling: dict[str, float] = {}  # server -> share of its blocks that break a rule
        self.spoilt: set[bytes] = set()
        self.keeps_back: defaultdict[str, set[str]] = defaultdict(set)  # what is never sent
        # Who may be the adversary's: fewer than a third.
        count = max((seats - 1) // 3, 1 if seats > 3 else 0)
        self.adversaries = self.get_dice("adversary").sample(self.seats, min(count, 2)) or ["ann"]
        self.silent: dict[str, float] = {}  # server -> share of its blocks that it keeps
        self.slot_ms = SLOT_MS
        self.continues_after_conflict_slots = 0
        self.on_slot: Callable[[int], None] = lambda _: None  # who wants to see how far it is
        self.watch = Watch(self)
        self.houses: dict[int, House] = {}  # by the identity of a state of consensus
        self.lodgers: dict[str, Lodger] = {}  # by seat
        for name in self.everybody[: options.servers]:
            self.settle(name, name)
        for place, name in enumerate(self.everybody[options.servers :]):
            self._lodge(name, self.names[place % options.servers])
        self.members = Members(self)

    # Who is who.

    @property
    def names(self) -> list[str]:
        """All servers."""
        return list(self.servers)

    @property
    def slot(self) -> int:
        """The slot of virtual time."""
        return self.timeline.now_ms // SLOT_MS

    def get_dice(self, name: str) -> random.Random:
        """Dice for one purpose."""
        return self.options.get_dice(name)

    def settle(self, name: str, seat: str) -> Server:
        """Another server, not started yet."""
        server = Server(self, name, seat)
        self.servers[name] = server
        self.lines.receivers[name] = server.receive
        self.by_seat.setdefault(seat, server)
        return server

    def _lodge(self, seat: str, name: str) -> None:
        server = self.servers[name]
        self.lodgers[seat] = Lodger(seat, build_journal_disk(seat, server.mood))
        server.lodgers.append(self.lodgers[seat])

    def get_journal(self, seat: str) -> Journal | None:
        """What lies safely on the disk of a seat's journal."""
        home = self.by_seat.get(seat) or self.lodgers[seat]
        return home.journal.stored

    def is_honest(self, seat: str) -> bool:
        """Whether the seat's keys are where they should be and nowhere else."""
        return seat not in self.byzantine

    def is_honest_server(self, name: str) -> bool:
        """Whether a server does what its program says."""
        server = self.servers.get(name)
        return server is not None and self.is_honest(server.seat)

    def draw_adversary(self, dice: random.Random) -> str:
        """One of the adversary's seats."""
        seat = dice.choice(self.adversaries)
        self.byzantine.add(seat)
        return seat

    def get_running(self) -> list[Server]:
        """Servers that run."""
        return [server for server in self.servers.values() if server.core is not None]

    # What passes between servers.

    def announce(self, block: SealedBlock) -> SignedHeader:
        """A block's announcement."""
        announced = self._announced.get(block.hash)
        if announced is None:
            announced = SignedHeader(block.header, block.block.signature)
            self._announced[block.hash] = announced
        return announced

    def get_block(self, block_hash: bytes, core: Core) -> SealedBlock | None:
        """A block that a server has, decoded once for all of them."""
        block = self.blocks.get(block_hash)
        if block is None:  # its author lost power between signing it and telling anybody
            block = core.ledger.get_block(block_hash)
            if block is not None:
                self.blocks[block_hash] = block
                self.coverage.add("block told by sync first")
        return block

    def see_block(self, server: Server, block: SealedBlock) -> None:
        """A block leaves its author."""
        if block.hash in self.blocks:
            self.note(server.name, f"tells {block.hash.hex()[:8]} again")
            self.coverage.add("block told again")
            return
        self.blocks[block.hash] = block
        header = block.header
        self.coverage.add("secondary blocks" if header.kind else "primary blocks")
        self.note(server.name, f"makes {header.height} slot {header.slot} {block.hash.hex()[:8]}")

    def spoil(self, server: Server, block: SealedBlock) -> SealedBlock:
        """What a server tells of a block of its own: the block, or one that breaks a rule."""
        dice = self._spoiling_dice
        if not self.members.sent or dice.random() >= self.spoiling.get(server.name, 0.0):
            return block
        seen = Seen(list(self.members.sent.values()), list(self.blocks.values()))
        fault, spoilt = spoil(block, get_key(f"{server.seat}/vote"), seen, dice)
        self.coverage.add(f"spoilt block: {fault}")
        self.spoilt.add(spoilt.hash)
        self.see_block(server, spoilt)
        return spoilt

    def tell(self, server: Server, message: Any) -> None:
        """Gossip: to everybody, as far as the lines carry and the sender lets it."""
        share = 0.0
        if isinstance(message, BlockTold):
            if self.dice.random() < self.silent.get(server.name, 0.0):
                self.coverage.add("block withheld")
                return
            share = self.withholding.get(server.name, 0.0)
        elif isinstance(message, votes.VoteTold):
            share = self.late_votes.get(server.name, 0.0)
        elif isinstance(message, votes.HereTold) and "roll-call" in self.keeps_back[server.name]:
            self.coverage.add("roll-call refused")
            return
        for name in self.servers:
            if name != server.name:
                is_late = bool(share) and self.dice.random() < share
                extra_ms = self.dice.randint(1_000, 9_000) if is_late else 0
                self.lines.send(server.name, name, message, extra_ms)

    def find_transaction(self, name: bytes) -> SealedTransaction | None:
        """A transaction that a member has sent."""
        return self.members.sent.get(name)

    def is_muted(self, server: Server) -> bool:
        """Whether a server that runs cannot vote, and need not: its journal was lost."""
        return server.is_muted

    def _deliver_votes(self, receiver: str, told: list[tuple[str, votes.VoteTold]]) -> None:
        self.servers[receiver].receive_votes(told)

    def note(self, name: str, what: str) -> None:
        """Put a line into the trace."""
        self.timeline.note(f"{name} {what}")

    def gather_votes(self, span_ms: int) -> None:
        """Let a server take the votes that reach it in such a span in one turn."""
        self.lines.gathered, self.lines.gathered_ms = votes.VoteTold, span_ms

    # Running.

    def run(self) -> None:
        """The whole run. Raises Broken."""
        options = self.options
        with (
            signing(self.watch.see, real=options.real),
            no_waiting(self.timeline),
            votes.carried(),
            shared(executions=options.shares),
            lodging(self.houses) if self.lodgers else nullcontext(),
        ):
            self._start_all()
            plan_faults(self)
            converged = None
            for slot in range(1, options.slots + 1):
                self.timeline.run_until(slot * SLOT_MS)
                self.on_slot(slot)
                if self.watch.conflict_slot is not None and (
                    slot >= self.watch.conflict_slot + self.continues_after_conflict_slots
                ):
                    return  # those who see it sign no more: nothing is promised from here on
                if slot >= CALM_SLOTS:
                    self.members.act(slot)
                if slot % CHOICE_EVERY_SLOTS == 0:
                    self._check_choice(slot)
                if slot == options.healed_slot + LAST_PAYMENT_SLOTS:
                    self.members.send_last()
                if slot >= options.healed_slot:
                    converged = self.watch.check_converged()
                    if self.watch.conflict_slot is not None:
                        converged = None
                    if converged and slot >= options.healed_slot + CONVERGE_SLOTS:
                        raise Broken("I11", converged)
            self._finish()

    def _check_choice(self, slot: int) -> None:
        running = self.get_running()
        if running:
            self.watch.check_choice(running[slot // CHOICE_EVERY_SLOTS % len(running)])

    def _start_all(self) -> None:
        self.timeline.run_until(0)
        for server in list(self.servers.values()):
            server.start()

    def _finish(self) -> None:
        if self.watch.conflict_slot is not None:
            return
        self.members.check_last()
        late = self.watch.check_final_again()
        if late:
            raise Broken("I10", late)
        for server in self.get_running():
            status = server.owner.board.tally
            self.coverage.add("reorganisations", status.reorganisations)
            self.coverage.add("blocks refused", status.blocks_refused)
            self.note(server.name, f"ends {server.ledger.root.hex()[:8]}")
        self.coverage.add("slots", self.options.slots)
        self.coverage.switch_on(self.options.features)
