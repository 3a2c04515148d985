"""Finds chains of trades: from the relaxation's flow, and by looking for cycles in what is left.

Not a rule: whatever is proposed is judged by the ledger, and a chain touches nobody who has not
signed. Quantities are whole, so the amounts of a chain's legs differ a little: who takes part must
have room for that. The same market gives the same chains.
"""

from collections import defaultdict, deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from msgspec.structs import replace

from chain.actions import Leg
from chain.policy import AccountId
from chain.tables import Listing
from node.exchange.market import (
    Market,
    Relaxation,
    Room,
    Trade,
    build_relaxation,
    compute_bound,
    count_prices,
    find_trades,
)
from node.exchange.relaxation import solve

PEOPLE_MAX: Final = 7  # who could not tell a longer chain from a short one would not trust it
STEPS_MAX: Final = 4_000  # of one search for cycles
TRIES_MAX: Final = 60  # of quantities for one chain, and of chains through one account
STEPS_ALL_MAX: Final = 2_000_000  # of all searches for cycles: some seconds
CHAINS_MAX: Final = 256  # found at once
ROUNDS_MAX: Final = 12


# By which a chain is known again: offer, want and price of each of its trades, ascending.
Terms = tuple[tuple[int, int, int], ...]


class Found(NamedTuple):
    """Chains, what they are worth as counted, and what no chains could exceed.

    ``bound``: None when there is more to trade than was looked at.
    """

    chains: tuple[tuple[Leg, ...], ...]
    value: int
    bound: int | None


def find_chains(market: Market, avoided: Collection[Terms] = ()) -> Found:
    """Chains that can happen one after another; none of those to be ``avoided``.

    The relaxation is solved again on what is left, as long as that finds something: rounding to
    whole quantities leaves much of the first flow undone.
    """
    book = _Book(market, frozenset(avoided))
    relaxation = build_relaxation(market)
    solution = solve(relaxation)
    bound = compute_bound(relaxation, solution.potentials) if relaxation.whole else None
    for _ in range(ROUNDS_MAX):
        before = len(book.chains)
        for path in _split_flow(relaxation, market, solution.flows):
            book.take(path)
        if len(book.chains) == before:
            break
        relaxation = build_relaxation(book.get_rest())
        solution = solve(relaxation)
    for start in sorted(market.rooms):
        _take_cycles(book, start)
    return Found(tuple(book.chains), book.value, bound)


def get_terms(listings: Mapping[int, Listing], trades: Sequence[Trade | Leg]) -> Terms:
    """By what a chain of these trades is known again."""
    return tuple(sorted((item.offer, item.want, listings[item.offer].price) for item in trades))


def _take_cycles(book: "_Book", start: AccountId) -> None:
    """Take what cycles through an account there are, the shortest first."""
    tried = 0
    while tried < TRIES_MAX:
        for cycle in _iterate_cycles(book, start):
            tried += 1
            if book.take(cycle):
                break
            if tried >= TRIES_MAX:
                return
        else:
            return


class _Book:
    """What is left of a market while chains are taken from it."""

    def __init__(self, market: Market, avoided: frozenset[Terms]) -> None:
        self.market = market
        self.avoided = avoided
        self.steps = 0  # of searches so far
        self.left = {number: row.left for number, row in market.listings.items()}
        self.rooms = dict(market.rooms)
        self.chains: list[tuple[Leg, ...]] = []
        self.value = 0
        self.counted = count_prices(market)
        self.ways: dict[AccountId, list[Trade]] = defaultdict(list)
        for trade in find_trades(market).items:
            self.ways[market.listings[trade.want].account].append(trade)

    def get(self, number: int) -> Listing:
        return self.market.listings[number]

    def is_open(self, trade: Trade) -> bool:
        return self.left[trade.offer] > 0 and self.left[trade.want] > 0

    def take(self, path: Sequence[Trade]) -> bool:
        """Take the path's best whole quantities off the market; False when there are none."""
        if len(self.chains) >= CHAINS_MAX or get_terms(self.market.listings, path) in self.avoided:
            return False
        legs = fit_quantities(self.market.listings, self.left, self.rooms, path)
        if not legs:
            return False
        for account, delta in compute_moves(self.market.listings, legs).items():
            room = self.rooms[account]
            self.rooms[account] = Room(room.give + delta, room.take - delta, room.chains - 1)
        for leg in legs:
            self.left[leg.offer] -= leg.quantity
            self.left[leg.want] -= leg.quantity
            self.value += leg.quantity * self.counted[leg.offer]
        self.chains.append(legs)
        return True

    def get_rest(self) -> Market:
        """The market as it is without what was taken; prices count as they did."""
        listings = {
            number: replace(row, left=self.left[number])
            for number, row in self.market.listings.items()
            if self.left[number] and row.account in self.rooms and self.rooms[row.account].chains
        }
        return Market(listings, self.rooms, self.market.references)


