"""Servers are killed at any moment, again and again, under payments; what must hold is checked.

Real processes, kill -9, no repair. A server that comes back signs no second block in a slot,
catches up, and nothing that every server had in a block is lost. In the end a server joins late,
one comes back after a long pause, and all are stopped for whole epochs and go on. ``make kill``
runs it whole and prints a table; a test runs a slice.

    python -m tests.e2e.kill_run --kills 20 --pause-epochs 5 --seed 1
"""

import argparse
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from typing import NamedTuple

import trio

from chain.actions import Pay
from chain.address import encode_address
from chain.errors import Invalid
from chain.genesis import compute_chain_id
from chain.transaction import SealedTransaction
from node.ops.demo import Founded, Person, found
from node.ops.servers import Place, Server, find_places, furnish, keep_servers, stop_servers
from tests.e2e.kill_look import (
    POLL_SECONDS,
    ask,
    ask_all,
    find_first_block,
    find_lowest_head,
    get_hash,
    get_head,
    wait_for,
)
from tests.e2e.kill_verdict import Marks, Verdict, judge, read_marks
from wallet.build import Envelope, build_draft, get_valid_until, sign_draft
from wallet.client import NodeClient
from wallet.terminal import Failure

NODES = 4
MEMBERS = 8
PAI = 1_000_000
BACK_SECONDS = 60.0  # a killed server answers and has caught up within this, on a loaded machine
WAIT_SECONDS = 8.0  # a member does not wait longer for a block before he pays again
STOP_SECONDS = 10.0  # a server told to stop has stopped
FIRST_BLOCK_SECONDS = 10.0
RSS_BYTES_MAX = 250 * 1_024 * 1_024
SETTLED = 3  # blocks below the lowest head: these every server has


class Kill(NamedTuple):
    """One row of the table."""

    number: int
    victims: str
    moment: float  # fraction of the slot
    height: int
    down_seconds: float
    answers_seconds: float
    caught_up_seconds: float


@dataclass
class Run:
    """A community under fire, and what was seen of it."""

    founded: Founded
    servers: list[Server]
    rng: Random
    tell: Callable[[str], None]
    acknowledged: list[SealedTransaction] = field(default_factory=list)
    held_by_all: dict[int, str] = field(default_factory=dict)  # height: hash
    kills: list[Kill] = field(default_factory=list)
    marks: dict[int, Marks] = field(default_factory=dict)  # of journals, by server
    refused: Counter[str] = field(default_factory=Counter)
    first_block_seconds: float = 0.0  # since the servers were started

    @property
    def seats(self) -> list[Server]:
        """The servers that have a seat."""
        return self.servers[:NODES]


async def wait_until_together(servers: Sequence[Server]) -> int:
    """Wait until these servers follow one chain; returns the lowest head's height."""
    return await wait_for(BACK_SECONDS, partial(find_lowest_head, servers))


async def note_held_by_all(run: Run, servers: Sequence[Server]) -> int:
    """Note a block that every server has, for the end to find again."""
    lowest = await wait_until_together(servers)
    height = max(1, lowest - SETTLED)
    hashes = set(await ask_all(servers, partial(get_hash, height=height)))
    assert len(hashes) == 1, f"servers differ {SETTLED} blocks below their heads"
    (found_hash,) = hashes
    assert found_hash is not None
    assert run.held_by_all.setdefault(height, found_hash) == found_hash
    return lowest


# Payments.


async def pay_for_ever(run: Run, person: Person) -> None:
    """Pay a neighbour, wait until it is in a block, pay again; a server that is down is left."""
    rng = Random(person.villager.number)
    while True:
        awake = [server for server in run.seats if server.is_running]
        if awake:
            server = rng.choice(awake)
            try:
                async with NodeClient(server.place.url) as client:
                    await _pay_once(run, person, client, rng)
            except Failure:
                pass
            except Invalid as error:
                run.refused[error.code.name] += 1
        await trio.sleep(rng.uniform(0.2, 0.8))


async def _pay_once(run: Run, person: Person, client: NodeClient, rng: Random) -> None:
    founded = run.founded
    constants = founded.genesis.constants
    account = await client.get_account(encode_address(founded.prefix, person.account))
    others = [other for other in founded.people if other is not person]
    to = rng.choice(others).account
    action = Pay(to, rng.randrange(1, 3 * PAI), "")
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
    draft = build_draft(envelope, person.policy, [action], account)
    sealed = sign_draft(draft, envelope, person.secrets.find_keys(person.policy))
    await client.submit(sealed.whole_bytes)
    run.acknowledged.append(sealed)
    with trio.move_on_after(WAIT_SECONDS):
        while True:
            await trio.sleep(POLL_SECONDS)
            if (await client.get_outcome(sealed.id)).status != "waiting":
                return


