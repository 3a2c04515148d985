"""Authorities: what they may state, at what pace, and what follows a person to another account.

The attacks on identity stand here as tests in which they fail: recycling, several identities, a
rogue authority, and the use of identity to stop somebody's payments, seat or vote.
"""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from chain.actions import (
    Action,
    Bond,
    ChangePolicy,
    Pay,
    RegisterSeat,
    Save,
    SetGuardians,
)
from chain.errors import Code, Invalid
from chain.rules.attestations import get_pace
from chain.rules.authorities import admit_authority, retire_authority
from chain.rules.identity import (
    get_home_person_key,
    get_identified_since,
    get_identified_until,
    get_person_key,
)
from chain.rules.units import get_free_units
from chain.tables import AUTHORITIES_MAX, CURRENT
from tests.community import (
    PAI,
    Community,
    build_seat_keys,
    get_account_id,
    get_policy,
)
from tests.identity_world import (
    FOR_EVER,
    PERIOD,
    act,
    attest,
    build_authority,
    build_world,
    decree,
    get_context,
    get_tag,
    knows,
    refuse,
    renew,
    revoke,
    set_parameters,
    wait,
)

EMMA, FARID, REGISTRY = (get_account_id(name) for name in ("emma", "farid", "registry"))


def build_slow() -> Community:
    """A community whose authorities may bring in two persons in 28 periods."""
    return build_world(build_authority("second"), attest_rate=2, attest_rate_bp=0)


def retire(community: Community, name: str) -> None:
    state, account = community.ledger.state, get_account_id(name)
    decree(community, lambda context: retire_authority(state, context, account))


def admit(community: Community, name: str, group: int = 0) -> None:
    state, account = community.ledger.state, get_account_id(name)
    decree(
        community,
        lambda context: admit_authority(
            state, context, account, name=name, jurisdiction="RU", group=group
        ),
    )


def owe(community: Community, name: str) -> None:
    """Put an account below zero, as credit will; rows are made by hand until there is credit."""
    accounts = community.ledger.state.accounts
    row = accounts.require(get_account_id(name))
    accounts.keep(get_account_id(name), replace(row, settlement=-PAI))


# Refusals: who asks for what after which preparation, and what like it passes.

Case = tuple[Code, Callable[[], Community], tuple[str, Action], tuple[str, Action]]


def prepare(
    *steps: tuple[str, Action], world: Callable[[], Community] = build_world
) -> Callable[[], Community]:
    def make() -> Community:
        community = world()
        for name, action in steps:
            act(community, name, action)
        return community

    return make


def build_retired() -> Community:
    community = build_world(build_authority("second"))
    retire(community, "registry")
    return community


def build_debtor() -> Community:
    community = prepare(("registry", revoke("emma")))()
    owe(community, "emma")
    return community


def build_seat() -> Community:
    community = build_world()
    keys = build_seat_keys("emma", chain=community.chain)
    act(community, "emma", RegisterSeat(keys), Save(10 * PAI, 3), Bond(0, PAI))
    return community


def build_moved() -> Community:
    """The second authority let its word run out, and the first has moved the person."""
    community = build_world(build_authority("second"), attest_grace_periods=0)
    act(community, "second", attest("emma", until=30))
    wait(community, 2)
    act(community, "registry", revoke("emma"), attest("stranger", "emma"))
    return community


def build_other() -> Community:
    return build_world(build_authority("second"), build_authority("abroad", 3))


