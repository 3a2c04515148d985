"""``python -m tests.dozen``: the machine for long, other lives each time; a failure prints how."""

import argparse
import random
from time import perf_counter

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.dozen.life import KINDS, Life
from tests.dozen.machine import DozenMachine


def main() -> None:
    """Run the machine, then some long lives by the dice alone."""
    parser = argparse.ArgumentParser(prog="python -m tests.dozen", description=__doc__)
    parser.add_argument("--examples", type=int, default=12, help="runs of the machine")
    parser.add_argument("--steps", type=int, default=200, help="steps of each: some 20 deeds each")
    parser.add_argument("--lives", type=int, default=3, help="long lives after that")
    parser.add_argument("--deeds", type=int, default=20_000, help="tried in each of these")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    arguments = parser.parse_args()
    began = perf_counter()
    run_state_machine_as_test(
        DozenMachine,
        settings=settings(
            max_examples=arguments.examples,
            stateful_step_count=arguments.steps,
            deadline=None,
            database=None,
            print_blob=True,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        ),
    )
    print(f"the machine: {perf_counter() - began:.0f} s", flush=True)
    for number in range(arguments.lives):
        seed, life = arguments.seed + number, Life()
        print(f"a life of {arguments.deeds} deeds, --seed {seed}", flush=True)
        life.live(seed, arguments.deeds)
        missing = [kind.__name__ for kind in KINDS if not life.done[kind]]
        done, refused = sum(life.done.values()), sum(life.refused.values())
        print(f"  {life.town.ledger.head.height:,} blocks; {done:,} done, {refused:,} refused")
        print(f"  by {len(life.refused)} codes; never done: {', '.join(missing) or 'nothing'}")
    print(f"{perf_counter() - began:.0f} s, and every law held")


if __name__ == "__main__":
    main()
