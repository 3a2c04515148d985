"""Members decide together: who may vote, what carries, when it counts, and what no vote can do."""

from collections.abc import Iterable

import pytest
from msgspec.structs import replace

from chain.actions import (
    AdmitAuthority,
    CastVote,
    ChangeDemurrage,
    ChangeFigure,
    ChangeRewards,
    ChangeSinks,
    Measure,
    Pay,
    Propose,
    Resolve,
    RetireAuthority,
    SpendFund,
)
from chain.errors import Code, Invalid
from chain.facts import Decided, Enacted, Fact, FundPaid
from chain.genesis import Genesis, GenesisFunds
from chain.parameters import RewardShares, Sinks
from chain.rules.electorate import count_bits, has_bit, with_bit
from chain.rules.measures import Class, compute_digest, is_passed
from chain.tables import CURRENT, Assembly
from tests.community import (
    CONSTANTS,
    PAI,
    Community,
    build_genesis,
    get_account_id,
    with_parameters,
)

PERIOD = 20  # slots
EVERYBODY = ("ann", "boris", "clara", "daniil", "emma", "farid", "galina", "hamit")
WORDS = Resolve("The well is cleaned on Saturday.")
FEE = ChangeFigure("unit_fee", 5_000)
REFUSED = {
    Code.NOT_AN_ELECTOR,
    Code.UNKNOWN_PROPOSAL,
    Code.VOTE_CLOSED,
    Code.OTHER_MEASURE,
    Code.TOO_MANY_PROPOSALS,
    Code.UNKNOWN_FIGURE,
    Code.FIGURE_OUT_OF_BOUNDS,
    Code.STEP_TOO_LARGE,
    Code.UNKNOWN_FUND,
    Code.FUND_RATE_EXCEEDED,
    Code.UNKNOWN_AUTHORITY,
    Code.AUTHORITY_EXISTS,
}


def get_assembly(community: Community) -> Assembly:
    return community.ledger.state.assembly.require(CURRENT)


def propose(community: Community, measure: Measure, who: str = "emma") -> int:
    number = get_assembly(community).proposals
    community.extend([community.sign(who, Propose(measure))])
    return number


def cast(
    community: Community, number: int, measure: Measure, voters: Iterable[str], *, yes: bool = True
) -> None:
    digest = compute_digest(measure)
    community.extend([community.sign(who, CastVote(number, digest, yes)) for who in voters])


def wait(community: Community, periods: int) -> list[Fact]:
    """Let time pass by one block a period; returns what the rules told."""
    facts = []
    for _ in range(periods):
        block, execution = community.build_block((), after=PERIOD)
        community.ledger.commit(execution, block, durable=False)
        facts += execution.facts
    return facts


def decide(
    community: Community, measure: Measure, voters: Iterable[str] = EVERYBODY, periods: int = 7
) -> list[Fact]:
    """File, vote yes, and wait until it is in force."""
    cast(community, propose(community, measure), measure, voters)
    return wait(community, periods)


def get_code(community: Community, who: str, action: Propose | CastVote) -> Code:
    root = community.ledger.root
    with pytest.raises(Invalid) as caught:
        community.extend([community.sign(who, action)])
    assert community.ledger.root == root
    return caught.value.code


def get_filing_code(measure: Measure, genesis: Genesis | None = None) -> Code:
    return get_code(Community(genesis or build_genesis()), "emma", Propose(measure))


def with_funds(**funds: int) -> Genesis:
    held = {"reserve": 0, "social": 0, "operators": 0, **funds}
    return replace(build_genesis(), funds=GenesisFunds(**held))


def test_a_figure_changes_when_enough_members_want_it() -> None:
    community = Community()
    facts = decide(community, FEE)
    assert community.ledger.state.rules.require(CURRENT).parameters.unit_fee == 5_000
    assert [item for item in facts if isinstance(item, Decided)] == [Decided(0, True, 8, 0, 8)]
    assert [item for item in facts if isinstance(item, Enacted)] == [Enacted(0, None)]
    assembly = get_assembly(community)
    assert (assembly.open, assembly.passed) == ((), ())


