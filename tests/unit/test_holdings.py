"""Who has a part in what: the index says what a look through all rows says, forwards and back."""

import pytest

from chain.actions import (
    AcceptChain,
    AcceptInvoice,
    ConfirmDelivery,
    DeclineChain,
    Leg,
    Offer,
    OfferInvoice,
    PayInvoice,
    ProposeChain,
    Reassign,
    Want,
    WithdrawListing,
)
from chain.crypto import u64
from chain.kept import INDEX, read_numbered
from chain.policy import AccountId
from chain.rules.shelves import list_pages
from chain.store import Store
from chain.tables import CHAINS, DELIVERIES, LISTINGS
from node.api.paging import SCAN_MAX, Scan, cut_page
from node.chainkeeper import ChainKeeper
from node.holdings import prepare, read_chains_of, read_holdings, read_obligations_of
from node.signatures import KnownSignatures
from tests.community import PAI, get_account_id
from tests.unit.test_history import Record

NAMES = ("emma", "farid", "galina", "hamit")
UNTIL = 2_000


def look(record: Record) -> dict[str, tuple[object, ...]]:
    """What the index says of everybody."""
    store = record.keeper.ledger.store
    return {
        name: (
            sorted(read_holdings(store, get_account_id(name), 0)),
            read_chains_of(store, get_account_id(name)),
            list(read_obligations_of(store, get_account_id(name), 0)),
        )
        for name in NAMES
    }


def look_through_all(record: Record) -> dict[str, tuple[object, ...]]:
    """The same without it."""
    store, state = record.keeper.ledger.store, record.keeper.ledger.state
    listings, chains = dict(read_numbered(store, LISTINGS)), dict(read_numbered(store, CHAINS))

    def find(account: AccountId) -> tuple[object, ...]:
        held = [(number, LISTINGS.prefix) for number, row in listings.items()
                if row.account == account]  # fmt: skip
        held += [(number, DELIVERIES.prefix) for number, row in read_numbered(store, DELIVERIES)
                 if account in (row.seller, row.buyer)]  # fmt: skip
        held += [(number, CHAINS.prefix) for number, row in chains.items()
                 if row.proposer == account]  # fmt: skip
        own = {number for number, row in listings.items() if row.account == account}
        parts = [
            number
            for number, row in chains.items()
            if row.proposer == account
            or own & {item for leg in row.legs for item in (leg.offer, leg.want)}
        ]
        owed = [
            item.number
            for _, entries in list_pages(state, 1_000)
            for item in entries
            if account in (item.debtor, item.creditor, item.heir)
        ]
        return sorted(held), sorted(parts), owed

    return {name: find(get_account_id(name)) for name in NAMES}


def read_index(store: Store) -> list[tuple[bytes, bytes]]:
    return [row for kind in b"mij" for row in store.items(INDEX + bytes([kind]))]


@pytest.fixture
def record() -> Record:
    """A market in which everything has happened once, and some invoices."""
    record = Record()
    emma, farid, galina = (get_account_id(name) for name in NAMES[:3])
    record.act("emma", Offer("food/milk", "l", PAI, 9, "", UNTIL, ""))
    record.act("farid", Want("food", "l", PAI, 9, "", UNTIL, ""))
    for _ in range(3):
        record.act("hamit", ProposeChain((Leg(0, 1, 2),), 99, None))
    digest = record.community.ledger.state.chains.require(u64(2)).digest
    record.act("farid", DeclineChain(3))
    record.act("farid", AcceptChain(2, digest))
    record.act("emma", AcceptChain(2, digest))
    (delivery,) = (number for number, _ in read_numbered(record.keeper.ledger.store, DELIVERIES))
    record.act("farid", ConfirmDelivery(delivery, 1))
    record.act("emma", WithdrawListing(0))
    record.act("emma", OfferInvoice(farid, 9 * PAI, 9, "", None, clearable=True))
    record.act("farid", AcceptInvoice(0, emma, 9 * PAI, clearable=True))
    record.act("emma", Reassign(0, galina))
    record.act("farid", PayInvoice(0, emma, PAI))
    record.act("galina", OfferInvoice(emma, PAI, 9, "", None, clearable=True))
    record.extend(after=220)
    return record


def test_the_index_says_what_all_rows_say_block_by_block(record: Record) -> None:
    seen = set()
    while record.keeper.ledger.head.height:
        found = look(record)
        assert found == look_through_all(record)
        seen.add(repr(found))
        record.keeper.undo()
    assert look(record) == look_through_all(record)
    assert len(seen) > 8
    assert read_index(record.keeper.ledger.store) == []


def test_a_store_without_it_gets_it_when_it_is_opened(record: Record) -> None:
    store = record.keeper.ledger.store
    rows = read_index(store)
    assert rows
    store.write([(key, None) for key, _ in rows], durable=False)
    prepare(store)
    assert read_index(store) == [], "it is made once"
    store.write([(INDEX + b"r", None)], durable=False)
    ChainKeeper(store, record.community.genesis, KnownSignatures())
    assert read_index(store) == rows


def test_a_page_says_where_the_next_one_begins() -> None:
    rows = [(number, str(number)) for number in range(0, 10, 2)]
    assert cut_page(rows, 2) == ([(0, "0"), (2, "2")], 4)
    assert cut_page(rows, 5) == (rows, None)
    scan = Scan((number, "") for number in range(SCAN_MAX + 5))
    assert len(list(scan)) == SCAN_MAX
    assert scan.following == SCAN_MAX
    few = Scan(rows)
    assert list(few) == rows
    assert few.following is None
