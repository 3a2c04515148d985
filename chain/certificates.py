"""Certificates of finality: many seats' equal votes as one value, checked by nothing but bytes.

A justification holds prevotes of one body, a finality acks of one body. Whether either reaches its
quorum is a pure function of the set's list and the certificate: no state, no clock, no network.
"""

from collections.abc import Sequence
from typing import Annotated, Final, TypeVar

from msgspec import Meta

from chain.checks import SignatureChecks
from chain.codec import Bytes32, Bytes64, Codec, Record, encode
from chain.crypto import Signed, compute_hash
from chain.errors import Code, Invalid
from chain.tables import SetEntry
from chain.votes import LEVEL_MAX, Ack, Prevote, get_vote_message

ItemT = TypeVar("ItemT")

SEATS_IN_SET_MAX: Final = 256
CERTIFICATE_BYTES_MAX: Final = 20 * 1_024  # 256 signatures of 66 bytes, bits and body

# A level's quorum is floor(numerator W / denominator) + 1.
_QUORUMS: Final = ((2, 3), (3, 5), (11, 20))

Bits = Annotated[bytes, Meta(max_length=SEATS_IN_SET_MAX // 8)]
Signatures = Annotated[tuple[Bytes64, ...], Meta(max_length=SEATS_IN_SET_MAX)]


class Justification(Record, frozen=True):
    """Prevotes of one body. Bit i % 8 of byte i // 8, least first, is the i-th seat by id."""

    body: Prevote
    bits: Bits
    signatures: Signatures


class Finality(Record, frozen=True):
    """Acks of one body, in the same form."""

    body: Ack
    bits: Bits
    signatures: Signatures


Certificate = Justification | Finality

JUSTIFICATIONS: Final = Codec(Justification, CERTIFICATE_BYTES_MAX)
FINALITIES: Final = Codec(Finality, CERTIFICATE_BYTES_MAX)


def compute_quorum(total_weight: int, level: int) -> int:
    """The least weight that decides at a level: just above 2/3, 3/5 or 11/20."""
    assert 0 <= level <= LEVEL_MAX
    numerator, denominator = _QUORUMS[level]
    return numerator * total_weight // denominator + 1


def is_guarded(total_weight: int, heaviest: int, level: int) -> bool:
    """Whether the level would trust a single seat: it then opens only after the longest gap."""
    return 2 * compute_quorum(total_weight, level) - total_weight <= heaviest


def compute_set_root(entries: Sequence[SetEntry]) -> Bytes32:
    """What a header's ``next_set_root`` commits to: the hash of the list, by seat id."""
    return compute_hash(b"set", encode(tuple(entries)))


def pack_bits(places: Sequence[bool]) -> bytes:
    """One bit a place, least significant first; spare bits are zero."""
    packed = bytearray((len(places) + 7) // 8)
    for place, is_set in enumerate(places):
        if is_set:
            packed[place // 8] |= 1 << place % 8
    return bytes(packed)


def unpack_bits(bits: bytes, count: int) -> list[int]:
    """The places that are set. Raises Invalid when length or spare bits are not exact."""
    if len(bits) != (count + 7) // 8:
        raise Invalid(Code.BAD_CERTIFICATE, f"{len(bits)} bytes of bits for {count} seats")
    places = [place for place in range(8 * len(bits)) if bits[place // 8] >> place % 8 & 1]
    if places and places[-1] >= count:
        raise Invalid(Code.BAD_CERTIFICATE, "a spare bit is set")
    return places


def select_signers(items: Sequence[ItemT], bits: bytes, signatures: Sequence[bytes]) -> list[ItemT]:
    """Those whose bits are set, in order. Raises Invalid unless each has one signature."""
    signers = [items[place] for place in unpack_bits(bits, len(items))]
    if len(signers) != len(signatures):
        raise Invalid(Code.BAD_CERTIFICATE, f"{len(signatures)} signatures of {len(signers)} seats")
    return signers


def get_signers(entries: Sequence[SetEntry], certificate: Certificate) -> list[SetEntry]:
    """The seats that signed, in order. Raises Invalid unless each has one signature."""
    return select_signers(entries, certificate.bits, certificate.signatures)


def get_certificate_claims(entries: Sequence[SetEntry], certificate: Certificate) -> list[Signed]:
    """What the certificate's signatures claim. Raises Invalid when its form is wrong."""
    message = get_vote_message(certificate.body)
    return [
        Signed(entry.vote_key, message, signature)
        for entry, signature in zip(
            get_signers(entries, certificate), certificate.signatures, strict=True
        )
    ]


def check_certificate(
    entries: Sequence[SetEntry], certificate: Certificate, checks: SignatureChecks
) -> None:
    """Refuse a certificate that does not reach the quorum of the level in its body.

    ``entries`` is the list of the set that the body names; whoever calls has made sure of that.
    Raises Invalid: BAD_CERTIFICATE on form or signature, NO_QUORUM on weight.
    """
    claims = get_certificate_claims(entries, certificate)
    weight = sum(entry.weight for entry in get_signers(entries, certificate))
    total = sum(entry.weight for entry in entries)
    quorum = compute_quorum(total, certificate.body.level)
    if weight < quorum:
        raise Invalid(Code.NO_QUORUM, f"weight {weight} of {total}, needs {quorum}")
    if not all(checks.holds(claim) for claim in claims):
        raise Invalid(Code.BAD_CERTIFICATE, "a signature does not verify")
