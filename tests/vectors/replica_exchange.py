"""Obligations and set-off in the second ledger, written from docs/protocol.md, section 22.

All obligations are read from the rows and written anew, with every count, whenever one changes.
"""

from typing import Any, Protocol

from tests.vectors.hashing import u64
from tests.vectors.money import Segment, compute_remains
from tests.vectors.replica_identity import Rows
from tests.vectors.setoff import build_arcs, read_flows
from tests.vectors.sharing import CURRENT

Row = list[Any]
BALANCE, OPERATORS = 2, 7  # places in a row of the table of accounts, and in that of money
# Places in an obligation.
DEBTOR, CREDITOR, AMOUNT, REMAINING = 1, 2, 3, 4
STATE, SINCE, CREDITOR_CLEARS, DEBTOR_CLEARS, READY, HEIR, HANDED_OVER, SHORTFALL = range(8, 16)
OFFERED, OPEN = 0, 1
PAI = 1_000_000
# Places in the window, and of a lender in it.
INTERVAL, IS_OPEN, SLOT, LAST, SEED, LENDERS = range(6)


class Books(Rows, Protocol):
    """What these functions ask of a replica."""

    chain: bytes
    schedule: list[Segment]
    pot: int

    def note_trade(self, payer: bytes, receiver: bytes, amount: int) -> None:
        """A payment for goods or work."""
        ...

    def note_made_good(self, debtor: bytes, *, paid: bool) -> None:
        """What was owed for a delivery is no more."""
        ...


def get_owed(replica: Books) -> dict[int, Row]:
    """All obligations by number."""
    pages = [row[0] for key, row in replica.rows.items() if key[:1] == b"o"]
    return {item[0]: item for page in pages for item in sorted(page)}


def get_window(replica: Books) -> Row:
    """The newest window."""
    return replica.rows.get(b"z" + CURRENT, [0, False, 0, -1, bytes(64), []])


