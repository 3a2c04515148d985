"""What was not delivered is an obligation like any other: disputed first, set off later, made good.

The record of a seller fades with the half-life of turnover.
"""

import pytest
from msgspec.structs import replace

from chain.actions import (
    AcceptChain,
    ConfirmDelivery,
    ConsentReassign,
    Leg,
    LendLiquidity,
    MarkClearable,
    Offer,
    Pay,
    PayInvoice,
    ProposeChain,
    Reassign,
    Want,
)
from chain.crypto import u64
from chain.rules.market import FACT, NO_TRADER, bring_record
from chain.rules.settlement import compute_power
from chain.tables import Obligation, Trader
from tests.community import CONSTANTS, PAI, PARAMETERS, build_genesis, get_account_id
from tests.credit_world import SLOTS
from tests.exchange_world import PERIOD, WINDOW, ExchangeWorld
from tests.market_world import build_market, find_owed, get_trader, sell

EMMA, FARID, GALINA = (get_account_id(name) for name in ("emma", "farid", "galina"))
UNTIL = 3_000


def fail(world: ExchangeWorld) -> Obligation:
    """Emma has sold Farid three litres for 3 pai, and brings none."""
    world.do("emma", Offer("food/milk", "l", PAI, 9, "", UNTIL, ""))
    world.do("farid", Want("food", "l", PAI, 5, "", UNTIL, ""))
    world.do("galina", ProposeChain((Leg(0, 1, 3),), 99, None))
    digest = world.ledger.state.chains.require(u64(2)).digest
    world.do("farid", AcceptChain(2, digest))
    world.do("emma", AcceptChain(2, digest))
    world.wait(12 * PERIOD)
    return world.get(0)


def get_emma(world: ExchangeWorld) -> Trader:
    return world.ledger.state.traders.require(EMMA)


def test_it_is_set_off_when_the_dispute_is_over_and_counts_as_made_good() -> None:
    world = ExchangeWorld()
    owed = fail(world)
    assert (owed.debtor, owed.creditor, owed.remaining) == (EMMA, FARID, 3 * PAI)
    world.owe("farid", "galina", 3 * PAI)
    world.owe("galina", "emma", 3 * PAI)
    world.open_window()
    assert world.ledger.head.slot < owed.ready_slot
    world.clear()
    assert [world.get(number).remaining for number in (0, 1, 2)] == [3 * PAI] * 3
    while world.ledger.head.slot < owed.ready_slot:
        world.wait(PERIOD)
    before = get_emma(world)
    assert before.overdue == 1
    world.open_window()
    world.clear()
    assert [world.find(number) for number in (0, 1, 2)] == [None] * 3
    after = get_emma(world)
    assert (after.overdue, after.kept) == (0, FACT)


