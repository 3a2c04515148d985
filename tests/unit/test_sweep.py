"""The sweep looks at everybody in time, and removes only what nobody could miss."""

import pytest
from msgspec.structs import replace

from chain.actions import Bond, ChangePolicy, Pay, RegisterSeat
from chain.errors import Code, Invalid
from chain.genesis import GenesisDeposit
from chain.rules.context import Context
from chain.rules.payments import build_account
from chain.rules.settlement import BONDED, compute_decayed
from chain.rules.sweep import SweepQueue, _is_forsaken, compute_sweep_budget
from chain.tables import CURRENT, Account
from chain.transaction import SealedTransaction
from tests.community import (
    CONSTANTS,
    KEEP,
    PAI,
    Community,
    build_genesis,
    build_seat_keys,
    get_account_id,
    get_policy,
)

FARID = get_account_id("farid")
STRANGER = get_account_id("stranger")
FEE = 4 * 10_000
IDLE_SLOTS = 30 * 20


def build(**changes: object) -> Community:
    return Community(build_genesis(strangers=("stranger",), **changes))  # type: ignore[arg-type]  # passed on as given


def empty_stranger(community: Community) -> SealedTransaction:
    """The stranger spends everything; returns the transaction, which he once signed."""
    spent = community.sign("stranger", Pay(FARID, 500 * PAI - FEE, ""), fee_max=PAI, valid_for=299)
    community.extend([spent])
    assert community.get_balance("stranger") == 0
    return spent


def wait_until(community: Community, slot: int) -> None:
    while community.ledger.head.slot < slot:
        community.extend(after=min(20, slot - community.ledger.head.slot))


def count_accounts(community: Community) -> int:
    return community.ledger.state.money.require(CURRENT).accounts


def get_context(slot: int, parent_slot: int) -> Context:
    return Community().ledger.get_context(slot)._replace(parent_slot=parent_slot)


@pytest.mark.parametrize(
    ("accounts", "gap", "budget"),
    [
        (1, 1, 1),
        (20, 1, 2),
        (20, 7, 14),
        (1_000, 1, 100),
        (1_000, 2, 200),
        (1_000, 9, 216),
        (0, 9, 0),
    ],
)
def test_the_budget_is_twice_an_even_share_and_bounded(
    accounts: int, gap: int, budget: int
) -> None:
    assert compute_sweep_budget(accounts, get_context(100 + gap, 100)) == budget


def test_the_queue_is_ordered_by_period_then_id() -> None:
    steps = 4
    rows = {
        b"b": replace(build_account(0), settlement=1),
        b"a": replace(build_account(7), settlement=1),  # touched in period 1
        b"c": replace(build_account(3), settlement=1),  # touched in period 0
        b"d": replace(build_account(3), due_step=5, person=bytes(32)),  # within period 1
        b"e": replace(build_account(3), due_step=4, person=bytes(32)),  # as period 1 begins
        b"f": replace(build_account(3), person=bytes(32)),  # nothing to do, and somebody's
        b"g": build_account(3),  # empty and nobody's
        b"h": replace(build_account(3), settlement=-1),  # a debtor does not melt
    }
    queue = SweepQueue(steps, 30, rows.items())
    assert list(queue.get_first(10, 0)) == []
    assert list(queue.get_first(10, 1)) == [b"b", b"c", b"e"]
    assert list(queue.get_first(10, 2)) == [b"b", b"c", b"e", b"a", b"d"]
    assert list(queue.get_first(2, 2)) == [b"b", b"c"]
    assert list(queue.get_first(10, 30)) == [b"b", b"c", b"e", b"a", b"d"]
    assert list(queue.get_first(10, 31)) == [b"b", b"c", b"e", b"a", b"d", b"g"]


def test_the_queue_follows_changes_and_their_undoing() -> None:
    queue = SweepQueue(4, 30, ())
    one, other = replace(build_account(0), settlement=5), replace(build_account(9), settlement=5)
    queue.follow(b"a", None, one)
    assert list(queue.get_first(9, 1)) == [b"a"]
    queue.follow(b"a", one, other)
    assert list(queue.get_first(9, 1)) == []
    queue.follow(b"a", other, one)
    queue.follow(b"a", one, None)
    assert list(queue.get_first(9, 99)) == []


def test_everybody_is_brought_up_to_date_each_period() -> None:
    community = build()
    for period in range(1, 4):
        wait_until(community, 20 * (period + 1) - 1)
        for item in community.genesis.accounts:
            account = community.ledger.state.accounts.require(item.id)
            assert account.touched_step >= 4 * period


def test_an_empty_account_of_nobody_goes_after_its_idle_time() -> None:
    community = build()
    before = count_accounts(community)
    empty_stranger(community)
    wait_until(community, IDLE_SLOTS + 19)
    assert community.ledger.state.accounts.get(STRANGER) is not None
    wait_until(community, IDLE_SLOTS + 41)
    assert community.ledger.state.accounts.get(STRANGER) is None
    assert count_accounts(community) == before - 1


