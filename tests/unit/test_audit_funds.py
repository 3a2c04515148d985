"""The report's account of common funds: nothing that moved one is left unexplained."""

import pytest
from msgspec.structs import replace

from chain.actions import Pay, SpendFund, WriteOff
from chain.genesis import GenesisFunds
from chain.units import parse_pai
from node.audit.report import FUND_REASONS
from node.audit.report_types import FundRow
from tests.community import CONSTANTS, PAI, Community, build_genesis, get_account_id
from tests.unit.test_audit_report import report
from tests.unit.test_votes import decide

EMMA, HAMIT = get_account_id("emma"), get_account_id("hamit")


@pytest.fixture(scope="module")
def funds() -> dict[str, FundRow]:
    """A village that paid for a pump, forgave a debt, and charged a stranger a fee."""
    genesis = replace(
        build_genesis(strangers=("stranger",)),
        constants=replace(CONSTANTS, fund_rate_bp=2_000),
        funds=GenesisFunds(reserve=1_000 * PAI, social=1_000 * PAI, operators=0),
    )
    community = Community(genesis)
    fee = community.sign("stranger", Pay(EMMA, PAI, ""), fee_max=PAI)
    community.extend([fee])
    decide(community, SpendFund("social", HAMIT, 50 * PAI, "a new pump"))
    emma = community.ledger.state.accounts.require(EMMA).settlement
    community.extend([community.sign("emma", Pay(HAMIT, emma + 20 * PAI, ""))])
    decide(community, WriteOff(EMMA, 5 * PAI))
    for _ in range(2):  # who was active takes his share when he acts again
        community.extend([community.sign("farid", Pay(HAMIT, PAI, ""))], after=20)
    found = report(community)
    assert found.findings == []
    return {row.fund: row for row in found.funds}


def test_every_kopeck_is_explained(funds: dict[str, FundRow]) -> None:
    for row in funds.values():
        moved = sum(parse_pai(getattr(row, reason)) for reason in FUND_REASONS)
        assert parse_pai(row.closing) == parse_pai(row.opening) + moved
        assert row.difference == "0"


def test_what_votes_spent_and_wrote_off_is_told(funds: dict[str, FundRow]) -> None:
    assert (funds["social"].opening, funds["social"].votes) == ("1000", "-50")
    assert (funds["reserve"].votes, funds["reserve"].losses) == ("0", "-5")
    assert parse_pai(funds["operators"].fees) > 0


def test_shares_of_active_members_pass_through_a_fund_of_their_own(
    funds: dict[str, FundRow],
) -> None:
    assert parse_pai(funds["active"].shifted) < 0 < parse_pai(funds["active"].demurrage)
    assert parse_pai(funds["claims"].shares) < 0 < parse_pai(funds["claims"].shifted)
