"""The two worlds of failure, kept apart.

A rule that refuses raises ``Invalid`` with a numbered code: expected, harmless, told to whoever
asked. A broken promise of our own raises ``InvariantBroken`` and halts the node. The numbers are
part of the protocol: they never change meaning, and docs/refusals.md is printed from this table.
"""

from chain.refusals import MEANINGS, Code

__all__ = ["BadGenesis", "Code", "Invalid", "InvariantBroken", "WrongStateRoot"]


class Invalid(Exception):
    """A rule refused: nothing has changed. ``detail`` adds the figures of this very case.

    ``transaction`` is the place in its block of the transaction that was refused, if it was one.
    """

    def __init__(self, code: Code, detail: str = "", transaction: int | None = None) -> None:
        super().__init__(code, detail, transaction)
        self.code = code
        self.detail = detail
        self.transaction = transaction

    def __str__(self) -> str:
        text = f"{MEANINGS[self.code].text} [{int(self.code)} {self.code.name}]"
        return f"{text} {self.detail}" if self.detail else text


class WrongStateRoot(Invalid):
    """A block whose header promises another state than the one that its execution gives."""

    def __init__(self, computed: bytes, expected: bytes) -> None:
        detail = f"computed {computed.hex()}, the header says {expected.hex()}"
        super().__init__(Code.WRONG_STATE_ROOT, detail)
        self.computed = computed
        self.expected = expected


class BadGenesis(Exception):
    """A genesis on which no community can be founded; the message lists its faults."""


class InvariantBroken(AssertionError):
    """The ledger broke one of its own numbered promises: a bug. The node must halt."""
