"""What goes wrong, and when: each feature plans its faults over a run, and their end.

All faults are over when the healing begins. Dice are the feature's own.
"""

import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from tests.simulation import adversary
from tests.simulation.community import SIMULATED
from tests.simulation.lines import Delay, Quality
from tests.simulation.options import CALM_SLOTS

if TYPE_CHECKING:
    from tests.simulation.server import Server
    from tests.simulation.world import World

SLOT_MS: Final = SIMULATED.slot_seconds * 1_000


def plan_faults(world: "World") -> None:
    """Plan everything that the options ask for, and its end."""
    for name, plan in PLANS.items():
        if world.options.has(name):
            plan(world, world.get_dice(name))
    world.timeline.plan(world.options.healed_slot * SLOT_MS, heal, world)


def heal(world: "World") -> None:
    """From now on everything works."""
    world.note("world", "heals")
    world.lines.heal()
    world.lines.quality = Quality(Delay("exponential", 100))
    world.withholding.clear()
    world.spoiling.clear()
    world.silent.clear()
    world.late_votes.clear()
    world.keeps_back.clear()
    for server in world.servers.values():
        server.mood.cut_chance, server.mood.full, server.mood.forgets = 0.0, False, False
        server.clock.drift(0)
        if abs(server.clock.get_error_ms()) > SLOT_MS // 20:
            server.clock.jump(0)
            server.look()
        server.start()


def at(world: "World", slot: float, work: Callable[..., object], *arguments: object) -> None:
    """Let something happen in a slot."""
    world.timeline.plan(int(slot * SLOT_MS), work, *arguments)


def at_span(
    world: "World", span: tuple[float, float], thing: object, name: str, value: object
) -> None:
    """Let a thing be otherwise for a while."""
    before = getattr(thing, name)
    at(world, span[0], setattr, thing, name, value)
    at(world, span[1], setattr, thing, name, before)


def draw_span(world: "World", dice: random.Random, longest: int) -> tuple[float, float]:
    """From when to when, in slots."""
    last = world.options.healed_slot
    begin = CALM_SLOTS + dice.random() * max(last - CALM_SLOTS - 5, 1)
    return begin, min(begin + dice.uniform(2, longest), last)


def draw_server(world: "World", dice: random.Random) -> "Server":
    """Anybody."""
    return world.servers[dice.choice(world.names)]


def _plan_loss(world: "World", dice: random.Random) -> None:
    world.lines.quality.loss = dice.choice((0.01, 0.05, 0.15))


def _plan_duplicates(world: "World", dice: random.Random) -> None:
    world.lines.quality.duplicates = dice.choice((0.05, 0.3))


def _plan_tail(world: "World", dice: random.Random) -> None:
    world.lines.quality.tail = dice.choice((0.01, 0.05))


def _plan_slow(world: "World", dice: random.Random) -> None:
    kind = dice.choice(("constant", "uniform", "exponential"))
    world.lines.quality.delay = Delay(kind, dice.choice((300, 1_000, 2_500)))


def _plan_slow_line(world: "World", dice: random.Random) -> None:
    for _ in range(dice.randint(1, 3)):
        one, other = dice.sample(world.names, 2)
        begin, end = draw_span(world, dice, 100)
        at(world, begin, world.lines.slow.update, {(one, other): dice.randint(500, 8_000)})
        at(world, end, world.lines.slow.pop, (one, other), None)


