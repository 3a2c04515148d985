"""Lines between servers that lose, delay, repeat and part: whatever a network may do to a message.

A message is a value that both ends may read and nobody changes. Faults begin and end at their
times; the dice are thrown in the order of sending, so that a seed fixes what every message meets.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from tests.simulation.timeline import Timeline

FLOOR_MS: Final = 10
TAIL_MS: Final = 6_000


class Delay(NamedTuple):
    """How long a message takes. ``kind``: constant, uniform to twice the mean, or exponential."""

    kind: str
    mean_ms: int

    def draw(self, dice: random.Random) -> int:
        """Milliseconds."""
        if self.kind == "constant":
            return self.mean_ms
        if self.kind == "uniform":
            return FLOOR_MS + int(dice.random() * 2 * self.mean_ms)
        return FLOOR_MS + int(min(dice.expovariate(1 / self.mean_ms), 4 * self.mean_ms))


GOOD: Final = Delay("exponential", 100)


@dataclass
class Quality:
    """What the lines do to every message, while no fault says more."""

    delay: Delay = GOOD
    loss: float = 0.0
    duplicates: float = 0.0
    tail: float = 0.0  # share of messages that take six seconds more


@dataclass
class Lines:
    """Who can reach whom, and how well."""

    timeline: Timeline
    dice: random.Random
    quality: Quality = field(default_factory=Quality)
    closed: set[tuple[str, str]] = field(default_factory=set)  # from, to
    slow: dict[tuple[str, str], int] = field(default_factory=dict)  # further milliseconds
    receivers: dict[str, Callable[[str, Any], None]] = field(default_factory=dict)
    # Messages of this type that reach somebody in the same span come together, at its end, as to a
    # node that reads what lies there when it gets to it. None: each comes by itself.
    gathered: type | None = None
    gathered_ms: int = 1
    deliver_all: Callable[[str, list[tuple[str, Any]]], None] = lambda *_: None
    sent: int = 0
    _boxes: dict[tuple[str, int], list[tuple[str, Any]]] = field(default_factory=dict)

    def send(self, sender: str, receiver: str, message: Any, extra_ms: int = 0) -> None:
        """Put a message on its way, if it gets on its way at all."""
        self.sent += 1
        quality, dice = self.quality, self.dice
        if self.closed and (sender, receiver) in self.closed:
            return
        if quality.loss and dice.random() < quality.loss:
            return
        for _ in range(2 if quality.duplicates and dice.random() < quality.duplicates else 1):
            delay_ms = quality.delay.draw(dice) + extra_ms
            if self.slow:
                delay_ms += self.slow.get((sender, receiver), 0)
            if quality.tail and dice.random() < quality.tail:
                delay_ms += TAIL_MS
            time_ms = self.timeline.now_ms + delay_ms
            if type(message) is self.gathered:
                self._gather(time_ms, sender, receiver, message)
            else:
                self.timeline.plan(time_ms, self.receivers[receiver], sender, message)

    def _gather(self, time_ms: int, sender: str, receiver: str, message: Any) -> None:
        key = receiver, time_ms // self.gathered_ms
        box = self._boxes.get(key)
        if box is None:
            box = self._boxes[key] = []
            self.timeline.plan((key[1] + 1) * self.gathered_ms, self._open_box, key)
        box.append((sender, message))

    def _open_box(self, key: tuple[str, int]) -> None:
        self.deliver_all(key[0], self._boxes.pop(key))

    def part(self, names: list[str], side: list[str], *, one_way: bool = False) -> None:
        """Cut the lines from one side to the others; both ways unless ``one_way``."""
        for here in side:
            for there in names:
                if there not in side:
                    self.closed.add((here, there))
                    if not one_way:
                        self.closed.add((there, here))

    def heal(self) -> None:
        """All lines are whole and even again."""
        self.closed.clear()
        self.slow.clear()