def test_an_account_stays_while_goods_are_on_their_way_to_it_or_owed_for() -> None:
    """Else less than a pai could be owed to nobody: no payment and no set-off could pay it."""
    buyer = get_account_id("stranger")
    genesis = build_genesis(
        strangers=("stranger",),
        constants=replace(CONSTANTS, account_idle_periods=16),
        parameters=replace(PARAMETERS, delivery_grace_periods=30, unit_fee=0),
    )
    world = ExchangeWorld(genesis)
    world.do("emma", Offer("food/milk", "l", PAI // 4, 2, "", UNTIL, ""))
    world.do("stranger", Want("food", "l", PAI, 2, "", UNTIL, ""))
    world.do("galina", ProposeChain((Leg(0, 1, 2),), 99, None))
    digest = world.ledger.state.chains.require(u64(2)).digest
    world.do("emma", AcceptChain(2, digest))
    world.do("stranger", AcceptChain(2, digest))
    left = world.ledger.state.accounts.require(buyer).settlement
    world.do("stranger", Pay(EMMA, left, "all I have"))
    for _ in range(40):
        world.wait(PERIOD)
    assert (world.get(0).creditor, world.get(0).remaining) == (buyer, PAI // 2)
    world.do("emma", PayInvoice(0, buyer, PAI // 2))
    assert world.find(0) is None
    assert world.ledger.state.accounts.require(buyer).settlement == PAI // 2
    assert world.ledger.state.traders.get(buyer) is None


def test_what_is_disputed_opens_no_window_for_nothing() -> None:
    """Else money lent would be put aside, and the operators' pool pay for a set-off of nothing."""
    world = ExchangeWorld()
    owed = fail(world)
    world.do("emma", LendLiquidity(20 * PAI))
    world.open_window()
    assert not world.window.open
    while world.ledger.head.slot < owed.ready_slot:
        world.wait(PERIOD)
    world.open_window()
    assert world.window.open
    assert [item.escrow for item in world.window.lenders] == [20 * PAI]


def test_neither_side_can_shorten_the_dispute() -> None:
    world = ExchangeWorld()
    owed = fail(world)
    for name in ("emma", "farid"):
        world.do(name, MarkClearable(0, clearable=False))
        assert world.get(0).ready_slot == -1
        world.do(name, MarkClearable(0, clearable=True))
        assert world.get(0).ready_slot == owed.ready_slot


def test_whoever_it_is_handed_to_has_to_wait_too() -> None:
    world = ExchangeWorld()
    owed = fail(world)
    world.do("farid", Reassign(0, GALINA))
    world.do("emma", ConsentReassign(0, GALINA))
    world.do("galina", MarkClearable(0, clearable=True))
    handed = world.get(0)
    assert (handed.creditor, handed.ready_slot) == (GALINA, owed.ready_slot)
    assert handed.shortfall == owed.shortfall
    world.do("emma", PayInvoice(0, GALINA, 3 * PAI))
    assert (get_emma(world).overdue, get_emma(world).kept) == (0, FACT)


def test_after_the_dispute_it_may_be_set_off_at_once() -> None:
    world = ExchangeWorld()
    owed = fail(world)
    while world.ledger.head.slot < owed.ready_slot:
        world.wait(PERIOD)
    world.wait(WINDOW + 1)
    world.do("emma", MarkClearable(0, clearable=False))
    world.do("emma", MarkClearable(0, clearable=True))
    assert world.get(0).ready_slot == world.ledger.head.slot


# In which period


@pytest.mark.parametrize(("period", "late"), [(7, 0), (8, FACT)])
def test_a_receipt_of_the_due_period_is_in_time(period: int, late: int) -> None:
    world = build_market()
    number = sell(world)
    world.skip(period)
    assert world.slot // SLOTS == period
    world.do("farid", ConfirmDelivery(number, 3))
    assert get_trader(world, "emma").late == late


@pytest.mark.parametrize(("period", "owed"), [(9, False), (10, True)])
def test_after_a_pause_it_is_owed_from_the_same_period_on(period: int, owed: bool) -> None:
    world = build_market()
    number = sell(world)
    world.skip(period, blocks=2)
    assert world.slot // SLOTS == period
    assert (find_owed(world, number) is not None) == owed
    assert get_trader(world, "emma").overdue == 1


# The record


def test_a_record_fades_with_the_half_life_of_turnover() -> None:
    world = build_market()
    world.do("farid", ConfirmDelivery(sell(world), 3))
    first = get_trader(world, "emma")
    assert (first.delivered, first.record_period) == (FACT, 0)
    world.wait(5)
    assert get_trader(world, "emma") == first, "a row is brought up to date when it changes"
    number = sell(world)
    world.wait(9)
    world.do("farid", ConfirmDelivery(number, 3))
    period = world.slot // SLOTS
    left = FACT * compute_power(CONSTANTS.credit_keep, period) >> 128
    assert 0 < left < FACT
    second = get_trader(world, "emma")
    assert (second.delivered, second.late) == (left + FACT, FACT)
    assert second.record_period == period


def test_every_count_fades_alike_and_in_the_end_to_nothing() -> None:
    trader = replace(NO_TRADER, delivered=FACT, late=2 * FACT, disputed=FACT, kept=FACT)
    later = bring_record(trader, CONSTANTS.credit_keep, 9)
    assert 0 < later.delivered == later.disputed == later.kept < FACT
    assert abs(later.late - 2 * later.delivered) <= 1
    assert later.record_period == 9
    assert bring_record(trader, CONSTANTS.credit_keep, 2**40) == replace(
        NO_TRADER, record_period=2**40
    )
