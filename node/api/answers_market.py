"""From the ledger's rows to answers about the market. Each scans tables: call it at the desk."""

from collections.abc import Iterator
from itertools import islice
from typing import Final, NamedTuple

from chain.goods import ANYWHERE, is_reachable, is_under
from chain.kept import read_numbered, read_row, read_rows
from chain.ledger import Ledger
from chain.policy import AccountId
from chain.rules.market import FACT, NO_TRADER, bring_record
from chain.tables import (
    CHAINS,
    DELIVERIES,
    LISTINGS,
    RECOVERIES,
    TRADERS,
    Chain,
    Delivery,
    Listing,
    Order,
)
from chain.units import MICROPAI_PER_PAI, format_pai
from node.api.schema import write_address
from node.api.schema_market import (
    ChainAnswer,
    ChainsAnswer,
    DeliveryAnswer,
    ListingAnswer,
    ListingsAnswer,
    OrderAnswer,
    PriceAnswer,
    PricesAnswer,
    RoomAnswer,
    RoomsAnswer,
    TradeAnswer,
    TraderAnswer,
)
from node.prices import PRICE_PERIODS, read_prices

PAGE_MAX: Final = 200
ROOMS_MAX: Final = 20_000


class Search(NamedTuple):
    """Which offers and wants are looked for; empty words: any."""

    good: str = ""
    place: str = ANYWHERE
    is_want: bool | None = None
    begin: int = 0
    limit: int = PAGE_MAX


def build_listings_answer(ledger: Ledger, slot: int, search: Search) -> ListingsAnswer:
    """Open offers and wants in a category and a place."""
    found = (
        (number, row)
        for number, row in read_numbered(ledger.store, LISTINGS)
        if number >= search.begin
        and row.until_slot >= slot
        and search.is_want in (None, row.is_want)
        and (not search.good or is_under(row.good, search.good))
        and is_reachable(row.place, search.place)
    )
    page = list(islice(found, search.limit + 1))
    following = page[search.limit][0] if len(page) > search.limit else None
    prefix = ledger.genesis.prefix
    return ListingsAnswer(
        listings=[_build_listing(prefix, *item) for item in page[: search.limit]], next=following
    )


def build_chains_answer(ledger: Ledger, slot: int, account_id: AccountId | None) -> ChainsAnswer:
    """Chains that wait, of which an account is part, or all."""
    chains: list[ChainAnswer] = []
    for number, row in read_numbered(ledger.store, CHAINS):
        if row.expires_slot < slot or len(chains) >= PAGE_MAX:
            continue
        answer = _build_chain(ledger, slot, number, row)
        mine = None if account_id is None else write_address(ledger.genesis.prefix, account_id)
        people = {address for item in answer.trades for address in (item.seller, item.buyer)}
        if mine is None or mine in people or mine == answer.proposer:
            chains.append(answer)
    return ChainsAnswer(chains=chains)


def build_rooms_answer(ledger: Ledger, slot: int) -> RoomsAnswer:
    """The standing orders that count."""
    period = slot // ledger.constants.slots_per_period
    return RoomsAnswer(
        rooms=[
            RoomAnswer(
                account=write_address(ledger.genesis.prefix, account_id),
                give=format_pai(order.give_max + order.moved),
                take=format_pai(order.take_max - order.moved),
                chains=order.chains_a_period - (order.chains if order.period == period else 0),
            )
            for account_id, order in islice(_read_orders(ledger), ROOMS_MAX)
            if _counts(ledger, slot, account_id, order)
        ]
    )


def build_prices_answer(ledger: Ledger, slot: int) -> PricesAnswer:
    """At what prices goods were really traded."""
    since = slot - PRICE_PERIODS * ledger.constants.slots_per_period
    return PricesAnswer(
        prices=[
            PriceAnswer(good=good, price=format_pai(price))
            for good, price in read_prices(ledger.store, since).items()
        ]
    )


