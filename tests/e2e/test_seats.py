"""Seats in trouble, as operators meet it: processes whose keys are stolen, lost or copied.

The three stories are told side by side: mostly they wait for slots to pass.
"""

import shutil
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio
from msgspec.structs import replace

from chain.actions import Pay, ReleaseNotice
from chain.address import encode_address
from chain.genesis import compute_chain_id
from consensus.journal import record_loss
from node.journal import JOURNAL_NAME, JournalOnDisk, read_journal
from node.keys import make_takeover, read_seat_secrets
from tests.community import CONSTANTS, PAI, get_account_id
from tests.e2e.process_world import NodeProcess, found, open_node, run, sign

SECONDS_MAX = 120  # for what follows from slots that pass, on a machine that is busy
LOOK_SECONDS = 0.25
TAKEOVER_AGE_SLOTS = 6  # so the first hand-off comes when a takeover is on record, and soon
LOST_AGE_SLOTS = 60
AHEAD_SLOTS = 3  # what others have decided so long ago is asked for
# A notice is old enough when transactions of its slot have expired; two epochs are the least.
SOON = replace(CONSTANTS, release_epochs=1, transaction_life_slots=2 * CONSTANTS.slots_per_epoch)

Start = Callable[..., Awaitable[NodeProcess]]

pytestmark = pytest.mark.slow


async def init(folder: Path, name: str, seat: Path) -> Path:
    """A home with a seat's keys; its journal comes with them."""
    home = folder / "homes" / name
    code, _, said = await run(
        "node", "init", "--genesis", folder / "genesis", "--home", home, "--seat", seat
    )
    assert code == 0, said
    return home


@asynccontextmanager
async def open_many() -> AsyncIterator[Start]:
    """Nodes that start and end in any order; the last end with the context."""
    async with trio.open_nursery() as nursery:

        async def keep(home: Path, peers: Sequence[NodeProcess], task_status: Any) -> None:
            options = [word for peer in peers for word in ("--peer", peer.address)]
            async with open_node(home, *options) as node:
                task_status.started(node)
                await node.process.wait()

        async def start(home: Path, *peers: NodeProcess) -> NodeProcess:
            node: NodeProcess = await nursery.start(keep, home, peers)
            return node

        yield start
        nursery.cancel_scope.cancel()


