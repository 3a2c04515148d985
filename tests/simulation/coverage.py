"""What the generator has produced: counts by name, and pairs of faults that met in one run.

A simulator that never does a thing proves nothing about it. Cells that must not be empty are named
where they are made; a campaign in which one stays empty fails.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import combinations


@dataclass
class Coverage:
    """Counts of what happened, and what was switched on in how many runs."""

    counts: Counter[str] = field(default_factory=Counter)
    features: Counter[str] = field(default_factory=Counter)
    pairs: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, name: str, count: int = 1) -> None:
        """Something happened."""
        self.counts[name] += count

    def switch_on(self, features: Iterable[str]) -> None:
        """A run had these faults."""
        names = sorted(features)
        self.features.update(names)
        self.pairs.update(combinations(names, 2))

    def merge(self, other: "Coverage") -> None:
        """Put two runs together."""
        self.counts.update(other.counts)
        self.features.update(other.features)
        self.pairs.update(other.pairs)

    def find_empty(self, features: Iterable[str], cells: Iterable[str]) -> list[str]:
        """Faults, pairs of faults and other cells that no run produced."""
        names = sorted(features)
        empty = [name for name in names if not self.features[name]]
        empty += [f"{one} with {other}" for one, other in combinations(names, 2)
                  if not self.pairs[one, other]]  # fmt: skip
        return empty + [name for name in cells if not self.counts[name]]

    def format(self) -> str:
        """A table for people."""
        lines = [f"  {count:>9}  {name}" for name, count in sorted(self.counts.items())]
        lines += [
            f"  {count:>9}  runs with {name}" for name, count in sorted(self.features.items())
        ]
        if self.pairs:
            rarest = min(self.pairs.items(), key=lambda item: (item[1], item[0]))
            lines.append(
                f"  {len(self.pairs):>9}  pairs of faults, the rarest "
                f"{' with '.join(rarest[0])}: {rarest[1]} runs"
            )
        return "\n".join(lines)
