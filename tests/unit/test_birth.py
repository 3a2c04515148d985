"""What a community is born with, and every genesis on which none can be founded."""

import pytest
from msgspec.structs import replace

from chain.codec import encode
from chain.crypto import compute_hash
from chain.errors import BadGenesis, Code, Invalid
from chain.genesis import (
    GENESIS_CODEC,
    GENESIS_VERSION,
    Genesis,
    GenesisAccount,
    GenesisAuthority,
    GenesisDeposit,
    GenesisFunds,
    compute_chain_id,
)
from chain.ledger import Ledger
from chain.rules.attestations import ATTESTED_UNTIL_MAX
from chain.rules.birth import (
    GENESIS_TIME_MAX,
    compute_issued,
    find_genesis_faults,
)
from chain.rules.identity import get_identified_until, get_person_key
from chain.rules.settlement import BONDED, FREE
from chain.store import MemoryStore
from chain.tables import CURRENT, Anchor, Tip
from chain.units import SUPPLY_MAX
from tests.community import (
    PAI,
    Community,
    build_genesis,
    build_seat_keys,
    get_account_id,
    get_policy,
    with_parameters,
)
from tests.vectors.packing import pack

GOOD = build_genesis(strangers=("stranger",), deposits=(GenesisDeposit(20 * PAI, 5),))
EMMA, ANN = get_account_id("emma"), get_account_id("ann")


def find(genesis: Genesis) -> str:
    return "; ".join(find_genesis_faults(genesis))


def with_account(name: str, **changes: object) -> Genesis:
    return replace(
        GOOD,
        accounts=tuple(
            replace(item, **changes) if item.id == get_account_id(name) else item
            for item in GOOD.accounts
        ),
    )


def with_seat(index: int = 0, **changes: object) -> Genesis:
    seats = list(GOOD.seats)
    seats[index] = replace(seats[index], **changes)
    return replace(GOOD, seats=tuple(seats))


def with_attestation(index: int = 0, **changes: object) -> Genesis:
    attestations = list(GOOD.attestations)
    attestations[index] = replace(attestations[index], **changes)
    return replace(GOOD, attestations=tuple(attestations))


def build_authority(name: str, group: int) -> GenesisAuthority:
    return GenesisAuthority(get_account_id(name), name, "RU", get_policy(name), group)


def with_authorities(*others: GenesisAuthority) -> Genesis:
    authorities = sorted((*GOOD.authorities, *others), key=lambda item: item.id)
    return replace(GOOD, authorities=tuple(authorities))


def attested_twice(genesis: Genesis, authority: str) -> Genesis:
    """Everybody is attested by another authority too, with the same tag."""
    again = [replace(item, authority=get_account_id(authority)) for item in genesis.attestations]
    both = sorted((*genesis.attestations, *again), key=lambda item: (item.authority, item.subject))
    return replace(genesis, attestations=tuple(both))


def test_the_genesis_of_tests_is_sound() -> None:
    assert find(GOOD) == ""


