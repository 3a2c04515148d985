"""Real nodes under one mock clock: loss, partitions, crashes, long sleeps, and who comes late.

Invariants: nobody ever signs two headers of one slot; when the lines are whole again, all nodes
come to one root; what was in a block that every node had is on the chain they end with. Two
canaries at the end must fail these checks.
"""

import random

import pytest
import trio
from msgspec.structs import replace

from chain.actions import Pay
from chain.transaction import SealedTransaction
from node.stores import MemoryStores
from p2p.memory import Lines
from tests.community import CONSTANTS, PAI, build_genesis, get_account_id
from tests.simulation.village import Village, build_fresh_journal, run_deterministically

SEATS = ("ann", "boris", "clara", "daniil")
MEMBERS = ("emma", "farid", "galina", "hamit")
BAD_LINES = Lines(loss=0.02, duplicates=0.05, delay_seconds=(0.02, 0.3))
CALM_SLOTS = 12  # after which whole lines must have brought everybody together


def settle(seed: int, lines: Lines | None = None, **changes: int) -> Village:
    constants = replace(CONSTANTS, **changes)
    village = Village(seed, build_genesis(constants=constants), lines)
    for name in SEATS:
        village.settle(name, seat=name)
    return village


def get_heads(village: Village) -> dict[str, tuple[int, str]]:
    return {
        name: (villager.running.ledger.head.height, villager.running.ledger.root.hex()[:8])
        for name, villager in village.villagers.items()
        if villager.core is not None
    }


def check_agreed(village: Village, names: tuple[str, ...] = SEATS) -> int:
    """All have one chain up to the lowest head, and the heads are close; returns that height."""
    cores = [village.villagers[name].running for name in names]
    lowest = min(core.ledger.head.height for core in cores)
    highest = max(core.ledger.head.height for core in cores)
    assert highest - lowest <= 3, (village.seed, get_heads(village))
    hashes = {core.ledger.get_hash(lowest) for core in cores}
    if len(hashes) > 1:  # the newest block may still be on its way, or have a rival
        lowest -= 3
        hashes = {core.ledger.get_hash(lowest) for core in cores}
    assert len(hashes) == 1, (village.seed, get_heads(village))
    assert not village.witness.offences, (village.seed, village.witness.offences)
    return lowest


async def trade(village: Village, dice: random.Random, slots: range) -> list[SealedTransaction]:
    """Members pay each other through whatever server runs; returns what was taken."""
    sent = []
    for slot in slots:
        await village.sleep_until_slot(slot + dice.random())
        running = [name for name, item in village.villagers.items() if item.core is not None]
        payer, payee = dice.sample(MEMBERS, 2)
        if not running:
            continue
        amount = dice.randint(1, 20) * PAI
        pay = Pay(get_account_id(payee), amount, f"slot {slot}")
        sealed = village.pay(payer, pay, at=dice.choice(running), fee_max=PAI)
        if sealed is not None:
            sent.append(sealed)
    return sent


async def live_well(seed: int, slots: int, lines: Lines | None) -> list[bytes]:
    village = settle(seed, lines)
    dice = random.Random(seed)
    async with village.live(*SEATS):
        sent = await trade(village, dice, range(1, slots - CALM_SLOTS))
        await village.sleep_until_slot(slots + 0.9)
        height = check_agreed(village)
        core = village.villagers["ann"].running
        assert height > slots * 0.7, "secondaries fill nearly every slot"
        assert len(core.get_blocks_by_seat()) == len(SEATS)
        done = [item for item in sent if core.find_place(item.id).status == "in_block"]
        assert len(sent) > slots // 2
        # Who pays by another server before his last payment got there gives both one number, and
        # only one of them comes into a block.
        rows = core.ledger.state.accounts
        waiting = [i for i in sent if i.body.sequence >= rows.require(i.body.account).sequence]
        assert len(waiting) <= 3, "what a server took comes into a block"
        assert len(done) >= len(sent) * 9 // 10
        hashes = [core.ledger.get_hash(number) for number in range(1, height + 1)]
    return [item for item in hashes if item is not None]


@pytest.mark.parametrize("lines", [None, BAD_LINES], ids=["good lines", "bad lines"])
def test_a_village_lives_and_all_payments_are_done(lines: Lines | None) -> None:
    run_deterministically(2, lambda: live_well(2, 150, lines))


def test_the_same_seed_gives_the_same_chain_and_another_gives_another() -> None:
    first, again = (run_deterministically(7, lambda: live_well(7, 40, BAD_LINES)) for _ in range(2))
    other = run_deterministically(8, lambda: live_well(8, 40, BAD_LINES))
    assert first == again
    assert first != other


def test_two_halves_go_on_alone_and_come_together() -> None:
    async def main() -> None:
        village = settle(3)
        dice = random.Random(3)
        async with village.live(*SEATS):
            await trade(village, dice, range(1, 20))
            village.lines.split(SEATS[:2], SEATS[2:])
            sent = await trade(village, dice, range(20, 80))
            apart = get_heads(village)
            assert len(set(apart.values())) > 1
            village.lines.heal()
            await village.sleep_until_slot(80 + 2 * CALM_SLOTS + 0.9)
            check_agreed(village)
            core = village.villagers["ann"].running
            lost = [item for item in sent if core.find_place(item.id).status == "unknown"]
            # A member whose own payments met on both sides keeps one of each sequence.
            taken = len(sent) - len(lost)
            assert taken >= len(sent) // 2
            depths = [
                item.running.get_core_status().counters.reorganisation_depth_max
                for item in village.villagers.values()
            ]
            assert max(depths) > 5, "one half gave up its branch"

    run_deterministically(3, main)


