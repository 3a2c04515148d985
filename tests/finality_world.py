"""Finality without nodes: seats over a seeded network, and a witness that sees all they sign.

Blocks have facts and no bodies; sets hand over at epochs as the chain's rules would let them. The
witness knows every message of every honest seat across crashes, and every block that anybody held
for final; it fails at the first that contradicts another.
"""

import heapq
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial

from msgspec.structs import replace

from chain.header import BlockHash, compute_block_hash
from chain.votes import Ack, Prevote, Vote, sign_here, sign_vote
from consensus.effects import (
    Ask,
    AskNewest,
    Draft,
    Effect,
    FetchParents,
    Finalised,
    Follow,
    SignHeader,
    SignHere,
    SignVote,
    StoreJournal,
    Wake,
)
from consensus.engine import step
from consensus.events import (
    Answered,
    BlockHeld,
    CertificateSeen,
    Drafted,
    Event,
    HeadChanged,
    HereSeen,
    NewestShown,
    PeerClaimed,
    SetShown,
    Started,
    Ticked,
    VoteSeen,
)
from consensus.forkchoice import NOTHING_RECORDED, BlockFacts, Recorded
from consensus.journal import Journal, build_journal
from consensus.producer import Position, Turn
from consensus.rounds import get_claim
from consensus.sets import Checkpoint, VoterSet, build_voters
from consensus.state import Consensus, Settings, build_consensus
from tests.community import CONSTANTS, get_account_id, get_key
from tests.consensus_world import CHAIN, GENESIS, build_entries, build_position, build_seat

SETTINGS = Settings(CHAIN, CONSTANTS)
RECORD_EVERY = 8
LOOKED_BACK = 200  # votes of a seat that a new one is compared with


class Broken(AssertionError):
    """A promise was broken; the message says by whom and what."""


@dataclass
class Witness:
    """Everything that honest seats signed, and that anybody held for final."""

    blocks: dict[BlockHash, BlockFacts]
    headers: dict[tuple[str, int], BlockHash] = field(default_factory=dict)
    votes: dict[tuple[str, BlockHash, type[Vote], int], Vote] = field(default_factory=dict)
    said: dict[tuple[str, BlockHash], list[Vote]] = field(default_factory=dict)
    finals: list[BlockHash] = field(default_factory=list)  # each stands on the one before

    def see_header(self, name: str, facts: BlockFacts) -> None:
        """I3: one header a slot."""
        known = self.headers.setdefault((name, facts.slot), facts.hash)
        if known != facts.hash:
            raise Broken(f"S0: {name} signed two headers of slot {facts.slot}")

    def see_vote(self, name: str, body: Vote) -> None:
        """I3: one prevote and one ack a round; no link over an ack; nothing of another set."""
        known = self.votes.setdefault((name, body.set, type(body), body.round), body)
        if known != body:
            raise Broken(f"{type(body).__name__} twice: {name} in round {body.round}")
        if isinstance(body, Prevote) and body.source_round >= body.round:
            raise Broken(f"link: {name} in round {body.round} from {body.source_round}")
        target = self.blocks[body.target_hash]
        if body.set not in (target.base, CHAIN if target.height == 0 else None):
            raise Broken(f"S5: {name} voted in round {body.round} for a block of another set")
        said = self.said.setdefault((name, body.set), [])
        for other in said[-LOOKED_BACK:]:
            self._compare(name, body, other)
        said.append(body)

    def _compare(self, name: str, one: Vote, other: Vote) -> None:
        for ack, prevote in ((one, other), (other, one)):
            if not (isinstance(ack, Ack) and isinstance(prevote, Prevote)):
                continue
            if prevote.source_round < ack.round < prevote.round:
                raise Broken(f"S4: {name} acked {ack.round} under {prevote.round}")

    def see_final(self, name: str, block_hash: BlockHash) -> None:
        """I1: of all final blocks one stands on the other."""
        highest = self.finals[-1] if self.finals else CHAIN
        low, high = sorted((highest, block_hash), key=lambda item: self.blocks[item].height)
        if not self.stands_on(high, low):
            raise Broken(f"I1: {name} holds a block for final that contradicts another")
        if high != highest:
            self.finals.append(high)

    def stands_on(self, block_hash: BlockHash, below: BlockHash) -> bool:
        """Whether a block is the other or stands above it."""
        height = self.blocks[below].height
        while self.blocks[block_hash].height > height:
            block_hash = self.blocks[block_hash].parent
        return block_hash == below


