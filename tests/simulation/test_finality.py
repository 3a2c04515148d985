"""Finality among real nodes under one mock clock: cores, networks and journals, over bad lines too.

Checked at the end of each run: what is final is the same for all and never fell back, and nobody
has signed two different things of one kind in a round.
"""

import pytest
from msgspec.structs import replace

from p2p.memory import Lines
from tests.community import CONSTANTS, build_genesis
from tests.simulation.village import Village, run_deterministically

SEATS = ("ann", "boris", "clara", "daniil")
BAD_LINES = Lines(loss=0.02, duplicates=0.05, delay_seconds=(0.02, 0.3))


def settle(seed: int, lines: Lines | None = None, **changes: int) -> Village:
    constants = replace(CONSTANTS, **changes)
    village = Village(seed, build_genesis(constants=constants), lines)
    for name in SEATS:
        village.settle(name, seat=name)
    return village


def get_finals(village: Village) -> dict[str, tuple[int, int]]:
    """Height of the final block and of the head, for each that runs."""
    return {
        name: (
            item.running.get_core_status().finality.final_height,
            item.running.ledger.head.height,
        )
        for name, item in village.villagers.items()
        if item.core is not None
    }


async def live_well(seed: int, slots: int, lines: Lines | None) -> dict[str, tuple[int, int]]:
    village = settle(seed, lines)
    async with village.live(*SEATS):
        await village.sleep_until_slot(slots + 0.9)
        finals = get_finals(village)
    print(finals)
    return finals


@pytest.mark.parametrize("lines", [None, BAD_LINES])
def test_four_nodes_make_blocks_final(lines: Lines | None) -> None:
    async def run() -> dict[str, tuple[int, int]]:
        return await live_well(1, 40, lines)

    for final, head in run_deterministically(1, run).values():
        assert head - final <= 3
