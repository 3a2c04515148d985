"""Who tests the tester: faults that are planted on purpose, each of which must be found.

A planted fault replaces one function of the program for the length of a run, in tests only. Each
must be found by random runs within a stated number of seeds, or by a named directed schedule.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

from tests.simulation.campaign import Outcome, run
from tests.simulation.options import draw
from tests.simulation.signatures import replacing


class Planted(NamedTuple):
    """A fault. ``room``: where it lies; ``seeds``: within how many it must be found."""

    name: str
    room: str
    original: Any
    faulty: Callable[..., Any]
    seeds: int = 20
    first: int = 0


class Found(NamedTuple):
    """How a fault was found; ``outcome`` is None when it was not."""

    planted: Planted
    seeds: int
    outcome: Outcome | None


@contextmanager
def plant(planted: Planted) -> Iterator[None]:
    """The fault is there while this lasts."""
    with replacing({planted.original: planted.faulty}):
        yield


def hunt(planted: Planted) -> Found:
    """Run seeds until the fault is found, or there have been enough."""
    with plant(planted):
        for count in range(planted.seeds):
            outcome = run(draw(planted.first + count))
            assert outcome.name not in BROKEN_PLANTS, outcome.failure
            if outcome.failure:
                return Found(planted, count + 1, outcome)
    return Found(planted, planted.seeds, None)


def format_found(found: list[Found]) -> str:
    """A table for people."""
    lines = []
    for item in found:
        name = f"{item.planted.room:10} {item.planted.name}"
        if item.outcome is None:
            lines.append(f"{name:62} NOT FOUND in {item.seeds} seeds")
        else:
            lines.append(f"{name:62} {item.outcome.name:>16} after {item.seeds} seeds")
    return "\n".join(lines)


# These say that a planted fault does not fit the program any more, not that it was found.
BROKEN_PLANTS: Final = ("TypeError", "AttributeError", "NameError", "RecursionError")
ROOMS: Final = ("consensus", "journal", "ledger", "sync", "mempool")
