"""Who may do what about accounts, loans, identity, seats and votes: a table, tested cell by cell.

Tables of invoices and of the market stand with their rules' tests.
"""

import pytest

from chain.actions import (
    Action,
    AskLoan,
    CancelRecovery,
    CastVote,
    CompleteRecovery,
    DropLoan,
    GrantLoan,
    Guarantee,
    Pay,
    Propose,
    Resolve,
    ReturnLoan,
    Save,
    Unbond,
    Withdraw,
)
from chain.errors import Invalid
from chain.rules.loans import set_committee
from chain.rules.measures import compute_digest
from tests.community import NOBODY, PAI, Community, get_account_id
from tests.identity_world import (
    act,
    attest,
    build_authority,
    build_world,
    decree,
    get_context,
    renew,
    revoke,
    set_guardians,
    start_recovery,
    wait,
)

NAMES = ("ann", "emma", "farid", "galina", "registry", "office", "stranger")
PERSONS = {"ann", "emma", "farid", "galina"}
MEASURE = Resolve("The well is cleaned on Saturday.")
SECOND = Resolve("And the road, too.")
OFFERED, GUARANTEED, GRANTED = range(3)  # numbers of Emma's loans

# Emma has savings, loans and guardians who try to recover her account; Farid is her guarantor,
# Galina the credit committee, Ann has a seat. Hamit's recovery is due.
ACTS: dict[str, tuple[Action, set[str]]] = {
    "pay": (Pay(get_account_id("hamit"), PAI, ""), set(NAMES)),
    "return savings": (Withdraw(0, PAI), {"emma"}),
    "release a bond": (Unbond(0), {"ann"}),
    "guarantee": (Guarantee(OFFERED, None), {"farid"}),
    "drop a loan": (DropLoan(GUARANTEED), {"emma", "farid", "galina"}),
    "grant a loan": (GrantLoan(GUARANTEED), {"galina"}),
    "return a loan": (ReturnLoan(GRANTED), {"emma"}),
    "attest": (attest("newcomer"), {"registry", "office"}),
    "attest what another attests": (attest("emma"), {"office"}),
    "renew": (renew("emma", 2**41), {"registry"}),
    "revoke": (revoke("emma"), {"registry"}),
    "name guardians": (set_guardians(), set(NAMES)),
    "stop a recovery": (CancelRecovery(), {"emma"}),
    "complete a recovery": (CompleteRecovery(get_account_id("hamit")), set(NAMES)),
    "propose": (Propose(SECOND), PERSONS),
    "vote": (CastVote(0, compute_digest(MEASURE), yes=True), PERSONS),
}


@pytest.fixture(scope="module")
def stage() -> Community:
    community = build_world(build_authority("office"), committee_28_bp=1_000)

    def begin_recovery(name: str, helper: str) -> None:
        act(community, name, set_guardians())
        act(community, helper, start_recovery(community, name))

    decree(community, lambda _: set_committee(community.ledger.state, get_account_id("galina")))
    begin_recovery("hamit", "boris")
    wait(community, 4)
    begin_recovery("emma", "boris")
    spent = Pay(get_account_id("clara"), community.get_balance("boris") + 25 * PAI, "")
    act(community, "boris", spent)  # the committee grants a part of what is owed already
    act(community, "emma", Save(50 * PAI, 3))
    for loan in range(3):
        act(community, "emma", AskLoan(PAI, 30, (), "seed", get_account_id("farid"), PAI))
        if loan != OFFERED:
            act(community, "farid", Guarantee(loan, None))
    act(community, "galina", GrantLoan(GRANTED))
    act(community, "ann", Propose(MEASURE))
    return community


def is_allowed(community: Community, name: str, action: Action) -> bool:
    sealed = community.sign(name, action, fee_max=20 * PAI)
    try:
        community.ledger.draft(get_context(community), NOBODY, (sealed,), community.checks)
    except Invalid:
        return False
    return True


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("name", NAMES)
def test_who_may(stage: Community, name: str, act: str) -> None:
    action, allowed = ACTS[act]
    assert is_allowed(stage, name, action) == (name in allowed)
