"""A village of real nodes in one process: cores and networks over memory lines, under a mock clock.

Everything follows from a seed: who wins which slot, what the lines lose, and in which order tasks
run. A node that crashes loses whatever is in memory and keeps its store and its journal. An
omniscient witness sees every header that is signed.
"""

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, TypeVar

import trio
from trio.testing import MockClock

from chain.actions import Action, Reveal
from chain.block import SealedBlock
from chain.certificates import Certificate
from chain.errors import Invalid
from chain.genesis import GENESIS_VERSION, Genesis, compute_chain_id
from chain.rules.finality_record import get_lasting_ref
from chain.state import State
from chain.transaction import TRANSACTION_VERSION, SealedTransaction, Transaction, sign_transaction
from chain.votes import SignedVote, Vote
from consensus.journal import Journal, build_journal
from node.core import Core
from node.keys import KEYS_VERSION, SeatHolder, SeatSecrets, build_seat_holder
from node.stores import MemoryStores
from p2p.memory import Lines, MemoryNetwork, MemoryTransport
from p2p.network import Network, NetworkSettings
from tests.community import build_genesis, get_account_id, get_key, get_policy
from tests.exchange_world import solve_here

ResultT = TypeVar("ResultT")
BEFORE_GENESIS_SECONDS = 3.0  # in which the nodes find each other


def run_deterministically(seed: int, main: Callable[[], Awaitable[ResultT]]) -> ResultT:
    """Run under a mock clock, with trio's own dice thrown from the seed."""
    scheduler = import_module("trio._core._run")
    before = scheduler._ALLOW_DETERMINISTIC_SCHEDULING
    scheduler.__dict__["_ALLOW_DETERMINISTIC_SCHEDULING"] = True
    scheduler._r.seed(seed)
    try:
        return trio.run(main, clock=MockClock(autojump_threshold=0))
    finally:
        scheduler.__dict__["_ALLOW_DETERMINISTIC_SCHEDULING"] = before


async def run_here(work: Callable[..., Any], *arguments: object) -> Any:
    """What a worker thread would do, done at once: threads know nothing of a mock clock."""
    await trio.lowlevel.checkpoint()
    return work(*arguments)


@dataclass
class VillageClock:
    """Wall and monotonic time out of the mock clock, each as wrong as a test wants it."""

    genesis_time: int
    skew_ms: int = 0

    def get_wall_ms(self) -> int:
        """The wall clock of one node."""
        passed = trio.current_time() - BEFORE_GENESIS_SECONDS
        return self.genesis_time * 1_000 + round(passed * 1_000) + self.skew_ms

    def get_monotonic_ms(self) -> int:
        """Never set."""
        return round(trio.current_time() * 1_000)


@dataclass
class KeptJournal:
    """A journal that survives a crash."""

    journal: Journal

    def store(self, journal: Journal) -> None:
        """Keep it."""
        self.journal = journal


def build_fresh_journal(seat: str) -> KeptJournal:
    """The journal of a key that was just made."""
    return KeptJournal(build_journal(get_key(f"{seat}/vote").public))


@dataclass
class Witness:
    """Sees every header and vote that any seat signs: one a slot and kind, or somebody offends."""

    votes: dict[tuple[bytes, bytes, type[Vote], int], Vote] = field(default_factory=dict)
    signed: dict[tuple[bytes, int], bytes] = field(default_factory=dict)
    offences: list[str] = field(default_factory=list)

    def see(self, block: SealedBlock) -> None:
        """Take note of a block that leaves its author."""
        header = block.header
        other = self.signed.setdefault((header.seat, header.slot), block.hash)
        if other != block.hash:
            self.offences.append(f"two headers of slot {header.slot} by {header.seat.hex()[:8]}")

    def see_vote(self, seat: bytes, body: Vote) -> None:
        """Take note of a vote that leaves its seat."""
        known = self.votes.setdefault((seat, body.set, type(body), body.round), body)
        if known != body:
            self.offences.append(f"two votes of round {body.round} by {seat.hex()[:8]}")


@dataclass
class Villager:
    """One server: what survives a crash, and what runs at the moment."""

    name: str
    seat: str  # whose seat; empty: none
    stores: MemoryStores
    clock: VillageClock
    journal: KeptJournal
    core: Core | None = None
    network: Network | None = None
    scope: trio.CancelScope | None = None
    stopped: trio.Event = field(default_factory=trio.Event)
    starts: int = 0

    @property
    def running(self) -> Core:
        """The core, which runs."""
        assert self.core is not None
        return self.core


