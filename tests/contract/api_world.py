"""A node with its API, for contract tests: the real core and network, memory for disk and lines.

Time is the test's mock clock and flows as soon as everybody waits. The node holds the only seat and
makes blocks by itself; a second node without a seat follows it over a memory line.
"""

import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import msgspec
import trio

from chain.actions import Action, Reveal
from chain.address import encode_address
from chain.crypto import build_key_pair
from chain.genesis import GENESIS_VERSION, Genesis, compute_chain_id
from chain.transaction import TRANSACTION_VERSION, SealedTransaction, Transaction, sign_transaction
from consensus.journal import Journal, build_journal
from node.api.application import build_application
from node.api.handlers import Sources, build_sources
from node.api.server import Doorway
from node.config import ApiSettings
from node.core import Core
from node.events import BlockApplied
from node.exchange.matching import Matchmaker
from node.keys import KEYS_VERSION, SeatHolder, SeatSecrets, build_seat_holder
from node.metrics import Metrics
from node.stores import MemoryStores
from p2p.memory import MemoryNetwork, MemoryTransport
from p2p.network import Network, NetworkSettings
from tests.community import build_genesis, get_account_id, get_key, get_policy

GENESIS = build_genesis(seats=("ann",), strangers=("ivan",))
CHAIN = compute_chain_id(GENESIS)
MEDIA = "application/msgpack"
VERSION = "0.0-test"

Message = dict[str, Any]


class MockTime:
    """The system's clocks, following trio's mock clock from the community's genesis on."""

    def get_wall_ms(self) -> int:
        """Milliseconds since 1970."""
        return GENESIS.genesis_time * 1_000 + self.get_monotonic_ms()

    def get_monotonic_ms(self) -> int:
        """Milliseconds of the mock clock."""
        return round(trio.current_time() * 1_000)


class ForgetfulKeeper:
    """Keeps no journal: these nodes never restart."""

    def store(self, journal: Journal) -> None:
        """Forget it."""


def build_holder(name: str) -> SeatHolder:
    """The seat of a name, as its owner's node opens it."""
    seeds = (get_key(f"{name}/{role}").seed.hex() for role in ("vote", "vrf", "standby"))
    secrets = SeatSecrets(KEYS_VERSION, get_account_id(name).hex(), *seeds)
    journal = build_journal(get_key(f"{name}/vote").public)
    return build_seat_holder(secrets, journal, ForgetfulKeeper())


async def run_here(function: Callable[..., Any], *values: Any) -> Any:
    """A worker thread that is none: the same order of events in every run."""
    await trio.lowlevel.checkpoint()
    return function(*values)


def build_core(genesis: Genesis, seat: SeatHolder | None) -> Core:
    """A core over memory."""
    return Core(genesis, MemoryStores(), MockTime(), seat=seat, run_in_thread=run_here)


def build_network(lines: MemoryNetwork, name: str, core: Core, *peers: str) -> Network:
    """A network over memory lines."""
    settings = NetworkSettings(CHAIN, GENESIS_VERSION, book_path=None, peers=peers)
    return Network(
        MemoryTransport(lines, name),
        core,
        core,
        settings,
        get_time_ms=MockTime().get_wall_ms,
        dice=random.Random(name),
    )


@dataclass
class ApiWorld:
    """The node under test, asked in the same process."""

    core: Core
    network: Network
    sources: Sources
    app: Callable[..., Awaitable[None]]
    client: httpx.AsyncClient

    async def get(self, path: str, status: int = 200) -> Any:
        """The JSON answer of a path."""
        response = await self.client.get(path)
        assert response.status_code == status, response.text
        return response.json()

    async def post(self, sealed: SealedTransaction, status: int = 202) -> Any:
        """Hand in a transaction."""
        response = await self.client.post(
            "/v1/transactions", content=sealed.whole_bytes, headers={"content-type": MEDIA}
        )
        assert response.status_code == status, response.text
        return response.json()

    async def sign(self, name: str, *actions: Action, fee_max: int = 0) -> SealedTransaction:
        """A transaction of a name's account, by what the API says of that account."""
        account = await self.get(f"/v1/accounts/{get_address(name)}")
        status = await self.get("/v1/status")
        first = account["policy"] is None and account["next_sequence"] == 0
        body = Transaction(
            version=TRANSACTION_VERSION,
            account=get_account_id(name),
            sequence=account["next_sequence"],
            valid_until_slot=status["clock"]["slot"] + 100,
            ref=CHAIN[:16],
            via=None,
            fee_max=fee_max,
            actions=(Reveal(get_policy(name)), *actions) if first else actions,
        )
        return sign_transaction(CHAIN, body, [(0, get_key(name))])

    async def wait_for_blocks(self, count: int = 1) -> None:
        """Until so many more blocks have been applied."""
        with self.core.subscribe() as events:
            while count:
                count -= isinstance(await events.receive(), BlockApplied)

    async def pay(self, name: str, *actions: Action) -> SealedTransaction:
        """Hand in a transaction and wait until it is in a block."""
        sealed = await self.sign(name, *actions)
        await self.post(sealed)
        while (await self.get(f"/v1/transactions/{sealed.id.hex()}"))["status"] == "waiting":
            await self.wait_for_blocks()
        return sealed


