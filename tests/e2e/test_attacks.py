"""A node's network under attack, from other processes' sockets.

Invariant: the victim stays up, answers an honest newcomer after each attack, and holds at most
``GROWTH_MIB`` more memory than before the first, at the worst moment. One victim suffers a whole
group of attacks, so that what each leaves behind adds up.
"""

from collections.abc import Iterable
from pathlib import Path

import pytest
import trio

from chain.codec import encode
from chain.crypto import compute_hash
from p2p.meshsub import PROTOCOL as MESHSUB
from p2p.transport import Transport, TransportError
from p2p.wire import (
    ANNOUNCEMENT_TOPIC,
    BLOCKS,
    BUNDLE_TOPIC,
    HEADERS,
    STATUS,
    BlocksRequest,
    HeadersRequest,
    Status,
    get_name,
)
from tests import attacks
from tests.attacks import Attack, Victim, hostile, probe, resisted, running_victim
from tests.network_world import COMMUNITY, GENESIS_HASH, PROGRESS, FakeChain, build_chain

pytestmark = pytest.mark.slow

# What a node may hold more than at rest while it is attacked from one host: eight connections of
# 8 MiB of unread streams each would be 64, but what a handler does not read is refused sooner.
GROWTH_MIB = 40.0
ATTACK_SECONDS = 30.0

BUNDLES = get_name(COMMUNITY, BUNDLE_TOPIC)
ANNOUNCEMENTS = get_name(COMMUNITY, ANNOUNCEMENT_TOPIC)
STATUS_NAME = get_name(COMMUNITY, STATUS.subject)
BLOCKS_NAME = get_name(COMMUNITY, BLOCKS.subject)
HEADERS_NAME = get_name(COMMUNITY, HEADERS.subject)


def build_question() -> bytes:
    status = Status(COMMUNITY, 1, FakeChain().get_status().head, (), 0, PROGRESS)
    return encode(status)


def read_errors(errors: Path) -> str:
    return errors.read_text()[-2_000:]


async def suffer(how: Iterable[Attack], errors: Path) -> None:
    """One victim, one attack after the other."""
    async with running_victim("network", errors) as victim:
        before = victim.reports[-1]["rss"]
        for attack in how:
            name = getattr(attack, "__name__", str(attack))
            with trio.move_on_after(ATTACK_SECONDS):
                await attack(victim)
            assert victim.is_alive(), f"{name}: {read_errors(errors)}"
            assert victim.met, f"{name}: the attack did not even begin"
            victim.met = 0
            answer = await probe(victim, STATUS_NAME, build_question())
            assert answer is not None, f"{name}: no answer to an honest newcomer"
            assert STATUS.answer.decode(answer).head.height == 300
            growth = victim.get_peak() - before
            assert growth < GROWTH_MIB, f"{name}: {growth:.0f} MiB more than before"
        assert not read_errors(errors)


async def test_before_the_handshake(tmp_path: Path) -> None:
    await suffer(
        [
            attacks.garbage,
            attacks.half_handshakes,
            attacks.endless_name,
            attacks.few_half_handshakes_held,
        ],
        tmp_path / "err",
    )


async def test_streams_and_frames(tmp_path: Path) -> None:
    await suffer(
        [
            attacks.name_that_is_no_text,
            attacks.streams_without_negotiation,
            attacks.build_window_overrun(STATUS_NAME),
            attacks.build_window_overrun(MESHSUB),
            attacks.build_unread_streams(BLOCKS_NAME),
            attacks.build_unread_streams("/ipfs/ping/1.0.0"),
            attacks.pings,
        ],
        tmp_path / "err",
    )


async def test_gossip(tmp_path: Path) -> None:
    await suffer(
        [
            attacks.undecodable_rpc,
            attacks.endless_length,
            attacks.huge_length,
            attacks.end_inside_a_message,
            attacks.build_undecodable_keys(BUNDLES),
            attacks.build_undecodable_authors(BUNDLES),
            attacks.build_forged_messages(BUNDLES),
            attacks.build_signed_nonsense(BUNDLES),
            attacks.build_signed_nonsense(ANNOUNCEMENTS),
            attacks.hostile_controls,
        ],
        tmp_path / "err",
    )


async def test_connections_and_questions(tmp_path: Path) -> None:
    blocks = encode(BlocksRequest(tuple(block.hash for block in build_chain(64))))
    headers = encode(HeadersRequest((compute_hash(b"nothing"), GENESIS_HASH), 512))
    await suffer(
        [
            attacks.come_and_go,
            attacks.build_bad_questions(STATUS_NAME),
            attacks.build_bad_questions(BLOCKS_NAME),
            attacks.build_question_flood(BLOCKS_NAME, blocks),
            attacks.build_question_flood(HEADERS_NAME, headers),
            attacks.build_question_flood(STATUS_NAME, build_question()),
            attacks.crowd,
        ],
        tmp_path / "err",
    )


async def test_who_forges_is_shown_out_and_not_let_in_again(tmp_path: Path) -> None:
    async with running_victim("network", tmp_path / "err") as victim:
        async with attacks.running_peer() as forger:
            us = attacks.Hostile(forger, victim)
            await forger.connect(victim.address)
            with resisted():
                await attacks.forge(us, BUNDLES)
            with trio.fail_after(10):
                while forger.get_peers():  # noqa: ASYNC110 - sockets do not tell
                    await trio.sleep(0.05)
            with pytest.raises(TransportError):
                await come_and_ask(forger, victim)
        async with hostile(victim) as newcomer:
            await come_and_ask(newcomer.transport, victim)


async def come_and_ask(transport: Transport, victim: Victim) -> None:
    await transport.connect(victim.address)
    await transport.request(
        victim.peer, STATUS_NAME, build_question(), answer_bytes=2**16, timeout_seconds=5
    )
