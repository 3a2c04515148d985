"""A small world for tests of the network: nodes that hold made-up chains, joined by memory lines.

The chains are linked and their bodies match, but nobody won a slot and no rule was asked: that is
the ledger's business. Everything follows from the arguments.
"""

import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import trio

from chain.actions import Pay
from chain.block import (
    NO_PARTS,
    BlockParts,
    SealedBlock,
    compute_body_root,
    compute_leaf_hash,
    seal_block,
)
from chain.certificates import Certificate, pack_bits
from chain.crypto import compute_hash, u64
from chain.header import PRIMARY, BlockHash, Header, SignedHeader
from chain.records import Attendance, LateAcks, RollCall
from chain.transaction import SealedTransaction, Transaction, sign_transaction
from chain.votes import SignedHere, SignedVote
from p2p.memory import Lines, MemoryNetwork, MemoryTransport
from p2p.network import Network, NetworkSettings
from p2p.transport import PeerId, Verdict
from p2p.view import BlockArrived, Event, TransactionsArrived
from p2p.wire import Head, Progress, Status
from p2p.wire_votes import (
    FinalityAnswer,
    FinalityRequest,
    NewestAnswer,
    NewestRequest,
    Shown,
    VotesAnswer,
    VotesRequest,
    WitnessesAnswer,
    WitnessesRequest,
)
from tests.community import get_account_id, get_key

COMMUNITY = compute_hash(b"test-chain")
GENESIS_HASH = compute_hash(b"test-genesis")
WALL_CLOCK_MS = 1_800_000_000_000
PROGRESS = Progress(GENESIS_HASH, 0, 0, 0, contradicted=False)


def build_transaction(number: int, memo: str = "") -> SealedTransaction:
    """One of any number of different transactions."""
    body = Transaction(
        version=1,
        account=get_account_id("emma"),
        sequence=number,
        valid_until_slot=100,
        ref=bytes(16),
        via=None,
        fee_max=0,
        actions=(Pay(get_account_id("farid"), 1, memo),),
    )
    return sign_transaction(COMMUNITY, body, [(0, get_key("emma"))])


def build_block(
    parent: SealedBlock | None,
    transactions: Sequence[SealedTransaction] = (),
    *,
    salt: bytes = b"",
    seat: str = "ann",
    parts: BlockParts = NO_PARTS,
) -> SealedBlock:
    """The next block of a made-up chain; another salt makes another block."""
    header = Header(
        version=1,
        chain=COMMUNITY,
        height=1 if parent is None else parent.header.height + 1,
        slot=1 if parent is None else parent.header.slot + 1,
        parent_hash=GENESIS_HASH if parent is None else parent.hash,
        seat=get_account_id(seat),
        kind=PRIMARY,
        rank=0,
        vrf_proof=bytes(80),
        base=GENESIS_HASH,
        next_set_root=None,
        lock_round=0,
        lock_hash=GENESIS_HASH,
        state_root=compute_hash(b"test-state", salt),
        body_root=compute_body_root(tuple(transactions), parts),
    )
    return seal_block(header, bytes(64), tuple(transactions), parts)


def build_parts(seats: int, salt: bytes = b"") -> BlockParts:
    """What a block might record of so many seats; nobody has signed it."""
    bits = pack_bits([True] * seats)
    signatures = tuple(compute_hash(b"test-sig", salt, u64(place)) * 2 for place in range(seats))
    attendance = Attendance(compute_hash(b"test-head", salt), bits, signatures)
    return BlockParts(
        late_acks=LateAcks(3, bits, signatures), roll_call=RollCall(64, (attendance,))
    )


def build_chain(length: int, *, salt: bytes = b"", each: int = 0) -> list[SealedBlock]:
    """A chain of so many blocks with so many transactions each."""
    blocks: list[SealedBlock] = []
    for number in range(length):
        transactions = [build_transaction(number * each + index) for index in range(each)]
        blocks.append(build_block(blocks[-1] if blocks else None, transactions, salt=salt))
    return blocks


