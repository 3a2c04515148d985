"""How often, and how many at once, hosts may begin a handshake with us.

A handshake costs us curve arithmetic and a place, and the one who asks for it nothing; so each
host has its share, and all together no more than we can bear.
"""

from collections import Counter, OrderedDict
from typing import Final

import trio

from p2p.rates import Bucket, build_bucket

HANDSHAKES_MAX: Final = 32  # at once; each costs a millisecond of curve arithmetic
HANDSHAKES_PER_HOST: Final = 8
KNOCKS_PER_SECOND: Final = 4.0  # connections of one host: a village behind one router comes back
KNOCKS_BURST: Final = 40.0
HOSTS_MAX: Final = 1_024  # whose knocks are counted


class Doorbell:
    """How often and how many at once hosts may begin a handshake."""

    def __init__(self) -> None:
        self._busy: Counter[str] = Counter()
        self._knocks: OrderedDict[str, Bucket] = OrderedDict()

    def rings(self, host: str) -> bool:
        """Whether a handshake may begin; if so ``leave`` must follow."""
        now = trio.current_time()
        if host not in self._knocks:
            self._knocks[host] = build_bucket(KNOCKS_PER_SECOND, KNOCKS_BURST, now)
            if len(self._knocks) > HOSTS_MAX:
                self._knocks.popitem(last=False)
        self._knocks.move_to_end(host)
        if (
            self._busy.total() >= HANDSHAKES_MAX
            or self._busy[host] >= HANDSHAKES_PER_HOST
            or not self._knocks[host].take(1, now)
        ):
            return False
        self._busy[host] += 1
        return True

    def leave(self, host: str) -> None:
        """The handshake is over."""
        self._busy[host] -= 1
        if not self._busy[host]:
            del self._busy[host]
