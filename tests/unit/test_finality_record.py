"""What may be recorded as final, and what a refused record leaves behind: nothing."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from chain.actions import Pay
from chain.block import NO_PARTS, BlockParts, SealedBlock
from chain.certificates import Finality, pack_bits
from chain.errors import Code, Invalid
from chain.facts import Finalised
from chain.records import FinalityRecord, LateAcks
from chain.rules.finality_record import (
    build_late_acks,
    get_lasting_ref,
    get_record_interval,
    may_record_finality,
)
from chain.rules.sets import get_recorded
from chain.tables import CURRENT, Anchor
from tests.community import CONSTANTS, PAI, Community, build_genesis, get_account_id
from tests.recording import add_acks, build_ack, certify, collect, vote, with_finality

FARID = get_account_id("farid")
SEATS = ("ann", "boris", "clara", "daniil")
Case = Callable[[Community, list[SealedBlock]], tuple[BlockParts, BlockParts]]


def grow(c: Community, height: int) -> list[SealedBlock]:
    """The community's blocks, one a slot, up to a height; a list that begins at height 1."""
    return [c.extend() for _ in range(height)]


def change(record: FinalityRecord, **changes: object) -> FinalityRecord:
    """The record with another certificate of acks."""
    return replace(record, finality=replace(record.finality, **changes))


def record_at(c: Community, blocks: list[SealedBlock], height: int) -> SealedBlock:
    """The next block, recording that this height is final."""
    target = blocks[height - 1]
    return c.extend(parts=with_finality(certify(c, target, target.header.slot)))


def test_a_recorded_block_is_an_anchor_and_the_highest_final_one() -> None:
    c = Community()
    blocks = grow(c, 7)
    c.extend(parts=with_finality(certify(c, blocks[4], 6)))
    recorded = get_recorded(c.ledger.state)
    assert (recorded.set, recorded.round, recorded.level) == (c.chain, 6, 0)
    assert (recorded.target_hash, recorded.target_height) == (blocks[4].hash, 5)
    assert (recorded.target_slot, recorded.bits) == (5, b"\x0f")
    anchors = c.ledger.state.anchors
    assert anchors.require(c.chain[:16]) == Anchor(blocks[4].hash[:16], None)
    assert anchors.require(blocks[4].hash[:16]) == Anchor(None, None)
    c.extend([c.sign("emma", Pay(FARID, PAI, ""), ref=blocks[4].hash[:16])])


def test_the_node_is_told_what_became_final() -> None:
    c = Community()
    blocks = grow(c, 7)
    _, execution = c.build_block(parts=with_finality(certify(c, blocks[5], 7, level=1)))
    assert execution.facts[0] == Finalised(6, blocks[5].hash, 6, 7, 1)


