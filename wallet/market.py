"""What a node tells of the market, as its clients see it (docs/api.md), and chains in words.

A chain is told as whoever is asked lives it: what he gives, what comes round to him, what he pays.
What he then signs is the hash of exactly that, reckoned here and not taken from the node.
"""

from collections.abc import Iterable, Sequence
from typing import Final, TypeVar

from msgspec.structs import replace

from chain.actions import Leg
from chain.terms import Term, compute_terms_digest
from wallet.client import Answer, Micropai, NodeClient, Octets
from wallet.community import Community
from wallet.show import tell_pai
from wallet.terminal import Exit, Failure
from wallet.words import Words

PAGES_MAX: Final = 100  # of one answer: 20,000 listings


class ListingAnswer(Answer, frozen=True):
    """An offer, or a want."""

    number: int
    account: str
    is_want: bool
    good: str
    unit: str
    price: Micropai
    left: int
    place: str
    until_slot: int
    note: str = ""


class ListingsAnswer(Answer, frozen=True):
    """A page of ``GET /v1/market/listings``."""

    listings: tuple[ListingAnswer, ...]
    next: int | None = None


class TradeAnswer(Answer, frozen=True):
    """One trade of a chain."""

    offer: int
    want: int
    seller: str
    buyer: str
    good: str
    unit: str
    quantity: int
    price: Micropai

    @property
    def amount(self) -> int:
        """What the buyer pays, in micropai."""
        return self.price * self.quantity


class ChainAnswer(Answer, frozen=True):
    """A chain that waits."""

    number: int
    proposer: str
    digest: Octets
    expires_slot: int
    consented: tuple[str, ...]
    trades: tuple[TradeAnswer, ...]
    covered: tuple[str, ...] = ()  # by a standing order that admits it now

    @property
    def people(self) -> set[str]:
        """Everybody in it."""
        return {address for item in self.trades for address in (item.seller, item.buyer)}

    @property
    def legs(self) -> list[Leg]:
        """Its trades as the ledger names them."""
        return [Leg(item.offer, item.want, item.quantity) for item in self.trades]

    @property
    def waited_for(self) -> set[str]:
        """Whose consent is missing."""
        return self.people - set(self.consented) - set(self.covered)


class ChainsAnswer(Answer, frozen=True):
    """A page of ``GET /v1/market/chains``."""

    chains: tuple[ChainAnswer, ...]
    next: int | None = None


class RoomAnswer(Answer, frozen=True):
    """What somebody's standing order still admits."""

    account: str
    give: Micropai
    take: Micropai
    chains: int


class RoomsAnswer(Answer, frozen=True):
    """A page of ``GET /v1/market/rooms``."""

    rooms: tuple[RoomAnswer, ...]
    next: str | None = None


class PriceAnswer(Answer, frozen=True):
    """What a unit of a good was receipted at, in the middle."""

    good: str
    price: Micropai


class PricesAnswer(Answer, frozen=True):
    """``GET /v1/market/prices``."""

    prices: tuple[PriceAnswer, ...]


class OrderAnswer(Answer, frozen=True):
    """A standing order."""

    give_max: Micropai
    take_max: Micropai
    chains_a_period: int
    until_slot: int
    moved: str
    counts: bool


class DeliveryAnswer(Answer, frozen=True):
    """Goods on their way."""

    number: int
    seller: str
    buyer: str
    chain: int
    good: str
    unit: str
    left: int
    price: Micropai
    due_period: int
    overdue: bool


class TraderAnswer(Answer, frozen=True):
    """A page of ``GET /v1/accounts/{address}/market``."""

    address: str
    listings: tuple[ListingAnswer, ...]
    deliveries: tuple[DeliveryAnswer, ...]
    overdue: int
    delivered: Micropai  # millionths of a fact, likewise the others: they fade
    late: Micropai
    disputed: Micropai
    kept: Micropai
    order: OrderAnswer | None = None
    next: int | None = None


PageT = TypeVar("PageT", ListingsAnswer, ChainsAnswer, TraderAnswer, RoomsAnswer)


async def read_listings(client: NodeClient, **query: str) -> list[ListingAnswer]:
    """All open offers and wants that a query finds."""
    pages = await _read_pages(client, "/v1/market/listings", ListingsAnswer, **query)
    return [item for page in pages for item in page.listings]


