"""Signatures and lottery proofs for simulated seats: a fast keyed hash, or the real thing.

Whatever is signed anywhere passes ``see`` first, at the moment of signing, so that an omniscient
witness misses nothing. A fast signature is as good as its key is public: nobody in a simulation
forges one, except where a fault says so. Patched names are put back when the context ends.
"""

import hashlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Final

from chain import crypto, vrf
from chain.crypto import KeyPair, Signed, build_key_pair

ROOMS: Final = ("chain", "consensus", "genesis", "node", "p2p", "tests", "wallet")

# Public key and message, before anything is signed.
See = Callable[[bytes, bytes], None]


def sign_fast(key: KeyPair, message: bytes) -> bytes:
    """Sixty-four bytes that only this key and message give."""
    return hashlib.blake2b(message, key=key.public, digest_size=64).digest()


def is_signed_fast(claim: Signed) -> bool:
    """Whether ``sign_fast`` made the signature."""
    expected = hashlib.blake2b(claim.message, key=claim.public_key, digest_size=64).digest()
    return expected == claim.signature


@lru_cache(maxsize=1_024)
def _get_public(seed: bytes) -> bytes:
    return build_key_pair(seed).public


def _draw_fast(public: bytes, alpha: bytes) -> bytes:
    return hashlib.blake2b(alpha, key=public, digest_size=32, person=b"gamma").digest()


def prove_fast(seed: bytes, alpha: bytes) -> bytes:
    """Eighty bytes in the place of a proof."""
    return _draw_fast(_get_public(seed), alpha) + bytes(48)


def verify_fast(public: bytes, alpha: bytes, proof: bytes) -> bytes:
    """The output of a fast proof. Raises VrfError."""
    if proof[:32] != _draw_fast(public, alpha) or len(proof) != vrf.PROOF_BYTES:
        raise vrf.VrfError("no proof of this key and input")
    return output_fast(proof)


def output_fast(proof: bytes) -> bytes:
    """The output of a fast proof, whoever made it."""
    return hashlib.blake2b(proof[:32], digest_size=64, person=b"beta").digest()


@contextmanager
def signing(see: See, *, real: bool = False) -> Iterator[None]:
    """Let every signature of this process pass ``see``; fast ones unless ``real``."""
    honest_sign = crypto.sign

    def sign_seen(key: KeyPair, message: bytes) -> bytes:
        see(key.public, message)
        return honest_sign(key, message) if real else sign_fast(key, message)

    changes: dict[Any, Any] = {crypto.sign: sign_seen}
    changes[crypto.is_signed] = _remember(crypto.is_signed) if real else is_signed_fast
    if real:
        changes |= {
            vrf.verify: _remember(vrf.verify),
            vrf.guess_output: _remember(vrf.guess_output),
        }
        changes[vrf.prove] = _remember(vrf.prove)
    else:
        changes |= {vrf.prove: prove_fast, vrf.verify: verify_fast}
        changes |= {vrf.compute_output: output_fast, vrf.guess_output: output_fast}
    with replacing(changes):
        yield


def _remember(work: Callable[..., Any]) -> Callable[..., Any]:
    """Nodes of one simulation share what depends on nothing but its bytes."""
    return lru_cache(maxsize=65_536)(work)


@contextmanager
def replacing(changes: dict[Any, Any]) -> Iterator[None]:
    """Put other functions in the places of these, in every module of ours that names them."""
    undo: list[tuple[dict[str, Any], str, Any]] = []
    for name, module in sorted(sys.modules.items()):
        if name.split(".", 1)[0] not in ROOMS:
            continue
        names = vars(module)
        for attribute, value in list(names.items()):
            if callable(value) and isinstance(value, type(replacing)) and value in changes:
                undo.append((names, attribute, value))
                names[attribute] = changes[value]
    try:
        yield
    finally:
        for names, attribute, value in undo:
            names[attribute] = value
