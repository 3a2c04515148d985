"""A seat's set-off: solved once a window, beside everything else, and offered to our own blocks.

Nobody must solve. What was found is checked like a stranger's before it goes into a block, and
again with the block.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from chain.records import ClearingCertificate
from chain.rules.clearing import get_entered
from chain.rules.clearing_window import get_window
from chain.setoff import Graph, pack_certificate
from chain.state import State
from node.exchange.setoff_solver import NoSolver, has_solver, solve_apart
from node.logs import Log


@dataclass(slots=True)
class SetOffDesk:
    """Which window was looked at last, by its seed, and what was found for it."""

    interval: int = 0
    seed: bytes = b""
    certificate: ClearingCertificate | None = None
    busy: bool = False

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


async def solve_setoff(
    desk: SetOffDesk,
    graph: Graph,
    seconds_max: int,
    run_in_thread: Callable[..., Awaitable[Any]],
    log: Log,
) -> None:
    """Solve what was begun and keep what is found; a failure is logged, and nothing is lost."""
    try:
        flows, potentials = await run_in_thread(solve_apart, graph, seconds_max)
        desk.certificate = pack_certificate(desk.interval, graph, flows, potentials)
        log.info("setoff_solved", interval=desk.interval, obligations=graph.debts)
    except NoSolver as error:
        log.warning("setoff_not_solved", interval=desk.interval, reason=str(error))
    finally:
        desk.busy = False
