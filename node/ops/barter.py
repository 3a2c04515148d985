"""How a village trades without money: what each offers and wants, and what he does next about it.

Pure, like the village's market for money: whoever carries it out knows about wallets and networks.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from random import Random
from typing import Final, NamedTuple

from chain.units import MICROPAI_PER_PAI
from node.ops.market import Trade, Villager


class Ware(StrEnum):
    """What is traded in chains: a path from the wide to the narrow."""

    VEGETABLES = "food/vegetables"
    BREAD = "food/bread"
    GROCERIES = "food/groceries"
    TOOLS = "home/tools"
    LESSON = "work/lesson"
    REPAIR = "work/repair"
    FLOUR = "food/flour"
    VISIT = "work/doctor"
    CHEESE = "food/cheese"
    DINNER = "food/dinner"
    CLOTH = "home/cloth"
    POT = "home/pot"


class Unit(StrEnum):
    """What it is measured in."""

    KILO = "kg"
    PIECE = "piece"
    HOUR = "hour"
    METRE = "m"


class Supply(NamedTuple):
    """What a trade makes for chains, and the price of one in micropai."""

    ware: Ware
    unit: Unit
    price: int


def _supply(ware: Ware, unit: Unit, price_pai: int) -> Supply:
    return Supply(ware, unit, price_pai * MICROPAI_PER_PAI)


SUPPLIES: Final[Mapping[Trade, Supply]] = {
    Trade.FARMER: _supply(Ware.VEGETABLES, Unit.KILO, 2),
    Trade.BAKER: _supply(Ware.BREAD, Unit.PIECE, 3),
    Trade.SHOP: _supply(Ware.GROCERIES, Unit.KILO, 4),
    Trade.SMITH: _supply(Ware.TOOLS, Unit.PIECE, 8),
    Trade.TEACHER: _supply(Ware.LESSON, Unit.HOUR, 9),
    Trade.CARPENTER: _supply(Ware.REPAIR, Unit.HOUR, 10),
    Trade.MILLER: _supply(Ware.FLOUR, Unit.KILO, 2),
    Trade.DOCTOR: _supply(Ware.VISIT, Unit.HOUR, 10),
    Trade.SHEPHERD: _supply(Ware.CHEESE, Unit.KILO, 6),
    Trade.COOK: _supply(Ware.DINNER, Unit.PIECE, 5),
    Trade.WEAVER: _supply(Ware.CLOTH, Unit.METRE, 7),
    Trade.POTTER: _supply(Ware.POT, Unit.PIECE, 3),
}

OFFERED: Final = 120 * MICROPAI_PER_PAI  # worth of an offer
WANTED: Final = (25, 60)  # worth of a want, in pai
WANTS_OPEN: Final = 3
TOLERANCE: Final = 12 * MICROPAI_PER_PAI  # by so much chains may move a balance unasked, each way
ASKED_EVERY: Final = 4  # one in so many has no standing order and reads each chain


class Stall(NamedTuple):
    """What somebody has open: offers, what he wants, goods for him, how far his order is used.

    ``moved``: None without a standing order. ``arrivals``: numbers and quantities.
    """

    offers: int
    wants: frozenset[str]
    arrivals: tuple[tuple[int, int], ...]
    moved: int | None


class Offering(NamedTuple):
    """Offer so many of what he makes."""

    supply: Supply
    quantity: int


class Wanting(NamedTuple):
    """Want so many of something."""

    supply: Supply
    quantity: int


class Ordering(NamedTuple):
    """Let chains move his balance by so much each way."""

    tolerance: int


class Receiving(NamedTuple):
    """Sign for goods that have come."""

    delivery: int
    quantity: int


Deed = Offering | Wanting | Ordering | Receiving


def is_asked(villager: Villager) -> bool:
    """Whether somebody wants to read each chain before it happens."""
    return villager.number % ASKED_EVERY == ASKED_EVERY - 1


def plan(
    villager: Villager,
    village: Sequence[Villager],
    stall: Stall,
    rng: Random,
    tell: Mapping[Ware, str],
) -> list[Deed]:
    """What he does about his stall; ``tell``: what wares are called in listings."""
    deeds: list[Deed] = [Receiving(*item) for item in stall.arrivals]
    if not is_asked(villager) and (stall.moved is None or abs(stall.moved) > TOLERANCE // 2):
        deeds.append(Ordering(TOLERANCE))
    own = SUPPLIES[villager.trade]
    if not stall.offers:
        deeds.append(Offering(own, max(1, OFFERED // own.price)))
    made = {SUPPLIES[item.trade] for item in village} - {own}
    missing = sorted(item for item in made if tell[item.ware] not in stall.wants)
    count = min(len(missing), WANTS_OPEN - len(stall.wants))
    for supply in rng.sample(missing, max(0, count)):
        worth = rng.randint(*WANTED) * MICROPAI_PER_PAI
        deeds.append(Wanting(supply, max(1, worth // supply.price)))
    return deeds