async def wait_until(node: NodeProcess, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Ask a node how it is until something holds."""
    status: dict[str, Any] = {}
    with trio.move_on_after(SECONDS_MAX):
        while not holds(status := await node.get("/v1/status")):  # noqa: ASYNC110 - a process is asked
            await trio.sleep(LOOK_SECONDS)
        return status
    raise AssertionError((status, node.events[-8:]))


async def wait_for_finality(node: NodeProcess) -> int:
    """Wait until something newer than now is final; its height."""
    status = await node.get("/v1/status")
    head = status["head"]["height"]
    status = await wait_until(node, lambda found: found["final"]["height"] > head)
    return int(status["final"]["height"])


async def take_over(folder: Path) -> None:
    """A stolen key goes on until the standby key takes its place; nobody misses its votes then."""
    genesis = found(folder, ("ann", "boris"), age_slots=TAKEOVER_AGE_SLOTS)
    kept = read_seat_secrets(folder / "boris" / "seat.keys")  # the owner's copy, kept elsewhere
    ann_home = await init(folder, "ann", folder / "ann")
    stolen = await init(folder, "boris", folder / "boris")
    action = make_takeover(kept, folder / "new", chain=compute_chain_id(genesis))
    async with open_many() as start:
        ann = await start(ann_home)
        thief = await start(stolen, ann)
        assert await ann.post(sign(genesis, "emma", action)) == 202, "anybody hands it in"
        new_home = await init(folder, "boris-anew", folder / "new")
        boris = await start(new_home, ann)
        status = await wait_until(boris, lambda found: found["voting"]["state"] == "signs")
        assert status["signing"]["state"] == "not_in_set", "no blocks before the third epoch"
        await wait_until(thief, lambda found: found["voting"]["state"] == "not_in_set")
        await thief.stop()
        await wait_for_finality(ann)  # two seats must vote: one of them is the new key
        said = {event["event"] for node in (ann, boris) for event in node.events}
        assert not said & {"peer_banned", "journal_lost", "key_used_elsewhere", "offence"}


async def release(folder: Path) -> None:
    """Half of the weight has lost its journal, before anything was final: finality stands still
    until notice was given, the time is over, and the operator says so."""
    genesis = found(folder, ("ann", "boris"), age_slots=LOST_AGE_SLOTS, constants=SOON)
    chain = compute_chain_id(genesis)
    homes = [await init(folder, name, folder / name) for name in ("ann", "boris")]
    journal = homes[1] / JOURNAL_NAME
    lost_slot = LOST_AGE_SLOTS - SOON.slots_per_epoch
    lost = record_loss(read_journal(journal), chain, lost_slot + 2, lost_slot)
    JournalOnDisk(journal).store(lost)
    async with open_node(homes[0]) as ann, open_node(homes[1], "--peer", ann.address) as boris:
        status = await wait_until(boris, lambda found: found["head"]["height"] > 2)
        voting, slot = status["voting"], status["head"]["slot"]
        assert voting["activation_slot"] == lost_slot + 2
        justified = bytes.fromhex(voting["justified_hash"])
        notice = ReleaseNotice(voting["activation_slot"], voting["justified_slot"], justified)
        given = sign(genesis, "boris", notice, valid_until=slot + SOON.transaction_life_slots)
        assert await ann.post(given) == 202
        await ann.wait_for("block", lambda event: event["transactions"] > 0)
        code, _, said = await run("node", "release", "--home", homes[1], "--yes")
        assert code == 0, said
        released = await boris.wait_for("released")
        status = await ann.get("/v1/status")
        assert status["final"]["height"] == 0, "the notice must be known for its time"
        height = await wait_for_finality(ann)
        assert height > 2
        place = await ann.get(f"/v1/transactions/{given.id.hex()}")
        assert place["status"] == "final"
        final = await ann.get("/v1/status")
        assert final["final"]["slot"] >= place["slot"] + SOON.transaction_life_slots
        assert final["final"]["slot"] > released["figure"]


async def contradict(folder: Path) -> None:
    """Two of four operators run their keys twice, on both sides of a broken line: both sides make
    blocks final. When they meet all fall silent, and name nobody who is honest."""
    genesis = found(folder, ("ann", "boris", "clara", "daniil"))
    homes = {name: await init(folder, name, folder / name) for name in ("ann", "daniil")}
    for name in ("boris", "clara"):
        homes[name] = await init(folder, name, folder / name)
        homes[f"{name}-twice"] = folder / "homes" / f"{name}-twice"
        shutil.copytree(homes[name], homes[f"{name}-twice"])
    guilty = {encode_address("pai", get_account_id(name)) for name in ("boris", "clara")}
    async with open_many() as start:
        daniil, ann = await start(homes["daniil"]), await start(homes["ann"])
        for name in ("boris", "clara"):
            await start(homes[name], ann)
            await start(homes[f"{name}-twice"], daniil)
        await wait_for_finality(ann)
        final = (await ann.get("/v1/status"))["final"]
        await ann.stop()
        await wait_until(daniil, lambda found: found["final"]["slot"] > final["slot"] + AHEAD_SLOTS)
        ann = await start(homes["ann"], daniil)
        status = await wait_until(ann, is_named)
        assert set(status["voting"]["guilty"]) == guilty, "who did it is named, and nobody else"
        assert status["signing"]["state"] == status["voting"]["state"] == "refused"
        assert status["final"]["height"] >= final["height"]
        kept = await ann.get(f"/v1/blocks/{final['height']}")
        assert kept["hash"] == final["hash"], "nothing is given up"
        told = await wait_until(daniil, is_named)
        assert set(told["voting"]["guilty"]) == guilty, "the other side is told, too"
        before = len(ann.events)
        pay = sign(genesis, "emma", Pay(get_account_id("farid"), PAI, ""))
        assert await ann.post(pay) == 202
        await wait_until_known(daniil, pay.id)  # it goes on relaying
        await ann.stop()
        assert [event for event in ann.events[before:] if event.get("ours")] == []
        status = await (await start(homes["ann"])).get("/v1/status")
        assert status["voting"]["standstill"] == "conflict", "a start does not mend it"
        assert set(status["voting"]["guilty"]) == guilty


def is_named(found: dict[str, Any]) -> bool:
    """Whether a node has seen a contradiction, and knows whose it is."""
    return bool(found["voting"]["standstill"] == "conflict" and found["voting"]["named"])


async def wait_until_known(node: NodeProcess, transaction_id: bytes) -> None:
    """Ask for a transaction until the node has heard of it."""
    path = f"/v1/transactions/{transaction_id.hex()}"
    with trio.fail_after(SECONDS_MAX):
        while (await node.get(path))["status"] == "unknown":  # noqa: ASYNC110 - the same
            await trio.sleep(LOOK_SECONDS)


async def test_stolen_lost_and_copied_keys(tmp_path: Path) -> None:
    stories: list[Callable[[Path], Awaitable[None]]] = [take_over, release, contradict]

    async def tell(story: Callable[[Path], Awaitable[None]]) -> None:
        began = time.monotonic()
        await story(tmp_path / story.__name__)
        print(f"{story.__name__}: {time.monotonic() - began:.1f} s")

    async with trio.open_nursery() as nursery:
        for story in stories:
            nursery.start_soon(tell, story)