CASES: dict[str, Case] = {
    "no authority": (
        Code.NOT_AN_AUTHORITY, build_world,
        ("emma", attest("stranger")), ("registry", attest("stranger")),
    ),
    "retired, attesting": (
        Code.AUTHORITY_RETIRED, build_retired,
        ("registry", attest("stranger")), ("second", attest("stranger")),
    ),
    "retired, renewing": (
        Code.AUTHORITY_RETIRED, build_retired,
        ("registry", renew("emma", FOR_EVER + 1)), ("second", attest("emma")),
    ),
    "retired, revoking": (
        Code.AUTHORITY_RETIRED, build_retired,
        ("registry", revoke("emma")), ("second", attest("emma")),
    ),
    "attested twice": (
        Code.ATTESTED_ALREADY, build_world,
        ("registry", attest("emma")), ("registry", attest("stranger")),
    ),
    "revoking nothing": (
        Code.NOT_ATTESTED, build_world,
        ("registry", revoke("stranger")), ("registry", revoke("emma")),
    ),
    "renewing nothing": (
        Code.NOT_ATTESTED, build_world,
        ("registry", renew("stranger", FOR_EVER + 1)), ("registry", renew("emma", FOR_EVER + 1)),
    ),
    "renewing who has moved": (
        Code.NOT_ATTESTED, build_moved,
        ("second", renew("emma", FOR_EVER)), ("second", attest("stranger", "emma")),
    ),
    "revoked twice": (
        Code.ATTESTATION_REVOKED, prepare(("registry", revoke("emma"))),
        ("registry", revoke("emma")), ("registry", revoke("farid")),
    ),
    "renewing what is revoked": (
        Code.ATTESTATION_REVOKED, prepare(("registry", revoke("emma"))),
        ("registry", renew("emma", FOR_EVER + 1)), ("registry", attest("emma")),
    ),
    "ended before it began": (
        Code.BAD_ATTESTATION_TERM, build_world,
        ("registry", attest("stranger", until=1)), ("registry", attest("stranger", until=2**48)),
    ),
    "beyond for ever": (
        Code.BAD_ATTESTATION_TERM, build_world,
        ("registry", attest("stranger", until=2**48 + 1)), ("registry", attest("stranger")),
    ),
    "renewed for less": (
        Code.BAD_ATTESTATION_TERM, build_world,
        ("registry", renew("emma", FOR_EVER)), ("registry", renew("emma", FOR_EVER + 1)),
    ),
    "too many new": (
        Code.TOO_MANY_NEW_PERSONS,
        prepare(
            ("registry", attest("new1")), ("registry", attest("new2")), world=build_slow
        ),
        ("registry", attest("new3")), ("second", attest("emma")),
    ),
    "too many taken back": (
        Code.TOO_MANY_REVOCATIONS,
        prepare(("registry", revoke("ann")), ("registry", revoke("emma")), world=build_slow),
        ("registry", revoke("farid")), ("registry", renew("farid", FOR_EVER + 1)),
    ),
    "a debtor's person": (
        Code.PERSON_OWES, build_debtor,
        ("registry", attest("stranger", "emma")), ("registry", attest("emma")),
    ),
    "another person for a debtor": (
        Code.PERSON_OWES, build_debtor,
        ("registry", attest("emma", "nobody")), ("registry", attest("emma")),
    ),
    "the owner of a bonded seat": (
        Code.PERSON_HAS_SEAT, build_seat,
        ("registry", attest("stranger", "emma")), ("registry", attest("stranger", "farid")),
    ),
    "whom another attests": (
        Code.PERSON_HELD_ELSEWHERE, prepare(("second", attest("emma")), world=build_other),
        ("registry", attest("stranger", "emma")), ("registry", attest("stranger", "farid")),
    ),
    "an account that is another's": (
        Code.ACCOUNT_OF_ANOTHER, prepare(world=build_other),
        ("second", attest("emma", "nobody")), ("second", attest("emma", "emma")),
    ),
    "an unknown account, from abroad": (
        Code.UNKNOWN_SUBJECT, build_other,
        ("abroad", attest("unborn")), ("abroad", attest("emma")),
    ),
    "an unknown firm": (
        Code.UNKNOWN_SUBJECT, build_world,
        ("registry", attest("unborn", kind="firm")), ("registry", attest("stranger", kind="firm")),
    ),
}  # fmt: skip
VOTED = {Code.AUTHORITY_EXISTS, Code.TOO_MANY_AUTHORITIES, Code.UNKNOWN_AUTHORITY}  # below
REFUSED = {case[0] for case in CASES.values()} | VOTED


