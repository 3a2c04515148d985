"""Barter in the second ledger, written from docs/protocol.md, section 23.

What a trader has open is counted anew from the rows after every change; his order and his record
alone are kept.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from tests.vectors.hashing import h, u64
from tests.vectors.packing import pack
from tests.vectors.replica_exchange import (
    BALANCE,
    DEBTOR,
    SHORTFALL,
    Books,
    get_owed,
    open_shortfall,
)
from tests.vectors.sharing import CURRENT

Row = list[Any]
FACT = 1_000_000
PERIODS_TO_DELIVER = 7
# Places in the row of a trader, of a delivery and of a listing.
ORDER, LISTINGS, PROPOSALS, DELIVERIES, AWAITED, OVERDUE = range(6)
DELIVERED, LATE, DISPUTED, KEPT, PERIOD = range(6, 11)
LEFT, DUE_PERIOD, CLAIM_PERIOD, IS_OVERDUE = 7, 8, 9, 10
OWNER, GOOD, UNIT, PRICE, LISTED, UNTIL = 0, 2, 3, 4, 5, 7


def get_trader(replica: Books, account: bytes) -> Row:
    """An account's row in the market, which there is from now on."""
    return replica.rows.setdefault(b"@" + account, [None, *[0] * 10])


def count_traders(replica: Books) -> None:
    """Write what everybody has open; who has nothing leaves no row."""
    rows, counts = replica.rows, Counter(_list_open(replica))
    for account, _ in counts:
        get_trader(replica, account)
    for key in [key for key in rows if key[:1] == b"@"]:
        for place in (LISTINGS, PROPOSALS, DELIVERIES, AWAITED, OVERDUE):
            rows[key][place] = counts[key[1:], place]
        if rows[key] == [None, *[0] * 10]:
            del rows[key]


def _list_open(replica: Books) -> Iterator[tuple[bytes, int]]:
    """Whose row counts what is open, and in which place; once for each."""
    for key, row in replica.rows.items():
        if key[:1] == b"9":
            yield row[OWNER], LISTINGS
        elif key[:1] == b"&":
            yield row[0], PROPOSALS
        elif key[:1] == b"1":
            yield row[0], DELIVERIES
            yield row[1], AWAITED
            if row[IS_OVERDUE]:
                yield row[0], OVERDUE
    for item in get_owed(replica).values():
        if item[SHORTFALL]:
            yield item[DEBTOR], OVERDUE


def note_fact(replica: Books, slot: int, account: bytes, *places: int) -> None:
    """Add facts to a record, after what was there has faded."""
    trader, period = get_trader(replica, account), slot // replica.constants["slots_per_period"]
    for place in (DELIVERED, LATE, DISPUTED, KEPT):
        if trader[place] and trader[PERIOD] != period:
            trader[place] = replica.credit.fade(trader[place], trader[PERIOD])
        trader[place] += FACT * (place in places)
    trader[PERIOD] = period


def _take_number(replica: Books, slot: int) -> int:
    period = slot // replica.constants["slots_per_period"]
    market = replica.rows.setdefault(b"4" + CURRENT, [0, period + 1])
    market[0] += 1
    return int(market[0] - 1)