def put_owed(replica: Books, owed: dict[int, Row], heard_below: int | None = None) -> None:
    """Write obligations and everything that is counted of them."""
    rows = replica.rows
    made, _, heard = rows.get(b"0" + CURRENT, [0, 0, 0])
    made = max([made, *(number + 1 for number in owed)])
    for key in [key for key in rows if key[:1] in (b"o", b"i", b"j")]:
        del rows[key]
    parties: dict[bytes, Row] = {}
    for account, *_ in get_window(replica)[LENDERS]:
        parties.setdefault(account, [0, 0, 0, False])[3] = True
    for number, item in sorted(owed.items()):
        rows.setdefault(b"o" + u64(number // 64), [[]])[0].append(item)
        creditor = parties.setdefault(item[CREDITOR], [0, 0, 0, False])
        creditor[0] += not item[HANDED_OVER]
        creditor[1] += 1
        if item[STATE] == OPEN:
            parties.setdefault(item[DEBTOR], [0, 0, 0, False])[2] += 1
    for page in sorted({number // 64 for number in owed}):
        rows.setdefault(b"i" + u64(page // 64), [[]])[0].append(page)
    rows.update({b"j" + account: party for account, party in parties.items()})
    ready = sum(item[READY] != -1 for item in owed.values())
    if made:
        rows[b"0" + CURRENT] = [made, ready, heard if heard_below is None else heard_below]


def open_shortfall(replica: Books, slot: int, number: int, delivery: Row, amount: int) -> None:
    """What was left of a delivery is owed; see section 23."""
    seller, buyer, _, _, good, _, _, _, due_period, *_ = delivery
    period_slots = replica.constants["slots_per_period"]
    until = slot // period_slots + replica.parameters["dispute_periods"]
    clearable_slot = until * period_slots
    made = replica.rows.get(b"0" + CURRENT, [0])[0]
    owed = get_owed(replica)
    owed[made] = [
        made, seller, buyer, amount, amount, due_period, good, None, OPEN, slot, True, True,
        clearable_slot, None, True, [number, clearable_slot],
    ]  # fmt: skip
    put_owed(replica, owed)


def act_exchange(  # noqa: C901 - a table of actions
    replica: Books, slot: int, account: bytes, action: Row
) -> None:
    """Do what an action of section 22 does; it is a good one."""
    owed = get_owed(replica)
    match action:
        case [60, debtor, amount, due_period, reference, goods, clearable]:
            made = replica.rows.get(b"0" + CURRENT, [0])[0]
            owed[made] = [
                made, debtor, account, amount, amount, due_period, reference, goods, OFFERED,
                slot, clearable, False, -1, None, False, None,
            ]  # fmt: skip
        case [61, number, _, _, clearable]:
            item = owed[number]
            item[STATE], item[SINCE], item[DEBTOR_CLEARS] = OPEN, slot, clearable
            _mark(item, slot)
        case [62, number]:
            del owed[number]
        case [63, number, creditor, amount]:
            replica.rows[b"a" + account][BALANCE] -= amount
            replica.touch(creditor, slot)[BALANCE] += amount
            if owed[number][SHORTFALL] is None:
                replica.note_trade(account, creditor, amount)
            _lower(replica, owed, number, amount, paid=True)
        case [64, number, _, amount]:
            _lower(replica, owed, number, amount, paid=False)
        case [65, number, to]:
            owed[number][HEIR] = to
        case [66, number, to]:
            item = owed[number]
            item[CREDITOR], item[HEIR], item[HANDED_OVER] = to, None, True
            item[CREDITOR_CLEARS] = False
            _mark(item, slot)
        case [67, number, clearable]:
            item = owed[number]
            item[CREDITOR_CLEARS if item[CREDITOR] == account else DEBTOR_CLEARS] = clearable
            _mark(item, slot)
        case [68, amount]:
            window = get_window(replica)
            others = [item for item in window[LENDERS] if item[0] != account]
            own = [[account, amount, 0, 0, 0, 0]] if amount else []
            replica.rows[b"z" + CURRENT] = [*window[:LENDERS], sorted([*others, *own])]
    put_owed(replica, owed)


def _mark(item: Row, slot: int) -> None:
    if not (item[STATE] == OPEN and item[CREDITOR_CLEARS] and item[DEBTOR_CLEARS]):
        item[READY] = -1
    elif item[READY] == -1:
        item[READY] = max(slot, item[SHORTFALL][1] if item[SHORTFALL] else 0)


def _lower(replica: Books, owed: dict[int, Row], number: int, amount: int, *, paid: bool) -> None:
    item = owed[number]
    assert 0 < amount <= item[REMAINING], "vectors are good transactions"
    item[REMAINING] -= amount
    if not item[REMAINING]:
        del owed[number]
        if item[SHORTFALL]:
            replica.note_made_good(item[DEBTOR], paid=paid)


def lapse(replica: Books, slot: int) -> None:
    """Remove offers without an answer, four pages of the oldest at most."""
    if b"0" + CURRENT not in replica.rows:
        return
    made, _, heard = replica.rows[b"0" + CURRENT]
    silence = replica.parameters["obligation_silence_periods"]
    oldest = slot - silence * replica.constants["slots_per_period"]
    owed = get_owed(replica)
    stop = min(made, (heard // 64 + 4) * 64)
    while heard < stop:
        item = owed.get(heard)
        if item is not None and item[STATE] == OFFERED:
            if item[SINCE] > oldest:
                break
            del owed[heard]
        heard += 1
    put_owed(replica, owed, heard)


def end_window(replica: Books, slot: int) -> None:
    """A window that is over is closed."""
    window = get_window(replica)
    if window[IS_OPEN] and slot > window[SLOT] + replica.constants["window_slots"]:
        _close(replica, slot, {})


def _close(replica: Books, slot: int, lent: dict[bytes, int]) -> None:
    window, step = get_window(replica), replica.get_step(slot)
    for account, _, aside, melting, counted, since in window[LENDERS]:
        if not aside:
            continue
        left = compute_remains(melting, replica.schedule, since, step)
        back = max(aside - melting + left, counted)
        replica.pot += aside - back
        if back > lent.get(account, 0):
            replica.touch(account, slot)[BALANCE] += back - lent.get(account, 0)
    lenders = [[account, amount, 0, 0, 0, 0] for account, amount, *_ in window[LENDERS]]
    replica.rows[b"z" + CURRENT] = [window[INTERVAL], False, *window[SLOT:LENDERS], lenders]


def take_snapshot(replica: Books, slot: int, parent_slot: int, seed: bytes) -> None:
    """The first block of an interval ends in one, if anything is ready."""
    length = replica.constants["clearing_interval_slots"]
    if slot // length == parent_slot // length:
        return
    if get_window(replica)[IS_OPEN]:
        _close(replica, slot, {})
    made, ready, _ = replica.rows.get(b"0" + CURRENT, [0, 0, 0])
    if all(item[READY] == -1 or item[READY] > slot for item in get_owed(replica).values()):
        return
    assert ready <= replica.parameters["clearing_max"], "the vectors owe little"
    lenders = [
        lender
        for item in get_window(replica)[LENDERS]
        if (lender := _put_aside(replica, slot, item)) is not None
    ]
    replica.rows[b"z" + CURRENT] = [slot // length, True, slot, made - 1, seed, lenders]
    put_owed(replica, get_owed(replica))


def _put_aside(replica: Books, slot: int, lender: Row) -> Row | None:
    account, amount, *_ = lender
    row = replica.touch(account, slot)
    tag = row[6]
    limit = 0 if tag is None else replica.credit.get_limit(tag)
    aside = min(amount, row[BALANCE] + limit)
    if aside < PAI:
        return None
    owing = any(
        item[STATE] == OPEN and item[DEBTOR] == account for item in get_owed(replica).values()
    )
    if not owing:
        return lender
    melting = max(0, min(aside, row[BALANCE]))
    row[BALANCE] -= aside
    replica.credit.check(account)
    step = replica.get_step(slot)
    end = replica.get_step(slot + replica.constants["window_slots"])
    left = compute_remains(melting, replica.schedule, step, end)
    return [account, amount, aside, melting, aside - melting + left, step]


def find_entered(replica: Books) -> list[Row]:
    """What entered the window, by number."""
    window = get_window(replica)
    return [
        item
        for number, item in sorted(get_owed(replica).items())
        if 0 <= item[READY] <= window[SLOT] and number <= window[LAST]
    ]


class Puzzle:
    """What a set-off is to solve: who is which node, and the arcs."""

    def __init__(self, replica: Books) -> None:
        window, self.entered = get_window(replica), find_entered(replica)
        self.accounts = sorted({item[side] for item in self.entered for side in (1, 2)})
        places = {account: place for place, account in enumerate(self.accounts)}
        lent = {places[item[0]]: item[4] for item in window[LENDERS] if item[0] in places}
        debts = [
            (places[item[DEBTOR]], places[item[CREDITOR]], item[REMAINING]) for item in self.entered
        ]
        self.interval: int = window[INTERVAL]
        self.nodes = len(self.accounts) + any(lent.values())
        self.arcs = build_arcs(debts, lent, window[SEED], len(self.accounts))


def clear(replica: Books, slot: int, seat: bytes, certificate: Row) -> None:
    """Apply a block's set-off, a good one."""
    puzzle = Puzzle(replica)
    interval, *parts = certificate
    flows = read_flows(puzzle.arcs, puzzle.nodes, *parts)
    assert flows is not None, "vectors are good certificates"
    assert (interval, get_window(replica)[IS_OPEN]) == (puzzle.interval, True)
    owed, pool = get_owed(replica), len(puzzle.accounts)
    for item, flow in zip(puzzle.entered, flows, strict=False):
        if flow:
            _lower(replica, owed, item[0], flow, paid=True)
    rest = list(zip(puzzle.arcs, flows, strict=True))[len(puzzle.entered) :]
    lent = {puzzle.accounts[arc.target]: flow for arc, flow in rest if arc.source == pool}
    _close(replica, slot, lent)
    for arc, flow in rest:
        if arc.target == pool and flow:
            replica.touch(puzzle.accounts[arc.source], slot)[BALANCE] += flow
    put_owed(replica, owed)
    money = replica.rows[b"m" + CURRENT]
    reward = min(replica.parameters["clearing_reward"], money[OPERATORS] // 100)
    if reward:
        replica.touch(seat, slot)[BALANCE] += reward
        money[OPERATORS] -= reward
