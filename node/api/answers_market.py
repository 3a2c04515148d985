"""From the ledger's rows to answers about the market: a page at a time, made at the desk."""

from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

from chain.errors import Invalid
from chain.goods import ANYWHERE, is_reachable, is_under
from chain.kept import read_numbered, read_row, read_rows
from chain.ledger import Ledger
from chain.policy import AccountId
from chain.rules.barter import compute_deltas, find_deals, get_consents
from chain.rules.context import Context
from chain.rules.listings import use_order
from chain.rules.market import FACT, NO_TRADER, bring_record
from chain.state import State
from chain.store import Store
from chain.tables import (
    CHAINS,
    DELIVERIES,
    LISTINGS,
    TRADERS,
    Chain,
    Delivery,
    Listing,
    Order,
    Table,
)
from chain.units import MICROPAI_PER_PAI, format_pai
from node.api.paging import PAGE_MAX, SCAN_MAX, Scan, cut_page
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
from node.exchange.reading import get_room, open_state
from node.holdings import read_chains_of, read_held, read_holdings
from node.prices import PRICE_PERIODS, read_prices

_HELD: Final = (LISTINGS, DELIVERIES)


class Search(NamedTuple):
    """Which offers and wants are looked for; empty words: any."""

    good: str = ""
    place: str = ANYWHERE
    is_want: bool | None = None
    begin: int = 0
    limit: int = PAGE_MAX


def build_listings_answer(ledger: Ledger, slot: int, search: Search) -> ListingsAnswer:
    """Open offers and wants in a category and a place."""
    scan = Scan(read_numbered(ledger.store, LISTINGS, search.begin))
    found = (
        (number, row)
        for number, row in scan
        if row.until_slot >= slot
        and search.is_want in (None, row.is_want)
        and (not search.good or is_under(row.good, search.good))
        and is_reachable(row.place, search.place)
    )
    page, following = cut_page(found, search.limit)
    prefix = ledger.genesis.prefix
    return ListingsAnswer(
        listings=[_build_listing(prefix, *item) for item in page],
        next=scan.following if following is None else following,
    )


def build_chains_answer(
    ledger: Ledger, context: Context, account_id: AccountId | None, first: int, limit: int
) -> ChainsAnswer:
    """Chains that wait, of which an account is part, or all."""
    store, state = ledger.store, open_state(ledger.store)
    if account_id is None:
        numbered: Iterator[tuple[int, Chain]] = read_numbered(store, CHAINS, first)
    else:
        numbers = (number for number in read_chains_of(store, account_id) if number >= first)
        rows = ((number, read_held(store, CHAINS, number)) for number in numbers)
        numbered = ((number, row) for number, row in rows if row is not None)
    waiting = (item for item in numbered if item[1].expires_slot >= context.slot)
    page, following = cut_page(waiting, limit)
    return ChainsAnswer(
        chains=[_build_chain(ledger, state, context, *item) for item in page], next=following
    )


def build_rooms_answer(ledger: Ledger, context: Context, first: bytes, limit: int) -> RoomsAnswer:
    """The standing orders that count, by account from one on."""
    state, prefix = open_state(ledger.store), ledger.genesis.prefix
    rooms: list[RoomAnswer] = []
    following = None
    for index, (key, data) in enumerate(read_rows(ledger.store, TRADERS.prefix, first)):
        account_id, order = AccountId(key[1:]), TRADERS.codec.decode(data).order
        if len(rooms) == limit or index == SCAN_MAX:
            following = write_address(prefix, account_id)
            break
        room = None if order is None else get_room(state, context, account_id, order)
        if room is not None:
            rooms.append(
                RoomAnswer(
                    account=write_address(prefix, account_id),
                    give=format_pai(room.give),
                    take=format_pai(room.take),
                    chains=room.chains,
                )
            )
    return RoomsAnswer(rooms=rooms, next=following)


def build_prices_answer(ledger: Ledger, slot: int) -> PricesAnswer:
    """At what prices goods were really traded."""
    since = slot - PRICE_PERIODS * ledger.constants.slots_per_period
    return PricesAnswer(
        prices=[
            PriceAnswer(good=good, price=format_pai(price))
            for good, price in read_prices(ledger.store, since).items()
        ]
    )


def build_trader_answer(
    ledger: Ledger, context: Context, account_id: AccountId, first: int, limit: int
) -> TraderAnswer:
    """What an account has open, and what is on its way to it, by number from one on."""
    store, prefix = ledger.store, ledger.genesis.prefix
    data = read_row(store, TRADERS.prefix + account_id)
    stored = NO_TRADER if data is None else TRADERS.codec.decode(data)
    row = bring_record(stored, context.constants.credit_keep, context.period)
    order = row.order
    page, following = cut_page(read_holdings(store, account_id, first), limit)
    held = {table.prefix: _read_all(store, table, page) for table in _HELD}
    return TraderAnswer(
        address=write_address(prefix, account_id),
        order=None if order is None else _build_order(store, context, account_id, order),
        listings=[_build_listing(prefix, *item) for item in held[LISTINGS.prefix]],
        deliveries=[_build_delivery(prefix, *item) for item in held[DELIVERIES.prefix]],
        next=following,
        overdue=row.overdue,
        delivered=_write_count(row.delivered),
        late=_write_count(row.late),
        disputed=_write_count(row.disputed),
        kept=_write_count(row.kept),
    )


def _read_all(
    store: Store, table: Table[Any], page: Iterable[tuple[int, bytes]]
) -> list[tuple[int, Any]]:
    """The rows of one table among those of a page."""
    numbers = [number for number, prefix in page if prefix == table.prefix]
    rows = ((number, read_held(store, table, number)) for number in numbers)
    return [(number, row) for number, row in rows if row is not None]


def _write_count(count: int) -> str:
    """A count of a record, of which a part may have faded, down to a hundredth of a fact."""
    hundredths = count * 100 // FACT
    return format_pai(hundredths * MICROPAI_PER_PAI // 100)


def _build_order(
    store: Store, context: Context, account_id: AccountId, order: Order
) -> OrderAnswer:
    sign = "-" if order.moved < 0 else ""
    return OrderAnswer(
        give_max=format_pai(order.give_max),
        take_max=format_pai(order.take_max),
        chains_a_period=order.chains_a_period,
        until_slot=order.until_slot,
        moved=sign + format_pai(abs(order.moved)),
        counts=get_room(open_state(store), context, account_id, order) is not None,
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


def _build_chain(
    ledger: Ledger, state: State, context: Context, number: int, row: Chain
) -> ChainAnswer:
    prefix = ledger.genesis.prefix
    try:
        deals = find_deals(state, context, row.legs)
    except Invalid:
        deals = []
    deltas = compute_deltas(deals)
    consented = {item.account for item in get_consents(state, row)}
    return ChainAnswer(
        number=number,
        proposer=write_address(prefix, row.proposer),
        digest=row.digest.hex(),
        expires_slot=row.expires_slot,
        consented=[write_address(prefix, account) for account in sorted(consented)],
        covered=[
            write_address(prefix, account)
            for account, delta in deltas.items()
            if account not in consented and use_order(state, context, account, delta) is not None
        ],
        trades=[
            TradeAnswer(
                offer=deal.leg.offer,
                want=deal.leg.want,
                seller=write_address(prefix, deal.offer.account),
                buyer=write_address(prefix, deal.want.account),
                good=deal.offer.good,
                unit=deal.offer.unit,
                quantity=deal.leg.quantity,
                price=format_pai(deal.offer.price),
            )
            for deal in deals
        ],
    )


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
