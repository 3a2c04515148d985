"""What a run is made of: everything is drawn from its seed, feature by feature.

Each feature has dice of its own, so that one can be left out and the others stay as they were:
that is how a failure is made smaller, and how it is told in one line.
"""

import random
from typing import Final, NamedTuple

# Each is on in so many of a hundred runs.
FEATURES: Final[dict[str, int]] = {
    "loss": 45,
    "duplicates": 35,
    "late messages": 35,
    "slow lines": 35,
    "one slow line": 30,
    "partition": 45,
    "one-way partition": 30,
    "power cuts": 50,
    "power cuts in writes": 40,
    "forgetful disk": 25,
    "full disk": 30,
    "old store": 30,
    "skew": 40,
    "drift": 30,
    "clock jump": 30,
    "outage of one": 40,
    "outage of many": 30,
    "seizure": 25,
    "lost journal": 25,
    "torn journal": 20,
    "old journal": 20,
    "two machines": 25,
    "double votes": 30,
    "withheld votes": 30,
    "no acks": 25,
    "no roll-call": 25,
    "forged certificates": 30,
    "withheld blocks": 25,
    "selective blocks": 30,
    "spoilt blocks": 30,
    "censorship": 25,
    "spam": 30,
    "payments": 85,
    "stake": 40,
}
SLOTS_MIN: Final = 150
SLOTS_MAX: Final = 600
SERVERS_MIN: Final = 4
SERVERS_MAX: Final = 10
# Half of the runs have 155 slots at most, and one in ten more than 380; half have four servers,
# and one in ten nine or ten. The more runs, the more faults meet.
SLOTS_SKEW: Final = 6
SERVERS_SKEW: Final = 3
HEALING_SLOTS: Final = 60  # at the end of every run, without faults
CALM_SLOTS: Final = 8  # at the beginning: a community that never ran is another test
REAL_EVERY: Final = 50  # one run of so many signs for real
UNSHARED_EVERY: Final = 6  # in two runs of so many every server executes every block


class Options(NamedTuple):
    """One run."""

    seed: int
    slots: int
    servers: int
    features: frozenset[str]
    real: bool = False  # real signatures and proofs
    shares: bool = True  # what a block does to a state is found out once; see ``sharing``

    @property
    def healed_slot(self) -> int:
        """From here on there are no faults."""
        return self.slots - HEALING_SLOTS

    def get_dice(self, name: str) -> random.Random:
        """Dice for one purpose."""
        return random.Random(f"{self.seed} {name}")

    def has(self, feature: str) -> bool:
        """Whether a feature is on."""
        return feature in self.features

    def format(self) -> str:
        """The command that runs this again."""
        drawn = draw(self.seed)
        parts = [f"python -m tests.simulation --seed {self.seed}"]
        if self.slots != drawn.slots:
            parts.append(f"--slots {self.slots}")
        if self.servers != drawn.servers:
            parts.append(f"--servers {self.servers}")
        parts += [f"--without '{name}'" for name in sorted(drawn.features - self.features)]
        return " ".join(parts)


def draw(
    seed: int,
    *,
    slots: int | None = None,
    servers: int | None = None,
    without: frozenset[str] = frozenset(),
) -> Options:
    """The options of a seed, perhaps smaller."""
    dice = random.Random(f"{seed} size")
    drawn_slots = _draw_size(dice, SLOTS_MIN, SLOTS_MAX, SLOTS_SKEW)
    drawn_servers = _draw_size(dice, SERVERS_MIN, SERVERS_MAX, SERVERS_SKEW)
    features = frozenset(
        name
        for name, percent in FEATURES.items()
        if random.Random(f"{seed} has {name}").randrange(100) < percent
    )
    return Options(
        seed=seed,
        slots=drawn_slots if slots is None else slots,
        servers=drawn_servers if servers is None else servers,
        features=features - without,
        real=seed % REAL_EVERY == REAL_EVERY - 1,
        shares=seed % UNSHARED_EVERY > 1 and seed % REAL_EVERY != REAL_EVERY - 1,
    )


def _draw_size(dice: random.Random, least: int, most: int, skew: int) -> int:
    """A size of which small ones are more frequent: what goes wrong goes wrong in small runs."""
    return least + int((most + 1 - least) * dice.random() ** skew)
