"""Votes on credit: loans, the committee, and losses that the reserve takes over."""

import pytest
from msgspec.structs import replace

from chain.actions import (
    AskLoan,
    CastVote,
    GrantLoan,
    LendByVote,
    Measure,
    Pay,
    Propose,
    SetCommittee,
    WriteOff,
)
from chain.errors import Code, Invalid
from chain.facts import Enacted, WrittenOff
from chain.genesis import Genesis
from chain.rules.credit_days import get_credit
from chain.rules.debts import get_debts
from chain.rules.measures import Class, compute_digest, get_class, get_spendable
from chain.tables import CURRENT
from tests.community import CONSTANTS, PAI, Community, build_genesis, get_account_id
from tests.unit.test_votes import EVERYBODY, decide, get_code, propose, wait, with_funds

EMMA, HAMIT = get_account_id("emma"), get_account_id("hamit")
LOAN = LendByVote(loan=0, debtor=EMMA, amount=100 * PAI, term_periods=20)
REFUSED = {
    Code.UNKNOWN_LOAN,
    Code.GUARANTEE_MISSING,
    Code.UNKNOWN_COMMITTEE,
    Code.FUND_RATE_EXCEEDED,
    Code.WRITE_OFF_TOO_MUCH,
}


def build_funded(*, rate_bp: int = 2_000) -> Genesis:
    return replace(
        with_funds(reserve=1_000 * PAI), constants=replace(CONSTANTS, fund_rate_bp=rate_bp)
    )


def open_with_loan(amount: int = 100 * PAI, guarantor: str | None = None) -> Community:
    community = Community(build_funded())
    ask = AskLoan(
        amount=amount,
        term_periods=20,
        plan=(),
        purpose="seed",
        guarantor=None if guarantor is None else get_account_id(guarantor),
        pledge=0 if guarantor is None else PAI,
    )
    community.extend([community.sign("emma", ask)])
    return community


def open_with_debt() -> tuple[Community, int]:
    """Emma owes something."""
    community = Community(build_funded())
    row = community.ledger.state.accounts.require(EMMA)
    owed = 20 * PAI
    community.extend([community.sign("emma", Pay(HAMIT, row.settlement + owed, ""))])
    balance = community.ledger.state.accounts.require(EMMA).settlement
    assert balance < 0
    return community, -balance


def test_members_grant_a_loan() -> None:
    community = open_with_loan()
    facts = decide(community, LOAN)
    assert [item for item in facts if isinstance(item, Enacted)] == [Enacted(0, None)]
    (grant,) = get_debts(community.ledger.state, EMMA).grants
    assert (grant.loan, grant.amount) == (0, 100 * PAI)


def test_a_loan_that_is_gone_is_not_granted() -> None:
    community = open_with_loan()
    decide(community, LOAN, EVERYBODY[:1])
    assert get_debts(community.ledger.state, EMMA).grants == ()
    wait(community, 28)  # what is asked for lapses
    assert get_code(community, "farid", Propose(LOAN)) is Code.UNKNOWN_LOAN


@pytest.mark.parametrize(
    "other",
    [
        replace(LOAN, loan=1),
        replace(LOAN, debtor=HAMIT),
        replace(LOAN, amount=101 * PAI),
        replace(LOAN, term_periods=21),
    ],
)
def test_a_vote_is_on_this_loan_and_no_other(other: LendByVote) -> None:
    assert get_code(open_with_loan(), "farid", Propose(other)) is Code.UNKNOWN_LOAN


def test_members_cannot_answer_for_a_guarantor() -> None:
    community = open_with_loan(guarantor="hamit")
    assert get_code(community, "farid", Propose(LOAN)) is Code.GUARANTEE_MISSING


