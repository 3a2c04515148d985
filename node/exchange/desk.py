"""A seat's set-off: solved once a window, beside everything else, and offered to our own blocks.

Nobody must solve. What was found is checked like a stranger's before it goes into a block, and
again with the block.
"""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from chain.records import ClearingCertificate
from chain.rules.clearing import get_entered
from chain.rules.clearing_window import get_window
from chain.setoff import Graph, Integers, pack_certificate
from chain.state import State
from node.exchange.apart import WorkFailed, has_solver
from node.exchange.setoff_solver import solve_apart
from node.logs import Log

# Finds flows and potentials within so many seconds. Raises WorkFailed.
Solve = Callable[[Graph, float], Awaitable[tuple[Integers, Integers]]]


@dataclass(slots=True)
class SetOffDesk:
    """Which window was looked at last, by its seed, and what was found for it.

    ``solved`` and ``failed`` count since the node started; ``seconds`` is what the last took.
    """

    interval: int = 0
    seed: bytes = b""
    certificate: ClearingCertificate | None = None
    busy: bool = False
    solved: int = 0
    failed: int = 0
    seconds: float = 0.0
    solve: Solve = solve_apart

    def is_wanted(self, state: State) -> bool:
        """Whether a window is open that nothing was tried for, and there is time for it."""
        window = get_window(state)
        return window.open and window.seed != self.seed and not self.busy and has_solver()

    def begin(self, state: State) -> Graph:
        """Take the window up: what has to be solved."""
        window = get_window(state)
        self.interval, self.seed = window.interval, window.seed
        self.certificate, self.busy = None, True
        return get_entered(state)[1].graph

    def get_certificate(self, state: State) -> ClearingCertificate | None:
        """What was found for the window that is open, if it is still that one."""
        window = get_window(state)
        return self.certificate if window.open and window.seed == self.seed else None


async def solve_setoff(desk: SetOffDesk, graph: Graph, seconds_max: int, log: Log) -> None:
    """Solve what was begun and keep what is found; a failure is logged, and nothing is lost."""
    began = time.monotonic()
    try:
        flows, potentials = await desk.solve(graph, seconds_max)
        desk.certificate = pack_certificate(desk.interval, graph, flows, potentials)
        desk.seconds = time.monotonic() - began
        desk.solved += 1
        log.info(
            "setoff_solved",
            interval=desk.interval,
            obligations=graph.debts,
            seconds=round(desk.seconds, 3),
        )
    except WorkFailed as error:
        desk.failed += 1
        log.warning("setoff_not_solved", interval=desk.interval, reason=str(error))
    finally:
        desk.busy = False
