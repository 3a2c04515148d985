"""The market in blocks: signed, with demurrage, told in histories, and followed by an auditor.

Each promise of the market is broken by one planted row.
"""

from collections.abc import Sequence
from typing import Any, cast

import pytest
from msgspec.structs import replace

from chain.actions import (
    AcceptChain,
    ConfirmDelivery,
    Leg,
    Offer,
    PayInvoice,
    ProposeChain,
    SetOrder,
    Want,
)
from chain.changes import Change
from chain.codec import Record
from chain.crypto import u64
from chain.errors import InvariantBroken
from chain.invariants import check_invariants
from chain.kept import read_rows
from chain.rules.market import FACT, NO_TRADER
from chain.rules.shelves import OPEN, replace_obligation
from chain.rules.units import count_new_rows
from chain.state import State
from chain.store import MemoryStore
from chain.tables import (
    DELIVERIES,
    LISTINGS,
    TRADERS,
    Delivery,
    Listing,
    Obligation,
    Order,
    Shortfall,
    Table,
    Trader,
)
from node.audit.run import Audit, Trust
from node.audit.source import Source
from node.prices import read_prices
from tests.community import PAI, Community, get_account_id
from tests.identity_world import act, wait
from tests.unit.test_history import Record as ChainRecord

EMMA, FARID = get_account_id("emma"), get_account_id("farid")
UNTIL = 2_000


def trade(record: ChainRecord) -> None:
    """Emma sells Farid milk for 3 pai, of which he receives a third; she makes good the rest."""
    record.act("emma", Offer("food/milk", "l", PAI, 9, "", UNTIL, ""), SetOrder(0, 9 * PAI, 9, 999))
    record.act("farid", Want("food", "l", PAI, 5, "", UNTIL, ""))
    record.act("galina", ProposeChain((Leg(0, 1, 3),), 99, None))
    digest = record.community.ledger.state.chains.require(u64(2)).digest
    record.act("farid", AcceptChain(2, digest))
    record.act("farid", ConfirmDelivery(3, 1))
    record.extend(after=220)
    record.act("emma", PayInvoice(0, FARID, 2 * PAI))


def test_histories_tell_what_chains_did() -> None:
    record = ChainRecord()
    trade(record)
    assert [item for item in record.look("emma") if item[0] not in ("fee", "shared")] == [
        ("offered", 0), ("order", 0), ("traded", 3 * PAI), ("undelivered", 2 * PAI),
        ("paid", 2 * PAI),
    ]  # fmt: skip
    assert [item for item in record.look("farid") if item[0] not in ("fee", "shared")] == [
        ("wanted", 0), ("traded_for", 3 * PAI), ("receipt", 0), ("missed", 2 * PAI),
        ("received", 2 * PAI),
    ]  # fmt: skip


def test_prices_are_those_of_receipts_and_go_with_their_blocks() -> None:
    record = ChainRecord()
    trade(record)
    store = record.keeper.ledger.store
    assert read_prices(store, 0) == {"food/milk": PAI}
    assert read_prices(store, record.keeper.ledger.head.slot) == {}
    for _ in range(3):
        record.keeper.undo()
    assert read_prices(store, 0) == {}


def test_an_auditor_follows_chains_and_shortfalls() -> None:
    record = ChainRecord()
    trade(record)
    community = record.community
    blocks = (block.whole_bytes for block in community.ledger.get_blocks())
    run = Audit(Source("test", community.genesis, blocks, None, None, None), Trust(), clock=2e9)
    for _ in run.run(MemoryStore()):
        pass
    assert run.findings == []