def test_members_choose_a_committee_and_do_without_one() -> None:
    community = Community(build_funded())
    decide(community, SetCommittee(HAMIT))
    assert get_credit(community.ledger.state).committee == HAMIT
    decide(community, SetCommittee(None))
    assert get_credit(community.ledger.state).committee is None
    nobody = Propose(SetCommittee(bytes(32)))
    assert get_code(community, "farid", nobody) is Code.UNKNOWN_COMMITTEE


def test_the_reserve_takes_a_debt_over() -> None:
    community, owed = open_with_debt()
    facts = decide(community, WriteOff(EMMA, owed))
    assert [item for item in facts if isinstance(item, WrittenOff)] == [WrittenOff(EMMA, owed)]
    assert community.ledger.state.accounts.require(EMMA).settlement == 0


def test_no_more_is_written_off_than_is_owed() -> None:
    community, owed = open_with_debt()
    above = Propose(WriteOff(EMMA, owed + 1))
    assert get_code(community, "farid", above) is Code.WRITE_OFF_TOO_MUCH


def test_written_off_is_spent_of_the_reserve() -> None:
    """Otherwise those who vote could empty it by owing, where they may not by spending."""
    community = Community(build_funded(rate_bp=100))
    row = community.ledger.state.accounts.require(EMMA)
    community.extend([community.sign("emma", Pay(HAMIT, row.settlement + 20 * PAI, ""))])
    over = Propose(WriteOff(EMMA, 12 * PAI))
    assert get_code(community, "farid", over) is Code.FUND_RATE_EXCEEDED
    decide(community, WriteOff(EMMA, 6 * PAI))
    state, head = community.ledger.state, community.ledger.head
    spending = state.spending.require(b"reserve").spent
    assert [item.amount for item in spending] == [6 * PAI]
    most = get_spendable(state, community.ledger.get_context(head.slot + 1), "reserve")
    held = state.money.require(CURRENT).reserve
    assert most == (held + 6 * PAI) // 100 - 6 * PAI
    over = Propose(WriteOff(EMMA, most + PAI))
    assert get_code(community, "farid", over) is Code.FUND_RATE_EXCEEDED


@pytest.mark.parametrize(
    ("measure", "kind"),
    [
        (LOAN, Class.ORDINARY),
        (replace(LOAN, amount=101 * PAI), Class.GRAVE),
        (WriteOff(EMMA, 100 * PAI), Class.ORDINARY),
        (WriteOff(EMMA, 100 * PAI + 1), Class.GRAVE),
        (SetCommittee(None), Class.GRAVE),
    ],
)
def test_a_large_part_of_what_is_lent_from_is_grave(measure: Measure, kind: Class) -> None:
    state = Community(build_funded()).ledger.state
    assert get_credit(state).saved == 0
    assert get_class(state, measure) is kind


def test_the_committee_alone_grants_without_a_vote() -> None:
    community = open_with_loan()
    root = community.ledger.root
    with pytest.raises(Invalid) as caught:
        community.extend([community.sign("farid", GrantLoan(0))])
    assert (caught.value.code, community.ledger.root) == (Code.NOT_COMMITTEE, root)


@pytest.mark.parametrize(
    ("who", "allowed"),
    [("emma", True), ("ann", True), ("stranger", False), ("registry", False)],
    ids=("member", "owner of a seat", "unidentified", "authority"),
)
@pytest.mark.parametrize("deed", ["propose", "vote"])
def test_who_may_do_what_in_the_assembly(who: str, allowed: bool, deed: str) -> None:
    community = Community(build_genesis(strangers=("stranger", "registry")))
    measure = SetCommittee(None)
    number = propose(community, measure, "farid")
    vote = CastVote(number, compute_digest(measure), yes=True)
    action = Propose(measure) if deed == "propose" else vote
    root = community.ledger.root
    signed = community.sign(who, action, fee_max=PAI)
    if allowed:
        community.extend([signed])
    else:
        with pytest.raises(Invalid) as caught:
            community.extend([signed])
        assert caught.value.code is Code.NOT_AN_ELECTOR
    assert (community.ledger.root != root) is allowed
