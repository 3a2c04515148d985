"""Named schedules: what random runs hardly ever meet, played out on purpose.

Each is one function that plans a run and says afterwards what must have come of it; the invariants
are watched as in every run. Slots are of four seconds, epochs of thirty slots.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Final

from chain.actions import Bond, RegisterSeat, Save
from chain.votes import Prevote, sign_vote
from consensus.gadget import SETS_ENDED_MAX
from node.certified import read_sets
from tests.community import PAI, build_seat_keys, get_account_id, get_key
from tests.simulation import adversary
from tests.simulation.faults import at, seize
from tests.simulation.lines import Delay, Quality
from tests.simulation.options import Options
from tests.simulation.server import Server
from tests.simulation.votes import VoteTold
from tests.simulation.watch import Broken
from tests.simulation.world import SLOT_MS, World

HEALTHY: Final = Quality(Delay("exponential", 200))
EPOCH: Final = 30


def stage(
    servers: int, slots: int, *, seed: int = 1, newcomers: int = 0, quality: Quality = HEALTHY
) -> World:
    """A world without faults of its own."""
    world = World(Options(seed, slots, servers, frozenset({"payments"})), newcomers=newcomers)
    world.lines.quality = quality
    return world


def get_final_slots(world: World) -> list[int]:
    """The slots in which finality rose."""
    return sorted({slot for slot, _, _ in world.watch.final_slots})


def get_longest_gap(world: World, first: int, last: int) -> int:
    """The longest time without a rise of finality between two slots."""
    slots = [first, *(slot for slot in get_final_slots(world) if first < slot < last), last]
    return max(after - before for before, after in pairwise(slots))


def expect(name: str, what: bool, detail: object) -> None:
    """What a schedule is for has come true."""
    if not what:
        raise Broken(name, f"{detail}")


def healthy() -> World:
    """Nothing goes wrong: blocks are final at once, sets hand over, nobody offends."""
    world = stage(7, 200)
    world.run()
    ages = sorted(age for kind, age in world.watch.delays_ms if not kind)
    expect("I10", get_longest_gap(world, 5, 195) <= 6, get_final_slots(world))
    expect("I10", ages[len(ages) // 2] <= SLOT_MS // 2, f"median {ages[len(ages) // 2]} ms")
    expect("I16", world.coverage.counts["sets entered"] >= 7, "no hand-off")
    return world


def bounce() -> World:
    """One of four withholds his prevote and shows it to two of three just before the next cut."""
    world = stage(4, 260, quality=Quality(Delay("constant", 100)))
    liar = world.by_seat["daniil"]
    world.byzantine.add("daniil")
    world.keeps_back["daniil"] |= {"acks", "prevotes"}
    dice = world.get_dice("bounce")
    at(world, 5, world.lines.part, world.names, ["ann"])
    at(world, 6, world.lines.heal)
    for slot in range(6, 199):
        at(world, slot + 0.44, _reveal, world, liar, slot, dice)
    world.run()
    expect("I10", get_longest_gap(world, 10, 198) <= 60, get_final_slots(world))
    return world


def _reveal(world: World, liar: Server, round_: int, dice: object) -> None:
    """If two have prevoted the same, add ours, for two of the three to see before the cut."""
    if liar.core is None:
        return
    pool = liar.owner.consensus.gadget.pool
    own = get_account_id(liar.seat)
    for body in pool.get_bodies(liar.owner.consensus.gadget.voters.base):
        signers = pool.get_signers(body) - {own}
        if not isinstance(body, Prevote) or body.round != round_ or len(signers) != 2:
            continue
        told = VoteTold(sign_vote(own, body, get_key(f"{liar.seat}/vote")))
        names = [name for name in world.names if name != liar.name]
        world.dice.shuffle(names)
        cut_ms = (round_ + 1) * SLOT_MS - SLOT_MS // 8
        for place, name in enumerate(names):
            time_ms = cut_ms - 10 if place < 2 else cut_ms + 10
            world.timeline.plan(time_ms, world.servers[name].receive, liar.name, told)
        return


def no_acks() -> World:
    """Two of nine are lost and one prevotes without acking: level 1 opens after an epoch."""
    world = stage(9, 260)
    world.byzantine.add("clara")
    world.keeps_back["clara"].add("acks")
    for name in ("ann", "boris"):
        at(world, 8, seize, world, world.servers[name])
    world.run()
    expect("I10", get_longest_gap(world, 9, 195) <= 2 * EPOCH, get_final_slots(world))
    return world


def latency() -> World:
    """Messages take longer than a slot: finality comes seldom, and comes."""
    world = stage(7, 300, quality=Quality(Delay("constant", 5_000)))
    world.run()
    slots = [slot for slot in get_final_slots(world) if 30 < slot < 240]
    expect("I10", len(slots) >= 6, slots)
    return world


def survivor() -> World:
    """Six of seven are away for ten epochs; whoever stayed does not become the set."""
    world = stage(7, 60 + 10 * EPOCH + 4 * EPOCH)
    for name in world.names[1:]:
        at(world, 50, world.servers[name].cut_power, None)
        at(world, 50 + 10 * EPOCH, world.servers[name].start)
    world.run()
    for server in world.get_running():
        voters = server.owner.consensus.gadget.voters
        weight = voters.by_seat[get_account_id("ann")].weight
        expect("I12", 3 * weight <= voters.total_weight, f"{weight} of {voters.total_weight}")
    return world


def newcomers() -> World:
    """Six newcomers beside four old seats: at their first hand-off they hold next to nothing."""
    world = stage(10, 280, newcomers=6)
    for place, name in enumerate(world.newcomers):
        at(world, 3 + place, _register, world, name)
        at(world, 12 + place, world.members.send, name, Save(200 * PAI, 90))
        at(world, 22 + place, world.members.send, name, Bond(0, 200 * PAI))
    world.run()
    ids = {get_account_id(name) for name in world.newcomers}
    shares = []
    for voters in world.watch.sets.values():
        weight = sum(entry.weight for entry in voters.entries if entry.seat in ids)
        if weight:
            shares.append(100 * weight // voters.total_weight)
    expect("I16", bool(shares), "no newcomer is in any set")
    expect("I12", shares[0] <= 6, f"newcomers hold {shares} percent")
    return world


def _register(world: World, name: str) -> None:
    world.members.send(name, RegisterSeat(build_seat_keys(name, chain=world.chain)))


def guard() -> World:
    """All seven are away for ten epochs and come back: nobody waits for anybody."""
    world = stage(7, 50 + 10 * EPOCH + 2 * EPOCH + 30)
    for name in world.names:
        at(world, 50, world.servers[name].cut_power, None)
        at(world, 50 + 10 * EPOCH, world.servers[name].start)
    world.run()
    back = 50 + 10 * EPOCH
    expect("I10", get_longest_gap(world, back, back + 60) <= 25, get_final_slots(world))
    return world


def clock_ahead() -> World:
    """One of four has a clock that runs a quarter of an hour ahead for a while; then one is lost.

    Once its clock is right again its votes are needed, and not only from the time on that it
    showed.
    """
    world = stage(4, 200)
    server = world.servers["ann"]
    at(world, 20, server.clock.jump, 900_000)
    at(world, 20.1, server.look)
    at(world, 40, server.clock.jump, 0)
    at(world, 40.1, server.look)
    at(world, 44, world.servers["boris"].cut_power, None)
    world.run()
    expect("I10", get_longest_gap(world, 45, 138) <= 8, get_final_slots(world))
    return world


def alone_ahead() -> World:
    """One of four is cut off with a clock that runs ahead, and makes blocks alone.

    It leaves them when the clock is right again, and those that it made before a start too; nobody
    has to outweigh them first.
    """
    world = stage(4, 200)
    ann, boris = world.servers["ann"], world.servers["boris"]
    for server, slot in ((ann, 20), (boris, 70)):
        at(world, slot, world.lines.part, world.names, [server.name])
        at(world, slot + 0.1, server.clock.jump, 900_000)
        at(world, slot + 0.2, server.look)
        at(world, slot + 39.9, _expect_ahead, world, server)
    at(world, 60, ann.clock.jump, 0)
    at(world, 60.1, ann.look)
    at(world, 110, boris.cut_power, None)
    at(world, 110.1, boris.clock.jump, 0)
    at(world, 110.2, boris.start)
    for server, right in ((ann, 60.2), (boris, 110.3)):
        at(world, right, _expect_present, world, server)
        at(world, right + 0.5, world.lines.heal)
    world.run()
    return world


def _expect_ahead(world: World, server: Server) -> None:
    slot = server.ledger.head.slot
    expect("I11", slot > world.slot + 100, f"{server.name} has made nothing ahead: {slot}")


def _expect_present(world: World, server: Server) -> None:
    slot = server.ledger.head.slot
    expect("I11", slot <= world.slot + 1, f"{server.name} follows {slot}, which is to come")


def clock_behind() -> World:
    """While nothing becomes final one of three has a clock that runs behind: it leaves nothing.

    Not when it is noticed, and not at a start; what others made shows that the clock is wrong.
    """
    world = stage(5, 200)
    for name in world.names[-2:]:
        at(world, 20, seize, world, world.servers[name])
    server, height = world.servers["ann"], [0]

    def note() -> None:
        height[0] = server.ledger.head.height

    def expect_no_less() -> None:
        now = server.ledger.head.height
        expect("I11", now >= height[0], f"{now} blocks are left of {height[0]}")

    at(world, 80, note)
    at(world, 80.1, server.clock.jump, -100_000)
    at(world, 80.2, server.look)
    at(world, 80.3, expect_no_less)
    at(world, 82, server.cut_power, None)
    at(world, 82.1, server.start)
    at(world, 82.2, expect_no_less)
    at(world, 100, server.clock.jump, 0)
    at(world, 100.1, server.look)
    world.run()
    return world


def lost_journal() -> World:
    """Everybody's journal is lost, one after the other, in the middle of votes and partitions."""
    world = stage(7, 300, quality=Quality(Delay("exponential", 700), loss=0.15))
    dice = world.get_dice("lost journal")
    for slot in range(20, 230, 9):
        server = world.servers[dice.choice(world.names)]
        at(world, slot + dice.random(), _lose, world, server, dice.random() < 0.5)
    for slot in range(25, 220, 40):
        at(world, slot, world.lines.part, world.names, dice.sample(world.names, 3))
        at(world, slot + 20, world.lines.heal)
    world.run()
    return world


