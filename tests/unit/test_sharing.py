"""The members' share of demurrage reaches everybody who was active, once, and nobody else."""

from chain.actions import Pay
from chain.facts import Fact, FundPaid
from chain.rules.sharing import CLAIM_PERIODS
from chain.tables import CURRENT, Money
from tests.community import PAI, Community, get_account_id

PERIOD = 20


def get_money(community: Community) -> Money:
    return community.ledger.state.money.require(CURRENT)


def step(community: Community, *payers: str, after: int = 1) -> list[Fact]:
    block, execution = community.build_block(
        [community.sign(who, Pay(get_account_id("hamit"), PAI, "")) for who in payers], after=after
    )
    community.ledger.commit(execution, block, durable=False)
    return execution.facts


def collect(community: Community, blocks: int, after: int) -> list[FundPaid]:
    return [
        fact
        for _ in range(blocks)
        for fact in step(community, after=after)
        if isinstance(fact, FundPaid)
    ]


def test_the_active_get_equal_parts_once() -> None:
    community = Community()
    step(community, "emma", "farid", after=10)
    first = collect(community, 6, 3)
    assert {item.account for item in first} == {get_account_id("emma"), get_account_id("farid")}
    assert len(first) == 2
    assert len({item.amount for item in first}) == 1
    assert first[0].amount > 0
    assert get_money(community).claims == 0


def test_what_nobody_claims_goes_back_to_the_fund() -> None:
    community = Community()
    step(community, "emma", after=10)
    balance = community.get_balance("emma")
    community.extend([community.sign("emma", Pay(get_account_id("farid"), balance, ""))])
    facts = step(community, after=PERIOD)
    assert not [item for item in facts if isinstance(item, FundPaid)]
    promised = get_money(community).claims
    assert promised > 0
    while (community.ledger.head.slot + 5) // PERIOD < CLAIM_PERIODS:
        assert get_money(community).claims == promised
        step(community, after=3)
    collect(community, 2, PERIOD)
    assert get_money(community).claims == 0
    assert community.ledger.state.assembly.require(CURRENT).sharing == ()


def test_a_debt_of_attention_is_paid_with_the_next_transaction() -> None:
    community = Community()
    step(community, "emma", after=10)
    balance = community.get_balance("emma")
    community.extend([community.sign("emma", Pay(get_account_id("farid"), balance, ""))])
    step(community, after=3 * PERIOD)
    community.extend([community.sign("farid", Pay(get_account_id("emma"), 2 * PAI, ""))])
    facts = step(community, "emma")
    assert [item.account for item in facts if isinstance(item, FundPaid)] == [
        get_account_id("emma")
    ]


def test_without_anybody_active_nothing_is_promised() -> None:
    community = Community()
    assert collect(community, 5, PERIOD) == []
    assert get_money(community).claims == 0
    assert get_money(community).active > 0
