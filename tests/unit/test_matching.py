"""A node's matchmaker: what it reads of the market, what it proposes, and what it leaves alone."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
import trio

from chain.actions import AcceptChain, ChangeListing, Leg, Offer, Pay, ProposeChain, SetOrder, Want
from chain.crypto import build_key_pair, u64
from chain.store import StoreError
from chain.tables import Listing
from chain.transaction import SealedTransaction
from node.exchange import matching
from node.exchange.apart import WorkFailed
from node.exchange.market import ASKED, TRADES_PER_WANT_MAX, Market, Room, find_trades
from node.exchange.matching import LISTINGS_MAX, Matchmaker
from node.exchange.matchmaker import Found, find_chains, get_terms
from node.exchange.reading import MarketMoved, Snapshot, read_snapshot
from node.mempool import Mempool
from node.signatures import KnownSignatures
from tests.community import PAI, Community, get_account_id
from tests.identity_world import act, get_context

UNTIL = 3_000
KEY = build_key_pair(bytes([77]) * 32)
EMMA, FARID, GALINA = (get_account_id(name) for name in ("emma", "farid", "galina"))


@dataclass
class Core:
    """A node without a network: what is submitted goes into the next block."""

    community: Community
    slot: int = 0
    submitted: list[SealedTransaction] = field(default_factory=list)
    mempool: Mempool = field(init=False)

    def __post_init__(self) -> None:
        self.follow()

    @property
    def ledger(self):  # type: ignore[no-untyped-def]  # noqa: ANN201
        return self.community.ledger

    def follow(self) -> None:
        """Let what waits be judged on the newest head."""
        self.slot = self.community.ledger.head.slot + 1
        self.mempool = Mempool(self.community.ledger, KnownSignatures())

    def get_clock_slot(self) -> int:
        return self.slot

    def submit(self, sealed: SealedTransaction) -> None:
        self.mempool.admit(sealed, self.slot)
        self.submitted.append(sealed)

    def mine(self, after: int = 0) -> None:
        """A block of what was submitted."""
        self.community.extend(self.submitted, after=after)
        self.submitted.clear()
        self.follow()


def open_ring(community: Community, *, orders: tuple[str, ...] = ()) -> None:
    """Milk to Farid, repair to Galina, feed to Emma; numbers 0 to 5."""
    for name, good, wanted in (
        ("emma", "milk", "feed"), ("farid", "repair", "milk"), ("galina", "feed", "repair"),
    ):  # fmt: skip
        act(
            community,
            name,
            Offer(good, "one", PAI, 5, "", UNTIL, ""),
            Want(wanted, "one", PAI, 5, "", UNTIL, ""),
            *([SetOrder(9 * PAI, 9 * PAI, 9, UNTIL)] if name in orders else ()),
        )


def read(community: Community, first: int = 0, most: int = 100) -> Snapshot:
    """What a matchmaker sees."""
    matchmaker = Matchmaker(Core(community), KEY)
    context = get_context(community)
    return read_snapshot(community.ledger.store, context, matchmaker.account, first, most)


@pytest.fixture
def community() -> Community:
    return Community()


@pytest.fixture
def core(community: Community) -> Core:
    """A node whose matchmaker has a little money."""
    account = Matchmaker(Core(community), KEY).account
    act(community, "emma", Pay(account, 50 * PAI, ""))
    return Core(community)


# Reading


def test_rooms_are_what_was_signed_and_what_can_be_spent(community: Community) -> None:
    open_ring(community, orders=("emma", "farid"))
    balance = community.ledger.state.accounts.require(FARID).settlement
    act(community, "farid", Pay(EMMA, balance - 3 * PAI, ""), SetOrder(0, 5 * PAI, 2, UNTIL))
    act(community, "farid", SetOrder(9 * PAI, 5 * PAI, 2, UNTIL))
    snapshot = read(community)
    assert snapshot.asked == {GALINA}
    assert snapshot.market.rooms[EMMA] == Room(9 * PAI, 9 * PAI, 9)
    farid = snapshot.market.rooms[FARID]
    limit = 300 * PAI
    assert farid.take == 5 * PAI
    assert farid.chains == 2
    assert farid.give <= min(9 * PAI, 3 * PAI + limit)
    assert snapshot.market.rooms[GALINA] == ASKED


def test_a_large_market_is_read_part_by_part(community: Community) -> None:
    open_ring(community)
    first = read(community, most=4)
    assert (list(first.market.listings), first.following) == ([0, 1, 2, 3], 4)
    second = read(community, first.following, most=4)
    assert (list(second.market.listings), second.following) == ([4, 5, 0, 1], 2)
    whole = read(community, 3, most=6)
    assert (list(whole.market.listings), whole.following) == ([3, 4, 5, 0, 1, 2], 0)


def test_what_a_store_between_blocks_does_not_hold_still_is_not_believed(
    community: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    heads: Iterator[int] = iter(range(100))
    monkeypatch.setattr("node.exchange.reading.read_head", lambda _store: next(heads))
    with pytest.raises(MarketMoved):
        read(community)


# Proposing


async def test_a_chain_of_three_orders_happens_at_once(core: Core) -> None:
    open_ring(core.community, orders=("emma", "farid", "galina"))
    core.follow()
    matchmaker = Matchmaker(core, KEY)
    await matchmaker.match()
    core.mine()
    state = core.ledger.state
    assert [state.listings.get(u64(number)) for number in range(6)] == [None] * 6
    assert (matchmaker.tally.found, matchmaker.tally.proposed) == (1, 1)
    assert matchmaker.tally.value == matchmaker.tally.bound == 15 * PAI
    await matchmaker.match()
    assert (matchmaker.tally.searches, matchmaker.tally.found) == (2, 1)
    # What was traded once may be traded again: the same people offer and want the same.
    open_ring(core.community)
    core.follow()
    await matchmaker.match()
    assert matchmaker.tally.proposed == 2


async def test_who_has_no_order_is_asked_once(core: Core) -> None:
    open_ring(core.community, orders=("emma", "farid"))
    core.follow()
    matchmaker = Matchmaker(core, KEY)
    await matchmaker.match()
    core.mine()
    (waiting,) = read(core.community).waiting
    assert waiting == ((0, 3, PAI), (2, 5, PAI), (4, 1, PAI))
    snapshot = read(core.community)
    assert snapshot.own == 1
    assert snapshot.market.listings == {}, "what waits for consent is promised already"
    await matchmaker.match()
    core.mine(after=70)  # nobody has answered
    assert read(core.community).own == 0
    await matchmaker.match()
    assert matchmaker.tally.proposed == 1, "nobody is asked the same twice in a week"
    other = Matchmaker(core, KEY)
    await other.match()
    assert other.tally.proposed == 1


async def test_other_terms_are_another_chain(core: Core) -> None:
    open_ring(core.community, orders=("emma", "farid"))
    core.follow()
    matchmaker = Matchmaker(core, KEY)
    await matchmaker.match()
    core.mine()
    core.mine(after=70)
    act(core.community, "emma", ChangeListing(0, PAI - 1, 5, UNTIL))
    core.follow()
    await matchmaker.match()
    core.mine()
    (waiting,) = (terms for terms in read(core.community).waiting if len(terms) == 3)
    assert waiting == ((0, 3, PAI - 1), (2, 5, PAI), (4, 1, PAI))


async def test_what_somebody_else_proposed_is_not_proposed_again(core: Core) -> None:
    open_ring(core.community, orders=("emma", "farid"))
    legs = find_chains(read(core.community).market).chains[0]
    expires = core.ledger.head.slot + 60
    act(core.community, "hamit", ProposeChain(legs, expires, None))
    core.follow()
    matchmaker = Matchmaker(core, KEY)
    await matchmaker.match()
    assert matchmaker.tally.proposed == 0
    snapshot = read(core.community)
    assert snapshot.waiting == {get_terms(snapshot.market.listings, legs)}
    assert snapshot.own == 0
    digest = core.ledger.state.chains.require(u64(6)).digest
    act(core.community, "galina", AcceptChain(6, digest))
    assert read(core.community).market.listings == {}


async def test_without_money_nothing_is_proposed_and_it_is_said_once(
    community: Community, caplog: pytest.LogCaptureFixture
) -> None:
    open_ring(community, orders=("emma", "farid", "galina"))
    matchmaker = Matchmaker(Core(community), KEY)
    with caplog.at_level(logging.INFO):
        await matchmaker.match()
        await matchmaker.match()
    assert [item.message for item in caplog.records] == ["matchmaker_without_money"]
    assert matchmaker.tally.searches == 0


async def test_a_search_that_takes_too_long_is_given_up_and_the_next_is_smaller(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_ring(core.community, orders=("emma", "farid", "galina"))
    core.follow()
    matchmaker = Matchmaker(core, KEY)
    sizes = []

    async def search(market: Market, _avoided: object, _seconds: float) -> Found:
        await trio.lowlevel.checkpoint()
        sizes.append(matchmaker._most)
        if len(sizes) < 4:
            raise WorkFailed("it took more than 60 seconds")
        return find_chains(market)

    monkeypatch.setattr(matching, "search_apart", search)
    for _ in range(5):
        await matchmaker.match()
    assert sizes == [LISTINGS_MAX, LISTINGS_MAX // 2, LISTINGS_MAX // 4, LISTINGS_MAX // 8,
                     LISTINGS_MAX // 4]  # fmt: skip
    assert (matchmaker.tally.failed, matchmaker.tally.searches) == (3, 2)


async def test_a_chain_that_was_replaced_meanwhile_is_read_again_next_time(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_ring(core.community, orders=("emma", "farid", "galina"))
    core.follow()
    matchmaker = Matchmaker(core, KEY)

    def fail(*_: object) -> None:
        raise StoreError("the store has been closed: ask again")

    with monkeypatch.context() as patched:
        patched.setattr(matching, "read_snapshot", fail)
        await matchmaker.match()
    assert (matchmaker.tally.failed, matchmaker._most) == (1, LISTINGS_MAX)
    await matchmaker.match()
    assert matchmaker.tally.proposed == 1


async def test_who_runs_out_of_money_stops_proposing(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_ring(core.community)
    core.follow()
    matchmaker = Matchmaker(core, KEY)
    pays = iter((True, True))
    monkeypatch.setattr(Matchmaker, "_can_pay", lambda _self: next(pays, False))

    async def search(*_: object) -> Found:
        await trio.lowlevel.checkpoint()
        return Found(((Leg(0, 3, 5),), (Leg(2, 5, 5),)), 10 * PAI, 15 * PAI)

    monkeypatch.setattr(matching, "search_apart", search)
    await matchmaker.match()
    assert (matchmaker.tally.found, matchmaker.tally.proposed) == (2, 1)


async def test_it_begins_in_its_place_of_an_interval_that_has_a_block(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    length = core.ledger.constants.clearing_interval_slots
    matchmaker = Matchmaker(core, KEY)
    core.mine(after=length - core.ledger.head.slot % length)
    turn = int.from_bytes(matchmaker.account[:4], "big") % max(1, length // 4)
    base = core.ledger.head.slot // length * length
    core.slot = base + turn - 1
    assert not matchmaker._is_due()
    core.slot = base + max(turn, core.ledger.head.slot - base)
    assert matchmaker._is_due()
    await matchmaker.match()
    assert not matchmaker._is_due()
    core.slot = base + length + turn
    assert not matchmaker._is_due(), "this interval has no block yet"


# Bounds


def test_a_flood_of_offers_does_not_hide_the_cheapest_and_ends_the_bound() -> None:
    account = [get_account_id(name) for name in ("emma", "farid")]
    count = TRADES_PER_WANT_MAX + 9
    listings = {
        number: Listing(account[0], False, "milk", "one", PAI + number, 1, "", 9, "")
        for number in range(count)
    }
    listings[count] = Listing(account[1], True, "milk", "one", 2 * PAI, 1, "", 9, "")
    rooms = dict.fromkeys(account, Room(9 * PAI, 9 * PAI, 9))
    trades = find_trades(Market(listings, rooms, {}))
    assert [trade.offer for trade in trades.items] == list(range(TRADES_PER_WANT_MAX))
    assert not trades.whole
    assert find_chains(Market(listings, rooms, {})).bound is None
    few = Market({0: listings[0], count: listings[count]}, rooms, {})
    assert find_chains(few).bound is not None


def test_what_is_to_be_avoided_is_not_found() -> None:
    account = [get_account_id(name) for name in ("emma", "farid")]
    listings = {
        0: Listing(account[0], False, "milk", "one", PAI, 1, "", 9, ""),
        1: Listing(account[1], True, "milk", "one", PAI, 1, "", 9, ""),
    }
    market = Market(listings, dict.fromkeys(account, Room(PAI, PAI, 9)), {})
    (chain,) = find_chains(market).chains
    assert find_chains(market, [get_terms(listings, chain)]).chains == ()
