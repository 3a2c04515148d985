"""Hashes and signatures with domain separation; libsodium is the only arithmetic.

BLAKE2b-256 personalised per kind, so that bytes of one kind never hash like another; Ed25519 over
a tag and the message. Every key and every length is checked here, and ``check_libsodium`` refuses
a library that is known to be wrong, at start.
"""

import hashlib
from functools import lru_cache
from typing import Final, NamedTuple

import msgspec
import nacl
from nacl import bindings
from nacl.exceptions import CryptoError

HASH_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64

# What a signature is for. A key that signs one kind can never be made to sign another.
SIGN_TRANSACTION: Final = b"pai/transaction/1"
SIGN_HEADER: Final = b"pai/header/1"
SIGN_POSSESSION: Final = b"pai/possession/1"
SIGN_VOTE: Final = b"pai/vote/1"
SIGN_TAKEOVER: Final = b"pai/takeover/1"
SIGN_HERE: Final = b"pai/here/1"
SIGN_NEWEST: Final = b"pai/newest/1"
SIGN_RECOVERY: Final = b"pai/recovery/1"

_FIELD_PRIME: Final = 2**255 - 19
# A point of order two, (0, -1). Added to a valid key it must not pass as a valid key.
_ORDER_TWO: Final = (_FIELD_PRIME - 1).to_bytes(32, "little")
# By the key of the seed 00 01 .. 1f over b"pai", with that point added to R before it was hashed:
# good to a verifier that multiplies by the cofactor, bad to one that compares bytes, as ours must.
_TWISTED_SIGNATURE: Final = bytes.fromhex(
    "ebf5e9a70ec4de50328dfb688497f553dd17eacdcb34506044f127258871f82d"
    "4e0778bfce93779eca6b5d3ac0383823773b13b0edae1e19614c7c7e80be840d"
)


def compute_hash(tag: bytes, *parts: bytes | bytearray) -> bytes:
    """BLAKE2b-256 of the parts one after the other, personalised by ``tag`` (<= 16 bytes).

    Parts must be of fixed length, or one part must be canonical: nothing separates them.
    """
    hasher = _build_hasher(tag).copy()
    for part in parts:
        hasher.update(part)
    return hasher.digest()


def start_hash(tag: bytes) -> "hashlib.blake2b":
    """A hasher that has its tag and waits for parts; for those who hash in the innermost loop."""
    return _build_hasher(tag).copy()


# A copy of a hasher that has its tag takes a third of the time of making one.
@lru_cache(maxsize=256)
def _build_hasher(tag: bytes) -> "hashlib.blake2b":
    return hashlib.blake2b(digest_size=HASH_BYTES, person=tag)


def u32(value: int) -> bytes:
    """Four bytes, big-endian: the form of small integers inside hashes."""
    return value.to_bytes(4, "big")


def u64(value: int) -> bytes:
    """Eight bytes, big-endian: the form of integers inside hashes and keys."""
    return value.to_bytes(8, "big")


class KeyPair(NamedTuple):
    """An Ed25519 key: 32 public bytes, and libsodium's 64 secret ones (seed, public)."""

    public: bytes
    secret: bytes

    @property
    def seed(self) -> bytes:
        """The 32 bytes from which the pair was made."""
        return self.secret[:32]


def build_key_pair(seed: bytes) -> KeyPair:
    """The key pair of a 32-byte seed."""
    public, secret = bindings.crypto_sign_seed_keypair(seed)
    return KeyPair(public, secret)


def sign(key: KeyPair, message: bytes) -> bytes:
    """The 64-byte signature of a message that begins with its SIGN tag."""
    signed: bytes = bindings.crypto_sign(message, key.secret)
    return signed[:SIGNATURE_BYTES]


class Signed(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One claim to check: this key signed this message."""

    public_key: bytes
    message: bytes
    signature: bytes


def is_signed(claim: Signed) -> bool:
    """Whether the signature verifies. libsodium refuses small-order keys and s >= q."""
    try:
        bindings.crypto_sign_open(claim.signature + claim.message, claim.public_key)
    except (CryptoError, ValueError):
        return False
    return True


def is_public_key(key: bytes) -> bool:
    """Whether 32 bytes are a canonical point of the prime-order group, fit to be a seat's key."""
    return len(key) == HASH_BYTES and bool(bindings.crypto_core_ed25519_is_valid_point(key))


def check_libsodium() -> None:
    """Refuse to work on a libsodium that answers otherwise than every other node's.

    One has a broken point check (CVE-2025-69277). Another might verify signatures by the
    cofactored equation: then one member's odd signature would be good for some nodes and bad for
    others. Raises RuntimeError with what to do. Called once, before any rule is used.
    """
    public = build_key_pair(bytes(range(32))).public
    mixed = bindings.crypto_core_ed25519_add(public, _ORDER_TWO)
    if not is_public_key(public) or is_public_key(mixed):
        raise RuntimeError(
            "the libsodium in use accepts keys outside the prime-order group (CVE-2025-69277): "
            f"install PyNaCl 1.6.2 or newer (here: {nacl.__version__})"
        )
    if is_signed(Signed(public, b"pai", _TWISTED_SIGNATURE)):
        raise RuntimeError(
            "the libsodium in use verifies signatures by another equation than this community's: "
            f"install PyNaCl 1.6.2 (here: {nacl.__version__})"
        )
