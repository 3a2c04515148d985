"""What an epoch pays: who voted, made final blocks and served, and society; to the micropai."""

from msgspec.structs import replace

from chain.facts import FundPaid, FundShifted
from chain.header import PRIMARY, SECONDARY
from chain.parameters import RewardShares
from chain.rules.epoch import process_epoch
from chain.rules.rewards import process_rewards
from chain.rules.tally import (
    get_course,
    note_block,
    note_finality,
    note_late_acks,
    note_service,
)
from chain.tables import CURRENT, Bonded, Money
from tests.community import PARAMETERS
from tests.epoch_world import DAYS, OPERATORS, EpochWorld, build_finality

REWARD = OPERATORS // PARAMETERS.reward_epochs
VOTES, BLOCKS, SERVICE = REWARD * 45 // 100, REWARD * 35 // 100, REWARD // 10
PERIOD_SLOTS = DAYS.slots_per_period


def get_money(world: EpochWorld) -> Money:
    return world.state.money.require(CURRENT)


def get_paid(world: EpochWorld) -> list[int]:
    return [world.state.accounts.require(seat).settlement for seat in world.seats]


def end_epoch(world: EpochWorld, slot: int = 30) -> None:
    world.parent_slot = slot - 1
    process_epoch(world.state, world.get_context(slot))
    world.keep()


def decide(world: EpochWorld, vote_round: int, signers: list[int], recorder: int) -> None:
    note_finality(
        world.state,
        world.get_context(vote_round + 1),
        build_finality(vote_round, world.height),
        [world.seats[number] for number in signers],
        world.seats[recorder],
    )


