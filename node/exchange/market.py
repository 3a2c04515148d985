"""What a matchmaker sees of the market, and the relaxation that bounds what any chains could do.

Pai flow from buyers to their wants, on to offers that match, to sellers, and round through a hub by
what balances may change. Every set of chains is such a flow; so for any whole-number potentials
``sum of capacity * max(0, -reduced cost)`` is at least what any set of chains is worth.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from statistics import median_low
from typing import Final, NamedTuple

from msgspec.structs import replace

from chain.actions import Leg
from chain.goods import is_reachable, is_under
from chain.policy import AccountId
from chain.tables import Listing
from chain.units import MICROPAI_PER_PAI

WEIGHT_ONE: Final = 1_000  # the worth of an amount that is fully counted
MICROPAI_PER_FLOW: Final = 10_000  # flows are in hundredths of a pai; capacities are rounded up
TRADES_PER_WANT_MAX: Final = 64  # the cheapest: else whoever lists much could keep a search busy
PROPOSAL_PERIODS: Final = 3  # a proposed chain waits so long for consent


class Room(NamedTuple):
    """How far chains may still move an account's balance, and how many of them may."""

    give: int
    take: int
    chains: int


# What may be asked of somebody without a standing order: each chain waits for his consent.
ASKED: Final = Room(250 * MICROPAI_PER_PAI, 250 * MICROPAI_PER_PAI, 2)


class Trade(NamedTuple):
    """An offer that a want can take: by their numbers."""

    offer: int
    want: int


class Trades(NamedTuple):
    """Trades, ascending; ``whole``: no want had so many that some were left out."""

    items: Sequence[Trade]
    whole: bool


class Market(NamedTuple):
    """Open offers and wants by number, the room of each account in them, prices to count with."""

    listings: Mapping[int, Listing]
    rooms: Mapping[AccountId, Room]
    references: Mapping[str, int]  # median price of receipted trades, by good


class Arc(NamedTuple):
    """From node to node, so many hundredths of a pai, at a cost each."""

    source: int
    target: int
    capacity: int
    cost: int


class Relaxation(NamedTuple):
    """The network; the first arcs are the trades, in their order. ``whole``: none is left out."""

    nodes: int
    arcs: Sequence[Arc]
    trades: Sequence[Trade]
    whole: bool


def reserve(listings: Mapping[int, Listing], legs: Iterable[Leg]) -> dict[int, Listing]:
    """What is left of offers and wants if these trades happen."""
    left = {number: row.left for number, row in listings.items()}
    for leg in legs:
        left[leg.offer] -= leg.quantity
        left[leg.want] -= leg.quantity
    return {
        number: replace(row, left=left[number])
        for number, row in listings.items()
        if left[number] > 0
    }


def find_trades(market: Market) -> Trades:
    """The offers and wants that match, of each want the cheapest."""
    offers: dict[str, list[int]] = defaultdict(list)
    for _, number in sorted(
        (row.price, number) for number, row in market.listings.items() if not row.is_want
    ):
        for category in iterate_categories(market.listings[number].good):
            offers[category].append(number)
    found, whole = list[Trade](), True
    for wanted, want in market.listings.items():
        if not want.is_want or want.account not in market.rooms:
            continue
        fitting = (
            number
            for number in offers.get(want.good, ())
            if _fits(market, market.listings[number], want)
        )
        found += [Trade(number, wanted) for number in islice(fitting, TRADES_PER_WANT_MAX)]
        whole = whole and next(fitting, None) is None
    return Trades(sorted(found), whole)


def iterate_categories(good: str) -> Iterable[str]:
    """A good's path and all above it."""
    words = good.split("/")
    return ("/".join(words[:count]) for count in range(1, len(words) + 1))


def _fits(market: Market, offer: Listing, want: Listing) -> bool:
    return (
        offer.account != want.account
        and offer.account in market.rooms
        and offer.unit == want.unit
        and offer.price <= want.price
        and is_under(offer.good, want.good)
        and is_reachable(offer.place, want.place)
    )


def count_prices(market: Market) -> dict[int, int]:
    """What a unit of each offer counts for: its price, but no more than such goods really bring.

    Else two who sell each other a stone for a fortune would come before everybody's bread. A good
    that nobody has receipted yet counts as the middle of what is offered.
    """
    offers = {number: row for number, row in market.listings.items() if not row.is_want}
    middle = median_low([row.price for row in offers.values()]) if offers else 0
    return {
        number: min(row.price, market.references.get(row.good, max(row.price // 10, middle)))
        for number, row in offers.items()
    }


def build_relaxation(market: Market) -> Relaxation:
    """The network of a market."""
    trades, whole = find_trades(market)
    accounts = sorted(market.rooms)
    place = {account: index for index, account in enumerate(accounts)}
    numbers = sorted(market.listings)
    node = {number: len(accounts) + index for index, number in enumerate(numbers)}
    hub = len(accounts) + len(numbers)
    counted = count_prices(market)
    arcs = []
    for trade in trades:
        offer, want = market.listings[trade.offer], market.listings[trade.want]
        capacity = _count_flow(min(offer.left, want.left) * offer.price)
        worth = -(-WEIGHT_ONE * counted[trade.offer] // offer.price)  # upwards: still a bound
        arcs.append(Arc(node[trade.want], node[trade.offer], capacity, -worth))
    for number in numbers:
        row = market.listings[number]
        if row.account in place:
            capacity, home = _count_flow(row.left * row.price), place[row.account]
            ends = (home, node[number]) if row.is_want else (node[number], home)
            arcs.append(Arc(*ends, capacity, 0))
    for account in accounts:
        room = market.rooms[account]
        arcs.append(Arc(hub, place[account], _count_flow(room.give), 0))
        arcs.append(Arc(place[account], hub, _count_flow(room.take), 0))
    return Relaxation(hub + 1, arcs, trades, whole)


def compute_bound(relaxation: Relaxation, potentials: Sequence[int]) -> int:
    """What no set of chains can exceed, in micropai counted, by these potentials."""
    total = sum(
        arc.capacity * max(0, -(arc.cost + potentials[arc.source] - potentials[arc.target]))
        for arc in relaxation.arcs
    )
    return -(-total * MICROPAI_PER_FLOW // WEIGHT_ONE)


def _count_flow(amount_micropai: int) -> int:
    return -(-amount_micropai // MICROPAI_PER_FLOW)
