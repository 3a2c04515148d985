"""Blocks read ahead and executed again: every verdict is that of checking one thing after another.

What threads learn before must not change an outcome, neither when guesses are right nor wrong; and
the first block that does not hold is named exactly.
"""

import sys
from collections.abc import Iterable, Iterator
from threading import active_count

import pytest
from msgspec.structs import replace

from chain.actions import ChangePolicy, Pay
from chain.block import BlockParts, SealedBlock, compute_body_root, decode_block, seal_block
from chain.checks import LearnedChecks, VrfClaim
from chain.codec import encode
from chain.crypto import Signed
from chain.errors import Code
from chain.header import Header, sign_header
from chain.kept import INDEX
from chain.ledger import Ledger
from chain.replay import (
    AHEAD_WEIGHT_MAX,
    LookAhead,
    ReplayFailed,
    predict_claims,
    replay,
)
from chain.store import MemoryStore
from chain.transaction import SealedTransaction, seal
from tests.community import PAI, Community, build_genesis, get_account_id, get_key, get_policy
from tests.recording import call_roll, certify

NAMES = ("ann", "boris", "emma", "farid")


class CountingChecks:
    """Learned answers, and what had to be checked at once because nobody had learned it."""

    def __init__(self, learned: LearnedChecks) -> None:
        self.learned = learned
        self.late = 0

    def holds(self, claim: Signed) -> bool:
        """As learned, or at once."""
        self.late += claim not in self.learned._good
        return self.learned.holds(claim)

    def open_vrf(self, claim: VrfClaim) -> bytes | None:
        """As learned, or at once."""
        self.late += claim not in self.learned._outputs
        return self.learned.open_vrf(claim)


def pay(community: Community, name: str) -> SealedTransaction:
    return community.sign(name, Pay(get_account_id("hamit"), PAI, ""), fee_max=PAI)


def build_chain(blocks: int) -> tuple[Community, list[SealedBlock]]:
    """Payments of everybody in every block, the first of each revealing its policy."""
    community = Community()
    made = [community.extend([pay(community, name) for name in NAMES]) for _ in range(blocks)]
    return community, made


def found(community: Community) -> Ledger:
    return Ledger(MemoryStore(), community.genesis)


def run(ledger: Ledger, blocks: Iterable[SealedBlock | bytes]) -> list[int]:
    return [replayed.block.header.height for replayed in replay(ledger, blocks)]


def test_a_replay_ends_where_the_chain_does() -> None:
    community, blocks = build_chain(12)
    for source in (blocks, [block.whole_bytes for block in blocks]):
        ledger = found(community)
        assert run(ledger, source) == list(range(1, 13))
        assert ledger.head == community.ledger.head
        assert ledger.root == community.ledger.root


def test_a_replay_goes_on_from_the_ledgers_head() -> None:
    community, blocks = build_chain(6)
    ledger = found(community)
    run(ledger, blocks[:2])
    run(ledger, blocks[2:])
    assert ledger.root == community.ledger.root


def test_index_rows_are_written_with_their_block() -> None:
    community, blocks = build_chain(3)
    ledger = found(community)
    for replayed in replay(ledger, blocks, get_index=lambda block, _: [(INDEX + block.hash, b"")]):
        assert ledger.store.get(INDEX + replayed.block.hash) == b""


def test_nothing_is_left_to_check_late_when_guesses_are_right() -> None:
    community, blocks = build_chain(30)
    ledger = found(community)
    ahead = LookAhead(ledger)
    checks = CountingChecks(ahead.checks)
    for block in ahead.read(blocks):
        ledger.commit(ledger.execute(block, checks), block)
    assert checks.late == 0
    assert not ahead.checks._good
    assert not ahead.checks._outputs


def test_what_consensus_put_on_record_is_foreseen() -> None:
    community = Community()
    blocks = [community.extend() for _ in range(10)]
    roll_call = call_roll(community, 10, [(blocks[1].hash, ["ann", "clara"])])
    blocks.append(community.extend(parts=BlockParts(roll_call=roll_call)))
    blocks += [community.extend() for _ in range(4)]
    blocks.append(community.extend(parts=BlockParts(certify(community, blocks[13], 15))))
    claims = predict_claims(found(community), blocks[-1])
    assert len(claims.signatures) == 1 + 4
    assert len(predict_claims(found(community), blocks[10]).signatures) == 1 + 2
    ledger = found(community)
    ahead = LookAhead(ledger)
    checks = CountingChecks(ahead.checks)
    for block in ahead.read(blocks):
        ledger.commit(ledger.execute(block, checks), block)
    assert ledger.root == community.ledger.root
    assert checks.late == 0
    assert not ahead.checks._good


def test_a_policy_that_changes_in_between_is_foreseen() -> None:
    community = Community()
    blocks = [
        community.extend([community.sign("emma", ChangePolicy(get_policy("zoya")))]),
        community.extend([pay(community, "emma")]),
        community.extend([community.sign("emma", ChangePolicy(get_policy("2:ann+boris+emma")))]),
        community.extend([pay(community, "emma")]),
    ]
    ledger = found(community)
    ahead = LookAhead(ledger)
    checks = CountingChecks(ahead.checks)
    for block in ahead.read(blocks):
        ledger.commit(ledger.execute(block, checks), block)
    assert checks.late == 0
    assert ledger.root == community.ledger.root