def test_halves_that_part_for_longer_than_blocks_can_be_undone_come_together() -> None:
    async def main() -> None:
        village = settle(4, transaction_life_slots=40)
        async with village.live(*SEATS):
            await village.sleep_until_slot(10)
            village.lines.split(SEATS[:3], SEATS[3:])
            await village.sleep_until_slot(160)
            assert not village.villagers["daniil"].running.ledger.can_return_to(11)
            village.lines.heal()
            await village.sleep_until_slot(160 + 3 * CALM_SLOTS + 0.9)
            check_agreed(village)

    run_deterministically(4, main)


@pytest.mark.parametrize("seed", [5, 6])
def test_twenty_crashes_at_any_moment_lose_nothing_that_all_had(seed: int) -> None:
    async def main() -> None:
        village = settle(seed, BAD_LINES)
        dice = random.Random(seed)
        async with village.live(*SEATS):
            sent = []
            shared: set[bytes] = set()
            for number in range(20):
                begin = 1 + 8 * number
                sent += await trade(village, dice, range(begin, begin + 6))
                cores = [item.running for item in village.villagers.values()]
                shared |= {
                    item.id
                    for item in sent
                    if all(core.find_place(item.id).status == "in_block" for core in cores)
                }
                victim = dice.choice(SEATS)
                await village.crash(victim)
                await trio.sleep(dice.uniform(0.0, 2.0))
                await village.start(victim)
            await village.sleep_until_slot(162 + 2 * CALM_SLOTS + 0.9)
            check_agreed(village)
            assert len(shared) > 40
            for item in village.villagers.values():
                places = {name: item.running.find_place(name).status for name in shared}
                assert set(places.values()) <= {"in_block", "waiting"}, seed
                assert list(places.values()).count("in_block") >= len(shared) - 2

    run_deterministically(seed, main)


def test_all_stop_for_many_epochs_and_go_on() -> None:
    async def main() -> None:
        village = settle(9)
        dice = random.Random(9)
        async with village.live(*SEATS):
            await trade(village, dice, range(1, 30))
            for name in SEATS:
                await village.crash(name)
            await village.sleep_until_slot(30 + 200 * CONSTANTS.slots_per_epoch)
            for name in SEATS:
                await village.start(name)
            begin = 30 + 200 * CONSTANTS.slots_per_epoch
            # What transactions refer to must be on record again in a block that stays.
            sent = await trade(village, dice, range(begin + 25, begin + 50))
            await village.sleep_until_slot(begin + 50 + CALM_SLOTS + 0.9)
            check_agreed(village)
            core = village.villagers["boris"].running
            assert core.ledger.head.slot > begin + 50
            assert len(sent) > 5
            assert all(core.find_place(item.id).status == "in_block" for item in sent)

    run_deterministically(9, main)


def test_who_comes_late_or_slept_long_catches_up() -> None:
    async def main() -> None:
        village = settle(10, BAD_LINES)
        village.settle("late")
        dice = random.Random(10)
        async with village.live(*SEATS):
            await trade(village, dice, range(1, 30))
            await village.crash("daniil")
            await trade(village, dice, range(30, 230))
            await village.start("late")
            await village.start("daniil")
            await village.sleep_until_slot(230 + 3 * CALM_SLOTS + 0.9)
            check_agreed(village, (*SEATS, "late"))
            assert village.villagers["late"].running.get_core_status().signing.state == "no_seat"

    run_deterministically(10, main)


def test_a_clock_that_is_wrong_by_minutes_stops_nobody_else() -> None:
    async def main() -> None:
        village = settle(11)
        village.villagers["clara"].clock.skew_ms = 300_000  # 300 slots ahead
        async with village.live(*SEATS):
            await village.sleep_until_slot(60.9)
            check_agreed(village, ("ann", "boris", "daniil"))
            head = village.villagers["ann"].running.ledger.head
            assert 40 < head.slot <= 61
            status = village.villagers["clara"].running.get_core_status()
            assert status.signing.state in ("guarded", "signs")

    run_deterministically(11, main)


def test_canary_one_key_on_two_machines_is_caught() -> None:
    async def main() -> None:
        village = settle(12)
        village.settle("twin", seat="ann")  # the same keys, and a journal of its own
        village.lines.split(("ann", "boris"), ("twin", "clara", "daniil"))
        async with village.live(*SEATS, "twin"):
            await village.sleep_until_slot(60)
        assert village.witness.offences

    run_deterministically(12, main)


def test_canary_a_journal_that_a_crash_forgets_is_caught() -> None:
    async def main() -> None:
        village = settle(13)
        offences = 0
        async with village.live(*SEATS):
            for number in range(40):
                await village.sleep_until_slot(2 + number + 0.4)
                for name in SEATS:
                    await village.crash(name)
                    village.villagers[name].journal = build_fresh_journal(name)
                    village.villagers[name].stores = MemoryStores()
                for name in SEATS:
                    await village.start(name)
                offences = len(village.witness.offences)
        assert offences

    run_deterministically(13, main)