def test_what_a_removed_account_once_signed_cannot_be_replayed() -> None:
    # As tight as a genesis may be: transactions live one slot less than idle accounts do.
    constants = replace(CONSTANTS, transaction_life_slots=IDLE_SLOTS - 1)
    community = build(constants=constants)
    community.extend(after=18)
    account = community.ledger.state.accounts.require(STRANGER)
    owned = compute_decayed(account.settlement, KEEP, account.touched_step, 3)
    life = constants.transaction_life_slots
    everything = community.sign(
        "stranger", Pay(FARID, owned - FEE, ""), fee_max=PAI, valid_for=1 + life
    )
    community.extend([everything])
    assert community.ledger.head.slot == 19  # the last slot of a period
    assert community.get_balance("stranger") == 0
    last_slot = everything.body.valid_until_slot
    while community.ledger.state.accounts.get(STRANGER) is not None:
        community.extend()
        assert community.ledger.head.slot < last_slot + 60
    assert community.ledger.head.slot > last_slot
    community.extend([community.sign("emma", Pay(STRANGER, 100 * PAI, "born again"))])
    with pytest.raises(Invalid) as caught:
        community.build_block([everything])
    assert caught.value.code is Code.EXPIRED


def test_an_account_may_be_born_again_in_the_block_that_removes_it() -> None:
    community = build()
    empty_stranger(community)
    before = count_accounts(community)
    wait_until(community, IDLE_SLOTS + 19)
    paid = community.sign("emma", Pay(STRANGER, 5 * PAI, "just in time"))
    while community.ledger.head.slot < IDLE_SLOTS + 60:
        block, execution = community.build_block([paid])
        reborn = next(
            (
                change.after
                for change in execution.changes
                if change.key == STRANGER and isinstance(change.after, Account)
            ),
            None,
        )
        assert reborn is not None
        if reborn.sequence == 0:
            assert execution.state_root == block.header.state_root
            community.ledger.commit(execution, block, durable=False)
            assert count_accounts(community) == before
            assert community.get_balance("stranger") == 5 * PAI
            return
        community.extend()
    pytest.fail("the account was never removed")


def test_an_account_that_has_changed_its_keys_is_never_forgotten() -> None:
    # Removed and paid again, it would belong to its first keys: those that were stolen.
    community = build()
    everything = Pay(FARID, 500 * PAI - 5 * 10_000, "")
    changed = community.sign("stranger", ChangePolicy(get_policy("safe")), everything, fee_max=PAI)
    community.extend([changed])
    assert community.get_balance("stranger") == 0
    wait_until(community, 2 * IDLE_SLOTS + 60)
    account = community.ledger.state.accounts.require(STRANGER)
    assert account.policy == get_policy("safe")


def test_what_must_be_remembered_keeps_an_account() -> None:
    community = build()
    state = community.ledger.state
    empty = replace(build_account(0), policy=get_policy("stranger"))
    assert _is_forsaken(state, STRANGER, empty)
    assert _is_forsaken(state, STRANGER, replace(empty, policy=None))
    for kept in (
        replace(empty, settlement=1),
        replace(empty, settlement=-1),
        replace(empty, due_step=0),
        replace(empty, person=bytes(32)),
        replace(empty, policy=get_policy("safe")),
    ):
        assert not _is_forsaken(state, STRANGER, kept)
    ann = get_account_id("ann")
    for rows, row in (
        (state.savings, state.savings.require(ann)),
        (state.seats, state.seats.require(ann)),
        (state.authorities, state.authorities.require(get_account_id("registry"))),
    ):
        rows.put(STRANGER, row)  # type: ignore[arg-type]  # each row with its own table
        assert not _is_forsaken(state, STRANGER, empty)
        rows.put(STRANGER, None)
    assert _is_forsaken(state, STRANGER, empty)


def test_members_seats_and_authorities_stay() -> None:
    genesis = build_genesis(strangers=("registry",), balance=0)
    community = Community(genesis)
    wait_until(community, IDLE_SLOTS + 60)
    assert count_accounts(community) == len(genesis.accounts)
    for name in ("registry", "emma", "ann"):
        assert community.ledger.state.accounts.get(get_account_id(name)) is not None


def test_an_empty_account_whose_savings_are_all_bonded_stays() -> None:
    community = Community(build_genesis(balance=0, deposits=(GenesisDeposit(200 * PAI, 3),)))
    keys = build_seat_keys("emma", chain=community.chain)
    community.extend([community.sign("emma", RegisterSeat(keys), Bond(0, 200 * PAI))])
    wait_until(community, IDLE_SLOTS + 60)
    (deposit,) = community.ledger.state.savings.require(get_account_id("emma")).deposits
    assert (deposit.seat_bond, deposit.amount) == (BONDED, 200 * PAI)
    assert community.get_balance("emma") == 0
