"""What the community pays those who keep its chain, each epoch, out of the operators' fund.

A fixed part of the fund is shared by votes, final blocks, service and archive. Denominators are
fixed, so that silencing others earns nothing; what is not earned goes to the social fund. Nothing
is created or lost.
"""

from typing import Final, NamedTuple

from msgspec.structs import replace

from chain.facts import FundGot, FundPaid, FundShifted
from chain.parameters import BASIS_POINTS
from chain.policy import AccountId
from chain.rules.bonded import get_bonded_seats
from chain.rules.context import Context
from chain.rules.settlement import note_debt, touch
from chain.rules.tally import get_counted_seats, get_course, get_epoch_tally, get_seat_tally
from chain.state import State
from chain.tables import CURRENT, Course, EpochTally, SeatTally
from chain.units import AMOUNT_MAX

REWARD: Final = "reward"  # why the operators' fund pays
RECORDER_SHARE: Final = 8  # an eighth of an ack's reward goes to the block that put it on record


class Share(NamedTuple):
    """Part of a budget: so many of all the parts there are."""

    seat: AccountId
    parts: int


def process_rewards(state: State, context: Context) -> None:
    """Pay for the parent's epoch, and for service when a period has ended."""
    tally, course = get_epoch_tally(state), get_course(state)
    shares = context.parameters.reward_shares
    operators = state.money.require(CURRENT).operators
    reward = (operators - course.owed) // context.parameters.reward_epochs
    votes, blocks, service, archive = (
        reward * share // BASIS_POINTS
        for share in (shares.votes, shares.blocks, shares.service, shares.archive)
    )
    tallies = {seat: get_seat_tally(state, seat) for seat in get_counted_seats(state)}
    earned: dict[AccountId, int] = dict.fromkeys(get_bonded_seats(state), 0)
    spent = archive  # to the social fund, until archives have a rule of their own
    if tally.certificates:
        _earn_votes(state, tally, tallies, votes, earned)
        spent += votes
    if tally.settled and course.waiting:
        _earn(
            earned,
            blocks,
            [Share(seat, item.waiting) for seat, item in tallies.items()],
            course.waiting,
        )
        spent += blocks
    course = _carry_points(state, tally, tallies, course)
    course = replace(course, owed=course.owed + service)
    if course.service_period < context.period:
        _earn(
            earned,
            course.owed,
            [Share(seat, item.served) for seat, item in tallies.items()],
            course.served,
        )
        spent += course.owed
        for seat in tallies:
            state.seat_tallies.put(seat, replace(get_seat_tally(state, seat), served=0))
        course = replace(course, owed=0, served=0, service_period=context.period)
    state.course.put(CURRENT, course)
    _pay(state, context, earned, spent)


def _earn(earned: dict[AccountId, int], budget: int, shares: list[Share], whole: int) -> None:
    """Give each bonded seat its share of a budget, of so many parts in all; rounded down."""
    for seat, parts in shares:
        if parts and seat in earned:
            earned[seat] += budget * parts // whole


def _earn_votes(
    state: State,
    tally: EpochTally,
    tallies: dict[AccountId, SeatTally],
    budget: int,
    earned: dict[AccountId, int],
) -> None:
    """Share by weight and recorded acks, an eighth of each to the block that recorded it."""
    entries = state.sets.require(CURRENT).entries
    whole = tally.certificates * sum(entry.weight for entry in entries)
    acks = [
        Share(entry.seat, (RECORDER_SHARE - 1) * entry.weight * tallies[entry.seat].acks)
        for entry in entries
    ]
    _earn(earned, budget, acks, RECORDER_SHARE * whole)
    # Acks of the set before this one are weighed by this one; the sum is never above the budget.
    added = [Share(seat, item.added) for seat, item in tallies.items()]
    _earn(earned, budget, added, RECORDER_SHARE * max(whole, sum(item.parts for item in added)))


def _carry_points(
    state: State, tally: EpochTally, tallies: dict[AccountId, SeatTally], course: Course
) -> Course:
    """Points of this epoch's blocks wait for finality, with older ones if those still wait."""
    for seat, item in tallies.items():
        waiting = item.points + (0 if tally.settled else item.waiting)
        state.seat_tallies.put(seat, replace(item, waiting=waiting))
    return replace(course, waiting=tally.points + (0 if tally.settled else course.waiting))


def _pay(state: State, context: Context, earned: dict[AccountId, int], spent: int) -> None:
    """Pay what was earned to the seats' owners, and the rest of what was spent to society."""
    paid = 0
    for seat, amount in earned.items():
        if amount:
            got = pay_owner(state, context, seat, amount)
            state.facts.append(FundPaid("operators", seat, got, REWARD))
            paid += got
    assert paid <= spent, "more was earned than there was to earn"
    if not spent:
        return
    money, rest = state.money.require(CURRENT), spent - paid
    operators, social = money.operators - spent, money.social + rest
    state.money.put(CURRENT, replace(money, operators=operators, social=social))
    if rest:
        state.facts.append(FundShifted("operators", "social", rest))


def pay_owner(state: State, context: Context, seat: AccountId, amount: int) -> int:
    """Pay a seat's owner, as much as his balance can hold; returns how much that was."""
    account = touch(state, context, seat, state.accounts.require(seat))
    paid = min(amount, max(0, AMOUNT_MAX - account.settlement))
    rewarded = replace(account, settlement=account.settlement + paid)
    note_debt(state, account, rewarded)
    state.accounts.put(seat, rewarded)
    return paid


def give_to_funds(state: State, amount: int) -> None:
    """Half to the reserve, the other half to the social fund; whoever calls has taken it."""
    reserve = amount // 2
    social = amount - reserve
    money = state.money.require(CURRENT)
    state.money.put(
        CURRENT, replace(money, reserve=money.reserve + reserve, social=money.social + social)
    )
    state.facts += [FundGot("reserve", reserve), FundGot("social", social)]
