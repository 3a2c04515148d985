"""A village that trades: who makes what, who needs it, and what somebody decides to do next.

Pure: a decision follows from a villager's balance, his neighbours and the numbers drawn for him.
Whoever carries it out knows about wallets and networks; here there are only people and goods.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from random import Random
from typing import Final, NamedTuple

from chain.units import MICROPAI_PER_PAI

CENT: Final = MICROPAI_PER_PAI // 100


class Trade(StrEnum):
    """What a villager does for a living, in the order in which a village gets them."""

    FARMER = "farmer"
    BAKER = "baker"
    SHOP = "shop"
    SMITH = "smith"
    TEACHER = "teacher"
    CARPENTER = "carpenter"
    MILLER = "miller"
    DOCTOR = "doctor"
    SHEPHERD = "shepherd"
    COOK = "cook"
    WEAVER = "weaver"
    POTTER = "potter"


class Good(StrEnum):
    """What is paid for; the memo of the payment."""

    GRAIN = "grain"
    VEGETABLES = "vegetables"
    FLOUR = "flour"
    BREAD = "bread"
    BREAD_FOR_SALE = "bread for the shop"
    GROCERIES = "groceries"
    TOOLS = "tools"
    HORSESHOES = "horseshoes"
    LESSONS = "lessons"
    FURNITURE = "furniture"
    REPAIR = "repair of the roof"
    VISIT = "doctor's visit"
    CHEESE = "cheese"
    WOOL = "wool"
    DINNER = "dinner"
    CLOTH = "cloth"
    POTS = "pots"
    WAGES = "wages"


class Need(NamedTuple):
    """Something a villager buys: from whom, what, for how much, and how often beside the rest."""

    seller: Trade
    good: Good
    least: int  # micropai
    most: int
    weight: int


def _need(seller: Trade, good: Good, least_pai: int, most_pai: int, weight: int) -> Need:
    return Need(seller, good, least_pai * MICROPAI_PER_PAI, most_pai * MICROPAI_PER_PAI, weight)


# What everybody needs, and what each trade needs for its work.
COMMON: Final = (
    _need(Trade.BAKER, Good.BREAD, 2, 6, 6),
    _need(Trade.SHOP, Good.GROCERIES, 5, 25, 6),
    _need(Trade.SHEPHERD, Good.CHEESE, 4, 12, 3),
    _need(Trade.FARMER, Good.VEGETABLES, 4, 15, 3),
    _need(Trade.COOK, Good.DINNER, 6, 14, 3),
    _need(Trade.TEACHER, Good.LESSONS, 10, 20, 2),
    _need(Trade.WEAVER, Good.CLOTH, 10, 30, 1),
    _need(Trade.POTTER, Good.POTS, 5, 15, 1),
    _need(Trade.DOCTOR, Good.VISIT, 10, 30, 1),
    _need(Trade.CARPENTER, Good.REPAIR, 15, 40, 1),
)
WORK: Final[Mapping[Trade, tuple[Need, ...]]] = {
    Trade.FARMER: (
        _need(Trade.SMITH, Good.TOOLS, 15, 40, 4),
        _need(Trade.SMITH, Good.HORSESHOES, 8, 20, 3),
    ),
    Trade.MILLER: (_need(Trade.FARMER, Good.GRAIN, 20, 50, 10),),
    Trade.BAKER: (
        _need(Trade.MILLER, Good.FLOUR, 20, 50, 8),
        _need(Trade.FARMER, Good.GRAIN, 10, 30, 3),
    ),
    Trade.SHOP: (
        _need(Trade.BAKER, Good.BREAD_FOR_SALE, 20, 45, 6),
        _need(Trade.FARMER, Good.VEGETABLES, 20, 40, 6),
        _need(Trade.POTTER, Good.POTS, 10, 30, 2),
        _need(Trade.WEAVER, Good.CLOTH, 15, 40, 2),
    ),
    Trade.COOK: (
        _need(Trade.FARMER, Good.VEGETABLES, 10, 25, 6),
        _need(Trade.SHEPHERD, Good.CHEESE, 8, 20, 4),
    ),
    Trade.WEAVER: (_need(Trade.SHEPHERD, Good.WOOL, 15, 40, 8),),
    Trade.TEACHER: (_need(Trade.CARPENTER, Good.FURNITURE, 15, 40, 3),),
    Trade.DOCTOR: (_need(Trade.CARPENTER, Good.FURNITURE, 15, 40, 2),),
}
# Who has hands working for him, and how many at most.
EMPLOYERS: Final[Mapping[Trade, int]] = {Trade.FARMER: 5, Trade.SHOP: 3, Trade.CARPENTER: 2}

WAGE_CENTS: Final = (800, 1_800)
# One decision in so many is of this kind.
PAYDAY_EVERY: Final = 6
SAVING_EVERY: Final = 12
RETURN_EVERY: Final = 30
RICH: Final = 550 * MICROPAI_PER_PAI  # above, somebody puts a part away
POOR: Final = 40 * MICROPAI_PER_PAI  # below, somebody breaks his savings
NORMAL: Final = 400 * MICROPAI_PER_PAI  # with so much, somebody buys as much as usual
SAVED_PERIODS: Final = (3, 6)
SAVED_SHARE: Final = 8  # an eighth of what he has
DEPOSITS_MAX: Final = 3


class Villager(NamedTuple):
    """A person by number, and his trade."""

    number: int
    trade: Trade


class Means(NamedTuple):
    """What somebody has at hand: spendable, and deposits that he may return early."""

    balance: int
    deposits: tuple[tuple[int, int], ...]  # number and amount


class Purchase(NamedTuple):
    """Pay a neighbour for something."""

    seller: int
    good: Good
    amount: int


class Payroll(NamedTuple):
    """Pay several neighbours their wages in one transaction."""

    wages: tuple[tuple[int, int], ...]  # number and amount


class Saving(NamedTuple):
    """Put money away for some periods."""

    amount: int
    periods: int


class Return(NamedTuple):
    """Return a deposit early, at the price of its demurrage."""

    deposit: int
    amount: int


Decision = Purchase | Payroll | Saving | Return


def settle_village(size: int) -> list[Villager]:
    """So many villagers: each trade once, then again from the beginning."""
    trades = list(Trade)
    return [Villager(number, trades[number % len(trades)]) for number in range(size)]


def decide(
    villager: Villager, village: Sequence[Villager], means: Means, rng: Random
) -> Decision | None:
    """What the villager does next with his means; None: nothing just now."""
    if means.balance < POOR:
        if means.deposits:
            return Return(*means.deposits[0])
    else:
        employees = EMPLOYERS.get(villager.trade, 0)
        if employees and rng.randrange(PAYDAY_EVERY) == 0:
            return _pay_wages(villager, village, means, rng, employees)
        if means.balance > RICH and rng.randrange(SAVING_EVERY) == 0:
            return _save(means, rng)
        if means.deposits and rng.randrange(RETURN_EVERY) == 0:
            return Return(*rng.choice(means.deposits))
    return _buy(villager, village, means, rng)


def _pay_wages(
    employer: Villager, village: Sequence[Villager], means: Means, rng: Random, most: int
) -> Payroll | None:
    neighbours = [item.number for item in village if item.number != employer.number]
    hands = sorted(rng.sample(neighbours, min(most, len(neighbours))))
    wages = tuple((number, rng.randrange(*WAGE_CENTS) * CENT) for number in hands)
    return Payroll(wages) if wages and sum(pay for _, pay in wages) <= means.balance else None


def _save(means: Means, rng: Random) -> Saving | None:
    if len(means.deposits) >= DEPOSITS_MAX:
        return None
    whole_pai = means.balance // SAVED_SHARE // MICROPAI_PER_PAI
    return Saving(whole_pai * MICROPAI_PER_PAI, rng.randint(*SAVED_PERIODS))


def _buy(
    buyer: Villager, village: Sequence[Villager], means: Means, rng: Random
) -> Purchase | None:
    """Something he needs and can pay, from one of those who sell it."""
    sellers: dict[Trade, list[int]] = {}
    for item in village:
        if item.number != buyer.number:
            sellers.setdefault(item.trade, []).append(item.number)
    needs = [need for need in (*COMMON, *WORK.get(buyer.trade, ())) if need.seller in sellers]
    if not needs:
        return None
    (need,) = rng.choices(needs, [need.weight for need in needs])
    usual = rng.randrange(need.least, need.most + 1)
    # Who has more buys more: else all money would end up where most is sold.
    wanted = usual * min(max(means.balance, NORMAL // 4), 4 * NORMAL) // NORMAL
    amount = min(max(wanted // CENT * CENT, CENT), means.balance // 2 // CENT * CENT)
    return Purchase(rng.choice(sellers[need.seller]), need.good, amount) if amount else None
