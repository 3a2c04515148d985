"""How fast blocks become final among four real servers, and what happens when servers die for good.

Everything is seen as others see it: blocks and finality by the event streams of the servers,
payments by asking as a wallet does. ``make finality`` runs it for longer and prints the figures; a
test runs a slice.

    python -m tests.e2e.finality_run --seconds 120
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from statistics import median, quantiles
from typing import Any, Final, NamedTuple

import httpx
import trio

from chain.actions import Pay
from chain.address import encode_address
from chain.errors import Invalid
from chain.genesis import compute_chain_id
from node.ops.demo import Founded, Person, found
from node.ops.servers import Server, keep_servers, stop_servers
from tests.e2e.kill_look import ask, find_first_block, find_lowest_head, wait_for
from wallet.build import Envelope, build_draft, get_valid_until, sign_draft
from wallet.client import NodeClient
from wallet.session import POLL_SECONDS
from wallet.terminal import Failure

NODES = 4
MEMBERS = 8
PAI = 1_000_000
START_SECONDS: Final = 40.0
CHANGE_SECONDS: Final = 40.0  # for anything that should happen soon, on a machine that is busy
PAYMENT_SECONDS: Final = 20.0


class Figures(NamedTuple):
    """Delays in slots, from a block's first sight to its finality, and of payments."""

    of_blocks: list[float]
    of_primaries: list[float]
    of_payments: list[float]


@dataclass
class Run:
    """Four servers, and what was seen of them."""

    founded: Founded
    servers: list[Server]
    tell: Callable[[str], None]
    seen: dict[str, float] = field(default_factory=dict)  # hash: when any server had it first
    heights: dict[str, int] = field(default_factory=dict)
    finals: dict[int, list[tuple[float, int]]] = field(default_factory=dict)  # server: when, height
    payments: list[float] = field(default_factory=list)

    @property
    def slot_seconds(self) -> int:
        """The length of a slot."""
        return self.founded.genesis.constants.slot_seconds


async def listen(run: Run, number: int) -> None:
    """Take note of a server's events for as long as it lives."""
    url = run.servers[number].place.url
    async with (
        httpx.AsyncClient(base_url=url, trust_env=False, timeout=None) as client,
        client.stream("GET", "/v1/events") as response,
    ):
        name = ""
        async for line in response.aiter_lines():
            key, _, value = line.partition(": ")
            if key == "event":
                name = value
            elif key == "data":
                note(run, number, name, json.loads(value))


def note(run: Run, number: int, name: str, event: dict[str, Any]) -> None:
    """One event of a server, at the moment it comes."""
    now = time.monotonic()
    if name == "block":
        run.seen.setdefault(event["hash"], now)
        run.heights[event["hash"]] = event["height"]
    elif name == "final":
        run.finals.setdefault(number, []).append((now, event["height"]))


async def pay_for_ever(run: Run, person: Person) -> None:
    """Pay, and see how long it takes until the payment is final, as a wallet sees it."""
    rng = Random(person.villager.number)
    while True:
        try:
            async with NodeClient(run.servers[0].place.url) as client:
                await pay_once(run, person, client, rng)
        except (Failure, Invalid):
            pass  # a payment of the one before may still wait
        await trio.sleep(rng.uniform(1.0, 3.0))


async def pay_once(run: Run, person: Person, client: NodeClient, rng: Random) -> None:
    """One payment, until it is final."""
    founded, constants = run.founded, run.founded.genesis.constants
    account = await client.get_account(encode_address(founded.prefix, person.account))
    to = rng.choice([other for other in founded.people if other is not person]).account
    envelope = Envelope(
        chain=compute_chain_id(founded.genesis),
        account=person.account,
        sequence=account.next_sequence,
        valid_until_slot=get_valid_until(
            account.at.slot, constants.slot_seconds, constants.transaction_life_slots
        ),
        via=None,
        ref=bytes.fromhex(account.ref),
    )
    draft = build_draft(envelope, person.policy, [Pay(to, rng.randrange(1, PAI), "")], account)
    sealed = sign_draft(draft, envelope, person.secrets.find_keys(person.policy))
    began = time.monotonic()
    await client.submit(sealed.whole_bytes)
    with trio.move_on_after(PAYMENT_SECONDS):
        while (await client.get_outcome(sealed.id)).status != "final":  # noqa: ASYNC110 - a server is asked, it does not call
            await trio.sleep(min(POLL_SECONDS, run.slot_seconds / 2))
        run.payments.append((time.monotonic() - began) / run.slot_seconds)


async def measure(run: Run, seconds: float) -> Figures:
    """Let it run, and look how long blocks and payments took to become final."""
    async with trio.open_nursery() as nursery:
        for number in range(len(run.servers)):
            nursery.start_soon(listen, run, number)
        for person in run.founded.people:
            nursery.start_soon(pay_for_ever, run, person)
        await trio.sleep(seconds)
        nursery.cancel_scope.cancel()
    return await compute_figures(run)


