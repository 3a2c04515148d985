"""Finality among real nodes under one mock clock: cores, networks and journals, over bad lines too.

Invariants: what is final is one chain and never falls back, whoever crashes; nobody signs two
different things of one kind in a round; with too few servers nothing becomes final, and the node
says so; when they are back it goes on by itself.
"""

import pytest
import trio
from msgspec.structs import replace

from consensus.outlook import Outlook, Standstill
from p2p.memory import Lines
from tests.community import CONSTANTS, build_genesis, get_account_id
from tests.simulation.village import Village, run_deterministically

SEATS = ("ann", "boris", "clara", "daniil")
BAD_LINES = Lines(loss=0.02, duplicates=0.05, delay_seconds=(0.02, 0.3))


def settle(seed: int, lines: Lines | None = None, **changes: int) -> Village:
    constants = replace(CONSTANTS, **changes)
    village = Village(seed, build_genesis(constants=constants), lines)
    for name in SEATS:
        village.settle(name, seat=name)
    return village


def look(village: Village, name: str) -> Outlook:
    """Finality as a server sees it."""
    return village.villagers[name].running.get_core_status().finality


def check_one_chain(village: Village) -> int:
    """What is final for any lies on the chain of all; returns the lowest final height."""
    running = [item.running for item in village.villagers.values() if item.core is not None]
    finals = [core.get_core_status().finality for core in running]
    for core in running:
        for final in finals:
            if final.final_height <= core.ledger.head.height:
                assert core.ledger.get_hash(final.final_height) == final.final_hash, village.seed
    assert not village.witness.offences, (village.seed, village.witness.offences)
    return min(final.final_height for final in finals)


@pytest.mark.parametrize("lines", [None, BAD_LINES])
def test_four_nodes_make_blocks_final(lines: Lines | None) -> None:
    async def main() -> None:
        village = settle(1, lines)
        async with village.live(*SEATS):
            await village.sleep_until_slot(40.9)
            heads = [item.running.ledger.head.height for item in village.villagers.values()]
            assert max(heads) - check_one_chain(village) <= 3
            assert village.witness.votes, "the witness sees votes"

    run_deterministically(1, main)


def test_without_a_server_finality_goes_on_and_without_two_it_stands_still() -> None:
    async def main() -> None:
        village = settle(2)
        async with village.live(*SEATS):
            await village.sleep_until_slot(10)
            await village.crash("daniil")
            await village.sleep_until_slot(20)
            assert look(village, "ann").gap_slots <= 3
            await village.crash("clara")
            await village.sleep_until_slot(32)
            before = look(village, "ann")
            assert before.standstill is Standstill.TOO_FEW
            await village.sleep_until_slot(42)
            after = look(village, "ann")
            assert after.final_height == before.final_height
            assert village.villagers["ann"].running.ledger.head.height > after.final_height + 10
            await village.start("clara")
            await village.sleep_until_slot(70)
            assert look(village, "ann").standstill is Standstill.NONE
            assert look(village, "clara").gap_slots <= 8
            check_one_chain(village)

    run_deterministically(2, main)


def test_halves_that_part_make_nothing_final_and_go_on_together() -> None:
    async def main() -> None:
        village = settle(3, BAD_LINES)
        async with village.live(*SEATS):
            await village.sleep_until_slot(12)
            village.lines.split(SEATS[:2], SEATS[2:])
            await village.sleep_until_slot(16)
            parted = {name: look(village, name).final_height for name in SEATS}
            await village.sleep_until_slot(60)
            assert {name: look(village, name).final_height for name in SEATS} == parted
            village.lines.heal()
            await village.sleep_until_slot(100)
            assert all(look(village, name).gap_slots <= 8 for name in SEATS)
            check_one_chain(village)

    run_deterministically(3, main)


def test_who_crashes_knows_what_was_final_and_signs_nothing_twice() -> None:
    async def main() -> None:
        village = settle(4, BAD_LINES)
        async with village.live(*SEATS):
            for number, name in enumerate(SEATS * 3):
                await village.sleep_until_slot(8 + 6 * number)
                final = look(village, name)
                await village.crash(name)
                await village.start(name)
                await trio.sleep(0.01)
                again = look(village, name)
                assert again.final_round >= final.final_round, "known without asking"
            await village.sleep_until_slot(8 + 6 * 12 + 20)
            assert check_one_chain(village) > 60
            assert all(look(village, name).gap_slots <= 8 for name in SEATS)

    run_deterministically(4, main)


def test_a_server_without_a_seat_learns_what_is_final_and_remembers_it() -> None:
    async def main() -> None:
        village = settle(5)
        village.settle("watcher")
        async with village.live(*SEATS):
            await village.sleep_until_slot(60)
            await village.start("watcher")  # three hand-offs late
            await village.sleep_until_slot(75)
            assert look(village, "watcher").gap_slots <= 3
            await village.crash("watcher")
            for name in SEATS:
                await village.crash(name)
            await village.start("watcher")
            await trio.sleep(1)
            assert look(village, "watcher").final_round >= 70
            await trio.sleep(10)
            assert look(village, "watcher").standstill is Standstill.TOO_FEW

    run_deterministically(5, main)


def test_a_seat_whose_journal_is_old_is_told_so_and_begins_anew() -> None:
    async def main() -> None:
        village = settle(6)
        async with village.live(*SEATS):
            await village.sleep_until_slot(10)
            old = village.villagers["clara"].journal.journal
            await village.sleep_until_slot(22)
            await village.crash("clara")
            village.villagers["clara"].journal.journal = old
            await village.start("clara")
            await village.sleep_until_slot(60)
            journal = village.villagers["clara"].journal.journal
            assert [item.round > 22 for item in journal.activations] == [True]
            assert look(village, "clara").gap_slots <= 3
            assert look(village, "clara").heard_weight == look(village, "clara").total_weight
            check_one_chain(village)

    run_deterministically(6, main)


def test_the_witness_finds_a_second_vote() -> None:
    """The canary: a seat that says something else of a round in which it has voted."""

    async def main() -> None:
        village = settle(7)
        async with village.live(*SEATS):
            await village.sleep_until_slot(20)
            seat = get_account_id("ann")
            mine = [key for key in village.witness.votes if key[0] == seat]
            assert mine
            body = village.witness.votes[mine[-1]]
            village.witness.see_vote(seat, replace(body, target_height=body.target_height + 1))
            assert village.witness.offences

    run_deterministically(7, main)