# Kills.


async def kill_once(run: Run, number: int) -> None:
    """Kill one server, at times two, at any moment; they come back by themselves."""
    height = await note_held_by_all(run, run.servers)
    victims = run.rng.sample(run.seats, 2 if number % 5 == 4 else 1)
    moment = await _wait_for_a_moment(run, number)
    for victim in victims:
        victim.kill()
    killed = time.monotonic()
    for victim in victims:
        look_at_journal(run, victim)
    await trio.sleep(run.rng.choice((0.0, 0.2, 1.0, 3.0)))
    down = time.monotonic() - killed
    for victim in victims:
        victim.start()
    if number % 7 == 3:  # once more, while it is starting
        await trio.sleep(run.rng.uniform(0.2, 2.5))
        victims[0].kill()
        victims[0].start()
    started = time.monotonic()
    await wait_for(BACK_SECONDS, partial(do_answer, victims))
    answers = time.monotonic() - started
    await wait_until_together(run.servers)
    caught_up = time.monotonic() - started
    names = ", ".join(str(run.servers.index(victim) + 1) for victim in victims)
    run.kills.append(Kill(number + 1, names, moment, height, down, answers, caught_up))
    run.tell(describe_kill(run.kills[-1]))


def look_at_journal(run: Run, server: Server) -> None:
    """The journal of a dead server can be read, and none of its marks has ever fallen."""
    place = run.servers.index(server)
    marks, before = read_marks(server.place.home.folder), run.marks.get(place)
    assert before is None or all(new >= old for new, old in zip(marks, before, strict=True)), (
        before,
        marks,
    )
    run.marks[place] = marks


async def do_answer(servers: Sequence[Server]) -> bool | None:
    """True when all answer; a server that ended by itself fails the run."""
    for server in servers:
        assert server.is_running, server.read_log_tail()
        if await get_head(server) is None:
            return None
    return True


async def _wait_for_a_moment(run: Run, number: int) -> float:
    """Any moment of a slot; every third time the first tenth of it, when blocks are signed."""
    genesis = run.founded.genesis
    fraction = run.rng.uniform(0.0, 0.12) if number % 3 == 0 else run.rng.random()
    now = (time.time() - genesis.genesis_time) / genesis.constants.slot_seconds
    await trio.sleep((fraction - now) % 1 * genesis.constants.slot_seconds)
    return fraction


async def weigh_for_ever(run: Run) -> None:
    """See how much memory the servers take; each remembers its most."""
    while True:
        for server in run.servers:
            server.read_rss()
        await trio.sleep(1)


# The long ways back.


async def come_back_late(run: Run, newcomer: Server, pause_epochs: float) -> None:
    """Servers that were stopped and frozen, and one that begins from genesis, all at once.

    A frozen process keeps its connections and does not know that time has passed.
    """
    await note_held_by_all(run, run.servers)
    stopped, frozen = run.rng.sample(run.seats, 2)
    stopped.signal(signal.SIGTERM)
    await trio.to_thread.run_sync(stopped.wait, STOP_SECONDS)
    frozen.signal(signal.SIGSTOP)
    constants = run.founded.genesis.constants
    names = (run.servers.index(stopped) + 1, run.servers.index(frozen) + 1)
    run.tell(f"servers {names} are stopped and frozen for {pause_epochs:g} epochs")
    await trio.sleep(pause_epochs * constants.slots_per_epoch * constants.slot_seconds)
    run.tell("both come back, and another joins from genesis")
    stopped.start()
    frozen.signal(signal.SIGCONT)
    newcomer.start()
    run.servers = [*run.servers, newcomer]
    began = time.monotonic()
    await wait_until_together(run.servers)
    run.tell(f"together again after {time.monotonic() - began:.1f} s")


async def have_gone_on(servers: Sequence[Server], height: int) -> bool | None:
    """True when all are together at this height or above."""
    lowest = await find_lowest_head(servers)
    return True if lowest is not None and lowest >= height else None


async def stop_all_for(run: Run, epochs: float) -> None:
    """Stop everybody, let epochs pass without a block, start again: the chain goes on."""
    constants = run.founded.genesis.constants
    before = await note_held_by_all(run, run.servers)
    stubborn = await trio.to_thread.run_sync(stop_servers, run.servers)
    assert stubborn == [], "servers did not stop when told to"
    seconds = epochs * constants.slots_per_epoch * constants.slot_seconds
    run.tell(f"all servers are stopped at height {before} for {epochs:g} epochs ({seconds:g} s)")
    await trio.sleep(seconds)
    for server in run.servers:
        server.start()
    await wait_for(BACK_SECONDS, partial(have_gone_on, run.servers, before + SETTLED))
    run.tell("all servers go on together")


