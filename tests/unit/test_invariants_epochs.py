"""Each promise about epochs, broken on purpose, is noticed by its own number."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from chain.errors import InvariantBroken
from chain.invariants import INVARIANTS, check_invariants
from chain.rules.weights import ONE
from chain.state import State
from chain.tables import CURRENT, Customers, Offender, Offenders, UsedKey
from tests.community import Community, get_account_id, get_key

ANN, BORIS = sorted((get_account_id("ann"), get_account_id("boris")))
NUMBERS = (17, 18, 19)
Fault = Callable[[State], None]


def change_seat(**changes: int) -> Fault:
    def fault(state: State) -> None:
        state.seats.put(ANN, replace(state.seats.require(ANN), **changes))

    return fault


def accuse(*offenders: Offender) -> Fault:
    def fault(state: State) -> None:
        state.offenders.put(CURRENT, Offenders(offenders, pending=False))

    return fault


def build_offender(seat: bytes, base: int, taken: int) -> Offender:
    return Offender(seat, ONE // 4, 0, 0, BORIS, False, base, taken)


def have_customers(activity: int) -> Fault:
    return lambda state: state.customers.put(ANN, Customers((BORIS,), activity))


def give_away_a_key(state: State) -> None:
    state.used_keys.put(get_key("ann/vote").public, UsedKey(bytes(32)))


FAULTS: list[tuple[int, Fault]] = [
    (17, change_seat(duty=ONE, peak=ONE - 1)),
    (17, change_seat(duty=0, peak=ONE + 1)),
    (17, change_seat(held=6 * ONE + 1)),
    (17, have_customers(ONE // 2 + 1)),
    (18, accuse(build_offender(BORIS, 2, 1), build_offender(ANN, 2, 1))),
    (18, accuse(build_offender(ANN, 2, 1), build_offender(ANN, 2, 1))),
    (18, accuse(build_offender(ANN, 2, 3))),
    (19, give_away_a_key),
]
GOOD: list[Fault] = [
    change_seat(duty=ONE - 1, held=6 * ONE),
    have_customers(ONE // 2),
    accuse(build_offender(ANN, 2, 2), build_offender(BORIS, 0, 0)),
]


@pytest.mark.parametrize(("number", "fault"), FAULTS)
def test_a_broken_promise_is_noticed_by_its_number(number: int, fault: Fault) -> None:
    state = Community().ledger.state
    fault(state)
    changes, _ = state.take_changes()
    with pytest.raises(InvariantBroken, match=rf"^L{number} "):
        check_invariants(changes)


@pytest.mark.parametrize("change", GOOD)
def test_what_is_allowed_is_not_noticed(change: Fault) -> None:
    state = Community().ledger.state
    change(state)
    changes, _ = state.take_changes()
    check_invariants(changes)


def test_every_number_has_a_fault() -> None:
    assert {number for number, _ in FAULTS} == set(NUMBERS) <= set(INVARIANTS)