def test_it_counts_only_when_its_time_has_come() -> None:
    community = Community()
    number = propose(community, FEE)
    cast(community, number, FEE, EVERYBODY)
    begun = community.ledger.head.slot // PERIOD
    while community.ledger.state.rules.require(CURRENT).parameters.unit_fee != 5_000:
        community.extend([], after=1)
    # Open for two periods, one more to get used to it.
    assert community.ledger.head.slot // PERIOD == begun + 2 + 1


@pytest.mark.parametrize(
    ("kind", "electors", "yes", "no", "passed"),
    [
        (Class.ORDINARY, 8, 2, 1, True),
        (Class.ORDINARY, 8, 2, 2, False),  # a tie
        (Class.ORDINARY, 9, 2, 0, False),  # not a quarter of all
        (Class.GRAVE, 9, 4, 2, True),
        (Class.GRAVE, 9, 4, 3, False),
        (Class.GRAVE, 9, 2, 0, False),
        (Class.DEEP, 8, 4, 2, True),
        (Class.DEEP, 8, 3, 0, False),
        (Class.ORDINARY, 0, 0, 0, False),
        (Class.GRAVE, 0, 0, 0, False),
        (Class.DEEP, 0, 0, 0, False),
    ],
)
def test_majorities_are_of_votes_and_of_all(
    kind: Class, electors: int, yes: int, no: int, passed: bool
) -> None:
    assert is_passed(kind, electors, yes, no) is passed


def test_a_vote_can_be_cast_anew_until_the_end() -> None:
    community = Community()
    number = propose(community, WORDS)
    cast(community, number, WORDS, EVERYBODY)
    cast(community, number, WORDS, EVERYBODY, yes=False)
    facts = wait(community, 3)
    assert [item for item in facts if isinstance(item, Decided)] == [Decided(0, False, 0, 8, 8)]


def test_nobody_votes_twice_by_having_another_account() -> None:
    community = Community()
    number = propose(community, WORDS)
    cast(community, number, WORDS, ("emma", "emma2")[:1])
    community.extend([community.sign("emma", Pay(get_account_id("emma2"), 5 * PAI, ""))])
    community_vote = CastVote(number, compute_digest(WORDS), True)
    root = community.ledger.root
    with pytest.raises(Invalid) as caught:
        community.extend([community.sign("emma2", community_vote, fee_max=PAI)])
    assert (caught.value.code, community.ledger.root) == (Code.NOT_AN_ELECTOR, root)


def test_who_is_old_enough_is_frozen_when_it_is_filed() -> None:
    parameters = {"electorate_age_periods": 3}
    community = Community(with_parameters(build_genesis(), **parameters))
    number = propose(community, WORDS)  # the community is young: age says nothing yet
    electors = community.ledger.state.proposals.require(number.to_bytes(8, "big")).electors
    assert count_bits(electors) == len(EVERYBODY)


@pytest.mark.parametrize(
    ("sinks", "rewards"), [(Sinks(2_000, 8_000, 0, 0, 0, 0), RewardShares(10_000, 0, 0, 0))]
)
def test_sinks_and_rewards_take_half_of_all_and_longer(sinks: Sinks, rewards: RewardShares) -> None:
    community = Community()
    decide(community, ChangeSinks(sinks), EVERYBODY[:3])
    assert community.ledger.state.rules.require(CURRENT).parameters.sinks != sinks
    decide(community, ChangeSinks(sinks), EVERYBODY[:4])
    decide(community, ChangeRewards(rewards), EVERYBODY[:4])
    parameters = community.ledger.state.rules.require(CURRENT).parameters
    assert (parameters.sinks, parameters.reward_shares) == (sinks, rewards)