class WatchedNetwork:
    """A network whose announcements pass the witness first."""

    def __init__(self, network: Network, witness: Witness) -> None:
        self._network = network
        self._witness = witness

    def __getattr__(self, name: str) -> Any:
        return getattr(self._network, name)

    def say_vote(self, vote: SignedVote) -> None:
        """Let the witness see it, then everybody."""
        self._witness.see_vote(vote.seat, vote.body)
        self._network.say_vote(vote)

    async def announce_block(self, block: SealedBlock, certificate: Certificate | None) -> None:
        """Let the witness see it, then everybody."""
        self._witness.see(block)
        await self._network.announce_block(block, certificate)


class Village:
    """Servers of one community."""

    def __init__(
        self, seed: int, genesis: Genesis | None = None, lines: Lines | None = None
    ) -> None:
        self.seed = seed
        self.genesis = genesis or build_genesis()
        self.chain = compute_chain_id(self.genesis)
        self.lines = MemoryNetwork(seed, lines or Lines(delay_seconds=(0.01, 0.1)))
        self.witness = Witness()
        self.villagers: dict[str, Villager] = {}
        self.nursery: trio.Nursery | None = None

    def settle(self, name: str, seat: str = "") -> Villager:
        """A server that does not run yet, with the keys of a seat if one is named."""
        villager = Villager(
            name,
            seat,
            MemoryStores(),
            VillageClock(self.genesis.genesis_time),
            build_fresh_journal(seat),
        )
        self.villagers[name] = villager
        return villager

    @asynccontextmanager
    async def live(self, *names: str) -> AsyncIterator[None]:
        """Run these servers for a while."""
        async with trio.open_nursery() as nursery:
            self.nursery = nursery
            for name in names:
                await self.start(name)
            yield
            nursery.cancel_scope.cancel()

    async def start(self, name: str) -> None:
        """Start a server on what it kept."""
        assert self.nursery is not None
        started = trio.Event()
        self.nursery.start_soon(self._run, self.villagers[name], started)
        await started.wait()

    async def crash(self, name: str) -> None:
        """Stop a server at once, as kill -9 does: nothing is written any more."""
        villager = self.villagers[name]
        assert villager.scope is not None
        villager.scope.cancel()
        await villager.stopped.wait()

    async def sleep_until_slot(self, slot: float) -> None:
        """Wait for a moment."""
        await trio.sleep_until(BEFORE_GENESIS_SECONDS + slot * self.genesis.constants.slot_seconds)

    def pay(
        self, name: str, *actions: Action, at: str, fee_max: int = 0
    ) -> SealedTransaction | None:
        """A member sends something through a server; None when the server refuses."""
        core = self.villagers[at].running
        account = get_account_id(name)
        row = core.ledger.state.accounts.get(account)
        sequence = core.mempool.get_next_sequence(account)
        reveals = sequence == 0 and (row is None or row.policy is None)
        body = Transaction(
            version=TRANSACTION_VERSION,
            account=account,
            sequence=sequence,
            valid_until_slot=max(core.get_clock_slot(), 0) + 200,
            ref=self._choose_ref(core.ledger.state),
            via=None,
            fee_max=fee_max,
            actions=(Reveal(get_policy(name)), *actions) if reveals else actions,
        )
        sealed = sign_transaction(self.chain, body, [(0, get_key(name))])
        try:
            core.submit(sealed)
        except Invalid:
            return None
        return sealed

    def _choose_ref(self, state: State) -> bytes:
        """The genesis, which is final on every branch, as long as one may refer to it."""
        genesis = self.chain[:16]
        return genesis if state.anchors.get(genesis) is not None else get_lasting_ref(state)

    async def _run(self, villager: Villager, started: trio.Event) -> None:
        villager.starts += 1
        villager.stopped = trio.Event()
        core = Core(
            self.genesis,
            villager.stores,
            villager.clock,
            seat=self._open_seat(villager),
            run_in_thread=run_here,
            solve=solve_here,
        )
        transport = MemoryTransport(self.lines, villager.name)
        others = tuple(f"/memory/{name}" for name in self.villagers if name != villager.name)
        network = Network(
            transport,
            core,
            core,
            NetworkSettings(self.chain, GENESIS_VERSION, None, peers=others),
            get_time_ms=villager.clock.get_wall_ms,
            dice=random.Random(f"{self.seed} {villager.name} {villager.starts}"),
            shelf=core,
        )
        villager.core, villager.network = core, network
        with trio.CancelScope() as villager.scope:
            async with network.run():
                started.set()
                await core.run(WatchedNetwork(network, self.witness))
        villager.core = villager.network = villager.scope = None
        villager.stopped.set()

    def _open_seat(self, villager: Villager) -> SeatHolder | None:
        name = villager.seat
        if not name:
            return None
        secrets = SeatSecrets(
            KEYS_VERSION,
            get_account_id(name).hex(),
            *(get_key(f"{name}/{role}").seed.hex() for role in ("vote", "vrf", "standby")),
        )
        return build_seat_holder(secrets, villager.journal.journal, villager.journal)