def test_a_block_that_trades_can_be_undone() -> None:
    community = Community()
    act(community, "emma", Offer("food/milk", "l", PAI, 3, "", UNTIL, ""))
    act(community, "farid", Want("food", "l", PAI, 3, "", UNTIL, ""))
    act(community, "farid", SetOrder(9 * PAI, 0, 9, UNTIL))
    act(community, "emma", SetOrder(0, 9 * PAI, 9, UNTIL))
    before, root = read_all(community), community.ledger.root
    act(community, "galina", ProposeChain((Leg(0, 1, 3),), 99, None))
    assert community.ledger.state.listings.get(u64(0)) is None
    assert read_all(community) != before
    community.ledger.undo()
    assert (read_all(community), community.ledger.root) == (before, root)


def test_an_account_that_trades_stays() -> None:
    community = Community()
    act(community, "emma", Offer("food/milk", "l", PAI, 3, "", UNTIL, ""))
    wait(community, 3)
    assert community.ledger.state.traders.get(EMMA) is not None


def read_all(community: Community) -> list[tuple[bytes, bytes]]:
    return list(read_rows(community.ledger.store))


def test_legs_weigh_what_they_write() -> None:
    chain = ProposeChain((Leg(0, 1, 1), Leg(2, 3, 1)), 9, None)
    assert count_new_rows([chain]) == 6
    assert count_new_rows([Offer("a", "b", 1, 1, "", 1, ""), SetOrder(1, 1, 1, 1)]) == 3


# Invariants: each is broken by one planted row


LISTING = Listing(EMMA, False, "food/milk", "l", PAI, 3, "", UNTIL, "")
ORDER = Order(5, 5, 2, UNTIL, 0, 5, 0, 2)
TRADER = Trader(ORDER, 1, 0, 0, 0, 0, FACT, 0, 0, 0, 4)
DELIVERY = Delivery(EMMA, FARID, 2, 0, "food/milk", "l", PAI, 3, 7, 9, False)
OWED = Obligation(
    0, EMMA, FARID, 3 * PAI, 3 * PAI, 7, "food/milk", None, OPEN, 9, True, True, 90, None, True,
    Shortfall(1, 90),
)  # fmt: skip

KEY = u64(1)
NO_ORDER = replace(TRADER, order=None, listings=0)


def change(table: Table[Any], key: bytes, before: object, after: object) -> Change:
    """One changed row."""
    return Change(table, key, cast("Record", before), cast("Record", after))


def owe(before: Obligation | None, after: Obligation | None) -> list[Change]:
    """What changes when one obligation takes the place of another; of none."""
    rows: dict[bytes, bytes] = {}
    state = State(rows.get)
    for old, new in ((None, before), (before, after)):
        if old or new:
            replace_obligation(state, old, new)
        changes, _ = state.take_changes()
        state.keep(changes)
    return list(changes)


def count_overdue(before: int, after: int, **record: int) -> Change:
    """What Emma's row tells of it."""
    rows = replace(NO_ORDER, overdue=before), replace(NO_ORDER, overdue=after, **record)
    return change(TRADERS, EMMA, *rows)


def receive(**record: int) -> list[Change]:
    """A delivery of Emma's ends, and this is her record after it."""
    trader = change(TRADERS, EMMA, replace(NO_ORDER, deliveries=1), replace(NO_ORDER, **record))
    buyer = change(TRADERS, FARID, replace(NO_TRADER, awaited=1), None)
    return [change(DELIVERIES, KEY, DELIVERY, None), trader, buyer]


