"""Savings bear no demurrage to their term; whoever comes early pays exactly what he was spared."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chain.actions import Pay, Prolong, Save, Withdraw
from chain.errors import Code, Invalid
from chain.rules.settlement import compute_decayed
from chain.tables import Deposit
from tests.community import KEEP, PAI, Community, get_account_id

EMMA = get_account_id("emma")
STEPS_PER_PERIOD = 4


def get_deposits(community: Community) -> tuple[Deposit, ...]:
    savings = community.ledger.state.savings.get(EMMA)
    return savings.deposits if savings else ()


def get_step(community: Community) -> int:
    return community.ledger.head.slot // 5


def go_to_step(community: Community, step: int) -> None:
    while get_step(community) < step:
        gap = step * 5 - community.ledger.head.slot
        community.extend(after=gap)


def test_a_deposit_waits_in_steps() -> None:
    community = Community()
    go_to_step(community, 7)
    community.extend([community.sign("emma", Save(100 * PAI, 3))])
    step = get_step(community)
    assert get_deposits(community) == (
        Deposit(0, 100 * PAI, step, step + 3 * STEPS_PER_PERIOD, 0, 0, 0),
    )
    assert community.ledger.state.accounts.require(EMMA).due_step == step + 12


def test_at_its_term_it_joins_the_balance_as_of_that_step() -> None:
    community = Community()
    community.extend([community.sign("emma", Save(500 * PAI, 3))])
    until = get_deposits(community)[0].until_step
    go_to_step(community, until + 9)
    community.extend([community.sign("emma", Pay(get_account_id("farid"), 1, ""))])
    melted = compute_decayed(500 * PAI, KEEP, until, get_step(community))
    # The sweep may have looked once in between: a micropai a look.
    assert melted - 3 <= community.get_balance("emma") + 1 <= melted
    assert get_deposits(community) == ()


def test_whoever_returns_early_bears_the_demurrage_he_was_spared() -> None:
    community = Community()
    community.extend([community.sign("emma", Save(200 * PAI, 30))])
    since = get_step(community)
    before = community.get_balance("emma")
    assert before == 300 * PAI
    go_to_step(community, 40)
    community.extend([community.sign("emma", Withdraw(0, 50 * PAI))])
    step = get_step(community)
    returned = compute_decayed(50 * PAI, KEEP, since, step)
    rest = compute_decayed(300 * PAI, KEEP, since, step)
    assert 0 <= rest + returned - community.get_balance("emma") <= 20
    assert get_deposits(community)[0].amount == 150 * PAI
    assert get_deposits(community)[0].since_step == since


def test_over_midnight_there_and_back_saves_nothing() -> None:
    community = Community()
    community.extend([community.sign("emma", Save(500 * PAI, 3))])
    since = get_step(community)
    go_to_step(community, since + 1)
    community.extend([community.sign("emma", Withdraw(0, 500 * PAI))])
    assert get_step(community) > since
    assert community.get_balance("emma") == compute_decayed(
        500 * PAI, KEEP, since, get_step(community)
    )


def test_within_one_step_there_and_back_costs_nothing() -> None:
    community = Community()
    community.extend([community.sign("emma", Save(100 * PAI, 3), Withdraw(0, 100 * PAI))])
    assert get_step(community) == 0
    assert get_deposits(community) == ()
    assert community.get_balance("emma") == 500 * PAI


def test_a_prolongation_never_moves_the_beginning_it_pays_from() -> None:
    # Prolonging and taking back at once must not forget the demurrage so far.
    plain, clever = Community(), Community()
    for community in (plain, clever):
        community.extend([community.sign("emma", Save(500 * PAI, 30))])
        go_to_step(community, 60)
    plain.extend([plain.sign("emma", Withdraw(0, 500 * PAI))])
    clever.extend([clever.sign("emma", Prolong(0, 30), Withdraw(0, 500 * PAI))])
    assert clever.get_balance("emma") == plain.get_balance("emma")
    assert plain.get_balance("emma") < 500 * PAI * 8 // 10


def test_a_prolongation_acts_at_the_term() -> None:
    community = Community()
    community.extend([community.sign("emma", Save(100 * PAI, 3), Prolong(0, 5))])
    first = get_deposits(community)[0]
    assert first.renew_steps == 20
    go_to_step(community, first.until_step + 4)
    (second,) = get_deposits(community)
    assert (second.since_step, second.until_step) == (first.until_step, first.until_step + 20)
    assert second.renew_steps == 0


def test_a_prolongation_can_be_taken_back() -> None:
    community = Community()
    community.extend([community.sign("emma", Save(100 * PAI, 3), Prolong(0, 5), Prolong(0, 0))])
    assert get_deposits(community)[0].renew_steps == 0


def test_numbers_of_deposits_are_never_used_again() -> None:
    community = Community()
    community.extend([community.sign("emma", Save(PAI, 3), Save(2 * PAI, 3), Withdraw(0, PAI))])
    community.extend([community.sign("emma", Save(3 * PAI, 3))])
    assert [item.id for item in get_deposits(community)] == [1, 2]


@given(
    st.integers(2, 2**62),
    st.integers(1, 2**62),
    st.integers(0, 4_000),
)
def test_splitting_an_early_return_never_pays(amount: int, part: int, steps: int) -> None:
    part %= amount
    whole = compute_decayed(amount, KEEP, 0, steps)
    split = compute_decayed(part, KEEP, 0, steps) + compute_decayed(amount - part, KEEP, 0, steps)
    assert whole - 1 <= split <= whole
    assert 0 <= whole <= amount


def test_nobody_saves_on_credit() -> None:
    community = Community()
    with pytest.raises(Invalid) as caught:
        community.build_block([community.sign("emma", Save(500 * PAI + 1, 3))])
    assert caught.value.code is Code.INSUFFICIENT_BALANCE
    community.build_block([community.sign("emma", Save(500 * PAI, 3))])


def test_a_deposit_that_is_taken_back_whole_leaves_no_row() -> None:
    community = Community()
    community.extend([community.sign("emma", Save(PAI, 3))])
    assert community.ledger.state.savings.get(EMMA) is not None
    community.extend([community.sign("emma", Withdraw(0, PAI))])
    assert community.ledger.state.savings.get(EMMA) is None
    account = community.ledger.state.accounts.require(EMMA)
    assert account == replace(account, due_step=-1, deposits_made=1)