@pytest.mark.parametrize("name", CASES)
def test_what_is_refused_and_what_is_not(name: str) -> None:
    code, make, (bad_name, bad), (good_name, good) = CASES[name]
    community = make()
    assert refuse(community, bad_name, bad) is code
    act(community, good_name, good)


def test_only_a_vote_makes_authorities_and_only_so_many() -> None:
    community = build_world()
    state, context = community.ledger.state, get_context(community)

    def admit_now(number: int) -> None:
        account = get_account_id(f"office{number}")
        admit_authority(state, context, account, name="Office", jurisdiction="RU", group=0)

    for number in range(AUTHORITIES_MAX - 1):
        admit_now(number)
    attempts: list[tuple[Callable[[], None], Code]] = [
        (lambda: admit_now(0), Code.AUTHORITY_EXISTS),
        (lambda: admit_now(99), Code.TOO_MANY_AUTHORITIES),
        (lambda: retire_authority(state, context, EMMA), Code.UNKNOWN_AUTHORITY),
    ]
    for attempt, code in attempts:
        with pytest.raises(Invalid) as caught:
            attempt()
        assert caught.value.code is code
    retire_authority(state, context, REGISTRY)
    with pytest.raises(Invalid) as caught:
        retire_authority(state, context, REGISTRY)
    assert caught.value.code is Code.AUTHORITY_RETIRED
    # The place of a retired one is free when nothing of it counts any more.
    with pytest.raises(Invalid):
        admit_now(99)
    late = context._replace(slot=context.slot + (180 + 28) * PERIOD)
    admit_authority(state, late, get_account_id("x"), name="X", jurisdiction="RU", group=0)
    state.discard()


# What an attestation does


def test_a_person_without_money_is_brought_to_life() -> None:
    community = build_world()
    act(community, "registry", attest("newborn"))
    assert knows(community, "newborn")
    assert community.get_balance("newborn") == 0
    # He has free units at once, and an empty account of a person is never removed.
    act(community, "newborn", ChangePolicy(get_policy("newborn2")))
    wait(community, 40)
    assert community.ledger.state.accounts.get(get_account_id("newborn")) is not None


def test_an_attestation_ends_after_its_grace_and_may_be_renewed_even_then() -> None:
    community = build_world(attest_grace_periods=2)
    act(community, "registry", attest("stranger", until=3 * PERIOD))
    wait(community, 4)
    assert knows(community, "stranger")
    wait(community, 1)
    assert not knows(community, "stranger")
    act(community, "registry", renew("stranger", FOR_EVER))
    assert knows(community, "stranger")


def test_so_many_authorities_must_agree() -> None:
    community = build_world(build_authority("second"))
    set_parameters(community, identity_threshold=2)
    assert not knows(community, "emma")
    act(community, "second", attest("emma"))
    assert knows(community, "emma")
    act(community, "second", revoke("emma"))
    assert not knows(community, "emma")


def test_an_authority_abroad_gives_no_home() -> None:
    community = build_other()
    act(community, "abroad", attest("stranger"))
    assert not knows(community, "stranger")
    state = community.ledger.state
    assert state.accounts.require(get_account_id("stranger")).person is None
    assert state.persons.get(get_person_key(3, get_tag("stranger"))) is not None


def test_a_firm_is_no_person() -> None:
    community = build_world()
    act(community, "registry", attest("stranger", kind="firm"))
    assert not knows(community, "stranger")
    assert community.ledger.state.persons.get(get_home_person_key(get_tag("stranger"))) is None


def test_what_a_retired_authority_attested_runs_out_slowly() -> None:
    community = build_world(build_authority("second"), retire_runout_periods=90)
    retire(community, "registry")
    state = community.ledger.state
    end = get_identified_until(state, get_context(community), get_tag("emma"))
    assert end == community.ledger.head.slot + 1 + (90 + 28) * PERIOD
    assert knows(community, "emma")
    # Another takes over whom it knows without being held to the pace for new persons.
    for name in ("emma", "farid", "galina"):
        act(community, "second", attest(name))
    wait(community, 90 + 28 + 1)
    assert knows(community, "emma")
    assert not knows(community, "hamit")