async def compute_figures(run: Run) -> Figures:
    """Delays of the blocks that all servers have in their chain, at each server."""
    answer = await ask(run.servers[0], "/v1/status")
    assert answer is not None
    kinds: dict[str, str] = {}
    for height in range(min(run.heights.values()), answer["final"]["height"] + 1):
        block = await ask(run.servers[0], f"/v1/blocks/{height}")
        assert block is not None
        kinds[block["hash"]] = block["kind"]
    of_blocks, of_primaries = [], []
    for block_hash, kind in kinds.items():
        began = run.seen.get(block_hash)
        for finals in run.finals.values() if began is not None else ():
            height = run.heights[block_hash]
            ended = next((when for when, final in finals if final >= height), None)
            if ended is None or began is None:
                continue
            delay = (ended - began) / run.slot_seconds
            of_blocks.append(delay)
            if kind == "primary":
                of_primaries.append(delay)
    return Figures(of_blocks, of_primaries, run.payments)


async def get_voting(server: Server) -> tuple[int, int, str] | None:
    """Heights of head and final block, and why finality stands still."""
    status = await ask(server, "/v1/status")
    if status is None:
        return None
    return status["head"]["height"], status["final"]["height"], status["voting"]["standstill"]


async def is_final_above(server: Server, height: int) -> bool | None:
    """True when a server holds something above a height for final."""
    voting = await get_voting(server)
    return True if voting is not None and voting[1] > height else None


async def does_stand_still(server: Server) -> tuple[int, int] | None:
    """Heights of head and final block, once the server says that too few are heard."""
    voting = await get_voting(server)
    return voting[:2] if voting is not None and voting[2] == "too_few" else None


async def is_head_above(server: Server, height: int) -> bool | None:
    """True when a server's chain has grown above a height."""
    voting = await get_voting(server)
    return True if voting is not None and voting[0] > height else None


async def lose_servers(run: Run) -> None:
    """One dies for good: finality goes on. Another: it stops and says why. It comes back: it goes
    on by itself."""
    first, second, *living = reversed(run.servers)
    witness = living[0]
    first.kill()
    head = await get_voting(witness)
    assert head is not None
    await wait_for(CHANGE_SECONDS, partial(is_final_above, witness, head[0] + 2))
    run.tell(f"one of four is dead since block {head[0]}: finality goes on")
    second.kill()
    heights = await wait_for(CHANGE_SECONDS, partial(does_stand_still, witness))
    await wait_for(CHANGE_SECONDS, partial(is_head_above, witness, heights[0] + 2))
    after = await get_voting(witness)
    assert after is not None
    assert after[1] == heights[1], "two of four made a block final"
    run.tell(f"two are dead: block {after[1]} is final and no higher one, the head is {after[0]}")
    began = time.monotonic()
    second.start()
    await wait_for(CHANGE_SECONDS, partial(is_final_above, witness, after[0]))
    run.tell(f"one is back: final again after {time.monotonic() - began:.1f} s")


async def live(run: Run, seconds: float, figures: list[Figures]) -> None:
    """The whole story."""
    for server in run.servers:
        server.start()
    await wait_for(START_SECONDS, partial(find_first_block, run.servers))
    await wait_for(START_SECONDS, partial(find_lowest_head, run.servers))
    figures.append(await measure(run, seconds))
    await lose_servers(run)


def run_all(seconds: float, tell: Callable[[str], None], folder: Path) -> Figures:
    """Found, live, stop."""
    names = [f"member {number + 1}" for number in range(MEMBERS)]
    founded = found(NODES, MEMBERS, folder, "Final", names)
    figures: list[Figures] = []
    with keep_servers(founded.places) as servers:
        run = Run(founded, servers, tell)
        try:
            trio.run(live, run, seconds, figures)
        except BaseException:
            for server in servers:
                tell(server.read_log_tail())
            raise
        stop_servers(servers)
    return figures[0]


def describe(name: str, delays: list[float]) -> str:
    """One line of the table."""
    if len(delays) < 2:
        return f"{name:<24} too few"
    p95 = quantiles(delays, n=20)[-1]
    return f"{name:<24} {len(delays):>6}  {median(delays):>6.2f}  {p95:>6.2f}  {max(delays):>6.2f}"


def main() -> int:
    """A longer run, with its table."""
    parser = argparse.ArgumentParser(description="How fast blocks and payments become final.")
    parser.add_argument("--seconds", type=float, default=120.0)
    given = parser.parse_args()

    def tell(text: str) -> None:
        print(text, flush=True)

    with tempfile.TemporaryDirectory(prefix="pai-final-") as name:
        figures = run_all(given.seconds, tell, Path(name))
    print("\nslots until final          count  median     p95     max")
    print(describe("blocks, at each server", figures.of_blocks))
    print(describe("of these, primaries", figures.of_primaries))
    print(describe("payments, in a wallet", figures.of_payments))
    return 0


if __name__ == "__main__":
    sys.exit(main())
