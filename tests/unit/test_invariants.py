"""Each numbered promise, broken on purpose, is noticed by its own number; honest blocks pass."""

from collections.abc import Callable
from typing import cast

import pytest
from msgspec.structs import replace

from chain.actions import Resolve
from chain.changes import Change, Changes
from chain.codec import Record
from chain.crypto import compute_hash, u64
from chain.errors import InvariantBroken
from chain.genesis import GenesisDeposit
from chain.invariants import INVARIANTS, check_invariants
from chain.rules.aliases import get_name_key, get_owner_key
from chain.rules.debts import NO_DEBTS
from chain.rules.identity import build_person, get_home_person_key
from chain.rules.payments import build_account
from chain.state import State
from chain.tables import (
    ACCOUNTS,
    CURRENT,
    Account,
    ActivePeriod,
    Alias,
    Claim,
    Dealing,
    Grant,
    Guard,
    PendingRecovery,
    Proposal,
    Recovery,
    Savings,
    Table,
)
from chain.units import SUPPLY_MAX
from tests.community import PAI, Community, build_genesis, get_account_id, get_policy
from tests.unit import (
    test_invariants_epochs,
    test_invariants_exchange,
    test_invariants_sets,
    test_market_blocks,
)

EMMA, ANN = get_account_id("emma"), get_account_id("ann")
Fault = Callable[[State], None]


def build() -> Community:
    return Community(
        build_genesis(strangers=("stranger",), deposits=(GenesisDeposit(20 * PAI, 5),))
    )


def change_account(**changes: object) -> Fault:
    def fault(state: State) -> None:
        state.accounts.put(EMMA, replace(state.accounts.require(EMMA), **changes))

    return fault


def change_money(**changes: object) -> Fault:
    def fault(state: State) -> None:
        state.money.put(CURRENT, replace(state.money.require(CURRENT), **changes))

    return fault


def remove_account(name: str) -> Fault:
    def fault(state: State) -> None:
        state.accounts.put(get_account_id(name), None)

    return fault


def change_deposit(name: str, **changes: object) -> Fault:
    def fault(state: State) -> None:
        account_id = get_account_id(name)
        first, *rest = state.savings.require(account_id).deposits
        state.savings.put(account_id, Savings((replace(first, **changes), *rest)))

    return fault


