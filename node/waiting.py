"""Who waits how much: transactions by account, and the room they take, shared fairly.

Members of the community and guests, whose accounts are nobody's identity, have a lane each. Guests
hold a quarter of the room at most and give way to members; within a lane, whoever holds most gives
way to whoever holds less. So a stranger with any number of accounts cannot keep a member out, and
a member with one account cannot keep out another.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from heapq import heapify, heappop, heapreplace
from typing import Final

from sortedcontainers import SortedList

from chain.policy import AccountId
from chain.transaction import SealedTransaction

# What a small transaction takes in memory beside its bytes, once decoded.
OVERHEAD_BYTES: Final = 1_024
GUEST_SHARE: Final = 4  # guests may fill a quarter of the room
MEMBERS_BEFORE_GUEST: Final = 3  # in a block guests have every fourth turn, if they want it


class Lane(IntEnum):
    """Whose transactions these are."""

    MEMBER = 0
    GUEST = 1


@dataclass(slots=True)
class Waiting:
    """One transaction that waits."""

    sealed: SealedTransaction
    leaf: bytes
    arrival: int
    generation: int = 0  # of the view it was applied in; 0: in none
    refusals: int = 0  # heads above which it could not be applied, for the time being

    @property
    def sequence(self) -> int:
        """Its place among its account's transactions."""
        return self.sealed.body.sequence

    @property
    def charge(self) -> int:
        """The room it takes."""
        return len(self.sealed.whole_bytes) + OVERHEAD_BYTES


@dataclass(slots=True)
class Queue:
    """One account's waiting transactions, by sequence."""

    account: AccountId
    lane: Lane
    waiting: list[Waiting] = field(default_factory=list)
    charge: int = 0

    def find(self, sequence: int) -> Waiting | None:
        """What waits with this sequence."""
        index = bisect_left(self.waiting, sequence, key=_get_sequence)
        if index < len(self.waiting) and self.waiting[index].sequence == sequence:
            return self.waiting[index]
        return None


class Room:
    """The room of the mempool, and who has to give way when it is full."""

    __slots__ = ("_by_charge", "_bytes_max", "_charges")

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._charges = [0, 0]
        self._by_charge: tuple[SortedList, SortedList] = (SortedList(), SortedList())

    def add(self, queue: Queue, waiting: Waiting) -> None:
        """Give a transaction its place in its queue."""
        self._by_charge[queue.lane].discard((queue.charge, queue.account))
        index = bisect_left(queue.waiting, waiting.sequence, key=_get_sequence)
        queue.waiting.insert(index, waiting)
        self._recharge(queue, waiting.charge)

    def remove(self, queue: Queue, waiting: Waiting) -> None:
        """Take a transaction out of its queue."""
        self._by_charge[queue.lane].discard((queue.charge, queue.account))
        queue.waiting.remove(waiting)
        self._recharge(queue, -waiting.charge)

    def find_victim(self, lane: Lane, charge: int, held: int) -> AccountId | None:
        """Whose newest must go, so that a queue that holds ``held`` may get ``charge`` more.

        None: nobody who holds more, so whoever asks has to wait.
        """
        if lane is Lane.MEMBER and self._by_charge[Lane.GUEST]:
            return self._get_largest(Lane.GUEST)[1]
        if not self._by_charge[lane]:
            return None
        largest, account = self._get_largest(lane)
        return account if largest > held + charge else None

    def is_full(self, lane: Lane, charge: int) -> bool:
        """Whether so much more would not fit."""
        if lane is Lane.GUEST and self._charges[lane] + charge > self._bytes_max // GUEST_SHARE:
            return True
        return sum(self._charges) + charge > self._bytes_max

    def _get_largest(self, lane: Lane) -> tuple[int, AccountId]:
        charge, account = self._by_charge[lane][-1]
        return charge, account

    def _recharge(self, queue: Queue, charge: int) -> None:
        queue.charge += charge
        self._charges[queue.lane] += charge
        if queue.charge:
            self._by_charge[queue.lane].add((queue.charge, queue.account))


def take_turns(queues: Iterable[Queue]) -> Iterator[Waiting]:
    """What a block should carry, best first: members three, guests one, and so on."""
    lanes: tuple[list[Queue], list[Queue]] = ([], [])
    for queue in queues:
        lanes[queue.lane].append(queue)
    members, guests = (_take_lane(lane) for lane in lanes)
    turn = 0
    while True:
        first, second = (members, guests) if turn < MEMBERS_BEFORE_GUEST else (guests, members)
        waiting = next(first, None) or next(second, None)
        if waiting is None:
            return
        yield waiting
        turn = (turn + 1) % (MEMBERS_BEFORE_GUEST + 1)


def _take_lane(queues: list[Queue]) -> Iterator[Waiting]:
    """Everybody's first in order of arrival, then everybody's second, and so on."""
    heap = [(0, queue.waiting[0].arrival, queue) for queue in queues]
    heapify(heap)
    while heap:
        place, _, queue = heap[0]
        yield queue.waiting[place]
        if place + 1 < len(queue.waiting):
            heapreplace(heap, (place + 1, queue.waiting[place + 1].arrival, queue))
        else:
            heappop(heap)


def _get_sequence(waiting: Waiting) -> int:
    return waiting.sequence
