"""Messages between peers: canonical, within their caps, and the widest ones fit."""

import random

import pytest
from libp2p.pubsub.pb import rpc_pb2

from chain.block import BLOCK_BYTES_MAX
from chain.certificates import Finality, Justification
from chain.codec import Codec, encode
from chain.crypto import compute_hash
from chain.errors import Code, Invalid
from chain.header import SignedHeader
from chain.proof import HandOff
from chain.tables import SetEntry
from chain.votes import HERES, VOTES, Ack, Here, Prevote, SignedHere, SignedVote
from p2p import wire
from p2p.rpc import (
    IDS_MAX,
    Malformed,
    Message,
    Rpc,
    decode_rpc,
    encode_message,
    encode_rpc,
    encode_signed_part,
)
from p2p.wire_votes import (
    DECISIONS_MAX,
    FINALITY,
    HAND_OFFS_IN_ANSWER_MAX,
    NEWEST,
    VOTES_IN_ANSWER_MAX,
    WITNESSES,
    WITNESSES_MAX,
    FinalityAnswer,
    FinalityRequest,
    NewestAnswer,
    NewestRequest,
    Shown,
    VotesAnswer,
    VotesRequest,
    WitnessesAnswer,
    WitnessesRequest,
)
from p2p.wire_votes import VOTES as VOTES_OF_ROUND
from tests.network_world import COMMUNITY, build_block, build_transaction

ADDRESS = "/" + "x" * (wire.ADDRESS_BYTES_MAX - 1)
BIG = 2**63 - 1
HASH = compute_hash(b"test")


WIDEST_HEAD = wire.Head(HASH, BIG, BIG, BIG)
WIDEST_PROGRESS = wire.Progress(HASH, BIG, BIG, BIG, contradicted=True)
WIDEST_ACK = Ack(HASH, HASH, BIG, 2, HASH, BIG)
WIDEST_FINALITY = Finality(WIDEST_ACK, bytes(32), (bytes(64),) * 256)


def build_widest_vote() -> SignedVote:
    return SignedVote(HASH, build_widest_justification().body, bytes(64))


def build_widest_justification() -> Justification:
    body = Prevote(HASH, HASH, BIG, 2, HASH, BIG, HASH, BIG)
    return Justification(body, bytes(32), (bytes(64),) * 256)


def build_widest_hand_off() -> HandOff:
    entry = SetEntry(HASH, HASH, HASH, HASH, BIG)
    return HandOff(
        build_widest_header().header, build_widest_justification(), WIDEST_FINALITY, (entry,) * 8
    )


def build_widest_header() -> SignedHeader:
    """A header with every number at its largest."""
    block = build_block(None)
    header = block.header.__class__(
        BIG, HASH, BIG, BIG, HASH, HASH, 1, 255, bytes(80), HASH, HASH, BIG, HASH, HASH, HASH
    )
    return SignedHeader(header, bytes(64))