def test_anchors_go_in_order_a_life_of_transactions_after_they_left_the_rounds() -> None:
    c = Community()
    blocks = grow(c, 7)
    blocks.append(record_at(c, blocks, 5))
    blocks += grow(c, 7)
    blocks.append(record_at(c, blocks, 14))
    state, life = c.ledger.state, c.genesis.constants.transaction_life_slots
    blocks += [c.extend(after=20) for _ in range(23)]
    blocks.append(record_at(c, blocks, 39))
    left = Anchor(blocks[13].hash[:16], blocks[39].header.slot)
    assert state.anchors.require(blocks[4].hash[:16]) == left
    assert state.anchors.require(blocks[13].hash[:16]) == Anchor(blocks[38].hash[:16], None)
    blocks += [c.extend(after=20) for _ in range(life // 20 + 1)]
    blocks += grow(c, -(len(blocks) + 1) % 8)
    blocks.append(record_at(c, blocks, len(blocks)))
    assert blocks[-1].header.slot - life > blocks[39].header.slot
    for gone in (c.chain, blocks[4].hash):
        assert state.anchors.get(gone[:16]) is None
    assert state.recorded.require(CURRENT).oldest_anchor == blocks[13].hash[:16]


def test_what_wallets_were_told_to_refer_to_is_good_after_a_standstill_in_several_steps() -> None:
    c = Community()
    blocks = grow(c, 7)
    blocks.append(record_at(c, blocks, 5))
    state, life = c.ledger.state, c.genesis.constants.transaction_life_slots
    blocks += [c.extend(after=20) for _ in range(23)]
    ref = get_lasting_ref(state)
    assert ref == c.chain[:16], "recorded before the newest"
    blocks.append(record_at(c, blocks, 8))  # as old as the standstill
    blocks += grow(c, 7)
    blocks.append(record_at(c, blocks, c.ledger.head.height))
    newest = get_recorded(state)
    assert newest.target_slot - 8 > life
    assert get_lasting_ref(state) not in (ref, newest.target_hash[:16])
    c.extend([c.sign("emma", Pay(FARID, PAI, ""), ref=ref)])


def test_transactions_refer_to_what_lies_on_every_branch() -> None:
    constants = replace(
        CONSTANTS,
        slots_per_epoch=60,
        slots_per_period=60,
        window_slots=18,
        clearing_interval_slots=60,
    )
    c = Community(build_genesis(constants=constants))
    state = c.ledger.state
    assert get_lasting_ref(state) == c.chain[:16]
    blocks = grow(c, 7)
    blocks.append(record_at(c, blocks, 7))
    assert get_lasting_ref(state) == c.chain[:16]
    blocks += grow(c, 7)
    blocks.append(record_at(c, blocks, 14))
    assert get_lasting_ref(state) == c.chain[:16]
    blocks += grow(c, 7)
    blocks.append(record_at(c, blocks, 22))
    assert get_lasting_ref(state) == blocks[6].hash[:16]  # recorded below what is final now


def test_larger_sets_record_less_often() -> None:
    assert [get_record_interval(seats) for seats in (1, 16, 17, 64, 65, 256)] == [
        8, 8, 32, 32, 64, 64,
    ]  # fmt: skip


def test_the_first_block_of_an_epoch_may_record_at_any_height() -> None:
    c = Community()
    blocks = grow(c, 4)
    assert not may_record_finality(c.ledger.state, c.ledger.get_context(19))
    assert may_record_finality(c.ledger.state, c.ledger.get_context(20))
    c.extend(after=16, parts=with_finality(certify(c, blocks[3], 19)))
    assert get_recorded(c.ledger.state).target_height == 4


def test_late_acks_add_to_what_was_counted() -> None:
    c = Community()
    blocks = grow(c, 7)
    record = certify(c, blocks[6], 7, absent=("clara",))
    c.extend(parts=with_finality(record))
    before = get_recorded(c.ledger.state).bits
    c.extend(parts=BlockParts(late_acks=add_acks(c, record.finality.body, ["clara"])))
    assert before[0].bit_count() == 3
    assert get_recorded(c.ledger.state).bits == b"\x0f"


def test_a_producer_finds_the_late_acks_that_are_due() -> None:
    c = Community()
    blocks = grow(c, 7)
    record = certify(c, blocks[6], 7, absent=("clara",))
    votes = [vote(name, record.finality.body) for name in SEATS]
    context = c.ledger.get_context(8)
    assert build_late_acks(c.ledger.state, context, votes) is None
    c.extend(parts=with_finality(record))
    other = vote("clara", build_ack(c, blocks[5], 7))
    assert build_late_acks(c.ledger.state, c.ledger.get_context(9), [other]) is None
    late = build_late_acks(c.ledger.state, c.ledger.get_context(9), [*votes, other])
    assert late == add_acks(c, record.finality.body, ["clara"])
    assert build_late_acks(c.ledger.state, c.ledger.get_context(12), votes) == late
    assert build_late_acks(c.ledger.state, c.ledger.get_context(13), votes) is None
    c.extend(parts=BlockParts(late_acks=late))
    assert build_late_acks(c.ledger.state, c.ledger.get_context(10), votes) is None


def _bad_certificate(c: Community, blocks: list[SealedBlock]) -> tuple[BlockParts, BlockParts]:
    good = certify(c, blocks[5], 6)
    signatures = (bytes(64), *good.finality.signatures[1:])
    return with_finality(change(good, signatures=signatures)), with_finality(good)


def _no_quorum(c: Community, blocks: list[SealedBlock]) -> tuple[BlockParts, BlockParts]:
    bad = certify(c, blocks[5], 6, absent=("ann", "boris"))
    return with_finality(bad), with_finality(certify(c, blocks[5], 6, absent=("ann",)))


def _not_due(c: Community, blocks: list[SealedBlock]) -> tuple[BlockParts, BlockParts]:
    c.extend()
    return with_finality(certify(c, blocks[5], 6)), NO_PARTS


def _wrong_set(c: Community, blocks: list[SealedBlock]) -> tuple[BlockParts, BlockParts]:
    other = c.ledger.seat_set
    bad = certify(c, blocks[5], 6, seat_set=replace(other, base=bytes(32)))
    return with_finality(bad), with_finality(certify(c, blocks[5], 6))


def _stranger(c: Community, blocks: list[SealedBlock]) -> tuple[BlockParts, BlockParts]:
    good = certify(c, blocks[5], 6)
    body = replace(good.finality.body, target_hash=blocks[4].hash)
    bits, signatures = collect(c.ledger.seat_set, body)
    return with_finality(FinalityRecord(None, Finality(body, bits, signatures))), with_finality(
        good
    )


def _not_higher(c: Community, blocks: list[SealedBlock]) -> tuple[BlockParts, BlockParts]:
    record_at(c, blocks, 6)
    later = grow(c, 7)
    return with_finality(certify(c, blocks[5], 15)), with_finality(certify(c, later[0], 15))


def _unasked_justification(
    c: Community, blocks: list[SealedBlock]
) -> tuple[BlockParts, BlockParts]:
    bad = certify(c, blocks[5], 6, justified=True)
    return with_finality(bad), with_finality(replace(bad, justification=None))


def _late_not_due(c: Community, blocks: list[SealedBlock]) -> tuple[BlockParts, BlockParts]:
    record = certify(c, blocks[6], 7, absent=("clara",))
    c.extend(parts=with_finality(record))
    good = add_acks(c, record.finality.body, ["clara"])
    return BlockParts(late_acks=replace(good, round=6)), BlockParts(late_acks=good)


def _counted(c: Community, blocks: list[SealedBlock]) -> tuple[BlockParts, BlockParts]:
    record = certify(c, blocks[6], 7, absent=("clara",))
    c.extend(parts=with_finality(record))
    bad = add_acks(c, record.finality.body, ["clara", "ann"])
    return BlockParts(late_acks=bad), BlockParts(
        late_acks=add_acks(c, record.finality.body, ["clara"])
    )


CASES: dict[Code, Case] = {
    Code.BAD_CERTIFICATE: _bad_certificate,
    Code.NO_QUORUM: _no_quorum,
    Code.FINALITY_NOT_DUE: _not_due,
    Code.WRONG_FINALITY_SET: _wrong_set,
    Code.TARGET_NOT_ANCESTOR: _stranger,
    Code.FINALITY_NOT_HIGHER: _not_higher,
    Code.WRONG_JUSTIFICATION: _unasked_justification,
    Code.LATE_ACKS_NOT_DUE: _late_not_due,
    Code.ACKS_COUNTED: _counted,
}
REFUSED = set(CASES)


def check_refused(c: Community, code: Code, bad: BlockParts, good: BlockParts) -> None:
    """The bad parts are refused and leave no trace; the good ones stand in their place."""
    root = c.ledger.root
    before, _ = c.build_block(parts=good)
    with pytest.raises(Invalid) as caught:
        c.build_block(parts=bad)
    assert caught.value.code is code
    after, execution = c.build_block(parts=good)
    assert c.ledger.root == root
    assert after == before
    c.ledger.commit(execution, after, durable=False)


@pytest.mark.parametrize("code", CASES, ids=lambda code: code.name)
def test_a_refused_record_leaves_no_trace(code: Code) -> None:
    c = Community()
    blocks = grow(c, 7)
    bad, good = CASES[code](c, blocks)
    check_refused(c, code, bad, good)


def test_acks_come_too_late_after_a_window() -> None:
    c = Community()
    blocks = grow(c, 7)
    record = certify(c, blocks[6], 7, absent=("clara",))
    c.extend(parts=with_finality(record))
    late = BlockParts(late_acks=add_acks(c, record.finality.body, ["clara"]))
    with pytest.raises(Invalid) as caught:
        c.build_block(after=5, parts=late)
    assert caught.value.code is Code.LATE_ACKS_NOT_DUE
    c.extend(after=4, parts=late)


@pytest.mark.parametrize(
    "late",
    [
        LateAcks(7, b"\x00", ()),
        LateAcks(7, b"\x04", (bytes(64),)),
        LateAcks(7, b"\x04", ()),
        LateAcks(7, b"\x04\x00", (bytes(64),)),
        LateAcks(7, pack_bits([False] * 5 + [True]), (bytes(64),)),
    ],
    ids=["of nobody", "forged", "unsigned", "too long", "of a seat that is not there"],
)
def test_late_acks_that_are_none(late: LateAcks) -> None:
    c = Community()
    blocks = grow(c, 7)
    c.extend(parts=with_finality(certify(c, blocks[6], 7, absent=("clara",))))
    absent = [place for place in range(4) if not get_recorded(c.ledger.state).bits[0] >> place & 1]
    if late.bits == b"\x04":
        late = replace(late, bits=bytes([1 << absent[0]]))
    with pytest.raises(Invalid) as caught:
        c.build_block(parts=BlockParts(late_acks=late))
    assert caught.value.code is Code.BAD_CERTIFICATE


def test_another_community_or_the_base_is_never_a_target() -> None:
    c = Community()
    blocks = grow(c, 7)
    good = certify(c, blocks[5], 6)
    alien = replace(good.finality.body, chain=bytes(32))
    bits, signatures = collect(c.ledger.seat_set, alien)
    with pytest.raises(Invalid) as caught:
        c.build_block(parts=with_finality(FinalityRecord(None, Finality(alien, bits, signatures))))
    assert caught.value.code is Code.WRONG_FINALITY_SET
    base = replace(good.finality.body, target_hash=c.chain, target_height=0)
    bits, signatures = collect(c.ledger.seat_set, base)
    with pytest.raises(Invalid) as caught:
        c.build_block(parts=with_finality(FinalityRecord(None, Finality(base, bits, signatures))))
    assert caught.value.code is Code.TARGET_NOT_ANCESTOR
