"""Many runs on several cores: what they found, in one line each, and what they covered.

A failure is tried again with less: features are left out one by one, then slots, as long as the
same invariant breaks. The smallest is told.
"""

import argparse
import gc
import logging
import multiprocessing
import time
import traceback
from functools import partial
from typing import Final, NamedTuple

from tests.simulation.coverage import Coverage
from tests.simulation.directed import SCHEDULES
from tests.simulation.options import FEATURES, SLOTS_MAX, Options, draw
from tests.simulation.progress import tell_progress
from tests.simulation.rubbish import CODES
from tests.simulation.spoiling import FAULTS
from tests.simulation.watch import Broken
from tests.simulation.world import World

# What every campaign must have produced, beside each fault and each pair of faults.
REFUSALS: Final = (
    *CODES,
    "ALREADY_KNOWN",
    "DEPOSIT_BONDED",
    "DEPOSIT_NOT_BONDED",
    "DEPOSIT_TOO_LITTLE",
    "INSUFFICIENT_BALANCE",
    "NO_SEAT",
    "PAYMENT_TO_SELF",
    "SEAT_EXISTS",
    "TERM_OUT_OF_BOUNDS",
    "UNKNOWN_DEPOSIT",
)
VOTED: Final = ("prevotes of", "acks of", "justified at", "final at")
CELLS: Final = (
    *(f"{what} level {level}" for what in VOTED for level in range(3)),
    *(f"offence {kind}" for kind in ("S0", "S1", "S2", "S4", "S5")),
    *(f"evidence: {kind}" for kind in ("HeaderEvidence", "VoteEvidence", "StrayVoteEvidence")),
    "blamed: verdict REJECT",
    "block told again",
    *(f"refused: {code}" for code in REFUSALS),
    "acks withheld",
    "block withheld",
    "blocks refused",
    "certificate forged",
    "clock jump",
    "finality due at the end",
    "journal damaged",
    "log: clock_jumped",
    "log: dated_ahead",
    "log: finality_stands",
    "log: guarded",
    "log: journal_lost",
    "log: key_used_elsewhere",
    "log: slot_missed",
    "old store put back",
    "one-way partition",
    "partition",
    "power cut",
    "primary blocks",
    "reorganisations",
    "roll-call refused",
    "secondary blocks",
    *(f"spoilt block: {fault}" for fault in FAULTS),
    "seizure",
    "sets entered",
)


# What random runs are spared, because it ends what may be promised, or takes too long.
SCHEDULED_CELLS: Final = ("conflicting finality", "conflict detected", "log: chain_replaced")

GARBAGE_THRESHOLD: Final = 20_000  # objects; with 700, one part in thirty of the time goes there
PAIRS_FROM_SEEDS: Final = 200  # fewer runs need not have met every pair of faults


class Outcome(NamedTuple):
    """What one run found."""

    options: Options
    trace: str
    failure: str  # empty: none
    name: str  # of the invariant that broke
    coverage: Coverage
    seconds: float  # of a processor
    lines: tuple[str, ...] = ()


def run(options: Options, *, keep_lines: bool = False) -> Outcome:
    """One run."""
    logging.getLogger("pai").setLevel(logging.CRITICAL + 1)
    began = time.process_time()
    world = World(options)
    if keep_lines:
        world.timeline.lines = []
    failure = name = ""
    try:
        world.run()
    except Broken as broken:
        failure, name = str(broken), broken.name
    except Exception as error:  # noqa: BLE001 - whatever a node raises is a finding
        where = traceback.extract_tb(error.__traceback__)[-1]
        failure = f"{type(error).__name__}: {error} ({where.filename}:{where.lineno})"
        name = type(error).__name__
    return Outcome(
        options,
        world.timeline.trace,
        failure,
        name,
        world.coverage,
        time.process_time() - began,
        tuple(world.timeline.lines or ()),
    )


def shrink(outcome: Outcome) -> Outcome:
    """A smaller run that breaks the same invariant."""
    smallest = outcome
    for feature in sorted(outcome.options.features):
        options = smallest.options
        tried = run(options._replace(features=options.features - {feature}))
        if tried.name == outcome.name:
            smallest = tried
    return smallest


