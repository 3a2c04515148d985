"""ECVRF-EDWARDS25519-SHA512-TAI (RFC 9381, suite 3), strict, on libsodium's arithmetic.

Stricter than the RFC's decoding, and a rule of the chain: keys and Gamma are canonical points of
the prime-order group, s < q, and neither c nor s is zero. No curve arithmetic is written here.
"""

import hashlib
from functools import lru_cache
from typing import Final

from nacl import bindings
from nacl.exceptions import CryptoError

PROOF_BYTES: Final = 80
OUTPUT_BYTES: Final = 64

_ORDER: Final = 2**252 + 27742317777372353535851937790883648493
_FIELD_PRIME: Final = 2**255 - 19
_SUITE: Final = b"\x03"
_IDENTITY: Final = (1).to_bytes(32, "little")
_ZERO: Final = bytes(32)
_ATTEMPTS: Final = 256  # the counter of try-and-increment is one byte


class VrfError(ValueError):
    """A proof or key that must not be accepted."""


def prove(seed: bytes, alpha: bytes) -> bytes:
    """The 80-byte proof of the key made from this 32-byte seed, over ``alpha``."""
    secret, nonce_prefix, public = _expand(seed)
    point = _encode_to_curve(public, alpha)
    gamma = bindings.crypto_scalarmult_ed25519_noclamp(secret, point)
    nonce = bindings.crypto_core_ed25519_scalar_reduce(_sha512(nonce_prefix, point))
    challenge = _compute_challenge(
        public,
        point,
        gamma,
        bindings.crypto_scalarmult_ed25519_base_noclamp(nonce),
        bindings.crypto_scalarmult_ed25519_noclamp(nonce, point),
    )
    response = bindings.crypto_core_ed25519_scalar_add(
        nonce, bindings.crypto_core_ed25519_scalar_mul(challenge + bytes(16), secret)
    )
    return bytes(gamma + challenge + response)


def verify(public: bytes, alpha: bytes, proof: bytes) -> bytes:
    """The 64-byte output of a proof. Raises VrfError when the proof must not be accepted."""
    if len(proof) != PROOF_BYTES or len(public) != 32:
        raise VrfError("a proof has 80 bytes and a key 32")
    gamma, challenge, response = proof[:32], proof[32:48], proof[48:]
    if int.from_bytes(response, "little") >= _ORDER:
        raise VrfError("s is not canonical")
    if not any(challenge) or response == _ZERO:
        raise VrfError("c or s is zero")
    if not _is_key(public):
        raise VrfError("the key is not a point of the prime-order group")
    if not bindings.crypto_core_ed25519_is_valid_point(gamma):
        raise VrfError("Gamma is not a point of the prime-order group")
    point = _encode_to_curve(public, alpha)
    scalar = challenge + bytes(16)
    multiply = bindings.crypto_scalarmult_ed25519_noclamp
    try:
        u_point = bindings.crypto_core_ed25519_sub(
            bindings.crypto_scalarmult_ed25519_base_noclamp(response), multiply(scalar, public)
        )
        v_point = bindings.crypto_core_ed25519_sub(
            multiply(response, point), multiply(scalar, gamma)
        )
    except CryptoError as error:
        raise VrfError("no such points") from error
    if _compute_challenge(public, point, gamma, u_point, v_point) != challenge:
        raise VrfError("the challenge does not match")
    return _compute_output(gamma)


def compute_output(proof: bytes) -> bytes:
    """The output of a proof that ``prove`` made or ``verify`` accepted; never of another."""
    return _compute_output(proof[:32])


def guess_output(proof: bytes) -> bytes | None:
    """What the output of a proof would be that nobody has verified; None when it cannot be one."""
    try:
        return _compute_output(proof[:32])
    except CryptoError:
        return None


@lru_cache(maxsize=1_024)
def _is_key(public: bytes) -> bool:
    return bool(bindings.crypto_core_ed25519_is_valid_point(public))


def _sha512(*parts: bytes) -> bytes:
    return hashlib.sha512(b"".join(parts)).digest()


def _expand(seed: bytes) -> tuple[bytes, bytes, bytes]:
    """Secret scalar, nonce prefix and public key of a seed (RFC 8032, 5.1.5)."""
    digest = _sha512(seed)
    clamped = bytearray(digest[:32])
    clamped[0] &= 248
    clamped[31] &= 127
    clamped[31] |= 64
    # The unclamped operations take canonical scalars; x and x mod q give the same point.
    secret = (int.from_bytes(clamped, "little") % _ORDER).to_bytes(32, "little")
    return secret, digest[32:], bindings.crypto_scalarmult_ed25519_base_noclamp(secret)


def _is_canonical(point: bytes) -> bool:
    """RFC 8032, 5.1.3: y below p, and no sign bit where x is zero."""
    value = int.from_bytes(point, "little")
    sign, y = value >> 255, value & ((1 << 255) - 1)
    return y < _FIELD_PRIME and not (sign and y in (1, _FIELD_PRIME - 1))


def _clear_cofactor(point: bytes) -> bytes:
    """Eight times any point of the curve: doublings, since multiplication refuses small orders."""
    for _ in range(3):
        point = bindings.crypto_core_ed25519_add(point, point)
    return point


def _encode_to_curve(salt: bytes, alpha: bytes) -> bytes:
    """RFC 9381, 5.4.1.1, try and increment. Candidates that are not canonical are skipped."""
    start = hashlib.sha512(_SUITE + b"\x01" + salt + alpha)
    for counter in range(_ATTEMPTS):
        attempt = start.copy()
        attempt.update(bytes((counter, 0)))
        candidate = attempt.digest()[:32]
        if not _is_canonical(candidate):
            continue
        try:
            point = _clear_cofactor(candidate)
        except CryptoError:
            continue  # not on the curve: about every second candidate
        if point != _IDENTITY:
            return point
    raise VrfError("no point found for this input")  # probability 2^-256


def _compute_challenge(*points: bytes) -> bytes:
    return _sha512(_SUITE, b"\x02", *points, b"\x00")[:16]


def _compute_output(gamma: bytes) -> bytes:
    return _sha512(_SUITE, b"\x03", _clear_cofactor(gamma), b"\x00")
