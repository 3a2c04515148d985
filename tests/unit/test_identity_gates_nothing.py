"""Identity gates nothing that was promised without it: every loss of it, against every role.

Whatever way somebody's identity goes, he who owes still pays and is paid, he who has a seat still
makes blocks, and he who has voted is still counted and may vote anew. Nothing but the person's own
move to another account takes a vote along; a debtor's or a seat owner's person cannot be moved.
"""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from chain.actions import Bond, CastVote, Pay, Propose, Resolve, Save
from chain.errors import Code
from chain.facts import Decided
from chain.rules.authorities import retire_authority
from chain.rules.measures import compute_digest
from chain.tables import CURRENT
from tests.community import PAI, PARAMETERS, Community, build_genesis, get_account_id
from tests.identity_world import (
    FOR_EVER,
    PERIOD,
    act,
    attest,
    decree,
    knows,
    refuse,
    revoke,
    set_parameters,
    wait,
)

ANN, EMMA, FARID = map(get_account_id, ("ann", "emma", "farid"))
BEFORE = 3  # periods in which everybody is still identified
WORDS = Resolve("The well is cleaned on Saturday.")
EVERYBODY = 8


def build(until_slot: int = FOR_EVER) -> Community:
    """People whose attestations end at a slot, without grace, some time before that."""
    genesis = build_genesis(
        strangers=("registry", "stranger"), parameters=replace(PARAMETERS, attest_grace_periods=0)
    )
    attestations = tuple(replace(item, until_slot=until_slot) for item in genesis.attestations)
    community = Community(replace(genesis, attestations=attestations))
    community.extend(after=BEFORE * PERIOD)
    return community


def revoke_all(community: Community) -> None:
    act(community, "registry", *map(revoke, ("ann", "emma", "farid")))


def let_expire(community: Community) -> None:
    wait(community, 1)


def retire(community: Community) -> None:
    set_parameters(community, retire_runout_periods=0)
    state, registry = community.ledger.state, get_account_id("registry")
    decree(community, lambda context: retire_authority(state, context, registry))


def ask_for_two(community: Community) -> None:
    set_parameters(community, identity_threshold=2)


Loss = Callable[[Community], None]
LOSSES: dict[str, tuple[Loss, int]] = {
    "revoked": (revoke_all, FOR_EVER),
    "expired": (let_expire, (BEFORE + 1) * PERIOD),
    "the authority retired": (retire, FOR_EVER),
    "two authorities needed": (ask_for_two, FOR_EVER),
}


@pytest.fixture(params=LOSSES)
def loss(request: pytest.FixtureRequest) -> tuple[Loss, Community]:
    lose, until_slot = LOSSES[request.param]
    return lose, build(until_slot)


def lose_identity(lose: Loss, community: Community) -> None:
    """Everybody is nobody's from now on."""
    assert all(knows(community, name) for name in ("ann", "emma", "farid"))
    lose(community)
    assert not any(knows(community, name) for name in ("ann", "emma", "farid"))


def test_a_debtor_still_pays_and_is_paid(loss: tuple[Loss, Community]) -> None:
    lose, community = loss
    act(community, "emma", Pay(FARID, community.get_balance("emma") + 20 * PAI, "seed"))
    lose_identity(lose, community)
    assert community.get_balance("emma") <= -20 * PAI
    act(community, "emma", Pay(FARID, 5 * PAI, "on credit, as before"))
    act(community, "farid", Pay(EMMA, 40 * PAI, "wages"))
    act(community, "emma", Pay(FARID, 30 * PAI, "bread, and credit again"))
    assert community.get_balance("emma") < 0


def test_the_person_of_a_debtor_or_a_seat_owner_is_nobodys_to_move() -> None:
    community = build()
    act(community, "emma", Pay(FARID, community.get_balance("emma") + 20 * PAI, "seed"))
    code = refuse(community, "registry", revoke("emma"), attest("stranger", "emma"))
    assert code is Code.PERSON_OWES
    code = refuse(community, "registry", revoke("ann"), attest("stranger", "ann"))
    assert code is Code.PERSON_HAS_SEAT


def test_a_seat_still_makes_blocks_and_its_owner_bonds(loss: tuple[Loss, Community]) -> None:
    lose, community = loss
    lose_identity(lose, community)
    authors = set()
    for _ in range(2 * EVERYBODY):
        authors.add(community.extend().header.seat)
    assert ANN in authors
    wait(community, 3)
    state = community.ledger.state
    assert ANN in {entry.seat for entry in state.sets.require(CURRENT).entries}
    assert state.seats.require(ANN).bond == community.genesis.constants.bond_min
    act(community, "ann", Save(10 * PAI, 3))
    act(community, "ann", Bond(1, PAI))
    assert state.seats.require(ANN).bond == community.genesis.constants.bond_min + PAI


def test_a_vote_that_was_cast_counts_and_may_be_cast_anew(loss: tuple[Loss, Community]) -> None:
    lose, community = loss
    act(community, "ann", Propose(WORDS))
    for name in ("ann", "emma", "farid"):
        act(community, name, CastVote(0, compute_digest(WORDS), True))
    lose_identity(lose, community)
    act(community, "farid", CastVote(0, compute_digest(WORDS), False))
    decided = []
    for _ in range(3):
        block, execution = community.build_block((), after=PERIOD)
        community.ledger.commit(execution, block, durable=False)
        decided += [fact for fact in execution.facts if isinstance(fact, Decided)]
    assert decided == [Decided(0, True, yes=2, no=1, electors=EVERYBODY)]
