"""How much a peer may ask of us in a while: token buckets. The caller brings the time."""

from dataclasses import dataclass


@dataclass(slots=True)
class Bucket:
    """Fills evenly up to a brim; what is taken must be in it."""

    per_second: float
    brim: float
    level: float
    filled_at: float

    def take(self, amount: float, now: float) -> bool:
        """Take so much if it is there."""
        self._fill(now)
        if amount > self.level:
            return False
        self.level -= amount
        return True

    def borrow(self, amount: float, now: float) -> float:
        """Take so much in any case; the seconds to wait until the bucket would have held it."""
        self._fill(now)
        self.level -= amount
        return max(0.0, -self.level / self.per_second)

    def _fill(self, now: float) -> None:
        self.level = min(self.brim, self.level + (now - self.filled_at) * self.per_second)
        self.filled_at = now


def build_bucket(per_second: float, brim: float, now: float) -> Bucket:
    """A full bucket."""
    return Bucket(per_second, brim, brim, now)