def test_a_retired_authority_may_be_called_back() -> None:
    community = build_world(retire_runout_periods=90, attest_grace_periods=0)
    retire(community, "registry")
    wait(community, 91)
    assert not knows(community, "emma")
    admit(community, "registry")
    assert knows(community, "emma")


def test_identity_counts_from_the_attestation_that_made_it_whole() -> None:
    community = build_world(build_authority("second"))
    set_parameters(community, identity_threshold=2)
    act(community, "second", attest("emma"), after=50)
    since = community.ledger.head.slot
    wait(community, 3)
    state, context = community.ledger.state, get_context(community)
    assert get_identified_since(state, context, get_tag("emma")) == since
    assert get_identified_since(state, context, get_tag("farid")) is None


# Attacks


def test_recycling_gives_neither_credit_nor_quota_nor_votes_twice() -> None:
    """One clerk attests a person on thirty accounts in turn: what was used stays used."""
    community = build_world()
    state = community.ledger.state
    for number in range(10):
        act(community, "emma", *[Pay(FARID, 1, "")] * 8)
        used = state.persons.require(get_home_person_key(get_tag("emma"))).used_units
        assert used > 0
        # The quota of this period goes with the tag to the next account.
        act(community, "registry", revoke("emma"), attest(f"fresh{number}", "emma"))
        person = state.persons.require(get_home_person_key(get_tag("emma")))
        assert person.account == get_account_id(f"fresh{number}")
        if person.used_period == get_context(community).period:
            free = get_free_units(state, get_context(community), get_tag("emma"))
            assert free == 200 - person.used_units
        assert not knows(community, "emma")
        act(community, "registry", attest("emma"))
    # There is one person of that tag, whatever accounts he had: one vote, one base of credit.
    holders = [
        account for account in (EMMA, *(get_account_id(f"fresh{n}") for n in range(10)))
        if state.accounts.require(account).person == get_tag("emma")
    ]  # fmt: skip
    assert holders == [EMMA]


def test_a_debtor_cannot_begin_anew_on_another_account() -> None:
    community = build_debtor()
    assert refuse(community, "registry", attest("stranger", "emma")) is Code.PERSON_OWES
    # Anybody may pay it up; then the person may move.
    act(community, "farid", Pay(EMMA, 2 * PAI, "your debt"))
    act(community, "registry", attest("stranger", "emma"))
    assert knows(community, "stranger")


def test_several_authorities_give_one_person_one_identity() -> None:
    """With n authorities and k of them needed nobody has n // k identities, only one."""
    others = [build_authority(f"office{number}") for number in range(4)]
    community = build_world(*others)
    accounts = ["stranger", "second-account", "third-account"]
    for office, account in zip(("office0", "office1", "office2"), accounts, strict=True):
        code = refuse(community, office, attest(account, "emma"))
        assert code is Code.PERSON_HELD_ELSEWHERE
    act(community, "office3", attest("emma", "emma"))
    assert knows(community, "emma")


def test_a_rogue_authority_makes_persons_at_a_bounded_pace() -> None:
    community = build_world(attest_rate=5, attest_rate_bp=200)
    made = 0
    for period in range(29):
        for _ in range(5 if period in (0, 28) else 0):
            act(community, "registry", attest(f"sybil{made}"))
            made += 1
        code = refuse(community, "registry", attest(f"sybil{made}"))
        assert code is Code.TOO_MANY_NEW_PERSONS
        wait(community, 1)
    authority = community.ledger.state.authorities.require(REGISTRY)
    assert get_pace(get_context(community), authority) == 5
    assert get_pace(get_context(community), replace(authority, attested=1_000)) == 20


def test_moving_a_person_counts_as_making_one() -> None:
    community = build_slow()
    for number, name in enumerate(("emma", "farid")):
        act(community, "registry", revoke(name), attest(f"thief{number}", name))
    code = refuse(community, "registry", attest("thief2", "galina"))
    assert code is Code.TOO_MANY_NEW_PERSONS


