"""``make simulate-planted``: plants one fault after the other, and sees whether each is found.

Prints a table; ends with 1 when a fault was not found, or does not fit the program any more.
"""

import argparse
import logging
import multiprocessing
import sys
import time

from tests.simulation.directed import SCHEDULES
from tests.simulation.planted import Found, format_found, hunt, play
from tests.simulation.planted_blocks import BLOCK_FAULTS
from tests.simulation.planted_votes import DIRECTED_FAULTS, VOTE_FAULTS

BY_SEEDS = (*BLOCK_FAULTS, *VOTE_FAULTS)
COUNT = len(BY_SEEDS) + len(DIRECTED_FAULTS)


def find(number: int) -> Found:
    """Look for one of the faults."""
    logging.getLogger("pai").setLevel(logging.CRITICAL + 1)
    if number < len(BY_SEEDS):
        return hunt(BY_SEEDS[number])
    planted, schedule = DIRECTED_FAULTS[number - len(BY_SEEDS)]
    return play(planted, schedule, SCHEDULES[schedule])


def main(arguments: list[str]) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.hunt", description=__doc__)
    parser.add_argument("--cores", type=int, default=multiprocessing.cpu_count())
    parser.add_argument("--only", default="", help="faults whose names hold this")
    chosen = parser.parse_args(arguments)
    names = [item.name for item in (*BY_SEEDS, *(planted for planted, _ in DIRECTED_FAULTS))]
    numbers = [number for number in range(COUNT) if chosen.only in names[number]]
    began, missed = time.perf_counter(), 0
    with multiprocessing.Pool(chosen.cores) as pool:
        for found in pool.imap(find, numbers):
            missed += not found.broken
            print(format_found(found), flush=True)
    print(f"{len(numbers)} faults, {missed} not found, {time.perf_counter() - began:.0f} s")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
