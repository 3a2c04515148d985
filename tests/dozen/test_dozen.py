"""A dozen do everything for long; no law breaks, and with a rule switched off one does."""

from collections.abc import Callable
from typing import Any, get_args

import pytest
from hypothesis import settings
from msgspec.structs import replace

from chain.actions import (
    Action,
    CompleteRecovery,
    DeclineInvoice,
    GrantLoan,
    Measure,
    Revoke,
    Save,
    Withdraw,
)
from chain.errors import Code, Invalid, InvariantBroken
from chain.policy import AccountId
from chain.rules import barter, obligations, payments, rewards, transactions
from chain.rules.attestations import apply_revoke
from chain.rules.context import Context
from chain.rules.identity import get_home_person_key
from chain.rules.loans import grant_loan
from chain.rules.obligations import apply_decline_invoice
from chain.rules.recovery import apply_complete_recovery
from chain.rules.savings import apply_save
from chain.rules.shelves import find_obligation
from chain.state import State
from chain.tables import CURRENT, Account, Order
from chain.transaction import Transaction
from chain.units import AMOUNT_MAX
from tests.dozen.deeds_votes import MEASURES
from tests.dozen.life import DEEDS, KINDS, Life
from tests.dozen.machine import DozenMachine
from tests.dozen.rights import RIGHTS
from tests.dozen.town import NAMES

ACTIONS = set(get_args(Action))
TestDozen = DozenMachine.TestCase
TestDozen.settings = settings(settings.default, max_examples=6, stateful_step_count=30)


def test_every_action_has_a_deed_and_a_right_and_every_measure_is_tried() -> None:
    assert set(DEEDS) == set(RIGHTS) == ACTIONS
    assert set(MEASURES) == set(get_args(Measure))
    assert len(NAMES) == 12


def test_in_long_lives_everything_is_done() -> None:
    done = set[type[Action]]()
    codes = set[Code]()
    for seed in (1, 2, 3, 4):
        life = Life()
        life.live(seed, 3_000)
        done |= set(life.done)
        codes |= set(life.refused)
    assert done == set(KINDS)
    assert len(codes) > 70


# Rules switched off

Plant = Callable[[pytest.MonkeyPatch], None]
PLANTS: dict[str, Plant] = {}


def plant(case: Plant) -> Plant:
    PLANTS[case.__name__] = case
    return case


def put_settlement(state: State, who: AccountId, change: int) -> None:
    account = state.accounts.require(who)
    changed = replace(account, settlement=account.settlement + change)
    state.accounts.put(who, changed)
    state.debt += min(account.settlement, 0) - min(changed.settlement, 0)


def put_social(state: State, change: int) -> None:
    money = state.money.require(CURRENT)
    state.money.put(CURRENT, replace(money, social=money.social + change))


def plant_rule(
    monkeypatch: pytest.MonkeyPatch,
    kind: type[Action],
    rule: Callable[[State, Context, AccountId, Any], None],
) -> None:
    monkeypatch.setitem(transactions._PLAIN, kind, rule)


@plant
def anybody_grants_loans(monkeypatch: pytest.MonkeyPatch) -> None:
    def grant(state: State, context: Context, _: AccountId, action: GrantLoan) -> None:
        grant_loan(state, context, action.loan, by_committee=True)

    plant_rule(monkeypatch, GrantLoan, grant)


@plant
def who_revokes_takes_the_money(monkeypatch: pytest.MonkeyPatch) -> None:
    def seize(state: State, context: Context, owner: AccountId, action: Revoke) -> None:
        apply_revoke(state, context, owner, action)
        held = max(0, state.accounts.require(action.subject).settlement)
        put_settlement(state, action.subject, -held)
        put_social(state, held)

    plant_rule(monkeypatch, Revoke, seize)


@plant
def who_is_revoked_loses_his_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    def cut(state: State, context: Context, owner: AccountId, action: Revoke) -> None:
        person = state.accounts.require(action.subject).person
        apply_revoke(state, context, owner, action)
        key = None if person is None else get_home_person_key(person)
        standing = None if key is None else state.standings.get(key)
        if key is not None and standing is not None:
            state.standings.put(key, replace(standing, limit=0))

    plant_rule(monkeypatch, Revoke, cut)


@plant
def who_is_revoked_is_frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    check, frozen = transactions._check_envelope, set[AccountId]()

    def note(state: State, context: Context, owner: AccountId, action: Revoke) -> None:
        apply_revoke(state, context, owner, action)
        frozen.add(action.subject)

    def refuse(state: State, context: Context, body: Transaction, account: Account) -> None:
        check(state, context, body, account)
        if body.account in frozen:
            raise Invalid(Code.UNKNOWN_ACCOUNT)

    plant_rule(monkeypatch, Revoke, note)
    monkeypatch.setattr(transactions, "_check_envelope", refuse)


@plant
def who_declines_is_paid_back(monkeypatch: pytest.MonkeyPatch) -> None:
    def reverse(state: State, context: Context, owner: AccountId, action: DeclineInvoice) -> None:
        offer = find_obligation(state, action.obligation)
        apply_decline_invoice(state, context, owner, action)
        if offer is not None:
            put_settlement(state, offer.creditor, -offer.amount)
            put_settlement(state, offer.debtor, offer.amount)

    plant_rule(monkeypatch, DeclineInvoice, reverse)


@plant
def anybody_moves_obligations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(obligations, "check_move", lambda *_: None)


@plant
def guardians_need_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    def hasten(state: State, context: Context, owner: AccountId, action: CompleteRecovery) -> None:
        late = context._replace(slot=context.slot + 10_000)
        apply_complete_recovery(state, late, owner, action)

    plant_rule(monkeypatch, CompleteRecovery, hasten)


@plant
def every_trade_is_ordered(monkeypatch: pytest.MonkeyPatch) -> None:
    order = Order(AMOUNT_MAX, AMOUNT_MAX, 1, AMOUNT_MAX, 0, 0, 0, 0)
    monkeypatch.setattr(barter, "use_order", lambda *_: order)


@plant
def everybody_spends_without_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payments, "get_spending_floor", lambda *_: -AMOUNT_MAX // 4)


@plant
def rewards_are_not_counted_against_debts(monkeypatch: pytest.MonkeyPatch) -> None:
    """As it was once: the first owner of a seat who was paid while he owed stopped the chain."""
    monkeypatch.setattr(rewards, "note_debt", lambda *_: None)


@plant
def saving_makes_money(monkeypatch: pytest.MonkeyPatch) -> None:
    def double(state: State, context: Context, owner: AccountId, action: Save) -> None:
        apply_save(state, context, owner, action)
        put_settlement(state, owner, action.amount)

    plant_rule(monkeypatch, Save, double)


@plant
def others_return_savings(monkeypatch: pytest.MonkeyPatch) -> None:
    original = transactions._PLAIN[Withdraw]

    def take(state: State, context: Context, _: AccountId, action: Withdraw) -> None:
        savings = [(who, row) for who, row in state.savings._rows.items() if row is not None]
        owner = min(who for who, _ in savings)
        original(state, context, owner, action)

    plant_rule(monkeypatch, Withdraw, take)


def live_often(lives: int, deeds: int) -> None:
    for seed in range(lives):
        Life().live(seed, deeds)


@pytest.mark.parametrize("name", PLANTS)
def test_with_a_rule_switched_off_a_law_breaks(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    PLANTS[name](monkeypatch)
    with pytest.raises((AssertionError, InvariantBroken)):
        live_often(8, 1_500)
