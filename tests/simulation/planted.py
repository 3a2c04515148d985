"""Who tests the tester: faults that are planted on purpose, each of which must be found.

A planted fault replaces one function of the program for the length of a run, in tests only. Each
must be found by random runs within a stated number of seeds, or by a named directed schedule.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

from tests.simulation.campaign import run
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
    """How a fault was found: the invariant that broke, and what it took. Empty: not found."""

    planted: Planted
    by: str  # so many seeds, or the name of a schedule
    broken: str
    detail: str = ""


@contextmanager
def plant(planted: Planted) -> Iterator[None]:
    """The fault is there while this lasts."""
    with replacing({planted.original: planted.faulty}):
        yield


def hunt(planted: Planted) -> Found:
    """Run seeds until the fault is found, or there have been enough."""
    with plant(planted):
        for count in range(planted.seeds):
            options = draw(planted.first + count)
            outcome = run(options._replace(slots=min(options.slots, SLOTS)))
            if outcome.name in BROKEN_PLANTS:
                return Found(planted, f"does not fit: {outcome.failure}", "")
            if outcome.failure:
                return Found(planted, f"{count + 1} seeds", outcome.name, outcome.failure)
    return Found(planted, f"{planted.seeds} seeds", "")


def play(planted: Planted, name: str, schedule: Callable[[], object]) -> Found:
    """Play a schedule with the fault in the program."""
    with plant(planted):
        try:
            schedule()
        except AssertionError as error:
            broken = getattr(error, "name", type(error).__name__)
            return Found(planted, f"schedule {name!r}", broken, str(error))
    return Found(planted, f"schedule {name!r}", "")


def format_found(item: Found) -> str:
    """A line of the table."""
    name = f"{item.planted.room:10} {item.planted.name}"
    return f"{name:44} {item.broken or 'NOT FOUND':16} {item.by}"


# These say that a planted fault does not fit the program any more, not that it was found.
BROKEN_PLANTS: Final = ("TypeError", "AttributeError", "NameError", "RecursionError")
SLOTS: Final = 220  # a hunt is many short runs
ROOMS: Final = ("consensus", "journal", "ledger", "sync", "mempool")
