"""The clock guard: a node whose clock may be wrong signs nothing until it has listened.

After a start, and after wall and monotonic clock have parted, signing waits while more than a third
of the weight was heard only with messages that were old when they came; at most 150 slots. Nobody's
word ever sets a clock, and not hearing anybody stops nothing: else a community whose servers all
come back after a long night would wait for ever.
"""

from collections.abc import Sequence
from enum import Enum
from statistics import median_low
from typing import Final

from chain.policy import AccountId
from chain.tables import SetEntry

STALE_SLOTS: Final = 15  # a message older than this on arrival says nothing good about our clock
GUARD_SLOTS_MAX: Final = 150
OFFSET_PEERS_MIN: Final = 5  # below that a median is the word of two or three
OFFSET_PEERS_MAX: Final = 64  # more do not make a better median
OFFSET_WARN_MS: Final = 1_000
OFFSET_STOP_MS: Final = 60_000


class GuardState(Enum):
    """What the guard says about signing."""

    OPEN = "open"
    LISTENING = "listening"  # more than a third was heard, and only with old messages
    OPERATOR = "operator"  # five peers and more say that our clock is a minute off


class ClockGuard:
    """What was heard since the guard was last armed, and what peers' clocks say."""

    __slots__ = ("_armed_slot", "_heard", "_offsets", "_old", "_waits")

    def __init__(self) -> None:
        self._armed_slot: int | None = None
        self._heard: dict[AccountId, tuple[int, int]] = {}  # seat -> newest slot, least age
        self._old: set[AccountId] = set()  # those of which all was old on arrival
        self._offsets: dict[str, int] = {}
        self._waits = False

    def arm(self, slot: int) -> None:
        """Begin to listen: the node has started, or its clocks have parted."""
        self._armed_slot = slot
        self._heard.clear()
        self._old.clear()

    @property
    def is_armed(self) -> bool:
        """Whether what is heard matters."""
        return self._armed_slot is not None

    @property
    def waits_for_operator(self) -> bool:
        """Whether only the operator can say that the clock is right."""
        return self._waits

    def confirm(self) -> None:
        """The operator says that the clock is right."""
        self._armed_slot = None
        self._waits = False

    def hear(self, seat: AccountId, message_slot: int, clock_slot: int, floor_slot: int) -> None:
        """Take note of a live message of a seat; what is not above our head slot is no news.

        Each seat's messages count in rising slots only, so that a repeat never counts.
        """
        if self._armed_slot is None or message_slot <= floor_slot:
            return
        newest, least_age = self._heard.get(seat, (-1, clock_slot - message_slot))
        if message_slot > newest:
            age = min(least_age, clock_slot - message_slot)
            self._heard[seat] = message_slot, age
            if age > STALE_SLOTS:
                self._old.add(seat)
            else:
                self._old.discard(seat)

    def measure(self, peer: str, offset_ms: int) -> None:
        """A peer's clock less ours, in milliseconds; the newest of each peer counts."""
        self._offsets.pop(peer, None)
        self._offsets[peer] = offset_ms
        if len(self._offsets) > OFFSET_PEERS_MAX:
            del self._offsets[next(iter(self._offsets))]

    def forget_peer(self, peer: str) -> None:
        """A peer has gone, and its clock with it."""
        self._offsets.pop(peer, None)

    def get_offset_ms(self) -> int | None:
        """The median of the peers' clocks less ours; None while too few have answered."""
        if len(self._offsets) < OFFSET_PEERS_MIN:
            return None
        return median_low(self._offsets.values())

    def pass_time(self, slot: int, entries: Sequence[SetEntry]) -> None:
        """When the guard's time is over, disarm it, or wait for the operator."""
        if self._armed_slot is None or slot - self._armed_slot < GUARD_SLOTS_MAX:
            return
        offset_ms = self.get_offset_ms()
        wrong = offset_ms is not None and abs(offset_ms) > OFFSET_STOP_MS
        self._waits = wrong and self._is_stale(entries)
        self._armed_slot = None

    def get_state(self, slot: int, entries: Sequence[SetEntry]) -> GuardState:
        """What the guard says about signing in this slot."""
        if self._waits:
            return GuardState.OPERATOR
        if self._armed_slot is None or slot - self._armed_slot >= GUARD_SLOTS_MAX:
            return GuardState.OPEN
        return GuardState.LISTENING if self._is_stale(entries) else GuardState.OPEN

    def _is_stale(self, entries: Sequence[SetEntry]) -> bool:
        """Whether seats of more than a third were heard only with messages old on arrival."""
        if not self._old:
            return False  # as nearly always: asked several times of every event
        total = sum(entry.weight for entry in entries)
        return 3 * sum(entry.weight for entry in entries if entry.seat in self._old) > total
