"""What a chain records of its own finality is enough to prove it to a stranger, sets and all."""

import pytest
from msgspec.structs import replace

from chain.checks import DirectChecks
from chain.codec import encode
from chain.proof import PROOFS, begin_at, verify_finality
from chain.store import MemoryStore
from node.certified import build_proof, read_hand_offs, read_target
from node.chainkeeper import ChainKeeper
from node.founding import build_genesis_checkpoint
from tests.certified import FinalChain
from tests.community import CONSTANTS, Community, build_genesis

GENESIS = build_genesis(constants=replace(CONSTANTS, base_age_epochs=2))


@pytest.fixture(scope="module")
def keeper() -> ChainKeeper:
    """A chain of some six hand-offs."""
    chain = FinalChain(Community(GENESIS))
    kept = ChainKeeper(MemoryStore(), GENESIS, DirectChecks())
    while chain.hand_offs < 5 or kept.ledger.head.height % 8 != 1:
        kept.extend(chain.extend(), durable=False)
    return kept


def test_hand_offs_and_the_newest_final_block_are_kept_as_the_chain_records_them(
    keeper: ChainKeeper,
) -> None:
    ledger = keeper.ledger
    steps = list(read_hand_offs(ledger.store, ledger.chain, 100))
    assert len(steps) >= 4
    target = read_target(ledger.store)
    assert target is not None
    assert ledger.head.height - 8 <= target.header.height < ledger.head.height
    proof = build_proof(ledger.store, ledger.chain, target)
    assert proof is not None
    assert PROOFS.decode(encode(proof)) == proof
    proven = verify_finality(build_genesis_checkpoint(GENESIS), proof, DirectChecks())
    assert proven.header == target.header
    assert proven.checkpoint.set == target.header.base
    assert proven.entries == ledger.seat_set.entries


def test_whoever_trusts_a_later_set_needs_the_rest_of_the_proof_only(keeper: ChainKeeper) -> None:
    store, chain = keeper.ledger.store, keeper.ledger.chain
    target = read_target(store)
    whole = build_proof(store, chain, target)
    assert whole is not None
    start = build_genesis_checkpoint(GENESIS)
    for number in range(len(whole.hand_offs) + 1):
        part = replace(whole, hand_offs=whole.hand_offs[:number], target=None)
        trusted = verify_finality(start, part, DirectChecks()).checkpoint
        rest = begin_at(whole, trusted.set)
        assert len(rest.hand_offs) == len(whole.hand_offs) - number
        assert rest == build_proof(store, trusted.set, target)
        assert verify_finality(trusted, rest, DirectChecks()).checkpoint.height > trusted.height
