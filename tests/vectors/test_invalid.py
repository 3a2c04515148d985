"""Every refusal has a vector, every vector holds from its JSON alone, and they are up to date."""

from collections.abc import Callable
from typing import Any

import pytest

from chain.block import decode_block
from chain.errors import Code
from chain.transaction import decode_transaction
from tests.vectors.invalid.bytestrings import judge_bytes
from tests.vectors.invalid.catalogue import (
    CHAPTERS,
    NODES_OWN,
    build_chapter,
    get_path,
    read_chapter,
)
from tests.vectors.invalid.proofs import judge_age, judge_outline, judge_part, judge_proof
from tests.vectors.invalid.scenes import (
    open_scene,
    pass_transaction,
    read_scene,
    try_block,
    try_transaction,
)

Item = dict[str, Any]


def judge_transaction(document: Item, vector: Item) -> None:
    scene = read_scene(document["communities"][vector["genesis"]], vector)
    ledger = open_scene(scene)
    assert ledger.root.hex() == vector["state_root"]
    bad = decode_transaction(bytes.fromhex(vector["refused"]))
    assert try_transaction(ledger, scene.slot, bad) == vector["code"]
    if "accepted" in vector:
        good = decode_transaction(bytes.fromhex(vector["accepted"]))
        assert pass_transaction(ledger, scene.slot, good) == vector["after"]


def judge_block(document: Item, vector: Item) -> None:
    ledger = open_scene(read_scene(document["communities"][vector["genesis"]], vector))
    assert ledger.root.hex() == vector["state_root"]
    assert try_block(ledger, decode_block(bytes.fromhex(vector["refused"]))) == vector["code"]
    if "accepted" in vector:
        assert try_block(ledger, decode_block(bytes.fromhex(vector["accepted"]))) is None


def judge_alone(vector: Item, judge: Callable[[Any], Code | None]) -> None:
    """What needs no community: neither the bytes nor whoever looks at them."""
    assert judge(vector["refused"]) == vector["code"]
    if "accepted" in vector:
        assert judge(vector["accepted"]) is None


JUDGES: dict[str, Callable[[Item, Item], None]] = {
    "transaction": judge_transaction,
    "block": judge_block,
    "bytes": lambda _, v: judge_alone(v, lambda data: judge_bytes(v["what"], data)),
    "proof": lambda _, v: judge_alone(v, lambda data: judge_proof(v["trusted"], data)),
    "age": lambda _, v: judge_alone(v, lambda slot: judge_age(v["trusted"], slot, v["slots_max"])),
    "outline": lambda _, v: judge_alone(v, lambda data: judge_outline(v["state_root"], data)),
    "part": lambda _, v: judge_alone(v, lambda data: judge_part(v["prefix"], v["hash"], data)),
}


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_vector_holds_from_its_json_alone(chapter: str) -> None:
    document = read_chapter(chapter)
    names = [(vector["name"], vector["code"]) for vector in document["vectors"]]
    assert len(set(names)) == len(names) > 0
    for vector in document["vectors"]:
        JUDGES[vector["kind"]](document, vector)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_writing_again_gives_the_same_file(chapter: str) -> None:
    assert build_chapter(chapter) == get_path(chapter).read_text(encoding="utf-8")


def test_every_code_has_a_vector() -> None:
    shown = {Code(vector["code"]) for name in CHAPTERS for vector in read_chapter(name)["vectors"]}
    assert shown | NODES_OWN == set(Code)
    assert not shown & NODES_OWN