def _lose(world: World, server: Server, lose_store: bool) -> None:
    server.cut_power(None)
    server.journal.delete()
    server.is_muted = True
    if lose_store:
        server.forget_disk()
    world.timeline.plan(world.timeline.now_ms + 1_500, server.start)


def lost_then_entered() -> World:
    """Disks are lost around a hand-off: the journal of a set that is entered again begins late."""
    world = stage(7, 200, quality=Quality(Delay("exponential", 700), loss=0.2))
    dice = world.get_dice("lost then entered")
    for epoch in range(1, 5):
        for _ in range(3):
            server = world.servers[dice.choice(world.names)]
            at(world, EPOCH * epoch + dice.uniform(2, 12), _lose, world, server, True)
    world.run()
    return world


def boundary() -> World:
    """A hand-off is justified while all acks are lost; it is voted for once more."""
    world = stage(7, 160)
    for epoch in (2, 4):
        for name in world.names:
            kept = world.keeps_back[name]
            at(world, EPOCH * epoch - 0.1, kept.add, "acks")
            at(world, EPOCH * epoch + 3.6, kept.discard, "acks")
    world.run()
    expect("I10", get_longest_gap(world, 5, 155) <= 25, get_final_slots(world))
    expect("I16", world.coverage.counts["sets entered"] >= 7, "nobody has entered a set")
    return world


