"""A header commits to its body whole; a block's hash leaves the signature out."""

import hashlib

import pytest
from msgspec.structs import replace

from chain.actions import Pay
from chain.block import (
    BLOCK_BYTES_MAX,
    CONSENSUS_BYTES_MAX,
    NO_PARTS,
    BlockParts,
    check_parts_bytes,
    compute_body_root,
    decode_block,
    seal_block,
)
from chain.codec import encode
from chain.crypto import Signed, compute_hash, is_signed
from chain.errors import Code, Invalid
from chain.header import HEADER_BYTES_MAX, Header, decode_header, sign_header
from chain.records import RollCall
from chain.transaction import SealedTransaction
from tests.community import Community, get_account_id, get_key
from tests.network_world import build_parts


def build_transactions(count: int) -> tuple[SealedTransaction, ...]:
    community = Community()
    return tuple(
        community.sign("emma", Pay(get_account_id("farid"), 1, ""), sequence=number)
        for number in range(count)
    )


def get_refusal(data: bytes) -> Code:
    with pytest.raises(Invalid) as caught:
        decode_block(data)
    return caught.value.code


def compute_plain_root(leaves: list[bytes]) -> bytes:
    """RFC 6962's definition by recursion: split at the largest power of two below the number."""

    def person(tag: bytes, data: bytes) -> bytes:
        return hashlib.blake2b(data, digest_size=32, person=tag).digest()

    if not leaves:
        return person(b"tx-empty", b"")
    if len(leaves) == 1:
        return person(b"tx-leaf", leaves[0])
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return person(
        b"tx-node", compute_plain_root(leaves[:split]) + compute_plain_root(leaves[split:])
    )


@pytest.mark.parametrize("count", [*range(10), 15, 16, 17])
def test_the_tree_of_transactions_has_the_shape_of_rfc_6962(count: int) -> None:
    transactions = build_transactions(count)
    root = compute_plain_root([sealed.whole_bytes for sealed in transactions])
    nothing = compute_hash(b"part", b"\xc0")
    expected = compute_hash(b"body", root, *[nothing] * 5)
    assert compute_body_root(transactions) == expected


def test_a_block_comes_back_as_it_was() -> None:
    community = Community()
    block, _ = community.build_block([community.sign("emma", Pay(get_account_id("farid"), 1, ""))])
    decoded = decode_block(block.whole_bytes)
    assert decoded == block
    assert decoded.hash == compute_hash(b"block", encode(block.header))
    signed = decode_header(encode(sign_header(block.header, get_key("ann/vote"))))
    assert signed.header == block.header


def test_the_hash_leaves_the_signature_out() -> None:
    block = Community().extend()
    other = seal_block(block.header, bytes(64), block.transactions)
    assert other.hash == block.hash
    assert other.whole_bytes != block.whole_bytes


def test_the_body_root_sees_order_number_and_signatures_of_transactions() -> None:
    one, two, three = build_transactions(3)
    roots = [
        compute_body_root(transactions)
        for transactions in ((one, two), (two, one), (one,), (one, two, three), (one, two, two))
    ]
    assert len(set(roots)) == 5


def test_a_body_that_is_not_the_headers_is_refused() -> None:
    one, two = build_transactions(2)
    header = Community().extend().header
    good = seal_block(replace(header, body_root=compute_body_root((one,))), bytes(64), (one,))
    assert decode_block(good.whole_bytes) == good
    assert get_refusal(seal_block(good.header, bytes(64), (two,)).whole_bytes) is (
        Code.WRONG_BODY_ROOT
    )


def test_parts_that_nobody_may_fill_yet_are_nil() -> None:
    block = Community().extend()
    assert block.whole_bytes.endswith(b"\xc0" * 5)
    assert get_refusal(block.whole_bytes[:-1] + b"\x01") is Code.MALFORMED


def test_a_block_carries_its_parts_and_its_root_commits_to_each() -> None:
    parts = build_parts(4)
    other = build_parts(4, b"other")
    (one,) = build_transactions(1)
    header = Community().extend().header
    changed = [
        NO_PARTS,
        parts,
        replace(parts, roll_call=None),
        replace(parts, late_acks=other.late_acks),
        replace(parts, roll_call=other.roll_call),
    ]
    roots = {compute_body_root((one,), item) for item in changed}
    assert len(roots) == len(changed)
    header = replace(header, body_root=compute_body_root((one,), parts))
    good = seal_block(header, bytes(64), (one,), parts)
    assert decode_block(good.whole_bytes) == good
    assert good.parts == parts
    lie = seal_block(header, bytes(64), (one,), changed[2])
    assert get_refusal(lie.whole_bytes) is Code.WRONG_BODY_ROOT


def test_parts_of_consensus_have_a_cap_of_their_own() -> None:
    attendance = build_parts(256).roll_call
    assert attendance is not None
    heads = attendance.heads * 16
    parts = BlockParts(roll_call=RollCall(64, heads))
    assert len(encode(parts)) > CONSENSUS_BYTES_MAX
    header = replace(Community().extend().header, body_root=compute_body_root((), parts))
    assert get_refusal(seal_block(header, bytes(64), (), parts).whole_bytes) is Code.TOO_LARGE
    check_parts_bytes(BlockParts(roll_call=RollCall(64, heads[:15])))


def test_a_block_is_bounded_and_a_header_too() -> None:
    assert get_refusal(bytes(BLOCK_BYTES_MAX + 1)) is Code.TOO_LARGE
    with pytest.raises(Invalid) as caught:
        decode_header(bytes(HEADER_BYTES_MAX + 1))
    assert caught.value.code is Code.TOO_LARGE


def test_the_widest_header_fits() -> None:
    largest = 2**63 - 1
    header = Header(
        version=largest,
        chain=bytes(32),
        height=largest,
        slot=largest,
        parent_hash=bytes(32),
        seat=bytes(32),
        kind=1,
        rank=255,
        vrf_proof=bytes(80),
        base=bytes(32),
        next_set_root=bytes(32),
        lock_round=largest,
        lock_hash=bytes(32),
        state_root=bytes(32),
        body_root=bytes(32),
    )
    signed = sign_header(header, get_key("ann/vote"))
    assert decode_header(encode(signed)) == signed
    assert len(encode(signed)) < HEADER_BYTES_MAX // 2


def test_a_header_is_signed_by_the_vote_key() -> None:
    community = Community()
    block = community.extend()
    name = community.seat_names[block.header.seat]
    message = b"pai/header/1" + encode(block.header)
    assert is_signed(Signed(get_key(f"{name}/vote").public, message, block.block.signature))