def get_address(name: str) -> str:
    """The address of a name's account."""
    return encode_address(GENESIS.prefix, get_account_id(name))


@asynccontextmanager
async def open_world(settings: ApiSettings | None = None) -> AsyncIterator[ApiWorld]:
    """A node that runs, and a second one that follows it."""
    lines = MemoryNetwork(1)
    core, follower = build_core(GENESIS, build_holder("ann")), build_core(GENESIS, None)
    network = build_network(lines, "node", core)
    other = build_network(lines, "follower", follower, "/memory/node")
    async with other.run(), trio.open_nursery() as nursery:
        nursery.start_soon(follower.run, other)
        async with open_node(core, network, settings or ApiSettings()) as world:
            yield world
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def open_node(core: Core, network: Network, settings: ApiSettings) -> AsyncIterator[ApiWorld]:
    """A node that runs, by itself."""
    matchmaker = Matchmaker(core, build_key_pair(bytes([7]) * 32))
    sources = build_sources(
        core,
        network,
        VERSION,
        get_metrics=Metrics(core, network, Doorway(settings), matchmaker).write,
        is_stopping=lambda: False,
        run_in_thread=run_here,
        matchmaker=matchmaker.account,
    )
    app = build_application(sources, settings)
    async with network.run(), trio.open_nursery() as nursery:
        nursery.start_soon(core.run, network)
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://node") as client:
            yield ApiWorld(core, network, sources, app, client)
        nursery.cancel_scope.cancel()


def build_scope(method: str, path: str, query: str = "", **headers: str) -> Message:
    """An ASGI request from an address out there."""
    return {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [
            (name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()
        ],
        "client": ("192.0.2.1", 1),
        "http_version": "1.1",
        "root_path": "",
        "scheme": "http",
        "server": ("node", 80),
    }


async def post_pieces(world: ApiWorld, path: str, pieces: Iterable[bytes]) -> tuple[int, int]:
    """Send a body piece by piece; the answer's status, and how many bytes were taken."""
    source, taken = iter(pieces), 0
    sent: list[Message] = []

    async def ask() -> Message:
        nonlocal taken
        await trio.lowlevel.checkpoint()
        piece = next(source, None)
        taken += len(piece or b"")
        return {"type": "http.request", "body": piece or b"", "more_body": piece is not None}

    async def answer(message: Message) -> None:
        sent.append(message)

    await world.app(build_scope("POST", path, content_type=MEDIA), ask, answer)
    return sent[0]["status"], taken


@asynccontextmanager
async def open_stream(
    world: ApiWorld, path: str, query: str = ""
) -> AsyncIterator[trio.MemoryReceiveChannel[Message]]:
    """The ASGI messages of an answer as they come; leaving hangs up."""
    send, receive = trio.open_memory_channel[Message](1_000)
    hung_up = trio.Event()
    asked = False

    async def ask() -> Message:
        nonlocal asked
        if not asked:
            asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await hung_up.wait()
        return {"type": "http.disconnect"}

    async def answer() -> None:
        async with send:
            await world.app(build_scope("GET", path, query), ask, send.send)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(answer)
        async with receive:
            yield receive
            hung_up.set()
            async for _ in receive:
                pass


def read_event(message: Message) -> tuple[str, Any]:
    """Name and data of a server-sent event."""
    name, data = message["body"].decode().strip().split("\n")
    return name.removeprefix("event: "), msgspec.json.decode(data.removeprefix("data: "))