async def read_chains(client: NodeClient, address: str | None = None) -> list[ChainAnswer]:
    """The chains that wait, all or those that an account is part of."""
    query = {} if address is None else {"account": address}
    pages = await _read_pages(client, "/v1/market/chains", ChainsAnswer, **query)
    return [item for page in pages for item in page.chains]


async def read_trader(client: NodeClient, address: str) -> TraderAnswer:
    """What an account has open."""
    pages = await _read_pages(client, f"/v1/accounts/{address}/market", TraderAnswer)
    return replace(
        pages[0],
        listings=tuple(item for page in pages for item in page.listings),
        deliveries=tuple(item for page in pages for item in page.deliveries),
    )


async def read_rooms(client: NodeClient) -> list[RoomAnswer]:
    """Everybody's standing orders."""
    pages = await _read_pages(client, "/v1/market/rooms", RoomsAnswer)
    return [item for page in pages for item in page.rooms]


async def _read_pages(
    client: NodeClient, path: str, kind: type[PageT], **query: str
) -> list[PageT]:
    """An answer's pages, one after another."""
    pages: list[PageT] = []
    for _ in range(PAGES_MAX):
        page = await client.get(path, kind, **query)
        pages.append(page)
        if page.next is None:
            break
        query = {**query, "from": str(page.next)}
    return pages


async def read_prices(client: NodeClient) -> dict[str, int]:
    """The median prices of receipted trades, by good, in micropai."""
    answer = await client.get("/v1/market/prices", PricesAnswer)
    return {item.good: int(item.price) for item in answer.prices}


def compute_digest(community: Community, chain: ChainAnswer) -> bytes:
    """The hash of what the chain is told to be. Raises Failure when the node says another."""
    digest = compute_terms_digest(
        community.chain,
        [
            Term(
                Leg(item.offer, item.want, item.quantity),
                community.parse_address(item.seller),
                community.parse_address(item.buyer),
                item.good,
                item.unit,
                int(item.price),
            )
            for item in chain.trades
        ],
        chain.expires_slot,
    )
    if digest != chain.digest:
        raise Failure(
            Exit.REFUSED,
            "Chain {number} cannot happen as it was proposed: a price has changed, or the node "
            "does not tell the truth about it.",
            number=chain.number,
        )
    return digest


def compute_delta(chain: Sequence[TradeAnswer], address: str) -> int:
    """What the trades do to an account's balance, in micropai."""
    return sum(item.amount * ((item.seller == address) - (item.buyer == address)) for item in chain)


def tell_chain(
    words: Words, trades: Sequence[TradeAnswer], address: str, names: dict[str, str]
) -> list[str]:
    """What happens, one sentence a trade, from the account's own giving on; then what it pays."""
    told = [_tell_trade(words, item, address, names) for item in order_trades(trades, address)]
    delta = compute_delta(trades, address)
    if delta < 0:
        told.append(words.say("you pay {amount}", amount=tell_pai(words, -delta)))
    elif delta > 0:
        told.append(words.say("you get {amount}", amount=tell_pai(words, delta)))
    else:
        told.append(words.say("you neither pay nor get money"))
    return told


def order_trades(trades: Iterable[TradeAnswer], address: str) -> list[TradeAnswer]:
    """The trades as goods go round, beginning with what the account gives."""
    rest, ordered = list(trades), list[TradeAnswer]()
    at = address
    while rest:
        following = next((item for item in rest if item.seller == at), rest[0])
        rest.remove(following)
        ordered.append(following)
        at = following.buyer
    return ordered


def _tell_trade(words: Words, trade: TradeAnswer, address: str, names: dict[str, str]) -> str:
    goods = f"{words.number(trade.quantity)} {trade.unit} {trade.good}"
    seller, buyer = (names.get(item, item) for item in (trade.seller, trade.buyer))
    if trade.seller == address:
        return words.say("you give {goods} to {buyer}", goods=goods, buyer=buyer)
    if trade.buyer == address:
        return words.say("{seller} gives {goods} to you", goods=goods, seller=seller)
    return words.say("{seller} gives {goods} to {buyer}", goods=goods, seller=seller, buyer=buyer)
