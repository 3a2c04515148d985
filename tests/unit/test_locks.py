"""What an author says that it has seen justified must lie on its chain, and in its own time."""

import pytest

from chain.errors import Code, Invalid
from tests.community import Community
from tests.recording import certify, with_finality
from tests.unit.test_sets import EPOCH, ask_back, finish, hand_over, reseal


def test_an_author_stands_on_a_block_of_its_own_set_or_of_the_one_before() -> None:
    c = Community()
    handoff = hand_over(c)
    first = c.ledger.get_hash(1) or b""
    block, _ = c.build_block()
    slot, child_slot = handoff.header.slot, block.header.slot
    for lock, vote_round in (
        (handoff.hash, slot),  # the base
        (handoff.hash, child_slot + 2),  # justified by the set before, as late as may be
        (first, 1),
        (c.chain, 0),  # nothing was justified since the first set began
    ):
        c.ledger.execute(reseal(c, block, lock_hash=lock, lock_round=vote_round), c.checks)
    for lock, vote_round in (
        (handoff.hash, child_slot + 3),  # a round that nobody has reached
        (handoff.hash, slot - 1),  # before the block was there
        (bytes(32), slot),  # on another branch
        (first, 0),
    ):
        with pytest.raises(Invalid) as caught:
            c.ledger.execute(reseal(c, block, lock_hash=lock, lock_round=vote_round), c.checks)
        assert caught.value.code is Code.WRONG_LOCK
    # When the next set begins, what lies below the one before binds nobody.
    finish(c, handoff)
    ask_back(c, "boris")
    while c.ledger.head.slot % EPOCH != EPOCH - 1:
        block = c.extend()
    second = c.extend(parts=with_finality(certify(c, block, EPOCH * 3)))
    assert second.header.next_set_root is not None
    block, _ = c.build_block()
    c.ledger.execute(reseal(c, block, lock_hash=handoff.hash, lock_round=slot), c.checks)
    with pytest.raises(Invalid) as caught:
        c.ledger.execute(reseal(c, block, lock_hash=first, lock_round=1), c.checks)
    assert caught.value.code is Code.WRONG_LOCK
