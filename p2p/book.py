"""The address book: whom we have met, whom we have heard of, and whom we refuse, kept on disk.

What was reached is worth more than what was told, and no host or teller can fill the book. The
file is a cache that a node can live without: a damaged one is an empty one.
"""

import random
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from p2p.addresses import Address, get_host, parse_address
from p2p.files import write_private
from p2p.transport import PeerId
from p2p.wire import ADDRESS_BYTES_MAX

MET_MAX: Final = 256  # twenty times the connections we look for ourselves
HEARD_MAX: Final = 768
HOST_MAX: Final = 8  # addresses of one host: a village behind one router, not a forger's list
FAILURES_MAX: Final = 8  # then what was only heard of is forgotten
BANS_MAX: Final = 4_096
BOOK_BYTES_MAX: Final = 1_024 * 1_024
BAN_MEMORY_SECONDS: Final = 7 * 86_400  # how long an old ban makes the next one longer

Text = Annotated[str, Meta(max_length=ADDRESS_BYTES_MAX)]


class Entry(msgspec.Struct):
    """One address. ``reached_ms`` is 0 until we have reached it ourselves."""

    address: Text
    reached_ms: int
    failures: int = 0


class Ban(msgspec.Struct):
    """A peer we refuse until then; ``times`` counts how often that happened."""

    until_ms: int
    times: int


class _File(msgspec.Struct):
    version: int
    entries: list[Entry]
    bans: dict[Text, Ban]


class Book:
    """The book in memory, and its file. Times are the wall clock's milliseconds."""

    def __init__(self, path: Path | None, dice: random.Random) -> None:
        self._path = path
        self._dice = dice
        self._entries: dict[str, Entry] = {}
        self._bans: dict[PeerId, Ban] = {}
        self.is_changed = False
        if path is not None:
            self._load(path)

    def _load(self, path: Path) -> None:
        try:
            if path.stat().st_size > BOOK_BYTES_MAX:
                return
            file = msgspec.json.decode(path.read_bytes(), type=_File)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return
        if file.version != 1:
            return
        for entry in file.entries[: MET_MAX + HEARD_MAX]:
            if parse_address(entry.address) is not None:
                self._entries[entry.address] = entry
        self._bans = {PeerId(peer): ban for peer, ban in list(file.bans.items())[:BANS_MAX]}

    def save(self) -> None:
        """Write the file if there is something new. Raises OSError."""
        if self._path is None or not self.is_changed:
            return
        file = _File(1, list(self._entries.values()), {str(k): v for k, v in self._bans.items()})
        write_private(self._path, msgspec.json.format(msgspec.json.encode(file), indent=1))
        self.is_changed = False

    def hear(self, address: Address) -> None:
        """Note what somebody told us. A full book forgets another hearsay, drawn by lot."""
        if address.text in self._entries:
            return
        if sum(get_host(text) == address.host for text in self._entries) >= HOST_MAX:
            return
        heard = [entry for entry in self._entries.values() if not entry.reached_ms]
        if len(heard) >= HEARD_MAX:
            del self._entries[self._dice.choice(heard).address]
        self._entries[address.text] = Entry(address.text, 0)
        self.is_changed = True

    def note_reached(self, address: str, now_ms: int) -> None:
        """We connected to it. A full book forgets whom we have not reached for longest."""
        if parse_address(address) is None:
            return
        entry = self._entries.setdefault(address, Entry(address, 0))
        entry.reached_ms, entry.failures = now_ms, 0
        met = [entry for entry in self._entries.values() if entry.reached_ms]
        if len(met) > MET_MAX:
            del self._entries[min(met, key=lambda entry: entry.reached_ms).address]
        self.is_changed = True

    def has_met(self) -> bool:
        """Whether there is anybody whom we have ever reached."""
        return any(entry.reached_ms for entry in self._entries.values())

    def note_failure(self, address: str) -> None:
        """We could not connect to it; hearsay that never comes true is forgotten."""
        entry = self._entries.get(address)
        if entry is None:
            return
        entry.failures += 1
        if entry.failures >= FAILURES_MAX and not entry.reached_ms:
            del self._entries[address]
        self.is_changed = True

    def get_candidates(self, but: Iterable[PeerId], limit: int) -> Sequence[Address]:
        """Whom to try, other than these peers: half of them met, half heard of, drawn by lot."""
        excluded = set(but)
        met: list[Address] = []
        heard: list[Address] = []
        for entry in self._entries.values():
            address = parse_address(entry.address)
            if address is not None and address.peer not in excluded:
                (met if entry.reached_ms else heard).append(address)
        self._dice.shuffle(met)
        self._dice.shuffle(heard)
        half = max((limit + 1) // 2, limit - len(heard))
        return [*met[:half], *heard[: limit - min(half, len(met))]]

    def get_recommended(self, limit: int, since_ms: int) -> Sequence[str]:
        """Addresses that we ourselves reached since then, for telling others."""
        fresh = [e.address for e in self._entries.values() if e.reached_ms >= max(since_ms, 1)]
        self._dice.shuffle(fresh)
        return fresh[:limit]

    def ban(self, peer: PeerId, first_seconds: float, most_seconds: float, now_ms: int) -> float:
        """Refuse a peer, each time for twice as long. The seconds it is refused for."""
        old = self._bans.pop(peer, None)
        remembered = old is not None and now_ms - old.until_ms < BAN_MEMORY_SECONDS * 1_000
        times = old.times + 1 if old is not None and remembered else 1
        seconds = min(first_seconds * 2.0 ** min(times - 1, 32), most_seconds)
        if len(self._bans) >= BANS_MAX:
            del self._bans[min(self._bans, key=lambda name: self._bans[name].until_ms)]
        self._bans[peer] = Ban(now_ms + int(seconds * 1_000), times)
        self.is_changed = True
        return seconds

    def is_banned(self, peer: PeerId, now_ms: int) -> bool:
        """Whether we refuse this peer now."""
        ban = self._bans.get(peer)
        return ban is not None and ban.until_ms > now_ms