def compute_moves(listings: Mapping[int, Listing], legs: Sequence[Leg]) -> dict[AccountId, int]:
    """What legs do to everybody's balance."""
    moves: dict[AccountId, int] = defaultdict(int)
    for leg in legs:
        offer = listings[leg.offer]
        moves[offer.account] += leg.quantity * offer.price
        moves[listings[leg.want].account] -= leg.quantity * offer.price
    return moves


def fit_quantities(
    listings: Mapping[int, Listing],
    left: Mapping[int, int],
    rooms: Mapping[AccountId, Room],
    path: Sequence[Trade],
) -> tuple[Leg, ...]:
    """Whole quantities, as many as there is room for, or nothing. Legs come out ascending."""
    prices = [listings[trade.offer].price for trade in path]
    caps = [min(left[trade.offer], left[trade.want]) for trade in path]
    if (
        not path
        or min(caps) < 1
        or len({number for trade in path for number in trade}) < 2 * len(path)
    ):
        return ()
    most = min(price * cap for price, cap in zip(prices, caps, strict=True))
    dearest = max(prices)
    whole = max(1, most // dearest)
    step = max(1, whole // TRIES_MAX)
    for count in range(whole, 0, -step):
        for target in (count * dearest, min(most, count * dearest + dearest // 2)):
            quantities = [
                max(1, min(cap, (2 * target + price) // (2 * price)))
                for price, cap in zip(prices, caps, strict=True)
            ]
            legs = tuple(sorted(map(_build_leg, path, quantities), key=_get_place))
            moves = compute_moves(listings, legs)
            if all(_has_room(rooms[account], delta) for account, delta in moves.items()):
                return legs
    return ()


def _build_leg(trade: Trade, quantity: int) -> Leg:
    return Leg(trade.offer, trade.want, quantity)


def _get_place(leg: Leg) -> tuple[int, int]:
    return leg.offer, leg.want


def _has_room(room: Room, delta: int) -> bool:
    return room.chains > 0 and -room.give <= delta <= room.take


def _split_flow(
    relaxation: Relaxation, market: Market, flows: Sequence[int]
) -> Iterator[list[Trade]]:
    """The flow as paths of trades from buyer to seller: cycles, or between two visits of the hub.

    Those of more people than a chain should have are left to the search for cycles.
    """
    rest: dict[AccountId, dict[Trade, int]] = defaultdict(dict)
    for trade, flow in zip(relaxation.trades, flows, strict=False):
        if flow:
            rest[market.listings[trade.want].account][trade] = flow
    for start in sorted(rest):
        while rest[start]:
            path, at = list[Trade](), start
            seen = {start: 0}
            while rest[at]:
                trade = max(rest[at], key=lambda item: (rest[at][item], item))
                path.append(trade)
                at = market.listings[trade.offer].account
                if at in seen:
                    path = path[seen[at] :]
                    break
                seen[at] = len(path)
            amount = min(rest[market.listings[item.want].account][item] for item in path)
            for item in path:
                flows_here = rest[market.listings[item.want].account]
                flows_here[item] -= amount
                if not flows_here[item]:
                    del flows_here[item]
            if len(path) <= PEOPLE_MAX:
                yield path


def _iterate_cycles(book: _Book, start: AccountId) -> Iterator[list[Trade]]:
    """Cycles of open trades through an account, as long as a chain may be; the shortest first."""
    last = min(book.steps + STEPS_MAX, STEPS_ALL_MAX)
    waiting: deque[tuple[AccountId, tuple[Trade, ...], frozenset[AccountId]]] = deque(
        [(start, (), frozenset((start,)))]
    )
    while waiting and book.steps < last:
        at, path, seen = waiting.popleft()
        for trade in book.ways.get(at, ()):
            book.steps += 1
            if not book.is_open(trade):
                continue
            seller = book.get(trade.offer).account
            if seller == start:
                yield [*path, trade]
            elif seller not in seen and len(path) + 1 < PEOPLE_MAX:
                waiting.append((seller, (*path, trade), seen | {seller}))
