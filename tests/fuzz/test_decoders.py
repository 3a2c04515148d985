"""Invariant: a decoder answers any bytes with a refusal, or with a value that is these very bytes.

Nothing else may come out of it: no other exception, and no value that another MessagePack library
would write differently. A decoder with a hole is among the tested, and must be caught.
"""

import os
import random
from collections.abc import Callable

import msgspec
import pytest

from chain.actions import Bond, ChangePolicy, Pay, Prolong, RegisterSeat, Save, Unbond, Withdraw
from chain.block import SealedBlock, decode_block
from chain.codec import encode
from chain.errors import Code, Invalid
from chain.genesis import GENESIS_CODEC, Genesis, GenesisDeposit
from chain.header import SignedHeader, decode_header
from chain.transaction import SealedTransaction, SignedTransaction, decode_transaction
from tests.community import (
    PAI,
    Community,
    build_genesis,
    build_seat_keys,
    get_account_id,
    get_policy,
)
from tests.fuzz.mutate import spoil_bytes, spoil_value
from tests.vectors.packing import is_canonical

TRIES = 200_000 if os.environ.get("PAI_TESTS") == "thorough" else 4_000
SEED = int(os.environ.get("PAI_FUZZ_SEED", "20261123"))
EXPECTED = {Code.MALFORMED, Code.NOT_CANONICAL, Code.TOO_LARGE, Code.WRONG_BODY_ROOT}

Decoder = Callable[[bytes], bytes]  # gives back the bytes of the value it has read


def reread(value: SealedTransaction | SealedBlock | SignedHeader | Genesis) -> bytes:
    match value:
        case SealedTransaction():
            assert encode(value.signed) == value.whole_bytes
            return value.whole_bytes
        case SealedBlock():
            assert encode(value.block) == value.whole_bytes
            return value.whole_bytes
        case _:
            return encode(value)


DECODERS: dict[str, Decoder] = {
    "transaction": lambda data: reread(decode_transaction(data)),
    "block": lambda data: reread(decode_block(data)),
    "header": lambda data: reread(decode_header(data)),
    "genesis": lambda data: reread(GENESIS_CODEC.decode(data)),
}


def build_corpus() -> dict[str, list[bytes]]:
    """Valid messages of every kind, with every kind of action in them."""
    genesis = build_genesis(
        strangers=("2:emma+farid+galina",), deposits=(GenesisDeposit(40 * PAI, 5),)
    )
    community = Community(genesis)
    farid = get_account_id("farid")
    said = [
        community.sign("emma", Pay(farid, PAI, "за мёд 🍯"), Save(PAI, 3), Prolong(0, 4)),
        community.sign("farid", RegisterSeat(build_seat_keys("farid", chain=community.chain))),
        community.sign("galina", ChangePolicy(get_policy("2:a+b+c")), via=get_account_id("ann")),
        community.sign("hamit", Withdraw(0, 300), *[Pay(farid, 2**40, "") for _ in range(5)]),
        community.sign("2:emma+farid+galina", Pay(farid, 70_000, ""), fee_max=PAI),
        community.sign("farid", Bond(0, PAI), Unbond(1), sequence=1),
    ]
    blocks = [community.extend(), community.extend([said[0], said[2]]), community.extend([said[1]])]
    headers = [SignedHeader(block.header, block.block.signature) for block in blocks]
    return {
        "transaction": [sealed.whole_bytes for sealed in said],
        "block": [block.whole_bytes for block in blocks],
        "header": [encode(header) for header in headers],
        "genesis": [encode(build_genesis(members=("emma",))), encode(genesis)],
    }


CORPUS = build_corpus()


def fuzz(decoder: Decoder, corpus: list[bytes], tries: int) -> int:
    """Try so many spoiled messages; returns how many were accepted. Names the seed on failure."""
    everything = [data for messages in CORPUS.values() for data in messages]
    accepted = 0
    for number in range(tries):
        source = random.Random(f"{SEED} {number}")
        data = source.choice(corpus)
        if source.random() < 0.5:
            spoiled = spoil_value(source, data)
        else:
            spoiled = spoil_bytes(source, data, source.choice(everything))
        try:
            again = decoder(spoiled)
        except Invalid as refused:
            fine = refused.code in EXPECTED or refused.code is Code.OTHER_RULES
        else:
            fine = again == spoiled and is_canonical(spoiled)
            accepted += 1
        assert fine, f"PAI_FUZZ_SEED={SEED}, try {number}: {spoiled.hex()}"
    return accepted


@pytest.mark.parametrize("kind", DECODERS)
def test_the_corpus_is_accepted(kind: str) -> None:
    for data in CORPUS[kind]:
        assert DECODERS[kind](data) == data
        assert is_canonical(data)


@pytest.mark.parametrize("kind", DECODERS)
def test_spoiled_bytes_are_refused_or_are_themselves(kind: str) -> None:
    accepted = fuzz(DECODERS[kind], CORPUS[kind], TRIES)
    # Some spoiled messages are good ones, another amount or signature: the fuzzer reaches deep.
    assert accepted > 0


@pytest.mark.parametrize("kind", DECODERS)
def test_bytes_of_another_kind_are_refused(kind: str) -> None:
    for other, messages in CORPUS.items():
        for data in messages:
            if other != kind:
                with pytest.raises(Invalid):
                    DECODERS[kind](data)


def test_noise_is_refused() -> None:
    source = random.Random(SEED)
    for _ in range(TRIES):
        data = source.randbytes(source.choice((0, 1, 2, 5, 40, 300)))
        for decoder in DECODERS.values():
            with pytest.raises(Invalid):
                decoder(data)


LENIENT = msgspec.msgpack.Decoder(SignedTransaction)


def decode_without_looking_back(data: bytes) -> bytes:
    """A hole: what is not canonical is read all the same."""
    try:
        return encode(LENIENT.decode(data))
    except msgspec.MsgspecError as error:
        raise Invalid(Code.MALFORMED) from error


def decode_and_ignore_the_rest(data: bytes) -> bytes:
    """Another: bytes behind the message are not looked at."""
    try:
        return reread(decode_transaction(data))
    except Invalid:
        return reread(decode_transaction(data[:-1]))


def decode_and_stumble(data: bytes) -> bytes:
    """A third: a length in the message is believed, and what is short makes it fall."""
    assert data[data[1] & 0x0F] >= 0
    return reread(decode_transaction(data))


CANARIES = [decode_without_looking_back, decode_and_ignore_the_rest, decode_and_stumble]


@pytest.mark.parametrize("canary", CANARIES, ids=lambda canary: canary.__name__)
def test_a_decoder_with_a_hole_is_caught(canary: Decoder) -> None:
    with pytest.raises((AssertionError, IndexError)):
        fuzz(canary, CORPUS["transaction"], TRIES)
