"""What the core has done since it started, and whom it tells: counters and subscribers.

A subscriber that does not keep up loses its channel and may begin anew; nobody waits for it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Final

import trio

from node.events import CoreEvent
from node.status import Counters

SUBSCRIBER_EVENTS_MAX: Final = 1_024  # two full blocks of transactions, or an hour of quiet ones
SUBSCRIBERS_MAX: Final = 1_024  # the API admits fewer; this only bounds a mistake


@dataclass(slots=True)
class Tally:
    """The counters while they count."""

    blocks_produced: int = 0
    blocks_imported: int = 0
    blocks_refused: int = 0
    reorganisations: int = 0
    reorganisation_depth_max: int = 0
    slots_missed: int = 0
    import_seconds: float = 0.0
    transactions_applied: int = 0
    subscribers_dropped: int = 0
    votes_seen: int = 0
    votes_signed: int = 0
    offences_seen: int = 0

    def snapshot(self) -> Counters:
        """The counters as they stand."""
        return Counters(**asdict(self))


class Board:
    """Counters, and the channels of those who listen."""

    def __init__(self) -> None:
        self.tally = Tally()
        self._channels: list[trio.MemorySendChannel[CoreEvent]] = []

    @contextmanager
    def subscribe(self) -> Iterator[trio.MemoryReceiveChannel[CoreEvent]]:
        """Events from now on; the channel ends for a subscriber that does not keep up."""
        send, receive = trio.open_memory_channel[CoreEvent](SUBSCRIBER_EVENTS_MAX)
        if len(self._channels) >= SUBSCRIBERS_MAX:
            self._drop(self._channels[0])
        self._channels.append(send)
        try:
            yield receive
        finally:
            if send in self._channels:
                self._channels.remove(send)
            send.close()
            receive.close()

    def publish(self, event: CoreEvent) -> None:
        """Tell everybody who listens."""
        for channel in list(self._channels):
            try:
                channel.send_nowait(event)
            except (trio.WouldBlock, trio.BrokenResourceError):
                self._drop(channel)

    def close(self) -> None:
        """End all channels."""
        for channel in self._channels:
            channel.close()
        self._channels.clear()

    def _drop(self, channel: trio.MemorySendChannel[CoreEvent]) -> None:
        self._channels.remove(channel)
        channel.close()
        self.tally.subscribers_dropped += 1
