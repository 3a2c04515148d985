"""Seats belong to identified persons, keys are used once, and bonds answer for their seat."""

import pytest
from msgspec.structs import replace

from chain.actions import Bond, Prolong, RegisterSeat, Unbond
from chain.crypto import Signed, is_signed
from chain.errors import Code, Invalid
from chain.genesis import GenesisDeposit
from chain.rules.seats import BEFORE_GENESIS, ROLES, apply_bond, get_possession_message
from chain.rules.settlement import BONDED, FREE, UNBONDING
from chain.tables import CURRENT, Deposit, Seat
from tests.community import (
    PAI,
    Community,
    build_genesis,
    build_seat_keys,
    get_account_id,
    get_key,
)

EMMA = get_account_id("emma")
SAVINGS = (GenesisDeposit(300 * PAI, 10),)
STEPS_PER_PERIOD = 4


def build() -> Community:
    return Community(build_genesis(deposits=SAVINGS))


def register(community: Community, name: str = "emma") -> None:
    keys = build_seat_keys(name, chain=community.chain)
    community.extend([community.sign(name, RegisterSeat(keys))])


def get_seat(community: Community, name: str = "emma") -> Seat:
    return community.ledger.state.seats.require(get_account_id(name))


def get_deposits(community: Community, name: str = "emma") -> tuple[Deposit, ...]:
    return community.ledger.state.savings.require(get_account_id(name)).deposits


def test_a_registered_seat_weighs_nothing_before_a_hand_off() -> None:
    community = build()
    register(community)
    seat = get_seat(community)
    assert (seat.bond, seat.duty, seat.peak, seat.held) == (0, 0, 0, 0)
    assert seat.registered_epoch == community.ledger.head.slot // 20
    assert seat.vote_key == get_key("emma/vote").public
    entries = community.ledger.state.sets.require(CURRENT).entries
    assert EMMA not in {entry.seat for entry in entries}


def test_all_three_keys_are_marked_as_used() -> None:
    community = build()
    register(community)
    for role in ROLES:
        used = community.ledger.state.used_keys.require(get_key(f"emma/{role}").public)
        assert used.seat == EMMA


def test_proofs_of_possession_name_community_seat_and_role() -> None:
    keys = build_seat_keys("emma")
    for role, public, proof in zip(
        ROLES, (keys.vote, keys.vrf, keys.standby), keys.proofs, strict=True
    ):
        message = get_possession_message(BEFORE_GENESIS, EMMA, role)
        assert message.startswith(b"pai/possession/1\x94\xa3pop")
        assert is_signed(Signed(public, message, proof))


def test_a_bonded_deposit_counts_for_the_seat_and_keeps_its_term() -> None:
    community = build()
    register(community)
    before = get_deposits(community)[0]
    community.extend([community.sign("emma", Bond(0, 300 * PAI))])
    assert get_deposits(community) == (replace(before, seat_bond=BONDED),)
    assert get_seat(community).bond == 300 * PAI
    assert community.ledger.state.money.require(CURRENT).seats_bonded == 5


def test_a_part_becomes_a_deposit_of_its_own() -> None:
    community = build()
    register(community)
    before = get_deposits(community)[0]
    community.extend([community.sign("emma", Bond(0, 100 * PAI))])
    assert get_deposits(community) == (
        replace(before, amount=200 * PAI),
        replace(before, id=1, amount=100 * PAI, seat_bond=BONDED),
    )
    assert community.ledger.state.accounts.require(EMMA).deposits_made == 2


def test_a_seat_below_the_minimum_is_not_counted_as_bonded() -> None:
    community = build()
    register(community)
    community.extend([community.sign("emma", Bond(0, 100 * PAI - 1))])
    assert community.ledger.state.money.require(CURRENT).seats_bonded == 4
    community.extend([community.sign("emma", Bond(0, 1))])
    assert community.ledger.state.money.require(CURRENT).seats_bonded == 5


def test_a_bond_comes_back_when_the_time_for_evidence_is_over() -> None:
    community = build()
    register(community)
    community.extend([community.sign("emma", Bond(0, 300 * PAI))])
    community.extend([community.sign("emma", Unbond(0))])
    asked = community.ledger.head.slot // 5
    (deposit,) = get_deposits(community)
    assert deposit.seat_bond == UNBONDING
    assert deposit.release_step == asked + 30 * STEPS_PER_PERIOD
    assert get_seat(community).bond == 0
    assert community.ledger.state.money.require(CURRENT).seats_bonded == 4
    # Its term of ten periods is long over when it is released: it joins the balance.
    community.extend(after=5 * deposit.release_step - community.ledger.head.slot + 41)
    community.extend(after=20)
    assert community.ledger.state.savings.get(EMMA) is None


def test_a_bond_can_be_prolonged_and_goes_on_after_its_release() -> None:
    community = build()
    register(community)
    community.extend([community.sign("emma", Bond(0, 300 * PAI), Prolong(0, 7))])
    community.extend([community.sign("emma", Unbond(0))])
    (deposit,) = get_deposits(community)
    community.extend(after=5 * deposit.release_step - community.ledger.head.slot + 41)
    community.extend(after=20)
    (deposit,) = get_deposits(community)
    assert (deposit.seat_bond, deposit.renew_steps) == (FREE, 0)
    assert deposit.until_step - deposit.since_step == 7 * STEPS_PER_PERIOD


def test_bonds_of_genesis_are_deposits_of_their_own() -> None:
    community = build()
    deposits = get_deposits(community, "ann")
    assert [item.seat_bond for item in deposits] == [FREE, BONDED]
    assert get_seat(community, "ann").bond == deposits[1].amount == 100 * PAI


def test_fewer_seats_by_vote_leave_those_that_are_bonded() -> None:
    community = build()
    register(community)
    state = community.ledger.state
    rules = state.rules.require(CURRENT)
    context = community.ledger.get_context(community.ledger.head.slot + 1)
    fewer = context._replace(parameters=replace(rules.parameters, seats_max=3))
    ann = get_account_id("ann")
    apply_bond(state, fewer, ann, Bond(0, 50 * PAI))
    assert state.seats.require(ann).bond == 150 * PAI
    apply_bond(state, fewer, EMMA, Bond(0, 100 * PAI - 1))
    with pytest.raises(Invalid) as caught:
        apply_bond(state, fewer, EMMA, Bond(0, 1))
    assert caught.value.code is Code.TOO_MANY_SEATS


def test_a_serving_seat_can_add_to_its_bond() -> None:
    community = build()
    community.extend([community.sign("ann", Bond(0, 50 * PAI))])
    assert get_seat(community, "ann").bond == 150 * PAI
