"""Loans: who may be lent how much, what time does to it, and who pays when the debtor does not."""

import pytest

from chain.actions import (
    DropLoan,
    Guarantee,
    Instalment,
    Pay,
    PayClaim,
    Prolong,
    ReturnLoan,
)
from chain.errors import Code, Invalid
from chain.facts import GuarantorPaid, WrittenOff
from chain.rules import loan_terms
from chain.rules.context import Context
from chain.rules.debts import NO_DEBTS, owes
from chain.rules.loan_terms import IN_GRACE, OVERDUE
from chain.rules.loans import take_claim, write_off
from chain.rules.settlement import FREE, PLEDGED
from chain.state import State
from chain.tables import Claim
from tests.community import PAI
from tests.credit_world import (
    TENTH,
    build_rich,
    build_world,
    fail_to_pay,
    get_deposits,
    get_id,
)

EMMA, FARID, GALINA = get_id("emma"), get_id("farid"), get_id("galina")
GRACE = 3


# What a loan does


def test_a_loan_lifts_the_limit_until_its_term() -> None:
    world = build_rich()
    world.lend("emma", 100 * PAI, term=10)
    assert world.get_limit("emma") == TENTH + 100 * PAI
    assert world.credit.granted == 100 * PAI
    world.wait(9)
    assert world.get_limit("emma") == TENTH + 100 * PAI
    world.wait(1)
    assert world.get_limit("emma") == TENTH
    assert (world.credit.granted, world.get_debts("emma")) == (0, NO_DEBTS)


def test_the_term_ends_by_the_clock_and_not_by_the_queue() -> None:
    world = build_rich()
    world.lend("emma", 100 * PAI, term=10)
    world.slot += 10 * 20  # no block has looked at it
    assert world.get_limit("emma") == TENTH


def test_a_firm_without_identity_can_be_lent_to() -> None:
    world = build_rich()
    world.pay("farm", "emma", 5_000 * PAI)
    world.lend("farm", 800 * PAI)
    assert world.spend("farm") == 800 * PAI
    assert owes(world.state, get_id("farm"))
    world.pay("emma", "farm", 800 * PAI)
    world.wait(10)
    assert not owes(world.state, get_id("farm"))


