"""The VRF is RFC 9381's, and stricter: nobody has two proofs, or two outputs, for one input."""

import json
from itertools import count
from pathlib import Path

import pytest
from nacl import bindings

from chain import vrf
from chain.crypto import build_key_pair
from tests.vectors import edwards

# Appendix B.3, examples 16 to 18: seed, public key, input, proof, output.
EXAMPLES = [
    tuple(example.values())
    for example in json.loads(
        (Path(edwards.__file__).parent / "rfc9381.json").read_text(encoding="utf-8")
    )
]
KEY = build_key_pair(bytes(range(32)))
ALPHA = b"pai/vrf/1 slot 7"
PROOF = vrf.prove(KEY.seed, ALPHA)
TORSION = edwards.find_small_order_points()
ORDER_TWO = next(
    point
    for point in TORSION
    if point != edwards.IDENTITY and edwards.add(point, point) == edwards.IDENTITY
)


def is_accepted(public: bytes, alpha: bytes, proof: bytes) -> bool:
    try:
        vrf.verify(public, alpha, proof)
    except vrf.VrfError:
        return False
    return True


def to_point(data: bytes) -> edwards.Point:
    point = edwards.decode(data)
    assert point is not None
    return point


@pytest.mark.parametrize(("seed", "public", "alpha", "proof", "output"), EXAMPLES)
def test_the_examples_of_the_standard(
    seed: str, public: str, alpha: str, proof: str, output: str
) -> None:
    alpha_bytes, proof_bytes = bytes.fromhex(alpha), bytes.fromhex(proof)
    assert build_key_pair(bytes.fromhex(seed)).public.hex() == public
    assert vrf.prove(bytes.fromhex(seed), alpha_bytes).hex() == proof
    assert vrf.verify(bytes.fromhex(public), alpha_bytes, proof_bytes).hex() == output
    assert vrf.compute_output(proof_bytes).hex() == output


@pytest.mark.parametrize(("seed", "public", "alpha", "proof", "output"), EXAMPLES)
def test_the_oracle_agrees_with_the_standard(
    seed: str, public: str, alpha: str, proof: str, output: str
) -> None:
    alpha_bytes, proof_bytes = bytes.fromhex(alpha), bytes.fromhex(proof)
    assert edwards.get_public(bytes.fromhex(seed)).hex() == public
    assert edwards.prove(bytes.fromhex(seed), alpha_bytes) == proof_bytes
    assert edwards.is_plain_proof(bytes.fromhex(public), alpha_bytes, proof_bytes)
    assert edwards.compute_output(proof_bytes).hex() == output


