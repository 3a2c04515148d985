"""How much a person is good for: what opens credit, what does not, and what closes it again."""

from fractions import Fraction

import pytest

from chain.actions import Pay
from chain.errors import Code, Invalid
from tests.community import CONSTANTS, PAI
from tests.credit_world import BASE, NAMES, PAIR_CAP, TENTH, build_world, get_id


def test_everybody_identified_can_take_a_first_step() -> None:
    world = build_world()
    assert world.get_limit("emma") == TENTH
    world.pay("emma", "farid", 5_000 * PAI + TENTH)
    assert world.get("emma").settlement == -TENTH
    with pytest.raises(Invalid) as caught:
        world.pay("emma", "farid", 1)
    assert caught.value.code is Code.INSUFFICIENT_BALANCE


def test_strangers_have_no_credit_and_give_none() -> None:
    world = build_world()
    assert world.get_limit("stranger") == 0
    world.pay("stranger", "emma", 1_000 * PAI)
    assert world.get_limit("emma") == TENTH
    with pytest.raises(Invalid):
        world.pay("stranger", "emma", 4_000 * PAI + 1)


def test_a_sale_lifts_the_base_and_half_of_it_is_earned() -> None:
    world = build_world()
    world.pay("farid", "emma", 20 * PAI)
    assert world.get_limit("emma") == TENTH + 20 * PAI + 10 * PAI
    assert world.get_limit("farid") == TENTH


def test_small_sales_are_counted_when_they_make_a_step() -> None:
    world = build_world()
    step = BASE // 50
    world.pay("farid", "emma", 2 * PAI)
    assert world.get_limit("emma") == TENTH  # 2 to the base and 2 earned: 4 of 6
    world.pay("farid", "emma", PAI)
    assert world.get_limit("emma") == TENTH + 3 * PAI + 3 * PAI // 2
    assert step == 6 * PAI


def test_a_buyer_counts_for_a_tenth_of_the_base_and_the_pair_cap() -> None:
    world = build_world()
    world.pay("farid", "emma", 4_000 * PAI)
    assert world.get_limit("emma") == TENTH + TENTH + PAIR_CAP // 2


def test_the_whole_base_needs_nine_buyers() -> None:
    world = build_world(earned_cap_bp=0)
    for number, buyer in enumerate(NAMES[1:], start=1):
        assert world.get_limit("emma") == number * TENTH
        world.pay(buyer, "emma", TENTH)
    assert world.get_limit("emma") == BASE
    world.pay("ann", "emma", 1_000 * PAI)
    assert world.get_limit("emma") == BASE


def test_what_is_earned_is_capped() -> None:
    world = build_world(earned_cap_bp=1_000)
    for buyer in NAMES[1:4]:
        world.pay(buyer, "emma", PAIR_CAP)
    assert world.get_limit("emma") == TENTH + 3 * TENTH + BASE // 10


def test_only_what_is_net_counts() -> None:
    world = build_world()
    world.pay("emma", "farid", 50 * PAI)
    world.pay("farid", "emma", 50 * PAI)
    assert world.get_limit("emma") == TENTH
    assert world.get_limit("farid") == TENTH + TENTH + 25 * PAI  # counted before it was paid back
    world.pay("farid", "emma", 20 * PAI)
    assert world.get_limit("emma") == TENTH + 10 * PAI // 2  # of the pair cap 10 are left to him


def test_what_was_earned_fades_by_half_in_half_a_year() -> None:
    world = build_world(earned_cap_bp=10_000)
    world.pay("farid", "emma", PAIR_CAP)
    sold = TENTH + TENTH
    assert world.get_limit("emma") == sold + PAIR_CAP // 2
    keep = Fraction(CONSTANTS.credit_keep, 2**64)
    for periods in (1, 90, 89):
        world.wait(periods)
    left = int(PAIR_CAP * keep**180)
    assert abs(left - PAIR_CAP // 2) <= 2
    assert abs(world.get_limit("emma") - (sold + left // 2)) <= 2
    world.pay("farid", "emma", PAI)  # the base stays, and dealing goes on
    assert world.get_limit("emma") >= sold


def test_a_debtor_does_not_decay() -> None:
    world = build_world()
    world.pay("emma", "farid", 5_000 * PAI + TENTH)
    world.wait(400)
    world.pay("farid", "emma", 1)
    assert world.get("emma").settlement == -TENTH + 1


def test_a_debt_is_paid_by_receiving() -> None:
    world = build_world()
    world.pay("emma", "farid", 5_000 * PAI + TENTH)
    assert world.credit.debt == TENTH
    world.pay("farid", "emma", 10 * PAI)
    assert world.credit.debt == TENTH - 10 * PAI
    world.pay("farid", "emma", 100 * PAI)
    assert world.credit.debt == 0


def test_revocation_never_stops_a_debtor() -> None:
    world = build_world()
    for buyer in NAMES[1:]:
        world.pay(buyer, "emma", 200 * PAI)
    limit = world.get_limit("emma")
    assert limit > BASE
    world.spend("emma")
    world.pay("farid", "emma", 100 * PAI)
    world.revoke("emma")
    for name in NAMES[1:]:
        world.revoke(name)
    assert limit * 99 // 100 < world.get_limit("emma") <= limit
    world.wait(30)
    assert world.get_limit("emma") > limit * 88 // 100
    world.pay("emma", "stranger", 20 * PAI)
    world.wait(150)
    assert limit * 49 // 100 < world.get_limit("emma") < limit * 51 // 100


def test_a_vote_cannot_halve_a_used_limit_at_once() -> None:
    world = build_world()
    for buyer in NAMES[1:]:
        world.pay(buyer, "emma", 200 * PAI)
    limit = world.get_limit("emma")
    world.spend("emma")
    world.vote(base=PAI, earned_cap_bp=0)
    assert limit * 99 // 100 < world.get_limit("emma") <= limit
    assert world.get_limit("farid") == PAI // 10  # who never used his has lost nothing he owed


def test_credit_follows_the_person_and_not_the_account() -> None:
    world = build_world()
    world.pay("farid", "emma", 200 * PAI)
    limit = world.get_limit("emma")
    tag = world.get("emma").person
    world.attest("stranger", tag)
    assert (world.get_limit("emma"), world.get_limit("stranger")) == (0, limit)


def test_dust_makes_no_rows() -> None:
    world = build_world()
    world.pay("farid", "emma", PAI - 1)
    assert not any(True for _ in world.state.dealings._rows.values() if _ is not None)
    world.pay("farid", "emma", PAI)
    world.pay("emma", "farid", 1)
    (row,) = [row for row in world.state.dealings._rows.values() if row is not None]
    assert abs(row.net) == PAI - 1


def test_many_actions_in_one_transaction_are_each_checked() -> None:
    world = build_world()
    with pytest.raises(Invalid):
        world.do("emma", Pay(get_id("farid"), 5_031 * PAI, ""), Pay(get_id("farid"), 1, ""))
    assert world.get("emma").settlement == 5_000 * PAI
