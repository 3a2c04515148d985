"""Sets follow each other in one line: when one hands over, to whom, and what bonds wait for."""

import pytest
from msgspec.structs import replace

from chain.actions import Unbond
from chain.block import NO_PARTS, BlockParts, SealedBlock, seal_block
from chain.certificates import compute_set_root
from chain.errors import Code, Invalid
from chain.header import sign_header
from chain.rules import sets
from chain.rules.seats import LEAVERS_MAX
from chain.rules.sets import check_entries, get_chain_facts, is_change_due
from chain.rules.settlement import BONDED, LEAVING, UNBONDING
from chain.tables import CURRENT, PREVIOUS, Deposit, Leaver, Leavers, SeatSet, SetEntry
from tests.community import Community, get_account_id, get_key, get_name
from tests.recording import certify, with_finality
from tests.unit.test_finality_record import check_refused, grow

ANN = get_account_id("ann")
EPOCH = 20
WINDOW = 5


def ask_back(c: Community, name: str = "ann") -> None:
    c.extend([c.sign(name, Unbond(0))])


def get_bond(c: Community, name: str = "ann") -> Deposit:
    return c.ledger.state.savings.require(get_account_id(name)).deposits[0]


def get_names(seat_set: SeatSet) -> set[str]:
    return {get_name(entry.seat) for entry in seat_set.entries}


def prepare(c: Community) -> BlockParts:
    """Ann asks her bond back; the record of finality that lets the next epoch hand over."""
    ask_back(c)
    blocks = grow(c, EPOCH - 2)
    assert c.ledger.head.slot == EPOCH - 1
    return with_finality(certify(c, blocks[-2], EPOCH - 2))


def hand_over(c: Community) -> SealedBlock:
    """The hand-off to a set without ann."""
    parts = prepare(c)
    return c.extend(parts=parts)


def finish(c: Community, handoff: SealedBlock) -> None:
    """Record that the hand-off is final, by the set that it ended."""
    before = c.ledger.state.sets.require(CURRENT)
    while c.ledger.head.height % 8 != 7:
        c.extend()
    if before.base == handoff.hash:
        before = c.ledger.state.sets.require(PREVIOUS)
    record = certify(c, handoff, handoff.header.slot, seat_set=before, justified=True)
    c.extend(parts=with_finality(record))


def test_a_hand_off_is_made_under_the_old_set_and_its_children_under_the_new() -> None:
    c = Community()
    handoff = hand_over(c)
    old = c.ledger.state.sets.require(CURRENT)
    new = c.ledger.seat_set
    assert handoff.header.base == old.base == c.chain
    assert handoff.header.next_set_root == compute_set_root(new.entries)
    assert (new.base, new.base_slot) == (handoff.hash, EPOCH)
    assert get_names(old) - get_names(new) == {"ann"}
    child = c.extend()
    assert (child.header.base, child.header.next_set_root) == (handoff.hash, None)
    assert c.ledger.state.sets.require(CURRENT) == new
    assert c.ledger.state.sets.require(PREVIOUS) == old


def test_what_is_kept_of_sets_forms_a_line() -> None:
    c = Community()
    handoff = hand_over(c)
    c.extend()
    first = c.ledger.state.set_records.require(c.chain)
    second = c.ledger.state.set_records.require(handoff.hash)
    assert (first.following, second.following) == (handoff.hash, None)
    assert (second.root, second.slot) == (handoff.header.next_set_root, EPOCH)
    weights = [entry.weight for entry in c.ledger.seat_set.entries]
    assert (second.total_weight, second.heaviest) == (sum(weights), max(weights))


def test_the_facts_of_blocks_around_a_hand_off() -> None:
    c = Community()
    parts = prepare(c)
    before = get_chain_facts(c.ledger.state, c.ledger.head.hash)
    assert (before.seat_set.base, before.is_handoff) == (c.chain, False)
    handoff = c.extend(parts=parts)
    facts = get_chain_facts(c.ledger.state, c.ledger.head.hash)
    assert (facts.seat_set.base, facts.is_handoff) == (handoff.hash, True)
    assert facts.recorded.target_height == 18
    assert facts.recorded.round == 18
    c.extend()
    after = get_chain_facts(c.ledger.state, c.ledger.head.hash)
    assert (after.seat_set, after.is_handoff) == (facts.seat_set, False)


