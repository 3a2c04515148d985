"""Catching up: in order, from several peers, bounded, whatever liars and lines do.

Invariant: the node receives each block after its parent; what it does not take, nobody fetches.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from itertools import pairwise

import pytest
import trio
from msgspec.structs import replace
from trio.testing import MockClock

from chain.block import SealedBlock, seal_block
from chain.codec import encode
from chain.header import SignedHeader
from chain.transaction import SealedTransaction
from p2p.memory import Lines
from p2p.network import EVENTS_WAITING_MAX
from p2p.sync import WINDOW_BYTES
from p2p.transport import PeerId, Verdict
from p2p.wire import (
    BLOCKS,
    HEADERS,
    HEADERS_MAX,
    BlocksAnswer,
    BlocksRequest,
    Head,
    HeadersAnswer,
    HeadersRequest,
    Status,
    get_name,
)
from tests.network_world import (
    COMMUNITY,
    GENESIS_HASH,
    FakeChain,
    FakeNode,
    World,
    build_block,
    build_chain,
    build_transaction,
    until,
)
from tests.unit.test_p2p_network import Villain

DELAY = Lines(delay_seconds=(0.01, 0.05))


@pytest.fixture
def autojump_clock() -> MockClock:
    return MockClock(autojump_threshold=0)


def assert_in_order(node: FakeNode) -> None:
    arrived = [event.block for event in node.get_arrived() if not event.live]
    for before, after in pairwise(arrived):
        assert after.header.parent_hash == before.hash
    assert len({block.hash for block in arrived}) == len(arrived), "none twice"


async def test_a_late_joiner_catches_up_from_several_peers(autojump_clock: MockClock) -> None:
    world = World(lines=DELAY)
    blocks = build_chain(1_300, each=1)
    full = [world.build(name, FakeChain(list(blocks))) for name in "abc"]
    late = world.build("late", peers=("/memory/a", "/memory/b", "/memory/c"))
    async with world.run(*full, late):
        await until(late, lambda: len(late.chain.blocks) > 300)
        progress = late.network.get_sync_progress()
        assert progress.syncing
        assert progress.target_height == 1_300
        await until(late, lambda: len(late.chain.blocks) == 1_300)
        await until(late, lambda: not late.network.get_sync_progress().syncing)
    arrived = late.get_arrived()
    assert [event.block for event in arrived] == blocks
    assert {event.peer for event in arrived} == {"a", "b", "c"}
    assert not any(event.live for event in arrived)
    assert late.count_asked("headers") == 3
    assert late.count_asked("blocks") < 40


async def test_a_lost_announcement_is_made_good(autojump_clock: MockClock) -> None:
    world = World()
    one = world.build("a")
    other = world.build("b", peers=("/memory/a",))
    async with world.run(one, other):
        await until(other, other.get_peer_names)
        await trio.sleep(1)
        one.chain.adopt(build_block(None))
        await until(other, lambda: len(other.chain.blocks) == 1, 20)
    assert [event.live for event in other.get_arrived()] == [False]


async def test_what_comes_by_gossip_is_not_fetched_twice(autojump_clock: MockClock) -> None:
    world = World(lines=Lines(delay_seconds=(0.2, 0.3)))
    one = world.build("a", status_seconds=0.5)
    other = world.build("b", peers=("/memory/a",), status_seconds=0.5)
    async with world.run(one, other):
        await until(other, other.get_peer_names)
        await trio.sleep(3)
        for block in build_chain(20, each=3):
            one.chain.adopt(block)
            await one.network.announce_block(block)
            await trio.sleep(2)
        await until(other, lambda: len(other.chain.blocks) == 20)
    assert other.count_asked("headers") == 0
    assert all(event.live for event in other.get_arrived())


async def test_the_shorter_branch_learns_the_longer_one(autojump_clock: MockClock) -> None:
    world = World(lines=DELAY)
    common = build_chain(30)
    one = world.build("a", FakeChain(extend(common, 40, b"a")))
    other = world.build("b", FakeChain(extend(common, 25, b"b")), peers=("/memory/a",))
    async with world.run(one, other):
        await until(other, lambda: other.chain.blocks == one.chain.blocks)
    assert one.get_arrived() == []
    assert len(other.get_arrived()) == 40, "only what follows the fork"
    assert_in_order(other)


def extend(
    blocks: Sequence[SealedBlock],
    length: int,
    salt: bytes,
    transactions: Sequence[SealedTransaction] = (),
) -> list[SealedBlock]:
    """So many more blocks, all with the same transactions."""
    chain = list(blocks)
    for _ in range(length):
        chain.append(build_block(chain[-1] if chain else None, transactions, salt=salt))
    return chain


def build_many(count: int) -> list[SealedTransaction]:
    return [build_transaction(number) for number in range(count)]


@pytest.mark.parametrize("seed", range(5))
async def test_bad_lines_delay_but_do_not_stop(seed: int, autojump_clock: MockClock) -> None:
    world = World(seed, Lines(0.2, 0.1, (0.01, 0.5)))
    blocks = build_chain(300, each=2)
    full = [world.build(name, FakeChain(list(blocks))) for name in "ab"]
    late = world.build("late", peers=("/memory/a", "/memory/b"))
    async with world.run(*full, late):
        await until(late, lambda: len(late.chain.blocks) == 300, 1_800)
    assert_in_order(late)


async def test_a_peer_that_goes_silent_in_the_middle_is_replaced(
    autojump_clock: MockClock,
) -> None:
    world = World(lines=Lines(delay_seconds=(0.1, 0.2)))
    blocks = build_chain(1_000, each=2)
    full = [world.build(name, FakeChain(list(blocks))) for name in "ab"]
    late = world.build("late", peers=("/memory/a", "/memory/b"))
    async with world.run(*full, late):
        await until(late, lambda: len(late.chain.blocks) > 100)
        world.lines.split("a", ["b", "late"])
        await until(late, lambda: len(late.chain.blocks) == 1_000, 300)
    assert_in_order(late)


async def test_a_busy_node_is_not_drowned(autojump_clock: MockClock) -> None:
    world = World(lines=DELAY)
    blocks = extend([], 800, b"", build_many(80))
    size_bytes = len(blocks[0].whole_bytes)
    full = [world.build(name, FakeChain(list(blocks))) for name in "abc"]
    served = [0]
    for node in full:
        count_served(node, served)
    late = world.build("late", peers=("/memory/a", "/memory/b", "/memory/c"))
    late.pause = trio.Event()
    async with world.run(*full, late):
        await trio.sleep(60)
        held = served[0] - len(late.get_arrived()) * size_bytes
        most = WINDOW_BYTES + (EVENTS_WAITING_MAX + 2) * size_bytes + 3 * 2**20
        assert WINDOW_BYTES < held < most
        assert served[0] < 800 * size_bytes
        late.pause.set()
        late.pause = None
        await until(late, lambda: len(late.chain.blocks) == 800, 300)
    assert served[0] < 1.2 * 800 * size_bytes
    assert_in_order(late)


def count_served(node: FakeNode, served: list[int]) -> None:
    """Add up the bytes of blocks that a node hands out."""
    get_block = node.chain.get_block

    def counted(block_hash: bytes) -> bytes | None:
        data = get_block(block_hash)
        served[0] += len(data or b"")
        return data

    node.chain.get_block = counted  # type: ignore[method-assign]  # of this one, to see what it does


# Liars.


def get_headers(blocks: list[SealedBlock]) -> tuple[SignedHeader, ...]:
    return tuple(SignedHeader(block.header, block.block.signature) for block in blocks)


def build_liar(
    world: World,
    headers: Callable[[bytes], tuple[SignedHeader, ...]],
    blocks: Callable[[tuple[bytes, ...]], tuple[bytes, ...]] = lambda _: (),
) -> Villain:
    """A peer that claims the best chain of all."""
    liar = Villain(world, "liar", Head(bytes(32), 10_000, 10_000, 20_000))
    liar.answer(HEADERS.subject, lambda data: encode(HeadersAnswer(headers(data))))
    liar.answer(
        BLOCKS.subject,
        lambda data: encode(BlocksAnswer(blocks(BLOCKS.question.decode(data).hashes))),
    )
    return liar


FORGED = build_chain(600, salt=b"forged")
UNLINKED = get_headers([FORGED[0], FORGED[2]])
NOT_OURS = get_headers(FORGED[100:200])


@pytest.mark.parametrize(
    ("headers", "blame"),
    [
        pytest.param(lambda _: (), 20, id="claims and shows nothing"),
        pytest.param(lambda _: UNLINKED, 50, id="headers that do not follow one another"),
        pytest.param(lambda _: NOT_OURS, 50, id="headers that follow nothing of ours"),
    ],
)
async def test_a_liar_is_blamed_and_others_are_followed(
    headers: Callable[[bytes], tuple[SignedHeader, ...]], blame: float, autojump_clock: MockClock
) -> None:
    world = World()
    blocks = build_chain(50)
    honest = world.build("a", FakeChain(blocks))
    late = world.build("late", peers=("/memory/a",), outbound_target=0)
    liar = build_liar(world, headers)
    async with world.run(honest, late), liar.transport.run():
        await liar.transport.connect("/memory/late")
        await until(late, lambda: len(late.chain.blocks) == 50)
        scores = {str(peer.id): peer.score for peer in late.network.get_peers()}
        assert scores["a"] == 0
        assert scores.get("liar", 100) >= blame - 5
        await until(late, lambda: "liar" not in late.get_peer_names(), 900)


async def test_a_great_claim_for_a_known_head_hides_nobody(autojump_clock: MockClock) -> None:
    world = World()
    blocks = build_chain(50)
    honest = world.build("a", FakeChain(list(blocks)))
    late = world.build("late", FakeChain(blocks[:10]), peers=("/memory/a",), outbound_target=0)
    known = Head(blocks[9].hash, 10, blocks[9].header.slot, 2**62)
    liar = Villain(world, "liar", known)
    async with world.run(honest, late), liar.transport.run():
        await liar.transport.connect("/memory/late")
        await until(late, lambda: len(late.chain.blocks) == 50)


async def test_who_led_nowhere_holds_nobody_else_up(autojump_clock: MockClock) -> None:
    world = World()
    wrong = world.build("wrong", FakeChain(extend([], 90, b"wrong")))
    late = world.build("late", peers=("/memory/wrong",))

    def judge(peer: PeerId, headers: tuple[SignedHeader, ...]) -> Verdict:
        return Verdict.IGNORE if peer == "wrong" else Verdict.ACCEPT

    late.chain.judge_branch = judge  # type: ignore[method-assign]  # of this node only
    right = world.build("right", FakeChain(build_chain(40, each=1)), peers=("/memory/late",))
    async with world.run(wrong, late):
        await until(late, lambda: late.count_asked("headers") == 8, 200)
        await trio.sleep(10)
        assert late.count_asked("headers") == 8, "it asks again, ever more rarely"
        async with world.run(right):
            await until(late, lambda: late.chain.blocks == right.chain.blocks, 5)


async def show_unwanted(_peer: PeerId, _data: bytes) -> bytes:
    """What the node drops without blame, as late as one may answer."""
    await trio.sleep(HEADERS.timeout_seconds - 0.1)
    return encode(HeadersAnswer(get_headers(FORGED[:512])))


async def say_nothing(_peer: PeerId, _data: bytes) -> bytes:
    await trio.sleep_forever()
    raise AssertionError


@pytest.mark.parametrize("lie", [show_unwanted, say_nothing])
async def test_many_who_waste_time_and_cannot_be_blamed_hold_nobody_up_for_long(
    lie: Callable[[PeerId, bytes], Awaitable[bytes]], autojump_clock: MockClock
) -> None:
    world = World()
    honest = world.build("a", FakeChain(build_chain(50)))
    late = world.build("late", peers=("/memory/a",), outbound_target=0)

    def judge(peer: PeerId, headers: tuple[SignedHeader, ...]) -> Verdict:
        return Verdict.ACCEPT if peer == "a" else Verdict.IGNORE

    late.chain.judge_branch = judge  # type: ignore[method-assign]  # of this node only
    liars = [Villain(world, f"liar {n}", Head(bytes(32), 900, 900, 1_800)) for n in range(8)]
    name = get_name(COMMUNITY, HEADERS.subject)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(world.run(late))
        for liar in liars:
            liar.transport.serve(name, lie, request_bytes=2**20)
            await stack.enter_async_context(liar.transport.run())
            await liar.transport.connect("/memory/late")
        await until(late, lambda: len(late.get_peer_names()) == 8)
        await trio.sleep(300)
        assert late.count_asked("headers") > 8, "they were the only ones, and had their turns"
        await stack.enter_async_context(world.run(honest))
        most = (len(liars) + 1) * HEADERS.timeout_seconds
        await until(late, lambda: len(late.chain.blocks) == 50, most)


async def test_a_liar_who_shows_what_we_know_hides_nobody(autojump_clock: MockClock) -> None:
    world = World()
    blocks = build_chain(50)
    honest = world.build("a", FakeChain(list(blocks)))
    late = world.build("late", FakeChain(blocks[:10]), peers=("/memory/a",), outbound_target=0)
    liar = build_liar(world, lambda _: get_headers(blocks[:10]))
    async with world.run(honest, late), liar.transport.run():
        await liar.transport.connect("/memory/late")
        await until(late, lambda: len(late.chain.blocks) == 50, 120)
        await until(late, lambda: "liar" not in late.get_peer_names(), 3_600)


@pytest.mark.parametrize(
    "claim",
    [
        pytest.param(lambda block: Head(block.hash, 9_000, 9_000, 18_000), id="its height"),
        pytest.param(lambda block: Head(block.hash, 11, 11, 2**40), id="its score"),
        pytest.param(lambda _: Head(bytes(32), 11, 11, 22), id="its name"),
    ],
)
async def test_a_liar_who_shows_block_after_block_hides_nobody(
    claim: Callable[[SealedBlock], Head], autojump_clock: MockClock
) -> None:
    world = World()
    blocks = build_chain(900)
    honest = world.build("a", FakeChain(list(blocks)))
    late = world.build("late", FakeChain(blocks[:10]), peers=("/memory/a",), outbound_target=0)
    liar = Villain(world, "liar", claim(blocks[10]))

    async def drip(_peer: PeerId, data: bytes) -> bytes:
        await trio.sleep(HEADERS.timeout_seconds - 0.1)
        locator = HEADERS.question.decode(data).locator
        hashes = [GENESIS_HASH, *(block.hash for block in blocks)]
        place = next(hashes.index(name) for name in locator if name in hashes)
        liar.status = replace(liar.status, head=claim(blocks[place + 1]))
        return encode(HeadersAnswer(get_headers(blocks[place : place + 1])))

    name = get_name(COMMUNITY, HEADERS.subject)
    liar.transport.serve(name, drip, request_bytes=2**20)
    async with world.run(honest, late), liar.transport.run():
        await liar.transport.connect("/memory/late")
        await until(late, lambda: len(late.chain.blocks) == 900, 120)
        assert "a" in late.get_peer_names()


class Poor(FakeChain):
    """A chain of which three hundred blocks were no primaries."""

    def get_status(self) -> Status:
        status = super().get_status()
        return replace(status, head=replace(status.head, score=status.head.score - 300))


async def test_a_liar_who_says_that_blocks_are_worth_more_than_they_are_hides_nobody(
    autojump_clock: MockClock,
) -> None:
    world = World()
    blocks = build_chain(900)
    honest = world.build("a", Poor(list(blocks)), peers=("/memory/late",))
    late = world.build("late", Poor(blocks[:800]), outbound_target=0, status_seconds=1)
    liar = Villain(world, "liar", Head(blocks[800].hash, 801, 801, 1_602))

    async def drip(_peer: PeerId, data: bytes) -> bytes:
        locator = HEADERS.question.decode(data).locator
        hashes = [block.hash for block in blocks]
        place = next(hashes.index(name) for name in locator if name in hashes) + 1
        height = place + 2
        head = Head(blocks[height - 1].hash, height, height, 2 * height)
        liar.status = replace(liar.status, head=head)  # for the next question, in good time
        await trio.sleep(HEADERS.timeout_seconds - 0.1)
        return encode(HeadersAnswer(get_headers(blocks[place : place + 1])))

    async def hand_out(_peer: PeerId, data: bytes) -> bytes:
        wanted = BLOCKS.question.decode(data).hashes
        return encode(BlocksAnswer(tuple(b.whole_bytes for b in blocks if b.hash in wanted)))

    for subject, answer in ((HEADERS.subject, drip), (BLOCKS.subject, hand_out)):
        liar.transport.serve(get_name(COMMUNITY, subject), answer, request_bytes=2**20)
    async with world.run(late), liar.transport.run():
        await liar.transport.connect("/memory/late")
        await trio.sleep(HEADERS.timeout_seconds / 2)
        async with world.run(honest):
            await until(late, lambda: len(late.chain.blocks) == 900, 120)


async def test_a_liar_who_shows_blocks_that_are_never_followed_hides_nobody(
    autojump_clock: MockClock,
) -> None:
    """Signed by a seat that did not win its slots, say: the peer is not blamed for them."""
    world = World()
    blocks = build_chain(50)
    honest = world.build("a", FakeChain(list(blocks)))
    late = world.build(
        "late", FakeChain(blocks[:10]), peers=("/memory/a",), outbound_target=0, status_seconds=1
    )
    made = [build_side(blocks[4], 0)]

    def claim() -> Head:
        return Head(made[-1].hash, 9_000, 9_000, 18_000)

    liar = Villain(world, "liar", claim())

    async def drip(_peer: PeerId, _data: bytes) -> bytes:
        made.append(build_side(blocks[4], len(made)))
        liar.status = replace(liar.status, head=claim())  # for the next question, in good time
        await trio.sleep(HEADERS.timeout_seconds - 0.1)
        return encode(HeadersAnswer(get_headers(made[-2:-1])))

    async def hand_out(_peer: PeerId, _data: bytes) -> bytes:
        return encode(BlocksAnswer((made[-2].whole_bytes,)))

    for subject, answer in ((HEADERS.subject, drip), (BLOCKS.subject, hand_out)):
        liar.transport.serve(get_name(COMMUNITY, subject), answer, request_bytes=2**20)
    async with world.run(late), liar.transport.run():
        await liar.transport.connect("/memory/late")
        await until(late, lambda: len(made) > 2, 120)
        async with world.run(honest):
            await until(late, lambda: len(late.chain.blocks) == 50, 120)


def build_side(parent: SealedBlock, number: int) -> SealedBlock:
    """A block that says to be far up."""
    header = replace(parent.header, parent_hash=parent.hash, height=9_000, slot=9_000 + number)
    return seal_block(header, bytes(64), ())


async def test_headers_that_the_node_refuses_bring_no_bodies(autojump_clock: MockClock) -> None:
    world = World()
    late = world.build("late", outbound_target=0)
    late.chain.branch_verdict = Verdict.REJECT
    liar = build_liar(world, lambda _: get_headers(FORGED[:512]))
    async with world.run(late), liar.transport.run():
        await liar.transport.connect("/memory/late")
        await until(late, lambda: not late.get_peer_names() and late.chain.judged != [], 900)
    assert set(late.chain.judged) == {"512 headers of liar"}
    assert late.count_asked("blocks") == 0


async def test_wrong_bodies_accuse_who_sent_them(autojump_clock: MockClock) -> None:
    world = World()
    blocks = build_chain(200, each=1)
    honest = world.build("a", FakeChain(list(blocks)))
    late = world.build("late", peers=("/memory/a",), outbound_target=0)

    def tell_headers(data: bytes) -> tuple[SignedHeader, ...]:
        question = HEADERS.question.decode(data)
        return tuple(honest.chain.get_headers(question.locator, question.limit))

    liar = build_liar(world, tell_headers, lambda hashes: (FORGED[0].whole_bytes,) * len(hashes))
    async with world.run(honest, late), liar.transport.run():
        liar.status = honest.chain.get_status()
        await liar.transport.connect("/memory/late")
        await until(late, lambda: len(late.chain.blocks) == 200, 300)
        scores = {str(peer.id): peer.score for peer in late.network.get_peers()}
        assert scores.get("liar", 100) > 40
        assert scores["a"] == 0
    assert {event.peer for event in late.get_arrived()} == {"a"}
    assert_in_order(late)


async def test_nobody_is_blamed_where_a_seat_has_signed_a_header_in_two_ways(
    autojump_clock: MockClock,
) -> None:
    """Both signatures hold; who has which is the seat's doing."""
    world = World(lines=DELAY)
    blocks = build_chain(400, each=1)
    others = [
        seal_block(block.header, bytes([1]) * 64, block.transactions, block.parts)
        for block in blocks
    ]
    full = [world.build(n, FakeChain(list(c))) for n, c in (("a", blocks), ("b", others))]
    late = world.build("late", peers=("/memory/a", "/memory/b"))
    async with world.run(*full, late):
        await until(late, lambda: len(late.chain.blocks) == 400)
        assert [peer.score for peer in late.network.get_peers()] == [0, 0]
    assert {event.peer for event in late.get_arrived()} == {"a", "b"}
    for event in late.get_arrived():
        brought = blocks if event.peer == "a" else others
        assert event.block in brought, "what a peer brought is told of that peer"


