"""Starts a program that ends when its parent does, however the parent ends.

``python -m node.ops.leash PARENT COMMAND ...``: a demonstration or a test that crashes, or is
killed, must not leave servers behind. Linux can tell a process of its parent's death; elsewhere
this just starts the program.
"""

import ctypes
import os
import signal
import sys
from contextlib import suppress
from typing import Final

_PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h


def main(arguments: list[str]) -> None:
    """Become the command, on a leash."""
    parent, *command = arguments
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != int(parent):
        return  # the parent died before the leash was on
    os.execv(command[0], command)  # noqa: S606 - no shell, and the command is our own program


if __name__ == "__main__":
    main(sys.argv[1:])