@dataclass
class Rules:
    """What a world is made of."""

    seats: int = 4
    slots: int = 60
    delay_ms: tuple[int, int] = (20, 200)
    loss: float = 0.0
    crash: float = 0.0  # of a seat in a slot
    lose: float = 0.0  # of its journal in a crash
    epoch_slots: int = 0  # 0: sets never hand over
    cut: Callable[[int, str, str], bool] = lambda _slot, _one, _other: False
    down: Callable[[int, str], bool] = lambda _slot, _name: False
    shy: str = ""  # nobody syncs with this one
    mute: Callable[[str, Vote], bool] = lambda _name, _body: False  # what is signed and not sent
    weights: tuple[int, ...] = ()
    settings: Settings = SETTINGS


class World:
    """Seats, the network between them, and time."""

    def __init__(self, seed: int, rules: Rules) -> None:
        self.rules, self.dice = rules, random.Random(seed)
        self.names = [f"seat{number}" for number in range(rules.seats)]
        self.blocks: dict[BlockHash, BlockFacts] = {CHAIN: GENESIS}
        self.scores: dict[BlockHash, int] = {CHAIN: 0}
        self.recorded: dict[BlockHash, Recorded] = {CHAIN: NOTHING_RECORDED}
        self.heights: dict[BlockHash, int] = {CHAIN: 0}  # of the highest target on record
        entries = build_entries(self.names)
        if rules.weights:
            by_name = dict(zip(self.names, rules.weights, strict=True))
            weights = {get_account_id(name): by_name[name] for name in self.names}
            entries = tuple(replace(entry, weight=weights[entry.seat]) for entry in entries)
        self.sets: dict[BlockHash, VoterSet] = {CHAIN: build_voters(CHAIN, 0, 0, entries)}
        self.ends: dict[BlockHash, Checkpoint] = {}  # how sets have ended, as nodes keep it on disk
        self.witness = Witness(self.blocks)
        self.time_ms = 0
        self.queue: list[tuple[int, int, Callable[[], None]]] = []
        self.count = 0
        self.nodes = {name: Node(name, self) for name in self.names}

    def run(self, *, until_slot: int | None = None) -> "World":
        """Let time pass up to the beginning of a slot."""
        end_ms = (until_slot or self.rules.slots) * self.slot_ms
        if self.count == 0:
            for node in self.nodes.values():
                self.at(0, node.start)
            for slot in range(1, self.rules.slots + 1):
                self.at(slot * self.slot_ms, self._pass_slot)
        while self.queue and self.queue[0][0] <= end_ms:
            self.time_ms, _, act = heapq.heappop(self.queue)
            act()
        return self

    @property
    def slot_ms(self) -> int:
        """The length of a slot."""
        return self.rules.settings.slot_ms

    @property
    def slot(self) -> int:
        """The slot of now."""
        return self.time_ms // self.slot_ms

    def at(self, time_ms: int, act: Callable[[], None]) -> None:
        """Do something at a time."""
        self.count += 1
        heapq.heappush(self.queue, (max(time_ms, self.time_ms), self.count, act))

    def send(self, sender: str, event: Callable[[int], Event]) -> None:
        """Tell everybody, as far as the network lets us."""
        for name in self.names:
            if name != sender:
                self.send_to(sender, name, event)

    def send_to(self, sender: str, name: str, event: Callable[[int], Event]) -> None:
        """Tell one."""
        if self.rules.cut(self.slot, sender, name) or self.dice.random() < self.rules.loss:
            return
        delay_ms = self.dice.randint(*self.rules.delay_ms)
        self.at(self.time_ms + delay_ms, lambda: self.nodes[name].hear(event))

    def add_block(self, turn: Turn, name: str, header: bytes, state: Consensus) -> BlockFacts:
        """What the chain's rules make of a header: its set, and what it records."""
        parent = self.blocks[turn.parent]
        base = parent.hash if parent.hands_off else parent.base
        base = CHAIN if parent.height == 0 else base
        recorded, target_height = self._find_record(turn, base, state)
        facts = BlockFacts(
            hash=compute_block_hash(header),
            parent=turn.parent,
            slot=turn.slot,
            height=parent.height + 1,
            seat=get_account_id(name),
            kind=turn.kind,
            rank=turn.rank,
            draw=turn.output,
            base=base,
            hands_off=self._hands_off(turn, base, recorded or self.recorded[turn.parent]),
            lock_round=state.gadget.lock.round,
            lock_hash=state.gadget.lock.hash,
            recorded=recorded,
        )
        self.blocks[facts.hash] = facts
        self.scores[facts.hash] = self.scores[parent.hash] + 2 - facts.kind
        self.recorded[facts.hash] = recorded or self.recorded[parent.hash]
        self.heights[facts.hash] = target_height or self.heights[parent.hash]
        if facts.hands_off:
            entries = self.sets[base].entries
            self.sets[facts.hash] = build_voters(facts.hash, facts.slot, facts.height, entries)
        return facts

    def build_position(self, block_hash: BlockHash) -> Position:
        """A head and its set."""
        facts = self.blocks[block_hash]
        base = facts.hash if facts.hands_off or not facts.height else facts.base
        voters = self.sets[base]
        position = build_position(facts, self.scores[block_hash], voters.entries)
        return position._replace(
            base=base,
            base_slot=voters.base_slot,
            base_height=voters.base_height,
            recorded=self.recorded[block_hash],
        )

    def _begins_epoch(self, turn: Turn) -> bool:
        slots = self.rules.epoch_slots
        return bool(slots) and turn.slot // slots > self.blocks[turn.parent].slot // slots

    def _find_record(
        self, turn: Turn, base: BlockHash, state: Consensus
    ) -> tuple[Recorded | None, int]:
        height = self.blocks[turn.parent].height + 1
        if height % RECORD_EVERY and not self._begins_epoch(turn):
            return None, 0
        gadget = state.gadget
        for set_hash, final in ((gadget.voters.base, gadget.final), *gadget.ended.items()):
            on_chain = (
                final.hash in self.blocks and self.witness.stands_on(turn.parent, final.hash)
                if final.height < height
                else False
            )
            if (
                on_chain
                and final.height > self.heights[turn.parent]
                and (set_hash in (base, self.blocks[base].base))
            ):
                return Recorded(set_hash, final.round), final.height
        return None, 0

    def _hands_off(self, turn: Turn, base: BlockHash, recorded: Recorded) -> bool:
        """The base is on record as final, and something final is on record that is not old."""
        if not self._begins_epoch(turn):
            return False
        is_base_recorded = base in (CHAIN, recorded.set) or (
            recorded.round >= self.sets[base].base_slot
        )
        return is_base_recorded and turn.slot - recorded.round <= 64

    def _pass_slot(self) -> None:
        """Crashes, and everybody looks at somebody."""
        for name, node in self.nodes.items():
            if self.rules.down(self.slot, name):
                node.die(lose=False)
            elif not node.alive and node.up_slot <= self.slot:
                node.start()
            elif node.alive and self.dice.random() < self.rules.crash:
                node.die(lose=self.dice.random() < self.rules.lose)
                node.up_slot = self.slot + self.dice.randint(1, 10)
            if node.alive:
                self.sync(node)

    def sync(self, node: "Node") -> None:
        """A node looks at somebody it can reach."""
        peers = [
            other
            for other in self.nodes.values()
            if other is not node
            and other.alive
            and other.name != self.rules.shy
            and not self.rules.cut(self.slot, node.name, other.name)
        ]
        if peers:
            node.pull(self.dice.choice(peers))


