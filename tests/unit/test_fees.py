"""What a transaction weighs, what of it is free for whom, and that a fee is taken first."""

import pytest
from msgspec.structs import replace

from chain.actions import Action, Bond, ChangePolicy, Pay, RegisterSeat, Save
from chain.errors import Code, Invalid
from chain.rules.identity import get_home_person_key
from chain.rules.units import compute_units, get_defensive_units, get_free_units
from chain.tables import CURRENT
from chain.transaction import SealedTransaction
from tests.community import (
    PAI,
    Community,
    build_genesis,
    build_seat_keys,
    get_account_id,
    get_policy,
)

FARID = get_account_id("farid")
FEE = 10_000


def build(**changes: object) -> Community:
    return Community(replace(build_genesis(strangers=("stranger", "other")), **changes))


def get_units(community: Community, *actions: Action) -> tuple[int, int]:
    """Units, and what they are without the bytes."""
    sealed = community.sign("emma", *actions, sequence=1)
    units = compute_units(community.ledger.state, sealed)
    return units, units - -(-len(sealed.whole_bytes) // 256)


def find_refusal(community: Community, sealed: SealedTransaction) -> Invalid:
    with pytest.raises(Invalid) as caught:
        community.build_block([sealed])
    return caught.value


def test_units_count_signatures_actions_bytes_and_new_rows() -> None:
    community = build()
    newcomer = Pay(get_account_id("newcomer"), PAI, "")
    assert get_units(community, Pay(FARID, 1, "")) == (4 - 1, 2)
    assert get_units(community, Pay(FARID, 1, "x" * 140))[0] == 2 + 2
    assert get_units(community, newcomer)[1] == 2 + 8
    assert get_units(community, newcomer, newcomer)[1] == 3 + 8
    assert get_units(community, Save(PAI, 3))[1] == 2 + 4
    assert get_units(community, Bond(0, PAI))[1] == 2 + 4
    assert get_units(community, RegisterSeat(build_seat_keys("emma")))[1] == 2 + 16
    assert get_units(community, *[Pay(FARID, 1, "")] * 64)[1] == 65


def test_every_begun_256_bytes_count() -> None:
    community = build()
    for length in range(100, 141):
        sealed = community.sign("emma", Pay(FARID, 1, "x" * length), sequence=1)
        size_bytes = len(sealed.whole_bytes)
        expected = 2 + size_bytes // 256 + (size_bytes % 256 > 0)
        assert compute_units(community.ledger.state, sealed) == expected


def test_an_identified_person_pays_nothing_for_a_while() -> None:
    community = build()
    sealed = community.sign("emma", Pay(FARID, PAI, ""))
    units = compute_units(community.ledger.state, sealed)
    community.extend([sealed])
    context = community.ledger.get_context(community.ledger.head.slot + 1)
    tag = community.ledger.state.accounts.require(get_account_id("emma")).person
    assert tag is not None
    assert get_free_units(community.ledger.state, context, tag) == 200 - units
    assert community.ledger.state.money.require(CURRENT).operators == 0


def test_free_units_come_back_with_the_period_and_do_not_add_up() -> None:
    community = build()
    community.extend([community.sign("emma", Pay(FARID, PAI, ""))])
    tag = community.ledger.state.accounts.require(get_account_id("emma")).person
    assert tag is not None
    for period in (0, 1, 5):
        context = community.ledger.get_context(max(period * 20, 2))
        left = get_free_units(community.ledger.state, context, tag)
        assert (left == 200) == (period > 0)


def test_beyond_the_free_units_the_rest_is_paid() -> None:
    community = build()
    many = [Pay(FARID, 1, "")] * 64
    sequence = paid = 0
    while not paid:
        sealed = community.sign("emma", *many, fee_max=PAI, sequence=sequence)
        before = community.ledger.state.money.require(CURRENT).operators
        community.extend([sealed])
        paid = community.ledger.state.money.require(CURRENT).operators - before
        sequence += 1
    tag = community.ledger.state.accounts.require(get_account_id("emma")).person
    assert tag is not None
    person = community.ledger.state.persons.require(get_home_person_key(tag))
    assert person.used_units == 200
    assert paid % FEE == 0
    assert 0 < paid < compute_units(community.ledger.state, sealed) * FEE


def test_an_identity_ends_with_its_last_slot() -> None:
    community = build()
    state = community.ledger.state
    tag = state.accounts.require(get_account_id("emma")).person
    assert tag is not None
    key = get_account_id("emma") + get_account_id("registry")
    state.attestations.put(key, replace(state.attestations.require(key), until_slot=22))
    end = 22 + 28 * 20
    slots = (end - 1, end, end + 1)
    left = [get_free_units(state, community.ledger.get_context(slot), tag) for slot in slots]
    assert left == [200, 0, 0]


def test_an_expired_identity_has_no_free_units() -> None:
    genesis = build_genesis()
    short = tuple(replace(item, until_slot=1) for item in genesis.attestations)
    community = Community(replace(genesis, attestations=short))
    grace = 28 * 20
    community.extend(after=grace - 60)
    community.extend([community.sign("emma", Pay(FARID, PAI, ""))])
    while community.ledger.head.slot <= grace:
        community.extend()
    refused = find_refusal(community, community.sign("emma", Pay(FARID, PAI, "")))
    assert refused.code is Code.FEE_ABOVE_MAXIMUM
    community.extend([community.sign("emma", Pay(FARID, PAI, ""), fee_max=PAI)])


def test_the_exact_fee_is_charged_not_the_maximum() -> None:
    community = build()
    sealed = community.sign("stranger", Pay(FARID, PAI, ""), fee_max=PAI)
    fee = compute_units(community.ledger.state, sealed) * FEE
    community.extend([sealed])
    assert community.get_balance("stranger") == 499 * PAI - fee
    assert community.ledger.state.money.require(CURRENT).operators == fee


def test_a_fee_is_taken_before_the_actions() -> None:
    community = build()
    everything = Pay(FARID, 500 * PAI, "")
    sealed = community.sign("stranger", everything, fee_max=PAI)
    assert find_refusal(community, sealed).code is Code.INSUFFICIENT_BALANCE
    fee = compute_units(community.ledger.state, sealed) * FEE
    rest = Pay(FARID, 500 * PAI - fee, "")
    community.extend([community.sign("stranger", rest, fee_max=fee)])
    assert community.get_balance("stranger") == 0


def test_an_empty_account_without_identity_can_defend_itself() -> None:
    community = build()
    spent = community.sign("stranger", Pay(FARID, 500 * PAI - 4 * FEE, ""), fee_max=PAI)
    assert compute_units(community.ledger.state, spent) == 4
    community.extend([spent])
    assert community.get_balance("stranger") == 0
    community.extend([community.sign("stranger", ChangePolicy(get_policy("safe")))])
    account = community.ledger.state.accounts.require(get_account_id("stranger"))
    assert account.policy == get_policy("safe")
    context = community.ledger.get_context(community.ledger.head.slot + 1)
    assert get_defensive_units(context, account) == 6 - account.defended_units
    assert account.defended_units > 0


def test_defensive_units_are_bounded_and_come_back_with_the_period() -> None:
    community = build()
    change = ChangePolicy(get_policy("safe"))
    community.extend([community.sign("stranger", change)])
    again = community.sign("stranger", change)
    assert find_refusal(community, again).code is Code.FEE_ABOVE_MAXIMUM
    community.extend(after=20)
    community.extend([community.sign("stranger", change)])


def test_a_payment_makes_a_transaction_no_defence() -> None:
    community = build()
    mixed = community.sign("stranger", ChangePolicy(get_policy("safe")), Pay(FARID, PAI, ""))
    assert find_refusal(community, mixed).code is Code.FEE_ABOVE_MAXIMUM


def test_the_largest_policy_can_defend_itself_for_nothing() -> None:
    name = "16:" + "+".join(f"key{number}" for number in range(16))
    community = Community(build_genesis(strangers=(name,)))
    community.extend([community.sign(name, ChangePolicy(get_policy(name.replace("key", "new"))))])
    assert community.ledger.state.money.require(CURRENT).operators == 0
