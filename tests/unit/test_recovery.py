"""Guardians: keys that are lost come back, and nobody gets an account that he should not.

Guardians who collude, and a thief who cancels for ever or changes the guardians first, stand here
as tests in which they fail.
"""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from chain.actions import (
    Action,
    CancelRecovery,
    ChangePolicy,
    CompleteRecovery,
    Pay,
    SetGuardians,
    StartRecovery,
)
from chain.errors import Code, Invalid
from chain.rules.recovery import get_recovered_slot
from tests.community import PAI, Community, get_account_id, get_policy
from tests.identity_world import (
    GUARDIANS,
    PERIOD,
    act,
    build_world,
    knows,
    refuse,
    set_guardians,
    start_recovery,
    wait,
)

EMMA, FARID = get_account_id("emma"), get_account_id("farid")
COMPLETE = CompleteRecovery(EMMA)


def build_guarded() -> Community:
    community = build_world()
    act(community, "emma", set_guardians())
    return community


def build_running() -> Community:
    community = build_guarded()
    act(community, "farid", start_recovery(community, "emma"))
    return community


def build_stubborn() -> Community:
    """The owner allowed one cancel, and it is used up."""
    community = build_world()
    act(community, "emma", set_guardians(cancels=1))
    for _ in range(2):
        act(community, "farid", start_recovery(community, "emma"))
        if not community.ledger.state.recoveries.require(EMMA).cancelled_periods:
            act(community, "emma", CancelRecovery())
    return community


Make = Callable[[Community], tuple[str, Action]]
Case = tuple[Code, Callable[[], Community], Make, Make]


def with_signatures(
    c: Community, change: Callable[[StartRecovery], tuple[object, ...]]
) -> StartRecovery:
    good = start_recovery(c, "emma")
    return replace(good, signatures=change(good))


CASES: dict[str, Case] = {
    "nobody to ask": (
        Code.NO_GUARDIANS, build_guarded,
        lambda c: ("farid", start_recovery(c, "galina", started=0)),
        lambda c: ("farid", start_recovery(c, "emma")),
    ),
    "another salt": (
        Code.WRONG_GUARDIANS, build_guarded,
        lambda c: ("farid", start_recovery(c, "emma", salt=bytes(32))),
        lambda c: ("farid", start_recovery(c, "emma")),
    ),
    "other guardians": (
        Code.WRONG_GUARDIANS, build_guarded,
        lambda c: ("farid", start_recovery(c, "emma", guardians="2:tante+uncle+thief")),
        lambda c: ("farid", start_recovery(c, "emma")),
    ),
    "a guardian too few": (
        Code.BAD_GUARDIAN_SIGNATURES, build_guarded,
        lambda c: ("farid", with_signatures(c, lambda good: good.signatures[:1])),
        lambda c: ("farid", start_recovery(c, "emma")),
    ),
    "one guardian twice": (
        Code.BAD_GUARDIAN_SIGNATURES, build_guarded,
        lambda c: ("farid", with_signatures(c, lambda good: good.signatures[:1] * 2)),
        lambda c: ("farid", start_recovery(c, "emma")),
    ),
    "a guardian who is none": (
        Code.BAD_GUARDIAN_SIGNATURES, build_guarded,
        lambda c: ("farid", with_signatures(
            c, lambda good: (good.signatures[0], replace(good.signatures[1], key_index=3))
        )),
        lambda c: ("farid", start_recovery(c, "emma")),
    ),
    "consent to something else": (
        Code.BAD_GUARDIAN_SIGNATURES, build_guarded,
        lambda c: ("farid", replace(start_recovery(c, "emma"), policy=get_policy("thief"))),
        lambda c: ("farid", start_recovery(c, "emma")),
    ),
    "consent to an earlier recovery": (
        Code.BAD_GUARDIAN_SIGNATURES,
        lambda: cancel(build_running()),
        lambda c: ("farid", start_recovery(c, "emma", started=0)),
        lambda c: ("farid", start_recovery(c, "emma")),
    ),
    "too hasty a delay": (
        Code.RECOVERY_DELAY_OUT_OF_BOUNDS, build_world,
        lambda _: ("emma", set_guardians(delay=2)), lambda _: ("emma", set_guardians(delay=3)),
    ),
    "too long a delay": (
        Code.RECOVERY_DELAY_OUT_OF_BOUNDS, build_world,
        lambda _: ("emma", set_guardians(delay=91)), lambda _: ("emma", set_guardians(delay=90)),
    ),
    "twice at once": (
        Code.RECOVERY_RUNS, build_running,
        lambda c: ("farid", start_recovery(c, "emma")), lambda _: ("emma", CancelRecovery()),
    ),
    "stopping nothing": (
        Code.NO_RECOVERY, build_running,
        lambda _: ("farid", CancelRecovery()), lambda _: ("emma", CancelRecovery()),
    ),
    "completing nothing": (
        Code.NO_RECOVERY, lambda: pass_periods(build_running(), 3),
        lambda _: ("farid", CompleteRecovery(FARID)), lambda _: ("farid", COMPLETE),
    ),
    "too early": (
        Code.RECOVERY_TOO_EARLY, lambda: pass_periods(build_running(), 2),
        lambda _: ("farid", COMPLETE), lambda _: ("emma", CancelRecovery()),
    ),
    "stopping once too often": (
        Code.TOO_MANY_CANCELS, build_stubborn,
        lambda _: ("emma", CancelRecovery()), lambda _: ("emma", Pay(FARID, 1, "")),
    ),
}  # fmt: skip
REFUSED = {case[0] for case in CASES.values()}