def _run_seed(seed: int, slots_max: int, servers: int | None) -> Outcome:
    options = draw(seed, servers=servers)
    outcome = run(options._replace(slots=min(options.slots, slots_max)))
    gc.collect()  # servers and their world hold each other
    return outcome


def _begin_worker() -> None:
    """Look for cycles seldom: modules stay, and a run leaves few before its end."""
    gc.freeze()
    gc.set_threshold(GARBAGE_THRESHOLD)


def main(arguments: list[str]) -> int:
    """The command line; 1 when something broke."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, help="one run, with its trace")
    parser.add_argument("--seeds", type=int, default=100, help="so many runs")
    parser.add_argument("--first", type=int, default=0, help="from this seed on")
    parser.add_argument("--slots", type=int, help="of one run, or at most of each of many")
    parser.add_argument("--schedules", action="store_true", help="the named schedules first")
    parser.add_argument("--servers", type=int, help="so many in each run, not as drawn")
    parser.add_argument("--without", action="append", default=[], choices=sorted(FEATURES))
    parser.add_argument("--cores", type=int, default=multiprocessing.cpu_count())
    parser.add_argument("--lines", type=int, default=60, help="of the trace's end, when it fails")
    chosen = parser.parse_args(arguments)
    if chosen.seed is not None:
        options = draw(
            chosen.seed,
            slots=chosen.slots,
            servers=chosen.servers,
            without=frozenset(chosen.without),
        )
        return _run_one(options, chosen.lines)
    broken = _run_schedules(chosen.cores) if chosen.schedules else 0
    seeds = range(chosen.first, chosen.first + chosen.seeds)
    slots_max = chosen.slots or SLOTS_MAX
    return max(broken, _run_many(seeds, chosen.cores, slots_max, chosen.servers))


def _run_schedule(name: str) -> tuple[str, str, Coverage]:
    logging.getLogger("pai").setLevel(logging.CRITICAL + 1)
    try:
        return name, "", SCHEDULES[name]().coverage
    except AssertionError as error:
        return name, f"{type(error).__name__}: {error}", Coverage()


def _run_schedules(cores: int) -> int:
    failed, coverage = 0, Coverage()
    with multiprocessing.Pool(cores) as pool:
        for name, failure, covered in pool.imap(_run_schedule, SCHEDULES):
            coverage.merge(covered)
            failed += bool(failure)
            print(f"schedule {name}: {failure or 'holds'}", flush=True)
    empty = coverage.find_empty((), SCHEDULED_CELLS)
    if empty:
        print("no schedule produced: " + ", ".join(empty))
    return 1 if failed or empty else 0


def _run_one(options: Options, lines: int) -> int:
    outcome = run(options, keep_lines=True)
    print(
        f"{options.slots} slots, {options.servers} servers: {', '.join(sorted(options.features))}"
    )
    print("\n".join(outcome.lines[-lines:]))
    print(f"trace {outcome.trace}, {outcome.seconds:.1f} s")
    print(outcome.failure or "nothing broke")
    return 1 if outcome.failure else 0


def _run_many(seeds: range, cores: int, slots_max: int, servers: int | None) -> int:
    began = time.perf_counter()
    coverage, failed, worked = Coverage(), 0, 0.0
    play = partial(_run_seed, slots_max=slots_max, servers=servers)
    with multiprocessing.Pool(cores, _begin_worker) as pool:
        outcomes = pool.imap_unordered(play, seeds)
        for outcome in tell_progress(outcomes, len(seeds), "runs"):
            coverage.merge(outcome.coverage)
            worked += outcome.seconds
            if outcome.failure:
                failed += 1
                print(f"seed {outcome.options.seed}: {outcome.failure}", flush=True)
                print(f"  {outcome.options.format()}", flush=True)
    seconds = time.perf_counter() - began
    slots = coverage.counts["slots"]
    print(coverage.format())
    print(
        f"{len(seeds)} runs, {failed} failed, {slots} slots in {seconds:.0f} s: "
        f"{slots / seconds / cores:.0f} slots per second and core, "
        f"{slots / worked:.0f} per second of processor time"
    )
    empty = coverage.find_empty(FEATURES, CELLS) if len(seeds) >= PAIRS_FROM_SEEDS else []
    if empty:
        print("nothing produced: " + ", ".join(empty))
    return 1 if failed or empty else 0