async def live(run: Run, kills: int, pause_epochs: float) -> None:
    """The whole story."""
    *others, newcomer = run.servers
    run.servers = others
    began = time.monotonic()
    for server in others:
        server.start()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(weigh_for_ever, run)
        await wait_for(BACK_SECONDS, partial(find_first_block, run.servers))
        run.first_block_seconds = time.monotonic() - began
        run.tell(f"first block after {run.first_block_seconds:.1f} s")
        await wait_until_together(run.servers)
        for person in run.founded.people:
            nursery.start_soon(pay_for_ever, run, person)
        run.tell("payments run; servers begin to die")
        for number in range(kills):
            await kill_once(run, number)
        await come_back_late(run, newcomer, pause_epochs)
        await stop_all_for(run, pause_epochs)
        await trio.sleep(2 * run.founded.genesis.constants.slot_seconds)
        nursery.cancel_scope.cancel()
    await trio.sleep(4 * run.founded.genesis.constants.slot_seconds)
    await note_held_by_all(run, run.servers)


def describe_kill(kill: Kill) -> str:
    """One line of the table."""
    return (
        f"{kill.number:>4}  {kill.victims:>7}  {kill.moment:>6.2f}  {kill.height:>6}  "
        f"{kill.down_seconds:>6.1f}  {kill.answers_seconds:>7.1f}  {kill.caught_up_seconds:>9.1f}"
    )


def build_places(founded: Founded, folder: Path) -> list[Place]:
    """The servers with seats, an observer who is never killed, and one who joins late."""
    watchers = find_places([folder / "observer", folder / "newcomer"], founded.places)
    for watcher in watchers:
        furnish(watcher, founded.genesis, founded.places)
    return [*founded.places, *watchers]


def describe_servers(run: Run) -> None:
    """When a run fails: where every server stands, and its last words."""
    for number, server in enumerate(run.servers, start=1):
        head = trio.run(get_head, server)
        answer = trio.run(ask, server, "/v1/peers") or {"peers": []}
        ports = [peer["address"].split("/")[4] for peer in answer["peers"]]
        listens = f"listens on {server.place.peer_port}, peers on {' '.join(ports) or 'none'}"
        run.tell(f"server {number}: running {server.is_running}, head {head}, {listens}")
        run.tell(server.read_log_tail())


def run_all(
    kills: int, pause_epochs: float, seed: int, tell: Callable[[str], None], folder: Path
) -> tuple[Verdict, list[Kill]]:
    """Found, live, stop, judge. The homes stay in the folder."""
    names = [f"member {number + 1}" for number in range(MEMBERS)]
    founded = found(NODES, MEMBERS, folder, "Under fire", names)
    with keep_servers(build_places(founded, folder)) as servers:
        run = Run(founded, servers, Random(seed), tell)
        tell("kill  servers  moment  height    down  answers  caught up   (seconds)")
        try:
            trio.run(live, run, kills, pause_epochs)
        except BaseException:
            describe_servers(run)
            raise
        stubborn = stop_servers(run.servers)
    homes = [server.place.home.folder for server in run.servers]
    verdict = judge(founded.genesis, homes, run.held_by_all, run.acknowledged)
    if stubborn:
        verdict.problems.append("servers did not stop when told to")
    if run.first_block_seconds > FIRST_BLOCK_SECONDS:
        verdict.problems.append(f"the first block took {run.first_block_seconds:.1f} s")
    fattest = max(server.rss_bytes_max for server in run.servers)
    tell(f"at most {fattest / 2**20:.0f} MiB of memory a server")
    if not 0 < fattest <= RSS_BYTES_MAX:
        verdict.problems.append(f"a server took {fattest / 2**20:.0f} MiB of memory")
    return verdict, run.kills


def main() -> int:
    """The whole run, with its table."""
    parser = argparse.ArgumentParser(description="Kill servers again and again; see what holds.")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--pause-epochs", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    given = parser.parse_args()
    print(f"seed {given.seed}")

    def tell(text: str) -> None:
        print(text, flush=True)

    with tempfile.TemporaryDirectory(prefix="pai-kill-") as name:
        verdict, _ = run_all(given.kills, given.pause_epochs, given.seed, tell, Path(name))
    print(
        f"\n{verdict.height} blocks, state root {verdict.root}\n"
        f"{verdict.headers} headers seen in all stores\n"
        f"{verdict.acknowledged} payments acknowledged, {verdict.in_chain} of them in the chain"
    )
    for problem in verdict.problems:
        print(f"PROBLEM: {problem}")
    print("nothing is wrong" if not verdict.problems else f"{len(verdict.problems)} problems")
    return 1 if verdict.problems else 0


if __name__ == "__main__":
    sys.exit(main())
