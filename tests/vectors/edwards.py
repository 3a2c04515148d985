"""Edwards25519 in plain integers, and a plain RFC 9381 verifier: an oracle for tests, slow.

It follows the standards' formulas and shares nothing with the ledger's code. ``is_plain_proof``
decodes points as leniently as the RFC allows, so that tests can show what strictness adds.
"""

import hashlib
from typing import Final

P: Final = 2**255 - 19
Q: Final = 2**252 + 27742317777372353535851937790883648493
D: Final = -121665 * pow(121666, -1, P) % P
SQRT_MINUS_ONE: Final = pow(2, (P - 1) // 4, P)

Point = tuple[int, int]
IDENTITY: Final[Point] = (0, 1)


def add(one: Point, other: Point) -> Point:
    """The sum of two points, complete for this curve."""
    (x1, y1), (x2, y2) = one, other
    product = D * x1 * x2 * y1 * y2 % P
    x = (x1 * y2 + x2 * y1) * pow(1 + product, -1, P)
    y = (y1 * y2 + x1 * x2) * pow(1 - product, -1, P)
    return x % P, y % P


def negate(point: Point) -> Point:
    """The point whose sum with this one is the identity."""
    return -point[0] % P, point[1]


def multiply(scalar: int, point: Point) -> Point:
    """A multiple of a point by doubling and adding, in extended coordinates (RFC 8032, 5.1.4)."""
    x, y = point
    base, result = (x, y, 1, x * y % P), (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            result = _add_extended(result, base)
        base = _add_extended(base, base)
        scalar >>= 1
    inverse = pow(result[2], -1, P)
    return result[0] * inverse % P, result[1] * inverse % P


def _add_extended(
    one: tuple[int, int, int, int], other: tuple[int, int, int, int]
) -> tuple[int, int, int, int]:
    a = (one[1] - one[0]) * (other[1] - other[0]) % P
    b = (one[1] + one[0]) * (other[1] + other[0]) % P
    c = 2 * D * one[3] * other[3] % P
    d = 2 * one[2] * other[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def encode(point: Point) -> bytes:
    """RFC 8032, 5.1.2."""
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


def decode(data: bytes) -> Point | None:
    """RFC 8032, 5.1.3: the point of these bytes, or None."""
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, number & ((1 << 255) - 1)
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * SQRT_MINUS_ONE % P
    if x * x % P != square or (x == 0 and sign):
        return None
    return (x if x & 1 == sign else P - x, y)


def _find_base() -> Point:
    base = decode((4 * pow(5, -1, P) % P).to_bytes(32, "little"))
    assert base is not None
    return base


BASE: Final = _find_base()


def find_small_order_points() -> list[Point]:
    """The eight points whose order divides eight."""
    for y in range(2, 100):
        point = decode(y.to_bytes(32, "little"))
        torsion = None if point is None else multiply(Q, point)
        if torsion is not None and multiply(4, torsion) != IDENTITY:
            return [multiply(index, torsion) for index in range(8)]
    raise AssertionError("one point in two has a torsion part of order eight")


def hash_to_curve(public: bytes, alpha: bytes) -> Point:
    """RFC 9381, 5.4.1.1."""
    for counter in range(256):
        digest = hashlib.sha512(b"\x03\x01" + public + alpha + bytes((counter, 0))).digest()
        candidate = decode(digest[:32])
        point = IDENTITY if candidate is None else multiply(8, candidate)
        if point != IDENTITY:
            return point
    raise AssertionError("no point in 256 attempts")


def compute_challenge(*points: bytes) -> bytes:
    """RFC 9381, 5.4.3."""
    return hashlib.sha512(b"\x03\x02" + b"".join(points) + b"\x00").digest()[:16]


def expand_seed(seed: bytes) -> tuple[int, bytes]:
    """RFC 8032, 5.1.5: the secret scalar and the nonce prefix."""
    digest = hashlib.sha512(seed).digest()
    scalar = int.from_bytes(digest[:32], "little")
    return scalar & ~(1 << 255) & ~7 | 1 << 254, digest[32:]


def get_public(seed: bytes) -> bytes:
    """The public key of a seed."""
    return encode(multiply(expand_seed(seed)[0], BASE))


def prove(seed: bytes, alpha: bytes, *, twist: Point = IDENTITY) -> bytes:
    """RFC 9381, 5.1; ``twist`` is added to Gamma, as a forger would."""
    secret, prefix = expand_seed(seed)
    public = encode(multiply(secret, BASE))
    point = hash_to_curve(public, alpha)
    gamma = encode(add(multiply(secret, point), twist))
    digest = hashlib.sha512(prefix + encode(point)).digest()
    nonce = int.from_bytes(digest, "little") % Q
    challenge = compute_challenge(
        public,
        encode(point),
        gamma,
        encode(multiply(nonce, BASE)),
        encode(multiply(nonce, point)),
    )
    response = (nonce + int.from_bytes(challenge, "little") * secret) % Q
    return gamma + challenge + response.to_bytes(32, "little")


def compute_output(proof: bytes) -> bytes:
    """RFC 9381, 5.2."""
    gamma = decode(proof[:32])
    assert gamma is not None
    return hashlib.sha512(b"\x03\x03" + encode(multiply(8, gamma)) + b"\x00").digest()


def is_plain_proof(public: bytes, alpha: bytes, proof: bytes) -> bool:
    """RFC 9381, 5.3, without validation of the key: what a verifier by the letter accepts."""
    key, gamma = decode(public), decode(proof[:32])
    challenge, response = proof[32:48], int.from_bytes(proof[48:], "little")
    if key is None or gamma is None or response >= Q:
        return False
    point = hash_to_curve(public, alpha)
    minus = -int.from_bytes(challenge, "little") % (8 * Q)
    u_point = add(multiply(response, BASE), multiply(minus, key))
    v_point = add(multiply(response, point), multiply(minus, gamma))
    expected = compute_challenge(
        public, encode(point), encode(gamma), encode(u_point), encode(v_point)
    )
    return expected == challenge
