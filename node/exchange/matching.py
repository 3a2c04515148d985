"""A node's matchmaker: in every clearing interval it looks for chains and proposes what it finds.

What it looks at is the market after one block. It looks in a process of its own, within bounds of
time and memory; a market too large for that is looked at in parts. Proposals come from an account
of its own, which pays for what they weigh; they are judged like anybody's, and bind nobody.
"""

import time
from dataclasses import dataclass, field
from typing import Final, Protocol

import trio

from chain.actions import Leg, ProposeChain, Reveal
from chain.address import encode_address
from chain.crypto import KeyPair
from chain.errors import Invalid
from chain.ledger import Ledger
from chain.policy import AccountId, Policy, compute_account_id
from chain.rules.barter import CHAINS_WAITING_MAX
from chain.rules.finality_record import get_lasting_ref
from chain.store import StoreError
from chain.transaction import (
    TRANSACTION_VERSION,
    SealedTransaction,
    Transaction,
    sign_transaction,
)
from chain.units import MICROPAI_PER_PAI, format_pai
from node.exchange.apart import WorkFailed
from node.exchange.market import PROPOSAL_PERIODS
from node.exchange.matchmaker import Found, Terms, get_terms
from node.exchange.reading import MarketMoved, Snapshot, get_spendable, read_snapshot
from node.exchange.searching import search_apart
from node.logs import Log
from node.mempool import Mempool

LOOK_SECONDS: Final = 0.5
SECONDS_MAX: Final = 60.0  # of one search; half an interval, if that is less
LISTINGS_MAX: Final = 20_000  # looked at in one search
LISTINGS_MIN: Final = 500  # however slow the machine
WAITING_MAX: Final = 32  # proposals on their way into blocks: half of what may wait of an account
FEE_MAX: Final = 5 * MICROPAI_PER_PAI  # for one chain; one of seven people weighs about 70 units
TRIED_MAX: Final = 4_096  # chains remembered
TRIED_PERIODS: Final = 7  # nobody is asked again sooner for what he did not want
SPREAD: Final = 4  # matchmakers begin within the first quarter of an interval, each in its place


class MatchCore(Protocol):
    """The core as a matchmaker uses it; ``node.core.Core`` satisfies it."""

    @property
    def ledger(self) -> Ledger:
        """The chain that is followed: not held across awaits."""
        ...

    @property
    def mempool(self) -> Mempool:
        """What waits for a block."""
        ...

    def get_clock_slot(self) -> int:
        """The slot of this moment."""
        ...

    def submit(self, sealed: SealedTransaction) -> None:
        """Let a transaction wait and pass it on. Raises Invalid."""
        ...


def build_policy(key: KeyPair) -> Policy:
    """The policy of a matchmaker's account: its one key may propose."""
    return Policy(1, (key.public,))


@dataclass(slots=True)
class MatchTally:
    """What the matchmaker has done since the node started; figures of the last search."""

    searches: int = 0
    failed: int = 0
    found: int = 0
    proposed: int = 0
    refused: int = 0
    seconds: float = 0.0
    value: int = 0
    bound: int | None = 0


