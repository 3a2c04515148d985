"""A certificate is as good as the weight that really signed it, whatever its bytes say."""

from itertools import pairwise

import pytest
from msgspec.structs import replace

from chain.certificates import (
    JUSTIFICATIONS,
    Justification,
    check_certificate,
    compute_quorum,
    is_guarded,
    pack_bits,
    unpack_bits,
)
from chain.checks import DirectChecks
from chain.codec import encode
from chain.crypto import build_key_pair, sign
from chain.errors import Code, Invalid
from chain.tables import SetEntry
from chain.votes import Prevote, get_vote_message

KEYS = [build_key_pair(bytes([number]) * 32) for number in range(1, 6)]
ENTRIES = [
    SetEntry(
        bytes([place]) * 32, key.public, bytes([64 + place]) * 32, bytes([128 + place]) * 32, 10
    )
    for place, key in enumerate(KEYS)
]
BODY = Prevote(bytes(32), bytes(32), 7, 0, bytes(32), 0, bytes([9]) * 32, 5)
REFUSED = {Code.BAD_CERTIFICATE, Code.NO_QUORUM}


def build(signers: list[int], body: Prevote = BODY) -> Justification:
    message = get_vote_message(body)
    return Justification(
        body,
        pack_bits([place in signers for place in range(len(KEYS))]),
        tuple(sign(KEYS[place], message) for place in sorted(signers)),
    )


def check(certificate: Justification) -> Code | None:
    try:
        check_certificate(ENTRIES, certificate, DirectChecks())
    except Invalid as error:
        return error.code
    return None


def test_the_quorum_of_the_level_in_the_body_decides() -> None:
    assert check(build([0, 1, 2, 3])) is None
    assert check(build([0, 1, 2])) is Code.NO_QUORUM
    assert check(build([0, 1, 4], replace(BODY, level=2))) is None
    assert check(build([0, 1, 4], replace(BODY, level=1))) is Code.NO_QUORUM


@pytest.mark.parametrize("total", [1, 2, 3, 4, 7, 50, 1_000, 65_536 * 200])
def test_quorums_are_just_above_their_share_and_fall_with_the_level(total: int) -> None:
    quorums = [compute_quorum(total, level) for level in range(3)]
    assert all(higher >= lower for higher, lower in pairwise(quorums))
    for quorum, (numerator, denominator) in zip(quorums, [(2, 3), (3, 5), (11, 20)], strict=True):
        assert quorum * denominator > numerator * total >= (quorum - 1) * denominator


def test_a_level_that_trusts_a_single_seat_is_guarded() -> None:
    assert not is_guarded(40, 10, 0)
    assert is_guarded(40, 10, 1)
    assert is_guarded(7, 1, 2)


def test_every_signature_counts_for_its_own_seat_only() -> None:
    good = build([0, 1, 2, 3])
    swapped = replace(
        good, signatures=(good.signatures[1], good.signatures[0], *good.signatures[2:])
    )
    moved = replace(good, bits=pack_bits([True, True, True, False, True]))
    repeated = replace(good, signatures=(good.signatures[0],) * 4)
    assert {check(item) for item in (swapped, moved, repeated)} == {Code.BAD_CERTIFICATE}


@pytest.mark.parametrize(
    "bad",
    [
        replace(build([0, 1, 2, 3]), bits=b""),
        replace(build([0, 1, 2, 3]), bits=b"\x0f\x00"),
        replace(build([0, 1, 2, 3]), bits=b"\x2f"),
        replace(build([0, 1, 2, 3]), bits=b"\x1f"),
        replace(build([0, 1, 2, 3]), signatures=()),
    ],
)
def test_bits_are_exact(bad: Justification) -> None:
    assert check(bad) is Code.BAD_CERTIFICATE


def test_bits_come_back_as_they_went_and_certificates_too() -> None:
    for places in ([], [0], [8], [0, 7, 8, 15]):
        packed = pack_bits([place in places for place in range(16)])
        assert unpack_bits(packed, 16) == places
    certificate = build([1, 2, 3, 4])
    assert JUSTIFICATIONS.decode(encode(certificate)) == certificate
