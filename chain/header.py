"""What a server signs: the head of a block, which says who authored it and commits to all else.

The header already carries what finality needs (base, next set, lock); a block's hash leaves the
signature out.
"""

from typing import Annotated, Final

from msgspec import Meta

from chain.codec import Bytes32, Bytes64, Codec, Natural, Record, encode
from chain.crypto import SIGN_HEADER, KeyPair, compute_hash, sign
from chain.policy import AccountId

HEADER_VERSION: Final = 1
HEADER_BYTES_MAX: Final = 1_024  # the widest header is about 420 bytes
PRIMARY: Final = 0
SECONDARY: Final = 1
RANK_MAX: Final = 255

BlockHash = Bytes32


class Header(Record, frozen=True):
    """The signed head of a block; sections 2 and 3 of docs/protocol.md give every field."""

    version: Natural
    chain: Bytes32
    height: Natural
    slot: Natural
    parent_hash: BlockHash
    seat: AccountId
    kind: Annotated[int, Meta(ge=PRIMARY, le=SECONDARY)]
    rank: Annotated[int, Meta(ge=0, le=RANK_MAX)]
    vrf_proof: Annotated[bytes, Meta(min_length=80, max_length=80)]
    base: BlockHash
    next_set_root: Bytes32 | None
    lock_round: Natural
    lock_hash: BlockHash
    state_root: Bytes32
    body_root: Bytes32


class SignedHeader(Record, frozen=True):
    """A header as it is announced."""

    header: Header
    signature: Bytes64


_HEADERS: Final = Codec(SignedHeader, HEADER_BYTES_MAX)


def compute_block_hash(header_bytes: bytes) -> BlockHash:
    """The block's hash: a hash of the header without its signature."""
    return compute_hash(b"block", header_bytes)


def get_header_message(header_bytes: bytes) -> bytes:
    """What a seat's vote key signs; the header itself names the community."""
    return SIGN_HEADER + header_bytes


def sign_header(header: Header, key: KeyPair) -> SignedHeader:
    """The header with the signature of the seat's vote key."""
    return SignedHeader(header, sign(key, get_header_message(encode(header))))


def get_score(kind: int) -> int:
    """What a block of this kind adds to the score of its chain: two for a primary, else one."""
    return 2 - kind


def decode_header(data: bytes) -> SignedHeader:
    """The announced header of these bytes. Raises Invalid."""
    return _HEADERS.decode(data)