@dataclass
class FakeChain:
    """A ``ChainView`` over a list of blocks, with judges that do as they are told."""

    blocks: list[SealedBlock] = field(default_factory=list)
    pool: dict[bytes, SealedTransaction] = field(default_factory=dict)
    others: dict[BlockHash, SealedBlock] = field(default_factory=dict)
    verdict: Verdict = Verdict.ACCEPT
    branch_verdict: Verdict = Verdict.ACCEPT
    vote_verdict: Verdict = Verdict.ACCEPT
    votes: list[SignedVote] = field(default_factory=list)
    clock_offset_ms: int = 0
    boast: int = 0  # what is added to the score that is told
    judged: list[str] = field(default_factory=list)

    def get_status(self) -> Status:
        """Community, head, and the mock clock."""
        if self.blocks:
            last = self.blocks[-1]
            head = Head(last.hash, last.header.height, last.header.slot, 2 * len(self.blocks))
        else:
            head = Head(GENESIS_HASH, 0, 0, 0)
        if self.boast:
            head = Head(
                compute_hash(b"test-boast"), head.height + self.boast, head.slot, head.score + 9
            )
        return Status(COMMUNITY, 1, head, (), get_time_ms() + self.clock_offset_ms, PROGRESS)

    def get_locator(self) -> Sequence[BlockHash]:
        """The head, and ever sparser below it."""
        hashes = [GENESIS_HASH, *(block.hash for block in self.blocks)]
        height, step, locator = len(hashes) - 1, 1, []
        while height > 0:
            locator.append(hashes[height])
            step = step if len(locator) < 10 else step * 2
            height -= step
        return [*locator, GENESIS_HASH]

    def has_block(self, block_hash: BlockHash) -> bool:
        """Whether the chain has it."""
        return (
            block_hash == GENESIS_HASH
            or block_hash in self.others
            or any(block.hash == block_hash for block in self.blocks)
        )

    def get_headers(self, locator: Sequence[BlockHash], limit: int) -> Sequence[SignedHeader]:
        """What follows the first hash that is on the chain."""
        hashes = [GENESIS_HASH, *(block.hash for block in self.blocks)]
        for known in locator:
            if known in hashes:
                first = hashes.index(known)
                blocks = self.blocks[first : first + limit]
                return [SignedHeader(block.header, block.block.signature) for block in blocks]
        return []

    def get_block(self, block_hash: BlockHash) -> bytes | None:
        """A block's bytes."""
        for block in self.blocks:
            if block.hash == block_hash:
                return block.whole_bytes
        return None

    def get_ancestors(self, block_hash: BlockHash, limit: int) -> Sequence[BlockHash]:
        """A block and those below it."""
        hashes = [block.hash for block in self.blocks]
        if block_hash not in hashes:
            return []
        return hashes[: hashes.index(block_hash) + 1][::-1][:limit]

    def find_transaction(self, leaf_hash: bytes) -> SealedTransaction | None:
        """From the pool."""
        return self.pool.get(leaf_hash)

    def judge_transactions(
        self, peer: PeerId, transactions: tuple[SealedTransaction, ...]
    ) -> Verdict:
        """As told; accepted ones go to the pool."""
        self.judged.append(f"{len(transactions)} transactions of {peer}")
        if self.verdict is Verdict.ACCEPT:
            self.fill(transactions)
        return self.verdict

    def judge_header(self, peer: PeerId, announced: SignedHeader) -> Verdict:
        """As told."""
        self.judged.append(f"header {announced.header.height} of {peer}")
        return self.verdict

    def is_set_known(self, set_hash: BlockHash) -> bool:
        """All of them."""
        return True

    def get_finality(self, question: FinalityRequest) -> FinalityAnswer:
        """Nothing."""
        return FinalityAnswer((), None, None)

    def get_votes(self, question: VotesRequest) -> VotesAnswer:
        """Those that were judged good."""
        return VotesAnswer(tuple(vote for vote in self.votes if vote.body.round >= question.round))

    def get_newest(self, question: NewestRequest) -> NewestAnswer:
        """Nothing."""
        return NewestAnswer(Shown(None, None, None), None, None)

    def get_witnesses(self, question: WitnessesRequest) -> WitnessesAnswer:
        """Nothing."""
        return WitnessesAnswer(())

    def judge_certificate(self, peer: PeerId, certificate: Certificate) -> Verdict:
        """As told."""
        self.judged.append(f"certificate of round {certificate.body.round} of {peer}")
        return self.vote_verdict

    def judge_vote(self, peer: PeerId, vote: SignedVote) -> Verdict:
        """As told; accepted ones are kept."""
        self.judged.append(f"vote of round {vote.body.round} of {peer}")
        if self.vote_verdict is Verdict.ACCEPT:
            self.votes.append(vote)
        return self.vote_verdict

    def judge_here(self, peer: PeerId, here: SignedHere) -> Verdict:
        """As told."""
        self.judged.append(f"attendance of round {here.body.round} of {peer}")
        return self.vote_verdict

    def judge_branch(self, peer: PeerId, headers: tuple[SignedHeader, ...]) -> Verdict:
        """As told."""
        self.judged.append(f"{len(headers)} headers of {peer}")
        return self.branch_verdict

    def fill(self, transactions: Sequence[SealedTransaction]) -> None:
        """Put transactions into the pool."""
        for sealed in transactions:
            self.pool[compute_leaf_hash(sealed.whole_bytes)] = sealed

    def adopt(self, block: SealedBlock) -> None:
        """Follow a block that fits; keep others aside until their branch is longer."""
        self.others[block.hash] = block
        branch = [block]
        known = {GENESIS_HASH: 0} | {b.hash: i + 1 for i, b in enumerate(self.blocks)}
        while branch[0].header.parent_hash not in known:
            parent = self.others.get(branch[0].header.parent_hash)
            if parent is None:
                return
            branch.insert(0, parent)
        length = known[branch[0].header.parent_hash] + len(branch)
        if length > len(self.blocks):
            self.blocks[known[branch[0].header.parent_hash] :] = branch


