"""``python -m tests.bench``: prints the figures, and writes them to build/bench.json."""

import argparse
import json
import os
import platform
from pathlib import Path
from time import perf_counter

from tests.bench.clearing import measure_clearing
from tests.bench.histories import measure_histories
from tests.bench.liquidity import measure_liquidity
from tests.bench.measures import (
    Figures,
    Sizes,
    measure_admissions,
    measure_memory,
    measure_quiet_replay,
    measure_replay,
    measure_tree,
)
from tests.bench.mixed import measure_mixed_replay
from tests.bench.proofs import measure_certificates, measure_proofs, measure_warp

MEASURES = (
    measure_replay,
    measure_mixed_replay,
    measure_quiet_replay,
    measure_histories,
    measure_tree,
    measure_admissions,
    measure_memory,
    measure_certificates,
    measure_proofs,
    measure_warp,
    measure_clearing,
    measure_liquidity,
)


def measure_all(sizes: Sizes) -> dict[str, float | str]:
    """All figures, and what they were taken on; printed as they come."""
    facts: dict[str, float | str] = {
        "machine.python": platform.python_version(),
        "machine.processor": platform.machine(),
        "machine.cores": os.cpu_count() or 0,
    }
    for key, value in facts.items():
        print(f"{key:44} {value:>12}", flush=True)
    for measure in MEASURES:
        figures: Figures = measure(sizes)
        for key, value in figures.items():
            print(
                f"{key:44} {value:12,.3f}" if value < 10 else f"{key:44} {value:12,.0f}", flush=True
            )
        facts |= figures
    return facts


def main() -> None:
    """Measure everything once."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument(
        "--runs", type=int, default=Sizes().runs, help="of each kind; medians count"
    )
    parser.add_argument("--out", type=Path, default=Path("build/bench.json"))
    arguments = parser.parse_args()
    began = perf_counter()
    facts = measure_all(Sizes(runs=arguments.runs))
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(facts, indent=2) + "\n")
    print(f"{perf_counter() - began:.0f} s; written to {arguments.out}")


if __name__ == "__main__":
    main()