@pytest.mark.parametrize(
    ("codec", "message"),
    [
        (
            wire.STATUS.answer,
            wire.Status(HASH, BIG, WIDEST_HEAD, (ADDRESS,) * 8, BIG, WIDEST_PROGRESS),
        ),
        (wire.PEERS.question, wire.PeersRequest()),
        (wire.PEERS.answer, wire.PeersAnswer((ADDRESS,) * wire.PEERS_ADDRESSES_MAX)),
        (wire.HEADERS.question, wire.HeadersRequest((HASH,) * 64, 512)),
        (wire.HEADERS.answer, wire.HeadersAnswer((build_widest_header(),) * 512)),
        (wire.BLOCKS.question, wire.BlocksRequest((HASH,) * 64)),
        (wire.BLOCKS.answer, wire.BlocksAnswer((bytes(BLOCK_BYTES_MAX),))),
        (wire.ANCESTORS.question, wire.AncestorsRequest(HASH, wire.BLOCKS_MAX)),
        (wire.OUTLINE.question, wire.OutlineRequest(HASH)),
        (
            wire.OUTLINE.answer,
            wire.OutlineAnswer(wire.Outline(build_block(None).block, (HASH,) * 8_192)),
        ),
        (wire.TRANSACTIONS.question, wire.TransactionsRequest(HASH, tuple(range(8_192)))),
        (wire.TRANSACTIONS.answer, wire.TransactionsAnswer((bytes(100),) * 8_192)),
        (wire.BUNDLE, wire.Bundle((bytes(120),) * wire.BUNDLE_TRANSACTIONS_MAX)),
        (
            wire.ANNOUNCEMENT,
            wire.Announcement(build_widest_header(), build_widest_justification(), None),
        ),
        (wire.ANNOUNCEMENT, wire.Announcement(build_widest_header(), None, WIDEST_FINALITY)),
        (VOTES, build_widest_vote()),
        (VOTES, SignedVote(HASH, WIDEST_ACK, bytes(64))),
        (HERES, SignedHere(Here(HASH, HASH, BIG, HASH), bytes(64))),
        (FINALITY.question, FinalityRequest(HASH, BIG, BIG)),
        (
            FINALITY.answer,
            FinalityAnswer(
                (build_widest_hand_off(),) * HAND_OFFS_IN_ANSWER_MAX,
                build_widest_justification(),
                WIDEST_FINALITY,
            ),
        ),
        (VOTES_OF_ROUND.question, VotesRequest(BIG)),
        (VOTES_OF_ROUND.answer, VotesAnswer((build_widest_vote(),) * VOTES_IN_ANSWER_MAX)),
        (WITNESSES.question, WitnessesRequest(HASH, BIG)),
        (WITNESSES.question, WitnessesRequest(None, 0)),
        (
            WITNESSES.answer,
            WitnessesAnswer(
                (build_widest_justification(),) * WITNESSES_MAX,
                (WIDEST_FINALITY,) * DECISIONS_MAX,
            ),
        ),
        (NEWEST.question, NewestRequest(HASH, HASH, bytes(16))),
        (
            NEWEST.answer,
            NewestAnswer(
                Shown(
                    build_widest_header(),
                    build_widest_vote(),
                    SignedVote(HASH, WIDEST_ACK, bytes(64)),
                ),
                HASH,
                bytes(64),
            ),
        ),
    ],
)
def test_the_widest_message_fits_and_comes_back(codec: Codec[object], message: object) -> None:
    data = encode(message)
    assert codec.decode(data) == message
    with pytest.raises(Invalid) as refused:
        codec.decode(data + b"\xc0")
    assert refused.value.code in (Code.MALFORMED, Code.TOO_LARGE)
    with pytest.raises(Invalid):
        codec.decode(data[:-1])


@pytest.mark.parametrize(
    ("codec", "value"),
    [
        (wire.STATUS.answer, [HASH, 1, [HASH, 1, 1, 1], [ADDRESS] * 9, 1, [HASH, 1, 1, 1]]),
        (wire.STATUS.answer, [HASH, 1, [HASH, 1, 1, 1], [ADDRESS + "x"], 1, [HASH, 1, 1, 1]]),
        (wire.STATUS.answer, [HASH, 1, [HASH, 1, 1, -1], [], 1, [HASH, 1, 1, 1]]),
        (wire.STATUS.answer, [HASH[:31], 1, [HASH, 1, 1, 1], [], 1, [HASH, 1, 1, 1]]),
        (wire.STATUS.answer, [HASH, 1, [HASH, 1, 1, 1], [], 1, [HASH, 1, 1, -1]]),
        (VOTES_OF_ROUND.question, [-1]),
        (NEWEST.question, [HASH, bytes(15)]),
        (wire.PEERS.question, [1]),
        (wire.HEADERS.question, [[], 1]),
        (wire.HEADERS.question, [[HASH] * 65, 1]),
        (wire.HEADERS.question, [[HASH], 0]),
        (wire.HEADERS.question, [[HASH], 513]),
        (wire.ANCESTORS.question, [HASH, 0]),
        (wire.ANCESTORS.question, [HASH, 65]),
        (wire.BLOCKS.question, [[]]),
        (wire.BLOCKS.question, [[HASH] * 65]),
        (wire.TRANSACTIONS.question, [HASH, []]),
        (wire.TRANSACTIONS.question, [HASH, [2, 1]]),
        (wire.TRANSACTIONS.question, [HASH, [1, 1]]),
        (wire.TRANSACTIONS.question, [HASH, [8_192]]),
        (wire.BUNDLE, [[]]),
        (wire.BUNDLE, [[b""]]),
        (wire.BUNDLE, [[bytes(16_385)]]),
        (wire.BUNDLE, [[b"x"] * 513]),
    ],
)
def test_what_is_above_its_cap_is_refused(codec: Codec[object], value: object) -> None:
    with pytest.raises(Invalid):
        codec.decode(encode(value))