def test_another_rate_of_demurrage_holds_for_steps_to_come_only() -> None:
    community = Community()
    old = community.ledger.state.rules.require(CURRENT).keep_schedule
    gentler = old[0].keep
    assert gentler is not None
    measure = ChangeDemurrage(gentler + (2**64 - gentler) // 3)
    decide(community, measure)
    schedule = community.ledger.state.rules.require(CURRENT).keep_schedule
    assert schedule[0] == old[0]
    assert schedule[1].keep == measure.keep
    assert schedule[1].from_step <= community.ledger.head.slot // 5


def test_a_fund_pays_by_vote() -> None:
    community = Community(with_funds(social=1_000 * PAI))
    measure = SpendFund("social", get_account_id("hamit"), 50 * PAI, "a new pump")
    facts = decide(community, measure)
    spent = [item for item in facts if isinstance(item, FundPaid) and item.why == "vote"]
    assert spent == [FundPaid("social", get_account_id("hamit"), 50 * PAI, "vote")]


def test_a_fund_pays_no_more_than_its_rate_in_28_periods() -> None:
    constants = replace(CONSTANTS, fund_rate_bp=2_000)
    genesis = replace(with_funds(social=1_000 * PAI), constants=constants)
    hamit = get_account_id("hamit")
    assert get_filing_code(SpendFund("social", hamit, 201 * PAI, ""), genesis) is (
        Code.FUND_RATE_EXCEEDED
    )
    community = Community(genesis)
    decide(community, SpendFund("social", hamit, 150 * PAI, ""))
    second = Propose(SpendFund("social", hamit, 200 * PAI, ""))
    assert get_code(community, "emma", second) is Code.FUND_RATE_EXCEEDED


def test_what_cannot_be_done_any_more_is_dropped() -> None:
    community = Community(with_funds(social=1_000 * PAI))
    hamit = get_account_id("hamit")
    first, second = (SpendFund("social", hamit, amount * PAI, "") for amount in (700, 699))
    numbers = [propose(community, first), propose(community, second, "farid")]
    for number, measure in zip(numbers, (first, second), strict=True):
        cast(community, number, measure, EVERYBODY)
    facts = wait(community, 6)
    assert [item for item in facts if isinstance(item, Enacted)] == [
        Enacted(0, None),
        Enacted(1, Code.FUND_RATE_EXCEEDED),
    ]
    assert get_assembly(community).passed == ()


def test_an_authority_is_admitted_and_retired_and_has_no_say_in_it() -> None:
    community = Community()
    registry = get_account_id("registry")
    retire = RetireAuthority(registry)
    number = propose(community, retire)
    row = community.ledger.state.proposals.require(number.to_bytes(8, "big"))
    assert count_bits(row.electors) == 0  # all of them are persons by its word alone
    admit = AdmitAuthority(get_account_id("emma"), "Elders", "RU", 0)
    number = propose(community, admit)
    cast(community, number, admit, EVERYBODY)
    wait(community, 5)
    elders = community.ledger.state.authorities.require(get_account_id("emma"))
    assert (elders.name, elders.group, elders.retired_slot) == ("Elders", 0, -1)
    decide(community, RetireAuthority(get_account_id("emma")))
    elders = community.ledger.state.authorities.require(get_account_id("emma"))
    assert elders.retired_slot > 0


@pytest.mark.parametrize(
    ("measure", "code"),
    [
        (ChangeFigure("sinks", 1), Code.UNKNOWN_FIGURE),
        (ChangeFigure("slot_seconds", 1), Code.UNKNOWN_FIGURE),
        (ChangeFigure("free_units", 1_001), Code.FIGURE_OUT_OF_BOUNDS),
        (ChangeFigure("free_units", 401), Code.STEP_TOO_LARGE),
        (ChangeFigure("free_units", 99), Code.STEP_TOO_LARGE),
        (ChangeFigure("savings_min_periods", 6), Code.FIGURE_OUT_OF_BOUNDS),
        (ChangeSinks(Sinks(1_999, 8_001, 0, 0, 0, 0)), Code.FIGURE_OUT_OF_BOUNDS),
        (ChangeSinks(Sinks(2_000, 8_001, 0, 0, 0, 0)), Code.FIGURE_OUT_OF_BOUNDS),
        (ChangeRewards(RewardShares(9_999, 0, 0, 0)), Code.FIGURE_OUT_OF_BOUNDS),
        (ChangeDemurrage(2**63), Code.FIGURE_OUT_OF_BOUNDS),
        (ChangeDemurrage(None), Code.STEP_TOO_LARGE),
        (SpendFund("operators", bytes(32), 1, ""), Code.UNKNOWN_FUND),
        (SpendFund("social", bytes(32), PAI, ""), Code.FUND_RATE_EXCEEDED),
        (RetireAuthority(bytes(32)), Code.UNKNOWN_AUTHORITY),
        (
            AdmitAuthority(get_account_id("registry"), "R", "RU", 0),
            Code.AUTHORITY_EXISTS,
        ),
    ],
)
def test_what_could_not_be_done_is_not_put_to_the_vote(measure: Measure, code: Code) -> None:
    genesis = build_genesis()
    if measure == ChangeFigure("savings_min_periods", 6):
        genesis = with_parameters(genesis, savings_max_periods=5)
        genesis = replace(
            genesis, seats=tuple(replace(seat, bond_term_periods=5) for seat in genesis.seats)
        )
    assert get_filing_code(measure, genesis) is code


def test_a_figure_does_not_run_away_in_small_steps() -> None:
    community = Community()
    decide(community, ChangeFigure("free_units", 400))
    assert get_code(community, "emma", Propose(ChangeFigure("free_units", 450))) is (
        Code.STEP_TOO_LARGE
    )
    decide(community, ChangeFigure("free_units", 200))
    assert community.ledger.state.rules.require(CURRENT).parameters.free_units == 200


def test_votes_that_cannot_count_are_refused() -> None:
    community = Community(build_genesis(strangers=("stranger",)))
    number = propose(community, WORDS)
    digest = compute_digest(WORDS)
    assert get_code(community, "emma", CastVote(7, digest, True)) is Code.UNKNOWN_PROPOSAL
    other = compute_digest(Resolve("The well stays as it is."))
    assert get_code(community, "emma", CastVote(number, other, True)) is Code.OTHER_MEASURE
    stranger = CastVote(number, digest, True)
    assert get_code(community, "stranger", stranger) is Code.NOT_AN_ELECTOR
    assert get_code(community, "stranger", Propose(WORDS)) is Code.FEE_ABOVE_MAXIMUM
    with pytest.raises(Invalid) as caught:
        community.extend([community.sign("stranger", Propose(WORDS), fee_max=PAI)])
    assert caught.value.code is Code.NOT_AN_ELECTOR


def test_a_vote_after_the_end_is_refused() -> None:
    community = Community()
    number = propose(community, WORDS)
    late = community.sign("emma", CastVote(number, compute_digest(WORDS), True), valid_for=300)
    ends = community.ledger.state.proposals.require(number.to_bytes(8, "big")).ends_period
    # The block that counts takes votes after counting: the proposal is gone then.
    slots = ends * PERIOD - community.ledger.head.slot
    with pytest.raises(Invalid) as caught:
        community.build_block([late], after=slots)
    assert caught.value.code in (Code.VOTE_CLOSED, Code.UNKNOWN_PROPOSAL)


def test_nobody_fills_the_agenda() -> None:
    community = Community()
    for number in range(3):
        propose(community, Resolve(f"{number}"))
    assert get_code(community, "emma", Propose(WORDS)) is Code.TOO_MANY_PROPOSALS
    propose(community, WORDS, "farid")


def test_bits_are_set_and_counted_one_by_one() -> None:
    bits = bytes(3)
    for number in (0, 7, 8, 23):
        bits = with_bit(bits, number, value=True)
    assert [number for number in range(40) if has_bit(bits, number)] == [0, 7, 8, 23]
    assert count_bits(with_bit(bits, 8, value=False)) == 3
