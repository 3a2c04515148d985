"""Invariant: who makes two rival blocks final has offended with the weight that the levels promise.

For any weights, any number of seats, any rounds and any links of the certificates looked at. Every
rule is a canary: without it the solver must find a conflict that too few have to answer for.
"""

import pytest

from chain.certificates import compute_quorum
from chain.votes import LEVEL_MAX
from tests.properties.quorum_core import SHARES, Rules, find_conflict


def test_two_rival_final_blocks_accuse_as_many_as_their_levels_promise() -> None:
    assert find_conflict(Rules()) is None


@pytest.mark.parametrize("rule", Rules._fields)
def test_without_any_one_rule_there_is_a_conflict(rule: str) -> None:
    found = find_conflict(Rules()._replace(**{rule: False}))
    assert found is not None
    assert found.offending < found.total


def test_the_solvers_quorums_are_the_programs() -> None:
    assert len(SHARES) == LEVEL_MAX + 1
    for total in range(1, 2_000):
        for level, (numerator, denominator) in enumerate(SHARES):
            quorum = compute_quorum(total, level)
            assert denominator * (quorum - 1) <= numerator * total < denominator * quorum