def test_a_line_falls_by_its_plan() -> None:
    world = build_rich()
    plan = (Instalment(3, 60 * PAI), Instalment(6, 20 * PAI))
    world.grant(world.ask("emma", 100 * PAI, plan=plan))
    seen = []
    for _ in range(11):
        seen.append(((world.get_limit("emma") - TENTH) // PAI, world.credit.granted // PAI))
        world.wait()
    assert seen == [(100, 100)] * 3 + [(60, 60)] * 3 + [(20, 20)] * 4 + [(0, 0)]


def test_a_debtor_past_his_term_receives_but_does_not_spend() -> None:
    world = build_rich()
    world.lend("emma", 100 * PAI)
    world.spend("emma")
    world.wait(10)
    assert world.get("emma").settlement == -130 * PAI
    with pytest.raises(Invalid):
        world.pay("emma", "farid", 1)
    world.pay("galina", "emma", 120 * PAI)
    world.pay("emma", "farid", 1)


def test_paid_back_in_grace_it_is_over() -> None:
    world = build_rich()
    loan_id = world.lend("emma", 100 * PAI)
    world.spend("emma")
    world.wait(10)
    loan = world.get_loan(loan_id)
    assert loan is not None
    assert (loan.state, loan.unpaid) == (IN_GRACE, 100 * PAI)
    world.pay("galina", "emma", 100 * PAI)
    world.wait(GRACE)
    assert world.get_loan(loan_id) is None
    assert world.get_debts("emma") == NO_DEBTS


def test_an_overdue_loan_is_looked_at_again_until_it_is_paid() -> None:
    world = build_rich()
    loan_id = world.lend("emma", 100 * PAI)
    world.spend("emma")
    world.wait(10 + GRACE)
    loan = world.get_loan(loan_id)
    assert loan is not None
    assert (loan.state, loan.unpaid) == (OVERDUE, 100 * PAI)
    world.pay("galina", "emma", 30 * PAI)
    world.wait(28)
    loan = world.get_loan(loan_id)
    assert loan is not None
    # What Emma sold lifted her own limit by more than what she received for it.
    assert loan.unpaid == 100 * PAI - 30 * PAI - (world.get_limit("emma") - TENTH)
    world.pay("galina", "emma", 100 * PAI)
    world.wait(28)
    assert world.get_loan(loan_id) is None


def test_a_loan_that_nobody_grants_is_forgotten() -> None:
    world = build_rich()
    loan_id = world.ask("emma", 100 * PAI, guarantor="farid", pledge=50 * PAI)
    world.do("farid", Guarantee(loan_id, 0))
    world.wait(27)
    assert world.get_loan(loan_id) is not None
    world.wait(1)
    assert (world.get_loan(loan_id), world.get_debts("emma")) == (None, NO_DEBTS)
    assert {item.seat_bond for item in get_deposits(world, "farid")} == {FREE}


def test_a_loan_is_returned_early() -> None:
    world = build_rich()
    loan_id = world.ask("emma", 100 * PAI, guarantor="farid", pledge=20 * PAI)
    world.do("farid", Guarantee(loan_id, None))
    world.grant(loan_id)
    assert world.get_limit("farid") == TENTH - 20 * PAI
    world.do("emma", ReturnLoan(loan_id))
    assert (world.get_limit("emma"), world.get_limit("farid")) == (TENTH, TENTH)
    assert world.credit.granted == 0


# Guarantors


def test_a_guarantor_pays_out_of_his_deposit_after_the_grace() -> None:
    world = build_rich()
    loan_id = fail_to_pay(world, pledge=40 * PAI, deposit=0)
    assert [item.seat_bond for item in get_deposits(world, "farid")] == [FREE, PLEDGED]
    world.wait(GRACE - 1)
    assert world.get("emma").settlement == -130 * PAI
    facts = world.wait(1)
    assert GuarantorPaid(FARID, EMMA, 40 * PAI, 1) in facts
    assert world.get("emma").settlement == -90 * PAI
    assert world.get_debts("emma").claims == (Claim(FARID, 40 * PAI),)
    assert [item.amount for item in get_deposits(world, "farid")] == [1_960 * PAI]
    loan = world.get_loan(loan_id)
    assert loan is not None
    assert (loan.unpaid, loan.guarantor) == (60 * PAI, None)


def test_a_guarantor_pays_out_of_his_limit() -> None:
    world = build_rich()
    world.pay("farid", "stranger", world.get("farid").settlement)
    fail_to_pay(world, pledge=25 * PAI, deposit=None)
    assert world.get_limit("farid") == 5 * PAI
    world.wait(GRACE)
    assert world.get("farid").settlement == -25 * PAI
    assert world.get_limit("farid") == TENTH
    assert world.get_debts("emma").claims == (Claim(FARID, 25 * PAI),)


def test_he_pays_no_more_than_is_missing() -> None:
    world = build_rich()
    fail_to_pay(world, pledge=40 * PAI, deposit=0)
    world.pay("stranger", "emma", 80 * PAI)
    world.wait(GRACE)
    paid = world.get_debts("emma").claims[0].amount
    assert paid == 20 * PAI
    assert [item.amount for item in get_deposits(world, "farid")] == [1_960 * PAI, 40 * PAI - paid]
    assert {item.seat_bond for item in get_deposits(world, "farid")} == {FREE}


def test_a_guarantor_is_never_pushed_below_his_floor() -> None:
    world = build_rich()
    world.pay("farid", "stranger", world.get("farid").settlement)
    loan_id = world.ask("emma", 100 * PAI, term=400, guarantor="farid", pledge=TENTH)
    world.do("farid", Guarantee(loan_id, None))
    world.grant(loan_id)
    world.spend("emma")
    world.revoke("farid")  # so that what he was good for fades
    world.wait(400 + GRACE)
    limit = world.get_limit("farid")
    assert 0 < limit < TENTH // 4
    assert world.get("farid").settlement >= -limit
    assert world.get_debts("emma").claims[0].amount == -world.get("farid").settlement


def test_a_guarantor_with_nothing_pays_nothing() -> None:
    world = build_rich()
    world.pay("farid", "stranger", world.get("farid").settlement)
    loan_id = world.ask("emma", 100 * PAI, guarantor="farid", pledge=PAI)
    world.do("farid", Guarantee(loan_id, None))
    world.grant(loan_id)
    world.spend("emma")
    world.spend("farid")
    assert world.get("farid").settlement == PAI - TENTH
    world.wait(10 + GRACE)
    assert world.get("farid").settlement == -TENTH


def test_a_debtor_pays_his_guarantor_back() -> None:
    world = build_rich()
    fail_to_pay(world, pledge=40 * PAI, deposit=0)
    world.wait(GRACE)
    world.pay("galina", "emma", 200 * PAI)
    before = world.get("farid").settlement
    world.do("emma", PayClaim(FARID, 15 * PAI))
    assert world.get_debts("emma").claims == (Claim(FARID, 25 * PAI),)
    world.do("emma", PayClaim(FARID, 25 * PAI))
    assert world.get_debts("emma").claims == ()
    assert world.get("farid").settlement == before + 40 * PAI


def test_a_claim_can_be_handed_over() -> None:
    world = build_rich()
    fail_to_pay(world, pledge=40 * PAI, deposit=0)
    world.wait(GRACE)
    context = world.open()
    assert take_claim(world.state, EMMA, FARID) == 40 * PAI
    assert take_claim(world.state, EMMA, FARID) == 0
    world.close(context)
    assert world.get_debts("emma").claims == ()


def test_a_pledged_deposit_waits_for_the_loan_even_past_its_own_term() -> None:
    world = build_rich()
    deposit = world.save("farid", 50 * PAI, 5)
    loan_id = world.ask("emma", 100 * PAI, guarantor="farid", pledge=50 * PAI)
    world.do("farid", Prolong(deposit, 5), Guarantee(loan_id, deposit))
    world.grant(loan_id)
    before = world.get("farid").settlement
    world.wait(9)
    assert [item.seat_bond for item in get_deposits(world, "farid")] == [FREE, PLEDGED]
    world.wait(1)  # the loan was not used: it ends, and the deposit falls due
    world.wait(1)
    world.do("farid", Pay(GALINA, PAI, ""))
    assert [item.id for item in get_deposits(world, "farid")] == [0]
    assert world.get("farid").settlement == before + 49 * PAI


# The reserve


def test_a_write_off_comes_out_of_the_reserve_and_ends_the_loan() -> None:
    world = build_rich()
    loan_id = world.lend("emma", 100 * PAI)
    world.spend("emma")
    world.wait(10 + GRACE)
    world.fill_reserve(300 * PAI)
    facts = world.call(write_off, EMMA, 60 * PAI)
    assert WrittenOff(EMMA, 60 * PAI) in facts
    loan = world.get_loan(loan_id)
    assert loan is not None
    assert loan.unpaid == 40 * PAI
    world.call(write_off, EMMA, 40 * PAI)
    assert world.get_loan(loan_id) is None
    assert world.get("emma").settlement == -30 * PAI


def test_losses_beyond_the_inflow_stop_new_base_and_grants() -> None:
    world = build_rich()
    world.lend("emma", 100 * PAI)
    world.spend("emma")
    world.wait(10)
    waiting = world.ask("galina", 10 * PAI)
    with pytest.raises(Invalid) as caught:
        world.grant(waiting)
    assert caught.value.code is Code.CREDIT_BRAKED
    world.pay("hamit", "ivan", 20 * PAI)
    assert world.get_limit("ivan") == TENTH + 10 * PAI  # earned, but no base
    world.fill_reserve(100 * PAI)
    world.grant(waiting)
    world.pay("hamit", "ivan", PAI)
    assert world.get_limit("ivan") == TENTH + 21 * PAI + 21 * PAI // 2


def test_the_brake_forgets_after_360_periods() -> None:
    world = build_rich()
    loan_id = world.lend("emma", 100 * PAI)
    world.spend("emma")
    world.wait(10 + GRACE)
    world.wait(346)
    waiting = world.ask("galina", 10 * PAI)
    with pytest.raises(Invalid):
        world.grant(waiting)
    world.wait(13)
    world.grant(waiting)
    assert world.get_loan(loan_id) is not None
    assert world.credit.overdue == 0


# Bounded work


def test_a_block_looks_at_a_bounded_number_and_misses_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked: list[int] = []
    honest = loan_terms.look_at

    def look(state: State, context: Context, loan_id: int) -> None:
        looked.append(loan_id)
        honest(state, context, loan_id)

    monkeypatch.setattr(loan_terms, "look_at", look)
    names = tuple(f"member{number}" for number in range(10))
    world = build_world(names=names)
    world.save("member0", 2_000 * PAI)
    loans = [world.lend(name, PAI, term=5) for name in names for _ in range(4)]
    world.skip(5)
    assert looked == loans[:16]
    world.block()
    world.block()
    assert looked == loans
    assert world.credit.granted == 0
    world.skip(500)  # and after a long pause
    for _ in range(10):
        world.block()
    assert world.credit.due_from == world.get_context().period + 1
    assert world.credit.days_closed == world.get_context().period


def test_a_pledge_is_free_again_in_the_step_that_locked_it() -> None:
    """The guarantor's account need not change by it: both parts of his deposit fall due at once."""
    world = build_rich()
    deposit = world.save("farid", 50 * PAI, 20)
    loan_id = world.ask("emma", 20 * PAI, guarantor="farid", pledge=20 * PAI)
    world.do("farid", Guarantee(loan_id, deposit))
    before = world.get("farid")
    world.do("emma", DropLoan(loan_id))
    assert world.get("farid") == before
    assert {item.seat_bond for item in get_deposits(world, "farid")} == {FREE}
