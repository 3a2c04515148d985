"""Expensive checks that depend on nothing but their bytes, so that other threads may do them first.

A rule asks ``SignatureChecks``; whoever feeds it blocks may have let threads ``learn`` the answers
before (libsodium releases the interpreter lock). An answer is remembered only by the exact bytes it
was given for, so a wrong guess costs time and never correctness.
"""

from collections.abc import Iterable
from itertools import compress
from typing import Protocol

import msgspec

from chain import vrf
from chain.crypto import Signed, is_signed


class VrfClaim(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One VRF proof to open: this key, this input, this proof."""

    public_key: bytes
    alpha: bytes
    proof: bytes


class SignatureChecks(Protocol):
    """What rules ask about signatures and VRF proofs."""

    def holds(self, claim: Signed) -> bool:
        """Whether the signature verifies."""
        ...

    def open_vrf(self, claim: VrfClaim) -> bytes | None:
        """The 64-byte output of the proof, or None when it does not verify."""
        ...


class DirectChecks:
    """Checks when asked."""

    def holds(self, claim: Signed) -> bool:
        """Whether the signature verifies."""
        return is_signed(claim)

    def open_vrf(self, claim: VrfClaim) -> bytes | None:
        """The output of the proof, or None."""
        return _open_vrf(claim)


class LearnedChecks:
    """Answers from what threads learned before, and checks at once what they did not.

    An answer is forgotten when it has been given: each is asked once.
    """

    __slots__ = ("_good", "_outputs")

    def __init__(self) -> None:
        self._good: set[Signed] = set()
        self._outputs: dict[VrfClaim, bytes] = {}

    def learn(self, claims: Iterable[Signed]) -> None:
        """Check these signatures; safe to call from several threads at once."""
        self._good.update([claim for claim in claims if is_signed(claim)])

    def learn_vrf(self, claim: VrfClaim) -> None:
        """Open this proof; safe to call from several threads at once."""
        output = _open_vrf(claim)
        if output is not None:
            self._outputs[claim] = output

    def note(self, claims: Iterable[Signed], verdicts: Iterable[bool]) -> None:
        """Remember what a process of ours has found of these signatures."""
        self._good.update(compress(claims, verdicts))

    def note_vrf(self, claims: Iterable[VrfClaim], outputs: Iterable[bytes | None]) -> None:
        """The same of these proofs."""
        for claim, output in zip(claims, outputs, strict=True):
            if output is not None:
                self._outputs[claim] = output

    def holds(self, claim: Signed) -> bool:
        """Whether the signature verifies."""
        try:
            self._good.remove(claim)
        except KeyError:
            return is_signed(claim)
        return True

    def open_vrf(self, claim: VrfClaim) -> bytes | None:
        """The output of the proof, or None."""
        output = self._outputs.pop(claim, None)
        return _open_vrf(claim) if output is None else output

    def forget(self) -> None:
        """Drop what was learned for a block that was refused or abandoned."""
        self._good.clear()
        self._outputs.clear()


def _open_vrf(claim: VrfClaim) -> bytes | None:
    try:
        return vrf.verify(claim.public_key, claim.alpha, claim.proof)
    except vrf.VrfError:
        return None