def restart_at_the_boundary() -> World:
    """All acks are lost around a hand-off, and everybody starts anew before it is final."""
    world = stage(7, 160)
    for name in world.names:
        kept = world.keeps_back[name]
        at(world, 2 * EPOCH - 0.1, kept.add, "acks")
        at(world, 2 * EPOCH + 8.6, kept.discard, "acks")
        at(world, 2 * EPOCH + 5 + world.dice.random(), world.servers[name].cut_power, 3_000)
    world.run()
    expect("I10", get_longest_gap(world, 5, 155) <= 40, get_final_slots(world))
    return world


def seized_half() -> World:
    """Two of four are carried away: nothing becomes final any more, and the chain goes on."""
    world = stage(4, 420)
    for name in ("ann", "boris"):
        at(world, 20, seize, world, world.servers[name])
    world.run()
    heads = [server.ledger.head.height for server in world.get_running()]
    expect("I11", min(heads) > 200, heads)
    return world


def seized_43_percent() -> World:
    """Three of seven are carried away: level 2 opens, the set changes, level 0 is back."""
    world = stage(7, 45 + 16 * EPOCH)
    for name in ("ann", "boris", "clara"):
        at(world, 45, seize, world, world.servers[name])
    world.run()
    last = [level for slot, _, level in world.watch.final_slots if slot > 45 + 14 * EPOCH]
    expect("I10", bool(last) and last[-1] == 0, world.watch.final_slots[-5:])
    return world


def roll_call_refused() -> World:
    """Two of nine are lost and two vote without attending: they fade like those who are gone."""
    world = stage(9, 45 + 10 * EPOCH)
    for name in ("ann", "boris"):
        at(world, 45, seize, world, world.servers[name])
    world.byzantine |= {"clara", "daniil"}
    for name in ("clara", "daniil"):
        world.keeps_back[name].add("roll-call")
    world.run()
    expect("I10", get_longest_gap(world, 150, 280) <= 40, get_final_slots(world)[-20:])
    voters = world.get_running()[-1].owner.consensus.gadget.voters
    entries = {entry.seat: entry.weight for entry in voters.entries}
    faded = [entries.get(get_account_id(name), 0) for name in ("clara", "daniil")]
    expect("I12", max(faded) < max(entries.values()), f"{faded} of {max(entries.values())}")
    return world