def test_an_outline_tells_no_transactions() -> None:
    block = build_block(None, [build_transaction(1)])
    with pytest.raises(ValueError, match="no transactions"):
        wire.Outline(block.block, ())


def test_names_carry_version_and_community() -> None:
    assert wire.get_name(COMMUNITY, "status") == f"/pai/1/{COMMUNITY.hex()[:32]}/status"
    assert wire.get_name(COMMUNITY, "a") != wire.get_name(compute_hash(b"other"), "a")


# Frames of the gossip protocol, beside the library's own protobuf.


def build_rpc(dice: random.Random) -> Rpc:
    """Any frame that we could send."""

    def some(limit: int) -> range:
        return range(dice.randrange(limit))

    def text() -> str:
        return "".join(dice.choices("/abcдж", k=dice.randrange(1, 12)))

    return Rpc(
        [(text(), dice.random() < 0.5) for _ in some(3)],
        [
            Message(
                dice.randbytes(38),
                dice.randbytes(dice.randrange(300)),
                dice.randbytes(8),
                (text(),),
                dice.randbytes(64),
                dice.choice([b"", dice.randbytes(36)]),
            )
            for _ in some(3)
        ],
        [(text(), [dice.randbytes(dice.randrange(1, 50)) for _ in some(4)]) for _ in some(3)],
        [dice.randbytes(46) for _ in some(4)],
        [text() for _ in some(3)],
        [(text(), dice.randrange(2**40)) for _ in some(3)],
    )


@pytest.mark.parametrize("seed", range(50))
def test_frames_mean_to_the_library_what_they_mean_to_us(seed: int) -> None:
    rpc = build_rpc(random.Random(seed))
    data = encode_rpc(rpc)
    assert decode_rpc(data) == rpc
    theirs = rpc_pb2.RPC()
    theirs.ParseFromString(data)
    assert [(s.topicid, s.subscribe) for s in theirs.subscriptions] == list(rpc.subscriptions)
    for message, parsed in zip(rpc.messages, theirs.publish, strict=True):
        assert parsed.SerializeToString() == encode_message(message)
        parsed.ClearField("signature")
        parsed.ClearField("key")
        assert parsed.SerializeToString() == encode_signed_part(message)
    assert decode_rpc(theirs.SerializeToString())._replace(messages=()) == rpc._replace(messages=())
    assert [g.topicID for g in theirs.control.graft] == list(rpc.grafts)
    assert [(p.topicID, p.backoff) for p in theirs.control.prune] == list(rpc.prunes)


@pytest.mark.parametrize(
    "data",
    [
        b"\xff" * 11,
        b"\x0a\x05ab",
        b"\x0a",
        b"\x0b\x00",
        b"\x0a\x04\x12\x02\xff\xfe",
        b"\x0a\xac\x02\x12\xa9\x02" + b"t" * 297,
        encode_rpc(Rpc([("t", True)] * 65)),
        encode_rpc(Rpc(iwant=[b"i"] * (IDS_MAX + 1))),
        encode_rpc(Rpc(ihave=[("t", [b"i"] * (IDS_MAX + 1))])),
        encode_rpc(Rpc(grafts=["t"] * 65)),
        encode_rpc(Rpc(), [b""] * 257),
    ],
)
def test_bad_frames_are_refused_whole(data: bytes) -> None:
    with pytest.raises(Malformed):
        decode_rpc(data)


@pytest.mark.parametrize("seed", range(200))
def test_damaged_frames_are_refused_or_read_but_never_crash(seed: int) -> None:
    dice = random.Random(seed)
    data = bytearray(encode_rpc(build_rpc(dice)) or b"\x00")
    for _ in range(dice.randrange(1, 6)):
        data[dice.randrange(len(data))] = dice.randrange(256)
    try:
        decode_rpc(bytes(data))
    except Malformed:
        return


def test_unknown_fields_are_skipped() -> None:
    theirs = rpc_pb2.RPC(senderRecord=b"record", publish=[rpc_pb2.Message(data=b"x")])
    assert [message.data for message in decode_rpc(theirs.SerializeToString()).messages] == [b"x"]
    assert decode_rpc(b"\x79" + bytes(8) + b"\x7d" + bytes(4)) == decode_rpc(b"")