def test_votes_are_paid_by_weight_and_an_eighth_goes_to_who_recorded_them() -> None:
    world = EpochWorld(4)
    decide(world, 11, [0, 1, 2, 3], recorder=0)
    end_epoch(world)
    whole = VOTES * 7 // 8 // 4
    assert get_paid(world) == [whole + VOTES // 8, whole, whole, whole]


def test_silencing_others_earns_nothing() -> None:
    alone, all_four = EpochWorld(4), EpochWorld(4)
    decide(alone, 11, [0], recorder=1)
    decide(all_four, 11, [0, 1, 2, 3], recorder=1)
    end_epoch(alone)
    end_epoch(all_four)
    assert get_paid(alone)[0] == get_paid(all_four)[0] > 0


def test_late_acks_are_paid_like_others_and_to_who_added_them() -> None:
    world = EpochWorld(4)
    decide(world, 11, [0, 1, 2], recorder=0)
    note_late_acks(world.state, world.get_context(14), 11, [world.seats[3]], world.seats[1])
    end_epoch(world)
    voter = VOTES * 7 // 8 // 4
    first, second = VOTES * 3 // 4 // 8, VOTES // 4 // 8
    assert get_paid(world) == [voter + first, voter + second, voter, voter]


def test_blocks_are_paid_when_a_later_epoch_is_known_to_be_final() -> None:
    world = EpochWorld(4)
    note_block(world.state, world.get_context(1), world.seats[0], PRIMARY)
    note_block(world.state, world.get_context(2), world.seats[1], SECONDARY)
    world.height = 3
    end_epoch(world)
    assert get_paid(world) == [0, 0, 0, 0]
    note_block(world.state, world.get_context(31), world.seats[2], PRIMARY)
    end_epoch(world, 60)
    assert get_paid(world) == [0, 0, 0, 0]  # nothing final: it goes on waiting
    operators = get_money(world).operators - get_course(world.state).owed
    world.parent_slot, world.height = 60, 9
    decide(world, 61, [], recorder=3)
    end_epoch(world, 90)
    blocks = operators // PARAMETERS.reward_epochs * 35 // 100
    assert get_paid(world) == [2 * blocks // 5, blocks // 5, 2 * blocks // 5, 0]
    assert get_course(world.state).waiting == 0


def test_an_old_block_that_becomes_final_settles_nothing() -> None:
    world = EpochWorld(4)
    note_block(world.state, world.get_context(1), world.seats[0], PRIMARY)
    world.height = 50
    end_epoch(world)
    note_finality(world.state, world.get_context(33), build_finality(31, 49), [], world.seats[3])
    end_epoch(world, 60)
    assert get_paid(world) == [0, 0, 0, 0]
    assert get_course(world.state).waiting == 2


def test_service_is_paid_at_a_periods_end_by_members_served() -> None:
    world = EpochWorld(4)
    for via in (0, 0, 1, None):
        note_service(world.state, None if via is None else world.seats[via])
    end_epoch(world)
    assert get_paid(world) == [0, 0, 0, 0]
    assert get_course(world.state).owed == SERVICE
    second = (OPERATORS - REWARD // 10 - SERVICE) // PARAMETERS.reward_epochs // 10
    end_epoch(world, PERIOD_SLOTS)
    owed = SERVICE + second
    assert get_paid(world) == [owed // 2, owed // 4, 0, 0]
    assert (get_course(world.state).owed, get_course(world.state).served) == (0, 0)
    assert get_course(world.state).service_period == 1
    end_epoch(world, PERIOD_SLOTS + 30)
    assert get_paid(world) == [owed // 2, owed // 4, 0, 0]


def test_who_is_gone_is_not_paid_and_society_is() -> None:
    world = EpochWorld(4)
    decide(world, 11, [0, 1, 2, 3], recorder=0)
    world.state.bonded_seats.put(CURRENT, Bonded(tuple(world.seats[:3])))
    world.state.money.put(CURRENT, replace(get_money(world), seats_bonded=3))
    end_epoch(world)
    assert get_paid(world)[3] == 0
    assert get_money(world).social >= VOTES * 7 // 8 // 4


def test_without_finality_and_service_only_the_archive_share_moves() -> None:
    world = EpochWorld(4)
    end_epoch(world)
    money = get_money(world)
    assert (money.operators, money.social) == (OPERATORS - REWARD // 10, REWARD // 10)
    archive = REWARD // 10
    assert world.facts == [FundShifted("operators", "social", archive)]


def test_all_that_is_spent_arrives_somewhere() -> None:
    shares = RewardShares(votes=3_333, blocks=3_333, service=2_333, archive=1_001)
    world = EpochWorld(7, parameters=replace(PARAMETERS, reward_shares=shares))
    for hour in range(40):
        note_service(world.state, world.seats[hour % 9] if hour % 9 < 7 else None)
        world.run([number for number in range(7) if (hour + number) % 5])
    paid = sum(get_paid(world))
    money = get_money(world)
    assert 0 < paid < OPERATORS
    assert paid + money.operators + money.social == OPERATORS
    assert paid == sum(fact.amount for fact in world.facts if isinstance(fact, FundPaid))
    shifted = sum(fact.amount for fact in world.facts if isinstance(fact, FundShifted))
    assert shifted == money.social


def test_what_is_owed_for_service_is_not_shared_again() -> None:
    world = EpochWorld(4)
    world.parent_slot = 29
    process_rewards(world.state, world.get_context(30))
    owed = get_course(world.state).owed
    process_rewards(world.state, world.get_context(30))
    left = OPERATORS - REWARD // 10 - owed
    assert get_course(world.state).owed == owed + left // PARAMETERS.reward_epochs // 10


def test_a_reward_counts_against_what_its_owner_owes() -> None:
    world = EpochWorld(4)
    owner, owed = world.seats[0], 10**6
    account = world.state.accounts.require(owner)
    world.state.accounts.keep(owner, replace(account, settlement=-owed))
    decide(world, 11, [0, 1, 2, 3], recorder=0)
    world.parent_slot = 29
    process_epoch(world.state, world.get_context(30))
    after = world.state.accounts.require(owner).settlement
    assert after > 0
    assert world.state.debt == -owed