def test_without_fresh_finality_nothing_hands_over() -> None:
    c = Community()
    ask_back(c)
    blocks = grow(c, EPOCH - 2)
    stale = with_finality(certify(c, blocks[EPOCH - WINDOW - 4], EPOCH - 2))
    assert blocks[EPOCH - WINDOW - 4].header.slot == EPOCH - WINDOW - 2
    for parts in (NO_PARTS, stale):
        block, _ = c.build_block(parts=parts)
        assert block.header.slot == EPOCH
        assert block.header.next_set_root is None
    fresh = with_finality(certify(c, blocks[EPOCH - WINDOW - 2], EPOCH - 2))
    assert blocks[EPOCH - WINDOW - 2].header.slot == EPOCH - WINDOW
    block, _ = c.build_block(parts=fresh)
    assert block.header.next_set_root is not None


def test_finality_recorded_before_counts_as_well() -> None:
    c = Community()
    ask_back(c)
    blocks = grow(c, 14)
    blocks.append(c.extend(parts=with_finality(certify(c, blocks[-1], 15))))
    assert c.ledger.head.height == 16
    grow(c, 3)
    assert c.build_block()[0].header.next_set_root is not None


def test_only_the_first_block_of_an_epoch_hands_over() -> None:
    c = Community()
    parts = prepare(c)
    assert c.build_block(parts=parts)[0].header.next_set_root is not None
    c.extend()
    target = c.ledger.get_block(c.ledger.get_hash(18) or b"")
    assert target is not None
    while c.ledger.head.height % 8 != 7:
        c.extend()
    block = c.extend(parts=with_finality(certify(c, target, 23)))
    assert block.header.next_set_root is None


def test_a_set_that_is_not_final_hands_nothing_over() -> None:
    c = Community()
    handoff = hand_over(c)
    ask_back(c, "boris")
    blocks = grow(c, EPOCH - 2)
    assert c.ledger.head.slot == 2 * EPOCH - 1
    assert c.build_block()[0].header.next_set_root is None
    old = c.ledger.state.sets.require(PREVIOUS)
    record = certify(c, handoff, 2 * EPOCH - 1, seat_set=old, justified=True)
    # Final now, but what was recorded lies an epoch back.
    assert c.build_block(parts=with_finality(record))[0].header.next_set_root is None
    # A block of the new set is not recorded before the old set's finality is: it follows from it.
    fresh = with_finality(certify(c, blocks[-1], 2 * EPOCH - 1))
    block = c.extend(parts=fresh)
    assert block.header.next_set_root is not None
    assert get_names(c.ledger.seat_set) == {"clara", "daniil"}


def test_the_finality_of_a_hand_off_carries_its_justification() -> None:
    c = Community()
    handoff = hand_over(c)
    while c.ledger.head.height % 8 != 7:
        c.extend()
    old = c.ledger.state.sets.require(PREVIOUS)
    good = certify(c, handoff, 21, seat_set=old, justified=True)
    other_round = certify(c, handoff, 22, seat_set=old, justified=True).justification
    weak = certify(c, handoff, 21, seat_set=old, justified=True, absent=("ann", "boris"))
    for bad, code in (
        (replace(good, justification=None), Code.WRONG_JUSTIFICATION),
        (replace(good, justification=other_round), Code.WRONG_JUSTIFICATION),
        (replace(good, justification=weak.justification), Code.NO_QUORUM),
    ):
        with pytest.raises(Invalid) as caught:
            c.build_block(parts=with_finality(bad))
        assert caught.value.code is code
    check_refused(
        c, Code.NO_QUORUM, with_finality(replace(weak, justification=good.justification)),
        with_finality(good),
    )  # fmt: skip