SEAT_KEYS = GOOD.seats[0].keys
FAULTS = [
    (replace(GOOD, version=GENESIS_VERSION + 1), "install the version of Pai"),
    (replace(GOOD, prefix="Pai"), "prefix of addresses"),
    (replace(GOOD, genesis_time=GENESIS_TIME_MAX + 1), "year 10000"),
    (replace(GOOD, funds=GenesisFunds(SUPPLY_MAX, 0, 0)), "more than a community can issue"),
    (replace(GOOD, funds=GenesisFunds(0, 0, -1)), "begin below zero"),
    (with_account("emma", balance=-1), "begin below zero"),
    (replace(GOOD, accounts=GOOD.accounts[::-1]), "accounts must be sorted"),
    (replace(GOOD, accounts=(*GOOD.accounts, GOOD.accounts[-1])), "accounts must be sorted"),
    (with_account("emma", deposits=(GenesisDeposit(PAI, 5),) * 33), "more than 32 deposits"),
    (with_account("ann", deposits=(GenesisDeposit(PAI, 5),) * 32), "more than 32 deposits"),
    (with_account("emma", deposits=(GenesisDeposit(PAI, 2),)), "terms of deposits"),
    (with_account("emma", deposits=(GenesisDeposit(PAI, 3_651),)), "terms of deposits"),
    (with_account("emma", deposits=(GenesisDeposit(PAI - 1, 5),)), "at least 1 pai"),
    (with_seat(bond_term_periods=2), "terms of deposits"),
    (with_seat(bond_term_periods=3_651), "terms of deposits"),
    (replace(GOOD, authorities=GOOD.authorities * 2), "authorities must be sorted"),
    (
        replace(GOOD, authorities=(replace(GOOD.authorities[0], policy=get_policy("other")),)),
        "is not its policy's",
    ),
    (with_authorities(build_authority("far", 2**32)), "groups of authorities"),
    (replace(GOOD, attestations=GOOD.attestations[::-1]), "attestations must be sorted"),
    (
        replace(GOOD, attestations=(*GOOD.attestations, GOOD.attestations[-1])),
        "attestations must be sorted",
    ),
    (replace(GOOD, authorities=()), "an authority that the genesis does not have"),
    (
        replace(GOOD, accounts=tuple(item for item in GOOD.accounts if item.id != EMMA)),
        "a subject without an account",
    ),
    (with_attestation(from_slot=1), "runs from slot 0"),
    (with_attestation(until_slot=0), "runs from slot 0"),
    (with_attestation(until_slot=ATTESTED_UNTIL_MAX + 1), "runs from slot 0"),
    (with_attestation(tag=GOOD.attestations[1].tag), "one tag and one account"),
    (
        attested_twice(with_authorities(build_authority("second", 0)), "registry"),
        "attestations must be sorted",
    ),
    (replace(GOOD, seats=()), "at least one seat"),
    (replace(GOOD, seats=GOOD.seats[::-1]), "seats must be sorted"),
    (replace(GOOD, seats=(*GOOD.seats, GOOD.seats[-1])), "seats must be sorted"),
    (with_parameters(GOOD, seats_max=3), "more than 3 seats"),
    (with_seat(account=get_account_id("nobody")), "has no account"),
    (with_seat(account=get_account_id("stranger")), "no owner identified"),
    (with_parameters(GOOD, identity_threshold=2), "no owner identified"),
    (
        replace(GOOD, authorities=(replace(GOOD.authorities[0], group=1),)),
        "no owner identified",
    ),
    (with_seat(bond=100 * PAI - 1), "needs a bond of 100 pai"),
    (with_seat(1, keys=SEAT_KEYS), "a key that another seat has"),
    (with_seat(keys=replace(SEAT_KEYS, vrf=SEAT_KEYS.vote)), "must differ"),
    (with_seat(keys=replace(SEAT_KEYS, vote=bytes(32))), "BAD_SEAT_KEY"),
    (with_seat(keys=build_seat_keys("nobody")), "BAD_PROOF_OF_POSSESSION"),
    (with_seat(keys=build_seat_keys("ann", chain=b"c" * 32)), "BAD_PROOF_OF_POSSESSION"),
]


@pytest.mark.parametrize(("genesis", "complaint"), FAULTS, ids=range(len(FAULTS)))
def test_every_fault_has_a_sentence_and_founds_nothing(genesis: Genesis, complaint: str) -> None:
    assert complaint in find(genesis)
    store = MemoryStore()
    with pytest.raises(BadGenesis, match="no community can be founded"):
        Ledger(store, genesis)
    assert list(store.items(b"")) == []


def test_edges_that_are_sound() -> None:
    assert find(with_account("emma", deposits=(GenesisDeposit(PAI, 3_650),) * 32)) == ""
    assert find(with_account("ann", deposits=(GenesisDeposit(PAI, 3),) * 31)) == ""
    assert find(with_attestation(until_slot=ATTESTED_UNTIL_MAX)) == ""
    assert find(with_account("stranger", balance=0)) == ""
    rest = SUPPLY_MAX - compute_issued(GOOD)
    assert find(replace(GOOD, funds=GenesisFunds(rest, 0, 0))) == ""
    two = with_parameters(
        attested_twice(with_authorities(build_authority("second", 0)), "second"),
        identity_threshold=2,
    )
    assert find(two) == ""


def test_a_genesis_comes_back_from_its_bytes() -> None:
    data = encode(GOOD)
    assert GENESIS_CODEC.decode(data) == GOOD
    assert compute_chain_id(GOOD) == compute_hash(b"genesis", data)


