"""Signatures and VRF proofs that this node has verified lately, so that none is verified twice.

The mempool, the judges, import and production ask the same memory: what was verified when a
transaction came in is known when its block comes. Only what holds is remembered, by a hash of the
exact claim; two generations bound the memory.
"""

from collections.abc import Iterable
from typing import Final

from chain import vrf
from chain.checks import VrfClaim
from chain.crypto import Signed, compute_hash, is_signed, start_hash

_NAME_HASHER: Final = start_hash(b"known-signature")  # of each vote that comes, a few times
REMEMBERED_MAX: Final = 65_536  # in each of two generations; about 10 MB together when full


class KnownSignatures:
    """A ``SignatureChecks`` with a memory. ``learn`` may run in other threads."""

    __slots__ = ("_old", "_old_outputs", "_outputs", "_young")

    def __init__(self) -> None:
        self._young: set[bytes] = set()
        self._old: set[bytes] = set()
        self._outputs: dict[bytes, bytes] = {}
        self._old_outputs: dict[bytes, bytes] = {}

    def holds(self, claim: Signed) -> bool:
        """Whether the signature verifies; at once when it has before."""
        name = _name(claim)
        if name in self._young or name in self._old:
            return True
        if not is_signed(claim):
            return False
        self._remember(name)
        return True

    def is_known(self, claim: Signed) -> bool:
        """Whether the signature has been verified before."""
        name = _name(claim)
        return name in self._young or name in self._old

    def is_open(self, claim: VrfClaim) -> bool:
        """Whether the proof has been verified before."""
        name = _name_vrf(claim)
        return name in self._outputs or name in self._old_outputs

    def open_vrf(self, claim: VrfClaim) -> bytes | None:
        """The 64-byte output of the proof, or None when it does not verify."""
        name = _name_vrf(claim)
        output = self._outputs.get(name) or self._old_outputs.get(name)
        if output is None:
            try:
                output = vrf.verify(claim.public_key, claim.alpha, claim.proof)
            except vrf.VrfError:
                return None
            self._remember_output(name, output)
        return output

    def learn(self, claims: Iterable[Signed]) -> None:
        """Verify claims before they are asked; whether they hold is told when they are."""
        for claim in claims:
            self.holds(claim)

    def _remember(self, name: bytes) -> None:
        self._young.add(name)
        if len(self._young) > REMEMBERED_MAX:
            self._old, self._young = self._young, set()

    def _remember_output(self, name: bytes, output: bytes) -> None:
        self._outputs[name] = output
        if len(self._outputs) > REMEMBERED_MAX // 16:
            self._old_outputs, self._outputs = self._outputs, {}


def _name(claim: Signed) -> bytes:
    """The exact claim in 32 bytes: keys and signatures are of fixed length."""
    hasher = _NAME_HASHER.copy()
    hasher.update(claim.public_key + claim.signature + claim.message)
    return hasher.digest()


def _name_vrf(claim: VrfClaim) -> bytes:
    return compute_hash(b"known-vrf", claim.public_key, claim.proof, claim.alpha)