def test_the_old_set_speaks_of_its_own_blocks_until_its_hand_off_is_recorded() -> None:
    c = Community()
    handoff = hand_over(c)
    blocks = [c.extend()]
    old = c.ledger.state.sets.require(PREVIOUS)
    while c.ledger.head.height % 8 != 7:
        blocks.append(c.extend())
    nineteen = c.ledger.get_block(c.ledger.get_hash(19) or b"")
    assert nineteen is not None
    stray = with_finality(certify(c, blocks[0], 22, seat_set=old))
    check_refused(
        c, Code.TARGET_NOT_ANCESTOR, stray, with_finality(certify(c, nineteen, 19, seat_set=old))
    )
    finish(c, handoff)
    grow(c, 7)
    late = with_finality(certify(c, blocks[0], 30, seat_set=old))
    check_refused(c, Code.WRONG_FINALITY_SET, late, with_finality(certify(c, blocks[0], 30)))


def test_a_hand_off_older_than_all_remembered_ancestors_can_still_be_recorded() -> None:
    c = Community()
    handoff = hand_over(c)
    life = c.genesis.constants.transaction_life_slots
    while c.ledger.head.height < life + 70 or c.ledger.head.height % 8 != 7:
        c.extend()
    finish(c, handoff)
    assert sets.is_handoff_recorded(c.ledger.state)


def reseal(c: Community, block: SealedBlock, **changes: object) -> SealedBlock:
    """The block with another header, signed by its author."""
    header = replace(block.header, **changes)
    name = get_name(header.seat)
    signature = sign_header(header, get_key(f"{name}/vote")).signature
    return seal_block(header, signature, block.transactions, block.parts)


@pytest.mark.parametrize("root", [None, bytes(32)])
def test_a_hand_off_that_is_missing_or_another_makes_the_block_invalid(root: bytes | None) -> None:
    c = Community()
    good, _ = c.build_block(parts=prepare(c))
    bad = reseal(c, good, next_set_root=root)
    with pytest.raises(Invalid) as caught:
        c.ledger.execute(bad, c.checks)
    assert caught.value.code is Code.WRONG_SET
    c.ledger.commit(c.ledger.execute(good, c.checks), good, durable=False)


def entry(number: int, weight: int, **changes: bytes) -> SetEntry:
    keys = [bytes([number, place]) * 16 for place in range(4)]
    return replace(SetEntry(keys[0], keys[1], keys[2], keys[3], weight), **changes)


@pytest.mark.parametrize(
    ("weights", "is_due"),
    [
        ((100, 100, 100, 100), False),
        ((65_536, 65_536, 65_536, 65_536), False),  # the same shares
        ((104, 100, 100, 100), False),  # 1.5 % of all has moved
        ((106, 100, 100, 100), True),  # 2.2 %
        ((100, 100, 100), True),
        ((100, 100, 100, 100, 1), True),
    ],
)
def test_a_set_changes_when_shares_or_seats_do(weights: tuple[int, ...], *, is_due: bool) -> None:
    c = Community()
    state = c.ledger.state
    current = tuple(entry(number, 100) for number in range(4))
    state.sets.keep(CURRENT, SeatSet(c.chain, 0, current))
    context = c.ledger.get_context(24 * EPOCH - 1)
    entries = [entry(number, weight) for number, weight in enumerate(weights)]
    assert is_change_due(state, context, entries) is is_due
    other_key = [replace(current[0], vrf_key=bytes(32)), *current[1:]]
    assert is_change_due(state, context, other_key)
    assert is_change_due(state, c.ledger.get_context(24 * EPOCH), current)


def test_lists_that_no_rule_may_make() -> None:
    one, two = entry(1, 5), entry(2, 5)
    check_entries([one, two])
    for bad in (
        [two, one],
        [one, one],
        [one, replace(two, weight=0)],
        [one, replace(two, vrf_key=one.vote_key)],
    ):
        with pytest.raises(AssertionError):
            check_entries(bad)


