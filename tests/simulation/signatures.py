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
from types import BuiltinFunctionType, FunctionType
from typing import Any, Final

from chain import crypto, vrf
from chain.crypto import KeyPair, Signed, build_key_pair

_FUNCTIONS: Final = (FunctionType, BuiltinFunctionType)
KEPT: Final = "_ORIGINAL"  # names that begin so go on meaning what they meant
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
    """Put other functions in the places of these, in every module and table of ours.

    A function that only a class has is a method: it is replaced there, for all of its objects.
    """
    undo: list[tuple[Any, Any, Any]] = []
    for names, name in _find_functions(len(sys.modules)):
        value = names.get(name)
        if value in changes:
            undo.append((names, name, value))
            names[name] = changes[value]
    for method, other in changes.items():
        owner = _find_owner(method)
        if owner is not None:
            undo.append((owner, method.__name__, vars(owner)[method.__name__]))
            setattr(owner, method.__name__, other)
    try:
        yield
    finally:
        for where, name, value in reversed(undo):
            if isinstance(where, dict):
                where[name] = value
            else:
                setattr(where, name, value)


@lru_cache(maxsize=1)
def _find_functions(_modules: int) -> list[tuple[dict[Any, Any], Any]]:
    """Where functions stand that may be replaced: a table, and the name there.

    To look through all modules takes longer than a slot: it is done again when one has been added.
    """
    return [
        (names, name)
        for names in _find_tables()
        for name, value in names.items()
        if type(value) in _FUNCTIONS and not (isinstance(name, str) and name.startswith(KEPT))
    ]


def _find_tables() -> Iterator[dict[Any, Any]]:
    """The names of every module of ours, and the tables of functions among them."""
    for module_name, module in sorted(sys.modules.items()):
        if module_name.split(".", 1)[0] in ROOMS:
            names = vars(module)
            yield names
            yield from [item for item in names.values() if type(item) is dict and item is not names]


def _find_owner(method: Any) -> type | None:
    """The class whose method this is; None: it is a function of a module."""
    module, path = sys.modules.get(method.__module__), method.__qualname__.split(".")
    if len(path) != 2 or module is None:
        return None
    owner = getattr(module, path[0], None)
    return owner if isinstance(owner, type) else None