class Node:
    """One seat's machine: its disk is the journal and the blocks, the rest goes in a crash."""

    def __init__(self, name: str, world: World) -> None:
        self.name, self.world = name, world
        self.journal: Journal | None = build_journal(get_key(f"{name}/vote").public)
        self.state = self._build()
        self.alive, self.up_slot, self.wake_ms = False, 0, 0
        self.finals: list[BlockHash] = []
        self.drafts: dict[bytes, BlockFacts] = {}
        self.draft_count = 0
        self.generation = 0

    def _build(self, voters: VoterSet | None = None) -> Consensus:
        own = build_seat(self.name, self.journal)
        own = own._replace(lost=self.journal is None)
        settings = self.world.rules.settings
        return build_consensus(settings, self.world.build_position(CHAIN), own, voters)

    def start(self) -> None:
        """Begin, on what a crash has left."""
        self.alive = True
        self.generation += 1
        before = self.state
        self.state = self._build(None if self.journal is None else before.gadget.voters)
        self.finals = []
        for facts in sorted(self._get_held(before), key=lambda item: item.height):
            self.take(BlockHeld(self.world.time_ms, facts, 100, live=False))
        self.state.synced_slot = None
        self.take(Started(self.world.time_ms))

    def _get_held(self, before: Consensus) -> Iterable[BlockFacts]:
        return [item for item in self.world.blocks.values() if item.hash in before.tree][1:]

    def die(self, *, lose: bool) -> None:
        """Stop at once; perhaps the disk is gone too."""
        self.alive = False
        if lose:
            self.journal = None
            self.state = self._build()
            self.finals = []

    def hear(self, event: Callable[[int], Event]) -> None:
        """A message has come."""
        if self.alive:
            self.take(event(self.world.time_ms))

    def take(self, event: Event) -> None:
        """Step, and do what is wanted, in order."""
        waiting = list(step(self.state, event))
        while waiting:
            more = self._perform(waiting.pop(0))
            waiting = [*waiting, *more]

    def _perform(self, effect: Effect) -> list[Effect]:
        match effect:
            case Follow():
                return self._follow(effect.hash)
            case Draft():
                return self._draft(effect.turn)
            case SignVote():
                return self._vote(effect)
            case SignHere():
                here = sign_here(effect.body, get_key(f"{self.name}/vote"))
                self.world.send(self.name, lambda time_ms: HereSeen(time_ms, here))
                return step(self.state, HereSeen(self.world.time_ms, here))
            case _:
                self._perform_small(effect)
        return []

    def _perform_small(self, effect: Effect) -> None:
        match effect:
            case StoreJournal():
                self.journal = effect.journal
            case SignHeader():
                self._publish(effect.header)
            case Finalised():
                self._note_final(effect)
            case Wake():
                self._wake(effect.time_ms)
            case Ask():
                peer = self.world.nodes[effect.peer]
                answer_ms = self.world.time_ms + 50
                self.world.at(answer_ms, lambda: self._answer(peer) if self.alive else None)
            case AskNewest():
                self._ask_newest()
            case FetchParents():
                self.world.sync(self)
            case _:
                pass

    def _wake(self, time_ms: int) -> None:
        self.wake_ms = time_ms
        generation = self.generation

        def wake() -> None:
            if self.alive and self.generation == generation and self.wake_ms == time_ms:
                self.take(Ticked(self.world.time_ms))

        self.world.at(time_ms, wake)

    def _follow(self, block_hash: BlockHash) -> list[Effect]:
        effects = []
        passed = list(self.state.tree.climb_down(block_hash))
        for item in reversed(passed):
            if item.hands_off and not self.state.tree.is_executed(item.hash):
                shown = SetShown(self.world.time_ms, self.world.sets[item.hash])
                effects += step(self.state, shown)
        position = self.world.build_position(block_hash)
        return effects + step(self.state, HeadChanged(self.world.time_ms, position))

    def _draft(self, turn: Turn) -> list[Effect]:
        self.draft_count += 1
        header = f"{self.name} {turn.slot} {turn.parent.hex()} {self.draft_count}".encode()
        header += f" {self.generation}".encode()
        self.drafts = {header: self.world.add_block(turn, self.name, header, self.state)}
        return step(self.state, Drafted(self.world.time_ms, turn, header))

    def _publish(self, header: bytes) -> None:
        facts = self.drafts.pop(header)
        self.world.witness.see_header(self.name, facts)
        certificate = self.state.gadget.lock.justification
        self.take(BlockHeld(self.world.time_ms, facts, 100, live=True))
        self.world.send(self.name, lambda time_ms: BlockHeld(time_ms, facts, 100, live=True))
        if certificate is not None:
            self.world.send(self.name, lambda time_ms: CertificateSeen(time_ms, certificate))

    def _vote(self, effect: SignVote) -> list[Effect]:
        body = effect.body
        assert self.journal is not None
        self.world.witness.see_vote(self.name, body)
        vote = sign_vote(get_account_id(self.name), body, get_key(f"{self.name}/vote"))
        if self.world.rules.mute(self.name, body):
            return []  # as if it had not been signed
        self.world.send(self.name, lambda time_ms: VoteSeen(time_ms, vote, live=True))
        return step(self.state, VoteSeen(self.world.time_ms, vote, live=True))

    def _note_final(self, effect: Finalised) -> None:
        block_hash = effect.checkpoint.hash
        self.world.witness.see_final(self.name, block_hash)
        if self.finals and not self.world.witness.stands_on(block_hash, self.finals[-1]):
            raise Broken(f"I5: what is final for {self.name} fell back")
        self.finals.append(block_hash)
        if self.world.blocks[block_hash].hands_off:
            self.world.ends.setdefault(effect.set, effect.checkpoint)

    def pull(self, peer: "Node") -> None:
        """Get what a peer has: blocks, and how far it has come."""
        now_ms = self.world.time_ms
        claim = get_claim(peer.state)
        missing = [
            item
            for item in peer.state.tree.climb_down(peer.state.position.head.hash)
            if item.hash not in self.state.tree
        ]
        for facts in reversed(missing):
            self.take(BlockHeld(now_ms, facts, 100, live=False))
        self.take(PeerClaimed(now_ms, peer.name, claim))

    def _answer(self, peer: "Node") -> None:
        """Hand-offs, then what is justified, then what is final."""
        now_ms, gadget = self.world.time_ms, peer.state.gadget
        for _ in range(40):
            known = self.state.gadget.voters.base
            ended = self.world.ends.get(known)
            if known == gadget.voters.base or ended is None or ended.finality is None:
                break
            self.take(SetShown(now_ms, self.world.sets[ended.hash]))
            for certificate in (ended.justification, ended.finality):
                if certificate is not None:
                    self.take(CertificateSeen(now_ms, certificate))
            if self.state.gadget.voters.base == known:
                break
        for certificate in (gadget.lock.justification, gadget.final.finality):
            if certificate is not None:
                self.take(CertificateSeen(now_ms, certificate))
        self.take(Answered(now_ms, peer.name, good=True))

    def _ask_newest(self) -> None:
        own = get_account_id(self.name)
        for peer in self.world.nodes.values():
            if peer is self or not peer.alive:
                continue
            if self.world.rules.cut(self.world.slot, self.name, peer.name):
                continue
            newest = peer.state.gadget.pool.get_newest(own)
            shown = NewestShown(0, get_account_id(peer.name), newest)
            self.world.send_to(peer.name, self.name, partial(_show_newest, shown))


def _show_newest(shown: NewestShown, time_ms: int) -> NewestShown:
    return shown._replace(time_ms=time_ms)


def count_final(world: World) -> list[int]:
    """How high the final block of each seat is."""
    return [node.state.gadget.final.height for node in world.nodes.values()]
