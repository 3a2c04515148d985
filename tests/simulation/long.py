"""``make simulate-long``: schedules that take minutes and hours, each told in one line.

Long outages and seizures at the constants of a cooperative, many seats, many nodes, and a thousand
seeds of partitions with an equivocator below the bound and above it.
"""

import argparse
import gc
import logging
import resource
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import Final

from chain.actions import Bond, RegisterSeat, Save, Unbond
from genesis.preset import read_preset
from tests.community import build_seat_keys, get_account_id
from tests.simulation.directed import HEALTHY, expect
from tests.simulation.exhaustive import Powers, search
from tests.simulation.faults import at, seize
from tests.simulation.options import Options
from tests.simulation.parted import many_partitions
from tests.simulation.watch import Broken
from tests.simulation.world import World

HOUR: Final = 900  # slots
ROUNDS: Final = 5  # of one seat against everything
DAY: Final = 24 * HOUR
LONG_DAY: Final = DAY + HOUR // 4  # until the hand-off that is due after a day is final, too
NODES: Final = 10
SEATS: Final = 200
NEWCOMERS: Final = 4
GAP_SLOTS_MAX: Final = 12  # of 200 seats every fourth slot is voted on: two of these may fail
GATHERED_MS: Final = 50
HEARD_SLOTS: Final = 3  # until an attendance has come everywhere
TOLD_EVERY_SLOTS: Final = 100
COOP: Final = read_preset("coop")


def stage(
    servers: int, slots: int, seed: int = 1, *, lodgers: int = 0, newcomers: int = 0
) -> World:
    """A healthy world at these constants."""
    world = World(
        Options(seed, slots, servers, frozenset({"payments"})),
        newcomers=newcomers,
        lodgers=lodgers,
        constants=COOP.constants,
        keep=COOP.keep_schedule,
    )
    world.lines.quality = HEALTHY
    return world


def play(world: World, name: str) -> None:
    """Run a world of many seats, and say now and then how far it is, for whoever waits.

    Garbage is looked for as often, and only in what is new: there is next to none, and a world
    remembers millions of votes. Looking through all of it as often as Python would takes a third
    of the time.
    """
    began = time.process_time()

    def look(slot: int) -> None:
        if slot % TOLD_EVERY_SLOTS:
            return
        gc.collect()
        gc.freeze()
        finals = world.watch.final_slots
        print(
            f"  {name}: slot {slot} of {world.options.slots}, final round "
            f"{finals[-1][1] if finals else 0}, {len(world.watch.sets)} hand-offs, "
            f"{slot / (time.process_time() - began):.1f} slots a second of processor time, "
            f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1_024} MB",
            flush=True,
        )

    world.on_slot = look
    gc.disable()
    try:
        world.run()
    finally:
        gc.enable()
        gc.unfreeze()


def outage_of_twelve_hours() -> str:
    """Six of seven are away for twelve hours; whoever stayed is not the set."""
    world = stage(7, 17 * HOUR)
    for name in world.names[1:]:
        at(world, 2 * HOUR, world.servers[name].cut_power, None)
        at(world, 14 * HOUR, world.servers[name].start)
    world.run()
    voters = world.get_running()[-1].owner.consensus.gadget.voters
    heaviest = max(entry.weight for entry in voters.entries)
    expect("I12", 3 * heaviest <= voters.total_weight, f"{heaviest} of {voters.total_weight}")
    return f"{len(voters.entries)} seats, the heaviest {heaviest} of {voters.total_weight}"


