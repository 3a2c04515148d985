"""The arithmetic of finality, exactly, in integers: how much two decisions share, at any levels.

Every pair of sets of seats that both decide is looked at, for small communities of some weights.
What they share must weigh at least what the levels promise; as far as honest seats do not
contradict themselves, that is what offenders must weigh for two blocks to be final.
"""

from collections.abc import Iterator
from itertools import combinations, combinations_with_replacement, product
from typing import NamedTuple

from chain import certificates

WEIGHTS = (1, 2, 21_845, 65_536)  # crumbs, a third, and a full seat
SEATS_MAX = 5


class Overlap(NamedTuple):
    """Two sets that decide and share too little."""

    weights: tuple[int, ...]
    levels: tuple[int, int]
    shared: int


def find_small_overlap(seats_max: int = SEATS_MAX) -> Overlap | None:
    """The first pair that shares less than its levels promise; None: there is none."""
    for count in range(1, seats_max + 1):
        for weights in combinations_with_replacement(WEIGHTS, count):
            for one, other in product(range(3), repeat=2):
                found = _look_at(weights, (one, other))
                if found is not None:
                    return found
    return None


def _look_at(weights: tuple[int, ...], levels: tuple[int, int]) -> Overlap | None:
    total = sum(weights)
    # Independent of the program: just above 2/3, 3/5, 11/20 of the weight, as a fraction.
    shares = ((2, 3), (3, 5), (11, 20))
    promised = sum(shares[level][0] * total // shares[level][1] + 1 for level in levels) - total
    first, second = (
        list(_list_minimal(weights, certificates.compute_quorum(total, level))) for level in levels
    )
    for one in first:
        for other in second:
            shared = sum(weights[place] for place in one & other)
            if shared < promised:
                return Overlap(weights, levels, shared)
    return None


def _list_minimal(weights: tuple[int, ...], quorum: int) -> Iterator[frozenset[int]]:
    """The sets that decide, and no longer do without any one of their seats."""
    for count in range(1, len(weights) + 1):
        for places in combinations(range(len(weights)), count):
            weight = sum(weights[place] for place in places)
            if weight >= quorum and all(weight - weights[place] < quorum for place in places):
                yield frozenset(places)
