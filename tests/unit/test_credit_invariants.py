"""L20: who falls below zero is good for it, by the rows that changed and those that did not."""

import pytest
from msgspec.structs import replace

from chain.actions import Guarantee, Pay
from chain.changes import Changes
from chain.credit_invariants import check_floors
from chain.errors import InvariantBroken
from chain.rules.settlement import touch
from chain.state import State
from tests.community import PAI, Community, get_account_id
from tests.credit_world import TENTH, World, build_rich, build_world, get_id


def overdraw(world: World, name: str, amount: int) -> None:
    """Take money off an account as a faulty rule might, and look at the floors."""
    context = world.open()
    account = touch(world.state, context, get_id(name), world.get(name))
    below = replace(account, settlement=account.settlement - amount)
    world.state.accounts.put(get_id(name), below)
    world.state.debt = world.state.pot = 0
    changes, _ = world.state.take_changes()
    check_floors(Changes(changes), world.state, context)


def test_falling_without_a_limit_that_was_remembered_is_a_bug() -> None:
    world = build_world()
    with pytest.raises(InvariantBroken, match="L20"):
        overdraw(world, "emma", 5_000 * PAI + 1)


def test_strangers_never_fall() -> None:
    world = build_world()
    with pytest.raises(InvariantBroken, match="L20"):
        overdraw(world, "stranger", 5_000 * PAI + 1)


def test_falling_within_what_was_remembered_is_fine_and_below_it_is_not() -> None:
    world = build_world()
    world.spend("emma")
    world.pay("stranger", "emma", 10 * PAI)
    overdraw(world, "emma", 10 * PAI)
    with pytest.raises(InvariantBroken, match="L20"):
        overdraw(world, "emma", 10 * PAI + 1)


def test_a_grant_carries_until_its_term() -> None:
    world = build_rich()
    world.lend("farm", 100 * PAI)
    overdraw(world, "farm", 5_000 * PAI + 100 * PAI)
    world.slot += 10 * 20
    with pytest.raises(InvariantBroken, match="L20"):
        overdraw(world, "farm", 5_000 * PAI + 1)


def test_what_is_pledged_does_not_carry() -> None:
    world = build_rich()
    world.spend("galina")
    world.pay("stranger", "galina", TENTH)
    loan_id = world.ask("emma", 100 * PAI, guarantor="galina", pledge=TENTH)
    world.do("galina", Guarantee(loan_id, None))
    with pytest.raises(InvariantBroken, match="L20"):
        overdraw(world, "galina", 1)


def test_a_ledger_checks_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def forget(_state: State, *_arguments: object) -> None:
        """A limit that is used is not remembered."""

    monkeypatch.setattr("chain.rules.payments.hold_limit", forget)
    community = Community()
    with pytest.raises(InvariantBroken, match="L20"):
        community.build_block([community.sign("emma", Pay(get_account_id("farid"), 501 * PAI, ""))])