async def test_a_chain_of_lies_costs_no_more_than_a_batch_and_a_window(
    autojump_clock: MockClock,
) -> None:
    world = World()
    late = world.build("late", outbound_target=0)
    late.pause = trio.Event()  # the node is still busy with the first blocks of the lie
    by_hash = {block.hash: block.whole_bytes for block in FORGED}
    served: list[int] = []

    def serve(hashes: tuple[bytes, ...]) -> tuple[bytes, ...]:
        served.append(len(hashes))
        return tuple(by_hash[name] for name in hashes)

    liar = build_liar(world, lambda _: get_headers(FORGED[:512]), serve)
    async with world.run(late), liar.transport.run():
        await liar.transport.connect("/memory/late")
        await trio.sleep(120)
    assert 0 < sum(served) <= 512


async def test_servers_pace_their_answers(autojump_clock: MockClock) -> None:
    world = World()
    blocks = extend([], 20, b"", build_many(400))
    server = world.build("a", FakeChain(blocks))
    asker = Villain(world, "v")
    names = tuple(block.hash for block in blocks)
    received = 0
    async with world.run(server), asker.transport.run():
        peer = await asker.transport.connect("/memory/a")
        await until(server, server.get_peer_names)
        began = trio.current_time()
        for _ in range(60):
            data = await asker.transport.request(
                peer,
                f"/pai/1/{COMMUNITY.hex()[:32]}/blocks",
                encode(BlocksRequest(names)),
                answer_bytes=BLOCKS.answer.limit_bytes,
                timeout_seconds=20,
            )
            received += len(data)
        assert received > 60 * 2**20
        took = trio.current_time() - began
    least = (received - 40 * 2**20) / (8 * 2**20)
    assert took > least - 0.1, "eight MiB a second, after a burst of forty"


async def test_servers_pace_headers_by_the_work_they_are(autojump_clock: MockClock) -> None:
    world = World()
    server = world.build("a", FakeChain(FORGED[:512]))
    asker = Villain(world, "v")
    question = encode(HeadersRequest((GENESIS_HASH,), HEADERS_MAX))
    async with world.run(server), asker.transport.run():
        peer = await asker.transport.connect("/memory/a")
        await until(server, server.get_peer_names)
        began = trio.current_time()
        for _ in range(200):
            data = await asker.transport.request(
                peer,
                get_name(COMMUNITY, HEADERS.subject),
                question,
                answer_bytes=HEADERS.answer.limit_bytes,
                timeout_seconds=20,
            )
        took = trio.current_time() - began
    least = (8 * 200 * len(data) - 40 * 2**20) / (8 * 2**20)
    assert took > least - 0.1
    assert least > 20
