"""Consensus without a node: positions, made-up blocks, and a driver that carries effects out.

Made-up blocks have facts and no bodies; nobody won their slots. The driver keeps what a crash
leaves, the journal, and sees every header that is signed.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from chain import vrf
from chain.crypto import compute_hash
from chain.header import PRIMARY, SECONDARY, BlockHash
from chain.rules.randomness import build_first_randomness
from chain.tables import SetEntry
from consensus.effects import Draft, Effect, Follow, SignHeader, StoreJournal, Wake
from consensus.engine import step
from consensus.events import Drafted, Event, HeadChanged, Ticked
from consensus.forkchoice import BlockFacts
from consensus.gadget import Asking
from consensus.journal import Journal, build_journal
from consensus.producer import Position
from consensus.state import Consensus, OwnSeat, Settings, build_consensus
from tests.community import CONSTANTS, get_account_id, get_key

# Who wins which slot follows from this id. Tests speak of slots; so it is no genesis's, which would
# change with every version of the rules.
CHAIN = bytes.fromhex("e5babff962b08fa2a1bcd734d611fd2948c30bbe8f453a66540b6b728d9eb132")
SETTINGS = Settings(CHAIN, CONSTANTS)
SLOT_MS = SETTINGS.slot_ms
SEATS = ("ann", "boris", "clara", "daniil")

GENESIS = BlockFacts(
    hash=CHAIN,
    parent=bytes(32),
    slot=0,
    height=0,
    seat=bytes(32),
    kind=SECONDARY,
    rank=0,
    draw=b"",
)


def build_entries(names: Sequence[str] = SEATS) -> tuple[SetEntry, ...]:
    """A set of equal seats."""
    entries = [
        SetEntry(
            seat=get_account_id(name),
            vote_key=get_key(f"{name}/vote").public,
            standby_key=get_key(f"{name}/standby").public,
            vrf_key=get_key(f"{name}/vrf").public,
            weight=65_536,
        )
        for name in names
    ]
    return tuple(sorted(entries, key=lambda entry: entry.seat))


def build_block(
    parent: BlockFacts,
    slot: int,
    *,
    kind: int = PRIMARY,
    rank: int = 0,
    seat: str = "boris",
    salt: int = 0,
) -> BlockFacts:
    """A made-up block above another."""
    name = f"{slot} {kind} {rank} {seat} {salt}".encode()
    return BlockFacts(
        hash=compute_hash(b"test-block", parent.hash, name),
        parent=parent.hash,
        slot=slot,
        height=parent.height + 1,
        seat=get_account_id(seat),
        kind=kind,
        rank=rank,
        draw=compute_hash(b"test-draw", name) * 2,
    )


def build_position(
    head: BlockFacts = GENESIS, score: int = 0, entries: tuple[SetEntry, ...] | None = None
) -> Position:
    """A head in the first epochs, whose randomness is that of the genesis."""
    return Position(
        head=head,
        score=score,
        base=CHAIN,
        base_slot=0,
        entries=build_entries() if entries is None else entries,
        randomness=build_first_randomness(CHAIN),
    )


def build_seat(name: str, journal: Journal | None = None) -> OwnSeat:
    """A seat with its real keys."""
    vrf_seed = get_key(f"{name}/vrf").seed
    vote_key = get_key(f"{name}/vote").public
    return OwnSeat(
        id=get_account_id(name),
        vote_key=vote_key,
        vrf_key=get_key(f"{name}/vrf").public,
        prove=lambda alpha: vrf.prove(vrf_seed, alpha),
        journal=journal or build_journal(vote_key),
    )


def build_tree(dice: random.Random, count: int) -> list[BlockFacts]:
    """Blocks of a random tree, each after its parent; slots and kinds repeat so that scores tie."""
    blocks = [GENESIS]
    for number in range(count):
        parent = dice.choice(blocks[-6:])
        kind = dice.choice((PRIMARY, SECONDARY))
        blocks.append(
            build_block(
                parent,
                parent.slot + dice.randint(1, 3),
                kind=kind,
                rank=0 if kind == PRIMARY else dice.randint(0, 2),
                seat=dice.choice(SEATS),
                salt=number,
            )
        )
    return blocks[1:]


@dataclass
class Driver:
    """One seat's machine, and a world that does at once what it wants."""

    seat: str = "ann"
    entries: tuple[SetEntry, ...] = field(default_factory=build_entries)
    journal: Journal | None = None  # what a crash leaves
    state: Consensus = field(init=False)
    signed: list[bytes] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)  # of the last event
    wake_ms: int = 0
    drafts: int = 0

    def __post_init__(self) -> None:
        self.start(build_position(entries=self.entries))

    def start(self, position: Position) -> None:
        """A new machine, on the journal that the last one left."""
        own = build_seat(self.seat, self.journal)
        self.journal = own.journal
        self.state = build_consensus(SETTINGS, position, own)

    def begin(self, time_ms: int) -> None:
        """Go on at a time, as a node that started long ago."""
        self.state.guard.arm(self.state.get_slot(time_ms))
        self.state.listen_until_ms = time_ms
        self.state.gadget.recovery.asking = Asking.DONE
        self.state.gadget.recovery.started_slot = self.state.get_slot(time_ms)
        self.send(Ticked(time_ms))

    def run_until(self, time_ms: int) -> None:
        """Come back whenever the machine wants to be woken, up to a time."""
        while self.wake_ms <= time_ms:
            self.send(Ticked(self.wake_ms))

    def send(self, event: Event, *, crash_before: type[object] | None = None) -> None:
        """Step, and carry effects out in their order; a crash leaves those of a type undone."""
        self.effects = step(self.state, event)
        waiting = list(self.effects)
        while waiting:
            effect = waiting.pop(0)
            if crash_before is not None and isinstance(effect, crash_before):
                return
            more: list[Effect] = []
            match effect:
                case StoreJournal():
                    self.journal = effect.journal
                case SignHeader():
                    assert self.journal is not None
                    assert self.journal.records[-1].header == effect.header, "journal first"
                    self.signed.append(effect.header)
                case Draft():
                    self.drafts += 1
                    more = step(
                        self.state, Drafted(event.time_ms, effect.turn, self._write(effect))
                    )
                case Follow():
                    more = self.follow(event.time_ms, effect.hash)
                case Wake():
                    self.wake_ms = effect.time_ms
                case _:
                    pass
            self.effects.extend(more)
            waiting.extend(more)

    def follow(self, time_ms: int, block_hash: BlockHash) -> list[Effect]:
        """Make a block of the tree the head."""
        facts = self.state.tree.get(block_hash)
        assert facts is not None
        score = self.state.tree.get_score(block_hash)
        position = build_position(facts, score, self.entries)
        return step(self.state, HeadChanged(time_ms, position))

    def _write(self, effect: Draft) -> bytes:
        """A header that no other draft has."""
        turn = effect.turn
        return b"%d %s %d" % (turn.slot, turn.parent, self.drafts)

    def get_signed_slots(self) -> list[int]:
        """The slots of what was signed, in order."""
        return [int(header.split(b" ", 1)[0]) for header in self.signed]
