"""A tester must be tested: faults planted in the money rules, each of which it must find."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from msgspec.structs import replace

from chain.parameters import KeepSchedule
from chain.rules import payments, savings, settlement
from chain.rules.settlement import Touched
from chain.tables import Account, Deposit
from tests.properties.test_touch import Touch

decayed, touched, process_pot = (
    settlement.compute_decayed,
    settlement.get_touched,
    settlement.process_pot,
)
follow = settlement._get_following


def decay_by_the_newest_rate(balance: int, schedule: KeepSchedule, begin: int, end: int) -> int:
    newest = [segment for segment in schedule if segment.from_step < max(end, 1)][-1]
    return decayed(balance, (replace(newest, from_step=0),), begin, end)


def decay_step_by_step(balance: int, schedule: KeepSchedule, begin: int, end: int) -> int:
    for step in range(begin, end):
        balance = decayed(balance, schedule, step, step + 1)
    return balance


def mature_without_melting(
    account: Account, deposits: tuple[Deposit, ...], schedule: KeepSchedule, step: int
) -> Touched:
    right = touched(account, deposits, schedule, step)
    plain = decayed(account.settlement, schedule, account.touched_step, step)
    owned = plain + sum(item.amount for item in right.matured)
    charge = account.settlement - plain
    return right._replace(account=replace(right.account, settlement=owned), charge=charge)


def forget_renewal(deposit: Deposit) -> Deposit | None:
    return follow(replace(deposit, renew_steps=0))


def renew_from_now(deposit: Deposit) -> Deposit | None:
    following = follow(deposit)
    if following is None or not deposit.renew_steps:
        return following
    return replace(following, until_step=following.until_step + 1)


def return_for_nothing(balance: int, *_: object) -> int:
    return balance


def leave_as_it_is(
    _state: object, _context: object, _account_id: bytes, account: Account
) -> Account:
    return account


FAULTS: dict[str, list[tuple[Any, str, Callable[..., object]]]] = {
    "a change of rate is retroactive": [
        (settlement, "compute_decayed", decay_by_the_newest_rate),
        (savings, "compute_decayed", decay_by_the_newest_rate),
    ],
    "what is shown is computed step by step": [
        (settlement, "compute_decayed", decay_step_by_step),
    ],
    "deposits mature without their order": [(settlement, "get_touched", mature_without_melting)],
    "a renewal is forgotten": [(settlement, "_get_following", forget_renewal)],
    "a renewal is a step too long": [(settlement, "_get_following", renew_from_now)],
    "an early return costs nothing": [(savings, "compute_decayed", return_for_nothing)],
    "money is not melted for who receives": [(payments, "bring", leave_as_it_is)],
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for module, attribute, fault in FAULTS[name]:
        monkeypatch.setattr(module, attribute, fault)
    trial = settings(max_examples=200, phases=[Phase.generate], print_blob=False)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(Touch, settings=trial)


def test_without_a_fault_nothing_is_found() -> None:
    run_state_machine_as_test(Touch, settings=settings(max_examples=5))