def build_trader_answer(ledger: Ledger, slot: int, account_id: AccountId) -> TraderAnswer:
    """What an account has open, and what is on its way to it."""
    data = read_row(ledger.store, TRADERS.prefix + account_id)
    stored = NO_TRADER if data is None else TRADERS.codec.decode(data)
    constants = ledger.constants
    row = bring_record(stored, constants.credit_keep, slot // constants.slots_per_period)
    order = row.order
    prefix = ledger.genesis.prefix
    return TraderAnswer(
        address=write_address(prefix, account_id),
        order=None if order is None else _build_order(ledger, slot, account_id, order),
        listings=[
            _build_listing(prefix, number, item)
            for number, item in read_numbered(ledger.store, LISTINGS)
            if item.account == account_id
        ],
        deliveries=[
            _build_delivery(prefix, number, item)
            for number, item in read_numbered(ledger.store, DELIVERIES)
            if account_id in (item.seller, item.buyer)
        ],
        overdue=row.overdue,
        delivered=_write_count(row.delivered),
        late=_write_count(row.late),
        disputed=_write_count(row.disputed),
        kept=_write_count(row.kept),
    )


def _read_orders(ledger: Ledger) -> Iterator[tuple[AccountId, Order]]:
    for key, data in read_rows(ledger.store, TRADERS.prefix):
        order = TRADERS.codec.decode(data).order
        if order is not None:
            yield AccountId(key[len(TRADERS.prefix) :]), order


def _counts(ledger: Ledger, slot: int, account_id: AccountId, order: Order) -> bool:
    data = read_row(ledger.store, RECOVERIES.prefix + account_id)
    recovered = -1 if data is None else RECOVERIES.codec.decode(data).recovered_slot
    return slot <= order.until_slot and recovered < order.since_slot


def _write_count(count: int) -> str:
    """A count of a record, of which a part may have faded, down to a hundredth of a fact."""
    hundredths = count * 100 // FACT
    return format_pai(hundredths * MICROPAI_PER_PAI // 100)


def _build_order(ledger: Ledger, slot: int, account_id: AccountId, order: Order) -> OrderAnswer:
    sign = "-" if order.moved < 0 else ""
    return OrderAnswer(
        give_max=format_pai(order.give_max),
        take_max=format_pai(order.take_max),
        chains_a_period=order.chains_a_period,
        until_slot=order.until_slot,
        moved=sign + format_pai(abs(order.moved)),
        counts=_counts(ledger, slot, account_id, order),
    )


def _build_listing(prefix: str, number: int, row: Listing) -> ListingAnswer:
    return ListingAnswer(
        number=number,
        account=write_address(prefix, row.account),
        is_want=row.is_want,
        good=row.good,
        unit=row.unit,
        price=format_pai(row.price),
        left=row.left,
        place=row.place,
        until_slot=row.until_slot,
        note=row.note,
    )


def _build_chain(ledger: Ledger, slot: int, number: int, row: Chain) -> ChainAnswer:
    prefix = ledger.genesis.prefix
    trades: list[TradeAnswer] = []
    for leg in row.legs:
        offer, want = _find_open(ledger, slot, leg.offer), _find_open(ledger, slot, leg.want)
        if offer is None or want is None:
            trades = []
            break
        trades.append(
            TradeAnswer(
                offer=leg.offer,
                want=leg.want,
                seller=write_address(prefix, offer.account),
                buyer=write_address(prefix, want.account),
                good=offer.good,
                unit=offer.unit,
                quantity=leg.quantity,
                price=format_pai(offer.price),
            )
        )
    return ChainAnswer(
        number=number,
        proposer=write_address(prefix, row.proposer),
        digest=row.digest.hex(),
        expires_slot=row.expires_slot,
        consented=[write_address(prefix, item.account) for item in row.consents],
        trades=trades,
    )


def _find_open(ledger: Ledger, slot: int, number: int) -> Listing | None:
    data = read_row(ledger.store, LISTINGS.prefix + number.to_bytes(8, "big"))
    row = None if data is None else LISTINGS.codec.decode(data)
    return row if row is not None and row.until_slot >= slot else None


def _build_delivery(prefix: str, number: int, row: Delivery) -> DeliveryAnswer:
    return DeliveryAnswer(
        number=number,
        seller=write_address(prefix, row.seller),
        buyer=write_address(prefix, row.buyer),
        chain=row.chain,
        good=row.good,
        unit=row.unit,
        left=row.left,
        price=format_pai(row.price),
        due_period=row.due_period,
        overdue=row.overdue,
    )