def test_guesses_from_too_old_a_state_cost_time_only() -> None:
    """Blocks epochs ahead have seeds that nobody knows yet."""
    community = Community()
    blocks = [community.extend([pay(community, "emma")], after=50) for _ in range(8)]
    ledger = found(community)
    ahead = LookAhead(ledger)
    checks = CountingChecks(ahead.checks)
    for block in ahead.read(blocks):
        ledger.commit(ledger.execute(block, checks), block)
    assert checks.late > 0
    assert ledger.root == community.ledger.root


def test_predictions_say_what_executing_asks() -> None:
    community, (block, *_) = build_chain(1)
    claims = predict_claims(found(community), block)
    assert len(claims.proofs) == 1
    assert len(claims.signatures) == 1 + len(NAMES)
    assert not predict_claims(found(Community(build_genesis(seats=("zoya",)))), block).proofs


def test_many_signatures_are_shared_among_threads() -> None:
    members = [f"member {index}" for index in range(100)]
    community = Community(build_genesis(members=members))
    blocks = [community.extend([pay(community, name) for name in members]) for _ in range(2)]
    ledger = Ledger(MemoryStore(), community.genesis)
    assert run(ledger, blocks) == [1, 2]
    assert ledger.root == community.ledger.root


# What does not hold.


def find_failure(community: Community, blocks: Iterable[SealedBlock | bytes]) -> ReplayFailed:
    """The failure of a replay that got as far as the third block."""
    ledger = found(community)
    with pytest.raises(ReplayFailed) as failure:
        run(ledger, blocks)
    assert ledger.head.height == 2, "the blocks before it are kept"
    return failure.value


def reseal(
    community: Community, block: SealedBlock, transactions: tuple[SealedTransaction, ...]
) -> SealedBlock:
    """The block with another body, signed again by its author."""
    return sign_again(
        community, replace(block.header, body_root=compute_body_root(transactions)), transactions
    )


def sign_again(
    community: Community, header: Header, transactions: tuple[SealedTransaction, ...]
) -> SealedBlock:
    name = community.seat_names[header.seat]
    signature = sign_header(header, get_key(f"{name}/vote")).signature
    return seal_block(header, signature, transactions)


def test_a_forged_signature_is_named_by_block_and_transaction() -> None:
    community, blocks = build_chain(5)
    first, second, *rest = blocks[2].transactions
    signature = replace(second.signed.signatures[0], signature=bytes(64))
    forged = seal(replace(second.signed, signatures=(signature,)))
    blocks[2] = reseal(community, blocks[2], (first, forged, *rest))
    failure = find_failure(community, blocks)
    assert (failure.height, failure.hash) == (3, blocks[2].hash)
    assert (failure.code, failure.transaction) == (Code.BAD_SIGNATURE, 1)
    assert failure.computed_root is None


def test_a_wrong_state_root_is_named_with_both_roots() -> None:
    community, blocks = build_chain(4)
    right = blocks[2].header.state_root
    header = replace(blocks[2].header, state_root=bytes(32))
    blocks[2] = sign_again(community, header, blocks[2].transactions)
    failure = find_failure(community, blocks)
    assert (failure.height, failure.hash) == (3, blocks[2].hash)
    assert failure.code is Code.WRONG_STATE_ROOT
    assert (failure.computed_root, failure.expected_root) == (right, bytes(32))
    assert right.hex() in str(failure)


def test_forged_headers_are_refused_whatever_threads_have_seen() -> None:
    community, blocks = build_chain(4)
    good = blocks[2]
    unsigned = decode_block(encode(replace(good.block, signature=bytes(64))))
    assert find_failure(community, [*blocks[:2], unsigned]).code is Code.BAD_HEADER_SIGNATURE
    proof = blocks[1].header.vrf_proof
    borrowed = sign_again(community, replace(good.header, vrf_proof=proof), good.transactions)
    assert find_failure(community, [*blocks[:2], borrowed]).code is Code.BAD_VRF_PROOF


def test_bytes_that_are_no_block_are_told_in_their_turn() -> None:
    community, blocks = build_chain(4)
    data = [block.whole_bytes for block in blocks]
    failure = find_failure(community, [*data[:2], b"rubbish", *data[3:]])
    assert (failure.height, failure.hash, failure.code) == (3, None, Code.MALFORMED)
    swapped = encode(replace(blocks[2].block, body=blocks[1].block.body))
    assert find_failure(community, [*data[:2], swapped]).code is Code.WRONG_BODY_ROOT


def test_a_missing_block_is_missed() -> None:
    community, blocks = build_chain(4)
    assert find_failure(community, [*blocks[:2], blocks[3]]).code is Code.WRONG_PARENT


# Manners.


def test_reading_ahead_is_bounded() -> None:
    community, blocks = build_chain(1)
    taken = 0

    def endless() -> Iterator[SealedBlock]:
        nonlocal taken
        while True:
            taken += 1
            yield blocks[0]

    source = LookAhead(found(community)).read(endless())
    next(source)
    source.close()
    assert taken <= AHEAD_WEIGHT_MAX // len(NAMES) + 1


def test_threads_and_the_interpreters_pace_are_given_back() -> None:
    community, blocks = build_chain(4)
    pace, threads = sys.getswitchinterval(), active_count()
    left_early = replay(found(community), blocks)
    next(left_early)
    assert sys.getswitchinterval() < pace
    left_early.close()
    assert (sys.getswitchinterval(), active_count()) == (pace, threads)
    find_failure(community, [*blocks[:2], blocks[3]])
    assert (sys.getswitchinterval(), active_count()) == (pace, threads)