def double_deposit(state: State) -> None:
    (deposit,) = state.savings.require(EMMA).deposits
    halves = replace(deposit, amount=deposit.amount // 2)
    state.savings.put(EMMA, Savings((halves, halves)))
    change_account(sequence=1)(state)


def forget_due_step(state: State) -> None:
    change_deposit("emma", until_step=40)(state)
    change_account(sequence=1)(state)


def empty_deposit(state: State) -> None:
    change_deposit("emma", amount=0)(state)
    change_account(settlement=520 * PAI)(state)


def change_seat(state: State) -> None:
    state.seats.put(ANN, replace(state.seats.require(ANN), bond=1))


def change_tip(**changes: int) -> Fault:
    def fault(state: State) -> None:
        state.tips.put(CURRENT, replace(state.tips.require(CURRENT), **changes))

    return fault


def issue_and_spend(state: State) -> None:
    money = state.money.require(CURRENT)
    state.money.put(CURRENT, replace(money, issued=money.issued + 1, reserve=money.reserve + 1))


def lend_from_a_fund(state: State) -> None:
    money = state.money.require(CURRENT)
    state.money.put(CURRENT, replace(money, reserve=money.reserve - 5, social=money.social + 5))


def overdraw(state: State) -> None:
    change_account(settlement=-1)(state)
    money = state.money.require(CURRENT)
    state.money.put(CURRENT, replace(money, reserve=500 * PAI + 1))


def bear_uncounted(state: State) -> None:
    state.accounts.put(bytes(32), build_account(0))


def deal_backwards(state: State) -> None:
    row = Dealing(1, 1, 0, 0, 0, 0, 0)
    state.dealings.put(b"b" * 32 + b"a" * 32, row)


def deal_uncounted(state: State) -> None:
    row = Dealing(1, 1, 1, 0, 0, 0, 0)
    state.dealings.put(b"a" * 32 + b"b" * 32, row)


def owe_nothing_to_somebody(state: State) -> None:
    state.debts.put(EMMA, replace(NO_DEBTS, claims=(Claim(ANN, 0),)))


def lift_a_limit_without_a_loan(state: State) -> None:
    state.debts.put(EMMA, replace(NO_DEBTS, grants=(Grant(0, PAI, 0, 9, ()),)))


REGISTRY, HAMIT = get_account_id("registry"), get_account_id("hamit")
EMMA_TAG = compute_hash(b"test-tag", b"emma")


def change_person(**changes: object) -> Fault:
    def fault(state: State) -> None:
        key = get_home_person_key(EMMA_TAG)
        state.persons.put(key, replace(state.persons.require(key), **changes))

    return fault


def bear_person(state: State) -> None:
    state.persons.put(get_home_person_key(bytes(32)), build_person(EMMA))


def give_person_to_two(state: State) -> None:
    for name in (EMMA, HAMIT):
        state.accounts.put(name, replace(state.accounts.require(name), person=EMMA_TAG, sequence=1))


def change_attestation(**changes: object) -> Fault:
    def fault(state: State) -> None:
        key = EMMA + REGISTRY
        state.attestations.put(key, replace(state.attestations.require(key), **changes))

    return fault


def change_authority(**changes: object) -> Fault:
    def fault(state: State) -> None:
        state.authorities.put(REGISTRY, replace(state.authorities.require(REGISTRY), **changes))

    return fault


def recover(**changes: object) -> Fault:
    """A recovery that runs, faulty from its birth."""

    def fault(state: State) -> None:
        guard = Guard(bytes(32), 3, 3)
        pending = PendingRecovery(guard, get_policy("fresh"), HAMIT, 0, 60)
        row = Recovery(guard, None, -1, 1, (), pending, -1)
        state.recoveries.put(EMMA, replace(row, **changes))

    return fault


def share_name(*keys: bytes) -> Fault:
    def fault(state: State) -> None:
        for key in keys:
            state.aliases.put(key, Alias("emma", EMMA, 0, -1))

    return fault


BALLOT = Proposal(Resolve("words"), EMMA_TAG, 1, 2, b"\x0f", b"\x00", b"\x00")


def file_ballot(**changes: object) -> Fault:
    """A proposal that is faulty from its beginning."""

    def fault(state: State) -> None:
        state.proposals.put(u64(0), replace(BALLOT, **changes))

    return fault


def change_ballot(**changes: object) -> Fault:
    """A good proposal that is kept, and another one in its place."""

    def fault(state: State) -> None:
        file_ballot()(state)
        state.keep(state.take_changes()[0])
        file_ballot(**changes)(state)

    return fault


def promise_share(state: State) -> None:
    state.active.put(u64(0), ActivePeriod(b"\x03", 5))
    money = state.money.require(CURRENT)
    state.money.put(CURRENT, replace(money, claims=5, issued=money.issued + 5))


FAULTS: list[tuple[int, Fault]] = [
    (35, change_money(claims=7)),
    (35, promise_share),
    (36, file_ballot(yes=b"\x10")),
    (36, file_ballot(no=b"\x10")),
    (36, file_ballot(yes=b"\x01", no=b"\x01")),
    (36, file_ballot(no=b"\x00\x00")),
    (36, change_ballot(electors=b"\x1f")),
    (36, change_ballot(ends_period=3)),
    (30, change_person(account=HAMIT)),
    (30, bear_person),
    (30, give_person_to_two),
    (31, change_attestation(until_slot=5)),
    (31, change_attestation(tag=bytes(32))),
    (32, change_authority(attested=3)),
    (32, change_attestation(revoked_slot=1)),
    (33, recover()),
    (34, share_name(get_name_key("emma"))),
    (34, share_name(get_owner_key(EMMA))),
    (34, share_name(get_name_key("other"), get_owner_key(EMMA))),
    (1, change_account(settlement=500 * PAI + 1)),
    (1, change_account(settlement=500 * PAI - 1)),
    (1, change_money(social=1)),
    (1, change_money(burned=1)),
    (1, change_deposit("emma", amount=20 * PAI - 1)),
    (2, issue_and_spend),
    (2, change_money(issued=SUPPLY_MAX + 1, reserve=SUPPLY_MAX + 1)),
    (3, lend_from_a_fund),
    (4, change_account(settlement=-SUPPLY_MAX - 1)),
    (21, overdraw),
    (22, deal_backwards),
    (22, deal_uncounted),
    (23, owe_nothing_to_somebody),
    (23, lift_a_limit_without_a_loan),
    (5, change_account(touched_step=0)),
    (5, change_account(deposits_made=0)),
    (5, remove_account("emma")),
    (6, double_deposit),
    (6, empty_deposit),
    (6, forget_due_step),
    (7, change_seat),
    (7, change_deposit("emma", seat_bond=1)),
    (8, change_tip(slot=3, height=1)),
    (8, change_tip(slot=9, height=3)),
    (8, change_tip(slot=9, height=1)),
    (8, change_tip(slot=9, height=2)),
    (8, change_tip(slot=9, height=2, score=99)),
    (9, remove_account("emma")),
    (9, bear_uncounted),
    (9, change_money(accounts=7)),
]


def find_broken(changes: list[Change]) -> set[int]:
    return {number for number, check in INVARIANTS.items() if check(Changes(changes))}


@pytest.mark.parametrize(("number", "fault"), FAULTS, ids=range(len(FAULTS)))
def test_a_broken_promise_is_named(number: int, fault: Fault) -> None:
    community = build()
    if number in (5, 8):
        community.extend(after=3)
        community.extend(after=20)
    state = community.ledger.state
    fault(state)
    changes, _ = state.take_changes()
    assert number in find_broken(changes)
    with pytest.raises(InvariantBroken, match=r"^L\d+ "):
        check_invariants(changes)


def test_an_account_that_may_end_may_begin_anew() -> None:
    community = build()
    state = community.ledger.state
    stranger = get_account_id("stranger")
    account = state.accounts.require(stranger)
    empty = replace(account, settlement=0, sequence=9, due_step=-1)
    reborn = replace(account, settlement=0, sequence=1, due_step=-1)
    table = cast("Table[Record]", ACCOUNTS)

    def is_fine(before: Account, after: Account | None) -> bool:
        return INVARIANTS[5](Changes([Change(table, stranger, before, after)])) is None

    assert is_fine(empty, reborn)
    assert is_fine(empty, None)
    for somebody in (
        replace(empty, settlement=1),
        replace(empty, due_step=7),
        replace(empty, person=bytes(32)),
        replace(empty, policy=community.genesis.authorities[0].policy),
    ):
        assert not is_fine(somebody, reborn)
        assert not is_fine(somebody, None)


def test_honest_blocks_break_nothing() -> None:
    community = build()
    for _ in range(30):
        _, execution = community.build_block(after=3)
        assert find_broken(execution.changes) == set()
        community.extend(after=3)


def test_every_promise_has_a_fault_here() -> None:
    elsewhere = {
        *test_invariants_sets.NUMBERS,
        *test_invariants_epochs.NUMBERS,
        *test_invariants_exchange.NUMBERS,
        *test_market_blocks.NUMBERS,
    }
    assert {number for number, _ in FAULTS} == set(INVARIANTS) - elsewhere
