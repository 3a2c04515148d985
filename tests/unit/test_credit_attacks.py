"""Attacks on credit that fail: by friends, false persons, authorities, votes and committees.

The figures are those of the test community: a base of 300 pai, of which a tenth is everybody's.
"""

from itertools import combinations

import pytest

from chain.actions import GrantLoan, Guarantee
from chain.errors import Invalid
from chain.rules.debts import owes
from chain.rules.loans import write_off
from tests.community import PAI
from tests.credit_world import NAMES, PAIR_CAP, TENTH, World, build_rich, build_world, get_id

OF_A_PAIR = TENTH + PAIR_CAP // 2
DUST = 10  # micropai: sums and their parts are rounded down apart as they fade


def gain(world: World, names: tuple[str, ...]) -> int:
    """What people are good for beyond what everybody is."""
    return sum(world.get_limit(name) - TENTH for name in names)


def test_two_friends_who_pass_money_round_gain_one_sale() -> None:
    """Whoever waits until what the other had counted has faded gains no more than what faded."""
    world = build_world()
    for periods in (0, 0, 1, 30, 180, 360):
        for payer, receiver in (("emma", "farid"), ("farid", "emma")):
            world.pay(payer, receiver, 2_000 * PAI)
            assert gain(world, ("emma", "farid")) <= OF_A_PAIR + DUST
            if periods:
                world.skip(periods)


@pytest.mark.parametrize("size", [2, 3, 5, 10])
def test_a_ring_gains_no_more_than_its_pairs(size: int) -> None:
    ring = NAMES[:size]
    world = build_world(earned_cap_bp=100_000)
    for turn in range(3):
        for one, other in combinations(ring, 2):
            payer, receiver = (one, other) if turn % 2 else (other, one)
            world.pay(payer, receiver, 300 * PAI)
            world.pay(receiver, payer, 299 * PAI)
    assert gain(world, ring) <= size * (size - 1) // 2 * OF_A_PAIR + DUST


def test_many_small_payments_gain_nothing_over_one() -> None:
    world, other = build_world(), build_world()
    for _ in range(30):
        world.pay("farid", "emma", 2 * PAI)
    other.pay("farid", "emma", 60 * PAI)
    assert world.get_limit("emma") <= other.get_limit("emma")


def test_false_persons_share_a_tenth_of_all_base() -> None:
    """Forty of them trade in a ring; ten old members hold their whole base."""
    false = tuple(f"false{number}" for number in range(40))
    world = build_world(young_periods=180, young_base_bp=1_000)
    for seller in NAMES:
        for buyer in NAMES[:-1] if seller == NAMES[-1] else NAMES:
            if buyer != seller:
                world.pay(buyer, seller, 400 * PAI)
                world.pay(seller, buyer, 370 * PAI)
    for name in false:
        world.pay("stranger", name, 120 * PAI)
        world.attest(name)
    for number in range(len(false)):
        for ahead in range(1, 5):
            world.pay(false[number], false[(number + ahead) % len(false)], 30 * PAI)
            world.pay(false[(number + ahead) % len(false)], false[number], 5 * PAI)
    whole = world.credit
    young = whole.young * TENTH + whole.young_sales
    assert whole.young == 40
    everything = whole.persons * TENTH + whole.sales
    # The first step is everybody's; beyond it nothing grows while they hold more than their share.
    assert young <= max(40 * TENTH, everything // 10)
    world.skip(181, blocks=4)
    assert (world.credit.young, world.credit.young_sales) == (0, 0)


def test_a_newcomer_waits_until_he_is_no_longer_young() -> None:
    world = build_world(young_periods=30, young_base_bp=500)
    world.pay("ann", "newcomer", PAI)
    world.attest("newcomer")
    world.pay("emma", "newcomer", 60 * PAI)
    assert world.get_limit("newcomer") == TENTH + 60 * PAI // 2  # earned, but no base
    world.skip(31)
    world.pay("emma", "newcomer", PAI)
    assert world.get_limit("newcomer") > TENTH + TENTH + 25 * PAI


def test_recycling_an_identity_gives_no_fresh_credit() -> None:
    """Thirty rounds: the tag moves when nothing is owed, and what it was good for goes along."""
    world = build_world()
    tag = world.get("emma").person
    at, taken = "emma", 0
    for number in range(30):
        taken = max(taken, world.spend(at) - 5_000 * PAI if not number else world.spend(at))
        assert owes(world.state, get_id(at))
        with pytest.raises(Invalid):
            world.attest("stranger", tag)
        world.pay("ann", at, -world.get(at).settlement)
        assert not owes(world.state, get_id(at))
        following = f"account{number}"
        world.pay("stranger", following, PAI)
        world.attest(following, tag)
        assert world.get_limit(at) == 0
        at = following
    # Whoever paid the debts is one buyer, once.
    assert world.get_limit(at) <= TENTH + OF_A_PAIR


def test_guarantors_in_a_circle_secure_no_more_than_they_have() -> None:
    world = build_rich()
    for debtor, guarantor in (("galina", "hamit"), ("hamit", "galina")):
        loan_id = world.ask(debtor, 100 * PAI, guarantor=guarantor, pledge=TENTH)
        world.do(guarantor, Guarantee(loan_id, None))
        world.grant(loan_id)
    again = world.ask("galina", 100 * PAI, guarantor="hamit", pledge=1)
    with pytest.raises(Invalid):
        world.do("hamit", Guarantee(again, None))
    for name in ("galina", "hamit"):
        assert world.get_limit(name) == 100 * PAI  # the loan: the own limit secures the other's
        world.spend(name)
    world.wait(13)
    # Each paid what the other had pledged for him, within what he may spend: nothing.
    for name in ("galina", "hamit"):
        assert world.get(name).settlement >= -100 * PAI - TENTH


def test_a_committee_in_league_is_bounded_by_what_is_owed() -> None:
    world = build_rich()
    world.appoint("hamit")
    for name in NAMES[2:]:
        world.spend(name)
    owed = world.credit.debt
    granted = 0
    for _ in range(8):
        loan_id = world.ask("ivan", PAI)
        try:
            world.do("hamit", GrantLoan(loan_id))
        except Invalid:
            break
        granted += PAI
    assert granted <= owed // 20


def test_a_write_off_cannot_enrich() -> None:
    world = build_world()
    world.fill_reserve(500 * PAI)
    with pytest.raises(Invalid):
        world.call(write_off, get_id("emma"), 1)
    world.spend("emma")
    with pytest.raises(Invalid):
        world.call(write_off, get_id("emma"), TENTH + 1)
    world.call(write_off, get_id("emma"), TENTH)
    assert world.get("emma").settlement == 0


def test_credit_that_is_saved_is_refused() -> None:
    world = build_world()
    world.pay("emma", "farid", 5_000 * PAI)
    with pytest.raises(Invalid):
        world.save("emma", PAI)


def test_voting_a_base_of_nearly_nothing_stops_no_debtor() -> None:
    world = build_world()
    for buyer in NAMES[1:]:
        world.pay(buyer, "emma", 200 * PAI)
    world.spend("emma")
    owed = -world.get("emma").settlement
    world.vote(base=PAI, pair_cap_bp=0, earned_cap_bp=0)
    world.pay("farid", "emma", 100 * PAI)
    world.skip(20)
    world.pay("emma", "farid", 40 * PAI)
    assert -world.get("emma").settlement == owed - 60 * PAI
