"""Invariant: whatever a spoiled proof, outline or part says, checking it ends in a refusal.

Or the value is the unspoiled one. Nothing else may come out: no other exception, no other block.
A check with a hole is among the tested, and must be caught.
"""

import os
import random
from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from chain.checks import DirectChecks
from chain.codec import encode
from chain.errors import Invalid
from chain.merkle import Tree
from chain.proof import PROOFS, RowClaim, verify_finality
from chain.snapshot import OUTLINES, PARTS, SNAPSHOT_VERSION, Outline, check_part, list_places
from chain.store import MemoryStore
from node.shelf import fill_shelf, read_part
from tests.certified import build_seats, build_way
from tests.community import Community, get_account_id
from tests.fuzz.mutate import spoil_bytes, spoil_value

TRIES = 40_000 if os.environ.get("PAI_TESTS") == "thorough" else 1_500
SEED = int(os.environ.get("PAI_FUZZ_SEED", "20261130"))

SETS = [build_seats(["a", "b", "c", "d"]), build_seats(["c", "d", "e", "f"]), build_seats(["x"])]
WAY = build_way(SETS)
END = verify_finality(WAY.trusted, WAY.proof, DirectChecks()).checkpoint

ROWS = [(b"a" + get_account_id(f"member {number}"), b"row") for number in range(60)]
SHELF = MemoryStore()
SPLITS = fill_shelf(SHELF, ROWS)
TREE = Tree()
TREE.apply_update(TREE.compute_update(ROWS))
PLACES = list_places(TREE.root, SPLITS)
PART = read_part(SHELF, PLACES[0].prefix)
OUTLINE = Outline(SNAPSHOT_VERSION, WAY.proof.target, SPLITS)  # type: ignore[arg-type]  # it has one


def check_proof(data: bytes) -> Any:
    proof = PROOFS.decode(data)
    return verify_finality(WAY.trusted, proof, DirectChecks()).checkpoint


def check_outline(data: bytes) -> Any:
    return list_places(TREE.root, OUTLINES.decode(data).splits)


def check_rows(data: bytes) -> Any:
    part = PARTS.decode(data)
    check_part(PLACES[0], part)
    return part


def check_little(data: bytes) -> Any:
    """The canary: rows are believed as they come."""
    return PARTS.decode(data)


Check = Callable[[bytes], Any]
KEY = b"a" + get_account_id("emma")
CLAIMED = replace(WAY.proof, claim=RowClaim(KEY, *Community().ledger.prove(KEY)))

# What each check must answer, if it answers at all. A proof that ends earlier is true as well.
CASES: dict[str, tuple[Check, list[bytes], Callable[[Any], bool]]] = {
    "proof": (
        check_proof,
        [encode(WAY.proof), encode(CLAIMED)],
        lambda found: found == END or found.height < END.height,
    ),
    "outline": (check_outline, [encode(OUTLINE)], lambda found: found == PLACES),
    "part": (check_rows, [encode(PART)], lambda found: found == PART),
}


def fuzz(check: Check, corpus: list[bytes], is_fine: Callable[[Any], bool], tries: int) -> None:
    for number in range(tries):
        source = random.Random(f"{SEED} {number}")
        data = source.choice(corpus)
        if source.random() < 0.6:
            spoiled = spoil_value(source, data)
        else:
            spoiled = spoil_bytes(source, data, data)
        try:
            found = check(spoiled)
        except Invalid:
            continue
        assert is_fine(found), f"PAI_FUZZ_SEED={SEED}, try {number}: {spoiled.hex()}"


@pytest.mark.parametrize("kind", CASES)
def test_what_is_spoiled_is_refused_or_says_the_same(kind: str) -> None:
    check, corpus, is_fine = CASES[kind]
    assert all(is_fine(check(data)) for data in corpus[:1])
    fuzz(check, corpus, is_fine, TRIES)


def test_a_check_with_a_hole_is_caught() -> None:
    with pytest.raises(AssertionError, match="PAI_FUZZ_SEED"):
        fuzz(check_little, [encode(PART)], lambda found: found == PART, TRIES)
