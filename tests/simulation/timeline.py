"""Virtual time: a queue of what is to happen, in milliseconds since genesis, and a trace of it.

What happens at one moment happens in the order in which it was planned. The trace is a running
hash over everything that was noted: the same seed gives the same trace, on any machine.
"""

import hashlib
import heapq
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar

import trio

ResultT = TypeVar("ResultT")

TRACE_KEPT: Final = 400  # last lines, shown when a run fails


class Timeline:
    """What is to happen, and what time it is."""

    def __init__(self) -> None:
        self.now_ms = 0
        self.events = 0
        self._queue: list[tuple[int, int, Callable[..., object], tuple[Any, ...]]] = []
        self._planned = 0
        self._hasher = hashlib.blake2b(digest_size=16)
        self.lines: list[str] | None = None  # a list: lines are kept for people to read

    def plan(self, time_ms: int, work: Callable[..., object], *arguments: Any) -> None:
        """Let something happen at a time; at once when that has passed."""
        self._planned += 1
        heapq.heappush(self._queue, (max(time_ms, self.now_ms), self._planned, work, arguments))

    def run_until(self, time_ms: int) -> None:
        """Let everything happen up to a time."""
        queue = self._queue
        while queue and queue[0][0] <= time_ms:
            self.now_ms, _, work, arguments = heapq.heappop(queue)
            self.events += 1
            work(*arguments)
        self.now_ms = time_ms

    def note(self, what: str) -> None:
        """Put a line into the trace."""
        line = f"{self.now_ms} {what}\n"
        self._hasher.update(line.encode())
        if self.lines is not None:
            self.lines.append(line.rstrip())
            del self.lines[:-TRACE_KEPT]

    @property
    def trace(self) -> str:
        """The hash of all that was noted."""
        return self._hasher.hexdigest()


def drive(work: Coroutine[Any, Any, ResultT]) -> ResultT:
    """Run to its end what waits for nothing: everything it awaits is done at once here."""
    try:
        work.send(None)
    except StopIteration as done:
        result: ResultT = done.value
        return result
    raise AssertionError("it waits for something that a simulation does not have")


async def run_here(work: Callable[..., Any], *arguments: object) -> Any:
    """What a worker thread would do, done at once."""
    return work(*arguments)


@contextmanager
def no_waiting(timeline: Timeline) -> Iterator[None]:
    """Let the node's code believe that trio runs: others get their turn, and time is ours."""

    async def give_turn() -> None:
        return None

    lowlevel, room = vars(trio.lowlevel), vars(trio)
    kept = lowlevel["checkpoint"], room["current_time"]
    lowlevel["checkpoint"] = give_turn
    room["current_time"] = lambda: timeline.now_ms / 1_000
    try:
        yield
    finally:
        lowlevel["checkpoint"], room["current_time"] = kept
