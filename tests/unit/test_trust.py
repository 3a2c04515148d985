"""A checkpoint binds its node also where nobody has a snapshot: another history is never followed.

Two whole histories of one genesis, each signed by a quorum of every set: as whoever bought old keys
could make one. Nothing but the checkpoint tells them apart. Whoever shows the other one may believe
in it: that is no offence, and what nobody signed is one there as elsewhere.
"""

from collections.abc import Callable

import pytest
import trio
from msgspec.structs import replace

from chain.actions import Pay
from chain.block import SealedBlock
from chain.checks import DirectChecks
from chain.header import SignedHeader, sign_header
from chain.proof import Checkpoint
from chain.store import StoreError
from node.chainkeeper import ChainKeeper
from node.core import Core
from node.proving import build_checkpoint
from node.stores import MemoryStores
from node.task import CoreSettings
from node.trust import contradicts, find_awaited
from p2p.network import Network
from p2p.transport import PeerId, Verdict
from p2p.view import PeerView
from tests.certified import FinalChain
from tests.community import PAI, Community, get_account_id, get_key
from tests.unit.test_warp import GENESIS, LateTime, is_at, open_world, run_here, wait_for

TRUE_BLOCKS = 70
RIVAL_BLOCKS = 90  # it scores more
TRUSTED = 50
STALE = PeerId("stale")
HOUR_SECONDS = 3_600
ASKED_IN_AN_HOUR_MAX = 250  # one question every 15 to 30 seconds: nobody else has anything


def make_history(count: int, payer: str) -> list[SealedBlock]:
    community = Community(GENESIS)
    chain = FinalChain(community)
    chain.extend([community.sign(payer, Pay(get_account_id("boris"), PAI, ""))])
    for _ in range(count - 1):
        chain.extend([])
    return chain.blocks


@pytest.fixture(scope="module")
def honest() -> list[SealedBlock]:
    return make_history(TRUE_BLOCKS, "emma")


@pytest.fixture(scope="module")
def rival() -> list[SealedBlock]:
    return make_history(RIVAL_BLOCKS, "ann")


def keep(blocks: list[SealedBlock]) -> MemoryStores:
    stores = MemoryStores()
    keeper = ChainKeeper(stores.open(), GENESIS, DirectChecks())
    for block in blocks:
        keeper.extend(block, durable=False)
    return stores


def trust(blocks: list[SealedBlock]) -> Checkpoint:
    checkpoint = build_checkpoint(ChainKeeper(keep(blocks).open(), GENESIS, DirectChecks()).ledger)
    assert checkpoint is not None
    return checkpoint


async def test_another_history_is_left_for_the_checkpoints(
    autojump_clock: object, honest: list[SealedBlock], rival: list[SealedBlock]
) -> None:
    stores = MemoryStores()
    async with open_world() as world:
        world.start("rival", keep(rival))
        world.start("honest", keep(honest))
        trusted = trust(honest[:TRUSTED])
        peers = "/memory/rival", "/memory/honest"
        newcomer = world.start("newcomer", stores, *peers, trusted=trusted)
        await wait_for(is_at(newcomer, honest))
        await wait_for(lambda: newcomer.get_final().height >= trusted.height)
        assert newcomer.ledger.base.height == 0
        final = newcomer.get_final()
        assert newcomer.ledger.get_hash(final.height) == final.hash
    assert find_awaited(ChainKeeper(stores.open(), GENESIS, DirectChecks()).ledger, trusted) is None


async def test_canary_without_a_checkpoint_the_rival_history_is_followed(
    autojump_clock: object, honest: list[SealedBlock], rival: list[SealedBlock]
) -> None:
    async with open_world() as world:
        world.start("rival", keep(rival))
        newcomer = world.start("newcomer", MemoryStores(), "/memory/rival")
        await wait_for(lambda: newcomer.get_final().height > TRUSTED)
        await wait_for(is_at(newcomer, rival))


async def test_where_only_the_rival_history_is_shown_nothing_is_final(
    autojump_clock: object, honest: list[SealedBlock], rival: list[SealedBlock]
) -> None:
    async with open_world() as world:
        world.start("rival", keep(rival))
        newcomer = world.start(
            "newcomer", MemoryStores(), "/memory/rival", trusted=trust(honest[:TRUSTED])
        )
        await trio.sleep(200)
        assert newcomer.ledger.head.height < TRUSTED
        assert newcomer.get_final().height == 0


def get_view(core: Core, name: str) -> PeerView:
    network = core._owner.outside
    assert isinstance(network, Network)
    return next(peer for peer in network.get_peers() if peer.id == name)


