"""What a journal lets a seat sign, as pure functions."""

from hypothesis import given
from hypothesis import strategies as st

from chain.codec import encode
from chain.crypto import compute_hash
from consensus.journal import (
    JOURNAL_BYTES_MAX,
    JOURNALS,
    RECORDS_MAX,
    Journal,
    build_journal,
    enter_set,
    get_signed_header,
    get_signed_slot,
    has_signed,
    may_sign_block,
    record_block,
)

KEY = bytes(range(32))
CHAINS = [compute_hash(b"test-chain", bytes([number])) for number in range(2)]
SETS = [compute_hash(b"test-set", bytes([number])) for number in range(3)]


def test_a_new_journal_has_signed_nothing_and_admits_the_first_slot() -> None:
    journal = build_journal(KEY)
    assert not has_signed(journal)
    assert get_signed_slot(journal, CHAINS[0]) == 0
    assert may_sign_block(journal, CHAINS[0], 1)
    assert not may_sign_block(journal, CHAINS[0], 0)


@given(
    tries=st.lists(
        st.tuples(st.sampled_from(CHAINS), st.sampled_from(SETS), st.integers(0, 60)), max_size=60
    )
)
def test_slots_only_rise_in_each_community_whatever_the_set(
    tries: list[tuple[bytes, bytes, int]],
) -> None:
    journal = build_journal(KEY)
    signed: dict[bytes, list[int]] = {chain: [] for chain in CHAINS}
    for chain, set_hash, slot in tries:
        if may_sign_block(journal, chain, slot):
            journal = record_block(journal, chain, set_hash, slot, b"header %d" % slot)
            signed[chain].append(slot)
        assert JOURNALS.decode(encode(journal)) == journal
    for chain, slots in signed.items():
        assert slots == sorted(set(slots))
        assert get_signed_slot(journal, chain) == max(slots, default=0)


def test_the_newest_header_can_be_shown_again_and_no_other() -> None:
    journal = record_block(build_journal(KEY), CHAINS[0], SETS[0], 7, b"seven")
    assert get_signed_header(journal, CHAINS[0], 7) == b"seven"
    assert get_signed_header(journal, CHAINS[1], 7) is None
    journal = record_block(journal, CHAINS[0], SETS[1], 9, b"nine")
    assert get_signed_header(journal, CHAINS[0], 9) == b"nine"
    assert get_signed_header(journal, CHAINS[0], 7) is None


def test_a_set_has_one_record_and_the_number_of_records_is_bounded() -> None:
    journal: Journal = build_journal(KEY)
    for slot in range(1, 3 * RECORDS_MAX):
        set_hash = compute_hash(b"test-set", slot.to_bytes(8, "big"))
        journal = enter_set(journal, CHAINS[0], set_hash, slot)
        journal = record_block(journal, CHAINS[0], set_hash, slot, bytes(1_000))
        assert len(journal.records) <= RECORDS_MAX
    again = record_block(journal, CHAINS[0], journal.records[-1].set, 10_000, b"x")
    assert len(again.records) == len(journal.records)
    assert get_signed_slot(again, CHAINS[0]) == 10_000
    assert len(encode(journal)) < JOURNAL_BYTES_MAX
