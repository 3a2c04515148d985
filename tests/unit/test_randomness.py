"""Seeds follow from the outputs of the epoch before the last, whatever was skipped."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chain.errors import Code, Invalid
from chain.rules.lottery import get_alpha
from chain.rules.randomness import (
    SKIPPED_EPOCHS_MAX,
    build_first_randomness,
    compute_randomness,
    is_mixing,
    process_randomness,
)
from chain.tables import CURRENT
from tests.community import CONSTANTS, Community

CHAIN = bytes(range(32))
EPOCH_SLOTS = 20


def h(tag: bytes, *parts: bytes) -> bytes:
    return hashlib.blake2b(b"".join(parts), digest_size=32, person=tag).digest()


def n(number: int) -> bytes:
    return number.to_bytes(8, "big")


def compute_seeds(chain: bytes, outputs: list[tuple[int, bytes]], epochs: int) -> list[bytes]:
    """R(0), R(1), ... by the letter: from (slot, output) of every block."""
    seeds = [h(b"rand", chain, n(0)), h(b"rand", chain, n(1))]
    for epoch in range(epochs):
        mix = h(b"mix0", n(epoch))
        for slot, output in outputs:
            within = slot - epoch * EPOCH_SLOTS
            if 0 <= within < EPOCH_SLOTS and 3 * within < 2 * EPOCH_SLOTS:
                mix = h(b"mix", mix, output)
        seeds.append(h(b"rand", seeds[epoch + 1], n(epoch + 2), mix))
    return seeds


@given(st.lists(st.integers(1, 130), min_size=1, max_size=25))
def test_seeds_are_those_of_the_definition(gaps: list[int]) -> None:
    community = Community()
    state = community.ledger.state
    outputs: list[tuple[int, bytes]] = []
    slot = 0
    chain = community.chain
    for number, gap in enumerate(gaps):
        slot += gap
        context = community.ledger.get_context(slot)
        output = h(b"output", n(number))
        process_randomness(state, context, output)
        outputs.append((slot, output))
        row = state.randomness.require(CURRENT)
        seeds = compute_seeds(chain, outputs, context.epoch + 1)
        assert row.epoch == context.epoch
        assert row.seed == seeds[context.epoch]
        assert row.next_seed == seeds[context.epoch + 1]
        following = compute_randomness(row, context.epoch + 1)
        assert following.next_seed == seeds[context.epoch + 2]


def test_an_output_moves_the_seed_after_the_next_and_no_earlier() -> None:
    one = compute_seeds(CHAIN, [(3, b"one")], 4)
    other = compute_seeds(CHAIN, [(3, b"other")], 4)
    assert one[:2] == other[:2]
    assert one[2] != other[2]


def test_only_the_first_two_thirds_of_an_epoch_mix() -> None:
    mixing = [slot for slot in range(20, 40) if is_mixing(CONSTANTS, slot)]
    assert mixing == list(range(20, 34))
    by_three = replace(CONSTANTS, slots_per_epoch=30)
    assert [slot for slot in range(30) if is_mixing(by_three, slot)] == list(range(20))


def test_first_seeds_follow_from_the_community() -> None:
    first = build_first_randomness(CHAIN)
    assert first.epoch == 0
    assert first.seed == h(b"rand", CHAIN, n(0))
    assert first.next_seed == h(b"rand", CHAIN, n(1))
    assert first.mix == h(b"mix0", n(0))


def test_a_pause_is_bounded() -> None:
    first = build_first_randomness(CHAIN)
    assert compute_randomness(first, 1_000).epoch == 1_000
    with pytest.raises(Invalid) as caught:
        compute_randomness(first, SKIPPED_EPOCHS_MAX + 1)
    assert caught.value.code is Code.PAUSE_TOO_LONG


def test_the_vrf_input_names_community_seed_and_slot() -> None:
    assert get_alpha(CHAIN, b"s" * 32, 7) == b"pai/vrf/1" + CHAIN + b"s" * 32 + n(7)
