"""One node, from its lock to its last goodbye: what starts after what, and who ends whom.

All tasks hang in nurseries that can be seen here. When the core, the network or the API ends by a
fault, the node ends, and says why; whoever runs it starts it again, and it takes up where it was.
On SIGTERM or Ctrl-C it stops within seconds.
"""

import os
import random
import signal
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import trio

from chain.crypto import build_key_pair
from chain.errors import Invalid
from chain.genesis import GENESIS_VERSION, Genesis, compute_chain_id
from chain.store import StoreError
from node.api.application import build_application
from node.api.handlers import build_sources
from node.api.server import Doorway, get_url, open_listeners, serve
from node.checkpoints import read_checkpoint
from node.clock import Clock, SystemClock
from node.config import Settings
from node.core import Core
from node.events import BlockApplied
from node.exchange.apart import has_solver
from node.exchange.matching import Matchmaker
from node.home import Home, HomeError, lock_home, publish_address, read_genesis
from node.keys import SeatHolder, has_seat, open_seat
from node.logs import Log, start_logging
from node.mempool import Limits
from node.metrics import Metrics
from node.stores import FolderStores
from node.task import CoreSettings
from p2p.files import load_key
from p2p.libp2p_transport import Libp2pSettings, Libp2pTransport
from p2p.network import Network, NetworkSettings

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2)
CORE_SECONDS: Final = 2.5  # for the core to finish the block in hand and keep what waits
# A stop that takes longer is cut short: the store and the journal stand whatever moment we end.
STOP_SECONDS_MAX: Final = 8.0

_log: Final = Log("node")


class Opened(NamedTuple):
    """The parts of a node before any of them runs."""

    home: Home
    settings: Settings
    version: str
    core: Core
    network: Network
    matchmaker: Matchmaker | None = None


class NodeHalted(Exception):
    """The node has ended by a fault of its own; the message says where to read about it."""


def run_node(home: Home, settings: Settings, version: str, clock: Clock | None = None) -> None:
    """Run the node on this home until it is told to stop.

    Raises HomeError when it cannot start, StoreError and BadGenesis as the ledger does, and
    NodeHalted when it ends by a fault of its own.
    """
    start_logging(settings.log.level, settings.log.style)
    os.umask(0o077)
    with lock_home(home):
        if home.report.exists():
            raise HomeError(
                f"the node halted because the ledger broke a promise of its own: read "
                f"{home.report}; it starts again when that file is gone"
            )
        genesis = read_genesis(home)
        opened = open_node(home, settings, version, genesis, clock or SystemClock())
        try:
            trio.run(live, opened)
        except Exception as error:  # the supervisor of all tasks: it tells why, and ends
            raise _explain(error, home) from error
        finally:
            opened.core.close()
    _log.info("stopped")


def open_node(
    home: Home, settings: Settings, version: str, genesis: Genesis, clock: Clock
) -> Opened:
    """Open store, seat and network key. Raises HomeError, StoreError, BadGenesis."""
    limits = settings.network
    transport = _open_transport(home, settings)
    core = _open_core(home, settings, genesis, clock)
    network = Network(
        transport,
        core,
        core,
        NetworkSettings(
            community=compute_chain_id(genesis),
            genesis_version=GENESIS_VERSION,
            book_path=home.peers,
            peers=limits.peers,
            peers_max=limits.peers_max,
            per_host=limits.peers_per_address_max,
            past_blocks_per_second=limits.past_blocks_per_second,
        ),
        get_time_ms=clock.get_wall_ms,
        dice=random.Random(),  # noqa: S311 - jitter, not secrets
        shelf=core,
        taker=core.taker if limits.warp_blocks else None,
        past=core.past if limits.past_blocks_per_second else None,
    )
    matchmaker = None
    if settings.market.match:
        matchmaker = Matchmaker(core, build_key_pair(_load_key(home.matchmaker_key)))
    return Opened(home, settings, version, core, network, matchmaker)


def _open_transport(home: Home, settings: Settings) -> Libp2pTransport:
    host_key, limits = _load_key(home.network_key), settings.network
    try:
        return Libp2pTransport(
            Libp2pSettings(
                host_key=host_key,
                listen=limits.listen,
                announce=limits.public,
                connections_max=limits.peers_max,
            )
        )
    except ValueError as error:
        raise HomeError(str(error)) from error


def _open_core(home: Home, settings: Settings, genesis: Genesis, clock: Clock) -> Core:
    seat, refusal = _open_own_seat(home, settings)
    core_settings = CoreSettings(
        mempool=Limits(settings.mempool.bytes_max, settings.mempool.per_account_max),
        mempool_path=home.mempool,
        report_path=home.report,
        refusal=refusal,
        warp_blocks_min=settings.network.warp_blocks,
        fetches_past=bool(settings.network.past_blocks_per_second),
        trusted=read_checkpoint(home.checkpoint) if home.checkpoint.exists() else None,
    )
    try:
        return Core(genesis, FolderStores(home.chain), clock, seat=seat, settings=core_settings)
    except (Invalid, AssertionError) as error:
        # Rows that decode to nothing, or do not give the root that the head has signed.
        raise HomeError(
            f"the chain in {home.chain} is damaged: {error}. Move it away and start again: the "
            "node fetches the chain anew"
        ) from error


def _open_own_seat(home: Home, settings: Settings) -> tuple[SeatHolder | None, str]:
    """The seat in the home, or why it may not be used: the node then serves without it."""
    if not settings.seat.enabled or not has_seat(home.folder):
        return None, ""
    try:
        return open_seat(home.folder), ""
    except HomeError as error:
        _log.error("seat_refused", reason=str(error))
        return None, str(error)


