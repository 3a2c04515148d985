"""Who may author: chances by weight, an order of substitutes, and a range that widens."""

import hashlib
from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.errors import Code, Invalid
from chain.rules.lottery import (
    compute_secondary_order,
    find_entry,
    get_rank_limit,
    is_primary,
    search_entry,
)
from chain.tables import SetEntry

SEED = bytes(range(32))


def build_entries(weights: list[int]) -> list[SetEntry]:
    return [
        SetEntry(bytes([index]) * 32, bytes(32), bytes(32), bytes(32), weight)
        for index, weight in enumerate(weights)
    ]


def compute_plain_order(weights: list[int], seed: bytes, slot: int) -> list[int]:
    """The whole order by the letter, over a list of (index, weight)."""
    rest = list(enumerate(weights))
    order: list[int] = []
    while rest:
        data = seed + slot.to_bytes(8, "big") + len(order).to_bytes(4, "big")
        digest = hashlib.blake2b(data, digest_size=32, person=b"sec").digest()
        drawn = int.from_bytes(digest[:16], "big") % sum(weight for _, weight in rest)
        running = 0
        for place, (index, weight) in enumerate(rest):
            running += weight
            if running > drawn:
                order.append(index)
                del rest[place]
                break
    return order


weights_of_sets = st.lists(st.integers(1, 65_536), min_size=1, max_size=20)


@given(weights_of_sets, st.integers(0, 2**40), st.integers(0, 25))
def test_the_order_is_that_of_the_definition(weights: list[int], slot: int, ranks: int) -> None:
    entries = build_entries(weights)
    order = compute_secondary_order(entries, SEED, slot, ranks)
    plain = compute_plain_order(weights, SEED, slot)
    assert [entry.seat[0] for entry in order] == plain[:ranks]


def test_everybody_has_exactly_one_rank() -> None:
    entries = build_entries([1, 65_536, 3, 70, 1])
    for slot in range(50):
        order = compute_secondary_order(entries, SEED, slot, 5)
        assert sorted(entry.seat for entry in order) == [entry.seat for entry in entries]


def test_first_ranks_are_drawn_by_weight() -> None:
    entries = build_entries([1, 2, 5])
    drawn = Counter(
        compute_secondary_order(entries, SEED, slot, 1)[0].weight for slot in range(8_000)
    )
    # Binomial; five standard deviations are below 225.
    assert all(abs(drawn[weight] - 1_000 * weight) < 225 for weight in (1, 2, 5))


def test_a_rank_more_for_every_four_slots_without_a_block() -> None:
    assert [get_rank_limit(100 + gap, 100) for gap in (1, 3, 4, 7, 8, 11, 12, 400)] == [
        0,
        0,
        1,
        1,
        2,
        2,
        3,
        100,
    ]


@given(st.integers(0, 2**64 - 1), st.integers(1, 65_536), st.integers(0, 10**7))
def test_a_primary_draws_below_half_his_share(drawn: int, weight: int, others: int) -> None:
    total = weight + others
    output = drawn.to_bytes(8, "big") + bytes(56)
    assert is_primary(output, weight, total) == (
        Fraction(drawn, 2**64) < Fraction(weight, 2 * total)
    )


def test_a_lone_seat_wins_every_second_slot() -> None:
    assert is_primary(b"\x7f" + b"\xff" * 63, 65_536, 65_536)
    assert not is_primary(b"\x80" + bytes(63), 65_536, 65_536)


def test_a_seat_without_weight_never_wins() -> None:
    assert not is_primary(bytes(64), 0, 65_536)


def test_only_the_set_has_places() -> None:
    entries = build_entries([1, 2])
    assert find_entry(entries, b"\x01" * 32) == entries[1]
    with pytest.raises(Invalid) as caught:
        find_entry(entries, b"\x02" * 32)
    assert caught.value.code is Code.NOT_IN_SET


@pytest.mark.parametrize("count", [0, 1, 2, 7, 8, 100])
def test_every_seat_of_a_set_is_found_and_nobody_else(count: int) -> None:
    entries = build_entries([1] * 2 * count)[::2]
    for number in range(2 * count + 1):
        found = [entry for entry in entries if entry.seat == bytes([number]) * 32]
        assert search_entry(entries, bytes([number]) * 32) == (found[0] if found else None)
