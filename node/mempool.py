"""Transactions that wait for a block: checked by the rules, in order, within limits.

What waits has been applied, in order of arrival, to a view of the head's state, by the function
that blocks are checked with. A new head makes a new view, into which everything is brought again,
in steps, or sooner when its account is asked about. Nothing here reads a clock or a disk.
"""

import heapq
from collections.abc import Iterable
from typing import Final, NamedTuple

from chain.block import compute_leaf_hash
from chain.checks import SignatureChecks
from chain.errors import Code, Invalid
from chain.ledger import Ledger
from chain.policy import AccountId
from chain.refusals import MEANINGS
from chain.rules.context import Context
from chain.rules.identity import is_identified
from chain.rules.transactions import get_claims, process_transaction
from chain.state import State
from chain.tables import Account
from chain.transaction import TRANSACTION_VERSION, SealedTransaction
from node.waiting import Lane, Queue, Room, Waiting, take_turns

BYTES_MAX: Final = 32 * 1_024 * 1_024  # memory, the overhead of decoded transactions included
ACCOUNT_MAX: Final = 64
GAP_MAX: Final = 16  # sequences ahead of what is here: gossip comes out of order, but not much
REFUSALS_MAX: Final = 64  # heads for which something stays that cannot be applied for the moment
EXPIRIES_SPARE: Final = 4_096  # of what has left: cleared away when there are more
OVERFULL_MAX: Final = 32  # transactions that did not fit, after which a block counts as full


class Limits(NamedTuple):
    """What an operator may set."""

    bytes_max: int = BYTES_MAX
    account_max: int = ACCOUNT_MAX


class Dropped(NamedTuple):
    """A transaction that left without a block, and why."""

    id: bytes
    code: Code


class _View(NamedTuple):
    """The head's state with what waits applied to it, and the slot it is asked for."""

    state: State
    context: Context


