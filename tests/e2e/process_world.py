"""Real processes of the program, watched by what they log: events instead of waiting and hoping."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import trio
from msgspec.structs import replace

from chain.actions import Action, Reveal
from chain.codec import encode
from chain.genesis import Genesis, GenesisSeat, compute_chain_id
from chain.parameters import Constants
from chain.transaction import TRANSACTION_VERSION, SealedTransaction, Transaction, sign_transaction
from node.keys import make_seat_keys
from tests.community import CONSTANTS, build_genesis, get_account_id, get_key, get_policy

HOUSE = Path(__file__).resolve().parents[2]
PROGRAM = (sys.executable, "-m", "node.cli", "--lang", "en", "--output", "json")
LOOPBACK = "/ip4/127.0.0.1/tcp/0"
EVENT_SECONDS = 30  # for anything that should happen soon, on a machine that is busy

Event = dict[str, Any]


def found(
    folder: Path, seats: tuple[str, ...], *, age_slots: int = 0, constants: Constants = CONSTANTS
) -> Genesis:
    """A community that begins now, or began then, and for each seat a folder with its keys."""
    folder.mkdir(exist_ok=True)
    age_seconds = age_slots * constants.slot_seconds
    keys = {name: make_seat_keys(get_account_id(name), folder / name) for name in seats}
    genesis = replace(
        build_genesis(seats=seats, constants=constants),
        genesis_time=int(time.time()) - age_seconds,
        seats=tuple(
            GenesisSeat(get_account_id(name), keys[name], CONSTANTS.bond_min, 90)
            for name in sorted(seats, key=get_account_id)
        ),
    )
    (folder / "genesis").write_bytes(encode(genesis))
    return genesis


def sign(
    genesis: Genesis, name: str, *actions: Action, sequence: int = 0, valid_until: int = 250
) -> SealedTransaction:
    """A transaction of a name's account."""
    first = (Reveal(get_policy(name)),) if sequence == 0 else ()
    chain = compute_chain_id(genesis)
    body = Transaction(
        version=TRANSACTION_VERSION,
        account=get_account_id(name),
        sequence=sequence,
        valid_until_slot=valid_until,
        ref=chain[:16],
        via=None,
        fee_max=0,
        actions=(*first, *actions),
    )
    return sign_transaction(chain, body, [(0, get_key(name))])


async def run(*arguments: str | Path) -> tuple[int, Any, str]:
    """One command to its end: exit code, its JSON document if any, and what it said on stderr."""
    with trio.fail_after(EVENT_SECONDS):
        done = await trio.run_process(
            [*PROGRAM, *map(str, arguments)],
            cwd=HOUSE,
            check=False,
            capture_stdout=True,
            capture_stderr=True,
        )
    document = json.loads(done.stdout) if done.stdout.strip() else None
    return done.returncode, document, done.stderr.decode()


@dataclass
class NodeProcess:
    """A running node, and everything it has logged."""

    process: trio.Process
    events: list[Event] = field(default_factory=list)
    news: trio.Event = field(default_factory=trio.Event)
    url: str = ""
    address: str = ""

    async def watch(self) -> None:
        """Read the log until the process ends."""
        assert self.process.stderr is not None
        rest = b""
        async for chunk in self.process.stderr:
            *lines, rest = (rest + chunk).split(b"\n")
            self.events += [json.loads(line) for line in lines]
            self._tell()
        self._tell()

    def _tell(self) -> None:
        self.news.set()
        self.news = trio.Event()

    async def wait_for(self, name: str, matches: Callable[[Event], bool] = bool) -> Event:
        """The first logged event of this name that matches, past or to come."""
        with trio.fail_after(EVENT_SECONDS):
            seen = 0
            while True:
                for event in self.events[seen:]:
                    if event["event"] == name and matches(event):
                        return event
                seen = len(self.events)
                assert self.process.poll() is None, self.events[-3:]
                await self.news.wait()

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, float]:
        """Send a signal; the exit code, and how many seconds it took to end."""
        began = trio.current_time()
        self.process.send_signal(number)
        with trio.fail_after(EVENT_SECONDS):
            code = await self.process.wait()
        return code, trio.current_time() - began

    async def get(self, path: str, status: int = 200) -> Any:
        """The JSON answer of the node's API."""
        async with httpx.AsyncClient(base_url=self.url, trust_env=False) as client:
            response = await client.get(path)
            assert response.status_code == status, response.text
            return response.json()

    async def post(self, sealed: SealedTransaction) -> int:
        """Hand in a transaction; the HTTP status."""
        async with httpx.AsyncClient(base_url=self.url, trust_env=False) as client:
            headers = {"content-type": "application/msgpack"}
            response = await client.post(
                "/v1/transactions", content=sealed.whole_bytes, headers=headers
            )
            return response.status_code


@asynccontextmanager
async def open_node(home: Path, *options: str) -> AsyncIterator[NodeProcess]:
    """A node that has said it is ready; it is ended with the context, whatever happens."""
    command = [*PROGRAM, "node", "run", "--home", str(home), "--listen", LOOPBACK]
    command += ["--api", "127.0.0.1:0", "--log-style", "json", *options]
    process = await trio.lowlevel.open_process(
        command, cwd=HOUSE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    node = NodeProcess(process)
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(node.watch)
            ready = await node.wait_for("ready")
            node.url, node.address = ready["api"], ready["addresses"]
            yield node
            nursery.cancel_scope.cancel()
    finally:
        if process.poll() is None:
            process.kill()
        with trio.CancelScope(shield=True):
            await process.wait()
