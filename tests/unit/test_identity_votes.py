"""Identity and votes together: attacks on who decides, and each of them fails."""

import pytest

from chain.actions import CastVote, Propose, Resolve
from chain.errors import Code
from chain.facts import Decided
from chain.rules.measures import Class, compute_digest, is_passed
from tests.community import Community
from tests.identity_world import (
    act,
    attest,
    build_authority,
    build_world,
    knows,
    refuse,
    revoke,
)

PERIOD = 20
WORDS = Resolve("The well is cleaned on Saturday.")
EVERYBODY = ("ann", "boris", "clara", "daniil", "emma", "farid", "galina", "hamit")


def vote(yes: bool = True) -> CastVote:
    return CastVote(0, compute_digest(WORDS), yes)


def decide(community: Community) -> Decided:
    """The count, after the vote has ended."""
    decided = []
    for _ in range(3):
        block, execution = community.build_block((), after=PERIOD)
        community.ledger.commit(execution, block, durable=False)
        decided += [fact for fact in execution.facts if isinstance(fact, Decided)]
    (found,) = decided
    return found


def test_a_revoked_member_keeps_the_vote_that_he_cast_and_the_one_that_is_his() -> None:
    community = build_world()
    act(community, "emma", Propose(WORDS))
    act(community, "emma", vote())
    act(community, "registry", revoke("emma"), revoke("farid"))
    assert not knows(community, "farid")
    act(community, "farid", vote())  # the electorate was frozen when the proposal was filed
    assert decide(community) == Decided(0, True, 2, 0, 8)


def test_who_is_attested_after_the_filing_has_no_vote_in_it() -> None:
    community = build_world()
    act(community, "emma", Propose(WORDS))
    act(community, "registry", attest("stranger"))
    assert refuse(community, "stranger", vote()) is Code.NOT_AN_ELECTOR


def test_one_person_on_many_accounts_has_one_vote() -> None:
    """A clerk moves a person through five accounts, and each of them votes."""
    community = build_world()
    act(community, "emma", Propose(WORDS))
    act(community, "emma", vote())
    for number in range(5):
        account = f"fresh{number}"
        act(community, "registry", attest(account, "emma"))
        act(community, account, vote())
    act(community, "farid", vote())
    assert decide(community) == Decided(0, True, 2, 0, 8)


def test_whose_person_has_moved_away_votes_no_more() -> None:
    community = build_world()
    act(community, "emma", Propose(WORDS))
    act(community, "registry", attest("stranger", "emma"))
    assert refuse(community, "emma", vote()) is Code.NOT_AN_ELECTOR
    act(community, "stranger", vote())


def test_an_authority_cannot_strike_its_opponents_off_before_a_vote() -> None:
    community = build_world(build_authority("second"), attest_rate=2, attest_rate_bp=0)
    act(community, "registry", revoke("ann"), revoke("boris"))
    for name in ("clara", "daniil", "emma", "farid"):
        assert refuse(community, "registry", revoke(name)) is Code.TOO_MANY_REVOCATIONS
    act(community, "emma", Propose(WORDS))
    for name in EVERYBODY[2:]:
        act(community, name, vote())
    assert decide(community) == Decided(0, True, 6, 0, 6)


@pytest.mark.parametrize("kind", Class)
@pytest.mark.parametrize(
    ("members", "yes", "no"),
    [(250, 34, 33), (250, 34, 0), (250, 21, 20), (250, 62, 0)],
)
def test_a_seventh_of_the_members_decides_nothing(
    kind: Class, members: int, yes: int, no: int
) -> None:
    """34 of 250, where 67 vote, once could have passed anything: 14 %."""
    assert not is_passed(kind, members, yes, no)