def get_time_ms() -> int:
    """A wall clock that follows the mock clock."""
    return WALL_CLOCK_MS + round(trio.current_time() * 1_000)


@dataclass
class FakeNode:
    """A network over a fake chain, and what it was told."""

    name: str
    chain: FakeChain
    network: Network
    transport: MemoryTransport
    events: list[Event] = field(default_factory=list)
    asked: list[tuple[PeerId, str]] = field(default_factory=list)  # whom, and on what subject
    pause: trio.Event | None = None  # while it is set to an unset event, the node is busy
    changed: trio.Event = field(default_factory=trio.Event)

    async def listen(self) -> None:
        """Take events and follow what comes."""
        async for event in self.network.events:
            if self.pause is not None:
                await self.pause.wait()
            self.events.append(event)
            if isinstance(event, BlockArrived):
                self.chain.adopt(event.block)
            self.changed.set()
            self.changed = trio.Event()

    def get_arrived(self) -> list[BlockArrived]:
        """Blocks, in the order in which they came."""
        return [event for event in self.events if isinstance(event, BlockArrived)]

    def count_asked(self, subject: str) -> int:
        """How many questions of a kind it asked."""
        return sum(asked == subject for _, asked in self.asked)

    def get_peer_names(self) -> set[str]:
        """Whom it is connected to."""
        return {peer.id for peer in self.network.get_peers()}

    def get_transactions(self) -> list[SealedTransaction]:
        """Transactions, in the order in which they came."""
        return [
            sealed
            for event in self.events
            if isinstance(event, TransactionsArrived)
            for sealed in event.transactions
        ]


class World:
    """Some nodes on one memory network, running."""

    def __init__(self, seed: int = 1, lines: Lines = Lines()) -> None:  # noqa: B008 - immutable
        self.lines = MemoryNetwork(seed, lines)
        self.seed = seed
        self.nodes: dict[str, FakeNode] = {}

    def build(self, name: str, shown: FakeChain | None = None, **settings: object) -> FakeNode:
        """A node that does not run yet."""
        transport = MemoryTransport(self.lines, name)
        chain = shown or FakeChain()
        defaults = NetworkSettings(COMMUNITY, 1, None)
        network = Network(
            transport,
            chain,
            chain,
            defaults._replace(**settings),  # type: ignore[arg-type]  # settings are free in tests
            get_time_ms=lambda: get_time_ms() + chain.clock_offset_ms,
            dice=random.Random(f"{self.seed} {name}"),
        )
        node = FakeNode(name, chain, network, transport)
        self._note_questions(node)
        self.nodes[name] = node
        return node

    def _note_questions(self, node: FakeNode) -> None:
        """Write down what a node asks."""
        request = node.transport.request

        async def noted(
            peer: PeerId, protocol: str, data: bytes, *, answer_bytes: int, timeout_seconds: float
        ) -> bytes:
            node.asked.append((peer, protocol.rpartition("/")[2]))
            return await request(
                peer, protocol, data, answer_bytes=answer_bytes, timeout_seconds=timeout_seconds
            )

        node.transport.request = noted  # type: ignore[method-assign]  # of this one, to see what it does

    @asynccontextmanager
    async def run(self, *nodes: FakeNode) -> AsyncIterator[None]:
        """Run these nodes."""
        async with trio.open_nursery() as nursery:
            for node in nodes:
                started = trio.Event()
                nursery.start_soon(self._live, node, started)
                await started.wait()
            yield
            nursery.cancel_scope.cancel()

    async def _live(self, node: FakeNode, started: trio.Event) -> None:
        async with node.network.run(), trio.open_nursery() as nursery:
            nursery.start_soon(node.listen)
            started.set()
            await trio.sleep_forever()


async def until(node: FakeNode, condition: object, seconds: float = 60.0) -> None:
    """Wait until something is true of a node; asked again at each of its events and each tick."""
    assert callable(condition)
    with trio.fail_after(seconds):
        while not condition():
            with trio.move_on_after(0.1):
                await node.changed.wait()
