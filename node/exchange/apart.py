"""Long work in a process of its own: while a solver works, no other thread of Python does.

What such a process may take of the machine is bounded: memory by itself, time by whoever waits.
"""

import os
import resource
import sys
from importlib.util import find_spec
from typing import Final

import trio

MEMORY_BYTES_MAX: Final = 2 * 2**30  # addresses, of which libraries map some hundred MiB at once
NICENESS: Final = 10
WORDS_MAX: Final = 500  # of what it says last


class WorkFailed(Exception):
    """The process failed, or took too long; the message says which."""


def has_solver() -> bool:
    """Whether OR-tools is installed here."""
    return find_spec("ortools") is not None


def limit_process(*, is_urgent: bool) -> None:
    """Bound what this process takes; called first thing by a process of such work.

    What is not urgent gives way to everything else that wants the processor.
    """
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
    if not is_urgent:
        os.nice(NICENESS)


async def work_apart(module: str, data: bytes, seconds_max: float) -> bytes:
    """What a module makes of the data as a program, from its input to its output.

    The process ends with whoever waits for it. Raises WorkFailed.
    """
    try:
        with trio.fail_after(seconds_max):
            done = await trio.run_process(
                [sys.executable, "-m", module],
                stdin=data,
                capture_stdout=True,
                capture_stderr=True,
                check=False,
            )
    except trio.TooSlowError:
        raise WorkFailed(f"it took more than {seconds_max:.0f} seconds") from None
    except OSError as error:
        raise WorkFailed(f"it cannot be started: {error.strerror}") from None
    if done.returncode:
        words = done.stderr.decode(errors="replace").strip()[-WORDS_MAX:]
        raise WorkFailed(f"it ended with {done.returncode}: {words}")
    return done.stdout
