"""A thousand seeds of partitions with one of four who votes on both sides, and with two of them.

One is below the bound: nothing may part, and finality goes on. Two are above it: what parts must be
seen, and must be told of the guilty only.
"""

import logging
import multiprocessing
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from chain.votes import LEVEL_MAX
from tests.simulation import adversary
from tests.simulation.directed import expect
from tests.simulation.faults import at
from tests.simulation.options import Options
from tests.simulation.progress import tell_progress
from tests.simulation.watch import Broken
from tests.simulation.world import World


class Outcome(NamedTuple):
    """Of one seed. ``fault``: what broke; empty: nothing."""

    parted: bool = False
    seen: bool = False
    stands: bool = False  # rivals were justified in one round: honest servers are locked on both
    fault: str = ""


def partitions(seed: int, count: int) -> Outcome:
    """Partitions with so many equivocators of four.

    When finality has parted, all who are connected must have seen it at the end, and must name the
    equivocators, and nobody else. Raises Broken.
    """
    options = Options(seed, 190, 4, frozenset({"partition", "loss", "power cuts", "payments"}))
    world = World(options, newcomers=0)
    world.continues_after_conflict_slots = options.slots
    dice = world.get_dice("equivocators")
    for name in world.names[:count]:
        world.byzantine.add(name)
        world.by_seat[name].is_shameless = True
        for slot in range(10, 130):
            at(world, slot + 0.35, adversary.vote_twice, world.by_seat[name], dice)
    try:
        world.run()
    except Broken as broken:
        if broken.name not in ("I10", "I11") or not is_torn(world):
            raise
        expect("I1", count > 1, f"seed {seed}: rivals justified in one round")
        return Outcome(stands=True)
    unnamed = world.watch.check_named()
    expect("I2", unnamed is None, f"seed {seed}: {unnamed}")
    parted = world.watch.conflicts > 0
    if count == 1:
        levels = {level for _, _, level in world.watch.final_slots}
        expect("I1", not parted or max(levels) == LEVEL_MAX, f"seed {seed}")
    return Outcome(parted, world.coverage.counts["conflict detected"] > 0)


def is_torn(world: World) -> bool:
    """Whether honest servers hold different blocks for justified by one round of one set.

    Only seats of more than the bound can have done that. Neither server may leave its block until a
    higher round justifies another, for which both are needed: nothing is promised then.
    """
    held: dict[tuple[bytes, int], set[bytes]] = {}
    for server in world.get_running():
        if world.is_honest_server(server.name):
            gadget = server.owner.consensus.gadget
            key = gadget.voters.base, gadget.lock.round
            held.setdefault(key, set()).add(gadget.lock.hash)
    return any(len(blocks) > 1 for blocks in held.values())


def try_partitions(seed: int, count: int) -> Outcome:
    """The same, and what broke."""
    logging.getLogger("pai").setLevel(logging.CRITICAL + 1)
    try:
        return partitions(seed, count)
    except AssertionError as error:
        return Outcome(fault=f"seed {seed}: {type(error).__name__} {error}")


def many_partitions(count: int, seeds: Sequence[int]) -> str:
    """The same for many seeds, in one line."""
    with multiprocessing.Pool() as pool:
        tried = pool.imap(partial(try_partitions, count=count), seeds)
        outcomes = list(tell_progress(tried, len(seeds), "seeds of partitions"))
    parted = sum(outcome.parted for outcome in outcomes)
    seen = sum(outcome.seen for outcome in outcomes)
    stands = sum(outcome.stands for outcome in outcomes)
    broken = [outcome.fault for outcome in outcomes if outcome.fault]
    expect("I2", not broken, f"{len(broken)} of {len(seeds)} runs, {'; '.join(broken[:3])}")
    expect("I2", seen >= parted, f"of {parted} conflicts {seen} were detected")
    return (
        f"finality parted in {parted} of {len(seeds)} runs, and was seen to in {seen}; in {stands} "
        "more it stands, as rivals were justified in one round"
    )
