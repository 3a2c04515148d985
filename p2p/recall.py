"""Which gossip we have met, and the newest of it for those that missed it: both bounded.

What was met is recognised by its identifier for two minutes; what was passed on is kept for a few
heartbeats, in windows, so that forgetting is one step.
"""

from collections import OrderedDict, deque
from typing import Final, NamedTuple

import trio

SEEN_SECONDS: Final = 120.0
SEEN_MAX: Final = 32_768  # about 5 MB; more than the rates admit from a mesh in that time
KEPT_HEARTBEATS: Final = 5
KEPT_BYTES_MAX: Final = 8 * 1_024 * 1_024


class _Kept(NamedTuple):
    topic: str
    frame: bytes


class Recall:
    """What is remembered of messages."""

    def __init__(self) -> None:
        self._seen: OrderedDict[bytes, float] = OrderedDict()
        self._windows: deque[OrderedDict[bytes, _Kept]] = deque([OrderedDict()])
        self.kept_bytes = 0

    def is_seen(self, message_id: bytes) -> bool:
        """Whether a message was met lately."""
        return self._seen.get(message_id, 0.0) > trio.current_time()

    def note_seen(self, message_id: bytes) -> None:
        """Recognise a message from now on."""
        self._seen[message_id] = trio.current_time() + SEEN_SECONDS
        self._seen.move_to_end(message_id)
        if len(self._seen) > SEEN_MAX:
            self._seen.popitem(last=False)

    def count_seen(self) -> int:
        """How many messages are recognised."""
        return len(self._seen)

    def keep(self, message_id: bytes, topic: str, frame: bytes) -> None:
        """Keep a message's frame, and let the oldest go when they are too many bytes."""
        self._windows[0][message_id] = _Kept(topic, frame)
        self.kept_bytes += len(frame)
        while self.kept_bytes > KEPT_BYTES_MAX:
            oldest = next(window for window in reversed(self._windows) if window)
            self.kept_bytes -= len(oldest.popitem(last=False)[1].frame)

    def get(self, message_id: bytes) -> bytes | None:
        """A kept message's frame."""
        for window in self._windows:
            kept = window.get(message_id)
            if kept is not None:
                return kept.frame
        return None

    def get_recent(self, topic: str, heartbeats: int) -> list[bytes]:
        """Identifiers of a topic's messages of the last heartbeats, the newest window first."""
        return [
            message_id
            for window in list(self._windows)[:heartbeats]
            for message_id, kept in window.items()
            if kept.topic == topic
        ]

    def forget_old(self) -> None:
        """A heartbeat has passed."""
        self._windows.appendleft(OrderedDict())
        if len(self._windows) > KEPT_HEARTBEATS:
            self.kept_bytes -= sum(len(kept.frame) for kept in self._windows.pop().values())
        now = trio.current_time()
        while self._seen and next(iter(self._seen.values())) <= now:
            self._seen.popitem(last=False)