@dataclass(slots=True)
class Matchmaker:
    """Which interval was looked at last, what was tried, and how much can be looked at at once."""

    core: MatchCore
    key: KeyPair
    tally: MatchTally = field(default_factory=MatchTally)
    log: Log = field(default_factory=lambda: Log("market"))
    _interval: int = -1
    _first: int = 0  # the number from which listings are looked at
    _most: int = LISTINGS_MAX
    _tried: dict[Terms, int] = field(default_factory=dict)  # until which slot
    _warned: bool = False

    @property
    def account(self) -> AccountId:
        """The account that proposes."""
        return compute_account_id(build_policy(self.key))

    async def run(self) -> None:
        """Look for chains in every interval, until cancelled."""
        prefix = self.core.ledger.genesis.prefix
        self.log.info("matchmaker", account=encode_address(prefix, self.account))
        while True:
            if self._is_due():
                await self.match()
            await trio.sleep(LOOK_SECONDS)

    def _is_due(self) -> bool:
        """Whether this interval has its first block, and our turn in it has come."""
        core, length = self.core, self.core.ledger.constants.clearing_interval_slots
        interval, passed = divmod(core.get_clock_slot(), length)
        turn = int.from_bytes(self.account[:4], "big") % max(1, length // SPREAD)
        is_here = core.ledger.head.slot // length == interval
        return is_here and interval != self._interval and passed >= turn

    async def match(self) -> None:
        """Look once, and propose what is found."""
        core, constants = self.core, self.core.ledger.constants
        slot = self._get_slot()
        self._interval = slot // constants.clearing_interval_slots
        if not self._can_pay():
            return
        self._forget(slot)
        began = time.monotonic()
        try:
            snapshot = await trio.to_thread.run_sync(
                read_snapshot,
                core.ledger.store,
                core.ledger.get_context(slot),
                self.account,
                self._first,
                self._most,
            )
            seconds_max = constants.clearing_interval_slots * constants.slot_seconds / 2
            found = await self._search(snapshot, min(SECONDS_MAX, seconds_max))
        except WorkFailed as error:
            self._most = max(LISTINGS_MIN, self._most // 2)
            self._fail(error)
            return
        except (StoreError, MarketMoved) as error:  # or another chain took the place of ours
            self._fail(error)
            return
        self._first = snapshot.following
        self._most = min(LISTINGS_MAX, 2 * self._most)
        self.tally.searches += 1
        self.tally.seconds = time.monotonic() - began
        self.tally.value, self.tally.bound = found.value, found.bound
        self.tally.found += len(found.chains)
        await self._propose(snapshot, found)

    def _can_pay(self) -> bool:
        """Whether there is something to pay proposals with; if not, the operator is told once."""
        ledger = self.core.ledger
        can = self._get_spendable() > 0
        if not can and not self._warned:
            address = encode_address(ledger.genesis.prefix, self.account)
            self.log.warning("matchmaker_without_money", account=address)
        self._warned = not can
        return can

    def _get_spendable(self) -> int:
        ledger = self.core.ledger
        context = ledger.get_context(self._get_slot())
        return get_spendable(ledger.state, context, self.account)

    def _forget(self, slot: int) -> None:
        """Let be tried again what was tried long ago, and the oldest of too many."""
        self._tried = {terms: until for terms, until in self._tried.items() if until >= slot}
        while len(self._tried) > TRIED_MAX:
            del self._tried[next(iter(self._tried))]

    async def _search(self, snapshot: Snapshot, seconds_max: float) -> Found:
        if not any(row.is_want for row in snapshot.market.listings.values()):
            return Found((), 0, 0)
        avoided = (*self._tried, *snapshot.waiting)
        return await search_apart(snapshot.market, avoided, seconds_max)

    def _fail(self, error: Exception) -> None:
        self.tally.failed += 1
        self.log.warning("chains_not_sought", reason=str(error), next_listings=self._most)

    async def _propose(self, snapshot: Snapshot, found: Found) -> None:
        """Propose chains one by one: what has become impossible meanwhile spoils no other."""
        constants, room = self.core.ledger.constants, CHAINS_WAITING_MAX - snapshot.own
        proposed = refused = 0
        seconds_max = constants.clearing_interval_slots * constants.slot_seconds / 2
        with trio.move_on_after(seconds_max):
            for legs in found.chains:
                while self._count_waiting() >= WAITING_MAX:  # noqa: ASYNC110 - for blocks
                    await trio.sleep(LOOK_SECONDS)
                if not self._can_pay():
                    break
                listings = snapshot.market.listings
                numbers = {number for leg in legs for number in (leg.offer, leg.want)}
                is_asked = any(listings[item].account in snapshot.asked for item in numbers)
                if is_asked and not room:
                    continue
                slot = self._get_slot()
                try:
                    self.core.submit(self._sign(legs, slot))
                except Invalid as error:
                    refused += 1
                    self.log.debug("chain_refused", code=error.code.value, legs=len(legs))
                else:
                    proposed += 1
                    if not is_asked:
                        continue  # it happens at once, and again when there is more of it
                    room -= 1
                until = slot + TRIED_PERIODS * constants.slots_per_period
                self._tried[get_terms(listings, legs)] = until
        self.tally.proposed += proposed
        self.tally.refused += refused
        self.log.info(
            "chains_sought",
            height=snapshot.head.height,
            listings=len(snapshot.market.listings),
            found=len(found.chains),
            proposed=proposed,
            refused=refused,
            value=format_pai(found.value),
            bound=None if found.bound is None else format_pai(found.bound),
            seconds=round(self.tally.seconds, 3),
        )

    def _get_slot(self) -> int:
        """The slot of the next block, as far as one can know."""
        return max(self.core.get_clock_slot(), self.core.ledger.head.slot + 1)

    def _count_waiting(self) -> int:
        """Proposals of ours that no block has yet."""
        row = self.core.ledger.state.accounts.get(self.account)
        waiting = self.core.mempool.get_next_sequence(self.account)
        return waiting - (0 if row is None else row.sequence)

    def _sign(self, legs: tuple[Leg, ...], slot: int) -> SealedTransaction:
        core, ledger = self.core, self.core.ledger
        constants, row = ledger.constants, ledger.state.accounts.require(self.account)
        sequence = core.mempool.get_next_sequence(self.account)
        expires_slot = slot + PROPOSAL_PERIODS * constants.slots_per_period
        proposal = ProposeChain(legs, expires_slot, None)
        is_first = row.policy is None and sequence == row.sequence
        body = Transaction(
            version=TRANSACTION_VERSION,
            account=self.account,
            sequence=sequence,
            valid_until_slot=slot
            + min(constants.clearing_interval_slots, constants.transaction_life_slots // 2),
            ref=get_lasting_ref(ledger.state),
            via=None,
            fee_max=min(FEE_MAX, self._get_spendable()),
            actions=(Reveal(build_policy(self.key)), proposal) if is_first else (proposal,),
        )
        return sign_transaction(ledger.chain, body, [(0, self.key)])
