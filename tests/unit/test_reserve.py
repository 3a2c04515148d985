"""The reserve fills up to a tenth of what is owed; what is above that is the social fund's."""

import pytest
from msgspec.structs import replace

from chain.actions import Pay
from chain.changes import Changes
from chain.credit_invariants import check_reserve
from chain.errors import InvariantBroken
from chain.facts import FundShifted
from chain.rules.rewards import give_to_funds
from chain.rules.settlement import note_debt
from chain.tables import CURRENT
from tests.community import PAI
from tests.credit_world import BASE, TENTH, World, build_rich, build_world, get_id

DEBTORS = ("emma", "farid", "galina", "hamit")
OWED = len(DEBTORS) * TENTH


def build_debts() -> World:
    """Four members owe 30 pai each: the reserve may hold 12."""
    world = build_world(balance=500 * PAI)
    for name in DEBTORS:
        world.spend(name)
    assert world.credit.debt == OWED
    return world


def pour(world: World, amount: int) -> list[FundShifted]:
    """A block in which the stranger loses an amount to the pot, 20 % of it to the reserve."""
    context = world.open()
    state, payer = world.state, get_id("stranger")
    account = state.accounts.require(payer)
    state.accounts.put(payer, replace(account, settlement=account.settlement - amount))
    state.pot += amount
    return [fact for fact in world.close(context) if isinstance(fact, FundShifted)]


def get_reserve(world: World) -> int:
    return world.state.money.require(CURRENT).reserve


def test_it_fills_to_a_tenth_of_all_debts_and_the_rest_goes_to_the_social_fund() -> None:
    world = build_debts()
    assert pour(world, 50 * PAI) == []
    assert get_reserve(world) == 10 * PAI
    social = world.state.money.require(CURRENT).social
    assert pour(world, 50 * PAI) == [FundShifted("reserve", "social", 8 * PAI)]
    assert get_reserve(world) == OWED // 10 == 12 * PAI
    assert world.state.money.require(CURRENT).social == social + 15 * PAI + 8 * PAI


def test_where_nobody_owes_anything_there_is_no_reserve() -> None:
    world = build_world()
    pour(world, 50 * PAI)
    assert get_reserve(world) == 0


def test_the_debts_that_count_are_those_after_the_block() -> None:
    """A block in which Emma is paid half of what she owes, and the pot gives more than fits."""
    world = build_debts()
    context = world.open()
    state = world.state
    for name, change in (("stranger", -95 * PAI), ("emma", TENTH // 2)):
        account = state.accounts.require(get_id(name))
        changed = replace(account, settlement=account.settlement + change)
        state.accounts.put(get_id(name), changed)
        note_debt(state, account, changed)
    state.pot += 95 * PAI - TENTH // 2
    (shifted,) = [fact for fact in world.close(context) if isinstance(fact, FundShifted)]
    assert shifted.to_fund == "social"
    assert get_reserve(world) == (OWED - TENTH // 2) // 10


def test_what_lies_there_stays_when_debts_are_paid_back() -> None:
    world = build_debts()
    pour(world, 60 * PAI)
    for name in DEBTORS:
        world.do("stranger", Pay(get_id(name), BASE, ""))
    assert (world.credit.debt, get_reserve(world)) == (0, 12 * PAI)
    assert pour(world, 50 * PAI) == [FundShifted("reserve", "social", 10 * PAI)]
    assert get_reserve(world) == 12 * PAI


def test_fines_are_bounded_too() -> None:
    world = build_debts()
    context = world.open()
    state, payer = world.state, get_id("stranger")
    account = state.accounts.require(payer)
    state.accounts.put(payer, replace(account, settlement=account.settlement - 50 * PAI))
    give_to_funds(state, 50 * PAI)
    world.close(context)
    assert get_reserve(world) == 12 * PAI


def test_a_full_reserve_does_not_pull_the_brake() -> None:
    """Its share counts as inflow whether or not it is full: else the first loss would brake."""
    world = build_rich()
    world.lend("emma", 100 * PAI)
    world.spend("emma")
    world.wait(10)
    assert get_reserve(world) == 0
    pour(world, 1_000 * PAI)
    assert get_reserve(world) == world.credit.debt // 10 < 100 * PAI
    world.grant(world.ask("galina", 10 * PAI))


def test_a_reserve_that_rises_too_far_is_a_bug() -> None:
    world = build_debts()
    money = world.state.money.require(CURRENT)
    for held, is_bug in ((OWED // 10, False), (OWED // 10 + 1, True)):
        world.state.money.put(CURRENT, replace(money, reserve=held))
        changes = Changes(world.state.take_changes()[0])
        if is_bug:
            with pytest.raises(InvariantBroken, match="L24"):
                check_reserve(changes, world.state)
        else:
            check_reserve(changes, world.state)
