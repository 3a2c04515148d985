"""The simulator itself: the same seed twice, its teeth, its named schedules, and a slice of seeds.

The whole of it is ``make simulate``, ``make simulate-planted`` and ``make simulate-long``.
"""

import logging
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from consensus.rest import is_undisturbed
from tests.simulation.campaign import run, shrink
from tests.simulation.directed import SCHEDULES
from tests.simulation.exhaustive import Powers, search
from tests.simulation.hunt import BY_SEEDS
from tests.simulation.options import FEATURES, draw
from tests.simulation.parted import Outcome, try_partitions
from tests.simulation.planted import hunt, plant, play
from tests.simulation.planted_votes import DIRECTED_FAULTS
from tests.simulation.quorums import find_small_overlap
from tests.simulation.signatures import replacing

QUICK = (
    "3 from genesis",
    "4 from genesis",
    "bounce",
    "clock ahead",
    "alone ahead",
    "clock behind",
    "half seized",
    "above the bound",
)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    logger = logging.getLogger("pai")
    before = logger.level
    yield
    logger.setLevel(before)


def test_the_same_seed_gives_the_same_trace_under_other_hash_seeds_too() -> None:
    options = draw(5, slots=90, servers=4)
    here = run(options)
    assert not here.failure
    for hash_seed in ("0", "77"):
        told = subprocess.run(
            [sys.executable, "-m", "tests.simulation", "--seed", "5", "--slots", "90",
             "--servers", "4", "--lines", "1"],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert f"trace {here.trace}" in told.stdout
    assert run(draw(6, slots=90, servers=4)).trace != here.trace


def test_nothing_that_is_shared_or_passed_over_changes_a_run() -> None:
    options = draw(2, slots=100, servers=5)
    assert options.shares
    with replacing({is_undisturbed: lambda _state, _event: False}):
        slow = run(options._replace(shares=False))
    assert run(options).trace == slow.trace


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_slice_of_seeds(seed: int) -> None:
    outcome = run(draw(seed, slots=130, servers=5))
    assert not outcome.failure, outcome.options.format()


@pytest.mark.parametrize("seed", [515, 1088])
def test_seeds_that_broke_once(seed: int) -> None:
    outcome = run(draw(seed))
    assert not outcome.failure, outcome.options.format()


@pytest.mark.parametrize(("seed", "count", "stands"), [(326, 1, False), (220, 2, True)])
def test_seeds_of_partitions_that_broke_once(seed: int, count: int, *, stands: bool) -> None:
    outcome = try_partitions(seed, count)
    assert outcome == Outcome(stands=stands), outcome


def test_real_signatures_and_proofs() -> None:
    outcome = run(draw(3, slots=75, servers=4)._replace(real=True))
    assert not outcome.failure, outcome.options.format()


@pytest.mark.parametrize("name", QUICK)
def test_schedules(name: str) -> None:
    SCHEDULES[name]()


@pytest.mark.parametrize(
    "name", ["signature before journal", "a vote for the base", "peers blamed for a header"]
)
def test_planted_faults_are_found(name: str) -> None:
    planted = next(item for item in BY_SEEDS if item.name == name)
    assert hunt(planted).broken


def test_a_planted_fault_is_found_by_its_schedule() -> None:
    planted, schedule = next(item for item in DIRECTED_FAULTS if item[1] == "boundary")
    assert play(planted, schedule, SCHEDULES[schedule]).broken == "I10"


def test_a_failure_is_made_smaller_and_told_in_one_line() -> None:
    planted = next(item for item in BY_SEEDS if item.name == "signature before journal")
    with plant(planted):
        smaller = shrink(run(draw(4, slots=70, servers=4)))
    assert smaller.name == "I3"
    assert not smaller.options.features
    assert smaller.options.format().startswith("python -m tests.simulation --seed 4 --slots 70")
    assert "--without" in smaller.options.format()
    assert len(FEATURES) > 30


def test_one_seat_never_contradicts_itself_whatever_others_do() -> None:
    for powers in (Powers(rivals=True), Powers(lose=True, hide=True, rivals=True)):
        found = search(3, powers)
        assert not found.offence, found
        assert found.situations > 200
    higher = search(3, Powers(rivals=True, tall=True))
    assert not higher.offence, higher
    assert higher.voted == {(0, 1), (0, 2)}
    later = search(3, Powers(rivals=True, levels=True))
    assert not later.offence, later
    assert later.voted == {(0, 1), (1, 1), (2, 1)}


def test_canary_a_seat_that_forgets_is_found_out() -> None:
    faults = {planted.name: planted for planted, _ in DIRECTED_FAULTS}
    with plant(faults["acks free after a loss"]):
        assert search(3, Powers(lose=True, hide=True)).offence
    for name in ("ack below a prevote", "journal not taken up", "lock not in the ack's write"):
        with plant(next(item for item in BY_SEEDS if item.name == name)):
            assert search(3, Powers(rivals=True)).offence, name
            assert search(3, Powers(rivals=True, tall=True)).offence, name
    # Not promised: an old journal is put back, and nobody tells what he saw of the newer one.
    found = search(2, Powers(restore=True, hide=True, rivals=True))
    assert found.offence
    assert found.way[-1]


def test_two_decisions_always_share_more_than_the_bound() -> None:
    assert find_small_overlap() is None


def test_canary_lower_quorums_share_too_little() -> None:
    half = next(item for item in BY_SEEDS if item.name == "quorum of a half")
    with plant(half):
        assert find_small_overlap() is not None