def test_a_rogue_authority_cannot_take_a_person_whom_another_knows() -> None:
    community = build_world(build_authority("second"))
    act(community, "second", attest("emma"))
    assert refuse(community, "registry", revoke("emma"), attest("stranger", "emma")) is (
        Code.PERSON_HELD_ELSEWHERE
    )
    act(community, "registry", revoke("emma"))
    assert knows(community, "emma")


def test_a_clerk_can_correct_a_number_he_mistyped() -> None:
    community = build_world()
    act(community, "registry", attest("stranger", "wrong"))
    assert refuse(community, "registry", attest("stranger", "right")) is Code.ATTESTED_ALREADY
    act(community, "registry", revoke("stranger"), attest("stranger", "right"))
    assert knows(community, "stranger")
    state = community.ledger.state
    assert get_identified_until(state, get_context(community), get_tag("wrong")) == 0


def test_two_accounts_of_one_person_become_one() -> None:
    community = build_world()
    act(community, "registry", attest("stranger", "passport"))
    act(community, "stranger", Pay(EMMA, 100 * PAI, "all mine"))
    act(community, "registry", revoke("stranger"), revoke("emma"), attest("stranger", "emma"))
    assert knows(community, "stranger")
    assert not knows(community, "emma")


# Identity gates nothing


def live(community: Community, name: str) -> None:
    """Everything that nobody may be kept from, whoever says what about him."""
    account = get_account_id(name)
    act(community, "galina", Pay(account, 3 * PAI, "wages"))
    before = community.get_balance(name)
    act(community, name, Pay(FARID, 2 * PAI, "bread"))
    assert community.get_balance(name) < before
    act(community, name, Save(2 * PAI, 3))
    act(community, name, SetGuardians(bytes(32), 3, 3))
    act(community, name, ChangePolicy(get_policy(f"{name}/new")))
    act(community, name, ChangePolicy(get_policy(name)))


def let_expire(community: Community) -> None:
    act(community, "registry", attest("stranger", until=30))
    wait(community, 33)


def let_retire(community: Community) -> None:
    act(community, "registry", attest("stranger"))
    retire(community, "registry")


def by_registry(*actions: Action) -> Callable[[Community], None]:
    def do(community: Community) -> None:
        for action in actions:
            act(community, "registry", action)

    return do


STATUSES: dict[str, Callable[[Community], None]] = {
    "never attested": by_registry(),
    "attested": by_registry(attest("stranger")),
    "revoked": by_registry(attest("stranger"), revoke("stranger")),
    "expired": let_expire,
    "by a retired authority": let_retire,
    "moved away": by_registry(attest("stranger"), revoke("stranger"), attest("heir", "stranger")),
    "abroad only": lambda community: act(community, "abroad", attest("stranger")),
    "a firm": by_registry(attest("stranger", kind="firm")),
}


@pytest.mark.parametrize("status", STATUSES)
def test_whoever_is_what_can_send_and_receive(status: str) -> None:
    community = build_other()
    STATUSES[status](community)
    live(community, "stranger")


def test_a_revoked_owner_keeps_his_seat_and_its_place_in_the_set() -> None:
    community = build_world()
    act(community, "registry", revoke("ann"))
    wait(community, 30)
    assert not knows(community, "ann")
    ann = get_account_id("ann")
    state = community.ledger.state
    assert state.seats.require(ann).bond == 100 * PAI
    assert ann in {entry.seat for entry in state.sets.require(CURRENT).entries}
    act(community, "ann", Save(10 * PAI, 3))
    act(community, "ann", Bond(1, PAI))


def test_whose_person_has_moved_bonds_nothing_more() -> None:
    """Else one person would have two seats: the old account's and one of the new."""
    community = build_world()
    keys = build_seat_keys("emma", chain=community.chain)
    act(community, "emma", RegisterSeat(keys), Save(10 * PAI, 3))
    act(community, "registry", revoke("emma"), attest("stranger", "emma"))
    assert refuse(community, "emma", Bond(0, PAI)) is Code.NOT_IDENTIFIED