async def test_who_stands_on_a_stale_fork_is_asked_ever_more_rarely_and_keeps_his_place(
    autojump_clock: object,
    monkeypatch: pytest.MonkeyPatch,
    honest: list[SealedBlock],
    rival: list[SealedBlock],
) -> None:
    async with open_world() as world:
        world.start("stale", keep(rival))
        newcomer = world.start(
            "newcomer", MemoryStores(), "/memory/stale", trusted=trust(honest[:TRUSTED])
        )
        verdicts = []
        judge = newcomer.judge_branch

        def note(peer: PeerId, headers: tuple[SignedHeader, ...]) -> Verdict:
            verdicts.append(judge(peer, headers))
            return verdicts[-1]

        monkeypatch.setattr(newcomer, "judge_branch", note)
        await trio.sleep(HOUR_SECONDS)
        assert set(verdicts) == {Verdict.IGNORE}
        assert len(verdicts) <= ASKED_IN_AN_HOUR_MAX
        assert get_view(newcomer, "stale").score == 0
        assert newcomer.ledger.head.height == 0
        world.start("honest", keep(honest), "/memory/newcomer")
        await wait_for(is_at(newcomer, honest), 10)
        assert get_view(newcomer, "stale").score == 0


def open_alone(honest: list[SealedBlock]) -> Core:
    """A node that trusts the checkpoint, and has no block."""
    settings = CoreSettings(trusted=trust(honest[:TRUSTED]))
    return Core(GENESIS, MemoryStores(), LateTime(), settings=settings, run_in_thread=run_here)


def announce(blocks: list[SealedBlock]) -> tuple[SignedHeader, ...]:
    return tuple(SignedHeader(block.header, block.block.signature) for block in blocks)


async def test_a_branch_of_another_history_is_neither_followed_nor_blamed(
    autojump_clock: object, honest: list[SealedBlock], rival: list[SealedBlock]
) -> None:
    core = open_alone(honest)
    height = trust(honest[:TRUSTED]).height
    assert core.judge_branch(STALE, announce(honest)) is Verdict.ACCEPT
    assert core.judge_branch(STALE, announce(rival)) is Verdict.IGNORE
    assert core.judge_branch(STALE, announce(rival[:height])) is Verdict.IGNORE
    assert core.judge_branch(STALE, announce(rival[: height - 1])) is Verdict.ACCEPT
    untrusting = Core(GENESIS, MemoryStores(), LateTime(), run_in_thread=run_here)
    assert untrusting.judge_branch(STALE, announce(rival)) is Verdict.ACCEPT


def forge_signature(announced: SignedHeader) -> SignedHeader:
    return SignedHeader(announced.header, bytes(64))


def name_a_stranger(announced: SignedHeader) -> SignedHeader:
    stranger = replace(announced.header, seat=get_account_id("emma"))
    return sign_header(stranger, get_key("emma/vote"))


def prove_nothing(announced: SignedHeader) -> SignedHeader:
    """A proof that is no point of the curve, under its author's signature."""
    header = replace(announced.header, vrf_proof=b"\x02" + bytes(79))
    return sign_header(header, get_key(f"{Community(GENESIS).seat_names[header.seat]}/vote"))


@pytest.mark.parametrize("forge", [forge_signature, name_a_stranger, prove_nothing])
@pytest.mark.parametrize("above", [-9, 0, 1])
async def test_another_history_excuses_no_forged_header(
    autojump_clock: object,
    honest: list[SealedBlock],
    rival: list[SealedBlock],
    forge: Callable[[SignedHeader], SignedHeader],
    above: int,
) -> None:
    core = open_alone(honest)
    headers = list(announce(rival))
    place = trust(honest[:TRUSTED]).height + above - 1
    headers[place] = forge(headers[place])
    assert core.judge_branch(STALE, tuple(headers)) is Verdict.REJECT


async def test_another_history_excuses_no_forged_finality(
    autojump_clock: object, honest: list[SealedBlock], rival: list[SealedBlock]
) -> None:
    core = open_alone(honest)
    records = [block.parts.finality for block in rival if block.parts.finality is not None]
    held = records[0].finality
    assert core.judge_certificate(STALE, held) is Verdict.ACCEPT
    forged = replace(held, body=replace(held.body, target_hash=bytes(32)))
    assert core.judge_certificate(STALE, forged) is Verdict.REJECT


def test_a_home_of_another_history_says_so(
    honest: list[SealedBlock], rival: list[SealedBlock]
) -> None:
    trusted = trust(honest[:TRUSTED])
    ledger = ChainKeeper(keep(rival).open(), GENESIS, DirectChecks()).ledger
    with pytest.raises(StoreError, match="of another history"):
        find_awaited(ledger, trusted)
    ledger = ChainKeeper(keep(honest[:9]).open(), GENESIS, DirectChecks()).ledger
    assert find_awaited(ledger, trusted) == trusted
    assert find_awaited(ledger, None) is None


def test_which_blocks_cannot_be_of_the_checkpoints_history(honest: list[SealedBlock]) -> None:
    trusted = trust(honest[:TRUSTED])
    for block in honest:
        assert not contradicts(trusted, block.header, block.hash)
    at = next(block for block in honest if block.hash == trusted.block_hash)
    for changes in ({"height": at.header.height - 1}, {"height": at.header.height + 1}, {}):
        header = replace(at.header, **changes)
        assert contradicts(trusted, header, bytes(32))
        assert not contradicts(None, header, bytes(32))
    low, high = honest[TRUSTED // 2].header, honest[-1].header
    assert contradicts(trusted, replace(low, slot=high.slot), bytes(32))
    assert contradicts(trusted, replace(high, slot=low.slot), bytes(32))