def _load_key(path: Path) -> bytes:
    try:
        return load_key(path)
    except OSError as error:
        raise HomeError(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise HomeError(str(error)) from error


async def live(opened: Opened) -> None:
    """Everything that runs, until somebody says stop. Faults come out as exception groups."""
    stopping = trio.Event()
    with trio.open_signal_receiver(*_SIGNALS) as signals:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_heed_signals, signals, opened.core, stopping)
            await _work(opened, stopping)
            nursery.cancel_scope.cancel()


async def _work(opened: Opened, stopping: trio.Event) -> None:
    """API before network before core: whoever fails to begin leaves nothing half begun."""
    core, network, settings = opened.core, opened.network, opened.settings
    doorway = Doorway(settings.api)
    matchmaker = opened.matchmaker
    metrics = Metrics(core, network, doorway, matchmaker)
    app = build_application(
        build_sources(
            core,
            network,
            opened.version,
            get_metrics=metrics.write,
            is_stopping=stopping.is_set,
            matchmaker=None if matchmaker is None else matchmaker.account,
        ),
        settings.api,
    )
    async with AsyncExitStack() as stack:
        with _telling_address(settings.api.listen):
            listeners = await open_listeners(settings.api.listen)
        for listener in listeners:
            await stack.enter_async_context(listener)
        with _telling_address(", ".join(settings.network.listen)):
            await stack.enter_async_context(network.run())
        async with trio.open_nursery() as nursery:
            core_ended = trio.Event()
            nursery.start_soon(_run_core, core, network, core_ended)
            nursery.start_soon(_follow, core, metrics)
            if matchmaker is not None:
                nursery.start_soon(matchmaker.run)
            nursery.start_soon(serve, app, listeners, doorway, stopping)
            with publish_address(opened.home, get_url(listeners)):
                _tell_ready(opened, get_url(listeners))
                await stopping.wait()
                _log.info("stopping")
                core.stop()
                with trio.move_on_after(CORE_SECONDS):
                    await core_ended.wait()
            nursery.cancel_scope.cancel()


async def _run_core(core: Core, network: Network, ended: trio.Event) -> None:
    try:
        await core.run(network)
    finally:
        ended.set()


async def _follow(core: Core, metrics: Metrics) -> None:
    """Measure blocks as they come, and tell the operator of each."""
    while True:  # the core lets go of whoever does not keep up: begin anew
        with core.subscribe() as events:
            async for event in events:
                metrics.observe(event)
                if isinstance(event, BlockApplied):
                    _log.info(
                        "block",
                        height=event.height,
                        slot=event.slot,
                        transactions=len(event.transactions),
                        ours=event.produced_here,
                    )
        await trio.lowlevel.checkpoint()


async def _heed_signals(signals: AsyncIterator[int], core: Core, stopping: trio.Event) -> None:
    """SIGTERM and Ctrl-C stop the node, the others are the operator's word.

    SIGUSR1: the clock is right. SIGUSR2: a key that lost its journal may vote again.
    """
    async for number in signals:
        if number == signal.SIGUSR1:
            _log.warning("clock_confirmed")
            core.confirm_clock()
        elif number == signal.SIGUSR2:
            _log.warning("release_commanded")
            core.release_key()
        elif not stopping.is_set():
            stopping.set()
            _limit_stop()


def _limit_stop() -> None:
    """See to it that the process ends, even if something in it does not."""
    timer = threading.Timer(STOP_SECONDS_MAX, os._exit, (1,))
    timer.daemon = True
    timer.start()


def _tell_ready(opened: Opened, url: str) -> None:
    head = opened.core.ledger.head
    _log.info(
        "ready",
        community=opened.core.genesis.name,
        height=head.height,
        api=url,
        addresses=" ".join(opened.network.addresses),
        signing=opened.core.get_core_status().signing.state,
    )
    if not has_solver() and (opened.core.has_seat or opened.matchmaker is not None):
        _log.warning(
            "no_solver",
            reason="install the extra 'solver': without it this node solves no set-off, and finds "
            "fewer chains",
        )


@contextmanager
def _telling_address(addresses: str) -> Iterator[None]:
    """A port that is taken, or an address that is not ours, is told as such."""
    try:
        yield
    except (OSError, BaseExceptionGroup) as error:
        causes = [item for item in get_causes(error) if isinstance(item, OSError)]
        if not causes:
            raise
        reason = causes[0].strerror or str(causes[0])
        raise HomeError(
            f"cannot listen at {addresses}: {reason}; choose another place with --listen, --api "
            "or in config.toml"
        ) from error


def get_causes(error: BaseException) -> list[BaseException]:
    """The exceptions in a group, however deep they lie."""
    if isinstance(error, BaseExceptionGroup):
        return [cause for inner in error.exceptions for cause in get_causes(inner)]
    return [error]


def _explain(error: Exception, home: Home) -> Exception:
    """Why the node has ended, as an exception whose message is a sentence for the operator."""
    causes = get_causes(error)
    for cause in causes:
        if isinstance(cause, HomeError | StoreError):
            return cause
    _log.error("ended_by_fault", error=error)
    if any(isinstance(cause, AssertionError) for cause in causes):
        return NodeHalted(
            f"the ledger broke a promise of its own and the node has halted: {causes[0]}. Read "
            f"{home.report}; the node starts again when that file is gone"
        )
    return NodeHalted(
        f"the node has ended by a fault of the program: {type(causes[0]).__name__}: {causes[0]}. "
        "Its log says more"
    )
