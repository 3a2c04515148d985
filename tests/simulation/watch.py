"""The omniscient witness: sees every signature before it is made, and every server after each turn.

Invariants have the numbers of docs/simulation.md. What breaks one is raised as ``Broken`` at once,
so that the trace ends where the harm was done.
"""

from collections import defaultdict
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from msgspec import msgpack

from chain.certificates import Certificate, Justification, compute_quorum
from chain.codec import Codec
from chain.crypto import SIGN_HEADER, SIGN_VOTE
from chain.header import BlockHash, Header
from chain.policy import AccountId
from chain.records import Evidence, HeaderEvidence, StrayVoteEvidence
from chain.votes import Ack, Prevote, Vote
from consensus.conflicts import is_named
from consensus.effects import TellConflict
from consensus.journal import Journal, SetRecord, get_lock_round
from consensus.sets import Checkpoint, VoterSet, compute_weight
from node.events import BlockUndone, CoreEvent, TransactionDropped
from tests.community import get_account_id, get_key

if TYPE_CHECKING:
    from tests.simulation.server import Server
    from tests.simulation.world import World

_HEADERS: Final = Codec(Header, 1_024)
_VOTES: Final = msgpack.Decoder(Vote)
_ACKS: Final = msgpack.Decoder(Ack)
BODIES_KEPT: Final = 256  # of votes: many seats sign the same one


@lru_cache(maxsize=BODIES_KEPT)
def decode_vote(body_bytes: bytes) -> Vote:
    """What is voted; all that signed it share one copy."""
    vote: Vote = _VOTES.decode(body_bytes)
    return vote


class Broken(AssertionError):
    """An invariant does not hold. ``name``: which."""

    def __init__(self, name: str, detail: str) -> None:
        super().__init__(name, detail)  # as it is made, so that it passes between processes
        self.name = name
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.name}: {self.detail}"


class Signatures:
    """Everything that was signed by each seat, and whether it contradicts itself."""

    def __init__(self) -> None:
        self.headers: dict[tuple[str, int], bytes] = {}
        self.prevotes: dict[tuple[str, BlockHash], dict[int, Prevote]] = defaultdict(dict)
        self.acks: dict[tuple[str, BlockHash], dict[int, Ack]] = defaultdict(dict)
        self.newest: dict[tuple[str, BlockHash], int] = defaultdict(int)  # round of a prevote

    def add_header(self, name: str, slot: int, header_bytes: bytes) -> str | None:
        """An offence, if it is one."""
        other = self.headers.setdefault((name, slot), header_bytes)
        return f"S0 two headers of slot {slot}" if other != header_bytes else None

    def add_vote(self, name: str, vote: Vote) -> str | None:
        """An offence, if it is one."""
        key, round_ = (name, vote.set), vote.round
        prevotes, acks = self.prevotes[key], self.acks[key]
        if isinstance(vote, Ack):
            if acks.setdefault(round_, vote) != vote:
                return f"S2 two acks of round {round_}"
            for later in find_between(prevotes, round_, self.newest[key] + 1):
                if prevotes[later].source_round < round_:
                    return f"S4 ack of {round_} in {prevotes[later].source_round}..{later}"
            return None
        self.newest[key] = max(self.newest[key], round_)
        if prevotes.setdefault(round_, vote) != vote:
            return f"S1 two prevotes of round {round_}"
        for acked in find_between(acks, vote.source_round, round_):
            return f"S4 prevote {vote.source_round}..{round_} over the ack of {acked}"
        return None


def find_between(said: Mapping[int, object], low: int, high: int) -> list[int]:
    """The rounds above one and below another in which something was said."""
    if high - low > len(said):
        return [round_ for round_ in said if low < round_ < high]
    return [round_ for round_ in range(low + 1, high) if round_ in said]


