"""What a chain records of its own finality is enough to prove it to a stranger, sets and all.

And whatever lies in it or below it: any transaction of any block, any row, from any later set on.
"""

import pytest
from msgspec.structs import replace

from chain.actions import Pay
from chain.checks import DirectChecks
from chain.codec import encode
from chain.proof import PROOFS, begin_at, verify_finality
from chain.store import MemoryStore
from chain.tables import ACCOUNTS
from node.certified import build_proof, read_hand_offs, read_target
from node.chainkeeper import ChainKeeper
from node.founding import build_genesis_checkpoint
from node.proving import (
    build_checkpoint,
    build_finality_proof,
    build_row_proof,
    build_transaction_proof,
)
from tests.certified import FinalChain
from tests.community import CONSTANTS, PAI, Community, build_genesis, get_account_id

GENESIS = build_genesis(constants=replace(CONSTANTS, base_age_epochs=2))


@pytest.fixture(scope="module")
def keeper() -> ChainKeeper:
    """A chain of some six hand-offs, with a payment in every fifth block."""
    community = Community(GENESIS)
    chain = FinalChain(community)
    kept = ChainKeeper(MemoryStore(), GENESIS, DirectChecks())
    while chain.hand_offs < 5 or kept.ledger.head.height % 8 != 3:
        payments = []
        if kept.ledger.head.height % 5 == 4:
            pays = [Pay(get_account_id(name), PAI, "") for name in ("farid", "galina")]
            payments = [community.sign("emma", *pays, fee_max=PAI)]
        kept.extend(chain.extend(payments), durable=False)
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


def test_every_transaction_below_the_newest_final_block_is_proven(keeper: ChainKeeper) -> None:
    ledger, start = keeper.ledger, build_genesis_checkpoint(GENESIS)
    target = read_target(ledger.store)
    assert target is not None
    ends, proven_count = set(), 0
    for block in ledger.get_blocks():
        for sealed in block.transactions:
            proof = build_transaction_proof(ledger, ledger.chain, sealed.id)
            if block.header.height > target.header.height:
                assert proof is None
                continue
            assert proof is not None
            proven = verify_finality(start, proof, DirectChecks())
            assert proven.transaction == sealed
            assert proven.header == block.header
            assert len(proof.ancestors) < 2 * 8
            ends.add(proof.target is None)
            proven_count += 1
    assert proven_count > 20
    assert ends == {False, True}
    assert build_transaction_proof(ledger, ledger.chain, bytes(32)) is None


def test_rows_are_proven_after_the_newest_final_block(keeper: ChainKeeper) -> None:
    ledger, start = keeper.ledger, build_genesis_checkpoint(GENESIS)
    for name in ("emma", "farid", "nobody"):
        key = ACCOUNTS.prefix + get_account_id(name)
        proof = build_row_proof(ledger, ledger.chain, key)
        assert proof is not None
        proven = verify_finality(start, proof, DirectChecks())
        assert proven.row is not None
        assert (proven.row[1] is None) == (name == "nobody")
        assert proven.checkpoint == build_checkpoint(ledger)
    assert build_row_proof(ledger, bytes(32), key) is None


def test_a_chain_of_which_nothing_is_final_proves_nothing_but_its_genesis() -> None:
    keeper = ChainKeeper(MemoryStore(), GENESIS, DirectChecks())
    keeper.extend(Community(GENESIS).extend(), durable=False)
    ledger = keeper.ledger
    assert build_checkpoint(ledger) is None
    assert build_row_proof(ledger, ledger.chain, b"x") is None
    proof = build_finality_proof(ledger, ledger.chain)
    assert proof is not None
    start = build_genesis_checkpoint(GENESIS)
    assert verify_finality(start, proof, DirectChecks()).checkpoint == start