def restart_within_a_slot() -> World:
    """Every server loses its power twice a slot, and is back at once."""
    world = stage(4, 140)
    dice = world.get_dice("restart")
    for slot in range(8, 70):
        for name in world.names:
            at(world, slot + dice.random(), world.servers[name].cut_power, 300)
    world.run()
    return world


def copied_key() -> World:
    """A seat's keys run on two machines that do not see each other: the proof names it alone."""
    world = stage(7, 160)
    world.byzantine.add("ann")
    twin = world.settle("ann-twin", "ann")
    twin.is_shameless = world.by_seat["ann"].is_shameless = True
    world.lines.closed |= {("ann", "ann-twin"), ("ann-twin", "ann")}
    at(world, 0.5, twin.start)
    at(world, 90, seize, world, twin)
    world.run()
    expect("I2", bool(world.watch.offences), "two machines never contradicted each other")
    return world


def parted_for_long(seed: int) -> Callable[[], World]:
    """Two of seven go on alone for longer than blocks can be undone: their chains are replaced."""

    def play() -> World:
        world = stage(7, 460, seed=seed)
        at(world, 20, world.lines.part, world.names, ["ann", "boris"])
        at(world, 370, world.lines.heal)
        world.run()
        replaced = world.coverage.counts["log: chain_replaced"]
        expect("I11", replaced == 2, f"{replaced} chains were replaced")
        return world

    return play


def above_the_bound() -> World:
    """Two of four vote on both sides of a partition: finality parts, and the two are named."""
    world = part_above_the_bound(healed_slot=60, slots=200)
    world.run()
    expect_named(world)
    return world


def parted_for_many_sets() -> World:
    """The same for eight hand-offs on either side: where they part only disks know any more."""
    world = part_above_the_bound(healed_slot=310, slots=400)
    world.run()
    ended = [len(read_sets(item.ledger.store, world.chain)) for item in world.get_running()]
    expect("I16", min(ended) > 2 * SETS_ENDED_MAX, f"{ended} sets")
    expect_named(world)
    return world


def part_above_the_bound(healed_slot: int, slots: int) -> World:
    """Two of four have a twin each, and both twins vote, either on a side of its own."""
    world = stage(4, slots)
    world.byzantine |= {"clara", "daniil"}
    dice = world.get_dice("above")
    for name in ("clara", "daniil"):
        world.by_seat[name].is_shameless = True
        twin = world.settle(f"{name}-twin", name)
        twin.is_shameless = True
        at(world, 0.5, twin.start)
    at(world, 12, world.lines.part, world.names, ["ann", "clara", "daniil"])
    at(world, healed_slot, world.lines.heal)
    for slot in range(12, min(healed_slot, 60)):
        at(world, slot + 0.35, adversary.vote_twice, world.by_seat["clara"], dice)
    world.continues_after_conflict_slots = slots
    return world


def expect_named(world: World) -> None:
    """All who are honest have seen that finality parted, and name who did it."""
    expect("I2", world.watch.conflicts > 0, "finality did not part")
    expect("I2", world.watch.check_named() is None, world.watch.check_named())


def small(count: int) -> Callable[[], World]:
    """So few seats from genesis on."""

    def run() -> World:
        world = stage(count, 130)
        world.run()
        expect("I10", get_longest_gap(world, 5, 125) <= 20, get_final_slots(world))
        return world

    return run


SCHEDULES: Final[dict[str, Callable[[], World]]] = {
    "healthy": healthy,
    "bounce": bounce,
    "no acks": no_acks,
    "latency": latency,
    "survivor": survivor,
    "newcomers": newcomers,
    "guard": guard,
    "clock ahead": clock_ahead,
    "alone ahead": alone_ahead,
    "clock behind": clock_behind,
    "lost journal": lost_journal,
    "lost then entered": lost_then_entered,
    "boundary": boundary,
    "restart at the boundary": restart_at_the_boundary,
    "half seized": seized_half,
    "43 percent seized": seized_43_percent,
    "roll-call refused": roll_call_refused,
    "restart within a slot": restart_within_a_slot,
    "copied key": copied_key,
    # Both had seen a block final above the base of the set that they were left in.
    "parted for long": parted_for_long(2),
    # One is shown where that set ended while it still follows its own chain.
    "parted and shown the end": parted_for_long(4),
    "above the bound": above_the_bound,
    "parted for many sets": parted_for_many_sets,
    **{f"{count} from genesis": small(count) for count in range(1, 6)},
}
