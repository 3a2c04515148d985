"""What members put to the vote, measure by measure, and how they vote."""

from collections.abc import Callable
from typing import Final

from chain.actions import (
    Action,
    AdmitAuthority,
    CastVote,
    ChangeDemurrage,
    ChangeFigure,
    ChangeRewards,
    ChangeSinks,
    LendByVote,
    Measure,
    Propose,
    Resolve,
    RetireAuthority,
    SetCommittee,
    SpendFund,
    WriteOff,
)
from chain.crypto import u64
from chain.parameters import RewardShares, Sinks
from chain.rules.electorate import find_number, has_bit
from chain.rules.loan_terms import ASKED
from chain.rules.measures import compute_digest
from chain.tables import CURRENT
from tests.community import PAI, get_account_id
from tests.dozen.deeds import Deed, Said, pick_id, pick_loan, pick_name
from tests.dozen.town import MEMBERS, NAMES, Dice, Town


def change_figure(_town: Town, dice: Dice) -> Measure:
    name, low, high = dice.pick(
        (
            ("unit_fee", 0, 20_000), ("free_units", 200, 800), ("base", 150 * PAI, 600 * PAI),
            ("loan_grace_periods", 1, 6), ("attest_grace_periods", 14, 56), ("vote_periods", 1, 4),
            ("obligations_max", 20, 60), ("identity_threshold", 1, 2), ("offers_max", 20, 40),
        )
    )  # fmt: skip
    return ChangeFigure(name, dice.number(low, high))


def change_demurrage(_town: Town, dice: Dice) -> Measure:
    return ChangeDemurrage(
        dice.pick((None, 18_353_810_417_327_686_785, 18_400_000_000_000_000_000))
    )


def change_sinks(_town: Town, dice: Dice) -> Measure:
    reserve = dice.pick((1_000, 2_000, 4_000))
    return ChangeSinks(Sinks(reserve, 10_000 - reserve - 1_000, 0, 0, 500, 500))


def change_rewards(_town: Town, dice: Dice) -> Measure:
    votes = dice.number(3_000, 6_000)
    return ChangeRewards(RewardShares(votes, 8_000 - votes, 1_000, 1_000))


def spend_fund(_town: Town, dice: Dice) -> Measure:
    fund = dice.pick(("social", "reserve", "municipality", "operators"))
    return SpendFund(fund, pick_id(dice), dice.pick((PAI, 5 * PAI)), "a pump")


def admit(_town: Town, dice: Dice) -> Measure:
    return AdmitAuthority(pick_id(dice), "Elders", "RU", dice.pick((0, 0, 3)))


def retire(_town: Town, dice: Dice) -> Measure:
    # The first authority stays: a community where nobody is a person has nothing to decide.
    return RetireAuthority(get_account_id(dice.pick(("office", *MEMBERS))))


def lend_by_vote(town: Town, dice: Dice) -> Measure:
    found = pick_loan(town, dice, ASKED)
    if found is None:
        return Resolve("Nobody asks for anything.")
    number, row = found
    return LendByVote(number, row.debtor, row.amount, row.term_periods)


def choose_committee(_town: Town, dice: Dice) -> Measure:
    return SetCommittee(dice.pick((None, get_account_id("galina"), pick_id(dice))))


def write_off(town: Town, dice: Dice) -> Measure:
    name = pick_name(dice)
    account = town.find(name)
    owed = -account.settlement if account else 0
    return WriteOff(get_account_id(name), dice.pick((PAI, max(1, owed))))


def resolve(_town: Town, dice: Dice) -> Measure:
    return Resolve(dice.pick(("The well is cleaned on Saturday.", "It is not.")))


MEASURES: Final[dict[type[Measure], Callable[[Town, Dice], Measure]]] = {
    ChangeFigure: change_figure,
    ChangeSinks: change_sinks,
    ChangeRewards: change_rewards,
    ChangeDemurrage: change_demurrage,
    SpendFund: spend_fund,
    AdmitAuthority: admit,
    RetireAuthority: retire,
    LendByVote: lend_by_vote,
    SetCommittee: choose_committee,
    WriteOff: write_off,
    Resolve: resolve,
}


def propose(town: Town, dice: Dice) -> Said:
    measure = MEASURES[dice.pick(tuple(MEASURES))](town, dice)
    return (dice.pick(MEMBERS) if dice.often() else pick_name(dice)), Propose(measure)


def cast_vote(town: Town, dice: Dice) -> Said | None:
    under_vote = town.state.assembly.require(CURRENT).open
    if not under_vote:
        return None
    number = dice.pick(under_vote)
    row = town.state.proposals.require(u64(number))
    silent = []
    for name in NAMES:
        voter = find_number(town.state, get_account_id(name)) if town.find(name) else None
        if voter is not None and has_bit(row.electors, voter) and not has_bit(row.yes, voter):
            silent.append(name)
    name = dice.pick(silent) if silent and dice.often(9) else pick_name(dice)
    digest = compute_digest(row.measure) if dice.often(9) else bytes(32)
    return name, CastVote(number, digest, dice.often(6))


VOTES: Final[dict[type[Action], Deed]] = {Propose: propose, CastVote: cast_vote}
