"""The market as it stands after a block, read from the store: long work, for a worker thread.

What an account may still give is the least of what it has signed and what it can spend, so that
nothing is proposed that the ledger would refuse for want of money.
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Final, NamedTuple

from chain.kept import STATE, Head, read_head, read_numbered, read_row
from chain.policy import AccountId
from chain.rules.context import Context
from chain.rules.payments import build_account, get_spending_floor
from chain.rules.recovery import get_recovered_slot
from chain.rules.settlement import get_touched
from chain.state import State
from chain.store import Store
from chain.tables import CHAINS, LISTINGS, TRADERS, Chain, Listing, Order
from node.exchange.market import ASKED, Market, Room, reserve
from node.exchange.matchmaker import Terms, get_terms
from node.prices import PRICE_PERIODS, read_prices

ATTEMPTS: Final = 4  # to read between two blocks


class MarketMoved(Exception):
    """Blocks came too fast to read the market between two of them."""


class Snapshot(NamedTuple):
    """The market after a block, and what must not be proposed any more.

    ``asked``: who has no standing order that counts. ``waiting``: the chains that wait for consent;
    ``own``: how many of them the reader has proposed. ``following``: from which number on to read
    next, because there are more listings; 0: there are not.
    """

    head: Head
    market: Market
    asked: frozenset[AccountId]
    waiting: frozenset[Terms]
    own: int
    following: int


def read_snapshot(
    store: Store, context: Context, proposer: AccountId, first: int, most: int
) -> Snapshot:
    """The market of at most so many listings, by number from one on and round to it again.

    ``context``: of the block to come. Raises MarketMoved, and StoreError when the store is closed.
    """
    for _ in range(ATTEMPTS):
        head = read_head(store)
        assert head is not None, "a founded store has a head"
        snapshot = _read(store, context, proposer, first, most, head)
        if read_head(store) == head:
            return snapshot
    raise MarketMoved("blocks came too fast to read the market between two of them")


def get_room(state: State, context: Context, account_id: AccountId, order: Order) -> Room | None:
    """How far chains may move an account's balance now by its order; None: it does not count."""
    if (
        not order.since_slot <= context.slot <= order.until_slot
        or get_recovered_slot(state, account_id) >= order.since_slot
    ):
        return None
    used = order.chains if order.period == context.period else 0
    return Room(
        give=min(order.give_max + order.moved, get_spendable(state, context, account_id)),
        take=order.take_max - order.moved,
        chains=max(0, order.chains_a_period - used),
    )


def get_spendable(state: State, context: Context, account_id: AccountId) -> int:
    """What an account can spend now, in micropai."""
    row, savings = state.accounts.get(account_id), state.savings.get(account_id)
    account = build_account(context.step) if row is None else row
    deposits = savings.deposits if savings else ()
    now = get_touched(account, deposits, context.keep_schedule, context.step).account
    return max(0, now.settlement - get_spending_floor(state, context, account_id, now))


def open_state(store: Store) -> State:
    """The rows of a store as rules read them, apart from the node's own."""
    return State(lambda key: store.get(STATE + key))


def _read(
    store: Store, context: Context, proposer: AccountId, first: int, most: int, head: Head
) -> Snapshot:
    state = open_state(store)
    found = list(islice(_read_listings(store, context.slot, first), most + 1))
    listings, following = dict(found[:most]), found[most][0] if len(found) > most else 0
    chains = [row for _, row in read_numbered(store, CHAINS) if row.expires_slot >= context.slot]
    possible = [row for row in chains if _is_possible(listings, row)]
    waiting = {get_terms(listings, row.legs) for row in possible}
    own = [row for row in possible if row.proposer == proposer]
    left = reserve(listings, [leg for row in own for leg in row.legs])
    rooms, asked = dict[AccountId, Room](), set[AccountId]()
    for account_id in sorted({row.account for row in listings.values()}):
        data = read_row(store, TRADERS.prefix + account_id)
        order = None if data is None else TRADERS.codec.decode(data).order
        room = None if order is None else get_room(state, context, account_id, order)
        if room is None:
            asked.add(account_id)
            room = ASKED._replace(give=min(ASKED.give, get_spendable(state, context, account_id)))
        rooms[account_id] = room
    since = context.slot - PRICE_PERIODS * context.constants.slots_per_period
    return Snapshot(
        head,
        Market(
            left,
            rooms,
            read_prices(store, since),
        ),
        frozenset(asked),
        frozenset(waiting),
        sum(row.proposer == proposer for row in chains),
        following,
    )


def _is_possible(listings: Mapping[int, Listing], row: Chain) -> bool:
    return all(number in listings for leg in row.legs for number in (leg.offer, leg.want))


def _read_listings(store: Store, slot: int, first: int) -> Iterator[tuple[int, Listing]]:
    """Open offers and wants, from a number on and then those before it."""
    for number, row in read_numbered(store, LISTINGS, first):
        if row.until_slot >= slot:
            yield number, row
    for number, row in read_numbered(store, LISTINGS):
        if number >= first:
            return
        if row.until_slot >= slot:
            yield number, row