def cancel(community: Community) -> Community:
    act(community, "emma", CancelRecovery())
    return community


def pass_periods(community: Community, periods: int) -> Community:
    wait(community, periods)
    return community


@pytest.mark.parametrize("name", CASES)
def test_what_is_refused_and_what_is_not(name: str) -> None:
    code, make, bad, good = CASES[name]
    community = make()
    assert refuse(community, *bad(community)) is code
    act(community, *good(community))


def test_lost_keys_come_back_with_everything_else() -> None:
    community = build_running()
    lent = community.get_balance("farid")
    begun = community.ledger.head.slot
    wait(community, 3)
    act(community, "galina", COMPLETE)  # anybody may ask for what is due
    assert community.ledger.head.slot >= begun + 3 * PERIOD
    assert knows(community, "emma")
    row = community.ledger.state.accounts.require(EMMA)
    assert row.policy == get_policy("fresh")
    assert get_recovered_slot(community.ledger.state, EMMA) == community.ledger.head.slot
    assert get_recovered_slot(community.ledger.state, FARID) == -1
    assert community.get_balance("farid") >= lent + PAI - lent // 10  # the bond is back
    act(community, "emma", Pay(FARID, PAI, "by the new key"))
    # The same guardians stand, and the next recovery needs their consent anew.
    act(community, "farid", start_recovery(community, "emma", keys="fresher"))


def test_the_old_keys_work_until_the_end_and_no_longer() -> None:
    community = build_running()
    act(community, "emma", Pay(FARID, PAI, "still mine"))
    old = community.sign("emma", Pay(FARID, PAI, "too late"), sequence=2)
    wait(community, 3)
    act(community, "farid", COMPLETE)
    with pytest.raises(Invalid) as caught:
        community.extend([old])
    assert caught.value.code is Code.BAD_SIGNATURE


def test_an_owner_who_has_his_keys_stops_it_and_the_lender_loses_the_bond() -> None:
    community = build_running()
    operators = community.ledger.state.money.require(b"current").operators
    act(community, "emma", CancelRecovery())
    assert community.ledger.state.money.require(b"current").operators >= operators + PAI
    assert community.ledger.state.recoveries.require(EMMA).pending is None
    wait(community, 4)
    assert refuse(community, "farid", COMPLETE) is Code.NO_RECOVERY


# Attacks


def test_guardians_cannot_act_behind_an_owners_back() -> None:
    """Each try of theirs costs a bond and can be stopped; the owner allowed himself 255 stops."""
    community = build_world()
    act(community, "emma", set_guardians(cancels=255))
    for _ in range(5):
        act(community, "farid", start_recovery(community, "emma"))
        assert refuse(community, "farid", COMPLETE) is Code.RECOVERY_TOO_EARLY
        act(community, "emma", CancelRecovery())
    assert community.ledger.state.accounts.require(EMMA).policy == get_policy("emma")