class Mempool:
    """What waits, by account and in the order of sequences."""

    def __init__(
        self, ledger: Ledger, checks: SignatureChecks, limits: Limits | None = None
    ) -> None:
        """An empty mempool over a ledger's head; ``checks`` remembers what it verified."""
        self._ledger = ledger
        self._checks = checks
        self._limits = limits or Limits()
        self._queues: dict[AccountId, Queue] = {}
        self._by_id: dict[bytes, Waiting] = {}  # in order of arrival
        self._by_leaf: dict[bytes, Waiting] = {}
        self._expiries: list[tuple[int, bytes]] = []  # a heap; those that left are skipped
        self._room = Room(self._limits.bytes_max)
        self._size_bytes = 0
        self._latest = 0  # numbers of arrival; what returns from abandoned blocks counts downwards
        self._earliest = 0
        self._generation = 1
        self._view: _View | None = None
        self._cut: set[AccountId] = set()  # of whom something stands in the view that has left
        self._unchecked: list[bytes] = []  # ids still to be brought into the view, last first
        self._retrying = False
        self._dropped: list[Dropped] = []
        self.changes = 0  # how often something came or went

    def __len__(self) -> int:
        return len(self._by_id)

    @property
    def size_bytes(self) -> int:
        """The whole bytes of all that waits."""
        return self._size_bytes

    def admit(self, sealed: SealedTransaction, slot: int) -> None:
        """Let a transaction wait for a block of this slot or later. Raises Invalid."""
        if sealed.id in self._by_id:
            raise Invalid(Code.ALREADY_KNOWN)
        body = sealed.body
        view = self._open_view(slot)
        if body.account in self._cut:
            self.forget_view()
            view = self._open_view(slot)
        queue = self._queues.get(body.account)
        if queue is not None:
            self._catch_up(queue, view)
        account = view.state.accounts.get(body.account)
        if account is None:
            raise Invalid(Code.UNKNOWN_ACCOUNT)
        if queue is None or body.account not in self._queues:
            queue = Queue(body.account, self._get_lane(view, body.account))
        replaced = queue.find(body.sequence)
        if replaced is None and len(queue.waiting) >= self._limits.account_max:
            raise Invalid(Code.MEMPOOL_ACCOUNT_FULL, f"at most {self._limits.account_max}")
        waiting = Waiting(sealed, compute_leaf_hash(sealed.whole_bytes), self._latest)
        self._latest += 1
        self._check_room(queue, waiting)
        if body.sequence > account.sequence:
            if replaced is not None:
                # What comes too early costs nothing: each account has one try at each sequence, or
                # it could have every node pass on another one for ever.
                raise Invalid(Code.WRONG_SEQUENCE, "another one waits with this sequence")
            self._check_ahead(view, account, sealed)
        else:
            process_transaction(view.state, view.context, sealed, self._checks)
            waiting.generation = self._generation
        if replaced is not None:
            self._drop(replaced, Code.WRONG_SEQUENCE)
        self._make_room(queue, waiting)
        self._put(queue, waiting)
        self._catch_up(queue, view)

    def follow(
        self,
        ledger: Ledger,
        included: Iterable[bytes] = (),
        abandoned: Iterable[SealedTransaction] = (),
    ) -> None:
        """The head has changed: forget what is in blocks now, wait again with what no longer is.

        ``included`` are ids; they are forgotten even if an abandoned block had them too.
        What was in abandoned blocks comes before all else, in its order there, and past the limit
        of its account: it was acknowledged.
        """
        self._ledger = ledger
        self.forget_view()
        done = set(included)
        for transaction_id in done:
            waiting = self._by_id.get(transaction_id)
            if waiting is not None:
                self._remove(waiting)
        self._return(
            [item for item in abandoned if item.id not in done and item.id not in self._by_id]
        )
        self._unchecked = list(reversed(self._by_id))
        self._retrying = False

    def forget_view(self) -> None:
        """The rows below the view have changed, or it holds what has left: build it anew."""
        self._generation += 1
        self._view = None
        self._cut.clear()

    def revalidate(self, slot: int, limit: int) -> bool:
        """Bring about ``limit`` more into the view of the present head; True while some are left.

        What is permanently refused leaves. What cannot be applied for the moment is tried once more
        after all it may depend on, and stays for some heads.
        """
        self._expire(slot)
        view = self._open_view(slot)
        while limit > 0 and self._unchecked:
            waiting = self._by_id.get(self._unchecked.pop())
            if waiting is None or waiting.generation == self._generation:
                continue
            limit -= self._catch_up(self._queues[waiting.sealed.body.account], view) + 1
            if self._retrying:
                self._note_refusal(waiting)
        if not self._unchecked and not self._retrying:
            self._retrying = True
            self._unchecked = [
                transaction_id
                for transaction_id, waiting in reversed(self._by_id.items())
                if waiting.generation != self._generation
            ]
        return bool(self._unchecked)

    def select(self, view: State, context: Context) -> tuple[SealedTransaction, ...]:
        """What a block of this context should carry; never what it would refuse.

        ``view`` stands where the block stands before its transactions, and is used up. Accounts
        take turns; of four places guests have one, if they want it.
        """
        parameters = context.parameters
        units_left, bytes_left = parameters.block_units, parameters.block_bytes
        chosen: list[SealedTransaction] = []
        skipped: set[AccountId] = set()
        overfull = 0
        for waiting in take_turns(self._queues.values()):
            sealed = waiting.sealed
            account = sealed.body.account
            if account in skipped:
                continue
            mark = view.savepoint()
            try:
                units = process_transaction(view, context, sealed, self._checks)
            except Invalid:
                skipped.add(account)
                continue
            if units > units_left or len(sealed.whole_bytes) > bytes_left:
                view.roll_back(mark)
                skipped.add(account)
                overfull += 1
                if overfull >= OVERFULL_MAX:
                    break
                continue
            chosen.append(sealed)
            units_left -= units
            bytes_left -= len(sealed.whole_bytes)
        return tuple(chosen)

    def is_unchecked(self) -> bool:
        """Whether ``revalidate`` has something to do at once."""
        return bool(self._unchecked)

    def get(self, transaction_id: bytes) -> SealedTransaction | None:
        """The waiting transaction of this id."""
        waiting = self._by_id.get(transaction_id)
        return None if waiting is None else waiting.sealed

    def get_by_leaf(self, leaf: bytes) -> SealedTransaction | None:
        """The waiting transaction whose whole bytes, signatures included, have this leaf hash."""
        waiting = self._by_leaf.get(leaf)
        return None if waiting is None else waiting.sealed

    def get_waiting(self, account: AccountId) -> tuple[bytes, ...]:
        """Ids of the account's waiting transactions, in order of sequence."""
        queue = self._queues.get(account)
        return () if queue is None else tuple(item.sealed.id for item in queue.waiting)

    def get_next_sequence(self, account: AccountId) -> int:
        """The sequence the account's next transaction should have: after all that wait in a row."""
        row = self._ledger.state.accounts.get(account)
        sequence = 0 if row is None else row.sequence
        queue = self._queues.get(account)
        while queue is not None and queue.find(sequence) is not None:
            sequence += 1
        return sequence

    def take_dropped(self) -> list[Dropped]:
        """What has left without a block since this was last asked."""
        if not self._dropped:
            return []  # as nearly always: asked after every event
        dropped, self._dropped = self._dropped, []
        return dropped

    def get_all(self) -> list[SealedTransaction]:
        """Everything that waits, in order of arrival."""
        return [waiting.sealed for waiting in self._by_id.values()]

    # The view.

    def _open_view(self, slot: int) -> _View:
        slot = max(slot, self._ledger.head.slot + 1)
        if self._view is None:
            self._view = _View(self._ledger.open_view(), self._ledger.get_context(slot))
        elif self._view.context.slot < slot:
            self._view = self._view._replace(context=self._ledger.get_context(slot))
        return self._view

    def _catch_up(self, queue: Queue, view: _View) -> int:
        """Bring an account's transactions into the view, as far as they go; returns how many."""
        tried = 0
        for waiting in list(queue.waiting):
            if waiting.generation == self._generation:
                continue
            account = view.state.accounts.get(queue.account)
            if account is not None and waiting.sequence > account.sequence:
                break
            tried += 1
            try:
                process_transaction(view.state, view.context, waiting.sealed, self._checks)
            except Invalid as error:
                if MEANINGS[error.code].temporary:
                    break
                self._drop(waiting, error.code)
            else:
                waiting.generation = self._generation
                waiting.refusals = 0
        return tried

    def _note_refusal(self, waiting: Waiting) -> None:
        """Drop what could not be applied above too many heads."""
        if waiting.generation == self._generation or waiting.sealed.id not in self._by_id:
            return
        waiting.refusals += 1
        if waiting.refusals > REFUSALS_MAX:
            self._drop(waiting, Code.FUTURE_SEQUENCE)

    def _check_ahead(self, view: _View, account: Account, sealed: SealedTransaction) -> None:
        """What can be said of a transaction before those that come before it are here."""
        body, slot = sealed.body, view.context.slot
        life_slots = view.context.constants.transaction_life_slots
        if body.version != TRANSACTION_VERSION:
            raise Invalid(Code.WRONG_VERSION)
        if not slot <= body.valid_until_slot <= slot + life_slots:
            raise Invalid(
                Code.EXPIRED if body.valid_until_slot < slot else Code.EXPIRY_TOO_FAR,
                f"at slot {body.valid_until_slot}, now {slot}",
            )
        if account.policy is None or body.sequence > account.sequence + GAP_MAX:
            raise Invalid(
                Code.FUTURE_SEQUENCE, f"{body.sequence}, the account is at {account.sequence}"
            )
        for claim in get_claims(view.context.chain, account.policy, sealed):
            if not self._checks.holds(claim):
                raise Invalid(Code.BAD_SIGNATURE)

    def _get_lane(self, view: _View, account: AccountId) -> Lane:
        member = is_identified(view.state, view.context, account)
        return Lane.MEMBER if member else Lane.GUEST

    # Room.

    def _check_room(self, queue: Queue, waiting: Waiting) -> None:
        """Refuse early, before signatures are looked at, what would find no room."""
        if self._room.is_full(queue.lane, waiting.charge) and (
            self._room.find_victim(queue.lane, waiting.charge, queue.charge) is None
        ):
            raise Invalid(Code.MEMPOOL_FULL)

    def _make_room(self, queue: Queue, waiting: Waiting) -> None:
        """Throw out the newest of whoever holds most, until this one fits."""
        while self._room.is_full(queue.lane, waiting.charge):
            account = self._room.find_victim(queue.lane, waiting.charge, queue.charge)
            if account is None:
                self.forget_view()  # it stands in the view and will not wait
                raise Invalid(Code.MEMPOOL_FULL)
            victim = self._queues[account]
            self._drop(victim.waiting[-1], Code.MEMPOOL_FULL)

    def _put(self, queue: Queue, waiting: Waiting) -> None:
        sealed = waiting.sealed
        self.changes += 1
        self._queues[queue.account] = queue
        self._by_id[sealed.id] = waiting
        self._by_leaf[waiting.leaf] = waiting
        self._size_bytes += len(sealed.whole_bytes)
        self._room.add(queue, waiting)
        heapq.heappush(self._expiries, (sealed.body.valid_until_slot, sealed.id))
        if len(self._expiries) > 2 * len(self._by_id) + EXPIRIES_SPARE:
            self._expiries = [
                (item.sealed.body.valid_until_slot, name) for name, item in self._by_id.items()
            ]
            heapq.heapify(self._expiries)

    def _drop(self, waiting: Waiting, code: Code) -> None:
        self._dropped.append(Dropped(waiting.sealed.id, code))
        self._remove(waiting)

    def _remove(self, waiting: Waiting) -> None:
        sealed = waiting.sealed
        queue = self._queues[sealed.body.account]
        self.changes += 1
        del self._by_id[sealed.id]
        self._by_leaf.pop(waiting.leaf, None)
        self._size_bytes -= len(sealed.whole_bytes)
        self._room.remove(queue, waiting)
        if waiting.generation == self._generation:
            self._cut.add(queue.account)
        if not queue.waiting:
            del self._queues[queue.account]

    def _return(self, returning: list[SealedTransaction]) -> None:
        """Put what was in abandoned blocks before everything else, as far as there is room."""
        if not returning:
            return
        view = self._open_view(0)
        self._earliest -= len(returning)
        first: dict[bytes, Waiting] = {}
        for arrival, sealed in enumerate(returning, self._earliest):
            account = sealed.body.account
            queue = self._queues.get(account) or Queue(account, self._get_lane(view, account))
            other = queue.find(sealed.body.sequence)
            if other is not None and other.sealed.id in first:
                continue  # two abandoned branches had different ones
            if other is not None:
                self._drop(other, Code.WRONG_SEQUENCE)
            waiting = Waiting(sealed, compute_leaf_hash(sealed.whole_bytes), arrival)
            if not self._room.is_full(queue.lane, waiting.charge):
                self._put(queue, waiting)
                first[sealed.id] = waiting
        self._by_id = first | self._by_id

    def _expire(self, slot: int) -> None:
        while self._expiries and self._expiries[0][0] < slot:
            _, transaction_id = heapq.heappop(self._expiries)
            waiting = self._by_id.get(transaction_id)
            if waiting is not None:
                self._drop(waiting, Code.EXPIRED)
