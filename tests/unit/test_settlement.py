"""Balances melt exactly; debtors never; and what time does to an account has one order."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chain.facts import Shared
from chain.parameters import KeepSegment, Sinks
from chain.rules.payments import build_account
from chain.rules.savings import build_deposit
from chain.rules.settlement import (
    BONDED,
    NEVER,
    UNBONDING,
    compute_decayed,
    compute_power,
    get_due_step,
    get_event_step,
    get_touched,
    process_pot,
)
from chain.tables import CURRENT, Account, Deposit
from tests.community import KEEP, PAI, Community, build_genesis, with_parameters

K = KEEP[0].keep or 0
NONE = (KeepSegment(0, None),)
CHANGING = (KeepSegment(0, K), KeepSegment(100, None), KeepSegment(200, 18_428_297_329_635_842_064))


def build(settlement: int, step: int = 0, deposits: tuple[Deposit, ...] = ()) -> Account:
    return replace(build_account(step), settlement=settlement, due_step=get_due_step(deposits))


@given(
    st.integers(1, 2**63 - 1),
    st.integers(1, 2**64 - 1),
    st.integers(0, 3_000),
)
def test_decay_is_the_exact_floor_or_one_below(balance: int, keep: int, steps: int) -> None:
    exact = balance * keep**steps >> 64 * steps
    got = compute_decayed(balance, (KeepSegment(0, keep),), 0, steps)
    assert exact - got in (0, 1)
    assert 0 <= got <= balance


@given(st.integers(1, 2**64 - 1), st.integers(0, 2_000))
def test_a_power_is_low_by_less_than_two_units_a_step(keep: int, steps: int) -> None:
    exact = Fraction(keep, 2**64) ** steps * 2**128
    assert 0 <= exact - compute_power(keep, steps) < max(2 * steps, 1)


@given(st.integers(-(2**63), 0), st.integers(0, 10_000))
def test_a_debtor_does_not_decay(balance: int, steps: int) -> None:
    assert compute_decayed(balance, KEEP, 0, steps) == balance


def test_none_is_none() -> None:
    assert compute_decayed(2**63 - 1, NONE, 0, 10**9) == 2**63 - 1


def test_time_does_not_run_backwards() -> None:
    assert compute_decayed(PAI, KEEP, 10, 10) == PAI
    assert compute_decayed(PAI, KEEP, 10, 3) == PAI


def test_a_change_of_rate_is_never_retroactive() -> None:
    first = compute_decayed(PAI, KEEP, 40, 100)
    later = (KeepSegment(0, CHANGING[2].keep),)
    assert compute_decayed(PAI, CHANGING, 40, 100) == first
    assert compute_decayed(PAI, CHANGING, 40, 150) == first
    assert compute_decayed(PAI, CHANGING, 40, 200) == first
    assert compute_decayed(PAI, CHANGING, 40, 260) == compute_decayed(first, later, 200, 260)
    assert compute_decayed(PAI, CHANGING, 230, 260) == compute_decayed(PAI, later, 230, 260)


@given(st.integers(1, 2**63 - 1), st.integers(0, 300), st.integers(0, 300), st.integers(0, 300))
def test_a_look_in_between_costs_at_most_one_micropai(
    balance: int, start: int, one: int, other: int
) -> None:
    middle, end = start + one, start + one + other
    at_once = compute_decayed(balance, CHANGING, start, end)
    in_two = compute_decayed(
        compute_decayed(balance, CHANGING, start, middle), CHANGING, middle, end
    )
    # One for the look; a boundary of segments between is a look that everybody takes.
    assert -2 <= at_once - in_two <= 2


def test_maturities_are_chronological_from_below_zero() -> None:
    # -500 until a deposit of 1,000 falls due at step 100: only the 500 that remain melt.
    deposits = (build_deposit(0, 1_000 * PAI, 0, 100),)
    touched = get_touched(build(-500 * PAI, 0, deposits), deposits, KEEP, 130)
    assert touched.account.settlement == compute_decayed(500 * PAI, KEEP, 100, 130)
    assert touched.charge == 500 * PAI - touched.account.settlement
    assert touched.deposits == ()
    assert touched.account.due_step == NEVER


def test_maturities_are_chronological_from_above_zero() -> None:
    deposits = (build_deposit(0, 1_000 * PAI, 0, 100), build_deposit(1, PAI, 0, 60))
    touched = get_touched(build(800 * PAI, 0, deposits), deposits, KEEP, 130)
    balance = compute_decayed(800 * PAI, KEEP, 0, 60) + PAI
    balance = compute_decayed(balance, KEEP, 60, 100) + 1_000 * PAI
    balance = compute_decayed(balance, KEEP, 100, 130)
    assert touched.account.settlement == balance
    assert [item.id for item in touched.matured] == [1, 0]
    assert touched.charge == 1_801 * PAI - balance


def test_deposits_due_at_one_step_come_by_id() -> None:
    deposits = (build_deposit(3, PAI, 0, 50), build_deposit(7, 2 * PAI, 0, 50))
    touched = get_touched(build(0, 0, deposits), deposits[::-1], KEEP, 50)
    assert [item.id for item in touched.matured] == [3, 7]
    assert touched.account.settlement == 3 * PAI


def test_a_renewal_begins_at_the_term_and_only_once() -> None:
    deposit = replace(build_deposit(0, PAI, 0, 50), renew_steps=30)
    running = get_touched(build(0, 0, (deposit,)), (deposit,), KEEP, 79)
    assert running.deposits == (build_deposit(0, PAI, 50, 80),)
    assert running.account.due_step == 80
    assert running.account.settlement == running.charge == 0
    ended = get_touched(build(0, 0, (deposit,)), (deposit,), KEEP, 90)
    assert ended.deposits == ()
    assert ended.account.settlement == compute_decayed(PAI, KEEP, 80, 90)


def test_a_bonded_deposit_never_falls_due() -> None:
    deposit = replace(build_deposit(0, PAI, 0, 50), seat_bond=BONDED, renew_steps=5)
    assert get_event_step(deposit) == NEVER
    touched = get_touched(build(0, 0, (deposit,)), (deposit,), KEEP, 10_000)
    assert touched.deposits == (deposit,)
    assert touched.account.due_step == NEVER


def test_a_released_bond_ends_when_its_term_has_passed() -> None:
    deposit = replace(build_deposit(0, PAI, 0, 50), seat_bond=UNBONDING, release_step=200)
    waiting = get_touched(build(0, 0, (deposit,)), (deposit,), KEEP, 199)
    assert waiting.deposits == (deposit,)
    ended = get_touched(build(0, 0, (deposit,)), (deposit,), KEEP, 230)
    assert ended.account.settlement == compute_decayed(PAI, KEEP, 200, 230)


def test_a_released_bond_goes_on_to_its_term() -> None:
    deposit = replace(build_deposit(0, PAI, 10, 400), seat_bond=UNBONDING, release_step=200)
    touched = get_touched(build(0, 0, (deposit,)), (deposit,), KEEP, 230)
    assert touched.deposits == (build_deposit(0, PAI, 10, 400),)
    assert touched.account.due_step == 400


def test_a_released_bond_renews_from_its_release() -> None:
    deposit = replace(
        build_deposit(0, PAI, 0, 50), seat_bond=UNBONDING, release_step=200, renew_steps=60
    )
    touched = get_touched(build(0, 0, (deposit,)), (deposit,), KEEP, 230)
    assert touched.deposits == (build_deposit(0, PAI, 200, 260),)


def split(pot: int, sinks: Sinks, *, issued: int = 10**12, burned: int = 0) -> Shared:
    community = Community(with_parameters(build_genesis(), sinks=sinks))
    state = community.ledger.state
    money = state.money.require(CURRENT)
    state.money.put(CURRENT, replace(money, issued=issued, burned=burned, pot=pot))
    process_pot(state, community.ledger.get_context(1))
    after = state.money.require(CURRENT)
    parts = (
        after.reserve - money.reserve,
        after.social - money.social,
        after.operators - money.operators,
        after.active - money.active,
        after.municipality - money.municipality,
        after.burned - burned,
    )
    assert sum(parts) + after.pot == pot
    assert after.pot < 6
    assert state.facts == ([Shared(*parts)] if any(parts) else [])
    return Shared(*parts)


@given(st.integers(1, 2**62), st.lists(st.integers(0, 2_000), min_size=4, max_size=4))
def test_the_pot_is_shared_and_the_rest_stays(pot: int, parts: list[int]) -> None:
    rest = 10_000 - 2_000 - sum(parts)
    shared = split(pot, Sinks(2_000, parts[0], parts[1], parts[2], parts[3], rest), issued=2**62)
    assert shared.reserve >= pot * 2_000 // 10_000
    assert shared.social == pot * parts[0] // 10_000


def test_only_what_was_issued_can_be_burned() -> None:
    sinks = Sinks(2_000, 0, 0, 0, 0, 8_000)
    assert split(100, sinks, issued=180, burned=100) == Shared(20, 0, 0, 0, 0, 80)
    assert split(100, sinks, issued=179, burned=100) == Shared(100, 0, 0, 0, 0, 0)


@pytest.mark.parametrize("pot", range(1, 8))
def test_dust_is_not_lost(pot: int) -> None:
    split(pot, Sinks(2_000, 3_000, 2_500, 2_500, 0, 0))
