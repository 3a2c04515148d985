"""Hashes and signatures say one thing only, and a libsodium with a known hole is refused."""

import hashlib

import pytest
from nacl import bindings

from chain import crypto
from chain.crypto import (
    Signed,
    build_key_pair,
    check_libsodium,
    compute_hash,
    is_public_key,
    is_signed,
    sign,
    u32,
    u64,
)
from tests.vectors import edwards

KEY = build_key_pair(bytes(range(32)))
MESSAGE = crypto.SIGN_TRANSACTION + b"message"
SIGNATURE = sign(KEY, MESSAGE)
TORSION = edwards.find_small_order_points()


def test_a_hash_is_blake2b_with_its_kind_as_person() -> None:
    expected = hashlib.blake2b(b"onetwo", digest_size=32, person=b"kind").digest()
    assert compute_hash(b"kind", b"one", b"two") == expected
    assert compute_hash(b"kind", b"onetwo") != compute_hash(b"other", b"onetwo")


def test_integers_in_hashes_are_big_endian() -> None:
    assert u32(258) == bytes((0, 0, 1, 2))
    assert u64(258) == bytes((0, 0, 0, 0, 0, 0, 1, 2))


def test_a_signature_holds_for_its_key_and_message_alone() -> None:
    assert is_signed(Signed(KEY.public, MESSAGE, SIGNATURE))
    assert not is_signed(Signed(KEY.public, MESSAGE + b"!", SIGNATURE))
    assert not is_signed(Signed(build_key_pair(bytes(32)).public, MESSAGE, SIGNATURE))
    assert KEY.seed == bytes(range(32))


def test_every_flipped_bit_of_a_signature_is_refused() -> None:
    for bit in range(512):
        flipped = bytearray(SIGNATURE)
        flipped[bit // 8] ^= 1 << bit % 8
        assert not is_signed(Signed(KEY.public, MESSAGE, bytes(flipped))), bit


def test_a_second_form_of_a_signature_is_refused() -> None:
    response = int.from_bytes(SIGNATURE[32:], "little") + edwards.Q
    malleable = SIGNATURE[:32] + response.to_bytes(32, "little")
    assert not is_signed(Signed(KEY.public, MESSAGE, malleable))


@pytest.mark.parametrize("point", TORSION, ids=range(8))
def test_keys_of_small_order_sign_nothing(point: edwards.Point) -> None:
    key = edwards.encode(point)
    assert not is_public_key(key)
    # With such a key R = s B fits any message whose challenge happens to be a multiple of eight.
    for number in range(64):
        message = b"%d" % number
        forged = edwards.encode(edwards.multiply(number + 1, edwards.BASE))
        assert not is_signed(Signed(key, message, forged + (number + 1).to_bytes(32, "little")))


@pytest.mark.parametrize("point", TORSION[1:], ids=range(1, 8))
def test_keys_of_mixed_order_are_no_keys_of_seats(point: edwards.Point) -> None:
    public = edwards.decode(KEY.public)
    assert public is not None
    assert is_public_key(KEY.public)
    assert not is_public_key(edwards.encode(edwards.add(public, point)))


def test_keys_have_32_bytes() -> None:
    assert not is_public_key(KEY.public[:-1])
    assert not is_public_key(KEY.public + b"\x00")
    assert not is_signed(Signed(KEY.public[:-1], MESSAGE, SIGNATURE))


def test_what_signatures_are_for_cannot_be_confused() -> None:
    tags = [crypto.SIGN_TRANSACTION, crypto.SIGN_HEADER, crypto.SIGN_POSSESSION, b"pai/vrf/1"]
    for tag in tags:
        assert not any(other != tag and other.startswith(tag) for other in tags)


def test_the_libsodium_here_is_sound() -> None:
    check_libsodium()


def test_signatures_are_verified_without_the_cofactor() -> None:
    # R with a part of small order: eight times the equation holds, the equation itself does not.
    public, signature = edwards.decode(KEY.public), crypto._TWISTED_SIGNATURE
    nonce_point, response = edwards.decode(signature[:32]), int.from_bytes(signature[32:], "little")
    assert public is not None
    assert nonce_point is not None
    digest = hashlib.sha512(signature[:32] + KEY.public + b"pai").digest()
    challenge = int.from_bytes(digest, "little") % edwards.Q
    right = edwards.add(nonce_point, edwards.multiply(challenge, public))
    left = edwards.multiply(response, edwards.BASE)
    assert left != right
    assert edwards.multiply(8, left) == edwards.multiply(8, right)
    assert not is_signed(Signed(KEY.public, b"pai", signature))


def test_a_libsodium_that_verifies_otherwise_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crypto, "is_signed", lambda _: True)
    with pytest.raises(RuntimeError, match="another equation"):
        check_libsodium()


def test_a_libsodium_that_accepts_mixed_keys_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bindings, "crypto_core_ed25519_is_valid_point", lambda _: True)
    with pytest.raises(RuntimeError, match="CVE-2025-69277"):
        check_libsodium()