def test_every_flipped_bit_of_a_proof_is_refused() -> None:
    assert is_accepted(KEY.public, ALPHA, PROOF)
    for bit in range(8 * len(PROOF)):
        flipped = bytearray(PROOF)
        flipped[bit // 8] ^= 1 << bit % 8
        assert not is_accepted(KEY.public, ALPHA, bytes(flipped)), bit


def test_every_flipped_bit_of_key_and_input_is_refused() -> None:
    for bit in range(256):
        public = bytearray(KEY.public)
        public[bit // 8] ^= 1 << bit % 8
        assert not is_accepted(bytes(public), ALPHA, PROOF), bit
    for bit in range(8 * len(ALPHA)):
        alpha = bytearray(ALPHA)
        alpha[bit // 8] ^= 1 << bit % 8
        assert not is_accepted(KEY.public, bytes(alpha), PROOF), bit


def test_a_response_above_the_order_is_refused() -> None:
    response = int.from_bytes(PROOF[48:], "little") + edwards.Q
    assert response < 2**256
    assert not is_accepted(KEY.public, ALPHA, PROOF[:48] + response.to_bytes(32, "little"))


def test_zero_scalars_and_wrong_lengths_are_refused() -> None:
    assert not is_accepted(KEY.public, ALPHA, PROOF[:32] + bytes(16) + PROOF[48:])
    assert not is_accepted(KEY.public, ALPHA, PROOF[:48] + bytes(32))
    assert not is_accepted(KEY.public, ALPHA, PROOF[:-1])
    assert not is_accepted(KEY.public, ALPHA, PROOF + b"\x00")
    assert not is_accepted(KEY.public[:-1], ALPHA, PROOF)


@pytest.mark.parametrize("point", TORSION, ids=range(8))
def test_keys_and_gammas_of_small_order_are_refused(point: edwards.Point) -> None:
    data = edwards.encode(point)
    assert not is_accepted(data, ALPHA, PROOF)
    assert not is_accepted(KEY.public, ALPHA, data + PROOF[32:])


@pytest.mark.parametrize("point", TORSION[1:], ids=range(1, 8))
def test_keys_of_mixed_order_are_refused(point: edwards.Point) -> None:
    mixed = edwards.encode(edwards.add(to_point(KEY.public), point))
    assert not is_accepted(mixed, ALPHA, PROOF)


def test_a_key_of_mixed_order_with_a_proof_of_its_own_is_refused() -> None:
    # By the letter of the standard (without key validation) an even challenge hides the torsion.
    secret, _ = edwards.expand_seed(KEY.seed)
    mixed = edwards.encode(edwards.add(to_point(KEY.public), ORDER_TWO))
    for number in count():
        alpha = b"mixed key %d" % number
        point = edwards.hash_to_curve(mixed, alpha)
        gamma = edwards.encode(edwards.multiply(secret, point))
        nonce = 12_345
        points = (edwards.multiply(nonce, edwards.BASE), edwards.multiply(nonce, point))
        challenge = edwards.compute_challenge(
            mixed, edwards.encode(point), gamma, *map(edwards.encode, points)
        )
        if challenge[0] & 1:
            continue
        response = (nonce + int.from_bytes(challenge, "little") * secret) % edwards.Q
        proof = gamma + challenge + response.to_bytes(32, "little")
        assert edwards.is_plain_proof(mixed, alpha, proof)
        assert not is_accepted(mixed, alpha, proof)
        return


def test_a_twisted_gamma_that_a_plain_verifier_accepts_is_refused() -> None:
    # Gamma plus a point of order two, with an even challenge: a second proof for the same input.
    for number in count():
        alpha = b"twisted gamma %d" % number
        proof = edwards.prove(KEY.seed, alpha, twist=ORDER_TWO)
        if proof[32] & 1:
            continue
        assert edwards.is_plain_proof(KEY.public, alpha, proof)
        assert proof != vrf.prove(KEY.seed, alpha)
        assert not is_accepted(KEY.public, alpha, proof)
        return


def test_points_that_are_not_canonical_are_refused() -> None:
    # y = 1 and y = p - 1 written as 1 + p and with a needless sign bit, and y >= p at large.
    for number in (edwards.P + 1, 1 | 1 << 255, edwards.P - 1 | 1 << 255, edwards.P, 2**255 - 1):
        data = number.to_bytes(32, "little")
        assert edwards.decode(data) is None
        assert not is_accepted(data, ALPHA, PROOF)
        assert not is_accepted(KEY.public, ALPHA, data + PROOF[32:])


def test_points_off_the_curve_are_refused() -> None:
    data = next(
        data
        for number in range(2, 100)
        if edwards.decode(data := number.to_bytes(32, "little")) is None
    )
    assert not bindings.crypto_core_ed25519_is_valid_point(data)
    assert not is_accepted(data, ALPHA, PROOF)
    assert not is_accepted(KEY.public, ALPHA, data + PROOF[32:])


def test_proofs_of_other_keys_and_inputs_agree_with_the_oracle() -> None:
    for number in range(6):
        seed, alpha = bytes([number]) * 32, bytes(number)
        proof = vrf.prove(seed, alpha)
        assert proof == edwards.prove(seed, alpha)
        assert vrf.verify(edwards.get_public(seed), alpha, proof) == edwards.compute_output(proof)
