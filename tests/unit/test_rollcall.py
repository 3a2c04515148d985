"""Who is counted at a roll-call, once each, and what a refused roll-call leaves behind: nothing."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from chain.actions import Bond, RegisterSeat
from chain.block import NO_PARTS, BlockParts
from chain.errors import Code, Invalid
from chain.genesis import GenesisDeposit
from chain.rules.rollcall import build_roll_call, get_attended, get_roll_round
from tests.community import PAI, Community, build_genesis, build_seat_keys, get_account_id
from tests.recording import attend, call_roll
from tests.unit.test_finality_record import check_refused, grow

SEATS = ("ann", "boris", "clara", "daniil")
Case = Callable[[Community], tuple[BlockParts, BlockParts]]


def at_slot(slot: int, c: Community | None = None) -> Community:
    """A community with a block in every slot up to this one: heights are slots."""
    c = c or Community()
    grow(c, slot - c.ledger.head.slot)
    return c


def get_block_hash(c: Community, height: int) -> bytes:
    found = c.ledger.get_hash(height)
    assert found is not None
    return found


def count(c: Community, roll_round: int) -> set[bytes]:
    return set(get_attended(c.ledger.state, roll_round))


@pytest.mark.parametrize(
    ("slot", "due"), [(1, None), (5, None), (6, 5), (10, 5), (11, 10), (15, 10), (16, 15)]
)
def test_a_block_carries_the_last_round_before_its_slot(slot: int, due: int | None) -> None:
    assert get_roll_round(Community().ledger.get_context(slot)) == due


def test_seats_that_stood_on_this_chain_are_counted() -> None:
    c = at_slot(10)
    heads = sorted([(get_block_hash(c, 2), ["ann", "boris"]), (get_block_hash(c, 1), ["clara"])])
    c.extend(parts=BlockParts(roll_call=call_roll(c, 10, heads)))
    assert count(c, 10) == {get_account_id(name) for name in ("ann", "boris", "clara")}
    late = call_roll(c, 10, [(c.chain, ["daniil"])])
    c.extend(parts=BlockParts(roll_call=late))
    assert count(c, 10) == {get_account_id(name) for name in SEATS}
    assert count(c, 15) == set()


def test_a_bonded_seat_without_weight_is_counted() -> None:
    c = Community(build_genesis(deposits=(GenesisDeposit(300 * PAI, 10),)))
    keys = build_seat_keys("emma", chain=c.chain)
    c.extend([c.sign("emma", RegisterSeat(keys), Bond(0, 300 * PAI))])
    at_slot(10, c)
    roll_call = call_roll(c, 10, [(get_block_hash(c, 2), ["emma"])])
    c.extend(parts=BlockParts(roll_call=roll_call))
    assert count(c, 10) == {get_account_id("emma")}


def test_a_producer_finds_those_that_are_due() -> None:
    c = at_slot(10)
    two, one = get_block_hash(c, 2), get_block_hash(c, 1)
    heres = [
        attend(c, "ann", 10, two),
        attend(c, "boris", 10, one),
        attend(c, "clara", 10, get_block_hash(c, 3)),  # too new
        attend(c, "daniil", 5, two),  # another round
        attend(c, "emma", 10, two),  # no seat
        replace(attend(c, "daniil", 10, two), signature=bytes(64)),
    ]
    context = c.ledger.get_context(11)
    found = build_roll_call(c.ledger.state, context, heres, c.checks)
    assert found == call_roll(c, 10, sorted([(two, ["ann"]), (one, ["boris"])]))
    c.extend(parts=BlockParts(roll_call=found))
    context = c.ledger.get_context(12)
    assert build_roll_call(c.ledger.state, context, heres, c.checks) is None
    more = [*heres, attend(c, "clara", 10, two)]
    again = build_roll_call(c.ledger.state, context, more, c.checks)
    assert again == call_roll(c, 10, [(two, ["clara"])])
    assert build_roll_call(c.ledger.state, c.ledger.get_context(16), more, c.checks) is None
    assert build_roll_call(c.ledger.state, c.ledger.get_context(5), more, c.checks) is None


def _not_due(c: Community) -> tuple[BlockParts, BlockParts]:
    head = get_block_hash(c, 1)
    return (
        BlockParts(roll_call=call_roll(c, 5, [(head, ["ann"])])),
        BlockParts(roll_call=call_roll(c, 10, [(head, ["ann"])])),
    )


def _too_new(c: Community) -> tuple[BlockParts, BlockParts]:
    return (
        BlockParts(roll_call=call_roll(c, 10, [(get_block_hash(c, 3), ["ann"])])),
        BlockParts(roll_call=call_roll(c, 10, [(get_block_hash(c, 2), ["ann"])])),
    )


def _attended(c: Community) -> tuple[BlockParts, BlockParts]:
    head = get_block_hash(c, 1)
    c.extend(parts=BlockParts(roll_call=call_roll(c, 10, [(head, ["ann"])])))
    return (
        BlockParts(roll_call=call_roll(c, 10, [(head, ["ann", "clara"])])),
        BlockParts(roll_call=call_roll(c, 10, [(head, ["clara"])])),
    )


def _unsigned(c: Community) -> tuple[BlockParts, BlockParts]:
    good = call_roll(c, 10, [(get_block_hash(c, 1), ["ann"])])
    forged = replace(good, heads=(replace(good.heads[0], signatures=(bytes(64),)),))
    return BlockParts(roll_call=forged), BlockParts(roll_call=good)


CASES: dict[Code, Case] = {
    Code.ROLL_CALL_NOT_DUE: _not_due,
    Code.HEAD_NOT_ANCESTOR: _too_new,
    Code.ALREADY_ATTENDED: _attended,
    Code.BAD_ROLL_CALL: _unsigned,
}
REFUSED = set(CASES)


@pytest.mark.parametrize("code", CASES, ids=lambda code: code.name)
def test_a_refused_roll_call_leaves_no_trace(code: Code) -> None:
    c = at_slot(10)
    bad, good = CASES[code](c)
    check_refused(c, code, bad, good)


def test_roll_calls_of_a_wrong_form() -> None:
    c = at_slot(10)
    one, two = sorted([get_block_hash(c, 1), get_block_hash(c, 2)])
    good = call_roll(c, 10, [(one, ["ann"]), (two, ["boris"])])
    first, second = good.heads
    for heads in (
        (second, first),
        (first, first),
        (replace(first, bits=b"\x00", signatures=()), second),
        (replace(first, bits=first.bits + b"\x00"), second),
        (replace(first, signatures=()), second),
    ):
        with pytest.raises(Invalid) as caught:
            c.build_block(parts=BlockParts(roll_call=replace(good, heads=heads)))
        assert caught.value.code is Code.BAD_ROLL_CALL
    twice = (first, replace(second, bits=first.bits, signatures=first.signatures))
    with pytest.raises(Invalid) as caught:
        c.build_block(parts=BlockParts(roll_call=replace(good, heads=twice)))
    assert caught.value.code is Code.ALREADY_ATTENDED
    strange = call_roll(c, 10, [(bytes(32), ["ann"])])
    with pytest.raises(Invalid) as caught:
        c.build_block(parts=BlockParts(roll_call=strange))
    assert caught.value.code is Code.HEAD_NOT_ANCESTOR
    c.extend(parts=BlockParts(roll_call=good))
    assert c.build_block(parts=NO_PARTS)
