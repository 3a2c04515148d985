"""Run seeds of the simulator: ``python -m tests.simulation --seeds 200`` or ``--seed 17``."""

import sys

from tests.simulation.campaign import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