def test_sets_are_forgotten_when_others_have_long_followed() -> None:
    c = Community()
    constants = c.genesis.constants
    handoff = hand_over(c)
    finish(c, handoff)
    state = c.ledger.state
    # Sets follow each other every 24 epochs; 35 periods are as many epochs here.
    bases = [c.chain, handoff.hash]
    for _ in range(3):
        target_slot = (c.ledger.head.slot // EPOCH + 24) * EPOCH + EPOCH - 2
        target = c.extend(after=target_slot - c.ledger.head.slot)
        record = with_finality(certify(c, target, target_slot))
        while c.ledger.head.slot % EPOCH != EPOCH - 1:
            c.extend()
        following = c.extend(parts=record)
        assert following.header.next_set_root is not None
        bases.append(following.hash)
        finish(c, following)
    kept = [base for base in bases if state.set_records.get(base) is not None]
    keep_slots = constants.set_list_keep_periods * constants.slots_per_period
    begun = state.sets.require(CURRENT).base_slot
    assert kept == bases[-3:]
    assert begun - state.set_records.require(bases[-3]).slot > keep_slots
    assert state.recorded.require(CURRENT).oldest_set == bases[-3]


def test_a_bond_that_a_set_counts_waits_for_a_final_hand_off_without_it() -> None:
    c = Community()
    ask_back(c)
    asked = get_bond(c)
    assert (asked.seat_bond, asked.release_step) == (LEAVING, 0)
    assert c.ledger.state.seats.require(ANN).bond == 0
    assert c.ledger.state.leavers.require(CURRENT).waiting == (Leaver(ANN, 0, 1),)
    blocks = grow(c, EPOCH - 2)
    handoff = c.extend(parts=with_finality(certify(c, blocks[-2], EPOCH - 2)))
    ask_back(c, "boris")
    assert get_bond(c).seat_bond == LEAVING
    finish(c, handoff)
    released = get_bond(c)
    assert released.seat_bond == UNBONDING
    assert released.release_step == c.ledger.head.slot // 5 + 30 * 4
    assert get_bond(c, "boris").seat_bond == LEAVING
    (waiting,) = c.ledger.state.leavers.require(CURRENT).waiting
    assert waiting.seat == get_account_id("boris")


def test_a_bond_that_was_slashed_away_does_not_come_back() -> None:
    c = Community()
    handoff = hand_over(c)
    state = c.ledger.state
    assert state.leavers.require(CURRENT).waiting == (Leaver(ANN, 0, 1),)
    state.savings.keep(ANN, None)
    state.accounts.keep(ANN, replace(state.accounts.require(ANN), due_step=-1))
    finish(c, handoff)
    assert state.savings.get(ANN) is None
    assert state.leavers.get(CURRENT) is None


def test_a_leaving_bond_is_neither_free_nor_due() -> None:
    c = Community()
    before = get_bond(c)
    assert before.seat_bond == BONDED
    ask_back(c)
    c.extend(after=5 * before.until_step)
    c.extend(after=20)
    assert get_bond(c).seat_bond == LEAVING


def test_only_so_many_bonds_can_wait() -> None:
    c = Community()
    state = c.ledger.state
    waiting = tuple(Leaver(bytes(32), number, 0) for number in range(LEAVERS_MAX))
    state.leavers.keep(CURRENT, Leavers(waiting))
    root = c.ledger.root
    with pytest.raises(Invalid) as caught:
        ask_back(c)
    assert caught.value.code is Code.TOO_MANY_LEAVING
    assert c.ledger.root == root
    state.leavers.keep(CURRENT, Leavers(waiting[1:]))
    ask_back(c)
    assert len(state.leavers.require(CURRENT).waiting) == LEAVERS_MAX


REFUSED = {Code.TOO_MANY_LEAVING}


def test_every_record_of_a_hand_off_is_undone_with_it() -> None:
    c = Community()
    parts = prepare(c)
    roots = [c.ledger.root]
    handoff = c.extend(parts=parts)
    finish(c, handoff)
    blocks = []
    while c.ledger.head.height >= handoff.header.height:
        blocks.append(c.ledger.undo())
    assert c.ledger.root == roots[0]
    assert c.ledger.seat_set.base == c.chain
    for block in reversed(blocks):
        c.ledger.commit(c.ledger.execute(block, c.checks), block, durable=False)
    assert c.ledger.seat_set.base == handoff.hash