FAIL: list[Change] = [
    change(DELIVERIES, KEY, DELIVERY, None),
    change(TRADERS, EMMA, replace(NO_ORDER, deliveries=1), replace(NO_ORDER, overdue=1)),
    change(TRADERS, FARID, replace(NO_TRADER, awaited=1), None),
]
BROKEN: list[tuple[int, Sequence[Change], Sequence[Change]]] = [
    (
        45,
        [change(LISTINGS, KEY, LISTING, replace(LISTING, account=FARID))],
        [change(LISTINGS, KEY, LISTING, replace(LISTING, price=1, left=1))],
    ),
    (
        45,
        [change(LISTINGS, KEY, LISTING, replace(LISTING, left=0))],
        [change(LISTINGS, KEY, LISTING, replace(LISTING, left=9))],
    ),
    (
        46,
        [change(TRADERS, EMMA, TRADER, replace(TRADER, order=replace(ORDER, moved=-6)))],
        [change(TRADERS, EMMA, TRADER, replace(TRADER, order=replace(ORDER, moved=-5)))],
    ),
    (
        46,
        [change(TRADERS, EMMA, TRADER, replace(TRADER, order=replace(ORDER, chains=3)))],
        [change(TRADERS, EMMA, TRADER, replace(TRADER, order=replace(ORDER, chains=1)))],
    ),
    (
        47,
        [change(LISTINGS, KEY, LISTING, None)],
        [change(LISTINGS, KEY, LISTING, None), change(TRADERS, EMMA, TRADER, NO_ORDER)],
    ),
    (
        48,
        [change(DELIVERIES, KEY, DELIVERY, replace(DELIVERY, left=4))],
        [change(DELIVERIES, KEY, DELIVERY, replace(DELIVERY, left=2))],
    ),
    (
        48,
        [
            change(DELIVERIES, KEY, DELIVERY, replace(DELIVERY, buyer=EMMA)),
            change(TRADERS, FARID, replace(NO_TRADER, awaited=1), None),
            change(TRADERS, EMMA, NO_ORDER, replace(NO_ORDER, awaited=1)),
        ],
        [change(DELIVERIES, KEY, DELIVERY, DELIVERY)],
    ),
    (
        50,
        [change(TRADERS, EMMA, TRADER, replace(TRADER, delivered=0))],
        [change(TRADERS, EMMA, TRADER, replace(TRADER, delivered=0, record_period=99))],
    ),
    (
        50,
        [change(TRADERS, EMMA, TRADER, replace(TRADER, delivered=2 * FACT, record_period=5))],
        [change(TRADERS, EMMA, TRADER, replace(TRADER, record_period=5))],
    ),
    (50, [change(TRADERS, EMMA, TRADER, replace(TRADER, record_period=3))], []),
    (50, [change(TRADERS, EMMA, NO_ORDER, None)], []),
    (50, receive(delivered=FACT + 1), receive(delivered=2 * FACT)),
    (50, receive(late=2 * FACT), receive(late=FACT)),
    (50, receive(kept=2 * FACT), receive(kept=FACT)),
    (
        50,
        [*owe(OWED, None), count_overdue(1, 0, kept=2 * FACT)],
        [*owe(OWED, None), count_overdue(1, 0, kept=FACT)],
    ),
    (
        50,
        [*owe(OWED, None), count_overdue(1, 0, disputed=FACT)],
        [*owe(OWED, replace(OWED, remaining=PAI)), count_overdue(1, 1)],
    ),
    (
        47,
        [change(TRADERS, FARID, replace(NO_TRADER, awaited=1), None)],
        [change(TRADERS, FARID, replace(NO_TRADER, awaited=1), replace(NO_TRADER, awaited=1))],
    ),
    (47, owe(OWED, None), [*owe(OWED, None), count_overdue(1, 0)]),
    (49, [*owe(None, OWED), count_overdue(0, 1)], [*owe(None, OWED), *FAIL]),
    (
        49,
        [*owe(None, replace(OWED, amount=4 * PAI)), *FAIL],
        [*owe(None, replace(OWED, remaining=PAI, creditor=bytes(32))), *FAIL],
    ),
    (
        49,
        owe(OWED, replace(OWED, shortfall=Shortfall(1, 0))),
        owe(OWED, replace(OWED, remaining=PAI)),
    ),
]


NUMBERS = {number for number, _, _ in BROKEN}


@pytest.mark.parametrize("index", range(len(BROKEN)))
def test_a_broken_promise_is_found(index: int) -> None:
    number, bad, good = BROKEN[index]
    with pytest.raises(InvariantBroken, match=rf"^L{number} "):
        check_invariants(bad)
    check_invariants(good)
