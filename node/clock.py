"""Time for a node: milliseconds since genesis by the system's clock, and whether that was set.

The clock is the system's and nobody else's; the network never sets it. Monotonic time tells when
the wall clock was moved, or the machine slept.
"""

import time
from typing import Final, Protocol

MS: Final = 1_000


class Clock(Protocol):
    """Two clocks that should agree on how much time has passed."""

    def get_wall_ms(self) -> int:
        """Milliseconds since 1970-01-01 UTC."""
        ...

    def get_monotonic_ms(self) -> int:
        """Milliseconds since some moment; never set, and still while the machine sleeps."""
        ...


class SystemClock:
    """The clocks of this machine."""

    def get_wall_ms(self) -> int:
        """Milliseconds since 1970-01-01 UTC."""
        return time.time_ns() // 1_000_000

    def get_monotonic_ms(self) -> int:
        """Milliseconds of monotonic time."""
        return time.monotonic_ns() // 1_000_000


class GenesisClock:
    """A clock that counts from a community's genesis; notices when wall and monotonic time part."""

    def __init__(self, clock: Clock, genesis_time: int, slot_seconds: int) -> None:
        self._clock = clock
        self._genesis_ms = genesis_time * MS
        self._slot_ms = slot_seconds * MS
        self._difference_ms = clock.get_wall_ms() - clock.get_monotonic_ms()

    def get_wall_ms(self) -> int:
        """Milliseconds since 1970-01-01 UTC."""
        return self._clock.get_wall_ms()

    def get_ms(self) -> int:
        """Milliseconds since genesis; negative before it."""
        return self._clock.get_wall_ms() - self._genesis_ms

    def get_slot(self) -> int:
        """The slot of this moment; negative before genesis."""
        return self.get_ms() // self._slot_ms

    def notice_jump(self) -> bool:
        """Whether the two clocks have parted by more than a slot since this was last true.

        A slow drift, as of a clock that is being adjusted, adds up until it is noticed once.
        """
        difference_ms = self._clock.get_wall_ms() - self._clock.get_monotonic_ms()
        if abs(difference_ms - self._difference_ms) <= self._slot_ms:
            return False
        self._difference_ms = difference_ms
        return True
