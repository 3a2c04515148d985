"""A server's two clocks, each as wrong as a fault makes it: skew, drift, jumps."""

from dataclasses import dataclass

from tests.simulation.timeline import Timeline

MILLION = 1_000_000


@dataclass
class Clock:
    """What ``node.clock.Clock`` asks, out of virtual time."""

    timeline: Timeline
    genesis_ms: int
    skew_ms: int = 0
    drift_ppm: int = 0
    drift_since_ms: int = 0
    drifted_ms: int = 0

    def get_wall_ms(self) -> int:
        """The wall clock of one server."""
        drift_ms = self._get_drift_ms() if self.drift_ppm else self.drifted_ms
        return self.timeline.now_ms + self.genesis_ms + self.skew_ms + drift_ms

    def get_monotonic_ms(self) -> int:
        """Never set; a drifting crystal drives both clocks."""
        now_ms = self.timeline.now_ms + MILLION
        return now_ms + self._get_drift_ms() if self.drift_ppm else now_ms + self.drifted_ms

    def get_error_ms(self) -> int:
        """How far the wall clock is ahead of virtual time."""
        return self.skew_ms + self._get_drift_ms()

    def jump(self, error_ms: int) -> None:
        """Set the wall clock: from now on it is so far off."""
        self.skew_ms = error_ms - self._get_drift_ms()

    def drift(self, ppm: int) -> None:
        """Let the crystal run faster or slower from now on."""
        self.drifted_ms = self._get_drift_ms()
        self.drift_ppm, self.drift_since_ms = ppm, self.timeline.now_ms

    def _get_drift_ms(self) -> int:
        passed_ms = self.timeline.now_ms - self.drift_since_ms
        return self.drifted_ms + passed_ms * self.drift_ppm // MILLION
