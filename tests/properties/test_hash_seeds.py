"""The same blocks give the same roots, however a process orders its sets and dictionaries."""

import os
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]


def run(hash_seed: str) -> str:
    result = subprocess.run(
        [sys.executable, "-m", "tests.properties.replay_script"],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return result.stdout


def test_roots_do_not_depend_on_the_hash_seed() -> None:
    first, second, third = run("0"), run("1"), run("4294967295")
    lines = first.splitlines()
    built = [line.split()[1] for line in lines if " " in line]
    replayed = [line for line in lines if " " not in line]
    assert built == replayed
    assert len(set(built)) == len(built) == 60
    assert first == second == third
