"""Where long answers are made: beside the node's own work, and one at a time.

Python runs one thread at once and lets them take turns, so a crowd of long answers would keep the
node from its blocks however many threads they had. One of them at a time costs it half its time at
worst; who waits too long for his turn is refused by the time a request may take.
"""

from collections.abc import Callable
from typing import TypeVar, cast

import trio

from node.owner import RunInThread

T = TypeVar("T")


class Desk:
    """Runs functions that only read, and take longer than a few milliseconds."""

    __slots__ = ("_lock", "_run_in_thread")

    def __init__(self, run_in_thread: RunInThread = trio.to_thread.run_sync) -> None:
        self._lock = trio.Lock()
        self._run_in_thread = run_in_thread

    async def work(self, function: Callable[..., T], *values: object) -> T:
        """The function's value, in its turn."""
        async with self._lock:
            return cast("T", await self._run_in_thread(function, *values))
