"""Each promise about obligations and set-off, broken on purpose, is noticed by its own number."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from chain.actions import LendLiquidity
from chain.changes import Changes
from chain.crypto import u64
from chain.errors import InvariantBroken
from chain.invariants import INVARIANTS, check_invariants
from chain.rules.shelves import get_book, get_page
from chain.state import State
from chain.tables import CURRENT, Book, Obligation, Page, Shelf
from tests.community import PAI, get_account_id
from tests.exchange_world import WINDOW, ExchangeWorld

Fault = Callable[[State], None]
EMMA, FARID = get_account_id("emma"), get_account_id("farid")
NUMBERS = (40, 41, 42, 44)


def build_world() -> ExchangeWorld:
    world = ExchangeWorld()
    world.owe("emma", "farid")
    world.offer("emma", "farid")
    world.do("emma", LendLiquidity(5 * PAI))
    world.open_window()
    return world


def change_first(**changes: object) -> Fault:
    def fault(state: State) -> None:
        first, second = get_page(state, 0)
        state.pages.put(u64(0), Page((replace(first, **changes), second)))

    return fault


def change_offer(**changes: object) -> Fault:
    def fault(state: State) -> None:
        first, second = get_page(state, 0)
        state.pages.put(u64(0), Page((first, replace(second, **changes))))

    return fault


def put_page(page: int, build: Callable[[tuple[Obligation, ...]], tuple[Obligation, ...]]) -> Fault:
    return lambda state: state.pages.put(u64(page), Page(build(get_page(state, 0))))


def change_party(**changes: int) -> Fault:
    def fault(state: State) -> None:
        state.parties.put(EMMA, replace(state.parties.require(EMMA), **changes))

    return fault


def change_book(**changes: int) -> Fault:
    def fault(state: State) -> None:
        state.books.put(CURRENT, replace(get_book(state), **changes))

    return fault


def change_window(**changes: object) -> Fault:
    def fault(state: State) -> None:
        state.windows.put(CURRENT, replace(state.windows.require(CURRENT), **changes))

    return fault


def change_lender(**changes: object) -> Fault:
    def fault(state: State) -> None:
        window = state.windows.require(CURRENT)
        (lender,) = window.lenders
        changed = replace(window, lenders=(replace(lender, **changes),))
        state.windows.put(CURRENT, changed)

    return fault


def lend_twice(state: State) -> None:
    window = state.windows.require(CURRENT)
    state.windows.put(CURRENT, replace(window, lenders=window.lenders * 2))


FAULTS: list[tuple[int, Fault]] = [
    (1, change_lender(escrow=6 * PAI)),
    (40, change_first(remaining=0)),
    (40, change_first(remaining=11 * PAI)),
    (40, change_first(amount=2**41, remaining=2**41)),
    (40, change_first(creditor=EMMA)),
    (40, change_first(state=2)),
    (40, change_first(ready_slot=-1)),
    (40, change_first(debtor_clears=False)),
    (40, change_offer(debtor_clears=True)),
    (40, put_page(0, lambda entries: entries[::-1])),
    (40, put_page(0, lambda _entries: ())),
    (40, put_page(1, lambda entries: entries)),
    (41, change_first(creditor=get_account_id("hamit"))),
    (41, change_offer(state=1)),
    (41, change_party(owing=2)),
    (41, change_book(ready=2)),
    (42, put_page(1, lambda entries: entries)),
    (42, lambda state: state.shelves.put(u64(0), Shelf((0, 1)))),
    (42, change_book(made=1)),
    (42, lambda state: state.books.put(CURRENT, Book(made=2, ready=1, heard_below=3))),
    (44, change_window(open=False)),
    (44, change_lender(counted=6 * PAI)),
    (44, change_lender(amount=4 * PAI)),
    (44, lend_twice),
]


@pytest.mark.parametrize(("number", "fault"), FAULTS, ids=range(len(FAULTS)))
def test_a_broken_promise_is_named(number: int, fault: Fault) -> None:
    state = build_world().ledger.state
    fault(state)
    changes, _ = state.take_changes()
    assert number in {number for number, check in INVARIANTS.items() if check(Changes(changes))}
    with pytest.raises(InvariantBroken, match=r"^L\d+ "):
        check_invariants(changes)


def test_honest_blocks_break_nothing() -> None:
    world = build_world()
    while world.window.open:
        _, execution = world.build_block()
        check_invariants(execution.changes)
        world.wait(1)
    assert world.ledger.head.slot > world.window.slot + WINDOW


def test_every_promise_has_a_fault_here() -> None:
    assert {number for number, _ in FAULTS} == {*NUMBERS, 1}
