"""Long work in a process of its own: while a solver works, no other thread of Python does.

What such a process may take of the machine is bounded: memory and processor by itself, time by
whoever waits. It ends when nobody waits any more, however that came about.
"""

import fcntl
import os
import resource
import sys
from importlib.util import find_spec
from math import ceil
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


def begin_work(*, is_urgent: bool) -> bytes:
    """The input of a process of such work, which is bounded from now on.

    What is not urgent gives way to everything else that wants the processor. It may use it for as
    many seconds as its first argument says. Should whoever reads its output be gone, killed even,
    the system ends it: a solver that works would notice nothing.
    """
    seconds_max = int(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds_max, seconds_max))
    if not is_urgent:
        os.nice(NICENESS)
    _set_ending(True)
    return sys.stdin.buffer.read()


def end_work(data: bytes) -> None:
    """Hand out what such a process has made."""
    _set_ending(False)  # whoever reads now is there
    sys.stdout.buffer.write(data)


def _set_ending(is_on: bool) -> None:
    """Whether SIGIO, which ends a process, comes when something happens to the output's pipe."""
    output = sys.stdout.fileno()
    flags = fcntl.fcntl(output, fcntl.F_GETFL) & ~os.O_ASYNC
    if is_on:
        fcntl.fcntl(output, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(output, fcntl.F_SETFL, flags | os.O_ASYNC if is_on else flags)


async def work_apart(module: str, data: bytes, seconds_max: float) -> bytes:
    """What a module makes of the data as a program, from its input to its output.

    The process ends with whoever waits for it. Raises WorkFailed.
    """
    try:
        with trio.fail_after(seconds_max):
            done = await trio.run_process(
                [sys.executable, "-m", module, str(ceil(seconds_max))],
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