def seized_43_percent() -> str:
    """Six of fourteen are carried away: 2/3 again within a day and a few hours.

    None weighs a tenth: of fewer seats level 2 would wait for a week, as its quorums would share
    less than one of them.
    """
    world = stage(14, 32 * HOUR)
    for name in world.names[:6]:
        at(world, HOUR // 2, seize, world, world.servers[name])
    world.run()
    back = [slot for slot, _, level in world.watch.final_slots if slot > HOUR and not level]
    expect("I10", bool(back) and back[0] <= 29 * HOUR, world.watch.final_slots[-3:])
    return f"level 0 again after {back[0] / HOUR:.1f} hours"


def two_hundred_nodes(slots: int, nodes: int = 200) -> str:
    """Two hundred nodes with a seat each: finality goes on, in every fourth slot as the rules say.

    Raises Broken when it stands still for longer than two of these.
    """
    world = stage(nodes, slots)
    world.gather_votes(GATHERED_MS)
    play(world, "two hundred nodes")
    return f"{check_finality(world)}, {check_sets(world, world.seats)}"


def two_hundred_seats(slots: int) -> str:
    """Ten nodes with twenty seats each; four persons join in the course of it, and one leaves.

    Raises Broken when finality stands still, or a seat that was there all the time is lost.
    """
    world = stage(NODES, slots, lodgers=SEATS - NODES, newcomers=NEWCOMERS)
    for place, name in enumerate(world.newcomers):
        let_join(world, name, HOUR * (1 + 3 * place))
    at(world, 16 * HOUR, world.members.send, world.newcomers[0], Unbond(0))
    play(world, "two hundred seats on ten nodes")
    told = f"{check_finality(world)}, {check_sets(world, world.seats)}"
    if slots >= DAY:
        newest = list(world.watch.sets.values())[-1]
        ids = [get_account_id(name) for name in world.newcomers]
        joined = sum(item in newest.by_seat for item in ids)
        expect("I16", joined == len(ids) - 1 and ids[0] not in newest.by_seat, f"{joined} joined")
    return told


def check_finality(world: World) -> str:
    """Finality rose all the time, and at level 0; how fast."""
    finals, slots = world.watch.final_slots, world.options.slots
    expect("I10", bool(finals), "nothing became final")
    first = {round_ for _, round_, _ in finals}
    gap = max(after - before for before, after in pairwise(sorted({0, *first, slots})))
    expect("I10", gap <= GAP_SLOTS_MAX, f"finality stood still for {gap} slots")
    expect("I10", not any(level for _, _, level in finals), "a higher level was needed")
    ages = sorted(age for _, age in world.watch.delays_ms)
    blocks = world.coverage.counts["primary blocks"] + world.coverage.counts["secondary blocks"]
    return (
        f"{blocks} blocks, {len(first)} rounds made something final, "
        f"a block after {ages[len(ages) // 2] / 1_000:.1f} s (median), the longest gap {gap} slots"
    )


def check_sets(world: World, always: Sequence[str]) -> str:
    """Who was there all the time attends, and is in each set; nobody weighs more than an eighth."""
    voters = world.get_running()[0].owner.consensus.gadget.voters
    due = world.options.slots // DAY
    expect("I16", len(world.watch.sets) >= due, f"{len(world.watch.sets)} hand-offs of {due}")
    for known in (*world.watch.sets.values(), voters):
        missing = [name for name in always if get_account_id(name) not in known.by_seat]
        expect("I16", not missing, f"{missing} are not in the set of slot {known.base_slot}")
        over = 8 * known.heaviest - known.total_weight
        expect("I12", over <= 8 * len(known.entries), f"{known.heaviest} of {known.total_weight}")
    check_attendance(world, always)
    return f"{len(world.watch.sets)} hand-offs, {len(voters.entries)} seats in the last set"


def check_attendance(world: World, always: Sequence[str]) -> None:
    """At the newest roll-call that had time to be heard every server has heard all of them."""
    window_slots = COOP.constants.window_slots
    round_ = (world.options.slots - HEARD_SLOTS) // window_slots * window_slots
    for server in world.get_running() if round_ > 0 else ():
        heard = server.owner.consensus.gadget.heres.get_round(round_)
        missing = [name for name in always if get_account_id(name) not in heard]
        expect("I16", not missing, f"{server.name} has not heard {missing} at {round_}")


def let_join(world: World, name: str, slot: int) -> None:
    """A person opens a seat, saves and bonds for it."""
    bond = world.genesis.constants.bond_min
    at(world, slot, _register, world, name)
    at(world, slot + 10, world.members.send, name, Save(bond, 90))
    at(world, slot + 20, world.members.send, name, Bond(0, bond))


def _register(world: World, name: str) -> None:
    world.members.send(name, RegisterSeat(build_seat_keys(name, chain=world.chain)))


def exhaustive(powers: Powers, rounds: int = ROUNDS) -> str:
    """One seat against everything, up to five rounds, or so many."""
    found = search(rounds, powers)
    expect("I13", not found.offence, found)
    return f"no offence in {found.situations} situations, after {found.runs} runs of the machine"


def count_slots(hours: float | None, otherwise: int) -> int:
    """How long to play."""
    return otherwise if hours is None else int(hours * HOUR)


def list_schedules(hours: float | None, seeds: range) -> dict[str, Callable[[], str]]:
    """All of them; some can be made shorter, or played in pieces."""
    return {
        "outage of twelve hours": outage_of_twelve_hours,
        "43 percent seized": seized_43_percent,
        "two hundred nodes": partial(two_hundred_nodes, count_slots(hours, HOUR)),
        "two hundred seats on ten nodes": partial(two_hundred_seats, count_slots(hours, LONG_DAY)),
        "one equivocator of four": partial(many_partitions, 1, seeds),
        "two equivocators of four": partial(many_partitions, 2, seeds),
        "one seat, any order": partial(exhaustive, Powers(rivals=True)),
        "one seat, journal lost": partial(exhaustive, Powers(lose=True, hide=True, rivals=True)),
        "one seat, journal lost, clock behind": partial(
            exhaustive, Powers(lose=True, clock_back=2, rivals=True)
        ),
        "one seat, old journal": partial(exhaustive, Powers(restore=True, rivals=True)),
        "one seat, two heights": partial(exhaustive, Powers(rivals=True, tall=True)),
        "one seat, two heights, journal lost": partial(
            exhaustive, Powers(lose=True, hide=True, rivals=True, tall=True), 4
        ),
        "one seat, three levels": partial(exhaustive, Powers(rivals=True, levels=True), 4),
        "one seat, two heights, three levels": partial(
            exhaustive, Powers(rivals=True, tall=True, levels=True), 4
        ),
    }


def main(arguments: list[str]) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.long", description=__doc__)
    parser.add_argument("--only", default="", help="schedules whose names hold this")
    parser.add_argument("--hours", type=float, help="of two hundred nodes or seats")
    parser.add_argument("--seeds", type=int, default=1_000, help="of partitions")
    parser.add_argument("--first", type=int, default=0, help="of these seeds")
    chosen = parser.parse_args(arguments)
    logging.getLogger("pai").setLevel(logging.CRITICAL + 1)
    failed = 0
    seeds = range(chosen.first, chosen.first + chosen.seeds)
    for name, schedule in list_schedules(chosen.hours, seeds).items():
        if chosen.only not in name:
            continue
        began = time.perf_counter()
        try:
            told = schedule()
        except Broken as broken:
            told, failed = f"FAILED: {broken}", failed + 1
        print(f"{name}: {told} ({time.perf_counter() - began:.0f} s)", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