def _note_end(replica: Books, slot: int, period: int, number: int) -> None:
    period = max(period, slot // replica.constants["slots_per_period"] + 1)
    day = replica.rows.setdefault(b"3" + u64(period), [[], 0])
    assert len(day[0]) < 128, "vectors fill no page"
    day[0] = [*day[0], number]


def _get_end(replica: Books, until_slot: int) -> int:
    return int(until_slot // replica.constants["slots_per_period"]) + 1


def act_market(  # noqa: C901 - a table of actions
    replica: Books, slot: int, account: bytes, action: Row
) -> None:
    """Do what an action of section 23 does; it is a good one."""
    rows, period = replica.rows, slot // replica.constants["slots_per_period"]
    match action:
        case [74 | 75 as kind, good, unit, price, quantity, place, until_slot, note]:
            number = _take_number(replica, slot)
            rows[b"9" + u64(number)] = [
                account, kind == 75, good, unit, price, quantity, place, until_slot, note
            ]  # fmt: skip
            _note_end(replica, slot, _get_end(replica, until_slot), number)
        case [76, number, price, quantity, until_slot]:
            row = rows[b"9" + u64(number)]
            if until_slot < row[UNTIL]:
                _note_end(replica, slot, _get_end(replica, until_slot), number)
            row[PRICE], row[LISTED], row[UNTIL] = price, quantity, until_slot
        case [77, number]:
            del rows[b"9" + u64(number)]
        case [78, give, take, chains, until_slot]:
            order = [give, take, chains, until_slot, slot, 0, period, 0]
            get_trader(replica, account)[ORDER] = order
        case [79]:
            get_trader(replica, account)[ORDER] = None
        case [80, legs, expires_slot, digest]:
            _propose(replica, slot, account, legs, expires_slot, digest)
        case [81, number, digest]:
            chain = rows[b"&" + u64(number)]
            assert chain[3] == digest == get_digest(replica, chain[1], chain[2])
            consents = sorted([*_find_valid(replica, chain[4]), [account, slot]])
            if _find_waiting(replica, slot, chain[1], consents):
                chain[4] = consents
            else:
                del rows[b"&" + u64(number)]
                _perform(replica, slot, number, chain[1], consents)
        case [82, number]:
            del rows[b"&" + u64(number)]
        case [83, number, quantity]:
            _receive(replica, slot, number, quantity)
    count_traders(replica)


def _propose(
    replica: Books, slot: int, account: bytes, legs: list[Row], expires: int, said: bytes | None
) -> None:
    digest = get_digest(replica, legs, expires)
    assert said in (None, digest), "vectors are good transactions"
    consents = [[account, slot]] if said else []
    number = _take_number(replica, slot)
    if _find_waiting(replica, slot, legs, consents):
        replica.rows[b"&" + u64(number)] = [account, legs, expires, digest, consents]
        _note_end(replica, slot, _get_end(replica, expires), number)
    else:
        _perform(replica, slot, number, legs, consents)


def _find_rows(replica: Books, leg: Row) -> tuple[Row, Row]:
    return replica.rows[b"9" + u64(leg[0])], replica.rows[b"9" + u64(leg[1])]


def get_digest(replica: Books, legs: list[Row], expires_slot: int) -> bytes:
    """What is consented to."""
    terms = []
    for leg in legs:
        offer, want = _find_rows(replica, leg)
        terms.append([leg, offer[OWNER], want[OWNER], offer[GOOD], offer[UNIT], offer[PRICE]])
    return h("barter-chain", replica.chain, pack([terms, expires_slot]))


def _find_deltas(replica: Books, legs: list[Row]) -> dict[bytes, int]:
    deltas: dict[bytes, int] = {}
    for leg in legs:
        offer, want = _find_rows(replica, leg)
        amount = offer[PRICE] * leg[2]
        deltas[offer[OWNER]] = deltas.get(offer[OWNER], 0) + amount
        deltas[want[OWNER]] = deltas.get(want[OWNER], 0) - amount
    return dict(sorted(deltas.items()))


def _get_recovered(replica: Books, account: bytes) -> int:
    return int(replica.rows.get(b"y" + account, [-1])[-1])


def _find_valid(replica: Books, consents: list[Row]) -> list[Row]:
    return [item for item in consents if _get_recovered(replica, item[0]) < item[1]]


def _find_waiting(replica: Books, slot: int, legs: list[Row], consents: list[Row]) -> list[bytes]:
    said = [account for account, _ in consents]
    return [
        account
        for account, delta in _find_deltas(replica, legs).items()
        if account not in said and not _is_covered(replica, slot, account, delta)
    ]


def _is_covered(replica: Books, slot: int, account: bytes, delta: int) -> bool:
    order = replica.rows.get(b"@" + account, [None])[ORDER]
    if order is None or not order[4] <= slot <= order[3]:
        return False
    give, take, most, _, since, moved, period, chains = order
    now = slot // replica.constants["slots_per_period"]
    happened = chains if period == now else 0
    return bool(
        _get_recovered(replica, account) < since
        and happened < most
        and -give <= moved + delta <= take
    )


def _perform(replica: Books, slot: int, number: int, legs: list[Row], consents: list[Row]) -> None:
    period = slot // replica.constants["slots_per_period"]
    deltas = _find_deltas(replica, legs)
    for account, delta in deltas.items():
        if account not in [item[0] for item in consents]:
            order = get_trader(replica, account)[ORDER]
            happened = order[7] if order[6] == period else 0
            order[5:] = [order[5] + delta, period, happened + 1]
    for account, delta in deltas.items():
        if delta < 0:
            replica.touch(account, slot)[BALANCE] += delta
            replica.credit.check(account)
    for account, delta in deltas.items():
        if delta > 0:
            replica.touch(account, slot)[BALANCE] += delta
    found = [(leg, *_find_rows(replica, leg)) for leg in legs]
    for leg, offer, want in found:
        for listing, row in ((leg[0], offer), (leg[1], want)):
            row[LISTED] -= leg[2]
            if not row[LISTED]:
                del replica.rows[b"9" + u64(listing)]
        delivery, due = _take_number(replica, slot), period + PERIODS_TO_DELIVER
        claim = due + replica.parameters["delivery_grace_periods"]
        replica.rows[b"1" + u64(delivery)] = [
            offer[OWNER], want[OWNER], number, leg[0], offer[GOOD], offer[UNIT], offer[PRICE],
            leg[2], due, claim, False,
        ]  # fmt: skip
        _note_end(replica, slot, due + 1, delivery)


def _receive(replica: Books, slot: int, number: int, quantity: int) -> None:
    row = replica.rows[b"1" + u64(number)]
    assert quantity <= row[LEFT], "vectors are good transactions"
    row[LEFT] -= quantity
    if not row[LEFT]:
        del replica.rows[b"1" + u64(number)]
        late = slot // replica.constants["slots_per_period"] > row[DUE_PERIOD]
        note_fact(replica, slot, row[0], DELIVERED, *([LATE] * late))


def end_market(replica: Books, slot: int) -> None:
    """Look at 64 of what has ended."""
    rows, period = replica.rows, slot // replica.constants["slots_per_period"]
    market, budget, taken = rows.get(b"4" + CURRENT), 64, list[int]()
    if market is None:
        return
    while market[1] <= period and budget:
        day = rows.get(b"3" + u64(market[1]))
        if day is None:
            market[1] += 1
            budget -= 1
            continue
        taken += day[0][-budget:]
        day[0], budget = day[0][:-budget], max(0, budget - len(day[0]))
        if not day[0]:
            del rows[b"3" + u64(market[1])]
    for number in taken:
        _end(replica, slot, number)
    count_traders(replica)


def _end(replica: Books, slot: int, number: int) -> None:
    rows, key = replica.rows, u64(number)
    listing, delivery = rows.get(b"9" + key), rows.get(b"1" + key)
    if listing is not None and slot <= listing[UNTIL]:
        _note_end(replica, slot, _get_end(replica, listing[UNTIL]), number)
    elif listing is not None:
        del rows[b"9" + key]
    elif delivery is not None:
        _fail(replica, slot, number, delivery)
    else:
        rows.pop(b"&" + key, None)


def _fail(replica: Books, slot: int, number: int, row: Row) -> None:
    period, seller = slot // replica.constants["slots_per_period"], row[0]
    assert period > row[DUE_PERIOD], "it is noted for the period after"
    if not row[IS_OVERDUE]:
        count_traders(replica)
        trader = get_trader(replica, seller)
        if trader[OVERDUE] >= 2:
            trader[ORDER] = None
        row[IS_OVERDUE] = True
    if period <= row[CLAIM_PERIOD]:
        _note_end(replica, slot, row[CLAIM_PERIOD] + 1, number)
        return
    del replica.rows[b"1" + u64(number)]
    note_fact(replica, slot, seller, DISPUTED)
    open_shortfall(replica, slot, number, row, row[LEFT] * row[6])