def _plan_partition(world: "World", dice: random.Random, *, one_way: bool = False) -> None:
    for _ in range(dice.randint(1, 3)):
        begin, end = draw_span(world, dice, 120)
        side = dice.sample(world.names, dice.randint(1, len(world.names) // 2))

        def part(side: list[str] = side) -> None:
            world.note("world", f"parts {side}")
            world.coverage.add("one-way partition" if one_way else "partition")
            world.lines.part(world.names, side, one_way=one_way)

        at(world, begin, part)
        at(world, end, world.lines.heal)


def _plan_one_way(world: "World", dice: random.Random) -> None:
    _plan_partition(world, dice, one_way=True)


def _plan_power_cuts(world: "World", dice: random.Random) -> None:
    for _ in range(dice.randint(1, 12)):
        begin, _ = draw_span(world, dice, 10)
        server = draw_server(world, dice)
        at(world, begin, server.cut_power, dice.choice((500, 2_000, 20_000)))


def _plan_write_cuts(world: "World", dice: random.Random) -> None:
    server = draw_server(world, dice)
    chance = dice.choice((0.01, 0.05, 0.2))
    at_span(world, draw_span(world, dice, 100), server.mood, "cut_chance", chance)


def _plan_forgetful(world: "World", dice: random.Random) -> None:
    server = draw_server(world, dice)
    begin, end = draw_span(world, dice, 60)
    at_span(world, (begin, end), server.mood, "forgets", True)
    at(world, end - 0.5, server.cut_power, 2_000)


def _plan_full_disk(world: "World", dice: random.Random) -> None:
    server = draw_server(world, dice)
    at_span(world, draw_span(world, dice, 40), server.mood, "full", True)


def _plan_old_store(world: "World", dice: random.Random) -> None:
    """The store is put back from a backup; the journal is not in it."""
    server = draw_server(world, dice)
    begin, end = draw_span(world, dice, 80)
    at(world, begin, server.disks.back_up)
    at(world, end, _restore, world, server)


def _restore(world: "World", server: "Server") -> None:
    server.cut_power(None)
    server.disks.put_back()
    world.coverage.add("old store put back")
    server.start()


def _plan_skew(world: "World", dice: random.Random) -> None:
    for server in world.servers.values():
        if dice.random() < 0.5:
            server.clock.jump(dice.randint(-900, 900))


def _plan_drift(world: "World", dice: random.Random) -> None:
    for server in world.servers.values():
        if dice.random() < 0.5:
            server.clock.drift(dice.randint(-800, 800))


def _plan_jump(world: "World", dice: random.Random) -> None:
    for _ in range(dice.randint(1, 3)):
        server = draw_server(world, dice)
        begin, end = draw_span(world, dice, 60)
        error_ms = dice.choice((-40_000, -6_000, 6_000, 60_000, 900_000))
        at(world, begin, _jump, world, server, error_ms, dice.randint(0, 999))
        at(world, end, _jump, world, server, 0, dice.randint(0, 999))


def _jump(world: "World", server: "Server", error_ms: int, noticed_ms: int) -> None:
    server.clock.jump(error_ms)
    world.coverage.add("clock jump")
    world.timeline.plan(world.timeline.now_ms + noticed_ms, server.look)


def _plan_outage(world: "World", dice: random.Random) -> None:
    server = draw_server(world, dice)
    begin, end = draw_span(world, dice, 200)
    at(world, begin, server.cut_power, None)
    at(world, end, server.start)


def _plan_outages(world: "World", dice: random.Random) -> None:
    begin, end = draw_span(world, dice, 150)
    for name in dice.sample(world.names, dice.randint(2, len(world.names))):
        server = world.servers[name]
        at(world, begin + dice.random(), server.cut_power, None)
        at(world, end + dice.random(), server.start)


def _plan_seizure(world: "World", dice: random.Random) -> None:
    """Less than a third of the servers are carried away and never come back."""
    count = max((len(world.names) - 1) // 3, 1)
    begin, _ = draw_span(world, dice, 10)
    for name in dice.sample(world.names, dice.randint(1, count)):
        at(world, begin, seize, world, world.servers[name])


def seize(world: "World", server: "Server") -> None:
    """Carry a server away for good."""
    server.cut_power(None)
    server.is_seized = True
    world.coverage.add("seizure")


def _plan_lost_journal(world: "World", dice: random.Random) -> None:
    server = draw_server(world, dice)
    begin, _ = draw_span(world, dice, 10)
    at(world, begin, _damage, world, server, server.journal.delete)


def _plan_torn_journal(world: "World", dice: random.Random) -> None:
    server = draw_server(world, dice)
    begin, _ = draw_span(world, dice, 10)
    at(world, begin, _damage, world, server, server.journal.tear)


def _plan_old_journal(world: "World", dice: random.Random) -> None:
    server = draw_server(world, dice)
    begin, end = draw_span(world, dice, 60)
    at(world, begin, server.journal.back_up)
    at(world, end, _damage, world, server, server.journal.put_back)


def _damage(world: "World", server: "Server", damage: Callable[[], None]) -> None:
    """Something happens to a journal while the power is off."""
    server.cut_power(None)
    damage()
    server.is_muted = True
    world.coverage.add("journal damaged")
    server.start()


def _plan_two_machines(world: "World", dice: random.Random) -> None:
    """A seat's keys lie on a second machine, with a journal of its own."""
    seat = world.draw_adversary(dice)
    twin = world.settle(f"{seat}-twin", seat)
    twin.is_shameless = world.by_seat[seat].is_shameless = dice.random() < 0.7
    begin, end = draw_span(world, dice, 200)
    at(world, begin, twin.start)
    at(world, end - 0.1, seize, world, twin)


def _plan_withheld(world: "World", dice: random.Random) -> None:
    world.silent[world.draw_adversary(dice)] = dice.choice((0.3, 1.0))


def _plan_selective(world: "World", dice: random.Random) -> None:
    world.withholding[world.draw_adversary(dice)] = dice.choice((0.3, 0.7))


def _plan_spoilt(world: "World", dice: random.Random) -> None:
    """Others are shown blocks that break a rule, for a while; the server itself makes good ones."""
    begin, end = draw_span(world, dice, 200)
    seat, share = world.draw_adversary(dice), dice.choice((0.3, 1.0))
    at(world, begin, world.spoiling.setdefault, seat, share)
    at(world, end, world.spoiling.pop, seat, None)


def _plan_double_votes(world: "World", dice: random.Random) -> None:
    server = world.by_seat[world.draw_adversary(dice)]
    server.is_shameless = True
    begin, end = draw_span(world, dice, 300)
    for slot in range(int(begin), int(end)):
        at(world, slot + 0.35, adversary.vote_twice, server, dice)


def _plan_forged(world: "World", dice: random.Random) -> None:
    server = world.by_seat[world.draw_adversary(dice)]
    begin, end = draw_span(world, dice, 300)
    for slot in range(int(begin), int(end), 3):
        at(world, slot + dice.random(), adversary.forge, server, dice)


def _plan_withheld_votes(world: "World", dice: random.Random) -> None:
    world.late_votes[world.draw_adversary(dice)] = dice.choice((0.3, 0.7))


def _plan_no_acks(world: "World", dice: random.Random) -> None:
    world.keeps_back[world.draw_adversary(dice)].add("acks")


def _plan_no_roll_call(world: "World", dice: random.Random) -> None:
    world.keeps_back[world.draw_adversary(dice)].add("roll-call")


def _plan_censorship(world: "World", dice: random.Random) -> None:
    world.by_seat[dice.choice(world.seats)].is_censor = True


def _plan_nothing(_world: "World", _dice: random.Random) -> None:
    """Members see to it themselves."""


PLANS: Final[dict[str, Callable[["World", random.Random], None]]] = {
    "loss": _plan_loss,
    "duplicates": _plan_duplicates,
    "late messages": _plan_tail,
    "slow lines": _plan_slow,
    "one slow line": _plan_slow_line,
    "partition": _plan_partition,
    "one-way partition": _plan_one_way,
    "power cuts": _plan_power_cuts,
    "power cuts in writes": _plan_write_cuts,
    "forgetful disk": _plan_forgetful,
    "full disk": _plan_full_disk,
    "old store": _plan_old_store,
    "skew": _plan_skew,
    "drift": _plan_drift,
    "clock jump": _plan_jump,
    "outage of one": _plan_outage,
    "outage of many": _plan_outages,
    "seizure": _plan_seizure,
    "lost journal": _plan_lost_journal,
    "torn journal": _plan_torn_journal,
    "old journal": _plan_old_journal,
    "two machines": _plan_two_machines,
    "double votes": _plan_double_votes,
    "withheld votes": _plan_withheld_votes,
    "no acks": _plan_no_acks,
    "no roll-call": _plan_no_roll_call,
    "forged certificates": _plan_forged,
    "withheld blocks": _plan_withheld,
    "selective blocks": _plan_selective,
    "spoilt blocks": _plan_spoilt,
    "censorship": _plan_censorship,
    "spam": _plan_nothing,
    "payments": _plan_nothing,
    "stake": _plan_nothing,
}