class Watch:
    """What has been signed and decided, and what every server showed last."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._seats = {get_key(f"{name}/vote").public: name for name in world.everybody}
        self._names: dict[AccountId, str] = {get_account_id(name): name for name in world.everybody}
        self._signed = Signatures()
        self._heads: dict[str, bytes] = {}
        self._told: dict[str, list[CoreEvent]] = {}
        self._newest_rounds: dict[str, int] = {}  # by seat: of which anything was signed
        self._looked: dict[str, tuple[Journal | None, Checkpoint, VoterSet]] = {}
        self._finals: dict[int, BlockHash] = {0: world.chain}  # by height, of all servers
        self._final_hashes = {world.chain}
        self._final_height = 0
        self._shown: dict[str, tuple[BlockHash, int]] = {}  # by server: set and final round
        self._justified: dict[tuple[BlockHash, int], BlockHash] = {}
        self._entered: dict[str, int] = {}  # by honest seat: the base's slot of its newest set
        self.offences: list[str] = []
        self.offenders: set[str] = set()
        self.conflicts = 0
        self.conflict_slot: int | None = None
        self.sets: dict[BlockHash, VoterSet] = {}  # in the order in which they were first entered
        self.final_slots: list[tuple[int, int, int]] = []  # slot, round, level: when first final
        self.delays_ms: list[tuple[int, int]] = []  # kind of block, time to its finality

    # What is signed.

    def see(self, public_key: bytes, message: bytes) -> None:
        """Something is about to be signed."""
        name = self._seats.get(public_key)
        if name is None:
            return
        if message.startswith(SIGN_HEADER):
            self._see_header(name, message[len(SIGN_HEADER) :])
        elif message.startswith(SIGN_VOTE):
            self._see_vote(name, message[len(SIGN_VOTE) :])

    def _see_header(self, name: str, header_bytes: bytes) -> None:
        header = _HEADERS.decode(header_bytes)
        self._judge(name, self._signed.add_header(name, header.slot, header_bytes))
        if self._world.is_honest(name):
            journal = self._world.get_journal(name)
            if journal is None or all(item.header != header_bytes for item in journal.records):
                raise Broken("I3", f"{name} signs slot {header.slot} before it is journalled")

    def _see_vote(self, name: str, body_bytes: bytes) -> None:
        vote = decode_vote(body_bytes)
        kind = "prevotes" if isinstance(vote, Prevote) else "acks"
        self._world.coverage.add(f"{kind} of level {vote.level}")
        self._judge(name, self._signed.add_vote(name, vote))
        self._newest_rounds[name] = max(self._newest_rounds.get(name, 0), vote.round)
        block = self._world.blocks.get(vote.target_hash)
        if block is not None and block.header.base != vote.set:
            self._judge(name, f"S5 a vote of {vote.set.hex()[:6]} for a block of another set")
        if not self._world.is_honest(name):
            return
        self._check_journalled(name, vote, body_bytes)
        if vote.target_hash in self._world.spoilt:
            raise Broken("I7", f"{name} votes for a block that breaks a rule")
        if vote.set not in self._final_hashes:
            raise Broken("I8", f"{name} votes in a set whose hand-off nobody has made final")
        base_slot = self._get_slot(vote.set)
        if base_slot < self._entered.get(name, 0):
            raise Broken("I8", f"{name} votes in a set that it has left")
        self._entered[name] = base_slot

    def _check_journalled(self, name: str, vote: Vote, body_bytes: bytes) -> None:
        """The journal that lies on the disk knows this vote, or has gone past its round.

        Of a set that was left it keeps figures only.
        """
        journal = self._world.get_journal(name)
        records = () if journal is None else journal.records
        for item in records:
            if item.set == vote.set:
                is_prevote = isinstance(vote, Prevote)
                round_ = item.prevote_round if is_prevote else item.ack_round
                kept = item.prevote if is_prevote else item.ack
                is_kept = kept == body_bytes or item is not records[-1]
                if round_ > vote.round or (round_ == vote.round and is_kept):
                    self._check_lock_written(name, vote, item, is_newest=item is records[-1])
                    return
        raise Broken("I3", f"{name} votes in round {vote.round} before it is journalled")

    def _check_lock_written(
        self, name: str, vote: Vote, record: SetRecord, *, is_newest: bool
    ) -> None:
        """What is justified lies on the disk in the same write as the ack of it."""
        if isinstance(vote, Ack) and is_newest and get_lock_round(record) < vote.round:
            raise Broken("I4", f"{name} acks {vote.round}, and its journal has no such lock")

    def _judge(self, name: str, offence: str | None) -> None:
        if offence is None:
            return
        self._world.coverage.add(f"offence {offence[:2]}")
        self.offences.append(f"{name}: {offence}")
        self.offenders.add(name)
        if self._world.is_honest(name):
            raise Broken("I3", f"{name}, who is honest: {offence}")

    def _get_slot(self, block_hash: BlockHash) -> int:
        block = self._world.blocks.get(block_hash)
        return 0 if block is None else block.header.slot

    # What is decided.

    def see_certificate(self, server: "Server", certificate: Certificate) -> None:
        """A server holds a certificate: one block of a round, unless seats prevoted twice."""
        body = certificate.body
        self._check_weight(server, certificate)
        if not isinstance(certificate, Justification):
            return
        self._world.coverage.add(f"justified at level {body.level}")
        first = self._justified.setdefault((body.set, body.round), body.target_hash)
        if first != body.target_hash and not any(" S1 " in item for item in self.offences):
            raise Broken("I7", f"two blocks are justified in round {body.round}")

    def _check_weight(self, server: "Server", certificate: Certificate) -> None:
        """I6: a certificate weighs what the level in its body asks, by another reckoning."""
        voters = server.owner.consensus.gadget.sets.get(certificate.body.set)
        if voters is None:
            return
        bits = int.from_bytes(certificate.bits, "little")
        weight = sum(item.weight for at, item in enumerate(voters.entries) if bits >> at & 1)
        total = sum(item.weight for item in voters.entries)
        numerator, denominator = SHARES[certificate.body.level]
        if weight * denominator <= total * numerator:
            raise Broken("I6", f"{server.name} holds a certificate of {weight} of {total}")

    def see_final(self, server: "Server", set_hash: BlockHash, checkpoint: Checkpoint) -> None:
        """A block is final for a server."""
        name = server.name
        self._world.note(name, f"final {checkpoint.height} round {checkpoint.round}")
        if not self._world.is_honest_server(name):
            return
        shown = self._shown.get(name)
        if shown is not None and shown[0] == set_hash and checkpoint.round <= shown[1]:
            raise Broken("I5", f"{name}: finality falls from {shown[1]} to {checkpoint.round}")
        self._shown[name] = set_hash, checkpoint.round
        self._world.coverage.add(f"final at level {checkpoint.level}")
        if self._finals.get(checkpoint.height) == checkpoint.hash:
            return
        way: list[tuple[int, BlockHash]] = []
        height, here = checkpoint.height, checkpoint.hash
        while self._finals.get(height) is None:
            way.append((height, here))
            block = self._world.blocks.get(here)
            assert block is not None, "what is final was made"
            height, here = height - 1, block.header.parent_hash
        is_above = way and height == self._final_height and self._finals[height] == here
        if not is_above:
            self._note_conflict(server, set_hash, checkpoint)
            return
        for above, block_hash in way:
            self._finals[above] = block_hash
            self._final_hashes.add(block_hash)
            header = self._world.blocks[block_hash].header
            age_ms = self._world.timeline.now_ms - header.slot * self._world.slot_ms
            self.delays_ms.append((header.kind, age_ms))
        self._final_height = checkpoint.height
        self.final_slots.append((self._world.slot, checkpoint.round, checkpoint.level))

    def _note_conflict(self, server: "Server", set_hash: BlockHash, checkpoint: Checkpoint) -> None:
        """Finality contradicts itself: that takes offenders enough, and no honest one."""
        voters = self.sets.get(set_hash) or server.owner.consensus.gadget.sets[set_hash]
        guilty = {get_account_id(name) for name in self.offenders}
        weight = sum(entry.weight for entry in voters.entries if entry.seat in guilty)
        total = voters.total_weight
        levels = checkpoint.level, self.final_slots[-1][2] if self.final_slots else 0
        bound = sum(compute_quorum(total, level) for level in levels) - total
        self.conflicts += 1
        self._final_hashes.add(checkpoint.hash)
        self._note_parting()
        self._world.coverage.add("conflicting finality")
        if weight < bound:
            raise Broken(
                "I1",
                f"{server.name} makes {checkpoint.height} final in round {checkpoint.round}, which "
                f"contradicts what is final: offenders weigh {weight} of {total}, not {bound}",
            )

    def _note_parting(self) -> None:
        """Decisions part: who sees it signs no more, and nothing is promised from here on."""
        if self.conflict_slot is None:
            self.conflict_slot = self._world.slot

    def see_set(self, server: "Server", set_hash: BlockHash) -> None:
        """A server enters a set."""
        self._world.coverage.add("sets entered")
        self.sets.setdefault(set_hash, server.owner.consensus.gadget.sets[set_hash])
        self._world.note(server.name, f"enters set {set_hash.hex()[:6]}")

    def see_evidence(self, _server: "Server", evidence: Evidence) -> None:
        """A server holds a proof against a seat: never against an honest one."""
        accused = self._names.get(get_accused(evidence), "nobody")
        self._world.coverage.add(f"evidence: {type(evidence).__name__}")
        if accused == "nobody" or self._world.is_honest(accused):
            raise Broken("I2", f"evidence names {accused}, who is honest")

    def see_conflict(self, server: "Server", conflict: TellConflict) -> None:
        """A server holds decisions that contradict each other, and names who did it if it can."""
        self._world.coverage.add("conflict detected")
        self._note_parting()
        voters = server.owner.consensus.gadget.sets[conflict.first.body.set]
        total = voters.total_weight
        levels = conflict.first.body.level, conflict.second.body.level
        bound = sum(compute_quorum(total, level) for level in levels) - total
        offenders = compute_weight(voters, {get_account_id(name) for name in self.offenders})
        if offenders < bound:
            raise Broken("I1", f"decisions part; offenders weigh {offenders} of {total}")
        named = [self._names[seat] for seat in conflict.guilty]
        if any(self._world.is_honest(name) for name in named):
            raise Broken("I2", f"{server.name} holds a conflict, and names {named}")
        if compute_weight(voters, set(conflict.guilty)) < bound:  # not yet: it goes on asking
            self._world.coverage.add("conflict seen before names")

    def check_named(self) -> str | None:
        """Whether all who are connected have seen that finality parted, and name who did it.

        Else who does not, and what he knows.
        """
        for server in self._world.get_running():
            gadget = server.owner.consensus.gadget
            if not self._world.is_honest_server(server.name):
                continue
            if gadget.conflict is None and self.conflicts:
                return f"{server.name} has not seen that finality parted"
            if not is_named(gadget):
                named = [self._names[seat] for seat in gadget.guilty]
                return f"{server.name} holds a conflict, and names {named} only"
        return None

    # What servers show.

    def blame(self, by: str, peer: str, why: str) -> None:
        """A server blames another one: an honest one is never blamed by an honest one."""
        self._world.coverage.add(f"blamed: {why}")
        if self._world.is_honest_server(by) and self._world.is_honest_server(peer):
            raise Broken("I17", f"{by} blames {peer}, both honest: {why}")

    def listen(self, server: "Server") -> None:
        """Hear what the core of a server that starts tells its subscribers."""
        told: list[CoreEvent] = []
        vars(server.owner.board)["publish"] = told.append
        self._told[server.name] = told
        self._heads.pop(server.name, None)
        self._shown.pop(server.name, None)

    def look_at(self, server: "Server") -> None:
        """After a turn: the state is that of the head, whatever way led there."""
        owner = server.owner
        told = self._told[server.name]
        if told:
            self._check_told(server, told)
        gadget = owner.consensus.gadget
        looked = owner.consensus.journal, gadget.lock, gadget.voters
        if self._looked.get(server.name) != looked:
            self._looked[server.name] = looked
            self._check_lock(server)
        ledger = owner.keeper.ledger
        head = ledger.head.hash
        if self._heads.get(server.name) == head:
            return
        self._heads[server.name] = head
        block = self._world.blocks.get(head)
        if block is not None and block.header.state_root != ledger.root:
            raise Broken("I9", f"{server.name} has another state than its head {head.hex()[:8]}")
        self._world.note(server.name, f"head {ledger.head.height} {head.hex()[:8]}")
        self._check_final(server)

    def _check_lock(self, server: "Server") -> None:
        """What is justified for a server is never older than what it has acked."""
        journal, gadget = server.owner.consensus.journal, server.owner.consensus.gadget
        if journal is None or not journal.records:
            return
        record = journal.records[-1]
        if not record.ack or record.set != gadget.voters.base:
            return
        acked = _ACKS.decode(record.ack).round
        if gadget.lock.round < acked:
            raise Broken("I4", f"{server.name} has acked {acked} above its lock")

    def _check_final(self, server: "Server") -> None:
        """The head stands on what is final, once that has been executed here."""
        state = server.owner.consensus
        final = state.gadget.final
        ledger = server.ledger
        if state.gadget.stopped or ledger.head.height < final.height:
            return
        if state.tree.is_executed(final.hash) and ledger.get_hash(final.height) != final.hash:
            raise Broken("I5", f"{server.name}: the head does not stand on what is final")

    def _check_told(self, server: "Server", told: list[CoreEvent]) -> None:
        """What was in an abandoned block waits again, or is in another, or is told to be gone."""
        gone: set[bytes] = set()
        undone: list[bytes] = []
        for event in told:
            if isinstance(event, BlockUndone):
                undone.extend(event.transactions)
            elif isinstance(event, TransactionDropped):
                gone.add(event.id)
        told.clear()
        core = server.core
        assert core is not None
        slot = core.get_clock_slot()
        for name in undone:
            sealed = self._world.find_transaction(name)
            is_valid = sealed is not None and sealed.body.valid_until_slot > slot
            if is_valid and name not in gone and core.find_place(name).status == "unknown":
                raise Broken("I20", f"{server.name} lost a transaction of an abandoned block")

    def check_choice(self, server: "Server") -> None:
        """The head is the best of all that the server may follow, counted from the beginning."""
        state = server.owner.consensus
        tree, gadget = state.tree, state.gadget
        scores: dict[bytes, int] = {}
        for block_hash in tree._facts:
            way = []
            here = tree._facts.get(block_hash)
            while here is not None and here.hash not in scores:
                way.append(here)
                here = tree._facts.get(here.parent)
            if here is None:
                root = way.pop()
                scores[root.hash] = tree.get_score(root.hash)
            for item in reversed(way):
                scores[item.hash] = scores[item.parent] + 2 - item.kind
        head = server.ledger.head.hash
        lock = gadget.lock
        if state.position.head.hash != head or lock.hash not in tree or gadget.waiting:
            return
        best = max(
            score
            for block_hash, score in scores.items()
            if tree.descends(block_hash, lock.hash, lock.height)
        )
        if scores.get(head, -1) < best:
            raise Broken("I9", f"{server.name} follows {scores.get(head)}, and holds {best}")

    def check_converged(self) -> str | None:
        """Whether all honest servers follow one chain; else what they follow."""
        running = [
            item for item in self._world.get_running() if self._world.is_honest_server(item.name)
        ]
        heads = [item.ledger.head for item in running]
        lowest = min(head.height for head in heads)
        highest = max(head.height for head in heads)
        common = max(lowest - 3, 0)
        hashes = {item.ledger.get_hash(common) for item in running}
        shown = ", ".join(
            f"{item.name} {item.ledger.head.height}/{item.ledger.head.hash.hex()[:6]}"
            for item in running
        )
        if highest - lowest > 3 or len(hashes) != 1:
            return f"no common chain: {shown}"
        if max(head.slot for head in heads) < self._world.slot - 20:
            return f"the chain stands still: {shown}"
        return None

    def check_final_again(self) -> str | None:
        """Whether finality goes on, if seats enough are there for level 0; else how far it is."""
        running = [
            item for item in self._world.get_running() if self._world.is_honest_server(item.name)
        ]
        newest = max(running, key=lambda item: item.owner.consensus.gadget.final.round)
        gadget = newest.owner.consensus.gadget
        able = {
            get_account_id(seat)
            for item in running
            if item.seat and self._can_vote(item)
            for seat in (item.seat, *(lodger.name for lodger in item.lodgers))
        }
        weight = sum(entry.weight for entry in gadget.voters.entries if entry.seat in able)
        if weight < compute_quorum(gadget.voters.total_weight, 0):
            self._world.coverage.add("too few for level 0 at the end")
            return None
        self._world.coverage.add("finality due at the end")
        rounds = {item.name: item.owner.consensus.gadget.final.round for item in running}
        late = [name for name, round_ in rounds.items() if round_ < self._world.slot - FINAL_SLOTS]
        sets = {item.owner.consensus.gadget.voters.base for item in running}
        if late or len(sets) != 1:
            return f"slot {self._world.slot}, final rounds {rounds}, {len(sets)} sets"
        return None

    def _can_vote(self, server: "Server") -> bool:
        """Whether a server's seat may vote: its journal is whole, and its votes are of the past.

        A server that reaches nobody signs by its own clock; one that ran ahead then waits until
        the round comes that it has voted in.
        """
        if self._world.is_muted(server):
            return False
        if self._newest_rounds.get(server.seat, 0) <= self._world.slot + 1:
            return True
        self._world.coverage.add("voted by a clock ahead")
        return False


FINAL_SLOTS: Final = 20
SHARES: Final = ((2, 3), (3, 5), (11, 20))  # what a certificate of each level is more than


def get_accused(evidence: Evidence) -> AccountId:
    """Whom a proof is against."""
    if isinstance(evidence, HeaderEvidence):
        return evidence.first.header.seat
    if isinstance(evidence, StrayVoteEvidence):
        return evidence.vote.seat
    return evidence.first.seat