def test_a_thief_cannot_cancel_for_ever() -> None:
    """He holds the keys, and stops the guardians three times; the fourth try is theirs."""
    community = build_guarded()
    for _ in range(3):
        act(community, "farid", start_recovery(community, "emma"))
        act(community, "emma", CancelRecovery())
    act(community, "farid", start_recovery(community, "emma"))
    assert refuse(community, "emma", CancelRecovery()) is Code.TOO_MANY_CANCELS
    wait(community, 3)
    act(community, "farid", COMPLETE)
    assert community.ledger.state.accounts.require(EMMA).policy == get_policy("fresh")


def test_a_thief_cannot_change_the_guardians_first() -> None:
    """His change waits for the old delay; the recovery that began before undoes it."""
    community = build_guarded()
    act(community, "emma", set_guardians(delay=90, cancels=255, guardians="1:thief"))
    wait(community, 2)
    assert refuse(community, "thief-friend", Pay(FARID, 1, "")) is Code.UNKNOWN_ACCOUNT
    act(community, "farid", start_recovery(community, "emma"))
    wait(community, 3)  # by now the change is in force
    row = community.ledger.state.recoveries.require(EMMA)
    assert row.following_slot <= community.ledger.head.slot
    act(community, "farid", COMPLETE)
    row = community.ledger.state.recoveries.require(EMMA)
    assert row.following is None
    act(community, "farid", start_recovery(community, "emma", guardians=GUARDIANS))


def test_a_thief_cannot_dismiss_the_guardians_at_once() -> None:
    community = build_guarded()
    act(community, "emma", SetGuardians(None, 0, 0))
    act(community, "farid", start_recovery(community, "emma"))
    assert community.ledger.state.recoveries.require(EMMA).pending is not None


def test_new_keys_by_a_thief_do_not_stop_a_recovery() -> None:
    community = build_running()
    act(community, "emma", ChangePolicy(get_policy("thief")))
    wait(community, 3)
    act(community, "farid", COMPLETE)
    assert community.ledger.state.accounts.require(EMMA).policy == get_policy("fresh")


def test_an_owner_dismisses_his_guardians_after_their_delay() -> None:
    community = build_guarded()
    act(community, "emma", SetGuardians(None, 0, 0))
    wait(community, 3)
    assert refuse(community, "farid", start_recovery(community, "emma")) is Code.NO_GUARDIANS


def test_cancels_are_given_back_after_ninety_periods() -> None:
    community = build_stubborn()
    community.extend(after=91 * PERIOD)
    act(community, "emma", CancelRecovery())


def test_a_bond_returns_even_to_an_account_that_is_gone() -> None:
    community = build_world(strangers=("lender",), unit_fee=0)
    act(community, "emma", set_guardians(delay=90))
    act(community, "lender", start_recovery(community, "emma"))
    rest = community.get_balance("lender")
    act(community, "lender", Pay(FARID, rest, "all of it"))
    wait(community, 60)
    state = community.ledger.state
    assert state.accounts.get(get_account_id("lender")) is None
    wait(community, 30)
    act(community, "galina", COMPLETE)
    assert state.accounts.require(get_account_id("lender")).settlement == PAI


def test_who_has_no_money_can_defend_himself() -> None:
    """Naming guardians, stopping and completing fit the free units that every account has."""
    community = build_world(strangers=("poor",))
    sealed = community.sign("poor", set_guardians(), fee_max=0)
    community.extend([sealed])
    act(community, "farid", start_recovery(community, "poor"), after=PERIOD)
    community.extend([community.sign("poor", CancelRecovery(), fee_max=0)], after=PERIOD)
    act(community, "farid", start_recovery(community, "poor"), after=PERIOD)
    wait(community, 3)
    complete = CompleteRecovery(get_account_id("poor"))
    community.extend([community.sign("stranger", complete, fee_max=0)])