def test_a_genesis_of_other_rules_is_told_from_nonsense() -> None:
    for other in (
        encode(replace(GOOD, version=GENESIS_VERSION - 1)),
        pack([GENESIS_VERSION + 1, "of another shape"]),
        pack([100, *[None] * 14]),
    ):
        with pytest.raises(Invalid) as caught:
            GENESIS_CODEC.decode(other)
        assert caught.value.code is Code.OTHER_RULES
    for nonsense in (b"", b"\x9c", pack([GENESIS_VERSION, "short"]), pack({"version": 1})):
        with pytest.raises(Invalid) as caught:
            GENESIS_CODEC.decode(nonsense)
        assert caught.value.code is Code.MALFORMED


def test_money_is_issued_once_and_all_of_it_is_somewhere() -> None:
    genesis = replace(GOOD, funds=GenesisFunds(3, 5, 7))
    community = Community(genesis)
    money = community.ledger.state.money.require(CURRENT)
    people = len(genesis.accounts)
    assert money.issued == people * 520 * PAI + 4 * 100 * PAI + 15
    assert (money.reserve, money.social, money.operators) == (3, 5, 7)
    assert (money.accounts, money.seats_bonded) == (people, 4)
    assert (money.burned, money.pot, money.active, money.municipality) == (0, 0, 0, 0)


def test_deposits_come_before_the_bond() -> None:
    state = Community(GOOD).ledger.state
    deposits = state.savings.require(ANN).deposits
    assert [(item.id, item.seat_bond, item.until_step) for item in deposits] == [
        (0, FREE, 20),
        (1, BONDED, 360),
    ]
    account = state.accounts.require(ANN)
    assert (account.deposits_made, account.due_step, account.sequence) == (2, 20, 0)


def test_identity_is_kept_by_tag() -> None:
    state = Community(GOOD).ledger.state
    tag = compute_hash(b"test-tag", b"emma")
    person = state.persons.require(get_person_key(0, tag))
    assert person.account == EMMA
    assert get_identified_until(state, Community(GOOD).ledger.get_context(1), tag) == (
        2**40 + 28 * 20
    )
    assert state.accounts.require(EMMA).person == tag
    assert state.accounts.require(get_account_id("stranger")).person is None


def test_persons_of_other_groups_give_no_home() -> None:
    genesis = attested_twice(with_authorities(build_authority("abroad", 3)), "abroad")
    state = Community(genesis).ledger.state
    tag = compute_hash(b"test-tag", b"emma")
    assert state.persons.require(get_person_key(3, tag)).account == EMMA
    assert state.accounts.require(EMMA).person == tag


def test_one_attestation_of_two_is_not_enough() -> None:
    genesis = with_parameters(
        attested_twice(with_authorities(build_authority("second", 0)), "second"),
        identity_threshold=2,
    )
    lonely = tuple(
        item
        for item in genesis.attestations
        if (item.subject, item.authority) != (EMMA, get_account_id("second"))
    )
    ledger = Community(replace(genesis, attestations=lonely)).ledger
    context = ledger.get_context(1)
    emma, ann = (
        get_identified_until(ledger.state, context, compute_hash(b"test-tag", name))
        for name in (b"emma", b"ann")
    )
    assert emma == 0
    assert ann > 2**40


def test_the_chain_begins_at_slot_zero_with_one_anchor() -> None:
    community = Community(GOOD)
    state = community.ledger.state
    assert state.tips.require(CURRENT) == Tip(slot=0, height=0, score=0)
    assert state.anchors.require(community.chain[:16]) == Anchor(following=None, left_slot=None)
    seat_set = state.sets.require(CURRENT)
    assert (seat_set.base, seat_set.base_slot) == (community.chain, 0)
    assert [entry.seat for entry in seat_set.entries] == sorted(seat.account for seat in GOOD.seats)
    assert {entry.weight for entry in seat_set.entries} == {65_536}


def test_a_larger_bond_weighs_by_its_square_root_up_to_the_cap() -> None:
    community = Community(with_seat(bond=400 * PAI))
    entries = community.ledger.state.sets.require(CURRENT).entries
    assert entries[0].weight == 65_536
    # Six fifths of an even share of four is 3/10: at most 3/7 of what the other three hold.
    assert {entry.weight for entry in entries[1:]} == {65_536 * 1_000_000 // 1_285_714}


def test_an_account_may_be_born_with_nothing() -> None:
    genesis = replace(
        GOOD,
        accounts=tuple(
            sorted(
                (*GOOD.accounts, GenesisAccount(get_account_id("poor"), 0, ())),
                key=lambda item: item.id,
            )
        ),
    )
    assert find(genesis) == ""
    assert Community(genesis).get_balance("poor") == 0
