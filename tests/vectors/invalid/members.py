"""Refusals of what members sign: the envelope, money, savings, seats, keys, names and identity.

Most cases are those of the tests of each rule, where the neighbour that passes stands beside what
is refused; here both become bytes over a state.
"""

from collections.abc import Callable, Iterator, Mapping

from msgspec.structs import replace

from chain.actions import Action, Pay, Unbond
from chain.errors import Code
from chain.rules.seats import LEAVERS_MAX
from chain.tables import CURRENT, Leaver, Leavers
from chain.units import AMOUNT_MAX
from tests.community import PAI, Community, get_account_id
from tests.unit import test_aliases, test_attestations, test_recovery, test_refusals, test_takeover
from tests.vectors.invalid.scenes import Vector, look_at, refuse, sign_as

NEWCOMER = get_account_id("newcomer")
Case = tuple[Code, Callable[[], Community], tuple[str, Action], tuple[str, Action]]


def build_envelopes() -> Iterator[Vector]:
    """Envelopes, payments, savings and seats."""
    for code, make in test_refusals.TRANSACTIONS.items():
        community = test_refusals.build()
        pair = make(community)
        yield refuse(code.name, code, look_at(community), pair.bad, pair.good)
    for name, (code, make_bad) in test_refusals.MORE_BAD.items():
        community = test_refusals.build()
        bad = make_bad(community)
        yield refuse(name, code, look_at(community), bad, None)
    yield _overflow()
    yield _crowd_out()


def _overflow() -> Vector:
    """All money is less than an account can hold: the rows are made by hand."""
    community = test_refusals.build()
    accounts, farid = community.ledger.state.accounts, get_account_id("farid")
    for name, held in (("farid", AMOUNT_MAX - 5), ("emma", AMOUNT_MAX)):
        row = accounts.require(get_account_id(name))
        accounts.keep(get_account_id(name), replace(row, settlement=held))
    bad, good = (community.sign("emma", Pay(farid, amount, "")) for amount in (6, 5))
    scene = look_at(community)
    return refuse("more than an account can hold", Code.BALANCE_TOO_LARGE, scene, bad, good)


def _crowd_out() -> Vector:
    """As many bonds wait for a hand-off as can: rows by hand."""
    community = Community()
    waiting = tuple(Leaver(bytes(32), number, 0) for number in range(LEAVERS_MAX))
    community.ledger.state.leavers.keep(CURRENT, Leavers(waiting))
    scene = look_at(community)
    bad, good = sign_as(scene, "ann", Unbond(0)), sign_as(scene, "ann", Pay(NEWCOMER, PAI, ""))
    return refuse("one who leaves too many", Code.TOO_MANY_LEAVING, scene, bad, good)


def build_takeovers() -> Iterator[Vector]:
    """Standby keys, replaced keys and notices of release."""
    for name, (code, make) in test_takeover.CASES.items():
        community = test_takeover.build()
        who, bad, good = make(community)
        scene = look_at(community)
        yield refuse(name, code, scene, sign_as(scene, who, bad), sign_as(scene, who, good))


def build_identity() -> Iterator[Vector]:
    """What authorities are refused."""
    yield from _act(test_attestations.CASES)


def build_names() -> Iterator[Vector]:
    """What seekers of names are refused."""
    yield from _act(test_aliases.CASES)


def _act(cases: Mapping[str, Case]) -> Iterator[Vector]:
    for name, (code, make, (bad_name, bad), (good_name, good)) in cases.items():
        scene = look_at(make())
        refused, accepted = sign_as(scene, bad_name, bad), sign_as(scene, good_name, good)
        yield refuse(name, code, scene, refused, accepted)


def build_recoveries() -> Iterator[Vector]:
    """What guardians, owners and thieves are refused."""
    for name, (code, make, make_bad, make_good) in test_recovery.CASES.items():
        community = make()
        (bad_name, bad), (good_name, good) = make_bad(community), make_good(community)
        scene = look_at(community)
        refused, accepted = sign_as(scene, bad_name, bad), sign_as(scene, good_name, good)
        yield refuse(name, code, scene, refused, accepted)
