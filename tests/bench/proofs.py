"""What it takes to convince a stranger, and a newcomer: sizes of proofs, times of checking them,
and how long a new node needs to the head of a long chain.
"""

import random
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, time

import trio
from msgspec.structs import replace

from chain.certificates import check_certificate
from chain.checks import DirectChecks
from chain.codec import encode
from chain.genesis import GENESIS_VERSION, Genesis
from chain.proof import RowClaim, verify_finality
from chain.tables import ACCOUNTS
from node.chainkeeper import ChainKeeper
from node.clock import SystemClock
from node.core import Core
from node.shelves import SHELF_EVERY_BLOCKS, Shelves, find_target
from node.stores import FolderStores
from node.task import CoreSettings
from p2p.libp2p_transport import Libp2pSettings, Libp2pTransport
from p2p.network import Network, NetworkSettings
from tests.bench.measures import Figures, Sizes
from tests.bench.town import TrustingChecks, build_town
from tests.certified import FinalChain, build_ack, build_header, build_seats, build_way, finalise
from tests.community import Community, get_account_id

SEATS = (4, 64, 200)
WARP_SECONDS_MAX = 120
_FEW = 3


def measure_certificates(sizes: Sizes) -> Figures:
    """A finality of seats of equal weight, of which just a quorum has signed."""
    figures: Figures = {}
    for count in SEATS:
        seats = build_seats([f"seat {number}" for number in range(count)])
        ack = build_ack(build_header(bytes(32), 10, bytes(32)))
        certificate = finalise(seats, ack, range(2 * count // 3 + 1))

        def check(entries: object = seats.entries, certificate: object = certificate) -> None:
            check_certificate(entries, certificate, DirectChecks())  # type: ignore[arg-type]  # bound

        figures[f"certificate.bytes_{count}"] = float(len(encode(certificate)))
        figures[f"certificate.check_ms_{count}"] = _time_ms(check, sizes.runs)
    return figures


def measure_proofs(sizes: Sizes) -> Figures:
    """A proof of an account over one hand-off, by sets of so many seats; and one hand-off alone."""
    community = Community()
    key = ACCOUNTS.prefix + get_account_id("emma")
    claim = RowClaim(key, *community.ledger.prove(key))
    figures: Figures = {}
    for count in SEATS:
        sets = [build_seats([f"{name} {number}" for number in range(count)]) for name in "ab"]
        way = build_way(sets)
        (step,) = way.proof.hand_offs
        whole = replace(way.proof, claim=claim)

        def check(trusted: object = way.trusted, proof: object = way.proof) -> None:
            verify_finality(trusted, proof, DirectChecks())  # type: ignore[arg-type]  # bound

        figures[f"proof.hand_off_bytes_{count}"] = float(len(encode(step)))
        figures[f"proof.account_bytes_{count}"] = float(len(encode(whole)))
        figures[f"proof.check_ms_{count}"] = _time_ms(check, sizes.runs)
    return figures


def _time_ms(work: Callable[[], None], runs: int) -> float:
    seconds = []
    for _ in range(max(runs, _FEW)):
        began = perf_counter()
        work()
        seconds.append(perf_counter() - began)
    return median(seconds) * 1_000


def measure_warp(sizes: Sizes) -> Figures:
    """Seconds from a new node's start to the head of a chain of so many blocks.

    Server and newcomer are real nodes with disks and sockets, in one process: each alone is faster.
    """
    blocks = sizes.warp_blocks
    with TemporaryDirectory(prefix="pai-bench-") as folder:
        genesis = build_town(200)
        slots = genesis.constants.slot_seconds
        genesis = replace(genesis, genesis_time=int(time()) - slots * (blocks + 60))
        server, newcomer = (FolderStores(Path(folder) / name / "chain") for name in "sn")
        keeper = _build_chain(server, genesis, blocks)
        head, height = keeper.ledger.head, keeper.ledger.head.height
        keeper.ledger.store.close()
        seconds, base = trio.run(_warp, genesis, server, newcomer, height)
        assert height == head.height
    return {
        "warp.blocks": float(blocks),
        "warp.seconds": seconds,
        "warp.blocks_replayed": float(height - base),
    }


def _build_chain(stores: FolderStores, genesis: Genesis, blocks: int) -> ChainKeeper:
    """A chain on disk whose newest snapshot is as old as a running node's may be."""
    keeper = ChainKeeper(stores.open(), genesis, DirectChecks())
    community = Community(genesis, checks=TrustingChecks())
    community.ledger = keeper.ledger
    chain = FinalChain(community, keeper)
    shelves = Shelves(stores)
    snapshot_height = max(blocks - SHELF_EVERY_BLOCKS + 32, blocks // 2)  # no newer one is due
    for number in range(1, blocks + 1):
        chain.extend()
        if number == snapshot_height:
            target = find_target(keeper.ledger)
            assert target is not None, "blocks become final as they come"
            for _ in shelves.lay_out(keeper.ledger, target):
                pass
    shelves.close()
    return keeper


async def _warp(
    genesis: Genesis, server: FolderStores, newcomer: FolderStores, height: int
) -> tuple[float, int]:
    async with trio.open_nursery() as nursery:
        ready = trio.Event()
        address: list[str] = []
        nursery.start_soon(_live, genesis, server, (), ready, address)
        await ready.wait()
        began = perf_counter()
        core = _open(genesis, newcomer)
        nursery.start_soon(_run, core, _connect(core, genesis, tuple(address)), None, [])
        with trio.fail_after(WARP_SECONDS_MAX):
            while core.ledger.head.height < height:  # noqa: ASYNC110 - a ledger does not call
                await trio.sleep(0.02)
        seconds = perf_counter() - began
        base = core.ledger.base.height
        nursery.cancel_scope.cancel()
    core.close()
    return seconds, base


async def _live(
    genesis: Genesis,
    stores: FolderStores,
    peers: tuple[str, ...],
    ready: trio.Event,
    address: list[str],
) -> None:
    core = _open(genesis, stores)
    try:
        await _run(core, _connect(core, genesis, peers), ready, address)
    finally:
        core.close()


async def _run(core: Core, network: Network, ready: trio.Event | None, address: list[str]) -> None:
    async with network.run():
        address.extend(network.addresses)
        if ready is not None:
            ready.set()
        await core.run(network)


def _open(genesis: Genesis, stores: FolderStores) -> Core:
    return Core(genesis, stores, SystemClock(), settings=CoreSettings(warp_blocks_min=64))


def _connect(core: Core, genesis: Genesis, peers: tuple[str, ...]) -> Network:
    transport = Libp2pTransport(
        Libp2pSettings(
            host_key=random.Random(str(peers)).randbytes(32), listen=("/ip4/127.0.0.1/tcp/0",)
        )
    )
    return Network(
        transport,
        core,
        core,
        NetworkSettings(core.ledger.chain, GENESIS_VERSION, book_path=None, peers=peers),
        get_time_ms=SystemClock().get_wall_ms,
        dice=random.Random(7),
        shelf=core,
        taker=core.taker,
    )
