"""A process beside this one that checks signatures and VRF proofs while blocks are executed here.

Threads could do so too, but a thread needs the interpreter lock for a moment between any two
signatures, and to pass the lock to and fro takes longer than to check one. Here a thread hands
over many at once and sleeps. Whoever cannot reach the process checks for himself.
"""

import signal
import subprocess
import sys
from collections.abc import Sequence
from typing import IO, Final

import msgspec

from chain.checks import DirectChecks, VrfClaim
from chain.codec import encode
from chain.crypto import Signed, u32

_LENGTH_BYTES: Final = 4
_Outputs = Sequence[bytes | None]
_Verdicts = Sequence[bool]
_QUESTIONS: Final = msgspec.msgpack.Decoder(tuple[tuple[VrfClaim, ...], tuple[Signed, ...]])
_ANSWERS: Final = msgspec.msgpack.Decoder(tuple[tuple[bytes | None, ...], tuple[bool, ...]])

# The other process looks for modules where this one does.
_PROGRAM: Final = "import sys; sys.path[:] = sys.argv[1:]; import chain.verifier as v; v.serve()"


class VerifierGone(Exception):
    """The process cannot be started, or has ended: check yourself."""


class Verifier:
    """The process, as seen from here. One question at a time."""

    def __init__(self) -> None:
        """Start it: that takes a tenth of a second. Raises VerifierGone."""
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-c", _PROGRAM, *sys.path],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        except OSError as error:
            raise VerifierGone(str(error)) from error

    def ask(
        self, proofs: Sequence[VrfClaim], signatures: Sequence[Signed]
    ) -> tuple[_Outputs, _Verdicts]:
        """The proofs' outputs, and whether each signature verifies. Raises VerifierGone."""
        questions, answers = self._process.stdin, self._process.stdout
        assert questions is not None, "it is a pipe"
        assert answers is not None, "it is a pipe"
        try:
            _write(questions, encode((proofs, signatures)))
            data = _read(answers)
        except (OSError, ValueError) as error:
            raise VerifierGone(str(error)) from error
        if data is None:
            raise VerifierGone("it has ended")
        return _ANSWERS.decode(data)

    def close(self) -> None:
        """End it; whatever it was at is not wanted any more."""
        self._process.kill()
        self._process.communicate()


def serve() -> None:
    """Answer what is asked on standard input, until it ends. The work of the other process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends who asks, and so this one
    checks = DirectChecks()
    while (data := _read(sys.stdin.buffer)) is not None:
        proofs, signatures = _QUESTIONS.decode(data)
        outputs = [checks.open_vrf(proof) for proof in proofs]
        verdicts = [checks.holds(claim) for claim in signatures]
        _write(sys.stdout.buffer, encode((outputs, verdicts)))


def _write(pipe: IO[bytes], data: bytes) -> None:
    pipe.write(u32(len(data)) + data)
    pipe.flush()


def _read(pipe: IO[bytes]) -> bytes | None:
    """The next message, or None when the other end is closed."""
    head = pipe.read(_LENGTH_BYTES)
    length = int.from_bytes(head, "big")
    data = pipe.read(length)
    return data if len(head) == _LENGTH_BYTES and len(data) == length else None
